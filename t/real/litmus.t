# SPDX-License-Identifier: Apache-2.0
#
# litmus, the WebDAV test suite, on a SabreDAV: the methods that it has, bodies
# with all of them, Expect, Depth and other fields. What SabreDAV itself does
# otherwise it does behind nginx, too.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

my $sabre = '/usr/share/php/Sabre/autoload.php';
my $suites = '/usr/libexec/litmus';
for ([ -x "$suites/basic", 'litmus' ], [ -e $sabre, 'php-sabre-dav' ],
    [ FCGITest::Daemon::php_program(), 'php-fpm' ], [ -x '/usr/sbin/nginx', 'nginx' ])
{
    plan(skip_all => "$_->[1] is not installed") if !$_->[0];
}
plan(skip_all => 'without the gate the core reads bodies') if !gated();
my @modules = grep { FCGITest::Daemon::php_program() && `php -m 2>/dev/null` !~ /^$_$/m } qw(dom mbstring xmlreader);
plan(skip_all => "PHP has no @modules") if @modules;

my $dav = <<'X';
<?php
error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', '0');
date_default_timezone_set('UTC');
require '/usr/share/php/Sabre/autoload.php';
$own = '@OWN@';
$server = new Sabre\DAV\Server(new Sabre\DAV\FSExt\Directory("$own/files"));
$server->setBaseUri('/dav.php/');
$server->addPlugin(new Sabre\DAV\Locks\Plugin(new Sabre\DAV\Locks\Backend\File("$own/locks")));
method_exists($server, "start") ? $server->start() : $server->exec();
X

my $places = <<'X';
location /dav.php {
  fastcgi_split_path_info ^(/dav\.php)(.*)$;
  fastcgi_pass app; fastcgi_request_buffering off;
  fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
  fastcgi_param SCRIPT_NAME $fastcgi_script_name;
  fastcgi_param PATH_INFO $fastcgi_path_info;
  fastcgi_param REQUEST_URI $request_uri;
  fastcgi_param REQUEST_METHOD $request_method;
  fastcgi_param QUERY_STRING $query_string;
  fastcgi_param CONTENT_TYPE $content_type;
  fastcgi_param CONTENT_LENGTH $content_length;
  fastcgi_param SERVER_PROTOCOL $server_protocol;
  fastcgi_param SERVER_NAME 127.0.0.1;
  fastcgi_param SERVER_PORT $server_port;
}
X

my $php = FCGITest::Daemon->php(ini => 1);

# The result of each test of all suites, by name.
sub litmus {
    my ($kind, $tls) = @_;
    my $own = temp_dir();
    mkdir "$own/files";
    chmod 0777, $own, "$own/files";
    my $h = host(kind => $kind, tls => $tls, responder => $php, files => { 'dav.php' => $dav =~ s/\@OWN\@/$own/r },
        match => ['/dav\.php fastcgi'], nginx_places => $places, monkey => { MaxRequestSize => 4096 });
    my %got;
    for my $suite (qw(basic copymove props locks http)) {
        open my $out, '-|', "cd '$own' && '$suites/$suite' --htdocs /usr/share/litmus/htdocs '" . $h->url('/dav.php/') . "' 2>&1"
          or die "$suite: $!";
        local $/;
        my $said = <$out>;
        close $out;
        $got{"$suite $1"} = $2 while $said =~ /\d+\. (\w+)\.+ (pass|FAIL|SKIPPED|WARNING)/gi;
        $got{"$suite log"} = $said;
    }
    return \%got;
}

my $peer = litmus('nginx');
for my $tls (0, FCGITest::Host::tls_of() ? 1 : ()) {
    my $got = litmus(host_kind(), $tls);
    my $kind = $tls ? 'https' : 'http';
    my @tests = grep { !/ log\z/ } sort keys %{ { %$peer, %$got } };
    cmp_ok(scalar @tests, '>', 70, "$kind: the suites have run");
    for my $test (@tests) {
        my ($suite) = split ' ', $test;
        my $ours = $got->{$test} // 'none';
        # (litmus itself skips a test over TLS.)
        ok($ours eq 'pass' || $ours eq ($peer->{$test} // 'none') || $tls && $ours eq 'SKIPPED', "$kind: $test: $ours")
          or diag $got->{"$suite log"};
    }
    cmp_ok(scalar(grep { $_ eq 'pass' } values %$got), '>', 65, "$kind: most pass");
}
finish;
