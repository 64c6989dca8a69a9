# SPDX-License-Identifier: Apache-2.0
#
# An answer ends when it is complete, not when the application does: the client
# goes on while that works.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Record;

my $T = "Content-Type: text/plain\r\n";
my $WORK = slow(3);
my $end = sub { my ($c) = @_; $c->raw(rec(FCGI_STDOUT, $c->id, '')) };
my $work = sub { my ($c) = @_; $c->pause($WORK); $c->stderr("word from behind\n"); $c->end };
my $r = responder(cases => {
    length => sub { my ($c) = @_; $c->stdout("${T}Content-Length: 4\r\n\r\ndone"); $work->($c) },
    ended => sub { my ($c) = @_; $c->stdout("$T\r\ndone"); $end->($c); $work->($c) },
    chunks => sub { my ($c) = @_; $c->stdout("$T\r\ndo"); $c->pause(0.1); $c->stdout('ne'); $end->($c); $work->($c) },
    large => sub { my ($c) = @_; $c->stdout("${T}Content-Length: 3000000\r\n\r\n" . 'l' x 3_000_000); $work->($c) },
    empty => sub { my ($c) = @_; $c->stdout("Status: 204\r\n\r\n"); $work->($c) },
    short => sub { my ($c) = @_; $c->stdout("${T}Content-Length: 5\r\n\r\ndone"); $end->($c); $work->($c) },
    broken => sub { my ($c) = @_; $c->stdout("$T\r\ndone"); $c->pause(0.2); $end->($c); $c->close },
    surplus => sub { my ($c) = @_; $c->stdout("${T}Content-Length: 4\r\n\r\ndone"); $c->pause(0.3); $c->stdout('!'); $c->wait_eof(10) },
});
my $h = host(responder => $r);
my %want = (length => 'done', ended => 'done', chunks => 'done', large => 'l' x 3_000_000);

# Each way in which an answer ends, and the next request on the connection.
for my $name (sort keys %want) {
    my $c = client($h);
    my $mark = $h->mark;
    my $t0 = time;
    $c->send($c->format(GET => "/$name.php") . ($name eq 'ended' ? $c->format(GET => '/hello.php') : ''));
    res_is($c->read_response, 200, $want{$name}, "$name: whole");
    $c->send($c->format(GET => '/hello.php')) if $name ne 'ended';
    res_is($c->read_response, 200, "hello\n", "$name: and the next request");
    cmp_ok(time - $t0, '<', $WORK * 0.8, "$name: while the application works");
    ok($h->wait_log(qr/GET \/$name\.php: stderr: word from behind/, $mark), "$name: what it says then is logged");
    is(scalar(my @lines = $h->errors($mark)), 1, "$name: and nothing else");
}
for ([ HEAD => '/length.php', 200 ], [ HEAD => '/chunks.php', 200 ], [ GET => '/empty.php', 204 ]) {
    my ($m, $uri, $status) = @$_;
    my $t0 = time;
    my $c = client($h);
    $c->send($c->format($m => $uri) . $c->format(GET => '/hello.php'));
    res_is($c->read_response(method => $m), $status, '', "$m $uri: the head is all");
    res_is($c->read_response, 200, "hello\n", "$m $uri: and the next request");
    cmp_ok(time - $t0, '<', $WORK * 0.8, "$m $uri: at once");
}

# A connection that the client wants closed, or that HTTP/1.0 needs to be.
for my $how ([ headers => ['Connection: close'] ], [ http => '1.0' ]) {
    for my $name (qw(length chunks)) {
        my $t0 = time;
        my $c = client($h);
        $c->send($c->format(GET => "/$name.php", @$how));
        res_is($c->read_response(http => $how->[0] eq 'http' ? '1.0' : undef), 200, 'done', "$name, $how->[0]: whole");
        ok($c->at_eof, "$name, $how->[0]: closed");
        cmp_ok(time - $t0, '<', $WORK * 0.8, "$name, $how->[0]: at once");
    }
}

# What is not whole does not look so; what is, does.
my $mark = $h->mark;
my $res = get($h, '/short.php');
ok($res->{error} || !$res->{complete}, 'less than Content-Length, and the end of STDOUT: cut');
ok($h->wait_log(qr/sent 4 bytes of a body, and Content-Length 5; the answer is cut/, $mark), 'and logged');
$mark = $h->mark;
res_is(get($h, '/broken.php'), 200, 'done', 'the end of STDOUT, then that of the connection: whole');
ok($h->wait_log(qr/GET \/broken\.php: .*the answer was complete/, $mark), 'and logged');
$mark = $h->mark;
res_is(get($h, '/surplus.php'), 200, 'done', 'more than Content-Length, late: cut off');
ok($h->wait_log(qr/GET \/surplus\.php: the application sent more behind the end/, $mark), 'and logged');

# MaxConnections counts what works on.
my $one = responder(cases => { length => sub { my ($c) = @_; $c->stdout("${T}Content-Length: 4\r\n\r\ndone"); $c->pause(slow(1)); $c->end } });
my $h1 = host(responder => $one, conf => { MaxConnections => 1 });
my $t0 = time;
res_is(get($h1, '/length.php'), 200, 'done', 'MaxConnections 1: whole');
cmp_ok(time - $t0, '<', slow(0.8), 'MaxConnections 1: at once');
res_is(get($h1, '/hello.php'), 200, "hello\n", 'MaxConnections 1: the next waits');
cmp_ok(time - $t0, '>', slow(0.9), 'MaxConnections 1: until it is over');
finish;
