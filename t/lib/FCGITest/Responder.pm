# SPDX-License-Identifier: Apache-2.0
#
# The scripted FastCGI application. The test process owns the listening
# socket, so that nothing races; an acceptor process takes connections, and
# each connection gets a process of its own.
#
#   my $r = responder(
#       listen => 'tcp',              # tcp, tcp6 or unix
#       cases  => {
#           hello => page("hi\n"),                      # STDOUT, END_REQUEST
#           slow  => sub { my ($c, $req) = @_; ... },   # a Conn, the request
#           early => { early => 1, run => sub { ... } } # runs after PARAMS
#       },
#       default => sub { ... },       # where no case has the script's name
#       on_accept => sub { my ($c) = @_; ... },         # instead of any case
#       backlog => n, rcvbuf => n, name => 'php', idle => 1, quiet => 1,
#       role => 2,       # of an Authorizer
#       prefork => n);    # that many processes, one request per connection:
#                         # fast, for loads
#   $r->stop;  $r->start(on_accept => ...);   # same address, other behaviour
#   $r->refuse                # no listener: connections are refused
#   $r->requests              # what was received, as a list of hashes
#   $r->wait_requests($n), $r->events('host_closed'), $r->wait_event(...)
#
# Built-in cases: echo (the body), env (the parameters as JSON), md5 (length
# and md5 of the body).
package FCGITest::Responder;
use strict;
use warnings;
use Errno qw(EINTR);
use JSON::PP ();
use POSIX qw(:sys_wait_h);
use Socket qw(:DEFAULT inet_pton inet_ntop pack_sockaddr_in6
  unpack_sockaddr_in6 SO_REUSEADDR SO_RCVBUF);
use Time::HiRes qw(time sleep);
use FCGISyscall;
use FCGITest::Conn;
use FCGITest::Record;

my $JSON = JSON::PP->new->ascii->canonical;
my $N    = 0;

my %BUILTIN = (
    hello => "Content-Type: text/plain\r\n\r\nhello\n",
    echo  => sub {
        my ($c, $req) = @_;
        my $t = $req->{params}{CONTENT_TYPE};
        $t = 'application/octet-stream' if !defined $t || $t eq '';
        $c->reply("Content-Type: $t\r\n\r\n$req->{body}");
    },
    env => sub {
        my ($c, $req) = @_;
        $c->reply("Content-Type: application/json\r\n\r\n"
              . $JSON->encode($req->{params}));
    },
    md5 => sub {
        my ($c, $req) = @_;
        $c->reply("Content-Type: text/plain\r\n\r\n$req->{stdin} $req->{md5}\n");
    },
);

sub new {
    my ($class, %o) = @_;
    my $self = bless {
        listen => 'tcp', name => 'php', life => 60, %o, owner => $$,
    }, $class;
    $self->{name} .= $N if $N++ && !$o{name};
    $self->{cases} = { %BUILTIN, %{ $o{cases} || {} } };
    $self->{dir} = FCGITest::temp_dir();
    $self->{report_file} = "$self->{dir}/report";
    $self->{reports} = [];
    open my $fh, '>', $self->{report_file} or die $!;
    open $self->{report_in}, '<', $self->{report_file} or die $!;
    $self->listen_again;
    return $self;
}

sub case_names { return keys %{ $_[0]{cases} } }

# --- the listener ----------------------------------------------------------

