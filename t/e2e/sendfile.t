# SPDX-License-Identifier: Apache-2.0
#
# Files that the application names, and the server sends: X-Sendfile below
# SendfileRoots, X-Accel-Redirect below the document root.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);

my $MB = 1024 * 1024;
my $big = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 3 * $MB;
my $root = temp_dir();
mkdir "$root/in" or die;
FCGITest::Host::write_file("$root/in/big.bin", $big);
FCGITest::Host::write_file("$root/small.txt", "0123456789");
symlink '/etc/passwd', "$root/link" or die;
symlink '/etc', "$root/etc" or die;

my $T = "Content-Type: application/x-test\r\nContent-Disposition: attachment\r\n";
my %field = (
    small => "X-Sendfile: $root/small.txt", big => "X-Sendfile: $root/in/big.bin",
    accel => 'X-Accel-Redirect: /files/a%20b.bin?x', source => 'X-Accel-Redirect: /source.php',
    outside => 'X-Sendfile: /etc/passwd', up => "X-Sendfile: $root/../etc/passwd", link => "X-Sendfile: $root/link",
    folder => "X-Sendfile: $root/etc/passwd", none => "X-Sendfile: $root/none",
    above => 'X-Accel-Redirect: /../etc/passwd', hidden => 'X-Accel-Redirect: /files/%2e%2e/source.ph%70',
);
my $r = responder(cases => { map { $_ => "$T$field{$_}\r\n\r\nnot this\n" } keys %field });
my $h = host(responder => $r, conf => { SendfileRoots => $root }, files => { 'files/a b.bin' => 'accelerated', 'source.php' => '<?php secret' });

