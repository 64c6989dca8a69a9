# SPDX-License-Identifier: Apache-2.0
#
# The traps that Monkey 1.8 has and 1.6 has not, by the letters of t/TRAPS.md,
# bite a plugin that does not mind them (t/badplugin/badplugin18.c): the same on Monkey
# 1.8.9 and on fcgi-serve --monkey=1.8.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::BadPlugin;

plan(skip_all => 'bite.t has the traps of Monkey 1.6') if !is_abi('1.8');

my $h = badplugin_host(files => { 'file.PX' => "a file\n" });

like($h->log, qr/config NULL/, 'the API has no configuration');
like($h->log, qr/stream_new NULL, socket_close NULL/, 'nor functions for streams and sockets');

# (a)
dies('(a) raw bytes through the channel, to a client that does not read', ask('/raw.px'), serve => qr/trap \(a\)/);

# (f)
bite($h, '(f) the core makes a head behind the back of stage 30, and ends the request',
    [ ask('/plain.px'), \"\r\n\r\n", qr/stage40/ ], out => qr/\AHTTP\/1\.1 200 OK\r\n.*Content-Length: 0\r\n\r\n\z/s,
    log => 'stage30 /plain.px, status -1, fields 0; stage40 200');
bite($h, '(f) so that CLOSE_CONX has two of them', [ ask('/conx.px'), \qr/\r\n\r\nHTTP.*\r\n\r\n/s, ['silent'] ], out => qr/\AHTTP\/1\.1 .*HTTP\/1\.1 /s);
dies('(f) without a status it aborts', ask('/bare.px'), serve => qr/trap \(f\)/);

# (h)
bite($h, '(h) a body in chunks is left as it came, behind the head',
    [ ask('POST /body.px', 'Transfer-Encoding: chunked') . "3\r\nabc\r\n0\r\n\r\n", qr/behind/ ],
    log => qr/length -1, chunked 1, data untouched, behind \[3\.\.abc\.\.0\.\.\.\.\]/);
bite($h, "(h) $_ may have a length", [ ask("$_ /body.px", \'abc'), qr/behind/ ], log => qr/length 3, chunked 0/)
  for qw(GET DELETE PATCH);

# (i)
bite($h, '(i) 50 unknown fields', [ ask('/plain.px', map { "X-$_: $_" } 1 .. 50), qr/stage40/ ], log => qr/fields 50;/);
bite($h, '(i) not 51', [ ask('/plain.px', map { "X-$_: $_" } 1 .. 51), qr/stage50/ ], log => qr/\A(?!.*stage30)/);
bite($h, '(i) an empty value', [ ask('/plain.px', 'X-A:'), qr/stage40/ ], log => qr/fields 1;/);

# (j)
bite($h, '(j) ev_del() works, and leaves an event that ev_add() adds',
    [ ask('/events.px'), qr/add/ ], log => qr/del 0: mask 0, status 1; again: -1; add 0: mask 1, status 2/);

# (o)
bite($h, '(o) expressions mind upper and lower case', [ ask('/file.PX'), \"a file\n" ],
    out => qr/a file\n\z/, log => qr/\A(?!.*stage30)/);
for ([ '/.*\.(px|qx)' => '/a.px' ], [ '/a{1}\.px' => '/a.px' ]) {
    my $g = badplugin_host(match => ["$_->[0] badplugin"]);
    bite($g, "(o) $_->[0] does not match $_->[1]", [ ask($_->[1]), \'404 Not Found' ], log => qr/\A(?!.*stage30)/);
}
{
    my $g = badplugin_host(match => [ '/x[ab]\.px badplugin', '/y[cd]\.px badplugin' ]);
    bite($g, '(o) brackets of an earlier rule become those of a later', [ ask('/xc.px'), qr/stage40/ ], log => qr/stage30 \/xc\.px/);
    bite($g, '(o) and its own are lost', [ ask('/xa.px'), \'404 Not Found' ], log => qr/\A(?!.*stage30)/);
}

# (s)
bite($h, '(s) after an error that ends the session nobody closes it, and there is no stage 40',
    [ ask('/none', 'Connection: close'), \'404 Not Found', ['silent'] ], log => qr/\A(?!.*stage40)/);

# (u)
dies('(u) time_unix() wants the server', ask('/time.px'), serve => qr/trap \(u\)/);
{
    local $ENV{FCGI_BADPLUGIN_FAILS} = 1;
    my $g = badplugin_host(idle => 1, mute => 1);
    my $name = '(u) a plugin that does not start';
    if ($g->is('serve')) {
        my ($status, $log) = $g->start_fails;
        ok($status && $log =~ /'badplugin' refuses to start/, "$name: neither does fcgi-serve");
    }
    else {
        # At the first request that its rule is for, or at an earlier one.
        $g->spawn;
        wait_for(sub { eval { get($g, '/plain.px') }; !$g->alive }, 15);
        ok(($g->{status} || 0) & 127, "$name: its rules crash Monkey");
        $g->kill_now;
    }
}

finish();
