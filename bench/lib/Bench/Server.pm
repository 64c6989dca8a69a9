# SPDX-License-Identifier: Apache-2.0
#
# The HTTP servers that are compared, each in front of one application.
#
#   my @kinds = Bench::Server::kinds();        # { kind, label, peer, ... }
#   my $server = Bench::Server::start($kind, app => $app, page => '/x.php',
#       clients => 32, workers => 1, keep => 1, body => 1048576,
#       files => { 'x.php' => '...' });
#   # { label, peer, port, pid }; clients and body (that of a request) are what
#   # the configuration must allow
#   Bench::Server::stop($server);
#
# All of them log nothing, keep connections to clients for ever and, with
# `keep`, to the application. The peers have what an administrator would give
# them, as tried here: no spooling of 1 MiB, buffers that cost least.
package Bench::Server;
use strict;
use warnings;
use FCGITest;
use FCGITest::Daemon;

my ($nginx)   = grep { -x } qw(/usr/sbin/nginx);
my ($haproxy) = grep { -x } qw(/usr/sbin/haproxy);

# A peer is what ours is compared with. Ours may be given a `limit` of
# connections to the application.
sub kinds {
    my @kinds;
    my %seen;
    for my $program (split ' ', $ENV{MONKEY} || '') {
        my ($version) = `$program -v` =~ /v(1\.\d+\.\d+)/ or die "bench: $program tells no version\n";
        my $n = ++$seen{$version};
        push @kinds, { kind => 'monkey', program => $program, version => $version,
            label => "Monkey $version" . ($n > 1 ? " ($n)" : '') };
    }
    push @kinds, { kind => 'serve', label => 'fcgi-serve' } if $ENV{BENCH_SERVE} || !@kinds;
    if ($nginx) {
        push @kinds, { kind => 'nginx', peer => 1, label => 'nginx', buffering => 'on' };
        push @kinds, { kind => 'nginx', peer => 1, label => 'nginx, unbuffered', buffering => 'off' };
    }
    push @kinds, { kind => 'haproxy', peer => 1, label => 'HAProxy' } if $haproxy;
    return @kinds;
}

# What they say of themselves.
sub versions {
    my @versions = map { "Monkey $_->{version}" } grep { $_->{version} } kinds();
    push @versions, `$nginx -v 2>&1` =~ m{(nginx/\S+)} if $nginx;
    push @versions, `$haproxy -v 2>&1` =~ /(HAProxy) version (\S+)/ ? "$1 $2" : () if $haproxy;
    return @versions;
}

