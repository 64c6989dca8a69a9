# SPDX-License-Identifier: Apache-2.0
#
# Real FastCGI applications, started for one test. They look like a responder
# to FCGITest::Host: they have a name, conf_line and nginx_addr.
#
#   my $php = FCGITest::Daemon->php(listen => 'unix', children => 4);
#   my $php = FCGITest::Daemon->php(ini => 1,     # with the system's modules
#       pool => "chroot = /srv\n");               # more of the pool's keys
#   my $wrap = FCGITest::Daemon->fcgiwrap;
#   my $app = FCGITest::Daemon->app('program', 'argument');   # listens on its
#                                                    # standard input, as usual
#   my $app = FCGITest::Daemon->program('name', sub { ('/bin/app', $_[0]) });
#                               # any other; the code is given the socket
#   undef if the program is not installed
package FCGITest::Daemon;
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(time sleep);

sub new {
    my ($class, %o) = @_;
    my $self = bless { listen => 'unix', children => 4, %o, owner => $$ }, $class;
    $self->{dir} = FCGITest::temp_dir();
    chmod 0777, $self->{dir};
    if ($self->{listen} eq 'unix') { $self->{path} = "$self->{dir}/app.sock" }
    else {
        $self->{port} ||= FCGITest::Host::free_port();
        $self->{address} ||= '127.0.0.1';
        $self->{hostport} = "$self->{address}:$self->{port}";
    }
    return $self;
}

sub case_names { return () }

sub conf_line  { return FCGITest::Responder::conf_line($_[0]) }
sub nginx_addr { return FCGITest::Responder::nginx_addr($_[0]) }

sub php_program {
    my ($p) = sort { $b cmp $a } grep { -x } glob('/usr/sbin/php-fpm*');
    return $p;
}

sub php {
    my ($class, %o) = @_;
    my $prog = php_program() or return;
    my $self = $class->new(name => 'php', %o);
    my $root = $> == 0;
    my $d = $self->{dir};
    my $listen = $self->{path} || $self->{hostport};
    my $user = $root ? "user = www-data\ngroup = www-data\nlisten.owner = www-data\n"
      . "listen.group = www-data\nlisten.mode = 0666\n" : '';
    my $retire = $self->{max_requests} ? "pm.max_requests = $self->{max_requests}\n" : '';
    my $pages = $self->{pages} ? "ping.path = /ping\npm.status_path = /status\n" : '';
    my $limit = defined $self->{limit} ? "security.limit_extensions = $self->{limit}\n" : '';
    FCGITest::Host::write_file("$d/fpm.conf", <<"X");
[global]
error_log = $d/fpm.log
daemonize = no
pid = $d/fpm.pid
[www]
${user}${pages}${retire}${limit}listen = $listen
listen.backlog = 511
pm = static
pm.max_children = $self->{children}
catch_workers_output = yes
request_terminate_timeout = 30s
php_admin_flag[log_errors] = on
php_admin_value[error_log] =
php_admin_value[post_max_size] = 16M
php_admin_value[upload_max_filesize] = 16M
@{[ $self->{pool} // '' ]}
X
    # Without the system's php.ini, unless modules are wanted that it loads.
    $self->spawn(@{ $self->{wrap} || [] }, $prog, '-F', ($self->{ini} ? () : '-n'), '-y', "$d/fpm.conf");
    $self->wait_up;
    return $self;
}

sub fcgiwrap {
    my ($class, %o) = @_;
    my ($prog) = grep { -x } qw(/usr/sbin/fcgiwrap /usr/bin/fcgiwrap);
    return if !$prog;
    my $self = $class->new(name => 'wrap', %o);
    $self->spawn(@{ $o{as} || [] }, $prog, '-f', '-c', $self->{children}, '-s',
        $self->{path} ? "unix:$self->{path}" : "tcp:$self->{hostport}");
    $self->wait_up;
    return $self;
}

sub app {
    my ($class, @cmd) = @_;
    my $self = $class->new(name => 'app');
    $self->{stdin} = IO::Socket::UNIX->new(Local => $self->{path}, Listen => 64)
      or die "$self->{path}: $!";
    chmod 0666, $self->{path};
    $self->spawn(@cmd);
    return $self->wait_up;
}

sub program {
    my ($class, $name, $cmd, %o) = @_;
    my $self = $class->new(name => $name);
    if ($o{hostport}) { delete $self->{path}; $self->{hostport} = $o{hostport} }
    $self->spawn($cmd->($self->{path}));
    $self->wait_up;
    return $self;
}

sub spawn {
    my ($self, @cmd) = @_;
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if (!$pid) {
        alarm 0;
        $SIG{$_} = 'DEFAULT' for qw(PIPE ALRM INT TERM HUP CHLD);
        setpgrp 0, 0;
        FCGISyscall::die_with_parent();
        if ($self->{stdin}) { POSIX::dup2(fileno $self->{stdin}, 0) }
        else                { open STDIN, '<', '/dev/null' }
        open STDOUT, '>>', "$self->{dir}/out";
        open STDERR, '>&', \*STDOUT;
        exec { $cmd[0] } @cmd or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    push @FCGITest::DAEMONS, $self;
}

sub wait_up {
    my ($self) = @_;
    my $up = FCGITest::wait_for(sub {
        $self->{path} ? IO::Socket::UNIX->new(Peer => $self->{path})
          : IO::Socket::INET->new(PeerAddr => $self->{hostport}, Timeout => 1);
    }, 10);
    die "$self->{name} does not start:\n" . $self->output if !$up;
    return $self;
}

sub output {
    my ($self) = @_;
    my $t = '';
    for my $f (qw(out fpm.log)) {
        open my $fh, '<', "$self->{dir}/$f" or next;
        local $/;
        $t .= <$fh> // '';
    }
    return $t;
}

sub kill_now {
    my ($self) = @_;
    return if $$ != $self->{owner};
    my $pid = delete $self->{pid} or return;
    kill KILL => -$pid;    # the group that spawn() made
    kill KILL => $pid;
    waitpid $pid, 0;
}

1;
