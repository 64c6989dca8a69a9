# SPDX-License-Identifier: Apache-2.0
#
# RealPath and LinkRoots, as the manual has them: releases that go online by
# switching a link, with php-fpm and its opcode cache, and an application outside
# the document root.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use File::Path qw(make_path);

plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

my $d = temp_dir();
my $share = "$d/share";
sub put { my ($file, $text) = @_; FCGITest::Tree::write_file("$d/$file", $text) }
for my $n (1, 2) {
    put("releases/$n/up.txt", "up\n");
    put("releases/$n/env.php", '');
    put("releases/$n/show.php", "<?php header('Content-Type: text/plain'); include 'part.php'; echo \"show $n \$part \", __DIR__, ' ', \$_SERVER['DOCUMENT_ROOT'];");
    put("releases/$n/part.php", "<?php \$part = $n;");
    symlink $share, "$d/releases/$n/app" or die;
    symlink '/etc', "$d/releases/$n/etc" or die;
    symlink "$d/releases/1/show.php", "$d/releases/$n/first.php" or die;
}
put('releases/1/old.php', '');
put('share/env.php', '');
put('elsewhere/x.php', '');
symlink "$d/elsewhere/x.php", "$share/x.php" or die;

sub online {
    my ($n) = @_;
    symlink "releases/$n", "$d/new" or die;
    rename "$d/new", "$d/current" or die;
}
online(1);

my $page = do { local (@ARGV, $/) = "$ENV{TOP_SRCDIR}/man/fastcgi.conf.5.in"; <> };
my ($example) = $page =~ /^\.Ss Links\n.*?^\.Bd .*?\n(.*?)^\.Ed/ms;
my $r = responder(default => sub { my ($c) = @_; $c->reply(page('ok')) });

sub site {
    my ($app, %o) = @_;
    my $line = $app->conf_line;
    my $conf = $example =~ s/ServerPath .*/$line/r =~ s{/usr/share}{$share}r;
    $conf =~ s/RealPath On/RealPath Off/ if $o{off};
    return host(responder => $app, fastcgi_conf => $conf, root_as => "$d/current",
        monkey => { SymLink => $o{symlink} // 'On' });
}

# DOCUMENT_ROOT and SCRIPT_FILENAME, below $d.
my $c;
sub names {
    my ($h, $uri) = @_;
    $r->forget;
    $c = client($h) if !$c || $c->{eof};
    $c->send($c->format(GET => $uri));
    my $res = $c->read_response;
    my $q = $r->last_request or return $res->{status};
    return join ' ', map { $q->{params}{$_} =~ s{^\Q$d\E/}{}r } qw(DOCUMENT_ROOT SCRIPT_FILENAME);
}

my $h = site($r);
is(names($h, '/env.php'), 'releases/1 releases/1/env.php', 'the first release');
is(names($h, '/old.php'), 'releases/1 releases/1/old.php', '... has a script');
is(names($h, '/app/env.php'), 'releases/1 share/env.php', 'an application of LinkRoots');
is(names($h, '/first.php'), 'releases/1 releases/1/show.php', 'a link in the root');
is(names($h, '/env.php/info'), 'releases/1 releases/1/env.php', 'with PATH_INFO');
is($r->last_request->{params}{PATH_TRANSLATED}, "$d/releases/1/info", '... PATH_TRANSLATED');
is($r->last_request->{params}{SCRIPT_NAME}, '/env.php', '... SCRIPT_NAME');
my ($switch) = $page =~ m{^(ln -s releases/2 .*)$}m;
is(system("cd '$d' && $switch"), 0, 'the second release goes online, as the manual shows it');
is(names($h, '/env.php'), 'releases/2 releases/2/env.php', 'the next request has it');
# What was found a moment ago is passed on, and is of the new release all the same.
like(names($h, '/old.php'), qr{^releases/2 releases/2/old\.php$|^404$}, 'what the second has no more');
ok(wait_for(sub { names($h, '/old.php') eq '404' }), '... is 404 soon');
ok(wait_for(sub { names($h, '/first.php') eq '403' }), '... as is a link to the first release');
is(names($h, '/app/x.php'), '403', 'a link out of LinkRoots is refused');
is(names($h, '/etc/x.php'), '404', 'a link elsewhere: what is not there');
like($h->log, qr{GET /app/x\.php: a symbolic link leads out of the document root \(CheckScript; LinkRoots}, 'the log has the cure');

# The link is switched all the time.
my $pid = fork // die;
if (!$pid) {
    for (my $n = 0; ; $n++) { online(1 + $n % 2) }
}
my %seen;
for (1 .. 150) { $seen{ names($h, '/env.php') }++ }
kill KILL => $pid;
waitpid $pid, 0;
unlink "$d/new";
is(join(', ', sort keys %seen), 'releases/1 releases/1/env.php, releases/2 releases/2/env.php',
    'both are of one release, in each request');
undef $c;
online(1);

my $off = site($r, off => 1, symlink => 'Off');
is(names($off, '/env.php'), 'current current/env.php', 'RealPath Off');
is(names($off, '/app/env.php'), '403', 'SymLink Off');

SKIP: {
    my $php = FCGITest::Daemon->php(ini => 1) or skip('php-fpm is not installed', 4);
    my $site = site($php);
    for my $n (1, 2, 1, 2) {
        online($n);
        res_is(get($site, '/show.php'), 200, "show $n $n $d/releases/$n $d/releases/$n", "php-fpm: release $n");
    }
}
finish();
