# SPDX-License-Identifier: Apache-2.0
#
# System calls for which Perl has no function, by the numbers of the machine that
# this Perl was built for.
package FCGISyscall;
use strict;
use warnings;
use Config;

my %NUMBERS = (    # prctl, unshare
    x86_64 => [ 157, 272 ],
    i686 => [ 172, 310 ],
    i586 => [ 172, 310 ],
    i386 => [ 172, 310 ],
    arm => [ 172, 337 ],
    s390x => [ 172, 303 ],
    powerpc64le => [ 171, 282 ],
    aarch64 => [ 167, 97 ],
    riscv64 => [ 167, 97 ],
);
my ($prctl, $unshare) = @{ $NUMBERS{ $Config{archname} =~ s/-.*//r } // [] };

# The process is killed when its parent ends, however it does.
sub die_with_parent {
    eval { syscall $prctl, 1, 9, 0, 0, 0 } if $prctl;
}

# unshare(2); false where that is not allowed, or not known.
sub unshare {
    my ($flags) = @_;
    return $unshare && syscall($unshare, $flags) == 0;
}

1;
