# SPDX-License-Identifier: Apache-2.0
#
# fcgi-ping's default probe, FCGI_GET_VALUES: what it says of good answers, of
# misdeeds, and of those who are no FastCGI at all.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Record;
use FCGITest::Tool;

my @VALUES = (FCGI_MAX_CONNS => 10, FCGI_MAX_REQS => 50, FCGI_MPXS_CONNS => 1);

sub values_record {
    my (@v) = @_;
    my $t = '';
    while (my ($n, $v) = splice @v, 0, 2) { $t .= pack 'CCa*a*', length $n, length $v, $n, $v }
    return rec(10, 0, $t, pad => 3, reserved => 77);
}

my $app = responder(listen => 'unix', quiet => 1);
my $at = "unix:$app->{path}";

# What the application does with a probe, and what the tool makes of that:
# exit status, class in the summary, text.
sub case_is {
    my ($name, $run, $status, $class, $line, @args) = @_;
    $app->start(on_accept => sub { my ($c) = @_; $c->need(64); $run->($c) });
    # Only what is to time out has little time.
    @args = ('-W', $class =~ /timeout/ ? '0.3' : '10') if !@args;
    my $r = tool('fcgi-ping', '-c', 1, @args, $app->{path});
    my $out = $class eq 'ok' ? qr/^1 sent, 1 received, 0% loss, time \d+ ms\nrtt min.*\np50/m
      : $class =~ /^\+(.*)/ ? qr/^1 sent, 1 received \(1 unwell\), 0% loss, time \d+ ms\nerrors: 1 $1\n\z/m
      : qr/^1 sent, 0 received, 100% loss, time \d+ ms\nerrors: 1 $class\n\z/m;
    tool_is($r, $status, $out, '', "$name: summary and status");
    ok($r->{out} =~ $line, "$name: the line") or diag $r->{out};
    return $r;
}

my $good = values_record(@VALUES);
my $n = length $good;
case_is('a good answer', sub { $_[0]->raw($good) }, 0, 'ok',
    qr/^FCGI-PING \Q$at\E: FCGI_GET_VALUES\n$n bytes from \Q$at\E: seq=1 time=\d+\.\d{3} ms\n\Q$at\E: FCGI_MAX_CONNS=10 FCGI_MAX_REQS=50 FCGI_MPXS_CONNS=1\n/);
case_is('byte by byte', sub { $_[0]->drip($good, 1, 0.0005) }, 0, 'ok',
    qr/^$n bytes from .*\n.* FCGI_MPXS_CONNS=1\n/m, '-W', 5);
case_is('some values', sub { $_[0]->raw(values_record(FCGI_MPXS_CONNS => 0, OTHER => 'x')) }, 0, 'ok',
    qr/^\Q$at\E: FCGI_MPXS_CONNS=0\n/m);
