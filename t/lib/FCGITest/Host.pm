# SPDX-License-Identifier: Apache-2.0
#
# The HTTP server under test: configuration tree, start, stop, log.
#
#   my $h = host(responder => $r,            # or a list of them
#       conf   => { ReadTimeout => '500ms' },    # added to every server
#       fastcgi_conf => $text,               # instead of a generated one
#       monkey => { KeepAlive => 'Off' },    # keys of monkey.conf
#       match  => ['/.*\.php fastcgi'],
#       files  => { 'a/b.txt' => 'text' },   # below the document root
#       root_as => "$dir/link",              # by another name in the site
#       pages  => { 404 => 'gone.html' },    # [ERROR_PAGES]
#       listen => ['[::1]'], access_log => 1, idle => 1,
#       workers => 4,                        # worker threads
#       wrap => ['nice'],                    # words put before the command
#       servers => { NAME => { Weight => 2 } },    # keys of one server
#       sites => { FILE => { names => 'b.test', root => $dir, match => [...],
#                            redirect => $url } },    # more of them
#       auth   => { '/folder' => "USER:{SHA}...\n" },    # real Monkeys alone;
#                                            # undef: no file of users
#       rules => ['URL secret'],             # of mandril; real Monkeys alone
#       tls => 1,                            # real Monkeys that have it
#       kind => 'nginx',                     # instead of that of FCGI_HOST
#       nginx_places => $text);              # locations of nginx
#   $h->{port}, {addr}, {docroot}, {dir}, {pid}
#   $h->url('/x.php')                        # http:// or https://
#   $h->mark, $h->log($mark), $h->errors($mark), $h->wait_log(qr/../, $mark)
#   $h->access_lines($n)                     # undef: no access log here
#   $h->fds, $h->rss_kb, $h->alive
#   $h->stop_ok                              # the checks of finish()
#   ($status, $output) = FCGITest::Host->new(...)->start_fails
package FCGITest::Host;
use strict;
use warnings;
use File::Basename qw(dirname);
use FCGITest::Tree;
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX qw(:sys_wait_h);
use Socket qw(:DEFAULT);
use Time::HiRes qw(time sleep);

my @LOCKS;

# A loopback port that no other test takes while this process lives: the name
# of an abstract Unix socket is the lock. Below the range of outgoing ports.
sub free_port {
    for (1 .. 500) {
        my $p = 20000 + int rand 12000;
        my $lock = IO::Socket::UNIX->new(Local => "\0fcgitest-port-$p",
            Listen => 1) or next;
        socket my $s, AF_INET, SOCK_STREAM, 0 or die "socket: $!";
        setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
        bind $s, sockaddr_in($p, INADDR_ANY) or next;
        close $s;
        push @LOCKS, $lock;
        return $p;
    }
    die "no free port\n";
}

