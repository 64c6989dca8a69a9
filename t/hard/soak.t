# SPDX-License-Identifier: Apache-2.0
#
# A long load: memory is flat after the first part, and no descriptor more is
# open. Figures for each second are in FCGI_SOAK_FILE: seconds, kB, descriptors.
#
#   FCGI_SOAK_SECONDS=60
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;

my ($wrk) = grep { -x } qw(/usr/bin/wrk /usr/local/bin/wrk);
plan(skip_all => 'wrk is not installed') if !$wrk;
my $seconds = $ENV{FCGI_SOAK_SECONDS} || 60;
alarm(($seconds + 60) * slow());
my $app = FCGITest::App->new(rounds => 10_000);
my $h = host(responder => $app, workers => 2, files => { 'x.php' => '' }, monkey => { MaxKeepAliveRequest => 1_000_000 });
get($h, '/x.php') for 1 .. 20;
my $fds = $h->fds;
my @figures;
my $begin = time;
# Now and then clients come anew.
my $part = $seconds > 30 ? 15 : int($seconds / 2) || 1; # wrk wants whole ones
my ($requests, $bad) = (0, 0);
while (time < $begin + $seconds) {
    my $pid = open my $load, '-|', "$wrk -t1 -c32 -d${part}s --timeout 15s http://$h->{addr}:$h->{port}/x.php 2>&1";
    my $end = time + $part;
    while (time < $end) { sleep 1; push @figures, [ time - $begin, $h->rss_kb // 0, $h->fds // 0 ] }
    my $out = join '', <$load>;
    close $load;
    $requests += $1 if $out =~ /(\d+) requests in/;
    $bad += $1 if $out =~ /Non-2xx or 3xx responses: (\d+)/;
    $bad++ if $out =~ /Socket errors/;
    last if !$h->alive;
}
if (my $file = $ENV{FCGI_SOAK_FILE}) {
    open my $out, '>', $file or die "$file: $!";
    printf $out "%.0f\t%d\t%d\n", @$_ for @figures;
}
ok($h->alive, 'it lives');
cmp_ok($requests, '>', 10 * $seconds, "$requests requests");
is($bad, 0, 'each is served');
my ($first) = grep { $_->[0] >= $seconds / 5 } @figures;
my $last = $figures[-1];
cmp_ok($last->[1] - $first->[1], '<', 1024, "memory is flat: $first->[1] kB, $last->[1] kB") if !$ENV{FCGI_SANITIZER};
cmp_ok($h->settled_fds($fds + 20), '<=', $fds + 20, 'no descriptor more');
finish;
