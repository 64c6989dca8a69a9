# SPDX-License-Identifier: Apache-2.0
#
# A small load, bounded in requests: not one of them may fail.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

my ($ab)  = grep { -x } qw(/usr/bin/ab /usr/local/bin/ab);
my ($wrk) = grep { -x } qw(/usr/bin/wrk /usr/local/bin/wrk);
plan(skip_all => 'neither ab nor wrk is installed') if !$ab && !$wrk;

my $slow = slow() > 1;
my $n = $slow ? 200 : 2000;
my $r = responder(quiet => 1, prefork => 4, cases => {
    small => "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\nsmall\n",
    open  => page('x' x 20_000),
});
my @apps = ([ responder => $r, '/small.php', '/open.php' ]);
my $php = FCGITest::Daemon->php(listen => 'unix', children => 3);
push @apps, [ php => $php, '/page.php' ] if $php;

for my $app (@apps) {
    my ($what, $backend, @uris) = @$app;
    my $h = host(responder => $backend, files => { 'page.php' => '<?php echo "page";' },
        monkey => { MaxKeepAliveRequest => 100_000 });
    my $url = "http://$h->{addr}:$h->{port}";
    my $fds = $h->fds;
    for my $uri (@uris) {
        for my $keep ('', '-k') {
            next if !$ab;
            my $out = `$ab -q $keep -l -n $n -c 16 -s 20 $url$uri 2>&1`;
            my ($done)   = $out =~ /^Complete requests:\s+(\d+)/m;
            my ($failed) = $out =~ /^Failed requests:\s+(\d+)/m;
            my ($non2xx) = $out =~ /^Non-2xx responses:\s+(\d+)/m;
            ok(($done // 0) == $n && !($failed // 1) && !$non2xx, "$what: ab $keep -n $n -c 16 $uri")
              or diag $out;
        }
        next if !$wrk;
        my $out = `$wrk -t1 -c16 -d1s --timeout 15s $url$uri 2>&1`;
        ok($out =~ /(\d+) requests in/ && $1 > 0 && $out !~ /Socket errors|Non-2xx/, "$what: wrk -c16 $uri") or diag $out;
    }
    my $now = $h->settled_fds($fds + 20);
    cmp_ok($now, '<=', $fds + 20, "$what: no descriptor is leaked") or diag "$fds before, $now after";
    $backend->stop if $backend->can('stop');
}
finish;
