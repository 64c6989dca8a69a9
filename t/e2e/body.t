# SPDX-License-Identifier: Apache-2.0
#
# Request bodies: every size, cut into records, never mixed with what follows.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);

my $MB = 1024 * 1024;
my $r = responder(
    rcvbuf => 8192,
    cases => {
        lazy => { early => 1, run => sub {    # reads slowly, then answers
            my ($c, $req) = @_;
            $c->pause(0.3);
            $c->read_stdin;
            $c->reply(page("$req->{stdin} $req->{md5}\n"));
        } },
        both => { early => 1, run => sub {    # talks before it listens
            my ($c, $req) = @_;
            $c->stdout(page());
            $c->flood(2 * $MB);
            $c->read_stdin;
            $c->stdout("|$req->{stdin} $req->{md5}");
            $c->end;
        } },
        rude => { early => 1, run => sub {    # answers, and never reads
            my ($c) = @_;
            $c->reply(page("no thanks\n"));
            $c->pause(0.05);
            $c->close;
        } },
        polite => { early => 1, run => sub {    # answers first, then reads
            my ($c) = @_;
            $c->reply(page("thanks\n"));
            $c->read_stdin;
        } },
        half => { early => 1, run => sub {    # goes away in mid-body
            my ($c) = @_;
            sysread $c->{sock}, my $some, 1000;
            $c->close;
        } },
        # (Its end: what it has not read is no next request.)
        never => { early => 1, run => sub { $_[0]->pause(20); $_[0]->close } },
    });
my $h = host(responder => $r, monkey => { MaxRequestSize => 4096 });

