# SPDX-License-Identifier: Apache-2.0
#
# A client that goes away, or is slow, in every phase: the host stays well,
# gives back what it held, and lets go of the application.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5;

my $MB = 1024 * 1024;
my $r = responder(cases => {
    wait => sub { $_[0]->wait_eof(20) },
    late => sub { $_[0]->pause(0.3); $_[0]->reply(page("late\n")) },
    part => sub { $_[0]->stdout(page('part')); $_[0]->wait_eof(20) },
    # Events that come seldom, as a server sends them.
    event => sub { my ($c) = @_; $c->stdout(page("one\n")); $c->pause(slow(0.6)) && $c->stdout("two\n"); $c->end },
    drip => sub { my ($c) = @_; $c->stdout(page()); $c->stdout('d' x 100) && $c->pause(0.02) for 1 .. 200; $c->end },
    five => sub { my ($c) = @_; $c->stdout(page()); $c->flood(5 * $MB); $c->end },
    fivelen => sub { my ($c) = @_; $c->stdout("Content-Length: " . 5 * $MB . "\r\n\r\n"); $c->flood(5 * $MB); $c->end },
    fifty => sub { my ($c) = @_; $c->stdout(page()); $c->flood(50 * $MB); $c->end },
});
my $h = host(responder => $r);
my $ours = host_kind() ne 'nginx';

sub healthy {
    my ($name) = @_;
    my $res = get($h, '/hello.php');
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    res_is($res, 200, "hello\n", "$name: the host is well");
}

# Reads until these bytes have come.
sub read_up_to {
    my ($c, $bytes) = @_;
    my $seen = '';
    while (index($seen, $bytes) < 0) {
        my $more = $c->read_some(1, 5);
        last if $more eq '';
        $seen .= $more;
    }
    return $seen;
}

# The application's side of a request whose client left: its connection is
# closed, or its writes fail; soon.
sub app_released {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $e = wait_for(sub {
        grep { $_->{event} =~ /^(?:host_closed|write_failed|abort)\z/ } $r->events;
    }, 6);
    ok($e, "$name: the application is let go");
    $r->forget;
}

healthy('at first');
get($h, '/static.txt') for 1 .. 3;
sleep 0.2;
my $fds = $h->fds;
my $ports = 0;

# --- it goes away ---
my %ways = (
    close => sub { $_[0]->close },
    reset => sub { $_[0]->rst },
);
for my $way (sort keys %ways) {
    for my $uri (qw(/wait.php /part.php /drip.php /fifty.php)) {
        $r->forget;
        my $c = client($h, rcvbuf => 8192);
        $c->send($c->format(GET => $uri));
        $r->wait_requests(1);
        $c->read_some($uri =~ /fifty/ ? 20000 : 50, 5) if $uri !~ /wait/ && ($ours || $uri !~ /part/);
        $ways{$way}->($c);
        app_released("$way during $uri");
    }
    my $c = client($h);
    $c->send("GET /hello.php HT");    # not even a request
    $ways{$way}->($c);
    $c = client($h);
    $c->send($c->format(POST => '/echo.php', body => 'x', headers => ['Content-Length: 5000']));
    $ways{$way}->($c);
    $c = client($h);                     # the request and the end at once
    $c->send($c->format(GET => '/late.php'));
    $ways{$way}->($c);
    $c = client($h);                     # in the middle of a pipeline
    $c->send($c->format(GET => '/late.php') x 5);
    sleep 0.05;
    $ways{$way}->($c);
    $c = client($h);                     # after an answer, none read
    $c->send($c->format(GET => '/hello.php') x 3);
    sleep 0.05;
    $ways{$way}->($c);
    healthy($way);
}
$r->forget;

