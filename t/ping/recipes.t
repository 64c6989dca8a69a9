# SPDX-License-Identifier: Apache-2.0
#
# The recipes of the manuals, as they stand there, with a real PHP-FPM: for
# containers, for monitoring systems, for systemd, and after a deploy.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Tool;
use Cwd ();

plan(skip_all => 'php-fpm is not installed') if !FCGITest::Daemon::php_program();
my $src = $ENV{TOP_SRCDIR} || Cwd::abs_path("$FindBin::Bin/../..");
my $bin = Cwd::abs_path(tool_path('.'));
my $tcp = FCGITest::Daemon->php(listen => 'tcp', pages => 1);
my $unix = FCGITest::Daemon->php(listen => 'unix', pages => 1, ini => 1);
my $none = FCGITest::Host::free_port();
my $dir = FCGITest::temp_dir();

# The displays of a page, in their order, as they are read.
sub displays {
    my $page = slurp("$src/man/fcgi-$_[0].1.in") =~ s/\\e/\\/gr;
    return $page =~ /^\.Bd -literal.*?\n(.*?)^\.Ed$/msg;
}
my @displays = displays('ping');
sub recipe {
    my ($pattern) = @_;
    my @found = grep { /$pattern/ } @displays;
    is(scalar(@found), 1, "a recipe has $pattern") or return '';
    return $found[0];
}

# A command of a recipe with what is here in place of what it names.
sub run {
    my ($command, %places) = @_;
    %places = ('127.0.0.1:9000' => $tcp->{hostport}, '/run/php/php-fpm.sock' => $unix->{path}, '/run/php/*.sock' => "$unix->{dir}/*.sock", '/usr/bin/fcgi-ping' => 'fcgi-ping', %places);
    $command =~ s/\Q$_\E/$places{$_}/g for sort { length $b <=> length $a } keys %places;
    $command =~ s/\n\z//;
    my $out = `PATH='$bin':\$PATH; $command 2>&1`;
    return ($? >> 8, $out);
}

