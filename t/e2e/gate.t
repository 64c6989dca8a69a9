# SPDX-License-Identifier: Apache-2.0
#
# The gate: what it takes that Monkey's core would not, what it leaves to that,
# and that neither is ever mixed up.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);
use File::Basename qw(dirname);

plan(skip_all => 'there is no gate') if !gated();

my $r = responder(cases => {
    read  => sub { $_[0]->reply(cgi([ 'Content-Type: text/plain', 'Content-Length: 1' ], $_[1]{stdin})) },
    late  => sub { $_[0]->pause(0.4); $_[0]->reply(page("late\n")) },
    large => page('l' x 3_000_000),
    wait  => sub { $_[0]->pause(1.5); $_[0]->reply(page("waited\n")) },
});
my %files = map { $_ => 'source' } 'wiki/Wait...php', 'git/a..b/env.php', '...php', 'deep/x/env.php';
my $second = temp_dir();
FCGITest::Host::write_file("$second/env.php",    'source of b');
FCGITest::Host::write_file("$second/static.txt", "static of b\n");
my $h = host(responder => $r, files => { %files, 'large.txt' => 'L' x 2_000_000 },
    sites => { b => { names => 'b.test www.b.test', root => $second }, to => { names => 'to.test', redirect => 'http://there.test/' } });
my $me = 'Host: ' . client($h)->host_header;

