# SPDX-License-Identifier: Apache-2.0
#
# Who starts with what: fcgi-check says whether Monkey would ("starts" of its
# JSON), fcgi-serve is tried as either Monkey, and with MONKEY= that one, too.
# Each tree of t/check/cases, and one broken tree for each thing that the table
# in tools/monkeyconf says.
#
# Each host has a network of its own, in which nothing but it listens, so that
# what a tree says of Listen can be left as it is.
use strict;
use warnings;
use File::Basename qw(basename);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGIParts qw(plugin serve);
use FCGISyscall;
use FCGICheckCase;
use IO::Select;
use IO::Socket::IP;
use JSON::PP;
use POSIX ();
use Socket;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'FCGI_CHECK is not set' unless $ENV{FCGI_CHECK};
my $slow = $ENV{FCGI_SANITIZER} ? 3 : 1;

# A network of one's own; false where that is not allowed.
sub leave_network {
    my $new = 0x40000000 | ($> ? 0x10000000 : 0);    # CLONE_NEWNET, CLONE_NEWUSER
    FCGISyscall::unshare($new) or return 0;
    socket(my $s, AF_INET, SOCK_DGRAM, 0) or return 0;
    my $up = pack 'a16 s x14', 'lo', 1;
    ioctl($s, 0x8914, $up) or return 0;              # SIOCSIFFLAGS, IFF_UP
    # The kernel adds ::1 a moment later.
    my $v6 = '/proc/self/net/if_inet6';
    for (my $n = 0; -e $v6 && !length slurp($v6) && $n < 50; $n++) { sleep 0.01 }
    return 1;
}

my $probe = fork // die "fork: $!";
POSIX::_exit(leave_network() ? 0 : 1) if !$probe;
waitpid $probe, 0;
plan skip_all => 'no network of its own can be made here' if $?;

my @hosts = map { { name => "fcgi-serve as $_", abi => $_, serve => 1,
    command => [ $ENV{FCGI_SERVE}, '--monkey', $_, '-c', 'conf' ] } } '1.6', '1.8';
if ($ENV{MONKEY}) {
    my ($version) = `'$ENV{MONKEY}' -v` =~ /v((1\.\d+)\.\d+)/ or die "$ENV{MONKEY}: what version?\n";
    push @hosts, { name => "Monkey $version", abi => $version =~ s/\.\d+$//r,
        version => $version, program => $ENV{MONKEY}, command => [ $ENV{MONKEY}, '-c', 'conf' ] };
}

# --- trees: [ NAME, CASE, CHANGE ], a change being of the files' texts
# The libraries of two have a plugin's name and nothing of a plugin.
my @trees = map { [ $_, $_, sub { } ] } grep { !/^tree-(?:plugin-own|role-plugin)$/ } map { basename($_, '.tree') }
  sort glob "$FCGICheckCase::DIR/tree-*.tree $FCGICheckCase::DIR/good-tree.tree";

sub broken {
    my ($name, $change) = @_;
    push @trees, [ $name, 'good-tree', $change ];
}

