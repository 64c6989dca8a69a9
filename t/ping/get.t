# SPDX-License-Identifier: Apache-2.0
#
# fcgi-get: what it sends, what it prints, how it ends.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Record;
use FCGITest::Tool;
use Digest::MD5 qw(md5_hex);

my $dir = FCGITest::temp_dir();
my $flag = "$dir/flag";
my $app = responder(listen => 'unix', cases => {
    ok     => page("body\n"),
    app    => sub { my ($c, $req) = @_; $c->stdout(page('x')); $c->end($req->{params}{N}) },
    err    => sub { my ($c) = @_; $c->stderr("first "); $c->stdout(page('out')); $c->stderr("second\n"); $c->end },
    drip   => sub { my ($c) = @_; my $id = $c->id; $c->drip(rec(6, $id, cgi([ 'Status: 201 x', 'A: b' ], 'dripped'), pad => 7) . rec(7, $id, 'word') . rec_end($id), 1, 0.0002) },
    flood  => sub { my ($c) = @_; $c->stdout("A: b\n\n"); $c->flood(40_000_000); $c->end },
    step   => sub { my ($c) = @_; $c->stdout(page("first\n")); for (1 .. 600) { last if -e $flag; $c->pause(0.05) } $c->stdout("second\n"); $c->end },
    s404   => "Status: 404 Not Found\r\nX: y\r\n\r\nnot there\n",
    nohead => "<h1>hello</h1>\nmore\n",
    nohead2 => sub { my ($c) = @_; $c->stdout("A: b\r\nno"); $c->stdout(" head\r\nmore\n"); $c->end },
    empty  => '',
    cuthead => "A: b\r\nC",
    map({ my $s = $_; ("proto$s" => sub { my ($c) = @_; $c->end(0, $s) }) } 1, 2, 3),
    half   => sub { my ($c) = @_; $c->stdout(page('half')) },
    badid  => sub { my ($c) = @_; $c->stdout(page('x')); $c->raw(rec(6, 9, 'y')); $c->pause(1) },
    silent => sub { my ($c) = @_; $c->pause(30) },
    alive  => sub { my ($c) = @_; $c->stdout("A: b\n\n"); for (1 .. 200) { $c->stdout('.') or last; $c->pause(0.05) } $c->end },
});
my $path = $app->{path};
my $at = "unix:$path";
sub get_ { return tool('fcgi-get', @_) }

tool_is(get_($path, '/ok'), 0, "body\n", '', 'a body');
tool_is(get_('-i', $path, '/ok'), 0, "Content-Type: text/plain\r\n\r\nbody\n", '', '-i');
tool_is(get_($path, '/drip'), 0, 'dripped', 'word', 'byte by byte');
tool_is(get_('-i', $path, '/drip'), 0, "Status: 201 x\r\nA: b\r\n\r\ndripped", 'word', 'byte by byte, -i');
tool_is(get_($path, '/err'), 0, 'out', "first second\n", 'STDERR');
tool_is(get_('-o', "$dir/o", $path, '/ok'), 0, '', '', '-o');
is(slurp("$dir/o"), "body\n", '-o: the file');
my $r = get_($path, '/flood');
is(length $r->{out}, 40_000_000, '40 MB');
is(md5_hex($r->{out}), md5_hex(substr +(join '', map { chr } 0 .. 250) x 159_363, 0, 40_000_000), '40 MB, unchanged');
{
    # It is printed as it comes.
    $r = get_($path, '/step', { signals => sub {
        my ($pid, $d) = @_;
        ok(wait_for(sub { -s "$d/out" }, 20), 'the first piece is there before the last is sent');
        is(slurp("$d/out"), "first\n", 'the first piece');
        FCGITest::Host::write_file($flag, 'x');
    } });
    tool_is($r, 0, "first\nsecond\n", '', 'and the rest');
}

