# SPDX-License-Identifier: Apache-2.0
#
# One version everywhere: configure.ac's.
use strict;
use warnings;
use Test::More;

my $top = $ENV{TOP_SRCDIR} or plan skip_all => 'TOP_SRCDIR is not set';

sub found {
    my ($file, $pattern) = @_;
    open my $in, '<', "$top/$file" or return "no $file";
    local $/;
    return <$in> =~ $pattern ? $1 : "none in $file";
}

my $version = found('configure.ac', qr/^AC_INIT\(\[monkey-fastcgi\], \[(.*?)\]/m);
like($version, qr/^\d+\.\d+\.\d+$/, 'configure.ac has a version');
is(found('debian/changelog', qr/^monkey-fastcgi \((.*)-\d+\)/), $version, 'debian/changelog');
is(found('rpm/monkey-fastcgi.spec.in', qr/^%changelog\n\* .* - (.*)-\d+$/m), $version, "the spec's changelog");
my $change = found('CHANGELOG.md', qr/^## \[(.*?)\]/m);
ok($change eq 'Unreleased' || $change eq $version, 'CHANGELOG.md');
done_testing;
