# SPDX-License-Identifier: Apache-2.0
#
# Monkey's traps, by the letters of t/TRAPS.md, bite a plugin that
# does not mind them (t/badplugin): the same on Monkey 1.6.9 and on fcgi-serve.
# This file has what becomes of connections and requests: (a) to (e), (j) to
# (m), (r), (s), (u). What requests and answers contain is in bite_fields.t,
# and that our own plugin avoids it all in the other files.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::BadPlugin;

plan(skip_all => 'bite18.t has the traps of Monkey 1.8') if !is_abi('1.6');

my $h = badplugin_host();
my $PX = "px\n";
my $STATIC = "static text\n";
my $ok = qr/\AHTTP\/1\.1 200 OK\r\n/;

# (a)
bite($h, '(a) a drained channel ends the request, and its handler is not told',
    [ ask('/drain.px'), qr/ended/ ],
    out => qr/${ok}.*\r\n\r\nhello \z/s, log => 'stage30 /drain.px; stage40 200; ending; ended -1');
bite($h, '(a) with Connection: close the client gets a part, the handler a hangup',
    [ ask('/drain.px', 'Connection: close'), ['eof'] ],
    out => qr/Content-Length: 11\r\n\r\nhello \z/, log => 'stage30 /drain.px; stage40 200; hangup; stage50');
bite($h, '(a) WRITE that finds an empty channel ends a request too',
    [ ask('/static.txt') . ask('/plain.px?delay=100'), qr/ended/ ],
    out => qr/\Q$STATIC\E/, log => 'stage40 200; stage30 /plain.px; stage40 200; ending; ended -1');

# (b)
bite($h, '(b) one more byte while a request runs: closed without an answer',
    [ ask('/plain.px?delay=5000'), qr/stage30/, "\n", ['eof'] ],
    out => '', log => 'stage30 /plain.px; hangup; stage50');
bite($h, '(b) a second request while one runs: the same',
    [ ask('/plain.px?delay=5000'), qr/stage30/, ask('/static.txt'), ['eof'] ],
    out => '', log => 'stage30 /plain.px; hangup; stage50');
bite($h, '(b) with errno EAGAIN the connection stays, and answers go astray',
    [ ask('/eagain.px'), qr/tick/, "\n", qr/hangup/, ['silent'], ask('/static.txt'), qr/stage40/ ],
    out => qr/${ok}.*\Q$STATIC\E\z/s, log => 'stage30 /eagain.px; tick; hangup; stage40 200');
bite($h, '(b) behind the first of a pipeline, stage 30 runs twice for one request',
    [ ask('/plain.px') . ask('/plain.px?delay=5000'), qr/ended 1/, "\n", qr/again/ ],
    out => qr/px\n\z/, log => 'stage30 /plain.px; ending; stage40 200; stage30 /plain.px; ended 1; stage30 /plain.px again');
bite($h, '(b) an answer of the core behind ours waits for WRITE',
    [ ask('/plain.px') . ask('/static.txt'), \$PX, qr/ended/, ['silent'] ],
    out => qr/\r\n\r\npx\n\z/, log => 'stage30 /plain.px; ending; stage40 200; ended 1');
bite($h, '(b) and comes with it',
    [ ask('/plain.px?arm=1') . ask('/static.txt'), \$STATIC ],
    out => qr/px\nHTTP.*\Q$STATIC\E\z/s);
bite($h, '(b) a 404 behind ours is written at once, and not ended',
    [ ask('/plain.px') . ask('/nix'), \"404 Not Found", qr/ended/, ['silent'] ],
    log => 'stage30 /plain.px; ending; stage40 200; ended 1');

dies('(b) a parser.i behind the end of what was read', ask('/plain.px?fix=9'),
    serve => qr/trap \(b\): parser\.i is \d+ with \d+ bytes/, monkey => 'what happens is undefined');

# (c)
my $slow = ask('/plain.px?delay=5000');
bite($h, '(c) a client that goes: hangup, no stage 40', [ $slow, qr/stage30/ ],
    all => 1, log => 'stage30 /plain.px; hangup; stage50');
bite($h, '(c) a half-close is the same', [ $slow, qr/stage30/, ['half_close'], ['eof'] ],
    out => '', log => 'stage30 /plain.px; hangup; stage50');
bite($h, '(c) also one that comes with the request', [ $slow, ['half_close'], ['eof'] ],
    out => '', log => 'stage30 /plain.px; hangup; stage50');
