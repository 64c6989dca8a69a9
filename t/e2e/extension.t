# SPDX-License-Identifier: Apache-2.0
#
# A name is a script by its last extension, never by a fragment of it: real PHP,
# which runs whatever it is sent, and uploads whose names have `.php` in them.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

# (With a blank, and with what editors and version control leave behind.)
my @uploads = ('cat.php_.jpg', 'x.php1.jpg', 'x.php-copy.jpg', 'x.php .jpg', 'x.php~', 'x.php,v', 'x.phpinfo.txt',
    'a.php_b/pic.jpg', 'x.php.jpg', 'x.php.', 'folder.php/pic.jpg', 'folder.php/sub/noext', 'a.php.b/pic.jpg');
my $ran = '<?php header("Content-Type: text/plain"); echo "ran ", $_SERVER["SCRIPT_NAME"], " ", $_SERVER["PATH_INFO"] ?? "-";';
my %files = (map { $_ => $ran } @uploads, 'page.php', 'x.tar.php', 'folder.php/page.php', 'v1.0/page.php', 'app/page.php',
    'app2/page.php', 'application.php', 'cgi-bin/v1.0/tool');

sub escape { my ($p) = @_; $p =~ s/([ ,~])/sprintf '%%%02x', ord $1/ge; return "/$p" }

# Whether the plugin has it run, or not; what is refused, or shown by the host
# itself (where no rule matches), is nothing that has run.
my ($h, $what);
sub is_run {
    my ($name, $info) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($script) = map { "/$_" } $name;
    res_is(get($h, escape($name) . ($info // '')), 200, qr/\Aran \Q$script\E \Q${\($info \/\/ '-')}\E/, "$what: $name runs" . (defined $info ? " with $info" : ''));
}
sub is_no_script {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    # (Monkey 1.8.9 leaves clients waiting for more of a file of no known ending.)
    my $res = get($h, escape($name), timeout => slow(1));
    unlike($res->{body} // '', qr/\Aran /, "$what: $name does not run");
    like($res->{status} // '', qr/\A(?:403|404|200)\z/, "$what: $name is answered");
}

my @php;
if (FCGITest::Daemon::php_program()) {
    push @php, [ 'php-fpm', FCGITest::Daemon->php(limit => '') ];
}
if (my ($cgi) = grep { -x } qw(/usr/bin/php-cgi /usr/local/bin/php-cgi)) {
    push @php, [ 'php-cgi', FCGITest::Daemon->app($cgi, '-n') ];
}
if (!@php && !$ENV{FCGI_REQUIRE_PHP}) { plan(skip_all => 'neither php-fpm nor php-cgi is installed') }
ok(scalar @php, 'there is a PHP');

for my $php (@php) {
    my ($kind, $r) = @$php;
    my @rules = ('/.*\.php', '/.*\.php.*', '/.*[.]php', '/.*.php.*', ('/.*\.php(/|$)', '/.*\.php(/.*)?$') x is_abi('1.6'));
    for my $rule ($kind eq 'php-cgi' ? $rules[0] : @rules) {
        for my $conf ({}, ({ CheckScript => 'On' }, { Extensions => '.php' }) x ($rule eq $rules[0])) {
            $h = host(responder => $r, files => \%files, match => ["$rule fastcgi"], conf => $conf);
            $what = "$kind, $rule, " . (join(' ', %$conf) || 'no keys');
            # (`.*` behind `.php` is the administrator's word: it takes the rest of a name, too.)
            is_no_script($_) for grep { $rule !~ /php\.\*/ || $conf->{Extensions} || /^folder/ } @uploads;
            is_run($_), is_run($_, '/info'), is_run($_, '/a.b/c.d') for 'page.php', 'x.tar.php', 'folder.php/page.php', 'v1.0/page.php';
        }
    }
    next if $kind eq 'php-cgi';
    # Rules that say nothing of extensions.
    for my $rule ([ '/app', 'app/page.php', 'app2/page.php' ], [ '/app/', 'app/page.php' ], [ '/app/.*', 'app/page.php' ],
        [ '/cgi-bin/.*', 'cgi-bin/v1.0/tool' ], [ '/cgi-bin/', 'cgi-bin/v1.0/tool' ], [ '/v1\.0/', 'v1.0/page.php' ],
        [ '/v1\.0/.*', 'v1.0/page.php' ], [ '/.*', 'page.php', 'cat.php_.jpg', 'a.php_b/pic.jpg', 'folder.php/sub/noext' ],
        [ '/.*/page\.php$', 'folder.php/page.php' ], [ '/.*\.tar\.php$', 'x.tar.php' ])
    {
        my ($regex, @runs) = @$rule;
        $h = host(responder => $r, files => \%files, match => ["$regex fastcgi"]);
        $what = "$kind, $regex";
        is_run($_) for @runs;
        is_no_script('application.php') if $regex =~ m{^/app};
    }
}
finish;
