# SPDX-License-Identifier: Apache-2.0
#
# What no test runs, the benchmark, calls what is there: each function of a module
# of ours that a Perl file calls by its whole name is defined once all are loaded.
use strict;
use warnings;
use Test::More;

my $top = $ENV{TOP_SRCDIR} or plan skip_all => 'TOP_SRCDIR is not set';
my @folders = ("$top/t/lib", "$top/bench/lib");
my (%calls, @modules);
for my $file (glob("$top/t/lib/*.pm $top/t/lib/FCGITest/*.pm $top/t/*/*.t $top/bench/run $top/bench/lib/Bench/*.pm")) {
    push @modules, $1 =~ s{/}{::}gr if $file =~ m{/lib/(.*)\.pm\z};
    open my $in, '<', $file or die "$file: $!";
    while (<$in>) {
        next if /^\s*#/;
        $calls{$1}{$file} = 1 while /(?<![\w:&'"\$])((?:FCGI|Bench)\w*(?:::\w+)*::[a-z]\w*)\s*\(/g;
    }
}
ok(keys %calls > 20, 'calls are found');
my @defined = split ' ', qx($^X @{[ map { "-I'$_'" } @folders ]} @{[ map { "-M$_" } @modules ]} -e '
    \$FCGITest::FINISHED = 1;
    print "\$_\\n" for grep { defined &\$_ } \@ARGV' @{[ keys %calls ]});
is($?, 0, 'all modules are loaded');
delete @calls{@defined};
is_deeply(\%calls, {}, 'what they call is defined');
done_testing;
