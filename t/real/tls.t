# SPDX-License-Identifier: Apache-2.0
#
# TLS of a real Monkey: several requests in one record, records that end anywhere,
# bodies behind heads, files that the application names, clients that go away.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);

plan(skip_all => 'IO::Socket::SSL (libio-socket-ssl-perl) is not installed') if !eval { require IO::Socket::SSL; 1 };
plan(skip_all => 'TLS is for a real Monkey that has it') if !FCGITest::Host::tls_of();
plan(skip_all => 'without the gate the core reads bodies') if !gated();

my $r = responder();
my $h = host(responder => $r, tls => 1);
my $at = "Host: 127.0.0.1:$h->{port}\r\n";

sub connect_to {
    my ($port) = @_;
    my $s = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $port // $h->{port}, SSL_verify_mode => 0, Timeout => slow(10))
      or die "TLS: $IO::Socket::SSL::SSL_ERROR\n";
    return $s;
}

# In writes, each a record of its own, cut at so many bytes.
sub say_to {
    my ($s, $bytes, $by) = @_;
    for (my $i = 0 ; $i < length $bytes ; $i += $by) {
        my $piece = substr $bytes, $i, $by;
        while (length $piece) {
            my $n = syswrite $s, $piece or return 0;
            substr $piece, 0, $n, '';
        }
    }
    return 1;
}

# All that comes up to the end of the connection, which the last request asks for.
sub hear {
    my ($s) = @_;
    my $all = '';
    local $SIG{ALRM} = sub { die "nothing comes\n" };
    my $left = alarm slow(30);
    eval { 1 while sysread $s, $all, 65536, length $all };
    alarm($left || 0);
    return $all;
}

sub bodies {
    my ($all) = @_;
    my @got;
    while ($all =~ s/\A(HTTP\/1\.1 (\d+) .*?\r\n)\r\n//s) {
        my ($head, $status, $body) = ($1, $2, '');
        if ($head =~ /^Content-Length: (\d+)/mi) { $body = substr $all, 0, $1, '' }
        elsif ($head =~ /^Transfer-Encoding: chunked/mi) {
            while ($all =~ s/\A([0-9a-f]+)\r\n//i) {
                my $n = hex $1;
                $body .= substr $all, 0, $n, '';
                substr $all, 0, 2, '';
                last if !$n;
            }
        }
        push @got, "$status $body";
    }
    push @got, "more: $all" if length $all;
    return @got;
}

