# SPDX-License-Identifier: Apache-2.0
#
# Real php-fpm, over both kinds of socket.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);

if (!FCGITest::Daemon::php_program()) {
    plan(skip_all => 'php-fpm is not installed') if !$ENV{FCGI_REQUIRE_PHP};
    fail('php-fpm is not installed, and FCGI_REQUIRE_PHP is set');
    finish;
    exit 1;
}

my %scripts = (
    'page.php' => '<?php header("Content-Type: text/plain"); echo "page ", 6 * 7, "\n";',
    'form.php' => '<?php header("Content-Type: text/plain"); echo $_POST["a"], "|", $_POST["b"] ?? "-", "|", $_GET["q"] ?? "-";',
    'raw.php'  => '<?php $d = file_get_contents("php://input"); header("Content-Type: text/plain"); echo strlen($d), " ", md5($d);',
    'file.php' => '<?php header("Content-Type: text/plain"); $f = $_FILES["up"]; echo $f["name"], " ", $f["size"], " ", md5_file($f["tmp_name"]), " ", $_POST["x"];',
    'info.php' => '<?php phpinfo();',
    'server.php' => '<?php header("Content-Type: application/json"); ksort($_SERVER); echo json_encode($_SERVER);',
    'lengths.php' => '<?php header("Content-Type: text/plain"); echo strlen($_SERVER["QUERY_STRING"]), " ", strlen($_SERVER["HTTP_COOKIE"] ?? ""), " ", strlen($_SERVER["HTTP_REFERER"] ?? "");',
    'heads.php' => '<?php http_response_code(418); header("X-One: 1"); header("X-Two: a"); header("X-Two: b", false); setcookie("c1", "v1"); setcookie("c2", "v 2", 0, "/p"); header("Content-Type: text/plain"); echo "t";',
    'moved.php' => '<?php header("Location: http://h.test/there");',
    'exit.php' => '<?php header("Content-Type: text/plain"); echo "before"; exit(3);',
    'big.php'  => '<?php header("Content-Type: text/plain"); for ($i = 0; $i < 2000; $i++) echo str_repeat(chr(97 + $i % 26), 5000);',
    'biglen.php' => '<?php header("Content-Type: text/plain"); header("Content-Length: 3000000"); for ($i = 0; $i < 3000; $i++) echo str_repeat("b", 1000);',
    'flush.php' => '<?php header("Content-Type: text/plain"); echo "first\n"; flush(); for ($i = 0; $i < 100 && !file_exists($_GET["f"]); $i++) { usleep(100000); clearstatcache(); } echo "second\n";',
    'err.php'  => '<?php header("Content-Type: text/plain"); error_log("word from php"); echo "ok";',
    'fatal.php' => '<?php ini_set("display_errors", "0"); nosuchfunction();',
    'nocontent.php' => '<?php http_response_code(204);',
    'notmod.php' => '<?php http_response_code(304); header("ETag: \"e\"");',
    'manyheads.php' => '<?php for ($i = 0; $i < 300; $i++) header("X-H$i: " . str_repeat("h", 30)); header("Content-Type: text/plain"); echo "many";',
    'finish.php' => '<?php header("Content-Type: text/plain"); echo "done"; fastcgi_finish_request(); usleep($_GET["us"] ?? 2000000); error_log("after the finish");',
    'deep/index.php' => '<?php header("Content-Type: text/plain"); echo "deep ", $_SERVER["SCRIPT_NAME"];',
);

