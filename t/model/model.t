# SPDX-License-Identifier: Apache-2.0
#
# The models of this folder: each holds, and finds each mistake that can be put
# into it. What they are models of has not been changed since: where it has, look
# whether the model is still one of it, and write the new sum into its `sum:` line
# (UPDATE=1).
#
#   FCGI_MODEL=long       larger ones, for minutes
use strict;
use warnings;
use Cwd qw(abs_path);
use Digest::SHA qw(sha1_hex);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIFile;
use Test::More;

my $top = $ENV{TOP_SRCDIR} // "$FindBin::Bin/../..";
my $here = abs_path($FindBin::Bin);
my ($cc) = grep { !system "command -v $_ >/dev/null 2>&1" } $ENV{CC} || (), 'gcc', 'clang';
my $has = !system 'command -v spin >/dev/null 2>&1';
plan skip_all => 'spin is not installed' if !$has && !$ENV{FCGI_REQUIRE_SPIN};
chdir tempdir(CLEANUP => 1) or die $!;

# What a model holds in: `fair`, for an LTL formula.
my @models = (
    { name => 'handover', mistakes => 7, runs => [ '-DMOST=1', '-DMOST=2' ] },
    { name => 'queue', mistakes => 2, fair => 1, runs => [''] },
    { name => 'limit', mistakes => 3, fair => 1, wrong => '-DCLIENTS=2',
        runs => [ '-DTELLS=1', '-DTELLS=0 -DCLIENTS=2', '-DTELLS=1 -DCLIENTS=2 -DPROCESSES=2' ],
        long => [ '-DTELLS=0', '-DTELLS=1 -DPROCESSES=2', '-DTELLS=0 -DPROCESSES=2 -DCLIENTS=2' ] },
);

# (errors, states, output)
sub check {
    my ($m, $options) = @_;
    unlink 'pan';
    my $build = `spin -a $options '$here/$m->{name}.pml' 2>&1 && $cc -O1 -w -o pan -DMEMLIM=6000 @{[$m->{fair} ? '-DNFAIR=4' : '-DSAFETY']} pan.c 2>&1`;
    return (undef, 0, $build) if !-x 'pan';
    my $out = `./pan -m4000000 -n @{[$m->{fair} ? '-a -f' : '']} 2>&1`;
    return (undef, 0, $out) if $out =~ /max search depth too small|out of memory|memory limit/;
    my ($errors) = $out =~ /errors: (\d+)/;
    my ($states) = $out =~ /(\S+) states, stored/;
    return ($errors, $states, $out);
}

# The text of the functions that the model names, as one sum.
sub sum {
    my ($text) = @_;
    my ($all, @missing) = ('');
    while ($text =~ m{^(?:/| )\* of: (\S+) (.*?)(?=\*/|\n \* of:|\n \* sum:)}msg) {
        my ($file, $names) = ($1, $2);
        $names =~ s/^ \*//mg;
        my $source = slurp("$top/$file") // '';
        for my $name (split ' ', $names) {
            my ($body) = $source =~ /^(?:\w[^\n;]*\n)?[^\n;]*\b\Q$name\E\([^;{]*\)\n\{\n(.*?)^\}/ms;
            push @missing, "$file has no $name()" if !defined $body;
            $all .= ($body // '') =~ s{/\*.*?\*/}{}sgr =~ s/\s+//gr;
        }
    }
    return (substr(sha1_hex($all), 0, 12), @missing);
}

for my $m (@models) {
    my $text = slurp("$here/$m->{name}.pml");
    my ($sum, @missing) = sum($text);
    is_deeply(\@missing, [], "$m->{name}: the functions that it is of are there");
    if ($ENV{UPDATE}) { spew("$here/$m->{name}.pml", $text =~ s/^ \* sum: \K\w+/$sum/mr) }
    else { is($text =~ /^ \* sum: (\w+)/m ? $1 : 'none', $sum, "$m->{name}: ... and as they were when it was written") }
    for my $run (@{ $m->{runs} }, ($ENV{FCGI_MODEL} // '') eq 'long' ? @{ $m->{long} // [] } : ()) {
        my ($errors, $states, $out) = check($m, $run);
        is($errors, 0, "$m->{name} $run: $states states, no error") or diag $out;
    }
    for my $mistake (1 .. $m->{mistakes}) {
        my ($errors, undef, $out) = check($m, "-DMISTAKE=$mistake @{[$m->{wrong} // '']}");
        ok($errors, "$m->{name}: mistake $mistake is found") or diag $out;
    }
}
done_testing;
