# SPDX-License-Identifier: Apache-2.0
#
# Clients, and an application, that mean harm: what they cost in memory and in
# processor time, and how long others wait meanwhile; beside nginx where that is
# installed, before the same applications. The bounds are for us.
#
#   FCGI_ATTACK_CLIENTS=10000   idle ones
#   FCGI_ATTACK_PEER=none       us alone
#   FCGI_ATTACK_ONLY=RE         those whose name matches
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use FCGIFile;
use POSIX ();

my $many = $ENV{FCGI_ATTACK_CLIENTS} || 10_000;
# As many descriptors as that takes, in a process of its own.
if (!$ENV{FCGI_ATTACK_LIMIT}) {
    $ENV{FCGI_ATTACK_LIMIT} = 1;
    exec '/bin/sh', '-c', 'ulimit -n ' . ($many + 1000) . ' 2>/dev/null; exec "$@"', 'sh', $^X, $0;
}
my $limit = POSIX::sysconf(&POSIX::_SC_OPEN_MAX);
$many = $limit - 1000 if $limit < $many + 1000;

my $app = FCGITest::App->new;
my $bomb = responder(name => 'bomb', cases => {
    header => sub { my ($c) = @_; eval { $c->stdout("Content-Type: text/plain\r\n"); $c->stdout('X-Bomb: ' . 'b' x 60_000 . "\r\n") for 1 .. 300; $c->end } },
    fields => sub { my ($c) = @_; eval { $c->stdout("Content-Type: text/plain\r\n"); $c->stdout("X: y\r\n" x 8000) for 1 .. 100; $c->end } },
    moans => sub { my ($c) = @_; eval { $c->stderr('s' x 60_000 . "\n") for 1 .. 100; $c->reply(page("ok\n")) } },
});
my $T = 'HTTP/1.1';

sub head { my ($method, $uri, @more) = @_; return join('', "$method $uri $T\r\nHost: a\r\n", map { "$_\r\n" } @more) . "\r\n" }

# So many clients, each of which has sent something.
sub crowd {
    my ($h, $n, $bytes, %o) = @_;
    return grep { $_ } map {
        my $c = eval { client($h, %o) };
        $c && length $bytes and syswrite $c->{sock}, $bytes;
        $c;
    } 1 .. $n;
}

# Each of them sends its next piece, again and again.
sub drip {
    my ($seconds, $pause, $bytes, @clients) = @_;
    my $end = time + $seconds;
    while (time < $end) {
        for (@clients) { syswrite $_->{sock}, $bytes }
        sleep $pause;
    }
}

# All is sent, and what comes is thrown away.
sub pour {
    my ($seconds, $bytes, @clients) = @_;
    my %left = map { fileno($_->{sock}) => [ $_, 0 ] } @clients;
    my $end = time + slow($seconds);
    while (%left && time < $end) {
        my ($r, $w) = ('', '');
        for (keys %left) { vec($r, $_, 1) = 1; vec($w, $_, 1) = 1 if $left{$_}[1] < length $bytes }
        select $r, $w, undef, 1 or last;
        for my $fd (keys %left) {
            my ($c, $at) = @{ $left{$fd} };
            if (vec $w, $fd, 1) {
                my $n = syswrite $c->{sock}, $bytes, 65536, $at;
                $left{$fd}[1] += $n if $n;
                $left{$fd}[1] = length $bytes if !defined $n && !$!{EAGAIN};
            }
            next if !vec $r, $fd, 1;
            my $n = sysread $c->{sock}, my $dropped, 262144;
            delete $left{$fd} if defined $n && !$n || !defined $n && !$!{EAGAIN};
        }
    }
}

my %attacks = (
    '1 idle clients' => [ sub { my @c = crowd($_[0], $many, ''); sleep 1; scalar @c }, 20 + $many / 100 ],
    '2 slow heads' => [ sub { my @c = crowd($_[0], 500, "GET /x.php $T\r\nX: "); drip(3, 0.1, 'x', @c); scalar @c }, 16 ],
    '3 slow bodies' => [ sub {
        my @c = crowd($_[0], 300, head(POST => '/x.php', 'Content-Length: 100000'));
        drip(3, 0.1, 'x' x 10, @c);
        scalar @c }, 64 ],
    '4 slow readers' => [ sub {
        my @c = crowd($_[0], 200, head(GET => '/x.php?size=20000000'), rcvbuf => 4096);
        sleep 3;
        scalar @c }, 200 ],
    '5 huge fields' => [ sub { my @c = crowd($_[0], 50, ''); pour(3, "GET /x.php $T\r\nHost: a\r\nX: " . 'x' x 2_000_000, @c); scalar @c }, 200 ],
    '6 many fields' => [ sub { my @c = crowd($_[0], 50, ''); pour(3, "GET /x.php $T\r\nHost: a\r\n" . "a:b\r\n" x 12_000 . "\r\n", @c); scalar @c }, 200 ],
    '7 tiny chunks' => [ sub {
        my @c = crowd($_[0], 10, '');
        pour(4, head(POST => '/x.php', 'Transfer-Encoding: chunked', 'Connection: close') . "1\r\nx\r\n" x 100_000 . "0\r\n\r\n", @c);
        scalar @c }, 64 ],
    '8 pipelines' => [ sub {
        my @c = crowd($_[0], 10, '');
        pour(6, head(GET => '/x.php') x 2000 . head(GET => '/x.php', 'Connection: close'), @c);
        scalar @c }, 64 ],
    '9a header bombs' => [ sub { my @c = crowd($_[0], 8, head(GET => '/header.php', 'Connection: close')); pour(5, '', @c); scalar @c }, 64 ],
    '9b field bombs' => [ sub { my @c = crowd($_[0], 8, head(GET => '/fields.php', 'Connection: close')); pour(5, '', @c); scalar @c }, 64 ],
    '9c stderr bombs' => [ sub { my @c = crowd($_[0], 8, head(GET => '/moans.php', 'Connection: close')); pour(5, '', @c); scalar @c }, 64 ],
);

