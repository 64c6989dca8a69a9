# SPDX-License-Identifier: Apache-2.0
#
# A front controller of Symfony's components: routes, forms, JSON, uploads, cookies,
# redirections, errors, a stream, and its BinaryFileResponse, which hands files
# over by X-Sendfile where the server says that it can; by curl.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGIFile;
use Digest::MD5 qw(md5_hex);
use JSON::PP qw(decode_json);

my $parts = '/usr/share/php/Symfony/Component';
for ([ FCGITest::Daemon::php_program(), 'php-fpm' ], [ !system('curl --version >/dev/null 2>&1'), 'curl' ],
    map { [ -e "$parts/$_->[0]/autoload.php", $_->[1] ] } [ HttpKernel => 'php-symfony-http-kernel' ], [ Routing => 'php-symfony-routing' ])
{
    plan(skip_all => "$_->[1] is not installed") if !$_->[0];
}
plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';
plan(skip_all => 'without the gate the core refuses methods and fields') if !gated();

my $files = temp_dir();
my $big = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 2 << 20;
spew("$files/big.bin", $big);
my $front = <<'X';
<?php
foreach (['HttpFoundation', 'HttpKernel', 'Routing', 'EventDispatcher'] as $part) require_once "PARTS/$part/autoload.php";
use Symfony\Component\EventDispatcher\EventDispatcher;
use Symfony\Component\HttpFoundation\{BinaryFileResponse, Cookie, JsonResponse, RedirectResponse, Request, RequestStack, Response, StreamedResponse};
use Symfony\Component\HttpKernel\Controller\{ArgumentResolver, ControllerResolver};
use Symfony\Component\HttpKernel\EventListener\{ResponseListener, RouterListener};
use Symfony\Component\HttpKernel\Exception\HttpExceptionInterface;
use Symfony\Component\HttpKernel\{HttpKernel, KernelEvents};
use Symfony\Component\Routing\Matcher\UrlMatcher;
use Symfony\Component\Routing\{RequestContext, Route, RouteCollection};

$routes = new RouteCollection();
$on = fn($name, $path, $do, $methods = []) => $routes->add($name, new Route($path, ['_controller' => $do], ['rest' => '.*'], [], '', [], $methods));
$on('hello', '/hello/{name}', fn($name, Request $r) => new Response("hello $name, {$r->getPathInfo()} {$r->getQueryString()} {$r->getClientIp()} {$r->getScheme()}"));
$on('form', '/form', fn(Request $r) => new JsonResponse(['word' => $r->request->get('word'), 'file' => md5_file($r->files->get('up')->getPathname())]), ['POST']);
$on('json', '/item/{id}', fn($id, Request $r) => new JsonResponse(['id' => $id, 'method' => $r->getMethod()] + $r->toArray()), ['PUT', 'PATCH', 'DELETE']);
$on('go', '/go', function () { $a = new RedirectResponse('/hello/there'); $a->headers->setCookie(Cookie::create('a', 'b c')); return $a; });
$on('stream', '/stream', fn() => new StreamedResponse(function () { for ($i = 0; $i < 5; $i++) { echo "part $i\n"; flush(); } }));
$on('file', '/file', function () { BinaryFileResponse::trustXSendfileTypeHeader(); return new BinaryFileResponse('FILES/big.bin', 200, ['Content-Type' => 'application/x-test']); });
$on('deep', '/deep/{rest}', fn($rest) => new Response("deep $rest"));
$request = Request::createFromGlobals();
$stack = new RequestStack();
$events = new EventDispatcher();
$events->addSubscriber(new RouterListener(new UrlMatcher($routes, (new RequestContext())->fromRequest($request)), $stack));
$events->addSubscriber(new ResponseListener("UTF-8"));
$events->addListener(KernelEvents::EXCEPTION, function ($e) {
    $t = $e->getThrowable();
    $status = $t instanceof HttpExceptionInterface ? $t->getStatusCode() : 500;
    $e->setResponse(new Response("the framework's $status", $status, $t instanceof HttpExceptionInterface ? $t->getHeaders() : []));
});
$kernel = new HttpKernel($events, new ControllerResolver(), $stack, new ArgumentResolver());
$response = $kernel->handle($request)->send();
$kernel->terminate($request, $response);
X
$front =~ s/PARTS/$parts/;
$front =~ s/FILES/$files/;

