# SPDX-License-Identifier: Apache-2.0
#
# Many targets side by side, and a long run: no target waits for another, and
# nothing grows.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Tool;
use IO::Select;
use IO::Socket::UNIX;

my $answer = "\1\x0a\0\0\0\0\0\0";
my $dir = FCGITest::temp_dir();

# One process that serves many sockets: socket i answers i * 10 ms after it
# was asked, but for every tenth, which never does.
sub many_servers {
    my ($n) = @_;
    my @l = map { IO::Socket::UNIX->new(Local => "$dir/$_.sock", Listen => 64) or die $! } 0 .. $n - 1;
    my $pid = fork // die;
    return $pid if $pid;
    FCGISyscall::die_with_parent();
    alarm 0;
    my $s = IO::Select->new(@l);
    my %nr = map { $l[$_] => $_ } 0 .. $#l;
    my (@due, %held);
    while (1) {
        for my $l ($s->can_read(@due ? 0.002 : 1)) {
            my $c = $l->accept or next;
            my $i = $nr{$l};
            $held{$c} = $c;
            push @due, [ time + $i / 100, $c ] if $i % 10 != 9;
        }
        for (splice @due) {
            if ($_->[0] > time) { push @due, $_; next }
            syswrite $_->[1], $answer;
            delete $held{ $_->[1] };
        }
    }
}
my $pid = many_servers(100);
my $w = FCGITest::slow(3);
my $r = tool('fcgi-ping', '-c', 1, '-W', $w, map { "$dir/$_.sock" } 0 .. 99);
is($r->{status}, 1, '100 targets, ten of which do not answer');
is(scalar(() = $r->{out} =~ /^8 bytes from/mg), 90, 'ninety answers');
is(scalar(() = $r->{out} =~ /timed out/g), 10, 'ten do not come in time');
cmp_ok($r->{took}, '<', $w + FCGITest::slow(1), 'within a second of the slowest');
my %late;
while ($r->{out} =~ m{/(\d+)\.sock: seq=1 time=([\d.]+)}g) { $late{$1} = $2 - 10 * $1 if $2 - 10 * $1 < -1 }
is_deeply(\%late, {}, 'no answer is said to come before it does');
$r = tool('fcgi-ping', '-c', 1, '-W', $w, grep { !/9\.sock/ } map { "$dir/$_.sock" } 0 .. 98);
tool_is($r, 0, undef, '', 'all that answer');
kill KILL => $pid;
waitpid $pid, 0;

# More targets than descriptors.
SKIP: {
    skip 'prlimit is not installed', 1 if system('prlimit --version >/dev/null 2>&1') != 0;
    $r = tool('fcgi-ping', '-c', 1, '-q', map({ "127.0.0.1:$_" } 20000 .. 20299), { limit => { n => '64:4096' } });
    unlike($r->{out}, qr/local/, '300 targets with a limit of 64 descriptors: it is raised');
}

# A long run: memory does not grow with the number of probes.
my $app = responder(listen => 'unix', quiet => 1);
$app->start(on_accept => sub { my ($c) = @_; while ($c->need(64)) { $c->{buf} = substr $c->{buf}, 64; $c->raw($answer) } });
my $probes = $ENV{FCGI_PING_PROBES} || ($ENV{FCGI_SANITIZER} || $ENV{FCGI_WRAP} ? 2000 : 20_000);
sub rss { my ($t) = slurp("/proc/$_[0]/status") =~ /^VmRSS:\s+(\d+)/m; return $t }
my ($early, $late);
$r = tool('fcgi-ping', '-a', '-k', '-q', '-c', $probes, $app->{path}, "$dir/none.sock", { bound => 300, signals => sub {
    my ($p, $d) = @_;
    # Both targets have been asked often, then very often.
    my $seen = sub {
        return 0 if !-s "$d/out";    # it has not begun
        kill QUIT => $p;
        my @n = slurp("$d/err") =~ m{app\.sock: (\d+)/}g;
        return $n[-1] // 0;
    };
    wait_for(sub { $seen->() > $probes / 10 }, 60);
    $early = rss($p);
    wait_for(sub { $seen->() > $probes * 0.8 }, 120);
    $late = rss($p);
    kill INT => $p;
} });
ok($late > 0 && $late - $early < 300, "$probes probes: memory does not grow") or diag "$early kB, then $late kB";
like($r->{out}, qr/^\d+ sent, \d+ received,(?: 1 unfinished,)? 0% loss/m, 'all were answered');
finish;
