# SPDX-License-Identifier: Apache-2.0
#
# fcgi-check --fix: what it changes, that its diff is one that patch(1) takes,
# and that no file of t/check/cases is the worse for it. And what is left out:
# by --disable, and by a comment.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGICheckCase;
use JSON::PP;
use Test::More;

my $tool = $ENV{FCGI_CHECK} or plan skip_all => 'FCGI_CHECK is not set';
chdir tempdir(CLEANUP => 1) or die $!;

sub findings {
    my ($file, @options) = @_;
    my $text = `'$tool' --syntax-only --format=json @options $file`;
    return JSON::PP->new->utf8->decode($text)->{diagnostics};
}
sub errors { return scalar grep { $_->{severity} eq 'error' } @{ findings(@_) } }

my $broken = "\xef\xbb\xbf; said otherwise\n [FASTCGI_SERVER]\r\n    ServerName\tphp\n  \n"
    . "\tServerPath=/run/php.sock\nReadTimeout 5s\n    // and so\n    Index\tx";
my $cured = "# said otherwise\n[FASTCGI_SERVER]\n    ServerName php\n\n"
    . "    ServerPath /run/php.sock\n    ReadTimeout 5s\n    # and so\n    Index x";
spew('f', $broken);
chmod 0604, 'f';
my $diff = `'$tool' --syntax-only --fix f 2>findings`;
is($? >> 8, 1, '--fix: the status is that of the findings');
is(slurp('f'), $broken, '... and the file is as it was');
like(slurp('findings'), qr/^f:3:15: error: tab/m, '... which go to standard error');
my $text = `'$tool' --syntax-only --fix=write f`;
is($?, 0, '--fix=write: then all is well');
is($text, "${diff}f: OK\n", '... the diff comes first');
is(slurp('f'), $cured, '... and what it says is done');
is((stat 'f')[2] & 07777, 0604, '... the mode stays');
SKIP: {
    skip 'patch is not installed', 1 if system 'patch --version >/dev/null 2>&1';
    spew('f', $broken);
    spew('diff', $diff);
    system 'patch -s -p0 <diff';
    is(slurp('f'), $cured, 'patch takes the diff');
}
`'$tool' --syntax-only --fix=write - </dev/null 2>&1`;
is($? >> 8, 2, '--fix=write: standard input is no file');
`'$tool' --syntax-only --fix=all f 2>&1`;
is($? >> 8, 2, '--fix=all: no');

for my $case (map { m{([^/]+)\.conf$} } glob "$FCGICheckCase::DIR/*.conf") {
    my $old = slurp("$FCGICheckCase::DIR/$case.conf");
    spew('f', $old);
    my $errors = errors('f');
    `'$tool' --syntax-only --fix=write -q f`;
    my $new = slurp('f');
    ok(errors('f') <= $errors, "$case: not the worse for it");
    is($new =~ tr/\n//, $old =~ tr/\n//, "$case: line by line");
    is($new, $old, "$case: left alone") if !$errors && $old !~ /\r/;
}

# A rule of a site.
{
    my $tree = read_case('tree-match-no-end');
    make_part(@$_) for @{ $tree->{parts} };
    like(`'$tool' --root root --fix=write conf 2>/dev/null`, qr/^\+    Match .*\\\.php\$ fastcgi/m, 'a rule gets its end');
    unlike(`'$tool' --root root conf 2>/dev/null`, qr/FC125/, '... and is good');
    FCGICheckCase::close_sockets();
}

# --- what is left out
my $warned = "[FASTCGI_SERVER]\n    ServerName a b\n    ServerPath /a.sock\n    FrontController /x #y\n";
spew('f', $warned);
`'$tool' --syntax-only --strict f`;
is($? >> 8, 1, 'warnings');
for ([ '--disable=FC012,FC027,FC037', 0 ], [ '--disable=fc027 --disable=FC037 --disable=FC012', 0 ], [ '--disable=FC012', 1 ], [ '--disable=FC999', 1 ],
    [ '--disable=FC030', 1 ], [ '--disable=012', 2 ], [ '--disable=FC0127', 2 ], [ '--disable=FC012;FC027', 2 ]) {
    my ($option, $want) = @$_;
    `'$tool' --syntax-only --strict $option f 2>&1` if $option !~ /;/;
    system("'$tool' --syntax-only --strict '$option' f >/dev/null 2>&1") if $option =~ /;/;
    is($? >> 8, $want, $option);
}
(my $allowed = $warned) =~ s/^(    ServerName)/    # fcgi-check: allow FC027\n$1/m;
$allowed =~ s/^(    Front)/    # fcgi-check: allow FC037, FC012 (as agreed)\n$1/m;
spew('f', $allowed);
is_deeply(findings('f'), [], 'comments allow it');
$allowed =~ s/FC027/FC127/;
spew('f', $allowed);
is_deeply([ map { $_->{id} } @{ findings('f') } ], ['FC027'], 'they allow what they name');
(my $far = $warned) =~ s/^(    ServerName)/    # fcgi-check: allow FC027\n\n$1/m;
spew('f', $far);
is_deeply([ map { $_->{id} } grep { $_->{id} eq 'FC027' } @{ findings('f') } ], ['FC027'], '... on the next line alone');
spew('f', "# fcgi-check: allow FC022\n");
is_deeply(findings('f'), [], 'on line 1, for the file as a whole');
`'$tool' --syntax-only --disable=FC030 none 2>&1`;
is($? >> 8, 2, 'what cannot be checked is no matter of taste');
done_testing();
