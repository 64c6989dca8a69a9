# SPDX-License-Identifier: Apache-2.0
#
# A raw HTTP client: sends what it is told to, believes nothing that it reads.
#
#   my $c = client($host, rcvbuf => 4096);
#   $c->send($bytes);  $c->drip($bytes, 1);       # whole, or in pieces
#   $c->send($c->format(GET => '/x.php', headers => ['X-A: b'], http => '1.0'));
#   my $r = $c->read_response(method => 'HEAD', timeout => 5);
#     { status, reason, headers => [[name, value], ...], head, body, chunks,
#       framing => none|length|chunked|close, complete, error, reset }
#   $c->half_close;  $c->rst;  $c->close;
#   $c->at_eof($s)      the host closes, and sends nothing more before
#   $c->silent($s)      nothing comes for s seconds, and it is still open
package FCGITest::Client;
use strict;
use warnings;
use Errno qw(EAGAIN EINTR EINPROGRESS);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT inet_pton inet_ntop pack_sockaddr_in6
  unpack_sockaddr_in6 IPPROTO_TCP TCP_NODELAY SO_RCVBUF SO_LINGER);
use Time::HiRes qw(time);

sub new {
    my ($class, %o) = @_;
    my $self = bless { buf => '', timeout => 15, %o }, $class;
    my $v6 = $o{addr} =~ /:/;
    my $ip = inet_pton($v6 ? AF_INET6 : AF_INET, $o{addr});
    socket my $s, $v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0 or die "socket: $!";
    setsockopt $s, SOL_SOCKET, SO_RCVBUF, $o{rcvbuf} if $o{rcvbuf};
    fcntl $s, F_SETFL, fcntl($s, F_GETFL, 0) | O_NONBLOCK;
    if (!connect $s, $v6 ? pack_sockaddr_in6($o{port}, $ip)
        : pack_sockaddr_in($o{port}, $ip))
    {
        die "connect to $o{addr}: $!\n" if $! != EINPROGRESS;
        my $w = '';
        vec($w, fileno $s, 1) = 1;
        select undef, $w, undef, FCGITest::slow(10);
        my $e = unpack 'i', getsockopt $s, SOL_SOCKET, SO_ERROR;
        if ($e) { $! = $e; die "connect to $o{addr} port $o{port}: $!\n" }
    }
    setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;
    $self->{sock} = $s;
    my $me = getsockname $s;
    $self->{local_port} = ($v6 ? unpack_sockaddr_in6($me) : sockaddr_in($me))[0];
    return $self;
}

sub host_header {
    my ($self) = @_;
    my $a = $self->{addr};
    $a = "[$a]" if $a =~ /:/;
    return "$a:$self->{port}";
}

sub format {
    my ($self, $method, $uri, %o) = @_;
    my $http = $o{http} || '1.1';
    my @h = @{ $o{headers} || [] };
    unshift @h, 'Host: ' . $self->host_header
      unless grep { /^host:/i } @h or $http eq '1.0' && !$o{host};
    my $body = $o{body};
    push @h, 'Content-Length: ' . length $body
      if defined $body && !grep { /^content-length:/i } @h;
    $body = '' if !defined $body;
    return join('', "$method $uri HTTP/$http\r\n", map { "$_\r\n" } @h)
      . "\r\n$body";
}

# Waits until the socket is ready: returns (readable, writable).
sub ready {
    my ($self, $want_write, $left) = @_;
    my ($r, $w) = ('', '');
    vec($r, fileno $self->{sock}, 1) = 1;
    $w = $r if $want_write;
    my $n = select $r, $want_write ? $w : undef, undef, $left < 0 ? 0 : $left;
    return (0, 0) if $n <= 0;
    return (vec($r, fileno $self->{sock}, 1),
        $want_write && vec($w, fileno $self->{sock}, 1));
}

# Reads what is there; false at the end of the connection.
sub pull {
    my ($self, $max) = @_;
    return 0 if $self->{eof};
    my $n = sysread $self->{sock}, $self->{buf}, $max || 262144,
      length $self->{buf};
    return 1 if $n;
    return 1 if !defined $n && ($! == EAGAIN || $! == EINTR);
    $self->{eof} = defined $n ? 'eof' : "$!";
    $self->{reset} = 1 unless defined $n;
    return 0;
}

