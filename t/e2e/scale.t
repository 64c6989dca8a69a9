# SPDX-License-Identifier: Apache-2.0
#
# PHP-FPM on several machines, as docs/scale-out.md has it: a name with several
# addresses, a service with SRV records, HAProxy between. Machines are killed,
# added, frozen (their packets are dropped) and drained under load: no GET fails,
# and no POST is executed twice.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use FCGITest::Net;

my $why = FCGITest::Net::enter();
plan(skip_all => $why) if $why;
plan(skip_all => 'ab is not installed') if !FCGITest::App::ab_program();
alarm 400 * slow();

my $few = slow() > 1;
my $dir = temp_dir();
chmod 0777, $dir;
my @m = map { FCGITest::Net->machine($_) } 1 .. 4;

sub names { FCGITest::Net::names('php.internal' => [ map { $m[ $_ - 1 ] } @_ ]) }

# The script writes down who has executed what.
my $script = <<"X2";
<?php
file_put_contents('$dir/done', \$_SERVER['QUERY_STRING'] . "\\n", FILE_APPEND);
usleep(\$_SERVER['REQUEST_METHOD'] === 'POST' ? 10000 : 3000);
echo 'ok';
X2

sub served {
    my ($address, $keys) = @_;
    unlink "$dir/done";
    return host(fastcgi_conf => "[FASTCGI_SERVER]\n    ServerName php\n    ServerAddr $address\n    ConnectTimeout 1s\n"
          . "    FailTimeout 2s\n" . ($keys // ''),
        workers => 4, files => { 'x.php' => $script }, match => ['/.*\.php$ fastcgi']);
}

sub executed { return -s "$dir/done" || 0 }

# Runs GETs, and one step after the other while they run.
sub gets {
    my ($h, $name, @steps) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $n = $few ? 4000 : 20_000;
    my $run = ab_start($h, '/x.php', n => $n, c => 32);
    for my $i (0 .. $#steps) {
        # Each request has written one byte, the newline.
        ok(wait_for(sub { executed() > $n * ($i + 1) / (@steps + 1.5) }, 60), "$name: step " . ($i + 1));
        $steps[$i]->();
    }
    my $l = ab_end($run);
    ok($l->{done} == $n && !$l->{failed} && !$l->{other}, "$name: of $n GETs none has failed") or diag $l->{text}, $h->log;
    diag sprintf '%s: %d a second, the longest %d ms', $name, $l->{rate}, $l->{longest};
}

# Runs POSTs of so many clients, each with a number of its own; returns those
# that were not answered with 200.
sub posts {
    my ($h, $name, @steps) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($clients, $each) = (12, $few ? 100 : 500);
    my @pids;
    for my $k (1 .. $clients) {
        my $pid = fork // die $!;
        if ($pid) { push @pids, $pid; next }
        open my $out, '>', "$dir/client$k" or die $!;
        for my $i (1 .. $each) {
            my $r = post($h, "/x.php?$k-$i", 'x', timeout => 30);
            print $out "$k-$i ", $r->{status} // 'none', "\n";
        }
        close $out;
        POSIX::_exit(0);
    }
    my $lines = sub { open my $fh, '<', "$dir/done" or return 0; my $l = () = <$fh>; return $l };
    for my $i (0 .. $#steps) {
        ok(wait_for(sub { $lines->() > $clients * $each * ($i + 1) / (@steps + 1.5) }, 60), "$name: step " . ($i + 1));
        $steps[$i]->();
    }
    waitpid $_, 0 for @pids;
    my (%times, %status);
    open my $fh, '<', "$dir/done" or die $!;
    while (<$fh>) { chomp; $times{$_}++ if length }    # a machine that was frozen may do GETs of before
    for my $k (1 .. $clients) {
        open my $in, '<', "$dir/client$k" or die $!;
        while (<$in>) { my ($id, $s) = split; $status{$id} = $s }
    }
    is(scalar keys %status, $clients * $each, "$name: each POST is answered");
    is_deeply([ grep { $times{$_} > 1 } sort keys %times ], [], 'none was executed twice');
    is_deeply([ grep { $status{$_} eq '200' && !$times{$_} } sort keys %status ], [], 'and each with 200 was');
    my @bad = grep { $status{$_} ne '200' } sort keys %status;
    diag sprintf '%s: %d of %d POSTs not answered with 200 (%s)', $name, scalar @bad, $clients * $each,
      join ' ', map { "$_: $status{$_}" } @bad;
    return @bad;
}

# --- a name with several addresses ---
names(1, 2, 3);
my $h = served('php.internal:9000');
gets($h, 'a name', sub { $m[0]->kill }, sub { names(1 .. 4) }, sub { $m[1]->freeze }, sub { $m[0]->start });
like($h->log, qr/server "php" \(10\.77\.0\.11:9000\): taken out/, 'the machine that was killed is out');
ok($h->wait_log(qr/server "php" \(10\.77\.0\.14:9000\): is an address of the name now/, 0, 15), 'the one that was added is in');
like($h->log, qr/server "php" \(10\.77\.0\.12:9000\): taken out/, 'the frozen one is out');
unlike($h->log, qr/Error/, 'and nothing was answered with an error');
ok($h->wait_log(qr/server "php" \(10\.77\.0\.11:9000\): works again/, 0, 20) || get($h, '/x.php'), 'started again: used again');
$m[1]->thaw;
$h->stop_ok;

# --- drained by the name service: not even a POST fails ---
names(1, 2);
$h = served('php.internal:9000');
my @bad = posts($h, 'drained', map {
    my ($gone, @now) = @$_;
    sub { names(@now); $h->wait_log(qr/10\.77\.0\.1$gone:9000\): is no address of the name any more/, 0, 10) };
} [ 1, 2, 3 ], [ 2, 3, 4 ], [ 3, 4, 1 ]);
is(@bad, 0, 'a set that changes, as a headless Service has it: no POST fails');
like($h->log, qr/10\.77\.0\.1$_:9000\): is no address of the name any more/, "machine $_ was left") for 1 .. 3;
$h->stop_ok;

