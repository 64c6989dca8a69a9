# SPDX-License-Identifier: Apache-2.0
#
# An application that cannot be had, goes away or stalls, in every phase.
# Whatever it does, the client has an answer or a closed connection within
# the deadlines, and the log has one line with the server and the reason.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Socket qw(:DEFAULT);

my $DEADLINE = 800 * (slow() > 4 ? 4 : 1) . 'ms';
my $SLACK = 5;    # seconds, the deadline included
my $T = "Content-Type: text/plain\r\n";

# What a case may do, and the answer: a status, or 'cut'.
my %cases = (
    # before the first byte of the answer
    closes    => [ 502, sub { $_[0]->close } ],
    resets    => [ 502, sub { $_[0]->rst } ],
    ends      => [ 502, sub { $_[0]->end } ],
    emptyout  => [ 502, sub { $_[0]->raw(pack 'CCnnCC', 1, 6, 1, 0, 0, 0); $_[0]->end } ],
    halfhead  => [ 502, sub { $_[0]->stdout("${T}X-Half: he"); $_[0]->close } ],
    headonly  => [ 502, sub { $_[0]->stdout($T); $_[0]->end } ],
    halfrec   => [ 502, sub { $_[0]->raw("\1\6\0\1\0"); $_[0]->close } ],
    errfirst  => [ 502, sub { $_[0]->stderr("dying\n"); $_[0]->close } ],
    mute      => [ 504, sub { $_[0]->wait_eof(20) } ],
    stuckhead => [ 504, sub { $_[0]->stdout("${T}X-Half: he"); $_[0]->wait_eof(20) } ],
    stuckrec  => [ 504, sub { $_[0]->raw("\1\6\0"); $_[0]->wait_eof(20) } ],
    stuckerr  => [ 504, sub { $_[0]->stderr("thinking\n"); $_[0]->wait_eof(20) } ],
    early     => [ 502, { early => 1, run => sub { $_[0]->close } } ],
    # after it
    cut       => [ 'cut', sub { $_[0]->stdout("$T\r\npart"); $_[0]->pause(0.1); $_[0]->close } ],
    cutrst    => [ 'cut', sub { $_[0]->stdout("$T\r\npart"); $_[0]->pause(0.1); $_[0]->rst } ],
    cutlen    => [ 'cut', sub { $_[0]->stdout("${T}Content-Length: 8\r\n\r\npart"); $_[0]->pause(0.1); $_[0]->close } ],
    cutrec    => [ 'cut', sub { $_[0]->stdout("$T\r\npart"); $_[0]->pause(0.1); $_[0]->raw("\1\6\0\1\0\10\0\0abc"); $_[0]->close } ],
    cutstall  => [ 'cut', sub { $_[0]->stdout("$T\r\npart"); $_[0]->wait_eof(20) } ],
    noend     => [ 'cut', sub { $_[0]->stdout("$T\r\npart"); $_[0]->close } ],
    bigcut    => [ 'cut', sub { $_[0]->stdout("$T\r\n"); $_[0]->flood(400_000); $_[0]->close } ],
);
my %timed = map { $_ => 1 } qw(mute stuckhead stuckrec stuckerr cutstall);
my %run = map { $_ => $cases{$_}[1] } keys %cases;
$run{lenend} = sub {    # everything promised is there; END_REQUEST is not
    $_[0]->stdout("${T}Content-Length: 4\r\n\r\nfour"); $_[0]->wait_eof(20);
};
$run{exit1} = sub { $_[0]->stdout("$T\r\nexit\n"); $_[0]->end(1) };

my %LIMITS = map { $_ => $DEADLINE } qw(ConnectTimeout SendTimeout ReadTimeout);
my %plain = (    # nginx has other codes for some
    503 => 'refused is 502 there',
);

