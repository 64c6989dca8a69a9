# SPDX-License-Identifier: Apache-2.0
#
# Chaos: four workers before three servers of php-fpm and one that misbehaves,
# whose processes are killed, frozen and reloaded, while the host is short of
# descriptors, its disk is full and its time of day jumps now and then, and clients
# reset, stall and half-close. Each request is accounted for: answered right, refused, or cut,
# never wrong; no POST is executed twice, and each that was answered 200 was
# executed. Afterwards memory and descriptors are what they were.
#
#   FCGI_CHAOS_SECONDS=60     so long
#   FCGI_SEED=1               another course of things
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Clock;
use FCGIFile;
use Digest::MD5 qw(md5_hex);

my $seconds = $ENV{FCGI_CHAOS_SECONDS} || 60;
my $seed = $ENV{FCGI_SEED} || 1;
plan(skip_all => 'php-fpm is not installed') if !FCGITest::Daemon::php_program();
alarm(($seconds + 90) * slow());
srand $seed;

my $dir = temp_dir();
chmod 0777, $dir;
my $executed = "$dir/executed";
spew($executed, '');
chmod 0666, $executed;
my $small = "$dir/small";    # a disk that is soon full, where that can be had
mkdir $small;
my $mounted = $> == 0 && !system("mount -t tmpfs -o size=2m,mode=777 none '$small' 2>/dev/null");
END { system 'umount', '-l', $small if $mounted && $$ == $FCGITest::OWNER }

my @php = map { FCGITest::Daemon->php(children => 3, name => "php$_", listen => $_ == 1 ? 'tcp' : 'unix') } 1 .. 3;
$php[$_ - 1]{name} = "php$_" for 1 .. 3;

