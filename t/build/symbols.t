# SPDX-License-Identifier: Apache-2.0
#
# What the plugin exports: a symbol for each ABI of Monkey, and those data
# objects, for Monkey's own executable exports hundreds and would take the place
# of any that we share. And its other name, by which Monkey 1.8 finds its own.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIParts qw(plugin);
use Test::More;

my $plugin = $ENV{FCGI_PLUGIN} or plan skip_all => 'FCGI_PLUGIN is not set';
my @lines = `nm -D --defined-only '$plugin'`;
is($?, 0, 'nm reads the plugin');
# A build for coverage or a sanitizer exports what these need.
@lines = grep { !/ (?:__gcov|__asan|__ubsan|__tsan|__odr_asan|mangle_path|_Z|__llvm)/ } @lines;
my @names = map { (split)[2] } @lines;
is_deeply([ sort @names ], [ 'mk_plugin_fastcgi', 'mk_plugin_fastcgi18' ], 'it exports mk_plugin_fastcgi and mk_plugin_fastcgi18 alone');
is(scalar(grep { / [DB] / } @lines), 2, 'which are data');

# Monkey 1.8, told to load the file for 1.6, takes half the address of that
# one's init_plugin() for its hooks: 128 and 256 would have it crash.
my @init = map { hex((split)[0]) } grep { / t init_plugin(?:\.\S+)?$/ } `nm '$plugin'`;
cmp_ok(scalar(@init), '>', 0, 'it has an init_plugin()');
ok(scalar(grep { !($_ & (128 | 256)) } @init), 'that has an address without these bits');
(my $link = $plugin) =~ s/\.so\z/18.so/;
is((stat $link)[1] // 'none', (stat $plugin)[1], 'monkey-fastcgi18.so is the same file');

SKIP: {
    skip 'no make here', 4 if !$ENV{TOP_BUILDDIR} || !-e "$ENV{TOP_BUILDDIR}/Makefile";
    my $dir = tempdir(CLEANUP => 1);
    my $make = sub { my $out = `make -s -C '$ENV{TOP_BUILDDIR}' $_[0] DESTDIR='$dir' 2>&1`; ok(!$?, $_[0]) or diag $out };
    $make->('install-pluginLTLIBRARIES install-data-hook');
    my ($made) = glob "$dir/*/*/*/monkey-fastcgi/monkey-fastcgi18.so $dir/*/*/monkey-fastcgi/monkey-fastcgi18.so $dir/*/monkey-fastcgi/monkey-fastcgi18.so";
    is(readlink($made // '') // 'none', 'monkey-fastcgi.so', 'it is installed as a link');
    $make->('uninstall-pluginLTLIBRARIES uninstall-hook');
    ok(!-l($made // ''), 'and taken away again');
}
done_testing;
