# SPDX-License-Identifier: Apache-2.0
#
# A request of ours is answered by an exchange of our own, or passes through the
# host's core because another plugin has to see it. The client and the application
# must not be able to tell which: answer for answer, variable for variable.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

plan(skip_all => 'there is no gate') if !gated();
plan(skip_all => 'no plugin of Monkey 1.8 has stages that make for another lane') if host_kind() eq 'monkey' && is_abi('1.8');

plan(skip_all => 'PATH_INFO and missing scripts are a 404 of this core') if core_looks_first();
# (Each has a length, or none for certain: what is framed how must not be luck.)
my $answer = sub {
    my ($c, $q) = @_;
    my %p = %{ $q->{params} };
    my $n = $p{QUERY_STRING} =~ /answer=(\w+)/ ? $1 : '';
    return $c->close if $n eq 'none';
    if ($n eq 'open') { $c->stdout(page('one ')); $c->pause(0.05); $c->stdout('two'); $c->pause(0.05); return $c->end }
    my $all = join "\n", (map { "$_=$p{$_}" } sort grep { $_ ne 'REMOTE_PORT' } keys %p), $q->{stdin}, $q->{md5} // '', '';
    return $c->reply({
        length => cgi([ 'Content-Type: a/b', 'Content-Length: 3' ], 'abc'), moved => cgi(['Location: http://there.test/', 'Content-Length: 0'], ''),
        local => cgi([ 'Location: /page.php', 'Content-Length: 0' ], ''), empty => cgi(['Status: 204'], ''), notmod => cgi([ 'Status: 304', 'ETag: "e"' ], ''),
        teapot => cgi([ 'Status: 418 Teapot', 'X-A: 1', 'X-A: 2', 'Content-Length: 3' ], 'tea'), bad => "no head at all\n", }->{$n}
          // cgi([ 'Content-Type: text/plain', 'Content-Length: ' . length $all ], $all));
};
my $r = responder(default => $answer);
my $other = temp_dir();
my %files = map { $_ => 'source' } 'page.php', 'index.php', 'sub/index.php', 'a b/p+q.php', 'wiki/Wait...php', 'git/a..b/page.php', 'x.php/in.php',
  'up/pic.jpg', 'up/x.php.txt', "\xc3\xa4.php";
FCGITest::Host::write_file("$other/$_", 'source of the other') for 'page.php', 'index.php';

# One host for each lane: the same tree, but for its port.
my %lane;
for my $lane (qw(fast core)) {
    local $ENV{FCGI_LANE} = $lane;
    my $h = $lane{$lane} = host(responder => $r, files => \%files, monkey => { Timeout => 5 }, conf => { Extensions => '.php', MaxRequestHeaderSize => '16k' },
        sites => { b => { names => 'b.test', root => $other } });
    symlink "$h->{docroot}/page.php", "$h->{docroot}/link.php" or die;
    # (Last-Modified and ETag must not tell the two apart.)
    my $made = utime 1_000_000_000, 1_000_000_000, map { "$h->{docroot}/$_" } keys %files, qw(static.txt index.html);
    die 'no such file' if $made != 2 + keys %files;
}

# What comes of a connection: each answer, and its end, with all that must differ
# made the same.
sub all_of {
    my ($h, $bytes, @drip) = @_;
    my $c = client($h);
    $bytes =~ s/\bHOST\b/$c->host_header/ge;
    @drip ? $c->drip($bytes, @drip) : $c->send($bytes);
    $c->half_close;
    my $all = $c->slurp(6);
    $all .= $c->{reset} ? "\n(reset)" : $c->{eof} ? "\n(end)" : "\n(open)";
    $c->close;
    $all =~ s/^Date: .*?\r\n//mg;
    # (By which a client that has half-closed is asked whether it is there.)
    $all =~ s/HTTP\/1.1 100 Continue\r\n\r\n//g;
    $all =~ s/\Q$h->{docroot}/ROOT/g;
    $all =~ s/\b$h->{port}\b/PORT/g;
    return $all;
}

my $n = 0;
sub same {
    my ($name, $bytes, $want, @drip) = @_;
    my ($fast, $core) = map { all_of($lane{$_}, $bytes, @drip) } qw(fast core);
    $n++;
    is($core, $fast, $name);
    like($fast, $want, "$name: as it is meant") if $want;
}
sub head { my ($first, @fields) = @_; return join "\r\n", $first, (grep { !/^none$/ } (grep { /^host:|^none$/i } @fields) ? @fields : ('Host: HOST', @fields)), '', '' }

# --- paths --------------------------------------------------------------------
for my $path (qw(/page.php /page.php? /page.php?a=b /page.php??x /page.php/info /page.php/a%20b//c /a%20b/p+q.php /%C3%A4.php /%70age.php /page%2Ephp /page.php%2Finfo
    / /?q /sub/ /sub/?q //page.php /./page.php /sub/../page.php /sub/%2e%2e/page.php/../page.php /wiki/Wait...php /git/a..b/page.php /page.php/main~1..main:/f
    /../page.php /%2e%2e/page.php /sub/../../page.php /%zz/page.php /page.php/% /page.php%00 /page.php%0a /page.php/%0d%0aX:y
    /none.php /none.php/x /up/pic.jpg/x.php /up/x.php.txt/x.php /x.php/in.php /x.php/in.php/i /x.php/none.php /link.php /PAGE.php
    /page.php;v=1 /page.php/%252e%252e/x /page.php?%00%0a /page.php?a=/../b /page.php/|{}^` /page.php?|{}^`))
{
    same("GET $path", head("GET $path HTTP/1.1"));
}
# --- heads ----------------------------------------------------------------------
my @heads = (
    [ 'HTTP/1.0' => head('GET /page.php HTTP/1.0', 'none'), qr/200 OK/ ],
    [ 'HTTP/1.0 with Host, keep-alive' => head('GET /page.php?answer=length HTTP/1.0', 'Connection: keep-alive'), qr/200 OK.*keep-alive/si ],
    [ 'HTTP/1.1 without Host' => head('GET /page.php HTTP/1.1', 'none'), qr/400 Bad/ ],
    [ 'two Host fields' => head('GET /page.php HTTP/1.1', 'Host: a.test', 'Host: b.test'), qr/400 Bad/ ],
    [ 'close' => head('GET /page.php HTTP/1.1', 'Connection: close'), qr/200 OK.*Connection: close/si ],
    [ 'Connection: x, Close' => head('GET /page.php HTTP/1.1', 'Connection: x, Close'), qr/200 OK/ ],
    [ 'the other site' => head('GET /page.php HTTP/1.1', 'Host: b.test'), qr/DOCUMENT_ROOT=\Q$other\E/ ],
    [ 'its name in capitals' => head('GET /page.php HTTP/1.1', 'Host: B.TEST.:80'), qr/DOCUMENT_ROOT=\Q$other\E\n.*HTTP_HOST=B.TEST.:80/s ],
    [ 'its index' => head('GET / HTTP/1.1', 'Host: b.test'), qr/SCRIPT_FILENAME=\Q$other\E\/index.php/ ],
    [ 'an absolute target' => head('GET http://b.test/page.php?q HTTP/1.1', 'Host: HOST'), qr/HTTP_HOST=b.test\n.*QUERY_STRING=q/s ],
    [ 'an odd Host' => head('GET /page.php HTTP/1.1', 'Host: a b'), qr/400 Bad/ ],
    [ 'many fields' => head('GET /page.php HTTP/1.1', map { "X-$_: $_" } 1 .. 40), qr/HTTP_X_40=40/ ],
    [ 'repeated fields' => head('GET /page.php HTTP/1.1', 'Cookie: a=b', 'Accept: x', 'cookie: c', 'accept: y'), qr/HTTP_ACCEPT=x, y\nHTTP_COOKIE=a=b; c/ ],
    [ 'empty fields' => head('GET /page.php HTTP/1.1', 'X-A:', "X-B: \t", 'Cookie:'), qr/HTTP_X_A=\nHTTP_X_B=\n/ ],
    [ 'Authorization' => head('GET /page.php HTTP/1.1', 'Authorization: Basic YTpi'), qr/HTTP_AUTHORIZATION=Basic YTpi/ ],
    [ 'two of them' => head('GET /page.php HTTP/1.1', 'Authorization: Basic YTpi', 'Authorization: Basic Yjpj'), qr/200 OK/ ],
    [ 'what must not be passed on' => head('GET /page.php HTTP/1.1', 'Proxy: x', 'X_A: y', 'Https: on', 'Transfer-Encoding: chunked') . "0\r\n\r\n", qr/200 OK/ ],
    [ 'Range, If-Modified-Since' => head('GET /page.php HTTP/1.1', 'Range: bytes=0-1', 'If-Modified-Since: Thu, 01 Jan 2037 00:00:00 GMT'), qr/200 OK.*HTTP_RANGE=bytes=0-1/s ],
    [ 'Upgrade' => head('GET /page.php HTTP/1.1', 'Connection: upgrade', 'Upgrade: x'), qr/200 OK/ ],
    [ 'an empty line in front' => "\r\n" . head('GET /page.php HTTP/1.1'), qr/200 OK/ ],
    [ 'LF' => "GET /page.php HTTP/1.1\nHost: HOST\n\n", undef ],
    [ 'a folded field' => head('GET /page.php HTTP/1.1', "X-A: b\r\n c"), qr/400 Bad/ ],
    [ 'a blank before the colon' => head('GET /page.php HTTP/1.1', 'X-A : b'), qr/400 Bad/ ],
    [ 'NUL' => head('GET /page.php HTTP/1.1', "X-A: a\0b"), qr/400 Bad/ ],
    [ 'HTTP/1.2' => head('GET /page.php HTTP/1.2'), qr/505/ ],
    [ 'HTTP/2.0' => head('GET /page.php HTTP/2.0'), qr/505/ ],
    [ 'Expect: something' => head('GET /page.php HTTP/1.1', 'Expect: x'), qr/417/ ],
    [ 'a head that is too long' => head('GET /page.php HTTP/1.1', 'X-A: ' . 'a' x 17_000), qr/431/ ],
    [ 'a line that is too long' => head('GET /page.php?' . 'a' x 17_000 . ' HTTP/1.1'), qr/414|431/ ],
);
same(@$_) for @heads;
# --- methods and bodies ----------------------------------------------------------
for my $m (qw(GET HEAD POST PUT DELETE OPTIONS PATCH PROPFIND REPORT POKE GEX X)) {
    same("$m", head("$m /page.php HTTP/1.1"));
    same("$m with a body of $_ bytes", head("$m /page.php HTTP/1.1", "Content-Length: $_") . 'b' x $_) for 0, 1, 5000, 40_000;
    same("$m in chunks", head("$m /page.php HTTP/1.1", 'Transfer-Encoding: chunked') . "5\r\nhello\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n");
}
same(@$_) for (
    [ 'a body that is not whole' => head('POST /page.php HTTP/1.1', 'Content-Length: 10') . 'abc' ],
    [ 'two lengths' => head('POST /page.php HTTP/1.1', 'Content-Length: 3', 'Content-Length: 3') . 'abc', qr/400 Bad/ ],
    [ 'a length and chunks' => head('POST /page.php HTTP/1.1', 'Content-Length: 3', 'Transfer-Encoding: chunked') . "0\r\n\r\n", qr/400 Bad/ ],
    [ 'another coding' => head('POST /page.php HTTP/1.1', 'Transfer-Encoding: gzip, chunked') . "0\r\n\r\n", qr/501/ ],
    [ 'broken chunks' => head('POST /page.php HTTP/1.1', 'Transfer-Encoding: chunked') . "x\r\n", qr/400 Bad/ ],
    [ 'a length that is none' => head('POST /page.php HTTP/1.1', 'Content-Length: 5x') . 'abcde', qr/400 Bad/ ],
);
# --- answers -----------------------------------------------------------------------
for my $answer (qw(open length moved local empty notmod teapot bad none)) {
    for my $m (qw(GET HEAD POST)) {
        same("$m, answer `$answer`", head("$m /page.php?answer=$answer HTTP/1.1", 'Content-Length: 2') . 'ab');
        same("$m, answer `$answer`, HTTP/1.0", head("$m /page.php?answer=$answer HTTP/1.0", 'Content-Length: 2') . 'ab');
    }
}
# --- pipelines ----------------------------------------------------------------------
my $x = head('GET /page.php?answer=length HTTP/1.1');
my $s = head('GET /static.txt HTTP/1.1');
my $p = head('POST /page.php HTTP/1.1', 'Content-Length: 4') . 'form';
my $ch = head('POST /page.php HTTP/1.1', 'Transfer-Encoding: chunked') . "4\r\nform\r\n0\r\n\r\n";
my $f = head('GET /none.php HTTP/1.1');
my $bad = head('GET /page.php HTTP/1.1', "X: a\0b");
same('a pipeline: ' . $_->[0], $_->[1]) for [ 'XX' => $x . $x ], [ 'XSX' => $x . $s . $x ], [ 'PXCS' => $p . $x . $ch . $s ], [ 'FXF' => $f . $x . $f ],
  [ 'SPSC' => $s . $p . $s . $ch ], [ 'X, bad, X' => $x . $bad . $x ], [ 'CCC' => $ch x 3 ], [ 'X, half of one' => $x . substr $x, 0, 20 ];
my $old = head('GET /page.php?answer=length HTTP/1.0', 'Connection: keep-alive');
same('a pipeline of HTTP/1.0', $old x 3, qr/(?:200 OK.*){3}/s);
same('a pipeline, byte by byte', $p . $x . $ch . $s . $f, undef, 1, 0.0003);
same("a pipeline in two writes, $_", $p . $x . $ch . $s, undef, [$_], 0.02) for map { $_ * 20 } 1 .. 10;
if (host_kind() eq 'serve') {
    ok(-s "$lane{core}{dir}/log/access.log", 'the one had them pass through the core');
    ok(!-e "$lane{fast}{dir}/log/access.log", 'and the other had not');
}
cmp_ok($n, '>=', 200, 'two hundred requests were compared');
finish;
