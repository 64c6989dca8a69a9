# SPDX-License-Identifier: Apache-2.0
#
# `make install` and `make uninstall` keep what the administrator has made of
# fastcgi.conf.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIFile;
use Test::More;
use File::Temp qw(tempdir);

my $dest = tempdir(CLEANUP => 1);
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL DESTDIR)};

# What both do with the file, and nothing else of them.
sub make {
    my ($target) = @_;
    my $output = `make -C '$ENV{TOP_BUILDDIR}' '$target' 'DESTDIR=$dest' 2>&1`;
    is($?, 0, $target) or diag $output;
    return $output;
}

my $ours = slurp("$ENV{TOP_SRCDIR}/conf/fastcgi.conf");
my $install = 'install-data-local';
make($install);
chomp(my $file = `find '$dest' -name fastcgi.conf`);
is(slurp($file), $ours, 'installed where there is none');
is((stat $file)[2] & 07777, 0644, '... for all to read');
make($install);
is(slurp($file), $ours, 'installed again');
ok(!-e "$file.new", '... and nothing beside it');
make('uninstall-local');
ok(!-e $file, 'removed as it was installed');

make($install);
spew($file, 'mine');
like(make($install), qr/^\Q$file\E stays as it is; .*fastcgi\.conf\.new$/m, 'an edited one: it is told');
is(slurp($file), 'mine', '... is kept');
is(slurp("$file.new"), $ours, '... with the new one beside it');
make('uninstall-local');
is(slurp($file), 'mine', '... and not removed');
ok(!-e "$file.new", '... but for what is beside it');
make($install);
spew("$file.new", 'mine, too');
make('uninstall-local');
is(slurp("$file.new"), 'mine, too', 'nor is one beside it that was edited');
make($install);
is(slurp("$file.new"), $ours, 'which the next one replaces');

unlink $file, "$file.new";
symlink '/nowhere/fastcgi.conf', $file or die "symlink: $!";
make($install);
is(readlink $file, '/nowhere/fastcgi.conf', 'a link stays, though it leads nowhere');
done_testing;
