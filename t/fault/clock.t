# SPDX-License-Identifier: Apache-2.0
#
# The time of day jumps, forwards and backwards, by an hour or by decades, while
# requests are under way, wait or fail. No deadline moves: what is served is
# served, what is late is late, and dates are those of the new time.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use FCGITest::Clock;
use FCGIFile;
use JSON::PP ();
use Time::Piece ();

my $clock = FCGITest::Clock->new;
my $app = FCGITest::App->new;
my $one = FCGITest::App->new;
$one->{name} = 'one';
my $log = temp_dir() . '/access.log';
my $h = host(responder => [ $app, $one ], workers => 2, wrap => [ $clock->wrap ], files => { map { $_ => '' } qw(x.php one.php) },
    match => [ '/status fastcgi =status', '/one\.php fastcgi one', '/.*\.php fastcgi app' ],
    conf => { ReadTimeout => slow(1000) . 'ms', ClientBodyTimeout => '5s', QueueTimeout => '5s', FailTimeout => '300ms', HealthCheck => '100ms',
        AccessLog => $log, AccessLogFormat => 'JSON' },
    servers => { one => { MaxConnections => 1 } });

# Begins a request; the code that is returned reads its answer.
sub begin {
    my ($method, $uri, $bytes) = @_;
    my $c = client($h);
    $c->send("$method $uri HTTP/1.1\r\nHost: a\r\nConnection: close\r\n$bytes");
    return ($c, sub { return $c->read_response(method => $method, timeout => 10) });
}

sub seconds { my ($text, $format) = @_; return eval { Time::Piece->strptime($text, $format)->epoch } // 0 }
sub last_line { return (split /\n/, slurp($log) // '')[-1] // '{}' }

my $year = 365 * 86400;
for my $jump (3600, -3600, 10 * $year, -10 * $year, 60 - CORE::time, 40 * $year, 0) {
    my $name = "to $jump s of the true time";
    # Each is under way when the clock jumps.
    my (undef, $slow) = begin(GET => '/x.php?ms=300', "\r\n");
    my ($half, $rest) = begin(POST => '/x.php?sum', "Content-Length: 10\r\n\r\n01234");
    my (undef, $late) = begin(GET => '/x.php?ms=60000', "\r\n");
    my @queue = map { (begin(GET => "/one.php?ms=150&n=$_", "\r\n"))[1] } 1 .. 3;
    my $t0 = time;
    sleep 0.1;
    $clock->jump($jump);
    sleep 0.1;
    $half->send('56789');
    res_is($slow->(), 200, "ok\n", "$name: one that is executed");
    like($rest->()->{body} // '', qr/^10 \d+$/, "$name: one whose body is under way");
    is_deeply([ map { $_->()->{status} } @queue ], [ 200, 200, 200 ], "$name: those that wait");
    is($late->()->{status}, 504, "$name: one that takes too long");
    my $took = time - $t0;
    ok($took > slow(0.9) && $took < slow(3), sprintf '%s: which is noticed when it is due (%.1f s)', $name, $took);
    my $date = seconds((headers_of(get($h, '/x.php'), 'Date'))[0], '%a, %d %b %Y %H:%M:%S GMT');
    cmp_ok(abs($date - $clock->now), '<=', 3, "$name: Date");
    ok(wait_for(sub {
        my $line = eval { JSON::PP::decode_json(last_line()) } or return 0;
        abs(seconds($line->{time}, '%Y-%m-%dT%H:%M:%S%z') - $clock->now) <= 15 && $line->{total_us} < 60e6;
    }, 5), "$name: the access log") or diag last_line();
    my $status = eval { JSON::PP::decode_json(get($h, '/status?json')->{body}) };
    cmp_ok(abs(($status->{time} // 0) - $clock->now), '<=', 3, "$name: the status");
    is(get($h, '/status')->{status}, 200, "$name: its page");
    # A server that fails is left out for FailTimeout, and comes back.
    $one->stop;
    ok(wait_for(sub { get($h, '/one.php')->{status} != 200 }, 5), "$name: a server is gone");
    $clock->jump($jump - 7200);
    $one->start;
    ok(wait_for(sub { get($h, '/one.php')->{status} == 200 }, 5), "$name: and comes back, whatever the clock says");
}
finish;