# What is sent on a connection of its own: the answer.
sub send_raw {
    my ($bytes, %o) = @_;
    my $c = client($o{host} // $h);
    $c->send($bytes);
    my $res = $c->read_response(method => $bytes =~ /\AHEAD/ ? 'HEAD' : 'GET', %o);
    return wantarray ? ($res, $c) : $res;
}
# The variables that the application was sent.
sub vars {
    my ($method, $uri, %o) = @_;
    $r->forget;
    my $res = request($h, $method => $uri, %o);
    my $q = $r->last_request || {};
    return { %{ $q->{params} || {} }, '(status)' => $res->{status} // $res->{error}, '(body)' => $q->{body} };
}

# --- heads --------------------------------------------------------------------
for my $n (9, 12, 100, 500) {
    my $v = vars(GET => '/env.php', headers => [ map { "X-N$_: v$_" } 1 .. $n ]);
    is(scalar(grep { ($v->{"HTTP_X_N$_"} // '') eq "v$_" } 1 .. $n), $n, "$n fields");
}
is(vars(GET => '/env.php', headers => [ map { "X: $_" } 1 .. 2000 ])->{'(status)'}, 431, '2,000 fields: 431');
is(length(vars(GET => '/env.php', headers => [ 'X-Big: ' . 'b' x 60_000 ])->{HTTP_X_BIG}), 60_000, 'a field of 60,000 bytes');
is(length(vars(GET => '/env.php?' . 'q' x 60_000)->{QUERY_STRING}), 60_000, 'a query of as many');
{
    my $line = "GET /env.php HTTP/1.1\r\n$me\r\nX: ";
    for my $more (0, 1) {
        my ($res, $c) = send_raw($line . 'x' x (65_536 - length($line) - 4 + $more) . "\r\n\r\n");
        is($res->{status}, $more ? 431 : 200, 'a head of 65,53' . (6 + $more) . ' bytes');
        ok($c->at_eof, 'which ends the connection') if $more;
    }
    for my $n (66_000, 300_000) {
        $r->forget;
        my $mark = $h->mark;
        my ($res, $c) = send_raw("GET /env.php HTTP/1.1\r\n$me\r\nX-A: " . 'x' x $n . "\r\n\r\n");
        is($res->{status}, 431, "a field of $n bytes: 431");
        ok($h->wait_log(qr/MaxRequestHeaderSize.*431/, $mark), 'the log names the key');
        ($res, $c) = send_raw('GET /env.php?' . 'q' x $n . " HTTP/1.1\r\n$me\r\n\r\n");
        is($res->{status}, 414, "a query of $n bytes: 414");
        is(scalar(my @q = $r->requests), 0, 'the application sees neither');
    }
}
# Repeated fields are one variable.
my $v = vars(GET => '/env.php', headers => [ 'Cookie: a=1', 'Accept: x', 'X-R: 1', 'cookie: b=2', 'accept: y', 'x-r: ', 'X-R: 3' ]);
is($v->{HTTP_COOKIE}, 'a=1; b=2', 'two Cookie fields');
is($v->{HTTP_ACCEPT}, 'x, y', 'two Accept fields');
is($v->{HTTP_X_R}, '1, , 3', 'three others, one of them empty');
# Empty values.
for my $field ('X-Empty:', 'X-Empty: ', "X-Empty: \t ") {
    my $v = vars(GET => '/env.php', headers => [ $field, 'X-After: a' ]);
    is($v->{'(status)'} . '|' . ($v->{HTTP_X_EMPTY} // 'none') . '|' . $v->{HTTP_X_AFTER}, '200||a', FCGITest::show($field) . ': an empty variable');
}

# --- hosts ----------------------------------------------------------------------
sub site { my ($v) = @_; return $v->{'(status)'} ne 200 ? $v->{'(status)'} : $v->{DOCUMENT_ROOT} eq $second ? 'b' : $v->{DOCUMENT_ROOT} eq $h->{docroot} ? 'first' : '?' }
for my $name ('b.test', 'B.TEST', 'b.test.', 'B.Test.:80', "b.test:$h->{port}", 'www.b.test', 'WWW.b.test') {
    my $v = vars(GET => '/env.php', headers => ["Host: $name"]);
    is(site($v), 'b', "Host: $name chooses the site");
    is($v->{SERVER_NAME}, lc($name =~ s/[.]?(?::.*)?\z//r), 'by its name');
    is($v->{HTTP_HOST}, $name, 'and is passed on as it came');
}
is(site(vars(GET => '/env.php', headers => ["Host: $_"])), 'first', "Host: $_: the first site") for 'xb.test', 'b.test.test', 'other.test', '[::1]', '[::1]:80';
is(vars(GET => '/env.php', headers => ["Host: $_"])->{'(status)'}, 400, "Host: $_: 400") for 'b.test..', 'a b', 'b.test/x', 'b.test@c', 'b.test:x', 'b.test, b.test';
is(site(vars(GET => 'http://b.test/env.php')), 'b', 'the host of an absolute target');
$v = vars(GET => 'http://B.test:99/env.php?q', headers => ['Host: other.test']);
is(site($v), 'b', 'goes before Host');
is("$v->{HTTP_HOST} $v->{QUERY_STRING} $v->{SCRIPT_NAME}", 'B.test:99 q /env.php', 'and in its place to the application');
is(site(vars(GET => 'http://other.test/env.php', headers => ['Host: b.test'])), 'first', 'also where it is none of ours');
is(vars(GET => 'ftp://b.test/env.php')->{'(status)'}, 400, 'another scheme: 400');

# --- dots -----------------------------------------------------------------------
is(vars(GET => $_)->{SCRIPT_NAME}, $_, "$_ is no step upwards") for '/wiki/Wait...php', '/...php', '/git/a..b/env.php';
is(vars(GET => '/deep/../deep/x/./../x/env.php')->{SCRIPT_NAME}, '/deep/x/env.php', 'steps inside of the root are taken');
is(vars(GET => '/env.php/main~1..main:/f')->{PATH_INFO}, '/main~1..main:/f', 'dots in PATH_INFO');
is(vars(GET => $_)->{'(status)'}, 400, "$_ leaves the root: 400") for '/../env.php', '/deep/../../env.php', '/%2e%2e/env.php', '/deep/..%2f../env.php';

# --- HTTP/1.0 -------------------------------------------------------------------
{
    my ($res, $c) = send_raw("GET /hello.php HTTP/1.0\r\n\r\n", http => '1.0');
    res_is($res, 200, "hello\n", 'HTTP/1.0 without Host');
    ok($c->at_eof, 'ends the connection');
    ($res, $c) = send_raw("POST /read.php HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabcGET /hello.php HTTP/1.0\r\n\r\n", http => '1.0');
    res_is($res, 200, '3', 'HTTP/1.0, keep-alive, a body');
    res_is($c->read_response(http => '1.0'), 200, "hello\n", 'and the next one');
    ok($c->at_eof, 'ends it');
}

# --- methods ----------------------------------------------------------------------
for my $m (qw(GET HEAD PATCH PROPFIND DELETE OPTIONS PUT REPORT MKCOL LOCK X POKE GETT)) {
    for my $n (0, 3, 70_000) {
        my $v = vars($m => '/env.php', body => 'b' x $n);
        is(join('|', map { $v->{$_} // '-' } qw((status) REQUEST_METHOD CONTENT_LENGTH)), "200|$m|" . $n, "$m with a body of $n bytes");
        is(length($v->{'(body)'} // ''), $n, 'arrives') if $n < 70_000;
    }
    $r->forget;
    my $c = client($h);
    $c->send("$m /env.php HTTP/1.1\r\n$me\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    is($c->read_response(method => $m)->{status}, 200, "$m in chunks") or next;
    is($r->last_request->{body}, 'abc', 'arrives decoded');
}

# --- pipelines ----------------------------------------------------------------------
my %ask = (
    S => [ "GET /static.txt HTTP/1.1\r\n$me\r\n\r\n", 200, "static text\n" ],
    I => [ "HEAD /static.txt HTTP/1.1\r\n$me\r\n\r\n", 200, '', 'HEAD' ],
    N => [ "GET /nothing.txt HTTP/1.1\r\n$me\r\n\r\n", 404 ],
    D => [ "GET /deep/ HTTP/1.1\r\n$me\r\n\r\n", '403|404' ],
    X => [ "GET /hello.php HTTP/1.1\r\n$me\r\n\r\n", 200, "hello\n" ],
    F => [ "GET /lost.php HTTP/1.1\r\n$me\r\n\r\n", 404, "no case lost\n" ],
    L => [ "GET /late.php HTTP/1.1\r\n$me\r\n\r\n", 200, "late\n" ],
    P => [ "POST /echo.php HTTP/1.1\r\n$me\r\nContent-Length: 6\r\n\r\nposted", 200, 'posted' ],
    C => [ "POST /echo.php HTTP/1.1\r\n$me\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\nchunks\r\n0\r\nX-T: 1\r\n\r\n", 200, 'hellochunks' ],
    Q => [ "PATCH /md5.php HTTP/1.1\r\n$me\r\nContent-Length: 90000\r\n\r\n" . 'q' x 90_000, 200, '90000 ' . md5_hex('q' x 90_000) . "\n" ],
    T => [ "POST /static.txt HTTP/1.1\r\n$me\r\nContent-Length: 4\r\n\r\nform", 200, "static text\n" ],
    B => [ "GET /static.txt HTTP/1.1\r\nHost: b.test\r\n\r\n", 200, "static of b\n" ],
    V => [ "\r\nGET /hello.php HTTP/1.1\r\nHost: B.test.\r\nX-Empty:\r\n\r\n", 200, "hello\n" ],
);
FCGITest::Host::write_file("$second/hello.php", 'source of b');
sub pipeline {
    my ($plan, $how, @drip) = @_;
    my $c = client($h);
    my @plan = split //, $plan;
    my $bytes = join '', map { $ask{$_}[0] } @plan;
    @drip ? $c->drip($bytes, @drip) : $c->send($bytes);
    my $why;
    for my $i (0 .. $#plan) {
        my (undef, $status, $body, $method) = @{ $ask{ $plan[$i] } };
        my $res = $c->read_response(method => $method // 'GET', timeout => 10);
        next if !$res->{error} && $res->{status} =~ /\A(?:$status)\z/ && (!defined $body || $res->{body} eq $body);
        $why = "$plan[$i] at $i: " . ($res->{error} // "$res->{status} " . FCGITest::show($res->{body}));
        last;
    }
    ok(!$why, "pipeline $plan, $how") or diag $why;
}
# (Monkey 1.8 by itself mistakes POST to a file, and ends the connection.)
pipeline($_, 'at once') for qw(SX XS NX XN NS SN NN XNSX XNNX FNX XDX SSS XXX PSP CSC SCS XCX QXQ QSQ LSL SLS LNS IXI XIS BXB VBV NVN XPCQLSNFIBV SSSSSSSSSSXXXXXXXXXX);
pipeline($_, 'at once') for is_abi('1.6') ? qw(TX XT TT STS XTNX) : ();
for my $plan (qw(SXNPCB XNXS CVNX)) {
    pipeline($plan, 'byte by byte', 1, 0.0002);
    my $n = length join '', map { $ask{$_}[0] } split //, $plan;
    for my $at (1 .. 24) {
        my $cut = int($n * $at / 25);
        pipeline($plan, "cut at byte $cut", [$cut], 0.03);
    }
}
srand 16;
for my $i (1 .. 30) {
    my @keys = qw(S N X P C Q I B V F);
    my $plan = join '', map { $keys[ rand @keys ] } 1 .. 2 + rand 8;
    my $n = length join '', map { $ask{$_}[0] } split //, $plan;
    my @cut = sort { $a <=> $b } map { 1 + int rand $n - 1 } 1 .. 4;
    pipeline($plan, "cut at @cut", \@cut, 0.005);
}

# A body that is not ours, in two segments: the core reads it as it reads a
# socket, 4096 bytes at a time. (Given more at once it keeps pointers to a
# buffer that it frees; a sanitized Monkey tells.)
for my $first (2000, 4150, 7000) {
    for my $size (8000, 9000, 20_000) {
        my $c = client($h);
        $c->send("POST /static.txt HTTP/1.1\r\n$me\r\nContent-Length: $size\r\n\r\n" . 'b' x $first);
        sleep 0.02;
        $c->send('b' x ($size - $first));
        is($c->read_response->{status}, 200, "a body of $size bytes to a file, $first first");
    }
}

# A head behind a file that takes its time, and one that comes while it is sent.
for my $when ('at once', 'later') {
    my $c = client($h, rcvbuf => 4096);
    my ($first, $next) = ("GET /large.txt HTTP/1.1\r\n$me\r\n\r\n", $ask{X}[0] . $ask{S}[0]);
    $c->send($when eq 'later' ? $first : $first . $next, deaf => 1);
    if ($when eq 'later') { sleep 0.2; $c->send($next, deaf => 1) }
    sleep 0.2;
    res_is($c->read_response, 200, 'L' x 2_000_000, "a large file, and a request behind it, $when: the file");
    res_is($c->read_response, 200, "hello\n", 'the request');
    res_is($c->read_response, 200, "static text\n", 'and one more');
}
# A body whose bytes come slowly, and a head behind it.
{
    my $c = client($h);
    $c->drip("POST /md5.php HTTP/1.1\r\n$me\r\nContent-Length: 10\r\n\r\n0123456789$ask{X}[0]", 7, 0.02);
    res_is($c->read_response, 200, '10 ' . md5_hex('0123456789') . "\n", 'a body in pieces');
    res_is($c->read_response, 200, "hello\n", 'and the request behind it');
}

# --- what is not ours passes as it is ---------------------------------------------
{
    my $plain = host(responder => $r, wrap => [ 'env', 'FCGI_GATE=off' ], files => \%files);
    my $strip = sub {
        my ($bytes, $host) = @_;
        my $c = client($host);
        $c->send($bytes =~ s/HOST/$c->host_header/ger);
        $c->half_close;
        my $all = $c->slurp(3);
        $all =~ s/^(?:Date|Last-Modified|ETag): .*?\r\n//mg;
        return ($all =~ s/:$host->{port}\b/:PORT/gr) =~ s/\A\z/nothing/r;
    };
    for my $case (
        [ 'a file' => "GET /static.txt HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n" ],
        [ 'a file, HTTP/1.0' => "GET /static.txt HTTP/1.0\r\n\r\n" ],
        [ 'a part of it' => "GET /static.txt HTTP/1.1\r\nHost: HOST\r\nRange: bytes=2-4\r\nConnection: close\r\n\r\n" ],
        [ 'PUT to it' => "PUT /static.txt HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc" ],
        [ 'PATCH to it' => "PATCH /static.txt HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc" ],
        [ 'Upgrade' => "GET /static.txt HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n" ],
        [ 'lines that end with LF' => "GET /static.txt HTTP/1.1\nHost: HOST\n\n" ],
        [ 'garbage' => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" ],
        [ 'a line of words' => "hello there, what a fine day\r\n\r\n" ],
        [ 'a space in front' => " GET /static.txt HTTP/1.1\r\nHost: HOST\r\n\r\n" ],
        [ 'another version' => "GET /static.txt HTTP/2.0\r\nHost: HOST\r\n\r\n" ],
        [ 'nine odd fields' => "GET /static.txt HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n" . join('', map { "X-$_: a\r\n" } 1 .. 9) . "\r\n" ],
        [ 'a folded field' => "GET /static.txt HTTP/1.1\r\nHost: HOST\r\nX-A: b\r\n c\r\nConnection: close\r\n\r\n" ],
        [ 'two lengths' => "POST /static.txt HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd" ],
        [ 'a step upwards' => "GET /deep/../static.txt HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n" ],
        [ 'a path that cannot be decoded' => "GET /%zz HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n" ],
        [ 'no such file' => "GET /nothing.txt HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n" ],
        [ 'an asterisk' => "OPTIONS * HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n" ],
        [ 'a tunnel' => "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n" ],
        [ 'a head of 40,000 bytes' => "GET /static.txt HTTP/1.1\r\nHost: HOST\r\nX-A: " . 'a' x 40_000 . "\r\nConnection: close\r\n\r\n" ],
        [ 'a head of 90,000 bytes' => "GET /static.txt HTTP/1.1\r\nHost: HOST\r\nX-A: " . 'a' x 90_000 . "\r\nConnection: close\r\n\r\n" ],
      )
    {
        my ($name, $bytes) = @$case;
        is($strip->($bytes, $h), $strip->($bytes, $plain), "not ours: $name: as without the gate");
    }
}

# --- clients that go away -----------------------------------------------------------
my $fds = $h->fds;
for my $way (qw(close rst half_close)) {
    for my $what ([ 'half a head' => "GET /hello.php HTTP/1.1\r\nHo" ], [ 'a head of ours' => $ask{L}[0] ], [ 'half a body' => substr $ask{Q}[0], 0, 5000 ],
        [ 'half a body in chunks' => substr $ask{C}[0], 0, -20 ], [ 'half a body that is not ours' => "POST /static.txt HTTP/1.1\r\n$me\r\nContent-Length: 9\r\n\r\nab" ],
        [ 'a large answer' => "GET /large.php HTTP/1.1\r\n$me\r\n\r\n" ], [ 'a large file' => "GET /large.txt HTTP/1.1\r\n$me\r\n\r\n" ],
        [ 'a pipeline' => $ask{L}[0] . $ask{S}[0] . $ask{X}[0] . 'GET /h' ], [ 'nothing' => '' ], [ 'an answered request' => $ask{X}[0] ])
    {
        my ($name, $bytes) = @$what;
        for my $after (0, 0.05) {
            my $c = client($h);
            $c->send($bytes, deaf => 1);
            sleep $after if $after;
            $c->$way;
            if ($way eq 'half_close') { $c->slurp(0.05); $c->close }
        }
    }
    res_is(get($h, '/hello.php'), 200, "hello\n", "after clients that $way at any point");
}
{
    # What only has no more to say gets its answer.
    my $c = client($h);
    $c->send($ask{L}[0]);
    $c->half_close;
    res_is($c->read_response, 200, "late\n", 'a client that half-closes behind its request is answered');
    $c = client($h);
    $c->send($ask{X}[0] . $ask{L}[0] . $ask{P}[0]);
    $c->half_close;
    res_is($c->read_response, 200, "hello\n", 'also behind a pipeline: the first');
    res_is($c->read_response, 200, "late\n", 'the second');
    res_is($c->read_response, 200, 'posted', 'the third');
    ok($c->at_eof, 'and the end');
}
# Each descriptor is used again, and nothing of its last client is left.
for my $i (1 .. 12) {
    my $c = client($h);
    $c->send(($ask{X}[0] . 'GET /env.php HTTP/1.1' . "\r\nX-Old: 1\r\n", 'POST /env.php HTTP/1.1' . "\r\n$me\r\nContent-Length: 50\r\n\r\nhalf", $ask{C}[0] =~ s/0\r\nX-T.*//sr)[ $i % 3 ]);
    sleep 0.01;
    $i % 2 ? $c->close : $c->rst;
    my $res = get($h, "/env.php?new$i");
    my ($q) = grep { ($_->{params}{QUERY_STRING} // '') eq "new$i" } $r->requests;
    my $v = { %{ ($q || {})->{params} || {} }, '(status)' => $res->{status} };
    is(join('|', map { $v->{$_} // '-' } qw((status) REQUEST_METHOD HTTP_X_OLD CONTENT_LENGTH)), '200|GET|-|-', "a new client after one that left: $i");
}
cmp_ok($h->settled_fds($fds + 2), '<=', $fds + 2, 'no descriptor is left open');

# --- what the core enforces ---------------------------------------------------------
{
    # (Which loses the place that it names, in 1.6 and 1.8 alike.)
    is(vars(GET => '/env.php', headers => ['Host: to.test'])->{'(status)'}, 301, 'Redirect of a site goes before our rules');
    my $hide = host(responder => $r, monkey => { HideVersion => 'On' });
    for my $uri ('/hello.php', '/static.txt') {
        my $server = join '', headers_of(get($hide, $uri), 'Server');
        unlike($server, qr/\d/, "HideVersion On: $uri");
    }
    like(join('', headers_of(get($h, '/hello.php'), 'Server')), qr/\d/, 'HideVersion Off');
}
{
    # A connection that is idle, or whose head does not come, ends; one that is
    # in use does not.
    my $t = host(responder => $r, monkey => { Timeout => 2, KeepAliveTimeout => 2 });
    my ($idle, $half, $busy, $new, $body) = map { client($t) } 1 .. 5;
    $_->send($_->format(GET => '/hello.php')) for $idle, $busy, $half;
    res_is($_->read_response, 200, "hello\n", 'Timeout 2: an answer') for $idle, $busy, $half;
    $half->send('GET /hel');
    $new->send('GET /hel');
    for my $i (1 .. 6) {
        sleep 0.9;
        $busy->send($busy->format(GET => $i == 3 ? '/wait.php' : '/hello.php'));
        res_is($busy->read_response, 200, $i == 3 ? "waited\n" : "hello\n", "a connection in use stays: $i");
    }
    ok($idle->at_eof(3), 'an idle one ends');
    ok($half->at_eof(3), 'and one whose next head does not come');
    ok($new->at_eof(3),  'and one whose first does not');
}

# --- fail closed --------------------------------------------------------------------
# A request that another plugin, or the core, has refused: its body is not run.
SKIP: {
    my $mandril = host_kind() eq 'monkey' ? dirname($ENV{MONKEY}) . '/monkey-mandril.so' : '';
    skip('only a real Monkey has plugins that refuse, and 1.8 asks no more than one', 1) if !-e $mandril || is_abi('1.8');
    skip('Monkey 1.6.0 by itself crashes when mandril refuses a client whose connection ends', 1) if `'$ENV{MONKEY}' -v` =~ /v1\.6\.0\b/;
    my $m = host(responder => $r, rules => ['URL secret'], files => { 'secret.php' => 'source', 'secret/x.php' => 'source' });
    my $inner = "GET /hello.php?inner HTTP/1.1\r\n$me\r\n\r\n";
    my $chunk = sprintf "%x\r\n%s\r\n0\r\n\r\n", length $inner, $inner;
    for my $case ([ 'a length' => 'Content-Length: ' . length $inner, $inner ], [ 'chunks' => 'Transfer-Encoding: chunked', $chunk ],
        [ 'a long body' => 'Content-Length: 100000', $inner x 40 ])
    {
        my ($name, $field, $body) = @$case;
        for my $pause (0, 0.1) {
            $r->forget;
            my $c = client($m);
            $c->send("POST /secret.php HTTP/1.1\r\n$me\r\n$field\r\n\r\n");
            sleep $pause;
            $c->send($body);
            my $res = $c->read_response(timeout => 5);
            is($res->{status} // 'reset', $res->{reset} ? 'reset' : 403, "refused by a plugin, $name");
            $c->send($inner);
            my $next = $c->read_response(timeout => 3);
            ok(!$next->{status}, 'and the connection ends') or diag $next->{status};
            is(scalar(my @q = $r->requests), 0, 'nothing of its body is run');
        }
    }
    my $c = client($m);
    $c->send("GET /secret.php HTTP/1.1\r\n$me\r\n\r\n$ask{X}[0]");
    is($c->read_response->{status}, 403, 'without a body');
    res_is($c->read_response, 200, "hello\n", 'the next request is answered');
    res_is(post($m, '/echo.php', 'x' x 70_000), 200, 'x' x 70_000, 'and what is not refused is served');
}

# --- what can be read in more than one way ------------------------------------------
# The core takes such a head, and what follows it; ours is nothing of all that.
{
    for my $case ([ 'a fragment' => "GET /hello.php/a#b HTTP/1.1\r\n$me\r\n\r\n" ],
        [ 'a fragment, not ours' => "GET /static.txt#b HTTP/1.1\r\n$me\r\n\r\n" ])
    {
        my ($name, $head) = @$case;
        $r->forget;
        my $c = client($h);
        $c->send($head);
        my $first = $c->read_response(timeout => 5);
        $c->send("POST /echo.php HTTP/1.1\r\n$me\r\nContent-Length: 3\r\n\r\nabc") if !$c->at_eof(0.2);
        my $next = $c->at_eof(0.2) ? {} : $c->read_response(timeout => 5);
        is(scalar(my @q = $r->requests), 0, "$name: the application is asked for nothing on that connection");
        unlike(join(' ', map { $_->{status} // '' } ($name =~ /not/ ? () : $first), $next), qr/200/, "$name: nor is it answered");
    }
    my $c = client($h);
    $c->send("GET /static.txt HTTP/1.1\r\n$me\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n");
    is($c->read_response->{status}, 200, 'an upgrade that nobody makes');
    $c->send($c->format(PATCH => '/echo.php', body => 'abc'));
    res_is($c->read_response, 200, 'abc', 'and what follows is read as always');
}

# --- many ---------------------------------------------------------------------------
{
    my $fast = responder(prefork => 4, quiet => 1);
    my $many = host(responder => $fast);
    # (Where 256 events come at once Monkey's loop reads one past them.)
    my $n = $ENV{FCGI_SANITIZER} && host_kind() eq 'monkey' ? 200 : 1000;
    my @c = map { client($many) } 1 .. $n;
    for my $round (1, 2) {
        $_->send($_->format(GET => '/hello.php')) for @c;
        my @bad = grep { my $res = $_->read_response(timeout => 20); $res->{error} || $res->{body} ne "hello\n" } @c;
        is(scalar @bad, 0, "$n connections at a time, round $round");
    }
    $_->close for @c;
    res_is(get($many, '/hello.php'), 200, "hello\n", 'and one more');
}
finish;
