# SPDX-License-Identifier: Apache-2.0
#
# fcgi-ping's habits of ping(8): counts, pace, signals, forms of output; and
# what it says of a command line that is wrong.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Tool;

my $answer = "\1\x0a\0\0\0\0\0\0";
my $app = responder(listen => 'unix', quiet => 1);
$app->start(on_accept => sub { my ($c) = @_; while ($c->need(64)) { $c->{buf} = substr $c->{buf}, 64; $c->raw($answer) } });
my $path = $app->{path};
my $at = quotemeta "unix:$path";
my $silent = responder(listen => 'unix', quiet => 1);
$silent->start(on_accept => sub { $_[0]->pause(60) });

# Pace and ends.
my $r = tool('fcgi-ping', '-c', 5, '-i', '0.05', $path);
tool_is($r, 0, qr/^5 sent, 5 received, 0% loss, time (\d+) ms$/m, '', '-c, -i');
my ($ms) = $r->{out} =~ /, time (\d+) ms/;
cmp_ok($ms, '>=', 200, 'the interval is kept');
$r = tool('fcgi-ping', '-w', '0.3', '-i', '50ms', $path);
tool_is($r, 0, qr/^\d+ sent, \d+ received,(?: 1 unfinished,)? 0% loss, time \d+ ms$/m, '', '-w');
cmp_ok($r->{took}, '>=', 0.28, '-w: not before');
$r = tool('fcgi-ping', '-w', '0.3', '-c', 500, '-i', '50ms', $path);
tool_is($r, 1, qr/^\d+ sent, \d+ received,(?: 1 unfinished,)? 0% loss/m, '', '-w before -c is reached: status 1, as ping');
$r = tool('fcgi-ping', '-c', 2, '-W', '0.1', '-i', '0.01', $silent->{path});
tool_is($r, 1, qr/^2 sent, 0 received, 100% loss/m, '', '-W');
cmp_ok($r->{took}, '>=', 0.2, 'one probe at a time');
$r = tool('fcgi-ping', '-w', '0.2', $silent->{path});
tool_is($r, 1, qr/^1 sent, 0 received, 1 unfinished, 100% loss/m, '', 'a probe that is not over at the end');
$r = tool('fcgi-ping', '-W', 60, $silent->{path}, { signals => [ [ 0.2, 'INT' ] ] });
tool_is($r, 1, qr/^1 sent, 0 received, 1 unfinished, 100% loss/m, '', '... at Ctrl-C');
$r = tool('fcgi-ping', '-c', 200, '-a', $path);
tool_is($r, 0, qr/seq=200 .*^200 sent, 200 received, 0% loss/ms, '', '-a');
$r = tool('fcgi-ping', '-c', 200, '-f', $path);
tool_is($r, 0, qr/^FCGI-PING.*\n(?:\.\x08 \x08){200}\n--- .*\n200 sent, 200 received, 0% loss/m, '', '-f');
$r = tool('fcgi-ping', '-c', 3, '-f', '-W', '20ms', $silent->{path});
tool_is($r, 1, qr/^FCGI-PING.*\n\.\.\.\n--- .*\n3 sent, 0 received, 100% loss/m, '', '-f: a dot stays for each that has no answer');
$r = tool('fcgi-ping', '-c', 3, '-f', "$path.none");
cmp_ok($r->{took}, '>=', 0.019, '-f: 10 ms after a failure');

$r = tool('fcgi-ping', '-j', 4, '-c', 200, $path);
tool_is($r, 0, qr/\AFCGI-PING .*\n\n--- .*\n200 sent, 200 received, 0% loss.*^4 connections: \d+\.\d answers a second\n\z/ms, '', '-j');
{
    # As many connections as that, at the same time.
    my $slow = responder(listen => 'unix', cases => { x => sub { my ($c) = @_; $c->pause(0.3); $c->reply("A: b\n\n") } });
    my $t0 = time;
    tool_is(tool('fcgi-ping', '-j', 5, '-c', 10, '-W', 20, '-s', '/x', $slow->{path}), 0, qr/^10 sent, 10 received/m, '', '-j: slow answers');
    within($t0, 2.5, '-j: side by side');
}
tool_is(tool('fcgi-ping', '-q', '-c', 1, "$app->{dir}/a*.sock", "unix:$app->{dir}/[a]pp.sock"), 0, qr/(?:^--- $at .*){2}/ms, '', 'wildcards');

