# SPDX-License-Identifier: Apache-2.0
#
# Where the plugin and fcgi-serve cannot be built configure says what is missing,
# and what can be built: without REG_STARTEND, as with musl; where structures are
# laid out as in no Monkey that was measured; and not on Linux.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIFile;
use Test::More;

my $src = abs_path("$FindBin::Bin/../..");
plan skip_all => 'there is no configure' if !-x "$src/configure";
plan skip_all => 'the source is configured itself, and no other folder can be' if -e "$src/config.status";
my $dir = tempdir(CLEANUP => 1);

# Configures in a folder of its own: status, and what it says.
sub configure {
    my $into = tempdir(DIR => $dir);
    open my $pipe, '-|', 'sh', '-c', 'cd "$1" && shift && exec "$@" 2>&1', 'sh', $into, "$src/configure", @_ or die;
    local $/;
    my $text = <$pipe> // '';
    close $pipe;
    return ($? >> 8, $text);
}

sub refused {
    my ($name, $why, @args) = @_;
    my ($status, $text) = configure(@args);
    is($status, 1, "$name: refused");
    like($text, qr/^configure: error: $why/m, "$name: it says why");
}

my $cure = qr/ on \S+: the plugin and fcgi-serve cannot be built here\.\n--disable-plugin --disable-serve builds the other tools\.$/m;
mkdir "$dir/musl";
spew("$dir/musl/regex.h", "typedef struct { void *state; } regex_t;\n");
my @musl = "CPPFLAGS=-I$dir/musl";
refused('no REG_STARTEND', qr/regex\.h has no REG_STARTEND \(glibc has it, musl does not\)$cure/, @musl);
refused('... for the plugin alone', qr/regex\.h has no REG_STARTEND/, @musl, '--disable-serve');
refused('... for fcgi-serve alone', qr/regex\.h has no REG_STARTEND/, @musl, '--disable-plugin');
my ($status, $text) = configure(@musl, '--disable-plugin', '--disable-serve');
unlike($text, qr/REG_STARTEND|structures/, 'the other tools do not ask for it');
is($status, 0, '... and are configured') or diag $text;
refused('another layout', qr/the layout of Monkey's structures is not known$cure/, 'CFLAGS=-fpack-struct');
refused('another system', qr/Monkey and these tools are for Linux, not for x86_64-unknown-freebsd14/, '--host=x86_64-unknown-freebsd14', 'CC=cc');

SKIP: {
    skip 'no musl-gcc here', 2 if `musl-gcc -v 2>&1` !~ /version/;
    refused('musl', qr/regex\.h has no REG_STARTEND \(glibc has it, musl does not\)$cure/, 'CC=musl-gcc');
}
done_testing;
