# SPDX-License-Identifier: Apache-2.0
#
# AccessLog: a line for each request, from all workers, whatever comes of it; what
# a client sends cannot break out of its line; a file that is renamed.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use IO::Socket::UNIX;
use JSON::PP qw(decode_json);

plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

my $r = responder(
    cases => {
        slow => sub { my ($c) = @_; $c->pause(0.2); $c->reply(page("slow\n")) },
        bad  => sub { my ($c) = @_; $c->close },
    });
my $dir = FCGITest::temp_dir();
chmod 0777, $dir;
my $file = "$dir/access.log";

sub slurp { open my $in, '<', $_[0] or return ''; local $/; return <$in> // '' }
sub lines { return split /^/, slurp($_[0] // $file) }

# Waits for so many lines, as a client has its answer before the line is there.
sub wait_lines {
    my ($n, $from) = @_;
    wait_for(sub { lines($from) >= $n }, 10);
    return lines($from);
}

my $DATE = qr{\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]};

# A line with all that differs from request to request taken away.
sub shape {
    return $_[0] =~ s/^\S+ - \S+/CLIENT/r =~ s/\[[^]]*\]/TIME/r =~ s/"[^"]*"/TEXT/gr =~ s/\d+/#/gr;
}

open my $in, '<', "$ENV{TOP_SRCDIR}/man/fastcgi.conf.5.in" or die $!;
my $manual = do { local $/; <$in> };
my ($most) = $manual =~ /sent is cut after (\d+) bytes/ or die "fastcgi.conf(5) does not tell where a URI is cut";

