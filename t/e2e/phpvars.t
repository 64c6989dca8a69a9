# SPDX-License-Identifier: Apache-2.0
#
# $_SERVER as PHP sees it behind us and behind nginx with its usual set-up
# (Debian's snippets/fastcgi-php.conf and fastcgi.conf), in front of the same
# php-fpm: a table of paths, and why the two differ where they do. What is not
# in the table is the same.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

plan(skip_all => 'nginx is what we are compared with') if host_kind() eq 'nginx';
plan(skip_all => 'nginx is not installed') if !-x '/usr/sbin/nginx';
plan(skip_all => 'php-fpm is not installed') if !FCGITest::Daemon::php_program();

# Why nginx differs. (What it says is in the rows.)
my %WHY = (
    slashes => 'nginx makes one slash of several; Monkey opens files by the path as it came, and so does the application',
    dots    => 'nginx takes . and .. out of a path; Monkey leaves . and refuses ..',
    translated => 'PATH_TRANSLATED is of RFC 3875; the usual set-up of nginx does not send it',
    dir     => 'a folder that is named like a script: nginx looks for a file; here it is a folder, and a script in it is found',
    case    => 'an extension in upper case is not run by nginx, but shown: the source',
    control => 'no path with CR, LF or NUL is passed on; nginx lets CR and LF pass',
    closes  => 'Monkey 1.8 closes the connection instead of redirecting',
    front   => 'what ends in .php, or is a folder, and cannot be run or shown is 404 or 403 there; here the front controller is for all that is no file',
);

