# SPDX-License-Identifier: Apache-2.0
#
# Monkey's traps, the second part of bite.t: what requests and answers
# contain, (f) to (i), (n) to (r), (t), and how plugins are loaded.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::BadPlugin;

plan(skip_all => 'bite18.t has the traps of Monkey 1.8') if !is_abi('1.6');

my $h = badplugin_host(monkey => { Indexfile => 'index.px' }, files => {
    'idx/index.px' => "the source\n", 'cure/index.px' => "the source\n", 'file.px' => 'four' });
mkdir "$h->{docroot}/dir.px";
symlink "$h->{docroot}/file.px", "$h->{docroot}/link.px";
my $STATIC = "static text\n";

# look($name, BYTES or STEPS, LINE...): the request looked at has these lines.
sub look {
    my ($name, $steps, @lines) = @_;
    my $all = join '', map { "(?=.*^" . (/\\d/ ? $_ : quotemeta) . "\$)" } @lines;
    bite($h, $name, [ ref $steps ? @$steps : $steps, qr/ended -?\d\z/ ], out => qr/\A(?=.*\r\n\r\nn_params)$all/sm);
}

# (f)
my $out = bite($h, '(f) header_prepare(): always HTTP/1.1, no Connection for 1.1',
    [ ask('/chan.px'), \"px\n" ],
    out => qr/\AHTTP\/1\.1 200 OK\r\nServer: \S+\r\nDate: [^\r]+\r\nContent-Type: text\/plain\r\nContent-Length: 3\r\n\r\npx\n\z/);
bite($h, '(f) a keep-alive 1.0 client is told', [ ask('/chan.px HTTP/1.0', 'Connection: keep-alive'), \"px\n" ],
    out => qr/\AHTTP\/1\.1 200.*^Connection: Keep-Alive\r$/sm);
bite($h, '(f) so is who asked to close, unless headers.connection is -1',
    [ ask('/chan.px', 'Connection: close'), ['eof'] ], out => qr/^Connection: Close\r$/m);
bite($h, '(f) which keeps the field back, not the end', [ ask('/chan.px?connection=-1', 'Connection: close'), ['eof'] ],
    out => qr/px\n\z/, without => qr/Connection:/);
bite($h, '(f) the ETag of the last file is in the answer',
    [ ask('/static.txt'), \$STATIC, ask('/chan.px'), \"px\n" ],
    out => qr/text\/plain\r\nETag: "[^"]+"\r\nContent-Length: 3\r\n\r\npx/);
bite($h, '(f) chunked: only the field, also for 1.0',
    [ ask('/chan.px?chunked=1 HTTP/1.0'), ['eof'] ], out => qr/^Transfer-Encoding: Chunked\r\n\r\npx\n\z/m, without => qr/Content-Length/);
bite($h, '(f) no length, not chunked: neither field, and no end',
    [ ask('/chan.px?cl=-1'), \"px\n", ['silent'] ], without => qr/Content-Length|Transfer/);
bite($h, '(f) cgi: no blank line', [ ask('/chan.px?cgi=1'), \"px\n" ], out => qr/Content-Length: 3\r\npx\n\z/);
bite($h, '(f) HEAD is nothing special', [ ask('HEAD /chan.px'), qr/stage40/ ], out => qr/Content-Length: 3\r\n\r\n\z/);
bite($h, '(f) nor is 204', [ ask('/chan.px?status=204'), \"px\n" ], out => qr/\AHTTP\/1\.1 204 .*Content-Length: 3\r/s);
dies('(f) a status without a text ends the server', ask('/chan.px?status=418'),
    serve => qr/trap \(f\): header_prepare\(\) of status 418/);
dies('(f) header_prepare() twice breaks the channel', ask('/twice.px'),
    serve => qr/trap \(f\): header_prepare\(\) twice/, monkey => 'what happens is undefined');

bite($h, '(f) 17 rows by header_add()', [ ask('/rows.px?rows=17'), \"px\n" ], out => qr/\A(?:.*X-Row: x\r\n){17}\r\npx\n\z/s);
dies('(f) more of them write where they must not', ask('/rows.px?rows=40'),
    serve => qr/trap \(f\): more than \d+ pieces/, monkey => 'what happens is undefined');

# (r), memory
dies('(r) stage 40 with a status that the logger does not know', ask('/plain.px?status=308'),
    host => { access_log => 1 }, serve => qr/trap \(r\): status 308/, monkey => 'what happens is undefined');
dies('a block of malloc() given to mem_free()', ask('/foreign.px'),
    serve => qr/a block of another allocator/, monkey => 'its allocator is glibc\'s') if !$ENV{FCGI_SANITIZER};

