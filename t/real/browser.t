# SPDX-License-Identifier: Apache-2.0
#
# Chromium, behind nginx as a reverse proxy that keeps its connections: a page of
# PHP sends forms and files by fetch(), with many fields. (The page itself is PHP's,
# too: with the proxy's fields and the browser's, Monkey 1.6 refuses static files.)
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use Digest::MD5 qw(md5_hex);

for ([ FCGITest::Daemon::php_program(), 'php-fpm' ], [ -x '/usr/bin/chromium', 'chromium' ], [ -x '/usr/sbin/nginx', 'nginx' ]) {
    plan(skip_all => "$_->[1] is not installed") if !$_->[0];
}
plan(skip_all => 'without the gate the core has eight strange fields') if !gated();

my $page = <<'X';
<!DOCTYPE html><title>form</title><pre id="said">waiting</pre><script>
const MB = 1 << 20;
const bytes = (n) => new Uint8Array(n).map((_, i) => (i * 7 + (i >> 3)) % 256);
async function send(name, method, body, headers) {
    const res = await fetch('/take.php?' + name, { method, body, headers });
    return name + ' ' + res.status + ' ' + await res.text();
}
(async () => {
    const form = new FormData();
    form.append('word', 'ä b&c');
    form.append('up', new Blob([bytes(3 * MB)]), 'up.bin');
    const many = {};
    for (let i = 0; i < 40; i++) many['X-Field-' + i] = 'value ' + i;
    const said = [await send('form', 'POST', form), await send('many', 'PUT', bytes(5 * MB), many),
        await send('patch', 'PATCH', 'abc', many)];
    said.push(...await Promise.all([...Array(8).keys()].map(i => send('at' + i, 'POST', bytes(MB)))));
    document.getElementById('said').textContent = said.join('\n');
})().catch(e => { document.getElementById('said').textContent = 'failed: ' + e; });
</script>
X
my $take = <<'X';
<?php
$own = count(array_filter(array_keys($_SERVER), fn($k) => str_starts_with($k, 'HTTP_X_FIELD_')));
$raw = file_get_contents('php://input');
$file = isset($_FILES['up']) ? md5_file($_FILES['up']['tmp_name']) . ' ' . $_POST['word'] : '-';
echo $_SERVER['REQUEST_METHOD'], ' ', strlen($raw), ' ', md5($raw), " $own $file ",
    $_SERVER['HTTP_X_FORWARDED_PROTO'], ' ', $_SERVER['HTTP_X_FORWARDED_FOR'];
X

my $php = FCGITest::Daemon->php(ini => 1, children => 6);
my $h = host(responder => $php, files => { 'form.php' => $page, 'take.php' => $take }, monkey => { Timeout => 3 });
my $proxy = host(kind => 'nginx', responder => $php, monkey => { MaxRequestSize => 16384 }, nginx_places => <<"X");
location / {
  proxy_pass http://127.0.0.1:$h->{port}; proxy_http_version 1.1; proxy_request_buffering off;
  proxy_set_header Connection "";
  proxy_set_header Host \$http_host;
  proxy_set_header X-Real-IP \$remote_addr;
  proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto \$scheme;
  proxy_set_header X-Forwarded-Host \$host;
  proxy_set_header X-Forwarded-Port \$server_port;
  proxy_set_header X-Request-ID \$request_id;
}
X
my $profile = temp_dir();
my @run = ('/usr/bin/chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
    "--user-data-dir=$profile", '--virtual-time-budget=60000', '--dump-dom', $proxy->url('/form.php'));
my $dom = qx(@{[ join ' ', map { quotemeta } 'timeout', int slow(120), @run ]} 2>/dev/null);
my ($said) = $dom =~ m{<pre id="said">(.*?)</pre>}s;
my @said = split /\n/, $said // '';
my %md5 = map { $_ => md5_hex(substr(join('', map { chr(($_ * 7 + ($_ >> 3)) % 256) } 0 .. 2047) x ($_ << 9), 0, $_ << 20)) } 1, 3, 5;
my $end = 'http 127.0.0.1';
is($said[0], "form 200 POST 0 " . md5_hex('') . " 0 $md5{3} \xc3\xa4 b&amp;c $end", 'a form with a file');
is($said[1], 'many 200 PUT ' . (5 << 20) . " $md5{5} 40 - $end", '5 MB with 40 fields');
is($said[2], 'patch 200 PATCH 3 ' . md5_hex('abc') . " 40 - $end", 'PATCH');
is($said[ 3 + $_ ], "at$_ 200 POST " . (1 << 20) . " $md5{1} 0 - $end", "upload $_ of eight at once") for 0 .. 7;
is(scalar @said, 11, 'and no more') or diag substr $dom, 0, 2000;
my @e = $h->errors;
is(scalar @e, 0, 'nothing of it in the log') or diag explain \@e;
finish;
