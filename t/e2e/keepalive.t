# SPDX-License-Identifier: Apache-2.0
#
# The client's connection between and around requests: kept, pipelined,
# closed when it should be.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

my $SLOW = sub {
    my ($c, $req) = @_;
    $c->stdout(page('slow '));
    $c->pause(0.15);
    $c->stdout("answer\n");
    $c->end;
};
my $r = responder(cases => {
    slow => $SLOW,
    late => sub { $_[0]->pause(0.15); $_[0]->reply(page("late\n")) },
    num  => sub { $_[0]->reply(page($_[1]{params}{QUERY_STRING} . "\n")) },
    len  => "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nlen\n",
    lost => "Status: 404 Lost\r\nContent-Type: text/plain\r\n\r\nlost\n",
    none => "Status: 204 Nothing\r\n\r\n",
    gone => "Status: 410 Gone\r\nContent-Type: text/plain\r\n\r\ngone\n",
});
my $h = host(responder => $r);

# What can be asked for, and what must come.
my %ask = (
    S => [ GET => '/static.txt', 200, "static text\n" ],
    X => [ GET => '/hello.php', 200, "hello\n" ],
    L => [ GET => '/slow.php', 200, "slow answer\n" ],
    W => [ GET => '/late.php', 200, "late\n" ],
    C => [ GET => '/len.php', 200, "len\n" ],
    E => [ GET => '/none.php', 204, '' ],
    G => [ GET => '/gone.php', 410, "gone\n" ],
    H => [ HEAD => '/hello.php', 200, '' ],
    P => [ POST => '/echo.php', 200, 'posted', 'posted' ],
    Q => [ POST => '/echo.php', 200, 'x' x 9000, 'x' x 9000 ],
    N => [ GET => '/nothing.txt', 404, undef ],
    F => [ GET => '/lost.php', 404, "lost\n" ],
);

# Everything in one write; then every answer, in order; then one more.
sub pipeline {
    my ($plan, %o) = @_;
    my $c = client($h);
    my $bytes = join '', map {
        my ($m, $u, undef, undef, $body) = @{ $ask{$_} };
        $c->format($m => $u, body => $body)
    } split //, $plan;
    $o{cut} ? $c->drip($bytes, $o{cut}, $o{pause} || 0.002) : $c->send($bytes);
    my $ok = 1;
    my $i = 0;
    for my $k (split //, $plan) {
        $i++;
        my ($m, $u, $st, $want) = @{ $ask{$k} };
        my $res = $c->read_response(method => $m, timeout => 8);
        next if !$res->{error} && $res->{status} == $st && (!defined $want || $res->{body} eq $want);
        $ok = 0;
        diag "$plan: at $i, $k ($m $u): ", $res->{error} // "$res->{status} " . FCGITest::show($res->{body});
        last;
    }
    if ($ok && !$o{last}) {
        $c->send($c->format(GET => '/len.php'));
        my $res = $c->read_response;
        $ok = !$res->{error} && $res->{body} eq "len\n" or diag "$plan: one more: ", $res->{error} // $res->{status};
    }
    ok($ok, $o{name} || "pipeline $plan");
}

