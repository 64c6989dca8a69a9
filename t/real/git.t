# SPDX-License-Identifier: Apache-2.0
#
# git over HTTP: git-http-backend behind fcgiwrap. 5 MB are pushed, with a length
# and in chunks, cloned and fetched.
use FindBin;
use lib "$FindBin::Bin/../lib";
use FCGITest;

chomp(my $exec = `git --exec-path 2>/dev/null` // '');
plan(skip_all => 'git with git-http-backend is not installed') if !-x "$exec/git-http-backend";
plan(skip_all => 'fcgiwrap is not installed') if !grep { -x } qw(/usr/sbin/fcgiwrap /usr/bin/fcgiwrap);
plan(skip_all => 'without the gate the core reads bodies') if !gated();

my $dir = temp_dir();
$ENV{HOME} = $dir;
$ENV{GIT_CONFIG_NOSYSTEM} = 1;
$ENV{GIT_TERMINAL_PROMPT} = 0;

sub git {
    my ($at, @args) = @_;
    my @conf = ('http.sslVerify=false', 'user.name=Test Er', 'user.email=t@h.test', 'protocol.version=2', 'gc.auto=0');
    my @cmd = ('git', '-C', $at, (map { (-c => $_) } @conf), @args);
    my $pid = open my $out, '-|';
    die "fork: $!" if !defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec @cmd or POSIX::_exit(127);
    }
    local $/;
    my $said = <$out> // '';
    close $out;
    return wantarray ? ($? == 0, $said) : $said;
}

sub git_ok {
    my ($name, @args) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($good, $said) = git(@args);
    ok($good, $name) or diag $said;
}

# Bytes that nothing makes smaller.
sub add_noise {
    my ($at, $name, $size) = @_;
    open my $in, '<', '/dev/urandom' or die $!;
    read $in, my $noise, $size;
    FCGITest::Host::write_file("$at/$name", $noise);
    git_ok("$name is in", $at, 'add', $name);
    git_ok("$name is committed", $at, 'commit', '-q', '-m', $name);
}

my $wrap = FCGITest::Daemon->fcgiwrap;
for my $tls (0, FCGITest::Host::tls_of() ? 1 : ()) {
    my $kind = $tls ? 'https' : 'http';
    my ($repo, $work) = ("$dir/$kind.git", "$dir/$kind");
    git_ok("$kind: a repository", $dir, 'init', '-q', '--bare', '-b', 'main', $repo);
    git_ok("$kind: that takes pushes", $repo, 'config', 'http.receivepack', 'true');
    my $run = "#!/bin/sh\nexport GIT_PROJECT_ROOT='$dir' GIT_HTTP_EXPORT_ALL=1 HOME='$dir'\nexec '$exec/git-http-backend'\n";
    my $h = host(responder => $wrap, tls => $tls, files => { 'git.cgi' => $run }, match => ['/git\.cgi fastcgi'],
        monkey => { Timeout => 3 });
    chmod 0755, "$h->{docroot}/git.cgi";
    my $url = $h->url("/git.cgi/$kind.git");
    git_ok("$kind: a tree", $dir, 'init', '-q', '-b', 'main', $work);
    add_noise($work, 'large', 5 * 1024 * 1024);
    git_ok("$kind: push of 5 MB, in chunks", $work, '-c', 'http.postBuffer=65536', 'push', '-q', $url, 'main');
    add_noise($work, 'other', 5 * 1024 * 1024);
    git_ok("$kind: push of 5 MB, with a length", $work, '-c', 'http.postBuffer=20971520', 'push', '-q', $url, 'main');
    is(git($repo, 'rev-parse', 'main'), git($work, 'rev-parse', 'main'), "$kind: it is there");
    git_ok("$kind: clone", $dir, 'clone', '-q', $url, "$dir/$kind.clone");
    git_ok("$kind: which is whole", "$dir/$kind.clone", 'fsck', '--strict');
    add_noise($work, 'small', 1000);
    git_ok("$kind: push of a little", $work, 'push', '-q', $url, 'main');
    git_ok("$kind: fetch", "$dir/$kind.clone", 'pull', '-q', '--ff-only');
    is(git("$dir/$kind.clone", 'rev-parse', 'main'), git($work, 'rev-parse', 'main'), "$kind: it is the same");
    my ($good) = git($work, 'push', '-q', $h->url("/git.cgi/none.git"), 'main');
    ok(!$good, "$kind: no push to what is not there");
}
finish;
