# SPDX-License-Identifier: Apache-2.0
#
# WordPress of Debian, with a MariaDB of its own: installed, logged in to, written
# in, with pretty addresses, uploads and its REST interface; by curl, with a jar of
# cookies. Nothing of the system's is changed.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use JSON::PP qw(decode_json);

my $wordpress = '/usr/share/wordpress';
my ($maker) = grep { -x } map { "$_/mariadb-install-db" } split /:/, $ENV{PATH};
my ($server) = grep { -x } map { "$_/mariadbd" } split(/:/, $ENV{PATH}), '/usr/sbin';
for ([ -e "$wordpress/wp-load.php", 'wordpress' ], [ FCGITest::Daemon::php_program(), 'php-fpm' ],
    [ $maker && $server, 'mariadb-server' ], [ !system('php -m 2>/dev/null | grep -q mysqli'), 'php-mysql' ],
    [ !system('curl --version >/dev/null 2>&1'), 'curl' ])
{
    plan(skip_all => "$_->[1] is not installed") if !$_->[0];
}
plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';
plan(skip_all => 'without the gate the core has eight strange fields') if !gated();

# --- the database -----------------------------------------------------------
my $dir = temp_dir();
chmod 0777, $dir;
my @user = $> == 0 ? ('--user=mysql') : ();
mkdir "$dir/data" or die $!;
system("chown mysql '$dir/data'") if @user;
system("'$maker' --no-defaults @user --datadir='$dir/data' --skip-test-db --auth-root-authentication-method=normal >'$dir/made' 2>&1") == 0
  or die "mariadb-install-db:\n", do { local (@ARGV, $/) = "$dir/made"; <> };
my $base = FCGITest::Daemon->program('mariadb', sub {
    ($server, '--no-defaults', @user, "--datadir=$dir/data", "--socket=$_[0]", "--pid-file=$dir/pid", '--skip-networking',
        '--innodb-buffer-pool-size=16M', '--skip-log-bin');
});
chmod 0777, $base->{path};
system('mariadb', '--no-defaults', '-S', $base->{path}, '-u', 'root', '-e',
    "CREATE DATABASE wp; CREATE USER wp\@localhost IDENTIFIED BY 'secret'; GRANT ALL ON wp.* TO wp\@localhost") == 0 or die "mariadb\n";

# --- the site ---------------------------------------------------------------
my $php = FCGITest::Daemon->php(ini => 1, children => 4);
my $h = host(responder => $php, match => ['/.* fastcgi'], monkey => { Indexfile => 'index.html' },
    conf => { FrontController => '/index.php', Extensions => '.php', Index => 'index.php' });
my $www = $h->{docroot};
unlink "$www/index.html";
system('cp', '-rL', "$wordpress/.", $www) == 0 or die "cp $wordpress\n";
$h->add_file('wp-config.php', <<"X");
<?php
define('DB_NAME', 'wp'); define('DB_USER', 'wp'); define('DB_PASSWORD', 'secret'); define('DB_HOST', 'localhost:$base->{path}');
define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
@{[ join ' ', map { "define('$_', 'some $_');" } map { ($_ . '_KEY', $_ . '_SALT') } qw(AUTH SECURE_AUTH LOGGED_IN NONCE) ]}
\$table_prefix = 'wp_';
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true); define('AUTOMATIC_UPDATER_DISABLED', true);
define('FS_METHOD', 'direct');
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
X
system('chown', '-R', 'www-data', "$www/wp-content") if $> == 0;

my $status;

# What a browser gets that follows redirects; $status is that of the last answer.
sub browse {
    my ($uri, @args) = @_;
    $uri = $h->url($uri) if $uri !~ /^http:/;
    open my $out, '-|', 'curl', '-s', '-S', '-m', slow(60), '-L', '-b', "$dir/jar", '-c', "$dir/jar", '-w', "\n%{http_code}", @args, $uri
      or die "curl: $!";
    local $/;
    my $text = <$out> // '';
    close $out;
    $text =~ s/\n(\d+)\z// or return '';
    $status = $1;
    return $text;
}

