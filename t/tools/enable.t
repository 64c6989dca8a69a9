# SPDX-License-Identifier: Apache-2.0
#
# monkey-fastcgi enable and disable: the plugins.load that comes out, to the
# byte. That a server then runs PHP is tried in debian/tests/php-page.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIParts qw(plugin);
use FCGIFile;
use IO::Socket::UNIX;
use Test::More;
use File::Temp qw(tempdir);

my $script = "$ENV{TOP_BUILDDIR}/monkey-fastcgi";
my $top = tempdir(CLEANUP => 1);
my $plugin = "$top/lib/monkey-fastcgi.so";
my $load = "Load $plugin";
my $n = 0;

mkdir "$top/lib";
mkdir "$top/bin";
$ENV{PATH} = "$top/bin:$ENV{PATH}";

spew($plugin, 'not read here');
# What `make install` puts into pkgdatadir is not there yet.
my $conf = slurp("$ENV{TOP_SRCDIR}/conf/fastcgi.conf");
spew("$top/fastcgi.conf", $conf);
spew("$top/plugins-load.awk", slurp("$ENV{TOP_SRCDIR}/tools/monkey-fastcgi/plugins-load.awk"));
spew("$top/monkey-fastcgi", slurp($script) =~ s/^data=\K.*/'$top'/mr);
chmod 0755, $script = "$top/monkey-fastcgi";

# A linter that notes what it is asked, and ends with $status.
sub linter {
    my ($status) = @_;
    spew("$top/bin/fcgi-check", "#!/bin/sh\necho \"checked \$*\"\nexit $status\n");
    chmod 0755, "$top/bin/fcgi-check";
}
linter(0);

# A tree whose plugins.load is $text; undef: none.
sub tree {
    my ($text) = @_;
    my $dir = "$top/tree" . ++$n;
    mkdir $dir;
    mkdir "$dir/sites";
    spew("$dir/monkey.conf", "[SERVER]\n    Listen 127.0.0.1:2001\n");
    spew("$dir/sites/default", "[HOST]\n    ServerName localhost\n");
    spew("$dir/plugins.load", $text) if defined $text;
    return $dir;
}

sub run {
    my (@args) = @_;
    open my $pipe, '-|', 'sh', '-c', '"$@" 2>&1', 'sh', $script, @args or die;
    local $/;
    my $output = <$pipe> // '';
    close $pipe;
    return ($? >> 8, $output);
}

sub enable  { run('enable',  '-P', $plugin, @_) }
sub disable { run('disable', '-P', $plugin, @_) }

