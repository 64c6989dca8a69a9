# SPDX-License-Identifier: Apache-2.0
#
# Which script runs, by the keys of the server: an application that says what
# it was told, and what it must not be asked for.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

my $r = responder(default => sub {
    my ($c, $q) = @_;
    my $p = $q->{params};
    $c->reply(page(join '|', 'ran', map { $p->{$_} // '-' } qw(SCRIPT_NAME PATH_INFO REQUEST_URI)));
});
my %files = (
    'index.php' => '<?php source', 'page.php' => '<?php source', 'style.css' => "css\n",
    'up/pic.jpg' => '<?php picture', 'up/x.php.txt' => "<?php a text\n", 'UP.PHP' => '<?php source',
    'x.php/inner.txt' => "inner\n", 'x.php/deep/page.php' => '<?php source',
    'sub/index.php' => '<?php source', 'sub/index.html' => "sub static\n", 'stat/index.html' => "static index\n",
    'empty/other.txt' => "other\n", 'a b/p+q.php' => '<?php source', 'old.php.bak' => '<?php source',
    "\xc3\xa4.php" => '<?php source', 'script.pl' => 'perl source', 'two/index.php' => '<?php source',
);

# What a request came to: `ran|SCRIPT_NAME|PATH_INFO|REQUEST_URI`, or the
# status and the start of the body, and what was asked of the application.
my $h;
sub try {
    my ($uri, %o) = @_;
    $r->forget;
    my $res = get($h, $uri, %o);
    my @asked = $r->requests;
    my $b = $res->{body} // '';
    unlike($b, qr/source/, "$uri: no source is shown");
    return $b =~ /\Aran\|/ ? $b : join ' ', $res->{status} // 'closed', $b =~ /\A([\w ]+)\n\z/ ? $1 : ();
}
sub is_run {
    my ($uri, $name, $info, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(try($uri), join('|', 'ran', $name, $info // '-', $uri), "$what: $uri runs $name" . (defined $info ? " with $info" : ''));
}
# Not run, and not shown: refused with one of the statuses.
sub is_refused {
    my ($uri, $status, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like(try($uri), qr/\A(?:$status)\z/, "$what: $uri is refused with $status");
    is(scalar(my @q = $r->requests), 0, "$what: $uri does not reach the application");
}
sub serve {
    my ($what, %o) = @_;
    $h = host(responder => $r, files => \%files, %o);
    note($what);
    my $d = $h->{docroot};
    symlink "$d/page.php", "$d/link.php" or die;
    symlink "$d/up/pic.jpg", "$d/pic.php" or die;
    symlink "$d/sub", "$d/linked" or die;
    symlink '/etc/passwd', "$d/passwd.php" or die;
    symlink '/etc', "$d/etc" or die;
    symlink 'nowhere.php', "$d/dangling.php" or die;
    return $h;
}

# --- what fails whatever the keys -------------------------------------------
my @keys = (
    [ 'no keys' => {}, ['/.*\.php fastcgi'] ],
    [ 'Extensions' => { Extensions => '.php' }, ['/.*\.php fastcgi'] ],
    [ 'CheckScript On' => { CheckScript => 'On' }, ['/.*\.php fastcgi'] ],
    [ 'CheckScript Off' => { Extensions => '.php', CheckScript => 'Off' }, ['/.*\.php fastcgi'] ],
    [ 'DocumentRoot' => { Extensions => '.php', DocumentRoot => '/remote' }, ['/.*\.php fastcgi'] ],
    [ 'a front controller' => { FrontController => '/index.php' }, ['/.* fastcgi'] ],
    [ 'everything' => {}, ['/.* fastcgi'], 'any' ],
);
for (@keys) {
    my ($what, $conf, $match, $any) = @$_;
    my $front = $conf->{FrontController};
    serve($what, conf => $conf, match => $match);
    is_run('/page.php', '/page.php', undef, $what);
    is_run('/page.php/a/b.php', '/page.php', '/a/b.php', $what);
    is_run('/a%20b/p+q.php', '/a b/p+q.php', undef, $what);
    is_run('/x.php/deep/page.php', '/x.php/deep/page.php', undef, $what);
    is_run('/%c3%a4.php/%c3%a4', "/\xc3\xa4.php", "/\xc3\xa4", $what);
    # An upload that is not a script.
    my $gone = $front ? sub { is_run($_[0], $front, undef, $what) } : sub { is_refused($_[0], '40[34]', $what) };
    if ($any) { # a rule for everything means all of it
        is_run('/up/pic.jpg', '/up/pic.jpg', undef, $what);
    }
    else {
        $gone->($_) for '/up/pic.jpg/x.php', '/up/x.php.txt/x.php', '/style.css/.php', '/up/pic.jpg/a/b.php';
        for my $name ('/up/x.php.txt', '/x.php/inner.txt') {
            like(try($name), qr/\A(?:403|200)/, "$what: $name is not run");
            is(scalar(my @q = $r->requests), 0, "$what: $name does not reach the application");
        }
    }
    # Out of the document root.
    is_refused($_, '40[034]', $what) for '/../page.php', '/%2e%2e/page.php', '/..%2fpage.php', '/%2e%2e%2fpage.php',
      '/page.php/../../../etc/passwd', '/sub/..%2f..%2f..%2fetc/passwd.php',
      '/%zz/%2e%2e/%2e%2e/etc/page.php', '/%2/page.php', '/page.php/%';
    # Steps upwards inside of it: the gate resolves them, the core refuses them.
    if (!gated()) { is_refused($_, '403', $what) for '/sub/../page.php', '/page.php/..', '/page.php/%2e%2e/x' }
    else {
        is_run('/sub/../page.php', '/page.php', undef, $what);
        is_run('/sub/%2e%2e/page.php/a/../b', '/page.php', '/b', $what);
        if ($any || $front) {
            is_run('/page.php/..', $any ? '/index.html' : '/index.php', undef, $what);
            is_run('/page.php/%2e%2e/x', $any ? '/x' : $front, undef, $what);
        }
        else { is_refused($_, '403', $what) for '/page.php/..', '/page.php/%2e%2e/x' }
    }
    for my $odd ('/%252e%252e/page.php', '/..%5cpage.php', '/%c0%ae%c0%ae/page.php', '/%uff0e%uff0e/page.php', '/.%00./page.php') {
        try($odd);
        my @out = grep { ($_->{params}{SCRIPT_FILENAME} // '') =~ m{(?:\A|/)\.\.(?:/|\z)|\0|/etc/} } $r->requests;
        is(scalar @out, 0, "$what: $odd leads nowhere else");
    }
    # Control characters.
    is_refused($_, '40[0-9]', $what) for '/page.php%0a', '/page.php%0d%0aX:y', '/page.php/%0a', '/page.php/a%0db', '/%0apage.php';
    for my $nul ('/up/pic.jpg%00.php', '/page.php%00/x', '/up/pic.jpg%00/x.php', '/page.php/%00') {
        try($nul);
        my @bad = grep { ($_->{params}{SCRIPT_FILENAME} // '') !~ m{/(?:page|index)\.php\z} } $r->requests;
        is(scalar @bad, 0, "$what: $nul runs no upload") unless $any;
        is(scalar(grep { join('', %{ $_->{params} }) =~ /\0/ } $r->requests), 0, "$what: $nul: no NUL is passed on");
    }
    # Links, with SymLink Off.
    is_refused($_, '403', "$what, SymLink Off") for '/link.php', '/pic.php', '/passwd.php', '/linked/index.php';
    is_refused('/link.php/info', '403', "$what, SymLink Off");
    # A folder that is named like a script.
    for my $dir ('/x.php', '/x.php/', '/x.php//', '/x.php/.') {
        try($dir);
        is(scalar(grep { $_->{params}{SCRIPT_FILENAME} =~ m{/x\.php/?[./]*\z} } $r->requests), 0, "$what: $dir, a folder, is not run");
    }
    # Upper and lower case.
    $front ? is_run('/PAGE.php', $front, undef, $what) : ($conf->{Extensions} || $conf->{CheckScript}) && ($conf->{CheckScript} // '') ne 'Off'
      && !$conf->{DocumentRoot} ? is_refused('/PAGE.php', '404', $what) : unlike(try('/PAGE.php'), qr/ran\|\/page/, "$what: /PAGE.php is not page.php");
    # (The expressions of Monkey 1.8 mind the case: one for .php lets .PHP pass.)
    is_refused('/UP.PHP', '403', $what) if ($conf->{Extensions} && is_abi('1.6')) || $front;
}

# --- SymLink On -------------------------------------------------------------
serve('links', conf => { Extensions => '.php' }, monkey => { SymLink => 'On' });
is_run('/link.php', '/link.php', undef, 'SymLink On');
is_run('/link.php/info', '/link.php', '/info', 'SymLink On');
is_run('/linked/index.php', '/linked/index.php', undef, 'SymLink On');
is_refused($_, '403', 'SymLink On: out of the document root') for '/passwd.php', '/passwd.php/x';
is_refused($_, '404', 'SymLink On') for '/dangling.php', '/etc/none.php';
serve('links, CheckScript Off', conf => { Extensions => '.php', CheckScript => 'Off' }, monkey => { SymLink => 'On' });
is_run('/passwd.php', '/passwd.php', undef, 'SymLink On, CheckScript Off');

# --- CheckScript: what does not exist ---------------------------------------
serve('missing', conf => {});
is_run('/none.php', '/none.php', undef, 'Auto without Extensions: the application decides');
is_run('/none.php/info', '/none.php', '/info', 'Auto without Extensions');
is_refused($_, '403', 'Auto without Extensions') for '/none.php_.jpg', '/none.php_/pic.jpg', '/none.php.jpg/x';
serve('missing', conf => { Extensions => '.php .phtml' });
is_refused($_, '404', 'Auto with Extensions') for '/none.php', '/none.php/x', '/none/page.php', '/page.phpx';
my $mark = $h->mark;
get($h, '/none.php');
ok($h->wait_log(qr/GET \/none\.php: .*CheckScript.*answered 404/, $mark), 'the log names the key');
serve('missing', conf => { CheckScript => 'On' });
is_refused('/none.php', '404', 'On');
serve('missing', conf => { CheckScript => 'Off', Extensions => '.php' });
is_run('/none.php', '/none.php', undef, 'Off');
is_run('/none.php/a/b.php', '/none.php', '/a/b.php', 'Off: split by the extension');
is_run('/none/x.phpx/y.php/z', '/none/x.phpx/y.php', '/z', 'Off: split by the extension');

# --- PathInfo Off -----------------------------------------------------------
serve('PathInfo Off', conf => { PathInfo => 'Off' });
is_run('/page.php', '/page.php', undef, 'PathInfo Off');
is_refused($_, '404', 'PathInfo Off') for '/page.php/', '/page.php/x';
serve('PathInfo Off', conf => { PathInfo => 'Off', FrontController => '/index.php' }, match => ['/.* fastcgi']);
is_run('/page.php/x', '/index.php', undef, 'PathInfo Off, front controller');

# --- a folder without the slash, matched by a rule ---------------------------
serve('everything', conf => { FrontController => '/index.php' }, match => ['/.* fastcgi'], monkey => { Indexfile => 'index.html' });
for ([ '/sub', '/sub/' ], [ '/stat', '/stat/' ]) {
    my $got = get($h, $_->[0]);
    like(($got->{status} // 'closed') . ' ' . join('', headers_of($got, 'Location')), qr{\A301 .*$_->[1]\z}, "$_->[0] is redirected to $_->[1]");
}
if (is_abi('1.8')) {
    is(join('', headers_of(get($h, '/sub?a=b'), 'Location')), '/sub/?a=b', 'with its query');
    is(join('', headers_of(get($h, '//sub'), 'Location')), '/sub/', 'and to no other host');
}

# --- Index (and trap n) -----------------------------------------------------
serve('Index', conf => { Index => 'index.php' }, monkey => { Indexfile => 'index.html' });
is(try('/sub/?q=1'), 'ran|/sub/index.php|-|/sub/?q=1', 'Index goes before Indexfile');
is(try('/'), 'ran|/index.php|-|/', 'Index at the root');
is(try('/stat/'), '200 static index', 'no such file: left to Monkey');
like(try('/empty/'), qr/\A40[34]/, 'no index at all: left to Monkey');
my $res = get($h, '/sub');
# (No rule matches it, and what Monkey 1.8.9 makes of it is not sent.)
like(($res->{status} // '') . ' ' . join('', headers_of($res, 'Location')), is_abi('1.8') ? qr{\A(?:30[12] .*/sub/|\s*)\z} : qr{\A30[12] .*/sub/\z}, 'without the slash: redirected');
serve('Index', conf => { Index => 'index.html index.php' }, monkey => { Indexfile => 'index.php index.html' });
is(try('/sub/'), '200 sub static', 'Index: the first that exists, though it is none to run');
is(try('/two/'), 'ran|/two/index.php|-|/two/', 'Index: the second');
serve('Indexfile', conf => { Extensions => '.php' }, monkey => { Indexfile => 'index.php' });
is(try('/sub/'), 'ran|/sub/index.php|-|/sub/', 'Indexfile of Monkey is run, too');

# --- FrontController --------------------------------------------------------
serve('front', conf => { FrontController => '/index.php' }, match => ['/.* fastcgi'], monkey => { Indexfile => 'index.html' });
for ([ '/pretty/url' => 'ran|/index.php|-|/pretty/url' ], [ '/pretty/url/?a=b%20c' => 'ran|/index.php|-|/pretty/url/?a=b%20c' ],
    [ '/p%C3%A4th//x/.' => 'ran|/index.php|-|/p%C3%A4th//x/.' ], [ '/none.php' => 'ran|/index.php|-|/none.php' ],
    [ '/style.css' => '200 css' ], [ '/style.css/x' => 'ran|/index.php|-|/style.css/x' ],
    [ '/page.php?x' => 'ran|/page.php|-|/page.php?x' ], [ '/index.php/a' => 'ran|/index.php|/a|/index.php/a' ],
    [ '/' => 'ran|/index.php|-|/' ], [ '/sub/' => 'ran|/sub/index.php|-|/sub/' ], [ '/stat/' => '200 static index' ],
    [ '/empty/' => 'ran|/index.php|-|/empty/' ], [ '/nowhere/' => 'ran|/index.php|-|/nowhere/' ]) {
    is(try($_->[0]), $_->[1], "front controller: $_->[0]");
}
$res = post($h, '/pretty', 'a=b');
res_is($res, 200, 'ran|/index.php|-|/pretty', 'front controller: a POST');
serve('app', conf => { FrontController => '/app' }, match => ['/app fastcgi']);
is(try($_->[0]), $_->[1], "a front controller without a file: $_->[0]") for
  [ '/app' => 'ran|/app|-|/app' ], [ '/app/' => 'ran|/app|/|/app/' ], [ '/app/a%20b?c' => 'ran|/app|/a b|/app/a%20b?c' ];
serve('app', conf => { FrontController => '/' }, match => ['/.* fastcgi']);
is(try($_->[0]), $_->[1], "a front controller for all: $_->[0]") for
  [ '/app/x' => 'ran||/app/x|/app/x' ], [ '/style.css' => '200 css' ];

# --- DocumentRoot, Param and their like -------------------------------------
my $r2 = responder();
$h = host(responder => $r2, fastcgi_conf => "[FASTCGI]\n    Param APP_ENV test one\n    Param ONE of all\n    HideParam HTTP_X_SECRET\n"
      . "[FASTCGI_SERVER]\n    ServerName " . $r2->{name} . "\n    " . $r2->conf_line . "\n    DocumentRoot /srv/app/\n    Extensions .php\n"
      . "    Param APP_ENV its own\n    Param SERVER_NAME www.test\n    HideParam SERVER_SOFTWARE HTTP_X_MORE\n    PassAuthorization Off\n");
get($h, '/far/env.php/info', headers => [ 'X-Secret: s', 'X-More: m', 'X-Kept: k', 'Authorization: Basic YTpi' ]);
my $p = ($r2->last_request || {})->{params} || {};
is($p->{SCRIPT_FILENAME}, '/srv/app/far/env.php', 'DocumentRoot: SCRIPT_FILENAME');
is($p->{DOCUMENT_ROOT}, '/srv/app', 'DocumentRoot: DOCUMENT_ROOT');
is($p->{PATH_TRANSLATED}, '/srv/app/info', 'DocumentRoot: PATH_TRANSLATED');
is($p->{SCRIPT_NAME} . '|' . $p->{PATH_INFO}, '/far/env.php|/info', 'DocumentRoot: split by the extension');
is($p->{APP_ENV}, 'its own', 'Param: the server\'s goes before that of all');
is($p->{ONE}, 'of all', 'Param: of all servers');
is($p->{SERVER_NAME}, 'www.test', 'Param: in place of another');
is(join(' ', grep { exists $p->{$_} } qw(HTTP_X_SECRET HTTP_X_MORE SERVER_SOFTWARE HTTP_AUTHORIZATION)), '', 'HideParam, PassAuthorization Off');
is($p->{HTTP_X_KEPT}, 'k', 'and nothing else');

# Another server is told what its own keys say.
my $down = FCGITest::Host::free_port();
$h = host(responder => $r2, fastcgi_conf => "[FASTCGI_SERVER]\n    ServerName down\n    ServerAddr 127.0.0.1:$down\n    Param WHO first\n"
      . "[FASTCGI_SERVER]\n    ServerName up\n    " . $r2->conf_line . "\n    Param WHO second\n    DocumentRoot /second\n");
for (1 .. 2) {
    $r2->forget;
    get($h, '/env.php?q=' . 'x' x 300, headers => ['X-Late: still here']);
    $p = ($r2->last_request || {})->{params} || {};
    is(join('|', map { $p->{$_} // '' } qw(WHO SCRIPT_FILENAME HTTP_X_LATE)), 'second|/second/env.php|still here', "after a server that is down: $_");
}

# --- MaxHeaderSize ----------------------------------------------------------
my $r3 = responder(cases => { map { my $n = $_; ("h$n" => sub { $_[0]->reply("Content-Type: text/plain\r\nX-Big: " . 'b' x ($n * 1024) . "\r\n\r\nok") }) } 1, 4, 60, 70 });
for ([ undef, 60, 70, 65536 ], [ '2k', 1, 4, 2048 ], [ '100k', 70, undef ]) {
    my ($key, $fits, $over, $n) = @$_;
    $h = host(responder => $r3, conf => { $key ? (MaxHeaderSize => $key) : () });
    res_is(get($h, "/h$fits.php"), 200, 'ok', "MaxHeaderSize " . ($key // '') . ": $fits KB");
    next if !$over;
    $mark = $h->mark;
    res_is(get($h, "/h$over.php"), 502, undef, "MaxHeaderSize " . ($key // '') . ": $over KB is too much");
    ok($h->wait_log(qr/more than $n bytes.*MaxHeaderSize.*502/, $mark), 'the log names the key');
}
finish;