# --- half a close: the answer still comes (trap c) ---
for my $uri (qw(/late.php /hello.php /five.php)) {
    local $TODO = nginx_todo('takes it for a close');
    for my $when (qw(at_once later)) {
        my $c = client($h);
        $c->send($c->format(GET => $uri));
        sleep 0.1 if $when eq 'later';
        $c->half_close;
        my $res = $c->read_response;
        ok(!$res->{error} && $res->{status} == 200, "half-closed $when, $uri: served")
          or diag $res->{error} // $res->{status};
        ok($c->at_eof, 'and then closed') if $ours;
    }
}
my $c = client($h);
$c->send($c->format(GET => '/late.php') . $c->format(GET => '/static.txt') . $c->format(GET => '/hello.php'));
$c->half_close;
my @got = map { $c->read_response->{status} // 'none' } 1 .. 3;
$TODO = nginx_todo('takes it for a close');
is("@got", '200 200 200', 'a pipeline, half-closed: all of it is served');
$TODO = undef;
$c->close;

# While half-closed and waiting, it costs no CPU.
sub cpu {
    open my $fh, '<', "/proc/$h->{pid}/stat" or return 0;
    my @f = split ' ', (<$fh> =~ /\) (.*)/)[0];
    return $f[11] + $f[12];
}
$c = client($h);
$c->send($c->format(GET => '/wait.php'));
$c->half_close;
sleep 0.1;
my $t = cpu();
sleep 0.7;
cmp_ok(cpu() - $t, '<', 25, 'a half-closed client does not make it spin') if !$ENV{FCGI_WRAP};
$c->rst;
app_released('half-closed, then reset') if $ours;
# Whether a client that sends no more still reads is asked, once, with an
# interim answer; HTTP/1.0 has none, and finds out when there is an answer.
if ($ours) {
    my $c = client($h);
    $c->send($c->format(GET => '/late.php'));
    $c->half_close;
    is($c->read_response->{interim}, 1, 'half-closed: one 100 Continue');
    $c = client($h);
    $c->send($c->format(GET => '/late.php', http => '1.0', host => 1));
    $c->half_close;
    res_is($c->read_response(http => '1.0'), 200, "late\n", 'none for HTTP/1.0');
}
healthy('half-closed');

# In the middle of a silent stream, all of which was read: a closed client is
# asked in chunks; one that is half-closed gets all of it.
if ($ours) {
    my $c = client($h);
    $r->forget;
    $c->send($c->format(GET => '/part.php'));
    like(read_up_to($c, "part\r\n"), qr/chunked/, 'a stream, and then silence');
    $c->close;    # all is read: this is no reset
    app_released('closed in a silent stream');
    $c = client($h);
    $c->send($c->format(GET => '/event.php'));
    my $seen = read_up_to($c, "one\n\r\n");
    $c->half_close;
    $seen .= $c->read_some(1, 5);
    like($seen, qr/one\n\r\n0\z/, 'half-closed: a leading zero of the next chunk');
    $c->{buf} = $seen . $c->{buf};
    res_is($c->read_response, 200, "one\ntwo\n", 'and the whole answer');
    ok($c->at_eof, 'then closed');
}

# --- slow readers ---
my $pattern = Digest::MD5->new;
my $unit = join('', map { chr } 0 .. 250) x 251;
for (my $left = 5 * $MB ; $left > 0 ; $left -= length $unit) {
    $pattern->add($left < length $unit ? substr $unit, 0, $left : $unit);
}
my $md5 = $pattern->hexdigest;
for my $uri (qw(/five.php /fivelen.php)) {
    my $c = client($h, rcvbuf => 4096);
    $c->send($c->format(GET => $uri));
    my $bytes = '';
    for (1 .. 40) {    # slowly at first, then all of it
        $bytes .= $c->read_some(2000, 5);
        sleep 0.01;
    }
    $c->{buf} = $bytes . $c->{buf};
    my $res = $c->read_response(timeout => 20);
    ok(!$res->{error}, "slow reader of $uri: whole") or diag $res->{error};
    is(length $res->{body}, 5 * $MB, 'every byte');
    is(Digest::MD5::md5_hex($res->{body}), $md5, 'and the right ones');
    $c->send($c->format(GET => '/hello.php'));
    res_is($c->read_response, 200, "hello\n", 'the connection lives on');
    $c->close;
}
# 50 MB to clients that read nearly nothing: memory stays bounded.
my $rss = $h->rss_kb;
my @slow = map {
    my $c = client($h, rcvbuf => 4096);
    $c->send($c->format(GET => '/fifty.php'));
    $c
} 1 .. 4;
for (1 .. 20) { $_->read_some(500, 1) for @slow; sleep 0.05 }
my $grown = $h->rss_kb - $rss;
{
    local $TODO = nginx_todo('spools to disk');
    cmp_ok($grown, '<', 20_000, 'four slow readers of 50 MB: RSS grows by less than 20 MB')
      or diag "$grown KB";
}
$_->rst for @slow;
healthy('slow readers');

# --- nothing leaks ---
my $now = $h->settled_fds($fds + 4);
cmp_ok($now, '<=', $fds + 4, 'no descriptor is leaked') or diag "$fds before, $now after";
for my $round (1 .. 2) {
    for (1 .. 40) {
        my $c = client($h);
        $c->send($c->format(GET => $_ % 2 ? '/late.php' : '/five.php'));
        sleep 0.002;
        $_ % 3 ? $c->rst : $c->close;
    }
}
wait_for(sub { 0 }, 0.6);
healthy('80 impatient clients');
$now = $h->settled_fds($fds + 4);
cmp_ok($now, '<=', $fds + 4, 'and none by 80 impatient clients') or diag "$fds before, $now after";
finish;
