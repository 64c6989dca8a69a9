# SPDX-License-Identifier: Apache-2.0
#
# The manual pages as they are read: mdoc(7) takes a word such as "No", "In" or
# "At" for a macro, quotes what was not to be, and breaks a line that was to be
# copied. What the source says has to be on the page.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIParts;
use Test::More;

my $build = $ENV{TOP_BUILDDIR} or plan skip_all => 'TOP_BUILDDIR is not set';
`mandoc -T utf8 /dev/null 2>&1`;
plan skip_all => 'no mandoc here' if $? == -1 || $? >> 8 == 127;
binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;

# Macros that may stand in a line of another one. No, In, At, An, Ad, Do and So
# are words, where they are not written for a quote.
my %macro = map { $_ => 1 } qw(Ac Ao Ap Aq Ar Bc Bo Bq Bsx Bx Cd Cm Dc Dq Dv Dx
    Ec Em Eo Er Es Ev Fa Fc Fl Fn Fo Ft Fx Ic Li Lk Ms Mt Nm Ns Nx Oc Oo Op Ot
    Ox Pa Pc Pf Po Pq Qc Ql Qo Qq Sc Sm Sq Sx Sy Ta Tn Ux Va Vt Xc Xo Xr);
my %opened = (Do => 'Dc', So => 'Sc');

# The letters and digits alone: where lines break and what is punctuation does
# not matter.
sub letters {
    my ($text) = @_;
    $text =~ s/[^[:alnum:]]//g;
    return $text;
}

# What is shown of the arguments of a macro.
sub shown {
    my ($arguments) = @_;
    my @words;
    while ($arguments =~ /\G\s*("[^"]*"|\S+)/g) {
        my $word = $1;
        next if $macro{$word} || $opened{$word} && $arguments =~ / $opened{$word}\b/;
        push @words, $word;
    }
    my $text = join ' ', @words;
    $text =~ s/\\\*?(?:\(..|\[[^]]*\]|[&e-])//g;
    return letters($text);
}

sub plain {
    my ($line) = @_;
    $line =~ s/\\e/\\/g;
    $line =~ s/\\([&-])/$1 eq '-' ? '-' : ''/ge;
    return $line =~ s/\s+/ /gr;
}

my @pages = sort grep { !/\.in$/ } glob "$build/man/*.[158]";
cmp_ok(scalar(@pages), '>=', FCGIParts::left_out('plugin') ? 4 : 6, 'the pages are there');
for my $file (@pages) {
    my ($name) = $file =~ m{([^/]+)\z};
    open my $in, '<:utf8', $file or die "$file: $!";
    my @source = <$in>;
    close $in;
    chomp @source;
    open my $out, '-|:utf8', 'mandoc', '-T', 'utf8', '-O', 'width=78', $file or die "mandoc: $!";
    my @page = <$out>;
    ok(close($out), "$name is rendered");
    chomp @page;
    s/.\x08//g for @page;
    my $text = letters("@page");

    my (@gone, @broken, $display, $session);
    for my $i (0 .. $#source) {
        local $_ = $source[$i];
        my $at = "$name:" . ($i + 1) . ": $_";
        $display = /^\.Bd -literal/ ? 1 : 0 if /^\.(?:Bd|Ed)\b/;
        $session = 0 if /^\.Bd/;
        # What follows a command's line in a display is its output, which is
        # as long as it is.
        my $command = /^\.Dl (.*)/ ? $1 : $display && !/^\./ && (!$session || /^\$ /) ? $_ : undef;
        $session = 1 if $display && /^\$ /;
        if (defined $command) {
            my $wanted = plain($command);
            push @broken, $at if $wanted =~ /\S/ && !grep { length() <= 80 && index(s/\s+/ /gr, $wanted) >= 0 } @page;
        }
        push @gone, $at if /^\.(?:It|[DSPQB]q|Ql|Em|Sy|Cm|Li|Ic|Ar|Pa|Fl|Ev|Dl|Ss|Nd|Pf) (.*)/ && index($text, shown($1)) < 0;
    }
    ok(!@gone, "$name: all that is said is shown") or diag join "\n", @gone;
    ok(!@broken, "$name: a line to be copied is one line") or diag join "\n", @broken;

    my @nested;
    my $whole = join "\n", @page;
    push @nested, $1 while $whole =~ /(“[^”]*“[^”\n]*)/g;
    ok(!@nested, "$name: no quotes within quotes") or diag join "\n", @nested;
}
done_testing;
