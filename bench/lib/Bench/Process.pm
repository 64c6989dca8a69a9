# SPDX-License-Identifier: Apache-2.0
#
# What a server's processes use, as /proc tells it. They are named by the first
# one's id, and are that one and all below it.
#
#   my @pids = Bench::Process::tree($pid);
#   my $ns = Bench::Process::cpu($pid);          # CPU time until now
#   my $memory = Bench::Process::memory($pid);   # from here on; all in bytes:
#   $memory->look;                               # now and then
#   ($memory->growth, $memory->files)            # most that it grew, and most
#                                                # that lay in nameless files
package Bench::Process;
use strict;
use warnings;

sub slurp {
    my ($file) = @_;
    open my $fh, '<', $file or return '';
    local $/;
    return scalar(<$fh>) // '';
}

sub tree {
    my ($pid) = @_;
    return $pid, map { tree($_) } map { split ' ' } map { slurp($_) } glob "/proc/$pid/task/*/children";
}

sub cpu {
    my ($pid) = @_;
    my $sum = 0;
    for my $file (map { glob "/proc/$_/task/*/schedstat" } tree($pid)) {
        my ($ns) = split ' ', slurp($file);
        $sum += $ns // 0;
    }
    return $sum;
}

# --- memory -----------------------------------------------------------------

sub status_bytes {
    my ($pid, $key) = @_;
    return slurp("/proc/$pid/status") =~ /^$key:\s+(\d+)/m ? $1 * 1024 : 0;
}

sub memory {
    my ($pid) = @_;
    my $self = bless { pids => [ tree($pid) ], files => 0 }, __PACKAGE__;
    for my $p (@{ $self->{pids} }) {
        # The peak is set to what there is now.
        open my $fh, '>', "/proc/$p/clear_refs" or die "bench: /proc/$p/clear_refs: $!\n";
        print $fh '5';
        close $fh or die "bench: /proc/$p/clear_refs: $!\n";
        $self->{before} += status_bytes($p, 'VmRSS');
    }
    return $self;
}

sub growth {
    my ($self) = @_;
    my $sum = 0;
    $sum += status_bytes($_, 'VmHWM') for @{ $self->{pids} };
    return $sum - $self->{before};
}

# Servers spool to files that they have removed at once.
sub look {
    my ($self) = @_;
    my $sum = 0;
    for my $fd (map { glob "/proc/$_/fd/*" } @{ $self->{pids} }) {
        my $name = readlink $fd // next;
        next if $name !~ / \(deleted\)\z/;
        my @stat = stat $fd;
        $sum += $stat[7] if @stat && -f _;
    }
    $self->{files} = $sum if $sum > $self->{files};
    return;
}

sub files { return $_[0]{files} }

1;
