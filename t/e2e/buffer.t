# SPDX-License-Identifier: Apache-2.0
#
# The core's receive buffer moves when it grows, and what it has found in a head
# points into it. A head that comes behind another request, or after one that
# made the buffer grow, must lie in memory that stays.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);

my $r = responder;
my $h = host(responder => $r, monkey => { MaxRequestSize => 256 }, access_log => 1);

sub noise { my ($n) = @_; return substr join('', map { chr(33 + $_ * 7 % 90) } 0 .. 4098) x (1 + int($n / 4099)), 0, $n }
sub head { my ($c, $n, @h) = @_; return $c->format(POST => '/md5.php', headers => [ @h, "Content-Length: $n" ]) }
sub long { my ($c) = @_; return head($c, 20000, 'Cookie: ' . 'c' x 5000, 'Host: ' . $c->host_header) }
sub md5_of { my ($n) = @_; return "$n " . md5_hex(noise($n)) . "\n" }

# Each plan is what is sent at once, then the answer that is waited for before
# the next is sent. `times` connections; all of them must be right.
sub all_right {
    my ($times, $name, @steps) = @_;
    my $right = 0;
    my $why = '';
    for my $i (1 .. $times) {
        my $c = client($h);
        my $ok = 1;
        for my $step (@steps) {
            my ($bytes, $method, $status, $want) = @$step;
            $c->send($bytes->($c));
            sleep 0.01 if !defined $method;
            next if !defined $method;
            my $res = $c->read_response(method => $method, timeout => 8);
            next if !$res->{error} && $res->{status} == $status && $res->{body} eq $want;
            $why ||= "connection $i: " . ($res->{error} // "$res->{status} " . FCGITest::show($res->{body}));
            $ok = 0;
            last;
        }
        $right += $ok;
        $c->close;
    }
    is($right, $times, "$name: $right of $times") or diag $why;
}

# As it was found: the second head comes with the first body.
all_right(24, 'POST 5,000, head of POST 20,000; its body after the answer',
    [ sub { head($_[0], 5000) . noise(5000) . head($_[0], 20000) }, POST => 200, md5_of(5000) ],
    [ sub { noise(20000) }, POST => 200, md5_of(20000) ]);
all_right(24, 'with more of the second request than the first buffer holds',
    [ sub { head($_[0], 9000) . noise(9000) . head($_[0], 60000) . substr noise(60000), 0, 6000 }, POST => 200, md5_of(9000) ],
    [ sub { substr noise(60000), 6000 }, POST => 200, md5_of(60000) ]);
all_right(24, 'the second head in two halves',
    [ sub { head($_[0], 5000) . noise(5000) . substr head($_[0], 20000), 0, 30 }, POST => 200, md5_of(5000) ],
    [ sub { substr(head($_[0], 20000), 30) }, undef ],
    [ sub { noise(20000) }, POST => 200, md5_of(20000) ]);
all_right(12, 'three in a row, each head with the end of the body before it',
    [ sub { head($_[0], 5000) . noise(5000) . head($_[0], 20000) }, POST => 200, md5_of(5000) ],
    [ sub { noise(20000) . head($_[0], 50000) . substr noise(50000), 0, 10 }, POST => 200, md5_of(20000) ],
    [ sub { substr(noise(50000), 10) . $_[0]->format(GET => '/hello.php') }, POST => 200, md5_of(50000) ],
    [ sub { '' }, GET => 200, "hello\n" ]);
all_right(12, 'a long head behind a short request, in two halves',
    [ sub { $_[0]->format(GET => '/hello.php') . substr long($_[0]), 0, 3000 }, GET => 200, "hello\n" ],
    [ sub { substr long($_[0]), 3000 }, undef ],
    [ sub { noise(20000) }, POST => 200, md5_of(20000) ]);
# The core ends a request of its own without us.
all_right(12, 'after a POST that the core answers',
    [ sub { $_[0]->format(POST => '/static.txt', body => noise(5000)) }, POST => 200, "static text\n" ],
    [ sub { head($_[0], 20000) }, undef ],
    [ sub { noise(20000) }, POST => 200, md5_of(20000) ]);
if (is_abi('1.8')) {
    # (Of a first chunk that comes in pieces Monkey finds the end by luck.)
    my ($one, $two) = map { sprintf("%x\r\n", length) . "$_\r\n" } substr(noise(20000), 0, 10), substr noise(20000), 10;
    all_right(12, 'chunks behind a POST',
        [ sub { head($_[0], 5000) . noise(5000) . $_[0]->format(POST => '/md5.php', headers => ['Transfer-Encoding: chunked']) . $one },
            POST => 200, md5_of(5000) ],
        [ sub { "${two}0\r\n\r\n" }, POST => 200, md5_of(20000) ]);
}

# What the log says is read after the buffer was replaced.
my $lines = $h->access_lines(50);
SKIP: {
    skip 'no access log here', 1 if !$lines;
    my @odd = grep { !m{"?(?:GET|POST) /(?:md5\.php|hello\.php|static\.txt) HTTP/1\.1} } @$lines;
    is(scalar @odd, 0, 'the access log is whole') or diag $odd[0];
}
finish;
