# SPDX-License-Identifier: Apache-2.0
#
# fcgi-serve without a configuration: with a php-fpm of its own, with another
# program, with an application that is there; what it leaves, however it ends.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIParts qw(plugin serve);
use FCGITest;
use FCGITest::Tool;
use Cwd ();

my $plugin = FCGITest::Host::plugin_of($ENV{FCGI_PLUGIN}, FCGITest::abi());
my $tmp = FCGITest::temp_dir();
my $www = FCGITest::temp_dir();
my $abs_bin = Cwd::abs_path(tool_path('.'));
chmod 0755, $www, $tmp;
my @user = $> == 0 ? ('-u', 'www-data') : ();
my %file = (
    'a.php' => '<?php header("Content-Type: text/plain"); echo "q=", $_SERVER["QUERY_STRING"], " i=", $_SERVER["PATH_INFO"] ?? "-", " v=", $_SERVER["V"] ?? "-", " m=", ini_get("memory_limit"), " e=", getenv("OF_THE_USER"), " u=", function_exists("posix_geteuid") ? posix_geteuid() : "?", "\n";',
    'fatal.php' => '<?php fwrite(fopen("php://stderr", "w"), "word\\n"); no_such_function();', 'sleep.php' => '<?php usleep(400000); echo "slept";', 'gone.php' => '<?php http_response_code(503);',
    'index.php' => '<?php echo "front ", $_SERVER["REQUEST_URI"], "\n";', 't.txt' => "text\n",
    'env.cgi' => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\ncgi %s %s\\n' \"\$QUERY_STRING\" \"\$V\"\n",
);
FCGITest::Host::write_file("$www/$_", $file{$_}) for keys %file;
chmod 0755, "$www/env.cgi";

