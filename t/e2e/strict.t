# SPDX-License-Identifier: Apache-2.0
#
# Requests that two servers may understand differently, and endings at which
# something may get lost.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

my $endless = sub {
    my ($what) = @_;
    return sub {
        my ($c) = @_;
        for (1 .. 100) { $c->pause(0.2); $what->($c) }
    };
};
my $r = responder(cases => {
    index   => sub { $_[0]->reply(page("index by $_[1]{params}{SCRIPT_NAME}\n")) },
    noisy   => $endless->(sub { $_[0]->stderr("thinking\n") }),
    tail    => sub { my ($c) = @_; $c->stdout("Content-Type: text/plain\r\nContent-Length: 4\r\n\r\ndone");
        $endless->(sub { $_[0]->stdout('x') })->($c) },
    reset   => "Status: 205\r\nContent-Type: text/plain\r\n\r\nmore",
    c1      => sub { my ($c) = @_; $c->stderr("a\xc2\x9b31m \x9b2J b\xc3\xa4\n"); $c->reply(page("c1\n")) },
    large   => page('l' x 300_000),
});
my $h = host(responder => $r, conf => { ReadTimeout => '1s' },
    match => ['/.*\.php fastcgi', '/.*\.phtml fastcgi'],
    monkey => { Indexfile => 'index.html index.phtml' },
    files => { 'idx/index.phtml' => '<?php secret', 'both/index.html' => 'html',
        'both/index.phtml' => '<?php secret', 'idx/x.txt' => 'x' });

sub raw {
    my ($bytes, $name, $status) = @_;
    my $c = client($h);
    $c->send($bytes);
    my $res = $c->read_response;
    my $got = $res->{error} && !defined $res->{status} ? 'closed' : $res->{status};
    like($got, qr/^(?:$status)$/, $name) or diag $res->{error} // '';
    return ($c, $res);
}

# What must not be taken for the end, or the start, of something else.
my $host = 'Host: ' . client($h)->host_header;
my $smuggled = "GET /hello.php HTTP/1.1\r\n$host\r\n\r\n";
for my $case (
    [ 'a blank before the colon of Content-Length', "Content-Length : " . length $smuggled ],
    [ 'a blank before the colon of Transfer-Encoding', 'Transfer-Encoding : chunked' ],
    [ 'Transfer-Encoding', "Transfer-Encoding: chunked\r\nContent-Length: 0" ],
    [ 'two Content-Length fields', "Content-Length: 0\r\nContent-Length: 1" ],
    [ 'a Content-Length that is no number', 'Content-Length: 0x' ],
    [ 'a line that is an LF', "X-A: b\r\n\nX-C: d" ],
    [ 'two Host fields', 'Host: other' ],
    [ 'a name with a byte that no name has', "X(A: b" ])
{
    my ($name, $fields) = @$case;
    my ($c) = raw("POST /hello.php HTTP/1.1\r\n$host\r\n$fields\r\n"
        . ($fields =~ /length/i ? '' : "Content-Length: 0\r\n") . "\r\n$smuggled",
        "$name: refused", '400|411|413|closed');
    # (Its own refusals of a length do not end it in Monkey 1.8; what is behind
    # them is not answered either.)
    next if is_abi('1.8') && host_kind() eq 'monkey' && $fields =~ /0x/;
    ok($c->at_eof(5), "$name: and the connection ends");
}

# Bytes of control: 400, by us or by the core; the application sees none of them.
for my $case (
    [ 'NUL in a value', "GET /hello.php HTTP/1.1\r\n$host\r\nX-User: admin\0.evil\r\n\r\n" ],
    [ 'NUL in Cookie', "GET /hello.php HTTP/1.1\r\n$host\r\nCookie: a=\0\r\n\r\n" ],
    [ 'ESC in a value', "GET /hello.php HTTP/1.1\r\n$host\r\nX-A: \x1b[2J\r\n\r\n" ],
    [ 'DEL in a value', "GET /hello.php HTTP/1.1\r\n$host\r\nX-A: a\x7f\r\n\r\n" ],
    [ 'NUL at the end of a value', "GET /hello.php HTTP/1.1\r\n$host\r\nX-A: a\0\r\n\r\n" ],
    [ 'NUL in Host', "GET /hello.php HTTP/1.1\r\nHost: localhost\0x\r\n\r\n" ],
    [ 'NUL in the query', "GET /hello.php?a\0b HTTP/1.1\r\n$host\r\n\r\n" ],
    [ 'NUL as the query', "GET /hello.php?\0 HTTP/1.1\r\n$host\r\n\r\n" ],
    [ 'TAB in the query', "GET /hello.php?a\tb HTTP/1.1\r\n$host\r\n\r\n" ],
    [ 'NUL in the path', "GET /hello.php\0%41/y?real=1 HTTP/1.1\r\n$host\r\n\r\n" ],
    [ 'NUL behind the path', "GET /hello.php\0 HTTP/1.1\r\n$host\r\n\r\n" ],
    [ 'NUL for the question mark', "GET /hello.php\0a=b HTTP/1.1\r\n$host\r\n\r\n" ],
    [ 'SOH in the path', "GET /hello.php/\x01 HTTP/1.1\r\n$host\r\n\r\n" ],
    [ 'NUL in the method', "GET\0X /hello.php HTTP/1.1\r\n$host\r\n\r\n" ],
    [ 'a method that is no token', "G(T /hello.php HTTP/1.1\r\n$host\r\n\r\n" ],
    [ 'NUL in the version', "GET /hello.php HTTP/1.\0\r\n$host\r\n\r\n" ])
{
    $r->forget;
    # (What the core cannot parse, or finds no file for, it refuses by itself.)
    my ($c) = raw($case->[1], "$case->[0]: refused", $case->[1] =~ m{\A[^ ]+ [^ ]*[\0\x01]|HTTP/1\.\0} ? '400|404|505|closed' : '400');
    is(scalar($r->requests), 0, "$case->[0]: not passed on");
}
# An empty value: without the gate Monkey 1.6 closes, without an answer; but a
# tab is one for it.
for my $case ([ 'X-A:' ], ['X-A: '], ["X-A: \t "], ['Cookie:'], ["X-A:\r\nX-B: b"], ["Accept: \r\nCookie: c=d"]) {
    my $name = 'an empty value ' . FCGITest::show($case->[0]);
    for my $by (1, 1000) {
        my $c = client($h);
        $c->drip("GET /hello.php HTTP/1.1\r\n$host\r\n$case->[0]\r\n\r\n", $by, $by == 1 ? 0.0003 : 0);
        my $res = $c->read_response;
        if (!gated() && is_abi('1.6') && $case->[0] !~ /\t/) { ok(!defined $res->{status} && $c->at_eof(5), "$name: closed") }
        else { res_is($res, 200, "hello\n", $name) }
    }
}

