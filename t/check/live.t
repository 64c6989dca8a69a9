# SPDX-License-Identifier: Apache-2.0
#
# fcgi-check --live: php-fpm, fcgiwrap, an application that is silent and one
# that is not there, all in one file.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Record;
use FCGITest::Tool;
use JSON::PP;

my $dir = FCGITest::temp_dir();
my $conf = "$dir/fastcgi.conf";
my $good = responder(listen => 'unix', quiet => 1, name => 'good');
my $silent = responder(listen => 'tcp', quiet => 1, name => 'silent');
$good->start(on_accept => sub { my ($c) = @_; $c->need(64); $c->raw(rec(10, 0, '')) });
$silent->start(on_accept => sub { my ($c) = @_; $c->need(64); select undef, undef, undef, 30 });

my @servers = (
    [ 'good', "ServerPath $good->{path}", 1 ],
    [ 'silent', "ServerAddr $silent->{hostport}", qr/timed out/ ],
    [ 'missing', "ServerPath $dir/none.sock", qr/no such socket/ ],
);
my $php = FCGITest::Daemon::php_program() && FCGITest::Daemon->php(listen => 'unix');
my $wrap = FCGITest::Daemon->fcgiwrap;
push @servers, [ 'php', "ServerPath $php->{path}", 1 ] if $php;
push @servers, [ 'wrap', "ServerPath $wrap->{path}", 1 ] if $wrap;
FCGITest::Host::write_file($conf, join '', map { "[FASTCGI_SERVER]\n    ServerName $_->[0]\n    $_->[1]\n" } @servers);

my $r = tool('fcgi-check', '--live', '--timeout', FCGITest::slow(1), $conf);
is($r->{status}, 1, 'somebody does not answer: status 1');
my $json = JSON::PP->new->utf8->decode(
    tool('fcgi-check', '--live', '--timeout', FCGITest::slow(1), '--format=json', $conf)->{out});
my %live = map { $_->{server} => $_ } @{ $json->{live} };
my $line = 3;
for (@servers) {
    my ($name, $key, $want) = @$_;
    my ($address) = $key =~ /(\S+)$/;
    if (ref $want) {
        like($r->{out}, qr/:$line:16: error: the server '$name' does not answer: \N*$want\N* \[FC140\]\n/, "$name: told");
        ok(!$live{$name}{answered} && !defined $live{$name}{ms}, "$name: no time");
    } else {
        like($r->{out}, qr/:$line: server '$name' at (?:unix:)?\Q$address\E answered in \d+\.\d{3} ms\n/, "$name: answers");
        ok($live{$name}{answered} && $live{$name}{ms} > 0, "$name: its time");
    }
    is($live{$name}{line}, $line, "$name: its line");
    $line += 3;
}

# 0 is no limit: longer than the default.
$good->start(on_accept => sub { my ($c) = @_; $c->need(64); $c->pause(2.3); $c->raw(rec(10, 0, '')) });
FCGITest::Host::write_file($conf, "[FASTCGI_SERVER]\n    ServerName good\n    $servers[0][1]\n");
tool_is(tool('fcgi-check', '--live', '-W', 0, $conf), 0, qr/server 'good' at \S+ answered in 2\d{3}\.\d{3} ms\n/, '', '-W 0');
finish;
