# SPDX-License-Identifier: Apache-2.0
#
# A name server whose answers a test sets, and hosts that ask it alone: in a
# mount namespace, for root.
#
#   FCGITest::DNS::possible() or plan(skip_all => FCGITest::DNS::why());
#   my $dns = FCGITest::DNS->new;
#   $dns->set('app.test' => { ttl => 30, a => [...], aaaa => [...],
#                             srv => ['PRIORITY WEIGHT PORT TARGET', ...] });
#       # no records: NXDOMAIN; silent => 1: no answer; fail => 1: SERVFAIL
#   host(wrap => [ $dns->wrap ], ...);
#   $dns->asked('app.test')                # how often, for A and SRV together
package FCGITest::DNS;
use strict;
use warnings;
use JSON::PP ();
use POSIX ();
use Socket qw(:DEFAULT inet_pton);

my $why;

sub possible {
    $why = $> != 0 ? 'needs root' : system('unshare -m true 2>/dev/null') ? 'needs unshare' : undef;
    return !$why;
}

sub why { return $why }

my %TYPE = (a => 1, aaaa => 28, srv => 33);

sub new {
    my ($class) = @_;
    my $self = bless { dir => FCGITest::temp_dir(), names => {}, owner => $$ }, $class;
    my $d = $self->{dir};
    socket my $udp, AF_INET, SOCK_DGRAM, 0 or die $!;
    socket my $tcp, AF_INET, SOCK_STREAM, 0 or die $!;
    setsockopt $tcp, SOL_SOCKET, SO_REUSEADDR, 1;
    my ($address) = grep {
        my $at = sockaddr_in(53, inet_aton($_));
        bind($udp, $at) && bind($tcp, $at);
    } map { "127.0.53.$_" } map { 1 + ($$ + $_) % 250 } 0 .. 20;
    die "no address with port 53 is free\n" if !$address;
    listen $tcp, 8;
    FCGITest::Tree::write_file("$d/hosts", "127.0.0.1 localhost\n");
    FCGITest::Tree::write_file("$d/resolv.conf", "nameserver $address\n");
    FCGITest::Tree::write_file("$d/nsswitch.conf", "hosts: files dns\n");
    FCGITest::Tree::write_file("$d/in", <<'S');
for f in hosts resolv.conf nsswitch.conf; do
    mount --bind "$1/$f" "/etc/$f" || exit 1
done
shift
exec "$@"
S
    $self->set;
    my $pid = fork // die $!;
    if (!$pid) {
        alarm 0;
        $SIG{$_} = 'DEFAULT' for qw(PIPE ALRM INT TERM HUP CHLD);
        FCGISyscall::die_with_parent();
        $self->serve($udp, $tcp);
    }
    $self->{pid} = $pid;
    push @FCGITest::DAEMONS, $self;
    return $self;
}

sub wrap { return ('unshare', '-m', '/bin/sh', "$_[0]{dir}/in", $_[0]{dir}) }

sub set {
    my ($self, %names) = @_;
    %{ $self->{names} } = (%{ $self->{names} }, %names);
    FCGITest::Tree::write_file("$self->{dir}/names.new", JSON::PP::encode_json($self->{names}));
    rename "$self->{dir}/names.new", "$self->{dir}/names" or die $!;
}

sub asked {
    my ($self, $name) = @_;
    open my $fh, '<', "$self->{dir}/asked" or return 0;
    return scalar grep { /^\Q$name\E (?:1|33)$/ } <$fh>;
}

sub serve {
    my ($self, $udp, $tcp) = @_;
    local $SIG{CHLD} = 'IGNORE';
    while (1) {
        my $in = '';
        vec($in, fileno $_, 1) = 1 for $udp, $tcp;
        select $in, undef, undef, undef;
        if (vec $in, fileno $udp, 1) {
            my $from = recv $udp, my $query, 4096, 0;
            my $answer = $self->answer($query);
            next if !defined $answer;
            $answer = $self->answer($query, 1) if length $answer > 512;
            send $udp, $answer, 0, $from;
        } elsif (accept my $c, $tcp) {
            next if fork // die "fork: $!";
            my ($size, $query, $answer);
            syswrite $c, pack('n', length $answer) . $answer
              while read($c, $size, 2) && read($c, $query, unpack 'n', $size) && defined($answer = $self->answer($query));
            POSIX::_exit(0);
        }
    }
}

sub name { return join('', map { pack 'C/a', $_ } split /\./, $_[0]) . "\0" }

# What does not fit is cut, and asked for again over TCP.
sub answer {
    my ($self, $query, $cut) = @_;
    my ($id, $flags) = unpack 'nn', $query;
    my ($name, $at) = ('', 12);
    while (my $n = ord substr $query, $at, 1) {
        $name .= '.' . substr $query, $at + 1, $n;
        $at += $n + 1;
    }
    $name = lc substr $name, 1;
    my $type = unpack 'n', substr $query, $at + 1;
    my $question = substr $query, 12, $at + 5 - 12;
    open my $log, '>>', "$self->{dir}/asked";
    print $log "$name $type\n";
    close $log;
    open my $fh, '<', "$self->{dir}/names" or return;
    local $/;
    my $r = JSON::PP::decode_json(<$fh>)->{$name};
    return if $r && $r->{silent};
    my ($kind) = grep { $TYPE{$_} == $type } keys %TYPE;
    my @data = map {
            $kind eq 'a'    ? inet_aton($_)
          : $kind eq 'aaaa' ? inet_pton(AF_INET6, $_)
          : do { my @f = split; pack('nnn', @f[ 0 .. 2 ]) . name($f[3]) }
    } $r && $kind && $r->{$kind} ? @{ $r->{$kind} } : ();
    my $code = $r && $r->{fail} ? 2 : $r && grep({ $r->{$_} } keys %TYPE) ? 0 : 3;
    @data = () if $code || $cut;
    return pack('n6', $id, 0x8180 | ($cut ? 0x0200 : 0) | $code, 1, scalar @data, 0, 0) . $question
      . join '', map { "\xc0\x0c" . pack('nnNn/a*', $type, 1, $r->{ttl} // 30, $_) } @data;
}

sub kill_now {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    return if $$ != $self->{owner};
    kill KILL => $pid;
    waitpid $pid, 0;
}

1;
