# SPDX-License-Identifier: Apache-2.0
#
# Applications that are not PHP: Perl with FCGI.pm, C with libfcgi, Python that
# speaks FastCGI itself, and a CGI program under fcgiwrap. Each serves the same
# paths: /env, /md5, /cookies, /moved, /big, /stderr.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);

plan(skip_all => 'our keys are not those of nginx') if host_kind() eq 'nginx';

my $at = "$FindBin::Bin/../apps";
my ($perl) = grep { -x } '/usr/bin/perl', $^X;
my $built = ($ENV{TOP_BUILDDIR} || '.') . '/t/apps/libfcgi';

# The program; why it cannot run here; keys and rule; its place in URIs.
my %folder = (conf => { FrontController => '/app' }, match => ['/app fastcgi'], at => '/app');
my @apps = (
    { %folder, name => 'Perl, FCGI.pm', run => [ $perl, "$at/app.pl" ],
        lacks => system("$perl -MFCGI -e 1 2>/dev/null") ? 'libfcgi-perl is not installed' : '' },
    { %folder, name => 'C, libfcgi', run => [$built], lacks => -x $built ? '' : 'libfcgi-dev was not there when the tests were built' },
    { %folder, name => 'Python', run => [ '/usr/bin/python3', "$at/app.py" ], forks => 1,
        lacks => -x '/usr/bin/python3' ? '' : 'python3 is not installed' },
    { name => 'CGI, fcgiwrap', wrap => 1, conf => { Extensions => '.cgi' }, match => ['/.*\.cgi fastcgi'], at => '/cgi-bin/app.cgi' },
);

# FNV-1a with 64 bits: what app.c has instead of MD5.
sub fnv {
    my ($text) = @_;
    use integer;
    no warnings 'portable';
    my $h = 0xcbf29ce484222325;
    $h = ($h ^ ord) * 0x100000001b3 for split //, $text;
    return sprintf '%x', $h;
}

for my $app (@apps) {
    my $n = $app->{name};
    my $daemon = $app->{lacks} ? undef : $app->{wrap} ? FCGITest::Daemon->fcgiwrap : FCGITest::Daemon->app(@{ $app->{run} });
    SKIP: {
        skip "$n: " . ($app->{lacks} || 'fcgiwrap is not installed'), 1 if !$daemon;
        my $h = host(responder => $daemon, conf => $app->{conf}, match => $app->{match}, files => { 'static.css' => "css\n" },
            monkey => { MaxRequestSize => 2048 });
        if ($app->{wrap}) {
            open my $in, '<', "$at/app.cgi" or die "app.cgi: $!";
            $h->add_file('cgi-bin/app.cgi', join '', <$in>);
            chmod 0755, "$h->{docroot}/cgi-bin/app.cgi";
        }
        my $u = $app->{at};
        my $res = get($h, "$u/env?a=b%20c", headers => [ 'X-Foo: bar', 'Cookie: c=d', 'Proxy: evil' ]);
        res_is($res, 200, undef, "$n: env");
        my %v = map { /\A([^=]+)=(.*)\z/ ? ($1, $2) : () } split /\n/, $res->{body} // '';
        my %want = (SCRIPT_NAME => $u, PATH_INFO => '/env', QUERY_STRING => 'a=b%20c', REQUEST_URI => "$u/env?a=b%20c",
            REQUEST_METHOD => 'GET', GATEWAY_INTERFACE => 'CGI/1.1', SERVER_PROTOCOL => 'HTTP/1.1', SERVER_PORT => $h->{port},
            HTTP_X_FOO => 'bar', HTTP_COOKIE => 'c=d', PATH_TRANSLATED => "$h->{docroot}/env", DOCUMENT_ROOT => $h->{docroot});
        is_deeply({ map { $_ => $v{$_} } keys %want }, \%want, "$n: its variables") or diag $res->{body};
        ok(!exists $v{HTTP_PROXY}, "$n: no HTTP_PROXY");
        for my $size (0, 1, 100_000, 1_000_000) {
            next if $size > 100_000 && $n =~ /^C,/;    # (Perl's sum takes its time.)
            my $body = join '', map { chr } map { ($_ * 7) % 256 } 1 .. $size;
            res_is(post($h, "$u/md5", $body), 200, "$size " . ($n =~ /^C,/ ? fnv($body) : md5_hex($body)) . "\n", "$n: a body of $size bytes");
        }
        $res = get($h, "$u/cookies");
        res_is($res, 200, "cookies\n", "$n: cookies");
        is(join(' | ', headers_of($res, 'Set-Cookie')), 'a=1 | b=2; Path=/', "$n: two fields are two");
        $res = get($h, "$u/moved");
        res_is($res, 302, undef, "$n: Location without Status is 302");
        is((headers_of($res, 'Location'))[0], 'http://h.test/there', "$n: Location");
        res_is(get($h, "$u/big"), 200, 'x' x 1_000_000, "$n: a megabyte");
        my $mark = $h->mark;
        res_is(get($h, "$u/stderr"), 200, "said\n", "$n: STDERR");
        ok($h->wait_log(qr/a word from the program/, $mark), "$n: and the log has it");
        res_is(get($h, "$u/n%20o"), 404, "nothing at </n o>\n", "$n: a Status behind another field");
        res_is(request($h, HEAD => "$u/env"), 200, '', "$n: HEAD");
        my $c = client($h);
        for (1 .. 5) {
            $c->send($c->format(POST => "$u/md5", body => "no $_"));
            res_is($c->read_response, 200, qr/\A4 /, "$n: request $_ of a connection");
        }
        my @many = map { my $m = client($h); $m->send($m->format(GET => "$u/cookies")); $m } 1 .. 8;
        my @bad = grep { my $r = $_->read_response; $r->{error} || $r->{body} ne "cookies\n" } @many;
        is(scalar @bad, 0, "$n: eight clients at once");
        $_->close for $c, @many;
        res_is(get($h, '/static.css'), 200, "css\n", "$n: a file beside it");
    }
}
finish;
