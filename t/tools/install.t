# SPDX-License-Identifier: Apache-2.0
#
# `make install` has no file in common with a Monkey that is installed: the plugin
# is in a folder of its own, and nothing is in Monkey's configuration, which
# `monkey-fastcgi enable` writes. `make uninstall` leaves no file.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIParts;
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
my $plugins = FCGIParts::left_out('plugin') ? 0 : 2;
is(scalar(@plugins), $plugins, 'two names of the plugin, if it is built') or diag "@plugins";
is(scalar(grep { m{/monkey-fastcgi/monkey-fastcgi(?:18)?\.so$} } @plugins), $plugins, '... in a folder of its own');
is_deeply([grep { m{^/etc/|/etc/monkey/|/monkey/(?:plugins|sites)} && !m{/examples/} } @files], [],
    'nothing in a configuration of Monkey');
is(scalar(grep { m{/share/monkey-fastcgi/fastcgi\.conf$} } @files), $plugins / 2, 'the fastcgi.conf that enable puts there');
is(scalar(grep { m{/fcgi-serve$|/_?fcgi-serve(?:\.\w+)?$} } @files), FCGIParts::left_out('serve') ? 0 : 5, 'fcgi-serve, its page and completions, if it is built');
make('uninstall');
is_deeply([files()], [], 'no file is left');
done_testing;
