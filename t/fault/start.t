# SPDX-License-Identifier: Apache-2.0
#
# Each call that the plugin makes while the host starts and ends fails, with each
# errno that its manual names. The host serves, or refuses to start and says why;
# it never crashes, hangs or leaks, and never shows a source.
#
#   FCGI_FAULTS=20        every 20th of them
#   FCGI_FAULT_ONLY=RE    those that match, as `calloc ENOMEM src/...:12`
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use FCGITest::Fault;

my $fault = FCGITest::Fault->new;
my $app = FCGITest::App->new;
my $tcp = FCGITest::App->new(listen => 'tcp');
my $conf = <<"X";
[FASTCGI]
    TrustedProxies 10.0.0.0/8
    SendfileRoots /srv
    Param APP_ENV test
    HideParam HTTP_X
    StatusAllow 192.0.2.0/24
    Index index.php
    AccessLog Off

[FASTCGI_SERVER]
    ServerName app
    ServerPath $app->{path}
    HealthCheck 1s
    ErrorPage 404 /x.php

[FASTCGI_SERVER]
    ServerName tcp
    ServerAddr $tcp->{hostport}

[FASTCGI_SERVER]
    ServerName name
    ServerAddr localhost:$tcp->{port}
X
my $h = host(fastcgi_conf => $conf, workers => 2, wrap => [ $fault->wrap ],
    files => { 'x.php' => 'the source' }, match => ['/.*\.php fastcgi app']);
res_is(get($h, '/x.php'), 200, "ok\n", 'it serves');
kill INT => $h->{pid};
ok(wait_for(sub { !$h->alive }, 10) && !$h->{status}, 'and ends');
my @sites = $fault->sites;
plan(skip_all => 'the shim is not asked here') if !grep { $_->{call} eq 'calloc' } @sites;
is_deeply([ map { "$_->{call} $_->{kinds} $_->{where}" } $fault->unknown ], [], 'an error is known for each call');

my $every = $ENV{FCGI_FAULTS} || 1;
my $only = $ENV{FCGI_FAULT_ONLY} // '';
my @cases;
for my $site (@sites) {
    for my $error (@{ $site->{tries} }) {
        next if "$site->{call} $error $site->{where}" !~ /$only/;
        push @cases, [ $site, $error, $_ ] for 0 .. ($site->{hits} > 3 ? 2 : $site->{hits} - 1);
    }
}
@cases = @cases[ grep { $_ % $every == 0 } 0 .. $#cases ];

# What became of a start: a text, and what is wrong with it.
sub try {
    my ($mark) = @_;
    my $res;
    wait_for(sub {
        !$h->alive || do { $res = eval { get($h, '/x.php', timeout => 3) }; $res && $res->{status} }
    }, 10);
    if (!$h->alive) {
        return ('refused', $h->{status} & 127 ? 'it dies of ' . FCGITest::Host::show_status($h->{status})
            : !$h->{status} ? 'it ends, and calls that a success' : $h->log($mark) !~ /\S.{10}/ ? 'it says nothing' : ());
    }
    my @bad;
    push @bad, 'it does not answer' if !$res || !$res->{status};
    push @bad, "it answers $res->{status}" if $res && ($res->{status} // 0) !~ /\A(?:200|50\d)\z/;
    push @bad, 'it shows the source' if $res && ($res->{body} // '') =~ /source/;
    if (!@bad && $res->{status} != 200) {
        wait_for(sub { (get($h, '/x.php', timeout => 3)->{status} // 0) == 200 }, 3) or push @bad, 'it stays that way';
    }
    kill INT => $h->{pid};
    wait_for(sub { !$h->alive }, 10) or push @bad, 'it does not end';
    push @bad, 'it ended with ' . FCGITest::Host::show_status($h->{status}) if $h->{status};
    return ('served', @bad);
}

my (%became, %tried, $failed);
for my $case (@cases) {
    my ($site, $error, $skip) = @$case;
    my $mark = $h->mark;
    $fault->arm($site, $error, skip => $skip);
    $h->spawn;
    my ($what, @bad) = try($mark);
    push @bad, FCGITest::Host::complaints($h) if $ENV{FCGI_SANITIZER};
    my $done = $fault->disarm;
    $became{$what}++ if $done;
    $tried{"$site->{call} $error"}++ if $done;
    next if !@bad;
    fail("$site->{call} $error at $site->{where}, call $skip");
    diag "  $_" for @bad, $h->log($mark);
    $h->kill_now;
    last if ++$failed > 20;
}
ok(!$failed, scalar(@cases) . ' faults at the start and the end');
note "tried: $_, came about $tried{$_} times" for sort keys %tried;
note "$_: $became{$_}" for sort keys %became;
$h->kill_now;
$h->{idle} = 1;
finish;