# Sends everything, taking in what the host sends meanwhile. False, with
# $c->{send_error}, if that is not possible.
sub send {
    my ($self, $bytes, %o) = @_;
    my $end = time + FCGITest::slow($o{timeout} || $self->{timeout});
    my $at = 0;
    while ($at < length $bytes) {
        my $left = $end - time;
        if ($left <= 0) { $self->{send_error} = 'timeout'; return 0 }
        my ($r, $w) = $self->ready(1, $left);
        if ($r && !$o{deaf}) { $self->pull }
        next unless $w;
        my $n = syswrite $self->{sock}, $bytes, length($bytes) - $at, $at;
        if (defined $n) { $at += $n; next }
        next if $! == EAGAIN || $! == EINTR;
        $self->{send_error} = "$!";
        return 0;
    }
    return 1;
}

# In pieces of n bytes, or cut at the given offsets, with pauses.
sub drip {
    my ($self, $bytes, $by, $pause) = @_;
    my @cut = ref $by ? @$by : ();
    if (!ref $by) {
        for (my $i = $by ; $i < length $bytes ; $i += $by) { push @cut, $i }
    }
    my $from = 0;
    for my $to (@cut, length $bytes) {
        $self->send(substr $bytes, $from, $to - $from) or return 0;
        $from = $to;
        select undef, undef, undef, $pause if $pause;
    }
    return 1;
}

# True once the buffer satisfies the code; false at the end or in time.
sub until_true {
    my ($self, $end, $test) = @_;
    while (!$test->()) {
        if ($self->{eof}) { return 0 }
        my $left = $end - time;
        if ($left <= 0) { $self->{timed_out} = 1; return 0 }
        my ($r) = $self->ready(0, $left);
        $self->pull if $r;
    }
    return 1;
}

sub why_short {
    my ($self) = @_;
    return $self->{timed_out} ? 'timeout'
      : $self->{reset}        ? "connection lost ($self->{eof})"
      : 'connection closed';
}

