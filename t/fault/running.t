# SPDX-License-Identifier: Apache-2.0
#
# Each call that the plugin makes while it serves fails, once and always, with
# each errno that its manual names, and moves less than it was asked to. No crash
# and no leak; each request is answered right, refused or cut, within the
# deadlines; no POST is executed twice; afterwards all is as before.
#
#   FCGI_FAULTS=20        every 20th of them
#   FCGI_FAULT_ONLY=RE    those that match, as `recv ECONNRESET src/...:12`
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use FCGITest::DNS;
use FCGITest::Fault;
use FCGIFile;

my $fault = FCGITest::Fault->new;
my $root = temp_dir();
my $list = "$root/executed";
spew("$root/file.bin", 'f' x 300_000);
spew($list, '');

my %app = map { $_ => FCGITest::App->new(list => $list) } qw(main one a b);
$app{tcp} = FCGITest::App->new(list => $list, listen => 'tcp', rounds => 3);
my $dns = FCGITest::DNS::possible() ? FCGITest::DNS->new : undef;
my $name = $dns ? 'app.test' : 'localhost';
my $second = FCGITest::App->new(list => $list, listen => 'tcp', address => '127.0.0.2', port => $app{tcp}{port});
$dns->set('app.test' => { ttl => 1, a => [ '127.0.0.1', '127.0.0.2' ] }) if $dns;

# --- the host -------------------------------------------------------------

my $quick = slow(500) . 'ms';
my $conf = <<"X";
[FASTCGI]
    ConnectTimeout $quick
    SendTimeout $quick
    ReadTimeout $quick
    ClientBodyTimeout $quick
    QueueTimeout @{[slow(1000)]}ms
    BufferSize 16k
    FailTimeout 100ms
    ResolveInterval 1s
    SendfileRoots $root
    Extensions .php
    ErrorPage 404 /x.php

