# SPDX-License-Identifier: Apache-2.0
#
# What configure was told to leave out: the whole file is skipped without it.
#
#   use FCGIParts qw(plugin serve);
#   grep { !FCGIParts::left_out($_) } @programs
package FCGIParts;
use strict;
use warnings;
use Test::More ();

sub left_out {
    my ($part) = @_;
    my $name = { 'monkey-fastcgi' => 'PLUGIN', 'fcgi-serve' => 'SERVE' }->{$part} // uc $part;
    return ($ENV{"FCGI_$name"} // '-') eq '';
}

sub import {
    my ($class, @parts) = @_;
    for (@parts) {
        Test::More::plan(skip_all => "this build has none (--disable-$_)") if left_out($_);
    }
}

1;