my $body = join '', map { chr(($_ * 7 + ($_ >> 3)) % 256) } 0 .. 19_999;
my $chunks = "5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n";
my @requests = (
    [ "GET /hello.php HTTP/1.1\r\n$at\r\n", "200 hello\n" ],
    [ "GET /static.txt HTTP/1.1\r\n$at\r\n", "200 static text\n" ],
    [ "POST /md5.php HTTP/1.1\r\n${at}Content-Length: 3\r\n\r\nabc", '200 3 ' . md5_hex('abc') . "\n" ],
    [ "PUT /md5.php HTTP/1.1\r\n${at}Transfer-Encoding: chunked\r\n\r\n$chunks", '200 8 ' . md5_hex('abcdefgh') . "\n" ],
    [ "POST /md5.php HTTP/1.1\r\n${at}Content-Length: 20000\r\n\r\n$body", '200 20000 ' . md5_hex($body) . "\n" ],
    [ "GET /static.txt HTTP/1.1\r\n$at\r\n", "200 static text\n" ],
    [ "PATCH /md5.php HTTP/1.1\r\n${at}Content-Length: 1\r\n\r\nx", '200 1 ' . md5_hex('x') . "\n" ],
    [ "GET /hello.php HTTP/1.1\r\n${at}Connection: close\r\n\r\n", "200 hello\n" ],
);
my $all = join '', map { $_->[0] } @requests;
my @want = map { $_->[1] } @requests;
for my $by (1, 2, 7, 100, 1000, 4096, 5000, 16_000, 16_384, 1 << 20) {
    my $s = connect_to();
    say_to($s, $all, $by);
    is_deeply([ bodies(hear($s)) ], \@want, "a pipeline of all kinds in records of $by bytes");
    $s->close;
}
# What fits into one record, whole.
my @few = grep { length $_->[0] < 1000 } @requests;
for my $n (2 .. @few) {
    my @some = @few[ @few - $n .. $#few ];
    my $s = connect_to();
    say_to($s, join('', map { $_->[0] } @some), 16_384);
    is_deeply([ bodies(hear($s)) ], [ map { $_->[1] } @some ], "$n requests in one record");
    $s->close;
}
my $s = connect_to();
my $count = 100;
say_to($s, ("GET /hello.php HTTP/1.1\r\n$at\r\n" x ($count - 1)) . $requests[-1][0], 16_384);
is(scalar(grep { $_ eq "200 hello\n" } bodies(hear($s))), $count, "$count small ones in one record");
$s->close;
# Clients that go away: within a record, a head, a body, an answer.
for my $part (substr($all, 0, 30), substr($all, 0, 400), $requests[4][0] x 3, substr $requests[4][0], 0, 5000) {
    my $gone = connect_to();
    say_to($gone, $part, 16_384);
    $gone->close(SSL_no_shutdown => 1);
}
$s = connect_to();
say_to($s, $requests[-1][0], 16_384);
is_deeply([ bodies(hear($s)) ], ["200 hello\n"], 'and the next one is served');
# Files that the application names, which TLS has copied.
my $root = temp_dir();
my $file = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 1 << 20;
FCGITest::Host::write_file("$root/file.bin", $file);
FCGITest::Host::write_file("$root/long.bin", '');
truncate "$root/long.bin", 64 << 20 or die $!;
my $type = "Content-Type: application/x-test\r\n";
my $names = responder(name => 'names', cases => {
    file => "${type}X-Sendfile: $root/file.bin\r\n\r\nnot this",
    long => "${type}X-Sendfile: $root/long.bin\r\n\r\nnot this",
    accel => "${type}X-Accel-Redirect: /static.txt\r\n\r\nnot this",
    none => "${type}X-Sendfile: $root/none\r\n\r\nnot this",
});
my $hf = host(responder => $names, tls => 1, conf => { SendfileRoots => $root });
sub ask { my ($uri, @fields) = @_; return join "\r\n", "GET $uri HTTP/1.1", 'Host: a', @fields, '', '' }
sub connect_there { return connect_to($hf->{port}) }

$s = connect_there();
say_to($s, ask('/file.php') . ask('/accel.php') . ask('/file.php', 'Range: bytes=4000000-') . ask('/none.php')
      . ask('/file.php', 'Range: bytes=-5') . ask('/hello.php', 'Connection: close'), 16_384);
my @got = bodies(hear($s));
is_deeply([ map { md5_hex($_) } @got[ 0 .. 2, 4, 5 ] ],
    [ map { md5_hex($_) } "200 $file", "200 static text\n", '206 ' . substr($file, 4_000_000), '206 ' . substr($file, -5), "200 hello\n" ],
    'X-Sendfile and X-Accel-Redirect, whole and in parts, on one connection');
like($got[3], qr/^502 /, 'what is not there');
$s = connect_there();
say_to($s, ask('/file.php', 'Connection: close'), 16_384);
sysread $s, my $begin, 100;
select undef, undef, undef, 0.5;
is_deeply([ map { md5_hex($_) } bodies($begin . hear($s)) ], [ md5_hex("200 $file") ], 'a slow client');
for (1 .. 3) {
    $s = connect_there();
    say_to($s, ask('/long.php'), 16_384);
    sysread $s, $begin, 1000;
    $s->close(SSL_no_shutdown => 1);
}
my $mark = $hf->mark;
$s = connect_there();
say_to($s, ask('/long.php'), 16_384);
sysread $s, $begin, 1000;
truncate "$root/long.bin", 1000 or die $!;
my $rest = hear($s);
cmp_ok(length $rest, '<', 64 << 20, 'a file that becomes shorter is cut');
ok($hf->wait_log(qr/the file became shorter/, $mark), 'and that is logged');
$s = connect_there();
say_to($s, ask('/hello.php', 'Connection: close'), 16_384);
is_deeply([ bodies(hear($s)) ], ["200 hello\n"], 'and the next one is served');
finish;
