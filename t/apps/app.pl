#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# An application in Perl, with FCGI.pm, for t/e2e/apps.t: see there.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use FCGI;

my %env;
my $request = FCGI::Request(\*STDIN, \*STDOUT, \*STDERR, \%env);
my $n = 0;
while ($request->Accept >= 0) {
    my $at = $env{PATH_INFO} // '';
    my $head = "Content-Type: text/plain\r\nX-Served: " . ++$n . "\r\n";
    if ($at eq '/env') { print "$head\r\n", map { "$_=$env{$_}\n" } sort keys %env }
    elsif ($at eq '/md5') {
        my $body = '';
        1 while read STDIN, $body, 65536, length $body;
        print "$head\r\n", length $body, ' ', md5_hex($body), "\n";
    }
    elsif ($at eq '/cookies') { print "${head}Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n\r\ncookies\n" }
    elsif ($at eq '/moved') { print "Location: http://h.test/there\r\n\r\n" }
    elsif ($at eq '/big') { print "$head\r\n"; print 'x' x 1000 for 1 .. 1000 }
    elsif ($at eq '/stderr') { print STDERR "a word from the program\n"; print "$head\r\nsaid\n" }
    else { print "${head}Status: 404 Not Here\r\n\r\nnothing at <$at>\n" }
}