# [what, before, after enable]; disable must lead back.
my @cases = (
    ['a file as Monkey ships it',
     "# Loader\n\n[PLUGINS]\n    Load /m/monkey-logger.so\n    # Load /m/monkey-cgi.so\n",
     "# Loader\n\n[PLUGINS]\n    Load /m/monkey-logger.so\n    $load\n    # Load /m/monkey-cgi.so\n"],
    ['a heading alone', "[PLUGINS]\n", "[PLUGINS]\n    $load\n"],
    ['a heading without an end of line', "[PLUGINS]", "[PLUGINS]\n    $load"],
    ['a last line without an end', "[PLUGINS]\n    Load /m/monkey-cgi.so",
     "[PLUGINS]\n    Load /m/monkey-cgi.so\n    $load"],
    ['a tab as indentation', "[PLUGINS]\n\tLoad /m/monkey-cgi.so\n",
     "[PLUGINS]\n\tLoad /m/monkey-cgi.so\n\t$load\n"],
    ['one blank as indentation', "[PLUGINS]\n # one\n", "[PLUGINS]\n $load\n # one\n"],
    ['a blank line is what indents', "[PLUGINS]\n  \n  Load /m/monkey-cgi.so\n",
     "[PLUGINS]\n  \n  Load /m/monkey-cgi.so\n  $load\n"],
    ["Monkey's own plugin", "[PLUGINS]\n    Load /m/monkey-fastcgi.so\n    Load /m/monkey-cgi.so\n",
     "[PLUGINS]\n    #monkey-fastcgi# Load /m/monkey-fastcgi.so\n    $load\n    Load /m/monkey-cgi.so\n"],
    ["Monkey's own plugin, oddly written", "[plugins] x\n  load   /m/monkey-fastcgi.so \t\n",
     "[plugins] x\n  #monkey-fastcgi# load   /m/monkey-fastcgi.so \t\n  $load\n"],
    ['the own plugin as a comment', "[PLUGINS]\n    # Load /m/monkey-fastcgi.so\n",
     "[PLUGINS]\n    $load\n    # Load /m/monkey-fastcgi.so\n"],
    ['ends of lines of DOS', "[PLUGINS]\r\n    Load /m/monkey-cgi.so\r\n",
     "[PLUGINS]\r\n    Load /m/monkey-cgi.so\r\n    $load\r\n"],
    ['other sections', "[OTHER]\n    Load /m/monkey-a.so\n[PLUGINS]\n    Load /m/monkey-b.so\n[LAST]\n    Key v\n",
     "[OTHER]\n    Load /m/monkey-a.so\n[PLUGINS]\n    Load /m/monkey-b.so\n    $load\n[LAST]\n    Key v\n"],
    ['the first of two [PLUGINS]', "[PLUGINS]\n    Load /m/monkey-a.so\n[PLUGINS]\n    Load /m/monkey-b.so\n",
     "[PLUGINS]\n    Load /m/monkey-a.so\n    $load\n[PLUGINS]\n    Load /m/monkey-b.so\n"],
    ['bytes over 127 and backslashes', "# \xff\xc3\\n\n[PLUGINS]\n    Load /m\\t/monkey-\xe4.so\n",
     "# \xff\xc3\\n\n[PLUGINS]\n    Load /m\\t/monkey-\xe4.so\n    $load\n"],
    ['a plugin whose name only ends alike', "[PLUGINS]\n    Load /m/monkey-xfastcgi.so\n",
     "[PLUGINS]\n    Load /m/monkey-xfastcgi.so\n    $load\n"],
);

for my $case (@cases) {
    my ($what, $old, $new) = @$case;
    my $dir = tree($old);
    my ($status, $output) = enable($dir);
    is($status, 0, "$what: enable") or diag $output;
    is(slurp("$dir/plugins.load"), $new, "$what: the line is there");
    ($status, $output) = enable($dir);
    is(slurp("$dir/plugins.load"), $new, "$what: once, however often");
    like($output, qr/loads \Q$plugin\E already/, "$what: which is told");
    ($status) = disable($dir);
    is($status, 0, "$what: disable");
    is(slurp("$dir/plugins.load"), $old, "$what: as it was");
    ($status, $output) = disable($dir);
    is($status, 0, "$what: disable again");
    is(slurp("$dir/plugins.load"), $old, "$what: still as it was");
    is_deeply([glob "$dir/plugins.load?*"], [], "$what: nothing left beside it");
}

# Without a file, or without the section: made, and the heading stays.
{
    my $dir = tree();
    chmod 0640, "$dir/monkey.conf";
    my ($status, $output) = enable($dir);
    is($status, 0, 'no plugins.load: enable') or diag $output;
    is(slurp("$dir/plugins.load"), "[PLUGINS]\n    $load\n", 'no plugins.load: made');
    is((stat "$dir/plugins.load")[2] & 07777, 0640, 'no plugins.load: with the mode of monkey.conf');
    disable($dir);
    is(slurp("$dir/plugins.load"), "[PLUGINS]\n", 'no plugins.load: the heading stays');
    for my $old ("# nothing\n", "[A]\n  Key v") {
        $dir = tree($old);
        enable($dir);
        my $indent = $old =~ /^( +)/m ? $1 : '    ';
        like(slurp("$dir/plugins.load"), qr/^\Q$old\E\n?\[PLUGINS\]\n\Q$indent$load\E\n?$/,
            'no section: added at the end');
        disable($dir);
        like(slurp("$dir/plugins.load"), qr/^\Q$old\E\n?\[PLUGINS\]\n?$/, 'no section: the heading stays');
    }
}

