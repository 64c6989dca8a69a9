# SPDX-License-Identifier: Apache-2.0
#
# STDERR of the application: to the host's log, in lines, harmless, and
# without any effect on the answer.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

my $T = "Content-Type: text/plain\r\n";
my $served = temp_dir() . '/served';
my $r = responder(cases => {
    before  => sub { my ($c) = @_; $c->stderr("early word\n"); $c->reply("$T\r\nbody") },
    inhead  => sub { my ($c) = @_; $c->stdout("Content-"); $c->stderr("in head\n"); $c->stdout("Type: text/plain\r\n\r\nbody"); $c->end },
    inbody  => sub { my ($c) = @_; $c->stdout("$T\r\nbo"); $c->stderr("in body\n"); $c->pause(0.02); $c->stdout('dy'); $c->end },
    after   => sub { my ($c) = @_; $c->stdout("$T\r\nbody"); $c->stderr("last word\n"); $c->end },
    open    => sub { my ($c) = @_; $c->stderr('no line end'); $c->reply("$T\r\nbody") },
    split   => sub { my ($c) = @_; $c->stderr('one '); $c->pause(0.02); $c->stderr("whole\r\nsecond whole\nthird "); $c->stdout("$T\r\nbody"); $c->stderr("whole\n"); $c->end },
    bytes   => sub { my ($c) = @_; $c->stderr($_) for split //, "byte by byte\n"; $c->reply("$T\r\nbody") },
    control => sub { my ($c) = @_; $c->stderr("ctl \e]0;pwned\a \0nul \x7fdel \x08bs \ttab \rfake\n"); $c->reply("$T\r\nbody") },
    forge   => sub { my ($c) = @_; $c->stderr("forge\n[2026/01/01 00:00:00] [ Error ] fastcgi: server \"other\": GET /never.php: forged\n"); $c->reply("$T\r\nbody") },
    format  => sub { my ($c) = @_; $c->stderr("percent %s %n %1000000d %\n"); $c->reply("$T\r\nbody") },
    high    => sub { my ($c) = @_; $c->stderr("caf\xc3\xa9 \xff\n"); $c->reply("$T\r\nbody") },
    blank   => sub { my ($c) = @_; $c->stderr("\n\n\r\n"); $c->reply("$T\r\nbody") },
    long    => sub { my ($c) = @_; $c->stderr('l' x 300_000 . "\n"); $c->reply("$T\r\nbody") },
    much    => sub { my ($c) = @_; $c->stderr("much $_\n" . 'm' x 100 . "\n") for 1 .. 3000; $c->reply("$T\r\nbody") },
    binary  => sub { my ($c) = @_; $c->stderr(join('', map { chr } 0 .. 255) x 40); $c->reply("$T\r\nbody") },
    flood   => sub {
        my ($c) = @_;
        my ($n, $end) = (0, time + slow(20));
        while (!-e $served && time < $end) { $c->stderr('f' x 60_000 . "\n"); $n += 60_000 }
        $c->reply("$T\r\n" . (-e $served ? $n : 'nobody was served'));
    },
    only    => sub { my ($c) = @_; $c->stderr("only this\n"); $c->end },
    app     => sub { my ($c) = @_; $c->stderr("and status 3\n"); $c->stdout("$T\r\nbody"); $c->end(3) },
});
my $h = host(responder => $r);
my $c = client($h);

# The lines that the log has got for a request, without what stands before.
sub lines {
    my ($name, $text) = @_;
    my $mark = $h->mark;
    $c = client($h) if $c->{eof};
    $c->send($c->format(GET => "/$name.php"));
    my $res = $c->read_response(timeout => 20);
    $c = client($h) if $res->{error};
    $h->wait_log($text, $mark, host_kind() eq 'nginx' ? 0.3 : 5) if $text;
    return $res, grep { /stderr: / } split /\n/, $h->log($mark);
}
sub logged {
    my ($name, $status, @want) = @_;
    my ($res, @l) = lines($name, @want ? qr/\Q$want[-1]\E/ : undef);
    res_is($res, $status, $status == 200 ? 'body' : undef, "$name: the answer");
    local $TODO = nginx_todo('one entry for all of it');
    my @bad = grep { !/fastcgi: server "php": GET \/$name\.php: / } @l;
    is("@bad", '', "$name: each line says from where it is");
    is(join("\n", map { s/.*?stderr: //r } @l), join("\n", @want), "$name: the text");
}
logged(before => 200, 'early word');
logged(inhead => 200, 'in head');
logged(inbody => 200, 'in body');
logged(after  => 200, 'last word');
logged(open   => 200, 'no line end');
logged(split  => 200, 'one whole', 'second whole', 'third whole');
logged(bytes  => 200, 'byte by byte');
logged(app    => 200, 'and status 3');
logged(format => 200, 'percent %s %n %1000000d %');
logged(blank  => 200);
logged(only   => 502, 'only this');
logged(forge  => 200, 'forge', '[2026/01/01 00:00:00] [ Error ] fastcgi: server "other": GET /never.php: forged');

{
    local $TODO = nginx_todo('escapes nothing');
    my $mark = $h->mark;
    my ($res) = lines('control', qr/fake/);
    res_is($res, 200, 'body', 'control characters: the answer');
    my $raw = $h->log($mark, raw => 1);
    like($raw, qr/ctl .*pwned.*nul .*del .*bs .*tab .*fake/, 'on one line');
    $raw =~ s/\e\[[0-9;]*m//g;    # the host's own colours
    unlike($raw, qr/[\x00-\x08\x0b-\x1f\x7f]/, 'no control character in the log');
    $mark = $h->mark;
    ($res) = lines('binary', qr/stderr: /);
    res_is($res, 200, 'body', '10 KB of every byte: the answer');
    $raw = $h->log($mark, raw => 1);
    $raw =~ s/\e\[[0-9;]*m//g;
    unlike($raw, qr/[\x00-\x08\x0b-\x1f\x7f]/, 'no control character in the log');
}
my ($res, @l) = lines('high', qr/caf/);
res_is($res, 200, 'body', 'bytes above 127: the answer');

# A lot of it neither stops the answer nor grows without bound.
my $mark = $h->mark;
($res, @l) = lines('long', undef);
res_is($res, 200, 'body', 'a line of 300 KB: the answer');
my ($longest) = sort { $b <=> $a } map { length } @l, '';
cmp_ok($longest, '<', 70_000, 'lines in the log are bounded');
($res) = lines('much', undef);
$TODO = nginx_todo('its buffer');
res_is($res, 200, 'body', '6000 lines: the answer');
$TODO = undef;

# Nor does it keep others waiting: four write until one was served. All is logged.
SKIP: {
    skip 'nginx: a part alone', 6 if host_kind() eq 'nginx';
    my $n = 0;
    $mark = $h->mark;
    my @floods = map { my $f = client($h); $f->send($f->format(GET => '/flood.php')); $f } 1 .. 4;
    wait_for(sub { $h->log($mark) =~ /stderr: f/ }, 10);
    res_is(get($h, '/hello.php'), 200, "hello\n", 'in a flood of lines: another');
    FCGITest::Tree::write_file($served, '');
    for my $f (@floods) {
        my $body = $f->read_response(timeout => 20)->{body} // '';
        like($body, qr/^\d+\z/, 'in a flood of lines: an answer') or next;
        $n += $body;
    }
    my $got = 0;
    wait_for(sub { $got = () = $h->log($mark) =~ /(?<=stderr: |f)f/g; $got == $n }, 5);
    is($got, $n, 'in a flood of lines: each of them is in the log');
}
$c->send($c->format(GET => '/hello.php'));
res_is($c->read_response, 200, "hello\n", 'all is well');
finish;
