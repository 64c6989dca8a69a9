# SPDX-License-Identifier: Apache-2.0
#
# fcgi-ping with a whole request: what is sent, and what it says of each
# answer.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Record;
use FCGITest::Tool;

my $page = page('all is well');
my $app = responder(listen => 'unix', cases => {
    good     => $page,
    drip     => sub { my ($c) = @_; my $id = $c->id; $c->drip(rec(6, $id, $page, pad => 3) . rec_end($id), 1, 0.0002) },
    s404     => "Status: 404 Not Found\r\n\r\nno",
    s500     => sub { my ($c) = @_; $c->stderr("PHP Fatal error\nmore\n"); $c->reply("Status: 500 Oops\r\n\r\n") },
    err      => sub { my ($c) = @_; $c->stderr("a\e[1mword\n"); $c->reply($page) },
    nohead   => "<h1>hello</h1>\n",
    cuthead  => "Content-Type: text/plain\r\n",
    empty    => '',
    bigstat  => "Status: 999\r\n\r\n",
    bighead  => 'X: ' . 'h' x 70_000 . "\r\n\r\n",
    app7     => sub { my ($c) = @_; $c->stdout($page); $c->end(7) },
    map({ my $s = $_; ("proto$s" => sub { my ($c) = @_; $c->end(0, $s) }) } 1, 2, 3, 9),
    badid    => sub { my ($c) = @_; $c->raw(rec(6, 2, $page)) ; $c->pause(1) },
    badid2   => sub { my ($c) = @_; $c->stdout('A: b', pad => 4); $c->raw(rec(6, 2, $page)); $c->pause(1) },
    version  => sub { my ($c) = @_; $c->stdout('A: b', pad => 4); $c->raw(rec(6, 1, $page, version => 2)); $c->pause(1) },
    badtype  => sub { my ($c) = @_; $c->raw(rec(1, 1, 'x' x 8)); $c->pause(1) },
    shortend => sub { my ($c) = @_; $c->raw(rec(3, 1, 'x' x 7)); $c->pause(1) },
    half     => sub { my ($c) = @_; $c->stdout($page) },
    stuck    => sub { my ($c) = @_; $c->stdout($page); $c->pause(9) },
    silent   => sub { my ($c) = @_; $c->pause(9) },
    unread   => { early => 1, run => sub { my ($c) = @_; $c->pause(9) } },
    padend   => sub { my ($c) = @_; $c->stdout($page); $c->raw(substr rec_end($c->id, 0, 0, pad => 200), 0, 20) },
    split    => sub { my ($c) = @_; $c->stdout(page('all is ')); $c->stdout('w'); $c->stdout('ell') ; $c->end },
});
my $at = "unix:$app->{path}";
sub ask {
    my ($case, @args) = @_;
    return tool('fcgi-ping', '-c', 1, '-W', FCGITest::slow(5), '-s', "/$case.php", @args, $app->{path});
}

tool_is(ask('good'), 0, qr/^FCGI-PING \Q$at\E: request \/good.php\n\d+ bytes from \Q$at\E: seq=1 status=200 time=\d+\.\d{3} ms\n\n/, '', 'a good answer');
tool_is(ask('drip'), 0, qr/ status=200 /, '', 'byte by byte');
tool_is(ask('app7'), 0, qr/ status=200 app=7 time=/, '', 'an application status is shown');
tool_is(ask('err'), 0, qr/ status=200 /, '', 'STDERR is nothing bad by itself');
tool_is(ask('padend'), 0, qr/ status=200 /, '', 'closed in the padding of END_REQUEST: the answer is whole');
tool_is(ask('split', '--expect', 'is well'), 0, qr/ status=200 /, '', '--expect over several records');
tool_is(ask('s404', '--expect-status', '404,410'), 0, qr/ status=404 time=\S+ ms\n/, '', '--expect-status');

