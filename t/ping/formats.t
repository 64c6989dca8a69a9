# SPDX-License-Identifier: Apache-2.0
#
# What fcgi-ping writes for programs: JSON, Prometheus, monitoring plugins.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Record;
use FCGITest::Tool;
use IO::Socket::INET;
use JSON::PP ();

my $pairs = "\x0e\x02FCGI_MAX_CONNS10\x0f\4FCGI_MPXS_CONNSn\"\n\\";
my $app = responder(listen => 'unix', quiet => 1);
$app->start(on_accept => sub { my ($c) = @_; $c->need(64); $c->raw(rec(10, 0, $pairs)) });
my $path = $app->{path};
my $http = responder(listen => 'unix', quiet => 1);
$http->start(on_accept => sub { my ($c) = @_; $c->need(64); $c->raw("HTTP/1.0 \"\xff\e\n") });
my $web = responder(listen => 'unix', cases => {
    ok   => page('x'), s500 => "Status: 500 x\r\n\r\n", bar => "Status: 404 x\r\n\r\n",
    err  => sub { my ($c) = @_; $c->stderr("w\"\xff\n"); $c->stdout(page('x')); $c->end(9) },
    slow => sub { my ($c) = @_; $c->pause(0.2); $c->reply(page('x')) },
    fpm  => page('{"pool":"w\\\'w","listen queue":3,"idle processes":1,"active processes":5,"total processes":6,"max children reached":2}'),
});

sub events {
    my ($r) = @_;
    return map { JSON::PP->new->utf8->decode($_) } split /\n/, $r->{out};
}

