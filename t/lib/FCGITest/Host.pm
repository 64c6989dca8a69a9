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
#       listen => ['[::1]'], access_log => 1, idle => 1);
#   $h->{port}, {addr}, {docroot}, {dir}, {pid}
#   $h->mark, $h->log($mark), $h->errors($mark), $h->wait_log(qr/../, $mark)
#   $h->access_lines($n)                     # undef: no access log here
#   $h->fds, $h->rss_kb, $h->alive
#   $h->stop_ok                              # the checks of finish()
#   ($status, $output) = FCGITest::Host->new(...)->start_fails
package FCGITest::Host;
use strict;
use warnings;
use Cwd ();
use Errno qw(EINTR);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Socket::UNIX;
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
    $self->{$_} ||= $ENV{"FCGI_\U$_"} for qw(plugin serve);
    $self->{port} = free_port();
    $self->{dir} = FCGITest::temp_dir();
    $self->{docroot} = "$self->{dir}/www";
    $self->{out} = "$self->{dir}/host.out";
    my $r = $self->{responder};
    $self->{responders} = ref $r eq 'ARRAY' ? $r : $r ? [$r] : [];
    $self->write_tree;
    return $self;
}

sub is { return $_[0]{kind} eq $_[1] }

sub write_file {
    my ($path, $text) = @_;
    make_path(dirname($path));
    open my $fh, '>', $path or die "$path: $!";
    binmode $fh;
    print $fh $text;
    close $fh or die "$path: $!";
}

sub add_file { my ($self, $n, $t) = @_; write_file("$self->{docroot}/$n", $t) }

sub section {
    my ($name, @pairs) = @_;
    return "[$name]\n" . join('', map { "    $_->[0] $_->[1]\n" } @pairs) . "\n";
}

sub write_tree {
    my ($self) = @_;
    my ($d, $www) = @$self{qw(dir docroot)};
    $self->add_file('index.html', "<h1>index</h1>\n");
    $self->add_file('static.txt', "static text\n");
    $self->add_file('up.txt', "up\n");    # for start(); not in access_lines
    for my $r (@{ $self->{responders} }) {
        $self->add_file("$_.php", "<?php /* source of $_ */\n") for $r->case_names;
    }
    my $files = $self->{files} || {};
    $self->add_file($_, $files->{$_}) for keys %$files;
    make_path("$d/log");
    chmod 0777, "$d/log";
    return $self->write_nginx if $self->is('nginx');

    my $conf = "$d/conf";
    my %m = (
        Workers => $ENV{FCGI_WORKERS} || 1, Timeout => 60,
        PidFile => "$d/host.pid", UserDir => 'public_html',
        Indexfile => 'index.html index.php', HideVersion => 'Off',
        Resume => 'On', KeepAlive => 'On', KeepAliveTimeout => 30,
        MaxKeepAliveRequest => 1000, MaxRequestSize => 32, SymLink => 'Off',
        DefaultMimeType => 'text/plain', FDT => 'On', OverCapacity => 'Resist',
        %{ $self->{monkey} || {} },
    );
    my @listen = @{ $self->{listen} || [ $self->{addr} ] };
    write_file("$conf/monkey.conf", section('SERVER',
        (map { [ Listen => "$_:$self->{port}" ] } @listen),
        map { [ $_ => $m{$_} ] } sort keys %m));
    write_file("$conf/monkey.mime", section('MIMETYPES',
        [ html => 'text/html' ], [ txt => 'text/plain' ],
        [ css => 'text/css' ], [ png => 'image/png' ]));
    my @match = @{ $self->{match} || ['/.*\.php fastcgi'] };
    write_file("$conf/sites/default",
        section('HOST', [ ServerName => '127.0.0.1' ], [ DocumentRoot => $www ])
          . section('LOGGER', [ AccessLog => "$d/log/access.log" ],
            [ ErrorLog => "$d/log/error.log" ])
          . section('HANDLERS', map { [ Match => $_ ] } @match));
    my @load = ([ Load => $self->{plugin} ]);
    if ($self->is('monkey')) {
        my $l = $ENV{MONKEY_LOGGER}
          || dirname($ENV{MONKEY} || die "MONKEY is not set\n") . '/monkey-logger.so';
        # (Not in every test: Monkey with its logger crashes when it ends.)
        if ($self->{access_log} && -e $l) { unshift @load, [ Load => $l ]; $self->{has_access} = 1 }
    }
    else { $self->{has_access} = $self->{access_log} }
    write_file("$conf/plugins.load", section('PLUGINS', @load));
    write_file("$conf/plugins/logger/logger.conf", section('LOGGER',
        [ FlushTimeout => 1 ], [ MasterLog => "$d/log/master.log" ]));
    my $extra = $self->{conf} || {};
    $self->{conf_file} = "$conf/plugins/fastcgi/fastcgi.conf";
    write_file($self->{conf_file}, defined $self->{fastcgi_conf}
        ? $self->{fastcgi_conf}
        : join '', map {
            section('FASTCGI_SERVER', [ ServerName => $_->{name} ],
                [ split / /, $_->conf_line, 2 ],
                map { [ $_ => $extra->{$_} ] } sort keys %$extra)
        } @{ $self->{responders} });
}