# --- lines ---
my $h = host(responder => $r, workers => 4, conf => { AccessLog => $file, Retries => 0 });
ok(!-e $file, 'no file before the first request');
get($h, '/hello.php?a=1', headers => ['User-Agent: t/1', 'Referer: http://x/']);
my ($line) = wait_lines(1);
like($line, qr{^127\.0\.0\.1 - - $DATE "GET /hello\.php\?a=1 HTTP/1\.1" 200 6 "http://x/" "t/1" \d+ \d+ \d+$}, 'a line');
get($h, '/slow.php');
my ($total, $waiting, $application) = (wait_lines(2))[1] =~ /(\d+) (\d+) (\d+)$/;
cmp_ok($total, '>=', 200_000, 'total time');
cmp_ok($application, '>=', 200_000, 'time of the application');
cmp_ok($total, '>=', $waiting + $application - 1, 'times fit together');
get($h, '/bad.php');
like((wait_lines(3))[2], qr{"GET /bad\.php HTTP/1\.1" 502 \d+ "-" "[^"]*" \d+ \d+ \d+$}, 'a failure');
my $c;
SKIP: {
    # Without the gate the host refuses such a request by itself.
    skip 'there is no gate', 2 if ($ENV{FCGI_GATE} // '') eq 'off';
    $c = client($h);
    $c->send("GET /x.php/\"\\<\xff HTTP/1.1\r\nHost: a\r\nUser-Agent: \"\\\t\xe2\x80\xae\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    is($c->read_response->{status}, 400, 'a request that is refused');
    like((wait_lines(4))[-1], qr{"(?:GET|-) (?:/x\.php/\\x22\\x5c<\\xff|-) \S+" 400 \d+ "-" "(?:\\x22\\x5c\\x09\\xe2\\x80\\xae|-)" \d+ - -$},
        'has a line, with all that it has sent escaped');
}
my $had = lines() - 3;    # of the request that was refused
get($h, '/hello.php?' . 'y' x ($most - length('/hello.php?')) . $_) for '', 'z';
like((wait_lines($had + 5))[-2], qr{y HTTP/1\.1" 200 }, 'a URI that just fits');
like((wait_lines($had + 5))[-1], qr{y\.\.\. HTTP/1\.1" 200 }, 'and one that is cut');
get($h, '/static.txt');
$c = client($h);
$c->send($c->format(GET => '/slow.php?gone'));
sleep 0.05;
$c->rst;
like((wait_lines($had + 6))[-1], qr{"GET /slow\.php\?gone HTTP/1\.1" 499 0 }, 'a client that went away: 499');
is(scalar(lines()), $had + 6, 'files of the host have none');

# --- a file that is renamed, while all workers write ---
my $n = 400;
my @pids;
for my $k (1 .. 4) {
    my $pid = fork // die;
    if (!$pid) {
        my $client = client($h);
        for (1 .. $n) {
            $client->send($client->format(GET => "/hello.php?k=$k&i=$_"));
            $client->read_response;
            sleep 0.005 if $_ % 2;
        }
        POSIX::_exit(0);
    }
    push @pids, $pid;
}
sleep 0.3;
rename $file, "$file.1" or die $!;
waitpid $_, 0 for @pids;
get($h, '/hello.php?last') while sleep(0.3) && lines("$file.1") + lines() < $had + 6 + 4 * $n;
my @all = (lines("$file.1"), lines());
my %seen;
$seen{$_}++ for map { m{"GET /hello\.php\?(k=\d+&i=\d+) HTTP} ? $1 : () } @all;
is(scalar(grep { $_ == 1 } values %seen), 4 * $n, 'each request has its line, once, in one of the two');
is(scalar(grep { !m{^127\.0\.0\.1 - - $DATE "[^"]*" \d+ \d+ "[^"]*" "[^"]*" \d+ (?:\d+|-) (?:\d+|-)$} } @all), 0,
    'and all lines are whole');
cmp_ok(scalar(lines()), '>', 0, 'the new file is used');
is(sprintf('%o', (stat $file)[2] & 0777 & ~0640), '0', 'nobody else may read it');
$h->stop_ok;

# --- JSON, and a server of its own ---
my $other = responder(cases => { two => page('two') });
unlink $file;
$h = host(responder => [ $r, $other ], match => [ "/two\\.php\$ fastcgi $other->{name}", "/.*\\.php fastcgi $r->{name}" ],
    conf => { AccessLogFormat => 'json' },
    servers => { $r->{name} => { AccessLog => $file }, $other->{name} => { AccessLog => 'off' } });
get($h, '/two.php');
get($h, '/hello.php?x', headers => ["User-Agent: a\"\\\tb"]);
my ($json) = wait_lines(1);
is(scalar(lines()), 1, 'Off for one server');
my $got = decode_json($json);
like($got->{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/, 'JSON: time');
is($got->{client}, '127.0.0.1', 'client');
is($got->{uri}, '/hello.php?x', 'uri');
is($got->{agent}, "a\"\\\tb", 'agent');
is($got->{status}, 200, 'status');
is($got->{server}, $r->{name}, 'server');
ok($got->{total_us} >= $got->{waiting_us} + $got->{application_us} - 1, 'times');
ok(!exists $got->{referer}, 'nothing that there is not');
my ($keys) = $manual =~ /^a line is an object with\n(.*?)^but for/ms;
is_deeply([ sort keys %$got ], [ sort grep { !/^(?:user|referer)$/ } $keys =~ /^\.Ql (\w+)/mg ],
    'its names are those of the manual');
$h->stop_ok;

# --- the true client ---
unlink $file;
$h = host(responder => $r, conf => { AccessLog => $file, TrustedProxies => '127.0.0.1' });
get($h, '/hello.php', headers => ['X-Forwarded-For: 192.0.2.7']);
like((wait_lines(1))[0], qr/^192\.0\.2\.7 - /, 'behind a trusted proxy');
$h->stop_ok;

# --- the manual's example ---
unlink $file;
my ($example) = $manual =~ /^An access log for all servers, one of them apart:\n\.Bd [^\n]*\n(.*?)^\.Ed/ms;
$example =~ s{AccessLog /\S+}{AccessLog $file} or die;
my $place = $r->conf_line;
$example =~ s{ServerPath /run/php/\S+}{$place} or die;
$h = host(responder => $r, fastcgi_conf => $example, match => ['/.*\.php$ fastcgi php']);
get($h, '/hello.php');
my $sample = (wait_lines(1))[0];
my ($shown) = $manual =~ /^(192\.0\.2\.1 - ann .*)$/m;
is(shape($sample), shape("$shown\n"), 'the example of the manual, and the line that it shows');
$h->stop_ok;

# --- a file that cannot be made ---
$h = host(responder => $r, workers => 1, conf => { AccessLog => "$dir/none/log" });
res_is(get($h, '/hello.php'), 200, "hello\n", 'requests are served without it');
get($h, '/hello.php');
ok($h->wait_log(qr/AccessLog/), 'the log is told');
like($h->log, qr{AccessLog \Q$dir\E/none/log: No such file or directory; lines are lost}, 'and the log says why');
is(scalar(() = $h->log =~ /AccessLog/g), 1, 'once');
$h->stop_ok;

# --- syslog, where none is that must not be disturbed ---
SKIP: {
    skip('there is a /dev/log', 5) if -e '/dev/log';
    my $listen = sub { IO::Socket::UNIX->new(Type => Socket::SOCK_DGRAM(), Local => '/dev/log') };
    my $syslog = $listen->() or skip('/dev/log cannot be made', 5);
    local $SIG{__DIE__} = sub { unlink '/dev/log' };
    chmod 0666, '/dev/log';
    $h = host(responder => $r, workers => 1, conf => { AccessLog => 'syslog' });
    get($h, '/hello.php?a');
    my $datagram = '';    # of ours: others may log, too
    $syslog->recv($datagram, 65536) while $datagram !~ / fastcgi\[/;
    like($datagram, qr{^<30>\w{3} [ \d]\d \d\d:\d\d:\d\d fastcgi\[\d+\]: 127\.0\.0\.1 - - $DATE "GET /hello\.php\?a HTTP/1\.1" 200 6 .*\d$},
        'of one line');
    close $syslog;
    unlink '/dev/log';
    get($h, '/hello.php?lost');
    ok($h->wait_log(qr/AccessLog syslog: .*; lines are lost/), 'without a syslogd lines are lost');
    $syslog = $listen->();
    chmod 0666, '/dev/log';
    sleep 1.2;
    get($h, '/hello.php?c');
    ok($h->wait_log(qr/AccessLog syslog: is written again; 1 lines are lost/), 'until there is one again');
    my $t0 = time;
    open my $limit, '<', '/proc/sys/net/unix/max_dgram_qlen' or die $!;
    get($h, "/hello.php?$_") for 1 .. 50 + <$limit>;
    within($t0, 20, 'one that does not read holds nobody up');
    ok($h->wait_log(qr/AccessLog syslog: Resource temporarily unavailable/), 'and that is told');
    unlink '/dev/log';
    $h->stop_ok;
}

finish();
