# SPDX-License-Identifier: Apache-2.0
#
# Examples of fastcgi.conf(5) that are programs, run as the page shows them: a file
# that PHP names, fetched by curl; work behind an answer; Early Hints from Perl.
# (Others are run where their keys are tested: access.t, errors.t, proxies.t,
# releases.t, status.t.)
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGIFile;
use Digest::MD5 qw(md5_hex);

plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

my $manual = slurp("$ENV{TOP_SRCDIR}/man/fastcgi.conf.5.in") =~ s/\\e/\\/gr;

# The displays of a section that hold some text.
sub shown {
    my ($title, $re) = @_;
    my ($section) = $manual =~ /^\.S[sh] \Q$title\E\n(.*?)(?=^\.S[sh] |\z)/ms;
    my @found = grep { /$re/ } $section =~ /^\.Bd [^\n]*\n(.*?)^\.Ed/msg;
    is(scalar @found, 1, "the manual shows it: $title");
    return $found[0] // '';
}

my ($curl) = grep { -x } map { "$_/curl" } split /:/, $ENV{PATH};
my $finish = shown('CONNECTIONS', qr/fastcgi_finish_request/);
my $conf = shown('Files that the application names', qr/SendfileRoots/);
my $script = shown('Files that the application names', qr/X-Sendfile/);
my $accel = shown('Files that the application names', qr/X-Accel-Redirect/);
my $hints = shown('Answers before the answer', qr/Status: 103/);

SKIP: {
    my $php = FCGITest::Daemon->php or skip('php-fpm is not installed', 10);
    my $dir = temp_dir();
    my $zip = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 1 << 20;
    spew("$dir/report.zip", $zip);
    my $line = $php->conf_line;
    is(($conf =~ s{ServerPath \S+}{$line}) + ($conf =~ s{/srv/files}{$dir}) + ($script =~ s{/srv/files}{$dir}), 3, 'with places of its own');
    is($finish =~ s/sleep\(10\)/sleep(3)/, 1, 'work that is shorter');
    my $h = host(responder => $php, fastcgi_conf => $conf, files => { 'report.php' => $script, 'work.php' => $finish,
        'accel.php' => $script =~ s/^.*X-Sendfile.*$/$accel/mr, 'reports/report.zip' => 'of the site' });
    my $res = get($h, '/report.php');
    res_is($res, 200, $zip, 'a file that PHP names');
    is(join('|', headers_of($res, 'Content-Type')), 'application/zip', 'with its type');
    $res = get($h, '/accel.php');
    res_is($res, 200, 'of the site', 'and one of the site');
    is(join('|', headers_of($res, 'Content-Type')), 'application/zip', 'likewise');
    my $t0 = time;
    res_is(get($h, '/work.php'), 200, 'Thank you.', 'work behind an answer');
    cmp_ok(time - $t0, '<', 2.5, 'is not waited for');
    skip('curl is not installed', 2) if !$curl;
    my $out = "$dir/out";
    system("'$curl' -s '@{[ $h->url('/report.php') ]}' | head -c 1000000 >'$out'");
    is(-s $out, 1_000_000, 'curl is stopped');
    system($curl, '-sf', '-C', '-', '-o', $out, $h->url('/report.php'));
    is(md5_hex(slurp($out)), md5_hex($zip), 'and goes on, to the whole file');
}
SKIP: {
    system("perl -MFCGI -e 1 2>/dev/null") == 0 or skip('libfcgi-perl is not installed', 4);
    my $dir = temp_dir();
    spew("$dir/hints.pl", $hints);
    my $app = FCGITest::Daemon->app('perl', "$dir/hints.pl");
    my $h = host(responder => $app, conf => { CheckScript => 'Off', Extensions => '.php' });
    my $c = client($h);
    my $t0 = time;
    $c->send($c->format(GET => '/page.php'));
    like($c->read_some(45, 1.5) // '', qr{^HTTP/1\.1 103 Early Hints\r\nLink: </style\.css>}, 'Early Hints come at once');
    cmp_ok(time - $t0, '<', 1.8, 'while the page is made');
    res_is(get($h, '/page.php', http => '1.0'), 200, "the page\n", 'HTTP/1.0 has the answer alone');
    skip('curl is not installed', 1) if !$curl;
    my $said = `$curl -s -i '@{[ $h->url('/page.php') ]}'`;
    like($said, qr{^HTTP/1\.1 103 [^\r]*\r\nLink: .*?\r\n\r\nHTTP/1\.1 200 .*\r\n\r\nthe page\n\z}s, 'curl understands them');
}
finish;