# The rest of the tree.
{
    my $dir = tree("[PLUGINS]\n");
    chmod 0604, "$dir/plugins.load";
    if ($> == 0) {
        chown 12345, 12346, "$dir/plugins.load", "$dir/monkey.conf";
    }
    my @before = stat "$dir/plugins.load";
    my ($status, $output) = enable('--dry-run', $dir);
    is($status, 0, 'dry run');
    like($output, qr/^\+    \Q$load\E$/m, 'dry run: a difference');
    like($output, qr{fastcgi\.conf: would be installed}, 'dry run: fastcgi.conf');
    is(slurp("$dir/plugins.load"), "[PLUGINS]\n", 'dry run: nothing is changed');
    ok(!-e "$dir/plugins", 'dry run: nothing is made');
    unlike($output, qr/checked/, 'dry run: no check');

    ($status, $output) = enable($dir);
    is($status, 0, 'enable') or diag $output;
    my @after = stat "$dir/plugins.load";
    is_deeply([@after[2, 4, 5]], [@before[2, 4, 5]], 'plugins.load: mode and owner are kept');
    is(slurp("$dir/plugins/fastcgi/fastcgi.conf"), $conf,
        'fastcgi.conf is installed');
    is((stat "$dir/plugins/fastcgi/fastcgi.conf")[4], $before[4], '... for the owner of the tree');
    like($output, qr/^    Match \/\.\*\\\.php\$ fastcgi$/m, 'the rule is told');
    like($output, qr/restart Monkey/, 'the restart is told');
    like($output, qr/^checked --monkey=1\.6 \Q$dir\E$/m, 'the linter has the last word');
    is(slurp("$dir/sites/default"), "[HOST]\n    ServerName localhost\n", 'no site is touched');

    spew("$dir/plugins/fastcgi/fastcgi.conf", 'mine');
    spew("$dir/sites/default", "[HANDLERS]\n    Match /.*\\.php\$ fastcgi php\n    Match /x cgi\n");
    linter(1);
    ($status, $output) = enable($dir);
    is($status, 3, 'the linter finds errors: status 3');
    like($output, qr/Monkey does not start/, '... which is told');
    like($output, qr{sites/default:2:    Match /\.\*\\\.php\$ fastcgi php}, 'rules there are told');
    unlike($output, qr{Match /x}, '... ours alone');
    is(slurp("$dir/plugins/fastcgi/fastcgi.conf"), 'mine', 'fastcgi.conf is never overwritten');
    ($status, $output) = enable('-q', $dir);
    is($output, "checked -q --monkey=1.6 $dir\nmonkey-fastcgi: enabled, but with what fcgi-check found, Monkey does not start\n",
        '-q: problems alone');
    linter(0);

    # What keeps no Monkey from starting is told, and no more.
    for my $case ([0, 1, 'true'], [3, 1, 'false'], [3, 2, 'true']) {
        my ($want, $found, $starts) = @$case;
        spew("$top/bin/fcgi-check", "#!/bin/sh\necho '    \"starts\": $starts'\nexit $found\n");
        ($status, $output) = enable($dir);
        is($status, $want, "fcgi-check ends with $found, Monkey starts: $starts");
    }
    linter(0);

    ($status, $output) = disable('-n', $dir);
    like($output, qr/^-    \Q$load\E$/m, 'disable, dry run: a difference');
    like(slurp("$dir/plugins.load"), qr/\Q$load\E/, '... and no change');
    ($status, $output) = disable($dir);
    is($status, 3, 'disable with a rule left: status 3');
    like($output, qr/does not start while these rules.*\n.*sites\/default:2:/, '... and the rule');
    is(slurp("$dir/plugins/fastcgi/fastcgi.conf"), 'mine', 'disable leaves fastcgi.conf');

    # A link stays one.
    rename "$dir/plugins.load", "$dir/real.load";
    symlink 'real.load', "$dir/plugins.load";
    enable($dir);
    ok(-l "$dir/plugins.load", 'a link stays a link');
    like(slurp("$dir/real.load"), qr/\Q$load\E/, 'and its file is edited');

    # Relative, and with a slash at the end.
    disable($dir);
    ($status, $output) = run('enable', "--plugin=$plugin", "$dir/");
    like($output, qr/^checked --monkey=1\.6 \Q$dir\E$/m, 'a slash at the end');
    my ($parent, $name) = $dir =~ m{(.*)/(.*)};
    $output = `cd '$parent' && '$script' disable '-P$plugin' -- '$name' 2>&1`;
    like($output, qr{does not load \Q$top\E/lib/monkey-fastcgi\*\.so any more}, 'a relative folder, behind --');
}

