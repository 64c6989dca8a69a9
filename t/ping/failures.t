# SPDX-License-Identifier: Apache-2.0
#
# fcgi-ping where there is nobody to talk to: each reason, its words, status 1;
# and what is our own fault, status 2.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Tool;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM SOCK_STREAM AF_UNIX pack_sockaddr_un);

my $dir = FCGITest::temp_dir();

sub fails {
    my ($name, $class, $line, $target, @more) = @_;
    my $o = ref $more[-1] ? pop @more : {};
    my $r = tool('fcgi-ping', '-c', 1, @more, $target, $o);
    tool_is($r, $class eq 'local' ? 2 : 1, qr/: seq=1 $line\n\n/, '', $name);
    like($r->{out}, qr/\n1 sent, 0 received, 100% loss, time \d+ ms\nerrors: 1 $class\n\z/, "$name: class");
    return $r;
}

# Unix sockets.
my $d = quotemeta $dir;
fails('no such socket', 'no-socket', "no such socket: $d/none.sock does not exist; is the application running\\?", "$dir/none.sock");
fails('no such directory', 'no-socket', "no such socket: $d/none, a directory of its path, does not exist", "$dir/none/deep/a.sock");
FCGITest::Host::write_file("$dir/file", 'x');
fails('a file in the path', 'no-socket', "no such socket: $d/file is not a directory", "$dir/file/a.sock");
fails('a regular file', 'refused', 'refused: this is no socket, but a regular file', "$dir/file");
mkdir "$dir/folder";
fails('a directory', 'refused', 'refused: this is no socket, but a directory', "$dir/folder");
system 'mkfifo', "$dir/fifo";
fails('a FIFO', 'refused', 'refused: this is no socket, but something else', "$dir/fifo");
symlink 'loop', "$dir/loop";
fails('a loop', 'no-socket', 'no such socket: too many symbolic links', "$dir/loop/a.sock");
symlink 'none.sock', "$dir/dangling";
fails('a dangling link', 'no-socket', "no such socket: $d/none.sock does not exist; is.*", "$dir/dangling");
{
    my $stale = IO::Socket::UNIX->new(Local => "$dir/stale.sock", Listen => 1);
    undef $stale;
    fails('a stale socket', 'refused', 'refused: the socket is there, but nothing listens on it', "$dir/stale.sock");
    socket my $s, AF_UNIX, SOCK_DGRAM, 0;
    bind $s, pack_sockaddr_un("$dir/dgram.sock");
    fails('a datagram socket', 'refused', 'refused: this socket is not a stream socket', "$dir/dgram.sock");
}
FCGITest::Host::write_file("$dir/ev\e[1mil", 'x');
fails('a name with control characters', 'no-socket', "no such socket: $d/x\\\\x1b\\[1m does not exist; is.*", "$dir/x\e[1m");

# A listener that does not accept, and whose backlog is full.
{
    socket my $l, AF_UNIX, SOCK_STREAM, 0;
    bind $l, pack_sockaddr_un("$dir/full.sock");
    listen $l, 0;
    my @held = map { IO::Socket::UNIX->new(Peer => "$dir/full.sock", Blocking => 0, Timeout => 0.1) } 1 .. 1;
    fails('a full backlog', 'timeout', 'timed out after \d+ ms connecting; the socket\'s backlog is full, the application does not accept',
        "$dir/full.sock", '-W', '0.3');
    # ... which gets room in time.
    my $r = tool('fcgi-ping', '-c', 1, '-W', FCGITest::slow(10), '-m', 'connect', "$dir/full.sock", { signals => sub { sleep 0.3; accept my ($c), $l; } });
    tool_is($r, 0, qr/^connected to unix:$d\/full.sock: seq=1 time=\d+\.\d{3} ms\n/m, '', 'a backlog that is full for a while');
}