# Runs it, has a code called with its URL, and ends it; what is left is a failure.
sub serve {
    my ($name, $args, $code, %o) = @_;
    my $said;
    my $r = tool('fcgi-serve', '-p', 0, '-P', $plugin, '--monkey=' . FCGITest::abi(), @$args, { dir => $www, env => { TMPDIR => $tmp, OF_THE_USER => 'x', %{ $o{env} || {} } }, signals => sub {
        my ($pid, $dir) = @_;
        wait_for(sub { ($said) = slurp("$dir/out") =~ m{^fcgi-serve: (http://\S+:\d+)/}m; $said || slurp("/proc/$pid/stat") =~ m{\) Z} }, 20);
        $code->($said, $pid, $dir) if $said && $code;
        kill $o{signal} || 'INT', $pid if $said;
    } });
    ok(wait_for(sub { !glob "$tmp/*" }, 10), "$name: nothing is left") or diag join ' ', glob "$tmp/*";
    ok(wait_for(sub { `ps -eo args` !~ m{\Q$tmp\E/fcgi-serve} }, 10), "$name: no process is left");
    return $r;
}

sub fetch {
    my ($url, @args) = @_;
    return scalar `curl -s --max-time 20 -w ' %{http_code}' @args '$url'`;
}

SKIP: {
    skip 'php-fpm is not installed', 1 if !FCGITest::Daemon::php_program();
    my $uid = $> == 0 ? (getpwnam 'www-data')[2] : $>;
    my @got;
    my $r = serve('alone', [ @user, '-v', '-D', 'V=a b=c', '-d', 'memory_limit=77M' ], sub {
        my ($url) = @_;
        push @got, map { fetch("$url/$_") } 'a.php?x=1', 'a.php/info', 'none.php', 'none', 't.txt?q', '', 'fatal.php', 'gone.php';
        # A script that is saved is the next request's; requests run side by side.
        FCGITest::Host::write_file("$www/new.php", "<?php echo $_;"), push @got, fetch("$url/new.php") for 1, 2;
        my $t0 = time;
        my @pids = map { my $p = fork // die; if (!$p) { exec 'curl', '-s', '-o', '/dev/null', "$url/sleep.php" } $p } 1 .. 4;
        waitpid $_, 0 for @pids;
        within($t0, 1.5, 'four requests side by side');
    });
    is($got[0], "q=x=1 i=- v=a b=c m=77M e=x u=$uid\n 200", 'PHP, its variables and settings, the environment, the user');
    is($got[1], "q= i=/info v=a b=c m=77M e=x u=$uid\n 200", 'PATH_INFO');
    like($got[$_], qr/ 404\z/, "$_: not there") for 2, 3;
    is($got[4], "text\n 200", 'a file');
    is($got[5], "front /\n 200", 'the index');
    like($got[6], qr/Fatal error.*no_such_function.* (?:200|500)\z/s, 'an error is on the page');
    is_deeply([ @got[ 8, 9 ] ], [ '1 200', '2 200' ], 'a script that was saved');
    tool_is($r, 0, undef, qr/^PHP message: PHP Fatal error:/m, 'ended by Ctrl-C: 0; errors are on standard error');
    is(scalar(() = $r->{err} =~ /PHP Fatal error/g), 1, '... once');
    like($r->{err}, qr/^word$/m, 'php://stderr');
    like($r->{err}, qr/: GET \/none: there is no such file, and nothing of the path ends in one of Extensions; answered 404$/m, 'the log: no such file');
    like($r->{err}, qr/: GET \/none\.php: there is no such script below the document root \(CheckScript; .*\); answered 404$/m, 'the log: no such script');
    unlike($r->{err}, qr/NOTICE|WARNING/, 'php-fpm has nothing to say');
    for ([ 'GET /a.php?x=1', 200, '\d\d' ], [ 'GET /none.php', 404, '\d+' ], [ 'GET /t.txt?q', 200, 5 ], [ 'GET /', 200, 8 ], [ 'GET /gone.php', 503, 0 ]) {
        my ($what, $status, $bytes) = @$_;
        like($r->{out}, qr/^127\.0\.0\.1 "\Q$what\E HTTP\/1\.1" $status $bytes \d+\.\d{3} ms$/m, "the line of $what");
    }
    unlike($r->{out}, qr/\e/, 'no colours where there is no terminal');

    if ($> == 0) {
        # As anybody else, without --user.
        my $own = FCGITest::temp_dir();
        my $copy = "$own/" . ($plugin =~ s{.*/}{}r);
        system 'cp', $plugin, $copy;
        chmod 0777, $own;
        my ($answer, $url);
        $r = tool('fcgi-serve', '-p', 0, '-P', $copy, '--monkey=' . FCGITest::abi(), { as => 'nobody', dir => $www, env => { TMPDIR => $own }, signals => sub {
            my ($pid, $dir) = @_;
            wait_for(sub { ($url) = slurp("$dir/out") =~ m{^fcgi-serve: (http://\S+:\d+)/}m; $url || slurp("/proc/$pid/stat") =~ m{\) Z} }, 20);
            $answer = fetch("$url/a.php") if $url;
            kill INT => $pid;
        } });
        like($answer // '', qr/ u=@{[(getpwnam 'nobody')[2]]}\n 200\z/, 'as another user than root');
        tool_is($r, 0, undef, '', '... without a word');
        ok(wait_for(sub { !glob "$own/fcgi-serve*" }, 10), '... and nothing is left');
        # A socket that it may not open: the log says what fcgi-ping does.
        my $shut = IO::Socket::UNIX->new(Local => "$own/shut.sock", Listen => 1) or die;
        chmod 0600, "$own/shut.sock";
        my ($nobody, $url2) = (getpwnam 'nobody')[2];
        $r = tool('fcgi-serve', '-p', 0, '-P', $copy, '--monkey=' . FCGITest::abi(), '-t', "$own/shut.sock", { as => 'nobody', dir => $www, signals => sub {
            my ($pid, $dir) = @_;
            wait_for(sub { ($url2) = slurp("$dir/out") =~ m{^fcgi-serve: (http://\S+:\d+)/}m; $url2 || slurp("/proc/$pid/stat") =~ m{\) Z} }, 20);
            $answer = fetch("$url2/a.php") if $url2;
            kill INT => $pid;
        } });
        like($answer, qr/ 503\z/, 'a socket that may not be opened: 503');
        like($r->{err}, qr/^fcgi-serve: unix:\Q$own\E\/shut\.sock: permission denied: user 'nobody' may not write to the socket \Q$own\E\/shut\.sock \(mode 0600, root:root\); serving/, '... told at once');
        like($r->{err}, qr/cannot connect to unix:\Q$own\E\/shut\.sock: permission denied: user '$nobody' may not write to the socket \Q$own\E\/shut\.sock \(mode 0600, 0:0\) \(fcgi-check tells the cure\); answered 503$/m, '... and in the log');
    }

    # Ends.
    for my $signal (qw(TERM HUP KILL ABRT)) {
        $r = serve("SIG$signal", [@user], sub { fetch("$_[0]/a.php") }, signal => $signal);
        is($r->{status}, { KILL => 'signal 9', ABRT => 'signal 6' }->{$signal} // 0, "SIG$signal: the status");
    }
    $r = serve('php-fpm ends', [@user], sub {
        my ($url, $pid) = @_;
        my ($keeper) = `ps -o pid= --ppid $pid` =~ /(\d+)/;
        my ($fpm) = `ps -o pid= --ppid $keeper` =~ /(\d+)/;
        kill TERM => $fpm;
        sleep 1;
    });
    tool_is($r, 1, undef, "fcgi-serve: the application has ended (status 0)\n", 'php-fpm ends: 1');
    $r = serve('a php-fpm that does not start', [ @user, '--php-fpm=/bin/false' ]);
    tool_is($r, 1, '', "fcgi-serve: the application has ended (status 1)\n", 'a php-fpm that does not start');
    $r = serve('a wrong setting', [ @user, '-d', 'memory_limit=99M', '/no/such/folder' ]);
    tool_is($r, 1, '', "fcgi-serve: /no/such/folder: No such file or directory\n", 'no such folder');
    if ($> == 0) {
        tool_is(tool('fcgi-serve', '-P', $plugin, $www), 2, '', qr/^fcgi-serve: scripts are not run as root: give --user=NAME, or start this as another user\n/, 'root: not without --user');
        my $shut = FCGITest::temp_dir();
        mkdir "$shut/www";
        chmod 0700, $shut;
        tool_is(serve('a folder that --user may not pass', [ @user, "$shut/www" ]), 1, '', "fcgi-serve: $shut/www: permission denied: user 'www-data' may not enter the directory $shut (mode 0700, root:root)\n", 'a folder that --user may not pass');
        tool_is(serve('no such user', [ '-u', 'nobody-at-all' ]), 1, '', qr/nobody-at-all/, 'no such user');
    }

    # A front controller.
    @got = ();
    serve('-f', [ @user, '-f', '/index.php' ], sub { @got = map { fetch("$_[0]/$_") } 'x/y?z', 'none.php', 't.txt', 'fatal.php/', 'a.php?f' });
    is_deeply([ @got[ 0 .. 2 ] ], [ "front /x/y?z\n 200", "front /none.php\n 200", "text\n 200" ], '-f');
    like($got[4], qr/^q=f /, '-f: another script is run');

    # --open, with a browser that is none.
    FCGITest::Host::write_file("$www/xdg-open", "#!/bin/sh\nprintf %s \"\$1\" >$www/opened\n");
    chmod 0755, "$www/xdg-open";
    my $url;
    serve('--open', [ @user, '--open' ], sub { $url = $_[0]; wait_for(sub { -s "$www/opened" }, 10) }, env => { PATH => "$www:$ENV{PATH}" });
    is(slurp("$www/opened"), "$url/", '--open');
    tool_is(tool('fcgi-serve', @user, '-P', $plugin, { env => { PATH => '/no/such' } }), 2, '', qr/there is no php-fpm: /, 'no php-fpm') if !glob '/usr/{,local/}sbin/php-fpm*';

    # An application that is there, in the syntax of the other tools.
    my $php = FCGITest::Daemon->php(listen => 'unix');
    symlink $php->{path}, "$www/php.sock";
    FCGITest::Host::write_file("$www/f.conf", "[FASTCGI_SERVER]\n    ServerName one\n    ServerPath $php->{path}\n");
    for my $t ($php->{path}, "unix:$php->{path}", 'unix:php.sock', './php.sock', '@one') {
        $r = serve("-t $t", [ '-C', 'f.conf', '-t', $t, '.' ], sub { @got = fetch("$_[0]/a.php?t") });
        like($got[0], qr/^q=t .* 200\z/s, "-t $t");
        is($r->{err}, '', "-t $t: no word");
    }
    $r = serve('nobody listens', [ '-t', './none.sock' ], sub { @got = fetch("$_[0]/a.php") });
    like($got[0], qr/ 50[23]\z/, 'nobody listens: 502 or 503');
    like($r->{err}, qr{^fcgi-serve: unix:\Q$www\E/none\.sock: no such socket: .* is the application running\?; serving all the same\n}, 'nobody listens: told at once');
    $php->kill_now;
}
SKIP: {
    my ($prog) = grep { -x } qw(/usr/sbin/fcgiwrap /usr/bin/fcgiwrap);
    skip 'fcgiwrap is not installed', 1 if !$prog;
    my @got;
    my $r = serve('--app', [ @user, '--app', "$prog -f", '-x', '.cgi', '-D', 'V=var' ], sub { @got = map { fetch("$_[0]/$_") } 'env.cgi?q', 't.txt', 'none' });
    is_deeply([ @got[ 0, 1 ] ], [ "cgi q var\n 200", "text\n 200" ], '--app, -x');
    like($got[2], qr/ 404\z/, '--app, -x: what is no file');
    is($r->{status}, 0, '--app: the status');
    $r = serve('--app KILL', [ @user, '--app', "sleep 600 & exec $prog -f", '-x', '.cgi' ], undef, signal => 'KILL');
    $r = serve('--app: none', [ @user, '--app', '/no/such/program' ], sub { sleep 2 });
    tool_is($r, 1, undef, qr/fcgi-serve: the application has ended \(status 127\)\n\z/, '--app: no such program');
}
SKIP: {
    my $prog = "$abs_bin/t/apps/libfcgi_echo";
    skip 'libfcgi-dev was missing when this was built', 1 if !-x $prog;
    my $copy = FCGITest::temp_dir() . '/echo';
    system 'cp', $prog, $copy;
    chmod 0755, $copy;
    my @got;
    serve('--app of the whole site', [ @user, '--app', $copy ], sub { @got = map { fetch("$_[0]/$_") } 'x/y', 't.txt' });
    like($got[0], qr/^libfcgi .* 200\z/s, '--app has the whole site');
    is($got[1], "text\n 200", '--app: a file');
}

# A terminal: the line without -v, and its status in colour.
SKIP: {
    skip 'there is no terminal here, or no script(1)', 3 if !has_terminal();
    my $port = FCGITest::Host::free_port();
    my $out = "$tmp.typescript";
    my $command = "'$abs_bin/fcgi-serve' -p $port -P '$plugin' --monkey=@{[FCGITest::abi()]} -t 127.0.0.1:1 '$www'";
    my $pid = fork // die;
    if (!$pid) { FCGISyscall::die_with_parent(); delete $ENV{NO_COLOR}; $ENV{TERM} = 'xterm'; open STDIN, '<', '/dev/null'; open STDOUT, '>', '/dev/null'; exec 'script', '-qfc', "echo \$\$ >$out.pid; exec $command", $out }
    wait_for(sub { fetch("http://127.0.0.1:$port/t.txt") =~ / 200$/ }, 20);
    fetch("http://127.0.0.1:$port/$_") for 'none', 'a.php';
    kill 'INT', slurp("$out.pid") + 0;
    waitpid $pid, 0;
    my $text = slurp($out);
    like($text, qr{"GET /t\.txt HTTP/1\.1" \e\[32m200\e\[0m 5 }, 'a terminal: green');
    like($text, qr{"GET /none HTTP/1\.1" \e\[33m404\e\[0m }, 'yellow');
    like($text, qr{"GET /a\.php HTTP/1\.1" \e\[31m50[23]\e\[0m }, 'red');
    unlink $out, "$out.pid";
}

# Wrong usage.
for (
    [ [ '-t', 'http://x/' ], 'http://x/: a FastCGI application has no URL of this kind' ],
    [ [ '-t', 'a', '--app', 'b' ], '--target and --app exclude each other' ],
    [ [ '-t', 'a', '-d', 'x=1' ], '--php-fpm and --php-setting are for a php-fpm that is started' ],
    [ [ '--app', 'a', '--php-fpm', 'b' ], '--php-fpm and --php-setting are for' ],
    [ [ '-c', 'a', 'b' ], "with --confdir, Monkey's configuration says" ],
    [ [ '-c', 'a', '-f', '/b' ], "with --confdir, Monkey's configuration says" ],
    [ [ '-t', 'a', '-u', 'b' ], '--user is for an application that root starts' ],
    [ [ 'a', 'b' ], 'there is more than one DIR' ],
    [ [ '-f', 'index.php' ], "--front-controller 'index.php': give a path from DIR on" ],
    [ [ '-x', 'php' ], "--extensions 'php': give .php, or '.php .cgi'" ],
  ) {
    my ($args, $text) = @$_;
    tool_is(tool('fcgi-serve', @$args), 2, '', qr/\Afcgi-serve: \Q$text\E[^\n]*\nTry 'fcgi-serve --help' for more information\.\n\z/, "@$args");
}
tool_is(tool('fcgi-serve', '-D', $_), 2, '', qr/--define '\Q$_\E': write NAME=VALUE/, "-D $_") for 'A', '=b', 'A=', 'A B=c';
tool_is(tool('fcgi-serve', '--monkey=1.7'), 2, '', qr/--monkey '1\.7': give 1\.6 or 1\.8/, '--monkey=1.7');
finish;
