# SPDX-License-Identifier: Apache-2.0
#
# fcgiwrap: plain CGI programs in sh, through libfcgi.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);

my $wrap = FCGITest::Daemon->fcgiwrap or plan(skip_all => 'fcgiwrap is not installed');
# (For nginx the location is \.php as well: the scripts' names end so.)
my %files = (
    'env.php'  => "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nenv | sort\n",
    'body.php' => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nmd5sum | cut -c1-32 | tr -d '\\n'\n",
    'stat.php' => "#!/bin/sh\nprintf 'Content-Type: text/plain\\nStatus: 403 No\\n\\nno'\n",
    'err.php'  => "#!/bin/sh\necho 'word from sh' >&2\nprintf 'Content-Type: text/plain\\n\\nok'\n",
    'big.php'  => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nhead -c 3000000 /dev/zero | tr '\\0' z\n",
    'dies.php' => "#!/bin/sh\nexit 1\n",
    'noexec.php' => "not a program\n",
);
my $h = host(responder => $wrap, files => \%files, monkey => { MaxRequestSize => 2048 });
chmod 0755, map { "$h->{docroot}/$_" } grep { !/noexec/ } keys %files;

my $res = get($h, '/env.php?a=b', headers => ['X-Foo: bar']);
res_is($res, 200, qr/^QUERY_STRING=a=b$/m, 'env: QUERY_STRING');
like($res->{body}, qr/^HTTP_X_FOO=bar$/m, 'env: HTTP_X_FOO');
like($res->{body}, qr/^SCRIPT_NAME=\/env\.php$/m, 'env: SCRIPT_NAME');
like($res->{body}, qr/^GATEWAY_INTERFACE=CGI\/1\.1$/m, 'env: GATEWAY_INTERFACE');
for my $n (0, 1, 100_000, 1_000_000) {
    my $b = 'w' x $n;
    res_is(post($h, '/body.php', $b), 200, md5_hex($b), "a body of $n bytes");
}
res_is(get($h, '/stat.php'), 403, 'no', 'a status');
my $mark = $h->mark;
res_is(get($h, '/err.php'), 200, 'ok', 'STDERR: the answer');
ok($h->wait_log(qr/word from sh/, $mark), 'STDERR: in the log');
res_is(get($h, '/big.php'), 200, 'z' x 3_000_000, '3 MB');
{
    local $TODO = nginx_todo('lax') ;
    res_is(get($h, '/dies.php'), 502, undef, 'a program that says nothing: 502');
}
$res = get($h, '/noexec.php');
ok(($res->{status} // 0) =~ /^(?:403|502)$/, 'no program: 403') or diag $res->{status};
my $c = client($h);
for (1 .. 5) {
    $c->send($c->format(GET => '/stat.php'));
    res_is($c->read_response, 403, 'no', "kept $_");
}
finish;