# An answer, but not well: status 3.
my @unwell = (
    [ 's404', [], 'status', 'status=404 .*unwell: unexpected status 404' ],
    [ 's500', [], 'status', 'status=500 .*unwell: unexpected status 500; STDERR: PHP Fatal error' ],
    [ 'good', [ '--expect-status=201-299,404' ], 'status', 'unwell: unexpected status 200' ],
    [ 'good', [ '--expect', "nev\ner" ], 'unexpected-text', 'unwell: "nev\\\\x0aer" is not in the 11 bytes of the body' ],
    [ 'good', [ '--expect', 'text/plain' ], 'unexpected-text', 'unwell: "text/plain" is not in the 11 bytes of the body' ],
    [ 'err', [ '--no-stderr' ], 'stderr', 'unwell: 10 bytes on STDERR; STDERR: a\\\\x1b\[1mword' ],
    [ 'nohead', [], 'bad-header', 'unwell: the answer is no CGI: a header name with characters that are not allowed' ],
    [ 'cuthead', [], 'bad-header', 'unwell: the answer is no CGI: its header has no end' ],
    [ 'empty', [], 'bad-header', 'unwell: the answer is no CGI: it is empty' ],
    [ 'bigstat', [], 'bad-header', 'unwell: the answer is no CGI: its Status is not a number from 200 to 599' ],
    [ 'bighead', [], 'bad-header', 'unwell: the answer is no CGI: the header is longer than 64 KiB' ],
    [ 'proto1', [], 'no-multiplexing', 'unwell: the application takes no further request on this connection \(FCGI_CANT_MPX_CONN\)' ],
    [ 'proto2', [], 'overloaded', 'unwell: the application says that it is overloaded \(FCGI_OVERLOADED\)' ],
    [ 'proto3', [], 'unknown-role', 'unwell: the application does not know this role \(FCGI_UNKNOWN_ROLE\)' ],
    [ 'good', [ '--fpm-ping=/good.php' ], 'unexpected-text', 'unwell: "pong" is not in the 11 bytes of the body' ],
    [ 'good', [ '--fpm-status=/good.php' ], 'unexpected-text', 'unwell: the answer is no status page of php-fpm' ],
    [ 's404', [ '--fpm-ping=/s404.php' ], 'status', 'unwell: unexpected status 404; is ping.path of the pool this page\?' ],
    [ 's404', [ '--fpm-status=/s404.php' ], 'status', 'unwell: unexpected status 404; is pm.status_path of the pool this page\?' ],
);
for (@unwell) {
    my ($case, $args, $class, $line) = @$_;
    my $r = ask($case, @$args);
    my $name = "$case @$args" =~ s/\n/\\n/gr;
    tool_is($r, 3, qr/^\d+ bytes from \Q$at\E: seq=1 .*$line\n/m, '', $name);
    like($r->{out}, qr/\n1 sent, 1 received \(1 unwell\), 0% loss, time \d+ ms\nerrors: 1 $class\n\z/, "$name: summary, and no times");
}

# No answer: status 1.
my @broken = (
    [ 'badid', 'protocol', 'protocol error at byte 0 of the answer: a record for another request' ],
    [ 'badid2', 'protocol', 'protocol error at byte 16 of the answer: a record for another request' ],
    [ 'version', 'protocol', 'protocol error at byte 16 of the answer: a record of another version \(is it FastCGI that answers\?\)' ],
    [ 'badtype', 'protocol', 'protocol error at byte 0 of the answer: a record of a type that only a web server sends' ],
    [ 'shortend', 'protocol', 'protocol error at byte 0 of the answer: an END_REQUEST record that is too short' ],
    [ 'proto9', 'protocol', 'protocol error at byte 0 of the answer: END_REQUEST with an unknown protocol status' ],
    [ 'half', 'closed', 'the application closed the connection after \d+ bytes, before the answer was whole' ],
    [ 'silent', 'timeout', 'timed out after \d+ ms waiting for the first byte; all processes.*' ],
    [ 'stuck', 'timeout', 'timed out after \d+ ms waiting for the rest of the answer; \d+ bytes had come' ],
    [ 'unread', 'timeout', 'timed out after \d+ ms sending the request' ],
);
my $big = FCGITest::temp_dir() . '/big';
FCGITest::Host::write_file($big, 'b' x 8_000_000);
for (@broken) {
    my ($case, $class, $line) = @$_;
    my @args = $class eq 'timeout' ? ('-W', '0.3') : ();
    push @args, '-d', "\@$big" if $case eq 'unread';
    my $r = ask($case, @args);
    tool_is($r, 1, qr/^\Q$at\E: seq=1 $line\n/m, '', $case);
    like($r->{out}, qr/\n1 sent, 0 received, 100% loss, time \d+ ms\nerrors: 1 $class\n\z/, "$case: summary");
}

# What is sent.
$app->forget;
tool_is(tool('fcgi-ping', '-c', 1, '-s', '/dir/good.php?a=b&c', '-e', 'X=1', '-e', 'Y=', '-e', 'REQUEST_METHOD=PUT', '-d', 'some data', $app->{path}), 0, undef, '', 'a request with all');
my $req = $app->last_request;
my %want = (SCRIPT_FILENAME => '/dir/good.php', SCRIPT_NAME => '/dir/good.php', QUERY_STRING => 'a=b&c', REQUEST_URI => '/dir/good.php?a=b&c',
    REQUEST_METHOD => 'PUT', X => 1, Y => '', CONTENT_LENGTH => 9, CONTENT_TYPE => 'application/x-www-form-urlencoded',
    GATEWAY_INTERFACE => 'CGI/1.1', SERVER_PROTOCOL => 'HTTP/1.1', REDIRECT_STATUS => 200, REMOTE_ADDR => '127.0.0.1');
is_deeply({ map { $_ => $req->{params}{$_} } keys %want }, \%want, 'its variables');
like($req->{params}{SERVER_SOFTWARE}, qr/^fcgi-ping\/\d/, 'SERVER_SOFTWARE');
is($req->{body}, 'some data', 'its body');
is($req->{keep} ? 1 : 0, 0, 'without -k: no FCGI_KEEP_CONN');
$app->forget;
tool_is(tool('fcgi-ping', '-c', 3, '-i', '20ms', '-k', '-X', 'HEAD', '-s', '/good.php', $app->{path}), 0, qr/^3 sent, 3 received/m, '', '-k');
my @req = $app->requests;
is(scalar(grep { $_->{keep} && $_->{params}{REQUEST_METHOD} eq 'HEAD' } @req), 3, '-k: FCGI_KEEP_CONN, -X');
is(scalar(keys %{ { map { $_->{conn} => 1 } @req } }), 1, '-k: one connection');
finish;