# Processor time of the host, in seconds.
sub cpu {
    my ($h) = @_;
    my @f = split ' ', (slurp("/proc/$h->{pid}/stat") // '') =~ s/^.*\) //r;
    return ($f[11] + $f[12]) / POSIX::sysconf(&POSIX::_SC_CLK_TCK);
}

# A client that means no harm: how long each of its requests took, in ms.
sub others {
    my ($h, $file, $code) = @_;
    my $pid = fork // die $!;
    if (!$pid) {
        $SIG{TERM} = sub { POSIX::_exit(0) };
        open my $out, '>>', $file;
        $out->autoflush;
        while (1) {
            my $t0 = time;
            my $res = eval { get($h, '/x.php', timeout => 20) };
            printf $out "%.1f %s\n", 1000 * (time - $t0), $res->{status} // 0;
            sleep 0.02;
        }
    }
    my $end = time + 1;
    my $what = $code->();
    sleep 0.05 while time < $end;
    kill TERM => $pid;
    waitpid $pid, 0;
    my @lines = map { [split] } split /\n/, slurp($file) // '';
    my @ms = sort { $a <=> $b } map { $_->[0] } @lines;
    return ($what, $ms[ @ms / 2 ] // 0, $ms[-1] // 0, scalar(grep { $_->[1] != 200 } @lines), scalar @ms);
}

# The most memory that it ever had.
sub most_mb { my ($h) = @_; return (slurp("/proc/$h->{pid}/status") // '') =~ /^VmHWM:\s+(\d+)/m ? $1 / 1024 : 0 }

my $dir = temp_dir();
my $only = $ENV{FCGI_ATTACK_ONLY} // '';
my $nginx = ($ENV{FCGI_ATTACK_PEER} // '') ne 'none' && -x '/usr/sbin/nginx';
my $pass = sub { "{ fastcgi_pass $_[0]; fastcgi_keep_conn on; " . join(' ', map { "fastcgi_param \U$_\E \$$_;" }
    qw(query_string request_method content_length fastcgi_script_name)) . " fastcgi_param SCRIPT_FILENAME \$document_root\$fastcgi_script_name; }\n" };

# A host of its own for each attack, so that memory is that one's alone.
sub target {
    my ($name) = @_;
    return host(responder => [ $app, $bomb ], conf => { BufferSize => '64k', QueueSize => 4096 }, workers => 2,
        files => { 'x.php' => '' }, monkey => { MaxKeepAliveRequest => 100_000 },
        match => [ (map { "/$_\\.php fastcgi bomb" } qw(header fields moans)), '/.*\.php fastcgi app' ]) if $name eq 'us';
    return host(kind => 'nginx', responder => $app, files => { 'x.php' => '' }, clients => $many + 1000,
        nginx_places => join '', (map { "location = /$_.php " . $pass->($bomb->nginx_addr) } qw(header fields moans)),
        'location ~ \.php ' . $pass->($app->nginx_addr));
}

for my $attack (grep { /$only/ } sort keys %attacks) {
    my ($code, $most) = @{ $attacks{$attack} };
    for my $name ('us', $nginx ? 'nginx' : ()) {
        my $h = target($name);
        get($h, '/x.php') for 1 .. 20;
        my ($mb, $cpu) = (most_mb($h), cpu($h));
        my ($n, $median, $longest, $bad, $asked) = others($h, "$dir/$name$attack", sub { $code->($h) });
        my $alive = $h->alive;
        $mb = most_mb($h) - $mb;
        note sprintf '%s: %s: %d clients: %.1f MB more, %.1f s of processor, others %.1f ms (longest %.0f ms, %d of %d not 200)',
          $name, $attack, $n, $mb, $alive ? cpu($h) - $cpu : 0, $median, $longest, $bad, $asked;
        if ($name eq 'us') {
            ok($alive, "$attack: it lives");
            is($bad, 0, "$attack: others are served");
            cmp_ok($asked, '>', 1, "$attack: as they ask");
            cmp_ok($longest, '<', slow(5000), "$attack: in time");
            cmp_ok($mb, '<', slow($most), "$attack: memory is bounded");
            ok(wait_for(sub { (get($h, '/x.php')->{status} // 0) == 200 }, 10), "$attack: it serves afterwards");
            $h->stop_ok;
        } else {
            $h->kill_now;
            $h->{idle} = 1;
        }
    }
}
finish;