# Whether a member is a number in JSON, not a string.
sub is_number {
    my ($event, $name) = @_;
    return JSON::PP->new->encode([ $event->{$name} ]) =~ /^\[-?\d/;
}

my $r = tool('fcgi-ping', '--json', '-v', '-c', 2, '-i', '20ms', $path);
tool_is($r, 0, undef, '', '--json');
my @e = events($r);
is(join(' ', map { $_->{event} } @e), 'start record record answer record record answer summary', 'its events');
is($e[0]{mode}, 'values', 'start: mode');
is_deeply({ map { $_ => $e[1]{$_} } qw(seq direction type type_name id length padding offset version) },
    { seq => 1, direction => 'sent', type => 9, type_name => 'FCGI_GET_VALUES', id => 0, length => 48, padding => 8, offset => 0, version => 1 }, 'record');
my $a = $e[3];
is($a->{target}, "unix:$path", 'answer: target');
is($a->{result}, 'ok', 'answer: result');
is_deeply($a->{values}, { FCGI_MAX_CONNS => 10, FCGI_MAX_REQS => undef, FCGI_MPXS_CONNS => 'n"\x0a\\' }, 'answer: values');
ok((!grep { !is_number($a, $_) } qw(seq time_ms bytes timestamp)), 'answer: numbers are numbers');
my $sum = 0;
$sum += $a->{phases_ms}{$_} for qw(connect send first_byte rest);
cmp_ok(abs($sum - $a->{time_ms}), '<', 0.00001, 'answer: the phases make up the time');
my $s = $e[-1];
is_deeply([ @$s{qw(sent received unwell unfinished loss_percent exit_status)} ], [ 2, 2, 0, 0, 0, 0 ], 'summary');
ok((!grep { !is_number($s->{rtt_ms}, $_) } qw(min avg max mdev p50 p95 p99)), 'summary: times');
ok($s->{rtt_ms}{min} <= $s->{rtt_ms}{avg} && $s->{rtt_ms}{avg} <= $s->{rtt_ms}{max}, 'summary: min <= avg <= max');

$r = tool('fcgi-ping', '--json', '-c', 1, $http->{path});
tool_is($r, 1, undef, '', 'not FastCGI');
@e = events($r);
is($e[1]{event}, 'failure', 'failure');
is($e[1]{result}, 'not-fastcgi', 'failure: class');
is($e[1]{first_bytes}, "HTTP/1.0 \"\x{fffd}\e\n", 'failure: the first bytes');
is($e[1]{phase}, 'rest', 'failure: phase');
is_deeply($e[2]{errors}, { 'not-fastcgi' => 1 }, 'summary: errors');
ok(!exists $e[2]{rtt_ms}, 'summary: no times where there was no answer');
$r = tool('fcgi-ping', '--json', '-c', 1, "$path.none");
@e = events($r);
is_deeply([ @{ $e[1] }{qw(result phase errno)} ], [ 'no-socket', 'connect', 2 ], 'no such socket');
$r = tool('fcgi-ping', '--json', '-c', 1, '-s', '/err', $web->{path});
@e = events($r);
is_deeply([ @{ $e[1] }{qw(status app_status protocol_status stderr_bytes stderr)} ], [ 200, 9, 0, 4, "w\"\x{fffd}\n" ], 'request');
is($e[0]{script}, '/err', 'start: script');
$r = tool('fcgi-ping', '--json', '-c', 1, '--fpm-status=/fpm', $web->{path});
@e = events($r);
is_deeply($e[1]{fpm}, { pool => 'w\\\'w', queue => 3, idle => 1, active => 5, total => 6, max_children_reached => 2 }, '--fpm-status');
$r = tool('fcgi-ping', '--json', '-q', '--histogram', '-c', 20, '-a', $path);
@e = events($r);
is(scalar @e, 1, '-q: the summary alone');
my $n = 0;
$n += $_->{count} for @{ $e[0]{histogram} };
is($n, 20, '--histogram');

# Prometheus: each line is of the format, each family declared once, in front
# of its samples; all figures are there.
sub metrics {
    my ($text, $name) = @_;
    my (%type, %m, @bad);
    for (split /\n/, $text) {
        if (/^# HELP (\S+) \S/) { next }
        if (/^# TYPE (\S+) (counter|gauge|summary)$/) { push @bad, "twice: $_" if $type{$1}++; next }
        if (/^([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\} (NaN|[0-9.e+-]+)$/) {
            my ($n, $l, $v) = ($1, $2, $3);
            (my $f = $n) =~ s/_(?:sum|count)\z//;
            push @bad, "no TYPE: $_" if !$type{$n} && !$type{$f};
            push @bad, "twice: $_" if exists $m{"$n\{$l}"};
            $m{"$n\{$l}"} = $v;
            next;
        }
        push @bad, "no metric: $_";
    }
    SKIP: {
        skip 'promtool is not installed', 1 if system('command -v promtool >/dev/null') != 0;
        open my $tool, '|-', 'promtool check metrics >&2' or die "promtool: $!";
        print $tool $text;
        ok(close $tool, "$name: promtool has no complaint");
    }
    ok(!@bad && $text =~ /\n\z/, "$name: the format") or diag join "\n", @bad;
    return %m;
}
$r = tool('fcgi-ping', '--prometheus', $path, $http->{path});
tool_is($r, 1, undef, '', '--prometheus: one probe');
my %m = metrics($r->{out}, '--prometheus');
my ($t, $h) = map { "target=\"unix:$_\"" } $path, $http->{path};
is($m{"fcgi_ping_up{$t}"}, 1, 'up');
is($m{"fcgi_ping_up{$h}"}, 0, 'not up');
is($m{"fcgi_ping_sent_total{$h}"}, 1, 'sent');
is($m{"fcgi_ping_received_total{$h}"}, 0, 'received');
is($m{"fcgi_ping_failures_total{$h,class=\"not-fastcgi\"}"}, 1, 'failures');
is($m{"fcgi_ping_failures_total{$h,class=\"refused\"}"}, 0, 'failures of other classes');
is($m{"fcgi_ping_value{$t,name=\"FCGI_MAX_CONNS\"}"}, 10, 'a value');
is($m{"fcgi_ping_duration_seconds_count{$t}"}, 1, 'count');
cmp_ok($m{"fcgi_ping_duration_seconds_sum{$t}"}, '>', 0, 'sum');
is($m{"fcgi_ping_duration_seconds{$h,quantile=\"0.5\"}"}, 'NaN', 'no quantile without an answer');
$r = tool('fcgi-ping', '--prometheus', '--fpm-status=/fpm', $web->{path});
%m = metrics($r->{out}, '--fpm-status');
my $pool = "target=\"unix:$web->{path}\",pool=\"w\\\\'w\"";
is($m{"fcgi_ping_fpm_active{$pool}"}, 5, 'active');
is($m{"fcgi_ping_fpm_max_children_reached_total{$pool}"}, 2, 'max children reached');
is($m{"fcgi_ping_fpm_processes{$pool}"}, 6, 'all processes');
{
    my $odd = FCGITest::temp_dir() . "/a\"b\\c\nd";
    %m = metrics(tool('fcgi-ping', '--prometheus', $odd)->{out}, 'an odd name');
    (my $l = $odd) =~ s/(["\\])/\\$1/g;
    $l =~ s/\n/\\\\x0a/;
    ok(exists $m{"fcgi_ping_up{target=\"unix:$l\"}"}, 'an odd name is escaped');
}
{
    # --listen: a round of probes for who asks; bounded.
    my $port = FCGITest::Host::free_port();
    my $url = "http://127.0.0.1:$port";
    my @got;
    $r = tool('fcgi-ping', '--listen', $port, $path, "$path.none", { signals => sub {
        my ($pid, $d) = @_;
        wait_for(sub { slurp("$d/out") =~ /metrics/ }, 20);
        push @got, scalar `curl -s $url/metrics` for 1, 2;
        push @got, map { scalar `curl -s -w ' %{http_code}' $_` } "-I $url/metrics", "$url/", "-d x $url/metrics", "$url/metrics?x=1";
        my @idle = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") } 1 .. 16;
        sleep 0.3;
        push @got, scalar `curl -s -w '%{http_code}' $url/metrics`;
        close $_ for @idle;
        push @got, wait_for(sub { `curl -s $url/metrics` =~ /up/ }, 20) ? 'again' : 'never';
        for ("GET / HTTP/1.1\r\n" . 'x' x 9000, "nonsense\r\n\r\n") {
            my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
            print $s $_;
            push @got, scalar <$s>;
        }
        kill TERM => $pid;
    } });
    tool_is($r, 0, "fcgi-ping: $url/metrics\n", '', '--listen');
    %m = metrics($got[1], '--listen');
    is($m{"fcgi_ping_sent_total{$t}"}, 2, '--listen: a probe for each time');
    is($m{"fcgi_ping_up{target=\"unix:$path.none\"}"}, 0, '--listen: not up');
    like($got[2], qr/^HTTP\/1\.1 200 OK\r\n.* 200\z/s, '--listen: HEAD');
    is_deeply([ map { /(\d+)\z/ } @got[ 3 .. 5 ] ], [ 404, 405, 200 ], '--listen: other paths and methods, a query');
    is_deeply([ @got[ 6, 7 ] ], [ '000', 'again' ], '--listen: 16 connections');
    like($got[8], qr/ 431 /, '--listen: a long request');
    like($got[9], qr/ 400 /, '--listen: no request');
    tool_is(tool('fcgi-ping', '--listen', 'x:1', $path), 2, '', qr/cannot listen on x:1: write PORT, ADDRESS:PORT/, '--listen: a wrong address');
}
my $file = FCGITest::temp_dir() . '/x.prom';
$r = tool('fcgi-ping', "--prometheus=$file", '-c', 3, '-i', '10ms', $path);
tool_is($r, 0, qr/^3 sent, 3 received/m, '', '--prometheus=FILE');
%m = metrics(slurp($file), '--prometheus=FILE');
is($m{"fcgi_ping_sent_total{$t}"}, 3, 'its figures');
is((stat $file)[2] & 0777, 0666 & ~umask, 'its mode');
is(join(' ', glob "$file*"), $file, 'nothing is left beside it');
{
    my @seen;
    $r = tool('fcgi-ping', "--prometheus=$file", '-i', '0.1', $path, { signals => sub {
        my ($pid) = @_;
        unlink $file;
        wait_for(sub { -e $file }, 20);
        push @seen, { metrics(slurp($file), 'while it runs') };
        kill INT => $pid;
    } });
    tool_is($r, 0, undef, '', '--prometheus=FILE, until it is stopped');
    cmp_ok($seen[0]{"fcgi_ping_sent_total{$t}"}, '>=', 1, 'the file is written while it runs');
}
$r = tool('fcgi-ping', '--prometheus=/no/such/x.prom', '-c', 1, $path);
tool_is($r, 2, undef, qr/^fcgi-ping: cannot write \/no\/such\/x\.prom: No such file or directory\n\z/, 'a file that cannot be written');

# A monitoring plugin.
sub plugin {
    my ($status, $line, $name, @args) = @_;
    tool_is(tool('fcgi-ping', '--nagios', @args), $status, $line, '', $name);
}
my $p = quotemeta "unix:$path";
plugin(0, qr/\AFCGI OK - $p \d+\.\d{3} ms \| 'time'=0\.\d{6}s;;;0;10\.000 'loss'=0%;;;0;100\n\z/, '--nagios', $path);
plugin(0, qr/'time'=\S+s;5;9;0;10\.000 /, '--warning, --critical', '--warning', 5, '--critical', 9, $path);
plugin(1, qr/\AFCGI WARNING - $p \d+\.\d{3} ms \| /, '--warning', '--warning', '5:', '--critical', 9, $path);
plugin(2, qr/\AFCGI CRITICAL - $p \d/, '--critical', '--warning', '5:', '--critical', '@0:9', $path);
plugin(2, qr/\AFCGI CRITICAL - $p.none: no such socket: \S+ does not exist; is the application running\?, 100% loss \| 'loss'=100%;;;0;100\n\z/, 'no answer', "$path.none");
plugin(2, qr/\AFCGI CRITICAL - $p.none: [^|]* \| 'time $p'=0\S+ 'loss $p'=0%;;;0;100 'loss $p.none'=100%;;;0;100\n\z/, 'two targets', $path, "$path.none");
plugin(0, qr/\AFCGI OK - $p \S+ ms; $p \S+ ms \| /, 'two good ones', $path, $path);
plugin(2, qr/\AFCGI CRITICAL - \S+: unexpected status 500 \| /, 'not well', '-s', '/s500', $web->{path});
plugin(2, qr/\AFCGI CRITICAL - \S+: timed out after /, 'a timeout', '-W', '0.05', '-s', '/slow', $web->{path});
plugin(1, qr/\AFCGI WARNING - \S+ \d+\.\d{3} ms \| 'time'=0\.\d{6}s;0\.1;5;0;10\.000 /, 'slow', '--warning', '0.1', '--critical', 5, '-s', '/slow', $web->{path});
plugin(0, qr/, active 5, idle 1, queue 3 \| .* 'active'=5;;;0; 'idle'=1;;;0; 'queue'=3;;;0;\n/, '--fpm-status', '--fpm-status=/fpm', $web->{path});
plugin(2, qr/\AFCGI CRITICAL - \S+: "a!b" is not in the 1 bytes of the body \| /, 'no bar in the text', '-s', '/ok', '--expect', 'a|b', $web->{path});
plugin(2, qr/\AFCGI CRITICAL - \S*\/none: no such socket: \S+ does not exist; is the application running\?, 100% loss \| 'loss'=100%;;;0;100\n\z/, 'several probes', '-c', 2, '-i', '10ms', FCGITest::temp_dir() . '/none');
{
    # One of two gets no answer.
    my $half = responder(listen => 'unix', quiet => 1, prefork => 1);
    my $k = 0;
    $half->start(on_accept => sub { my ($c) = @_; $c->need(64); $c->raw(rec(10, 0, '')) if $k++ });
    plugin(1, qr/\AFCGI WARNING - \S+ \d+\.\d{3} ms, 50% loss \| 'time'=\S+ 'loss'=50%;;;0;100\n\z/, 'half is lost', '-c', 2, '-i', '10ms', $half->{path});
}
# Thresholds of a pool.
my $fpm = sub { sprintf '{"pool":"w","listen queue":%d,"idle processes":%d,"active processes":1,"max children reached":%d}', @_ };
my $asked = FCGITest::temp_dir() . '/asked'; # a byte for each time
my $pools = responder(listen => 'unix', cases => { status => sub { my ($c) = @_; open my $out, '>>', $asked; print $out '.'; close $out; $c->reply(page($fpm->(3, 1, -s $asked))) } });
for ([ 0, '--warn-queue', 3 ], [ 1, '--warn-queue', 2 ], [ 2, '--warn-queue', 2, '--crit-queue', 2 ], [ 0, '--warn-idle', '1:' ], [ 1, '--warn-idle', '2:' ], [ 2, '--crit-idle', '2:' ]) {
    my ($status, @options) = @$_;
    my $word = [ 'OK', 'WARNING', 'CRITICAL' ]->[$status];
    plugin($status, qr/\AFCGI $word - \S+ \d+\.\d+ ms, active 1, idle 1, queue 3 \| /, "@options", @options, $pools->{path});
}
plugin(0, qr/'idle'=1;0:9;0:8;0; 'queue'=3;4;5;0;\n/, 'thresholds in the performance data', '--warn-idle=0:9', '--crit-idle=0:8', '--warn-queue=4', '--crit-queue=5', $pools->{path});
plugin(1, qr/, pm\.max_children was reached \| .* 'max_children_reached'=1;0;5;0;\n/, 'max_children, as a difference', '--warn-max-children', 0, '--crit-max-children', 5, '-i', '50ms', $pools->{path});
plugin(2, qr/'max_children_reached'=3;;2;0;\n/, 'over more probes', '--crit-max-children', 2, '-c', 4, '-i', '20ms', $pools->{path});

# Nagios shows standard output alone, and ends a plugin that takes too long.
my $silent = responder(listen => 'unix', quiet => 1);
$silent->start(on_accept => sub { $_[0]->pause(60) });
my $hung = qr/\AFCGI CRITICAL - \S+: timed out after \d+ ms waiting for the first byte; [^|]*, 100% loss \| 'loss'=100%;;;0;100\n\z/;
plugin(2, $hung, 'a deadline before the answer', '-w', '0.2', $silent->{path});
plugin(2, $hung, 'ended by a signal', $silent->{path}, { signals => sub { sleep 0.5; kill TERM => $_[0] } });
my $no_target = qr/\Afcgi-ping: a target is missing\nTry .*\n\z/;
tool_is(tool('fcgi-ping', '--nagios'), 3, "FCGI UNKNOWN - a target is missing\n", $no_target, 'wrong usage: 3');
tool_is(tool('fcgi-ping', '--nagi'), 3, "FCGI UNKNOWN - a target is missing\n", $no_target, '... with an option that is cut short');
tool_is(tool('fcgi-ping', @$_[0, 1]), 3, qr/\AFCGI UNKNOWN - \Q$_->[2]\E[^\n|]*\n\z/, qr/\Afcgi-ping: /, "@$_[0, 1]: 3")
  for [ '--bogus', '--nagios', "there is no option '--bogus'" ], [ '--nagios', 'http://a|b/', 'http://a!b/: a FastCGI application has no URL' ],
  [ '--nagios', '-C/no/such', 'a target is missing' ];
tool_is(tool('fcgi-ping', '--nagios', '-C', '/no/such', '@all'), 3, qr/\AFCGI UNKNOWN - \/no\/such: error: cannot open the file/, qr/\Afcgi-ping: /, 'no configuration: 3');
tool_is(tool('fcgi-ping', '--nagios', '--help'), 0, qr/\AUsage: /, '', '--nagios --help');
SKIP: {
    skip 'prlimit is not installed', 1 if system('prlimit --version >/dev/null 2>&1') != 0;
    skip 'a sanitizer needs descriptors of its own', 1 if $ENV{FCGI_SANITIZER} || $ENV{FCGI_WRAP};
    tool_is(tool('fcgi-ping', '--nagios', $path, { limit => { n => 9 } }), 3, qr/\AFCGI UNKNOWN - \S+: this machine cannot: Too many open files/, '', 'our own fault: 3');
}
finish;
