# SPDX-License-Identifier: Apache-2.0
#
# The status page in a headless Chromium, under load: both themes, on a screen and
# on a telephone, and that it is live. What is looked at is in status.py. Pictures
# are in the folder that FCGI_PICTURES names.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

for ([ -x '/usr/bin/chromium', 'chromium' ], [ -x '/usr/bin/chromedriver', 'chromium-driver' ],
    [ !system('/usr/bin/python3 -c "import selenium" 2>/dev/null'), 'python3-selenium' ]) {
    plan(skip_all => "$_->[1] is not installed") if !$_->[0];
}
plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

my $pause = sub { my ($s) = @_; return sub { my ($c) = @_; $c->pause($s * rand); $c->reply(page("slow\n")) } };
my $php = responder(name => 'php', cases => { slow => $pause->(0.05), bad => sub { $_[0]->close } });
my $api = responder(name => 'api', cases => { call => $pause->(0.3) });
my $h = host(responder => [ $php, $api ], workers => 2, conf => { MaxFails => 0 },
    match => [ '^/fcgi-status$ fastcgi =status', '/call\.php$ fastcgi api', '/.*\.php fastcgi php' ]);

my @load;
for my $uris ([qw(/hello.php /hello.php?x /slow.php)], [qw(/call.php)], [ '/bad.php/%3Cb%3E' ]) {
    my $pid = fork // die;
    if (!$pid) {
        FCGISyscall::die_with_parent();
        alarm 0;
        for (my $i = 0 ; ; $i++) {
            eval { get($h, $uris->[ $i % @$uris ]) };
            sleep(@$uris > 1 ? 0.01 : 0.5);
        }
    }
    push @load, $pid;
}
sleep 35;    # two slices of the pictures
my $pictures = $ENV{FCGI_PICTURES} || temp_dir();
open my $out, '-|', '/usr/bin/python3', "$FindBin::Bin/status.py", $h->url(''), $pictures or die "python3: $!";
my $ended = '';
while (<$out>) {
    chomp;
    if    (/\A(not )?ok - (.*)/) { ok(!$1, $2) }
    elsif ($_ eq 'done')         { $ended = $_ }
    else                         { diag("  $_") }
}
close $out;
is("$? $ended", '0 done', 'all was looked at');
kill KILL => @load;
waitpid $_, 0 for @load;
finish;
