# SPDX-License-Identifier: Apache-2.0
#
# What README, docs/ and examples/README.md tell a reader to type, run as it
# stands. What is fenced there is a picture; what is indented is a configuration,
# which fcgi-check reads, or commands: those of our tools are run here, others
# bear a mark that names the test that runs them, or why none can. A block of any
# other kind is a failure.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Net;
use FCGITest::Tool;
use Cwd ();

my $top = Cwd::abs_path("$FindBin::Bin/../..");
my $bin = Cwd::abs_path(tool_path('.'));
my $plugin = FCGITest::Host::plugin_of($ENV{FCGI_PLUGIN}, FCGITest::abi());

# Marks: the line in front of a block.
my %runs = (
    'demo' => 't/packages/roots', 'five commands' => 't/packages/roots', 'packages' => 't/packages/roots',
    'source' => 't/packages/roots', 'fcgi-check: begin' => 't/check/manual.t', 'sessions' => 't/ping/manual.t',
);
my %cannot = map { $_ => 1 } ('an hour', 'images of a registry');

# The blocks of a page: [line, mark, fenced, text].
sub blocks {
    my @lines = split /\n/, slurp($_[0]);
    my (@blocks, $open, $mark);
    for my $n (1 .. @lines) {
        my $line = $lines[ $n - 1 ];
        if ($line =~ /^```/) {
            $open ? undef $open : push @blocks, $open = [ $n, $mark, 1, '' ];
        } elsif ($open && ($open->[2] || $line eq '' || $line =~ /^    /)) {
            $open->[3] .= $line =~ s/^    //r . "\n";
        } elsif ($line =~ /^    / && ($n == 1 || $lines[ $n - 2 ] eq '' || $lines[ $n - 2 ] =~ /^<!--/)) {
            push @blocks, $open = [ $n, $mark, 0, $line =~ s/^    //r . "\n" ];
        } else {
            undef $open;
        }
        $mark = $1 if $line =~ /^<!-- (.*) -->$/;
        undef $mark if $line =~ /^[^<\s]/;
    }
    return @blocks;
}

# What the pages name, here.
my $dir = FCGITest::temp_dir();
my $www = FCGITest::temp_dir();
chmod 0755, $www;
my %page = ('index.php' => "It works\n", 'hello.php' => 'Hello, <?php echo $_GET["name"], "!\n";');
FCGITest::Host::write_file("$www/$_", $page{$_}) for keys %page;
my $php = FCGITest::Daemon->php(children => 2);
my $port = FCGITest::Host::free_port();
my %here = ('/etc/monkey' => $dir, '/srv/www' => $www, '127.0.0.1:2001' => "127.0.0.1:$port", '-p 2001' => "-p $port", '@all' => "-C $dir/plugins/fastcgi/fastcgi.conf \@all");
$here{'/run/php/php-fpm.sock'} = $php->{path} if $php;
sub here { return $_[0] =~ s/(@{[join '|', map { quotemeta } keys %here]})/$here{$1}/gr =~ s/^sudo -u \S+ //r }
my $monkey = "$top/examples/systemd/monkey";
my %file = (
    'monkey.conf' => slurp("$monkey/monkey.conf") =~ s/^ *User .*\n//mr =~ s{/run/monkey/}{$dir/}r,
    'monkey.mime' => slurp("$monkey/monkey.mime"),
    'plugins.load' => "[PLUGINS]\n    Load $plugin\n",
    'plugins/fastcgi/fastcgi.conf' => here("[FASTCGI_SERVER]\n    ServerName php\n    ServerPath /run/php/php-fpm.sock\n    Extensions .php\n"),
    'sites/default' => "[HOST]\n    ServerName 127.0.0.1\n    DocumentRoot $www\n[HANDLERS]\n    Match /.*\\.php\$ fastcgi\n",
);
FCGITest::Host::write_file("$dir/$_", $file{$_}) for keys %file;

# Runs `fcgi-serve ...` and, while it serves, a command. Returns what both print.
sub served {
    my ($command, $get, %o) = @_;
    my ($name, @args) = split ' ', here($command);
    my $got;
    my $r = tool($name, @args, "--monkey=" . FCGITest::abi(), @{ $o{args} || [] }, { dir => $www, signals => sub {
        my ($pid, $out) = @_;
        my $url;
        wait_for(sub { ($url) = slurp("$out/out") =~ m{(http://\S+:\d+)/}m; $url || slurp("/proc/$pid/stat") =~ m{\) Z} }, 20);
        $got = $url ? scalar `@{[ $get->($url) ]}` : '';
        kill 'INT', $pid;
    } });
    return ($got, $r->{out} . $r->{err});
}

# One after the other; `fcgi-serve' serves the command behind it.
sub commands {
    my ($of, $text) = @_;
    my @commands = split /(?<!\\)\n/, $text;
    while (defined(my $command = shift @commands)) {
      SKIP: {
            skip "$of: $command: php-fpm is not installed", 1 if !$php;
            if ($command =~ /^fcgi-serve /) {
                my $get = shift @commands // '';
                my ($got, $said) = served($command, sub { here($get) . ' 2>&1' });
                like($got, qr{^HTTP/1\.1 200 .*^It works$}ms, "$of: $command, $get") or diag $said;
            } elsif ($command =~ /^(?:sudo -u www-data )?fcgi-(?:check|ping|get) /) {
                my $out = `PATH='$bin':\$PATH; @{[ here($command) ]} 2>&1`;
                is($? >> 8, 0, "$of: $command") or diag $out;
            } else {
                fail("$of: $command: nobody runs it");
            }
        }
    }
}

# `$ fcgi-serve', and what it prints.
sub session {
    my ($of, $text) = @_;
    my ($command, $want) = $text =~ /\A\$ (fcgi-serve)\n(.*)\z/s or return fail("$of: nobody runs this session");
    my ($path) = $want =~ /"GET (\S+) /;
    my ($got, $said) = served($command, sub { "curl -s '$_[0]$path'" }, args => [ '-v', '-p', $port, '-P', $plugin, $> == 0 ? ('-u', 'www-data') : () ]);
    $said =~ s/:$port\b/:2001/g;
    s/\d+\.\d+ ms/N ms/g for $said, $want;
    is($said, $want =~ s/\n+\z/\n/r, "$of: $command");
}

my %key = map { /^(\w+)/ ? ($1 => 1) : () } split /\n/, tool('fcgi-check', '--list-keys')->{out};
my %seen;
for my $file ("$top/README.md", sort(glob "$top/docs/*.md"), "$top/examples/README.md") {
    for my $block (blocks($file)) {
        my ($line, $mark, $fenced, $text) = @$block;
        my $of = substr($file, length "$top/") . ":$line";
        my ($word) = $text =~ /^\s*(\S+)/;
        $seen{$mark}++ if defined $mark;
        if ($fenced) {
            unlike($text, qr/^\s*(?:\$ |(?:fcgi-\w+|monkey-fastcgi|sudo|make) )/m, "$of: no command is in a picture");
        } elsif (defined $mark) {
            ok($runs{$mark} || $cannot{$mark}, "$of: there is a mark '$mark'");
        } elsif ($key{$word} || $word eq '[FASTCGI_SERVER]') {
            my $whole = ($key{$word} ? "[FASTCGI_SERVER]\n    ServerName x\n    ServerAddr 127.0.0.1:9000\n" : '') . $text;
            tool_is(tool('fcgi-check', '--syntax-only', '-', { stdin => $whole }), 0, undef, '', "$of: a configuration");
        } elsif ($word eq 'defaults') {
          SKIP: {
                my $haproxy = FCGITest::Net::program('haproxy') or skip "$of: haproxy is not installed", 1;
                FCGITest::Host::write_file("$dir/haproxy.cfg", $text);
                my $out = `$haproxy -c -q -f $dir/haproxy.cfg 2>&1`;
                is("$? $out", '0 ', "$of: haproxy.cfg");
            }
        } elsif ($word eq '$') {
          SKIP: {
                skip "$of: php-fpm is not installed", 1 if !$php;
                session($of, $text);
            }
        } else {
            commands($of, $text);
        }
    }
}
for my $mark (sort keys %runs) {
    ok($seen{$mark}, "there is a block '$mark'");
    like(slurp("$top/$runs{$mark}"), qr/\Q$mark\E/, "... and $runs{$mark} looks for it");
}
ok($seen{$_}, "a block '$_' is there") for sort keys %cannot;
finish;