sub new {
    my ($class, %o) = @_;
    my $self = bless { kind => FCGITest::host_kind(), addr => '127.0.0.1', %o,
        owner => $$ }, $class;
    $self->{plugin} ||= plugin_of($ENV{FCGI_PLUGIN}, FCGITest::abi());
    $self->{serve} ||= $ENV{FCGI_SERVE};
    if (!$self->is('nginx')) {
        my %need = (FCGI_PLUGIN => $self->{plugin},
            $self->is('monkey') ? (MONKEY => $ENV{MONKEY}) : (FCGI_SERVE => $self->{serve}));
        for my $k (sort keys %need) {
            FCGITest::left_out($k) if FCGIParts::left_out($k =~ s/^FCGI_//r);
            die "$k is not set\n"       if !$need{$k};
            die "no such file: $need{$k}\n" if !-e $need{$k};
        }
    }
    $self->{port} = free_port();
    $self->{dir} = FCGITest::temp_dir();
    $self->{docroot} = "$self->{dir}/www";
    $self->{out} = "$self->{dir}/host.out";
    my $r = $self->{responder};
    $self->{responders} = ref $r eq 'ARRAY' ? $r : $r ? [$r] : [];
    FCGITest::Tree::write_tree($self);
    return $self;
}

# The name by which a Monkey of this ABI finds its symbol in the plugin.
sub plugin_of {
    my ($file, $abi) = @_;
    $file =~ s/\.so\z/18.so/ if defined $file && $abi eq '1.8';
    return $file;
}

sub is { return $_[0]{kind} eq $_[1] }

sub url { return ($_[0]{tls} ? 'https' : 'http') . "://$_[0]{addr}:$_[0]{port}$_[1]" }

# How the MONKEY at hand does TLS: the word behind the address of a Listen, and
# the plugin to load, if any. Empty where it does not.
sub tls_of {
    my $monkey = FCGITest::host_kind() eq 'monkey' && $ENV{MONKEY} or return;
    my $plugin = dirname($monkey) . '/monkey-tls.so';
    return (ssl => $plugin) if -e $plugin;
    return !system("grep -q tls_init '$monkey' && grep -q tls.conf '$monkey'") ? ('tls') : ();
}

sub add_file {
    my ($self, $name, $text) = @_;
    write_file("$self->{docroot}/$name", $text);
}

# --- processes -------------------------------------------------------------

sub command {
    my ($self) = @_;
    my @c = (split(' ', $ENV{FCGI_WRAP} || ''), @{ $self->{wrap} || [] });
    my $w = $self->{workers} || $ENV{FCGI_WORKERS} || 1;
    my $conf = "$self->{dir}/conf";
    if ($self->is('nginx')) { push @c, '/usr/sbin/nginx', '-p', $self->{dir}, '-c', "$self->{dir}/nginx.conf" }
    elsif ($self->is('monkey')) { push @c, $ENV{MONKEY}, '-c', $conf }
    else {
        push @c, $self->{serve}, '--monkey=' . FCGITest::abi(), '-c', $conf, '-w', $w;
        # With an access log it has a stage 40, as Monkey's logger has.
        push @c, '-A', "$self->{dir}/log/access.log"
          if $self->{access_log} || FCGITest::lane() eq 'core';
        push @c, '-p', $self->{port} if !$self->{listen};
    }
    push @c, split ' ', $ENV{FCGI_SERVE_ARGS} || '';
    return @c;
}

sub spawn {
    my ($self) = @_;
    my @cmd = $self->command;
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if (!$pid) {
        alarm 0;
        $SIG{$_} = 'DEFAULT' for qw(PIPE ALRM INT TERM HUP CHLD);
        FCGISyscall::die_with_parent();
        chdir $self->{dir};
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>>', $self->{out};
        open STDERR, '>&', \*STDOUT;
        $ENV{UBSAN_OPTIONS} ||= 'print_stacktrace=1';
        exec { $cmd[0] } @cmd or do {
            syswrite STDERR, "exec $cmd[0]: $!\n";
            POSIX::_exit(127);
        };
    }
    $self->{pid} = $pid;
    delete $self->{status};
}

sub start {
    my ($self) = @_;
    return $self if $self->{idle};
    $self->spawn;
    my $end = time + FCGITest::slow(15);
    while (time < $end) {
        die "the host ended with status $self->{status}:\n" . $self->log
          if !$self->alive;
        my $r = eval {
            local $SIG{__DIE__};
            $self->{tls}
              ? { status => `curl -k -s -m 5 -o /dev/null -w '%{http_code}' @{[$self->url('/up.txt')]}` }
              : FCGITest::get($self, '/up.txt', timeout => 5);
        };
        return $self if $r && ($r->{status} || 0) == 200;
        sleep 0.02;
    }
    die "the host does not answer:\n" . $self->log;
}

# For a configuration that must stop it from starting: (wait status, output).
# The status is undef if it is still running after a while.
sub start_fails {
    my ($self) = @_;
    $self->spawn;
    push @FCGITest::DAEMONS, $self;
    FCGITest::wait_for(sub { !$self->alive }, 10);
    my $s = $self->{status};
    $self->kill_now;
    return ($s, $self->log);
}

sub alive {
    my ($self) = @_;
    return 0 if !$self->{pid};
    my $got = waitpid $self->{pid}, WNOHANG;
    return 1 if $got == 0;
    $self->{status} = $got == $self->{pid} ? $? : -1;
    delete $self->{pid};
    return 0;
}

sub stop_ok {
    my ($self) = @_;
    return if $self->{idle} || $self->{stopped}++;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @bad;
    if (!$self->alive) {
        push @bad, 'it had ended by itself, with ' . show_status($self->{status});
    }
    else {
        $self->{end_mark} = $self->mark;
        kill $self->is('serve') ? 'INT' : 'TERM', $self->{pid};
        FCGITest::wait_for(sub { !$self->alive }, 15)
          or push @bad, 'it does not stop';
        $self->kill_now;
        push @bad, 'it stopped with ' . show_status($self->{status})
          if defined $self->{status} && $self->{status}
          && !$self->own_crash;
    }
    push @bad, $self->complaints;
    Test::More::ok(!@bad, 'the host ran and ended well');
    Test::More::diag("  $_") for @bad;
    Test::More::diag("--- output of host\n" . $self->log) if @bad;
}

# Monkey 1.6's own defects, seen without our plugin too: the logger's thread
# runs on in code that was unloaded; the auth plugin's end, with jemalloc.
# Nothing but that, and only at the end.
sub own_crash {
    my ($self) = @_;
    return $self->is('monkey') && ($self->{has_access} || $self->{auth}) && defined $self->{end_mark}
      && ($self->{status} & 127) == 6
      && $self->log($self->{end_mark}) =~ /Segmentation fault/;
}

sub show_status {
    my ($s) = @_;
    return 'an unknown status' if !defined $s;
    return $s & 127 ? 'signal ' . ($s & 127) : 'status ' . ($s >> 8);
}

# What sanitizers, valgrind, glibc and asserts print.
sub complaints {
    my ($self) = @_;
    my $text = $self->log;
    $text = substr $text, 0, length($text) - length $self->log($self->{end_mark})
      if defined $self->{status} && $self->own_crash;
    my @c = grep {
        /ERROR: (?:Address|Leak|Thread|Memory)Sanitizer|runtime error:/
          || /WARNING: ThreadSanitizer/
          || /==\d+== .*(?:Invalid (?:read|write|free)|Mismatched free)/
          || /==\d+== .*(?:uninitialised|definitely lost: [1-9])/
          || /Assertion .* failed|\[ *BUG|mk_bug|Segmentation|stack smashing/
          || /free\(\): |malloc\(\): |double free|corrupted/
    } split /\n/, $text;
    my %n;
    return grep { !$n{$_}++ } @c;
}

sub kill_now {
    my ($self) = @_;
    return if $$ != $self->{owner} || !$self->alive;
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{status} = $?;
    delete $self->{pid};
}

# --- what it prints --------------------------------------------------------

sub mark { return -s $_[0]{out} || 0 }

sub log {
    my ($self, $mark, %o) = @_;
    open my $fh, '<', $self->{out} or return '';
    seek $fh, $mark || 0, 0;
    local $/;
    my $t = <$fh>;
    $t = '' if !defined $t;
    $t =~ s/\e\[[0-9;]*m//g unless $o{raw};    # Monkey prints in colour
    return $t;
}

sub wait_log {
    my ($self, $re, $mark, $bound) = @_;
    return FCGITest::wait_for(sub { $self->log($mark) =~ $re }, $bound || 5);
}

# The plugin's error lines: { server, request, reason, line }.
sub errors {
    my ($self, $mark) = @_;
    return map {
        /\[\s*Error\s*\]\s+fastcgi: server "([^"]*)": (\S+ \S+): (.*)/i
          ? { server => $1, request => $2, reason => $3, line => $_ } : ()
    } split /\n/, $self->log($mark);
}

# Waits for n error lines about a request, e.g. 'GET /x.php', the
# application's own STDERR aside.
sub wait_errors {
    my ($self, $request, $mark, $n) = @_;
    my @e;
    FCGITest::wait_for(sub {
        @e = grep { $_->{request} eq $request && $_->{reason} !~ /\Astderr: / }
          $self->errors($mark);
        @e >= ($n || 1);
    }, $self->is('nginx') ? 0.05 : 5);
    return @e;
}

# The lines of the access log (Monkey writes status >= 400 to the error log):
# waits until n are there. undef where there is no access log.
sub access_lines {
    my ($self, $n) = @_;
    return if !$self->{has_access};
    my @l;
    FCGITest::wait_for(sub {
        @l = ();
        for my $f (map { "$self->{dir}/log/$_.log" } qw(access error)) {
            open my $fh, '<', $f or next;
            push @l, grep { !m{/up\.txt} } <$fh>;
        }
        @l >= $n;
    }, 10);
    chomp @l;
    return \@l;
}

# --- facts about the process -----------------------------------------------

sub fds {
    my ($self) = @_;
    opendir my $d, "/proc/$self->{pid}/fd" or return;
    my @n = grep { /\A\d+\z/ } readdir $d;
    return scalar @n;
}

sub rss_kb {
    my ($self) = @_;
    open my $fh, '<', "/proc/$self->{pid}/status" or return;
    while (<$fh>) { return $1 if /\AVmRSS:\s+(\d+)/ }
    return;
}

# Waits until the number of descriptors is back at `n`; returns the number.
sub settled_fds {
    my ($self, $n) = @_;
    FCGITest::wait_for(sub { $self->fds <= $n }, 8);
    return $self->fds;
}

# The number of descriptors besides the connections to applications, by =status at
# /status; undef while a request is under way, or a slot is lost.
sub fds_at_rest {
    my ($self) = @_;
    my $res = eval { FCGITest::get($self, '/status?json', timeout => 5) } // return;
    my $json = ($res->{status} // 0) == 200 ? eval { JSON::PP::decode_json($res->{body}) } : undef;
    return if !$json;
    my $open = 0;
    for my $s (@{ $json->{servers} }) {
        return if $s->{open} != $s->{idle} || $s->{busy};
        $open += $s->{open};
    }
    return $self->fds - $open;
}

1;