# 50 on one connection, mixed; the application counts its own.
my $c = client($h);
my @bad;
my @order = split //, 'XSPCFXHEGQFLS' x 4;
for my $i (0 .. 49) {
    my ($m, $u, $st, $want, $body) = @{ $ask{ $order[$i] } };
    $c->send($c->format($m => $u, body => $body));
    my $res = $c->read_response(method => $m);
    next if !$res->{error} && $res->{status} == $st && (!defined $want || $res->{body} eq $want);
    push @bad, "$i $order[$i]: " . ($res->{error} // $res->{status});
    last;
}
is("@bad", '', '50 mixed requests on one connection');
$c->send($c->format(GET => "/num.php?$_")), res_is($c->read_response, 200, "$_\n", "number $_") for 1 .. 3;
$c->close;

# Traps (b), (d), (j): what Monkey's core does with the next request. (A 404 of
# the core's own, N, ends a connection, trap s; behind X the plugin mends it.)
pipeline($_) for qw(XX XXXXXXXX SX XS XSX SXS SXSXS LX LS LSL XN XF FX PX PP PQXS
  XP QQ XH HX HS EE XES GG XGS CX XCS WW WSW LLL XQHENSLPC);
# (Of static files the core itself loses some when they come bytewise.)
pipeline('XPLXCEXHX', cut => 1, name => 'a pipeline in writes of one byte', pause => 0.0003);
for my $cut (10, 50, 70, 75, 100) {
    pipeline('LXSX', cut => [$cut], pause => 0.05, name => "a pipeline cut at byte $cut");
}

# Bytes that come while a request runs (trap b).
for my $extra ("\n", "\r\n", 'G') {
    $r->forget;
    $c = client($h);
    $c->send($c->format(GET => '/late.php'));
    ok($r->wait_requests(1), 'request under way');
    sleep 0.05;
    $c->send($extra eq 'G' ? $c->format(GET => '/len.php') : $extra);
    my $n = FCGITest::show($extra eq 'G' ? 'a request' : $extra);
    res_is($c->read_response, 200, "late\n", "$n during a request");
    if ($extra eq 'G') { res_is($c->read_response, 200, "len\n", 'and it is answered') }
    else {    # stray line ends: ignored, or the connection closes; no more
        $c->send($c->format(GET => '/len.php'));
        my $res = $c->read_response;
        ok(!$res->{error} && $res->{body} eq "len\n" || !$res->{status} || $res->{status} == 400, 'then a request: answered or refused')
          or diag $res->{error} // $res->{status};
    }
    $c->close;
}
# A second request in two halves, the first of them during the first request.
$c = client($h);
my $two = $c->format(GET => '/len.php');
$c->send($c->format(GET => '/slow.php') . substr $two, 0, 20);
res_is($c->read_response, 200, "slow answer\n", 'half a request behind a request');
ok($c->silent(0.1), 'the half waits');
$c->send(substr $two, 20);
res_is($c->read_response, 200, "len\n", 'and its other half');

# Connection: close ends it, whatever is behind (trap d).
for my $k (qw(X C L)) {
    $c = client($h);
    $c->send($c->format(GET => $ask{$k}[1], headers => ['Connection: close'])
          . $c->format(GET => '/num.php?after') x 3);
    my $res = $c->read_response;
    res_is($res, 200, $ask{$k}[3], "$k with Connection: close, and bytes behind");
    like(join(',', headers_of($res, 'Connection')), qr/\Aclose\z/i, 'it says so');
    ok($c->at_eof, 'and it closes');
}
is(scalar(grep { ($_->{params}{QUERY_STRING} // '') eq 'after' } $r->requests), 0,
    'what came behind is not executed');

# HTTP/1.0 keep-alive, which Monkey 1.8 by itself does not know.
$c = client($h);
my $keeps = host_kind() eq 'nginx' || gated() || is_abi('1.6');
for my $i (1 .. 3) {
    $c->send($c->format(GET => '/len.php', http => '1.0', headers => ['Connection: Keep-Alive']));
    my $res = $c->read_response(http => '1.0');
    res_is($res, 200, "len\n", "1.0 keep-alive $i");
    my $says = lc join '', headers_of($res, 'Connection');
    is($says, $keeps ? 'keep-alive' : 'close', "1.0 keep-alive $i: the answer says so");
    last if !$keeps;
}

# MaxKeepAliveRequest N: N or N + 1 requests, each whole, then closed. And not
# in the middle of a pipeline's answer.
SKIP: {
    skip 'nginx has no such key here', 6 if host_kind() eq 'nginx';
    my $h3 = host(responder => $r, monkey => { MaxKeepAliveRequest => 3 });
    for my $way (qw(one all)) {
        $c = client($h3);
        my $n = 0;
        $c->send($c->format(GET => '/len.php') x 8) if $way eq 'all';
        while ($n < 8) {
            $c->send($c->format(GET => '/len.php')) if $way eq 'one';
            my $res = $c->read_response;
            last if $res->{error};
            $n++;
            if (grep { /close/i } headers_of($res, 'Connection')) {
                ok($c->at_eof, "$way: closed after it said so");
                last;
            }
        }
        ok($n == 3 || $n == 4, "$way: MaxKeepAliveRequest 3") or diag "served $n";
        ok($c->at_eof, "$way: then closed");
    }
}
{
    my $off = host(responder => $r, monkey => { KeepAlive => 'Off' });
    for my $u (qw(/len.php /hello.php /late.php)) {
        $c = client($off);
        $c->send($c->format(GET => $u));
        my $res = $c->read_response;
        ok(!$res->{error} && $res->{status} == 200, "KeepAlive Off: $u") or diag $res->{error};
        like(join(',', headers_of($res, 'Connection')), qr/close/i, 'it says close');
        ok($c->at_eof, 'and closes');
    }
}
finish;
