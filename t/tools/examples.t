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

# What an example says, with its folders in $dir, its sockets where they are, and
# its user the one that we can be.
sub here {
    my ($text, $dir, %socket) = @_;
    $text =~ s{$_}{$socket{$_}}g for keys %socket;
    $text =~ s{/srv/(?=git|wordpress)}{$dir/}g;
    $text =~ s{/run/app|/usr/local/bin|/var/www/html}{$dir}g;
    $text =~ s{/var/lib/wordpress}{$dir/var}g;
    $text =~ s{runuser -u www-data -- |-o www-data }{}g if !@as_user;
    return $text;
}
my $php_socket = '/run/php/php-fpm\.sock';
my $wrap_socket = '/run/fcgiwrap\.socket';
my $app_socket = '/run/app/\w+\.sock';

# A tree of Monkey with the example.
sub tree {
    my ($name, $dir, %socket) = @_;
    my %file = (
        'monkey.conf' => slurp("$top/examples/systemd/monkey/monkey.conf") =~ s/^ *User .*\n//mr
          =~ s{/run/monkey/}{$dir/}r =~ s/SymLink Off/SymLink On/r =~ s/Listen 80/Listen 127.0.0.1:2001/r
          =~ s/ index\.php$//mr,
        'monkey.mime' => slurp("$top/examples/systemd/monkey/monkey.mime"),
        'plugins.load' => "[PLUGINS]\n    Load $plugin\n",
        'plugins/fastcgi/fastcgi.conf' => here(slurp("$top/examples/$name/fastcgi.conf"), $dir, %socket),
        'sites/default' => here(slurp("$top/examples/$name/site"), $dir),
    );
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
    is(system('sh', '-ec', "cd '$dir/example'; " . here($_, $dir)), 0, "$name: $_") for @first;
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
        if ($head =~ $php_socket) {
            my $php = FCGITest::Daemon->php(children => 2, ini => 1) or skip "$name: php-fpm is not installed", $n;
            $socket{$php_socket} = $php->{path};
        }
        if ($head =~ $wrap_socket) {
            my $wrap = FCGITest::Daemon->fcgiwrap(as => \@as_user) or skip "$name: fcgiwrap is not installed", $n;
            $socket{$wrap_socket} = $wrap->{path};
        }
        first($name, $dir, $head);
        if ($start) {
            my $daemon = FCGITest::Daemon->program($name, sub {
                ('sh', '-c', "cd '$dir/example' && " . here($start, $dir, $app_socket => $_[0]));
            });
            $socket{$app_socket} = $daemon->{path};
            is((stat $daemon->{path})[4], @as_user ? scalar getpwnam('www-data') : $>, "$name: its user has the socket");
        }
        tree($name, $dir, %socket);
        fetch($name, $dir, @fetch);
    }
}
finish;
