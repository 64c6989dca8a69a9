# SPDX-License-Identifier: Apache-2.0
#
# Tables in Markdown, and the figures of several rounds.
#
#   my $table = Bench::Table->new([ 'server', 20 ], [ 'req/s', 8 ]);
#   $table->row('nginx', sprintf '%.0f', $rate);    # printed at once
#   my $m = Bench::Table::median(@values);
package Bench::Table;
use strict;
use warnings;

# The first column is text, the others are numbers.
sub new {
    my ($class, @columns) = @_;
    my $self = bless { widths => [ map { $_->[1] } @columns ] }, $class;
    print "\n";
    $self->row(map { $_->[0] } @columns);
    my ($first, @rest) = @{ $self->{widths} };
    print '|', join('|', '-' x ($first + 2), map { '-' x ($_ + 1) . ':' } @rest), "|\n";
    return $self;
}

sub row {
    my ($self, @cells) = @_;
    my @sign = ('-', ('') x $#cells);
    print '| ', join(' | ', map { sprintf "%$sign[$_]$self->{widths}[$_]s", $cells[$_] } 0 .. $#cells), " |\n";
    return;
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    my $middle = int @sorted / 2;
    return @sorted % 2 ? $sorted[$middle] : ($sorted[ $middle - 1 ] + $sorted[$middle]) / 2;
}

1;