case_is('no values', sub { $_[0]->raw(rec(10, 0, '')) }, 0, 'ok', qr/^\Q$at\E: it tells none of the values\n/m);
case_is('a value that is no text', sub { $_[0]->raw(values_record(FCGI_MAX_REQS => "\e[2J\n")) }, 0, 'ok',
    qr/: FCGI_MAX_REQS=\\x1b\[2J\\x0a\n/);
case_is('a long answer', sub { $_[0]->raw(values_record(@VALUES, map { ("N$_" => 'v' x 100) } 1 .. 99)) }, 0, 'ok',
    qr/ FCGI_MPXS_CONNS=1\n/);
case_is('the largest padding', sub { $_[0]->raw(rec(10, 0, "\x0f\1FCGI_MPXS_CONNS1", pad => 255)) }, 0, 'ok',
    qr/^281 bytes from .*\n.* FCGI_MPXS_CONNS=1\n/m);
case_is('FCGI_UNKNOWN_TYPE', sub { $_[0]->raw(rec(11, 0, pack 'Cx7', 9)) }, 0, 'ok',
    qr/^\Q$at\E: it does not know FCGI_GET_VALUES\n/m);

# 0 is no limit, as ping(8) and curl(1) have it: longer than the default.
case_is('no limit', sub { $_[0]->pause(2.3); $_[0]->raw($good) }, 0, 'ok', qr/ seq=1 time=2[3-9]\d\d\.\d{3} ms\n/, '-W', 0);

# No answer, or half of one.
case_is('silence', sub { $_[0]->pause(9) }, 1, 'timeout',
    qr/^\Q$at\E: seq=1 timed out after \d+ ms waiting for the first byte; all processes may be busy, or it speaks another protocol\n/m);
case_is('silence after a piece', sub { $_[0]->raw(substr $good, 0, 4); $_[0]->pause(9) }, 1, 'timeout',
    qr/: seq=1 timed out after \d+ ms waiting for the rest of the answer; 4 bytes had come\n/);
case_is('closed', sub { }, 1, 'closed', qr/: seq=1 the application closed the connection before an answer\n/);
case_is('closed in the middle', sub { $_[0]->raw(substr $good, 0, 9) }, 1, 'closed',
    qr/: seq=1 the application closed the connection after 9 bytes, before the answer was whole\n/);
$app->start(on_accept => sub { my ($c) = @_; $c->need(1); $c->{buf} = ''; close $c->{sock} });

# Not FastCGI.
for my $s (
    [ 'HTTP', "HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", 'HTTP/1.1 400 Bad Request\x0d\x0aServer: x\x0d\x0a\x0d\x0a"; this is an HTTP server' ],
    [ 'HTML', "<html>\n", '<html>\x0a"; this is an HTTP server' ],
    [ 'HTTP/2', "\0\0\x12\4\0\0\0\0\0" . 'x' x 60, '\x00\x00\x12\x04\x00\x00\x00\x00\x00' . 'x' x 55 . '"; this is an HTTP/2 server' ],
    [ 'SSH', "SSH-2.0-OpenSSH_9.2\r\n", 'SSH-2.0-OpenSSH_9.2\x0d\x0a"; this is an SSH server' ],
    [ 'TLS', "\x15\3\1\0\2\2\x46", '\x15\x03\x01\x00\x02\x02F"; this is a server that wants TLS' ],
    [ 'mail', "220 mail ESMTP\r\n", '220 mail ESMTP\x0d\x0a"; this is a mail or FTP server' ],
    [ 'Redis', "-ERR unknown\r\n", '-ERR unknown\x0d\x0a"; this is a Redis server' ],
    [ 'POP3', "+OK\r\n", '+OK\x0d\x0a"; this is a POP3 or Redis server' ],
    [ 'IMAP', "* OK x\r\n", '* OK x\x0d\x0a"; this is an IMAP server' ],
    [ 'memcached', "ERROR\r\n", 'ERROR\x0d\x0a"; this is a memcached server' ],
    [ 'one byte', 'x', 'x"' ],
    [ 'a terminal\'s escapes', "\e]0;x\a\x9b\n", '\x1b]0;x\x07\x9b\x0a"' ],
  ) {
    my ($name, $bytes, $shown) = @$s;
    case_is("$name", sub { $_[0]->raw($bytes); $_[0]->pause(9) if $name ne 'SSH' }, 1, 'not-fastcgi',
        qr/: seq=1 not FastCGI: it answers "\Q$shown\E\n/, '-W', 5);
}
case_is('HTTP byte by byte', sub { $_[0]->drip("HTTP/1.0 400 Bad\r\n", 1, 0.001) }, 1, 'not-fastcgi',
    qr/it answers "HTTP\/1.0 400 Bad\\x0d\\x0a"; this is an HTTP server/, '-W', 5);

# FastCGI, but broken.
for my $s (
    [ 'another type', rec(6, 0, 'x'), 'a record of another type than FCGI_GET_VALUES_RESULT' ],
    [ 'a request\'s id', rec(10, 1, ''), 'a record for a request, where none was made' ],
    [ 'a pair that is too long', rec(10, 0, "\x0f\x09FCGI_MPXS_CONNS1"), 'a name-value pair that its record does not hold' ],
    [ 'a pair of 2 GB', rec(10, 0, "\xff\xff\xff\xff\xff\xff\xff\xffx"), 'a name-value pair that its record does not hold' ],
    [ 'a cut pair', rec(10, 0, "\x8f"), 'a name-value pair that its record does not hold' ],
  ) {
    my ($name, $bytes, $why) = @$s;
    case_is($name, sub { $_[0]->raw($bytes); $_[0]->pause(9) }, 1, 'protocol',
        qr/: seq=1 protocol error at byte 0 of the answer: \Q$why\E\n/);
}

# A reset, over TCP.
my $tcp = responder(listen => 'tcp', quiet => 1);
$tcp->start(on_accept => sub { $_[0]->need(64); $_[0]->rst });
tool_is(tool('fcgi-ping', '-c', 1, $tcp->{hostport}), 1, qr/seq=1 the connection was reset before an answer\n.*errors: 1 reset\n\z/s, '', 'reset');
$tcp->start(on_accept => sub { $_[0]->need(64); $_[0]->raw(substr $good, 0, 20); $_[0]->pause(0.2); $_[0]->rst });
tool_is(tool('fcgi-ping', '-c', 1, $tcp->{hostport}), 1, qr/seq=1 the connection was reset after 20 bytes, before the answer was whole\n/, '', 'reset in the middle');

# A silent HTTP server that waits for the end of a line, as Python's does, is
# brought to speak by the padding.
$tcp->start(on_accept => sub { my ($c) = @_; $c->fill while $c->{buf} !~ /\n/; $c->raw("HTTP/1.0 400 Bad\r\n\r\n") });
tool_is(tool('fcgi-ping', '-c', 1, $tcp->{hostport}), 1, qr/this is an HTTP server\n/, '', 'an HTTP server that waits for a line');

# What goes over the wire, and -v.
$app->start(on_accept => sub { my ($c) = @_; $c->need(64); $c->report('hello', hex => unpack 'H*', $c->{buf}); $c->raw($good); $c->wait_eof(5); $c->report('over', how => $c->{eof}) });
my $r = tool('fcgi-ping', '-c', 1, '-v', $app->{path});
tool_is($r, 0, qr/^\Q$at\E: seq=1 > FCGI_GET_VALUES id=0 length=48 padding=8 at=0\n\Q$at\E: seq=1 < FCGI_GET_VALUES_RESULT id=0 length=\d+ padding=3 at=0\n/m, '', '-v');
is($app->wait_event('hello')->{hex}, unpack('H*', "\1\x09\0\0\0\x30\x08\0" . "\x0e\0FCGI_MAX_CONNS\x0d\0FCGI_MAX_REQS\x0f\0FCGI_MPXS_CONNS" . "\r\n" x 4),
    'the three names, padded to 8');
ok($app->wait_event('over'), 'and the connection is closed at once');

# Changed values are told again; -S; several probes on a kept connection.
$app->start(on_accept => sub {
    my ($c) = @_;
    for my $i (1 .. 3) { $c->need(64) or last; $c->{buf} = ''; $c->raw(values_record(FCGI_MAX_REQS => $i > 2 ? 5 : 4)) }
    $c->report('served', n => $_[0]{n});
    $c->wait_eof(5);
});
$r = tool('fcgi-ping', '-k', '-S', '-c', 3, '-i', '20ms', $app->{path});
tool_is($r, 0, qr/seq=1 time=\d+\.\d{3} ms \(connect\+send\+first byte\+rest \d+\.\d{3}\+\d+\.\d{3}\+\d+\.\d{3}\+\d+\.\d{3}\)\n.*: FCGI_MAX_REQS=4\n.*seq=2 .*\n.*seq=3 .*\n.*: FCGI_MAX_REQS=5\n/, '', '-k and -S');
ok($app->wait_event('served'), '-k: three probes, one connection');
unlike($r->{out}, qr/seq=2.*\n.*FCGI_MAX_REQS=4/, 'values that have not changed are not told again');
like($r->{out}, qr/seq=2 time=\S+ ms \(connect\+send\+first byte\+rest 0\.0\d\d\+/, '-k: no time for connecting');

# A kept connection that the application closes is no error.
$app->start(on_accept => sub { my ($c) = @_; $c->need(64); $c->raw($good) });
$r = tool('fcgi-ping', '-k', '-c', 4, '-i', '20ms', $app->{path});
tool_is($r, 0, qr/^4 sent, 4 received, 0% loss/m, '', '-k with an application that closes');
# ... nor one that it closes at the very moment.
$app->start(on_accept => sub { my ($c) = @_; $c->need(64); $c->raw($good); $c->{buf} = ''; $c->need(1) });
$r = tool('fcgi-ping', '-k', '-c', 4, '-i', '20ms', $app->{path});
tool_is($r, 0, qr/^4 sent, 4 received, 0% loss/m, '', '-k with an application that closes in the face of a probe');
finish;