# Statuses.
for (0, 1, 2, 77, 199) {
    tool_is(get_('-e', "N=$_", $path, '/app'), $_, 'x', '', "application status $_");
}
for (200, 255, 256, 4294967295) {
    tool_is(get_('-e', "N=$_", $path, '/app'), 200, 'x', "fcgi-get: the application's status is $_\n", "application status $_");
}
tool_is(get_('-f', $path, '/s404'), 249, '', "fcgi-get: $at: the answer's status is 404\n", '-f');
tool_is(get_('-f', '-i', $path, '/s404'), 249, "Status: 404 Not Found\r\nX: y\r\n\r\n", undef, '-f -i');
tool_is(get_($path, '/s404'), 0, "not there\n", '', 'a 404 is a body without -f');
tool_is(get_($path, '/nohead'), 0, "<h1>hello</h1>\nmore\n", "fcgi-get: the answer has no CGI header (a header name with characters that are not allowed); it is printed as it is\n", 'no header');
tool_is(get_('-i', $path, '/nohead'), 0, "<h1>hello</h1>\nmore\n", undef, 'no header, -i');
tool_is(get_('-i', $path, '/nohead2'), 0, "A: b\r\nno head\r\nmore\n", undef, 'no header in pieces, -i');
tool_is(get_($path, '/nohead2'), 0, "A: b\r\nno head\r\nmore\n", undef, 'no header in pieces');
tool_is(get_($path, '/cuthead'), 0, "A: b\r\nC", "fcgi-get: the answer's header has no end; it is printed as it is\n", 'a header without end');
tool_is(get_($path, '/empty'), 0, '', '', 'an empty answer');
tool_is(get_("$path.none", '/x'), 251, '', "fcgi-get: $at.none: no such socket: $path.none does not exist; is the application running?\n", 'no socket: 251');
tool_is(get_('-W', '0.3', $path, '/silent'), 252, '', qr/^fcgi-get: \Q$at\E: timed out after \d+ ms waiting for the first byte/, 'silence: 252');
tool_is(get_('-W', FCGITest::slow(1), '--max-time', '0.5', $path, '/alive'), 252, qr/\A\.+\z/, qr/timed out after \d+ ms waiting for the rest of the answer; \d+ bytes had come/, '--max-time: 252');
tool_is(get_('-W', 0, '--max-time', 0, '--connect-timeout', 0, $path, '/alive'), 0, '.' x 200, '', '0 is no limit');
tool_is(get_('-W', FCGITest::slow(1), $path, '/alive'), 0, '.' x 200, '', 'an answer longer than --timeout, which moves');
tool_is(get_($path, '/half'), 253, 'half', qr/^fcgi-get: \Q$at\E: the application closed the connection after \d+ bytes, before the answer was whole\n/, 'closed: 253');
tool_is(get_($path, '/badid'), 254, 'x', qr/protocol error at byte \d+ of the answer: a record for another request\n/, 'protocol: 254');
tool_is(get_($path, "/proto$_->[0]"), 255, '', qr/^fcgi-get: \Q$at\E: the application .*$_->[1]\)\n/, "rejected, $_->[1]: 255")
  for [ 1, 'FCGI_CANT_MPX_CONN' ], [ 2, 'FCGI_OVERLOADED' ], [ 3, 'FCGI_UNKNOWN_ROLE' ];
tool_is(get_($path, '/ok', { stdout => '/dev/full' }), 250, undef, "fcgi-get: cannot write the answer: No space left on device\n", 'a full disk: 250');
tool_is(get_('-o', '/no/such/file', $path, '/ok'), 250, '', "fcgi-get: cannot write /no/such/file: No such file or directory\n", '-o into nowhere: 250');
{
    my $prog = tool_path('fcgi-get');
    system("sh -c '$prog $path /flood 2>$dir/err; echo \$? >$dir/status' | head -c 10 >/dev/null");
    is(slurp("$dir/status"), "250\n", 'a reader that has enough: 250');
    is(slurp("$dir/err"), '', '... and no word');
}

