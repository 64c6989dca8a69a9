# SPDX-License-Identifier: Apache-2.0
#
# Names in ServerAddr: each address is a server of its own, which comes and goes
# as the name service says; no worker is blocked, and no request lost.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use FCGITest::DNS;

plan(skip_all => FCGITest::DNS::why()) if !FCGITest::DNS::possible();
plan(skip_all => 'ab is not installed') if !FCGITest::App::ab_program();

my $dns = FCGITest::DNS->new;
my $app = FCGITest::App->new(listen => 'tcp');
my $port = $app->{port};
my $other = FCGITest::App->new(listen => 'unix');
$other->{name} = 'other';

# The same application on further hosts: 127.0.0.2 and so on.
my %at = ('127.0.0.1' => $app);

sub app_at {
    my ($address) = @_;
    return $at{$address} //= FCGITest::App->new(listen => 'tcp', address => $address, port => $port);
}

sub served { return $at{ $_[0] }->stats->{requests} // 0 }

sub name { $dns->set('app.test' => { a => [@_] }) }

sub named {
    my ($conf, %o) = @_;
    my $text = "[FASTCGI]\n    ResolveInterval 1s\n    ConnectTimeout 2s\n$conf\n"
      . "[FASTCGI_SERVER]\n    ServerName app\n    ServerAddr app.test:$port\n\n"
      . "[FASTCGI_SERVER]\n    ServerName other\n    ServerPath $other->{path}\n";
    return host(fastcgi_conf => $text, workers => 2,
        files => { 'x.php' => '', 'other.php' => '' },
        match => [ '/other\.php fastcgi other', '/.*\.php fastcgi app' ],
        wrap => [ $dns->wrap ], %o);
}

# --- several addresses: several servers, which take turns ---
app_at("127.0.0.$_") for 2, 3;
name(map { "127.0.0.$_" } 1 .. 3);
my $h = named('', workers => 1);
res_is(get($h, '/x.php'), 200, "ok\n", 'three addresses') for 1 .. 6;
is_deeply([ map { served("127.0.0.$_") } 1 .. 3 ], [ 2, 2, 2 ], 'take turns');

# --- one is dead: taken out alone, with its address in the log ---
$at{'127.0.0.2'}->stop;
res_is(get($h, '/x.php'), 200, "ok\n", 'one is dead: no request fails') for 1 .. 8;
like($h->log, qr/server "app" \(127\.0\.0\.2:$port\): taken out for 10000 ms/, 'it is taken out, by its address');
is(() = $h->log =~ /taken out/g, 1, 'alone, and once');
like($h->log, qr/server "app" \(127\.0\.0\.2:$port\): GET \/x\.php: cannot connect to app\.test:$port: Connection refused.*trying another server/,
    'and the request\'s line names it, too');
$h->stop_ok;

# --- they come and go under load ---
$at{'127.0.0.2'}->start;
my $few = slow() > 1;
for my $method (qw(GET POST)) {
    name('127.0.0.1', '127.0.0.2');
    $h = named('', workers => 4);
    my $n = $few ? 2000 : 20_000;
    my $before = eval { my $s = 0; $s += served($_) for keys %at; $s };
    my $run = ab_start($h, '/x.php?ms=2', n => $n, c => 32, $method eq 'POST' ? (post => 'x') : ());
    my $wait = sub { $h->wait_log($_[0], 0, 15) };
    name('127.0.0.2', '127.0.0.3');
    ok($wait->(qr/\(127\.0\.0\.3:$port\): is an address of the name now, and used/), "$method: one comes");
    ok($wait->(qr/\(127\.0\.0\.1:$port\): is no address of the name any more, and not used/), 'one goes');
    ok(wait_for(sub { ($at{'127.0.0.1'}->stats->{open} // 1) <= 1 }, 10), 'and is left without a connection');
    name('127.0.0.1');
    ok($wait->(qr/\(127\.0\.0\.3:$port\): is no address of the name any more/), 'the others go');
    my $l = ab_end($run);
    ok($l->{done} == $n && !$l->{failed} && !$l->{other}, "$n requests, 32 clients: none has failed") or diag $l->{text};
    my $after = 0;
    $after += served($_) for keys %at;
    is($after - $before, $n, 'each was executed once');
    unlike($h->log, qr/taken out|trying|Error/, 'and none was tried again');
    $h->stop_ok;
}

# --- one machine with an address of each family is one server ---
$dns->set('app.test' => { a => ['127.0.0.1'], aaaa => ['::1'] });
$h = named('    Retries 0');
res_is(get($h, '/x.php'), 200, "ok\n", 'two families, where the application has one: even without Retries') for 1 .. 3;
unlike($h->log, qr/taken out|trying/, 'that is no failure');
$h->stop_ok;

# --- restarted: an address that there is no way to does not hide it ---
name('127.0.0.1', '224.0.0.1');
$h = named('');
res_is(get($h, '/x.php'), 200, "ok\n", 'two addresses, one of them of no host') for 1 .. 3;
$app->stop;
my $c = client($h);
$c->send($c->format(GET => '/x.php'));
ok($h->wait_log(qr/trying again/), 'restarted: tried again');
$app->start;
res_is($c->read_response, 200, "ok\n", 'and waited for');
$h->stop_ok;

# --- a service: SRV records, with ports, weights and priorities ---
{
    my @on = map { FCGITest::App->new(listen => 'tcp') } 1 .. 4;
    my $srv = sub { $dns->set('_php._tcp.test' => { srv => [@_], ttl => 1 }) };
    my $served = sub { join ' ', map { $_->stats->{requests} // 0 } @on };
    my $ask = sub { my ($h, $n) = @_; res_is(get($h, '/x.php'), 200, "ok\n", 'served') for 1 .. $n };
    my $serviced = sub {
        return host(match => ['/.*\.php fastcgi'], files => { 'x.php' => '' }, wrap => [ $dns->wrap ], workers => 1,
            fastcgi_conf => "[FASTCGI_SERVER]\n    ServerName php\n    ServerAddr _php._tcp.test\n    FailTimeout 1s\n");
    };
    $dns->set('one.test' => { a => ['127.0.0.1'] });
    $srv->("1 30 $on[0]{port} one.test", "1 10 $on[1]{port} one.test",
        "2 0 $on[2]{port} one.test", "1 50 $on[3]{port} gone.test");
    my $h = $serviced->();
    $ask->($h, 8);
    is($served->(), '6 2 0 0', 'three to one, and none of a higher priority; a host that does not exist is left out');
    $_->stop for @on[ 0, 1 ];
    $ask->($h, 4);
    is($on[2]->stats->{requests}, 4, 'a higher priority, where no other is up');
    like($h->log, qr/server "php" \(127\.0\.0\.1:$on[0]{port}\): taken out for 1000 ms/, 'the log names the member');
    $_->start for @on[ 0, 1 ];
    ok(wait_for(sub { get($h, '/x.php'); $on[0]->stats->{requests} && $on[1]->stats->{requests} }, 20), 'they come back');
    # The record's TTL is shorter than ResolveInterval.
    $srv->("1 0 $on[3]{port} one.test");
    ok($h->wait_log(qr/server "php" \(127\.0\.0\.1:$on[3]{port}\): is an address/, 0, 8), 'a TTL of 1 s: asked for again');
    my $left = qr/:$on[0]{port}\): is no address/;
    ok($h->wait_log($left, 0, 8), 'others go');
    $ask->($h, 3);
    is($on[3]->stats->{requests}, 3, 'and it is used alone');
    $h->stop_ok;

    # 41 records do not fit into a datagram.
    $srv->((map { "1 1 $_ one.test" } 1 .. 40), "0 1 $on[0]{port} one.test");
    my $before = $on[0]->stats->{requests};
    $h = $serviced->();
    $ask->($h, 2);
    is($on[0]->stats->{requests}, $before + 2, '41 records: the lowest priority is used');
    my $mark = $h->mark;
    $srv->('0 0 0 .');
    ok($h->wait_log(qr/_php\._tcp\.test does not resolve any more, .*no SRV record with a host/, $mark, 8),
        'not offered any more: what was known stays');
    $ask->($h, 1);
    # After a failure it is asked for every 5 s.
    $srv->("0 0 $on[0]{port} one.test");
    ok($h->wait_log(qr/:7\): is no address/, $mark, 12), 'offered again');
    $mark = $h->mark;
    $dns->set('one.test' => { fail => 1 });
    ok($h->wait_log(qr/does not resolve any more, its last/, $mark, 20), 'its host cannot be asked for: what was known stays');
    $ask->($h, 1);
    $h->stop_ok;
}

# --- one that does not resolve at start, and then does ---
$dns->set('app.test' => { silent => 1 });
$h = named('');
like($h->log, qr/Warning\] fastcgi: server "app": app\.test:\d+ does not resolve: .*answered 503 until it does/,
    'a name that does not resolve is a warning');
my $t0 = time;
res_is(get($h, '/x.php'), 503, undef, 'its requests are answered 503');
like($h->log, qr/server "app": GET .*the name does not resolve: /, 'and the log says why');
# The name service does not answer all the while: others do not wait for it.
res_is(get($h, '/other.php'), 200, "ok\n", 'others are served') for 1 .. 20;
within($t0, 2, 'at once');
name('127.0.0.1');
ok(wait_for(sub { (get($h, '/x.php')->{status} // 0) == 200 }, 30), 'it resolves later, and is used');
ok($h->wait_log(qr/server "app": app\.test:\d+ resolves now/), 'with a line in the log');
unlike($h->log, qr/is an address/, 'and no other');

# --- other addresses, and none ---
name('127.0.0.78');
ok($h->wait_log(qr/\(127\.0\.0\.78:$port\): is an address/, 0, 20), 'another address is noticed');
my $mark = $h->mark;
name('127.0.0.1');
ok($h->wait_log(qr/\(127\.0\.0\.1:$port\): is an address/, $mark, 20), 'and the right one again');
for my $gone ({ fail => 1 }, {}) {
    $mark = $h->mark;
    $dns->set('app.test' => $gone);
    ok($h->wait_log(qr/does not resolve any more, its last addresses are used/, $mark, 30), 'a name that is gone: a warning');
    res_is(get($h, '/x.php'), 200, "ok\n", 'and its last addresses stay in use');
    name('127.0.0.1');
    my $asked = $dns->asked('app.test');
    ok(wait_for(sub { $dns->asked('app.test') > $asked + 1 }, 30), 'it is asked for again');
}

# --- more addresses than there is room for ---
name(map { "127.0.1.$_" } 1 .. 70);
ok($h->wait_log(qr/app\.test:$port has 70 addresses, of which the first 64 are used/, 0, 20), '70 addresses: a warning');
$h->stop_ok;
finish;
