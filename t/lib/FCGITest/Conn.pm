# SPDX-License-Identifier: Apache-2.0
#
# The application's end of one FastCGI connection: what a case may do to it.
#
#   $c->reply($bytes)          STDOUT, END_REQUEST
#   $c->stdout / stderr($bytes, pad => n, max => n)  in records of <= max
#   $c->end($app, $proto)      END_REQUEST
#   $c->raw($bytes)            as they are
#   $c->drip($bytes, $n, $s)   in writes of n bytes with pauses of s seconds;
#                              $n may be a list of offsets to cut at
#   $c->pause($s)              a pause
#   $c->read_params, read_stdin    for `early` cases
#   $c->wait_eof($s)           read and drop until the host closes
#   $c->close, rst             end the connection, politely or not
#   $c->report($event, ...)    a line for $responder->events
package FCGITest::Conn;
use strict;
use warnings;
use Digest::MD5 ();
use Errno qw(EINTR ECONNRESET EPIPE);
use Socket qw(SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);
use FCGITest::Record;

sub new {
    my ($class, %o) = @_;
    my $self = bless { buf => '', n => 0, %o }, $class;
    setsockopt $self->{sock}, IPPROTO_TCP, TCP_NODELAY, 1;    # fails on unix
    return $self;
}

sub report {
    my ($self, $event, %more) = @_;
    $self->{responder}
      ->report({ event => $event, conn => $self->{conn}, n => $self->{n}, %more });
}

# --- reading ---------------------------------------------------------------

sub fill {
    my ($self) = @_;
    return 0 unless $self->{sock};
    while (1) {
        my $n = sysread $self->{sock}, $self->{buf}, 65536, length $self->{buf};
        return $n if defined $n && $n > 0;
        next if !defined $n && $! == EINTR;
        $self->{eof} = defined $n ? 'eof' : "$!";
        return 0;
    }
}

sub need {
    my ($self, $n) = @_;
    while (length $self->{buf} < $n) { return 0 unless $self->fill }
    return 1;
}

sub fault {
    my ($self, $text) = @_;
    push @{ $self->{req}{faults} }, $text;
    return;
}

# The next record as {type, id, data}, entered into the request's list; undef
# at the end of the connection.
sub read_record {
    my ($self) = @_;
    my $req = $self->{req} ||= {};
    if (!$self->need(8)) {
        $self->fault('connection ended inside a record header')
          if length $self->{buf};
        return;
    }
    my ($ver, $type, $id, $len, $pad, $rsv) = unpack 'CCnnCC',
      substr $self->{buf}, 0, 8;
    if ($ver != 1) {
        return $self->fault("record version $ver, type $type");
    }
    if (!$self->need(8 + $len + $pad)) {
        return $self->{cut_ok}
          ? undef
          : $self->fault("connection ended inside a record of type $type, "
              . "$len + $pad bytes, " . (length($self->{buf}) - 8) . ' there');
    }
    my $data = substr $self->{buf}, 8, $len;
    my $fill = substr $self->{buf}, 8 + $len, $pad;
    substr $self->{buf}, 0, 8 + $len + $pad, '';
    push @{ $req->{records} }, [ $type, $id, $len, $pad ];
    $self->fault("reserved byte of a header is $rsv, not 0") if $rsv;
    $self->fault('padding is not zeroes: it leaks memory') if $fill =~ /[^\0]/;
    $self->fault("record of type $type has id 0") if !$id && $type < 9;
    $self->fault("request id changes from $req->{id} to $id")
      if defined $req->{id} && $req->{id} != $id;
    return { type => $type, id => $id, data => $data };
}

