# SPDX-License-Identifier: Apache-2.0
#
# The same requests, and the same answers of an application, by both of our lanes
# and by nginx and lighttpd, where those are installed: what is served has the same
# meaning for the application and for the client, but for what the tables `@differs`
# and `@answers_differ` name, with the reason.
#
#   FCGI_PEERS=3000      so many requests, and as many answers
#   FCGI_SEED=1          others
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use IO::Select;
use IO::Socket::INET;
use MIME::Base64;
use POSIX ();

my $cases = $ENV{FCGI_PEERS} || 300;
my $seed = $ENV{FCGI_SEED} || 1;
alarm(slow(60 + $cases));
srand $seed;

# --- the application, and who is before it ---------------------------------------

# A request with a field X-Answer is answered with just that; any other with what
# has come.
my $app = responder(name => 'app', listen => 'unix', prefork => 8, quiet => 1, default => sub {
    my ($c, $req) = @_;
    my %p = %{ $req->{params} };
    if (defined(my $answer = $p{HTTP_X_ANSWER})) {
        $c->stdout(decode_base64($answer));
        return $c->end;
    }
    my $seen = join '', map { "$_=" . encode_base64($p{$_}, '') . "\n" } sort keys %p;
    $c->reply(page("${seen}BODY=" . encode_base64($req->{body} // '', '') . "\n"));
});
my $dir = temp_dir();
my %files = ('x.php' => 'source');
my %peers;
my @ours = gated() && host_kind() eq 'serve' ? qw(fast core) : lane();
for my $lane (@ours) {
    local $ENV{FCGI_LANE} = $lane;
    $peers{$lane} = host(responder => $app, files => \%files, workers => 1, match => ['/.*\.php fastcgi'],
        monkey => { MaxRequestSize => 64 }, conf => { ReadTimeout => '5s', CheckScript => 'Off' });
}
$peers{nginx} = host(kind => 'nginx', responder => $app, files => \%files, nginx_places => <<"X") if -x '/usr/sbin/nginx';
location ~ \\.php(/|\$) {
    fastcgi_split_path_info ^(.*?\\.php)(/.*)\$; fastcgi_pass @{[$app->nginx_addr]}; fastcgi_next_upstream off;
    fastcgi_param QUERY_STRING \$query_string; fastcgi_param REQUEST_METHOD \$request_method; fastcgi_param CONTENT_TYPE \$content_type;
    fastcgi_param CONTENT_LENGTH \$content_length; fastcgi_param SCRIPT_NAME \$fastcgi_script_name; fastcgi_param PATH_INFO \$fastcgi_path_info;
    fastcgi_param REQUEST_URI \$request_uri; fastcgi_param SERVER_PROTOCOL \$server_protocol;
    fastcgi_param SCRIPT_FILENAME \$document_root\$fastcgi_script_name;
}
X
my ($lighttpd) = grep { -x } '/usr/sbin/lighttpd', map { "$_/lighttpd" } split /:/, $ENV{PATH};
if ($lighttpd) {
    my $port = FCGITest::Host::free_port();
    FCGITest::Tree::write_file("$dir/lighttpd.conf", <<"X");
server.document-root = "$peers{$ours[0]}{docroot}"
server.bind = "127.0.0.1"
server.port = $port
server.modules = ("mod_fastcgi")
server.errorlog = "$dir/lighttpd.log"
server.upload-dirs = ("$dir")
fastcgi.server = (".php" => (("socket" => "$app->{path}", "check-local" => "disable")))
X
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        FCGISyscall::die_with_parent();
        open STDERR, '>', "$dir/lighttpd.err";
        exec $lighttpd, '-D', '-f', "$dir/lighttpd.conf" or POSIX::_exit(127);
    }
    $peers{lighttpd} = { addr => '127.0.0.1', port => $port, pid => $pid };
    wait_for(sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") }, 10) or die 'no lighttpd';
}
my @others = grep { $peers{$_} } qw(nginx lighttpd);
note "peers: @ours @others";

# --- one exchange ------------------------------------------------------------------

# Sends the same to all at a time; returns what each has answered, up to its end.
sub ask {
    my ($bytes, @who) = @_;
    my (%got, %of);
    my $select = IO::Select->new;
    for my $who (@who) {
        my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$peers{$who}{port}") or die "$who: $!";
        $got{$who} = '';
        syswrite $s, $bytes;
        $of{ fileno $s } = $who;
        $select->add($s);
    }
    my $end = time + slow(3);
    while ($select->count && time < $end) {
        for my $s ($select->can_read(0.5)) {
            my $n = sysread $s, $got{ $of{ fileno $s } }, 65536, length $got{ $of{ fileno $s } };
            $select->remove($s) if !$n;
        }
    }
    $got{ $of{ fileno $_ } } .= "\n(open)" for $select->handles;
    return %got;
}

# What has come as { status, fields, body, cut }: interim answers left out, chunks
# put together; `cut` where it is not whole.
sub parse {
    my ($method, $text) = @_;
    1 while $text =~ s/\AHTTP\/1\.1 1\d\d .*?\r\n\r\n//s;
    my ($head, $body) = $text =~ /\A(HTTP\/1\..*?\r\n)\r\n(.*)\z/s or return { status => 0, fields => {}, body => $text, cut => 0 };
    my ($status) = $head =~ /\AHTTP\/1\.[01] (\d+)/;
    my (%fields, $cut);
    while ($head =~ /^([^:\r\n]+):[ \t]*(.*?)[ \t]*\r$/mg) { push @{ $fields{ lc $1 } }, $2 }
    if ($method eq 'HEAD' || $status =~ /^[23]04$/) { $body = '' }
    elsif ($fields{'transfer-encoding'}) {
        my $all = '';
        $cut = 1;
        while ($body =~ s/\A([0-9a-fA-F]+)\r\n//) {
            if (!hex $1) { $cut = 0; last }
            $all .= substr $body, 0, hex $1, '';
            $body =~ s/\A\r\n//;
        }
        $body = $all;
    }
    elsif ($fields{'content-length'}) { $cut = length $body < $fields{'content-length'}[0] }
    return { status => $status, fields => \%fields, body => $body, cut => $cut || 0 };
}

# --- requests -----------------------------------------------------------------------

sub pick { return $_[ rand @_ ] }
sub some { my ($n, @from) = @_; return map { pick(@from) } 1 .. int rand($n + 1) }

my @segments = ('a', 'a%20b', '%41', '.', '..', '', 'a+b', '%2f', '~', 'a;b=c', 'x.php', 'a,b', '%e4', "\xc3\xbc", 'a%0ab', '*', '%3f', '...', ':', '@', '&', '=');
my @bad_segments = ('%zz', '%00', '%', '%2e%2e', '../..', '%4');
my @good_fields = ('Accept: a/b', 'Accept:x', 'accept:  y  ', 'Cookie: a=b', 'X-A: 1', 'x-b: 3', 'Referer: /r', 'Content-Type: a/b; c="d"', 'Authorization: Basic dTpw',
    'If-Modified-Since: x', 'Range: lines=0-1', 'User-Agent: u', 'X-Forwarded-For: 1.2.3.4', 'X-Comma: a,b', 'X-High: ' . "\xe4");
my @fields = (@good_fields, 'Cookie: c=d', 'X-A: 2', 'X_A: 4', 'Proxy: http://x', 'X-Empty:', "X-Tab:\tt\t", 'Content-Type: text/plain', 'Host: b', 'Host: ', 'X.Dot: 1', 'X-Space : 1', "X-Fold: a\r\n b",
    "X-Nul: a\0b", "X-Bell: a\x07b", ': no name', 'no colon', 'Expect: 100-continue', 'Expect: x', 'TE: trailers', 'Trailer: X', 'Upgrade: h2c', 'Keep-Alive: 5', 'X-Long: ' . 'l' x 3000,
    'Transfer-Encoding: identity', 'Content-Length: 3', 'X-LF: a' . "\n" . 'X-B: c', "X-CR: a\rb");
my @methods = (('GET') x 6, ('POST') x 6, qw(HEAD PUT DELETE OPTIONS PATCH PROPFIND get FOO), 'G T', 'TRACE');

sub a_body {
    my $content = pick('', 'x', 'hello', join('', map { chr rand 256 } 1 .. 200), 'z' x 20_000);
    my $n = length $content;
    return ($content, (rand() < 0.95 ? 'Content-Length: ' : 'content-length:') . pick(($n) x 8, "0$n", "+$n", "$n ")) if rand() < 0.5;
    my $body = join '', map { sprintf(pick('%x', '%x', '%x', '%X', '0%x', '%x;a=b', '%x;a="b"', '%x '), length) . "\r\n$_\r\n" } $content =~ /(.{1,7000})/gs;
    return ($body . pick(('0') x 6, '00', '0;x') . "\r\n" . pick(('') x 6, "T: u\r\n") . "\r\n",
        pick(('Transfer-Encoding: chunked') x 4, 'transfer-encoding: Chunked', 'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding:chunked '));
}

sub a_request {
    my $method = pick(@methods);
    my $target = '/' . pick(('') x 12, './', 'a/../', '%2e/', '/', '%2f', '../', '%2e%2e%2f') . 'x.php' . join('', map { "/$_" } some(2, rand() < 0.9 ? @segments : (@segments, @bad_segments)));
    $target .= '?' . pick('', 'a=b', 'a=b&c=%20+', '?', '/../', 'x=/y.php', 'a=b', rand() < 0.2 ? ('%', 'a#b', "\xff") : ()) if rand() < 0.5;
    $target = pick("http://a$target", "HTTP://b.c:80$target", "https://a$target") if rand() < 0.08;
    my $version = rand() < 0.9 ? 'HTTP/1.1' : pick('HTTP/1.0', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', 'HTTP/01.1');
    my @lines = rand() < 0.97 ? pick(('Host: a') x 8, 'Host: A.b:80', 'host:127.0.0.1:99', 'Host: a.', 'Host: [::1]', rand() < 0.2 ? ('Host: a b', 'Host: a/b', 'Host: a:x', 'Host: u@a') : ()) : ();
    push @lines, rand() < 0.7 ? some(3, @good_fields) : some(3, @fields);
    my $body = '';
    if ($method =~ /^P/ || rand() < 0.1) { ($body, my $line) = a_body(); push @lines, $line }
    @lines = sort { $a cmp $b } @lines if rand() < 0.3;
    return "$method $target $version\r\n" . join('', map { "$_\r\n" } @lines, 'Connection: close') . "\r\n$body";
}

# What an application may tell by; what each server says of itself aside.
my %own = map { $_ => 1 } qw(GATEWAY_INTERFACE SERVER_SOFTWARE SERVER_NAME SERVER_ADDR SERVER_PORT REMOTE_ADDR REMOTE_PORT REMOTE_HOST REQUEST_SCHEME
    SCRIPT_FILENAME PATH_TRANSLATED DOCUMENT_URI DOCUMENT_ROOT REDIRECT_STATUS FCGI_ROLE REDIRECT_URI HTTP_CONNECTION HTTP_CONTENT_LENGTH HTTP_CONTENT_TYPE);

sub meaning {
    my ($res) = @_;
    return { status => $res->{status} } if $res->{body} !~ /^BODY=/m;
    my %p = $res->{body} =~ /^(\w+)=(\S*)$/mg;
    $_ = decode_base64($_) for values %p;
    delete @p{ grep { $own{$_} || ($p{$_} eq '' && /^(?:CONTENT_|PATH_INFO|QUERY_STRING)/) } keys %p };
    return { status => 200, %p };
}

# Names of variables, or "they refuse" and "we refuse". Who is refused is not told how
# by a standard: that is not compared.
sub difference {
    my ($we, $they) = @_;
    my ($ours_is_served, $theirs_is_served) = map { keys %$_ > 1 } $we, $they;
    return $ours_is_served ? 'they refuse' : 'we refuse' if $ours_is_served != $theirs_is_served;
    my %all = (%$we, %$they);
    delete $all{status};
    return grep { ($we->{$_} // "\0") ne ($they->{$_} // "\0") } sort keys %all;
}

# What may be different: [ who, what, a request that has it, the reason ].
my $head = qr/\A(?:(?!\r\n\r\n).)*?/s;
my $field = sub { my ($re) = @_; return qr/$head\r\n$re\r\n/si };
my @differs = (
    # Served by us alone.
    [ 'nginx|lighttpd', 'they refuse', qr/\A[a-z]+ /, 'methods are any token' ],
    [ 'lighttpd', 'they refuse', qr/\AFOO /, 'it knows a list of methods' ],
    [ 'nginx', 'they refuse', qr/\ATRACE /, 'TRACE is the application\'s to refuse' ],
    [ 'lighttpd', 'they refuse', qr/\A\S+ \S*(?:[\x80-\xff]|%0a)/, 'it takes no such byte in a target' ],
    [ 'lighttpd', 'they refuse', qr/\A\S+ https:/i, 'it refuses https:// in a target without TLS' ],
    [ 'lighttpd', 'they refuse', $field->('(?:content-length|transfer-encoding):[^\r\n]*'), 'it takes no body of GET and others' ],
    [ 'lighttpd', 'they refuse', qr/\A\S+ http:/i, 'it refuses a Host that is not that of the target' ],
    [ 'nginx', 'they refuse', $field->('(If-Modified-Since|Authorization|Expect|Range|Upgrade):[^\r\n]*\r\n(?:.*?\r\n)?\1:[^\r\n]*'), 'it knows which fields come once' ],
    # Served by others alone.
    [ '.*', 'we refuse', qr/\A\S+ \S*#/, 'a target has no fragment' ],
    [ '.*', 'we refuse', $field->('Host: ?(?:a b|a\/b|a:x|u@a)?'), 'a Host that is none' ],
    [ 'nginx|lighttpd', 'we refuse', $field->('Host:[^\r\n]*\r\n(?:.*?\r\n)?Host:[^\r\n]*'), 'two Host fields' ],
    [ '.*', 'we refuse', qr/\A\S+ [^ ?]*%(?![0-9a-f]{2})/i, 'a % that encodes nothing' ],
    [ '.*', 'we refuse', qr/\A\S+ [^ ?]*\/(?:\.|%2e){2}(?:\/|%2f| |\?)/i, 'a path that leaves the root, or an empty segment' ],
    [ '.*', 'we refuse', qr/\A[^\r\n]* HTTP\/(?!1\.[01]\r)/, 'a version that is not HTTP/1.0 or 1.1' ],
    [ '.*', 'we refuse', $field->('(?:X-Space :|no colon|: no name|X-Fold: a\r\n|X-Nul|X-Bell|X-LF: a\nX-B:|X-CR: a\rb)[^\r\n]*'), 'a line that is no field' ],
    [ '.*', 'we refuse', $field->('Expect: x'), '417' ],
    [ 'nginx|lighttpd', 'we refuse', qr/\A\S+ \S*%0a/, 'a control byte in a path' ],
    [ '.*', 'we refuse', qr/\r\n\r\n(?:.*\r\n)?[0-9a-f]+ \r\n/is, 'a blank behind the size of a chunk' ],
    [ 'lighttpd', 'we refuse', qr/\A(?!$head\r\nHost:)/i, 'no Host, which the target does not replace (RFC 9112, 3.2)' ],
    [ '.*', 'we refuse', $field->('content-length: ?\+\d+'), 'a sign is no digit' ],
    # The same, told in another way.
    [ 'lighttpd', 'CONTENT_LENGTH', qr/./, 'it says 0 where there is no body' ],
    [ 'nginx', 'CONTENT_LENGTH', $field->('content-length: ?0\d+'), 'it passes the digits on as they came' ],
    [ 'nginx', 'HTTP_TRANSFER_ENCODING', qr/./, 'it passes on what it has taken off' ],
    [ 'nginx|lighttpd', 'SCRIPT_NAME|PATH_INFO', qr/\A\S+ \S*(?:\/\/|%2f\/|\/%2f|\/\.+\/?%2f)/i, 'they merge slashes' ],
    [ 'lighttpd', 'SCRIPT_NAME|PATH_INFO', qr/\A\S+ \S*\.php\S*\.php/, 'for it the script is up to the last .php' ],
    [ 'nginx', 'HTTP_HOST', qr/\A\S+ https?:/i, 'the host of the target is the one (RFC 9112, 3.2.2)' ],
    [ 'lighttpd', 'HTTP_HOST', $field->('host: ?(?:A\.b:80|a\.)'), 'it puts hosts into lower case and takes off dots and ports' ],
    [ 'lighttpd', 'QUERY_STRING', qr/\A\S+ \S*\?\S*%(?![0-9a-f]{2})/i, 'it encodes what is not encoded' ],
    [ 'nginx', 'HTTP_[A-Z_]+', $field->('([\w-]+):[^\r\n]*\r\n(?:.*?\r\n)?\1:[^\r\n]*'), 'it sends a variable twice' ],
    [ 'nginx', 'HTTP_PROXY', $field->('Proxy:[^\r\n]*'), 'CVE-2016-5385' ],
    [ 'lighttpd', 'HTTP_X_A|HTTP_X_DOT', $field->('X[_.](?:A|Dot):[^\r\n]*'), 'two names must not be one variable' ],
    [ 'lighttpd', 'HTTP_(?:UPGRADE|EXPECT|X_EMPTY)', $field->('(?:Upgrade|Expect|X-Empty):[^\r\n]*'), 'it keeps it for itself' ],
    [ 'lighttpd', 'HTTP_IF_MODIFIED_SINCE', $field->('If-Modified-Since:[^\r\n]*'), 'it takes the first of several' ],
    [ 'nginx', 'HTTP_X_TAB', $field->('X-Tab:[^\r\n]*'), 'it takes a tab for a part of the value' ],
);

my (%seen, %explained);

# One difference: a row of the table has it, or it is told at the end.
sub tell_apart {
    my ($who, $what, $bytes, $table) = @_;
    my ($row) = grep { my ($w, $of, $re) = @{ $table->[$_] }; $who =~ /^(?:$w)$/ && $what =~ /^(?:$of)$/ && $bytes =~ $re } 0 .. $#$table;
    push @{ defined $row ? $explained{$row} //= [] : $seen{"$who: $what"} //= [] }, $bytes;
}

sub show_all {
    my ($of, $seen, $explained, $table) = @_;
    is_deeply([ sort keys %$seen ], [], "$cases $of: whoever serves them gives them the same meaning") or do {
        for my $k (sort keys %$seen) {
            diag "$k: " . @{ $seen->{$k} };
            diag '    ' . FCGITest::show($_) for grep { defined } (sort { length $a <=> length $b } @{ $seen->{$k} })[0 .. 2];
        }
    };
    note "$of: ", scalar @{ $explained->{$_} // [] }, ": $table->[$_][0], $table->[$_][1]: $table->[$_][3]" for 0 .. $#$table;
}

my $served = 0;
for my $i (1 .. $cases) {
    my $bytes = a_request();
    my ($method) = $bytes =~ /^(\S+)/;
    my %got = ask($bytes, @ours, @others);
    my %means = map { $_ => meaning(parse($method, $got{$_})) } keys %got;
    $served++ if $means{ $ours[0] }{REQUEST_METHOD};
    is_deeply($means{$_}, $means{ $ours[0] }, FCGITest::show($bytes)) || 1 for grep { difference($means{ $ours[0] }, $means{$_}) } @ours;
    for my $who (@others) {
        for my $what (difference($means{ $ours[0] }, $means{$who})) {
            tell_apart($who, $what, $bytes, \@differs);
        }
    }
}
show_all(requests => \%seen, \%explained, \@differs);
cmp_ok($served, '>', $cases / 4, "$served of $cases are served");

# --- answers -------------------------------------------------------------------------

my @answer_fields = ('Content-Type: text/html', 'X-A: 1', 'X-A: 2', 'x-b:2', 'X-Empty:', 'Set-Cookie: a=b', 'Set-Cookie: c=d', 'ETag: "a"', 'Cache-Control: no-store', 'Content-Language: en',
    'WWW-Authenticate: Basic', 'Content-Encoding: gzip', "X-High: \xe4", "X-Tab:\ta\t", 'Vary: a', 'Link: <b>');
my @odd_fields = ('Location: /there', 'Location: http://a.test/x', 'Connection: keep-alive', 'Transfer-Encoding: chunked', 'Keep-Alive: 5', "X-Fold: a\r\n b", 'X Space: a', 'X-Sp : a', 'no colon', ': x',
    "X-Ctl: a\x01b", "X-Nul: a\0b", 'Upgrade: x', 'Trailer: x', 'Status: 500', 'Content-Length: x', 'Content-Length: 3', 'Content-Length: -1', 'Content-Length: 5, 5', 'HTTP/1.1 404 Not Found', 'X_Y: z');
my @statuses = (('') x 6, ('Status: 200 OK') x 2, 'Status: 404 Not Found', 'Status: 204 No Content', 'Status: 304 Not Modified', 'Status: 302 Found', 'Status: 201', 'Status: 418 Tea pot', 'Status: 500 x', 'Status: 503', 'Status: 299 y',
    'Status: abc', 'Status: 99', 'Status: 1000', 'Status:', 'Status: 200OK', 'Status:  404  x', 'Status: 600', 'HTTP/1.0 403 Forbidden', 'Status: 101 Switching');

sub an_answer {
    my $body = pick('', 'hello', join('', map { chr rand 256 } 1 .. 500), 'line' . "\r\n\r\n" . 'line');
    my $n = length $body;
    my @lines = (rand() < 0.8 ? 'Content-Type: text/plain' : (), some(3, rand() < 0.7 ? @answer_fields : (@answer_fields, @odd_fields)));
    push @lines, 'Content-Length: ' . pick(($n) x 5, $n + 3, $n > 2 ? $n - 2 : 0, "0$n") if rand() < 0.4;
    my $status = pick(@statuses);
    @lines = rand() < 0.5 ? ($status, @lines) : (@lines, $status);
    my $end = pick(("\r\n") x 4, "\n");
    my $head = join '', map { "$_$end" } grep { length } @lines;
    return ($status, $head . (rand() < 0.95 ? $end : '') . $body);
}

my %hop = map { $_ => 1 } qw(date server connection transfer-encoding content-length keep-alive);

# What differs for a client: "status A B", "cut", "body", or names of fields.
sub answer_difference {
    my ($we, $they) = @_;
    return "status $we->{status} $they->{status}" if $we->{status} != $they->{status};
    return () if $we->{status} >= 500; # the page of an error is everybody's own
    my @what;
    push @what, "cut $we->{cut} $they->{cut}" if $we->{cut} != $they->{cut};
    push @what, 'body' if $we->{body} ne $they->{body};
    my %all = (%{ $we->{fields} }, %{ $they->{fields} });
    push @what, grep { join("\n", @{ $we->{fields}{$_} // [] }) ne join("\n", @{ $they->{fields}{$_} // [] }) } grep { !$hop{$_} } sort keys %all;
    return @what;
}

my @answers_differ = (
    [ 'nginx', 'content-type', qr/Content-Type:.*Content-Type:/s, 'the last of several; the first, by it' ],
    [ 'nginx', 'status 40[34] \d+', qr{^\w+ HTTP/1\.\d }, 'a line of HTTP may be the first (RFC 3875 has NPH), and is the status' ],
    [ 'nginx', 'status 502 \d+', qr/Status: (?:101|1000|600|99|200OK|abc)/, 'such a status is none to a client' ],
    [ 'nginx', 'status 502 \d+', qr/Content-Length: (?:x|-1|5, 5|.*Content-Length:)/s, 'a length that is none, or two' ],
    [ 'nginx', 'status 502 \d+', qr/\nline|\nHTTP\/1\.\d |no colon|: x|X-Nul|X-Ctl|X-Fold|X-Sp|X Space/, 'a line of the head that is no field' ],
    [ 'nginx', 'trailer|upgrade', qr/(?:Trailer|Upgrade): x/, 'it belongs to a connection' ],
);

(%seen, %explained) = ();
if ($peers{nginx}) {
    for my $i (1 .. $cases) {
        my $method = pick(qw(GET GET GET HEAD));
        my (undef, $answer) = an_answer();
        my %got = ask("$method /x.php HTTP/1.1\r\nHost: a\r\nX-Answer: " . encode_base64($answer, '') . "\r\nConnection: close\r\n\r\n", @ours, 'nginx');
        my %res = map { $_ => parse($method, $got{$_}) } keys %got;
        is_deeply([ answer_difference($res{ $ours[0] }, $res{ $ours[-1] }) ], [], 'both lanes: ' . FCGITest::show($answer))
            if answer_difference($res{ $ours[0] }, $res{ $ours[-1] });
        tell_apart('nginx', $_, "$method $answer", \@answers_differ) for answer_difference($res{ $ours[0] }, $res{nginx});
    }
    show_all(answers => \%seen, \%explained, \@answers_differ);
}
kill TERM => $peers{lighttpd}{pid} if $lighttpd;
@FCGITest::RESPONDERS = ();    # nginx sends variables twice
$app->kill_now;
finish;
