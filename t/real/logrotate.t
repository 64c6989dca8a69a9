# SPDX-License-Identifier: Apache-2.0
#
# The access log through logrotate, as the manual has it, while clients ask: each
# request has its line, once, in one of the files.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGIFile;

my ($logrotate) = grep { -x } map { "$_/logrotate" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan(skip_all => 'logrotate is not installed') if !$logrotate;
plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

my ($section) = slurp("$ENV{TOP_SRCDIR}/man/fastcgi.conf.5.in") =~ /^\.Ss The access log\n(.*?)^\.Ss /ms;
my ($conf) = $section =~ /^\.Bd [^\n]*\n(\S+ \{\n.*?)^\.Ed/ms;
ok($conf, 'the manual shows a configuration of logrotate');

my $dir = temp_dir();
my $log = "$dir/access.log";
is($conf =~ s{^\S+}{$log}, 1, 'for a log');
# (Once a day is too rarely.)
is($conf =~ s/^    daily\n//m, 1, 'each day');
spew("$dir/conf", $conf);
my $r = responder();
my $h = host(responder => $r, workers => 4, conf => { AccessLog => $log });

my $count = 900;    # on one connection
my @pids;
for my $k (1 .. 4) {
    my $pid = fork // die;
    if (!$pid) {
        my $c = client($h);
        for (1 .. $count) {
            $c->send($c->format(GET => "/hello.php?k=$k&i=$_"));
            $c->read_response;
            sleep 0.005;
        }
        POSIX::_exit(0);
    }
    push @pids, $pid;
}
my $turns = 0;
for (1 .. 3) {
    sleep 1.2;    # the time in which a worker may still write to the old file
    my $said = `$logrotate -f -s '$dir/state' '$dir/conf' 2>&1`;
    is("$? $said", '0 ', 'logrotate');
    $turns++;
}
waitpid $_, 0 for @pids;
my @files;
my $all = wait_for(sub {
    @files = sort glob "$log*";
    my $text = join '', map { /\.gz\z/ ? `zcat '$_'` : slurp($_) } @files;
    return ($text =~ tr/\n//) >= 4 * $count ? $text : undef;
}) // '';
cmp_ok(scalar @files, '>', $turns, 'there is a file for each turn');
ok((grep { /\.gz\z/ } @files) >= $turns - 1, 'older ones are compressed');
my %seen;
$seen{$_}++ for $all =~ /"GET \/hello\.php\?(k=\d+&i=\d+) HTTP/g;
is(scalar(grep { $_ == 1 } values %seen), 4 * $count, 'each request has its line, once');
is(scalar(grep { !/^127\.0\.0\.1 - - \[[^]]+\] "[^"]*" \d+ \d+ "[^"]*" "[^"]*" \d+ \d+ \d+$/ } split /\n/, $all), 0, 'and all are whole');
unlike($h->log, qr/AccessLog/, 'nothing was lost');
finish;
