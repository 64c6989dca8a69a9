# SPDX-License-Identifier: Apache-2.0
#
# Bodies in chunks, which the gate takes. Without it Monkey 1.8 lets them through
# and leaves them as they are; 1.6 does not take them. Nothing in them may be taken for the end of a request that
# is not one (RFC 9112, 6.3 and 7.1).
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

plan(skip_all => 'Monkey 1.6 does not take them') if host_kind() eq 'nginx' || !gated() && !is_abi('1.8');

my $r = responder();
my $h = host(responder => $r);
my $host = 'Host: ' . client($h)->host_header;

# What comes of a request: the status, or 'closed'; and whether a request that
# stands behind it is answered.
sub ask {
    my ($method, $fields, $body, $behind) = @_;
    $r->forget;
    my $c = client($h);
    $c->send("$method /echo.php HTTP/1.1\r\n$host\r\n$fields\r\n\r\n$body"
        . ($behind // ''));
    return ($c, $c->read_response(timeout => 5));
}

sub is_taken {
    my ($name, $body, $want, %o) = @_;
    my ($c, $res) = ask($o{method} || 'POST', 'Transfer-Encoding: chunked', $body);
    res_is($res, 200, $want, "$name: decoded");
    my $p = ($r->last_request || {})->{params} || {};
    is($p->{CONTENT_LENGTH}, length $want, "$name: CONTENT_LENGTH is that of the content");
    ok(!exists $p->{HTTP_TRANSFER_ENCODING}, "$name: Transfer-Encoding is not passed on");
    $c->send("GET /hello.php HTTP/1.1\r\n$host\r\n\r\n");
    res_is($c->read_response(timeout => 5), 200, "hello\n", "$name: and the connection goes on");
}

is_taken('one chunk', "5\r\nhello\r\n0\r\n\r\n", 'hello');
is_taken('three chunks', "1\r\na\r\nA\r\n0123456789\r\n2\r\n\r\n\r\n0\r\n\r\n", "a0123456789\r\n");
is_taken('no content', "0\r\n\r\n", '');
is_taken('zeros in front', "0005\r\nhello\r\n0\r\n\r\n", 'hello');
is_taken('all bytes', "100\r\n" . join('', map { chr } 0 .. 255) . "\r\n0\r\n\r\n", join '', map { chr } 0 .. 255);
is_taken('3 KB', (sprintf("%x\r\n%s\r\n", 300, 'x' x 300) x 10) . "0\r\n\r\n", 'x' x 3000);
is_taken('PUT', "5\r\nhello\r\n0\r\n\r\n", 'hello', method => 'PUT');
is_taken('PATCH, all at once', "5\r\nhello\r\n0\r\n\r\n", 'hello', method => 'PATCH');
# What only reaches a handler with other methods than POST and PUT.
is_taken('an extension', "5;a=b\r\nhello\r\n0\r\n\r\n", 'hello', method => 'PATCH');
is_taken('a trailer', "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", 'hello', method => 'PATCH');

# A request behind one.
for my $next ([ '/hello.php', "hello\n" ], [ '/static.txt', "static text\n" ]) {
    my ($c, $res) = ask('POST', 'Transfer-Encoding: chunked', "5\r\nhello\r\n0\r\n\r\n",
        "GET $next->[0] HTTP/1.1\r\n$host\r\n\r\n");
    res_is($res, 200, 'hello', "$next->[0] behind a body in chunks");
    res_is($c->read_response(timeout => 5), 200, $next->[1], 'is the next request');
}

# A body that comes in pieces.
my $c = client($h);
my $bytes = "POST /echo.php HTTP/1.1\r\n$host\r\nTransfer-Encoding: chunked\r\n\r\n" . "5\r\nhello\r\n" x 3 . "0\r\n\r\n";
$c->drip($bytes, [ map { length($bytes) - $_ } reverse 1 .. 20 ], 0.002);
res_is($c->read_response(timeout => 5), 200, 'hello' x 3, 'byte by byte');

# What is refused, whoever refuses it: never answered 200, and nothing behind it
# is ever taken for a request.
my $smuggled = "GET /hello.php HTTP/1.1\r\n$host\r\n\r\n";
my $chunks = "5\r\nhello\r\n0\r\n\r\n";
my $te = 'Transfer-Encoding: chunked';
for my $case (
    [ 'with Content-Length', "$te\r\nContent-Length: " . length $chunks, $chunks ],
    [ 'behind Content-Length', "Content-Length: 5\r\n$te", $chunks ],
    [ 'twice', "$te\r\n$te", $chunks ],
    [ 'with another coding', 'Transfer-Encoding: gzip, chunked', $chunks ],
    [ 'as a part of a word', 'Transfer-Encoding: xchunked', $chunks ],
    [ 'with a parameter', 'Transfer-Encoding: chunked;q=1', $chunks ],
    [ 'identity and chunked', "Transfer-Encoding: identity\r\n$te", $chunks ],
    [ 'a sign', $te, "+5\r\nhello\r\n0\r\n\r\n" ],
    [ '0x', $te, "0x5\r\nhello\r\n0\r\n\r\n" ],
    [ 'a blank in front', $te, " 5\r\nhello\r\n0\r\n\r\n" ],
    [ 'a blank behind', $te, "5 \r\nhello\r\n0\r\n\r\n" ],
    [ 'a negative size', $te, "-5\r\nhello\r\n0\r\n\r\n" ],
    [ 'a size that is none', $te, "zz\r\nhello\r\n0\r\n\r\n" ],
    [ 'a huge size', $te, "fffffffffffffffff\r\nhello\r\n0\r\n\r\n" ],
    [ 'a chunk that is longer', $te, "5\r\nhelloo\r\n0\r\n\r\n" ],
    [ 'LF for CRLF', $te, "5\nhello\n0\n\n" ],
    [ 'LF behind a chunk', $te, "5\r\nhello\n0\r\n\r\n" ],
    [ 'a CR in an extension', $te, "5;a\rb\r\nhello\r\n0\r\n\r\n" ],
    [ 'a trailer without a colon', $te, "5\r\nhello\r\n0\r\nnonsense\r\n\r\n" ])
{
    my ($name, $fields, $body) = @$case;
    for my $method ('POST', 'PATCH') {
        my ($c, $res) = ask($method, $fields, $body, $smuggled);
        my $got = $res->{status} // 'closed';
        my $want = gated() ? $name =~ /^with another|^identity/ ? '501' : '400' : '400|411|413|closed';
        like($got, qr/\A(?:$want)\z/, "$method, $name: refused");
        my $second = $res->{status} ? $c->read_response(timeout => 0.3) : {};
        ok(($second->{status} // 0) != 200, "$method, $name: nothing behind it is answered");
        is(scalar(my @q = $r->requests), 0, "$method, $name: the application sees nothing");
        $c->close;
    }
}
$c = client($h);
$c->send("POST /echo.php HTTP/1.0\r\n$host\r\n$te\r\n\r\n$chunks");
is($c->read_response(http => '1.0', timeout => 5)->{status}, 400, 'HTTP/1.0 has no chunks: 400');
my ($cp, $res);
if (gated()) {
    $cp = client($h);
    $cp->drip("PATCH /echo.php HTTP/1.1\r\n$host\r\n$te\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 1, 0.001);
    res_is($cp->read_response, 200, 'hello', 'PATCH, not all at once');
}
else {
    ($cp, $res) = ask('PATCH', $te, "5\r\nhel");
    is($res->{status}, 411, 'PATCH, not all at once: 411');
    ok($cp->at_eof(5), 'and the connection ends');
}

# What 1.8 can do more besides, and the gate.
for my $m (qw(GET DELETE PATCH OPTIONS)) {
    res_is(request($h, $m => '/echo.php', body => 'abc', headers => ['Content-Length: 3']), 200, 'abc', "$m with a Content-Length");
}
$res = request($h, GET => '/env.php', headers => [ map { "X-N$_: $_" } 1 .. 50 ]);
is(scalar(grep { /\AHTTP_X_N/ } keys %{ $r->last_request->{params} }), 50, '50 unknown fields');
res_is(get($h, '/hello.php', headers => ['X-Empty:']), 200, "hello\n", 'an empty field');
finish;
