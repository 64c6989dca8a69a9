# SPDX-License-Identifier: Apache-2.0
#
# What a host reads: Monkey's configuration tree, or nginx.conf, and the
# document root. See FCGITest::Host for the options that decide about it.
package FCGITest::Tree;
use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(make_path);
use FCGIFile;

our @EXPORT = qw(write_file);

sub write_file { goto &spew }

sub section {
    my ($name, @pairs) = @_;
    return "[$name]\n" . join('', map { "    $_->[0] $_->[1]\n" } @pairs) . "\n";
}

# A certificate of its own. Returns what stands behind the address of a Listen,
# and the plugin.
sub write_tls {
    my ($conf) = @_;
    my ($word, $plugin) = FCGITest::Host::tls_of() or die "this Monkey has no TLS\n";
    my $dir = $plugin ? "$conf/plugins/tls" : $conf;
    write_file("$dir/tls.conf", section('TLS', [ CertificateFile => 'srv_cert.pem' ],
        [ RSAKeyFile => 'rsa_key.pem' ], [ DHParameterFile => 'dhparam.pem' ]));
    for my $args ("genrsa -traditional -out '$dir/rsa_key.pem' 2048",
        "req -x509 -new -key '$dir/rsa_key.pem' -subj /CN=localhost -days 2 -out '$dir/srv_cert.pem'",
        "genpkey -genparam -algorithm DH -pkeyopt dh_param:ffdhe2048 -out '$dir/dhparam.pem'")
    {
        system("openssl $args >/dev/null 2>&1") == 0 or die "openssl $args\n";
    }
    chmod 0644, "$dir/rsa_key.pem";
    return (" $word", $plugin);
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
    return write_nginx($self) if $self->is('nginx');

    my $conf = "$d/conf";
    my %m = (
        Workers => $self->{workers} || $ENV{FCGI_WORKERS} || 1, Timeout => 60,
        PidFile => "$d/host.pid", UserDir => 'public_html',
        Indexfile => 'index.html index.php', HideVersion => 'Off',
        Resume => 'On', KeepAlive => 'On', KeepAliveTimeout => 30,
        MaxKeepAliveRequest => 1000, MaxRequestSize => 32, SymLink => 'Off',
        DefaultMimeType => 'text/plain', FDT => 'On', OverCapacity => 'Resist',
        %{ $self->{monkey} || {} },
    );
    my @listen = @{ $self->{listen} || [ $self->{addr} ] };
    my ($tls, $tls_plugin) = $self->{tls} ? write_tls($conf) : '';
    write_file("$conf/monkey.conf", section('SERVER',
        (map { [ Listen => "$_:$self->{port}$tls" ] } @listen),
        map { [ $_ => $m{$_} ] } sort keys %m));
    write_file("$conf/monkey.mime", section('MIMETYPES',
        [ html => 'text/html' ], [ txt => 'text/plain' ],
        [ css => 'text/css' ], [ png => 'image/png' ], [ jpg => 'image/jpeg' ]));
    # A plugin that may leave requests to us is asked about each in front of us.
    my $mandril = $self->is('monkey') && FCGITest::is_abi('1.6')
      && ($self->{rules} || FCGITest::lane() eq 'core');
    my @match = @{ $self->{match} || ['/.*\.php fastcgi'] };
    unshift @match, map { /^(\S+) fastcgi/ ? "$1 mandril" : () } @match if $mandril;
    write_file("$conf/sites/default",
        section('HOST', [ ServerName => '127.0.0.1' ], [ DocumentRoot => $self->{root_as} // $www ])
          . section('LOGGER', [ AccessLog => "$d/log/access.log" ],
            [ ErrorLog => "$d/log/error.log" ])
          . section('ERROR_PAGES', map { [ $_ => $self->{pages}{$_} ] } sort keys %{ $self->{pages} || {} })
          . section('HANDLERS', map { [ Match => $_ ] } @match));
    my $sites = $self->{sites} || {};
    for my $name (keys %$sites) {
        my %site = %{ $sites->{$name} };
        write_file("$conf/sites/$name",
            section('HOST', [ ServerName => $site{names} ], [ DocumentRoot => $site{root} // $www ],
                $site{redirect} ? [ Redirect => $site{redirect} ] : ())
              . section('HANDLERS', map { [ Match => $_ ] } @{ $site{match} || \@match }));
    }
    my @load = ([ Load => $self->{plugin} ]);
    unshift @load, [ Load => $tls_plugin ] if $tls_plugin;
    if ($self->{auth}) {
        my $site = "$conf/sites/default";
        open my $out, '>>', $site or die "$site: $!";
        for my $folder (sort keys %{ $self->{auth} }) {
            my $users = "$conf/users" . ($folder =~ tr{/}{_}r);
            write_file($users, $self->{auth}{$folder}) if defined $self->{auth}{$folder};
            print $out section('AUTH', [ Location => $folder ], [ Title => 'Guarded' ], [ Users => $users ]);
        }
        close $out;
        push @load, [ Load => dirname($ENV{MONKEY}) . '/monkey-auth.so' ];
    }
    if ($self->is('monkey')) {
        my $l = $ENV{MONKEY_LOGGER}
          || dirname($ENV{MONKEY} || die "MONKEY is not set\n") . '/monkey-logger.so';
        # (Not in every test: Monkey with its logger crashes when it ends.)
        if ($self->{access_log} && -e $l) { unshift @load, [ Load => $l ]; $self->{has_access} = 1 }
    }
    else { $self->{has_access} = $self->{access_log} }
    if ($mandril) {
        push @load, [ Load => dirname($ENV{MONKEY}) . '/monkey-mandril.so' ];
        write_file("$conf/plugins/mandril/mandril.conf",
            # (Without any it refuses each Referer of another host.)
            section('RULES', map { [ split / /, $_, 2 ] } @{ $self->{rules} || ['URL /no/such/path'] }));
    }
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
                (map { [ $_ => $extra->{$_} ] } sort keys %$extra),
                do { my $own = ($self->{servers} || {})->{ $_->{name} } || {};
                    map { [ $_ => $own->{$_} ] } sort keys %$own })
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
    my $places = $self->{nginx_places} || <<"X";
    location ~ \\.php { fastcgi_pass app; fastcgi_keep_conn $conns;
      fastcgi_next_upstream error timeout;
      $t $params }
X
    $self->{has_access} = 1;
    write_file("$d/nginx.conf", <<"X");
daemon off; master_process off; pid $d/nginx.pid; error_log stderr info;
events { worker_connections @{[$self->{clients} || 1024]}; }
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
    $places
  }
}
X
}

1;
