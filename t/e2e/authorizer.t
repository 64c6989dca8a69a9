# SPDX-License-Identifier: Apache-2.0
#
# Authorizers: who is asked, with what, what lets a request pass, what becomes of
# the rest, and that nothing passes that was not allowed.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Tool;
use Cwd qw(abs_path);
use JSON::PP qw(decode_json);
use MIME::Base64 ();

plan(skip_all => 'nginx has none') if host_kind() eq 'nginx';

# What the authorizer says is what the test asks for with X-Say, or in the query.
my $MB = 1024 * 1024;
my %say = (
    yes => "Status: 200\r\n\r\n",
    plain => "Content-Type: text/plain\r\n\r\nwelcome\n",
    user => "Status: 200\r\nVariable-REMOTE_USER: ann\r\nvariable-team: red\r\nVariable-LAST: 1\r\nVariable-LAST: 2\r\n"
      . "Variable-EMPTY:\r\nSet-Cookie: a=b\r\nX-Accel-Redirect: /other.txt\r\n\r\nnobody sees this\n",
    forge => join('', map { "Variable-$_: forged\r\n" } qw(SCRIPT_FILENAME SCRIPT_NAME REQUEST_METHOD QUERY_STRING REMOTE_ADDR
          REMOTE_PORT HTTP_PROXY http_proxy HTTP_COOKIE CONTENT_LENGTH DOCUMENT_ROOT PATH_INFO PATH_TRANSLATED SERVER_NAME HTTPS
          PHP_VALUE LD_PRELOAD ALL_PROXY GATEWAY_INTERFACE A-B 1X) ) . "Variable-: forged\r\nVariable-GOOD: yes\r\n\r\n",
    no => "Status: 401\r\nWWW-Authenticate: Basic realm=\"x\"\r\nSet-Cookie: a=b\r\nVariable-X: y\r\nContent-Type: text/plain\r\n\r\nwho?\n",
    forbid => "Status: 403\r\nContent-Type: text/plain\r\n\r\nnever\n",
    login => "Location: https://login.test/\r\n\r\n",
    created => "Status: 201\r\n\r\ncreated\n",
    none => '', half => 'Status: 200', odd => "Status: 2000\r\n\r\n", broken => "no colon\r\n\r\n",
    big => "Status: 403\r\nContent-Type: text/plain\r\n\r\n" . 'x' x $MB,
    chatty => "Status: 200\r\n\r\n" . 'x' x $MB,
    hints => "Status: 103\r\nLink: </a.css>\r\n\r\nStatus: 200\r\n\r\n",
);
my $gate = responder(name => 'gate', role => 2, default => sub {
    my ($c, $q) = @_;
    my $what = $q->{params}{HTTP_X_SAY} // ($q->{params}{QUERY_STRING} =~ /^say=(\w+)$/ ? $1 : 'yes');
    return $c->close if $what eq 'close';
    if ($what eq 'cut') { $c->stdout("Status: 200\r\n\r\n"); return $c->close }
    if ($what eq 'silent') { return $c->pause(3) }
    if ($what eq 'late') { $c->pause(0.3); return $c->reply($say{user}) }
    if ($what eq 'overload') { return $c->end(0, 2) }
    if ($what eq 'role') { return $c->end(0, 3) }
    if ($what eq 'stderr') { $c->stderr("a word\n"); return $c->reply($say{yes}) }
    return $c->reply($say{$what});
});
my $second = responder(name => 'second', role => 2, default => sub {
    my ($c, $q) = @_;
    $c->reply(($q->{params}{HTTP_X_SECOND} // 'yes') eq 'yes' ? "Status: 200\r\nVariable-SECOND: $q->{params}{REMOTE_USER}\r\n\r\n" : $say{forbid});
});
my $php = responder(name => 'php');
my %role = (gate => { Role => 'Authorizer' }, second => { Role => 'authorizer' });
my %files = ('private/doc.txt' => 'a document', 'private/page.html' => '<p>page</p>', 'private/index.html' => 'index', 'private/env.php' => 'source',
    'private/echo.php' => 'source', 'private/md5.php' => 'source', 'private/data.unknown' => '0123456789', 'private/sub/x.php.txt' => 'text', 'open.txt' => 'open',
    'private/page.php' => 'source', 'private/empty/x' => 'x');
my @match = ('/private/both/.* fastcgi gate! php', '/private/two/.* fastcgi gate!', '/private/two/.* fastcgi second! php', '/private/.* fastcgi gate!',
    '/.*\.php$ fastcgi php');
my $h = host(responder => [ $php, $gate, $second ], servers => { %role, gate => { Role => 'Authorizer', ReadTimeout => '1s' } }, match => \@match, files => \%files, conf => { Retries => 0 }, monkey => { MaxRequestSize => 8192 });

sub ask { my ($uri, $say, %o) = @_; return request($h, $o{method} // 'GET', $uri, %o, headers => [ "X-Say: $say", @{ $o{headers} // [] } ]) }
sub untouched { my ($name) = @_; local $Test::Builder::Level = $Test::Builder::Level + 1; is(scalar($php->requests), 0, "$name: no application was asked"); $php->forget }

# --- what it is told -----------------------------------------------------------
my $res = ask('/private/env.php?q=1', 'user', headers => [ 'Variable-Team: mallory', 'Remote-User: mallory', 'Cookie: c=d' ]);
res_is($res, 200, undef, 'a request that is allowed');
my $env = decode_json($res->{body});
my ($asked) = $gate->requests;
is_deeply([ grep { exists $asked->{params}{$_} } qw(CONTENT_LENGTH PATH_INFO PATH_TRANSLATED SCRIPT_NAME SCRIPT_FILENAME) ], [], 'what an authorizer is not told');
my %told = %{ $asked->{params} };
is_deeply({ map { $_ => $told{$_} } qw(REQUEST_METHOD REQUEST_URI QUERY_STRING HTTP_COOKIE REMOTE_ADDR GATEWAY_INTERFACE) },
    { REQUEST_METHOD => 'GET', REQUEST_URI => '/private/env.php?q=1', QUERY_STRING => 'q=1', HTTP_COOKIE => 'c=d', REMOTE_ADDR => '127.0.0.1',
        GATEWAY_INTERFACE => 'CGI/1.1' }, 'and what it is told');
is($asked->{stdin}, 0, 'it has no body');

# --- what lets pass, and what goes with it ------------------------------------------
is_deeply({ map { $_ => $env->{$_} } qw(REMOTE_USER team LAST EMPTY) }, { REMOTE_USER => 'ann', team => 'red', LAST => 2, EMPTY => '' }, 'its variables');
is($env->{SCRIPT_FILENAME}, "$h->{docroot}/private/env.php", 'the script is there again');
is_deeply([ grep { /^variable/i } keys %$env ], [], 'none with its prefix');
is($env->{HTTP_VARIABLE_TEAM}, 'mallory', 'what a client sends stays a field of its');
is_deeply([ headers_of($res, 'Set-Cookie') ], [], 'other fields of its answer are nobody\'s');
unlike($res->{body}, qr/nobody sees/, 'nor is its body');
ok(!exists decode_json(ask('/private/env.php', 'yes')->{body})->{REMOTE_USER}, 'and not of the next request');
for my $say (qw(plain chatty hints stderr)) {
    is(decode_json(ask('/private/env.php', $say)->{body})->{REQUEST_METHOD}, 'GET', "$say: passes");
}
ok($h->wait_log(qr/"gate".*a word/), 'STDERR of an authorizer is logged');
my $mark = $h->mark;
$env = decode_json(ask('/private/env.php', 'forge')->{body});
is_deeply([ grep { ($env->{$_} // '') eq 'forged' } sort keys %$env ], [], 'what it must not set');
is($env->{GOOD}, 'yes', 'and what it may');
is(scalar(() = $h->log($mark) =~ /the authorizer sent "Variable-/g), 22, 'each is in the log');

# --- bodies -------------------------------------------------------------------------
$gate->forget;
for my $size (0, 1, 100_000, 3 * $MB) {
    my $body = join '', map { chr } map { ($_ * 7) % 251 } 1 .. $size;
    res_is(request($h, POST => '/private/echo.php', headers => ['X-Say: late'], body => $body), 200, $body, "a body of $size bytes is there behind it")
      if $size < 200_000;
    res_is(request($h, POST => '/private/md5.php', headers => ['X-Say: yes'], body => $body), 200, undef, "and of $size");
}
is_deeply([ grep { $_->{stdin} } $gate->requests ], [], 'the authorizer has seen none of it');
SKIP: {
    skip('without the gate it is not answered', 8) if !gated();
    for my $say (qw(user no)) {
        my $c = client($h);
        $php->forget;
        $c->send("POST /private/echo.php HTTP/1.1\r\nHost: x\r\nX-Say: $say\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        if ($say eq 'no') {
            my $r = $c->read_response;
            is($r->{status}, 401, 'Expect: refused at once');
            is((headers_of($r, 'Connection'))[0], 'close', 'and the connection ends');
            unlike($r->{interim} // '', qr/100/, 'without a word to send the body');
            untouched('Expect');
        } else {
            like($c->read_some(30, 5), qr{^HTTP/1.1 100 Continue}, 'Expect: told to go on once it may');
            is(scalar($gate->requests) > 0, 1, 'by then the authorizer was asked');
            $c->{buf} = '';
            $c->send('hello');
            res_is($c->read_response, 200, 'hello', 'and served');
        }
    }
    my $c = client($h);
    $c->send("POST /private/echo.php HTTP/1.1\r\nHost: x\r\nX-Say: late\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    $c->send("6\r\n world\r\n0\r\n\r\n");
    res_is($c->read_response, 200, 'hello world', 'a body in chunks');
    $c->send("POST /private/echo.php HTTP/1.1\r\nHost: x\r\nX-Say: forbid\r\nContent-Length: 5\r\n\r\nhelloGET /private/doc.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    res_is($c->read_response, 403, "never\n", 'a body that nobody gets');
    res_is($c->read_response, 200, 'a document', 'is not taken for the next request');
}

# --- what does not pass ----------------------------------------------------------------
$php->forget;
for my $uri ('/private/env.php', '/private/doc.txt', '/private/both/none.php', '/private/nothing.txt', '/private/', '/private') {
    next if $uri eq '/private';
    $res = ask($uri, 'no');
    res_is($res, 401, "who?\n", "401 is the answer to $uri");
    is_deeply([ map { headers_of($res, $_) } qw(WWW-Authenticate Set-Cookie) ], [ 'Basic realm="x"', 'a=b' ], 'with its fields');
    res_is(ask($uri, 'no', method => 'HEAD'), 401, '', 'and to HEAD');
    untouched($uri);
}
res_is(ask('/private/env.php', 'forbid'), 403, "never\n", '403');
$res = ask('/private/env.php', 'login');
res_is($res, 302, undef, 'Location alone sends elsewhere');
is((headers_of($res, 'Location'))[0], 'https://login.test/', 'to where it says');
res_is(ask('/private/env.php', 'created'), 201, "created\n", 'only 200 lets pass');
res_is(ask('/private/doc.txt', 'big'), 403, 'x' x $MB, 'a large answer');
untouched('another answer');
for ([ none => 502, qr/without a header/ ], [ half => 502, qr/ends within its header/ ], [ odd => 502, qr/Status that is not/ ],
    [ broken => 502, qr/header name/ ], [ close => 502, qr/closed the connection|broke/ ], [ cut => 502, qr/closed the connection|broke/ ],
    [ silent => 504, qr/ReadTimeout/ ], [ overload => 503, qr/OVERLOADED/ ], [ role => 502, qr/no Authorizer \(UNKNOWN_ROLE\)/ ])
{
    my ($say, $status, $why) = @$_;
    for my $uri ('/private/env.php', '/private/doc.txt') {
        my $mark = $h->mark;
        $res = ask($uri, $say);
        is($res->{status}, $status, "$say: $status for $uri");
        unlike($res->{body}, qr/a document|source/, 'and nothing of it');
        ok($h->wait_log(qr/server "gate".*: GET \Q$uri\E: .*$why/, $mark), 'the log says why') or diag $h->log($mark);
    }
    untouched($say);
}

# --- files -----------------------------------------------------------------------------
my $c = client($h);
my $file = sub {
    my ($uri, %o) = @_;
    $c->send($c->format($o{method} // 'GET', $uri, headers => $o{headers} // []));
    return $c->read_response(method => $o{method});
};
$res = $file->('/private/doc.txt');
res_is($res, 200, 'a document', 'a file behind an authorizer');
is((headers_of($res, 'Content-Type'))[0], 'text/plain', 'with the type that the host knows');
like((headers_of($file->('/private/page.html'), 'Content-Type'))[0], qr{^text/html}, 'of each extension');
is((headers_of($file->('/private/data.unknown'), 'Content-Type'))[0], 'application/octet-stream', 'and one where it knows none');
my ($date) = headers_of($res, 'Last-Modified');
res_is($file->('/private/doc.txt', headers => ["If-Modified-Since: $date"]), 304, '', '304');
res_is($file->('/private/doc.txt', headers => ['Range: bytes=2-4']), 206, 'doc', 'a range');
$res = $file->('/private/doc.txt', method => 'HEAD');
res_is($res, 200, '', 'HEAD');
is((headers_of($res, 'Content-Length'))[0], 10, 'with its length');
$res = $file->('/private/doc.txt', method => 'DELETE');
res_is($res, 405, undef, 'it can be read alone');
is((headers_of($res, 'Allow'))[0], 'GET, HEAD', 'Allow');
res_is($file->('/private/sub/x.php.txt'), 200, 'text', 'no script by a part of its name');
res_is($file->('/private/'), 200, 'index', 'an index file');
$res = $file->('/private/sub?x=1');
res_is($res, 301, '', 'a folder without its slash');
is((headers_of($res, 'Location'))[0], '/private/sub/?x=1', 'where it is');
res_is($file->('/private/empty/'), 403, undef, 'a folder without an index file');
res_is($file->('/private/nothing.txt'), 404, undef, 'a file that is not there');
res_is($file->('/private/doc.txt/more'), 404, undef, 'and behind one that is');
symlink "$h->{docroot}/open.txt", "$h->{docroot}/private/link.txt" or die;
symlink '/etc', "$h->{docroot}/private/etc" or die;
res_is($file->('/private/link.txt'), 403, undef, 'no link with SymLink Off');
isnt($file->('/private/etc/passwd')->{status}, 200, 'nor behind one');
res_is(get($h, '/open.txt'), 200, 'open', 'what no authorizer guards is the host\'s');

# Whatever the name of a guarded folder looks like, it is guarded.
$gate->forget;
for my $uri (qw(//private/doc.txt /private//doc.txt /./private/doc.txt /x/../private/doc.txt /%70rivate/doc.txt /private/./doc.txt ///private///doc.txt)) {
    my $client = client($h);
    $client->send("GET $uri HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Say: no\r\nConnection: close\r\n\r\n");
    unlike($client->slurp(5), qr/a document/, "$uri is guarded");
    $client = client($h);
    $client->send("GET $uri HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Say: yes\r\nConnection: close\r\n\r\n");
    $client->slurp(5) =~ m{^HTTP/1.1 200.*a document}s or !gated() or fail("$uri is there");
}

# --- one after the other ------------------------------------------------------------------
mkdir "$h->{docroot}/private/two" or die;
$h->add_file('private/two/env.php', 'source');
$php->forget; $gate->forget; $second->forget;
$env = decode_json(ask('/private/two/env.php', 'user')->{body});
is($env->{SECOND}, 'ann', 'the second is told what the first has found');
is_deeply([ map { scalar $_->requests } $gate, $second ], [ 1, 1 ], 'each was asked once');
$php->forget;
res_is(ask('/private/two/env.php', 'user', headers => ['X-Second: no']), 403, "never\n", 'the second refuses');
res_is(ask('/private/two/env.php', 'no'), 401, "who?\n", 'or the first');
is(scalar($second->requests), 2, 'and the second is not asked then');
untouched('two');

# A client that goes away while it is waited for.
my $gone = client($h);
$gone->send($gone->format(GET => '/private/env.php', headers => ['X-Say: late']));
sleep 0.1;
$php->forget;
$gone->close;
select undef, undef, undef, 0.6;
res_is(get($h, '/private/doc.txt'), 200, 'a document', 'after a client that went away');
$h->stop_ok;

my $access = temp_dir() . '/access.log';
chmod 0777, $access =~ s{/[^/]+$}{}r;
# --- links, pages of errors, the log ---------------------------------------------------------
$h = host(responder => [ $php, $gate ], match => [ '^/private/ fastcgi gate! php', '/status fastcgi gate!', '/status fastcgi =status', '/.*\.php$ fastcgi php' ], servers => { gate => { Role => 'Authorizer',
        InterceptErrors => '403' }, php => { ErrorPage => '401 /hello.php', InterceptErrors => 'On', Extensions => '.php' } },
    conf => { AccessLog => $access }, files => \%files, monkey => { SymLink => 'On' });
symlink "$h->{docroot}/open.txt", "$h->{docroot}/private/link.txt" or die;
res_is(ask('/private/link.txt', 'yes'), 200, 'open', 'a link with SymLink On');
$res = ask('/private/doc.txt', 'forbid');
is($res->{status}, 403, 'InterceptErrors of the authorizer');
unlike($res->{body}, qr/never/, 'has its page replaced');
like($res->{body}, qr/403 Forbidden/, 'by another');
res_is(ask('/status?json', 'no'), 401, undef, 'the status page behind an authorizer');
$res = ask('/status?json', 'user');
my ($counts) = grep { $_->{name} eq 'gate' } @{ decode_json($res->{body})->{servers} };
cmp_ok($counts->{requests}, '>=', 3, 'on which authorizers are servers like others');
ask('/private/env.php', 'user');
ok(wait_for(sub { -s $access }), 'the access log');
my ($line) = grep { m{GET /private/env\.php} } split /\n/, `cat '$access'`;
like($line, qr{^127\.0\.0\.1 - ann .*" 200 }, 'has the name that the authorizer has found');
$h->stop_ok;

# ErrorPage is the application's, also where an authorizer has refused.
$h = host(responder => [ $php, $gate ], match => [ '^/private/ fastcgi gate! php', '/.*\.php$ fastcgi php' ], files => { %files, 'hello.php' => 'x' }, monkey => { MaxRequestSize => 8192 },
    fastcgi_conf => join("\n", '[FASTCGI_SERVER]', '    ServerName php', '    ' . $php->conf_line, '    ErrorPage 401 /hello.php', '    InterceptErrors On', '    Extensions .php',
        '[FASTCGI_SERVER]', '    ServerName gate', '    ' . $gate->conf_line, '    Role Authorizer', '    InterceptErrors 401', ''));
$php->forget;
$res = ask('/private/env.php', 'no');
res_is($res, 401, "hello\n", 'the application makes the page, with the status of the authorizer');
is(($php->requests)[0]{params}{REDIRECT_URL}, '/private/env.php', 'and knows what for');
$res = request($h, POST => '/private/echo.php', headers => ['X-Say: no'], body => 'x' x 100_000);
res_is($res, 401, "hello\n", 'the same with a body');
res_is(request($h, POST => '/private/echo.php', headers => ['X-Say: yes'], body => 'x' x 100_000), 200, 'x' x 100_000, 'and with one that is allowed');
$h->stop_ok;

# --- several of them, and tries --------------------------------------------------------
my ($one, $two) = map { responder(name => $_, role => 2, listen => 'unix', default => "Status: 200\r\n\r\n") } qw(one two);
$h = host(responder => [ $php, $one, $two ], servers => { map { $_ => { Role => 'Authorizer' } } qw(one two) },
    match => [ '/private/doc.* fastcgi one! two!', '/private/.* fastcgi one! two! php' ], files => \%files);
get($h, '/private/env.php') for 1 .. 8;
is_deeply([ map { scalar $_->requests } $one, $two ], [ 4, 4 ], 'two of one rule share the requests');
cmp_ok(scalar($one->events('accept')), '<', 4, 'and connections are kept');
$one->refuse;
res_is(request($h, POST => '/private/echo.php', body => 'abc'), 200, 'abc', 'where one is away the other is asked, whatever the method') for 1 .. 3;
$two->refuse;
$php->forget;
for my $uri ('/private/env.php', '/private/doc.txt') {
    $res = get($h, $uri);
    is($res->{status}, 503, "where both are nobody passes to $uri");
    unlike($res->{body}, qr/a document/, 'and sees nothing');
}
untouched('both away');
$h->stop_ok;

# --- a program made with libfcgi, and the example of the manual -------------------------------
my @rules = ('/private/.* fastcgi gate!', '/.*\.php$ fastcgi php');
my $built = ($ENV{TOP_BUILDDIR} || '.') . '/t/apps/authorizer';
SKIP: {
    skip('libfcgi-dev was not there when the tests were built', 1) if !-x $built;
    open my $in, '<', "$ENV{TOP_SRCDIR}/man/fastcgi.conf.5.in" or die $!;
    my $manual = do { local $/; <$in> };
    my ($example) = $manual =~ /^A folder that is for those alone.*?\n(.*?)^\.Pp\nThe same with PHP/ms;
    my ($conf, $rules) = map { s/\\e/\\/gr } $example =~ /^\.Bd[^\n]*\n(.*?)^\.Ed/msg;
    my $app = FCGITest::Daemon->app($built);
    $conf =~ s{^ +ServerPath /run/php.*$}{'    ' . $php->conf_line}me or die;
    $conf =~ s{^ +ServerPath /run/gate.*$}{'    ' . $app->conf_line}me or die;
    is_deeply([ $rules =~ /^ +Match (.*)$/mg ], \@rules, 'the rules of the manual');
    my $h = host(responder => $php, fastcgi_conf => $conf, match => \@rules, files => { %files, 'env.php' => 'x' });
    my @ann = (headers => ['Authorization: Basic YW5uOnNlY3JldA==']);
    $res = get($h, '/private/env.php');
    res_is($res, 401, "who are you?\n", 'libfcgi: who is not known is asked');
    is((headers_of($res, 'WWW-Authenticate'))[0], 'Basic realm="private"', 'with its field');
    res_is(get($h, '/private/doc.txt'), 401, "who are you?\n", 'for a file, too');
    $env = decode_json(get($h, '/private/env.php', @ann)->{body});
    is_deeply([ @$env{qw(REMOTE_USER AUTH_METHOD)} ], [qw(ann libfcgi)], 'who is known gets there, by name');
    res_is(get($h, '/private/doc.txt', @ann), 200, 'a document', 'and is sent files');
    res_is(post($h, '/private/echo.php', 'a=b', @ann), 200, 'a=b', 'and may send a body');
    ok(!exists decode_json(get($h, '/env.php')->{body})->{REMOTE_USER}, 'other folders are as before');
    my @get = ('fcgi-get', '-i', '--role=authorizer', $app->{path});
    tool_is(tool(@get), 0, qr/^Status: 401\r?\n.*who are you/s, '', 'fcgi-get asks it, too');
    tool_is(tool(@get, '-H', 'Authorization: Basic YW5uOnNlY3JldA=='), 0, qr/^Variable-REMOTE_USER: ann\r?$/m, '', 'and shows what it says');
    $h->stop_ok;
}

# --- PHP as an authorizer, as the manual has it --------------------------------------------
SKIP: {
    my $fpm = FCGITest::Daemon->php(children => 3) or skip('php-fpm is not installed', 1);
    open my $in, '<', "$ENV{TOP_SRCDIR}/man/fastcgi.conf.5.in" or die $!;
    my ($conf, $script) = (do { local $/; <$in> }) =~ /^The same with PHP-FPM as.*?\.Bd[^\n]*\n(.*?)^\.Ed.*?\.Bd[^\n]*\n(.*?)^\.Ed/ms;
    my $place = temp_dir();
    chmod 0755, $place;
    FCGITest::Host::write_file("$place/gate.php", $script);
    FCGITest::Host::write_file("$place/ann", `php -r 'echo password_hash("secret", PASSWORD_DEFAULT);'`);
    $conf =~ s{^ +ServerPath .*$}{'    ' . $fpm->conf_line}me or die;
    $conf =~ s{/srv/gate/}{$place/} or die;
    my $h = host(responder => $php, fastcgi_conf => "[FASTCGI_SERVER]\n    ServerName php\n    " . $fpm->conf_line . "\n$conf", match => \@rules,
        files => { 'private/doc.txt' => 'a document', 'private/who.php' => '<?php echo $_SERVER["REMOTE_USER"], " ", file_get_contents("php://input");' });
    chmod 0755, $h->{dir}, $h->{docroot};
    my $auth = sub { return (headers => [ 'Authorization: Basic ' . MIME::Base64::encode_base64($_[0], '') ]) };
    for my $no ('', 'ann:wrong', 'bob:secret') {
        my $res = get($h, '/private/who.php', $auth->($no));
        res_is($res, 401, '', "PHP: 401 for '$no'");
        is((headers_of($res, 'WWW-Authenticate'))[0], 'Basic realm="private"', 'with its field');
        res_is(get($h, '/private/doc.txt', $auth->($no)), 401, '', 'for a file, too');
    }
    res_is(post($h, '/private/who.php', 'a body', $auth->('ann:secret')), 200, 'ann a body', 'PHP: who is known gets there, with a body');
    res_is(get($h, '/private/doc.txt', $auth->('ann:secret')), 200, 'a document', 'and is sent files');
    $h->stop_ok;
}

# --- what is refused at start ------------------------------------------------------------------
for (
    [ [ '/x fastcgi php!' ], qr/names the server 'php' as an authorizer, and .* does not say/ ],
    [ [ '/x fastcgi gate' ], qr/names the server 'gate', and .* says that it is an authorizer/ ],
    [ [ '/x fastcgi gate! gate' ], qr/names the server 'gate', and/ ],
    [ [ '/x fastcgi none!' ], qr/names the server 'none' as an authorizer, and .* has no \[FASTCGI_SERVER\]/ ],
  )
{
    my ($rules, $why) = @$_;
    my $wrong = host(responder => [ $php, $gate ], servers => \%role, match => $rules, idle => 1);
    my ($ended, $log) = $wrong->start_fails;
    ok($ended, "no start with @$rules");
    like($log, $why, 'and why');
}
my $alone = host(responder => [$gate], servers => \%role, match => ['/x fastcgi'], idle => 1);
my ($ended, $log) = $alone->start_fails;
ok($ended, 'no start where nobody answers');
like($log, qr/all of .* are authorizers/, 'and why');

# Without names all servers answer, but authorizers.
$h = host(responder => [ $gate, $php ], servers => \%role, match => ['/.*\.php fastcgi']);
res_is(get($h, '/hello.php'), 200, "hello\n", 'a rule without names') for 1 .. 4;
$h->stop_ok;

# The files of ~users, of which the core knows alone where they are.
SKIP: {
    my ($user, $home) = (getpwuid $<)[0, 7];
    skip('fcgi-serve has no UserDir', 4) if host_kind() ne 'monkey' || !defined $home || !-d $home;
    my $to = temp_dir();
    my $up = join '/', ('..') x (abs_path($home) =~ tr{/}{});
    FCGITest::Host::write_file("$to/doc.txt", 'a document');
    symlink '/etc/passwd', "$to/link.txt" or die;
    $h = host(responder => [ $php, $gate ], servers => \%role, match => ['^/~.* fastcgi gate!'], monkey => { UserDir => "$up$to" });
    # (The core reads the request, whose parser oversteps with fields like X-Say.)
    res_is(get($h, "/~$user/doc.txt?say=no"), 401, "who?\n", 'a file of a ~user is guarded');
    res_is(get($h, "/~$user/doc.txt"), 200, 'a document', 'and sent');
    is(get($h, "/~$user/link.txt")->{status}, 403, 'but no link');
    $h->stop_ok;
}

# Another plugin behind an authorizer.
SKIP: {
    skip('it takes the auth plugin of a real Monkey, which does not start with AddressSanitizer', 2)
      if host_kind() ne 'monkey' || is_abi('1.8') || $ENV{FCGI_SANITIZER};
    $h = host(responder => [ $php, $gate ], servers => \%role, match => [ '/private/.* fastcgi gate!', '/private/.* auth' ], files => \%files,
        auth => { '/private' => "x:{SHA}y\n" });
    $mark = $h->mark;
    res_is(ask('/private/doc.txt', 'yes'), 500, undef, 'what another plugin guards behind it is not sent');
    ok($h->wait_log(qr/another plugin's/, $mark), 'and why');
    $h->stop_ok;
}

finish();