sub whole {
    my ($res, $status, $body, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    res_is($res, $status, $body, $name);
    is(join(',', grep { $_ } map { headers_of($res, $_) } qw(X-Sendfile X-Accel-Redirect)), '', "$name: no trace of the field");
}
my $c = client($h);
my $ask = sub {
    my ($name, %o) = @_;
    $c->send($c->format($o{method} // 'GET', "/$name.php", headers => $o{headers} // []));
    return $c->read_response(method => $o{method});
};
my $res = $ask->('small');
whole($res, 200, '0123456789', 'X-Sendfile');
is((headers_of($res, 'Content-Type'))[0], 'application/x-test', 'its type');
is((headers_of($res, 'Content-Disposition'))[0], 'attachment', 'other fields');
is((headers_of($res, 'Accept-Ranges'))[0], 'bytes', 'ranges are told of');
my ($tag, $date) = map { (headers_of($res, $_))[0] } qw(ETag Last-Modified);
ok($tag && $date, 'ETag and Last-Modified');
$res = $ask->('accel');
whole($res, 200, 'accelerated', 'X-Accel-Redirect');

# Ranges and conditions, on one connection.
for (
    [ 206, '345', 'bytes 3-5/10', 'Range: bytes=3-5' ],
    [ 206, '89', 'bytes 8-9/10', 'Range: bytes=-2' ],
    [ 206, '9', 'bytes 9-9/10', 'Range: bytes=9-', "If-Range: $tag" ],
    [ 200, '0123456789', undef, 'Range: bytes=9-', 'If-Range: "other"' ],
    [ 200, '0123456789', undef, 'Range: bytes=0-1,5-6' ],
    [ 416, '', 'bytes */10', 'Range: bytes=10-' ],
    [ 304, '', undef, "If-None-Match: $tag" ],
    [ 304, '', undef, "If-Modified-Since: $date" ],
  )
{
    my ($status, $body, $range, @headers) = @$_;
    $res = $ask->('small', headers => \@headers);
    whole($res, $status, $body, "@headers");
    is((headers_of($res, 'Content-Range'))[0], $range, "@headers: Content-Range");
}
$res = $ask->('small', method => 'HEAD');
whole($res, 200, '', 'HEAD');
is((headers_of($res, 'Content-Length'))[0], 10, 'HEAD: the length');
whole($ask->('big'), 200, $big, '12 MB');
whole($ask->('small'), 200, '0123456789', 'and on, on the same connection');

# What is not sent, and why.
for (
    [ outside => qr/in no folder of SendfileRoots/ ], [ up => qr/No such file/ ], [ none => qr/No such file/ ],
    [ link => qr/symbolic link/ ], [ folder => qr/symbolic link/ ], [ source => qr/a Match rule has it executed/ ],
    [ hidden => qr/a Match rule has it executed/ ], [ above => qr/no path of a site/ ],
  )
{
    my ($name, $why) = @$_;
    my $mark = $h->mark;
    $res = $ask->($name);
    whole($res, 502, undef, $name);
    unlike($res->{body} // '', qr/root:|secret|not this/, "$name: nothing of it");
    my @e = $h->wait_errors("GET /$name.php", $mark);
    like($e[0]{reason}, $why, "$name: the log says why");
}

# Where the application's status has no body none of the file follows, and a file
# of an interim answer is none: what is next on the connection is right.
{
    my $small = "X-Sendfile: $root/small.txt\r\n";
    my $rb = responder(cases => {
        (map { $_ => "Status: $_\r\n$small\r\n" } 204, 205, 304),
        hints => "Status: 103\r\n${small}Link: </a>\r\n\r\n${T}X-Sendfile: $root//./small.txt\r\n\r\n",
        moved => "Location: /there\r\n$small\r\n",
    });
    my $hb = host(responder => $rb, conf => { SendfileRoots => $root });
    my $cb = client($hb);
    my $fetch = sub {
        $cb->send($cb->format(GET => "/$_[0].php", headers => ['Range: bytes=2-3']));
        return $cb->read_response;
    };
    whole($fetch->($_), $_, '', "a file with $_") for 204, 205, 304;
    my $answer = $fetch->('hints');
    whole($answer, 206, '23', 'Early Hints with a file');
    whole($fetch->('moved'), 302, '0123456789', 'a redirection is whole');
}

# A client that is slow, and one that goes away.
my $slow = client($h);
$slow->send($slow->format(GET => '/big.php'));
sleep 0.5;
res_is(get($h, '/hello.php'), 200, "hello\n", 'others are served meanwhile');
res_is($slow->read_response, 200, $big, 'a slow client');
for (1 .. 3) {
    my $gone = client($h);
    $gone->send($gone->format(GET => '/big.php'));
    $gone->read_some(1000, 5);
    $gone->close;
}
res_is(get($h, '/hello.php'), 200, "hello\n", 'clients that go away');

# A file that becomes shorter while it is sent does not look whole.
{
    FCGITest::Host::write_file("$root/in/shrinks.bin", $big);
    $field{shrinks} = 1;
    my $rs = responder(cases => { shrinks => "${T}X-Sendfile: $root/in/shrinks.bin\r\n\r\n" });
    my $hs = host(responder => $rs, conf => { SendfileRoots => $root });
    my $cs = client($hs, rcvbuf => 4096);
    my $mark = $hs->mark;
    $cs->send($cs->format(GET => '/shrinks.php'));
    my $start = $cs->read_some(1000, 5);
    truncate "$root/in/shrinks.bin", 1000 or die;
    $cs->{buf} = $start . $cs->{buf};
    my $cut = $cs->read_response;
    ok(!$cut->{complete} && $cut->{error}, 'a file that becomes shorter: cut') or diag length $cut->{body};
    ok($hs->wait_log(qr/the file became shorter/, $mark), 'and logged');
}

# PHP, and curl, which goes on where it stopped.
SKIP: {
    FCGITest::Daemon::php_program() or skip('no php-fpm', 4);
    my $php = FCGITest::Daemon->php(listen => 'unix');
    my $hp = host(responder => $php, conf => { SendfileRoots => $root },
        files => { 'down.php' => qq{<?php header("Content-Type: image/png"); header("X-Sendfile: $root/in/big.bin"); echo "not this";} });
    my $cp = client($hp);
    for my $n (1, 2) {
        $cp->send($cp->format(GET => '/down.php', headers => [ 'Range: bytes=4000000-' ]));
        res_is($cp->read_response, 206, substr($big, 4_000_000), "PHP: $n");
    }
    my ($curl) = grep { -x } map { "$_/curl" } split /:/, $ENV{PATH} or skip('no curl', 2);
    my $out = "$root/part";
    FCGITest::Host::write_file($out, substr $big, 0, 5_000_000);
    is(system($curl, '-sf', '-C', '-', '-o', $out, $hp->url('/down.php')), 0, 'curl -C -');
    open my $in, '<:raw', $out or die;
    local $/;
    is(md5_hex(<$in>), md5_hex($big), 'the whole file');
}

# Without the key.
my $off = host(responder => $r);
my $mark = $off->mark;
whole(get($off, '/small.php'), 502, undef, 'without SendfileRoots');
like(($off->wait_errors('GET /small.php', $mark))[0]{reason}, qr/SendfileRoots/, 'the log names the key');
finish;
