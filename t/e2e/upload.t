# SPDX-License-Identifier: Apache-2.0
#
# Bodies of requests as streams: any length in little memory, faster or slower
# than the application, in chunks, asked for with Expect, answered early, refused,
# given up.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);
use Time::HiRes qw(time sleep);

plan(skip_all => 'without the gate the core reads bodies') if !gated();

my $MB = 1024 * 1024;

# Counts a body without holding it. Returns its MD5.
sub count {
    my ($c, $slow) = @_;
    my ($md5, $n) = (Digest::MD5->new, 0);
    while (my $r = $c->read_record) {
        if ($r->{type} == 2 || !length $r->{data}) {
            $c->{req}{aborted} = $r->{type} == 2;
            last;
        }
        $md5->add($r->{data});
        $n += length $r->{data};
        $c->pause($slow) if $slow;
    }
    return "$n " . $md5->hexdigest;
}

my %cases = (
    count => { early => 1, run => sub { my ($c) = @_; $c->reply(page(count($c), "\n")) } },
    slow => { early => 1, run => sub {
        my ($c) = @_;
        $c->pause(1);
        $c->reply(page(count($c, 0.0002), "\n"));
    } },
    length => { early => 1, run => sub {
        my ($c, $req) = @_;
        my $length = $req->{params}{CONTENT_LENGTH} // 'none';
        $c->reply(page(count($c), " $length\n"));
    } },
    early => { early => 1, run => sub { my ($c) = @_; $c->reply(page("early\n")); count($c) } },
    rude => { early => 1, run => sub { my ($c) = @_; $c->reply(page("rude\n")); $c->pause(0.05); $c->close } },
);
my $r = responder(rcvbuf => 8192, cases => \%cases);
my $h = host(responder => $r, monkey => { Timeout => 2 });
my ($pid) = $h->{pid};

sub memory {
    my ($what) = @_;
    open my $fh, '<', "/proc/$pid/status" or return;
    return (map { /^$what:\s+(\d+) kB/ ? $1 : () } <$fh>)[0];
}

my $unit = join '', map { chr(($_ * 7 + ($_ >> 3)) % 256) } 0 .. 65535;

# Sends a body of that many MB piece by piece; returns what is to be counted.
sub upload {
    my ($c, $uri, $mb) = @_;
    my $md5 = Digest::MD5->new;
    $c->send("POST $uri HTTP/1.1\r\nHost: " . $c->host_header . "\r\nContent-Length: " . $mb * $MB . "\r\n\r\n");
    for (1 .. $mb * 16) {
        $c->send($unit, timeout => 60) or last;
        $md5->add($unit);
    }
    return $mb * $MB . ' ' . $md5->hexdigest;
}

# --- size and memory ----------------------------------------------------------

upload(my $warm = client($h), '/count.php', 2);
$warm->read_response;
my $before = memory('VmHWM');
for my $case ([ 1, '/count.php' ], [ 1, '/slow.php' ], [ 20, '/slow.php' ], [ 100, '/count.php' ]) {
    my ($mb, $uri) = @$case;
    my $c = client($h);
    my $want = upload($c, $uri, $mb);
    res_is($c->read_response(timeout => 60), 200, "$want\n", "$mb MB to $uri");
    $c->send($c->format(GET => '/hello.php'));
    res_is($c->read_response, 200, "hello\n", 'and the connection goes on');
    $c->close;
}
my $grown = memory('VmHWM') - $before;
SKIP: {
    skip('memory that is not the host\'s own', 1) if !own_memory();
    ok($grown < 1024, '100 MB go through less than 1 MB of memory') or diag "$grown KB";
}

# --- methods, and what is behind a body ---------------------------------------

for my $method (qw(POST PUT PATCH DELETE PROPFIND OPTIONS GET)) {
    for my $n (1, 70_000, 300_000) {
        my $body = substr $unit x 5, 0, $n;
        my $c = client($h);
        $c->send($c->format($method => '/count.php', body => $body)
            . $c->format(GET => '/static.txt') . $c->format(POST => '/md5.php', body => 'abc'));
        res_is($c->read_response(timeout => 20), 200, "$n " . md5_hex($body) . "\n", "$method with $n bytes");
        res_is($c->read_response, 200, "static text\n", 'with a page behind it');
        res_is($c->read_response, 200, '3 ' . md5_hex('abc') . "\n", 'and another body');
        $c->close;
    }
}