my ($health) = recipe('HEALTHCHECK') =~ /^HEALTHCHECK CMD (.*)$/m;
is((run($health))[0], 0, 'HEALTHCHECK: healthy');
is((run($health, '127.0.0.1:9000' => "127.0.0.1:$none"))[0], 1, 'HEALTHCHECK: 1 where nothing listens');
my @probes = recipe('livenessProbe') =~ /command: \[(.*)\]/g;
is(scalar(@probes), 2, 'Kubernetes: two probes');
for (@probes) {
    my $command = join ' ', map { s/^"|"$//gr } split /, /;
    is((run($command))[0], 0, "Kubernetes: $command");
    isnt((run($command, '127.0.0.1:9000' => "127.0.0.1:$none"))[0], 0, '... where nothing listens');
}
# A pool that is busy is alive.
{
    my $busy = FCGITest::Daemon->php(listen => 'tcp', pages => 1, children => 1);
    FCGITest::Host::write_file("$dir/slow.php", '<?php sleep(20);');
    chmod 0755, $dir;
    my $pid = fork // die;
    if (!$pid) { exec "$bin/fcgi-get", $busy->{hostport}, "$dir/slow.php" }
    ok(wait_for(sub { (run("fcgi-ping -q -c 1 -W 0.3 127.0.0.1:9000", '127.0.0.1:9000' => $busy->{hostport}))[0] }, 20), 'a pool that is busy');
    my ($live, $ready) = map { join ' ', map { s/^"|"$//gr } split /, / } @probes;
    is((run($live, '127.0.0.1:9000' => $busy->{hostport}))[0], 0, 'Kubernetes: it is alive');
    is((run($ready =~ s/-W10/-W1/r, '127.0.0.1:9000' => $busy->{hostport}))[0], 1, '... and not ready');
    kill TERM => $pid;
    waitpid $pid, 0;
    $busy->kill_now;
}
my ($nagios) = recipe('define command') =~ /command_line\s+(.*)$/m;
my ($status, $out) = run($nagios =~ s/\$ARG1\$/$unix->{path}/r);
is($status, 0, 'Nagios: OK');
like($out, qr/^FCGI OK - .* \| 'time'=\S+ .*'queue'=0;0;;0;$/m, '... its line');
is((run($nagios =~ s/\$ARG1\$/$unix->{path}.none/r))[0], 2, 'Nagios: CRITICAL');
my $icinga = recipe('object CheckCommand');
my ($words) = $icinga =~ /command = \[ (.*) \]/;
my @command = map { s/"//gr } split /, /, $words;
my %value = ('--warning' => 5, '--critical' => 9, '--warn-queue' => 5, '--crit-queue' => 9);
my @options = $icinga =~ /"(--[\w-]+)" = "\$\w+\$"/g;
is_deeply([ sort @options ], [ sort keys %value ], 'Icinga: its arguments');
($status, $out) = run(join ' ', @command, (map { ($_, $value{$_}) } @options), $unix->{path});
is($status, 0, 'Icinga: OK') or diag $out;

my ($exec) = recipe('ExecStart') =~ /^ExecStart=((?:.*\\\n)*.*)$/m;
my $prom = "$dir/fcgi.prom";
($status, $out) = run($exec, '/var/lib/prometheus/node-exporter/fcgi.prom' => $prom);
is($status, 0, 'systemd: the command of the service') or diag $out;
my $metrics = -e $prom ? slurp($prom) : '';
like($metrics, qr/^fcgi_ping_up\{target="unix:\Q$unix->{path}\E"\} 1$/m, '... and its metrics');
like($metrics, qr/^fcgi_ping_fpm_idle\{target="[^"]*",pool="www"\} \d+$/m, '... of the pool');
SKIP: {
    skip 'systemd-analyze is not installed', 1 if system('command -v systemd-analyze >/dev/null') != 0;
    my %unit = ('fcgi-ping.service' => recipe('ExecStart') =~ s{/usr/bin/fcgi-ping}{$bin/fcgi-ping}r, 'fcgi-ping.timer' => recipe('OnCalendar'));
    FCGITest::Host::write_file("$dir/$_", $unit{$_}) for keys %unit;
    my $said = `systemd-analyze verify --man=no --generators=no '$dir/fcgi-ping.service' '$dir/fcgi-ping.timer' 2>&1`;
    unlike($said, qr/fcgi-ping\.(?:service|timer)/, 'systemd has no complaint about the units');
}
my ($listen) = slurp("$src/man/fcgi-ping.1.in") =~ /^\.Dl (fcgi-ping --listen .*)$/m;
my $port = FCGITest::Host::free_port();
# (It ends with us. timeout(1) sends CONT behind TERM, which is one too many for
# LeakSanitizer: it waits for ever.)
my $server = fork // die;
if (!$server) { exec 'sh', '-c', "exec setpriv --pdeathsig KILL $listen" =~ s/9253/$port/r =~ s/fcgi-ping/'$bin\/fcgi-ping'/r =~ s{/run/php/\*}{$unix->{dir}/*}r }
ok(wait_for(sub { `curl -s http://127.0.0.1:$port/metrics` =~ /^fcgi_ping_fpm_processes\{.*pool="www"/m }, 15), 'Prometheus: the exporter');
kill TERM => $server;
waitpid $server, 0;

# A deploy: PHP that does not look whether a file has changed.
my ($reset) = grep { /opcache_reset/ } displays('get');
my $shut = FCGITest::Daemon->php(listen => 'unix', ini => 1, pool => "php_admin_value[opcache.restrict_api] = /nowhere\n");
my $site = FCGITest::temp_dir();
chmod 0755, $site;
sub deploy {
    my ($text) = @_;
    FCGITest::Host::write_file("$site/new", "<?php echo '$text';");
    utime 1, 1, "$site/new";    # old enough to be kept at once
    rename "$site/new", "$site/index.php";
}
sub page_of_site { return (run("fcgi-get -e PHP_VALUE=opcache.validate_timestamps=0 /run/php/php-fpm.sock $site/index.php"))[1] }
SKIP: {
    my (undef, $has) = run(q{fcgi-get --eval 'echo function_exists("opcache_reset") ? "yes" : "no";' /run/php/php-fpm.sock});
    skip 'PHP has no opcache', 4 if $has ne 'yes';
    deploy('old');
    page_of_site() for 1 .. 8;
    deploy('new');
    is(page_of_site(), 'old', 'a deploy that PHP does not notice');
    is((run($reset))[0], 0, $reset);
    is(page_of_site(), 'new', 'a deploy, and the cache is empty');
    is((run($reset, '/run/php/php-fpm.sock' => $shut->{path}))[0], 249, '... and a pool that forbids it');
}
finish;
