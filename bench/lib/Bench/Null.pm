# SPDX-License-Identifier: Apache-2.0
#
# bench/null, the FastCGI application that does no work. For FCGITest::Host it
# looks like any other (see FCGITest::Daemon).
#
#   my $app = Bench::Null::start(body => 1048576, rate => $bytes_per_second,
#       processes => 2);
#   my $count = Bench::Null::stop($app);    # { connections, requests, stdin }
package Bench::Null;
use strict;
use warnings;
use FCGITest;
use FCGITest::Daemon;

sub start {
    my (%o) = @_;
    my $program = "$ENV{TOP_BUILDDIR}/bench/null";
    die "bench: $program is not built (make bench builds it)\n" if !-x $program;
    my @options = map { defined $o{ $_->[1] } ? ($_->[0], $o{ $_->[1] }) : () }
      [ -b => 'body' ], [ -p => 'processes' ], [ -r => 'rate' ];
    my $app = FCGITest::Daemon->program('null', sub { ($program, @options, $_[0]) });
    $app->{processes} = $o{processes} || 1;
    return $app;
}

sub stop {
    my ($app) = @_;
    kill TERM => -$app->{pid};
    my @lines;
    wait_for(sub {
        @lines = $app->output =~ /^(connections .*)\n/mg;
        @lines == $app->{processes};
    }, 5) or die "bench: null does not end:\n" . $app->output;
    $app->kill_now;
    my %sum = (connections => -1);    # that of the library, which tried it
    for my $line (@lines) {
        my %count = split ' ', $line;
        $sum{$_} += $count{$_} for keys %count;
    }
    return \%sum;
}

1;
