# SPDX-License-Identifier: Apache-2.0
#
# Monkey's traps, by the letters of t/TRAPS.md, as far as they show
# from outside and no other file has them. Elsewhere: (b) (d) (j) keepalive.t;
# (c) (u) client.t; (h) body.t; (r) log.t; (t) params.t. (l) and (m) show in
# sanitizers and with TLS only.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

my $T = "Content-Type: text/plain\r\n";
my $r = responder(cases => {
    drops  => sub { my ($c) = @_; $c->stdout("$T\r\n"); for (1 .. 30) { $c->pause(0.02); $c->stdout("drop $_\n") } $c->end },
    index  => sub { $_[0]->reply(page("index by $_[1]{params}{SCRIPT_NAME}\n")) },
    method => sub { $_[0]->reply(page("<$_[1]{params}{REQUEST_METHOD}>")) },
    slow   => sub { $_[0]->pause(4); $_[0]->reply(page("slow\n")) },
    broken => sub { $_[0]->close },
    link   => page("link\n"),
    passwd => page("passwd\n"),
    rows   => sub { $_[0]->reply(join('', map { "X-Row-$_: $_\r\n" } 1 .. 40) . "$T\r\nrows\n") },
});
my $h = host(responder => $r, files => {
    'idx/index.php' => '<?php source', 'both/index.php' => '<?php source', 'both/index.html' => "static index\n",
    'note.php.txt' => "a note\n", 'dir.php/index.html' => "in dir\n", 'none/x.txt' => "x\n",
});
for ([ "$h->{docroot}/hello.php", 'link' ], [ '/etc/passwd', 'passwd' ]) {
    unlink "$h->{docroot}/$_->[1].php";
    symlink $_->[0], "$h->{docroot}/$_->[1].php";
}
my $ours = host_kind() ne 'nginx';
my $c = client($h);
my $seen = sub { my @q = $r->requests; $r->forget; @q };

# (a)
res_is(get($h, '/drops.php'), 200, join('', map { "drop $_\n" } 1 .. 30),
    '(a) an answer that pauses again and again is not ended early');
