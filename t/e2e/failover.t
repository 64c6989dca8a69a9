# SPDX-License-Identifier: Apache-2.0
#
# Servers that go away, come back, are overloaded or stale: no request that may
# be sent again fails, and none that may have been executed is sent again.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use Fcntl;
use Socket;

plan(skip_all => 'ab is not installed') if !FCGITest::App::ab_program();
my $few = slow() > 1;

sub clean {
    my ($l, $n, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($l->{done} == $n && $l->{failed} == 0 && $l->{other} == 0, "$name: no failed request")
      or diag $l->{text};
}

# A client that has sent a request, and not read the answer.
sub asking {
    my ($h, $uri, $method, $body) = @_;
    my $c = client($h);
    $c->send($c->format($method || 'GET', $uri || '/x.php', body => $body));
    return $c;
}

# --- two servers, one killed and restarted under load ---
{
    my ($a, $b) = map { FCGITest::App->new(listen => $_) } qw(unix tcp);
    $b->{name} = 'other';
    my $h = host(responder => [ $a, $b ], workers => 4, conf => { FailTimeout => '500ms' });
    my $n = $few ? 2000 : 20_000;
    my $run = ab_start($h, '/x.php', n => $n, c => 32);
    ok(wait_for(sub {
        ($b->stats->{requests} // 0) > $n / 20 && ($a->stats->{requests} // 0) > 20
    }, 30), 'both are used');
    $b->stop;
    sleep 0.4;
    $b->start;
    my $l = ab_end($run);
    # The load may be over before: on a fast machine, or with few requests.
    my $back = wait_for(sub { get($h, '/x.php'); ($b->stats->{requests} // 0) > 5 }, 20);
    clean($l, $n, "killed under load of 32 clients, $n GETs");
    ok($back, 'restarted: it is used again');
    like($h->log, qr/server "other": taken out for 500 ms/, 'a line when it goes out');
    like($h->log, qr/server "other": works again/, 'and one when it comes back');
    unlike($h->log, qr/\[\s*Error\s*\].*answered/, 'nothing was answered with an error');
    $h->stop_ok;
}

# --- php-fpm reloaded under load ---
my $php = FCGITest::Daemon->php(children => 6);
SKIP: {
    skip 'php-fpm is not installed', 5 if !$php;
    my $h = host(responder => $php, workers => 4, files => { 'x.php' => '<?php echo "hi";' });
    my $n = $few ? 1000 : 8000;
    my $run = ab_start($h, '/x.php', n => $n, c => 16);
    for (1 .. 3) {
        sleep 0.3;
        kill USR2 => $php->{pid};
    }
    my $l = ab_end($run);
    clean($l, $n, "php-fpm, three reloads, $n GETs");
    like($php->output, qr/reloading/i, 'it was reloaded');
    res_is(get($h, '/x.php'), 200, 'hi', 'and serves');
    # One request after the other, so that each reload meets one alone.
    my %got;
    for my $i (1 .. 5) {
        kill USR2 => $php->{pid};
        for (1 .. 20) { $got{ get($h, '/x.php')->{status} // 'nothing' }++; sleep 0.002 }
    }
    is_deeply(\%got, { 200 => 100 }, 'five reloads: no GET fails');
    $h->stop_ok;
}

# --- a lone server that takes requests and dies, for a while ---
{
    my $dir = temp_dir();
    my $r = responder(name => 'dying', cases => { brief => sub {
        my ($c) = @_;
        return $c->reply("Content-Type: text/plain\r\n\r\nback\n") if !-e "$dir/dying";
        $c->report('died');
        $c->rst;
    } });
    my $h = host(responder => $r, conf => { MaxConnections => 1, KeepAlive => 'Off' });
    my $died = sub { scalar grep { $_->{event} eq 'died' } $r->events };
    my $fell = sub {
        my ($c, $n) = @_;
        $c->send($c->format(GET => '/brief.php'));
        wait_for(sub { $h->log =~ /(?:trying again.*){$n}/s }, 5);
    };
    open my $fh, '>', "$dir/dying" or die $!;
    my $c = client($h);
    ok($fell->($c, 1), 'a lone server breaks the connection: one more try');
    unlink "$dir/dying";
    res_is($c->read_response, 200, "back\n", 'is after a pause, and good');
    open $fh, '>', "$dir/dying" or die $!;
    res_is(get($h, '/brief.php'), 502, undef, 'and the last');
    is($died->(), 3, 'each was told');
    ok($fell->($c, 3), 'another');
    $c->rst;
    unlink "$dir/dying";
    res_is(get($h, '/brief.php'), 200, "back\n", 'who leaves in the pause leaves his connection');
    is($died->(), 4, 'and his request does not come again');
    $h->stop_ok;
}

# --- a lone application is restarted: nobody notices ---
{
    my $app = FCGITest::App->new;
    my $h = host(responder => $app, workers => 2);
    for my $method (qw(GET POST)) {
        $app->stop;
        my $mark = $h->mark;
        my @c = map { asking($h, '/x.php', $method, $method eq 'POST' ? 'x' : undef) } 1 .. 4;
        ok($h->wait_log(qr/(?:trying again.*){4}/s, $mark), "restarted: $method is tried again");
        $app->start;
        my %got;
        $got{ $_->read_response->{status} // 'nothing' }++ for @c;
        is_deeply(\%got, { 200 => 4 }, 'and served');
    }
    is($app->stats->{requests}, 4, 'once each');
    # Not for as long as it likes.
    $app->stop;
    my $mark = $h->mark;
    res_is(get($h, '/x.php'), 503, undef, 'gone: 503');
    like($h->log($mark), qr/trying again/, 'after other tries');
    $mark = $h->mark;
    res_is(get($h, '/x.php'), 503, undef, 'gone for long: 503');
    unlike($h->log($mark), qr/trying again/, 'at once');
    $app->start;
    res_is(get($h, '/x.php'), 200, "ok\n", 'back');
    $app->stop;
    $mark = $h->mark;
    get($h, '/x.php');
    like($h->log($mark), qr/trying again/, 'gone again: another try again');
    $h->stop_ok;
}

# --- the same where a kept connection goes on answering: no request waits on ---
{
    my $app = FCGITest::App->new;
    my $h = host(responder => $app, workers => 1);
    res_is(get($h, '/x.php'), 200, "ok\n", 'a connection is kept');
    unlink $app->{path};
    my $dir = temp_dir();
    my $pid = fork;
    if (!$pid) {
        my $c = client($h);
        my $end = time + slow(15);
        while (time < $end && !-e "$dir/done") {
            $c->send($c->format(GET => '/x.php?ms=200'));
            $c->read_response;
        }
        POSIX::_exit(0);
    }
    my $c = client($h);
    my $res;
    # Whichever of the two is on the kept connection.
    for (1 .. 50) {
        $c->send($c->format(GET => '/x.php'));
        $res = $c->read_response(timeout => 10);
        last if ($res->{status} // 0) != 200;
        sleep 0.1;
    }
    open my $done, '>', "$dir/done" or die $!;
    res_is($res, 503, undef, 'its socket is gone, a kept connection answers: 503');
    waitpid $pid, 0;
    $h->stop_ok;
}

# --- HealthCheck sees that it is back, so that the next restart is one ---
{
    my $app = FCGITest::App->new;
    my $h = host(responder => $app, conf => { HealthCheck => '100ms' });
    $app->stop;
    res_is(get($h, '/x.php'), 503, undef, 'away for long');
    $app->start;
    my $ours = 0;
    ok(wait_for(sub { ($app->stats->{connections} // 0) >= ++$ours + 3 }, 10), 'back, and HealthCheck passes');
    $app->stop;
    my $mark = $h->mark;
    my $c = asking($h);
    ok($h->wait_log(qr/trying again/, $mark), 'restarted');
    $app->start;
    res_is($c->read_response, 200, "ok\n", 'and waited for');
    $h->stop_ok;
}

# --- several servers ---
{
    my ($a, $b) = map { FCGITest::App->new } 1 .. 2;
    $b->{name} = 'other';
    my $h = host(responder => [ $a, $b ], workers => 1, conf => { FailTimeout => '300ms' });
    $b->stop;
    res_is(get($h, '/x.php'), 200, "ok\n", 'one of two is down') for 1 .. 4;
    sleep 2.5;
    res_is(get($h, '/x.php'), 200, "ok\n", 'for long') for 1 .. 4;
    $a->stop;
    my $mark = $h->mark;
    my @c = map { asking($h) } 1 .. 4;
    ok($h->wait_log(qr/(?:trying again.*){4}/s, $mark), 'the other one is restarted');
    $a->start;
    my %got;
    $got{ $_->read_response->{status} // 'nothing' }++ for @c;
    is_deeply(\%got, { 200 => 4 }, 'and waited for');
    $h->stop_ok;
}
{
    my ($a, $b) = map { FCGITest::App->new } 1 .. 2;
    $b->{name} = 'other';
    my $h = host(responder => [ $a, $b ], workers => 1, files => { 'only.php' => '' },
        conf => { MaxFails => 4 }, match => [ '/only.*\.php fastcgi app', '/.*\.php fastcgi' ]);
    $a->stop;
    my $c = asking($h, '/only.php');
    ok($h->wait_log(qr/trying again/), 'one of two is restarted');
    sleep 1;
    $a->start;
    res_is($c->read_response, 200, "ok\n", 'and waited for, as the rule names no other');
    unlike($h->log, qr/taken out/, 'that was one failure, of four');
    $b->stop;
    res_is(get($h, '/x.php'), 200, "ok\n", 'it serves') for 1 .. 6;
    $h->stop_ok;
}

# --- connections that the application closes ---
{
    my $app = FCGITest::App->new(rounds => 7);
    my $h = host(responder => $app, workers => 4);
    my $l = ab($h, '/x.php', n => 2000, c => 16);
    clean($l, 2000, 'closed after 7 requests each');
    is($app->stats->{requests}, 2000, 'each was executed once');
    # A kept one that was closed meanwhile, found before it is used: POST too.
    my $s = $app->stats->{requests};
    for (1 .. 10) {
        get($h, '/x.php');
        $app->stop;
        $app->start;
        res_is(post($h, '/x.php', 'body'), 200, undef, 'POST after a restart');
    }
    is($app->stats->{requests}, 1, 'executed once by each');
    $h->stop_ok;
}

# --- what may have been executed is not sent again ---
{
    my ($a, $b) = map { FCGITest::App->new } 1 .. 2;
    $b->{name} = 'other';
    my $h = host(responder => [ $a, $b ], conf => { MaxFails => 0 });
    my $total = sub { $a->stats->{requests} + $b->stats->{requests} };
    for my $kept (0, 1) {
        my $name = $kept ? 'on a kept connection' : 'on a new connection';
        if ($kept) { get($h, '/x.php') for 1 .. 4; sleep 0.05 }
        my $before = $total->();
        res_is(post($h, '/x.php?die', 'body'), 502, undef, "POST, closed without an answer, $name");
        is($total->() - $before, 1, 'was executed once');
        $before = $total->();
        res_is(request($h, PATCH => '/x.php?die'), 502, undef, 'PATCH too');
        is($total->() - $before, 1, 'once');
        if ($kept) { get($h, '/x.php') for 1 .. 4 }
        $before = $total->();
        res_is(get($h, '/x.php?die'), 502, undef, 'GET');
        cmp_ok($total->() - $before, '>=', 2, 'was tried at the other server');
        cmp_ok($total->() - $before, '<=', 5, 'and not for ever');
    }
    $h->stop_ok;
    $h = host(responder => [ $a, $b ], conf => { MaxFails => 0, Retries => 0 });
    for my $kept (0, 1) {
        my $name = $kept ? 'on a kept connection' : 'on a new connection';
        if ($kept) { get($h, '/x.php') for 1 .. 4; sleep 0.05 }
        my $before = $total->();
        res_is(get($h, '/x.php?die'), 502, undef, "Retries 0: GET $name");
        is($total->() - $before, 1, 'was tried once');
    }
    # What cannot have been executed is no second execution.
    for my $app ($a, $b) { $app->stop; $app->start }
    res_is(get($h, '/x.php'), 200, "ok\n", 'Retries 0: kept connections that are closed are replaced') for 1 .. 4;
    $h->stop_ok;
}

# --- nor after a timeout: it may still run ---
{
    my ($a, $b) = map { FCGITest::App->new } 1 .. 2;
    $b->{name} = 'other';
    my $h = host(responder => [ $a, $b ], conf => { MaxFails => 0, ReadTimeout => '300ms' });
    my $total = sub { $a->stats->{requests} + $b->stats->{requests} };
    for my $method (qw(GET PUT DELETE POST)) {
        my $before = $total->();
        my $mark = $h->mark;
        my $uri = '/x.php?ms=' . slow(1500);
        my @body = $method =~ /^P/ ? (body => 'x') : ();
        res_is(request($h, $method => $uri, @body), 504, undef, "$method, ReadTimeout");
        unlike($h->log($mark), qr/trying/, 'is not tried again');
        sleep slow(1.5);
        is($total->() - $before, 1, 'and was executed once');
    }
    $h->stop_ok;
}

# --- one request, one failure: of the first server that it met ---
{
    my @app = map { FCGITest::App->new } 1 .. 4;
    $app[$_]{name} = "app$_" for 0 .. 3;
    my $h = host(responder => [@app], workers => 1, conf => { FailTimeout => '60s' });
    res_is(get($h, '/x.php?die'), 502, undef, 'a URL that kills its process');
    my $executed = 0;
    $executed += $_->stats->{requests} for @app;
    is($executed, 4, 'was tried on four servers');
    is(scalar(() = $h->log =~ /taken out/g), 1, 'and takes out one of them');
    res_is(get($h, '/x.php'), 200, "ok\n", 'the others serve') for 1 .. 6;
    $h->stop_ok;
}

# --- overload: was not executed, goes to another ---
{
    my $r = responder(name => 'full', cases => {
        over => sub { $_[0]->end(0, 2) },
        mpx  => sub { $_[0]->end(0, 1) },
    });
    my $other = responder(name => 'free', cases => {
        over => page("free\n"), mpx => page("free\n"),
    });
    my $h = host(responder => [ $r, $other ], servers => { free => { Backup => 'On' } },
        conf => { FailTimeout => '400ms' });
    res_is(post($h, '/over.php', 'x'), 200, "free\n", 'OVERLOADED: the Backup server has it');
    like($h->log, qr/server "full": taken out/, 'and it counts');
    ok(wait_for(sub { $h->log =~ /works again/ || !get($h, '/hello.php') }, 5), 'back again');
    res_is(post($h, '/mpx.php', 'x'), 200, "free\n", 'CANT_MPX_CONN');
    $h->stop_ok;
    $h = host(responder => $r);
    for (1 .. 3) { res_is(get($h, '/over.php'), 503, undef, 'a lone one: 503') }
    res_is(get($h, '/hello.php'), 200, "hello\n", 'and never taken out');
    $h->stop_ok;
    # Nothing else that END_REQUEST may say proves it.
    $r = responder(name => 'odd', cases => {
        map { my $n = $_; "odd$n" => sub { $_[0]->report("ran"); $_[0]->end(0, $n) } } 3, 4, 77, 255
    });
    my $none = responder(name => 'none', cases => {
        map { my $n = $_; "odd$n" => sub { $_[0]->report("ran"); $_[0]->reply(page("again\n")) } } 3, 4, 77, 255
    });
    $h = host(responder => [ $r, $none ], servers => { none => { Backup => 'On' } }, conf => { MaxFails => 0 });
    for my $n (3, 4, 77, 255) {
        for my $method (qw(POST GET)) {
            $_->forget for $r, $none;
            my @body = $method eq 'POST' ? (body => 'x') : ();
            res_is(request($h, $method => "/odd$n.php", @body), 502, undef, "$method, protocol status $n: 502");
            is(scalar(grep { $_->{event} eq 'ran' } map { $_->events } $r, $none), 1, 'and was executed once');
        }
    }
    like($h->log, qr/protocol status 77, which FastCGI does not know; answered 502/, 'the log says so');
    like($h->log, qr/no Responder \(UNKNOWN_ROLE\); answered 502/, 'or what it was');
    $h->stop_ok;
}

# --- a server that is taken out while requests wait for it ---
{
    # A Unix socket with a full backlog that nobody accepts from.
    my $dir = temp_dir();
    my $stuck = IO::Socket::UNIX->new(Local => "$dir/stuck.sock", Listen => 0) or die $!;
    my @fill;
    for (1 .. 8) {
        socket my $s, AF_UNIX, SOCK_STREAM, 0 or die $!;
        fcntl $s, F_SETFL, O_NONBLOCK or die $!;
        push @fill, $s;
        last if !connect $s, sockaddr_un("$dir/stuck.sock");
    }
    my $good = FCGITest::App->new;
    my $h = host(responder => $good, workers => 2, files => { 'x.php' => '' },
        fastcgi_conf => "[FASTCGI]\n    MaxConnections 1\n    ConnectTimeout 2s\n"
          . "    QueueTimeout 8s\n\n[FASTCGI_SERVER]\n    ServerName app\n    ServerPath $good->{path}\n\n"
          . "[FASTCGI_SERVER]\n    ServerName stuck\n    ServerPath $dir/stuck.sock\n");
    my @c = map {
        my $c = client($h);
        $c->send($c->format(POST => '/x.php?ms=5', body => 'x'));
        $c
    } 1 .. 16;
    my %got;
    $got{ $_->read_response(timeout => 20)->{status} // 'nothing' }++ for @c;
    is_deeply(\%got, { 200 => 16 }, 'taken out: those who wait for it go to the other');
    like($h->log, qr/server "stuck": taken out/, 'it was');
    like($h->log, qr/taken out while the request waited for a connection; trying another/, 'and the log says so');
    is($good->stats->{requests}, 16, 'each was executed once');
    $h->stop_ok;
}

# --- no descriptor is left: no fault of a server's ---
SKIP: {
    my ($prlimit) = grep { -x } qw(/usr/bin/prlimit /bin/prlimit);
    skip 'prlimit is not installed', 5 if !$prlimit;
    my ($a, $b) = map { FCGITest::App->new } 1 .. 2;
    $b->{name} = 'other';
    my $h = host(responder => [ $a, $b ], workers => 1);
    my $c = client($h);
    $c->send($c->format(GET => '/static.txt'));
    res_is($c->read_response, 200, "static text\n", 'a connection is there');
    # When those of finished connections are closed.
    my ($seen, $last) = ('', '-');
    while ($seen ne $last) {
        $last = $seen;
        sleep slow(0.2);
        $seen = join ' ', glob "/proc/$h->{pid}/fd/*";
    }
    my %used = map { m{/(\d+)\z} ? ($1 => 1) : () } split ' ', $seen;
    my $lowest = 0;
    $lowest++ while $used{$lowest};
    system $prlimit, "--nofile=$lowest:", '--pid', $h->{pid};
    $c->send($c->format(GET => '/x.php'));
    res_is($c->read_response, 503, undef, 'no descriptor: 503');
    system $prlimit, '--nofile=1024:', '--pid', $h->{pid};
    like($h->log, qr/Too many open files \(raise the limit of descriptors, ulimit -n\)/, 'the log names the cure');
    unlike($h->log, qr/taken out/, 'and no server is taken out for it');
    $c->send($c->format(GET => '/x.php'));
    res_is($c->read_response, 200, "ok\n", 'and all is well again');
    $h->stop_ok;
}

# --- a Backup server, weights, rules ---
{
    my ($a, $b, $c) = map { FCGITest::App->new } 1 .. 3;
    $b->{name} = 'heavy';
    $c->{name} = 'spare';
    my $h = host(responder => [ $a, $b, $c ], conf => { FailTimeout => '400ms' },
        servers => { heavy => { Weight => 3 }, spare => { Backup => 'On' } },
        match => [ '/only.*\.php fastcgi app', '/.*\.php fastcgi' ]);
    get($h, '/x.php') for 1 .. 40;
    is($a->stats->{requests}, 10, 'Weight 1: a quarter');
    is($b->stats->{requests}, 30, 'Weight 3: the rest');
    is($c->stats->{requests}, 0, 'Backup: nothing');
    get($h, '/only.php') for 1 .. 4;
    is($a->stats->{requests}, 14, 'a rule that names one');
    $_->stop for $a, $b;
    res_is(get($h, '/x.php'), 200, "ok\n", 'both down: the Backup serves');
    $b->start;
    ok(wait_for(sub { get($h, '/x.php'); $b->stats->{requests} }, 10), 'one is back, and used');
    res_is(get($h, '/only.php'), 503, undef, 'a rule whose only server is down');
    $a->start;
    res_is(get($h, '/only.php'), 200, "ok\n", 'and is tried at once when it is back');
    $h->stop_ok;
}

# --- HealthCheck ---
{
    my ($a, $b) = map { FCGITest::App->new } 1 .. 2;
    $b->{name} = 'other';
    my $h = host(responder => [ $a, $b ], workers => 2,
        conf => { HealthCheck => '100ms', FailTimeout => '60s' });
    sleep 0.5;
    unlike($h->log, qr/taken out/, 'HealthCheck: those that answer are up');
    $b->stop;
    ok($h->wait_log(qr/server "other": taken out/), 'one that does not goes out, without a request');
    res_is(get($h, '/x.php'), 200, "ok\n", 'the other serves') for 1 .. 4;
    $b->start;
    ok($h->wait_log(qr/server "other": works again/), 'and comes back long before FailTimeout');
    $h->stop_ok;
    for my $real (grep { $_ } FCGITest::Daemon->php(children => 1), FCGITest::Daemon->fcgiwrap(children => 1)) {
        my $h = host(responder => [ $real, $a ], conf => { HealthCheck => '100ms' });
        sleep 0.8;
        unlike($h->log, qr/taken out/, "$real->{name} passes it");
        $h->stop_ok;
    }
}
finish;