# What cannot be understood is left alone.
for my $case (
    ['another indentation', "[PLUGINS]\n    Load /m/monkey-a.so\n  Load /m/monkey-b.so\n", qr/plugins\.load:3: not indented like/],
    ['deeper indentation', "[PLUGINS]\n  Load /m/monkey-a.so\n    # b\n", qr/plugins\.load:3: not indented like/],
    ['no indentation', "[PLUGINS]\nLoad /m/monkey-a.so\n", qr/plugins\.load:2: a key must be indented/],
    ['no bracket', "[PLUGINS\n", qr/plugins\.load:1: the heading has no closing bracket/],
    ['NUL', "[PLUGINS]\n    Load /m/a\0b-c.so\n", qr/holds NUL bytes/],
    ['a line that would get too long', "[PLUGINS]\n    Load /" . 'm' x 225 . "/monkey-fastcgi.so\n", qr/line 2 would get longer/],
  )
{
    my ($what, $old, $message) = @$case;
    my $dir = tree($old);
    my ($status, $output) = enable($dir);
    is($status, 1, "$what: status 1");
    like($output, $message, "$what: the reason");
    is(slurp("$dir/plugins.load"), $old, "$what: left alone");
    is_deeply([glob "$dir/plugins.load?*"], [], "$what: nothing left beside it");
}

# Lines put aside by hand, or twice: never lost.
{
    my $dir = tree("[PLUGINS]\n    #monkey-fastcgi# Load /m/monkey-fastcgi.so\n");
    enable($dir);
    is(slurp("$dir/plugins.load"), "[PLUGINS]\n    #monkey-fastcgi# Load /m/monkey-fastcgi.so\n    $load\n",
        'a line that is aside already stays');
    my $other = "$top/lib/monkey-fastcgi18.so";
    spew($other, '');
    run('enable', '-P', $other, $dir);
    like(slurp("$dir/plugins.load"), qr/^    Load \Q$other\E$/m, 'the other name of the plugin is loaded instead');
    unlike(slurp("$dir/plugins.load"), qr/^    \Q$load\E$/m, '... and the first one no more');
    disable($dir);
    is(slurp("$dir/plugins.load"), "[PLUGINS]\n    Load /m/monkey-fastcgi.so\n", 'disable takes out both');
}

