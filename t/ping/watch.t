# SPDX-License-Identifier: Apache-2.0
#
# fcgi-ping --watch in a terminal of 80x24: what is on the screen, keys, another
# size, and that the terminal is given back however it ends.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Tool;
use Cwd ();

plan(skip_all => 'there is no terminal here, or no script(1)') if !has_terminal();
plan(skip_all => 'a sanitizer has handlers of its own') if $ENV{FCGI_SANITIZER} || $ENV{FCGI_WRAP};
my $bin = Cwd::abs_path(tool_path('.'));
my $dir = FCGITest::temp_dir();
my @processes = map { my ($pid, $state, $requests, $us, $memory, $uri) = @$_;
    qq({"pid":$pid,"state":"$state","start time":1,"start since":9,"requests":$requests,"request duration":$us,"request method":"GET","request uri":"$uri","content length":0,"user":"-","script":"-","last request cpu":0.50,"last request memory":$memory}) }
  [ 11, 'Idle', 90, 70_000, 4_194_304, '\\/idle' ], [ 12, 'Running', 5, 2_000_000, 0, '\\/slow\\/' . 'x' x 100 ],
  [ 13, 'Running', 7, 9_000_000, 0, '\\/stuck' ], [ 14, 'Running', 6, 300, 0, '\\/status?full&json' ], [ 15, 'Idle', 300, 50, 2_097_152, '\\/e\\u001b[2J' ];
my $app = responder(listen => 'unix', quiet => 1, cases => { status => sub { my ($c, $req) = @_;
    my $full = $req->{params}{QUERY_STRING} eq 'full&json' ? ', "processes":[' . join(',', @processes) . ']' : '';
    $c->reply(page('{"pool":"www","accepted conn":50,"listen queue":2,"max listen queue":4,"listen queue len":511,"idle processes":2,"active processes":3,"total processes":5,"max active processes":5,"max children reached":1,"slow requests":6' . $full . '}')) } });

# Runs it in a terminal; what a code is given writes keys, and sends signals.
sub watch {
    my ($code, @args) = @_;
    my ($fifo, $out) = ("$dir/keys", "$dir/typescript");
    unlink $out, "$dir/tty", "$dir/pid";
    system 'mkfifo', $fifo if !-e $fifo;
    my $command = "stty cols 80 rows 24; tty >$dir/tty; export TERM=xterm; unset NO_COLOR; sh -c 'echo \$\$ >$dir/pid; exec \"$bin/fcgi-ping\" --watch @args'; echo \"status \$?\"; stty -a | tr ' ;' '\\n\\n' | grep -E '^-?(icanon|echo)\$'; echo over";
    my $pid = fork // die;
    if (!$pid) {
        FCGISyscall::die_with_parent();
        open STDIN, '<', $fifo or die;
        open STDOUT, '>', '/dev/null'; # it goes to the typescript, too
        exec 'script', '-qfc', $command, $out;
    }
    open my $keys, '>', $fifo or die;
    $keys->autoflush;
    wait_for(sub { -s "$dir/pid" && -e $out && (frames($out))[-1] =~ /www.*PID.*\/idle/s }, 20) or diag 'no screen: ', slurp($out);
    my $tty = slurp("$dir/tty") =~ s/\n//r;
    $code->($keys, slurp("$dir/pid") + 0, $tty, $out);
    wait_for(sub { slurp($out) =~ /^over\r?$/m }, 20) or kill KILL => slurp("$dir/pid");
    close $keys;
    waitpid $pid, 0;
    return slurp($out);
}

