# SPDX-License-Identifier: Apache-2.0
#
# From a CGI answer to HTTP framing. Every case is followed by a second
# request if the connection stays open: a wrong frame shows there.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

my $T = "Content-Type: text/plain\r\n";
my (%cases, @plan);

# expect: status, body (undef: any), and of { framing, cut, or502, todo,
# method, http, headers, check }.
sub framed {
    my ($name, $case, $status, $body, %o) = @_;
    (my $script = $name) =~ s/\W+/_/g;
    $cases{$script} = $case;
    push @plan, [ $name, $script, $status, $body, \%o ];
}

# --- how the end of the body is shown ---
framed('streamed without length', sub {
    my ($c) = @_;
    $c->stdout("${T}\r\nfirst ");
    $c->pause(0.1);
    $c->stdout('second');
    $c->end;
}, 200, 'first second', framing => 'chunked');
framed('one record without length', "$T\r\nbody", 200, 'body');
framed('length passed', "${T}Content-Length: 4\r\n\r\nbody", 200, 'body', framing => 'length');
framed('length zero', "${T}Content-Length: 0\r\n\r\n", 200, '', framing => 'length');
framed('length too short', "${T}Content-Length: 4\r\n\r\nbody and more", 200, 'body');
framed('surplus later', sub {
    my ($c) = @_;
    $c->stdout("${T}Content-Length: 4\r\n\r\nbo");
    $c->pause(0.05);
    $c->stdout('dy');
    $c->pause(0.05);
    $c->stdout('surplus' x 5000);
    $c->end;
}, 200, 'body');
framed('length zero but a body', "${T}Content-Length: 0\r\n\r\nbody", 200, '');
framed('length too long', "${T}Content-Length: 10\r\n\r\nbody", 200, 'body', cut => 1);
framed('length too long, late', sub {
    my ($c) = @_;
    $c->stdout("${T}Content-Length: 10\r\n\r\nbo");
    $c->pause(0.1);
    $c->stdout('dy');
    $c->end;
}, 200, 'body', cut => 1);
framed('length twice, the same', "${T}Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody", 200, 'body', or502 => 1);
framed('length twice, different', "${T}Content-Length: 4\r\nContent-Length: 2\r\n\r\nbody", 502, undef, todo => 'takes the first');
for my $v ('abc', '-4', '+4', '4x', '0x4', '4 4', '4, 4', '99999999999999999999999', '18446744073709551620') {
    framed("length <$v>", "${T}Content-Length: $v\r\n\r\nbody", 200, 'body', or502 => 1);
}
framed('chunked by the application', "${T}Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", 200, undef, or502 => 1,
    check => sub { my @te = headers_of($_[0], 'Transfer-Encoding'); ok(@te < 2, 'one Transfer-Encoding at most') });
framed('hop-by-hop fields', "${T}Connection: close, X-Foo\r\nKeep-Alive: timeout=9\r\nTransfer-Encoding: identity\r\nProxy-Connection: x\r\nTrailer: X\r\nUpgrade: h2c\r\n\r\nbody", 200, 'body',
    or502 => 1, todo => 'passes some of them', check => sub {
    my ($res) = @_;
    is(join(',', map { $_->[0] } grep { $_->[0] =~ /^(?:Keep-Alive|Proxy-Connection|Trailer|Upgrade)$/i || $_->[1] =~ /foo|identity/i } @{ $res->{headers} }), '', 'dropped');
});

# --- HTTP/1.0 ---
for my $len ('', "Content-Length: 4\r\n") {
    my $n = $len ? 'with length' : 'no length';
    framed("1.0 $n", "$T$len\r\nbody", 200, 'body', http => '1.0', closes => 1);
    framed("1.0 $n, keep-alive", "$T$len\r\nbody", 200, 'body', http => '1.0', headers => ['Connection: keep-alive']);
    framed("close asked, $n", "$T$len\r\nbody", 200, 'body', headers => ['Connection: close'], closes => 1);
}
framed('1.0 streamed', sub {
    my ($c) = @_;
    $c->stdout("${T}\r\n" . 'a' x 50000);
    $c->pause(0.05);
    $c->reply('b' x 50000);
}, 200, 'a' x 50000 . 'b' x 50000, http => '1.0');

# --- answers without a body ---
framed('HEAD, length', "${T}Content-Length: 4\r\n\r\n", 200, '', method => 'HEAD',
    check => sub { is((headers_of($_[0], 'Content-Length'))[0], 4, 'length passed') });
