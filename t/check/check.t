# SPDX-License-Identifier: Apache-2.0
#
# fcgi-check on a corpus: each case's output in text and JSON form, to the
# byte; and every check must be triggered, alone, by at least one of them. See
# t/check/README for the form of the cases.
use strict;
use warnings;
use Cwd qw(abs_path getcwd);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGICheckCase;
use FCGIParts;
use JSON::PP;
use Test::More;

my $dir = $FCGICheckCase::DIR;
my $tool = $ENV{FCGI_CHECK} or plan skip_all => 'FCGI_CHECK is not set';
my $top = getcwd();
my $update = $ENV{UPDATE};
my $owner = getpwuid($>);
my $group = getgrgid((split ' ', $))[0]);
$ENV{LC_ALL} = 'C';
delete @ENV{qw(NO_COLOR TERM)};

# Runs the tool as a case says, with more options. Returns its output and its
# status; -1 for a signal.
sub run_tool {
    my ($case, @options) = @_;
    my @args = map { /\*/ ? glob : $_ } @{ $case->{args} };
    my $pid = open(my $out, '-|') // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', ref $case->{stdin} ? '/dev/null' : $case->{stdin} // '/dev/null' or die $!;
        open STDERR, '>&', \*STDOUT;
        $ENV{LD_PRELOAD} = $ENV{FCGI_REFUSE} if $case->{refuse};
        my @limit = $case->{memory} ? ('sh', '-c', "ulimit -v $case->{memory}; exec \"\$@\"", 'sh') : ();
        exec @limit, $tool, @options, @args or die "$tool: $!";
    }
    binmode $out;
    local $/;
    my $text = <$out> // '';
    close $out;
    $text =~ s{'Load /[^']*/(?=monkey-)}{'Load \@PLUGINDIR\@/}g;
    $text =~ s/owner \Q$owner\E, group \Q$group\E/owner \@OWNER\@, group \@GROUP\@/g;
    return ($text, $? & 127 ? -1 : $? >> 8);
}

sub compare {
    my ($name, $form, $text) = @_;
    my $file = "$dir/$name.$form";
    spew($file, $text) if $update;
    is($text, slurp($file), "$name: $form");
}

my %alone;
my $lacks = 0;    # cases that this build cannot show

# Whether a case has a file that this build has not, and is skipped.
sub lacking {
    my ($name, $case) = @_;
    return 0 if !FCGIParts::left_out('plugin') || !grep { $_->[1] =~ /^(?:plugin|library|object)$/ } @{ $case->{parts} };
    SKIP: { skip "$name: this build has no plugin (--disable-plugin)", 1 }
    return ++$lacks;
}

