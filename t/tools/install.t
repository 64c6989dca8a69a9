# SPDX-License-Identifier: Apache-2.0
#
# `make install` has no file in common with a Monkey that is installed: the plugin
# is in a folder of its own, and nothing is in Monkey's configuration, which
# `monkey-fastcgi enable` writes. `make uninstall` leaves no file.
use strict;
use warnings;
use Test::More;
use File::Find;
use File::Temp qw(tempdir);

my $dest = tempdir(CLEANUP => 1);
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL DESTDIR)};

sub make {
    my ($target) = @_;
    my $output = `make -s -C '$ENV{TOP_BUILDDIR}' '$target' 'DESTDIR=$dest' 2>&1`;
    is($?, 0, $target) or diag $output;
}

sub files {
    my @files;
    find({ no_chdir => 1, wanted => sub { push @files, substr($_, length $dest) if -l || !-d } }, $dest);
    return sort @files;
}

make('install');
my @files = files();
my @plugins = grep { /\.(?:so|la)$/ } @files;
is(scalar(@plugins), 2, 'two names of the plugin') or diag "@plugins";
is(scalar(grep { m{/monkey-fastcgi/monkey-fastcgi(?:18)?\.so$} } @plugins), 2, '... in a folder of its own');
is_deeply([grep { m{^/etc/|/etc/monkey/|/monkey/(?:plugins|sites)} && !m{/examples/} } @files], [],
    'nothing in a configuration of Monkey');
is(scalar(grep { m{/share/monkey-fastcgi/fastcgi\.conf$} } @files), 1, 'the fastcgi.conf that enable puts there');
make('uninstall');
is_deeply([files()], [], 'no file is left');
done_testing;
