# SPDX-License-Identifier: Apache-2.0
#
# Tests of the tests: the code is changed in one small way, and a unit test that
# concerns it has to fail. The changes are drawn from all that there are, by a
# fixed seed; one that makes the same machine code is none. `known`, beside this
# file, has those that change nothing, with the reason.
#
#   FCGI_MUTANTS=200      so many of them
#   FCGI_SEED=1           others
#   FCGI_MUTANT_ONLY=RE   those whose line, as it is told, matches
use strict;
use warnings;
use Cwd qw(abs_path);
use Digest::SHA qw(sha1_hex);
use File::Temp qw(tempdir);
use FindBin;
use List::Util qw(first);
use lib "$FindBin::Bin/../lib";
use FCGIFile;
use Test::More;

my $top = abs_path($ENV{TOP_SRCDIR} // "$FindBin::Bin/../..");
my $build = abs_path($ENV{TOP_BUILDDIR} // '.');
my $want = $ENV{FCGI_MUTANTS} || 200;
my $seed = $ENV{FCGI_SEED} // 1;
my $only = $ENV{FCGI_MUTANT_ONLY} // '';
my ($cc) = grep { !system "command -v $_ >/dev/null 2>&1" } $ENV{CC} || (), 'gcc', 'clang';
my $tmp = tempdir(CLEANUP => 1);

# Files, and the tests that concern them, the quickest first.
my @HTTP = map { "test_http_$_" } qw(accept target chunked head);
my @PROTO = map { "test_proto_$_" } qw(pair record header response request response_bulk);
my %tests = (
    'src/http' => [ @HTTP, 'test_gateway_origin' ],
    'src/proto' => [@PROTO],
    'src/gateway/retry.c' => ['test_gateway_retry'],
    'src/backend/limit.c' => [ 'test_backend_limit_rules', 'test_backend_server', 'test_backend_limit' ],
);
my @files = map { s{^\Q$top\E/}{}r } map { /\.c\z/ ? "$top/$_" : glob "$top/$_/*.c" } sort keys %tests;

# One after the other, at each place of a line where it fits.
my @operators = (
    (map { my ($from, $to) = @$_; [ qr/(?<=[\w\)\]] )\Q$from\E(?= [\w\(*!&'"-])/, $to ] }
        [ '<', '<=' ], [ '<=', '<' ], [ '>', '>=' ], [ '>=', '>' ], [ '==', '!=' ], [ '!=', '==' ],
        [ '&&', '||' ], [ '||', '&&' ], [ '+', '-' ], [ '-', '+' ], [ '+=', '-=' ], [ '-=', '+=' ], [ '&', '|' ], [ '|', '&' ]),
    [ qr/(?:&&|\|\|)(?=$)/, { '&&' => '||', '||' => '&&' } ],
    [ qr/(?<=[\w\]\)])\+\+/, '--' ], [ qr/(?<=[\w\]\)])--/, '++' ],
    [ qr/(?<=[\s\(])!(?=[\w\(])/, '' ],
    [ qr/(?<![\w.'"\\])\d+U?(?=[\s;,\)\]])/, sub { $_[0] =~ s/(\d+)/$1 + 1/er } ],
    [ qr/\btrue\b/, 'false' ], [ qr/\bfalse\b/, 'true' ],
    [ qr/^\s+(?!return|case|default|break;|else|\w+ \*?\w+ =|(?:static|const|struct|enum|bool|size_t|uint\w+|unsigned|char|int) )[\w*(].*;$/, ';' ],
    [ qr/\bbreak;/, ';' ], [ qr/\bcontinue;/, ';' ],
);

# All changes: { file, line, was, is }.
sub changes {
    my ($file) = @_;
    my (@all, $comment, $n);
    for my $line (split /\n/, slurp("$top/$file")) {
        $n++;
        my $code = $line;
        if ($comment) { $comment = 0 if $code =~ m{\*/}; next }
        $code =~ s{/\*.*?\*/}{' ' x length $&}ge;
        if ($code =~ m{/\*}) { $comment = 1; next }
        next if $code =~ /^\s*#|^\S.*;$|^\s*"/;
        $code =~ s/"(?:\\.|[^"\\])*"/'"' x length $&/ge;
        for my $operator (@operators) {
            my ($re, $to) = @$operator;
            while ($code =~ /$re/g) {
                my ($at, $size, $old) = ($-[0], $+[0] - $-[0], substr $line, $-[0], $+[0] - $-[0]);
                my $new = ref $to eq 'CODE' ? $to->($old) : ref $to ? $to->{$old} : $to;
                my $is = $line;
                substr $is, $at, $size, $new;
                push @all, { file => $file, line => $n, was => $line, is => $is };
            }
        }
    }
    return @all;
}

sub told { my ($c) = @_; return "$c->{file}: " . join ' -> ', map { s/^\s+//r } @$c{qw(was is)} }

# --- what is built ---------------------------------------------------------

# (A wrong index of an array ends the program.)
my @flags = ('-std=gnu11', '-D_GNU_SOURCE', '-O2', '-fsanitize=bounds', '-fsanitize-undefined-trap-on-error', '-Wall', '-Wextra', '-Werror', '-fPIC', '-fvisibility=hidden', "-I$build", "-I$top/src", "-I$top/tools");
my @archives = grep { !m{lib(?:monkey1|serve)} } glob "$build/.libs/*.a";
plan skip_all => 'the unit tests are not built here' if !@archives || !-e "$build/t/unit/test_http_head.o";

sub compile {
    my ($file, $text) = @_;
    spew("$tmp/it.c", qq(#line 1 "$file"\n$text));
    return !system "$cc @flags -c -o $tmp/it.o $tmp/it.c 2>/dev/null";
}

sub code { return sha1_hex(slurp("$tmp/it.o")) }

# Whether the test passes with the object in place of the archive's.
sub passes {
    my ($test, @object) = @_;
    my $link = join ' ', $cc, '-o', "$tmp/test", "$build/t/unit/$test.o", @object,
      '-Wl,--start-group', @archives, '-Wl,--end-group', qw(-lcmocka -lconfuse -lcares -lpthread -lm -ldl);
    system("$link >$tmp/link.log 2>&1") == 0 or die "$link\n" . slurp("$tmp/link.log");
    # What goes round for ever ends by its processor time, not by the machine's load.
    return !system "cd $build && ulimit -t 30 && TOP_SRCDIR=$top TOP_BUILDDIR=$build timeout 600 $tmp/test >$tmp/out.log 2>&1";
}

sub tests_of {
    my ($file) = @_;
    my ($key) = grep { index($file, $_) == 0 } keys %tests;
    my @own = grep { $file =~ /(\w+)\.c\z/ && /_\Q$1\E/ } @{ $tests{$key} };
    my %own = map { $_ => 1 } @own;
    return (@own, grep { !$own{$_} } @{ $tests{$key} });
}

for my $test (map { @$_ } values %tests) { ok(passes($test), "$test passes") or BAIL_OUT('unit tests') }

# --- the changes -----------------------------------------------------------

my %known;
for (split /\n/, slurp("$FindBin::Bin/known") // '') {
    $known{$1} = 1 if /^(src\/\S+: .*)$/;
}
my %is_there = map { told($_) => 1 } my @all = map { changes($_) } @files;
is_deeply([ grep { !$is_there{$_} } sort keys %known ], [], 'known has no line that is no change any more');
@all = grep { told($_) =~ /$only/ } @all;
my %order = map { my $c = $all[$_]; $_ => sha1_hex("$seed $_ " . told($c)) } 0 .. $#all;
my (%original, @survived);
my ($tried, $noticed, $equal) = (0, 0, 0);
for my $i (sort { $order{$a} cmp $order{$b} } keys %order) {
    last if $tried == $want;
    my $c = $all[$i];
    my $text = slurp("$top/$c->{file}");
    my @lines = split /\n/, $text, -1;
    $original{ $c->{file} } //= do {
        compile($c->{file}, $text) or die $c->{file};
        ok(!(first { !passes($_, "$tmp/it.o") } tests_of($c->{file})), "$c->{file}: unchanged, as it is compiled here, it passes");
        code();
    };
    next if $known{ told($c) };
    $lines[ $c->{line} - 1 ] = $c->{is};
    next if !compile($c->{file}, join "\n", @lines);
    if (code() eq $original{ $c->{file} }) { $equal++; next }
    $tried++;
    if (first { !passes($_, "$tmp/it.o") } tests_of($c->{file})) { $noticed++ }
    else { note "at $tried:"; push @survived, "$c->{file}:$c->{line}  " . told($c); note "survived: $survived[-1]" }
}
my $share = $tried ? 100 * $noticed / $tried : 0;
# Few are a sample, of which two more may have survived by chance.
my $may = 0.05 * $tried + ($tried < 200 ? 2 : 0);
ok($tried > 0 && @survived <= $may, sprintf '%d of %d changes are noticed (%.1f %%), of %d that there are', $noticed, $tried, $share, scalar @all)
  or diag map { "  $_\n" } @survived;
note "seed $seed; $equal made the same machine code";
done_testing;
