# SPDX-License-Identifier: Apache-2.0
#
# DokuWiki of Debian, clicked through in a headless Chromium: pages, styles,
# login, upload, pretty URLs. Not part of `make check`: see `make
# check-browser`. The clicks are in dokuwiki.py; here is a wiki of its own, in
# front of a php-fpm of its own, with nothing of the system's changed.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);

my $wiki = '/usr/share/dokuwiki';
for ([ -e "$wiki/doku.php", 'dokuwiki' ], [ FCGITest::Daemon::php_program(), 'php-fpm' ],
    [ -x '/usr/bin/chromium', 'chromium' ], [ -x '/usr/bin/chromedriver', 'chromium-driver' ],
    [ !system('/usr/bin/python3 -c "import selenium" 2>/dev/null'), 'python3-selenium' ]) {
    plan(skip_all => "$_->[1] is not installed") if !$_->[0];
}
plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

# What Apache's rewrite rules do for DokuWiki, as a front controller.
my $front = <<'X';
<?php
$path = rawurldecode(parse_url('http://h' . $_SERVER['REQUEST_URI'], PHP_URL_PATH));
if (preg_match('#^/_(media|detail)/(.*)#s', $path, $m)) {
    $_GET['media'] = $_REQUEST['media'] = $m[2];
    $to = $m[1] === 'media' ? 'lib/exe/fetch.php' : 'lib/exe/detail.php';
} else {
    if (preg_match('#^/_export/([^/]+)/(.*)#s', $path, $m)) {
        $_GET['do'] = $_REQUEST['do'] = "export_$m[1]";
        $path = "/$m[2]";
    }
    if ($path !== '/') $_GET['id'] = $_REQUEST['id'] = substr($path, 1);
    $to = 'doku.php';
}
chdir(__DIR__ . '/' . dirname($to));
require __DIR__ . "/$to";
X

# Copies the wiki to the document root, and gives it its own configuration.
sub make_wiki {
    my ($h, $rewrite) = @_;
    my ($www, $own) = ($h->{docroot}, "$h->{dir}/wiki");
    unlink "$www/index.html";
    system('cp', '-rL', "$wiki/.", $www) == 0 or die "cp $wiki\n";
    mkdir $own or die $!;
    system('cp', '-rL', '/etc/dokuwiki', "$own/conf") == 0 or die "cp /etc/dokuwiki\n";
    system('cp', '-rL', '/var/lib/dokuwiki/data', "$own/data") == 0 or die "cp data\n";
    $h->add_file('inc/preload.php', "<?php define('DOKU_CONF', '$own/conf/'); define('DOKU_MAIN_CONF', '$own/conf/');\n");
    $h->add_file('front.php', $front);
    my $put = sub { FCGITest::Host::write_file("$own/conf/$_[0]", $_[1]) };
    $put->('local.php', "<?php\n\$conf['title'] = 'Tried Wiki'; \$conf['useacl'] = 1; \$conf['superuser'] = '\@admin';\n"
          . "\$conf['userewrite'] = $rewrite; \$conf['useslash'] = 0; \$conf['savedir'] = '$own/data'; \$conf['basedir'] = '/';\n"
          . "\$conf['updatecheck'] = 0; \$conf['disableactions'] = 'register'; \$conf['license'] = '';\n");
    $put->('users.auth.php', 'tester:' . md5_hex('pass word') . ":Test Er:t\@h.test:admin,user\n");
    $put->('acl.auth.php', "*\t\@ALL\t1\n*\t\@user\t8\n");
    unlink "$own/conf/plugins.local.php";
    my $pages = "$own/data/pages";
    FCGITest::Host::write_file("$pages/start.txt", "====== Welcome ======\n\nTo [[other:page|the other page]].\n");
    FCGITest::Host::write_file("$pages/other/page.txt", "====== The other ======\n\nBack to [[:start]].\n");
    system('chown', '-R', 'www-data', $own) == 0 or die "chown\n" if $> == 0;
}

my $php = FCGITest::Daemon->php(children => 6, ini => 1);
# How the wiki makes its URLs; which of our keys serve them.
for ([ 1, 'front', { FrontController => '/front.php', Index => 'doku.php' }, ['/.* fastcgi'] ],
    [ 2, 'path', { Index => 'doku.php', Extensions => '.php' }, ['/.*\.php fastcgi'] ]) {
    my ($rewrite, $kind, $conf, $match) = @$_;
    my $h = host(responder => $php, conf => $conf, match => $match, monkey => { MaxRequestSize => 4096, Indexfile => 'index.html' });
    make_wiki($h, $rewrite);
    my @run = ('/usr/bin/python3', "$FindBin::Bin/dokuwiki.py", "http://wiki.test:$h->{port}", $kind);
    open my $out, '-|', @run or die "python3: $!";
    my ($n, $ended) = (0, '');
    while (<$out>) {
        chomp;
        if    (/\A(not )?ok - (.*)/) { $n++; ok(!$1, "$kind: $2") }
        elsif ($_ eq 'done')         { $ended = $_ }
        else                         { diag("  $_") }
    }
    close $out;
    is("$? $ended", '0 done', "$kind: all was clicked");
    cmp_ok($n, '>', 10, "$kind: and looked at");
    my @bad = grep { /stderr: PHP (?:Fatal|Parse)|error: / } split /\n/, $h->log;
    is(scalar @bad, 0, "$kind: nothing of it in the log") or diag join "\n", @bad;
}
finish;
