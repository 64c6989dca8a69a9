# SPDX-License-Identifier: Apache-2.0
#
# One pool for all workers: MaxConnections and the queue, connections that are
# kept, and handed from worker to worker, and that none of it makes anybody
# wait without need.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use POSIX qw(WNOHANG);

plan(skip_all => 'ab is not installed') if !FCGITest::App::ab_program();
my $slow = slow() > 1;

sub served {
    my ($l, $n, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($l->{done} == $n && $l->{failed} == 0, "$name: every client has an answer")
      or diag $l->{text};
}

# --- the limit ---
for my $kind (qw(unix tcp)) {
    my $app = FCGITest::App->new(listen => $kind);
    my $h = host(responder => $app, workers => 4,
        conf => { MaxConnections => 4, QueueTimeout => '20s' });
    my $n = $slow ? 600 : 3000;
    my $l = ab($h, '/x.php?ms=1', n => $n, c => 200);
    served($l, $n, "$kind, 200 clients");
    is($l->{other}, 0, 'all of them 200');
    my $s = $app->stats;
    # The question itself is one connection more.
    cmp_ok($s->{most}, '<=', 5, "$kind: never more than MaxConnections");
    is($s->{requests}, $n, 'each request once');
    cmp_ok($s->{connections}, '<', $n / 2, 'and connections are kept');
    $h->stop_ok;
}

# --- what does not fit is told so, in time ---
{
    my $app = FCGITest::App->new;
    my $h = host(responder => $app, workers => 4,
        conf => { MaxConnections => 4, QueueSize => 8, QueueTimeout => '10s' });
    my $l = ab($h, '/x.php?ms=30', n => 400, c => 100);
    served($l, 400, 'a short queue');
    cmp_ok($l->{other}, '>', 50, 'some of them 503');
    like($h->log, qr/MaxConnections 4\) and too many requests wait for one, or for too long \(QueueSize 8, QueueTimeout\); answered 503/,
        'the log names the keys');
    my $s = $app->stats;
    is($s->{requests} + $l->{other}, 400, 'nobody was lost');
    cmp_ok($s->{most}, '<=', 5, 'and the limit held');
    $h->stop_ok;

    $h = host(responder => $app, workers => 4,
        conf => { MaxConnections => 1, QueueTimeout => '300ms' });
    my @c = map {
        my $c = client($h);
        $c->send($c->format(GET => '/x.php?ms=1500'));
        $c
    } 1 .. 3;
    my $t0 = time;
    my %got;
    for my $c (@c) {
        my $r = $c->read_response;
        $got{ $r->{status} }++;
        ok(scalar headers_of($r, 'Retry-After'), '503 has a Retry-After')
          if $r->{status} == 503;
    }
    is_deeply(\%got, { 200 => 1, 503 => 2 }, 'QueueTimeout: 503');
    within($t0, 4, 'in time');
    like($h->log, qr/within 300 ms \(QueueTimeout; MaxConnections 1\); answered 503/, 'and says why');
    $h->stop_ok;

    # Who leaves the queue holds nothing, and holds nobody up.
    $h = host(responder => $app, workers => 4,
        conf => { MaxConnections => 1, QueueTimeout => '30s' });
    $s = $app->stats;
    @c = map {
        my $c = client($h);
        $c->send($c->format(GET => $_ ? '/x.php' : '/x.php?ms=' . int(slow(2000))));
        sleep 0.02;
        $c
    } 0 .. 5;
    $_->rst for @c[ 1 .. 4 ];
    is($c[0]->read_response->{status}, 200, 'the first is served');
    is($c[5]->read_response->{status}, 200, 'and the last');
    is($app->stats->{requests} - $s->{requests}, 2, 'and those who have left are not');
    res_is(get($h, '/x.php'), 200, undef, 'and all is well');
    $h->stop_ok;
}