sub run_case {
    my ($name) = @_;
    my $case = read_case($name);
    return if lacking($name, $case);
    my $not = $case->{memory} && $ENV{FCGI_EMULATED} ? 'in an emulator'
      : ($case->{memory} || $case->{refuse}) && $ENV{FCGI_SANITIZER} ? 'with a sanitizer'
      : '';
    if ($not) {
        SKIP: { skip "$name: not $not", 1 }
        $alone{ $case->{memory} ? 'FC033' : 'FC034' } = 1;
        return;
    }
    my $temp = tempdir(CLEANUP => 1);
    chdir $temp or die "$temp: $!";
    chmod 0755, $temp;
    umask 022;
    make_part(@$_) for @{ $case->{parts} };

    my ($text, $status) = run_tool($case);
    compare($name, 'txt', $text);
    (my $json_text, my $json_status) = run_tool($case, '--format=json');
    compare($name, 'json', $json_text);
    my $json = eval { JSON::PP->new->utf8->decode($json_text) };
    is($@, '', "$name: it is JSON");
    my @found = @{ $json->{diagnostics} // [] };
    is("$status $json_status", ("$json->{summary}{status} " x 2) =~ s/ $//r, "$name: status");

    # What programs read must be in form for every case.
    my ($sarif_text) = run_tool($case, '--format=sarif');
    my $sarif = eval { JSON::PP->new->utf8->decode($sarif_text) };
    my $rules = $sarif->{runs}[0]{tool}{driver}{rules};
    my @bad = grep {
        $rules->[ $_->{ruleIndex} ]{id} ne $_->{ruleId} || !length $_->{message}{text}
            || !length $_->{locations}[0]{physicalLocation}{artifactLocation}{uri}
            || $_->{locations}[0]{physicalLocation}{artifactLocation}{uri} =~ m{[^-A-Za-z0-9._~/:%]}
            || grep { $_ < 1 } values %{ $_->{locations}[0]{physicalLocation}{region} // {} }
    } @{ $sarif->{runs}[0]{results} };
    ok(!@bad && $sarif->{version} eq '2.1.0' && @{ $sarif->{runs}[0]{results} } == @found,
        "$name: it is SARIF");
    my ($gcc) = run_tool($case, '--format=gcc');
    my @lines = split /\n/, $gcc;
    ok(!(grep { !/^[^:]+:[1-9]\d*:[1-9]\d*: (?:(?:error|warning): .* \[FC\d{3}\]|note: .*)$/ } @lines),
        "$name: gcc's form") or diag $gcc;
    my ($quiet) = run_tool($case, '--quiet');
    ok($status == 2 ? $quiet =~ /\Afcgi-check: / : $quiet eq '', "$name: --quiet");

    print_again($name, $case) if $name =~ /^good-.*(?<!tree)$/;

    my %ids = map { $_->{id} => 1 } @found;
    $alone{ (keys %ids)[0] } = 1 if keys %ids == 1;
    chdir $top;
    FCGICheckCase::close_sockets();
}

# --print, read again, is the same configuration, and clean.
sub print_again {
    my ($name, $case) = @_;
    my ($first, $status) = run_tool($case, '--print');
    is($status, 0, "$name: --print");
    spew('again.conf', $first);
    my ($second) = run_tool({ args => [ '--syntax-only', 'again.conf' ] }, '--print');
    s/^\s*#.*\n//mg for $first, $second;
    is($second, $first, "$name: --print can be fed back");
    my ($again) = run_tool({ args => [ '--syntax-only', 'again.conf' ] });
    is($again, "again.conf: OK\n", "$name: and has nothing wrong");
}

my %names;
for (glob "$dir/*.conf $dir/*.tree") {
    $names{$1} = 1 if m{/([^/]+)\.(?:conf|tree)$};
}
cmp_ok(scalar keys %names, '>=', 80, 'the corpus is large enough');
run_case($_) for grep { !$ENV{CASE} || /$ENV{CASE}/ } sort keys %names;
done_testing(), exit if $ENV{CASE};
for (glob "$dir/*.txt $dir/*.json") {
    my ($name) = m{/([^/]+)\.\w+$};
    ok($names{$name}, "$name: what is expected belongs to a case");
}

# A file with too many findings has others as well, by its nature.
{
    my $temp = tempdir(CLEANUP => 1);
    spew("$temp/f", "[FASTCGI_SERVER]\n" . "    Wibble x\n" x 2000);
    my $out = JSON::PP->new->utf8->decode(scalar `$tool --syntax-only --format=json $temp/f`);
    my @last = @{ $out->{diagnostics} };
    is($last[-1]{id}, 'FC029', 'too many findings: told');
    is(scalar @last, 1001, 'too many findings: the first thousand are told');
    $alone{FC029} = 1;
}

# Which Monkey it was taken for, and why.
for (
    [ 'tree-18-good', [], "Monkey 1.8 is assumed: plugins.load loads monkey-fastcgi18.so" ],
    [ 'good-tree', [], "Monkey 1.6 is assumed: plugins.load loads monkey-fastcgi.so" ],
    [ 'tree-18-tls', [], "Monkey 1.8 is assumed: monkey.conf has 'Listen ... tls'" ],
    [ 'tree-16-liana', [], "Monkey 1.6 is assumed: plugins.load loads the plugin 'tls'" ],
    [ 'tree-no-plugins-load', [], 'Monkey 1.6 is assumed: nothing tells (--monkey does)' ],
    [ 'tree-program', [], 'Monkey 1.8 is assumed: /usr/sbin/monkey is one' ],
    [ 'tree-16-liana', ['--monkey=1.8'], 'Monkey 1.8 is meant: --monkey says so' ],
    [ 'good-tree', ['--monkey=1.6.9'], 'Monkey 1.6 is meant: --monkey says so' ],
    [ 'good-tree', [ '--monkey=./m', "Monkey\0001.8.9\0" ], 'Monkey 1.8 is meant: --monkey says so' ],
    [ 'good-tree', [ '--monkey=./m', "1.6\0\0001.6.9\0Monkey" ], 'Monkey 1.6 is meant: --monkey says so' ],
    [ 'good-tree', [ '--monkey=./m', "Monkey\0002.0\0001.7.0\0" ], 'the plugin is for Monkey 1.6 and 1.8.9, and not for 1.7.0' ],
    [ 'good-tree', [ '--monkey=./m', "Monkey\0001.8.9" ], "it is not Monkey's program, or tells no version" ],
    [ 'good-tree', [ '--monkey=./m', '' ], "it is not Monkey's program, or tells no version" ],
    [ 'good-tree', ['--monkey=./none'], 'cannot open it: No such file or directory' ],
    [ 'good-tree', ['--monkey=/'], "it is not Monkey's program, or tells no version" ],
    map { [ 'good-tree', ["--monkey=$_"], "the plugin is for Monkey 1.6 and 1.8.9, and not for $_" ] }
        qw(1.8.8 1.7.0 1.6. 1.60 1.8.10 2), '')
{
    my ($name, $options, $want) = @$_;
    my $case = read_case($name);
    next if lacking($name, $case);
    my $temp = tempdir(CLEANUP => 1);
    chdir $temp or die "$temp: $!";
    make_part(@$_) for @{ $case->{parts} };
    spew('m', $options->[1]) if @$options > 1;
    my ($text) = run_tool($case, '--verbose', '--quiet', @$options ? $options->[0] : ());
    like($text, qr/^fcgi-check: .*: \Q$want\E$/m, "--verbose, $name @$options");
    chdir $top;
    FCGICheckCase::close_sockets();
}

my @all = `$tool --list-checks`;
for (@all) {
    my ($id, $severity, $title) = /^(FC\d{3})  (error|warning|note) +(\S.*)$/ or fail("list: $_"), next;
    ok($alone{$id} || $lacks, "$id: a case triggers it alone");
    my $text = `$tool --explain=\L$id`;
    like($text, qr/^$id: \Q$title\E \($severity\)\n\n\S.{30}/, "$id: explained");
    ok(!(grep { length > 77 } split /\n/, $text), "$id: in short lines");
}
cmp_ok(scalar @all, '>', 60, 'checks are listed');

my @keys = `$tool --list-keys`;
for (@keys) {
    my ($key, $help) = /^(\w+) +(\S.*)$/ or fail("list: $_"), next;
    my $text = `$tool --explain=\L$key`;
    like($text, qr/^$key \S.*\n\n(?s:.*)^Default:  \S.*\n(?:.*\n)+Example:  $key \S/m, "$key: explained");
    (my $flat = $text) =~ s/\n/ /g;
    like($flat, qr/\Q$help\E\./, "$key: the help");
    my ($example) = $text =~ /^Example:  (.*)/m;
    my $other = $key =~ /^Server(?:Name|Addr|Path)$/ ? '' : "ServerAddr 127.0.0.1:9\n";
    $other .= $key eq 'ServerName' ? "ServerAddr 127.0.0.1:9\n" : "ServerName php\n";
    open my $pipe, '|-', "$tool --syntax-only -q -" or die $!;
    print $pipe "[FASTCGI_SERVER]\n" . join('', map { "    $_\n" } split(/\n/, $other), $example);
    ok(close $pipe, "$key: its example is right");
}
cmp_ok(scalar @keys, '>', 20, 'keys are listed');
like(`$tool --explain=ReedTimeout 2>&1`, qr/did you mean 'ReadTimeout'\?/, 'a key that is misspelt');
is($? >> 8, 2, 'and status 2');
done_testing();
