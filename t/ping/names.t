# SPDX-License-Identifier: Apache-2.0
#
# Names with several addresses, and services: each is a target of its own.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use FCGITest::DNS;
use FCGITest::Tool;
use JSON::PP;

plan(skip_all => FCGITest::DNS::why()) if !FCGITest::DNS::possible();

my $dns = FCGITest::DNS->new;
local $ENV{FCGI_WRAP} = join ' ', $ENV{FCGI_WRAP} || (), $dns->wrap;
my $one = responder(listen => 'tcp', quiet => 1);
my $p = $one->{port};
my $two = responder(listen => 'tcp', quiet => 1);
my $answers = sub { my ($c) = @_; $c->need(16); $c->raw("\1\x0a\0\0\0\0\0\0") };
$_->start(on_accept => $answers) for $one, $two;
$dns->set(
    'php.test' => { a => ['127.0.0.1', '127.0.0.9'], aaaa => ['::1'] },
    'one.test' => { a => ['127.0.0.1'] },
    'both.test' => { a => ['127.0.0.1'], aaaa => ['::1'] },
    '_php._tcp.test' => { srv => ["1 1 $p one.test", "2 1 $two->{port} one.test"] });

my $r = tool('fcgi-ping', '-c', 1, "php.test:$p");
is($r->{status}, 1, 'three addresses, of which two do not answer');
like($r->{out}, qr/^\d+ bytes from php\.test:$p \(127\.0\.0\.1:$p\): seq=1 /m, 'one does');
like($r->{out} . $r->{err}, qr/php\.test:$p \(\Q$_\E:$p\)\N*refused/, "$_ does not") for '127.0.0.9', '[::1]';
$r = tool('fcgi-ping', '-4', '-n', '-c', 1, "php.test:$p");
unlike($r->{out}, qr/::1|php\.test/, '-4 -n: IPv4 addresses alone, and no names');
$r = tool('fcgi-ping', '--prometheus', '-c', 1, "php.test:$p");
like($r->{out}, qr/^fcgi_ping_up\{target="php\.test:$p \(127\.0\.0\.9:$p\)"\} 0$/m, 'Prometheus: each has its own series');
for my $name (qw(one both)) {
    $r = tool('fcgi-ping', '-c', 1, "$name.test:$p");
    tool_is($r, 0, qr/^--- $name\.test:$p \(127\.0\.0\.1:$p\) fcgi-ping statistics ---\n1 sent, 1 received/m, '', "$name: one target");
}
$r = tool('fcgi-ping', '-c', 1, '_php._tcp.test');
tool_is($r, 0, qr/^--- _php\._tcp\.test \(127\.0\.0\.1:$two->{port}\) fcgi-ping/m, '', 'a service: its ports');
$r = tool('fcgi-ping', '-c', 1, '_no._tcp.test');
tool_is($r, 1, qr/unknown host/, '', 'one that does not exist');
$r = tool('fcgi-get', '_no._tcp.test', '/x.php');
like($r->{err}, qr/unknown host/, 'fcgi-get: likewise');
$two->start(on_accept => sub { my ($c) = @_; $c->need(16); $c->rst });
$dns->set('_two._tcp.test' => { srv => ["2 1 $two->{port} one.test"] });
$r = tool('fcgi-get', '_two._tcp.test', '/x.php');
like($r->{err}, qr/^fcgi-get: _two\._tcp\.test \(127\.0\.0\.1:$two->{port}\): /, 'fcgi-get asks the service') or diag $r->{err};
$two->start(on_accept => $answers);

my $d = temp_dir();
FCGITest::Host::write_file("$d/fastcgi.conf", join '', map { "[FASTCGI_SERVER]\n    ServerName $_->[0]\n    ServerAddr $_->[1]\n" }
      [ php => "php.test:$p" ], [ service => '_php._tcp.test' ], [ one => "one.test:$p" ], [ none => "none.test:$p" ]);
$r = tool('fcgi-check', '--live', '--timeout', slow(2), "$d/fastcgi.conf");
like($r->{out}, qr/:3: server 'php' at 127\.0\.0\.1:$p answered in/, 'fcgi-check: one address answers');
like($r->{out}, qr/:3:16: error: the server 'php' \(127\.0\.0\.9:$p\) does not answer: \N*refused/, 'another does not');
like($r->{out}, qr/:6: server 'service' at 127\.0\.0\.1:$two->{port} answered in/, 'a service');
like($r->{out}, qr/:9: server 'one' at one\.test:$p answered in/, 'a name with one address');
like($r->{out}, qr/:12:16: error: the server 'none' does not answer: unknown host/, 'one that does not resolve');
my $json = JSON::PP->new->decode(tool('fcgi-check', '--live', '--format=json', "$d/fastcgi.conf")->{out});
is_deeply([ sort map { "$_->{server} $_->{address}" } @{ $json->{live} } ],
    [ sort "none none.test:$p", "one one.test:$p", "php 127.0.0.1:$p", "php 127.0.0.9:$p", "php [::1]:$p",
        "service 127.0.0.1:$p", "service 127.0.0.1:$two->{port}" ], 'JSON: each is there');
finish;