# A path; what it comes to: the script, or a status; PATH_INFO; and, where
# nginx differs, { variable or `status` => [ what nginx says, why ] }.
my @PLAIN = (
    [ '/page.php' => '/page.php' ],
    [ '/page.php?a=b&c=%20d' => '/page.php' ],
    [ '/page.php?' => '/page.php' ],
    [ '/page.php??x' => '/page.php' ],
    [ '/page.php?a=/../b' => '/page.php' ],
    [ '/' => '/index.php' ],
    [ '/?q=1' => '/index.php' ],
    [ '/dir/' => '/dir/index.php' ],
    [ '/dir/?x' => '/dir/index.php' ],
    # (Where no rule of ours matches, Monkey 1.8 does not send its redirect.)
    is_abi('1.8') ? [ '/dir' => 'closed', undef, { status => [ '301', 'closes' ] } ] : [ '/dir' => '301' ],
    [ '/dir/sub.php' => '/dir/sub.php' ],
    [ '/page.php/' => '/page.php', '/', { PATH_TRANSLATED => [ '-', 'translated' ] } ],
    [ '/page.php/info' => '/page.php', '/info', { PATH_TRANSLATED => [ '-', 'translated' ] } ],
    [ '/page.php/info/more.php?q' => '/page.php', '/info/more.php', { PATH_TRANSLATED => [ '-', 'translated' ] } ],
    [ '/page.php/a%20b' => '/page.php', '/a b', { PATH_TRANSLATED => [ '-', 'translated' ] } ],
    [ '/page.php//x' => '/page.php', '//x', { PATH_INFO => [ '/x', 'slashes' ], PATH_TRANSLATED => [ '-', 'translated' ], PHP_SELF => [ '/page.php/x', 'slashes' ] } ],
    [ '/page.php/%C3%A4' => '/page.php', '/ä', { PATH_TRANSLATED => [ '-', 'translated' ] } ],
    [ '/dir.php/in.php/x' => '/dir.php/in.php', '/x', { status => [ '404', 'dir' ] } ],
    [ '/dir.php/' => '403', undef, { status => [ '404', 'dir' ] } ],
    [ '/dir.php' => '301', undef, { status => [ '404', 'dir' ] } ],
    [ '/a%20b.php' => '/a b.php' ],
    [ '/%C3%A4.php/%C3%B6' => '/ä.php', '/ö', { PATH_TRANSLATED => [ '-', 'translated' ] } ],
    [ '/%70age.php' => '/page.php' ],
    [ '/page%2Ephp' => '/page.php' ],
    [ '/page.php%2Finfo' => '/page.php', '/info', { PATH_TRANSLATED => [ '-', 'translated' ] } ],
    [ '/p+q%2541.php' => '/p+q%41.php' ],
    [ '/a&b=c.php?d' => '/a&b=c.php' ],
    # (The expressions of Monkey 1.8 mind the case: it shows it, as nginx does.)
    is_abi('1.8') ? [ '/UP.PHP' => '200' ] : [ '/UP.PHP' => '403', undef, { status => [ '200', 'case' ] } ],
    [ '/PAGE.php' => '404' ],
    [ '/none.php' => '404' ],
    [ '/none.php/x' => '404' ],
    [ '/pic.jpg/x.php' => '404' ],
    [ '/page.php.txt' => '200' ],
    [ '//page.php' => '//page.php', undef, { DOCUMENT_URI => [ '/page.php', 'slashes' ], PHP_SELF => [ '/page.php', 'slashes' ], SCRIPT_FILENAME => [ 'ROOT/page.php', 'slashes' ], SCRIPT_NAME => [ '/page.php', 'slashes' ] } ],
    [ '/dir//sub.php' => '/dir//sub.php', undef, { DOCUMENT_URI => [ '/dir/sub.php', 'slashes' ], PHP_SELF => [ '/dir/sub.php', 'slashes' ], SCRIPT_FILENAME => [ 'ROOT/dir/sub.php', 'slashes' ], SCRIPT_NAME => [ '/dir/sub.php', 'slashes' ] } ],
    !gated() ? [ '/./page.php' => '/./page.php', undef, { DOCUMENT_URI => [ '/page.php', 'dots' ], PHP_SELF => [ '/page.php', 'dots' ], SCRIPT_FILENAME => [ 'ROOT/page.php', 'dots' ], SCRIPT_NAME => [ '/page.php', 'dots' ] } ]
    : [ '/./page.php' => '/page.php' ],
    !gated() ? [ '/dir/../page.php' => '403', undef, { status => [ '200', 'dots' ] } ] : [ '/dir/../page.php' => '/page.php' ],
    !gated() ? [ '/dir/./sub.php' => '/dir/./sub.php', undef, { DOCUMENT_URI => [ '/dir/sub.php', 'dots' ], PHP_SELF => [ '/dir/sub.php', 'dots' ], SCRIPT_FILENAME => [ 'ROOT/dir/sub.php', 'dots' ], SCRIPT_NAME => [ '/dir/sub.php', 'dots' ] } ]
    : [ '/dir/./sub.php' => '/dir/sub.php' ],
    [ '/none/' => '403' ],
    [ '/page.php%0a' => '400', undef, { status => [ '404', 'control' ] } ],
    [ '/page.php/%0a' => '400', undef, { status => [ '200', 'control' ] } ],
    [ '/page.php%00' => '400' ],
    [ '/page.php;v=1' => '404' ],
    [ '/page.php/%252e' => '/page.php', '/%2e', { PATH_TRANSLATED => [ '-', 'translated' ] } ],
);
# The same with a front controller: FrontController /index.php here, and
# try_files $uri $uri/ /index.php?$args there.
my @FRONT = (
    [ '/pretty' => '/index.php' ],
    [ '/pretty/url/?a=b%20c' => '/index.php' ],
    [ '/pretty?' => '/index.php' ],
    [ '/p%C3%A4th/%2F/x' => '/index.php' ],
    [ '/pretty//x' => '/index.php' ],
    [ '/' => '/index.php' ],
    [ '/dir' => '301' ],
    [ '/dir/' => '/dir/index.php' ],
    [ '/dir/?x' => '/dir/index.php' ],
    [ '/page.php/info' => '/page.php', '/info', { PATH_TRANSLATED => [ '-', 'translated' ] } ],
    [ '/index.php' => '/index.php' ],
    [ '/index.php/x' => '/index.php', '/x', { PATH_TRANSLATED => [ '-', 'translated' ] } ],
    [ '/plain.txt' => '200' ],
    [ '/none.php' => '/index.php', undef, { status => [ '404', 'front' ] } ],
    [ '/none/' => '/index.php', undef, { status => [ '403', 'front' ] } ],
    [ '/pic.jpg/x' => '/index.php' ],
    [ '/pic.jpg/x.php' => '/index.php', undef, { status => [ '404', 'front' ] } ],
    [ '/a%20b.php?q' => '/a b.php' ],
    [ '/%zz' => '400' ],
);

