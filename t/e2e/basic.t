# SPDX-License-Identifier: Apache-2.0
#
# One request of every method, and the answer's own fields.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

my $r = responder(
    cases => {
        method => sub {
            my ($c, $req) = @_;
            $c->reply(page("$req->{params}{REQUEST_METHOD} $req->{stdin}\n"));
        },
        own => "Server: mine/1\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
          . "Content-Type: text/plain\r\nX-More: a, b\r\n\r\nown\n",
        empty   => "Content-Type: text/plain\r\n\r\n",
        notype  => "X-Only: this\r\n\r\nno type\n",
        bytes   => "Content-Type: image/png\r\n\r\n" . join('', map { chr } 0 .. 255),
    });
my $h = host(responder => $r);

# Static files come from the host itself: the harness and the host work.
res_is(get($h, '/static.txt'), 200, "static text\n", 'a static file');
res_is(get($h, '/none.txt'), 404, undef, 'a file that is not there')
  or diag 'the host itself, not the plugin';

# Each method that Monkey hands over.
for my $m (qw(GET DELETE OPTIONS PATCH)) {
    res_is(request($h, $m => '/method.php'), 200, "$m 0\n", "$m");
}
for my $m (qw(POST PUT)) {
    res_is(request($h, $m => '/method.php', body => 'x' x 5), 200, "$m 5\n",
        "$m with a body of 5 bytes");
    res_is(request($h, $m => '/method.php', body => ''), 200, "$m 0\n",
        "$m with an empty body");
}
my $head = request($h, HEAD => '/method.php');
res_is($head, 200, '', 'HEAD');
is($r->last_request->{params}{REQUEST_METHOD}, 'HEAD', 'the application sees HEAD');
# Bodies go through unchanged, both ways.
my $all = join '', map { chr } 0 .. 255;
res_is(post($h, '/echo.php', $all), 200, $all, 'every byte, there and back');
res_is(get($h, '/bytes.php'), 200, $all, 'every byte in an answer');
res_is(post($h, '/echo.php', 'a=1&b=2', headers =>
          ['Content-Type: application/x-www-form-urlencoded']), 200, 'a=1&b=2',
    'a form');
is($r->last_request->{params}{CONTENT_TYPE}, 'application/x-www-form-urlencoded',
    'CONTENT_TYPE of a form');
is($r->last_request->{params}{CONTENT_LENGTH}, 7, 'CONTENT_LENGTH of a form');

# Fields that every answer has, and those of the application.
my $res = get($h, '/hello.php');
res_is($res, 200, "hello\n", 'hello');
is($res->{reason}, 'OK', 'a reason phrase');
{
    local $TODO = nginx_todo('other name');
    like((headers_of($res, 'Server'))[0] // '', qr/\AMonkey/, 'Server');
}
my $DAY = qr/(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;
like((headers_of($res, 'Date'))[0] // '',
    qr/\A$DAY, \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d GMT\z/, 'Date');
is_deeply([ headers_of($res, 'Content-Type') ], ['text/plain'], 'Content-Type');
is_deeply([ headers_of($res, 'Status') ], [], 'no Status field');

$res = get($h, '/own.php');
res_is($res, 200, "own\n", 'an application with its own Server and Date');
is_deeply([ headers_of($res, 'Date') ], ['Thu, 01 Jan 1970 00:00:00 GMT'],
    'its Date is passed, once');
{
    local $TODO = nginx_todo('keeps its own');
    is_deeply([ headers_of($res, 'Server') ], ['mine/1'], 'its Server is passed, once');
}
is_deeply([ headers_of($res, 'X-More') ], ['a, b'], 'any other field is passed');

res_is(get($h, '/empty.php'), 200, '', 'an empty body');
$res = get($h, '/notype.php');
res_is($res, 200, "no type\n", 'no Content-Type');

# The variables of the simplest request: these and no others.
my $c = client($h);
$c->send($c->format(GET => '/env.php'));
$res = $c->read_response;
res_is($res, 200, qr/REQUEST_METHOD/, 'env');
my %p = %{ $r->last_request->{params} };
my @must = qw(GATEWAY_INTERFACE SERVER_SOFTWARE SERVER_NAME SERVER_PORT
  SERVER_ADDR SERVER_PROTOCOL REQUEST_METHOD REQUEST_URI REQUEST_SCHEME
  QUERY_STRING SCRIPT_NAME SCRIPT_FILENAME DOCUMENT_ROOT DOCUMENT_URI REMOTE_ADDR
  REMOTE_HOST REMOTE_PORT REDIRECT_STATUS HTTP_HOST);
my @empty = qw(CONTENT_LENGTH CONTENT_TYPE);   # absent, or empty
push @{ ($ENV{FCGI_SERVE_LAYER} // '') eq 'pieces' ? \@must : \@empty }, 'HTTPS';
{
    local $TODO = nginx_todo('no REMOTE_HOST in its stock set');
    my %seen = %p;
    for (@empty) { delete $seen{$_} if defined $seen{$_} && $seen{$_} eq '' }
    is_deeply([ sort keys %seen ], [ sort @must ], 'exactly the variables of a GET');
}

# On one connection, one after another.
for my $i (1 .. 5) {
    $c->send($c->format(POST => '/echo.php', body => "n$i"));
    res_is($c->read_response, 200, "n$i", "request $i more on the same connection");
}
$c->close;

# The application on IPv6, and on a Unix socket.
for my $kind (qw(tcp6 unix)) {
    my $rk = eval { responder(listen => $kind) };
    SKIP: {
        skip "no $kind here: $@", 2 if !$rk;
        my $hk = host(responder => $rk);
        res_is(get($hk, '/hello.php'), 200, "hello\n", "an application on $kind: GET");
        res_is(post($hk, '/echo.php', 'x' x 20_000), 200, 'x' x 20_000, "an application on $kind: POST");
    }
}

finish;