# The screens that were drawn, as plain text; colours are kept.
sub frames {
    my ($out) = @_;
    my $text = slurp($out) =~ s/\e\[\?1049l.*//sr;
    my (undef, @frames) = split /\e\[H/, $text;
    return @frames ? map { s/\e\[K//gr =~ s/\e\[J//gr } @frames : '';
}

sub plain { return $_[0] =~ s/\e\[[0-9;]*m//gr }

my $given_back = qr/\e\[m\e\[\?25h\e\[\?1049l.*status %s\r?\nicanon\r?\necho\r?\nover/s;
sub given_back { my ($text, $status, $name) = @_; (my $want = "$given_back") =~ s/%s/$status/; like($text, qr/$want/, $name) }

my ($first, $by_memory, $large);
my $text = watch(sub {
    my ($keys, $pid, $tty, $out) = @_;
    $first = (frames($out))[-1];
    print $keys 'm';
    wait_for(sub { (frames($out))[-1] =~ /by memory/ }, 20);
    $by_memory = (frames($out))[-1];
    system 'stty', '-F', $tty, 'cols', 120, 'rows', 8;
    # stty sets one after the other: a frame may come in between.
    wait_for(sub { my ($frame) = (frames($out))[-1]; $frame =~ /TARGET/ && ($frame =~ tr/\n//) < 8 }, 20);
    $large = (frames($out))[-1];
    # Stopped as by Ctrl-Z, the terminal is the shell's.
    kill TSTP => $pid;
    ok(wait_for(sub { slurp($out) =~ /\e\[\?1049l/ && slurp("/proc/$pid/stat") =~ /\) T/ }, 20), 'Ctrl-Z: the terminal is given back, and it stops');
    kill CONT => $pid;
    ok(wait_for(sub { slurp($out) =~ /\e\[\?1049l.*\e\[\?1049h.*www/s }, 20), 'and on');
    print $keys 'q';
}, $app->{path}, "$dir/none.sock", '-i', '0.2');
given_back($text, 1, "'q' ends it, with the usual status");
like($text, qr/\e\[\?1049h\e\[\?25l/, 'it has a screen of its own');
my @lines = split /\r\n/, plain($first);
cmp_ok(scalar(@lines), '<=', 23, 'no more lines than there are');
is_deeply([ grep { length > 80 } @lines ], [], 'no line is longer than 80') or diag join "\n", @lines;
like($lines[0], qr/^fcgi-ping  \d\d:\d\d:\d\d  2 pools, 4 processes, by time    keys: q\(uit\) t m r p$/, 'the title');
like($lines[1], qr/^POOL  +ACTIVE +IDLE TOTAL QUEUED +MOST MAXCHD +SLOW +CONN\/S +ms *$/, 'names of columns fit');
like($lines[2], qr/^www +3 +2 +5 +2 +4 +1 +6 +(?:-|\d+\.\d) +\d+\.\d *$/, 'the pool');
like($lines[3], qr{^unix:\S+/none\.sock: no such socket}, 'a pool that is not there');
is_deeply([ map { /^ +(\d+) www/ ? $1 : () } @lines ], [ 13, 12, 11, 15 ], 'who works first, then by time; not the process that answers');
like($lines[6], qr{^     13 www        Running      7   9000\.0       0 GET  /stuck$}, 'a process');
like($first, qr/\e\[31m +13 .*\e\[33m +12 .*\e\[2m +11 /s, 'in colours');
like($first, qr/\e\[31mwww /, 'a pool that has a queue is red');
like(plain($first), qr{15 www .*/e\\u001b\[2J}, 'what an application says controls no terminal');
is_deeply([ map { /^ +(\d+) www/ ? $1 : () } split /\r\n/, plain($by_memory) ], [ 11, 15, 12, 13 ], "'m' sorts by memory");
@lines = split /\r\n/, plain($large);
cmp_ok(scalar(@lines), '<=', 7, 'a resized terminal: its lines');
like($lines[2], qr{unix:\Q$app->{path}\E$}, '... and its columns');

# One pool has no column of names, so that 35 columns are left to URIs.
my $one;
watch(sub { my ($keys, undef, undef, $out) = @_; $one = plain((frames($out))[-1]); print $keys 'q' }, $app->{path});
like($one, qr{^    PID STATE     REQS       ms     KiB METH URI\s*$}m, 'one pool: names of columns');
like($one, qr{^     12 Running      5   2000\.0       0 GET  /slow/x{29}\s*$}m, 'one pool: a process');

for my $signal (qw(INT TERM HUP QUIT USR1 ALRM)) {
    $text = watch(sub { my (undef, $pid) = @_; kill $signal, $pid }, $app->{path});
    given_back($text, 0, "SIG$signal");
}
for ([ SEGV => 139 ], [ ABRT => 134 ]) {
    my ($signal, $status) = @$_;
    $text = watch(sub { my (undef, $pid) = @_; kill $signal, $pid }, $app->{path});
    given_back($text, $status, "SIG$signal");
}
finish;
