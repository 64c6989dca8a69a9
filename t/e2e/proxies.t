# SPDX-License-Identifier: Apache-2.0
#
# TrustedProxies: who the client is behind a proxy, as the manual has it, with a
# real nginx in front. (What fields mean is in t/unit/test_gateway_origin.)
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

my $r = responder();
my @names = qw(REMOTE_ADDR REMOTE_HOST REMOTE_PORT REQUEST_SCHEME HTTPS SERVER_PORT);

# The variables of a request, or its status where it was not passed on.
sub vars {
    my ($h, @fields) = @_;
    $r->forget;
    my $c = client($h);
    $c->send($c->format(GET => '/env.php', headers => \@fields));
    my $res = $c->read_response;
    my $q = $r->last_request or return $res->{status};
    return { own_port => $c->{local_port}, %{ $q->{params} } };
}

sub vars_are {
    my ($v, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(ref $v ? join(' ', map { $v->{$_} // '-' } @names) : $v, $want, $name);
}

my $h = host(responder => $r, conf => { TrustedProxies => '127.0.0.1 10.0.0.0/8' });
my $v = vars($h);
vars_are($v, "127.0.0.1 127.0.0.1 $v->{own_port} http - $h->{port}", 'a trusted proxy that tells nothing');
$v = vars($h, 'X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.2.3.4', 'X-Forwarded-Proto: https');
vars_are($v, '192.0.2.1 192.0.2.1 0 https on 443', 'X-Forwarded-For and -Proto, from the right');
is($v->{HTTP_X_FORWARDED_FOR}, '6.6.6.6, 192.0.2.1, 10.2.3.4', 'the field is handed out as it came');
is($v->{SERVER_NAME}, '127.0.0.1', 'SERVER_NAME stays');
is($v->{SERVER_ADDR}, '127.0.0.1', 'SERVER_ADDR, too');
vars_are(vars($h, 'Forwarded: for="[2001:db8::7]:99";proto=https;host="a.test:8443"'),
    '2001:db8::7 2001:db8::7 99 https on 8443', 'Forwarded');
vars_are(vars($h, 'Forwarded: for=192.0.2.1', 'X-Forwarded-For: 192.0.2.2'), 400, 'two clients: 400');
like($h->log, qr{GET /env\.php: Forwarded and X-Forwarded-For name different clients.*answered 400}, '... and why');
vars_are(vars($h, 'X-Forwarded-For: unix:', 'X-Forwarded-Port: 81'),
    "127.0.0.1 127.0.0.1 " . $r->last_request->{params}{REMOTE_PORT} . ' http - 81', 'no address, but a port');

# Requests of one connection are each their own client's.
my $c = client($h);
for my $n (1 .. 3) {
    $r->forget;
    $c->send($c->format(GET => '/env.php', headers => ["X-Forwarded-For: 192.0.2.$n"]));
    res_is($c->read_response, 200, undef, "request $n");
    is($r->last_request->{params}{REMOTE_ADDR}, "192.0.2.$n", "... of client $n");
}

my $other = host(responder => $r, conf => { TrustedProxies => '10.0.0.0/8' });
$v = vars($other, 'X-Forwarded-For: 192.0.2.1', 'Forwarded: for=6.6.6.6', 'X-Forwarded-Proto: https');
vars_are($v, "127.0.0.1 127.0.0.1 $v->{own_port} http - $other->{port}", 'of another peer they change nothing');
is("$v->{HTTP_X_FORWARDED_FOR} $v->{HTTP_FORWARDED} $v->{HTTP_X_FORWARDED_PROTO}",
    '192.0.2.1 for=6.6.6.6 https', '... and are handed out');

# The first server that the request may go to decides.
my $second = responder(name => 'second');
my $pool = host(responder => [ $r, $second ], servers => { second => { TrustedProxies => '127.0.0.1' } },
    match => ['/env\.php$ fastcgi second', '/.*\.php$ fastcgi']);
client($pool)->send("GET /env.php HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
ok(wait_for(sub { $second->last_request }), 'the rule\'s server');
is($second->last_request->{params}{REMOTE_ADDR}, '192.0.2.1', '... has its own TrustedProxies');

SKIP: {
    skip('nginx is not installed', 5) if !-x '/usr/sbin/nginx';
    skip('without the gate the core has eight strange fields', 5) if !gated();
    my $page = do { local (@ARGV, $/) = "$ENV{TOP_SRCDIR}/man/fastcgi.conf.5.in"; <> };
    my ($section) = $page =~ /^\.Ss Behind a proxy\n(.*?)^\.Ss /ms;
    my ($ours, $nginx) = $section =~ /^\.Bd .*?\n(.*?)^\.Ed/msg;
    my $h = host(responder => $r, fastcgi_conf => "$ours\n[FASTCGI_SERVER]\n    ServerName a\n    " . $r->conf_line . "\n");
    is($nginx =~ s/127\.0\.0\.1:2001/127.0.0.1:$h->{port}/, 1, 'the manual shows nginx');
    my $proxy = host(kind => 'nginx', responder => $r, nginx_places => $nginx);
    $v = vars($proxy);
    vars_are($v, "127.0.0.1 127.0.0.1 0 http - $proxy->{port}", 'nginx in front, as the manual shows it');
    is($v->{HTTP_HOST}, "127.0.0.1:$proxy->{port}", '... with the client\'s Host');
    vars_are(vars($proxy, 'X-Forwarded-For: 192.0.2.1, 127.0.0.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 1'),
        "192.0.2.1 192.0.2.1 0 http - $proxy->{port}", 'behind a trusted proxy of its own');
    vars_are(vars($proxy, 'X-Forwarded-For: 6.6.6.6, 192.0.2.1', 'Forwarded: for=6.6.6.6;proto=https'),
        "192.0.2.1 192.0.2.1 0 http - $proxy->{port}", 'what a client has put in front is not believed, nor its Forwarded');
}
finish();