my $t = client($h);
$t->send($t->format(GET => '/hello.php?a%00b', headers => ["X-A: a\tb"]));
res_is($t->read_response, 200, "hello\n", 'HTAB in a value is fine, and so is %00 in a query');

# Where the core finds no length it answers 411, and Monkey 1.8 takes the body
# for the next request on its way: the application must not see it.
my $inner = "GET /hello.php?inner HTTP/1.1\r\n$host\r\n\r\n";
for my $case (
    [ 'a blank before the colon', 'Content-Length : ' . length $inner ],
    [ 'a line without a colon before it', "X-A\r\nContent-Length: " . length $inner ],
    ([ 'no length', 'X-A: b' ]) x !gated())
{
    for my $i (1 .. 8) {
        get($h, '/hello.php');    # leaves a connection that is written to at once
        my $c = client($h);
        $c->send("POST /hello.php HTTP/1.1\r\n$host\r\n$case->[1]\r\n\r\n$inner");
        my $res = $c->read_response;
        $c->close;
        next if ($res->{status} // 0) != 200;
        fail("$case->[0]: answered 200");
    }
    sleep 0.1;
    is(scalar(grep { ($_->{params}{QUERY_STRING} // '') eq 'inner' } $r->requests), 0, "$case->[0]: the body is not run as a request");
    $r->forget;
}

# For the gate a POST that says nothing of a body has none (RFC 9112, 6.3).
my $c = client($h);
if (gated()) {
    $c->send("POST /echo.php HTTP/1.1\r\n$host\r\n\r\n$inner");
    res_is($c->read_response, 200, '', 'a POST without a length has no body');
    res_is($c->read_response, 200, "hello\n", 'and what stands behind it is the next request');
    $c = client($h);
}
$c->send($c->format(POST => '/echo.php', body => 'ab') . "\r\n");
res_is($c->read_response, 200, 'ab', 'a CRLF behind a body');
$c->send($c->format(GET => '/hello.php'));
res_is($c->read_response, 200, "hello\n", 'does no harm to the next request');

$c = client($h);
$c->send($c->format(GET => '/hello.php', headers => ['Connection: x-a, Close']));
my $res = $c->read_response;
res_is($res, 200, "hello\n", 'Connection: x-a, Close');
is(join(',', headers_of($res, 'Connection')), 'close', 'is understood');
ok($c->at_eof(5), 'and done');

# A byte that comes when the answer is on its way costs nothing of it.
for my $http ('1.0', '1.1') {
    $c = client($h);
    $c->send($c->format(GET => '/large.php', http => $http, headers => ['Connection: close']));
    sleep 0.2;
    $c->send("\r\n");
    sleep 0.2;
    res_is($c->read_response(http => $http), 200, 'l' x 300_000, "HTTP/$http: all of the answer, in spite of a late CRLF");
}

# Index files go where the rules say.
res_is(get($h, '/idx/'), 200, "index by /idx/index.phtml\n", 'an index file of another name');
res_is(get($h, '/both/'), 200, 'html', 'the first index file decides');
is(get($h, '/idx/x.txt/a.phtml')->{status}, 404, 'nothing behind a file that is no script');

# An application that is never silent, and never done.
$res = get($h, '/noisy.php', timeout => 8);
is($res->{status}, 504, 'STDERR alone is no progress');
$c = client($h);
$c->send($c->format(GET => '/tail.php') . $c->format(GET => '/hello.php'));
res_is($c->read_response, 200, 'done', 'more than Content-Length: cut off');
res_is($c->read_response(timeout => 3), 200, "hello\n", 'and nobody waits for its end');
res_is(get($h, '/reset.php'), 205, '', '205 has no content');

my $mark = $h->mark;
res_is(get($h, '/c1.php'), 200, "c1\n", 'C1 controls on STDERR');
ok($h->wait_log(qr/a\\xc2\\x9b31m \\x9b2J b\xc3\xa4/, $mark), 'are escaped, an umlaut is not');
finish;
