# SPDX-License-Identifier: Apache-2.0
#
# Names in ServerAddr: looked up again, all addresses tried, no worker blocked.
# In a mount namespace with an /etc/hosts of its own: for root alone.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use Socket qw(:DEFAULT);

plan(skip_all => 'needs root and unshare') if $> != 0 || system('unshare -m true 2>/dev/null') != 0;

my $app = FCGITest::App->new(listen => 'tcp');
my $other = FCGITest::App->new(listen => 'unix');
$other->{name} = 'other';
my $d = temp_dir();

sub hosts {
    open my $fh, '>', "$d/hosts" or die $!;
    print $fh "127.0.0.1 localhost\n", map { "$_\n" } @_;
    close $fh;
}

# Name servers that never answer: a socket that nobody reads.
socket my $dns, AF_INET, SOCK_DGRAM, 0 or die $!;
plan(skip_all => 'port 53 of 127.0.0.153 is taken')
  if !bind $dns, sockaddr_in(53, inet_aton('127.0.0.153'));
FCGITest::Tree::write_file("$d/resolv.conf", "nameserver 127.0.0.153\n");
FCGITest::Tree::write_file("$d/nsswitch.conf", "hosts: files dns\n");
FCGITest::Tree::write_file("$d/in", <<'X');
for f in hosts resolv.conf nsswitch.conf; do
    mount --bind "$1/$f" "/etc/$f" || exit 1
done
shift
exec "$@"
X

sub named {
    my ($fh, %o) = @_;
    my $conf = "[FASTCGI]\n    ResolveInterval 1s\n    ConnectTimeout 2s\n\n"
      . "[FASTCGI_SERVER]\n    ServerName app\n    ServerAddr app.test:$app->{port}\n\n"
      . "[FASTCGI_SERVER]\n    ServerName other\n    ServerPath $other->{path}\n";
    return host(fastcgi_conf => $conf, workers => 2,
        files => { 'x.php' => '', 'other.php' => '' },
        match => [ '/other\.php fastcgi other', '/.*\.php fastcgi app' ],
        wrap => [ 'unshare', '-m', '/bin/sh', "$d/in", $d ], %o);
}

# --- one that resolves, to several addresses ---
hosts('127.0.0.77 app.test', '127.0.0.1 app.test');
my $h = named();
res_is(get($h, '/x.php'), 200, "ok\n", 'the second address answers, the first refuses');
$h->stop_ok;

# --- restarted: an address that there is no way to does not hide it ---
hosts('127.0.0.1 app.test', '224.0.0.1 app.test');
$h = named();
res_is(get($h, '/x.php'), 200, "ok\n", 'two addresses, one of them of no host');
$app->stop;
my $c = client($h);
$c->send($c->format(GET => '/x.php'));
ok($h->wait_log(qr/trying again/), 'restarted: tried again');
$app->start;
res_is($c->read_response, 200, "ok\n", 'and waited for');
$h->stop_ok;

# --- one that does not resolve at start, and then does ---
hosts();
$h = named();
like($h->log, qr/Warning\] fastcgi: server "app": app\.test:\d+ does not resolve: .*answered 503 until it does/,
    'a name that does not resolve is a warning');
my $t0 = time;
res_is(get($h, '/x.php'), 503, undef, 'its requests are answered 503');
like($h->log, qr/the name does not resolve: /, 'and the log says why');
# The name service does not answer all the while: others do not wait for it.
res_is(get($h, '/other.php'), 200, "ok\n", 'others are served') for 1 .. 20;
within($t0, 2, 'at once');
hosts('127.0.0.1 app.test');
ok(wait_for(sub { (get($h, '/x.php')->{status} // 0) == 200 }, 30), 'it resolves later, and is used');
ok($h->wait_log(qr/app\.test:\d+ resolves now/), 'with a line in the log');

# --- other addresses, and none ---
hosts('127.0.0.78 app.test');
ok(wait_for(sub { get($h, '/x.php'); $h->log =~ /has other addresses now/ }, 20), 'other addresses are noticed');
my $mark = $h->mark;
hosts('127.0.0.1 app.test');
ok($h->wait_log(qr/has other addresses now/, $mark, 20), 'and the right ones again');
hosts();
ok($h->wait_log(qr/does not resolve any more, its last addresses are used/, 0, 30), 'a name that is gone: a warning');
res_is(get($h, '/x.php'), 200, "ok\n", 'and its last addresses stay in use');
$h->stop_ok;
finish;