my $php = FCGITest::Daemon->php(ini => 1);
my $h = host(responder => $php, match => ['/.* fastcgi'], files => { 'index.php' => $front, 'style.css' => "css\n" }, monkey => { Indexfile => 'none' },
    conf => { FrontController => '/index.php', SendfileRoots => $files, Param => 'HTTP_X_SENDFILE_TYPE X-Sendfile' });

# What curl gets, and its status behind it.
sub curl {
    my ($uri, @args) = @_;
    open my $out, '-|', 'curl', '-s', '-S', '-m', slow(60), '-b', "$files/jar", '-c', "$files/jar", '-w', ' %{http_code}', @args, $h->url($uri)
      or die "curl: $!";
    local $/;
    return <$out> // '';
}
is(curl('/hello/w%C3%B6rld?a=b%20c'), "hello w\xc3\xb6rld, /hello/w%C3%B6rld a=b%20c 127.0.0.1 http 200", 'a route');
is(curl('/style.css'), "css\n 200", 'a file beside it');
is(curl('/deep/a/b.c/d.php.e'), 'deep a/b.c/d.php.e 200', 'a deep one, with dots');
is(curl('/none'), "the framework's 404 404", 'its 404');
is(curl('/form'), "the framework's 405 405", 'its 405');
spew("$files/up", $big);
my $said = curl('/form', '-F', "word=\xc3\xa4 b&c", '-F', "up=\@$files/up");
is_deeply(eval { decode_json($said =~ s/ 200\z//r) }, { word => "\x{e4} b&c", file => md5_hex($big) }, 'a form with a file of 8 MB') or diag $said;
for my $method (qw(PUT PATCH DELETE)) {
    $said = curl('/item/7', '-X', $method, '-H', 'Content-Type: application/json', '-d', '{"x":[1,2]}');
    is_deeply(eval { decode_json($said =~ s/ 200\z//r) }, { id => '7', method => $method, x => [ 1, 2 ] }, "JSON with $method") or diag $said;
}
is(curl('/go', '-L'), 'hello there, /hello/there  127.0.0.1 http 200', 'a redirection is followed');
like(slurp("$files/jar"), qr/\ta\tb%20c$/m, 'and its cookie kept');
is(curl('/stream'), join('', map { "part $_\n" } 0 .. 4) . ' 200', 'a stream');
like(curl('/hello/x', '-I'), qr/^HTTP\/1\.1 200 .* 200\z/s, 'HEAD');

my $head = curl('/file', '-D', '-', '-o', "$files/out");
is(md5_hex(slurp("$files/out")), md5_hex($big), 'a file by X-Sendfile');
like($head, qr/^Accept-Ranges: bytes\r$/mi, 'with ranges');
unlike($head, qr/X-Sendfile/i, 'and the field is not shown');
spew("$files/part", substr $big, 0, 3_000_000);
like(curl('/file', '-C', '-', '-o', "$files/part"), qr/ 206\z/, 'a download goes on');
is(md5_hex(slurp("$files/part")), md5_hex($big), 'to the whole file');
my ($date) = $head =~ /^Last-Modified: ([^\r]*)/mi;
is(curl('/file', '-H', "If-Modified-Since: $date", '-o', '/dev/null'), ' 304', 'and is not sent again');
my @bad = grep { /stderr: |error: / } split /\n/, $h->log;
is(scalar @bad, 0, 'nothing of it in the log') or diag join "\n", @bad;
finish;
