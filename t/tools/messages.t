# SPDX-License-Identifier: Apache-2.0
#
# What all tools say, in one form: of wrong usage, option by option; of what
# fcgi-check finds in t/check/cases; and all texts of the sources. And --help,
# which fits a terminal.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIFile;
use FCGIParts;
use JSON::PP;
use Test::More;

my $dir = $ENV{TOP_BUILDDIR} or plan skip_all => 'TOP_BUILDDIR is not set';
my $src = $ENV{TOP_SRCDIR} or plan skip_all => 'TOP_SRCDIR is not set';
my @tools = grep { !FCGIParts::left_out($_) } qw(fcgi-check fcgi-get fcgi-ping fcgi-serve monkey-fastcgi);

# What is wrong with a message; '' if nothing is. It begins in lower case, but
# for names; it is one line without a full stop, as more may follow it.
my @names = map { /^(\w+)/ } `'$dir/fcgi-check' --list-keys`;
my $names = join '|', @names, qw(Monkey FastCGI User), '[A-Z_]{3,}';
sub wrong_form {
    my ($text) = @_;
    return 'it ends so' if $text =~ /[.!,:;\s]$/ && $text !~ /EXT\.\.\.$/;
    return 'it begins so' if $text =~ /^[A-Z]/ && $text !~ /^(?:$names)\b/;
    return 'it begins so' if $text =~ /^\s/;
    return 'blanks' if $text =~ /  / || $text =~ /[ \t]\n|\t/;
    return 'such words' if $text =~ /\b(?:please|sorry|invalid|illegal|failed to)\b/i;
    return '';
}
is(wrong_form($_), '', "form: $_") for "cannot open '%s': %s; correct it", "--timeout 'x': this is no time", 'Monkey finds none';
isnt(wrong_form($_), '', "form: not $_") for 'Cannot open it', 'cannot open it.', 'invalid option', 'this  that', 'why: ';

# --- wrong usage
sub run {
    my ($tool, @args) = @_;
    open my $pipe, '-|', 'sh', '-c', 'exec "$@" 2>&1 >/dev/null </dev/null', 'sh', 'timeout', '5', "$dir/$tool", @args or die;
    local $/;
    my $text = <$pipe> // '';
    close $pipe;
    return ($? >> 8, $text);
}

sub usage_is {
    my ($tool, $want, @args) = @_;
    my ($status, $text) = run($tool, @args);
    my ($message) = $text =~ /\A\Q$tool\E: ([^\n]*)\nTry '\Q$tool\E --help' for more information\.\n\z/;
    is($status, $tool eq 'fcgi-get' ? 250 : 2, "$tool @args: the status of wrong usage");
    ok(defined $message && wrong_form($message) eq '' && $message =~ $want, "$tool @args: $want") or diag $text;
}

my $times = 0;
for my $tool (@tools) {
    my $help = `'$dir/$tool' --help`;
    is_deeply([ grep { length > 80 } split /\n/, $help ], [], "$tool: --help has 80 columns at most");
    usage_is($tool, qr/^there is no option '-0'$/, '-0');
    usage_is($tool, qr/^there is no option '--wibble'$/, '--wibble=1');
    my @options = $help =~ /^  (?:-.,|   ) --([\w-]+\S*)/mg;
    cmp_ok(scalar @options, '>', 4, "$tool: options are read from --help");
    for (@options) {
        my ($name, $optional, $arg) = /^([\w-]+)(\[?)=?(.*)/ or die;
        (my $mistyped = $name) =~ s/(.)(.)$/$2$1/;
        usage_is($tool, qr/^there is no option '--$mistyped'; did you mean --[\w-]+\?$/, "--$mistyped") if $mistyped ne $name;
        if ($arg eq '' && $tool ne 'monkey-fastcgi') {
            usage_is($tool, qr/^--$name takes no argument$/, "--$name=x");
        } elsif ($arg ne '' && $optional eq '') {
            usage_is($tool, qr/^--$name wants an argument: \S/, "--$name");
        }
        next if $arg ne 'TIME';
        $times++;
        usage_is($tool, qr/^--$name '5sec': this is no time; give seconds, such as 0\.2, or a number with ms, s, m or h behind it$/, "--$name=5sec");
        my (undef, $text) = run($tool, "--$name=500ms", '--wibble');
        like($text, qr/there is no option '--wibble'/, "$tool --$name=500ms");
    }
}
cmp_ok($times, '>', 5, 'there are times');
usage_is($_, qr/^--ipv4 and --ipv6 exclude each other$/, '-4', '-6', 'x') for qw(fcgi-get fcgi-ping);
usage_is($_, qr/did you mean enable\?$/, 'enabel') for grep { $_ eq 'monkey-fastcgi' } @tools;

# --- findings
my %seen;
for my $case (glob "$src/t/check/cases/*.json") {
    for (@{ JSON::PP->new->utf8->decode(slurp($case))->{diagnostics} }) {
        $seen{ $_->{message} } = "$case" for $_, @{ $_->{related} };
    }
}
for my $message (sort keys %seen) {
    # What is quoted is not ours.
    (my $own = $message) =~ s/'[^']*'/'x'/g;
    $own =~ s/\(.*\)/(x)/;
    my $wrong = wrong_form($own);
    is($wrong, '', "$seen{$message}: $message") if $wrong;
}
cmp_ok(scalar keys %seen, '>', 100, 'findings have their form');

# --- the sources' texts
my $count = 0;
for my $file (glob "$src/tools/*/*.c $src/src/config/*.c") {
    my $text = slurp($file);
    while ($text =~ /\b(?:fcgi_cli_(?:error|usage|refuse)|serve_err|check_report|check_note|fcgi_check_report|FCGI_LEXER_REPORT)\s*\(((?:[^";]|"(?:[^"\\]|\\.)*")*)\);/gs) {
        my $call = $1;
        my $string = '';
        while ($call =~ /("(?:[^"\\]|\\.)*"(?:\s*(?:[A-Z_]+\s*)?"(?:[^"\\]|\\.)*")*)(\s*[A-Z_]{3,})?/g) {
            my $macro = $2;
            ($string = $1) =~ s/"\s*(?:[A-Z_]+\s*)?"//g;
            $string =~ s/^"|"$//g;
            $string .= 'x' if $macro;
            next if $string !~ / /;
            $string =~ s/'[^']*'/'x'/g;
            $count++;
            my $wrong = wrong_form($string =~ s/^(?:[,;] | \()//r);
            is($wrong, '', "$file: $string") if $wrong;
        }
    }
}
cmp_ok($count, '>', 150, 'so have the texts of the sources');
done_testing();
