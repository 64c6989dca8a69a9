# SPDX-License-Identifier: Apache-2.0
#
# The rules of docs/architecture.md that a program can see: who includes whom,
# no circle of files by includes or by calls, who knows Monkey, one name for one
# thing, and in whose file a function is. Each finding is a line to act on.
use strict;
use warnings;
use File::Basename qw(basename dirname);
use File::Find qw(find);
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIFile;
use Test::More;

my $top = $ENV{TOP_SRCDIR} or plan skip_all => 'TOP_SRCDIR is not set';
my $build = $ENV{TOP_BUILDDIR} // '';

# Whom the files of a module may include, besides their own.
my %may = (
    'src/http'            => [],
    'src/proto'           => [qw(src/http)],
    'src/config'          => [],
    'src/loop'            => [],
    'src/backend'         => [qw(src/config src/loop src/proto)],
    'src/gateway'         => [qw(src/config src/loop src/proto src/http src/backend)],
    'src/monkey'          => [qw(src/config src/loop src/proto src/http src/backend src/gateway)],
    'tools/common'        => [qw(src/config)],
    'tools/probe'         => [qw(src/config src/loop src/proto src/backend tools/common)],
    'tools/monkeyconf'    => [qw(src/config tools/common)],
    'tools/fcgi-check'    => [qw(src/backend src/config src/loop src/monkey tools/common tools/monkeyconf tools/probe)],
    'tools/fcgi-get'      => [qw(src/config src/proto tools/common tools/probe)],
    'tools/fcgi-ping'     => [qw(src/config src/loop src/proto tools/common tools/probe)],
    # It is a Monkey: the plugin's description of the ABI is its own, too.
    'tools/fcgi-serve'    => [qw(src/backend src/config src/http src/monkey src/proto tools/common tools/monkeyconf tools/probe)],
);

# A file's functions bear its name. What else it may define: parts of its object
# that have names of their own.
my %also = (
    'src/backend/address' => [qw(endpoint)],
    'src/backend/dial'    => [qw(call fault)],
    'src/backend/health'  => [qw(checks)],
    'src/backend/pool'    => [qw(route)],
    'src/config/escape'   => [qw(utf8)],
    'src/config/lexer'    => [qw(grammar)],
    'src/proto/record'    => [qw(pair)],
);

# Files below src/monkey that may name it: all of config reads Monkey's grammar
# and writes for Monkey's administrators; the others say so in a message.
my %names_monkey = map { $_ => 1 } qw(src/gateway/path.c);

# Circles that stay. fcgi-serve imitates a core that calls itself: a plugin's
# hook calls the core's API, which may end the request that is being served.
my %circle_may = map { ("tools/fcgi-serve/$_" => 1) }
    qw(access api channel channel16 conn header parse request session stage static worker);

# A header that anybody may include: a container that knows nothing of its module.
my %anybody = map { $_ => 1 } qw(src/gateway/buffer.h);

my (@files, %text);
find({ no_chdir => 1, wanted => sub { push @files, $_ if /\.[ch]\z/ } }, "$top/src", "$top/tools");
s{^\Q$top\E/}{} for @files;
@files = sort @files;
for my $file (@files) {
    open my $in, '<', "$top/$file" or die "$file: $!";
    local $/;
    $text{$file} = <$in>;
}
my %is_file = map { $_ => 1 } @files;

sub check {
    my ($name, @findings) = @_;
    ok(!@findings, $name) or diag join "\n", map { "  $_" } @findings;
}

sub module { my ($file) = @_; return $file =~ m{^((?:src|tools)/[^/]+)/} ? $1 : '' }

