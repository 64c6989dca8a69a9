# SPDX-License-Identifier: Apache-2.0
#
# What no test runs, the benchmark, calls what is there: each Perl function that
# a file of the tree calls by its whole name is defined in it.
use strict;
use warnings;
use Test::More;

my $top = $ENV{TOP_SRCDIR} or plan skip_all => 'TOP_SRCDIR is not set';
my (%is_defined, %calls);
for my $file (glob("$top/t/lib/*.pm $top/t/lib/FCGITest/*.pm $top/t/*/*.t $top/bench/run $top/bench/lib/Bench/*.pm")) {
    open my $in, '<', $file or die "$file: $!";
    my $text = do { local $/; <$in> };
    $text =~ s/^(?:__END__.*|\s*#[^\n]*)//gms;
    my ($package) = $text =~ /^package (\S+);/m ? $1 : 'main';
    $is_defined{"${package}::$_"} = 1 for $text =~ /^\s*sub (\w+)/gm, map { split } $text =~ /^use \S+ qw\(([^)]*)\)/gm;
    $calls{$1}{$file} = 1 while $text =~ /(?<![\w:&'"\$])((?:FCGI|Bench)\w*(?:::\w+)*::[a-z]\w*)\s*\(/g;
}
ok(keys %calls > 20, 'calls are found');
is_deeply({ map { $is_defined{$_} ? () : ($_ => $calls{$_}) } keys %calls }, {}, 'what they call is defined');
done_testing;
