# SPDX-License-Identifier: Apache-2.0
#
# The tarball: all that git has, what the autotools made, and nothing that was
# built: an object in it would be taken for the one of its own build.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $top = $ENV{TOP_SRCDIR} or plan skip_all => 'TOP_SRCDIR is not set';
my $build = $ENV{TOP_BUILDDIR} or plan skip_all => 'TOP_BUILDDIR is not set';
-e "$top/.git" or plan skip_all => "$top is no git checkout";
# git refuses a checkout of another user's.
my @git = split /\0/, `git -c safe.directory='*' -C '$top' ls-files -z`;
@git or plan skip_all => 'git lists no files';

my $dist = tempdir(CLEANUP => 1) . '/dist';
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};
my $output = `make -C '$build' distdir distdir='$dist' 2>&1`;
is($?, 0, 'make distdir') or diag($output);
chomp(my @dist = map { s{^\./}{}r } `cd '$dist' && find . -type f`);

my %git = map { $_ => 1 } grep { !m{^\.ci/|^\.git} } @git;
my %dist = map { $_ => 1 } @dist;
my $made = qr{^(?:Makefile\.in|aclocal\.m4|configure|build-aux/.*|rpm/monkey-fastcgi\.spec)$};
is_deeply([sort grep { !$git{$_} && !/$made/ } @dist], [], 'nothing that git does not have');
is_deeply([sort grep { !$dist{$_} } keys %git], [], 'all that git has');
done_testing;
