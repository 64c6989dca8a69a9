# SPDX-License-Identifier: Apache-2.0
#
# fcgi-ping and fcgi-get with real applications: php-fpm over both kinds of
# socket, fcgiwrap, a program on libfcgi, php-cgi under spawn-fcgi, one in
# Python; and a real HTTP server.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Tool;

my $top = $ENV{TOP_SRCDIR} || "$FindBin::Bin/../..";
my $dir = FCGITest::temp_dir();
FCGITest::Host::write_file("$dir/page.php", '<?php header("Content-Type: text/plain"); error_log("word from php"); echo "page ", $_GET["q"] ?? "-", "\n";');
FCGITest::Host::write_file("$dir/page.sh", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nshell %s\\n' \"\$QUERY_STRING\"\n");
chmod 0755, glob "$dir/*.sh";

# Alive in all ways that a probe can ask; what each shows is its own.
sub alive {
    my ($name, $target, $values, %o) = @_;
    my @w = ('-W', FCGITest::slow(5));
    my $r = tool('fcgi-ping', '-c', 3, '-i', '20ms', @w, $target);
    tool_is($r, 0, qr/^3 sent, 3 received, 0% loss/m, '', "$name: values");
    like($r->{out}, $values, "$name: what it tells") if $values;
    $r = tool('fcgi-ping', '-k', '-c', 3, '-i', '20ms', @w, $target);
    tool_is($r, 0, qr/^3 sent, 3 received, 0% loss/m, '', "$name: values, -k");
    $r = tool('fcgi-ping', '-c', 2, '-i', '20ms', '-m', 'connect', $target);
    tool_is($r, 0, qr/^connected to .*: seq=2 time=.*\n\n.*\n2 sent, 2 received/m, '', "$name: connect");
    $r = tool('fcgi-ping', '-c', 2, '-i', '20ms', '-m', 'auto', @w, $target);
    tool_is($r, 0, qr/^2 sent, 2 received, 0% loss/m, '', "$name: auto");
    for my $k ([], ['-k']) {
        $r = tool('fcgi-ping', '-c', 3, '-i', '20ms', @$k, @w, '-s', "$o{script}?q=7", '--expect', $o{expect}, $target);
        tool_is($r, 0, qr/^3 sent, 3 received, 0% loss/m, '', "$name: request @$k");
    }
}

SKIP: {
    skip 'php-fpm is not installed', 1 if !FCGITest::Daemon::php_program();
    for my $kind (qw(unix tcp)) {
        my $php = FCGITest::Daemon->php(listen => $kind, pages => 1);
        my $t = $php->{path} || $php->{hostport};
        alive("php-fpm, $kind", $t, qr/: FCGI_MPXS_CONNS=0\n/, script => "$dir/page.php", expect => 'page 7');
        my $r = tool('fcgi-ping', '-c', 1, '--fpm-ping', $t);
        tool_is($r, 0, qr/ seq=1 status=200 time=\S+ ms\n/, '', "php-fpm, $kind: --fpm-ping");
        $r = tool('fcgi-ping', '-c', 1, '--fpm-status', $t);
        tool_is($r, 0, qr/ seq=1 status=200 time=\S+ ms active=\d+ idle=\d+ queue=\d+/, '', "php-fpm, $kind: --fpm-status");
        $r = tool('fcgi-ping', '-c', 1, '--fpm-status=/none', $t);
        tool_is($r, 3, qr/unwell: unexpected status 404; is pm.status_path of the pool this page\?; STDERR: Primary script unknown/, '', "php-fpm, $kind: no such page");
        $r = tool('fcgi-ping', '-c', 1, '-s', "$dir/page.php", '--no-stderr', $t);
        tool_is($r, 3, qr/unwell: \d+ bytes on STDERR; STDERR: PHP message: word from php/, '', "php-fpm, $kind: --no-stderr");
        $r = tool('fcgi-ping', '-c', 1, '--nagios', '--fpm-status', $t);
        tool_is($r, 0, qr/^FCGI OK - \S+ \d+\.\d{3} ms, active \d+, idle \d+, queue \d+ \| 'time'=\S+ 'loss'=0%;;;0;100 'active'=\d+;;;0; 'idle'=\d+;;;0; 'queue'=\d+;;;0;\n\z/, '', "php-fpm, $kind: --nagios");
        $r = tool('fcgi-get', '-r', $dir, $t, '/page.php?q=8');
        tool_is($r, 0, "page 8\n", qr/word from php/, "php-fpm, $kind: fcgi-get");
        my $long = 'q' x 16_384;
        $r = tool('fcgi-get', '-r', $dir, $t, "/page.php?q=$long");
        tool_is($r, 0, "page $long\n", qr/word from php/, "php-fpm, $kind: fcgi-get with a query of 16,384 bytes");
        tool_is(tool('fcgi-ping', '-c', 1, '-s', "$dir/page.php?q=$long", '--expect', 'page qqqq', $t),
            0, qr/^1 sent, 1 received/m, '', "php-fpm, $kind: fcgi-ping with it");
        $php->kill_now;
    }
}
SKIP: {
    my $wrap = FCGITest::Daemon->fcgiwrap or skip 'fcgiwrap is not installed', 1;
    alive('fcgiwrap', $wrap->{path}, qr/FCGI_MAX_CONNS=\d+ FCGI_MAX_REQS=\d+ FCGI_MPXS_CONNS=\d/, script => "$dir/page.sh", expect => 'shell q=7');
    tool_is(tool('fcgi-get', $wrap->{path}, "$dir/page.sh?a"), 0, "shell a\n", '', 'fcgiwrap: fcgi-get');
    $wrap->kill_now;
}
SKIP: {
    my $prog = tool_path('t/apps/libfcgi_echo');
    skip 'libfcgi-dev was missing when this was built', 1 if !-x $prog;
    my $app = FCGITest::Daemon->program('libfcgi', sub { ($prog, $_[0]) });
    alive('libfcgi', $app->{path}, qr/FCGI_MAX_CONNS=\d+ FCGI_MAX_REQS=\d+ FCGI_MPXS_CONNS=\d/, script => '/app', expect => 'libfcgi /app');
    tool_is(tool('fcgi-get', '-e', 'APP_STATUS=42', '-d', 'body', $app->{path}, '/err'), 42, "libfcgi /err\nbody", "word from libfcgi\n", 'libfcgi: fcgi-get');
    tool_is(tool('fcgi-get', '-e', 'APP_STATUS=-1', $app->{path}, '/x'), 200, "libfcgi /x\n", "fcgi-get: the application's status is 4294967295\n", 'libfcgi: an odd status');
    tool_is(tool('fcgi-ping', '-c', 1, '-s', '/x', '-e', 'APP_STATUS=7', $app->{path}), 0, qr/ status=200 app=7 /, '', 'libfcgi: its status is shown');
    my $big = 'p' x 50_000;
    tool_is(tool('fcgi-get', (map { ('-e', "BIG$_=$big") } 1 .. 20), $app->{path}, '/x'), 0, "libfcgi /x\n", '', 'libfcgi: 1 MB of variables');
    $app->kill_now;
}
SKIP: {
    my ($spawn) = grep { -x } qw(/usr/bin/spawn-fcgi);
    my ($php) = grep { -x } qw(/usr/bin/php-cgi);
    skip 'spawn-fcgi is not installed', 1 if !$spawn;
    skip 'php-cgi is not installed', 1 if !$php;
    my $app = FCGITest::Daemon->program('php-cgi', sub { ($spawn, '-n', '-s', $_[0], '--', $php) });
    alive('php-cgi', $app->{path}, undef, script => "$dir/page.php", expect => 'page 7');
    tool_is(tool('fcgi-get', $app->{path}, "$dir/page.php?q=9"), 0, "page 9\n", undef, 'php-cgi: fcgi-get');
    $app->kill_now;
}
SKIP: {
    my ($python) = grep { -x } qw(/usr/bin/python3);
    skip 'python3 is not installed', 1 if !$python;
    my $app = FCGITest::Daemon->program('python', sub { ($python, "$top/t/apps/flup.py", $_[0]) });
    alive('Python', $app->{path}, qr/FCGI_MAX_CONNS=50 FCGI_MAX_REQS=50 FCGI_MPXS_CONNS=0/, script => '/wsgi', expect => 'python /wsgi');
    tool_is(tool('fcgi-get', '-d', '@-', $app->{path}, '/wsgi', { stdin => 'z' x 300_000 }), 0, "python /wsgi\n" . 'z' x 300_000, '', 'Python: fcgi-get');
    $app->kill_now;

    # One that knows no management records: auto asks for a page.
    $app = FCGITest::Daemon->program('python', sub { ($python, "$top/t/apps/flup.py", $_[0], 'no-values') });
    tool_is(tool('fcgi-ping', '-c', 1, $app->{path}), 1, qr/closed the connection before an answer/, '', 'no values: none');
    tool_is(tool('fcgi-ping', '-c', 3, '-i', '20ms', '-m', 'auto', $app->{path}), 0, qr/^\d+ bytes from .* seq=1 status=200 .*^3 sent, 3 received/ms, '', 'no values: auto');
    tool_is(tool('fcgi-ping', '-c', 1, '-m', 'auto', '-s', '/x', '--expect', 'nothing', $app->{path}), 3, qr/unwell: "nothing" is not in/, '', 'no values: auto, with a script');
    $app->kill_now;

    # A real HTTP server.
    my $port = FCGITest::Host::free_port();
    my $http = FCGITest::Daemon->program('http', sub { ($python, '-m', 'http.server', '-b', '127.0.0.1', '-d', $dir, $port) }, hostport => "127.0.0.1:$port");
    tool_is(tool('fcgi-ping', '-c', 1, '-W', FCGITest::slow(5), "127.0.0.1:$port"), 1, qr/not FastCGI: it answers ".*this is an HTTP server/, '', 'a real HTTP server');
    tool_is(tool('fcgi-get', '-W', '0.5', "127.0.0.1:$port", '/x'), 252, '', qr/^fcgi-get: 127.0.0.1:$port: timed out after .* waiting for the first byte; all processes may be busy, or it speaks another protocol\n\z/, 'a real HTTP server: fcgi-get');
    $http->kill_now;
}
finish;