# Permissions, as another user.
SKIP: {
    skip 'only root can run it as another user', 10 if $> != 0;
    skip 'setpriv is not installed', 10 if system('setpriv --help >/dev/null 2>&1') != 0;
    my $as = { as => 'nobody' };
    my $l = IO::Socket::UNIX->new(Local => "$dir/shut.sock", Listen => 1);
    chmod 0640, "$dir/shut.sock";
    fails('a socket without permission', 'permission', "permission denied: user 'nobody' may not write to the socket $d/shut.sock \\(mode 0640, root:root\\)", "$dir/shut.sock", $as);
    mkdir "$dir/private";
    my $deep = IO::Socket::UNIX->new(Local => "$dir/private/a.sock", Listen => 1);
    chmod 0777, "$dir/private/a.sock";
    chmod 0750, "$dir/private";
    chown 0, (getgrnam 'www-data')[2] // 33, "$dir/private";
    my $group = getgrgid((stat "$dir/private")[5]);
    fails('a directory without permission', 'permission', "permission denied: user 'nobody' may not enter the directory $d/private \\(mode 0750, root:$group\\)", "$dir/private/a.sock", $as);
    symlink "private/a.sock", "$dir/link";
    fails('... behind a link', 'permission', "permission denied: user 'nobody' may not enter the directory $d/private \\(mode.*", "$dir/link", $as);
    symlink "$dir/private", "$dir/abslink";
    fails('... behind an absolute link', 'permission', "permission denied: user 'nobody' may not enter the directory $d/private \\(mode.*", "$dir/abslink/a.sock", $as);
    my $r = tool('fcgi-ping', '-c', 1, '-i', '0.001', "$dir/none.sock", $as);
    tool_is($r, 2, '', qr/^fcgi-ping: only root may use an interval below 2 ms\n/, 'an interval for root alone');
    $r = tool('fcgi-ping', '-c', 1, '-i', '0.002', "$dir/none.sock", $as);
    tool_is($r, 1, undef, '', 'an interval for everybody');
}

# TCP.
my $port = FCGITest::Host::free_port();
fails('a closed port', 'refused', 'refused: nothing listens on this port; is the application running, and is this its port\?', "127.0.0.1:$port");
fails('an address of the other family', 'unknown-host', 'unknown host 127.0.0.1: it has no IPv6 address', "127.0.0.1:$port", '-6');
fails('... and the other way', 'unknown-host', 'unknown host ::1: it has no IPv4 address', "[::1]:$port", '-4');
fails('an address without a way', 'unreachable', 'unreachable: .+', "[fe80::1]:$port");

# Lookups and connections that fail as is wanted.
my $lookup = tool_path('.libs/lookup.so');
my %preload = (LD_PRELOAD => $lookup, ASAN_OPTIONS => 'verify_asan_link_order=0');
my $app = responder(listen => 'tcp', quiet => 1);
$app->start(on_accept => sub { $_[0]->need(64); $_[0]->raw("\1\x0a\0\0\0\0\0\0") });
my $p = $app->{port};
fails('an unknown host', 'unknown-host', 'unknown host none.test: Name or service not known', "none.test:$p", { env => {%preload} });
my $r = fails('a name server that is silent', 'timeout', 'timed out after \d+ ms looking the name up', "slow.test:$p", '-W', '0.3', { env => {%preload} });
cmp_ok($r->{took}, '<', 15, '... does not keep us from ending');
$r = tool('fcgi-ping', '-c', 2, '-i', '0.2', '-W', 1, "slow.test:$p", "good.test:$p", { env => {%preload} });
tool_is($r, 1, qr/^--- good.test:$p \(127.0.0.1:$p\) fcgi-ping statistics ---\n2 sent, 2 received/m, '', '... nor delays the other targets');
my ($time) = $r->{out} =~ /good\.test.*\n2 sent, 2 received, 0% loss, time (\d+) ms/;
cmp_ok($time, '<', 900 * FCGITest::slow(), '... at all');
$r = tool('fcgi-ping', '-c', 2, '-i', '0.1', "many.test:$p", { env => {%preload} });
tool_is($r, 0, qr/^\d+ bytes from many.test:$p \(127.0.0.1:$p\): seq=2 /m, '', 'a dead address in front of a good one');
$r = tool('fcgi-ping', '-c', 1, '-n', "good.test:$p", { env => {%preload} });
tool_is($r, 0, qr/^8 bytes from 127.0.0.1:$p: seq=1 /m, '', '-n');
for ([ 'EPERM', 1, 'permission', 'permission denied: a rule of this machine \(a firewall\?\) forbids the connection' ],
    [ 'EHOSTUNREACH', 113, 'unreachable', 'unreachable: No route to host' ],
    [ 'ETIMEDOUT', 110, 'timeout', 'timed out after \d+ ms connecting' ],
    [ 'ECONNRESET', 104, 'reset', 'the connection was reset while connecting' ],
    [ 'EADDRNOTAVAIL', 99, 'local', 'this machine cannot: Cannot assign requested address' ],
  ) {
    my ($name, $errno, $class, $line) = @$_;
    fails($name, $class, $line, "127.0.0.1:$p", { env => { %preload, FCGI_TEST_CONNECT => $errno } });
}
SKIP: {
    skip 'prlimit is not installed', 2 if system('prlimit --version >/dev/null 2>&1') != 0;
    skip 'a sanitizer needs descriptors of its own', 2 if $ENV{FCGI_SANITIZER} || $ENV{FCGI_WRAP};
    fails('no descriptor left', 'local', 'this machine cannot: Too many open files', "127.0.0.1:$p", { limit => { n => 7 } });
}
finish;
