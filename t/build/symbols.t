# SPDX-License-Identifier: Apache-2.0
#
# What the plugin exports: one symbol, and that a data object, for Monkey's own
# executable exports hundreds and would take the place of any that we share.
use strict;
use warnings;
use Test::More;

my $plugin = $ENV{FCGI_PLUGIN} or plan skip_all => 'FCGI_PLUGIN is not set';
my @lines = `nm -D --defined-only '$plugin'`;
is($?, 0, 'nm reads the plugin');
# A build for coverage or a sanitizer exports what these need.
@lines = grep { !/ (?:__gcov|__asan|__ubsan|__tsan|__odr_asan|mangle_path|_Z|__llvm)/ } @lines;
my @names = map { (split)[2] } @lines;
is_deeply(\@names, ['mk_plugin_fastcgi'], 'it exports mk_plugin_fastcgi alone');
like($lines[0] // '', qr/ [DB] /, 'which is data');
done_testing;
