# SPDX-License-Identifier: Apache-2.0
#
# The status page: `Match /fcgi-status fastcgi =status`. What it counts, in all of its
# three formats, who may see it, and that nobody can put anything into it.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::SHA qw(sha256_base64);
use JSON::PP qw(decode_json);

plan(skip_all => 'nginx has none') if host_kind() eq 'nginx';

my @match = ('/fcgi-status fastcgi =status', '/.*\.php fastcgi');
my $r = responder(
    cases => {
        slow => sub { my ($c) = @_; $c->pause(0.3); $c->reply(page("slow\n")) },
        bad  => sub { my ($c) = @_; $c->close },
    });
my $other = responder(cases => { never => "Content-Type: text/plain\r\n\r\nnever\n" });
# What fastcgi.conf(5) says, and its example.
open my $in, '<', "$ENV{TOP_SRCDIR}/man/fastcgi.conf.5.in" or die $!;
my $manual = do { local $/; <$in> };
my ($example) = $manual =~ /^The status page, at\n(.*?)^and for Prometheus:/ms;
my ($allow) = $example =~ /^ +StatusAllow (.*)$/m;
my @rules = map { s/\\e/\\/gr } $example =~ /^ +Match (.*)$/mg;
my @from_proxy = (headers => ['X-Forwarded-For: 192.0.2.1']);

sub json {
    my ($h, %o) = @_;
    my $res = get($h, '/fcgi-status?json', %o);
    is($res->{status}, 200, 'JSON: 200');
    return decode_json($res->{body});
}

sub named { my ($json, $name) = @_; return (grep { $_->{name} eq $name } @{ $json->{servers} })[0] }

# --- what is counted ---
my $h = host(responder => [ $r, $other ], match => \@match, workers => 2,
    conf => { MaxConnections => 7, Retries => 0, MaxFails => 0 }, servers => { $other->{name} => { Backup => 'On' } });
my $json = json($h);
is(scalar @{ $json->{servers} }, 2, 'each server is there');
is(named($json, $r->{name})->{requests}, 0, 'no request yet');
is(named($json, $r->{name})->{latency}{'1m'}{p50_us}, 0, 'and no latency');
get($h, '/hello.php') for 1 .. 20;
get($h, '/slow.php');
$json = json($h);
my $s = named($json, $r->{name});
is($s->{requests}, 21, 'requests are counted');
is($s->{health}, 'up', 'health');
is($s->{limit}, 7, 'MaxConnections');
cmp_ok($s->{learned}, '>=', 1, 'what is learned');
is($s->{busy}, 0, 'nothing is busy');
is($s->{open}, $s->{idle}, 'what is open is idle');
is($s->{latency}{$_}{requests}, 21, "requests of $_") for qw(1m 5m 15m);
cmp_ok($s->{latency}{'1m'}{p50_us}, '<', 300_000 * slow(), 'p50 is that of the fast ones');
cmp_ok($s->{latency}{'1m'}{p99_us}, '>=', 300_000, 'p99 that of the slow one');
cmp_ok($s->{requests_per_second}, '>', 0, 'a rate');
is(named($json, $other->{name})->{requests}, 0, 'the other has none');
is_deeply($json->{errors}, [], 'no errors');