# (g)
look('(g) HTTP/1.0 closes', ask('/look.px HTTP/1.0'), 'protocol=10', 'close_now=1');
look('(g) unless asked to stay', ask('/look.px HTTP/1.0', 'Connection: keep-alive'), 'close_now=0');
look('(g) and may lack a Host', ask('/look.px HTTP/1.0'), 'host=(none)', 'host.len=-1');
bite($h, '(g) 1.1 may not', [ "GET /look.px HTTP/1.1\r\n\r\n", \'400 Bad' ], log => qr/\A(?!.*stage30)/);

# (h)
bite($h, '(h) stage 30 waits for the whole body',
    [ "POST /look.px HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n", ['silent'], 'abc', ['silent'], 'def', qr/stage40/ ],
    out => qr/^data=abcdef$/m, without => qr/ 100 /);
look('(h) sr->content_length is never set', ask('POST /look.px', \'abc'), 'content_length=0', 'length=3', 'data=abc');
my $next = ask('/look.px?next');
look('(h) sr->data has the pipelined request glued on', [ ask('POST /look.px', \'abc') . $next ],
    'data.len=' . (3 + length $next), 'length=3');
bite($h, '(h) which is lost', [ ask('POST /plain.px', \'abc') . $next, qr/ended 0/, ['silent'] ], out => qr/px\n\z/);
bite($h, '(h) or found, with parser.i set behind the body', [ ask('POST /plain.px?fix=1', \'abc') . $next, qr/ended 0/ ],
    out => qr/px\nHTTP.*^uri=\/look\.px$/sm);
look('(h) of two lengths the last counts', ask('POST /look.px', 'Content-Length: 9', 'Content-Length: 3', \'abc'), 'length=3');
look('(h) a length ends at its first other character', ask('POST /look.px', 'Content-Length: 3x', \'abc'), 'length=3');
look('(h) Content-Length 0 leaves the data of the last request',
    [ ask('POST /look.px', \'abc'), qr/ended/, ask('POST /look.px', 'X-Last: 1', \''), qr/ended.*ended/ ],
    'length=0', 'data.len=3', 'key=x-last');
for ([ 'a length with GET', ask('/look.px', 'Content-Length: 3', \'abc'), 400 ], [ 'POST without a length', ask('POST /look.px'), 411 ],
    [ 'a chunked body', ask('POST /look.px', 'Transfer-Encoding: chunked') . "0\r\n\r\n", 411 ],
    [ 'more than MaxRequestSize', ask('POST /look.px', \('x' x 40000)), 413 ])
{
    bite($h, "(h) $_->[0]: $_->[2]", [ $_->[1], $_->[2] == 413 ? ['eof'] : \"HTTP/1.1 $_->[2] " ], out => qr/\A(?:HTTP\/1\.1 $_->[2] |\z)/, log => qr/\A(?!.*stage30)/);
}

# (i)
look('(i) unknown names become lower case, values lose blanks at their left only', ask('/look.px', 'X-Foo:   a b  '), 'key=x-foo', 'val=a b  ');
look('(i) the last of two known fields counts', ask('/look.px', 'Cookie: a', 'Cookie: b'), 'h6=b');
look('(i) Proxy comes through', ask('/look.px', 'Proxy: p'), 'key=proxy');
look('(i) eight unknown fields', ask('/look.px', map { "X-$_: $_" } 1 .. 8), 'extra=8', 'val=8');
bite($h, '(i) not nine', [ ask('/look.px', map { "X-$_: $_" } 1 .. 9), ['eof'] ], out => qr/\AHTTP\/1\.1 413 /, log => qr/\A(?!.*stage30)/);
bite($h, '(i) an empty value closes', [ ask('/look.px', 'X-A:'), ['eof'] ], out => '');
bite($h, '(i) a folded line too', [ ask('/look.px', "X-A: b\r\n c"), ['eof'] ], out => '');
bite($h, '(i) [::1] without a port: 400', [ ask('/look.px', 'Host: [::1]'), \'400 Bad' ]);
bite($h, '(i) so is an absolute URI', [ ask('http://a/look.px'), \'400 Bad' ]);
look('(i) the port of Host is apart', ask('/look.px', 'Host: b:81'), 'host=b', 'port=81');

# (n)
bite($h, '(n) an index file is not matched: its source is sent', [ ask('/idx/'), qr/stage40/ ], out => qr/the source\n\z/, log => 'stage40 200');
look('(n) stage 20 can name it', ask('/cure/'), 'uri=/cure/', 'uri_processed=/cure/index.px', "real_path=$h->{docroot}/cure/index.px");

