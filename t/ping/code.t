# SPDX-License-Identifier: Apache-2.0
#
# fcgi-get --php-file and --eval: code runs in a real PHP-FPM; who may read and
# write its copy, that it is gone afterwards, and what is said where the pool
# may not see it.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;
use FCGITest::Tool;

plan(skip_all => 'php-fpm is not installed') if !FCGITest::Daemon::php_program();
my $php = FCGITest::Daemon->php(listen => 'unix');
my $tmp = FCGITest::temp_dir();
chmod 0755, $tmp;

sub code {
    my ($name, $status, $out, $err, @args) = @_;
    my $o = ref $args[-1] eq 'HASH' ? pop @args : {};
    tool_is(tool('fcgi-get', @args, { %$o, env => { TMPDIR => $tmp, %{ $o->{env} || {} } } }), $status, $out, $err, $name);
    is(join(' ', glob "$tmp/*"), '', "$name: nothing is left");
}

code('--eval', 0, "42\n", '', '--eval', 'echo 6 * 7, "\n";', $php->{path});
my $file = FCGITest::temp_dir() . '/mine.php';
FCGITest::Host::write_file($file, "<?php echo 'file ', \$_SERVER['A'], ' ', file_get_contents('php://input'), ' ', \$_SERVER['REQUEST_METHOD'];");
chmod 0600, $file;
code('--php-file, and what belongs to a request', 0, 'file b body POST', '', '--php-file', $file, '-e', 'A=b', '-d', 'body', $php->{path});
code('--php-file, from standard input', 0, 'in', '', '--php-file', '-', $php->{path}, { stdin => 'in' });
{
    my $old = umask 0377;
    code('a mask that forbids much', 0, 'read', '', '--eval', 'echo "read";', $php->{path});
    umask $old;
}
code('what the code writes', 0, '', qr/word/, '--eval', 'error_log("word");', $php->{path});
code('what is no PHP', 249, qr/Parse error/, qr/PHP Parse error: .*\nfcgi-get: \S+: the code has failed\n\z/s, '--eval', 'echo 1', $php->{path});
code('an error', 249, qr/^begun\n.*nosuch/s, qr/PHP Fatal error: .*\nfcgi-get: \S+: the code has failed\n\z/s, '--eval', 'echo "begun\n"; nosuch();', $php->{path});
my $quiet = FCGITest::Daemon->php(listen => 'unix', pool => "php_admin_flag[display_errors] = off\n");
code('an error that is not shown', 249, '', qr/\nfcgi-get: \S+: the code has failed\n\z/s, '--eval', 'nosuch();', $quiet->{path});
code('an error of its own', 249, 'no', qr/\Afcgi-get: \S+: the code has failed\n\z/s, '--eval', 'http_response_code(500); echo "no";', $php->{path});
code('a status of its own', 0, 'gone', '', '--eval', 'http_response_code(404); echo "gone";', $php->{path});
code('the environment names another script', 0, 'mine', '', '--environment', '--eval', 'echo "mine";', $php->{path}, { env => { SCRIPT_FILENAME => '/x', SCRIPT_NAME => '/x' } });
code('no server', 251, '', qr/no such socket/, '--eval', '1;', "$php->{path}.none");
code('modes', 0, "711 444\n", '', '--eval', 'printf("%o %o\n", fileperms(__DIR__) & 07777, fileperms(__FILE__) & 07777);', $php->{path});
my @names;
push @names, tool('fcgi-get', '--eval', 'echo __FILE__;', '--temp-dir', $tmp, $php->{path})->{out} for 1, 2;
like($names[0], qr{^\Q$tmp\E/fcgi-get-\w{6}/[0-9a-f]{32}\.php$}, 'a name that nobody guesses');
isnt($names[0], $names[1], '... and another each time');
for my $signal (qw(INT TERM HUP QUIT)) {
    my $r = tool('fcgi-get', '--eval', 'sleep(20);', $php->{path}, { env => { TMPDIR => $tmp }, signals => sub {
        wait_for(sub { glob "$tmp/*/*" }, 20);
        sleep 0.2;
        kill $signal => $_[0];
    } });
    like($r->{status}, qr/^signal/, "SIG$signal ends it");
    is(join(' ', glob "$tmp/*"), '', "SIG$signal: nothing is left");
}

# Pools that may not see the copy.
sub pool {
    my ($keys) = @_;
    return FCGITest::Daemon->php(listen => 'unix', pool => $keys);
}
my $base = pool("php_admin_value[open_basedir] = /srv\n");
code('open_basedir', 249, undef, qr/^fcgi-get: \S+: the pool's open_basedir forbids the copy of the code; .*--temp-dir\n\z/m, '--eval', '1;', $base->{path});
my $limit = FCGITest::Daemon->php(listen => 'unix', limit => '.phtml');
code('security.limit_extensions', 249, undef, qr/^fcgi-get: \S+: the pool's security\.limit_extensions forbids \.php\n\z/m, '--eval', '1;', $limit->{path});
SKIP: {
    skip 'only root makes a chroot', 2 if $> != 0;
    my $root = FCGITest::temp_dir();
    chmod 0755, $root;
    my $chroot = pool("chroot = $root\n");
    code('a chroot', 249, undef, qr/^fcgi-get: \S+: php-fpm does not see the copy of the code: .*PrivateTmp.*chroot.*--temp-dir\n\z/m, '--eval', '1;', $chroot->{path});
}

tool_is(tool('fcgi-get', '--eval', '1;', '--php-file', $file, 'x'), 250, '', qr/^fcgi-get: give --php-file or --eval once\n/, 'both');
tool_is(tool('fcgi-get', '--eval', '1;', 'x', '/y'), 250, '', qr/^fcgi-get: --php-file and --eval are the script: give no other/, 'a script as well');
tool_is(tool('fcgi-get', '--php-file', '/no/such', 'x'), 250, '', "fcgi-get: cannot read /no/such: No such file or directory\n", 'no such file');
tool_is(tool('fcgi-get', '--temp-dir', '/no/such', '--eval', '1;', 'x'), 250, '', "fcgi-get: cannot write the code to /no/such: No such file or directory\n", 'no such folder');
finish;
