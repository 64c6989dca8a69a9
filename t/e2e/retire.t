# SPDX-License-Identifier: Apache-2.0
#
# POSTs over kept connections to a php-fpm that retires its processes all the
# time (pm.max_requests): none is lost, and none is executed twice, which the
# script itself counts. FCGI_POSTS: how many; FCGI_KINDS: over which sockets.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use POSIX ();
use Time::HiRes ();

if (!FCGITest::Daemon::php_program()) {
    plan(skip_all => 'php-fpm is not installed') if !$ENV{FCGI_REQUIRE_PHP};
    fail('php-fpm is not installed, and FCGI_REQUIRE_PHP is set');
    finish;
    exit 1;
}

my $clients = 3;
my $each = int(($ENV{FCGI_POSTS} || 3000) / $clients);
# So many, or as many as a slow machine does in this time.
my $seconds = $ENV{FCGI_POSTS} ? 'inf' : 60;

# Sends POSTs over one connection; says at the end how they went: the pipe of
# one whom nobody reads yet would fill, and its connection be idle for too long.
sub post_all {
    my ($h, $n, $to) = @_;
    my $c = client($h);
    my %went;
    my $end = time() + $seconds;
    for my $i (1 .. $each) {
        last if time() >= $end;
        my $body = "id=$n.$i";
        # (Monkey's Timeout counts from a connection's begin, and may close an
        # old one in the middle of a request.)
        $c = client($h) if !$c->{sock} || $c->{eof} || $i % 100 == 0;
        $c->send($c->format(POST => '/count.php', body => $body,
            headers => ['Content-Type: application/x-www-form-urlencoded']));
        my $r = $c->read_response(method => 'POST');
        my $good = !$r->{error} && $r->{status} == 200 && $r->{body} eq "n$n.$i";
        $went{ $good ? 'good' : 'bad ' . ($r->{error} || $r->{status}) }++;
        $c = client($h) if $r->{error} || grep { /close/i } headers_of($r, 'Connection');
    }
    print {$to} "$went{$_} $_\n" for keys %went;
    return;
}

# A machine that has other work: a process may lose its processor between its
# last answer and its close.
sub burn {
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    return $pid if $pid;
    my $parent = getppid;
    1 while getppid == $parent;
    POSIX::_exit(0);
}

for my $kind (split ' ', $ENV{FCGI_KINDS} || 'unix tcp') {
    my $php = FCGITest::Daemon->php(listen => $kind, children => 3, max_requests => 5);
    my $list = "$php->{dir}/executed";
    # What goes on after the end of the request keeps the process from closing,
    # but from reading, too.
    my $h = host(responder => $php, monkey => { MaxKeepAliveRequest => 2 * $each }, files => { 'count.php' => qq{<?php
        file_put_contents('$list', \$_POST['id'] . "\n", FILE_APPEND);
        echo 'n', \$_POST['id'];
        if (rand(0, 1)) { fastcgi_finish_request(); usleep(rand(0, 5000)); }} });
    FCGITest::Host::write_file($list, '');
    chmod 0666, $list;
    my @burning = map { burn() } 1 .. 3;
    my $began = Time::HiRes::time();
    my @from;
    for my $n (1 .. $clients) {
        my $pid = open my $fh, '-|';
        die "fork: $!" if !defined $pid;
        if ($pid == 0) {
            post_all($h, $n, \*STDOUT);
            close STDOUT;
            POSIX::_exit(0);
        }
        push @from, $fh;
    }
    my %came;
    for my $fh (@from) {
        while (my $line = <$fh>) { $came{$2} += $1 if $line =~ /^(\d+) (.*)/ }
        close $fh;
    }
    my $took = Time::HiRes::time() - $began;
    kill KILL => @burning;
    waitpid $_, 0 for @burning;
    my %times;
    open my $fh, '<', $list or die "$list: $!";
    while (my $id = <$fh>) { chomp $id; $times{$id}++ }
    close $fh;
    my $posts = 0;
    $posts += $_ for values %came;
    cmp_ok($posts, '>', $clients, "$kind: $posts POSTs were sent");
    diag(sprintf '%s: %d POSTs, %.0f us each', $kind, $posts, $took * 1e6 * $clients / $posts) if $ENV{FCGI_POSTS};
    is(join(', ', map { "$_: $came{$_}" } sort keys %came), "good: $posts", "$kind: every POST is answered")
      or diag($h->log);
    is(scalar(keys %times), $posts, "$kind: each was executed");
    is(scalar(grep { $_ > 1 } values %times), 0, "$kind: none was executed twice");
    $h->stop_ok("$kind: the end");
}
finish;
