# SPDX-License-Identifier: Apache-2.0
#
# Files as a whole, in bytes.
package FCGIFile;
use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(make_path);

our @EXPORT = qw(slurp spew);

# The content; undef where the file cannot be read.
sub slurp {
    my ($path) = @_;
    open my $in, '<:raw', $path or return undef;
    local $/;
    return <$in> // '';
}

# Writes a file, and its folders.
sub spew {
    my ($path, $text) = @_;
    make_path(dirname($path));
    open my $out, '>:raw', $path or die "$path: $!";
    print $out $text;
    close $out or die "$path: $!";
}

1;