framed('HEAD, body sent', "${T}\r\nbody", 200, '', method => 'HEAD');
framed('HEAD, body and length', "${T}Content-Length: 4\r\n\r\nbody", 200, '', method => 'HEAD');
framed('HEAD, big body', sub { $_[0]->stdout("${T}\r\n"); $_[0]->flood(300_000); $_[0]->end }, 200, '', method => 'HEAD');
framed('204', "Status: 204 No Content\r\n\r\n", 204, '');
framed('204 with type, length and body', "Status: 204 No Content\r\n${T}Content-Length: 4\r\n\r\nbody", 204, '', todo => 'leaves the length in');
framed('304', "Status: 304 Not Modified\r\nETag: \"x\"\r\n\r\n", 304, '',
    check => sub { is((headers_of($_[0], 'ETag'))[0], '"x"', 'ETag passed') });
framed('304 with a body', "Status: 304 Not Modified\r\n\r\nbody", 304, '');
framed('205 with a body', "Status: 205 Reset Content\r\n\r\n", 205, '');
for my $s (100, 101, 103, 199) {
    framed("status $s", "Status: $s X\r\n\r\nbody", 502, undef, todo => 'passes it');
}

# --- interim answers ---
my $hint = "Status: 103 Hints\r\nLink: </a.css>; rel=preload\r\nX-A: b\r\n\r\n";
my $interims = sub {
    my ($n) = @_;
    return sub {
        my ($res) = @_;
        my @i = @{ $res->{interims} || [] };
        is(scalar @i, $n, 'as many interim answers');
        is($_, "HTTP/1.1 103 Hints\r\nLink: </a.css>; rel=preload\r\nX-A: b\r\n\r\n", 'as they were') for @i;
    };
};
framed('hint', "$hint${T}\r\nbody", 200, 'body', check => $interims->(1), todo => 'has no interim answers');
framed('hints, status and length', "$hint${hint}Status: 404\r\n${T}Content-Length: 4\r\n\r\nbody", 404, 'body',
    check => $interims->(2), todo => 'has no interim answers');
framed('hint at once', sub { my ($c) = @_; $c->stdout($hint); $c->pause(0.2); $c->reply("${T}\r\nbody") }, 200, 'body',
    check => $interims->(1), todo => 'has no interim answers');
framed('hint, byte by byte', sub { my ($c) = @_; $c->stdout("$hint${T}\r\nbody", max => 1); $c->end }, 200, 'body',
    check => $interims->(1), todo => 'has no interim answers');
framed('100 is no news', "Status: 100\r\n\r\n${T}\r\nbody", 200, 'body', check => $interims->(0), todo => 'has no interim answers');
framed('hint, HTTP/1.0', "$hint${T}\r\nbody", 200, 'body', http => '1.0', todo => 'has no interim answers');
framed('hint, HEAD', "$hint${T}\r\nbody", 200, '', method => 'HEAD', check => $interims->(1), todo => 'has no interim answers');
framed('hint and no more', $hint, 502, undef, todo => 'passes it');
framed("status $_ for no client", "Status: $_\r\n\r\nbody", 502, undef, todo => 'passes it') for 600, 999;

# --- status ---
framed('status last', "${T}X-A: b\r\nStatus: 404 Not Here\r\n\r\nno", 404, 'no', reason => 'Not Here');
framed('status, odd case', "${T}sTATus:   418   I'm a teapot\r\n\r\nt", 418, 't', todo => 'keeps the blanks');
framed('status without reason', "Status: 403\r\n${T}\r\nno", 403, 'no', todo => 'no blank after the code');
framed('status 500 passed', "Status: 500 Oops\r\n${T}\r\noops", 500, 'oops');
framed("status $_", "Status: $_\r\n${T}\r\nx", $_, 'x', todo => 'no blank after the code') for 226, 299, 307, 308, 422, 429, 451, 511, 599;
for my $s ('abc', '20', '2000', '', '99 X', '-200', '600 X', '999 X') {
    framed("status <$s>", "Status: $s\r\n${T}\r\nx", $s =~ /^[69]\d\d / ? 200 : 502, undef, todo => 'laxer',
        $s =~ /^[69]\d\d / ? (any => 1) : ());
}
framed('two statuses', "Status: 201 A\r\nStatus: 404 B\r\n${T}\r\nx", 201, 'x', or502 => 1, todo => 'last wins');
framed('HTTP status line', "HTTP/1.1 404 Not Found\r\n${T}\r\nx", 404, 'x', or502 => 1, todo => 'ignores it');
framed('Location alone', "Location: http://h.test/x\r\n\r\n", 302, undef,
    check => sub { is((headers_of($_[0], 'Location'))[0], 'http://h.test/x', 'Location passed') });
framed('Location first, with a body', "Location: http://h.test/x\r\n${T}\r\nmoved", 302, 'moved');
framed('Location, a path', "Location: /hello.php?x\r\n\r\n", 302, undef, todo => 'local redirect');
framed('Location and Status 201', "Status: 201 Created\r\nLocation: /new\r\n\r\n", 201, undef);
framed('Location and Status 200', "Location: /new\r\nStatus: 200 OK\r\n\r\n", 200, undef);