sub shows {
    my ($text, $re, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like("$status $text", $re, $name) or diag substr $text, 0, 3000;
}
sub form { return map { ('--data-urlencode', $_) } @_ }

shows(browse('/'), qr/^200 .*language-chooser|^200 .*install/s, 'the root leads to the installation');
shows(browse('/wp-admin/install.php?step=2', form('weblog_title=Tried & Site', 'user_name=admin', 'admin_password=a long word',
    'admin_password2=a long word', 'pw_weak=on', 'admin_email=a@h.test', 'blog_public=0', 'language=')), qr/^200 .*Success!/s, 'it is installed');
shows(browse('/'), qr{^200 .*<title>[^<]*Tried &amp; Site}s, 'the start page');
shows(browse('/wp-login.php', form('log=admin', 'pwd=wrong', 'wp-submit=Log In', 'testcookie=1')), qr/^200 .*login_error/s, 'a wrong password is refused');
browse('/wp-login.php');
shows(browse('/wp-login.php', form('log=admin', 'pwd=a long word', 'wp-submit=Log In', 'testcookie=1', 'redirect_to=' . $h->url('/wp-admin/'))),
    qr{^200 .*<h1>Dashboard</h1>}s, 'the right one leads to the dashboard');
my $page = browse('/wp-admin/options-permalink.php');
my ($nonce) = $page =~ /name="_wpnonce" value="(\w+)"/;
shows(browse('/wp-admin/options-permalink.php', form("_wpnonce=$nonce", '_wp_http_referer=/wp-admin/options-permalink.php',
    'selection=/%year%/%postname%/', 'permalink_structure=/%year%/%postname%/', 'submit=Save')), qr/^200 /, 'addresses are made pretty');

# --- its REST interface: methods, JSON, uploads ---------------------------------
my $token = browse('/wp-admin/admin-ajax.php?action=rest-nonce');
shows($token, qr/^200 \w{10}$/, 'a token');
my @rest = ('-H', "X-WP-Nonce: $token");
my @json = (@rest, '-H', 'Content-Type: application/json');
my $text = 'Words & <b>bold</b> ones. ' x 3000;
FCGITest::Host::write_file("$dir/post", JSON::PP->new->ascii->encode({ title => "N\x{e4}w", content => $text, status => 'publish', slug => 'naew' }));
my $made = browse('/wp-json/wp/v2/posts', @json, '--data-binary', "\@$dir/post");
shows($made, qr/^201 /, 'a post is made, of 78 kB');
my $post = eval { decode_json($made) } || {};
shows(browse($post->{link} // '/none'), qr{^200 .*N\xc3\xa4w.*(?:Words &(?:amp|#038); <b>bold</b> ones\. ){100}}s, 'and has its address');
like($post->{link} // '', qr{/\d{4}/naew/$}, 'which is pretty');
my $png = "\x89PNG\r\n\x1a\n" . pack('NA4NNC5', 13, 'IHDR', 1, 1, 8, 2, 0, 0, 0) . join '', map { chr($_ * 7 % 256) } 1 .. 300_000;
FCGITest::Host::write_file("$dir/up.png", $png);
my $media = browse('/wp-json/wp/v2/media', @rest, '-H', 'Content-Type: image/png', '-H', 'Content-Disposition: attachment; filename=up.png',
    '--data-binary', "\@$dir/up.png");
shows($media, qr/^201 /, 'a picture is uploaded');
my $source = (eval { decode_json($media) } || {})->{source_url} // '/none';
is(browse($source), $png, 'and is there, which Monkey itself sends');
shows(browse("/wp-json/wp/v2/posts/$post->{id}", @json, '-X', 'PUT', '--data-binary', '{"title":"Other"}'), qr/^200 .*"Other"/s, 'PUT');
shows(browse("/wp-json/wp/v2/posts/$post->{id}?force=true", @rest, '-X', 'DELETE'), qr/^200 .*"deleted":true/s, 'DELETE');
shows(browse($post->{link} // '/none'), qr/^404 .*Tried &amp; Site/s, 'it is gone, which WordPress tells');

# --- what is not WordPress's ------------------------------------------------------
shows(browse('/wp-includes/css/buttons.css'), qr/^200 .*\.button/s, 'styles are files');
shows(browse('/wp-content/../wp-config.php.none', '--path-as-is'), qr/^404 /, 'what is not there is told by WordPress');
browse('/', '-I');
is($status, 200, 'HEAD');
shows(browse('/?feed=rss2'), qr/^200 .*<rss /s, 'the feed');
my @bad = grep { /stderr: PHP (?:Fatal|Parse|Warning)|error: / } split /\n/, $h->log;
is(scalar @bad, 0, 'nothing of it in the log') or diag join "\n", @bad;
finish;