# --- chunks ----------------------------------------------------------------------

sub chunked {
    my ($c, $uri, $bytes, $method) = @_;
    return ($method // 'POST') . " $uri HTTP/1.1\r\nHost: " . $c->host_header
      . "\r\nTransfer-Encoding: chunked\r\n\r\n$bytes";
}

my $chunks = "1\r\na\r\n00b;x=y\r\nbcdefghijkl\r\n3\r\nm\r\n\r\n0\r\nX-Sum: 1\r\n\r\n";
my $text = "abcdefghijklm\r\n";
my $sum = length($text) . ' ' . md5_hex($text) . ' ' . length($text) . "\n";
for my $cut (1 .. length $chunks) {
    my $c = client($h);
    my $head = chunked($c, '/length.php', '');
    my $next = $c->format(GET => '/hello.php');
    $c->drip("$head$chunks$next", [ length($head) + $cut ], 0.003);
    my ($one, $two) = ($c->read_response, $c->read_response);
    ok(($one->{body} // '') eq $sum && ($two->{body} // '') eq "hello\n", "chunks, cut at $cut")
      or diag explain [ $one, $two ];
    $c->close;
}
my $c = client($h);
$c->drip(chunked($c, '/length.php', $chunks), 1, 0.001);
res_is($c->read_response(timeout => 20), 200, $sum, 'byte by byte');

my $large = join('', map { sprintf "%x\r\n%s\r\n", length $_, $_ } map { substr $unit, 0, $_ * 4000 } 1 .. 16);
my $content = join '', map { substr $unit, 0, $_ * 4000 } 1 .. 16;
$sum = length($content) . ' ' . md5_hex($content);
$c = client($h);
$c->send(chunked($c, '/length.php', "${large}0\r\n\r\n"));
res_is($c->read_response, 200, "$sum " . length($content) . "\n", 'large: the length is told, by way of a file');
# (Where a body is given up, its last record may not be whole.)
my $rs = responder(rcvbuf => 8192, cases => \%cases, expect_faults => [qr/\Aconnection ended inside a record of type 5/]);
my $hs = host(responder => $rs, conf => { ChunkedBody => 'Stream', MaxBodySize => '600k' });
$c = client($hs);
$c->send(chunked($c, '/length.php', "${large}0\r\n\r\n"));
res_is($c->read_response, 200, "$sum none\n", 'ChunkedBody Stream: it is not');
$c->send(chunked($c, '/length.php', $chunks));
is($c->read_response->{body}, length($text) . ' ' . md5_hex($text) . ' ' . length($text) . "\n",
    'but for a small one it is');
$c->send(chunked($c, '/length.php', "${large}FFFFF\r\n" . $unit x 16));
is($c->read_response->{status}, 413, 'more chunks than MaxBodySize: 413');
my $ht = host(responder => $r, conf => { MaxSpoolSize => '100k' });
$r->forget;
$c = client($ht);
$c->send(chunked($c, '/length.php', "${large}0\r\n\r\n"));
is($c->read_response->{status}, 413, 'more than MaxSpoolSize: 413');
is(scalar(my @none = $r->requests), 0, 'and the application is not asked');
ok($ht->wait_log(qr/MaxSpoolSize/), 'the log names the key');

# --- limits -----------------------------------------------------------------------

my $hl = host(responder => $r, conf => { MaxBodySize => 1000, ClientBodyTimeout => '400ms', Extensions => '.php' });
res_is(post($hl, '/count.php', 'x' x 1000), 200, undef, 'MaxBodySize: 1000 bytes');
$r->forget;
for my $n (1001, 3 * $MB) {
    my $c = client($hl);
    $c->send($c->format(POST => '/count.php', body => 'x' x $n));
    my $res = $c->read_response;
    is($res->{status}, 413, "$n bytes: 413");
    ok($c->at_eof(5), 'and the connection ends');
}
is(scalar(@none = $r->requests), 0, 'and the application is not asked');
ok($hl->wait_log(qr/MaxBodySize/), 'the log names the key');
$c = client($hl);
my $t0 = time;
$c->send(substr $c->format(POST => '/count.php', body => 'x' x 100), 0, -50);
is($c->read_response->{status}, 408, 'no more of the body: 408');
cmp_ok(time - $t0, '>=', 0.35, 'not before ClientBodyTimeout');
ok($c->at_eof(5), 'and the connection ends');
ok($hl->wait_log(qr/ClientBodyTimeout/), 'the log names the key');

# An upload that takes longer than Monkey's Timeout.
$c = client($h);
my $drip = $c->format(POST => '/count.php', body => 'x' x 100);
$c->drip($drip, [ map { length($drip) - 10 * $_ } reverse 1 .. 9 ], 0.5);
res_is($c->read_response, 200, '100 ' . md5_hex('x' x 100) . "\n", 'slower than Timeout');

# A client that goes away.
for my $how (qw(close rst)) {
    $r->forget;
    $c = client($h);
    $c->send(substr $c->format(POST => '/count.php', body => 'x' x 20_000), 0, -50);
    sleep 0.2;
    $c->$how;
    ok($r->wait_event('end'), "$how within a body: the application's request is given up");
}

# --- early answers --------------------------------------------------------------------

my $he = host(responder => $rs);
for my $uri ('/early.php', '/rude.php') {
    for my $n (1000, 300_000, 5 * $MB) {
        my $c = client($he);
        $c->send($c->format(POST => $uri, body => substr $unit x 80, 0, $n));
        my ($word) = $uri =~ /(\w+)/;
        res_is($c->read_response, 200, "$word\n", "$uri, $n bytes: the answer comes");
        $c->send($c->format(GET => '/static.txt'));
        res_is($c->read_response, 200, "static text\n", 'and the connection goes on');
        $c->close;
    }
}

# --- Expect ----------------------------------------------------------------------------

$c = client($h);
$c->send("POST /count.php HTTP/1.1\r\nHost: " . $c->host_header . "\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
is($c->read_some(25, 5), "HTTP/1.1 100 Continue\r\n\r\n", 'Expect: 100 comes');
ok($c->silent(0.2), 'and nothing else');
$c->send('abc');
res_is($c->read_response, 200, '3 ' . md5_hex('abc') . "\n", 'then the answer');
for my $refusal ([ $hl, '/count.php', 413, 5000 ], [ $hl, '/no-such.php', 404, 50 ]) {
    my ($host, $uri, $status, $n) = @$refusal;
    my $c = client($host);
    $c->send("POST $uri HTTP/1.1\r\nHost: " . $c->host_header . "\r\nContent-Length: $n\r\nExpect: 100-continue\r\n\r\n");
    my $res = $c->read_response;
    is($res->{status}, $status, "Expect: $status");
    ok(!$res->{interim}, 'instead of 100');
}

sub curl {
    my ($host, @args) = @_;
    my $pid = open my $out, '-|', 'curl', '-s', '-w', ' %{http_code} %{time_total}', @args;
    local $/;
    my $all = <$out>;
    close $out;
    return $all;
}

SKIP: {
    skip('no curl', 5) if !grep { -x "$_/curl" } split /:/, $ENV{PATH};
    my $file = "$h->{dir}/body";
    open my $fh, '>', $file or die;
    print $fh $unit x 48;
    close $fh;
    my $url = "http://127.0.0.1:$h->{port}";
    my $want = 3 * $MB . ' ' . md5_hex($unit x 48);
    my $said = curl($h, '-H', 'Expect: 100-continue', '--data-binary', "\@$file", "$url/count.php");
    like($said, qr/\A$want\n 200 /, 'curl, with Expect');
    my ($took) = $said =~ /([\d.]+)\z/;
    cmp_ok($took, '<', slow(0.9), 'does not wait for a second');
    $said = curl($h, '-H', 'Expect: 100-continue', '-H', 'Transfer-Encoding: chunked', '-T', $file, "$url/length.php");
    like($said, qr/\A$want 3145728\n 200 /, 'curl -T, in chunks');
    $said = curl($h, '--limit-rate', '1m', '-T', $file, "$url/count.php");
    like($said, qr/\A$want\n 200 /, 'curl --limit-rate, longer than Timeout');
    $said = curl($h, '-H', 'Expect:', '--data-binary', "\@$file", "http://127.0.0.1:$hl->{port}/count.php");
    like($said, qr/ 413 /, 'curl, larger than MaxBodySize');
}
finish;
