# SPDX-License-Identifier: Apache-2.0
#
# Runs fcgi-ping, fcgi-get and their like, and looks at what they print.
#
#   my $r = tool('fcgi-ping', '-c', 1, $target, { stdin => 'text' });
#   $r->{out}, $r->{err}, $r->{status}, $r->{took}
#   tool_is($r, $status, qr/out/, qr/err/, 'name')
#
# Options: stdin => text; stdout => file to write to; env => {}; as => 'nobody'
# (as root only); signals => [[seconds, 'INT'], ...], counted
# from its first output, or a code that is called
# with the process id; dir => working directory; limit => {n => descriptors};
# bound => seconds.
package FCGITest::Tool;
use strict;
use warnings;
use Exporter 'import';
use File::Copy ();
use POSIX qw(:sys_wait_h);
use Test::More ();
use Time::HiRes qw(time sleep);
use FCGIFile qw(slurp);
use FCGITest;

our @EXPORT = qw(tool tool_is tool_path normal slurp);

my %copies;

sub tool_path {
    my ($name) = @_;
    my $dir = $ENV{TOP_BUILDDIR} || '.';
    return "$dir/$name";
}

# A program that others may run, wherever the tree is.
sub copy_of {
    my ($name) = @_;
    return $copies{$name} ||= do {
        my $to = FCGITest::temp_dir() . "/$name";
        File::Copy::copy(tool_path($name), $to) or die "$name: $!";
        chmod 0755, $to;
        $to;
    };
}

sub command {
    my ($name, $o, @args) = @_;
    my @cmd = (tool_path($name), @args);
    unshift @cmd, split ' ', $ENV{FCGI_WRAP} if $ENV{FCGI_WRAP} && !$o->{as};
    if ($o->{as}) {
        my ($uid, $gid) = (getpwnam $o->{as})[2, 3];
        @cmd = ('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', copy_of($name), @args);
    }
    return @cmd;
}

sub in_child {
    my ($o, $dir, @cmd) = @_;
    alarm 0;
    $SIG{$_} = 'DEFAULT' for qw(PIPE ALRM INT TERM HUP CHLD);
    FCGISyscall::die_with_parent();
    open STDIN,  '<', "$dir/in";
    open STDOUT, '>', $o->{stdout} || "$dir/out" or POSIX::_exit(126);
    open STDERR, '>', "$dir/err";
    # What make and the harness have open counts against a limit, too.
    POSIX::close($_) for 3 .. 255;
    $ENV{$_} = $o->{env}{$_} for keys %{ $o->{env} || {} };
    chdir $o->{dir} if $o->{dir};
    @cmd = ('prlimit', "--nofile=$o->{limit}{n}", @cmd) if $o->{limit};
    exec { $cmd[0] } @cmd or POSIX::_exit(127);
}

sub tool {
    my ($name, @args) = @_;
    my $o = ref $args[-1] eq 'HASH' ? pop @args : {};
    my $dir = FCGITest::temp_dir();
    my @cmd = command($name, $o, @args);
    FCGITest::Host::write_file("$dir/$_->[0]", $_->[1]) for [ in => $o->{stdin} // '' ], [ out => '' ], [ err => '' ];
    my $t0 = time;
    my $pid = fork // die "fork: $!";
    in_child($o, $dir, @cmd) if !$pid;
    my @signals = ref $o->{signals} eq 'ARRAY' ? @{ $o->{signals} } : ();
    my $bound = FCGITest::slow($o->{bound} || 30);
    $o->{signals}->($pid, $dir) if ref $o->{signals} eq 'CODE';
    my ($killed, $begun);
    while (waitpid($pid, WNOHANG) == 0) {
        $begun ||= time if -s "$dir/out";
        kill +(shift @signals)->[1], $pid if @signals && $begun && time - $begun > $signals[0][0];
        if (time - $t0 > $bound) { kill KILL => $pid; $killed = 1 }
        sleep 0.005;
    }
    my $s = $?;
    return {
        out => slurp("$dir/out"),
        err => slurp("$dir/err"), status => $killed ? 'killed' : $s & 127 ? 'signal ' . ($s & 127) : $s >> 8,
        took => time - $t0, cmd => substr("$name @args", 0, 300),
    };
}

# One test. $out and $err are a text, a pattern, or undef for anything.
sub tool_is {
    my ($r, $status, $out, $err, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @why;
    push @why, "status $r->{status}, not $status"
      unless ref $status ? $r->{status} =~ $status : $r->{status} eq $status;
    for ([ out => $out ], [ err => $err ]) {
        my ($what, $want) = @$_;
        next if !defined $want;
        push @why, "$what is not " . FCGITest::show($want)
          unless ref $want ? $r->{$what} =~ $want : $r->{$what} eq $want;
    }
    push @why, 'a sanitizer complained' if $r->{err} =~ /Sanitizer|runtime error:/;
    my $ok = Test::More::ok(!@why, $name);
    Test::More::diag("  $_") for @why;
    Test::More::diag("  $r->{cmd}\n--- out\n$r->{out}--- err\n$r->{err}") if !$ok;
    return $ok;
}

# Output with its times, which differ from run to run, replaced.
sub normal {
    my ($t) = @_;
    $t =~ s/\d+\.\d{3}(?=[^\d])/N/g;
    $t =~ s/time \d+ ms/time N ms/g;
    return $t;
}

1;