# --- the head's bytes ---
framed('LF', "Content-Type: text/plain\nX-A: 1\n\nbody", 200, 'body', check => sub { is((headers_of($_[0], 'X-A'))[0], 1, 'field') });
framed('LF then CRLF', "Content-Type: text/plain\nX-A: 1\r\n\r\nbody", 200, 'body');
framed('CRLF then LF', "Content-Type: text/plain\r\nX-A: 1\r\n\nbody", 200, 'body');
framed('body begins with line ends', "$T\r\n\r\n\n\rbody", 200, "\r\n\n\rbody");
framed('cookies stay apart', "Set-Cookie: a=1\r\n${T}Set-Cookie: b=2; Path=/\r\nSet-Cookie: a=1\r\n\r\nx", 200, 'x',
    check => sub { is_deeply([ headers_of($_[0], 'Set-Cookie') ], [ 'a=1', 'b=2; Path=/', 'a=1' ], 'three cookies') });
framed('other repeated fields', "Link: </a>\r\nLink: </b>\r\n$T\r\nx", 200, 'x',
    check => sub { is(join(', ', headers_of($_[0], 'Link')), '</a>, </b>', 'both, in order') });
framed('no blank after the colon', "Content-Type:text/plain\r\nX-A:b\r\n\r\nx", 200, 'x', check => sub { is((headers_of($_[0], 'X-A'))[0], 'b', 'field') });
framed('bytes above 127', "X-A: \xe4\xff\r\n$T\r\nx", 200, 'x', check => sub { is((headers_of($_[0], 'X-A'))[0], "\xe4\xff", 'field') });
framed('an empty field', "X-A:\r\n$T\r\nx", 200, 'x');
my $bytes = "${T}X-A: b\r\nStatus: 203 Sliced\r\n\r\nbody";
framed('records of one byte', sub { $_[0]->stdout($bytes, max => 1); $_[0]->end }, 203, 'body');
framed('records and writes of one byte', sub { my ($c) = @_; for (split //, $bytes) { $c->stdout($_); $c->pause(0.001) } $c->end }, 203, 'body');
framed('a head of 30 KB', "${T}X-A: " . 'a' x 15000 . "\r\nX-B: " . 'b' x 15000 . "\r\n\r\nx", 200, 'x', todo => 'one page',
    check => sub { is(length +(headers_of($_[0], 'X-B'))[0] // '', 15000, 'all of it') });
framed('300 fields', join('', map { "X-$_: $_\r\n" } 1 .. 300) . "$T\r\nx", 200, 'x', todo => 'one page',
    check => sub { is(scalar(grep { $_->[0] =~ /^X-\d/ } @{ $_[0]{headers} }), 300, 'all of them') });

my $r = responder(cases => \%cases);
my $h = host(responder => $r);
for my $p (@plan) {
    my ($name, $script, $status, $body, $o) = @$p;
    local $TODO = nginx_todo($o->{todo}) if $o->{todo};
    my $c = client($h);
    my $m = $o->{method} || 'GET';
    $c->send($c->format($m => "/$script.php", http => $o->{http}, headers => $o->{headers}));
    my $res = $c->read_response(method => $m, http => $o->{http}, timeout => 8);
    my $st = $res->{status} // 0;
    if ($o->{cut}) {
        ok($st == 502 && !$res->{error} || !$res->{complete} && ($res->{error} // '') !~ /timeout|bad/
              && index($body, $res->{body} // '') == 0, "$name: never looks complete")
          or diag "$st ", $res->{error} // 'no error';
        next;
    }
    if ($o->{any}) { ok(!$res->{error}, "$name: well framed") or diag $res->{error} }
    elsif ($o->{or502} && $st == 502) { res_is($res, 502, undef, "$name: refused") }
    else {
        res_is($res, $status, $status == 502 ? undef : $body, "$name: $status");
        is($res->{framing} // '', $o->{framing}, "$name: $o->{framing}") if $o->{framing};
        is($res->{reason}, $o->{reason}, "$name: reason") if $o->{reason};
        $o->{check}->($res) if $o->{check} && !$res->{error};
    }
    next if !$res->{complete};
    my $conn = lc join ',', headers_of($res, 'Connection');
    my $kept = ($o->{http} || '') eq '1.0' ? $conn =~ /keep-alive/ : $conn !~ /close/;
    if ($o->{closes}) { ok(!$kept, "$name: says that it closes"); $kept = 0 }
    if ($kept && $res->{framing} ne 'close') {
        $c->send($c->format(GET => '/hello.php'));
        res_is($c->read_response, 200, "hello\n", "$name: and the next request");
    }
    else { ok($c->at_eof, "$name: closed") }
}
finish;