# BEGIN_REQUEST and PARAMS. False at the end of the connection.
sub read_params {
    my ($self) = @_;
    $self->{req} = { faults => [], records => [] };
    my $req = $self->{req};
    $self->{n}++;
    my $r = $self->read_record or return;
    $req->{id} = $r->{id};
    if ($r->{type} == FCGI_ABORT) {    # for a request that is over: legal
        $self->report('abort');
        return $self->read_params;
    }
    return $self->fault("first record has type $r->{type}")
      if $r->{type} != FCGI_BEGIN;
    return $self->fault('BEGIN_REQUEST is not 8 bytes long')
      if length $r->{data} != 8;
    my ($role, $flags, $rsv) = unpack 'nCa5', $r->{data};
    $self->fault("role $role")
      if $role != ($self->{responder}{role} // 1);
    $self->fault("flags $flags")          if $flags & ~1;
    $self->fault('reserved bytes of BEGIN_REQUEST') if $rsv =~ /[^\0]/;
    $req->{keep} = $flags & 1;
    my $stream = '';
    while (1) {
        $r = $self->read_record
          or return $self->fault('no end of PARAMS');
        return $self->fault("type $r->{type} among PARAMS")
          if $r->{type} != FCGI_PARAMS;
        last if !length $r->{data};
        $stream .= $r->{data};
    }
    my $pairs = eval { parse_pairs($stream) };
    return $self->fault("PARAMS: $@") if !$pairs;
    for my $p (@$pairs) {
        $self->fault("parameter $p->[0] twice") if exists $req->{params}{ $p->[0] };
        $req->{params}{ $p->[0] } = $p->[1];
    }
    $req->{params_bytes} = length $stream;
    return 1;
}

# STDIN up to its empty record. False if the connection ends before.
sub read_stdin {
    my ($self) = @_;
    my $req = $self->{req};
    my $md5 = Digest::MD5->new;
    $req->{body} = '';
    $req->{stdin} = 0;
    while (my $r = $self->read_record) {
        if ($r->{type} == FCGI_ABORT) { $req->{aborted} = 1; return }
        if ($r->{type} != FCGI_STDIN) {
            return $self->fault("type $r->{type} among STDIN");
        }
        if (!length $r->{data}) {
            $req->{md5} = $md5->hexdigest;
            $req->{complete} = 1;
            my $cl = $req->{params}{CONTENT_LENGTH};
            $cl = 0 if !defined $cl || $cl eq '';
            $self->fault("CONTENT_LENGTH $cl, but $req->{stdin} bytes of STDIN")
              if $cl ne $req->{stdin};
            return 1;
        }
        $md5->add($r->{data});
        $req->{stdin} += length $r->{data};
        $req->{body} .= $r->{data};
    }
    $req->{aborted} = 1;
    return;
}

# Reads and drops until the host closes or `s` seconds are over.
sub wait_eof {
    my ($self, $s) = @_;
    my $end = time + ($s || 30);
    my $junk = 0;
    while ($self->{sock} && (my $left = $end - time) > 0) {
        my $in = '';
        vec($in, fileno $self->{sock}, 1) = 1;
        next unless select($in, undef, undef, $left) > 0;
        my $n = sysread $self->{sock}, my $buf, 65536;
        if ($n) { $junk += $n; next }
        next if !defined $n && $! == EINTR;
        $self->{eof} = defined $n ? 'eof' : "$!";
        $self->report('host_closed', how => $self->{eof}, junk => $junk);
        return 1;
    }
    return 0;
}

# --- writing ---------------------------------------------------------------

sub raw {
    my ($self, $bytes) = @_;
    my $at = 0;
    while ($self->{sock} && !$self->{werr} && $at < length $bytes) {
        my $n = syswrite $self->{sock}, $bytes, length($bytes) - $at, $at;
        if (!defined $n) {
            next if $! == EINTR;
            $self->{werr} = "$!";
            $self->report('write_failed', how => $self->{werr});
            return 0;
        }
        $at += $n;
        $self->{sent} += $n;
    }
    return !$self->{werr};
}

sub pause { select undef, undef, undef, $_[1]; return 1 }

sub drip {
    my ($self, $bytes, $by, $pause) = @_;
    my @cut = ref $by ? @$by : ();
    if (!ref $by) {
        for (my $i = $by ; $i < length $bytes ; $i += $by) { push @cut, $i }
    }
    my $from = 0;
    for my $to ((sort { $a <=> $b } @cut), length $bytes) {
        next if $to <= $from;
        $self->raw(substr $bytes, $from, $to - $from) or return 0;
        $from = $to;
        $self->pause(defined $pause ? $pause : 0.001) if $from < length $bytes;
    }
    return 1;
}

sub id { return $_[0]{req}{id} || 1 }

sub stream {
    my ($self, $type, $bytes, %o) = @_;
    my $max = $o{max} || 32768;
    my $out = '';
    for (my $i = 0 ; $i < length $bytes ; $i += $max) {
        $out .= rec($type, $self->id, substr($bytes, $i, $max), %o);
    }
    return $self->raw($out);
}

sub stdout { my $self = shift; return $self->stream(FCGI_STDOUT, @_) }
sub stderr { my $self = shift; return $self->stream(FCGI_STDERR, @_) }

sub end {
    my ($self, $app, $proto, %o) = @_;
    return $self->raw(rec_end($self->id, $app, $proto, %o));
}

sub reply {
    my ($self, $bytes, %o) = @_;
    return $self->stdout($bytes, %o) && $self->end(0, 0, %o);
}

# `total` bytes of body in records of 32 KB, from a pattern that the client
# can check: byte i is i % 251.
sub flood {
    my ($self, $total) = @_;
    my $unit = join '', map { chr } 0 .. 250;
    my $block = $unit x 261;    # 65511 bytes, a multiple of the pattern
    my $sent = 0;
    while ($sent < $total) {
        my $n = $total - $sent;
        $n = 65511 if $n > 65511;
        $self->raw(rec(FCGI_STDOUT, $self->id, substr($block, 0, $n), pad => 1))
          or return 0;
        $sent += $n;
    }
    return 1;
}

sub close {
    my ($self) = @_;
    CORE::close $self->{sock} if $self->{sock};
    $self->{sock} = undef;
}

# RST on TCP; on a Unix socket, a close with unread bytes does the same.
sub rst {
    my ($self) = @_;
    setsockopt $self->{sock}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    $self->close;
}

1;