# (o)
look('(o) parameters split at blanks, quotes or not', ask('/look.px'), 'n_params=3', 'param=one', 'param="two', 'param=words"');
look("(o) $_->[0]", ask($_->[1]), "uri=$_->[1]", "uri_processed=$_->[2]")
  for [ 'patterns ignore case', '/LOOK.PX', '/LOOK.PX' ], [ 'and match in the middle', '/look.px.txt', '/look.px.txt' ],
  [ 'of the decoded URI', '/look%2epx', '/look.px' ], [ 'across lines', '/a%0ab.px', '/a\x0ab.px' ];
bite($h, '(o) the query does not count', [ ask('/static.txt?a.px'), qr/stage40/ ], out => qr/\Q$STATIC\E\z/);

# (p)
bite($h, "(p) $_ is 403 before stage 30", [ ask($_), \'403 Forbidden' ], log => qr/\A(?!.*stage30)/) for '/a..b.px', '/%2e%2e/x.px';
look('(p) a wrong escape: nothing is decoded', ask('/%41%zz.px'), 'uri_processed=/%41%zz.px');
look('(p) %00 ends the name', ask('/a.px%00.txt'), 'uri_processed=/a.px');
look('(p) missing files come', ask('/none.px/more'), 'exists=0', 'size=-1', "real_path=$h->{docroot}/none.px/more");
look('(p) directories, too', ask('/dir.px'), 'exists=1', 'dir=1', 'file=0');
look('(p) and links, SymLink Off or not', ask('/link.px'), 'exists=1', 'link=1');
look('(p) without a file, the facts of the last one stay', [ ask('/file.px'), qr/ended/, ask('/none.px'), qr/ended.*ended/ ], 'exists=0', 'file=1', 'size=-1');

# (q)
look("(q) $_->[0]", ask("$_->[0] /look.px", $_->[0] =~ /^P[UO]/ ? \'abc' : ()), "method=$_->[1]", "method_p=$_->[2]")
  for [ PUT => 3, 'PUT' ], [ DELETE => 4, 'DELETE' ], [ OPTIONS => 5, 'OPTIONS' ], [ PATCH => 7, 'PATCH' ], [ FOO => 7, 'FOO' ],
  [ CONNECT => 7, 'CONNECT' ];
look('(q) PO is POST', ask('PO /look.px', \'abc'), 'method=1');
look('(q) GE is GET', ask('GE /look.px'), 'method=0');
bite($h, '(q) one letter: closed', [ ask('G /look.px'), ['eof'] ], out => '');

# (t)
look('(t) query_string and data of the last request stay',
    [ ask('POST /look.px?x=1', \'abc'), qr/ended/, ask('/look.px', 'X-Last: 1'), qr/ended.*ended/ ],
    'query_string=TTP', 'data.len=3', 'length=-1', 'key=x-last');
look('(t) handler_data does not', [ ask('/look.px'), qr/ended/, ask('/look.px', 'X-Last: 1'), qr/ended.*ended/ ], 'handler_data=0', 'key=x-last');
look('(t) etag_len does', [ ask('/static.txt'), \$STATIC, ask('/look.px'), qr/stage30.*ended/ ], 'etag_len=\d\d');

SKIP: {
    skip 'Monkey reads freed memory, and may find what it looks for', 1 if host_kind() eq 'monkey';
    bite($h, '(t) a head that has moved is 400: pointers into it lead nowhere',
        [ ask('POST /look.px', \('x' x 6000)), qr/ended/, ask('POST /look.px', 'Content-Length: 20000', \'x'), ['silent'],
            'x' x 19999, \'400 Bad Request' ]);
}

# Loading
sub fails {
    my ($name, $env, $serve, $monkey, $path) = @_;
    local @ENV{ keys %$env } = values %$env;
    my $f = FCGITest::Host->new(plugin => $path || $ENV{FCGI_BADPLUGIN}, match => ['/.*\.px badplugin']);
    my ($status, $log) = $f->start_fails;
    my $re = host_kind() eq 'serve' ? $serve : $monkey;
    ok($status && !($status & 127) && $log =~ $re, $name) or diag(defined $status ? "status $status\n" : "it runs\n", $log);
}
like($h->log, qr{confdir \S+/plugins//badplugin/}, 'loading: confdir is <conf>/plugins/<shortname>/');
fails('loading: -1 from init_plugin, and a Match of it: no start', { PROBE_INIT => -1 }, qr/refuses to start/, qr/was not loaded/);
fails('loading: hooks other than exactly 256: no start', { PROBE_HOOKS => 384 }, qr/is not a handler/, qr/is not a handler/);
my $copy = temp_dir() . '/monkey-other.so';
symlink $ENV{FCGI_BADPLUGIN}, $copy;
fails('loading: the name of the file is that of the symbol', {}, qr/has no symbol mk_plugin_other/, qr/was not loaded/, $copy);

finish();
