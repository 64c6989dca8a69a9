# SPDX-License-Identifier: Apache-2.0
#
# Hosts with the badplugin (t/badplugin) in them, and what it and a client see.
#
#   my $h = badplugin_host(monkey => { Timeout => 2 });
#   my $h = badplugin_host(idle => 1, mute => 1);    # one that tells nothing
#   bite($h, 'name of the test', [STEPS], out => ..., log => ..., ends => 1);
#   dies('name', ask('/chan.px?status=418'), serve => qr/message/, host => {...});
#
# A step is text to send, a reference to text or to a pattern to wait for, a
# pattern that the badplugin's log must show, or 'eof' 'silent' 'half_close' 'rst' as [word]. Then
# the client closes. `out` is what came, whole, as text or pattern; `log` what
# the badplugin said, joined with '; ', without what the client's close causes, or,
# with `all`, with it.
package FCGITest::BadPlugin;
use strict;
use warnings;
use Exporter 'import';
use FCGITest ();
use Test::More ();
use Time::HiRes ();

our @EXPORT = qw(badplugin_host bite dies ask head_of);

$ENV{FCGI_WORKERS} = 1;    # the badplugin has one timer

sub badplugin_host {
    my (%o) = @_;
    FCGITest::left_out('FCGI_PLUGIN') if FCGIParts::left_out('plugin');
    my $badplugin = $ENV{FCGI_BADPLUGIN} or die "FCGI_BADPLUGIN is not set\n";
    $badplugin =~ s/\.so\z/18.so/ if FCGITest::is_abi('1.8');
    spare('this is about Monkey') if FCGITest::host_kind() eq 'nginx';
    my $h = FCGITest::host(match => ['/.*\.px badplugin one "two words"'],
        plugin => $badplugin, %o);
    spare('these are the traps of Monkey 1.6.9 and 1.8.9')
      if $h->is('monkey') && !$o{mute} && $h->log !~ /Server v1\.[68]\.9\b/;
    $o{mute} || $h->wait_log(qr/badplugin: stage50/) or die "the badplugin is not there:\n" . $h->log;
    return $h;
}

# The whole file; the first host decides.
sub spare {
    $FCGITest::FINISHED = 1;
    Test::More::plan(skip_all => $_[0]);
}

sub said {
    my ($h, $mark) = @_;
    return join '; ', map { /badplugin: (.*)/ ? $1 : () } split /\n/, $h->log($mark);
}

# A request as bytes: ask('/x.px', 'X-A: b'), ask('POST /x.px', ..., \'body').
sub ask {
    my ($what, @h) = @_;
    my $body = ref $h[-1] ? ${ pop @h } : undef;
    my ($method, $uri, $http) = $what =~ m{\A(?:([^\s/]+) )?(\S+)(?: HTTP/(\S+))?\z};
    push @h, 'Content-Length: ' . length $body
      if defined $body && !grep { /^content-length/i } @h;
    unshift @h, 'Host: a' if !$http && !grep { /^host:/i } @h;
    return ($method || 'GET') . " $uri HTTP/" . ($http || '1.1') . "\r\n"
      . join('', map { "$_\r\n" } @h) . "\r\n" . (defined $body ? $body : '');
}

sub head_of { my ($out) = @_; return $out =~ /\A(.*?)\r\n\r\n/s ? $1 : $out }

# What has come by now.
sub take_in {
    my ($c) = @_;
    while ($c->{sock} && ($c->ready(0, 0))[0]) { $c->pull or last }
}

sub run_step {
    my ($h, $c, $mark, $step) = @_;
    my $kind = ref $step;
    if (!$kind) { $c->send($step); return 1 }
    if ($kind eq 'Regexp') {
        my $shown = FCGITest::wait_for(sub { said($h, $mark) =~ $step }, 10);
        take_in($c);
        return $shown;
    }
    my $end = Time::HiRes::time() + FCGITest::slow(10);
    return $c->until_true($end, sub { index($c->{buf}, $$step) >= 0 })
      if $kind eq 'SCALAR';
    return $c->until_true($end, sub { $c->{buf} =~ $$step }) if $kind eq 'REF';
    my $word = $step->[0];
    if ($word eq 'eof') { $c->until_true($end, sub { 0 }); return $c->{eof} }
    if ($word eq 'silent') {
        my $n = length $c->{buf};
        my $until = Time::HiRes::time() + 0.2;
        $c->until_true($until, sub { length $c->{buf} > $n });
        return !$c->{eof} && length $c->{buf} == $n;
    }
    $c->$word;
    return 1;
}

sub fits {
    my ($got, $want) = @_;
    return ref $want ? $got =~ $want : $got eq $want;
}

sub bite {
    my ($h, $name, $steps, %want) = @_;
    my $mark = $h->mark;
    my $c = FCGITest::client($h);
    my (@bad, $n);
    for my $step (@$steps) {
        $n++;
        run_step($h, $c, $mark, $step) or push @bad, "step $n fails";
    }
    take_in($c);
    my $before = said($h, $mark);
    my $out = $c->{buf};
    $c->close;
    $h->wait_log(qr/badplugin: stage50/, $mark, 10)
      or push @bad, 'the connection does not end';
    my $log = $before =~ /stage50/ || $want{all} ? said($h, $mark) : $before;
    push @bad, 'came: ' . show_all($out), 'not:  ' . show_all($want{out})
      if exists $want{out} && !fits($out, $want{out});
    push @bad, "log: $log", "not: $want{log}"
      if exists $want{log} && !fits($log, $want{log});
    push @bad, "came and must not: " . show_all($out)
      if $want{without} && $out =~ $want{without};
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $ok = Test::More::ok(!@bad, $name);
    Test::More::diag("  $_") for @bad;
    return $out;
}

sub show_all {
    my ($s) = @_;
    $s = "$s";
    $s =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ge;
    return $s;
}

# Steps that end the host. fcgi-serve says why, and aborts; Monkey ends
# of a signal too, or, with `monkey => 'why not'`, is spared.
sub dies {
    my ($name, $steps, %o) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
  SKIP: {
        Test::More::skip("$name: $o{monkey}", 1)
          if $o{monkey} && FCGITest::host_kind() eq 'monkey';
        my $h = badplugin_host(%{ $o{host} || {} });
        $h->{stopped} = 1;
        my $c = FCGITest::client($h);
        run_step($h, $c, 0, $_) for ref $steps ? @$steps : $steps;
        FCGITest::wait_for(sub { !$h->alive }, 10);
        my $signal = ($h->{status} || 0) & 127;
        my $log = $h->log;
        my $ok = $signal && ($h->is('monkey') || $signal == 6 && $log =~ $o{serve});
        Test::More::ok($ok, $name);
        Test::More::diag("  signal $signal\n$log") if !$ok;
        $h->kill_now;
    }
}

1;
