# SPDX-License-Identifier: Apache-2.0
#
# System calls that a server makes for a request, counted by strace.
#
#   my $count = Bench::Calls::count($server, page => '/null.php',
#       clients => 32, seconds => 1);
#   # { requests, all, each => { epoll_wait => 1.0, ... } }: calls a request
package Bench::Calls;
use strict;
use warnings;
use Bench::Process;
use Bench::Wrk;
use FCGISyscall;
use FCGITest;
use POSIX ();

my ($strace) = grep { -x } qw(/usr/bin/strace);

sub available { return $strace }

sub count {
    my ($server, %o) = @_;
    my $d = temp_dir();
    my @attach = map { ('-p', $_) } Bench::Process::tree($server->{pid});
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        FCGISyscall::die_with_parent();
        open STDERR, '>', "$d/told";
        exec { $strace } $strace, '-c', '-f', '-o', "$d/calls", @attach or POSIX::_exit(127);
    }
    my $attached = wait_for(sub { Bench::Process::slurp("$d/told") =~ /attached/ }, 5);
    my $run = $attached && Bench::Wrk::run($server, %o);
    kill INT => $pid;
    waitpid $pid, 0;
    die "bench: strace: ", Bench::Process::slurp("$d/told") if !$attached;
    my %each;
    for (split /\n/, Bench::Process::slurp("$d/calls")) {
        my ($calls, $name) = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/ or next;
        $each{$name} = $calls / $run->{requests} if $name ne 'total';
    }
    my $all = 0;
    $all += $_ for values %each;
    return { requests => $run->{requests}, all => $all, each => \%each };
}

1;