bite($h, '(c) and a reset', [ $slow, qr/stage30/, ['rst'] ],
    all => 1, log => 'stage30 /plain.px; hangup; stage50');
bite($h, '(c) a file is served to it', [ ask('/static.txt'), ['half_close'], ['eof'] ],
    out => qr/\Q$STATIC\E\z/);
bite($h, '(c) hangup without handler_data and URI, for half a later request',
    [ ask('/plain.px'), \$PX, qr/ended 0/, 'GET /st', ['silent'] ],
    all => 1, log => 'stage30 /plain.px; ending; stage40 200; ended 0; hangup without handler_data or uri; stage50');

# (d)
bite($h, '(d) closing, http_request_end() calls stage 40, hangup and stage 50',
    [ ask('/plain.px?close=1'), ['eof'], qr/ended -1/ ],
    out => qr/px\n\z/, log => 'stage30 /plain.px; ending; stage40 200; hangup without handler_data; stage50; ended -1');
bite($h, '(d) stage 30 of the next request runs inside of it',
    [ ask('/plain.px') . ask('/plain.px?close=1'), ['eof'], qr/ended -1/ ],
    log => qr/ending; stage40 200; stage30 \S+; ended 1; ending; stage40 200; hangup without handler_data; stage50; ended -1\z/);
bite($h, '(d) closing with something in the channel throws it away',
    [ ask('/queued.px?close=1'), ['eof'], qr/ended -1/ ], out => '',
    log => 'stage30 /queued.px; ending; stage40 200; hangup without handler_data; stage50; ended -1');
bite($h, '(d) what is pipelined is answered although we close',
    [ ask('/plain.px?close=1&arm=1') . ask('/static.txt'), \$STATIC ],
    log => qr/ending; stage40 200; ended 1/);
bite($h, '(d) unless it is dropped', [ ask('/plain.px?close=1&cut=1') . ask('/static.txt'), ['eof'], qr/ended -1/ ],
    out => qr/\r\n\r\npx\n\z/, log => qr/ended -1\z/);
bite($h, '(d) the core, too, goes on behind Connection: close',
    [ ask('/static.txt', 'Connection: close') . ask('/index.html'), \'index' ],
    out => qr/Connection: Close.*<h1>index/s);

# (e)
bite($h, '(e) an EOF stream stays, runs again, and ends requests that are not its own',
    [ ask('/eof.px'), qr/eof; stage40/, ask('/static.txt'), qr/eof; stage40.*eof; stage40/ ],
    out => '');

my $queued = '(e) http_request_end() with something queued: stage 40 of no request';
if (host_kind() eq 'serve') { dies($queued, ask('/queued.px'), serve => qr/trap \(e\): stage 40 of a request that has ended/) }
else {
    bite($h, $queued, [ ask('/queued.px'), qr/stage40 of/ ], out => qr/px\n\z/,
        log => 'stage30 /queued.px; ending; stage40 200; ended 0; stage40 of no request');
}

# (j)
bite($h, '(j) taken over: bytes in between do not hurt',
    [ ask('/taken.px?delay=200'), qr/stage30/, ask('/static.txt'), qr/ended 0; stage40/ ],
    out => qr/px\n.*\Q$STATIC\E\z/s, log => 'stage30 /taken.px; ending; stage40 200; ended 0; stage40 200');
bite($h, '(j) nor does a half-close',
    [ ask('/taken.px?delay=200'), qr/stage30/, ['half_close'], ['eof'] ],
    out => qr/px\n\z/, log => 'stage30 /taken.px; ending; stage40 200; ended 0; stage50');
bite($h, '(j) in a pipeline behind a file',
    [ ask('/static.txt') . ask('/taken.px?delay=100&arm=1') . ask('/static.txt'), qr/stage40 200.*stage40 200.*stage40 200/ ],
    out => qr/\Q$STATIC\EHTTP.*px\nHTTP.*\Q$STATIC\E\z/s, log => 'stage40 200; stage30 /taken.px; ending; stage40 200; ended 1; stage40 200');
bite($h, '(j) SLEEP inside stage 30 closes the connection',
    [ ask('/asleep.px'), ['eof'] ], out => '', log => 'stage30 /asleep.px; sleep 0; hangup; stage50');
