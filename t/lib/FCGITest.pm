# SPDX-License-Identifier: Apache-2.0
#
# FCGITest - what the end-to-end tests (t/e2e/*.t) are written with.
#
# To run one file by hand:
#
#   FCGI_SERVE=$PWD/fcgi-serve FCGI_PLUGIN=$PWD/.libs/monkey-fastcgi.so \
#       prove -v t/e2e/basic.t
#   FCGI_HOST=monkey MONKEY=/path/to/monkey \
#       FCGI_PLUGIN=$PWD/.libs/monkey-fastcgi.so prove -v t/e2e/basic.t
#   FCGI_HOST=nginx prove -v t/e2e/basic.t      # tries the harness, not us
#
# Environment (all paths absolute):
#
#   FCGI_HOST        serve (default), monkey or nginx
#   FCGI_SERVE       the fcgi-serve to run        (for serve)
#   MONKEY           the monkey to run            (for monkey)
#   MONKEY_LOGGER    its monkey-logger.so; default: beside MONKEY, if any;
#                    `none` for a Monkey with ASan, whose logger overflows
#   FCGI_PLUGIN      the monkey-fastcgi.so under test
#   FCGI_ABI         1.6 (default) or 1.8: what fcgi-serve is to be; a Monkey is
#                    asked for its version
#   FCGI_WORKERS     worker threads of the host, default 1
#   FCGI_WRAP        command words put before the host: "valgrind -q",
#                    "env LD_PRELOAD=/usr/lib/.../libasan.so"
#   FCGI_SERVE_ARGS  more arguments for the host
#   FCGI_LANE        fast (default), or core: the host has another plugin's stage,
#                    so that the gate has requests of ours pass through its core
#   FCGI_GATE        off: the plugin puts no gate up
#   FCGI_SERVE_LAYER pieces: fcgi-serve reads and writes as Monkey's TLS does
#   FCGI_EMULATED    set if programs run in an emulator of another machine
#   FCGI_SANITIZER   set if host and plugin are built with sanitizers
#   FCGI_SLOW        factor for every bound in time (default 1; 3 with a
#                    sanitizer, 8 with a FCGI_WRAP that names valgrind)
#   FCGI_KEEP=1      keep the temporary directories, and say where they are
#   FCGI_DEBUG=1     show the host's output at the end of the test
#   FCGI_REQUIRE_PHP=1     php.t fails, instead of skipping, without php-fpm
#
# A test makes a responder (the scripted FastCGI application), a host (the
# HTTP server, started with a configuration that names the responder), sends
# requests with a client, and ends with finish(), which stops everything, and
# fails the test if the host did not end well, if a sanitizer or valgrind
# complained, or if the responder saw anything wrong on the wire.
#
# The modules:
#   FCGITest::Host       start, stop, log, process facts
#   FCGITest::Tree       the configuration that the host reads
#   FCGITest::Responder  listener, one process per connection, reports
#   FCGITest::Conn       what a case of the responder may do to a connection
#   FCGITest::Client     raw HTTP over a socket, framing checked strictly
#   FCGITest::Record     the wire format of FastCGI
#   FCGITest::Daemon     a private php-fpm, fcgiwrap: real applications
#
# A case of the responder is chosen by the script: /name.php runs case `name`,
# and the host finds a file of that name in its document root.
package FCGITest;
use strict;
use warnings;
use Test::More ();
use File::Temp ();
use File::Path ();
use Time::HiRes qw(time sleep);

our (@HOSTS, @RESPONDERS, @DAEMONS, @DIRS, $FINISHED);
our $OWNER = $$;

use FCGIParts;
use FCGITest::Host;
use FCGITest::Responder;
use FCGITest::Client;
use FCGITest::Daemon;

my @EXPORT = qw(host responder client request get post res_is headers_of
  slow within own_memory wait_for finish temp_dir has_terminal nginx_todo host_kind abi is_abi gated core_looks_first lane page cgi);

sub import {
    my $into = caller;
    strict->import;
    warnings->import;
    Test::More->export_to_level(1);
    no strict 'refs';
    *{"${into}::$_"} = \&{$_} for @EXPORT;
    *{"${into}::time"}  = \&Time::HiRes::time;
    *{"${into}::sleep"} = \&Time::HiRes::sleep;
}

$| = 1;
$SIG{PIPE} = 'IGNORE';
$SIG{$_} = sub { exit 1 }    # END cleans up
  for qw(INT TERM HUP);
$SIG{ALRM} = sub {
    Test::More::diag('the test file ran longer than its bound');
    exit 1;
};
alarm((($ENV{FCGI_TEST_TIMEOUT} || 90) * slow()));

# The factor for bounds in time: sanitizers and valgrind are slow.
sub slow {
    my $f = $ENV{FCGI_SLOW};
    $f ||= ($ENV{FCGI_WRAP} || '') =~ /valgrind/ ? 8 : $ENV{FCGI_SANITIZER} ? 3 : 1;
    return (@_ ? $_[0] : 1) * $f;
}

# Whether what the host takes of memory is its own alone, and not a sanitizer's,
# valgrind's or an emulator's.
sub own_memory { return !$ENV{FCGI_SANITIZER} && !$ENV{FCGI_WRAP} && !$ENV{FCGI_EMULATED} }

sub host_kind { return $ENV{FCGI_HOST} || 'serve' }

# The plugin ABI of the host: 1.6 or 1.8.
my $abi;

sub abi {
    $abi //= host_kind() eq 'monkey' && `'$ENV{MONKEY}' -v` =~ /v(1\.\d+)/ ? $1
      : $ENV{FCGI_ABI} || '1.6';
    return $abi;
}