sub start {
    my ($kind, %o) = @_;
    my $code = { monkey => \&ours, serve => \&ours, nginx => \&nginx, haproxy => \&haproxy }->{ $kind->{kind} };
    my $server = $code->($kind, { clients => 32, workers => 1, keep => 1, body => 0, files => {}, %o });
    my $answer = eval { get($server, $o{page}) } || {};
    if (($answer->{status} // 0) != 200 || $answer->{error}) {
        stop($server);
        die "bench: $kind->{label} does not answer $o{page}\n";
    }
    return { label => $kind->{label}, peer => $kind->{peer}, port => $server->{port},
        pid => $server->{pid}, daemon => $server };
}

sub stop {
    my ($server) = @_;
    ($server->{daemon} || $server)->kill_now;
    return;
}

# --- ours -------------------------------------------------------------------

sub ours {
    my ($kind, $o) = @_;
    local $ENV{MONKEY} = $kind->{program};
    my ($abi) = ($kind->{version} // FCGITest::abi()) =~ /\A(1\.\d+)/;
    my $kilobytes = int($o->{body} / 1024) + 64;
    return host(
        kind => $kind->{kind}, responder => $o->{app}, workers => $o->{workers}, files => $o->{files},
        plugin => FCGITest::Host::plugin_of($ENV{FCGI_PLUGIN}, $abi),
        conf   => { KeepAlive => $o->{keep} ? 'On' : 'Off', MaxConnections => $kind->{limit} // 0 },
        monkey => { MaxRequestSize => $kilobytes, MaxKeepAliveRequest => 10_000_000 });
}

# --- nginx ------------------------------------------------------------------

my %PARAMS = (
    SCRIPT_FILENAME => '$document_root$fastcgi_script_name', SCRIPT_NAME => '$fastcgi_script_name',
    QUERY_STRING => '$query_string', REQUEST_METHOD => '$request_method', REQUEST_URI => '$request_uri',
    CONTENT_TYPE => '$content_type', CONTENT_LENGTH => '$content_length', DOCUMENT_ROOT => '$document_root',
    SERVER_PROTOCOL => '$server_protocol', REQUEST_SCHEME => '$scheme', GATEWAY_INTERFACE => 'CGI/1.1',
    SERVER_SOFTWARE => 'nginx', REMOTE_ADDR => '$remote_addr', REMOTE_PORT => '$remote_port',
    SERVER_ADDR => '$server_addr', SERVER_PORT => '$server_port', SERVER_NAME => '$server_name',
    REDIRECT_STATUS => 200,
);

sub nginx {
    my ($kind, $o) = @_;
    my $d = temp_dir();
    my $port = FCGITest::Host::free_port();
    my $params = join '', map { "fastcgi_param $_ $PARAMS{$_};\n" } sort keys %PARAMS;
    my $user = $> == 0 ? 'user root;' : '';
    my $keep = $o->{keep} ? 'on' : 'off';
    my $pool = $o->{keep} ? "keepalive $o->{clients};" : '';
    my $address = $o->{app}->nginx_addr;
    FCGITest::Tree::write_file("$d/www/$_", $o->{files}{$_}) for keys %{ $o->{files} };
    FCGITest::Tree::write_file("$d/nginx.conf", <<"X");
daemon off; worker_processes $o->{workers}; pid $d/nginx.pid; error_log $d/error.log; $user
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off; tcp_nodelay on; keepalive_requests 10000000;
  client_body_temp_path $d/t1; fastcgi_temp_path $d/t2; proxy_temp_path $d/t3;
  uwsgi_temp_path $d/t4; scgi_temp_path $d/t5;
  upstream app { server $address max_fails=0; $pool }
  server {
    listen 127.0.0.1:$port backlog=4096; root $d/www;
    client_max_body_size 200m; client_body_buffer_size 1m;
    location / {
      fastcgi_pass app; fastcgi_keep_conn $keep; $params
      fastcgi_request_buffering $kind->{buffering}; fastcgi_buffering $kind->{buffering};
      fastcgi_buffer_size 64k; fastcgi_buffers 32 64k; fastcgi_busy_buffers_size 1m;
      fastcgi_max_temp_file_size 0;
    }
  }
}
X
    return daemon('nginx', $port, $nginx, '-p', $d, '-c', "$d/nginx.conf", '-e', "$d/error.log");
}

# --- HAProxy ----------------------------------------------------------------

sub haproxy {
    my ($kind, $o) = @_;
    my $d = temp_dir();
    my $port = FCGITest::Host::free_port();
    my $keep = $o->{keep} ? '' : 'no ';
    FCGITest::Tree::write_file("$d/haproxy.cfg", <<"X");
global
    nbthread $o->{workers}
    maxconn 4096
    tune.bufsize 32768
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend web
    bind 127.0.0.1:$port backlog 4096
    default_backend app
backend app
    http-reuse always
    use-fcgi-app null
    server one $o->{app}{path} proto fcgi maxconn 128
fcgi-app null
    docroot $d/www
    ${keep}option keep-conn
X
    return daemon('haproxy', $port, $haproxy, '-db', '-f', "$d/haproxy.cfg");
}

sub daemon {
    my ($name, $port, @command) = @_;
    my $daemon = FCGITest::Daemon->program($name, sub { @command }, hostport => "127.0.0.1:$port");
    @$daemon{qw(addr port)} = ('127.0.0.1', $port);
    return $daemon;
}

1;