# A key's value, or (undef) the key left out.
sub key {
    my ($file, $key, $value) = @_;
    broken("$key " . ($value // 'missing'), sub {
        my ($text) = @_;
        $text->{$file} =~ s/^ +\Q$key\E .*\n//mgi;
        $text->{$file} =~ s/^(\[.*\n)/$1    $key $value\n/ if defined $value;
    });
}

# The first match in a file replaced.
sub swap {
    my ($name, $file, $from, $to) = @_;
    broken("$file: $name", sub { $_[0]{$file} =~ s/$from/$to/ });
}

my ($main, $site, $load) = qw(monkey.conf sites/default plugins.load);
for my $key (qw(Timeout KeepAliveTimeout MaxKeepAliveRequest MaxRequestSize Workers FDLimit)) {
    key($main, $key, $_) for undef, qw(0 -1 abc 10x 2147483648 4294967297 99999999999999999999);
}
key($main, 'MaxRequestSize', $_) for 2097151, 2097152;
for my $key (qw(KeepAlive HideVersion Resume SymLink FDT)) {
    key($main, $key, $_) for undef, qw(maybe ON off 1);
}
# (Without an /etc/hosts, as in a fresh root, there is no such name.)
key($main, 'Listen', 'localhost:2001') if gethostbyname 'localhost';
key($main, 'Listen', $_) for undef, qw(abc 2001x 99999 2001 127.0.0.1: 127.0.0.1:abc [::1]:2001 [::1 [::1]
  99999999999999999999 eighty 127.0.0.1 http 0 65536), '127.0.0.1:2001 foo', '127.0.0.1:2001 !http',
  '127.0.0.1 2001', '2001 ssl ssl', map { "2001 $_" } qw(ssl tls h2 h2c SSL);
key($main, $_, undef) for qw(PidFile Indexfile);
key($main, 'PidFile', $_) for qw(/nowhere/monkey.pid /etc/passwd/monkey.pid /tmp);
key($main, 'User', $_) for undef, qw(33 nobody root);
key($main, $_, 'nonsense') for qw(User OverCapacity TransportLayer DefaultMimeType UserDir Wibble);
key($site, $_, undef) for qw(ServerName DocumentRoot);
key($site, 'DocumentRoot', $_) for qw(/nowhere /etc/passwd);
key($site, 'ServerName', $_) for 'x' x 63, 'x' x 64, 'x' x 64 . ' short';
swap('a good Listen, a broken one', $main, qr/^( +Listen .*\n)/m, "    Listen 127.0.0.1:2001\n    Listen [::1\n");
swap('a broken Listen, a good one', $main, qr/^( +Listen .*\n)/m, "    Listen [::1\n    Listen 127.0.0.1:2001\n");
for my $file ($main, $site, $load, 'monkey.mime') {
    broken("$file: missing", sub { delete $_[0]{$file} });
    broken("$file: empty", sub { $_[0]{$file} = '' });
    swap('another heading', $file, qr/\A\[/, '[X');
    swap('no bracket', $file, qr/\]/, '');
    broken("$file: binary", sub { $_[0]{$file} = "\177ELF\2\1\1" . "\0" x 9 . join '', map { chr($_ % 256) } 0 .. 3000 });
    broken("$file: a comment of ';'", sub { $_[0]{$file} =~ s/\n/\n; one two\n/ });
    broken("$file: an indented comment of ';'", sub { $_[0]{$file} =~ s/\n/\n    ; one two\n/ });
    broken("$file: an indented word of ';'", sub { $_[0]{$file} =~ s/\n/\n    ;one\n/ });
    broken("$file: CR LF", sub { $_[0]{$file} =~ s/\n/\r\n/g });
    my @lines = ([ 'no value', '    Foo' ], [ 'NUL', "    Foo b\0r" ], [ '@INCLUDE of nothing', '@INCLUDE none' ],
        # What is the grammar's is the same in all files.
        $file ne $main ? () : (
            [ 'not indented', 'Foo bar' ], [ 'indented less', '  Foo bar' ], [ 'indented more', '      Foo bar' ],
            [ 'a comment indented less', '  # x' ], [ 'no value, a blank', '    Foo ' ],
            [ 'a tab', "    Foo\tbar" ], [ '=', '    Foo=bar' ], [ '---', '    ---' ], [ '@SET', '@SET a=b' ],
            [ '@ without a space', '@SETab' ], [ '@INCLUDE of itself', "\@INCLUDE $main" ],
            [ '@INCLUDE of no match', '@INCLUDE none*' ], [ 'a heading indented', '    [X]' ],
            map { [ "line of $_", '    Foo ' . 'x' x ($_ - 8) ], [ "comment of $_", '#' . 'x' x ($_ - 1) ] }
              254, 255, 4094, 4095));
    for (@lines) {
        my ($name, $line) = @$_;
        broken("$file: $name", sub { $_[0]{$file} =~ s/(.*\n.*\n)/$1$line\n/ });
    }
    for ([ 'all', 'inc.x' ], [ 'a match', 'inc.*' ]) {
        my ($name, $path) = @$_;
        broken("$file: \@INCLUDE of $name", sub {
            my ($text) = @_;
            (my $other = $file) =~ s{[^/]*$}{inc.x};
            @$text{ $other, $file } = ($text->{$file}, "\@INCLUDE $path\n");
        });
    }
}
for ([ 'no HOST', "[X]\n    a b\n" ], [ 'empty', '' ], [ 'no DocumentRoot', "[HOST]\n    ServerName x\n" ],
    [ 'no ServerName', "[HOST]\n    DocumentRoot /\n" ], [ 'a key without a value', "[HOST]\n    a\n" ]) {
    my ($name, $site_text) = @$_;
    broken("a second site: $name", sub { $_[0]{'sites/two'} = $site_text });
}
broken('a second site: a directory', sub { $_[0]{'sites/two/x'} = '' });
swap("Match: $_", $site, qr{Match /.*}, $_)
  for 'Match /x', 'Match [ fastcgi', 'Match ( fastcgi', 'Match /x fastcgi nosuch', "Match /x\tfastcgi",
  'M /x', 'Matchx /x', 'Mat /x fastcgi', 'Match REGEX /usr/bin/php-cgi cgi', 'Match /x cgi', 'Match /.* nosuch',
  'Match *.php fastcgi', 'Match .*.php fastcgi';
swap('text behind the heading', $main, qr/\n/, " x\n");
swap('a key first', $main, qr/\A/, "    Foo bar\n");
swap('a blank line first', $main, qr/\A/, "    \n");
swap('a short blank line first', $main, qr/\A/, "  \n");
swap('no rule', $site, qr{ +Match .*\n}, '');
swap("Load: $_", $load, qr{Load .*}, "Load $_") for '/nowhere/monkey-x.so', 'x', 'x-ab';
broken("$load: a plugin that is not there, and no rule", sub {
    $_[0]{$load} =~ s{Load .*}{Load /nowhere/monkey-x.so};
    $_[0]{$site} =~ s{ +Match .*\n}{};
});
@trees = grep { $_->[0] =~ /$ENV{CASE}/ } @trees if $ENV{CASE};

# --- one tree, made for one host; its paths lead into the tree's own root
sub make_tree {
    my ($tree, $host, $into) = @_;
    my ($name, $case_name, $change) = @$tree;
    my %text = ('monkey.mime' => "[MIMETYPES]\n    html text/html\n    txt text/plain\n");
    chdir $into or die "$into: $!";
    umask 022;
    for (@{ read_case($case_name)->{parts} }) {
        my ($path, $kind, $text) = @$_;
        if ($kind eq '' && $path =~ m{^conf/(.*)}) { $text{$1} = $text }
        else { make_part(@$_) }
    }
    # What is for 1.6 is for 1.8 where nothing but the plugin's name differs.
    if ($host->{abi} eq '1.8' && $case_name eq 'good-tree') {
        $text{$load} =~ s/-fastcgi\.so/-fastcgi18.so/;
        make_part('root/usr/lib/monkey/monkey-fastcgi18.so', 'plugin', '');
    }
    $change->(\%text);
    make_path(qw(root/run root/srv conf/sites));
    spew('root/srv/www/up.txt', "up\n") unless -f 'root/srv/www';
    for my $path (keys %text) {
        $text{$path} =~ s{(?<=\s)(?=/(?:usr|run|srv)/)}{$into/root}g;
        spew("conf/$path", $text{$path});
    }
}

sub verdict {
    my ($host) = @_;
    my $which = $host->{program} // $host->{abi};
    my $json = `'$ENV{FCGI_CHECK}' --monkey='$which' --format=json conf`;
    my $starts = JSON::PP->new->utf8->decode($json)->{summary}{starts} ? 1 : 0;
    return ($starts, $? >> 8);
}

# Whether it takes a request, and lives, before the time is over.
sub answers {
    my ($pid) = @_;
    my $end = time + 20 * $slow;
    while (time < $end) {
        return 0 if waitpid($pid, POSIX::WNOHANG()) == $pid;
        for my $table ('tcp', 'tcp6') {
            open my $in, '<', "/proc/$pid/net/$table" or next;
            for (<$in>) {
                my (undef, $local, undef, $state) = split;
                next unless $state eq '0A' && $local =~ /:(\w+)$/;
                my $socket = IO::Socket::IP->new(PeerHost => $table eq 'tcp' ? '127.0.0.1' : '::1',
                    PeerPort => hex $1, Timeout => 2) or next;
                print $socket "GET /up.txt HTTP/1.0\r\nHost: localhost\r\n\r\n";
                # A rule may send it to an application that is not there.
                IO::Select->new($socket)->can_read(0.3);
                return waitpid($pid, POSIX::WNOHANG()) == 0 ? 1 : 0;
            }
        }
        sleep 0.02;
    }
    return 0;
}

# In a process of its own: leaves { starts, says, output } in a file.
sub try_one {
    my ($tree, $host, $into) = @_;
    make_tree($tree, $host, $into);
    my %result;
    @result{qw(says status)} = verdict($host);
    leave_network() or die "no network: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', 'output' or die;
        open STDERR, '>&', \*STDOUT;
        exec @{ $host->{command} } or POSIX::_exit(127);
    }
    $result{starts} = answers($pid);
    kill 9, $pid;
    waitpid $pid, 0;
    $result{output} = slurp('output');
    spew('result', JSON::PP->new->latin1->encode(\%result));
}

my $top = tempdir('stXXXX', TMPDIR => 1, CLEANUP => 1);
my ($parent, %running, @all) = $$;
chmod 0755, $top;
for my $tree (@trees) {
    for my $host (@hosts) {
        next if $tree->[0] =~ /^tree-18-/ && $host->{abi} ne '1.8';
        my $into = "$top/" . @all;
        mkdir $into;
        push @all, [ $tree, $host, $into ];
    }
}
for (my $next = 0; $next < @all || %running;) {
    if ($next < @all && keys %running < 10) {
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            eval { try_one(@{ $all[$next] }) };
            print STDERR "# $@" if $@;
            POSIX::_exit(0);
        }
        $running{$pid} = 1;
        $next++;
        next;
    }
    delete $running{ waitpid -1, 0 };
}