# The last request's STDIN, as records: lengths right, closed once.
sub stdin_ok {
    my ($n, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $q = $r->last_request || {};
    my @len = map { $_->[2] } grep { $_->[0] == 5 } @{ $q->{records} || [] };
    my $sum = 0;
    $sum += $_ for @len;
    my @bad;
    push @bad, 'no empty record at the end' if !@len || $len[-1];
    push @bad, "$sum bytes, not $n" if $sum != $n;
    push @bad, 'an empty record inside' if grep { !$_ } @len[ 0 .. $#len - 1 ];
    ok(!@bad, "$name: STDIN is $n bytes in records, then an empty one")
      or diag "@bad; records: @len";
}

sub noise {
    my ($n) = @_;
    my $unit = join '', map { chr(($_ * 7 + ($_ >> 3)) % 256) } 0 .. 4098;
    return substr $unit x (1 + int($n / length $unit)), 0, $n;
}

# Without a body there is an empty STDIN, too.
for my $m (qw(GET HEAD DELETE OPTIONS)) {
    request($h, $m => '/hello.php');
    stdin_ok(0, $m);
}
my $c;
for my $n (0, 1, 7, 8, 9, 4095 .. 4097, 16384, 32759 .. 32761, 32767 .. 32769,
    65528, 65534 .. 65537, 131070, 131071, 300_000) {
    my $body = noise($n);
    res_is(post($h, '/md5.php', $body), 200, "$n " . md5_hex($body) . "\n", "POST of $n bytes");
    stdin_ok($n, "POST of $n bytes");
    $r->forget;
}
my $big = noise(2 * $MB);
my $sum = md5_hex($big);
res_is(post($h, '/md5.php', $big), 200, 2 * $MB . " $sum\n", 'POST of 2 MB');
stdin_ok(2 * $MB, 'POST of 2 MB');
res_is(request($h, PUT => '/md5.php', body => $big), 200, 2 * $MB . " $sum\n", 'PUT of 2 MB');
my $all = noise(1 * $MB);
my $res = post($h, '/echo.php', $all);
ok(!$res->{error} && $res->{body} eq $all, '1 MB there and back') or diag $res->{error};

# However the request arrives.
for my $cut ([ 'bytewise head', 1, 180 ], [ 'head, then body', 0 ], [ 'pieces', 1000 ]) {
    my ($name, $by, $upto) = @$cut;
    my $body = noise(5000);
    $c = client($h);
    my $bytes = $c->format(POST => '/md5.php', body => $body);
    my @at = $upto ? (1 .. $upto) : $by ? (map { $_ * $by } 1 .. 4) : length($bytes) - 5000;
    $c->drip($bytes, \@at, 0.002);
    res_is($c->read_response, 200, '5000 ' . md5_hex($body) . "\n", "POST, $name");
}

# A request glued to the end of a body is the next request (trap h).
for my $next ([ GET => '/hello.php', 200, "hello\n" ], [ GET => '/static.txt', 200, "static text\n" ],
    [ POST => '/echo.php', 200, 'zwei', 'zwei' ]) {
    my ($m, $u, $st, $want, $body) = @$next;
    for my $n (0, 1, 3000) {
        my $first = noise($n);
        $c = client($h);
        $c->send($c->format(POST => '/md5.php', body => $first)
              . $c->format($m => $u, body => $body) . $c->format(GET => '/hello.php'));
        res_is($c->read_response, 200, "$n " . md5_hex($first) . "\n", "POST of $n bytes with $m $u behind it");
        res_is($c->read_response, $st, $want, "and $m $u");
        res_is($c->read_response, 200, "hello\n", 'and one more');
        $c->close;
    }
}

# The application and the body at odds.
res_is(post($h, '/lazy.php', $big), 200, 2 * $MB . " $sum\n", 'an application that reads late');
my $flood = join('', map { chr } 0 .. 250) x 8400;
$res = post($h, '/both.php', $big);
my $tail = '|' . 2 * $MB . " $sum";
ok(!$res->{error} && $res->{body} eq substr($flood, 0, 2 * $MB) . $tail,
    'an application that talks before it listens: no deadlock') or diag $res->{error} // length $res->{body};
for my $n (0, 100, $MB) {
    res_is(post($h, '/rude.php', noise($n)), 200, "no thanks\n", "an answer without reading $n bytes");
    # (That connection is gone before the next request: no race for it.)
    my $t = (grep { $_->{case} eq 'rude' } $r->requests)[-1];
    wait_for(sub { grep { $_->{conn} eq $t->{conn} && $_->{event} eq 'end' } $r->events });
    res_is(post($h, '/polite.php', noise($n)), 200, "thanks\n", "an answer before reading $n bytes");
}
res_is(post($h, '/half.php', $big), 502, undef, 'gone in mid-body: 502');
for my $kind (qw(tcp unix)) {    # TCP may swallow it all: ReadTimeout, then
    my $ru = responder(listen => $kind, rcvbuf => 8192, cases => $r->{cases});
    my $hu = host(responder => $ru, monkey => { MaxRequestSize => 2048 },
        conf => { SendTimeout => '1s', ReadTimeout => $kind eq 'tcp' ? '1s' : '60s' });
    my $t0 = time;
    res_is(post($hu, '/never.php', noise($MB)), 504, undef, "$kind: never read: 504");
    within($t0, 8, "$kind: in time");
}

# A second body on one connection that outgrows the buffer of the first: the
# core of Monkey 1.6 would move that buffer and read the request line from where
# it was, had the plugin not given it its first buffer back.
for my $sizes ([ 4097, 16384 ], [ 30_000, 200_000 ], [ 5000, 5000 ], [ 16384, 100, 16384 ]) {
    $c = client($h);
    for my $n (@$sizes) {
        $c->send($c->format(POST => '/md5.php', body => noise($n)));
        res_is($c->read_response(timeout => 5), 200, "$n " . md5_hex(noise($n)) . "\n",
            "POSTs of @$sizes bytes on one connection: $n");
    }
    $c->close;
}

# The host's limit: without the gate no plugin sees what is beyond it.
$h = host(responder => $r);
res_is(post($h, '/md5.php', noise(30_000)), 200, '30000 ' . md5_hex(noise(30_000)) . "\n", '30000 bytes within 32 KB');
$r->forget;
$c = client($h);
$c->send($c->format(POST => '/md5.php', body => noise(60_000)));
$res = $c->read_response;
if (gated()) { res_is($res, 200, '60000 ' . md5_hex(noise(60_000)) . "\n", 'beyond MaxRequestSize: the gate takes it') }
else {
    ok(($res->{status} // 413) == 413, 'beyond MaxRequestSize: 413 or a closed connection');
    is(scalar($r->requests), 0, 'and the application sees nothing');
}
res_is(get($h, '/hello.php'), 200, "hello\n", 'all is well');
finish;
