# SPDX-License-Identifier: Apache-2.0
#
# Many clients that are slow, or go away: bounded memory for each, nothing left
# of any, and others are served meanwhile.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use Socket qw(:DEFAULT IPPROTO_TCP);

# It closes such clients twice, and Monkey ends by itself (mk_scheduler.c).
plan(skip_all => 'mandril, which takes requests through the core here, bears no clients that reset at once')
  if host_kind() eq 'monkey' && is_abi('1.6') && lane() eq 'core';

my $few = slow() > 1;
my $app = FCGITest::App->new;
# Two descriptors for each client.
my $h = host(responder => $app, workers => 4, monkey => { Timeout => 120 },
    wrap => [ 'sh', '-c', 'ulimit -n 4096; exec "$@"', 'sh' ]);

sub healthy {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    res_is(get($h, '/x.php'), 200, "ok\n", "$name: others are served") for 1 .. 4;
}
healthy('first');
get($h, '/x.php?size=1000000') for 1 .. 8;
sleep 0.3;
my $fds = $h->fds;

# --- slow readers of 20 MB ---
{
    my $n = $few ? 60 : 500;
    my $rss = $h->rss_kb;
    my @c = map {
        my $c = client($h, rcvbuf => 8192);
        $c->send($c->format(GET => '/x.php?size=20000000'));
        $c
    } 1 .. $n;
    # 10 kB/s each, for some seconds.
    my $read = 0;
    for (1 .. 5) {
        my $t0 = time;
        for my $c (@c) {
            my $got = sysread $c->{sock}, my $junk, 10_000;
            $read += $got if $got;
        }
        healthy('slow readers') if $_ == 3;
        my $left = 1 - (time - $t0);
        sleep $left if $left > 0;
    }
    cmp_ok($read, '>', $n * 10_000, 'they do get something');
    my $each = ($h->rss_kb - $rss) / $n;
    cmp_ok($each, '<', 96, "$n slow readers: less than 96 KiB each")
      or diag "$each KiB"
      if own_memory();
    diag sprintf '%.1f KiB each', $each if $ENV{FCGI_DEBUG};
    $_->rst for @c;
    cmp_ok($h->settled_fds($fds + 12), '<=', $fds + 12, 'no descriptor is left of them');
    ok(wait_for(sub { $app->stats->{open} < 12 }, 10), 'nor a connection to the application');
}

# --- clients that go away at any moment ---
{
    my $n = $few ? 1000 : 10_000;
    my @uris = qw(/x.php /x.php?ms=3 /x.php?size=300000 /x.php?ms=20 /x.php?size=20000 /nothing.txt);
    my $to = sockaddr_in($h->{port}, inet_aton($h->{addr}));
    my (@open, $done);
    srand 7;
    my $rss;
    my $one = sub {
        socket my $s, AF_INET, SOCK_STREAM, 0 or die "socket: $!";
        connect $s, $to or die "connect: $!";
        my $uri = $uris[ rand @uris ];
        my $req = "GET $uri HTTP/1.1\r\nHost: x\r\n\r\n";
        $req = "POST $uri HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" . 'x' x (rand 5000)
          if rand() < 0.15;
        $req = substr $req, 0, rand length $req if rand() < 0.1;
        syswrite $s, $req;
        sysread $s, my $junk, 1000 if rand() < 0.15 && $req =~ /\AGET.*\r\n\r\n\z/s;
        return $s;
    };
    for my $i (1 .. $n) {
        push @open, $one->();
        if (@open > 30) {
            my ($s) = splice @open, rand @open, 1;
            setsockopt $s, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if rand() < 0.5;
            close $s;
        }
        # When all buffers have been made that there will be.
        $rss = $h->rss_kb if $i == int $n / 2;
    }
    close $_ for @open;
    @open = ();
    cmp_ok($h->settled_fds($fds + 12), '<=', $fds + 12, "$n clients went away: no descriptor is left");
    ok(wait_for(sub { $app->stats->{open} < 40 }, 10), 'no connection is');
    my $grown = $h->rss_kb - $rss;
    cmp_ok($grown, '<', 3000, 'no memory is') if own_memory();
    healthy('after all');
    # Idle connections time out, and then nothing is left at all.
    ok(wait_for(sub { $app->stats->{open} == 1 }, 12), 'every connection was given back');
}
finish;
