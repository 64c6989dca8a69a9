# SPDX-License-Identifier: Apache-2.0
#
# REMOTE_USER and AUTH_TYPE: told where Monkey's auth plugin has accepted the
# client, and nowhere else. And PassAuthorization.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::SHA qw(sha1_base64);
use File::Basename qw(dirname);
use MIME::Base64 qw(encode_base64);

my $auth = $ENV{MONKEY} ? dirname($ENV{MONKEY}) . '/monkey-auth.so' : '';
plan(skip_all => 'only a real Monkey has its auth plugin') if host_kind() ne 'monkey';
plan(skip_all => "there is no $auth") if !-e $auth;
plan(skip_all => 'under AddressSanitizer Monkey does not start with its auth plugin, nor without ours') if $ENV{FCGI_SANITIZER};

my $r = responder();
my $users = join '', map { "$_->[0]:{SHA}" . sha1_base64($_->[1]) . "=\n" } [ alice => 'wonder' ], [ bob => 'b:c' ];
my %o = (responder => $r, auth => { '/secret' => $users, '/lost' => undef },
    files => { 'secret/env.php' => 'source', 'open/env.php' => 'source', 'lost/env.php' => 'source' });

sub basic { return 'Authorization: Basic ' . encode_base64($_[0], '') }
# `status user type authorization` of a request with these fields.
sub try {
    my ($h, $uri, @fields) = @_;
    $r->forget;
    my $res = get($h, $uri, headers => \@fields);
    my $q = $r->last_request or return $res->{status} // 'closed';
    return join ' ', $res->{status}, map { $q->{params}{$_} // '-' } qw(REMOTE_USER AUTH_TYPE);
}

my $h = host(%o, match => [ '/.* auth', '/.*\.php fastcgi' ]);
is(try($h, '/secret/env.php'), '401', 'nobody: 401');
is(try($h, '/secret/env.php', basic('alice:wrong')), '401', 'a wrong password: 401');
is(try($h, '/secret/env.php', basic('alice:wonder')), '200 alice Basic', 'the right one: the user is told');
# (The path is that of a script with PATH_INFO where the core leaves it alone.)
my $info = core_looks_first() ? '' : '/info';
is(try($h, "/secret/env.php$info", basic('bob:b:c')), '200 bob Basic', 'a password with a colon');
is(try($h, '/secret/env.php', basic('alice:wonder'), basic('bob:x')), '401', 'two fields, the last of them wrong: 401');
is(try($h, '/secret/env.php', basic('bob:x'), basic('alice:wonder')), '200 - -', 'two fields, the last of them right: nobody is told');
is(try($h, '/open/env.php', basic('alice:wonder')), '200 - -', 'a folder that is not guarded: nobody is told');
is(try($h, '/lost/env.php', basic('alice:wonder')), '200 - -', 'nor where the file of users is missing, and nothing is guarded');
is(try($h, '/open/env.php', 'Remote-User: root'), '200 - -', 'nor by a field of the client');
for my $uri ('//secret/env.php', '/./secret/env.php', '/.//./secret//env.php', '/%2fsecret/env.php', '/%2e/secret/env.php', "//secret/./env.php$info") {
    is(try($h, $uri), '401', "$uri is guarded, too");
    is(try($h, $uri, basic('alice:wonder')), '200 alice Basic', "$uri with the password");
}
is(try($h, '//open/./env.php'), '200 - -', 'other paths with such segments are served');
$r->forget;
get($h, '/secret/env.php', headers => [ basic('alice:wonder') ]);
is($r->last_request->{params}{HTTP_AUTHORIZATION}, 'Basic ' . encode_base64('alice:wonder', ''), 'PassAuthorization On: the field is passed');

$h = host(%o, match => [ '/.*\.php fastcgi', '/.* auth' ]);
is(try($h, '/secret/env.php', basic('alice:wonder')), '200 - -', 'the rule for auth behind ours: it was not asked');
$h = host(%o, match => [ '/.*\.html auth', '/.*\.php fastcgi' ]);
is(try($h, '/secret/env.php', basic('alice:wrong')), '200 - -', 'nor if its rule does not match');

$h = host(%o, match => [ '/.* auth', '/.*\.php fastcgi' ], conf => { PassAuthorization => 'Off' });
is(try($h, '/secret/env.php', basic('alice:wonder')), '200 alice Basic', 'PassAuthorization Off: the user is told');
is($r->last_request->{params}{HTTP_AUTHORIZATION}, undef, 'and the password is not');
finish;
