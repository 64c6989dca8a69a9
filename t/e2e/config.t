# SPDX-License-Identifier: Apache-2.0
#
# A broken configuration stops the host, rather than serve .php as text; and
# the message names file and line. (The parser has its own unit tests.)
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
plan(skip_all => 'not for nginx') if host_kind() eq 'nginx';

my $r = responder();
my $line = $r->conf_line;
my $sec = "[FASTCGI_SERVER]\n";

sub refused {
    my ($name, $text, @want) = @_;
    my $h = FCGITest::Host->new(responder => $r, fastcgi_conf => $text, idle => 1);
    if (ref $text) { unlink $h->{conf_file}; $text->($h->{conf_file}) }
    my ($status, $out) = $h->start_fails;
    my $ok = ok(defined $status && $status != 0, "$name: the host does not start")
      or diag FCGITest::Host::show_status($status);
    ok(defined $status && !($status & 127), "$name: nor does it crash");
    like($out, $_, "$name: the message") for @want;
    is(join("\n", $h->complaints), '', "$name: no sanitizer complains");
}
sub at { my ($l, $text) = @_; return qr/fastcgi\.conf:$l(?::\d+)?: .*$text/i }

refused('both address and path', "${sec}    ServerName a\n    ServerAddr 127.0.0.1:1\n    ServerPath /run/x.sock\n",
    at('[34]', 'ServerPath'), qr/fastcgi\.conf:3/, qr/fastcgi\.conf:4/);
refused('neither', "\n${sec}    ServerName a\n", at('[23]', 'Server(?:Addr|Path)'));
refused('unknown key', "${sec}    ServerName a\n    $line\n    SeverPath /x\n", at(4, 'SeverPath'));
refused('unknown section', "${sec}    ServerName a\n    $line\n\n[FASTCGI_SEVER]\n    ServerName b\n", at(5, 'FASTCGI_SEVER'));
refused('two faults, both told', "${sec}    ServerName a\n    ServerAddr 127.0.0.1:65536\n    ReadTimeout never\n",
    at(3, 'port'), at(4, 'never'));
refused('the same name twice', "${sec}    ServerName a\n    $line\n${sec}    ServerName a\n    $line\n", at(5, 'a'));
refused('an empty file', '', qr/fastcgi\.conf/);
refused('no file', sub { }, qr/fastcgi\.conf/);
refused('a directory for a file', sub { mkdir $_[0] }, qr/fastcgi\.conf/);

# What must load: the seed's form, a socket that is not there yet.
my $h = host(responder => $r,
    fastcgi_conf => "[FASTCGI_SERVER]\n    ServerName     php5-fpm1\n    ServerPath     /tmp/fcgitest-no-such-socket-$$\n");
res_is(get($h, '/static.txt'), 200, "static text\n", 'the form of the manual starts');
res_is(get($h, '/hello.php'), 503, undef, 'a socket that is not there yet: 503');
unlike(get($h, '/hello.php')->{body} // '', qr/source of/, 'never the source');

# Comments, blank lines, several servers, Match with a server's name.
my $r2 = responder(name => 'second', cases => { hello => page("second\n") });
$h = host(responder => [ $r, $r2 ], match => [ '/two/.*\.php fastcgi second', '/.*\.php fastcgi php' ],
    files => { 'two/hello.php' => 'x' });
res_is(get($h, '/hello.php'), 200, "hello\n", 'Match with a name: the first');
res_is(get($h, '/two/hello.php'), 200, "second\n", 'Match with a name: the second');

my $bad = FCGITest::Host->new(responder => $r, match => ['/.*\.php fastcgi nosuch'], idle => 1);
my ($status, $out) = $bad->start_fails;
ok(defined $status && $status != 0, 'Match names a server that is not there: the host does not start')
  or diag FCGITest::Host::show_status($status);
like($out, qr/nosuch/, 'and says which');
finish;
