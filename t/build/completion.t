# SPDX-License-Identifier: Apache-2.0
#
# Completions: every option of --help, and no others, in bash's and in zsh's;
# bash's functions, called as bash calls them, and zsh's in a zsh that is typed at.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIFile;
use Test::More;

my $src = $ENV{TOP_SRCDIR}   or plan skip_all => 'TOP_SRCDIR is not set';
my $dir = $ENV{TOP_BUILDDIR} or plan skip_all => 'TOP_BUILDDIR is not set';

# Made from a .in, or as it is.
sub file_of {
    my ($name) = @_;
    return -e "$src/$name" ? "$src/$name" : "$dir/$name";
}

# What bash would offer for the words of a line, the last of which is begun.
# The function is called as bash does, with the line split at '=', too.
sub bash_offers {
    my ($file, $command, @words) = @_;
    my @split = map { /^(--[^=]+)(=)(.*)$/s ? ($1, $2, $3 eq '' ? () : $3) : $_ } @words;
    my $script = <<'END';
set -u
. "$1"; shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMPREPLY=()
function=$(complete -p "$1") || exit 3
function=${function#*-F }
${function%% *} "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
END
    open my $pipe, '-|', 'bash', '--norc', '-c', $script, 'bash', $file, $command, @split
      or die "bash: $!";
    my @offers = <$pipe>;
    close $pipe;
    is($? >> 8, 0, "bash: $command @words: no error");
    chomp @offers;
    return @offers;
}

# What lines become when somebody types them at a zsh, and TAB.
sub zsh_completes {
    my ($typed, @lines) = @_;
    my $script = <<'END';
zmodload zsh/zpty zsh/zselect || exit 3
typed=$1 folder=$2
shift 2
zpty shell zsh -f -i
zpty -w shell "PS1= fpath=(${(q)folder} \$fpath); autoload -U compinit; compinit -u -D"
zpty -w shell "tell() { print -r -- \"\$BUFFER\" >>${(q)typed}; BUFFER= }; zle -N tell; bindkey '^G' tell"
n=0
for line in "$@"; do
    zpty -w -n shell "$line"$'\t\a'
    n=$((n + 1))
    for try in {1..400}; do
        [[ -f $typed && $(wc -l <$typed) -ge $n ]] && break
        zselect -t 5
    done
    while zpty -r -t shell output; do done
done
zpty -d shell
END
    my $folder = "$dir/t-zsh";
    mkdir $folder;
    for my $file (glob("$src/completions/zsh/_* $dir/completions/zsh/_*")) {
        symlink $file, "$folder/" . $file =~ s{.*/}{}r if $file !~ /\.in$/;
    }
    unlink $typed;
    local $ENV{PATH} = "$dir:$ENV{PATH}";
    is(system('zsh', '-f', '-c', $script, 'zsh', $typed, $folder, @lines), 0, 'zsh: no error');
    my @became = split /\n/, slurp($typed) // '';
    unlink $typed, glob "$folder/_*";
    rmdir $folder;
    return map { s/ $//r } @became;
}

my @commands = map { m{([^/]+)$} } glob("$dir/fcgi-*[a-z] $dir/monkey-fastcgi");
@commands = grep { -x "$dir/$_" && !-d "$dir/$_" && !/\./ } @commands;
ok(@commands >= 2, 'there are commands');
for my $command (@commands) {
    my $help = `'$dir/$command' --help`;
    is($?, 0, "$command --help");
    my %options;
    for (split /\n/, $help) {
        next unless /^  (?:-|    --)/;
        s/^\s+//;
        s/\s{2,}.*//;
        my $takes = /=/ && !/\[=/;
        while (/(?<![\w-])(--?[A-Za-z0-9][\w-]*)/g) {
            $options{$1} = $takes;
        }
    }
    my @all = sort keys %options;
    ok(@all > 4, "$command: options are read from --help");

    my $bash = file_of("completions/bash/$command");
    my @offers = sort map { s/=$//r } bash_offers($bash, $command, '-');
    is_deeply(\@offers, \@all, "bash: $command: the options of --help, and no others");
    my @wrong = grep { /^--/ && $options{s/=$//r} != /=$/ } bash_offers($bash, $command, '--');
    is_deeply(\@wrong, [], "bash: $command: '=' behind those that take a value");
    is_deeply([bash_offers($bash, $command, '--version-')], [], "bash: $command: nothing for what is none");

    my $fish = slurp("$src/completions/fish/$command.fish") // '';
    my %fish = map { $_ => 1 } $fish =~ /^complete -c \Q$command\E .*?-l ([\w-]+)/mg;
    is_deeply([ sort map { "--$_" } keys %fish ], [ grep { /^--/ } @all ], "fish: $command: the options of --help");
    my %letters = map { $_ => 1 } $fish =~ / -s (\S)/g;
    is_deeply([ sort map { "-$_" } keys %letters ], [ grep { /^-[^-]/ } @all ], "fish: $command: and their letters");
    my @takes = map { /-l ([\w-]+).* -[xr]\b/ ? "--$1" : () } split /\n/, $fish;
    is_deeply([ sort @takes ], [ grep { /^--/ && $options{$_} } @all ], "fish: $command: and which take a value");
    SKIP: {
        skip 'fish is not installed', 1 if system('fish --version >/dev/null 2>&1') != 0;
        is(system('fish', '-n', "$src/completions/fish/$command.fish"), 0, "fish: $command: it can be read");
    }

    my $zsh = slurp(file_of("completions/zsh/_$command")) // '';
    like($zsh, qr/^#compdef $command\b/, "zsh: $command: #compdef");
    $zsh =~ s/\[.*?\]//g;      # what describes
    $zsh =~ s/'\([^']*?\)'//g; # what excludes
    my %zsh;
    while ($zsh =~ /(?<![\w(-])(--?[A-Za-z0-9][\w-]*)/g) {
        $zsh{$1} = 1;
    }
    is_deeply([sort grep { exists $options{$_} } keys %zsh], \@all, "zsh: $command: the options of --help");
    is_deeply([sort grep { !exists $options{$_} && /^--/ } keys %zsh], [], "zsh: $command: no others");
  SKIP: {
        skip 'no zsh', 1 unless grep { -x "$_/zsh" } split /:/, $ENV{PATH};
        my $errors = `zsh -n '@{[file_of("completions/zsh/_$command")]}' 2>&1`;
        is($errors, '', "zsh: $command: reads it");
    }
}

# Values.
my $serve = file_of('completions/bash/fcgi-serve');
mkdir "$dir/t-completion";
mkdir "$dir/t-completion/folder";
is_deeply([bash_offers($serve, 'fcgi-serve', '-c', "$dir/t-completion/f")], ["$dir/t-completion/folder"], 'a folder');
is_deeply([bash_offers($serve, 'fcgi-serve', "--confdir=$dir/t-completion/f")], ["$dir/t-completion/folder"], 'behind =');
is_deeply([bash_offers($serve, 'fcgi-serve', '--confdir=')], [bash_offers($serve, 'fcgi-serve', '-c', '')], 'nothing behind =');
my $config = "$dir/t-completion/f.conf";
open my $out, '>', $config or die "$config: $!";
print $out "[FASTCGI_SERVER]\n    ServerName php1\n[FASTCGI_SERVER]\n    servername php2\n    # ServerName no\n";
close $out;
for my $command ('fcgi-ping', 'fcgi-get') {
    my $file = file_of("completions/bash/$command");
    is_deeply([bash_offers($file, $command, @$_, '@p')], ['@php1', '@php2'], "$command: \@NAMEs of the file in @$_")
      for ['-C', $config], ["-C$config"], ["--config=$config"];
}
my $ping = file_of('completions/bash/fcgi-ping');
is_deeply([bash_offers($ping, 'fcgi-ping', '-C', $config, '@')], ['@all', '@php1', '@php2'], '@all');
open $out, '>>', $config or die "$config: $!";
print $out "    ServerName q\$(touch\${IFS}$dir/t-completion/ran)\n";
close $out;
is_deeply([bash_offers($ping, 'fcgi-ping', '-C', $config, '@q')], ['@q\\$\\(touch\\$\\{IFS\\}' . "$dir/t-completion/ran\\)"], 'a name that a shell would run is quoted');
is_deeply([bash_offers($ping, 'fcgi-ping', '-C', "$config.gone", '@')], ['@all'], 'a file that is not there');
ok(!-e "$dir/t-completion/ran", 'and nothing runs it');
is_deeply([bash_offers($ping, 'fcgi-ping', '--mode=')], [qw(values connect request auto)], 'a mode');
my $check = file_of('completions/bash/fcgi-check');
{
    local $ENV{PATH} = "$dir:$ENV{PATH}";
    is_deeply([bash_offers($check, 'fcgi-check', '--explain=FC00')], [map { "FC00$_" } 1 .. 9], 'checks');
    is_deeply([bash_offers($check, 'fcgi-check', '--explain=Read')], ['ReadTimeout'], 'a key');
}
SKIP: {
    skip 'no zsh', 3 unless grep { -x "$_/zsh" } split /:/, $ENV{PATH};
    my %typed = (
        'fcgi-ping --mod' => 'fcgi-ping --mode=',
        'fcgi-ping -m con' => 'fcgi-ping -m connect',
        'fcgi-check -F sar' => 'fcgi-check -F sarif',
        'fcgi-check --explain=Read' => 'fcgi-check --explain=ReadTimeout',
        'fcgi-check --explain=FC0' => 'fcgi-check --explain=FC0',
        "fcgi-ping -C $config \@php" => "fcgi-ping -C $config \@php",
        "fcgi-ping -C $config \@a" => "fcgi-ping -C $config \@all",
        "fcgi-get --config=$config \@p" => "fcgi-get --config=$config \@php",
        "fcgi-serve -c $dir/t-completion/fol" => "fcgi-serve -c $dir/t-completion/folder/",
        'monkey-fastcgi -q en' => 'monkey-fastcgi -q enable',
    );
    my @lines = sort keys %typed;
    my @became = zsh_completes("$dir/t-completion/typed", @lines);
    is_deeply(\@became, [@typed{@lines}], 'zsh: what is typed, and TAB');
    ok(!-e "$dir/t-completion/ran", 'zsh: no name is run');
}
unlink $config;
rmdir "$dir/t-completion/folder";
rmdir "$dir/t-completion";
my $enable = file_of('completions/bash/monkey-fastcgi');
is_deeply([bash_offers($enable, 'monkey-fastcgi', '')], ['enable', 'disable', 'status'], 'the commands');
is_deeply([bash_offers($enable, 'monkey-fastcgi', '-q', 'e')], ['enable'], 'a command behind an option');
done_testing;