# (e)
my $hl = host(responder => $r, access_log => 1);
$c = client($hl);
$c->send(join '', map { $c->format(GET => $_) } qw(/hello.php /static.txt /env.php /static.txt /index.php));
$c->read_response for 1 .. 5;
$c->close;
my $lines = $hl->access_lines(5);
SKIP: {
    skip 'no access log here', 4 if !$lines;
    for my $u (qw(/hello.php /env.php /index.php)) {
        is(scalar(grep { /\Q$u\E/ } @$lines), 1, "(e) one line in the access log for $u of a pipeline");
    }
    is(scalar @$lines, 5, '(e) and none too many') or diag join "\n", @$lines;
}
# (f)
$c = client($h);
$c->send($c->format(GET => '/static.txt'));
my $res = $c->read_response;
$c->send($c->format(GET => '/hello.php'));
$res = $c->read_response;
res_is($res, 200, "hello\n", '(f) an answer behind a static file');
is(join(' ', map { headers_of($res, $_) } qw(ETag Last-Modified Content-Range Accept-Ranges)), '', '(f) has no fields of that file');
$res = get($h, '/rows.php');
is(scalar(grep { $_->[0] =~ /^X-Row/ } @{ $res->{headers} }), 40, '(f) 40 fields in an answer');
# (g)
for my $raw ("GET /hello.php HTTP/1.0\r\n\r\n", "GET /hello.php HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") {
    $c = client($h);
    $c->send($raw);
    my $k = $raw =~ /keep/;
    res_is($c->read_response(http => '1.0'), 200, "hello\n", '(g) HTTP/1.0 without Host' . ($k ? ', keep-alive' : ''));
    ok($c->at_eof, '(g) and closed') if !$k;
}
# (h)
my %odd = (
    'Expect: 100-continue' => ["Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 'hello', 200],
    'a length that is not all digits' => ["Content-Length: 5abc\r\n\r\n", 'hello', '200|400'],
    'two lengths' => ["Content-Length: 3\r\nContent-Length: 5\r\n\r\n", 'hello', '200|400'],
    'a length with blanks' => ["Content-Length:   5  \r\n\r\n", 'hello', '200|400'],
    'no length' => ["X-A: b\r\n\r\n", '', '411|200'],
    'chunked' => ["Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", '411|200'],
    'chunked and a length' => ["Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", '411|400|200'],
    'a negative length' => ["Content-Length: -5\r\n\r\n", '', '400'],
    'a huge length' => ["Content-Length: 99999999999999999999\r\n\r\n", '', '400|413'],
);
for my $n (sort keys %odd) {
    my ($head, $body, $want) = @{ $odd{$n} };
    $r->forget;
    $c = client($h);
    $c->send("POST /echo.php HTTP/1.1\r\nHost: a\r\n$head");
    sleep 0.05;
    $c->send($body);
    $res = $c->read_response(timeout => 3);
    if ($res->{status} && $res->{status} == 100) { $res = $c->read_response(timeout => 3) }
    ok(($res->{status} || 400) =~ /\A(?:$want)\z/, "(h) POST with $n: $want, or closed") or diag $res->{status} // $res->{error};
    is($res->{body}, 'hello', "(h) POST with $n: the body") if ($res->{status} || 0) == 200 && $body && $n !~ /two|chunked/;
    $c->close;
}
$res = request($h, DELETE => '/method.php', body => 'abc');
ok(($res->{status} || 400) =~ /^(?:200|400)$/, '(h) DELETE with a body: served or 400');
# (i)
for my $set ([ 'Cookie: a=1', 'Cookie: b=2' ], [ ('Accept: x') x 5 ], [ 'Cookie: a', 'Accept: b', 'Cookie: c', 'User-Agent: d', 'Accept: e' ],
    [ 'X-A: 1', 'X-A: 2' ], [ map { "X-$_: $_" } 1 .. 8 ], [ 'Host: one', 'User-Agent: a', 'User-Agent: a' ]) {
    $c = client($h);
    my $n = join(', ', @$set);
    for (1 .. 2) {
        $c->send($c->format(GET => '/env.php', headers => $set));
        res_is($c->read_response(timeout => 4), 200, qr/REQUEST_METHOD/, "(i) $n");
    }
}
my @q = $seen->();
my %last = %{ $q[-1]{params} || {} };
for my $bad ('X:', 'X: a' . "\r\n" . ' folded', (join "\r\n", map { "Y-$_: $_" } 1 .. 20)) {
    $c = client($h);
    $c->send("GET /hello.php HTTP/1.1\r\nHost: a\r\n$bad\r\n\r\n");
    $res = $c->read_response(timeout => 4);
    ok(!$res->{status} || $res->{status} =~ /^(?:200|400|413|431)$/, '(i) odd fields: answered, refused or closed');
}
# (k)
{
    my $hk = host(responder => $r, monkey => { Timeout => 2, KeepAliveTimeout => 2 });
    res_is(get($hk, '/slow.php'), 200, "slow\n", '(k) an answer that takes longer than Timeout');
}
# (n)
$seen->();
res_is(get($h, '/idx/'), 200, "index by /idx/index.php\n", '(n) a directory with index.php: run, not shown');
res_is(get($h, '/idx/?a=b'), 200, "index by /idx/index.php\n", '(n) and with a query');
is(($r->last_request || {})->{params}{QUERY_STRING}, 'a=b', '(n) which it gets');
is(($r->last_request || {})->{params}{REQUEST_URI}, '/idx/?a=b', '(n) REQUEST_URI as it came') if $ours;
$res = get($h, '/both/');
ok(($res->{body} // '') =~ /static index|index by/, '(n) a directory with both: one of them');
unlike($res->{body} // '', qr/source/, '(n) and no source');
$res = get($h, '/idx');
# (1.8.9 makes the redirection, and closes the connection instead of sending it.)
ok(($res->{status} // 0) =~ /^30[1278]$/ || ($res->{body} // '') =~ /index by/ || is_abi('1.8'), '(n) without the slash: redirected or run');
$res = get($h, '/none/');
unlike($res->{body} // '', qr/source/, '(n) a directory without index');
# (o)
$seen->();
$res = get($h, '/note.php.txt');
my ($q) = $seen->();
is(($q || {})->{params}{SCRIPT_NAME} // '/note.php.txt', '/note.php.txt', '(o) x.php.txt is not x.php');
$res = get($h, '/HELLO.PHP');
unlike($res->{body} // '', qr/source/, '(o) upper case: no source');
# (p)
for my $u ('/../hello.php', '/a/../../etc/passwd.php', '/%2e%2e/hello.php', '/hello.php/../x.php', '/..%2fx.php') {
    $seen->();
    $res = get($h, $u);
    my ($q) = $seen->();
    unlike(($q || {})->{params}{SCRIPT_FILENAME} // '', qr/\.\./, "(p) $u: no .. reaches the application");
}
for my $u ('/hello.php%00.txt', '/static.txt%00.php', '/hello%0a.php', '/hello.php%0d%0aX-A:b', '/hello.php/a%0ab', '/%0ahello.php') {
    $seen->();
    $res = get($h, $u);
    ok(!($res->{error} // '') || $res->{error} =~ /closed/, "(p) $u: an answer") or diag $res->{error};
    my ($q) = $seen->();
    my $p = ($q || {})->{params} || {};
    my @ctl = grep { ($p->{$_} // '') =~ /[\0\r\n]/ } qw(SCRIPT_NAME SCRIPT_FILENAME PATH_INFO PATH_TRANSLATED);
    local $TODO = nginx_todo('passes LF');
    is("@ctl", '', "(p) $u: no control character in a path");
    isnt($p->{SCRIPT_FILENAME} // '', "$h->{docroot}/static.txt", "(p) $u: no text is run");
}
for my $u ('/link.php', '/passwd.php') {
    local $TODO = nginx_todo('follows links');
    $seen->();
    $res = get($h, $u);
    ok(($res->{status} // 0) =~ /^40[34]$/, "(p) $u, a symbolic link, with SymLink Off: refused") or diag $res->{status};
    is(scalar(my @x = $seen->()), 0, "(p) $u: not run");
    unlike($res->{body} // '', qr/root:/, "(p) $u: not shown");
}
{
    $hl = host(responder => $r, monkey => { SymLink => 'On' });
    unlink "$hl->{docroot}/link.php";
    symlink "$hl->{docroot}/hello.php", "$hl->{docroot}/link.php";
    res_is(get($hl, '/link.php'), 200, "link\n", '(p) with SymLink On: run');
}
$seen->();
get($h, '/dir.php/');
is(scalar(grep { ($_->{params}{SCRIPT_FILENAME} // '') =~ m{/dir\.php/?\z} } $seen->()), 0, '(p) a directory dir.php is not run') if $ours;
get($h, '/static.txt/x.php');
is(scalar(grep { ($_->{params}{SCRIPT_FILENAME} // '') =~ m{/static\.txt\z} } $seen->()), 0, '(p) a text with /x.php behind is not run');
# (q)
for my $m (qw(PROPFIND REPORT FOO MKCOL PATCH LOCK POKE PUTT)) {
    $res = request($h, $m => '/method.php');
    res_is($res, 200, "<$m>", "(q) $m");
}
for my $m (qw(TRACE CONNECT)) {
    $res = request($h, $m => '/method.php');
    ok(!$res->{error} || $res->{error} =~ /closed/, "(q) $m: an answer") or diag $res->{error};
}
# (s)
for my $m (qw(GET HEAD POST FOO)) {
    for my $http ('1.0', '1.1') {
        $c = client($h);
        $c->send($c->format($m => '/broken.php', http => $http, body => $m eq 'POST' ? 'x' : undef));
        $res = $c->read_response(method => $m, http => $http, timeout => 5);
        res_is($res, 502, undef, "(s) $m, HTTP/$http: an error's answer is whole");
        if ($http eq '1.0') { ok($c->at_eof(5), '(s) and does not hang'); next }
        next if grep { /close/i } headers_of($res, 'Connection');
        $c->send($c->format(GET => '/hello.php'));
        res_is($c->read_response(timeout => 5), 200, "hello\n", '(s) and the next request is served');
    }
}
finish;