# Which Monkey it is. A program that prints what Monkey does with -v.
{
    $script = "$top/automatic";
    spew($script, slurp("$top/monkey-fastcgi") =~ s/^plugin=\K.*/'$plugin'/mr);
    chmod 0755, $script;
    my $monkey = sub {
        my ($file, $version) = @_;
        spew($file, "#!/bin/sh\n[ \"\$*\" = -v ] && echo 'Monkey HTTP Server v$version'\n");
        chmod 0755, $file;
    };
    my $loads = sub { my ($dir) = @_; return slurp("$dir/plugins.load") =~ m{^    Load \Q$top\E/lib/(.*)}m ? $1 : 'nothing' };
    local $ENV{PATH} = "$top/bin:" . join ':', grep { !-e "$_/monkey" } split /:/, $ENV{PATH};

    my $dir = tree("[PLUGINS]\n");
    my ($status, $output) = run('enable', $dir);
    is($loads->($dir), 'monkey-fastcgi.so', 'no Monkey: 1.6');
    like($output, qr/^No Monkey was found .* 1\.6 is assumed\. .*--monkey=1\.8/m, '... which is told');
    ($status, $output) = run('enable', '-m', '1.8', $dir);
    is($loads->($dir), 'monkey-fastcgi18.so', '-m 1.8');
    like($output, qr/^checked --monkey=1\.8 /m, '... and the linter is told');
    ($status, $output) = run('enable', $dir);
    is($loads->($dir), 'monkey-fastcgi18.so', 'no Monkey: what is there stays');
    like($output, qr/ 1\.8 is assumed/, '... which is told');
    ($status, $output) = run('disable', $dir);
    is(slurp("$dir/plugins.load"), "[PLUGINS]\n", 'disable takes it out by that name, too');

    $monkey->("$top/bin/monkey", '1.8.9');
    ($status, $output) = run('enable', $dir);
    is($loads->($dir), 'monkey-fastcgi18.so', 'a Monkey 1.8.9 on the PATH');
    like($output, qr{^\Q$top\E/bin/monkey is Monkey 1\.8\.9\.$}m, '... which is told');
    ($status, $output) = run('enable', '-q', $dir);
    is($output, "checked -q --monkey=1.8 $dir\n", '... unless -q');
    is(slurp("$dir/plugins.load"), "[PLUGINS]\n    Load $top/lib/monkey-fastcgi18.so\n", '... and once');

    mkdir "$top/$_" for qw(usr usr/bin usr/lib usr/lib/monkey);
    $monkey->("$top/usr/bin/monkey", '1.6.9');
    my $old = "[PLUGINS]\n    Load $top/usr/lib/monkey/monkey-logger.so\n";
    $dir = tree($old);
    ($status, $output) = run('enable', $dir);
    is($loads->($dir), 'monkey-fastcgi.so', 'the Monkey of another plugin is the likelier one');
    like($output, qr{^\Q$top\E/usr/bin/monkey is Monkey 1\.6\.9\.$}m, '... which is told');
    run('disable', $dir);
    is(slurp("$dir/plugins.load"), $old, '... and taken out');
    ($status, $output) = run('enable', "--monkey=$top/bin/monkey", $dir);
    is($loads->($dir), 'monkey-fastcgi18.so', '--monkey=PROGRAM');
    run('disable', $dir);

    # Where an earlier version of the package had the plugin there are links.
    mkdir "$top/earlier";
    symlink "../lib/$_", "$top/earlier/$_" or die "symlink: $!" for qw(monkey-fastcgi.so monkey-fastcgi18.so);
    my $earlier = "[PLUGINS]\n    Load $top/earlier/monkey-fastcgi.so\n";
    $dir = tree($earlier);
    ($status, $output) = run('enable', '--monkey=1.6', $dir);
    is(slurp("$dir/plugins.load"), $earlier, 'a link to the plugin is the plugin');
    like($output, qr{loads \Q$top\E/earlier/monkey-fastcgi\.so already$}m, '... which is told');
    run('disable', $dir);
    is(slurp("$dir/plugins.load"), "[PLUGINS]\n", '... and it is taken out');
    run('enable', '--monkey=1.6', $dir);
    like(slurp("$dir/plugins.load"), qr{Load \Q$top\E/lib/monkey-fastcgi\.so$}m, '... and then loaded from where it is');
    run('disable', $dir);
    $dir = tree($old);

    # As Monkey installs itself: PREFIX/sbin, PREFIX/etc/monkey.
    mkdir "$top/$_" for qw(prefix prefix/sbin prefix/etc);
    $monkey->("$top/prefix/sbin/monkey", '1.6.9');
    my $installed = "$top/prefix/etc/monkey";
    rename tree("[PLUGINS]\n"), $installed or die;
    ($status, $output) = run('enable', $installed);
    is($loads->($installed), 'monkey-fastcgi.so', 'the Monkey in sbin above the tree');
    like($output, qr{^\Q$top\E/prefix/sbin/monkey is Monkey 1\.6\.9\.$}m, '... which is told');
    mkdir "$top/prefix/lib";
    ($status, $output) = run('enable', tree("[PLUGINS]\n    Load $top/prefix/lib/monkey-dirlisting.so\n"));
    like($output, qr{^\Q$top\E/prefix/sbin/monkey is Monkey 1\.6\.9\.$}m, 'the one in sbin beside the plugins that are loaded');

    for my $version ('1.7.0', '1.8.8', '2.0.1') {
        $monkey->("$top/usr/bin/monkey", $version);
        ($status, $output) = run('enable', $dir);
        is($status, 1, "Monkey $version: no");
        like($output, qr/does not work with Monkey \Q$version\E: use 1\.6 or 1\.8\.9/, '... and why');
        is(slurp("$dir/plugins.load"), $old, '... nothing is changed');
    }
    for my $case (['/bin/true', qr/does not tell a version/], ["$top/none", qr/there is no such program/],
        ['1.7', qr/Monkey 1\.7 is not known/]) {
        ($status, $output) = run('enable', "--monkey=$case->[0]", $dir);
        is($status, 1, "--monkey=$case->[0]: status 1");
        like($output, $case->[1], '... the reason');
    }
  SKIP: {
        skip 'only root can give a file away', 3 if $> != 0;
        $monkey->("$top/usr/bin/monkey", '1.8.9');
        chown 12345, 12345, "$top/usr/bin/monkey";
        $monkey->("$top/bin/monkey", '1.6.9');
        ($status, $output) = run('enable', $dir);
        like($output, qr{usr/bin/monkey is not asked for its version: it belongs to}, "somebody else's program is not run");
        like($output, qr{bin/monkey is Monkey 1\.6\.9}, '... the next one is');
        is($loads->($dir), 'monkey-fastcgi.so', '... and taken');
    }
    unlink "$top/bin/monkey";
    $script = "$top/monkey-fastcgi";
}

