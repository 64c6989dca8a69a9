# SPDX-License-Identifier: Apache-2.0
#
# What src/http takes, servers that many trust take with the same meaning: Node
# (llhttp), and nginx in front of it. Each case is what a client sends on one
# connection, perhaps several requests; a table of them, and the table's with
# bytes spoilt. t/apps/httpdump prints what src/http understands.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use IO::Select;
use IO::Socket::INET;
use IPC::Open2;
use MIME::Base64;
use POSIX ();

my $dump = "$ENV{TOP_BUILDDIR}/t/apps/httpdump";
my ($node) = grep { -x } map { ("$_/node", "$_/nodejs") } split /:/, $ENV{PATH};
plan(skip_all => 'no node here') if !$node;
my ($nginx) = grep { -x } '/usr/sbin/nginx', map { "$_/nginx" } split /:/, $ENV{PATH};
my $dir = FCGITest::temp_dir();

# Methods that Node knows, and nginx takes.
my %known = map { $_ => 1 } qw(GET HEAD POST PUT DELETE OPTIONS PATCH PROPFIND);

my $next = "GET /next HTTP/1.1\nHost: n\n\n";
my @cases = map { my $c = $_; $c =~ s/\n/\r\n/g; $c } (
    # Lines, targets, hosts.
    "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.0\n\n", "GET / HTTP/1.0\nHost: a\nConnection: keep-alive\n\n$next",
    "\nGET /a?b=c HTTP/1.1\nHost: A.b.:80\n\n", "\n\n\nGET / HTTP/1.1\nHost: a\n\n",
    "HEAD /a?b?c HTTP/1.1\nHost: 127.0.0.1:1\n\n", "OPTIONS /a HTTP/1.1\nHost: [::1]:80\n\n",
    "GET http://b.c:80/d?e HTTP/1.1\nHost: a\n\n", "GET HTTPS://b HTTP/1.1\nHost: a\n\n",
    "GET http://b/ HTTP/1.0\n\n", "GET /? HTTP/1.1\nHost: a\n\n", "GET /a%20b%c3%bc/%41?%zz HTTP/1.1\nHost: a\n\n",
    "GET /a/./b/../c/.%2e/d/. HTTP/1.1\nHost: a\n\n", "GET /a//b///c HTTP/1.1\nHost: a\n\n",
    "GET /a%2fb%2F..%2fc HTTP/1.1\nHost: a\n\n", "GET /wiki/Wait.../..a/b../...?/../ HTTP/1.1\nHost: a\n\n",
    "GET /main~1..main:/f;x=1/..;/a HTTP/1.1\nHost: a\n\n", "GET /a|b{}^`\"<>\\[] HTTP/1.1\nHost: a\n\n",
    "GET /a+b%2bc%5c..%5c/%3f%23 HTTP/1.1\nHost: a_b-c.d~\n\n", "GET //a/.. HTTP/1.1\nHost: a\n\n",
    "GET /\xc3\xbc HTTP/1.1\nHost: a\n\n", "GET /%2541 HTTP/1.1\nHost: a\n\n", "GET /.. HTTP/1.1\nHost: a\n\n",
    "GET /a%00b HTTP/1.1\nHost: a\n\n", "GET /a#b HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\nHost: a, b\n\n",
    # Fields.
    "GET / HTTP/1.1\nhOST:a\nX:\nY: \t z\t \nZ: \x80\xff\n\n", "GET / HTTP/1.1\nHost: a\nCookie: a=b\nCookie: c=d\n\n",
    "GET / HTTP/1.1\nHost: a\n" . join('', map { "X-$_: y\n" } 1 .. 60) . "\n",
    "GET / HTTP/1.1\nHost: a\nA : b\n\n", "GET / HTTP/1.1\nHost: a\nA: b\n c\n\n", "GET / HTTP/1.1\nHost: a\nHost: a\n\n",
    # Bodies, and what follows them.
    "POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello$next", "GET / HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello$next",
    "POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n$next", "PUT / HTTP/1.1\nHost: a\nContent-Length: 0005\n\nhello$next",
    "POST / HTTP/1.1\nHost: a\nContent-Length: 5\nConnection: x, Close\n\nhello",
    "POST / HTTP/1.1\nHost: a\nContent-Length: 5\nExpect: 100-continue\n\nhello$next",
    "POST / HTTP/1.1\nHost: a\n\n$next", "PATCH / HTTP/1.1\nHost: a\nContent-Length: 2\n\n\n\n$next",
    "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n5\nhello\n00A\n0123456789\n0\n\n$next",
    "PUT / HTTP/1.1\nHost: a\ntransfer-encoding:\tChunked \n\n5;a\nhello\n1;b=c;d=\"e\"\n!\n0;x\nT: u\nV:\n\n$next",
    "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nExpect: 100-continue\n\n0\n\n\n$next",
    "DELETE / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n$next",
    "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nContent-Length: 3\n\n0\n\n$next",
    "POST / HTTP/1.0\nTransfer-Encoding: chunked\n\n0\n\n$next", "POST / HTTP/1.1\nHost: a\nContent-Length: 5, 5\n\nhello$next",
    "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: xchunked\n\n0\n\n$next",
    "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n3 \nabc\n0\n\n$next",
);
my $table = @cases;
my @spoil = ("\r", "\n", "\r\n", ' ', "\t", ':', ',', ';', "\0", "\x0b", "\x7f", "\x80", '0', '5', 'f', '/', '.', '%', '?', '#', '@', '"', '=');
srand 9112;
for (1 .. 2000) {
    my $case = $cases[ rand $table ];
    for (0 .. rand 1.5) {
        my $at = int rand length $case;
        substr($case, $at, int(rand 2), $spoil[ rand @spoil ]);
    }
    push @cases, $case;
}