# On a terminal the prompt begins a line.
SKIP: {
    skip 'there is no terminal here, or no script(1)', 2 if !has_terminal();
    skip 'a sanitizer has handlers of its own', 2 if $ENV{FCGI_SANITIZER} || $ENV{FCGI_WRAP};
    my $prog = tool_path('fcgi-get');
    for ([ drip => '.*' ], [ ok => 'body' ]) {
        my ($uri, $text) = @$_;
        system "script -qfc '$prog $path /$uri; printf PROMPT' $dir/typescript </dev/null >/dev/null";
        like(slurp("$dir/typescript"), qr/^$text\r?\nPROMPT/m, "a terminal: behind $uri");
    }
}

# What is sent.
$app->forget;
tool_is(get_('-r', '/www', '-X', 'PUT', '-H', 'X-Foo: bar', '-H', 'Content-Type: a/b', '-e', 'A=1=2', '-e', 'EMPTY=', '-e', 'FROM_ENV', '--data-binary', '@-', $path, '/d/ok?x=y', { stdin => "in\0put", env => { FROM_ENV => 'env', HIDDEN => 1 } }), 0, undef, '', 'all options');
my $req = $app->last_request;
my %want = (SCRIPT_FILENAME => '/www/d/ok', SCRIPT_NAME => '/d/ok', REQUEST_URI => '/d/ok?x=y', DOCUMENT_URI => '/d/ok', DOCUMENT_ROOT => '/www', QUERY_STRING => 'x=y',
    REQUEST_METHOD => 'PUT', HTTP_X_FOO => 'bar', CONTENT_TYPE => 'a/b', CONTENT_LENGTH => 6, A => '1=2', EMPTY => '', FROM_ENV => 'env',
    GATEWAY_INTERFACE => 'CGI/1.1', SERVER_PROTOCOL => 'HTTP/1.1', SERVER_NAME => 'localhost', SERVER_ADDR => '127.0.0.1', SERVER_PORT => 80,
    REMOTE_ADDR => '127.0.0.1', REMOTE_PORT => 0, REDIRECT_STATUS => 200);
my %have = %{ $req->{params} };
like(delete $have{SERVER_SOFTWARE}, qr/^fcgi-get\/\d/, 'SERVER_SOFTWARE');
is_deeply(\%have, \%want, 'the variables, and no other');
is($req->{body}, "in\0put", 'the body');
is($req->{keep} ? 1 : 0, 0, 'the connection is not kept');
$app->forget;
get_($path, '/ok');
$req = $app->last_request;
is_deeply([ @{ $req->{params} }{qw(REQUEST_METHOD CONTENT_LENGTH QUERY_STRING)} ], [ 'GET', undef, '' ], 'a plain request');
$app->forget;
get_('-d', '', $path, '/ok');
is_deeply([ @{ $app->last_request->{params} }{qw(REQUEST_METHOD CONTENT_LENGTH CONTENT_TYPE)} ], [ 'POST', 0, 'application/x-www-form-urlencoded' ], 'an empty body');
$app->forget;
FCGITest::Host::write_file("$dir/data", 'd' x 3_000_000);
tool_is(get_('-d', "\@$dir/data", $path, '/md5'), 0, '3000000 ' . md5_hex('d' x 3_000_000) . "\n", '', '-d @FILE');

