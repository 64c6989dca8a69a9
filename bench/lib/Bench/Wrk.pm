# SPDX-License-Identifier: Apache-2.0
#
# One run of wrk against a server.
#
#   my $run = Bench::Wrk::run($server, page => '/null.php', clients => 32,
#       seconds => 3, post => 1048576);
#   # { requests, rate, p99, longest, lost, refused, cpu }: requests a second;
#   # ms; clients that waited for 2 s in vain or lost their connection; answers
#   # that are no success; ns of the server's CPU time for a request
package Bench::Wrk;
use strict;
use warnings;
use Bench::Process;
use FCGISyscall;
use FCGITest;
use POSIX ();

my ($wrk) = grep { -x } qw(/usr/bin/wrk /usr/local/bin/wrk);
my %scripts;

sub program { return $wrk // die "bench: wrk is not installed\n" }

# wrk is told by a script what to send.
sub script {
    my ($bytes) = @_;
    return $scripts{$bytes} //= do {
        my $file = temp_dir() . '/post.lua';
        FCGITest::Tree::write_file($file, <<"X");
wrk.method = "POST"
wrk.body = string.rep("x", $bytes)
wrk.headers["Content-Type"] = "application/octet-stream"
X
        $file;
    };
}

sub ms {
    my ($number, $unit) = @_;
    my %factor = (us => 0.001, ms => 1, s => 1000, m => 60_000);
    return defined $unit ? $number * $factor{$unit} : 0;
}

# What a command prints; it does not outlive this process.
sub output_of {
    my (@command) = @_;
    my $pid = open(my $from, '-|') // die "fork: $!";
    if (!$pid) {
        FCGISyscall::die_with_parent();
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    local $/;
    return scalar(<$from>) // '';
}

sub run {
    my ($server, %o) = @_;
    my @command = (program(), '-t1', "-c$o{clients}", "-d$o{seconds}s", '--latency',
        ($o{post} ? ('-s', script($o{post})) : ()), "http://127.0.0.1:$server->{port}$o{page}");
    my $cpu = Bench::Process::cpu($server->{pid});
    my $out = output_of(@command);
    $cpu = Bench::Process::cpu($server->{pid}) - $cpu;
    my ($requests) = $out =~ /(\d+) requests in/;
    die "bench: wrk: $out" if !defined $requests;
    my ($rate)    = $out =~ m{Requests/sec:\s+([\d.]+)};
    my ($refused) = $out =~ /Non-2xx or 3xx responses: (\d+)/;
    my $lost = 0;
    $lost += $_ for $out =~ /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/;
    return {
        requests => $requests, rate => $rate, lost => $lost, refused => $refused // 0,
        p99      => ms($out =~ /99%\s+([\d.]+)([a-z]+)/),
        longest  => ms($out =~ /Latency\s+\S+\s+\S+\s+([\d.]+)([a-z]+)/),
        cpu      => $requests ? $cpu / $requests : 'inf',
    };
}

1;
