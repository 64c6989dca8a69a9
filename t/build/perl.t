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
    my $package = 'main';
    while (<$in>) {
        last if /^__END__/;
        $package = $1 if /^package (\S+);/;
        $is_defined{"${package}::$_"} = 1 for /^\s*sub (\w+)/, /^use .*\bqw\(([^)]*)\)/ ? split ' ', $1 : ();
        next if /^\s*#/;
        push @{ $calls{$1} }, "$file:$." while /(?<![\w:&'"\$])((?:FCGI|Bench)\w*(?:::\w+)*::[a-z]\w*)\s*\(/g;
    }
}
ok(keys %calls > 20, 'calls are found');
is_deeply({ map { $is_defined{$_} ? () : ($_ => $calls{$_}) } keys %calls }, {}, 'all that they call is defined');
done_testing;
