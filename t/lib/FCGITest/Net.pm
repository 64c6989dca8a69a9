# SPDX-License-Identifier: Apache-2.0
#
# Machines for a test: network namespaces on a bridge, with a real name server.
# For root; nothing of it is seen outside.
#
#   BEGIN: my $why = FCGITest::Net::enter();  # runs the script again, inside;
#                                             # why it cannot, else undef
#   my $m = FCGITest::Net->machine(1);        # 10.77.0.11, php-fpm on port 9000
#   $m->{address}; $m->{php}
#   $m->kill; $m->start;                      # its php-fpm, KILLed at once
#   $m->freeze; $m->thaw;                     # packets are dropped, both ways
#   FCGITest::Net::names('php.internal' => [$m, ...]);    # TTL 1 s
#   FCGITest::Net::services('_php._tcp.internal' => [[$m, PRIORITY, WEIGHT], ...]);
package FCGITest::Net;
use strict;
use warnings;
use FCGITest::Daemon;

our $GATE = '10.77.0.1';    # the test's own address, and the name server's
my $PORT = 9000;
my (%names, %services, $dns, %machines);

sub program { my ($name) = @_; return (grep { -x } map { "$_/$name" } qw(/usr/sbin /usr/bin /sbin /bin))[0] }

sub run { my @cmd = @_; return system(@cmd) == 0 || die "@cmd: $?\n" }

sub enter {
    return if $ENV{FCGI_NET};
    return 'needs root' if $> != 0;
    for my $need (qw(unshare nsenter ip nft dnsmasq)) {
        return "$need is not installed" if !program($need);
    }
    return 'php-fpm is not installed' if !FCGITest::Daemon::php_program();
    my $try = 'ip link add br0 type bridge && ip link add a0 type veth peer name a1 && nft add table inet f';
    return 'no network namespaces, bridges or nftables here' if system("unshare -n -m sh -c '$try' >/dev/null 2>&1");
    $ENV{FCGI_NET} = 1;
    exec 'unshare', '-n', '-m', $^X, $0, @ARGV or die "unshare: $!\n";
}

sub set_up {
    my $d = FCGITest::temp_dir();
    FCGITest::Tree::write_file("$d/resolv.conf", "nameserver $GATE\n");
    run(qw(mount --make-rprivate /));
    run(qw(mount --bind), "$d/resolv.conf", '/etc/resolv.conf');
    run(qw(ip link set lo up));
    run(qw(ip link add br0 type bridge));
    run(qw(ip addr add), "$GATE/24", qw(dev br0));
    run(qw(ip link set br0 up));
    $dns = bless { dir => $d, owner => $$ }, __PACKAGE__;
    push @FCGITest::DAEMONS, $dns;
    start_dns();
}

sub start_dns {
    $dns->kill_now;
    my $d = $dns->{dir};
    $dns->{pid} = spawn(program('dnsmasq'), qw(-k -C /dev/null --no-resolv --no-hosts --user=root --local-ttl=1),
        '--local=/internal/', "--listen-address=$GATE", '--bind-interfaces', "--pid-file=$d/pid", "--addn-hosts=$d/names",
        map { my $service = $_; map { "--srv-host=$service,$_->[0]{name},$PORT,$_->[1],$_->[2]" } @{ $services{$service} } }
          sort keys %services);
    my $at = sprintf '%08X:0035', unpack 'V', pack 'C4', split /\./, $GATE;
    FCGITest::wait_for(sub {
        open my $fh, '<', '/proc/net/udp' or die $!;
        return grep { /\b$at\b/ } <$fh>;
    }) or die "dnsmasq does not start\n";
}

sub spawn {
    my @cmd = @_;
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    alarm 0;
    $SIG{$_} = 'DEFAULT' for qw(PIPE ALRM INT TERM HUP CHLD);
    FCGISyscall::die_with_parent();
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    exec { $cmd[0] } @cmd or POSIX::_exit(127);
}

sub write_names {
    my $text = join '', map { my $n = $_; map { "$_->{address} $n\n" } @{ $names{$n} } } sort keys %names;
    $text .= "$_->{address} $_->{name}\n" for values %machines;
    FCGITest::Tree::write_file("$dns->{dir}/names", $text);
}

sub names {
    %names = (%names, @_);
    set_up() if !$dns;
    write_names();
    CORE::kill(HUP => $dns->{pid});
}

sub services {
    %services = (%services, @_);
    set_up() if !$dns;
    write_names();
    start_dns();
}

sub machine {
    my ($class, $n) = @_;
    set_up() if !$dns;
    my $self = bless { n => $n, name => "m$n.internal", address => '10.77.0.' . (10 + $n), owner => $$ }, $class;
    $self->{pid} = spawn(program('unshare'), '-n', 'sleep', 100_000);
    push @FCGITest::DAEMONS, $self;
    my $own = readlink '/proc/self/ns/net';
    FCGITest::wait_for(sub { (readlink("/proc/$self->{pid}/ns/net") // $own) ne $own }) or die "no namespace\n";
    run(qw(ip link add), "h$n", qw(type veth peer name eth0 netns), $self->{pid});
    run(qw(ip link set), "h$n", qw(master br0 up));
    $self->inside("ip link set lo up; ip addr add $self->{address}/24 dev eth0; ip link set eth0 up");
    $machines{$n} = $self;
    return $self->start;
}

sub into { return (program('nsenter'), '-t', $_[0]{pid}, '-n') }

sub inside { my ($self, $cmd) = @_; return run($self->into, 'sh', '-c', $cmd) }

sub start {
    my ($self) = @_;
    $self->{php} = FCGITest::Daemon->php(listen => 'tcp', address => $self->{address}, port => $PORT,
        children => 8, wrap => [ $self->into ]);
    return $self;
}

sub kill { return $_[0]{php}->kill_now }

sub freeze {
    $_[0]->inside('nft "add table inet f; add chain inet f i { type filter hook input priority 0; policy drop; };'
          . ' add chain inet f o { type filter hook output priority 0; policy drop; }"');
}

sub thaw { $_[0]->inside('nft delete table inet f') }

sub kill_now {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    return if $$ != $self->{owner};
    CORE::kill(KILL => $pid);
    waitpid $pid, 0;
}

1;