# --- first come, first served ---
{
    my $app = FCGITest::App->new;
    my $h = host(responder => $app, workers => 4,
        conf => { MaxConnections => 1, QueueTimeout => '20s' });
    my (@c, @order);
    for my $i (0 .. 7) {
        my $c = client($h);
        $c->send($c->format(GET => '/x.php?ms=60'));
        push @c, $c;
        sleep 0.03;
    }
    my $end = time + slow(15);
    my %left = map { $_ => 1 } 0 .. 7;
    while (%left && time < $end) {
        for my $i (sort { $a <=> $b } keys %left) {
            my ($r) = $c[$i]->ready(0, 0);
            next if !$r;
            delete $left{$i};
            push @order, $i;
        }
        sleep 0.005;
    }
    is("@order", '0 1 2 3 4 5 6 7', 'first come, first served, whatever the worker');
    $h->stop_ok;
}

# --- idle connections starve nobody ---
# An application with two processes, each pinned by an idle connection; whoever
# comes next, at whatever worker, is served at once.
for my $limit (0, 3) {
    my $app = FCGITest::App->new(children => 2);
    my $h = host(responder => $app, workers => 4,
        conf => { KeepAliveTimeout => '20s', MaxConnections => $limit });
    my @c = map { client($h) } 1 .. 24;    # spread over the workers
    my $t0 = time;
    my $bad = 0;
    for my $round (1 .. 4) {
        $_->send($_->format(GET => '/x.php?ms=5')) for @c;
        for (@c) { $bad++ if ($_->read_response(timeout => 5)->{status} // 0) != 200 }
        for (@c) {
            $_->send($_->format(GET => '/x.php'));
            $bad++ if ($_->read_response(timeout => 5)->{status} // 0) != 200;
        }
    }
    is($bad, 0, "two processes, 24 clients, limit $limit: all are served");
    within($t0, 8, 'and nobody waits for an idle connection to time out');
    # The application has one free process when a connection is handed over.
    $h->stop_ok;
}
{
    my $php = FCGITest::Daemon->php(children => 2);
  SKIP: {
        skip 'php-fpm is not installed', 4 if !$php;
        my $h = host(responder => $php, workers => 4, conf => { KeepAliveTimeout => '20s' },
            files => { 'x.php' => '<?php echo "hi";' });
        my $n = $slow ? 500 : 4000;
        my $l = ab($h, '/x.php', n => $n, c => 64);
        served($l, $n, 'php-fpm, 2 processes, 64 clients');
        is($l->{other}, 0, 'all of them 200');
        cmp_ok($l->{longest}, '<', slow(3000), 'nobody waits for long');
        my $t0 = time;
        get($h, '/x.php') for 1 .. 12;
        within($t0, 3, 'nor one after another');
        $h->stop_ok;
    }
}

# --- overload: everybody is answered, or refused in time, and then all is well ---
for my $kind (qw(unix tcp)) {
    my $app = FCGITest::App->new(listen => $kind, children => 4);
    my $h = host(responder => $app, workers => 2, conf => { QueueSize => 100 });
    my $n = $slow ? 1000 : 8000;
    my $l = ab($h, '/x.php?ms=5', n => $n, c => $n / 2);
    served($l, $n, "$kind: a burst of clients before four processes");
    cmp_ok($l->{other}, '>', $n / 10, 'those who are too many are refused');
    like($h->log, qr/it serves \d+ at a time: Concurrency/, 'and the log says why');
    my $s = $app->stats;
    is($s->{requests} + $l->{other}, $n, 'nobody was lost');
    # In two seconds the limit is found anew. What stays so is looked at while
    # requests come: where none do, nothing is kept while somebody else, such as our
    # question, waits for a process, and the next requests begin from the start.
    my $run = ab_start($h, '/x.php?ms=5', n => 6000, c => 8);
    sleep 2;
    $s = $app->stats;
    sleep 1;
    my $then = $app->stats;
    # One more is tried every 2 s, which may cost another its own.
    cmp_ok(20 * ($then->{connections} - $s->{connections}), '<=', $then->{requests} - $s->{requests}, '19 of 20 go out on kept connections');
    $l = ab_end($run);
    is($l->{other}, 0, 'all is as before');
    $h->stop_ok;
}

# --- a slow path leaves others their part ---
{
    my $app = FCGITest::App->new(children => 4);
    my $h = host(responder => $app, workers => 2);
    my $ms = int(slow(500));
    ab($h, '/x.php?ms=5', n => 200, c => 16);
    my $run = ab_start($h, "/slow.php?ms=$ms", n => 80, c => 20);
    sleep slow(0.3);
    my $l = ab($h, '/x.php?ms=5', n => 100, c => 8);
    served($l, 100, 'beside a slow path');
    # First come, first served, each of these would wait for twenty of those, and
    # all of those would be over long before.
    is(waitpid($run->{pid}, WNOHANG), 0, 'others are served while those wait');
    is(ab_end($run)->{failed}, 0, 'and so is the slow path');
    $h->stop_ok;
}

# --- a limit that is set ---
{
    my $app = FCGITest::App->new;
    my $h = host(responder => $app, workers => 4, conf => { Concurrency => 3 });
    my $l = ab($h, '/x.php?ms=5', n => 300, c => 24);
    served($l, 300, 'Concurrency 3');
    cmp_ok($app->stats->{most}, '<=', 4, 'is kept to');
    $h->stop_ok;
    $h = host(responder => $app, conf => { Concurrency => 'Off' });
    my @c = map { my $c = client($h); $c->send($c->format(GET => '/x.php?ms=' . int(slow(300)))); $c } 1 .. 12;
    $_->read_response for @c;
    cmp_ok($app->stats->{most}, '>=', 12, 'Concurrency Off: a connection each');
    $h->stop_ok;
}

# --- when processes suffice, connections are kept ---
{
    my $app = FCGITest::App->new;
    my $h = host(responder => $app, workers => 4);
    my $c = client($h);
    for (1 .. 50) {
        $c->send($c->format(GET => '/x.php'));
        $c->read_response;
    }
    get($h, '/x.php') for 1 .. 30;    # other workers: the same connection
    my $s = $app->stats;
    cmp_ok($s->{connections}, '<=', 12, '80 requests one after another: few connections')
      or diag join ' ', %$s;
    $h->stop_ok;

    $h = host(responder => $app, conf => { KeepAlive => 'Off' });
    $s = $app->stats;
    get($h, '/x.php') for 1 .. 5;
    is($app->stats->{connections} - $s->{connections}, 6, 'KeepAlive Off: one each');
    $h->stop_ok;

    $h = host(responder => $app, conf => { KeepAliveRequests => 3 });
    $s = $app->stats;
    get($h, '/x.php') for 1 .. 9;
    is($app->stats->{connections} - $s->{connections}, 4, 'KeepAliveRequests 3: three for nine');
    $h->stop_ok;

    $h = host(responder => $app, conf => { KeepAliveTimeout => '200ms' });
    get($h, '/x.php');
    ok(wait_for(sub { $app->stats->{open} == 1 }, 5), 'KeepAliveTimeout: closed when idle');
    $h->stop_ok;
}

# --- a stuck application is nobody else's matter ---
{
    my $good = FCGITest::App->new;
    my $stuck = FCGITest::App->new;
    $stuck->{name} = 'stuck';
    my $h = host(responder => [ $good, $stuck ], workers => 4,
        conf => { MaxConnections => 2 },
        match => [ '/slow.*\.php fastcgi stuck', '/.*\.php fastcgi app' ]);
    my @c = map {
        my $c = client($h);
        $c->send($c->format(GET => '/slow.php?ms=30000'));
        $c
    } 1 .. 40;
    my $t0 = time;
    my $l = ab($h, '/x.php', n => 200, c => 8);
    served($l, 200, 'beside a stuck application');
    is($l->{other}, 0, 'all of them 200');
    within($t0, 6, 'and at once');
    $_->rst for @c;
    ok(wait_for(sub { $stuck->stats->{open} == 1 }, 10), 'clients gone: the stuck one is let go');
    $h->stop_ok;
}
finish;