# Several targets: all are told apart, and the worst decides.
$r = tool('fcgi-ping', '-c', 2, '-i', '20ms', $path, "$path.none");
tool_is($r, 1, qr/^--- $at fcgi-ping statistics ---\n2 sent, 2 received.*^--- $at.none fcgi-ping statistics ---\n2 sent, 0 received, 100% loss, time \d+ ms\nerrors: 2 no-socket\n\z/ms, '', 'two targets');
my $bad = responder(listen => 'unix', cases => { x => "Status: 500 x\r\n\r\n" });
$r = tool('fcgi-ping', '-c', 1, '-s', '/x', $bad->{path});
tool_is($r, 3, undef, '', 'an answer that is not well: 3');
$r = tool('fcgi-ping', '-c', 1, '-s', '/x', $bad->{path}, "$path.none");
tool_is($r, 1, undef, '', 'no answer is worse');

# Forms of output.
$r = tool('fcgi-ping', '-q', '-c', 2, '-i', '10ms', $path);
tool_is($r, 0, qr/\AFCGI-PING $at: FCGI_GET_VALUES\n\n--- $at fcgi-ping statistics ---\n2 sent, 2 received, 0% loss, time \d+ ms\nrtt min\/avg\/max\/mdev = (?:\d+\.\d{3}\/?){4} ms\np50\/p95\/p99 = (?:\d+\.\d{3}\/?){3} ms\n\z/, '', '-q');
$r = tool('fcgi-ping', '-D', '-c', 1, $path);
tool_is($r, 0, qr/^\[(\d+)\.\d{6}\] 8 bytes from $at: seq=1 /m, '', '-D');
my ($stamp) = $r->{out} =~ /^\[(\d+)\./m;
cmp_ok(abs($stamp - time), '<', 600, '-D: the time of day');
$r = tool('fcgi-ping', '-c', 300, '-a', '-q', '--histogram', $path, { env => { COLUMNS => 70 } });
tool_is($r, 0, qr/^p50.*\n(?: +\d+\.\d{3} ms +\d+ +\d+\.\d% #*\n)+\z/m, '', '--histogram');
my @rows = $r->{out} =~ /^ +\d+\.\d{3} ms +(\d+) +\d/mg;
my $sum = 0;
$sum += $_ for @rows;
is($sum, 300, '--histogram: all are in it');
cmp_ok(scalar @rows, '<=', 16, '--histogram: 16 rows at most');
cmp_ok((sort { $b <=> $a } map { length } split /\n/, $r->{out})[0], '<=', 70 + length $path, '--histogram: no wider than the terminal');
for my $l (qw(de_DE.UTF-8 C)) {
    $r = tool('fcgi-ping', '-c', 2, '-i', '0.01', $path, { env => { LC_ALL => $l } });
    tool_is($r, 0, qr/ time=\d+\.\d{3} ms\n/, '', "a dot in $l");
}

# Signals.
for my $s (qw(INT TERM)) {
    $r = tool('fcgi-ping', '-i', '0.05', $path, { signals => [ [ 0.4, $s ] ] });
    tool_is($r, 0, qr/^\d+ sent, \d+ received,(?: 1 unfinished,)? 0% loss/m, '', "SIG$s: summary, and the status of what was seen");
    $r = tool('fcgi-ping', '-i', '0.05', "$path.none", { signals => [ [ 0.3, $s ] ] });
    tool_is($r, 1, qr/^\d+ sent, 0 received,(?: 1 unfinished,)? 100% loss/m, '', "SIG$s: nothing was seen");
}
$r = tool('fcgi-ping', '-i', '0.05', $path, "$path.none", { signals => [ [ 0.4, 'QUIT' ], [ 0.6, 'INT' ] ] });
tool_is($r, 1, qr/^--- /m, qr{\A$at: \d+/\d+ probes, 0% loss, min/avg/max/mdev = (?:\d+\.\d{3}/?){4} ms\n$at.none: 0/\d+ probes, 100% loss\n\z}, 'SIGQUIT: a line in between, on standard error');

# Output that cannot be written.
$r = tool('fcgi-ping', '-c', 1, $path, { stdout => '/dev/full' });
tool_is($r, 2, undef, qr/^fcgi-ping: cannot write the output: .+\n\z/, 'a full disk');
{
    my $t0 = time;
    my $prog = tool_path('fcgi-ping');
    my $status = system("sh -c '$prog -i 0.01 $path 2>$app->{dir}/pipe.err; echo \$? >$app->{dir}/pipe.status' | head -2 >/dev/null");
    is(slurp("$app->{dir}/pipe.status"), "2\n", 'a pipe that is closed: status 2');
    within($t0, 20, 'a pipe that is closed ends it');
}

# Help and version; the environment's config; wrong usage.
$r = tool('fcgi-ping', '--help');
tool_is($r, 0, qr/\AUsage: fcgi-ping \[OPTION\]\.\.\. TARGET\.\.\.\n/, '', '--help');
$r = tool('fcgi-ping', '--version');
tool_is($r, 0, qr/\Afcgi-ping \(monkey-fastcgi\) \d/, '', '--version');
my $try = qr/\nTry 'fcgi-ping --help' for more information\.\n\z/;
for (
    [ [], 'a target is missing' ],
    [ [ '--bogus', 'x' ], "there is no option '--bogus'" ],
    [ [ '-c', 'x', 'y' ], "--count 'x': give a number from 1 on" ],
    [ [ '-c', '0', 'y' ], "--count '0': give a number from 1 on" ],
    [ [ '-c', '1x', 'y' ], "--count '1x': give a number from 1 on" ],
    [ [ '-i', '0,5', 'y' ], "--interval '0,5': this is no time; give seconds, such as 0.2, or a number with ms, s, m or h behind it" ],
    [ [ '-i', '-1', 'y' ], "--interval '-1': this is no time" ],
    [ [ '-w', '1x', 'y' ], "--deadline '1x': this is no time" ],
    [ [ '-W', '1e3', 'y' ], "--timeout '1e3': this is no time" ],
    map({ [ [ '-W', '0', $_, 'y' ], '--nagios, --listen and --mode=auto need a --timeout other than 0' ] } '--listen=1', '--mode=auto'),
    [ [ '-6', '-4', 'y' ], '--ipv4 and --ipv6 exclude each other' ],
    [ [ '-m', 'foo', 'y' ], "--mode 'foo': give values, connect, request or auto" ],
    [ [ '-m', 'request', 'y' ], '--mode=request needs a script: give --script, --fpm-ping or --fpm-status' ],
    [ [ '-m', 'connect', '-s', '/x', 'y' ], '--script, --fpm-ping and --fpm-status need --mode=request or auto' ],
    [ [ '-d', 'x', 'y' ], '--data, --method, --env, --expect, --expect-status and --no-stderr are about a request: give --script, too' ],
    [ [ '-s', '', 'y' ], "--script '': the path is empty" ],
    [ [ '-s', '/x', '-X', '', 'y' ], "--method '': the method is empty" ],
    [ [ '-s', '/x', '-e', '=1', 'y' ], "--env '=1': write NAME=VALUE" ],
    [ [ '--fpm-ping=x', 'y' ], "--fpm-ping 'x': the page's path starts with '/'" ],
    [ [ '--fpm-status=x', 'y' ], "--fpm-status 'x': the page's path starts with '/'" ],
    [ [ '-s', '/x', '--expect', '', 'y' ], "--expect '': give a text of 1 to 255 bytes" ],
    [ [ '-s', '/x', '--expect-status', '2xx', 'y' ], "--expect-status '2xx': write numbers from 100 to 599, such as 200-299,404" ],
    [ [ '--json', '--prometheus', 'y' ], '--json, --nagios, --prometheus, --listen and --watch exclude each other' ],
    [ [ '--warning', '1', 'y' ], 'thresholds need --nagios' ],
    [ [ '--warn-idle', '1', 'y' ], 'thresholds need --nagios' ],
    [ [ '--watch', 'y' ], '--watch needs a terminal, and one connection' ],
    [ [ '--watch', '-s', '/x', 'y' ], '--watch and thresholds of a pool need --fpm-status' ],
    [ [ '--listen', '1', '-c', 1, 'y' ], '--listen probes when it is asked: no --count' ],
    [ [ '-j', '0', 'y' ], "--jobs '0': give a number from 1 to 1000" ],
    [ [ "$app->{dir}/*.none" ], "$app->{dir}/*.none: no socket has such a name" ],
    [ [ '-f', '-v', 'y' ], '--flood draws on a terminal; use --adaptive' ],
    [ ['http://localhost/'], 'http://localhost/: a FastCGI application has no URL of this kind; give HOST:PORT, tcp://HOST:PORT or the path of a socket' ],
    [ ['localhost:x'], 'localhost:x: the port is not a number; give one from 1 to 65535' ],
    [ [ 'y', '::1' ], '::1: an IPv6 address needs brackets; write [ADDRESS]:PORT, such as [::1]:9000' ],
    [ ['/'], '/: this is a directory; give the path of the socket in it' ],
  ) {
    my ($args, $text) = @$_;
    tool_is(tool('fcgi-ping', @$args), 2, '', qr/\Afcgi-ping: \Q$text\E(?:[^\n]*)$try/, "@$args");
}
tool_is(tool('fcgi-ping', '--nagios', '--warning', '5:1', 'y'), 3, qr/\AFCGI UNKNOWN - --warning '5:1': this is no range[^\n]*\n\z/, qr/\Afcgi-ping: --warning '5:1': this is no range; write \[\@\]\[START:\]\[END\], such as 0\.5$try/, 'a wrong range: 3, as a plugin');
tool_is(tool('fcgi-ping', '--nagios', '-W', 0, 'y'), 3, qr/\AFCGI UNKNOWN - --nagios, --listen and --mode=auto need a --timeout other than 0\n\z/, undef, '--nagios ends');
tool_is(tool('fcgi-ping', '-s', '/x', '-d', '@/no/such', 'y'), 2, '', "fcgi-ping: cannot read /no/such: No such file or directory\n", 'no such data');

# @NAME.
my $conf = "$app->{dir}/fastcgi.conf";
FCGITest::Host::write_file($conf, "[FASTCGI_SERVER]\n    ServerName one\n    ServerPath $path\n[FASTCGI_SERVER]\n    ServerName two\n    ServerPath $path.none\n");
$r = tool('fcgi-ping', '-C', $conf, '-c', 1, '@one');
tool_is($r, 0, qr/^8 bytes from \@one \($at\): seq=1 /m, '', '@NAME');
$r = tool('fcgi-ping', '-C', $conf, '-c', 1, '-n', '@one');
tool_is($r, 0, qr/^8 bytes from $at: seq=1 /m, '', '@NAME, -n');
$r = tool('fcgi-ping', '-C', $conf, '-c', 1, '@all');
tool_is($r, 1, qr/^--- \@one \($at\) fcgi-ping.*^--- \@two \($at.none\) fcgi-ping/ms, '', '@all');
$r = tool('fcgi-ping', '-C', $conf, '-c', 1, '@three');
tool_is($r, 2, '', qr/\Afcgi-ping: \@three: \Q$conf\E has no server of this name; \@all means all that it has$try/, 'no such name');
$r = tool('fcgi-ping', '-C', "$conf.none", '-c', 1, '@one');
tool_is($r, 2, '', qr/\Afcgi-ping: \Q$conf\E.none: error: cannot open the file: No such file or directory; .*\n\z/, 'no such configuration');
FCGITest::Host::write_file($conf, "[FASTCGI_SERVER]\n    ServerNam one\n");
$r = tool('fcgi-ping', '-C', $conf, '-c', 1, '@one');
tool_is($r, 2, '', qr/^fcgi-ping: \Q$conf\E:2:5: error: unknown key 'ServerNam'.*did you mean 'ServerName'/m, 'a broken configuration');
finish;
