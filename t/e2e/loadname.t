# SPDX-License-Identifier: Apache-2.0
#
# The plugin under the name that belongs to another Monkey, and in Monkeys that
# it does not know: it says so, and nothing crashes.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
plan(skip_all => 'not for nginx') if host_kind() eq 'nginx';

my $r = responder();
(my $file = $ENV{FCGI_PLUGIN}) =~ s/(?:18)?\.so\z//;
my ($right, $wrong) = is_abi('1.8') ? ("${file}18.so", "$file.so") : ("$file.so", "${file}18.so");

sub refused {
    my ($name, $plugin, $want) = @_;
    my $h = FCGITest::Host->new(responder => $r, plugin => $plugin, idle => 1);
    my ($status, $out) = $h->start_fails;
    ok(defined $status && $status && !($status & 127), "$name: the host does not start, and does not crash")
      or diag FCGITest::Host::show_status($status), "\n$out";
    like($out, $want, "$name: it says why");
    is(join("\n", $h->complaints), '', "$name: nothing complains");
}

# On fcgi-serve it is fcgi-serve that says it in one of the cases.
my $other = $right =~ m{([^/]+)\z} ? $1 : '';
refused('the name for the other Monkey', $wrong, host_kind() eq 'serve' && is_abi('1.6')
    ? qr/for another Monkey than 1\.6/ : qr/fastcgi: error: this Monkey .*say \Q$other\E instead of/);
my $copy = temp_dir() . '/monkey-other.so';
symlink $right, $copy;
refused('any other name', $copy, host_kind() eq 'serve' ? qr/has no symbol mk_plugin_other/ : qr/was not loaded|not registering properly/)
  if host_kind() eq 'serve' || is_abi('1.6');

if (host_kind() eq 'serve' && is_abi('1.8')) {
    my $args = $ENV{FCGI_SERVE_ARGS} || '';
    {
        local $ENV{FCGI_SERVE_ARGS} = "$args --layout=1.8.8";
        refused('Monkey 1.8.8', $right, qr/fastcgi: error: this Monkey is not 1\.8\.9, .*1\.7\.0 to 1\.8\.8/);
    }
    local $ENV{FCGI_SERVE_ARGS} = "$args --layout=unknown";
    my $h = host(responder => $r);
    my $mark = $h->mark;
    # (1.8 sends its first head without a length, and leaves the connection open.)
    is(get($h, '/hello.php', timeout => 0.5)->{status}, 500, "unknown: 500, time $_") for 1 .. 3;
    ok($h->wait_log(qr/none of 1\.8\.9/, $mark), 'unknown: the log says why');
    res_is(get($h, '/static.txt'), 200, "static text\n", 'unknown: files are served');
}
finish;
