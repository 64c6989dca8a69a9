# SPDX-License-Identifier: Apache-2.0
#
# The pages of errors: a site's [ERROR_PAGES] for ours, and for the application's
# with InterceptErrors; and what a client that prefers JSON, or asks with HEAD, is
# given.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

my $long = 'x' x 300_000;
my $r = responder(cases => {
    gone => cgi([ 'Status: 404 Went away', 'Content-Type: text/plain', 'ETag: "e"', 'Set-Cookie: a=b' ], 'its own words'),
    down => cgi([ 'Status: 503', 'Content-Length: 300000', 'Retry-After: 77' ], $long),
    teapot => cgi([ 'Status: 418', 'Content-Type: text/plain' ], 'short and stout'),
    fine => page('fine'),
    nothing => '',
});
# As the manual has it, and more.
my $manual = do { local (@ARGV, $/) = "$ENV{TOP_SRCDIR}/man/fastcgi.conf.5.in"; <> };
my ($part) = $manual =~ /^\.Ss Pages of errors\n(.*?)^\.Ss /ms;
my ($in_site, $in_conf) = $part =~ /^\.Bd .*?\n(.*?)^\.Ed/msg;
my %pages = $in_site =~ /^ +(\d+) (\S+)$/mg;
is(join(' ', sort keys %pages), '404 503', 'the manual shows pages');
%pages = (%pages, 502 => 'errors/502.html', 403 => 'errors/none.html');
my %site = (responder => $r, pages => \%pages, monkey => { MaxRequestSize => 512 }, match => ['/.*\.php fastcgi'],
    files => { map { ("errors/$_.html" => "<h1>the site's $_</h1>\n") } 404, 502, 503 });
my $json = 'Accept: application/json, text/plain, */*';

sub type_is { my ($res, $type, $name) = @_; is(join('|', headers_of($res, 'Content-Type')), $type, $name) }

