# SPDX-License-Identifier: Apache-2.0
#
# What fcgi-check(1) and docs/tools.md show is what fcgi-check prints: the table of
# checks, and the examples. UPDATE=1 writes them anew.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIFile;
use Test::More;

my $src = $ENV{TOP_SRCDIR} or plan skip_all => 'TOP_SRCDIR is not set';
my $tool = $ENV{FCGI_CHECK} or plan skip_all => 'FCGI_CHECK is not set';
my $page = "$src/man/fcgi-check.1.in";
my $readme = "$src/docs/tools.md";
$ENV{LC_ALL} = 'C';

sub to_mdoc {
    my ($text) = @_;
    $text =~ s/\\/\\e/g;
    $text =~ s/^([.'])/\\&$1/mg;
    $text =~ s/-/\\-/g;
    return $text;
}

# The table of checks.
my $table = ".Bl -column \"FC000\" \"warning\" -compact\n";
for (`$tool --list-checks`) {
    my ($id, $severity, $title) = /^(\S+)\s+(\S+)\s+(.+)$/ or die $_;
    $title =~ s/^(["'.])/\\&$1/;
    $title =~ s/"/\\(dq/g;
    $table .= ".It $id Ta $severity Ta $title\n";
}
$table .= ".El\n";

# What a session shows: the files that `cat` shows are there.
sub session {
    my @commands = @_;
    my $temp = tempdir(CLEANUP => 1);
    my $text = '';
    for (@commands) {
        my ($command, $file, $content) = @$_;
        spew("$temp/$file", $content) if defined $file;
        $text .= "\$ $command\n";
        my $run = $command =~ s/^fcgi-check\b/'$tool'/r;
        $text .= `cd $temp && $run 2>&1`;
    }
    return $text;
}

my $faulty = <<'END';
[FASTCGI_SERVER]
    ServerName php
    SeverPath /run/php/php-fpm.sock
    ReadTimeout 5 min

[FASTCGI_SERVER]
    ServerName php
    ServerAddr 127.0.0.1
END
my @sessions = (
    session([ 'cat fastcgi.conf', 'fastcgi.conf', $faulty ], ['fcgi-check fastcgi.conf']),
    session(['fcgi-check --explain=FC004']),
);

my $text = slurp($page);
my $was = $text;
my ($head, $rest) = $text =~ /\A(.*^\.\\" checks: begin[^\n]*\n).*?(^\.\\" checks: end\n.*)\z/ms
  or die 'the page has no place for the table';
$text = $head . $table . $rest;
my @places = @sessions;
$text =~ s/(^\.\\" block\n).*?(?=^\.Ed$)/$1 . to_mdoc(shift @places)/msge;
is(scalar @places, 0, 'the page has a place for each example');
spew($page, $text) if $ENV{UPDATE};
is($was, $text, 'fcgi-check(1): the checks and the examples') unless $ENV{UPDATE};

# docs/tools.md has the first session.
my $doc = slurp($readme);
my $indented = $sessions[0] =~ s/^(?=.)/    /mgr;
if ($ENV{UPDATE}) {
    $doc =~ s/(<!-- fcgi-check: begin -->\n\n).*?(?=\n<!-- fcgi-check: end -->)/$1$indented/s;
    spew($readme, $doc);
}
like($doc, qr/<!-- fcgi-check: begin -->\n\n\Q$indented\E\n<!-- fcgi-check: end -->/, 'docs/tools.md: the example');

# Its table of options is --help's (t/build/manual.t); the statuses, too.
SKIP: {
    skip 'no mandoc', 1 unless grep { -x "$_/mandoc" } split /:/, $ENV{PATH};
    my $lint = `mandoc -Tlint -Wwarning '$page' 2>&1`;
    is($lint, '', 'mandoc has nothing against the page');
}
done_testing;
