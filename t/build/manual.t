# SPDX-License-Identifier: Apache-2.0
#
# The manual page of each command has the options and the arguments of its
# --help, no others, and its exit statuses; and what every page must have.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIParts;
use Test::More;

my $src = $ENV{TOP_SRCDIR}   or plan skip_all => 'TOP_SRCDIR is not set';
my $dir = $ENV{TOP_BUILDDIR} or plan skip_all => 'TOP_BUILDDIR is not set';

sub page {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return <$in>;
}

# "-c DIR", "--confdir DIR": each spelling with its argument.
sub options_of_help {
    my %options;
    for (split /\n/, $_[0]) {
        next unless /^  (?:-|    --)/;
        s/^\s+//;
        s/\s{2,}.*//;
        my ($arg) = /(?:\[?=)(\S+?)\]?(?:\s|,|$)/;
        while (/(?<![\w-])(--?[A-Za-z0-9][\w-]*)/g) {
            $options{$1} = defined $arg ? uc $arg : '';
        }
    }
    return \%options;
}

# The same from lines such as `.It Fl c , Fl Fl confdir Ns = Ns Ar DIR`.
sub options_of_page {
    my %options;
    for (split /\n/, $_[0]) {
        next unless /^\.It Fl /;
        my $line = s/\\-/-/gr;
        my $arg = '';
        $line =~ s/(?: Ns)? (?:Op )?(?:Ns )?(?:=|\\&=|Cm =)(?: Ns)? (?:Ar|Cm) (.*)$/ Ar $1/;
        $arg = uc $1 if $line =~ s/ (?:Ar|Cm) (.*)$//;
        $arg =~ s/ (?:NS|AR|CM|\\\*\(BA|,)(?= |$)//g;
        $arg =~ s/ //g;
        while ($line =~ /Fl ((?:Fl )?)([A-Za-z0-9][\w-]*)/g) {
            $options{ ($1 ? '--' : '-') . $2 } = $arg;
        }
    }
    return \%options;
}

my @pages = sort glob("$src/man/*.[158]"), glob("$src/man/*.[158].in");
ok(@pages >= 3, 'there are pages');
for my $file (@pages) {
    my ($name) = $file =~ m{([^/]+?)(?:\.in)?$};
    my $text = page($file);
    like($text, qr/^\.Sh $_$/m, "$name: $_")
      for 'NAME', 'SYNOPSIS', 'DESCRIPTION', 'EXAMPLES', 'WHEN IT DOES NOT WORK', 'SEE ALSO';
    my ($trouble) = $text =~ /^\.Sh WHEN IT DOES NOT WORK\n(.*?)^\.Sh /ms;
    like($trouble // '', qr/$_/, "$name: tells what to do about $_")
      for qw(502 503 504), 'File not found', 'Permission denied';

    my ($command) = $name =~ /^(.*)\.[18]$/ or next;
    next if FCGIParts::left_out($command);
    my $help = `'$dir/$command' --help`;
    is($?, 0, "$command --help");
    my ($in_help, $in_page) = (options_of_help($help), options_of_page($text));
    ok(keys %$in_help > 4, "$command: options are read from --help");
    is_deeply([sort keys %$in_page], [sort keys %$in_help], "$name: the options of --help, and no others");
    for my $option (sort keys %$in_help) {
        my $long = $option =~ /^--/ || !$in_help->{$option} ? $option : next;
        is($in_page->{$long} // 'none', $in_help->{$option}, "$name: argument of $option");
    }
    my ($status) = $help =~ /Status: (.*?)\.?\s*\z/s;
    next unless defined $status;
    my %told = map { $_ => 1 } $status =~ /(?:^|[,;] |\n)(\d)\b/g;
    my ($section) = $text =~ /^\.Sh EXIT STATUS\n(.*?)^\.Sh /ms;
    my %in_section = map { $_ => 1 } ($section // '') =~ /^\.It (?:Li |Cm )?(\d+)$/mg;
    is_deeply([sort keys %in_section], [sort keys %told], "$name: the statuses of --help");
}

# Each program that is installed has its page and its completions.
my @programs = map { split } page("$src/tools/local.mk") =~ /^bin_PROGRAMS \+?= (.*)$/mg;
for my $name (@programs) {
    ok(-e "$src/man/$name.1.in", "$name has a page");
    ok((grep { -e "$src/$_" } "completions/bash/$name", "completions/bash/$name.in"), "$name: bash completes it");
    ok(-e "$src/completions/zsh/_$name", "$name: zsh does");
}

# Times that are no keys: where they are written, and where they are told.
my @times = (
    [ 'src/backend/limit.h', FCGI_LIMIT_SOON => 'docs/behaviour.md', 'for %s, or less where' ],
    [ 'src/backend/limit.h', FCGI_LIMIT_SOON => 'docs/limit.md', 'when it has waited for %s, or, where' ],
    [ 'src/backend/limit.h', FCGI_LIMIT_SOON_LEAST => 'docs/limit.md', 'what they take, but for %s; and' ],
    [ 'src/backend/limit.h', FCGI_LIMIT_SLOW => 'docs/limit.md', 'slow script is as likely, after %s.' ],
    [ 'src/backend/limit.h', FCGI_LIMIT_PAUSE_FIRST => 'docs/limit.md', 'which doubles from %s to' ],
    [ 'src/backend/limit.h', FCGI_LIMIT_PAUSE_MOST => 'docs/limit.md', 'process after %s at most' ],
    [ 'src/backend/server.h', FCGI_RESTART => 'man/fastcgi.conf.5.in', 'again for about %s, as that server' ],
    [ 'src/gateway/exchange.c', LAG => 'docs/behaviour.md', 'is waited for %s behind' ],
    [ 'src/backend/conn.c', BUSY => 'docs/behaviour.md', 'nothing for %s is' ],
    [ 'src/backend/conn.c', BUSY => 'man/fastcgi.conf.5.in', 'again, after %s, on a new' ],
    [ 'src/backend/server.h', FCGI_RESTART => 'docs/scale-out.md', 'but for the %s in which a server' ],
    [ 'src/gateway/client.c', PROBE_DELAY => 'docs/behaviour.md', 'that has waited %s since' ],
    [ 'src/gateway/client.c', CLIENT_TIMEOUT => 'docs/behaviour.md', 'takes nothing for %s is' ],
    [ 'src/backend/resolver.c', RETRY_MS => 'docs/behaviour.md', 'or %s while it does not resolve' ],
    [ 'src/backend/resolver.c', RETRY_MS => 'man/fastcgi.conf.5.in', 'every %s at least while' ],
    [ 'src/monkey/plugin.c', LOOK_UP_MS => 'docs/behaviour.md', 'at start, for up to %s, and' ],
);
for (@times) {
    my ($source, $name, $told, $words) = @$_;
    my ($ms) = grep { defined } page("$src/$source") =~ /^#define \Q$name\E (?:\((\d+) \* FCGI_LOOP_MS\)|(?=(\d+)$))/m;
    my $time = !$ms ? 'none' : $ms == 60_000 ? 'a minute' : $ms < 1000 ? "$ms ms" : $ms / 1000 . ' s';
    my $text = page("$src/$told") =~ s/\s+/ /gr;
    like($text, qr/\Q@{[sprintf $words, $time]}\E/, "$told tells $name, $time");
}

# And numbers.
my @numbers = (
    [ 'src/backend/queue.h', FCGI_QUEUE_KINDS => 'docs/limit.md', 'by a hash of %s values' ],
    [ 'src/backend/limit.h', FCGI_LIMIT_SOON_TURNS => 'docs/limit.md', 'for %s times what they take' ],
    [ 'src/backend/group.h', FCGI_GROUP_SEATS => 'docs/scale-out.md', 'server of its own, up to %s:' ],
    [ 'src/backend/dial.c', LOST_AFTER => 'docs/scale-out.md', 'nor %s segments or probes in a row' ],
    [ 'src/backend/group.h', FCGI_GROUP_SEATS => 'man/fastcgi.conf.5.in', 'as it has addresses, up to %s (more' ],
);
for (@numbers) {
    my ($source, $name, $told, $words) = @$_;
    my ($n) = (page("$src/$source") =~ /^#define \Q$name\E (\d+)/m, 'none');
    my $text = page("$src/$told") =~ s/\s+/ /gr;
    like($text, qr/\Q@{[sprintf $words, $n]}\E/, "$told tells $name, $n");
}

done_testing;
