# SPDX-License-Identifier: Apache-2.0
#
# Many clients' requests in one moment, as the host has stood still, the
# application's connections being what they were or all closed meanwhile: each is
# answered, and no POST is executed twice.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::App;
use FCGIFile;

plan(skip_all => 'takes a half-close for a close') if host_kind() eq 'nginx';

my @kinds = (
    [ '200' => sub { $_[0]->send($_[0]->format(GET => '/x.php')) } ],
    [ '200' => sub { $_[0]->send($_[0]->format(POST => "/x.php?post=$_[1]", body => 'y' x 5000)) } ],
    [ '200 200 200' => sub { $_[0]->send($_[0]->format(GET => '/x.php') x 3) } ],
    [ '200' => sub { $_[0]->send($_[0]->format(GET => '/x.php')); $_[0]->half_close } ],
    [ '' => sub { $_[0]->send($_[0]->format(GET => '/x.php')); $_[0]->rst } ],
    # (Without a gate that is the core's to judge.)
    [ (gated() ? '400' : '') => sub { $_[0]->send($_[0]->format(GET => '/x.php', headers => ['Content-Length: x'])); $_[0]->half_close } ],
    [ '200' => sub { $_[0]->send($_[0]->format(POST => "/x.php?post=$_[1]", headers => ['Content-Length: 5000'])) }, 'z' x 5000 ],
    [ '200' => sub { $_[0]->send($_[0]->format(GET => '/x.php?size=1000000')) } ],
);

for my $listen (qw(unix tcp)) {
    my $list = FCGITest::temp_dir() . '/list';
    my $app = FCGITest::App->new(listen => $listen, list => $list);
    my $h = host(responder => $app, workers => 1);
    for my $restarted (0, 1) {
        my @c = map { client($h) } 1 .. 6 * @kinds;
        for my $c (@c) {
            $c->send($c->format(GET => '/x.php'));
            $c->read_response;
        }
        kill STOP => $h->{pid};
        $app->stop->start if $restarted;
        $kinds[ $_ % @kinds ][1]->($c[$_], "$restarted-$_") for 0 .. $#c;
        kill CONT => $h->{pid};
        for my $i (0 .. $#c) {
            my $rest = $kinds[ $i % @kinds ][2];
            $c[$i]->send($rest) if defined $rest;
        }
        for my $i (0 .. $#c) {
            my $want = $kinds[ $i % @kinds ][0];
            my @got = map { my $res = $c[$i]->read_response; $res->{error} // $res->{status} } split ' ', $want;
            is("@got", $want, "$listen, " . ($restarted ? 'restarted, ' : '') . 'kind ' . $i % @kinds);
        }
    }
    my @posts = slurp($list) =~ /post=(\S+)/g;
    my %once = map { $_ => 1 } @posts;
    is(@posts, keys %once, "$listen: each POST is executed once");
    $h->stop_ok;
}
finish;