sub listen_again {
    my ($self) = @_;
    my $kind = $self->{listen};
    my $l;
    if ($kind eq 'unix') {
        $self->{path} ||= "$self->{dir}/app.sock";
        unlink $self->{path};
        socket $l, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!";
        bind $l, pack_sockaddr_un($self->{path}) or die "bind $self->{path}: $!";
        chmod 0666, $self->{path};
    }
    else {
        my $v6 = $kind eq 'tcp6';
        my $ip = $v6 ? '::1' : '127.0.0.1';
        socket $l, $v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0 or die "socket: $!";
        setsockopt $l, SOL_SOCKET, SO_REUSEADDR, 1;
        $self->{port} ||= FCGITest::Host::free_port();
        my $addr = inet_pton($v6 ? AF_INET6 : AF_INET, $ip);
        bind $l, $v6 ? pack_sockaddr_in6($self->{port}, $addr)
          : pack_sockaddr_in($self->{port}, $addr)
          or die "bind $ip:$self->{port}: $!";
        $self->{hostport} = $v6 ? "[::1]:$self->{port}" : "$ip:$self->{port}";
    }
    setsockopt $l, SOL_SOCKET, SO_RCVBUF, $self->{rcvbuf} if $self->{rcvbuf};
    listen $l, $self->{backlog} || 256 or die "listen: $!";
    $self->{listener} = $l;
    return $self;
}

# The line of fastcgi.conf, and the address as nginx writes it.
sub conf_line {
    my ($self) = @_;
    return $self->{path} ? "ServerPath $self->{path}" : "ServerAddr $self->{hostport}";
}

sub nginx_addr {
    my ($self) = @_;
    return $self->{path} ? "unix:$self->{path}" : $self->{hostport};
}

# --- processes -------------------------------------------------------------

sub start {
    my ($self, %more) = @_;
    $self->stop;
    $self->{on_accept} = undef;
    $self->{$_} = $more{$_} for keys %more;
    $self->listen_again if !$self->{listener};
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if (!$pid) {
        setpgrp 0, 0;
        FCGISyscall::die_with_parent();
        alarm 0;
        $SIG{$_} = 'DEFAULT' for qw(ALRM INT TERM HUP);
        for (2 .. $self->{prefork} || 1) {
            my $more = fork;
            if (defined $more && !$more) { FCGISyscall::die_with_parent(); last }
        }
        eval { $self->accept_loop };
        print STDERR "# responder $self->{name}: $@" if $@;
        POSIX::_exit(0);
    }
    $self->{pid} = $pid;
    return $self;
}

sub accept_loop {
    my ($self) = @_;
    $SIG{CHLD} = 'IGNORE';
    my $n = 0;
    while (1) {
        my $sock;
        if (!accept $sock, $self->{listener}) {
            next if $! == EINTR;
            die "accept: $!\n";
        }
        $n++;
        if ($self->{prefork}) {    # fast: one after another, in this process
            my $c = FCGITest::Conn->new(sock => $sock, responder => $self, conn => "$$.$n");
            eval { $self->serve($c); 1 } or print STDERR "# case died: $@";
            CORE::close $c->{sock} if $c->{sock};
            next;
        }
        my $pid = fork;
        next if $pid;
        if (!defined $pid) { print STDERR "# fork: $!\n"; next }
        FCGISyscall::die_with_parent();
        alarm $self->{life} * FCGITest::slow();    # nothing lives for ever
        CORE::close $self->{listener};
        my $c = FCGITest::Conn->new(sock => $sock, responder => $self, conn => "$$.$n");
        eval { $self->serve($c); 1 } or print STDERR "# case died: $@";
        CORE::close $c->{sock} if $c->{sock};
        POSIX::_exit(0);
    }
}

# The life of one connection, in a process of its own.
sub serve {
    my ($self, $c) = @_;
    $c->report('accept') unless $self->{quiet};
    return $self->{on_accept}->($c) if $self->{on_accept};
    while ($c->{sock} && $c->read_params) {
        my $req  = $c->{req};
        my $name = $req->{params}{SCRIPT_NAME};
        $name = '' if !defined $name;
        $name =~ s{.*/}{};
        $name =~ s{\.\w+\z}{};
        my $case = $self->{cases}{$name} // $self->{default};
        my $early = ref $case eq 'HASH' && $case->{early};
        my $run = ref $case eq 'HASH' ? $case->{run} : $case;
        $c->read_stdin unless $early;
        $self->tell_request($c, $name);
        last if $req->{aborted} && !$early;
        if (!defined $run) { $c->reply("Status: 404 No Such Case\r\n\r\nno case $name\n") }
        elsif (ref $run) { $run->($c, $req) }
        else             { $c->reply($run) }
        $c->report('done', sent => $c->{sent}) unless $self->{quiet};
        last if !$req->{keep} || $c->{werr} || $self->{prefork};
    }
    my $req = $c->{req} || {};
    $self->tell_request($c, 'none')
      if !$req->{told} && @{ $req->{faults} || [] };
    $c->report('end', how => $c->{eof}) unless $self->{quiet};
}