bite($h, '(j) ev_del() does nothing without status 2, ev_add() nothing with it',
    [ ask('/events.px'), \$PX ], out => qr/px\n\z/,
    log => qr/status 1: del -1; status 2: add -1; status 2: del 0; status 1, mask 1; old mask: add -1; no mask: add 0/);

# (l) (m)
bite($h, '(l) a freed event does not run any more in its batch',
    [ ask('/free.px'), qr/ended/ ], log => 'stage30 /free.px; one of two runs; ending; stage40 200; ended 0');
{
    local $ENV{FCGI_SERVE_ARGS} = ($ENV{FCGI_SERVE_ARGS} || '') . ' --layout=A';
    dies('(l) to free it twice was not harmless up to 1.6.6', ask('/free.px'),
        host => { files => { 'free.px' => 'x' } },
        serve => qr/trap \(l\): sched_event_free\(\) twice/, monkey => 'for 1.6.0 to 1.6.6');
}
bite($h, '(m) the network layer says how much it takes: 4096 without TLS',
    [ ask('/look.px'), \"etag_len" ], out => qr/^buffer_size=4096$/m);

# (s)
bite($h, '(s) http_request_error() does not end the request',
    [ ask('/error.px?status=404'), \'404 Not Found', ['silent'] ], all => 1,
    log => 'stage30 /error.px; hangup without handler_data; stage50');
bite($h, '(s) and the next one closes the connection',
    [ ask('/error.px?status=404'), \'404 Not Found', ask('/static.txt'), ['eof'] ],
    out => qr/\AHTTP\/1\.1 404 (?:(?!HTTP\/1).)*\z/s, log => 'stage30 /error.px; hangup without handler_data; stage50');
bite($h, '(s) not even for HTTP/1.0', [ ask('/error.px?status=500 HTTP/1.0'), \'500 Internal', ['silent'] ]);
bite($h, '(s) CLOSE_CONX closes nothing', [ ask('/conx.px?status=503'), \'503 Service', ['silent'] ], all => 1,
    log => 'stage30 /conx.px; hangup without handler_data; stage50');
bite($h, '(s) its status is 403 if there is none', [ ask('/conx.px'), \'403 Forbidden', ['silent'] ]);
bite($h, '(s) END with nothing queued hangs', [ ask('/nothing.px'), ['silent'] ], out => '', all => 1,
    log => 'stage30 /nothing.px; hangup without handler_data; stage50');
bite($h, '(s) NOT_ME is answered by the core', [ ask('/notme.px'), \'404 Not Found' ]);
bite($h, '(s) CLOSE_CONX of stage 20 gives no answer', [ ask('/s20/'), ['silent'] ], out => '');

# (u)
bite($h, '(u) a write to a client that has reset does no harm',
    [ ask('/taken.px?delay=500'), qr/stage30/, ['rst'], qr/ended/ ], log => qr/write fails twice; ending; stage40 200; ended 0/);
like($h->log, qr/badplugin: SIGPIPE is blocked/, '(u) SIGPIPE is blocked in workers');
bite($h, '(u) sockets of clients do not block, and are closed by exec',
    [ ask('/look.px'), \"etag_len" ], out => qr/^nonblock=1\ncloexec=1$/m);

# (k) (d) on hosts of their own
my $k = badplugin_host(monkey => { Timeout => 2, MaxKeepAliveRequest => 2, KeepAliveTimeout => 30 });
bite($k, '(d) after MaxKeepAliveRequest there is one more',
    [ (map { (ask('/static.txt', "X-N: $_"), qr/(?:stage40 200.*){$_}/) } 1 .. 3), ['eof'] ],
    out => qr/\A(?:HTTP.*?\Q$STATIC\E){3}\z/s, log => qr/\A(?:stage40 200; ){3}/);
my $t0 = time;
bite($k, '(k) a running handler is not timed out, taken over or not',
    [ ask('/plain.px?delay=4500'), \$PX ], out => qr/px\n\z/);
bite($k, '(k) an idle connection is, by when it came',
    [ ask('/static.txt'), \$STATIC, ['eof'] ], out => qr/\Q$STATIC\E\z/, log => qr/stage50\z/);
my $off = badplugin_host(monkey => { KeepAlive => 'Off' });
bite($off, '(d) KeepAlive Off keeps alive', [ ask('/static.txt'), \$STATIC, ['silent'], ask('/look.px HTTP/1.0', 'Host: a'), \"etag_len", ['silent'] ],
    out => qr/^close_now=0$/m);

finish();