for my $kind (qw(unix tcp)) {
    my $php = FCGITest::Daemon->php(listen => $kind);
    my $h = host(responder => $php, files => \%scripts, monkey => { MaxRequestSize => 8192 },
        conf => { MaxRequestHeaderSize => '128k' });
    my $c = client($h);
    my $ask = sub {
        my ($m, $u, %o) = @_;
        $c = client($h) if !$c->{sock} || $c->{eof};
        $c->send($c->format($m => $u, %o));
        my $r = $c->read_response(method => $m);
        # (Why not on after a large body: see body.t.)
        $c = client($h) if $r->{error} || length($o{body} // '') > 3000
          || grep { /close/i } headers_of($r, 'Connection');
        return $r;
    };
    my $res = $ask->(GET => '/page.php');
    res_is($res, 200, "page 42\n", "$kind: a page");
    like((headers_of($res, 'X-Powered-By'))[0] // '', qr/PHP/, "$kind: of PHP");
    res_is($ask->(POST => '/form.php?q=1', body => 'a=x%20y&b=%26', headers => ['Content-Type: application/x-www-form-urlencoded']),
        200, 'x y|&|1', "$kind: a form");
    res_is($ask->(POST => '/form.php', body => 'a=&b=', headers => ['Content-Type: application/x-www-form-urlencoded']),
        200, '||-', "$kind: a form of empty fields, no query");
    for my $n (0, 1, 30_000, 2_000_000) {
        my $body = 'r' x $n;
        res_is($ask->(POST => '/raw.php', body => $body, headers => ['Content-Type: application/octet-stream']),
            200, "$n " . md5_hex($body), "$kind: a raw body of $n bytes");
    }
    my $up = join '', map { chr($_ % 256) } 1 .. 100_000;
    my $form = qq(--bb\r\nContent-Disposition: form-data; name="x"\r\n\r\nxval\r\n)
      . qq(--bb\r\nContent-Disposition: form-data; name="up"; filename="f.bin"\r\nContent-Type: image/png\r\n\r\n$up\r\n--bb--\r\n);
    res_is($ask->(POST => '/file.php', body => $form, headers => ['Content-Type: multipart/form-data; boundary=bb']),
        200, 'f.bin 100000 ' . md5_hex($up) . ' xval', "$kind: an upload");
    $res = $ask->(GET => '/info.php');
    res_is($res, 200, qr/phpinfo\(\)|PHP Version/, "$kind: phpinfo()");
    like($res->{body}, qr{FPM/FastCGI}, "$kind: by FPM");

    $res = $ask->(GET => '/server.php?x=y', headers => ['Proxy: evil', 'X-Foo: bar', 'Authorization: Basic YTpi']);
    res_is($res, 200, undef, "$kind: \$_SERVER");
    my $s = JSON::PP->new->decode($res->{body});
    my %want = (SCRIPT_NAME => '/server.php', PHP_SELF => '/server.php', REQUEST_URI => '/server.php?x=y', QUERY_STRING => 'x=y',
        SCRIPT_FILENAME => "$h->{docroot}/server.php", DOCUMENT_ROOT => $h->{docroot}, REMOTE_ADDR => '127.0.0.1',
        REMOTE_PORT => $c->{local_port}, SERVER_PORT => $h->{port}, SERVER_PROTOCOL => 'HTTP/1.1', REQUEST_METHOD => 'GET',
        HTTP_X_FOO => 'bar', PHP_AUTH_USER => 'a', PHP_AUTH_PW => 'b', FCGI_ROLE => 'RESPONDER');
    is_deeply({ map { $_ => $s->{$_} } keys %want }, \%want, "$kind: \$_SERVER is what scripts expect");
    {
        local $TODO = nginx_todo('passes it');
        ok(!exists $s->{HTTP_PROXY}, "$kind: no HTTP_PROXY");
    }
    ok(!$s->{HTTPS}, "$kind: no HTTPS");

    $res = $ask->(GET => '/heads.php');
    $TODO = nginx_todo('no blank after the code');
    res_is($res, 418, 't', "$kind: http_response_code()");
    is_deeply([ headers_of($res, 'X-Two') ], [qw(a b)], "$kind: repeated fields");
    my @cookies = headers_of($res, 'Set-Cookie');
    ok(@cookies == 2 && $cookies[0] =~ /^c1=v1/ && $cookies[1] =~ /^c2=v%202/, "$kind: two cookies") or diag "@cookies";
    $TODO = undef;
    $res = $ask->(GET => '/moved.php');
    res_is($res, 302, undef, "$kind: a redirect");
    is((headers_of($res, 'Location'))[0], 'http://h.test/there', "$kind: Location");
    res_is($ask->(GET => '/exit.php'), 200, 'before', "$kind: exit(3)");
    res_is($ask->(GET => '/nocontent.php'), 204, '', "$kind: 204");
    res_is($ask->(GET => '/notmod.php'), 304, '', "$kind: 304");
    res_is($ask->(HEAD => '/page.php'), 200, '', "$kind: HEAD");
    res_is($ask->(GET => '/page.php', http => '1.0', headers => ['Connection: close']), 200, "page 42\n", "$kind: HTTP/1.0");
    {
        local $TODO = nginx_todo('a head of one page');
        $res = $ask->(GET => '/manyheads.php');
        res_is($res, 200, 'many', "$kind: a head of 12 KB");
    }
    # PHP-FPM decodes each record of PARAMS by itself, so that no pair may lie
    # across two. These have more than 32,768 bytes in all, or than 65,535.
    for my $long (
        [ 'a query of 16,384 bytes', 'q' x 16_384 ],
        [ 'a Cookie of 33,000', '', "Cookie: c=@{['c' x 32_998]}" ],
        [ 'a query and a Referer of 11,000 each', 'q' x 11_000, "Referer: http://h.test/@{['r' x 11_000]}" ],
        [ 'a query of 30,000 and a Cookie of 60,000', 'q' x 30_000, "Cookie: c=@{['c' x 60_000]}" ],
      )
    {
        # (Without the gate the core's buffer moves under such a head.)
        next if !gated() && host_kind() eq 'serve';
        my ($what, $query, @headers) = @$long;
        my $r = $ask->(GET => "/lengths.php?$query", headers => \@headers);
        my %h = map { /^(\w+): (.*)/ } @headers;
        res_is($r, 200, join(' ', length $query, map { length($h{$_} // '') } qw(Cookie Referer)), "$kind: $what");
    }

    my $big = join '', map { chr(97 + $_ % 26) x 5000 } 0 .. 1999;
    for my $i (1, 2) {
        $res = $ask->(GET => '/big.php');
        ok(!$res->{error} && $res->{body} eq $big, "$kind: 10 MB") or diag $res->{error} // length $res->{body};
    }
    res_is($ask->(GET => '/biglen.php'), 200, 'b' x 3_000_000, "$kind: 3 MB with length");

    # flush() reaches the client before the script ends: the script waits
    # for a file that is made when its first line has come.
    my $flag = "$h->{dir}/flag";
    my $f = client($h);
    $f->send($f->format(GET => "/flush.php?f=$flag"));
    my $start = '';
    wait_for(sub { $start .= $f->read_some(100, 0.1); $start =~ /first/ }, 5);
    {
        local $TODO = nginx_todo('buffers');
        ok($start =~ /first/ && $start !~ /second/, "$kind: flush() arrives before the end");
    }
    FCGITest::Host::write_file($flag, 'x');
    $f->{buf} = $start . $f->{buf};
    res_is($f->read_response, 200, "first\nsecond\n", "$kind: and the rest");

    my $mark = $h->mark;
    res_is($ask->(GET => '/err.php'), 200, 'ok', "$kind: error_log()");
    ok($h->wait_log(qr/word from php/, $mark), "$kind: its text is in the host's log");
    $mark = $h->mark;
    res_is($ask->(GET => '/fatal.php'), 500, undef, "$kind: a fatal error is PHP's 500");
    ok($h->wait_log(qr/nosuchfunction/, $mark), "$kind: and is in the host's log");
    $mark = $h->mark;
    $res = $ask->(GET => '/missing.php');
    res_is($res, 404, undef, "$kind: no such script: 404");
    ok($h->wait_log(qr/it was sent SCRIPT_FILENAME "\Q$h->{docroot}\E\/missing\.php", .*see DocumentRoot/, $mark),
        "$kind: and the log says which file it was asked for, and what to look at");
    res_is($ask->(GET => '/deep/'), 200, 'deep /deep/index.php', "$kind: an index file");
    my $t0 = time;
    res_is($ask->(GET => '/finish.php' . ($kind eq 'tcp' ? '?us=200000' : '')), 200, 'done', "$kind: fastcgi_finish_request()");
    # A kept connection over TCP does not tell that its process is busy.
    for my $m (qw(GET POST)) {
        res_is($ask->($m => '/page.php', (body => 'a=b') x ($m eq 'POST')), 200, "page 42\n", "$kind: $m after it");
        cmp_ok(time - $t0, '<', slow(1.5), "$kind: while it works") if $kind eq 'unix';
        sleep 0.5;
    }

    # More clients than PHP has processes: nobody is left out.
    my @many = map { my $m = client($h); $m->send($m->format(GET => '/page.php')); $m } 1 .. 24;
    my @bad = grep { my $r = $_->read_response; $r->{error} || $r->{body} ne "page 42\n" } @many;
    is(scalar @bad, 0, "$kind: 24 clients, 4 processes: all are served");
    for (@many) { $_->send($_->format(GET => '/page.php')) }
    @bad = grep { my $r = $_->read_response; $r->{error} || $r->{body} ne "page 42\n" } @many;
    is(scalar @bad, 0, "$kind: and once more on the same connections");
    $_->close for @many;

    # It goes away, and comes back.
    $php->kill_now;
    {
        local $TODO = nginx_todo('502 there');
        ok(wait_for(sub { ($ask->(GET => '/page.php')->{status} // 0) == 503 }, 5), "$kind: stopped: 503");
    }
    unlike($ask->(GET => '/page.php')->{body} // '', qr/<\?php/, "$kind: and never the source");
}
finish;