# What src/http understands.
my @files = map { "$dir/case.$_" } 0 .. $#cases;
FCGITest::Tree::write_file($files[$_], $cases[$_]) for 0 .. $#cases;
my (@ours, @seen);
open my $out, '-|', $dump, @files or die "$dump: $!";
while (<$out>) {
    chomp;
    my ($kind, @rest) = split /\t/, $_, -1;
    if ($kind eq 'request') { push @seen, \@rest }
    else { push @ours, { requests => [@seen], end => $rest[0], used => $rest[1] }; @seen = () }
}
ok(close($out) && @ours == @cases, 'all cases are read');
my ($taken, $refused) = map { my $e = $_; scalar grep { $_->{end} =~ $e } @ours } qr/^(?:whole|close)/, qr/^refused/;
cmp_ok($taken, '>', 200, "$taken are taken");
cmp_ok($refused, '>', 300, "$refused are refused");

# Sends all, and returns what the fields X-Seen say, one for each answer.
sub ask {
    my ($port, $bytes) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "connect: $!";
    my $got = '';
    my $ready = IO::Select->new($socket);
    syswrite $socket, $bytes;
    shutdown $socket, 1;
    while (1) {
        $ready->can_read(slow(10)) or die "no end of the answer to " . FCGITest::show($bytes);
        last if !sysread $socket, $got, 65536, length $got;
    }
    return map { [ split /\t/, decode_base64($_), -1 ] } $got =~ /^X-Seen: (\S*)\r$/mig;
}

# Compares; $by_nginx tells whether the path was decoded, and the host read. Not
# asked are: methods that are not known to all; paths with control bytes, which
# nginx would put into a field; and of Node, which refuses them where the others
# do not, targets with bytes from 0x80.
sub compare {
    my ($who, $port, $by_nginx) = @_;
    my ($n, @wrong) = 0;
    for my $i (0 .. $#cases) {
        my @want = grep { $_->[-1] ne 'cut' } @{ $ours[$i]{requests} };
        next if !@{ $ours[$i]{requests} } || grep {
            !$known{ $_->[0] } || $_->[2] =~ /^(?:..)*(?:[01].|7f)/ || (!$by_nginx && $_->[1] =~ /[\x80-\xff]/)
        } @{ $ours[$i]{requests} };
        # Node gives up what it has not answered when something is wrong behind it.
        my @got = ask($port, $by_nginx ? $cases[$i] : substr $cases[$i], 0, $ours[$i]{used});
        my $bad = @got < @want ? 'fewer requests' : @got > @want && $ours[$i]{end} !~ /^(?:refused|close)/ ? 'more requests' : '';
        for my $k (0 .. $#want) {
            last if $bad;
            my ($method, $target, $path, $host, $body) = @{ $want[$k] };
            my ($m, $t, $h, $b, $p) = @{ $got[$k] };
            $h =~ s/:\d*\z//, $h =~ s/\.\z// if !$by_nginx;
            $bad = "method $m" if $m ne $method;
            $t = "/$t" if $t =~ /^\?/; # of http://host?query
            $bad = "target $t" if $t ne $target;
            $bad = "host $h" if lc $h ne lc $host && !($host eq '' && $by_nginx);
            $bad = "body $b" if $b ne $body;
            $bad = "path $p" if $by_nginx && unpack('H*', $p) ne "3d${path}3d";
        }
        $n++;
        push @wrong, "$bad: " . FCGITest::show($cases[$i]) . " (ours: $ours[$i]{end})" if $bad;
    }
    cmp_ok($n, '>', 300, "$who: $n cases are asked");
    is(scalar @wrong, 0, "$who: what is taken has the same meaning")
        or diag join "\n", splice(@wrong, 0, 20);
}

my $pid = open2(my $told, my $hold, $node, "$FindBin::Bin/server.js");
my $port = <$told>;
chomp $port;
compare(node => $port, 0);

SKIP: {
    skip 'no nginx here', 2 if !$nginx;
    my $listen = FCGITest::Host::free_port();
    FCGITest::Tree::write_file("$dir/nginx.conf", <<"X");
daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/error.log;
events { worker_connections 64; }
http {
    access_log off; merge_slashes off; client_max_body_size 0;
    client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/f;
    uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
    server {
        listen 127.0.0.1:$listen;
        location / {
            set \$path \$uri;
            rewrite ^ /seen? break;
            proxy_pass http://127.0.0.1:$port; proxy_http_version 1.1; proxy_ignore_client_abort on;
            proxy_set_header X-By nginx; proxy_set_header X-Target \$request_uri;
            proxy_set_header X-Host \$host; proxy_set_header X-Path "=\$path="; proxy_set_header Host a;
        }
    }
}
X
    my $server = fork // die "fork: $!";
    if (!$server) {
        open STDERR, '>', "$dir/nginx.err";
        exec $nginx, '-p', $dir, '-c', "$dir/nginx.conf" or POSIX::_exit(127);
    }
    FCGITest::wait_for(sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$listen") }, 10);
    compare(nginx => $listen, 1);
    kill TERM => $server;
    waitpid $server, 0;
}
close $hold;
waitpid $pid, 0;
finish;
