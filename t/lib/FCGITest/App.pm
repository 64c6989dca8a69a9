# SPDX-License-Identifier: Apache-2.0
#
# The application in C that counts (t/apps/app.c), and load against a host.
#
#   my $app = FCGITest::App->new(listen => 'unix', children => 2, rounds => 50);
#     (list => FILE: the query of each request that was executed is written there)
#   FCGITest::App->new(listen => 'tcp', address => '127.0.0.2', port => 9000)
#   $app->stats                          { open, most, requests, connections }
#   $app->stop; $app->start              at the same address
#
#   my $l = ab($host, '/x.php', n => 2000, c => 200);
#     (post => 'text': POSTs)
#     { done, failed, other (answers that are not 2xx), longest (ms), rate }
package FCGITest::App;
use strict;
use warnings;
use parent -norequire, 'FCGITest::Daemon';
use Exporter 'import';
use FCGITest::Daemon;
use FCGITest::Record;
use IO::Socket::INET;
use IO::Socket::UNIX;

our @EXPORT = qw(ab ab_start ab_end);

sub new {
    my ($class, %o) = @_;
    my $self = FCGITest::Daemon::new($class, name => 'app', children => 0, %o);
    return $self->start;
}

sub start {
    my ($self) = @_;
    die "FCGI_APP is not set\n" if !$ENV{FCGI_APP};
    $self->spawn($ENV{FCGI_APP},
        $self->{children} ? (-n => $self->{children}) : (),
        $self->{rounds} ? (-r => $self->{rounds}) : (),
        $self->{list} ? (-l => $self->{list}) : (),
        $self->{path} ? (-u => $self->{path}) : (-a => $self->{address}, -p => $self->{port}));
    return $self->wait_up;
}

sub stop { $_[0]->kill_now; return $_[0] }

# A connection of its own: what the host does is not in the way.
sub stats {
    my ($self) = @_;
    my $s = $self->{path} ? IO::Socket::UNIX->new(Peer => $self->{path})
      : IO::Socket::INET->new(PeerAddr => $self->{hostport});
    return {} if !$s;
    my $params = "\x0c\x05QUERY_STRINGstats";
    syswrite $s, rec(1, 1, pack 'nCx5', 1, 0) . rec(4, 1, $params) . rec(4, 1, '') . rec(5, 1, '');
    local $/;
    my $answer = <$s> // '';
    return { $answer =~ /(\w+)=(\d+)/g };
}

# --- load ------------------------------------------------------------------

sub ab_program { return (grep { -x } qw(/usr/bin/ab /usr/local/bin/ab))[0] }

sub ab_start {
    my ($host, $uri, %o) = @_;
    my @post;
    if (defined $o{post}) {
        @post = (-p => FCGITest::temp_dir() . '/post', -T => 'text/plain');
        FCGITest::Tree::write_file($post[1], $o{post});
    }
    my @cmd = (ab_program(), '-q', '-k', '-r', '-l', '-s', 60, '-n', $o{n}, '-c', $o{c}, @post,
        "http://$host->{addr}:$host->{port}$uri");
    my $pid = open my $fh, '-|', join(' ', map { quotemeta } @cmd) . ' 2>&1';
    return { fh => $fh, pid => $pid };
}

sub ab_end {
    my ($run) = @_;
    my $fh = $run->{fh};
    local $/;
    my $t = <$fh> // '';
    close $fh;
    my ($done)   = $t =~ /Complete requests:\s+(\d+)/;
    my ($failed) = $t =~ /Failed requests:\s+(\d+)/;
    my ($other)  = $t =~ /Non-2xx responses:\s+(\d+)/;
    my ($max)    = $t =~ /100%\s+(\d+)/;
    my ($rate)   = $t =~ /Requests per second:\s+([\d.]+)/;
    return { done => $done // 0, failed => $failed // -1, other => $other // 0,
        longest => $max // 1e9, rate => $rate // 0, text => $t };
}

sub ab { return ab_end(ab_start(@_)) }

1;
