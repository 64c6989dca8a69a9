# SPDX-License-Identifier: Apache-2.0
#
# fcgi-check without an argument: all of Monkey's configuration where it was
# installed, with what the User may not open; fastcgi.conf alone without that.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIFile;
use IO::Socket::UNIX;
use Test::More;

plan skip_all => 'FCGI_CHECK is not set' unless $ENV{FCGI_CHECK};
my ($dir) = `'$ENV{FCGI_CHECK}' --help` =~ /the default is\n(.*),\n/ or die 'the default?';
my ($there) = $dir =~ m{^(/[^/]+)};
my $top = tempdir(CLEANUP => 1);
chmod 0755, $top;

# What a command says where the folder is one of ours, over the one that is there.
my $run = <<'END';
set -e
top=$1 there=$2 dir=$3
mount -t tmpfs tmpfs "$top/over"
mkdir "$top/over/up" "$top/over/work"
mkdir -p "$there"
mount -t overlay -o "lowerdir=$there,upperdir=$top/over/up,workdir=$top/over/work" overlay "$there"
shift 3
rm -rf "$dir"
mkdir -p "$dir/sites" "$dir/plugins/fastcgi"
cp "$top/fastcgi.conf" "$dir/plugins/fastcgi/"
test ! -e "$top/monkey.conf" || cp "$top/monkey.conf" "$dir/"
echo begun
exec 2>&1
exec "$@"
END
sub default_is {
    my ($name, $status, $pattern) = @_;
    open my $out, '-|', 'unshare', '-m', 'sh', '-c', $run, 'sh', $top, $there, $dir, $ENV{FCGI_CHECK}, '--format=gcc' or die;
    my $text = do { local $/; <$out> // '' };
    close $out;
    return 0 if $text !~ s/\Abegun\n//;
    is($? >> 8, $status, "$name: status") or diag $text;
    like($text, $pattern, $name);
    return 1;
}

mkdir "$top/over";
my $socket = IO::Socket::UNIX->new(Local => "$top/a.sock", Listen => 1) or die "$top/a.sock: $!";
chmod 0600, "$top/a.sock";
spew("$top/fastcgi.conf", "[FASTCGI_SERVER]\n    ServerName php\n    ServerPath $top/a.sock\n");
plan skip_all => 'no folder can be put over another here'
  if !default_is('fastcgi.conf alone', 0, qr{^(?!.*FC132)}s);
spew("$top/monkey.conf", "[SERVER]\n    User nobody\n");
# (2: there is no site, either.)
default_is('all of the configuration', 2, qr{^\Q$dir\E/plugins/fastcgi/fastcgi\.conf:3:16: error: user 'nobody' may not write to the socket '\Q$top\E/a\.sock' .* \[FC132\]$}m);
done_testing();
