# SPDX-License-Identifier: Apache-2.0
#
# The layouts of Monkey's structures: 1.6.0 to 1.6.6 (A), of which those up to
# 1.6.5 time out a connection even while it is served; and one that is none of
# Monkey 1.6, where the plugin must say so rather than guess.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

plan(skip_all => 'only fcgi-serve has them all') if host_kind() ne 'serve';
plan(skip_all => 'of Monkey 1.6; loadname.t has those of 1.8') if !is_abi('1.6');

my $r = responder(cases => {
    late => sub { $_[0]->pause(4); $_[0]->reply(page("late\n")) },
});
my $args = $ENV{FCGI_SERVE_ARGS} || '';

for my $layout (qw(A 1.6.5)) {
    local $ENV{FCGI_SERVE_ARGS} = "$args --layout=$layout";
    my $h = host(responder => $r, monkey => { Timeout => 2 });
    res_is(get($h, '/hello.php'), 200, "hello\n", "$layout: a GET");
    res_is(post($h, '/echo.php', 'x' x 9000), 200, 'x' x 9000, "$layout: a POST");

    my $c = client($h);
    $c->send(join '', map { $c->format(GET => $_) }
        qw(/hello.php /static.txt /hello.php /late.php));
    for my $want ("hello\n", "static text\n", "hello\n", "late\n") {
        res_is($c->read_response(timeout => 10), 200, $want,
            "$layout: in a pipeline");
    }
    $c->send($c->format(GET => '/hello.php'));
    res_is($c->read_response, 200, "hello\n", "$layout: and the next one");

    # Half a request behind a whole one does not wait for ever.
    $c = client($h);
    $c->send($c->format(GET => '/hello.php') . "GET /hello.php HT");
    res_is($c->read_response, 200, "hello\n", "$layout: before half a request");
    ok($c->at_eof(10), "$layout: half a request times out");
}

{
    local $ENV{FCGI_SERVE_ARGS} = "$args --layout=unknown";
    my $h = host(responder => $r);
    my $mark = $h->mark;
    for my $n (1 .. 3) {
        my $res = get($h, '/hello.php');
        is($res->{status}, 500, "unknown: 500, time $n");
    }
    ok($h->wait_log(qr/none of 1\.6\.0 to 1\.6\.9/, $mark), 'unknown: the log says why');
    res_is(get($h, '/static.txt'), 200, "static text\n", 'unknown: files are served');
}
finish;