# --- ours ---
my $h = host(%site, conf => { Extensions => '.php' });
my $res = get($h, '/none.php');
res_is($res, 404, "<h1>the site's 404</h1>\n", 'the site has a page for our 404');
type_is($res, 'text/html', '... which is HTML');
res_is(get($h, '/nothing.php'), 502, "<h1>the site's 502</h1>\n", '... and for our 502');
res_is(get($h, '/..%2fx.php'), 400, qr{\A<!DOCTYPE html>.*<h1>400 Bad Request</h1>}s, 'it has none for 400: the short one') if gated();
symlink 'fine.php', "$h->{docroot}/link.php" or die;
my $mark = $h->mark;
res_is(get($h, '/link.php'), 403, qr{<h1>403 Forbidden</h1>}, 'its page for 403 is not there: the short one');
$h->wait_log(qr/error page cannot be opened \(ERROR_PAGES, 403\)/, $mark);
like($h->log($mark), qr{GET /link\.php: the site's error page cannot be opened \(ERROR_PAGES, 403\)}, '... and the log says so');

$res = get($h, '/none.php', headers => [$json]);
res_is($res, 404, qq({"type":"about:blank","title":"Not Found","status":404}\n), 'a client that prefers JSON');
type_is($res, 'application/problem+json', '... gets what RFC 9457 has');
$res = get($h, '/none.php', headers => ['Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8']);
res_is($res, 404, qr/the site's 404/, 'a browser does not');

my $c = client($h);
for (1, 2) {
    $c->send($c->format(HEAD => '/none.php'));
    $res = $c->read_response(method => 'HEAD');
    res_is($res, 404, '', 'HEAD has no body');
    is(join('|', headers_of($res, 'Content-Length')), length "<h1>the site's 404</h1>\n", '... but its length');
}
$c->send($c->format(GET => '/fine.php'));
res_is($c->read_response, 200, 'fine', '... and the connection goes on');

res_is(get($h, '/gone.php'), 404, 'its own words', 'InterceptErrors is Off: what the application says');

# --- the application's ---
my $on = host(%site, fastcgi_conf => "$in_conf\n[FASTCGI_SERVER]\n    ServerName a\n    " . $r->conf_line . "\n");
$res = get($on, '/gone.php');
res_is($res, 404, "<h1>the site's 404</h1>\n", 'InterceptErrors On: the page of the site');
like($res->{reason} // $res->{line} // '', qr/Went away/, '... and the application\'s phrase');
type_is($res, 'text/html', '... its type');
is(join('|', headers_of($res, 'Set-Cookie'), headers_of($res, 'ETag')), 'a=b', '... fields that are not of the body stay');
$c = client($on);
for my $n (1 .. 3) {
    $c->send($c->format(GET => '/down.php'));
    $res = $c->read_response;
    res_is($res, 503, "<h1>the site's 503</h1>\n", "a long body is dropped, request $n");
    is(join('|', headers_of($res, 'Retry-After')), 77, '... its Retry-After stays');
    $c->send($c->format(HEAD => '/down.php'));
    res_is($c->read_response(method => 'HEAD'), 503, '', '... with HEAD');
}
$c->send($c->format(POST => '/fine.php', body => 'b' x 1000));
res_is($c->read_response, 200, 'fine', '... and the connection goes on');
res_is(get($on, '/teapot.php'), 418, 'short and stout', 'no page: the application\'s body');
res_is(get($on, '/gone.php', headers => [$json]), 404, qr/about:blank/, 'JSON for who prefers it');
unlike($on->log, qr/more than its Content-Length|cut/, 'nothing is said to be cut');

my $some = host(%site, conf => { InterceptErrors => '418 503' });
res_is(get($some, '/teapot.php'), 418, qr{<h1>418 I'm a teapot</h1>}, 'a status that is named: a short page at least');
res_is(get($some, '/down.php'), 503, "<h1>the site's 503</h1>\n", '... that of the site, where there is one');
res_is(get($some, '/gone.php'), 404, 'its own words', 'another status: the application\'s body');

# --- a page that the application makes ---
my ($line) = $part =~ /^    ErrorPage (404 \S+)$/m;
my ($script) = ($line // '') =~ m{^404 /(\S+)\.php$};
ok($script, 'the manual shows an ErrorPage');
my $app = responder(cases => {
    gone => cgi([ 'Status: 404', 'Content-Type: text/plain' ], 'its own words', 'x' x 100_000),
    bad => cgi(['Status: 500'], 'the page itself fails'),
    moved => cgi([ 'Status: 302', 'Location: /' ], ''),
    late => sub { my ($c) = @_; $c->reply(cgi(['Status: 404'], 'late')) },
    $script => sub {
        my ($c, $req) = @_;
        $c->reply(cgi([ 'Content-Type: text/x', "X-Asked: $req->{params}{REDIRECT_STATUS}" ], 'page for ',
            join ' ', map { $req->{params}{$_} // '-' } qw(REDIRECT_REQUEST_METHOD REDIRECT_URL REDIRECT_QUERY_STRING)));
    },
});
sub asking {
    my ($error_page, %conf) = @_;
    return host(%site, responder => $app, conf => { Extensions => '.php', ErrorPage => $error_page, %conf });
}
my $e = asking($line);
sub counted { my ($code) = @_; $app->forget; my $res = $code->(); return ($res, scalar $app->requests) }

($res, my $n) = counted(sub { get($e, '/no%6ee.php?q=1', headers => ['X-Mine: 7']) });
res_is($res, 404, 'page for GET /none.php q=1', 'the application makes the page for our 404');
is(join('|', headers_of($res, 'X-Asked'), headers_of($res, 'Content-Type')), '404|text/x', '... with its fields');
is($n, 1, '... in one request');
my $q = $app->last_request->{params};
is_deeply({ map { $_ => $q->{$_} } qw(REQUEST_METHOD REQUEST_URI QUERY_STRING SCRIPT_NAME SCRIPT_FILENAME DOCUMENT_URI REDIRECT_STATUS HTTP_X_MINE CONTENT_LENGTH) },
    { REQUEST_METHOD => 'GET', REQUEST_URI => '/no%6ee.php?q=1', QUERY_STRING => '', SCRIPT_NAME => "/$script.php",
        SCRIPT_FILENAME => "$e->{docroot}/$script.php", DOCUMENT_URI => "/$script.php", REDIRECT_STATUS => 404,
        HTTP_X_MINE => 7, CONTENT_LENGTH => undef }, '... its variables');
like($e->log, qr{GET /no%6ee\.php: there is no such script.*; the ErrorPage is asked for}, '... and the log has the reason');

$c = client($e);
for my $method (qw(HEAD POST GET)) {
    my @body = $method eq 'POST' ? (body => 'b' x 200_000) : ();
    $c->send($c->format($method => '/none.php', @body));
    $res = $c->read_response(method => $method);
    res_is($res, 404, $method eq 'HEAD' ? '' : "page for $method /none.php ", "$method: the page, and the connection goes on");
    is($app->last_request->{params}{REQUEST_METHOD}, $method eq 'HEAD' ? 'HEAD' : 'GET', '... is asked for with GET or HEAD');
    is(length($app->last_request->{body} // ''), 0, '... without the body');
}
$c = client($e);
$c->send("POST /none.php HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
$res = $c->read_response(method => 'POST');
res_is($res, 404, qr/^page for POST/, 'who waits for 100 is not told to send') if gated();
res_is(get($e, '/gone.php'), 404, qr/^its own words/, 'InterceptErrors is Off: the application\'s 404 stays');

my $all = asking($line, InterceptErrors => 'On');
for my $method (qw(GET HEAD POST)) {
    ($res, $n) = counted(sub { request($all, $method => '/gone.php?a=b', $method eq 'POST' ? (body => 'x' x 50_000) : ()) });
    res_is($res, 404, $method eq 'HEAD' ? '' : "page for $method /gone.php a=b", "InterceptErrors On: $method, the application\'s 404 has the page");
    is($n, 2, '... by two requests');
}

# Never a loop.
for (map { [ $_, asking("404 /$_.php", InterceptErrors => 'On') ] } qw(gone bad moved)) {
    my ($name, $host) = @$_;
    ($res, $n) = counted(sub { get($host, '/none.php') });
    res_is($res, 404, "<h1>the site's 404</h1>\n", "the ErrorPage is $name: the site's page");
    is($n, 1, '... it is asked once');
    ($res, $n) = counted(sub { get($host, '/late.php') });
    res_is($res, 404, "<h1>the site's 404</h1>\n", '... likewise for the application\'s 404');
    is($n, 2, '... it is asked once');
}
$app->refuse;
res_is(get($e, '/none.php'), 404, "<h1>the site's 404</h1>\n", 'the application is away: the site\'s page for 404');

SKIP: {
    my $php = FCGITest::Daemon->php or skip('php-fpm is not installed', 2);
    my $s = host(responder => $php, conf => { Extensions => '.php', ErrorPage => $line, InterceptErrors => 'On' },
        files => { "$script.php" => '<?php header("Content-Type: text/plain"); echo "sorry: ", $_SERVER["REDIRECT_STATUS"], " ", $_SERVER["REDIRECT_URL"];',
            'four.php' => '<?php http_response_code(404); echo str_repeat("x", 100000);' });
    res_is(get($s, '/none.php'), 404, 'sorry: 404 /none.php', 'php-fpm makes the page for our 404');
    res_is(post($s, '/four.php', 'a=b'), 404, 'sorry: 404 /four.php', '... and for its own');
}
finish();
