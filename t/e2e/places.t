# SPDX-License-Identifier: Apache-2.0
#
# Where scripts are, and what may be found in their place: a document root
# that is a link, or has a slash at its end, or goes away; the folders of
# ~users; a FIFO, a socket, a folder or an unreadable file named like a script.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Cwd qw(abs_path);
use IO::Socket::UNIX;
use POSIX qw(mkfifo);

plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

my $r = responder(default => sub {
    my ($c, $q) = @_;
    my $p = $q->{params};
    $c->reply(page(join '|', 'ran', map { $p->{$_} // '-' } qw(SCRIPT_FILENAME SCRIPT_NAME PATH_INFO)));
});
my %files = ('index.php' => '<?php source', 'page.php' => '<?php source', 'style.css' => "css\n",
    'sub/index.php' => '<?php source', 'up/pic.jpg' => '<?php source', 'x.php/deep.php' => '<?php source', 'app' => '<?php source');

# `ran|FILE|NAME|INFO`, or the status.
my $h;
sub try {
    my ($uri, %o) = @_;
    my $res = get($h, $uri, timeout => 5, %o);
    my $b = $res->{body} // '';
    unlike($b, qr/source/, "$uri: no source is shown");
    return $b if $b =~ /\Aran\|/;
    my $to = (headers_of($res, 'Location'))[0] // '';
    return join ' ', $res->{status} // 'closed', $to =~ m{(?:\A|//[^/]*)(/.*)} ? $1 : ();
}
sub serve { my ($what, %o) = @_; note($what); return $h = host(responder => $r, files => \%files, %o) }
sub is_tried { my ($uri, $want, $what, %o) = @_; local $Test::Builder::Level = $Test::Builder::Level + 1; is(try($uri, %o), $want, "$what: $uri") }

# --- the document root by other names ---------------------------------------
my $dir = temp_dir();
for ([ 'a link', sub { symlink "$_[0]{docroot}", "$dir/link" or die; "$dir/link" } ],
    [ 'with a slash', sub { "$_[0]{docroot}/" } ], [ 'with dots', sub { "$_[0]{docroot}/sub/.." } ]) {
    my ($what, $name) = @$_;
    for my $conf ({ Extensions => '.php' }, { FrontController => '/index.php' }, {}) {
        my $front = $conf->{FrontController};
        $h = host(responder => $r, files => \%files, conf => { Index => 'index.php', %$conf }, match => [ $front ? '/.* fastcgi' : '/.*\.php fastcgi' ], idle => 1);
        unlink "$dir/link";
        my $root = $name->($h);
        my $site = "$h->{dir}/conf/sites/default";
        open my $in, '<', $site or die;
        my $text = join '', map { s/(DocumentRoot) .*/$1 $root/r } <$in>;
        FCGITest::Host::write_file($site, $text);
        $h->{idle} = 0;
        $h->start;
        $root =~ s{/\z}{};    # the path begins with one
        my $slash = $what eq 'with a slash' ? '/' : '';
        is_tried('/page.php', "ran|$root$slash/page.php|/page.php|-", $what);
        is_tried('/page.php/info', "ran|$root$slash/page.php|/page.php|/info", $what);
        is_tried('/sub/', "ran|$root$slash/sub/index.php|/sub/index.php|-", $what);
        is_tried('/', "ran|$root$slash/index.php|/index.php|-", $what);
        is_tried('/style.css', '200', $what);
        $front ? is_tried('/up/pic.jpg/x.php', "ran|$root$slash/index.php|/index.php|-", $what) : is_tried('/up/pic.jpg/x.php', '404', $what);
        symlink '/etc/passwd', "$h->{docroot}/out.php" or die;
        is_tried('/out.php', '403', "$what, SymLink Off");
    }
}
serve('it goes away', conf => { Extensions => '.php' });
rename $h->{docroot}, "$h->{docroot}-gone" or die;
is_tried($_, '404', 'the document root is missing') for '/page.php', '/page.php/x', '/index.php';
rename "$h->{docroot}-gone", $h->{docroot} or die;
is_tried('/page.php', "ran|$h->{docroot}/page.php|/page.php|-", 'and is back');

# --- in a script's place ----------------------------------------------------
for ([ 'Extensions', { Extensions => '.php' }, ['/.*\.php fastcgi'] ], [ 'no keys', {}, ['/.*\.php fastcgi'] ],
    [ 'CheckScript Off', { Extensions => '.php', CheckScript => 'Off' }, ['/.*\.php fastcgi'] ],
    [ 'front controller', { FrontController => '/index.php' }, ['/.* fastcgi'] ]) {
    my ($what, $conf, $match) = @$_;
    my $front = $conf->{FrontController};
    serve($what, conf => $conf, match => $match);
    my $d = $h->{docroot};
    mkfifo("$d/fifo.php", 0666) or die;
    my $socket = IO::Socket::UNIX->new(Local => "$d/socket.php", Listen => 1) or die;
    is_tried($_, '403', $what) for '/fifo.php', '/fifo.php/x', '/socket.php', '/socket.php/x';
    is_tried('/x.php', '301 /x.php/', $what);
    # A folder is no script, whatever follows it.
    my $res = try('/x.php/none');
    unlike($res, qr{\Aran\|\Q$d\E/x\.php\|}, "$what: /x.php/none does not run the folder");
    is_tried('/x.php/deep.php/i', "ran|$d/x.php/deep.php|/x.php/deep.php|/i", $what);
    # While it is served. (What the gate has found it does not look for again within
    # a second.)
    my @become = (
        [ 'a FIFO' => '403', sub { mkfifo($_[0], 0666) } ],
        [ 'a folder' => '301', sub { mkdir $_[0] }, sub { rmdir $_[0] } ],
        [ 'a link' => '403', sub { symlink '/etc/passwd', $_[0] } ],
        [ 'a file' => 'ran', sub { link "$d/index.php", $_[0] } ],
    );
    for my $i (0 .. $#become) {
        FCGITest::Host::write_file("$d/turn$i.php", '<?php source');
        is_tried("/turn$i.php", "ran|$d/turn$i.php|/turn$i.php|-", "$what: a script");
        unlink "$d/turn$i.php" or die;
        $become[$i][2]->("$d/turn$i.php") or die;
    }
    sleep 1.1 if gated();
    for my $i (0 .. $#become) {
        my ($as, $want, undef, $remove) = @{ $become[$i] };
        my $u = "/turn$i.php";
        is_tried($u, { ran => "ran|$d$u|$u|-", 301 => "301 $u/" }->{$want} // $want, "$what: that becomes $as");
        $remove ? $remove->("$d$u") : unlink "$d$u" or die;
        link "$d/index.php", "$d$u" or die;
        is_tried($u, "ran|$d$u|$u|-", "$what: then a file again") if $want ne 'ran';
    }
    # The application's user may read what Monkey's may not.
    chmod 0, "$d/index.php";
    is_tried('/turn0.php', "ran|$d/turn0.php|/turn0.php|-", "$what: a script that Monkey may not read");
}

# --- a folder without the slash, asked for by nobody in particular ----------
# (Monkey 1.6 by itself crashes.)
for my $conf ([ 'matched', { FrontController => '/index.php' }, ['/.* fastcgi'] ], [ 'not matched', {}, ['/.*\.php fastcgi'] ]) {
    serve("no Host, $conf->[0]", conf => $conf->[1], match => $conf->[2]);
    my $c = client($h);
    $c->send("GET /sub HTTP/1.0\r\n\r\n");
    my $res = $c->read_response(http => '1.0', timeout => 3);
    ok($h->alive, "no Host, $conf->[0]: it is still there");
    is(join('', headers_of($res, 'Location')) =~ s{\A\w+://[^/]+}{}r, '/sub/', "no Host, $conf->[0]: it is redirected") if is_abi('1.6');
    is_tried('/page.php', "ran|$h->{docroot}/page.php|/page.php|-", 'after it');
}

# --- a front controller without an extension is not shown -------------------
serve('app', conf => { FrontController => '/app' }, match => ['/.* fastcgi']);
is_tried($_, "ran|$h->{docroot}$_|$_|-", 'a front controller') for '/app', '//app';
# (The gate resolves dots; the core leaves them, and its file system does it.)
for ([ '/./app', '/app' ], [ '/.//./app', '//app' ]) {
    my ($uri, $name) = ($_->[0], gated() ? $_->[1] : $_->[0]);
    is_tried($uri, "ran|$h->{docroot}$name|$name|-", 'a front controller');
}
is_tried('//app/x', "ran|$h->{docroot}//app|//app|/x", 'a front controller');

# --- ~users -----------------------------------------------------------------
SKIP: {
    my ($user, $home) = (getpwuid $<)[0, 7];
    skip('fcgi-serve has no UserDir', 1) if host_kind() ne 'monkey';
    skip('there is no home of ours', 1) if !defined $home || !-d $home;
    # Nothing is put into that home: UserDir leads out of it.
    my $up = join '/', ('..') x (abs_path($home) =~ tr{/}{});
    my $to = temp_dir();
    FCGITest::Host::write_file("$to/$_", $files{$_}) for keys %files;
    symlink '/etc/passwd', "$to/out.php" or die;
    my $file = "$home/$up$to";
    my $all = { Extensions => '.php', Index => 'index.php' };
    for ([ 'Extensions', $all, ['/.*\.php fastcgi'] ], [ 'front', { FrontController => '/index.php' }, ['/.* fastcgi'] ]) {
        my ($what, $conf, $match) = @$_;
        my $front = $conf->{FrontController};
        serve("~user, $what", conf => $conf, match => $match, monkey => { UserDir => "$up$to" });
        my $gone = $front ? "ran|$h->{docroot}/index.php|/index.php|-" : '404';
        $gone = '404' if core_looks_first();
        my $u = "/~$user";
        is_tried("$u/page.php", "ran|$file/page.php|$u/page.php|-", $what);
        is_tried("/%7e$user/page.php/info", core_looks_first() ? '404' : "ran|$file/page.php|$u/page.php|/info", $what);
        is_tried("$u/sub/", "ran|$file/sub/index.php|$u/sub/index.php|-", "$what: an index");
        is_tried("$u/", "ran|$file/index.php|$u/index.php|-", "$what: an index");
        is_tried("$u/style.css", '200', "$what: a file");
        is_tried("$u/up/pic.jpg/x.php", $gone, "$what: an upload");
        is_tried("$u/none.php", $gone, $what);
        is_tried("$u/out.php", '403', "$what: a link");
        # (`..` goes back before Monkey looks for a user in the path: RFC 3986 5.2.4.)
        is_tried("$u/../page.php", gated() ? "ran|$h->{docroot}/page.php|/page.php|-" : '403', $what);
        # Monkey 1.6.0 crashes by itself, after a user that there is not, and when it
        # redirects where there is no such file in the site.
        my $crashes = host_kind() eq 'monkey' && `'$ENV{MONKEY}' -v` =~ /v1\.6\.0\b/;
        is_tried('/~no-such-user/page.php', '404', $what) if !$crashes;
        like(try($u), qr{\A301 \Q$u\E/\z}, "$what: without the slash")
          if ($front || is_abi('1.6')) && !$crashes;
        serve("~user, links", conf => $conf, match => $match, monkey => { UserDir => "$up$to", SymLink => 'On' });
        is_tried("$u/out.php", '403', "$what, SymLink On: a link that leads out of the folder");
    }
    serve('~user, DocumentRoot', conf => { DocumentRoot => '/far', Extensions => '.php' }, match => ['/.*\.php fastcgi'],
        monkey => { UserDir => "$up$to" });
    is_tried("/~$user/page.php", "ran|$file/page.php|/~$user/page.php|-", 'DocumentRoot does not name the file of a ~user');
    is_tried('/page.php', 'ran|/far/page.php|/page.php|-', 'but the others');
}
finish;