FCGITest::Host::write_file("$dir/lines", "c=3\r\nd\n\0");
$app->forget;
get_('-d', 'a=1', '-d', 'b=2', '-d', "\@$dir/lines", '--data-binary', "\@$dir/lines", $path, '/ok');
is_deeply([ $app->last_request->{body}, $app->last_request->{params}{CONTENT_LENGTH} ], [ "a=1&b=2&c=3d&c=3\r\nd\n\0", 21 ], '-d joined, without line ends; --data-binary as it is');
# PATH_INFO, as the plugin has it.
FCGITest::Host::write_file("$dir/script", 'x');
for ([ '/www', '/v1.2/ok.php/a.php/b?q', '/v1.2/ok.php', '/a.php/b' ], [ $dir, '/script/ok', '/script', '/ok' ], [ '/www', '/a/ok.php', '/a/ok.php', undef ],
    [ undef, '/www/a.php/ok', '/www/a.php/ok', undef ]) {
    my ($root, $uri, $name, $info) = @$_;
    $app->forget;
    get_(($root ? ('-r', $root) : ()), $path, $uri);
    my $p = $app->last_request->{params};
    is_deeply([ @$p{qw(SCRIPT_NAME SCRIPT_FILENAME PATH_INFO PATH_TRANSLATED REQUEST_URI)} ], [ $name, ($root // '') . $name, $info, $info && $root . $info, $uri ], "PATH_INFO of $uri");
}
# As curl.
tool_is(get_('-I', $path, '/ok'), 0, "Content-Type: text/plain\r\n\r\nbody\n", '', '-I');
is($app->last_request->{params}{REQUEST_METHOD}, 'HEAD', '-I asks with HEAD');
my $words = '%{http_code} %{content_type} %{size_download} %{size_header} %{app_status} %{exitcode} 100%% %\\n';
tool_is(get_('-w', $words, $path, '/ok'), 0, "body\n200 text/plain 5 28 0 0 100% %\n", '', '-w');
tool_is(get_('-w', '%{response_code}\n', "$path.none", '/x'), 251, "000\n", qr/no such socket/, '-w where nothing answers');
$r = get_('-o', '/dev/null', '-w', '%{time_connect} %{time_starttransfer} %{time_total}', $path, '/ok');
ok($r->{out} =~ /^(0\.\d{6}) (0\.\d{6}) (0\.\d{6})$/ && $1 <= $2 && $2 <= $3 && $3 > 0, '-w: times') or diag $r->{out};
# -o: what fails keeps what was there.
for ([ $path, '/s404', 249, 'kept', '-f' ], [ "$path.none", '/ok', 251, 'kept' ], [ $path, '/half', 253, 'half' ], [ $path, '/empty', 0, '' ]) {
    my ($to, $uri, $status, $left, @more) = @$_;
    FCGITest::Host::write_file("$dir/kept", 'kept');
    tool_is(get_(@more, '-o', "$dir/kept", $to, $uri), $status, '', undef, "-o and $uri");
    is(slurp("$dir/kept"), $left, "-o and $uri: the file");
}

# As cgi-fcgi: the environment says all.
$app->forget;
tool_is(get_('--environment', '-e', 'X=mine', $path, { env => { SCRIPT_NAME => '/ok', SCRIPT_FILENAME => '/f', REQUEST_METHOD => 'HEAD', X => 'theirs', Y => "a\nb" } }), 0, "body\n", '', '--environment');
$req = $app->last_request;
is_deeply([ @{ $req->{params} }{qw(SCRIPT_FILENAME REQUEST_METHOD X Y)} ], [ '/f', 'HEAD', 'mine', "a\nb" ], '... but what is given goes first');
$app->forget;
tool_is(get_('--environment', $path, '/ok', { env => { SCRIPT_NAME => '/bad', SCRIPT_FILENAME => '/bad' } }), 0, "body\n", '', '--environment, and a script');
$app->forget;
get_('--environment', $path, '/ok', { env => { CONTENT_LENGTH => 5, CONTENT_TYPE => 'a/b', REQUEST_METHOD => 'PUT' }, stdin => "in\nput and more" });
is_deeply([ $app->last_request->{body}, @{ $app->last_request->{params} }{qw(CONTENT_LENGTH CONTENT_TYPE REQUEST_METHOD)} ], [ "in\npu", 5, 'a/b', 'PUT' ], '--environment: the body is of standard input');
tool_is(get_('--environment', $path, '/ok', { env => { CONTENT_LENGTH => 'x' } }), 250, '', qr/^fcgi-get: CONTENT_LENGTH 'x' is no number\n/, '--environment: a length that is none');
# Sets of variables that cgi-fcgi fails with.
my %many = map { ("V$_" => 'v' x 1000) } 1 .. 1500;
$app->forget;
tool_is(get_('--environment', $path, '/ok', { env => \%many }), 0, "body\n", '', '1.5 MB of environment');
cmp_ok($app->last_request->{params_bytes}, '>', 1_500_000, '... all of it');

# TCP, and names of a configuration.
my $tcp = responder(listen => 'tcp6', cases => { ok => page('six') });
tool_is(get_($tcp->{hostport}, '/ok'), 0, 'six', '', 'IPv6');
tool_is(get_('-6', "tcp://$tcp->{hostport}", '/ok'), 0, 'six', '', 'tcp://, -6');
tool_is(get_('-4', $tcp->{hostport}, '/ok'), 251, '', "fcgi-get: $tcp->{hostport}: unknown host ::1: it has no IPv4 address\n", '-4');
FCGITest::Host::write_file("$dir/f.conf", "[FASTCGI_SERVER]\n    ServerName one\n    ServerPath $path\n[FASTCGI_SERVER]\n    ServerName two\n    ServerPath $path\n");
tool_is(get_('-C', "$dir/f.conf", '@one', '/ok'), 0, "body\n", '', '@NAME');
tool_is(get_('-C', "$dir/f.conf", '@all', '/ok'), 250, '', qr/^fcgi-get: \@all: give one target\n/, '@all is too much');
tool_is(get_('-C', "$dir/none.conf", '@one', '/ok'), 250, '', qr/^fcgi-get: \Q$dir\E\/none.conf: error: cannot open the file: No such file/, 'no configuration');
tool_is(get_('-C', "$dir/f.conf", '@three', '/ok'), 250, '', qr/^fcgi-get: \@three: .* has no server of this name/, 'no such name');
$r = get_('-v', $path, '/ok');
tool_is($r, 0, "body\n", qr/\A> FCGI_BEGIN_REQUEST id=1 length=8 padding=0 at=0\n> FCGI_PARAMS id=1 length=\d+ padding=\d at=16\n> FCGI_PARAMS id=1 length=0 .*\n> FCGI_STDIN id=1 length=0 .*\n< FCGI_STDOUT id=1 length=33 .*\n< FCGI_END_REQUEST id=1 length=8 padding=0 at=\d+\n\z/, '-v');

# Wrong usage.
for (
    [ [], 'a target is missing' ],
    [ [ $path, '/a', 'b' ], "'b' is too much; quote the script" ],
    [ ['--bogus'], "there is no option '--bogus'" ],
    [ [ '-W', 'x', $path ], "--timeout 'x': this is no time; give seconds" ],
    [ [ '--max-time', '1,5', $path ], "--max-time '1,5': this is no time" ],
    [ [ '--connect-timeout', '', $path ], "--connect-timeout '': this is no time" ],
    [ [ '--role', 'x', $path ], "--role 'x': give responder, authorizer or filter" ],
    [ [ '-H', 'x', $path ], "--header 'x': write 'Name: value'" ],
    [ [ '-e', '=', $path ], "--env '=': write NAME=VALUE" ],
    [ [ '-X', '', $path ], "--method '': the method is empty" ],
    [ [ '-w', 'a%{http_code}%{nope}', $path ], "--write-out '%{nope}': there is no such variable" ],
    [ [ '-w', '%{http_code', $path ], "--write-out '%{http_code': there is no such variable" ],
    [ [ '-r', '', $path ], "--docroot '': the path is empty" ],
    [ ['http://x/'], 'http://x/: a FastCGI application has no URL of this kind' ],
  ) {
    my ($args, $text) = @$_;
    tool_is(get_(@$args), 250, '', qr/\Afcgi-get: \Q$text\E[^\n]*\nTry 'fcgi-get --help' for more information\.\n\z/, "@$args");
}
tool_is(get_('-d', '@/no/such', $path), 250, '', "fcgi-get: cannot read /no/such: No such file or directory\n", 'no such data');
tool_is(get_('--help'), 0, qr/\AUsage: fcgi-get \[OPTION\]\.\.\. TARGET \[SCRIPT\|URI\]\n/, '', '--help');
# An application that does not know the role.
$app->start(on_accept => sub { my ($c) = @_; my $r = $c->read_record; my $role = unpack 'n', $r->{data}; $c->raw(rec_end(1, 0, $role == 2 ? 3 : 0)); $c->wait_eof(5) });
tool_is(get_('--role', 'authorizer', $path), 255, '', qr/FCGI_UNKNOWN_ROLE/, '--role');
finish;
