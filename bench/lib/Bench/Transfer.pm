# SPDX-License-Identifier: Apache-2.0
#
# One long request or answer, and what the server holds of it meanwhile.
#
#   my $held = Bench::Transfer::up($server, '/null.php', $bytes);
#   my $held = Bench::Transfer::down($server, '/null.php', $bytes, $rate);
#   # { seconds, growth, files, failure }: memory, nameless files (bytes);
#   # failure is '' where all went well
#
# The client of down() reads no more than `rate` bytes a second.
package Bench::Transfer;
use strict;
use warnings;
use Bench::Process;
use FCGISyscall;
use FCGITest;
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Socket qw(SOL_SOCKET SO_RCVBUF);

# A server that takes longer has failed.
use constant BOUND => 60;
use constant PIECE => 32768;

sub connect_to {
    my ($server, $receive_buffer) = @_;
    socket my $sock, Socket::AF_INET, Socket::SOCK_STREAM, 0 or die "socket: $!\n";
    setsockopt $sock, SOL_SOCKET, SO_RCVBUF, $receive_buffer if $receive_buffer;
    connect $sock, Socket::sockaddr_in($server->{port}, Socket::inet_aton('127.0.0.1')) or die "connect: $!\n";
    return $sock;
}

sub send_all {
    my ($sock, $bytes) = @_;
    my $at = 0;
    while ($at < length $bytes) {
        my $n = syswrite $sock, $bytes, length($bytes) - $at, $at;
        die "the connection is lost: $!\n" if !$n;
        $at += $n;
    }
    return;
}

# Reads an answer of 200 with a Content-Length, and returns the body's size.
sub read_answer {
    my ($sock, $rate) = @_;
    my ($head, $t0) = ('', time);
    while ($head !~ /\r\n\r\n/) {
        sysread $sock, $head, PIECE, length $head or die "no answer\n";
    }
    $head =~ m{\AHTTP/1\.1 200 } or die 'answered ', $head =~ /\A(.*)\r/, "\n";
    my ($length) = $head =~ /^Content-Length: (\d+)/mi or die "no Content-Length\n";
    my $got = length($head) - index($head, "\r\n\r\n") - 4;
    while ($got < $length) {
        my $n = sysread $sock, my $piece, PIECE or die "the answer ends early\n";
        $got += $n;
        my $ahead = $rate ? $got / $rate - (time - $t0) : 0;
        sleep $ahead if $ahead > 0;
    }
    return $got;
}

# Runs the client in a process of its own, and looks at the server meanwhile.
sub watch {
    my ($server, $client) = @_;
    my $memory = Bench::Process::memory($server->{pid});
    my $t0 = time;
    pipe my $told, my $tell or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        FCGISyscall::die_with_parent();
        $SIG{ALRM} = sub { die 'not done within ', BOUND, " s\n" };
        alarm BOUND;
        eval { $client->(); 1 } or syswrite $tell, $@;
        POSIX::_exit(0);
    }
    close $tell;
    while (waitpid($pid, WNOHANG) == 0) {
        $memory->look;
        sleep 0.05;
    }
    chomp(my $failure = do { local $/; <$told> } // '');
    return { seconds => time - $t0, growth => $memory->growth, files => $memory->files, failure => $failure };
}

sub up {
    my ($server, $page, $bytes) = @_;
    return watch($server, sub {
        my $sock = connect_to($server);
        send_all($sock, "POST $page HTTP/1.1\r\nHost: 127.0.0.1\r\n"
              . "Content-Type: application/octet-stream\r\nContent-Length: $bytes\r\n\r\n");
        my $piece = 'x' x PIECE;
        send_all($sock, $piece) for 1 .. int $bytes / PIECE;
        send_all($sock, 'x' x ($bytes % PIECE));
        read_answer($sock);
    });
}

sub down {
    my ($server, $page, $bytes, $rate) = @_;
    return watch($server, sub {
        my $sock = connect_to($server, 65536);
        send_all($sock, "GET $page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        my $got = read_answer($sock, $rate);
        die "$got bytes, not $bytes\n" if $got != $bytes;
    });
}

1;