# Groups of nodes that reach each other: Tarjan's algorithm.
sub circles {
    my ($edges) = @_;
    my ($n, @stack, %index, %low, %on, @found) = (0);
    my $visit;
    $visit = sub {
        my ($v) = @_;
        $index{$v} = $low{$v} = ++$n;
        push @stack, $v;
        $on{$v} = 1;
        for my $w (sort keys %{ $edges->{$v} // {} }) {
            next if $w eq $v;
            $visit->($w) if !$index{$w};
            $low{$v} = $low{$w} if $on{$w} && $low{$w} < $low{$v};
        }
        return if $low{$v} != $index{$v};
        my @group;
        do { push @group, pop @stack; delete $on{ $group[-1] } } until $group[-1] eq $v;
        push @found, [ sort @group ] if @group > 1;
    };
    for (sort keys %$edges) { $visit->($_) if !$index{$_} }
    return @found;
}

# Includes.
my (%includes, @strange, %used);
for my $file (@files) {
    while ($text{$file} =~ /^\s*#\s*include\s+"(.*?)"/mg) {
        my ($to) = grep { $is_file{$_} } dirname($file) . "/$1", "src/$1", "tools/$1";
        push @strange, "$file includes \"$1\", which is no file of ours" and next if !$to;
        $includes{$file}{$to} = 1;
        my ($from, $of) = (module($file), module($to));
        next if $from eq $of;
        $used{"$from $of"} = 1;
        push @strange, "$file includes $to: $from may not know $of" if !$anybody{$to} && !grep { $_ eq $of } @{ $may{$from} // [] };
    }
}
push @strange, map { "$_ is in no module that the table names" } grep { !$may{ module($_) } } @files;
cmp_ok(scalar(@files), '>', 200, 'the files are found');
check('includes go one way', @strange);
check('no circle of includes', map { "@$_" } circles(\%includes));

# Who knows Monkey.
my @knows;
for my $file (grep { m{^src/} && !m{^src/(?:monkey|config)/} && !$names_monkey{$_} } @files) {
    my $line = 0;
    for (split /\n/, $text{$file}) {
        $line++;
        push @knows, "$file:$line names Monkey: $_" if /monkey|\bmk_/i;
    }
}
check('nothing below src/monkey names Monkey', @knows);

# One name for one thing. The structures of Monkey's two ABIs have the same
# names, as they do there.
my (%tags, %stems, @twice);
for my $file (@files) {
    my $abi = $file =~ m{^src/monkey/abi1[68]\.h\z};
    push @{ $tags{"$1 $2"} }, $file while !$abi && $text{$file} =~ /^(struct|enum|union) (\w+) \{/mg;
    my ($dir, $stem) = $file =~ m{^(.*)/([^/]+)\.[ch]\z};
    $stems{$stem}{$dir} = 1 if $dir =~ m{^src/};
}
for my $tag (sort keys %tags) {
    my @in = @{ $tags{$tag} };
    push @twice, "$tag is defined in @in" if @in > 1 && ($tag =~ / (?:fcgi|mk)_/ || grep { /\.h\z/ } @in);
}
push @twice, map { my @d = sort keys %{ $stems{$_} }; @d > 1 ? "$_ is a file of @d" : () } sort keys %stems;
check('no name stands for two things', @twice);

# What documentation names is there.
my @stale;
for my $page (glob "$top/docs/*.md $top/*.md") {
    open my $in, '<', $page or die "$page: $!";
    while (<$in>) {
        while (m{`((?:src|tools|t|docs|conf|http|proto|config|loop|backend|gateway|monkey)/[\w./-]+\.(?:[cht]|md|conf))\b}g) {
            push @stale, basename($page) . ":$. names $1, which is not there" if $1 !~ /NAME/ && !grep { -e "$top/$_" } $1, "src/$1", "tools/$1";
        }
    }
}
my $told = slurp("$top/docs/architecture.md");
push @stale, map { "docs/architecture.md has no $_" } grep { !/fcgi-/ && $told !~ /`\Q$_\E`/ } sort keys %may;
check('docs name what is there', @stale);

# Names of Monkey's for Monkey's structures alone.
my @borrowed;
for my $file (grep { !m{^src/monkey/abi|^tools/fcgi-serve/} } @files) {
    push @borrowed, "$file defines $1 $2" while $text{$file} =~ /^(struct|enum|union) (mk_\w+) \{/mg;
    push @borrowed, "$file defines $1()" while $text{$file} =~ /^(?:[a-z][\w \*]*[ \*])?(mk_\w+)\([^;{]*\)\s*\{/mg;
}
check('mk_ is for structures of Monkey', @borrowed);

# Calls: what the objects of the build need of each other, as nm(1) has it.
sub objects {
    open my $in, '<', "$build/Makefile" or return;
    local $/;
    (my $make = <$in>) =~ s/\\\n//g;
    my %found;
    while ($make =~ /^am_\w+_OBJECTS =(.*)|^am__objects_\d+ =(.*)/mg) {
        for (split ' ', $1 // $2) {
            next if !m{^((?:src|tools)/.*)/([^/]+)\.(?:lo|o|\$\(OBJEXT\))\z};
            my ($dir, $name) = ($1, $2);
            my ($object) = grep { -e } /\.lo\z/ ? "$build/$dir/.libs/$name.o" : (), "$build/$dir/$name.o";
            next if !$object;
            my ($target, $stem) = $name =~ /^(?:(\w+)-)?(.*)\z/;
            $found{$object} = [ $target // '', "$dir/$stem" ] if $is_file{"$dir/$stem.c"};
        }
    }
    return \%found;
}

SKIP: {
    my $objects = $build ? objects() : undef;
    skip 'no objects here', 3 if !$objects || !%$objects;
    # nm(1) calls all that clang's objects for LTO define code.
    skip 'an LTO build has no machine code in its objects', 3 if grep { substr(slurp($_), 0, 4) eq "BC\xc0\xde" } keys %$objects;
    open my $nm, '-|', 'nm', '-A', sort keys %$objects or skip 'no nm here', 3;
    my (%defined, %needed, $seen, @torn, @mine, $slim);
    while (<$nm>) {
        my ($object, $type, $name) = /^(.*?):\S*\s+(?:[0-9a-f]+ )?([A-Za-z]) (\S+)/ or next;
        my ($target, $unit) = @{ $objects->{$object} // next };
        $slim = 1 if $name =~ /^__gnu_lto/;
        next if $name =~ /^(?:_|\.)|^main$|__|\./; # the compiler's
        $seen++;
        push @mine, "$unit.c defines $name()" if $type =~ /[tT]/ && $name =~ /^mk_/;
        push @{ $needed{$unit}{$name} }, $target if $type eq 'U';
        $defined{$name}{$target}{$unit} = 1 if $type =~ /[TDRBVWC]/;
    }
    close $nm or skip 'nm cannot read the objects', 3;
    skip 'an LTO build has no symbols in its objects', 3 if $slim || !$seen;

    my (%calls, %by);
    for my $unit (keys %needed) {
        for my $name (keys %{ $needed{$unit} }) {
            for my $target (@{ $needed{$unit}{$name} }) {
                my $in = $defined{$name} or next;
                for my $to (keys %{ $in->{$target} // { map { %$_ } values %$in } }) {
                    $calls{$unit}{$to} = 1;
                    $by{"$unit $to"}{$name} = 1;
                }
            }
        }
    }
    cmp_ok(scalar(keys %calls), '>', 60, 'the calls are found');
    my @round;
    for my $group (circles(\%calls)) {
        next if !grep { !$circle_may{$_} } @$group;
        my %in = map { $_ => 1 } @$group;
        my @why;
        for my $from (@$group) {
            push @why, map { "    $from -> $_: @{[ sort keys %{ $by{qq($from $_)} } ]}" } grep { $in{$_} && $_ ne $from } sort keys %{ $calls{$from} };
        }
        push @round, join "\n", "@$group", @why;
    }
    check('no circle of calls', @round);

    for my $name (sort keys %defined) {
        my %units = map { %$_ } values %{ $defined{$name} };
        for my $unit (sort keys %units) {
            my ($dir, $stem) = $unit =~ m{^(.*)/(.*)\z};
            (my $module = basename($dir)) =~ s/^fcgi-//;
            my @nouns = ($module, $stem, $stem =~ /^(.*?)(?:\d+|s)\z/ ? $1 : (), "${stem}s", "${stem}es", @{ $also{$unit} // [] });
            my $ok = $dir eq 'src/monkey'          ? $name =~ /^(?:fcgi_monkey(?:16|18)?_|mk_plugin_fastcgi(?:18)?\z)/
                : $dir =~ m{^src/}                 ? (grep { $name =~ /^fcgi_\Q$_\E(?:_|\z)/ } @nouns)
                : $dir =~ m{fcgi-(check|serve)\z}  ? $name =~ /^$1(?:_|\z)/
                :                                    $name =~ /^fcgi_/;
            push @torn, "$unit.c defines $name()" if !$ok;
        }
    }
    check('a function bears the name of its file', @torn, @mine);
}
# A line of C fits a terminal; a URL, and a table of the tests, need not.
my @wide;
for my $file (glob "$top/src/*/*.[ch] $top/tools/*/*.[ch] $top/t/*/*.[ch] $top/bench/*.c") {
    my $n = 0;
    for (split /\n/, slurp($file)) { $n++; push @wide, "$file:$n" if length > 80 }
}
is_deeply(\@wide, [], 'no line of C is wider than 80 columns');
done_testing;
