# SPDX-License-Identifier: Apache-2.0
#
# FastCGI records, written from the specification and sharing nothing with
# the C code that they test.
package FCGITest::Record;
use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(rec rec_end parse_pairs FCGI_BEGIN FCGI_ABORT FCGI_END
  FCGI_PARAMS FCGI_STDIN FCGI_STDOUT FCGI_STDERR);

use constant {
    FCGI_BEGIN  => 1,
    FCGI_ABORT  => 2,
    FCGI_END    => 3,
    FCGI_PARAMS => 4,
    FCGI_STDIN  => 5,
    FCGI_STDOUT => 6,
    FCGI_STDERR => 7,
};

# One record. %o: pad => n, version => 1, reserved => 0, fill => "\0".
sub rec {
    my ($type, $id, $content, %o) = @_;
    my $pad = $o{pad} || 0;
    my $fill = defined $o{fill} ? $o{fill} : "\xaa";    # never rely on zeroes
    return pack('CCnnCC', $o{version} || 1, $type, $id, length $content, $pad,
        $o{reserved} || 0) . $content . ($fill x $pad);
}

# END_REQUEST; reserved bytes are rubbish on purpose, as php-fpm's are.
sub rec_end {
    my ($id, $app, $proto, %o) = @_;
    return rec(FCGI_END, $id, pack('NC', $app || 0, $proto || 0) . "\x20ma", %o);
}

# The pairs of a parameter stream, or dies with the fault.
sub parse_pairs {
    my ($s) = @_;
    my ($i, @pairs) = (0);
    my $len = sub {
        die "pair cut in a length at byte $i\n" if $i >= length $s;
        my $b = ord substr $s, $i, 1;
        return $i++, $b if $b < 128;
        die "pair cut in a length at byte $i\n" if $i + 4 > length $s;
        my $n = unpack('N', substr $s, $i, 4) & 0x7fffffff;
        $i += 4;
        die "length $n written long\n" if $n < 128;
        return $i, $n;
    };
    while ($i < length $s) {
        my ($n, $v) = (($len->())[1], ($len->())[1]);
        die "pair cut: needs $n + $v bytes at $i of " . length($s) . "\n"
          if $i + $n + $v > length $s;
        push @pairs, [ substr($s, $i, $n), substr $s, $i + $n, $v ];
        $i += $n + $v;
    }
    return \@pairs;
}

1;