# What the fourth does with a request, as chance will have it. It has executed
# one that it has read.
my $evil = responder(name => 'evil', default => sub {
    my ($c, $req) = @_;
    my ($id) = ($req->{params}{QUERY_STRING} // '') =~ /id=(\w+)/;
    srand time * 1000 + $$;
    my $n = int rand 12;
    return $c->end(0, 2) if $n == 0;    # OVERLOADED
    open my $out, '>>', $executed;
    syswrite $out, ($id // '-') . "\n";
    close $out;
    my $good = "Content-Type: text/plain\r\n\r\n" . ($id // '-') . " $req->{stdin} $req->{md5}\n";
    return $c->close if $n == 1;
    return $c->rst if $n == 2;
    return $c->raw(join '', map { chr rand 256 } 1 .. 200) if $n == 3;
    if ($n == 4) { $c->stdout("X: " . 'x' x 200_000); return $c->close }
    if ($n == 5) { $c->stdout(substr $good, 0, 35); $c->pause(0.2); return $c->rst }
    if ($n == 6) { $c->pause(3); return $c->close }
    if ($n == 7) { $c->stderr("moan\n" x 100) }
    if ($n == 8) { $c->stdout(substr $good, 0, 20); $c->pause(0.3); $c->stdout(substr $good, 20); return $c->end }
    $c->reply($good);
});

my $script = <<"X";
<?php \$id = preg_replace('/\\W/', '', \$_GET['id']);
file_put_contents('$executed', \$id . "\\n", FILE_APPEND);
\$in = file_get_contents('php://input');
header('Content-Type: text/plain');
if (isset(\$_GET['ms'])) usleep(1000 * (int)\$_GET['ms']);
echo \$id, ' ', strlen(\$in), ' ', md5(\$in), "\\n";
if (isset(\$_GET['size'])) echo str_repeat('z', (int)\$_GET['size']);
X
my $clock = FCGITest::Clock->new;
my $h = host(responder => [ @php, $evil ], workers => 4, wrap => [ $clock->wrap ], files => { 'x.php' => $script },
    match => [ '/status fastcgi =status', '/.*\.php fastcgi' ],
    monkey => { MaxKeepAliveRequest => 100_000, MaxRequestSize => 32 },
    conf => { ReadTimeout => '2s', SendTimeout => '2s', ConnectTimeout => '1s', ClientBodyTimeout => '2s', FailTimeout => '500ms',
        QueueTimeout => '3s', HealthCheck => '500ms', BufferSize => '16k', AccessLog => "$small/access.log" });

# --- clients ----------------------------------------------------------------

# One request; what came of it, and whether that is wrong.
sub one {
    my ($id) = @_;
    my $method = rand() < 0.5 ? 'POST' : 'GET';
    my $body = $method eq 'POST' ? join('', map { chr 32 + rand 90 } 1 .. 50) x (1 + int rand 2000) : '';
    my $size = rand() < 0.1 ? 200_000 : 0;
    my $uri = "/x.php?id=$id" . (rand() < 0.1 ? '&ms=100' : '') . ($size ? "&size=$size" : '');
    my $c = eval { client($h) } or return "$method none";
    my $bytes = $c->format($method, $uri, $method eq 'POST' ? (body => $body) : ());
    my $how = rand;
    if ($how < 0.05) { $c->send(substr $bytes, 0, rand length $bytes); $c->rst; return "$method reset" }
    if ($how < 0.08) { $c->send($bytes); $c->rst; return "$method reset" }
    if ($how < 0.11) { $c->send(substr $bytes, 0, length($bytes) / 2); sleep 0.3; $c->send(substr $bytes, length($bytes) / 2) }
    else             { $c->send($bytes) }
    $c->half_close if $how < 0.15;
    my $res = $c->read_response(timeout => 20);
    $c->close;
    return "$method WRONG takes too long" if ($res->{error} // '') =~ /timeout/;
    return "$method WRONG $res->{error}" if ($res->{error} // '') =~ /bad|twice|framing/;
    return "$method cut" if !$res->{complete};
    return "$method refused $res->{status}" if $res->{status} =~ /^(?:408|50[0234])$/;
    my $right = "$id " . length($body) . ' ' . md5_hex($body) . "\n" . ($size ? 'z' x $size : '');
    # The fourth has no body of that size.
    my $short = $right =~ s/\nz+\z/\n/r;
    return "$method ok" if $res->{status} == 200 && ($res->{body} eq $right || $res->{body} eq $short);
    return "$method WRONG $res->{status} " . FCGITest::show($res->{body}) . ' in place of ' . FCGITest::show($right);
}

sub client_process {
    my ($n, $end) = @_;
    my $pid = fork // die $!;
    return $pid if $pid;
    srand $seed * 1000 + $n;
    open my $out, '>', "$dir/client$n";
    for (my $i = 0 ; time < $end ; $i++) {
        my $id = "c${n}n$i";
        print $out "$id ", one($id), "\n";
    }
    close $out;
    POSIX::_exit(0);
}

# --- what happens to them ---------------------------------------------------

sub children { return split ' ', `pgrep -P $_[0]{pid} 2>/dev/null` }

my (%happened, @frozen);
my %events = (
    kill => sub { my @c = children($_[0]); kill KILL => $c[ rand @c ] if @c },
    freeze => sub { my @c = children($_[0]); @c or return; my $p = $c[ rand @c ]; kill STOP => $p; push @frozen, [ time + 1 + rand 2, $p ] },
    reload => sub { kill USR2 => $_[0]{pid} },
    descriptors => sub { system "prlimit --pid $h->{pid} --nofile=40:20000 2>/dev/null"; sleep 0.5; system "prlimit --pid $h->{pid} --nofile=20000:20000" },
    # Hours, days or decades, both ways. (A host's own timeouts may follow.)
    clock => sub { $clock->jump((rand() < 0.5 ? -1 : 1) * 10**(2 + rand 7)) },
    disk => sub { return if !$mounted; system "head -c 3m /dev/zero >'$small/full' 2>/dev/null"; sleep 1; unlink "$small/full" },
);
my @names = sort keys %events;

sub settled { my $fds; wait_for(sub { defined($fds = $h->fds_at_rest) }, 15); return $fds }

one("w$_") for 1 .. 100;
my $fds = settled();
my $rss;
my $begin = time;
my @clients = map { client_process($_, $begin + $seconds) } 1 .. 6;
while (time < $begin + $seconds) {
    sleep 0.2 + rand 0.6;
    while (@frozen && $frozen[0][0] < time) { kill CONT => (shift @frozen)->[1] }
    my $name = $names[ rand @names ];
    $events{$name}->($php[ rand @php ]);
    $happened{$name}++;
    last if !$h->alive;
    $rss //= $h->rss_kb if time > $begin + $seconds / 4;
}
kill CONT => $_->[1] for @frozen;
waitpid $_, 0 for @clients;
ok($h->alive, 'it lives') or diag $h->log;

# --- the account --------------------------------------------------------------

my (%count, %came, @wrong, %times);
for my $n (1 .. 6) {
    for (split /\n/, slurp("$dir/client$n") // '') {
        my ($id, $method, $what) = /^(\w+) (\w+) (.*)/ or next;
        push @wrong, $_ if $what =~ /^WRONG/;
        $count{"$method $what"}++;
        $came{$id} = [ $method, $what ];
    }
}
$times{$_}++ for split /\n/, slurp($executed);
is_deeply([ @wrong > 10 ? @wrong[ 0 .. 9 ] : @wrong ], [], 'no answer is wrong, or late');
is_deeply([ grep { ($times{$_} // 0) > 1 && $came{$_}[0] eq 'POST' } sort keys %came ], [], 'no POST is executed twice');
is_deeply([ grep { $came{$_}[1] eq 'ok' && !$times{$_} } sort keys %came ], [], 'whatever is answered was executed');
my $ok = ($count{'GET ok'} // 0) + ($count{'POST ok'} // 0);
cmp_ok($ok, '>', keys(%came) / 4, 'many are served') or diag explain \%count;
if ($h->alive) {
    my $now = settled();
    ok(defined $now, 'nothing is under way, and no slot is lost');
    wait_for(sub { ($now = $h->fds_at_rest // 1e9) <= $fds + 2 }, 10);
    cmp_ok($now, '<=', $fds + 2, 'descriptors are what they were');
    cmp_ok($h->rss_kb - $rss, '<', 8192, 'and memory is') if defined $rss && !$ENV{FCGI_SANITIZER};
}
note scalar(keys %came), " requests in $seconds s: ", join ', ', map { "$count{$_} $_" } sort keys %count;
note 'events: ', join ', ', map { "$happened{$_} $_" } sort keys %happened;
note sprintf 'memory: %d kB after a quarter, %d kB at the end', $rss // 0, $h->rss_kb // 0;
# (What the fourth sees on the wire are requests that were given up.)
$h->stop_ok;
@FCGITest::RESPONDERS = ();
$evil->kill_now;
finish;
