# SPDX-License-Identifier: Apache-2.0
#
# The access log shows what the client got: status and size.
#
# Monkey's logger plugin crashes of a status below 400 that it does not know
# (trap r), so those appear as their nearest relative; and it writes those of
# 400 and up to another file, without a size.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

my $T = "Content-Type: text/plain\r\n";
my %status = map { $_ => "Status: $_ Some Reason\r\n$T\r\nstatus $_\n" }
  (200 .. 206, 226, 299, 300, 301, 303, 304, 305, 306, 307, 308, 399, 400, 403, 404, 410, 413,
    418, 422, 429, 451, 499, 500, 502, 503, 511, 599);
my $r = responder(cases => {
    (map { ("s$_" => $status{$_}) } keys %status),
    sized => "${T}Content-Length: 4321\r\n\r\n" . 's' x 4321,
    big   => sub { $_[0]->stdout("$T\r\n"); $_[0]->flood(300_000); $_[0]->end },
    surplus => "${T}Content-Length: 10\r\n\r\n" . 's' x 99,
    broken => sub { $_[0]->close },
    head  => "$T\r\n" . 'h' x 50,
    cut   => sub { $_[0]->stdout("$T\r\n" . 'c' x 100); $_[0]->pause(0.05); $_[0]->close },
    empty => "$T\r\n",
});
my $h = host(responder => $r, access_log => 1);
my (@plan, $n);
sub visit {
    my ($method, $name, $status, $size, %o) = @_;
    my $res = request($h, $method => "/$name.php", %o);
    push @plan, [ $method, "/$name.php", $res->{status}, $status, $size ];
}

my %as = (307 => 302, 308 => 301);
for my $s (sort keys %status) {
    my $no_body = $s == 204 || $s == 304;
    visit(GET => "s$s", $as{$s} || $s, $s == 205 ? undef : $no_body ? 0 : length "status $s\n");
}
visit(GET => 'sized', 200, 4321);
visit(GET => 'big', 200, 300_000);
visit(GET => 'big', 200, 300_000, http => '1.0');
visit(GET => 'surplus', 200, 10);
visit(GET => 'empty', 200, 0);
visit(POST => 'echo', 200, 2000, body => 'e' x 2000);
visit(HEAD => 'head', 200, undef);
visit(GET => 'broken', 502, undef);

# (One of Monkey's error texts, that of 500, lacks its line end.)
my $lines = $h->access_lines(scalar(@plan) - (host_kind() eq 'monkey' ? 2 : 0));
SKIP: {
    skip 'no access log here', 1 if !$lines;
    for my $p (@plan) {
        my ($m, $uri, $got, $want, $size) = @$p;
        my @l = grep { m{[ "]\Q$uri\E(?:[ ?]|$)} } @$lines;
        if (!@l && host_kind() eq 'monkey') {    # some of its texts have no URI
            ok(scalar(grep { /\[error $want\]/ } @$lines), "$m $uri: error $want is in the log");
            next;
        }
        ok(scalar @l, "$m $uri is in the log") or next;
        my $l = shift @l;
        @$lines = grep { $_ ne $l } @$lines unless @l;
        my ($s, $b) = $l =~ /.*\[error (\d+)\]/ ? ($1, undef) : $l =~ m{HTTP/1\.[01]"? (\d+) (\d+|-)};
        $s //= 'none';
        if ($want < 400 && $want !~ /^(?:20[0-6]|30[0-5])$/) {
            ok($s == $want || $s =~ /^[23]0[0-6]$/, "$m $uri: $want, or a relative that Monkey knows")
              or diag $l;
        }
        elsif ($want =~ /^30[12]$/ && $got != $want) { ok($s == $want || $s == $got, "$m $uri: $got as $s") }
        else { is($s, $want, "$m $uri: status") or diag $l }
        local $TODO = nginx_todo('counts the framing of chunks');
        is($b, $size, "$m $uri: size") or diag $l if defined $size && defined $b && "$b$size" ne '-0';
    }
    is(scalar(grep { !defined $_->[2] } @plan), 0, 'all of them were answered');
    # A request that was cut off is logged too, or not at all; but not twice.
    get($h, '/cut.php');
    sleep 1.2;
    $lines = $h->access_lines(0);
    cmp_ok(scalar(grep { m{/cut\.php} } @$lines), '<=', 1, 'a cut answer: no more than one line');
}
res_is(get($h, '/hello.php'), 200, "hello\n", 'all is well');
finish;