sub tell_request {
    my ($self, $c, $name) = @_;
    my $req = $c->{req};
    $req->{told} = 1;
    return if $self->{quiet} && !@{ $req->{faults} };
    my %r = %$req;
    delete $r{told};
    delete $r{body} if defined $r{body} && length $r{body} > 70_000;
    $c->report('request', case => $name, %r);
}

# One line, in one write, to a file opened for appending: lines do not mix.
sub report {
    my ($self, $what) = @_;
    open my $fh, '>>', $self->{report_file} or return;
    syswrite $fh, $JSON->encode({ %$what, at => time }) . "\n";
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return $self;
    kill KILL => -$pid;    # the group that start() made for it
    kill KILL => $pid;
    waitpid $pid, 0;
    return $self;
}

# No listener, no process: a connection is refused.
sub refuse {
    my ($self) = @_;
    $self->stop;
    CORE::close delete $self->{listener} if $self->{listener};
    unlink $self->{path} if $self->{path};
    return $self;
}

sub kill_now {
    my ($self) = @_;
    $self->refuse if $$ == $self->{owner};
}

# --- what was seen ---------------------------------------------------------

sub read_reports {
    my ($self) = @_;
    my $fh = $self->{report_in};
    seek $fh, 0, 1;        # clears the end-of-file state
    while (defined(my $line = <$fh>)) {
        $line = delete($self->{partial}) . $line if defined $self->{partial};
        if ($line !~ /\n\z/) { $self->{partial} = $line; last }
        push @{ $self->{reports} }, $JSON->decode($line);
    }
    return @{ $self->{reports} };
}

sub events {
    my ($self, $kind) = @_;
    return grep { !$kind || $_->{event} eq $kind } $self->read_reports;
}

sub requests { my ($self) = @_; return $self->events('request') }

sub last_request { return ($_[0]->requests)[-1] }

# Forgets what was reported so far (faults are remembered for wire_ok).
sub forget {
    my ($self) = @_;
    push @{ $self->{faults} }, map { @{ $_->{faults} || [] } } $self->read_reports;
    $self->{reports} = [];
    return $self;
}

sub wait_requests {
    my ($self, $n, $bound) = @_;
    return FCGITest::wait_for(sub { $self->requests >= $n }, $bound);
}

# The first event of a kind (from a list position on), or undef.
sub wait_event {
    my ($self, $kind, $bound, $n) = @_;
    $n ||= 1;
    my @e;
    FCGITest::wait_for(sub { @e = $self->events($kind); @e >= $n }, $bound);
    return $e[ $n - 1 ];
}

# One test: whatever the host sent was FastCGI.
sub wire_ok {
    my ($self) = @_;
    $self->stop;
    $self->forget;
    my @f = @{ $self->{faults} || [] };
    for my $expected (@{ $self->{expect_faults} || [] }) {    # a text or a pattern
        @f = grep { ref $expected ? !/$expected/ : $_ ne $expected } @f;
    }
    @f = grep { !/ twice\z/ } @f if FCGITest::host_kind() eq 'nginx';
    Test::More::ok(!@f, "nothing wrong on the wire to responder $self->{name}");
    my %seen;
    Test::More::diag("  $_") for grep { !$seen{$_}++ } @f;
}

1;