# --- killed and frozen: POSTs that were under way there fail, no other ---
names(1, 2, 3);
$h = served('php.internal:9000');
@bad = posts($h, 'killed and frozen', sub { $m[0]->kill }, sub { $m[1]->freeze });
cmp_ok(scalar @bad, '<=', 24, 'no more fail than were under way');
$m[0]->start;
$m[1]->thaw;
$h->stop_ok;

# --- a service, as Consul names it ---
FCGITest::Net::services('_php._tcp.internal' => [ [ $m[0], 1, 10 ], [ $m[1], 1, 10 ], [ $m[2], 2, 1 ] ]);
$h = served('_php._tcp.internal');
gets($h, 'a service', sub { $m[0]->kill }, sub { $m[1]->freeze },
    sub { FCGITest::Net::services('_php._tcp.internal' => [ [ $m[2], 1, 1 ], [ $m[3], 1, 1 ] ]) });
ok($h->wait_log(qr/server "php" \(10\.77\.0\.14:9000\): is an address of the name now/, 0, 15), 'its records change');
unlike($h->log, qr/Error/, 'nothing was answered with an error');
$m[0]->start;
$m[1]->thaw;
$h->stop_ok;

# --- HAProxy between ---
SKIP: {
    my $haproxy = FCGITest::Net::program('haproxy') or skip 'haproxy is not installed', 4;
    FCGITest::Tree::write_file("$dir/haproxy.cfg", <<'X3' . join '', map { "    server m$_->{n} $_->{address}:9000 check\n" } @m[ 0 .. 2 ]);
defaults
    mode tcp
    timeout connect 1s
    timeout client 90s
    timeout server 90s
    retries 3
    option redispatch 1
listen php
    bind 10.77.0.1:9100
    balance leastconn
    default-server inter 300ms fastinter 100ms fall 2 rise 2 on-marked-down shutdown-sessions
X3
    my $proxy = bless { pid => FCGITest::Net::spawn($haproxy, '-db', '-q', '-f', "$dir/haproxy.cfg"), owner => $$ }, 'FCGITest::Net';
    push @FCGITest::DAEMONS, $proxy;
    $h = served('10.77.0.1:9100');
    ok(wait_for(sub { (get($h, '/x.php')->{status} // 0) == 200 }, 20), 'HAProxy is up');
    unlink "$dir/done";
    gets($h, 'HAProxy', sub { $m[0]->kill }, sub { $m[1]->freeze });
    $m[0]->start;
    $m[1]->thaw;
    $h->stop_ok;
}
finish;
