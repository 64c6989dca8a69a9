# SPDX-License-Identifier: Apache-2.0
#
# Where a server's time goes, sampled by perf.
#
#   my @lines = Bench::Perf::hottest($server, page => '/null.php',
#       clients => 32, seconds => 3);    # share, object, symbol
package Bench::Perf;
use strict;
use warnings;
use Bench::Process;
use Bench::Wrk;
use FCGISyscall;
use FCGITest;
use POSIX ();

use constant LINES => 40;

my ($perf) = grep { -x } qw(/usr/bin/perf);

sub available { return $perf }

sub hottest {
    my ($server, %o) = @_;
    my $d = temp_dir();
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        FCGISyscall::die_with_parent();
        open STDOUT, '>', "$d/told";
        open STDERR, '>&', \*STDOUT;
        exec { $perf } $perf, 'record', '-F', 999, '-o', "$d/perf.data", '-p',
          join(',', Bench::Process::tree($server->{pid}))
          or POSIX::_exit(127);
    }
    # It does not tell when it is ready.
    wait_for(sub { -s "$d/perf.data" }, 5);
    sleep 0.3;
    Bench::Wrk::run($server, %o);
    kill INT => $pid;
    waitpid $pid, 0;
    my $report = Bench::Wrk::output_of($perf, 'report', '--stdio', '-i', "$d/perf.data", '--no-children',
        '-F', 'overhead,dso,symbol');
    my @lines = map { s/[\s-]+\z//r } grep { /^\s*\d+\.\d+%/ } split /\n/, $report;
    return @lines ? @lines[ 0 .. (@lines < LINES ? $#lines : LINES - 1) ] : ('perf saw nothing');
}

1;