sub is_abi { return abi() eq $_[0] }

# Whether the plugin's gate reads requests, and not the host's core.
sub gated { return host_kind() ne 'nginx' && ($ENV{FCGI_GATE} || '') ne 'off' }

# Where the core sees a request, up to 1.6.8 it looks for the file before it asks
# a plugin: PATH_INFO and missing scripts are its own 404 there.
sub core_looks_first { return host_kind() eq 'monkey' && `'$ENV{MONKEY}' -v` =~ /v1\.6\.[0-8]\b/ }

# The way that requests of ours take.
sub lane { return $ENV{FCGI_LANE} || 'fast' }

# local $TODO = nginx_todo('why'): nginx may differ here, and does for a
# known reason.
sub nginx_todo { return host_kind() eq 'nginx' ? "nginx: $_[0]" : undef }

# Whether a program can be run on a terminal: a chroot may be without /dev/pts.
sub has_terminal { return system('script -qfc true /dev/null </dev/null >/dev/null 2>&1') == 0 }

# The whole file is skipped: a part is not in this build.
sub left_out {
    $FINISHED = 1;
    FCGIParts->import(lc $_[0] =~ s/^FCGI_//r);
}

sub temp_dir {
    my $d = File::Temp::tempdir('fcgitest-XXXXXX', TMPDIR => 1);
    chmod 0755, $d;
    push @DIRS, $d;
    return $d;
}

# A started host. Dies, with the host's output, if it does not come up.
sub host {
    my $h = FCGITest::Host->new(@_);
    push @HOSTS, $h;
    $h->start;
    return $h;
}

sub responder {
    my $r = FCGITest::Responder->new(@_);
    push @RESPONDERS, $r;
    $r->start unless $r->{idle};
    return $r;
}

# client($host, %options)
sub client {
    my ($host, %o) = @_;
    return FCGITest::Client->new(addr => $host->{addr}, port => $host->{port},
        %o);
}

# request($host, METHOD => '/uri', headers => [...], body => ..., http =>
# '1.0', timeout => s): one request on a connection of its own.
sub request {
    my ($host, $method, $uri, %o) = @_;
    my $c = client($host, exists $o{connect} ? %{ $o{connect} } : ());
    $c->send($c->format($method, $uri, %o));
    my $r = $c->read_response(method => $method, http => $o{http},
        timeout => $o{timeout});
    $c->close;
    return $r;
}

sub get { my ($host, $uri, %o) = @_; return request($host, GET => $uri, %o) }

sub post {
    my ($host, $uri, $body, %o) = @_;
    return request($host, POST => $uri, body => $body, %o);
}

# The values of a response's header field, in order.
sub headers_of {
    my ($res, $name) = @_;
    return map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $res->{headers} };
}

# One test: whole and well framed, the status, the body (text or regex).
sub res_is {
    my ($res, $status, $body, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @why;
    push @why, "broken: $res->{error}" if $res->{error};
    push @why, 'status ' . ($res->{status} // 'none') . ", not $status"
      unless defined $res->{status} && $res->{status} == $status;
    if (defined $body && defined $res->{body}) {
        push @why, 'body is ' . show($res->{body}) . ', not ' . show($body)
          unless ref $body ? $res->{body} =~ $body : $res->{body} eq $body;
    }
    my $ok = Test::More::ok(!@why, $name);
    Test::More::diag("  $_") for @why;
    return $ok;
}

sub show {
    my ($s) = @_;
    return "$s" if ref $s;
    my $n = length $s;
    $s = substr($s, 0, 120) . '...' if $n > 120;
    $s =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ge;
    return qq("$s" ($n bytes));
}

# within(SECONDS, \$elapsed): true if `elapsed` is no more than the bound.
sub within {
    my ($t0, $bound, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $took = time - $t0;
    my $ok = Test::More::ok($took <= slow($bound), $name);
    Test::More::diag(sprintf '  took %.2f s, bound %.2f s', $took, slow($bound))
      unless $ok;
    return $ok;
}

# Waits until the code returns something true, and returns it; bounded.
sub wait_for {
    my ($code, $bound) = @_;
    my $end = time + slow($bound || 10);
    while (1) {
        my $v = $code->();
        return $v if $v;
        return if time > $end;
        sleep 0.02;
    }
}

# The bytes of a CGI answer: page('text'), cgi(\@lines, 'text').
sub page { return "Content-Type: text/plain\r\n\r\n" . join '', @_ }
sub cgi { my ($h, @b) = @_; return join('', map { "$_\r\n" } @$h) . "\r\n" . join '', @b }

# Stops everything, with its checks, and ends the test.
sub finish {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $_->stop_ok for @HOSTS;
    $_->wire_ok for @RESPONDERS;
    $FINISHED = 1;
    Test::More::done_testing();
}

END {
    if ($$ == $OWNER) {
        my $status = $?;
        alarm 0;
        local $SIG{TERM} = local $SIG{INT} = 'IGNORE';
        if (($ENV{FCGI_DEBUG} || !$FINISHED) && @HOSTS) {
            Test::More::diag("--- output of host\n" . $_->log) for @HOSTS;
        }
        for (@HOSTS, @RESPONDERS, @DAEMONS) { eval { $_->kill_now } }
        for my $d (@DIRS) {
            if ($ENV{FCGI_KEEP}) { Test::More::diag("kept: $d"); next }
            File::Path::remove_tree($d, { safe => 0 });
        }
        $? = $status;
    }
}

1;
