# SPDX-License-Identifier: Apache-2.0
#
# The examples of the manuals and of docs/tools.md are what the tools really print,
# but for times; and the numbers in the manuals are those of the code.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Tool;
use Cwd ();

my $src = $ENV{TOP_SRCDIR} || Cwd::abs_path("$FindBin::Bin/../..");

# Numbers: defaults of the headers in the help and in the manual; exit
# statuses in the manual. (Options are compared in t/build/manual.t.)
for my $tool (qw(ping get)) {
    my $page = slurp("$src/man/fcgi-$tool.1.in");
    my $help = tool("fcgi-$tool", '--help')->{out};
    my $header = slurp("$src/tools/fcgi-$tool/$tool.h");
    my $n = 0;
    my %plain = (INTERVAL => 's', TIMEOUT => 's', NAGIOS_TIMEOUT => 's', LEAST_INTERVAL => 'ms', AFTER_FAILURE => 'ms', CONNECT_TIMEOUT => 's', IDLE_TIMEOUT => 's');
    while ($header =~ /#define FCGI_\U$tool\E_(\w+) UINT64_C\((\d+)\)/g) {
        my ($name, $ns) = ($1, $2);
        my $text = $plain{$name} eq 's' ? $ns / 1e9 . ' s' : $ns / 1e6 . ' ms';
        like($page, qr/(?<![\d.])\Q$text\E\b/, "fcgi-$tool.1 tells $name, $text");
        like($help, qr/(?<![\d.])\Q$text\E\b/, "fcgi-$tool --help tells $name, $text") if $name ne 'AFTER_FAILURE';
        $n++;
    }
    cmp_ok($n, '>=', 2, "fcgi-$tool: there are defaults");
    my ($section) = $page =~ /^\.Sh EXIT STATUS\n(.*?)^\.Sh /ms;
    my @told = $section =~ /^\.It (\d+)$/mg;
    my @have = $header =~ /^    FCGI_\U$tool\E_\w+ = (\d+),/mg;
    is("@told", join(' ', sort { $a <=> $b } @have), "fcgi-$tool.1: the exit statuses of the code");
    like($help, qr/\b$_\b/, "fcgi-$tool --help tells status $_") for @have;
}
my ($port) = slurp("$src/tools/probe/target.h") =~ /#define FCGI_TARGET_PORT (\d+)/;
my ($most) = slurp("$src/tools/fcgi-get/get.h") =~ /#define FCGI_GET_APP_MOST (\d+)/;
like(slurp("$src/man/fcgi-$_.1.in"), qr/\b$port\b/, "fcgi-$_.1: the port") for qw(ping get);
like(slurp("$src/man/fcgi-get.1.in"), qr/^Up to $most it is/m, 'fcgi-get.1: the largest status');

SKIP: {
    skip 'mandoc is not installed', 2 if system('command -v mandoc >/dev/null 2>&1') != 0;
    for my $tool (qw(ping get)) {
        is(`mandoc -Tlint -W warning '$src/man/fcgi-$tool.1.in' 2>&1`, '', "fcgi-$tool.1: mandoc has no complaint");
    }
}

# An example: the command behind "$ ", and what it prints.
sub examples {
    my ($text) = @_;
    my @e;
    while ($text =~ /^\$ (fcgi-(?:ping|get) .*)\n((?:(?!\$ ).*\n)*)/mg) {
        push @e, { command => $1, out => $2 };
    }
    return @e;
}

sub blocks_of_page {
    my $page = slurp($_[0]);
    return map { examples($_) } map { s/\\e/\\/gr } $page =~ /^\.Bd -literal\n(.*?)^\.Ed$/msg;
}

# Blocks of docs/tools.md: indented by four, behind a mark.
sub blocks_of_tools {
    my @e = map { examples(s/^    //gmr) } slurp("$src/docs/tools.md") =~ /^<!-- sessions -->\n((?:    .*\n|\n)+)/mg;
    $_->{out} =~ s/\n+\z/\n/ for @e;
    return @e;
}

sub plain {
    my ($t) = @_;
    $t =~ s/(?<![\w.])\d+\.\d{3,6}(?![\d.])/N/g;
    $t =~ s/, time \d+ ms/, time N ms/g;
    $t =~ s/\b(active|idle|queue|max_children_reached)=\d+/$1=N/g;
    return $t;
}

SKIP: {
    skip 'php-fpm is not installed', 1 if !FCGITest::Daemon::php_program();
    my $unix = FCGITest::Daemon->php(listen => 'unix', pages => 1);
    my $tcp = FCGITest::Daemon->php(listen => 'tcp', pages => 1);
    my $www = FCGITest::temp_dir();
    FCGITest::Host::write_file("$www/hello.php", '<?php header_remove("X-Powered-By"); header("Content-Type: text/plain"); echo "Hello, ", $_REQUEST["name"], "!\n";');
    my %real = ('/run/php/php-fpm.sock' => $unix->{path}, '127.0.0.1:9000' => $tcp->{hostport}, '/srv/www' => $www, '/run/php/none.sock' => "$unix->{dir}/none.sock");
    my $bin = tool_path('.');
    my @all = (
        map({ my $t = $_; map { { %$_, of => "fcgi-$t.1" } } blocks_of_page("$src/man/fcgi-$t.1.in") } qw(ping get)),
        map({ { %$_, of => 'docs/tools.md' } } blocks_of_tools()));
    for my $tool (qw(fcgi-ping.1 fcgi-get.1 docs/tools.md)) {
        cmp_ok(scalar(grep { $_->{of} eq $tool } @all), '>=', 3, "$tool has examples");
    }
    for my $e (@all) {
        my $command = $e->{command};
        $command =~ s/\Q$_\E/$real{$_}/g for sort { length $b <=> length $a } keys %real;
        my $out = `cd '$bin' && PATH='$bin':\$PATH sh -c '$command' 2>&1`;
        $out =~ s/\Q$real{$_}\E/$_/g for keys %real;
        $out =~ s/\r//g;
        is(plain($out), plain($e->{out}), "$e->{of}: $e->{command}");
    }
}
finish;
