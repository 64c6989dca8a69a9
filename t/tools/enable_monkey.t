# SPDX-License-Identifier: Apache-2.0
#
# monkey-fastcgi on the tree of a real Monkey (MONKEY=/path/to/monkey): enable
# finds out which one it is, it serves a PHP page, and after disable the tree is
# what it was.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIParts qw(plugin);
use FCGIFile;
use FCGITest;
use File::Find;

plan(skip_all => 'no MONKEY is given')       if !$ENV{MONKEY};
plan(skip_all => 'php-fpm is not installed') if !FCGITest::Daemon::php_program();
# A plugin built with a sanitizer needs its library in the server.
plan(skip_all => 'built with a sanitizer') if $ENV{FCGI_SANITIZER};

my $dir = temp_dir();
my $conf = "$dir/conf";
my $port = FCGITest::Host::free_port();
my $version = `'$ENV{MONKEY}' -v` =~ /v([\d.]+)/ ? $1 : 'none';

# All files, with content, mode and owner; fastcgi.conf is said to stay.
sub state_of {
    my %files;
    find(sub {
        my $name = $File::Find::name;
        my @stat = stat;
        $files{$name} = join ' ', @stat[2, 4, 5], -f $_ ? slurp($_) : ''
          if $name !~ m{^\Q$conf\E/plugins};
    }, $conf);
    return \%files;
}

# The command, as it would be installed, with the plugin that was built.
my $data = temp_dir();
for my $file ('conf/fastcgi.conf', 'tools/monkey-fastcgi/plugins-load.awk') {
    spew("$data/" . ($file =~ s{.*/}{}r), slurp("$ENV{TOP_SRCDIR}/$file"));
}
spew("$data/monkey-fastcgi", slurp("$ENV{TOP_BUILDDIR}/monkey-fastcgi")
      =~ s/^data=\K.*/'$data'/mr =~ s/^plugin=\K.*/'$ENV{FCGI_PLUGIN}'/mr);
$ENV{PATH} = "$ENV{TOP_BUILDDIR}:$ENV{PATH}";

sub run {
    my (@args) = @_;
    open my $pipe, '-|', 'sh', '-c', '"$@" 2>&1', 'sh', 'sh', "$data/monkey-fastcgi", @args or die "sh: $!";
    local $/;
    my $output = <$pipe>;
    close $pipe;
    return ($? >> 8, $output);
}

mkdir $_ for $conf, "$conf/sites", "$dir/www", "$dir/bin";
symlink $ENV{MONKEY}, "$dir/bin/monkey" or die "symlink: $!";
spew("$conf/monkey.conf", <<"END");
[SERVER]
    Listen 127.0.0.1:$port
    Workers 1
    Timeout 15
    PidFile $dir/monkey.pid
    UserDir public_html
    Indexfile index.html
    HideVersion Off
    Resume On
    KeepAlive On
    KeepAliveTimeout 5
    MaxKeepAliveRequest 1000
    MaxRequestSize 32
    SymLink Off
    DefaultMimeType text/plain
END
spew("$conf/monkey.mime", "[MIMETYPES]\n    html text/html\n");
spew("$conf/plugins.load", "# Plugins\n[PLUGINS]\n    # Load /nowhere/monkey-cgi.so\n    ## the last line");
my $site = "[HOST]\n    ServerName 127.0.0.1\n    DocumentRoot $dir/www\n";
spew("$conf/sites/default", $site);
spew("$dir/www/page.php", '<?php echo php_sapi_name(), " says ", 2 * $_GET["n"];');
my $before = state_of();

my ($status, $output) = run('enable', $conf);
if ($version =~ /^1\.7|^1\.8\.[0-8]$/) {
    is($status, 1, "Monkey $version: cannot be served") or diag $output;
    like($output, qr/does not work with Monkey \Q$version\E/, '... which is told');
    is_deeply(state_of(), $before, '... and nothing is changed');
    finish;
    exit;
}
like($output, qr/ is Monkey \Q$version\E\.$/m, "Monkey $version is found") or diag $output;
my $name = $version =~ /^1\.6/ ? 'monkey-fastcgi.so' : 'monkey-fastcgi18.so';
like(slurp("$conf/plugins.load"), qr{^    Load /\S*/\Q$name\E$}m, "$name is loaded");

my $php = FCGITest::Daemon->php(listen => 'unix');
spew("$conf/plugins/fastcgi/fastcgi.conf",
    slurp("$conf/plugins/fastcgi/fastcgi.conf") =~ s/^( *ServerPath ).*/$1$php->{path}/mr);
spew("$conf/sites/default", "$site\n[HANDLERS]\n    Match /.*\\.php\$ fastcgi\n");
($status, $output) = run('enable', $conf);
is($status, 0, 'enable once more, with a rule') or diag $output;
like($output, qr{sites/default:6:    Match }, '... which is told');

my $pid = fork // die "fork: $!";
if ($pid == 0) {
    open STDOUT, '>', "$dir/out";
    open STDERR, '>&', \*STDOUT;
    exec $ENV{MONKEY}, '-c', $conf;
    exit 127;
}
my $page = '';
wait_for(sub { ($page = `curl -s 'http://127.0.0.1:$port/page.php?n=21'`) ne '' }, 10);
is($page, 'fpm-fcgi says 42', 'a page of PHP') or diag slurp("$dir/out");
kill TERM => $pid;
waitpid $pid, 0;

spew("$conf/sites/default", $site);
($status, $output) = run('disable', $conf);
is($status, 0, 'disable') or diag $output;
is_deeply(state_of(), $before, 'the tree is what it was');
finish;
