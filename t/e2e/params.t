# SPDX-License-Identifier: Apache-2.0
#
# The meta-variables of RFC 3875, and those that PHP needs.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

my $r = responder();
my $h = host(responder => $r, monkey => { MaxRequestSize => 512 },
    conf => { MaxRequestHeaderSize => '256k' });
my $port = $h->{port};
my $root = $h->{docroot};

# The variables of one request, as the application saw them.
sub vars {
    my ($method, $uri, %o) = @_;
    my $res = request($h, $method => $uri, %o);
    my $q = $r->last_request || {};
    $r->forget;
    return { %{ $q->{params} || {} }, '(status)' => $res->{status} // $res->{error} };
}

sub vars_are {
    my ($v, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %got = map { $_ => $v->{$_} } keys %$want;
    is_deeply(\%got, $want, $name) or diag explain $v;
}

# Absent or empty: for PHP and for the RFC that is the same.
sub none {
    my ($v, $name, @keys) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @there = grep { defined $v->{$_} && length $v->{$_} } @keys;
    is("@there", '', $name) or diag explain $v;
}

# --- a plain GET ---
my $c = client($h);
$c->send($c->format(GET => '/env.php?a=b&c=%20d'));
res_is($c->read_response, 200, qr/\A\{.*\}\z/s, 'env');
my $v = $r->last_request->{params};
{
    local $TODO = nginx_todo('no REMOTE_HOST, other SERVER_SOFTWARE');
    vars_are($v, { REMOTE_HOST => '127.0.0.1' }, 'REMOTE_HOST is REMOTE_ADDR');
    like($v->{SERVER_SOFTWARE}, qr/\AMonkey/, 'SERVER_SOFTWARE');
}
vars_are($v, {
    GATEWAY_INTERFACE => 'CGI/1.1', SERVER_PROTOCOL => 'HTTP/1.1',
    SERVER_NAME => '127.0.0.1', SERVER_PORT => $port, SERVER_ADDR => '127.0.0.1',
    REQUEST_METHOD => 'GET', REQUEST_SCHEME => 'http',
    REQUEST_URI => '/env.php?a=b&c=%20d', QUERY_STRING => 'a=b&c=%20d',
    SCRIPT_NAME => '/env.php', SCRIPT_FILENAME => "$root/env.php",
    DOCUMENT_ROOT => $root, REDIRECT_STATUS => 200,
    REMOTE_ADDR => '127.0.0.1', REMOTE_PORT => $c->{local_port},
    HTTP_HOST => "127.0.0.1:$port",
}, 'the variables of a GET');
none($v, 'no body, no TLS, no path behind the script: not set',
    qw(CONTENT_LENGTH CONTENT_TYPE HTTPS PATH_INFO PATH_TRANSLATED AUTH_TYPE
      REMOTE_USER REMOTE_IDENT));

vars_are(vars(GET => '/env.php', http => '1.0'),
    { SERVER_PROTOCOL => 'HTTP/1.0', REQUEST_URI => '/env.php' }, 'HTTP/1.0');
ok(!length(vars(GET => '/env.php', http => '1.0')->{HTTP_HOST} // ''), '1.0 without Host: no HTTP_HOST');
vars_are(vars(GET => '/env.php', headers => ['Host: 127.0.0.1:99']),
    { SERVER_PORT => $port, HTTP_HOST => '127.0.0.1:99' }, 'SERVER_PORT is the real port');
vars_are(vars(GET => '/env.php', headers => ['Host: other.test']),
    { HTTP_HOST => 'other.test', SERVER_PORT => $port }, 'a Host that is no host of ours');

# --- QUERY_STRING and REQUEST_URI ---
for ([ '' => '' ], [ '?' => '' ], [ '?a' => 'a' ], [ '?a?b' => 'a?b' ],
    [ '??' => '?' ], [ '?%00%0a' => '%00%0a' ], [ '?a=/../x' => 'a=/../x' ],
    [ '?x.php/y' => 'x.php/y' ]) {
    my ($q, $want) = @$_;
    my $v = vars(GET => "/env.php$q");
    ok(exists $v->{QUERY_STRING}, "QUERY_STRING is there for <$q>");
    vars_are($v, { QUERY_STRING => $want, REQUEST_URI => "/env.php$q",
        SCRIPT_NAME => '/env.php' }, "QUERY_STRING of <$q>");
}
vars_are(vars(GET => '/%65nv.php?%41'), { SCRIPT_NAME => '/env.php',
    SCRIPT_FILENAME => "$root/env.php", REQUEST_URI => '/%65nv.php?%41',
    QUERY_STRING => '%41' }, 'the path is decoded, REQUEST_URI and the query are not');
{
    local $TODO = nginx_todo('splits no path');
    vars_are(vars(GET => '/env.php/a/b%20c?q'), { SCRIPT_NAME => '/env.php',
        SCRIPT_FILENAME => "$root/env.php", PATH_INFO => '/a/b c',
        PATH_TRANSLATED => "$root/a/b c", REQUEST_URI => '/env.php/a/b%20c?q',
        QUERY_STRING => 'q' }, 'PATH_INFO');
}

# --- with a body ---
$v = vars(POST => '/env.php?x=1', body => 'abc', headers => ['Content-Type: a/b; c=d']);
vars_are($v, { REQUEST_METHOD => 'POST', CONTENT_LENGTH => 3,
    CONTENT_TYPE => 'a/b; c=d', QUERY_STRING => 'x=1' }, 'POST');
{
    local $TODO = nginx_todo('sends them');
    ok(!exists $v->{$_}, "no $_") for qw(HTTP_CONTENT_LENGTH HTTP_CONTENT_TYPE);
}

# --- HTTP_* ---
# (Monkey takes 8 fields that it does not know by name.)
$v = vars(GET => '/env.php', headers => [ 'Accept: a/b, c/d;q=0.1',
    'Accept-Encoding: gzip', 'Accept-Language: de', 'Cookie: a=b; c=d',
    'User-Agent: t/1 (x)', 'Referer: http://r.test/?a', 'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
    'Authorization: Basic YTpi', 'X-Forwarded-For: 1.2.3.4', 'X-One:2', 'DNT: 1',
    'x-lower: Case Kept', 'If-None-Match: "e"' ]);
vars_are($v, { HTTP_ACCEPT => 'a/b, c/d;q=0.1', HTTP_ACCEPT_ENCODING => 'gzip',
    HTTP_ACCEPT_LANGUAGE => 'de', HTTP_COOKIE => 'a=b; c=d',
    HTTP_USER_AGENT => 't/1 (x)', HTTP_REFERER => 'http://r.test/?a',
    HTTP_IF_MODIFIED_SINCE => 'Thu, 01 Jan 1970 00:00:00 GMT',
    HTTP_AUTHORIZATION => 'Basic YTpi', HTTP_X_FORWARDED_FOR => '1.2.3.4',
    HTTP_X_ONE => '2', HTTP_DNT => '1', HTTP_X_LOWER => 'Case Kept',
    HTTP_IF_NONE_MATCH => '"e"' }, 'known and unknown fields');

$v = vars(GET => '/env.php', headers => [ 'Proxy: evil:1', 'X_Foo: evil', 'X.Bar: evil',
    'X-Foo: good', 'Content_Length: 7', "X'Q: evil", 'X~1: evil' ]);
{
    local $TODO = nginx_todo('passes Proxy; answers 400 to odd names');
    ok($v->{REQUEST_METHOD} && !exists $v->{HTTP_PROXY}, 'no HTTP_PROXY');
    vars_are($v, { HTTP_X_FOO => 'good' }, 'X-Foo, and not X_Foo');
    is(join(' ', sort grep { ($v->{$_} // '') eq 'evil' } keys %$v), '', 'odd field names are dropped');
    none($v, 'Content_Length is no length', qw(CONTENT_LENGTH HTTP_CONTENT_LENGTH));
}
$v = vars(GET => '/env.php', headers => [ 'X_Foo: evil' ]);
ok(!exists $v->{HTTP_X_FOO}, 'X_Foo alone is dropped too');
$v = vars(GET => '/env.php', headers => [ 'Https: on', 'Remote-User: root', 'Script-Filename: /etc/passwd', 'Remote-Addr: 9.9.9.9' ]);
vars_are($v, { REMOTE_ADDR => '127.0.0.1', SCRIPT_FILENAME => "$root/env.php" }, 'fields do not replace variables');
none($v, 'nor make any', qw(HTTPS REMOTE_USER));

# --- nothing of the request before, on a kept connection (trap t) ---
$c = client($h);
for my $first ([ POST => '/env.php?stale=1', body => 'stale', headers => [ 'Content-Type: st/ale', 'X-Stale: 1' ] ],
    [ GET => '/env.php?stale=2', headers => ['Cookie: stale'] ],
    [ GET => '/static.txt?stale=3' ], [ GET => '/none.txt?stale=4' ],
    [ PUT => '/env.php?stale=5', body => 'stale' x 100 ]) {
    my ($m, $u, %o) = @$first;
    my $n = "after $m $u";
    $c->send($c->format($m => $u, %o));
    my $lost = $u =~ /none/;    # a 404 of the core's own ends it (trap s)
    ok(!$c->read_response->{error}, "$n") or $lost = 1;
    $c = client($h) if $lost;
    $r->forget;
    $c->send($c->format(GET => '/env.php'));
    res_is($c->read_response, 200, qr/REQUEST_METHOD/, "$n: a GET");
    my $q = $r->last_request || {};
    $v = $q->{params} || {};
    is($v->{QUERY_STRING}, '', "$n: no query");
    is($q->{stdin}, 0, "$n: no body");
    is(join(' ', grep { $v->{$_} =~ /stale|st.ale/ } sort keys %$v), '', "$n: nothing stale");
    none($v, "$n: no body's variables", qw(CONTENT_LENGTH CONTENT_TYPE));
    $c->send($c->format(POST => '/echo.php', body => ''));
    res_is($c->read_response, 200, '', "$n: an empty POST");
}

# --- lengths around 127, where a name-value pair changes its form ---
for my $n (126 .. 129, 255, 256) {
    my $val = 'v' x $n;
    my $name = 'X-' . 'n' x ($n - length 'HTTP_X_');
    $v = vars(GET => '/env.php?' . 'q' x $n, headers => [ "X-Val: $val", "$name: $n" ]);
    vars_are($v, { HTTP_X_VAL => $val, 'HTTP_X_' . 'N' x ($n - 7) => $n,
        QUERY_STRING => 'q' x $n }, "names and values of $n bytes");
    $h->add_file('d' x ($n - 9) . '/env.php', 'x') if $n < 250;
    vars_are(vars(GET => '/' . 'd' x ($n - 9) . '/env.php'),
        { SCRIPT_NAME => '/' . 'd' x ($n - 9) . '/env.php' }, "a path of $n bytes") if $n < 250;
}
# --- more than one record of PARAMS ---
for my $n (16_000, 65_000, 65_535, 65_536, 70_000, 200_000) {
    local $TODO = $n > 20_000 ? nginx_todo('smaller limits') : undef;
    my $res = get($h, '/env.php', headers => [ 'X-Big: ' . 'b' x $n, 'X-After: a' ]);
    res_is($res, 200, undef, "a field of $n bytes");
    my $q = $r->last_request || {};
    is(length($q->{params}{HTTP_X_BIG} // ''), $n, "all $n of it");
    is($q->{params}{HTTP_X_AFTER}, 'a', 'and what follows');
    $r->forget;
}

# --- other addresses ---
sub other {
    my ($what, $listen, $addr, $want) = @_;
    my $h6 = eval { host(responder => $r, listen => [$listen], addr => $addr) };
    SKIP: {
        skip "the host does not listen on $listen: $@", 2 if !$h6;
        my $c6 = client($h6);
        $c6->send($c6->format(GET => '/env.php', headers => ["Host: localhost:$h6->{port}"]));
        res_is($c6->read_response, 200, qr/REMOTE/, "$what: env");
        vars_are($r->last_request->{params}, { REMOTE_ADDR => $want, SERVER_ADDR => $want,
            REMOTE_PORT => $c6->{local_port}, SERVER_PORT => $h6->{port} }, "$what: addresses");
    }
}
other('IPv6', '[::1]', '::1', '::1');
{
    local $TODO = nginx_todo('[::] is for IPv6 alone there');
    other('IPv4 on an IPv6 listener', '[::]', '127.0.0.1', '127.0.0.1') if host_kind() ne 'nginx';
}
finish;