X
my %more = (
    main => "    AccessLog $root/access.log\n",
    tcp => "    HealthCheck 100ms\n    AccessLog syslog\n",
    one => "    MaxConnections 1\n    QueueSize 8\n",
    b => "    RealPath On\n",
);
for my $s (sort keys %app) {
    $conf .= "[FASTCGI_SERVER]\n    ServerName $s\n    " . FCGITest::Responder::conf_line($app{$s}) . "\n"
      . ($more{$s} // '') . "\n";
}
$conf .= "[FASTCGI_SERVER]\n    ServerName down\n    ServerPath $root/none.sock\n\n"
  . "[FASTCGI_SERVER]\n    ServerName name\n    ServerAddr $name:$app{tcp}{port}\n";
my $h = host(fastcgi_conf => $conf, workers => 4, wrap => [ $fault->wrap, $dns ? $dns->wrap : () ],
    files => { map { $_ => 'script' } 'dir/index.php', map { "$_.php" } qw(x tcp one two down name) },
    match => [ '/status fastcgi =status', '/tcp\.php fastcgi tcp', '/one\.php fastcgi one', '/two\.php fastcgi a b',
        '/down\.php fastcgi down main', '/name\.php fastcgi name', '/dir/.* fastcgi main', '/.*\.php fastcgi main' ]);

# --- what is asked ----------------------------------------------------------

my $tolerant = 0;
my $ids = 0;
my %sent;    # POSTs by id: how they were answered

sub ok_body { return $_[0] ? "ok\n" . "\0" x $_[0] : "ok\n" }

# What is wrong with an answer; undef where nothing is.
sub wrong {
    my ($res, $status, $body) = @_;
    my $got = $res->{body} // '';
    my $e = $res->{error} // '';
    return "takes too long ($e)" if $e =~ /timeout/;
    if ($res->{complete}) {
        return if $res->{status} == $status && (!defined $body || $got eq $body);
        return if $tolerant && $res->{status} =~ /^(?:403|404|414|431|50[0234])\z/;
        return "answered $res->{status}, " . FCGITest::show($got);
    }
    return "cut ($e)" if !$tolerant || $e !~ /connection (?:lost|closed)/;
    return 'cut, and wrong' if ($res->{status} // 0) == 200 && defined $body && index($body, $got) != 0;
    return;
}

sub ask {
    my ($method, $uri, $status, $body, %o) = @_;
    my $c = $o{client} // eval { client($h) } // return 'no connection';
    my $id = ($method eq 'POST' ? 'p' : 'g') . ++$ids;
    $c->send($c->format($method, $uri . ($uri =~ /\?/ ? '&' : '?') . "id=$id", %o) . ($o{tail} // ''));
    my $res = $c->read_response(method => $method, http => $o{http}, timeout => 5);
    $sent{$id} = $res->{complete} ? $res->{status} : 0 if $method eq 'POST';
    $c->close if !$o{client};
    return wrong($res, $status, $body);
}

# Several at once.
sub together {
    my ($n, $uri) = @_;
    my @c = grep { $_ } map { eval { client($h) } } 1 .. $n;
    $_->send($_->format(GET => $uri)) for @c;
    my @bad = grep { $_ } map { wrong($_->read_response(timeout => 5), 200, "ok\n") } @c;
    $_->close for @c;
    return @bad;
}

my $text = join '', map { chr(32 + $_ * 7 % 90) } 1 .. 70_000;
my $sum = 0;
$sum = ($sum * 31 + ord) & 0xffffffff for split //, $text;
my $answer = length($text) . " $sum\n";
my $chunks = join '', map { sprintf("%x\r\n%s\r\n", length, $_) } $text =~ /(.{1,9999})/gs;

sub half_a_post {
    my $c = eval { client($h) } // return;
    $c->send("POST /x.php?sum HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" . substr $text, 0, 30_000);
    sleep 0.01;
    $c->rst;
    return;
}

sub on_one_connection {
    my $c = eval { client($h) } // return;
    for (1 .. 3) {
        my $bad = ask(GET => '/x.php', 200, "ok\n", client => $c);
        return $bad if $bad;
        last if $c->{eof} || $tolerant && !$c->silent(0.001);
    }
    return;
}

# The application takes all behind `file=` as the name: no id.
sub ask_file {
    my ($status, $body, @headers) = @_;
    my $c = eval { client($h) } // return 'no connection';
    $c->send($c->format(GET => "/x.php?file=$root/file.bin", headers => \@headers));
    my $bad = wrong($c->read_response(timeout => 5), $status, $body);
    $c->close;
    return $bad;
}

my %steps = (
    get => sub { ask(GET => '/x.php', 200, "ok\n") },
    big => sub { ask(GET => '/x.php?size=300000', 200, ok_body(300_000)) },
    head => sub { ask(HEAD => '/x.php', 200, undef) },
    old => sub { ask(GET => '/x.php', 200, "ok\n", http => '1.0') },
    post => sub { ask(POST => '/x.php?sum', 200, $answer, body => $text) },
    chunked => sub {
        ask(POST => '/x.php?sum', 200, $answer, headers => ['Transfer-Encoding: chunked'], tail => "${chunks}0\r\n\r\n");
    },
    kept => \&on_one_connection,
    tcp => sub { ask(POST => '/tcp.php?sum', 200, $answer, body => $text), ask(GET => '/tcp.php', 200, "ok\n") },
    retry => sub { ask(GET => '/two.php?die', 502, undef), ask(POST => '/two.php?die', 502, undef, body => 'x') },
    second => sub { map { ask(POST => '/down.php?sum', 200, $answer, body => $text) } 1 .. 2 },
    queue => sub { together(3, '/one.php?ms=5') },
    handover => sub { map { ask(GET => '/one.php', 200, "ok\n") } 1 .. 5 },
    name => sub { ask(GET => '/name.php', 200, "ok\n") },
    status => sub { ask(GET => '/status?json', 200, undef) },
    static => sub { ask(GET => '/static.txt', 200, "static text\n") },
    index => sub { ask(GET => '/dir/', 200, "ok\n") },
    info => sub { ask(GET => '/x.php/more/info', 200, "ok\n") },
    missing => sub { ask(GET => '/none.php', 404, undef) },
    file => sub { ask_file(200, 'f' x 300_000) },
    range => sub { ask_file(206, 'ff', 'Range: bytes=7-8') },
    moan => sub { ask(GET => '/x.php?moan', 200, "ok\n") },
    gone => \&half_a_post,
    rest => sub { sleep 0.22; ask(GET => '/tcp.php', 200, "ok\n") },
    resolve => sub { sleep 1.1; ask(GET => '/name.php', 200, "ok\n") },
);
# --- what must hold ---------------------------------------------------------

my $read = 0;
my %executed;

sub executions {
    open my $in, '<', $list or die $!;
    seek $in, $read, 0;
    while (<$in>) { $executed{$1}++ if /id=(p\d+)/ }
    $read = tell $in;
    my @bad;
    for my $id (sort keys %sent) {
        my $n = $executed{$id} // 0;
        push @bad, "a POST was executed $n times, and answered $sent{$id}"
          if $n > 1 || $sent{$id} == 200 && $n != 1;
    }
    %sent = ();
    return @bad;
}

# What the host's descriptors are, for a message.
sub kinds_of_fds {
    my %n;
    $n{ (readlink($_) // 'gone') =~ s/\d+//gr }++ for glob "/proc/$h->{pid}/fd/*";
    return join ', ', map { "$n{$_} $_" } sort keys %n;
}

my $fds;

sub afterwards {
    my @bad;
    return 'the host has ended: ' . FCGITest::Host::show_status($h->{status}) if !$h->alive;
    wait_for(sub { !grep { $_ } map { ask(GET => $_, 200, "ok\n") } qw(/x.php /tcp.php /one.php /two.php /down.php /name.php) }, 4)
      or push @bad, 'it does not serve any more';
    my $now;
    # Health checks and lookups have sockets of their own, for a moment; and one of
    # a server that is none any more, up to KeepAliveTimeout.
    wait_for(sub { defined($now = $h->fds_at_rest) && (!defined $fds || $now <= $fds) }, 8)
      or push @bad, defined $now ? 'descriptors: ' . ($now - $fds) . ' more: ' . kinds_of_fds() : 'a slot is lost, or a request hangs';
    return (@bad, executions());
}

# --- a calm run: who calls what ---------------------------------------------

my (%hits, %took);
for my $round (1 .. 3) {
    for my $s (sort keys %steps) {
        my %before = map { $_->{row} => $_->{hits} } $fault->sites;
        my $t0 = time;
        my @bad = grep { $_ } $steps{$s}->();
        $took{$s} = time - $t0;
        is_deeply(\@bad, [], "calm: $s") if $round == 1;
        next if $round == 1;
        for ($fault->sites) { $hits{ $_->{row} }{$s}++ if $_->{hits} > ($before{ $_->{row} } // 0) }
    }
}
is_deeply([afterwards()], [], 'calm: as before');
# Each worker has opened what it keeps.
ask(GET => $_ % 2 ? '/x.php' : '/tcp.php', 200, "ok\n") for 1 .. 80;
wait_for(sub { defined($fds = $h->fds_at_rest) }, 5);
sleep 0.3;
$fds = $h->fds_at_rest // $fds;
note 'descriptors: ', kinds_of_fds();
my @sites = $fault->sites;
plan(skip_all => 'the shim is not asked here') if !grep { $_->{call} eq 'malloc' || $_->{call} eq 'calloc' } @sites;
is($fault->lost, 0, 'the table holds all places');
is_deeply([ map { "$_->{call} $_->{kinds} $_->{where}" } $fault->unknown ], [], 'an error is known for each call');
cmp_ok(scalar @sites, '>', 100, scalar(@sites) . ' places that call something');

# --- faults -----------------------------------------------------------------

my @cases;
for my $site (@sites) {
    # The quickest steps that call it.
    my $by = $hits{ $site->{row} } or next;
    my @by = (sort { $took{$a} <=> $took{$b} || $a cmp $b } keys %$by);
    my @often = grep { $by->{$_} > 1 } @by;
    @by = @often if @often;
    splice @by, 3 if @by > 3;
    my $n = 0;
    for my $error (@{ $site->{tries} }) {
        # Where there is no such file for us there is none for the host, either.
        next if $site->{where} =~ m{monkey/index\.c} && $error =~ /\A(?:ENOENT|ENOTDIR|EACCES|ELOOP|ENAMETOOLONG)\z/;
        # What is over at once does not come each time.
        my @hows = $error =~ m{^(?:EINTR|EAGAIN)\z} ? ([], [ skip => 1 ]) : ([], [ all => 1 ], [ skip => 1 ]);
        for my $how (@hows) {
            push @cases, { site => $site, error => $error, how => $how, step => $by[ $n++ % @by ] };
        }
    }
}
my $every = $ENV{FCGI_FAULTS} || 1;
my $only = $ENV{FCGI_FAULT_ONLY} // '';
@cases = grep { "$_->{site}{call} $_->{error} $_->{site}{where}" =~ /$only/ } @cases;
@cases = @cases[ grep { $_ % $every == 0 } 0 .. $#cases ];

# Of these none is a server's fault.
my %SHORTAGE = map { $_ => 1 } qw(ENOMEM EMFILE ENFILE ENOBUFS);
$tolerant = 1;
my ($failed, %tried, %hit) = (0);
my $rss;
my $begin = time;
for my $i (0 .. $#cases) {
    my $case = $cases[$i];
    my ($site, $error) = @$case{qw(site error)};
    $fault->arm($site, $error, @{ $case->{how} });
    my $t0 = time;
    my $mark = $h->mark;
    my @bad = grep { $_ } $steps{ $case->{step} }->();
    my $done = $fault->disarm;
    push @bad, sprintf 'it took %.1f s', time - $t0 if time - $t0 > slow(8);
    push @bad, grep { $_ } afterwards();
    push @bad, 'its own shortage is counted against a server'
      if $SHORTAGE{$error} && $case->{step} !~ /\A(?:retry|second)\z/
      && $h->log($mark) =~ /server "(?:main|tcp|one|name)".*(?:taken out|is no address of the name)/;
    $tried{"$site->{call} $error"}++;
    $hit{"$site->{call} $error"}++ if $done;
    if (@bad) {
        $failed++;
        fail("$site->{call} $error at $site->{where}, in $case->{step}, " . join ' ', @{ $case->{how} });
        diag "  $_" for @bad;
        last if !$h->alive || $failed > 40;
    }
    $rss = $h->rss_kb if $i == int(@cases / 2);
}
ok(!$failed, sprintf '%d faults at %d places, in %d s: nobody is hurt', scalar @cases,
    scalar(keys %{ { map { $_->{site}{row} => 1 } @cases } }), time - $begin);
note "tried: $_, $tried{$_} times, of which ", $hit{$_} // 0, ' came about' for sort keys %tried;
cmp_ok($h->rss_kb - $rss, '<', 4096 * slow(), 'memory does not grow in the second half') if $rss && $h->alive && !$ENV{FCGI_SANITIZER};
finish;