# Just enough of nginx to try the harness on.
sub write_nginx {
    my ($self) = @_;
    my ($d, $www, $p) = @$self{qw(dir docroot port)};
    my $c = $self->{conf} || {};
    my $ms = ($self->{monkey} || {})->{MaxRequestSize} || 32;
    my %v = (
        SCRIPT_FILENAME => '$document_root$fastcgi_script_name',
        QUERY_STRING => '$query_string', REQUEST_METHOD => '$request_method',
        CONTENT_TYPE => '$content_type', CONTENT_LENGTH => '$content_length',
        SCRIPT_NAME => '$fastcgi_script_name', REQUEST_URI => '$request_uri',
        DOCUMENT_ROOT => '$document_root', SERVER_PROTOCOL => '$server_protocol',
        REQUEST_SCHEME => '$scheme', GATEWAY_INTERFACE => 'CGI/1.1',
        SERVER_SOFTWARE => 'nginx', REMOTE_ADDR => '$remote_addr',
        REMOTE_PORT => '$remote_port', SERVER_ADDR => '$server_addr',
        SERVER_PORT => '$server_port', SERVER_NAME => '127.0.0.1',
        REDIRECT_STATUS => 200);
    my $params = join '', map { "fastcgi_param $_ $v{$_};\n" } sort keys %v;
    my $t = join '', map { $c->{"\u${_}Timeout"}
          ? "fastcgi_${_}_timeout " . $c->{"\u${_}Timeout"} . ";\n" : () }
      qw(connect send read);
    my $r = $self->{responders}[0];
    my $addr = $r ? $r->nginx_addr : '127.0.0.1:1';
    my $listen = join '', map { "listen $_:$p;\n" }
      @{ $self->{listen} || [ $self->{addr} ] };
    my $keep = ($self->{monkey} || {})->{KeepAlive} || '';
    $keep = $keep eq 'Off' ? "keepalive_timeout 0;\n" : "keepalive_timeout 60;\n";
    # Kept connections of its pool starve a real application (by design).
    my $real = $r && $r->isa('FCGITest::Daemon');
    my ($pool, $conns) = $real ? ('', 'off') : ('keepalive 4;', 'on');
    $self->{has_access} = 1;
    write_file("$d/nginx.conf", <<"X");
daemon off; master_process off; pid $d/nginx.pid; error_log stderr info;
events { worker_connections 1024; }
http {
  types { text/html html; text/plain txt; }
  default_type text/plain;
  log_format m '\$remote_addr - [\$time_local] \$request \$status \$body_bytes_sent';
  access_log $d/log/access.log m;
  client_body_temp_path $d/t1; fastcgi_temp_path $d/t2; proxy_temp_path $d/t3;
  uwsgi_temp_path $d/t4; scgi_temp_path $d/t5;
  $keep
  upstream app { server $addr max_fails=0; $pool }
  server {
    $listen
    root $www; index index.html index.php; client_max_body_size ${ms}k;
    large_client_header_buffers 4 32k;
    location ~ \\.php { fastcgi_pass app; fastcgi_keep_conn $conns;
      fastcgi_next_upstream error timeout;
      $t $params }
  }
}
X
}

# --- processes -------------------------------------------------------------

sub command {
    my ($self) = @_;
    my @c = split ' ', $ENV{FCGI_WRAP} || '';
    my $w = $ENV{FCGI_WORKERS} || 1;
    my $conf = "$self->{dir}/conf";
    if ($self->is('nginx')) { push @c, '/usr/sbin/nginx', '-p', $self->{dir}, '-c', "$self->{dir}/nginx.conf" }
    elsif ($self->is('monkey')) { push @c, $ENV{MONKEY}, '-c', $conf }
    else {
        die "FCGI_SERVE is not set\n" if !$self->{serve};
        push @c, $self->{serve}, '-c', $conf, '-w', $w,
          '-A', "$self->{dir}/log/access.log";
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
        FCGITest::Responder::die_with_parent();
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
            FCGITest::get($self, '/up.txt', timeout => 5);
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
          && !$self->logger_crash;
    }
    push @bad, $self->complaints;
    Test::More::ok(!@bad, 'the host ran and ended well');
    Test::More::diag("  $_") for @bad;
    Test::More::diag("--- output of host\n" . $self->log) if @bad;
}

# Monkey 1.6's own defect, seen without our plugin too: the logger's thread
# runs on in code that was unloaded. Nothing but that, and only at the end.
sub logger_crash {
    my ($self) = @_;
    return $self->is('monkey') && $self->{has_access} && defined $self->{end_mark}
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
      if defined $self->{status} && $self->logger_crash;
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

1;