# One log line that names the server and the request; none more.
sub one_line {
    my ($h, $mark, $what, $name, $server) = @_;
    local $TODO = nginx_todo('its own log');
    my @e = $h->wait_errors($what, $mark);
    is(scalar @e, 1, "$name: one line in the log")
      or diag "log: " . $h->log($mark);
    is($e[0]{server} // '', $server, "$name: it names the server");
    like($e[0]{reason} // '', qr/\w+ \w+/, "$name: and says why");
}

# An error page of ours: small, HTML, with a length, connection kept.
sub error_answer {
    my ($h, $status, $uri, $name) = @_;
    my $c = client($h);
    my $t0 = time;
    $c->send($c->format(GET => $uri));
    my $res = $c->read_response(timeout => 10);
    res_is($res, $status, qr/<.*\b$status\b/s, "$name: $status");
    within($t0, $SLACK, "$name: in time");
    return if $res->{error};
    is($res->{framing}, 'length', "$name: Content-Length");
    like((headers_of($res, 'Content-Type'))[0] // '', qr{\Atext/html}, "$name: HTML");
    ok(length $res->{body} < 2000, "$name: small");
    return if grep { /close/i } headers_of($res, 'Connection');
    $c->send($c->format(GET => '/static.txt'));
    res_is($c->read_response, 200, "static text\n", "$name: the connection lives on");
}

for my $kind (qw(tcp unix)) {
    my $r = responder(listen => $kind, cases => \%run, name => "app-$kind");
    my $h = host(responder => $r, conf => \%LIMITS);
    my $srv = "app-$kind";

    for my $name (sort keys %cases) {
        my $want = $cases{$name}[0];
        my ($mark, $n) = ($h->mark, "$kind $name");
        local $TODO = nginx_todo('an end without END_REQUEST is good to it')
          if $want eq 'cut' && $name !~ /len|rec|stall/
          or $name =~ /^(?:emptyout|headonly)$/;
        if ($want ne 'cut') { error_answer($h, $want, "/$name.php", $n) }
        else {
            my $t0 = time;
            my $res = get($h, "/$name.php", timeout => 10);
            ok(!$res->{complete} && ($res->{error} // '') !~ /timeout|bad/
                  || ($res->{status} // 0) == 502,
                "$n: never looks complete") or diag $res->{error} // 'no error';
            local $TODO = nginx_todo('buffers') if $name =~ /stall/;
            ok(index($res->{body} // '', 'part') == 0, "$n: what came before is passed")
              if $name =~ /^cut/ && ($res->{status} // 0) != 502;
            within($t0, $SLACK, "$n: in time");
        }
        one_line($h, $mark, "GET /$name.php", $n, $srv);
    }

    my $t0 = time;
    local $TODO = nginx_todo('buffers');
    res_is(get($h, '/lenend.php'), 200, 'four', "$kind: whole by its length, no END_REQUEST");
    within($t0, $SLACK, "$kind: not held up");
    $TODO = undef;
    res_is(get($h, '/exit1.php'), 200, "exit\n", "$kind: appStatus 1 is the application's business");

    # The same with a body under way, and a client that wants HTTP/1.0 or HEAD.
    res_is(post($h, '/closes.php', 'x' x 20000), 502, undef, "$kind: POST, closed");
    res_is(request($h, HEAD => '/closes.php'), 502, '', "$kind: HEAD, closed");
    res_is(get($h, '/closes.php', http => '1.0'), 502, undef, "$kind: 1.0, closed");

    # Phases of the connection: the same address, other behaviour.
    $r->start(on_accept => sub { $_[0]->close });
    error_answer($h, 502, '/hello.php', "$kind closed on accept");
    # (Not at once, which may come with the news that it is connected: 503.)
    $r->start(on_accept => sub { sleep 0.1; $_[0]->rst });
    error_answer($h, 502, '/hello.php', "$kind reset on accept");
    $r->start(on_accept => sub { $_[0]->pause(20) });
    error_answer($h, 504, '/hello.php', "$kind accepted, never read");

    $r->stop;    # a listener, and nobody who accepts
    error_answer($h, 504, '/hello.php', "$kind never accepted");
    $r->refuse;
    my $mark = $h->mark;
    {
        local $TODO = nginx_todo($plain{503});
        error_answer($h, 503, '/hello.php', "$kind refused");
    }
    one_line($h, $mark, 'GET /hello.php', "$kind refused", $srv);

    # A backlog that is full past the deadline.
    $r->{backlog} = 1;
    $r->listen_again;
    my @full;
    for (1 .. 8) {
        my $addr = getsockname $r->{listener};
        socket my $s, unpack('S', $addr), SOCK_STREAM, 0 or die $!;
        require IO::Handle;
        $s->blocking(0);
        push @full, $s;
        connect $s, $addr;
    }
    $mark = $h->mark;
    {
        local $TODO = nginx_todo('EAGAIN on a Unix socket is 502 there') if $kind eq 'unix';
        # A Unix socket says that its backlog is full; TCP says nothing.
        error_answer($h, $kind eq 'unix' ? 503 : 504, '/hello.php', "$kind backlog full");
    }
    one_line($h, $mark, 'GET /hello.php', "$kind backlog full", $srv);
    @full = ();

    # And it recovers by itself.
    $r->refuse;
    $r->{backlog} = 64;
    $r->start(on_accept => undef);
    ok(wait_for(sub { (get($h, '/hello.php')->{status} // 0) == 200 }, 12), "$kind: back again");
    res_is(post($h, '/echo.php', 'abc'), 200, 'abc', "$kind: as before");
}
finish;
