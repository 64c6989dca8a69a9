# SPDX-License-Identifier: Apache-2.0
#
# curl: a gigabyte up in little memory, uploads slower than Monkey's Timeout, in
# chunks, with Expect, refused ones, parts of an answer, HTTP/1.0, 200 at once.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);

plan(skip_all => 'curl is not installed') if !grep { -x "$_/curl" } split /:/, $ENV{PATH};
plan(skip_all => 'without the gate the core reads bodies') if !gated();

my $MB = 1024 * 1024;
my $unit = join '', map { chr(($_ * 7 + ($_ >> 3)) % 256) } 0 .. 65535;

# Counts a body without holding it.
sub count {
    my ($c, $req) = @_;
    my ($md5, $n) = (Digest::MD5->new, 0);
    while (my $r = $c->read_record) {
        last if $r->{type} != 5 || !length $r->{data};
        $md5->add($r->{data});
        $n += length $r->{data};
        $c->{req}{records} = [];
    }
    my $length = $req->{params}{CONTENT_LENGTH} // 'none';
    $c->reply(page("$n ", $md5->hexdigest, " $length\n"));
}

# An answer of 20 MB, or the part of it that is asked for.
sub part {
    my ($c, $req) = @_;
    my ($from, $to, $all) = (0, 20 * $MB - 1, 20 * $MB);
    my @head = ('Content-Type: text/plain', 'Accept-Ranges: bytes');
    if (($req->{params}{HTTP_RANGE} // '') =~ /\Abytes=(\d+)-(\d*)\z/) {
        ($from, $to) = ($1, length $2 ? $2 : $to);
        push @head, 'Status: 206 Partial Content', "Content-Range: bytes $from-$to/$all";
    }
    my $n = $to - $from + 1;
    $c->stdout(cgi([ @head, "Content-Length: $n" ]));
    for (my $at = $from ; $at <= $to ;) {
        my $piece = substr $unit, $at % 65536, $to - $at + 1;
        $c->stdout($piece) or return;
        $at += length $piece;
    }
    $c->end(0, 0);
}

my %cases = (count => { early => 1, run => \&count }, part => { run => \&part });
my $r = responder(cases => \%cases, expect_faults => [qr/\Aconnection ended inside a record of type 5/]);

sub curl {
    my ($h, $uri, @args) = @_;
    open my $out, '-|', 'curl', '-k', '-s', '-S', '-m', slow(300), '-w', ' %{http_code} %{time_total} %{size_upload}', @args, $h->url($uri)
      or die "curl: $!";
    local $/;
    my $said = <$out> // '';
    close $out;
    my ($text, $status, $took, $sent) = $said =~ /\A(.*) (\d+) ([\d.]+) (\d+)\z/s or return { text => $said, status => 0 };
    return { text => $text, status => $status, took => $took, sent => $sent };
}

sub said_is {
    my ($said, $status, $text, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is("$said->{status} $said->{text}", "$status $text", $name);
}

sub file_of {
    my ($name, $mb) = @_;
    open my $fh, '>', $name or die "$name: $!";
    my $md5 = Digest::MD5->new;
    for (1 .. $mb * 16) { print $fh $unit; $md5->add($unit) }
    close $fh or die "$name: $!";
    return $mb * $MB . ' ' . $md5->hexdigest;
}

sub memory {
    my ($h) = @_;
    open my $fh, '<', "/proc/$h->{pid}/status" or return 0;
    return (map { /^VmHWM:\s+(\d+) kB/ ? $1 : () } <$fh>)[0];
}

my $dir = temp_dir();
my %sum = map { $_ => file_of("$dir/$_", $_) } 2, 20;
my $whole = '';
$whole .= $unit for 1 .. 320;

for my $tls (0, FCGITest::Host::tls_of() ? 1 : ()) {
    my $kind = $tls ? 'https' : 'http';
    my $h = host(responder => $r, tls => $tls, monkey => { Timeout => 3 });

    # --- up ---------------------------------------------------------------------
    my $up = curl($h, '/count.php', '-T', "$dir/20");
    said_is($up, 200, "$sum{20} " . 20 * $MB . "\n", "$kind: 20 MB up");
    SKIP: {
        skip('memory that is not the host\'s own', 2) if !own_memory();
        skip('a gigabyte is for plain connections', 2) if $tls;
        my $large = $ENV{FCGI_REAL_MB} || 1024;
        my $sum = file_of("$dir/large", $large);
        my $before = memory($h);
        said_is(curl($h, '/count.php', '-T', "$dir/large"), 200, "$sum " . $large * $MB . "\n", "$kind: $large MB up");
        my $grown = memory($h) - $before;
        cmp_ok($grown, '<', 1024, "$kind: in less than 1 MiB of memory");
        unlink "$dir/large";
    }
    $up = curl($h, '/count.php', '--limit-rate', '256k', '-T', "$dir/2");
    said_is($up, 200, "$sum{2} " . 2 * $MB . "\n", "$kind: slower than Timeout");
    cmp_ok($up->{took} // 0, '>', 5, "$kind: and it was slow");
    for my $n (2, 20) {
        open my $in, '<', "$dir/$n" or die $!;
        open my $keep, '<&', \*STDIN or die $!;
        open STDIN, '<&', $in or die $!;
        $up = curl($h, '/count.php', '-T', '-');
        open STDIN, '<&', $keep or die $!;
        said_is($up, 200, "$sum{$n} " . $n * $MB . "\n", "$kind: $n MB of unknown length, in chunks");
    }
    $up = curl($h, '/count.php', -H => 'Expect: 100-continue', '--data-binary', "\@$dir/2");
    said_is($up, 200, "$sum{2} " . 2 * $MB . "\n", "$kind: with Expect");
    cmp_ok($up->{took} // 9, '<', slow(0.9), "$kind: no second of waiting");
    for my $method (qw(PATCH PROPFIND DELETE)) {
        said_is(curl($h, '/count.php', -X => $method, '--data-binary', "\@$dir/2"), 200, "$sum{2} " . 2 * $MB . "\n", "$kind: $method with a body");
    }
    my $hl = host(responder => $r, tls => $tls, conf => { MaxBodySize => '1m' });
    $r->forget;
    $up = curl($hl, '/count.php', '-o', '/dev/null', -H => 'Expect: 100-continue', '-T', "$dir/20");
    is("$up->{status} $up->{sent}", '413 0', "$kind: MaxBodySize: refused before a byte of it is sent");
    $up = curl($hl, '/count.php', '-o', '/dev/null', -H => 'Expect:', '-T', "$dir/20");
    is($up->{status}, 413, "$kind: and one that is sent all the same");
    is(scalar(my @asked = $r->requests), 0, "$kind: the application is not asked");

    # --- down ---------------------------------------------------------------------
    my $down = curl($h, '/part.php');
    is(md5_hex($down->{text}), md5_hex($whole), "$kind: 20 MB down");
    $down = curl($h, '/part.php', '--limit-rate', '4m');
    is(md5_hex($down->{text}), md5_hex($whole), "$kind: slowly");
    cmp_ok($down->{took} // 0, '>', 3, "$kind: slower than Timeout");
    $down = curl($h, '/part.php', '-0');
    is(md5_hex($down->{text}), md5_hex($whole), "$kind: to HTTP/1.0");
    $down = curl($h, '/part.php', '-r', '100000-5099999');
    is("$down->{status} " . md5_hex($down->{text}), '206 ' . md5_hex(substr $whole, 100_000, 5_000_000), "$kind: a range");
    open my $begun, '>', "$dir/begun" or die $!;
    print $begun substr $whole, 0, 7_654_321;
    close $begun;
    $down = curl($h, '/part.php', '-C', '-', '-o', "$dir/begun");
    open my $ended, '<', "$dir/begun" or die $!;
    my $all = do { local $/; <$ended> };
    is("$down->{status} " . md5_hex($all), '206 ' . md5_hex($whole), "$kind: resumed");
    said_is(curl($h, '/count.php', '-0', '--data-binary', "\@$dir/20"), 200, "$sum{20} " . 20 * $MB . "\n", "$kind: HTTP/1.0 up");

    # --- many -----------------------------------------------------------------------
    open my $urls, '>', "$dir/urls" or die $!;
    for (1 .. 200) { print $urls 'url = "', $h->url('/count.php'), qq("\nupload-file = "$dir/2"\noutput = "$dir/out$_"\n) }
    close $urls;
    my $mark = $h->mark;
    is(system('curl', '-k', '-s', '-S', '-m', slow(300), '-Z', '--parallel-max', 200, '--parallel-immediate', '-K', "$dir/urls"), 0, "$kind: 200 uploads at once");
    my $good = 0;
    for (1 .. 200) {
        open my $fh, '<', "$dir/out$_" or next;
        $good++ if (<$fh> // '') eq "$sum{2} " . 2 * $MB . "\n";
        unlink "$dir/out$_";
    }
    is($good, 200, "$kind: and each is whole");
    is(scalar(my @e = $h->errors($mark)), 0, "$kind: nothing of it in the log");
}
finish;