# What there is: with the true fcgi-check, whose answer is read.
{
    spew("$top/bin/fcgi-check", "#!/bin/sh\nexec '$ENV{TOP_BUILDDIR}/fcgi-check' \"\$@\"\n");
    my $dir = tree("[PLUGINS]\n    Load $ENV{FCGI_PLUGIN}\n");
    my $load = slurp("$dir/plugins.load");
    mkdir "$dir/www";
    spew("$dir/monkey.conf", "[SERVER]\n    Listen 127.0.0.1:2001\n    Timeout 15\n    KeepAliveTimeout 5\n"
        . "    MaxKeepAliveRequest 10\n    MaxRequestSize 64\n    PidFile $dir/pid\n");
    spew("$dir/monkey.mime", "[MIMETYPES]\n    html text/html\n");
    spew("$dir/sites/default", "[HOST]\n    ServerName x\n    DocumentRoot $dir/www\n[HANDLERS]\n    Match /.*\\.php\$ fastcgi\n");
    mkdir "$dir/plugins";
    mkdir "$dir/plugins/fastcgi";
    spew("$dir/plugins/fastcgi/fastcgi.conf", "[FASTCGI_SERVER]\n    ServerName php\n    ServerPath $dir/none.sock\n");
    my ($status, $output) = run('status', '-m1.6', $dir);
    is($status, 0, 'status: loaded, and Monkey starts');
    is($output, "$dir/plugins.load: loads $ENV{FCGI_PLUGIN}\nRules that use it:\n$dir/sites/default:5:    Match /.*\\.php\$ fastcgi\n"
        . "php at unix:$dir/none.sock: no such socket: $dir/none.sock does not exist; is the application running?\nMonkey starts with it.\n", '... and all is told');
    # It starts, but with what its user may not open.
    my $conf = slurp("$dir/monkey.conf");
    spew("$dir/monkey.conf", "$conf    User nobody\n");
    {
        my $old = umask 0177;
        my $socket = IO::Socket::UNIX->new(Local => "$dir/shut.sock", Listen => 1) or die "$dir/shut.sock: $!";
        umask $old;
        spew("$dir/plugins/fastcgi/fastcgi.conf", "[FASTCGI_SERVER]\n    ServerName php\n    ServerPath $dir/shut.sock\n");
        ($status, $output) = run('status', '-m1.6', $dir);
        is($status, 3, 'status: a socket that its user may not open');
        like($output, qr/^Monkey starts with it\.\nmonkey-fastcgi: but something is wrong; 'fcgi-check \Q$dir\E' tells what\n\z/m, '... is told');
    }
    # What is no FastCGI answers in quotes.
    {
        my $http = IO::Socket::UNIX->new(Local => "$dir/http.sock", Listen => 4) or die "$dir/http.sock: $!";
        my $pid = fork // die;
        if (!$pid) { while (my $c = $http->accept) { sysread $c, my $b, 1; syswrite $c, 'HTTP/1.1 400 "no"' } exit }
        spew("$dir/monkey.conf", $conf);
        spew("$dir/plugins/fastcgi/fastcgi.conf", "[FASTCGI_SERVER]\n    ServerName php\n    ServerPath $dir/http.sock\n");
        (undef, $output) = run('status', '-m1.6', $dir);
        kill TERM => $pid;
        waitpid $pid, 0;
        like($output, qr/^php at unix:\S+: not FastCGI: it answers "HTTP\/1\.1 400 "no""; this is an HTTP server$/m, 'status: what is no FastCGI');
    }
    is(slurp("$dir/plugins.load"), $load, '... nothing is changed');
    ($status, $output) = run('status', '-m1.8', $dir);
    is($status, 3, 'status: Monkey does not start');
    like($output, qr/does not start with it; 'fcgi-check .*' tells why$/m, '... which is told');
    spew("$dir/plugins.load", "[PLUGINS]\n");
    ($status, $output) = run('status', '-q', '-m1.8', $dir);
    is("$status $output", '1 ', 'status -q: not loaded');
    spew("$dir/sites/default", "[HOST]\n    ServerName x\n    DocumentRoot $dir/www\n");
    ($status, $output) = run('status', '-m1.6', $dir);
    is($status, 1, 'status: not loaded, and no rule');
    like($output, qr{^\Q$dir\E/plugins\.load: does not load .*\nNo site uses it\.\nphp at .*\nMonkey starts with it\.$}m, '... is told');
    linter(0);
}