# A failure, whose URI is as bad as can be.
my $nasty = '/bad.php/%3Cscript%3Ealert(1)%3C/script%3E\'"&';
my $c = client($h);
$c->send("GET $nasty HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
is($c->read_response->{status}, 502, 'a connection that breaks');
$json = json($h);
is(named($json, $r->{name})->{failures}{broken}, 1, 'the failure is counted by its kind');
is(scalar @{ $json->{errors} }, 1, 'and is an error');
is($json->{errors}[0]{server}, $r->{name}, 'of that server');
like($json->{errors}[0]{text}, qr/^GET \Q$nasty\E: .*; answered 502$/, 'with its URI');
get($h, "/bad.php/$_") for 1 .. 12;
$json = json($h);
my ($most) = $manual =~ /and the last (\d+) errors/;
is(scalar @{ $json->{errors} }, $most, 'the last ten');
like($json->{errors}[0]{text}, qr{/bad\.php/12: }, 'the latest first');
like($json->{errors}[9]{text}, qr{/bad\.php/3: }, 'and no older ones');
$c = client($h);
$c->send("GET $nasty HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
$c->read_response;

# --- the page ---
my $page = get($h, '/fcgi-status');
is($page->{status}, 200, 'the page');
is_deeply([ headers_of($page, 'Content-Type') ], ['text/html; charset=utf-8'], 'is HTML');
is_deeply([ headers_of($page, 'Cache-Control') ], ['no-store'], 'and not kept');
is_deeply([ headers_of($page, 'X-Content-Type-Options') ], ['nosniff'], 'nosniff');
my ($style) = $page->{body} =~ m{<style>(.*)</style>}s;
my $hash = sha256_base64($style) . '=';
my ($policy) = headers_of($page, 'Content-Security-Policy');
is($policy, "default-src 'none'; style-src 'sha256-$hash'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'the policy allows its style alone');
unlike($page->{body}, qr/<script|\son\w+=|\sstyle=|\ssrc=|https?:/i, 'no script, nothing from elsewhere');
like($page->{body}, qr/&lt;script|%3Cscript%3E/, 'the URI is there');
like($page->{body}, qr/&#39;&quot;&amp;/, 'escaped');
my ($every) = $manual =~ /itself again, every (\d+) seconds/;
like($page->{body}, qr/<meta http-equiv="refresh" content="$every">/, 'it is live');
my $still = get($h, '/fcgi-status?still');
unlike($still->{body}, qr/http-equiv="refresh"/, 'or holds still');
like($page->{body}, qr/prefers-color-scheme:dark/, 'has a dark theme');
is(scalar(() = $page->{body} =~ /<svg /g), 4, 'two pictures of each server');
unlike(get($h, '/fcgi-status?<b>x</b>')->{body}, qr{<b>x</b>}, 'the query is nowhere in it');
SKIP: {
    skip('xmllint is not installed', 1) if system('xmllint --version >/dev/null 2>&1');
    my $file = "$h->{dir}/page.html";
    FCGITest::Host::write_file($file, $page->{body} =~ s{(</?)(?:main|header|article|section)\b}{$1div}gr
          =~ s{(</?)(?:time|svg)\b}{$1span}gr =~ s/<path [^>]*>//gr);
    is(`xmllint --html --noout '$file' 2>&1`, '', 'its elements are closed as they are opened');
}
my $head = request($h, HEAD => '/fcgi-status');
is($head->{status}, 200, 'HEAD');
is($head->{body}, '', 'without a body');

# --- Prometheus ---
my $text = get($h, '/fcgi-status?prometheus');
is_deeply([ headers_of($text, 'Content-Type') ], ['text/plain; version=0.0.4; charset=utf-8'], 'Prometheus');
like($text->{body}, qr/^fcgi_gateway_requests_total\{server="$r->{name}",address="[^"]+"\} 35$/m, 'requests');
like($text->{body}, qr/^fcgi_gateway_failures_total\{server="$r->{name}",address="[^"]+",kind="broken"\} 14$/m, 'failures');
like($text->{body}, qr/^fcgi_gateway_request_duration_seconds_count\{server="$r->{name}",address="[^"]+"\} 35$/m, 'durations');
SKIP: {
    skip('promtool is not installed', 3) if system('promtool --version >/dev/null 2>&1');
    my $file = "$h->{dir}/metrics";
    FCGITest::Host::write_file($file, $text->{body});
    my $said = `promtool check metrics < '$file' 2>&1`;
    is($?, 0, 'promtool accepts it');
    is($said, '', 'and has nothing to say');
    my ($scrape) = $manual =~ /^and for Prometheus:\n\.Bd [^\n]*\n(.*?)^\.Ed/ms;
    FCGITest::Host::write_file("$h->{dir}/prometheus.yml", $scrape // '');
    $said = `promtool check config '$h->{dir}/prometheus.yml' 2>&1`;
    is($?, 0, 'and the configuration that the manual shows') or diag $said;
}

# --- which format ---
sub type_for {
    my ($accept, $query) = @_;
    my ($type) = headers_of(get($h, '/fcgi-status' . ($query // ''), headers => ["Accept: $accept"]), 'Content-Type');
    return $type =~ /html/ ? 'page' : $type =~ /json/ ? 'json' : 'prometheus';
}
for ([ '*/*', 'page' ], [ 'text/html,application/xhtml+xml,*/*;q=0.8', 'page' ],
    [ 'application/json', 'json' ], [ 'application/json, text/plain, */*', 'json' ],
    [ 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2', 'prometheus' ],
    [ 'text/plain;version=0.0.4', 'prometheus' ], [ 'text/plain', 'page' ])
{
    is(type_for($_->[0]), $_->[1], "Accept: $_->[0]");
}
is(type_for('application/json', '?prometheus'), 'prometheus', 'the query decides');
is(type_for('text/html', '?json=1&x'), 'json', 'with a value, too');

# --- who ---
res_is(post($h, '/fcgi-status', 'x=1'), 405, undef, 'it can be read alone');
is_deeply([ headers_of(post($h, '/fcgi-status', 'x=1'), 'Allow') ], ['GET, HEAD'], 'Allow');
for my $field ('X-Forwarded-For: 127.0.0.1', 'Forwarded: for=127.0.0.1', 'X-Real-IP: 127.0.0.1', 'Via: 1.1 x') {
    my $res = get($h, '/fcgi-status', headers => [$field]);
    is($res->{status}, 403, "403 to who comes through a proxy: $field");
    unlike($res->{body}, qr/\Q$r->{name}\E/, 'and shows nothing');
}
is(scalar($r->requests), 35, 'no application was asked');
$h->stop_ok;

# Those whom a server allows see that one alone.
$h = host(responder => [ $r, $other ], match => \@match, conf => { Retries => 0 },
    servers => { $other->{name} => { Backup => 'On' },
        $r->{name} => { StatusAllow => '192.0.2.0/24 127.0.0.0/8' } });
get($h, '/bad.php');
post($h, '/fcgi-status', 'x=1');
$json = json($h, @from_proxy);
is_deeply([ map { $_->{name} } @{ $json->{servers} } ], [ $r->{name} ], 'StatusAllow');
is_deeply([ map { $_->{server} } @{ $json->{errors} } ], [ $r->{name} ], 'its errors alone');
is(scalar @{ json($h)->{servers} }, 2, 'this machine sees all');
is(scalar @{ json($h)->{errors} }, 2, 'and all errors');
$h->stop_ok;

# Behind a proxy that is trusted it is the true client who asks.
$h = host(responder => $r, match => \@match,
    conf => { StatusAllow => '192.0.2.0/24', TrustedProxies => '127.0.0.1', RealPath => 'On' });
is(get($h, '/fcgi-status', @from_proxy)->{status}, 200, 'the client of a trusted proxy');
is(get($h, '/fcgi-status', headers => ['X-Forwarded-For: 192.0.2.1, 198.51.100.1'])->{status}, 403, 'another one');
is(get($h, '/fcgi-status', headers => ['X-Forwarded-For: 127.0.0.1'])->{status}, 403, 'none is local');
$h->stop_ok;

# --- the manual's example ---
is(scalar @rules, 2, 'the example has two rules');
$h = host(responder => $r, match => \@rules, conf => { StatusAllow => $allow });
is(get($h, '/fcgi-status')->{status}, 200, 'the example of the manual');
is(get($h, '/fcgi-status2')->{status}, 404, 'is for that path alone');
is(get($h, '/fcgi-status', @from_proxy)->{status}, 403, 'and for its networks');
get($h, '/hello.php');
like(get($h, '/fcgi-status?prometheus')->{body}, qr/^fcgi_gateway_requests_total\{server="$r->{name}",address="[^"]+"\} 1$/m,
    'with scripts beside it');
$h->stop_ok;

# --- the rule ---
my $wrong = host(responder => $r, match => [ "/fcgi-status fastcgi =status $r->{name}" ], idle => 1);
my ($ended, $log) = $wrong->start_fails;
ok($ended, 'no start where servers stand beside =status');
like($log, qr/names the server '=status'/, 'and why');

finish();