my $TOKEN = qr/[!#\$%&'*+.^_`|~0-9A-Za-z-]+/;

# One response. Never dies: what is wrong is in {error}.
sub read_response {
    my ($self, %o) = @_;
    my $method = $o{method} || 'GET';
    my $http = $o{http} || '1.1';
    my $end = time + FCGITest::slow($o{timeout} || $self->{timeout});
    my $res = { headers => [], complete => 0 };
    my $fail = sub {
        $res->{error} = $_[0];
        $res->{reset} = 1 if $self->{reset};
        return $res;
    };
    delete $self->{timed_out};

    $self->until_true($end, sub { $self->{buf} =~ /\r?\n\r?\n/ })
      or return $fail->($self->why_short
          . (length $self->{buf} ? ' in the head' : ' before the answer'));
    my $at = $+[0] if $self->{buf} =~ /\r?\n\r?\n/;
    my $head = $res->{head} = substr $self->{buf}, 0, $at, '';
    my @lines = split /(?<=\n)/, $head;
    pop @lines;
    my $first = shift @lines;
    defined $first && $first =~ /\AHTTP\/1\.([01]) (\d{3}) ([^\r\n\0]*)\r\n\z/
      or return $fail->('bad status line: ' . FCGITest::show($head));
    @$res{qw(minor status reason)} = ($1, $2, $3);
    if ($res->{status} =~ /\A1/ && $res->{status} != 101) {    # an interim answer: the next one counts
        return $fail->('interim answer to HTTP/1.0') if $http eq '1.0';
        my $next = $self->read_response(%o);
        $next->{interim}++;
        unshift @{ $next->{interims} }, $head;
        return $next;
    }
    for my $line (@lines) {
        $line =~ /\A($TOKEN):[ \t]*([^\r\n\0]*?)[ \t]*\r\n\z/
          or return $fail->('bad field: ' . FCGITest::show($line));
        push @{ $res->{headers} }, [ $1, $2 ];
    }
    my %n;
    push @{ $n{ lc $_->[0] } }, $_->[1] for @{ $res->{headers} };
    my @te = @{ $n{'transfer-encoding'} || [] };
    my @cl = @{ $n{'content-length'}    || [] };
    my $st = $res->{status};
    for my $once (qw(date server content-type connection)) {
        return $fail->("field $once comes twice") if @{ $n{$once} || [] } > 1;
    }
    return $fail->('Transfer-Encoding and Content-Length') if @te && @cl;
    return $fail->('more than one Content-Length')         if @cl > 1;
    return $fail->("bad Content-Length $cl[0]") if @cl && $cl[0] !~ /\A\d+\z/;
    return $fail->("Transfer-Encoding @te")
      if @te > 1 || @te && lc $te[0] ne 'chunked';
    return $fail->('chunked to a 1.0 client') if @te && $http eq '1.0';

    my $body = '';
    if ($method eq 'HEAD' || $st < 200 || $st == 204 || $st == 304) {
        $res->{framing} = 'none';
        return $fail->("framing fields in a $st")
          if $st == 204 && (@te || @cl);
    }
    elsif (@te) {
        $res->{framing} = 'chunked';
        return $res if !$self->read_chunks($res, $end, \$body);
    }
    elsif (@cl) {
        $res->{framing} = 'length';
        my $all = $self->until_true($end,
            sub { length $self->{buf} >= $cl[0] });
        $res->{body} = substr $self->{buf}, 0, $cl[0], '';
        return $fail->($self->why_short . ' after ' . length($res->{body})
              . " of $cl[0] bytes of body")
          if !$all;
        $body = $res->{body};
    }
    else {
        $res->{framing} = 'close';
        $self->until_true($end, sub { 0 });
        $body = $res->{body} = $self->{buf};
        $self->{buf} = '';
        return $fail->($self->why_short) if !$self->{eof} || $self->{reset};
        return $fail->('framed by closing, and no Connection: close')
          if $http eq '1.1' && lc(join ',', @{ $n{connection} || [] }) ne 'close';
    }
    $res->{body} = $body;
    $res->{complete} = 1;
    return $res;
}

sub read_chunks {
    my ($self, $res, $end, $body) = @_;
    my $fail = sub { $res->{body} = $$body; $res->{error} = $_[0]; return 0 };
    while (1) {
        $self->until_true($end, sub { index($self->{buf}, "\n") >= 0 })
          or return $fail->($self->why_short . ' before a chunk');
        $self->{buf} =~ s/\A([0-9A-Fa-f]{1,8})\r\n//
          or return $fail->('bad chunk head: '
              . FCGITest::show(substr $self->{buf}, 0, 40));
        my $n = hex $1;
        $self->until_true($end, sub { length $self->{buf} >= $n + 2 });
        if (length $self->{buf} < $n + 2) {
            $$body .= substr $self->{buf}, 0, $n, '';
            return $fail->($self->why_short . ' in a chunk');
        }
        $$body .= substr $self->{buf}, 0, $n, '';
        return $fail->('chunk does not end with CRLF')
          if substr($self->{buf}, 0, 2, '') ne "\r\n";
        return 1 if !$n;    # no trailers: none were asked for
        $res->{chunks}++;
    }
}

# Everything up to the end of the connection (or the time), as bytes.
sub slurp {
    my ($self, $timeout) = @_;
    $self->until_true(time + FCGITest::slow($timeout || $self->{timeout}), sub { 0 });
    my $all = $self->{buf};
    $self->{buf} = '';
    return $all;
}

# Reads n bytes of the stream at most; returns them.
sub read_some {
    my ($self, $n, $timeout) = @_;
    my $end = time + FCGITest::slow($timeout || $self->{timeout});
    while (length $self->{buf} < $n && !$self->{eof} && time < $end) {
        my ($r) = $self->ready(0, $end - time);
        $self->pull($n - length $self->{buf}) if $r;
    }
    return substr $self->{buf}, 0, $n, '';
}

# The host closes the connection and sends nothing more before that.
sub at_eof {
    my ($self, $timeout) = @_;
    $self->until_true(time + FCGITest::slow($timeout || 5),
        sub { length $self->{buf} });
    return $self->{eof} && !length $self->{buf};
}

# Nothing comes for a while, and the connection stays open.
sub silent {
    my ($self, $s) = @_;
    $self->until_true(time + ($s || 0.15), sub { length $self->{buf} });
    return !$self->{eof} && !length $self->{buf};
}

sub half_close { shutdown $_[0]{sock}, 1 }

sub rst {
    my ($self) = @_;
    setsockopt $self->{sock}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    $self->close;
}

sub close {
    my ($self) = @_;
    CORE::close delete $self->{sock} if $self->{sock};
}

1;