# Wrong use.
for my $case (
    [2, qr/say enable, disable or status/],
    [2, qr/there is no command 'on'$/m, 'on'],
    [2, qr/there is no option '--no'$/m, 'enable', '--no'],
    [2, qr/--monkey wants an argument: WHICH/, 'enable', '-m'],
    [2, qr/--plugin wants an argument: FILE/, 'enable', '-P'],
    [2, qr/more than one CONFDIR: 'b'/, 'enable', 'a', 'b'],
    [1, qr{/nowhere: there is no such folder}, 'enable', '/nowhere'],
    [1, qr/no monkey\.conf in it/, 'enable', $top],
    [1, qr/must be absolute/, 'enable', '-P', 'monkey-fastcgi.so', tree('')],
    [1, qr{/x/monkey-fastcgi\.so: there is no such file}, 'enable', '-P', '/x/monkey-fastcgi.so', tree('')],
    [1, qr/knows the plugin by its file's name/, 'enable', '-P', '/bin/true', tree('')],
  )
{
    my ($want, $message, @args) = @$case;
    my ($status, $output) = run(@args);
    is($status, $want, "@args: status $want");
    like($output, $message, "@args: the reason");
}
my ($status, $output) = run('--help');
is($status, 0, '--help');
like($output, qr/^Usage: monkey-fastcgi enable/, '--help: usage');
($status, $output) = run('-V');
like($output, qr/^monkey-fastcgi \d+\.\d+\.\d+\S*$/, '-V');
done_testing;