# What differs always, and why.
my %ALWAYS = (
    SERVER_SOFTWARE => 'it is another server',
    SERVER_PORT => 'and listens elsewhere', REMOTE_PORT => 'a connection of its own',
    REQUEST_TIME => 'at another time', REQUEST_TIME_FLOAT => 'at another time',
    REMOTE_HOST => 'of RFC 3875; the usual set-up of nginx does not send it',
);

my $dump = '<?php header("Content-Type: text/plain"); foreach ($_SERVER as $k => $v) if (is_string($v) || is_numeric($v)) echo rawurlencode($k), "=", rawurlencode($v), "\n";';
my %files = map { $_ => $dump } 'index.php', 'page.php', 'dir/index.php', 'dir/sub.php', 'a b.php', "\xc3\xa4.php",
  'dir.php/in.php', 'p+q%41.php', 'UP.PHP', 'a&b=c.php';
$files{$_} = "text\n" for 'plain.txt', 'pic.jpg', 'page.php.txt', 'none/x.txt';

sub ask {
    my ($h, $uri) = @_;
    my $res = get($h, $uri, headers => [ 'Cookie: a=b', 'X-Foo: bar', 'Host: test' ]);
    my %v = (status => $res->{status} // 'closed');
    return \%v if $v{status} ne 200 || ($res->{body} // '') !~ /^PHP_SELF=/m;
    for (split /\n/, $res->{body}) {
        my ($k, $x) = map { s/%([0-9A-F]{2})/chr hex $1/ger } split /=/, $_, 2;
        $x =~ s/\Q$h->{docroot}/ROOT/g;
        $v{$k} = $x;
    }
    return \%v;
}

my $php = FCGITest::Daemon->php;
sub compare {
    my ($what, $rows, $ours, $places) = @_;
    my $n = host(kind => 'nginx', responder => $php, files => \%files, nginx_places => $places);
    my $h = host(responder => $php, files => \%files, %$ours);
    unlink "$_->{docroot}/index.html" for $n, $h;
    for (@$rows) {
        my ($uri, $script, $info, $diff) = @$_;
        my ($theirs, $v) = map { ask($_, $uri) } $n, $h;
        is($v->{SCRIPT_NAME} // $v->{status}, $script, "$what: $uri");
        is($v->{PATH_INFO}, $info, "$what: $uri: PATH_INFO");
        my @bad;
        my %keys = (%$theirs, %$v);
        if ($theirs->{status} ne $v->{status} || !exists $v->{PHP_SELF}) { %keys = (status => 1) }
        for my $k (sort grep { !$ALWAYS{$_} } keys %keys) {
            my ($t, $o) = map { defined $_->{$k} && length $_->{$k} ? $_->{$k} : '-' } $theirs, $v;
            my $known = ($diff || {})->{$k};
            push @bad, "$k: nginx <$t>, we <$o>" if $known ? $known->[0] ne $t || $t eq $o : $t ne $o;
        }
        push @bad, "no reason '$_->[1]'" for grep { !$WHY{ $_->[1] } } values %{ $diff || {} };
        push @bad, "$_ is explained, and not there" for grep { !exists $keys{$_} } keys %{ $diff || {} };
        ok(!@bad, "$what: $uri: as behind nginx, or known why not") or diag map { "  $_\n" } @bad;
    }
}

my $snippet = <<'X';
    fastcgi_split_path_info ^(.+?\.php)(/.*)$;
    try_files $fastcgi_script_name =404;
    set $path_info $fastcgi_path_info;
    fastcgi_param PATH_INFO $path_info;
    fastcgi_index index.php;
    include /etc/nginx/fastcgi.conf;
    fastcgi_pass app;
X
compare('plain', \@PLAIN, { conf => { Index => 'index.php', Extensions => '.php' } },
    "server_name 127.0.0.1; location ~ [^/]\\.php(/|\$) { $snippet }");
compare('front', \@FRONT, { conf => { FrontController => '/index.php' }, match => ['/.* fastcgi'], monkey => { Indexfile => 'index.html' } },
    "server_name 127.0.0.1; location / { try_files \$uri \$uri/ /index.php?\$args; } location ~ [^/]\\.php(/|\$) { $snippet }");
cmp_ok(@PLAIN + @FRONT, '>=', 40, 'forty paths');
finish;
