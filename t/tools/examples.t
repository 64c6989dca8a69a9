# SPDX-License-Identifier: Apache-2.0
#
# examples/: each fastcgi.conf and site is a configuration that Monkey starts with,
# and where what it is for is installed, the application is started as the file
# says, and fetched.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIParts qw(plugin serve);
use FCGITest;
use FCGITest::Tool;
use Cwd ();

my $top = Cwd::abs_path("$FindBin::Bin/../..");
my $plugin = FCGITest::Host::plugin_of($ENV{FCGI_PLUGIN}, FCGITest::abi());
my @examples = map { m{([^/]+)/fastcgi\.conf$} } sort glob "$top/examples/*/fastcgi.conf";
ok(@examples >= 8, 'there are examples');

# The user of Debian's applications, where we may become it.
my @as_user = $> == 0 && defined getpwnam('www-data') ? qw(runuser -u www-data --) : ();

# A tree of Monkey with the example, whose sockets and own folders are in $dir.
sub tree {
    my ($name, $dir, %socket) = @_;
    my %file = (
        'monkey.conf' => slurp("$top/examples/systemd/monkey/monkey.conf") =~ s/^ *User .*\n//mr
          =~ s{/run/monkey/}{$dir/}r =~ s/SymLink Off/SymLink On/r =~ s/Listen 80/Listen 127.0.0.1:2001/r
          =~ s/ index\.php$//mr,
        'monkey.mime' => slurp("$top/examples/systemd/monkey/monkey.mime"),
        'plugins.load' => "[PLUGINS]\n    Load $plugin\n",
        'plugins/fastcgi/fastcgi.conf' => slurp("$top/examples/$name/fastcgi.conf"),
        'sites/default' => slurp("$top/examples/$name/site"),
    );
    for (@file{qw(plugins/fastcgi/fastcgi.conf sites/default)}) {
        s{/run/php/php-fpm\.sock}{$socket{php}}g if $socket{php};
        s{/run/fcgiwrap\.socket}{$socket{wrap}}g if $socket{wrap};
        s{/run/app/\w+\.sock}{$socket{app}}g if $socket{app};
        s{/srv/(?=git|wordpress)}{$dir/}g;
        s{/var/www/html}{$dir}g;
    }
    FCGITest::Host::write_file("$dir/conf/$_", $file{$_}) for keys %file;
    return "$dir/conf";
}

# What is to be done first, in a copy of the example.
sub first {
    my ($name, $dir, $head) = @_;
    my @first = $head =~ /^# First: (.*)$/mg or return;
    system('cp', '-R', "$top/examples/$name", "$dir/example") == 0 or die "cp: $!";
    if ($name eq 'wordpress') {
        system('cp', '-R', '/var/lib/wordpress', "$dir/var") == 0 or die "cp: $!";
        FCGITest::Host::write_file("$dir/var/wp-content/uploads/picture.svg", '<svg/>');
        FCGITest::Host::write_file("$dir/var/wp-content/uploads/x.php", '<?php echo "run";');
    }
    for (@first) {
        s{/srv/(?=git|wordpress)}{$dir/}g;
        s{/run/app|/usr/local/bin}{$dir}g;
        s{/var/lib/wordpress}{$dir/var}g;
        s{(?:runuser -u www-data --|-o www-data) }{}g if !@as_user;
        is(system('sh', '-ec', "cd '$dir/example'; $_"), 0, "$name: $_");
    }
}

# What it fetches is on the page.
sub fetch {
    my ($name, $dir, @fetch) = @_;
    tool('fcgi-serve', '-p', 0, '--monkey=' . FCGITest::abi(), '-c', "$dir/conf", { dir => $dir, signals => sub {
        my ($pid, $out) = @_;
        my $url;
        wait_for(sub { ($url) = slurp("$out/out") =~ m{(http://\S+:\d+)/}m; $url || slurp("/proc/$pid/stat") =~ m{\) Z} }, 20);
        for (@fetch) {
            my ($path, $text) = split ' ', $_, 2;
            my $page = $url ? `curl -s -L --max-time 20 '$url$path'` : '';
            ok(index($page, $text) >= 0, "$name: $path") or diag substr($page, 0, 400), slurp("$out/out"), slurp("$out/err");
        }
        kill 'INT', $pid;
    } });
}

for my $name (@examples) {
    my $dir = FCGITest::temp_dir();
    chmod 0755, $dir;
    my $head = slurp("$top/examples/$name/fastcgi.conf");
    my ($start) = $head =~ /^# Start: (.*)$/m;
    my ($wants) = $head =~ /^# Wants: (.*)$/m;
    my @fetch = $head =~ /^# Fetch: (.*)$/mg;
    my $n = @fetch + (() = $head =~ /^# First: /mg) + !!$start;
    ok($wants && @fetch, "$name: says what it wants, and what is to be fetched");
    # Nothing of it is here yet: what is wrong then is what is not here.
    my $r = tool('fcgi-check', '--format=gcc', '--monkey=' . FCGITest::abi(), tree($name, $dir));
    is(join('', grep { !/\[FC(?:130|134|135)\]/ } $r->{out} =~ /^(.*\[FC\d+\]\n)/mg), '', "$name: nothing else is wrong");
  SKIP: {
        skip "$name: $wants is not installed", $n if !-e $wants;
        my %socket;
        if ($head =~ /php-fpm\.sock/) {
            my $php = FCGITest::Daemon->php(children => 2, ini => 1) or skip "$name: php-fpm is not installed", $n;
            $socket{php} = $php->{path};
        }
        if ($head =~ /fcgiwrap/) {
            my ($wrap) = grep { -x } qw(/usr/sbin/fcgiwrap /usr/bin/fcgiwrap) or skip "$name: fcgiwrap is not installed", $n;
            $socket{wrap} = FCGITest::Daemon->program('wrap', sub { (@as_user, $wrap, '-f', '-s', "unix:$_[0]") })->{path};
        }
        first($name, $dir, $head);
        if ($start) {
            $start =~ s{^runuser -u www-data -- }{} if !@as_user;
            $start =~ s{/usr/local/bin}{$dir};
            my $daemon = FCGITest::Daemon->program($name, sub {
                return ('sh', '-c', "cd '$dir/example' && " . $start =~ s{/run/app/\w+\.sock}{$_[0]}r);
            });
            $socket{app} = $daemon->{path};
            is((stat $socket{app})[4], @as_user ? scalar getpwnam('www-data') : $>, "$name: its user has the socket");
        }
        tree($name, $dir, %socket);
        fetch($name, $dir, @fetch);
    }
}
finish;