# 1.6.0 is as 1.6.9 but for these.
my %older = ('Listen missing' => 1, 'Listen 127.0.0.1:' => 1, 'Listen [::1' => 1,
    'Listen [::1]' => 1, 'Listen 99999999999999999999' => 1, "$main: a broken Listen, a good one" => 1);

for (@all) {
    my ($tree, $host, $into) = @$_;
    my $name = "$tree->[0]: $host->{name}";
    my $text = slurp("$into/result");
    if (!defined $text) { fail("$name was tried"); next }
    my $result = JSON::PP->new->latin1->decode($text);
    my $want = $result->{says};
    $want = $older{ $tree->[0] } if ($host->{version} // '') eq '1.6.0' && exists $older{ $tree->[0] };
    # Monkey goes on with a rule whose plugin it has not, and crashes of it at
    # the first request that it is for; fcgi-serve does not start.
    $want = 0 if $host->{serve} && $result->{output} =~ /Match: plugin '.*' is not loaded|fcgi-serve has no TLS/;
    is($result->{starts}, $want, "$name " . ($want ? 'starts' : 'does not start'))
      or diag($result->{output} =~ s/[^\n\x20-\x7e]//gr);
    ok($result->{starts} || $result->{status}, "$name: and fcgi-check's status says so") if !$host->{serve};
}
cmp_ok(scalar @trees, '>', 200, 'there are enough trees') unless $ENV{CASE};
done_testing();
