# SPDX-License-Identifier: Apache-2.0
#
# Calls of the plugin that fail: the test's side of t/fault/fault.c.
#
#   my $fault = FCGITest::Fault->new;
#   host(wrap => [ $fault->wrap ], ...);
#   $fault->sites      each { row, call, hits, where, tries => [ERROR, ...] }
#   $fault->arm($site, 'ENOMEM', skip => 1, all => 1);
#   $fault->disarm;    how often it has failed
#
# An ERROR is an errno's name; `short`: one byte is moved; `end`: of the file.
package FCGITest::Fault;
use strict;
use warnings;
use Errno ();
use FCGIFile;
use FCGITest;

# What the manual of each call names, but for what tells of a wrong argument
# (EBADF, EFAULT, EINVAL, ENOTSOCK and their like), which cannot come.
my @READ = qw(EAGAIN EINTR EIO ECONNRESET ETIMEDOUT ENOMEM ENOTCONN short end);
my @SEND = qw(EAGAIN EINTR ECONNRESET EPIPE ENOBUFS ENOMEM ENOTCONN EACCES ETIMEDOUT short);
my @WALK = qw(EACCES EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR);
my @MAKE = qw(EMFILE ENFILE ENOMEM);
my @OPEN = (@WALK, @MAKE, qw(EDQUOT EINTR EISDIR ENODEV ENOSPC ENXIO EOPNOTSUPP EPERM EROFS ETXTBSY));
my @WRITE = qw(EAGAIN EDQUOT EFBIG EINTR EIO ENOSPC EPERM EPIPE short);
my %ERRORS = (
    (map { $_ => ['ENOMEM'] } qw(malloc calloc realloc reallocarray strdup strndup fmemopen posix_memalign)),
    socket => [ @MAKE, qw(EACCES EAFNOSUPPORT ENOBUFS EPROTONOSUPPORT) ],
    connect => [ qw(EACCES EPERM EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN ECONNREFUSED ECONNRESET EINTR
            ENETUNREACH EHOSTUNREACH ENOBUFS ENOENT EPROTOTYPE ETIMEDOUT) ],
    close => [qw(EINTR EIO ENOSPC EDQUOT)],
    epoll_create1 => \@MAKE,
    eventfd => [ @MAKE, 'ENODEV' ],
    timerfd_create => [ @MAKE, 'ENODEV' ],
    memfd_create => \@MAKE,
    epoll_ctl => [qw(ENOMEM ENOSPC)],
    epoll_wait => ['EINTR'],
    poll => [qw(EINTR ENOMEM)],
    fcntl => ['EMFILE'],
    fstat => [qw(EIO ENOMEM EOVERFLOW)],
    (map { $_ => [ @WALK, 'EOVERFLOW' ] } qw(stat lstat)),
    realpath => \@WALK,
    (map { $_ => \@OPEN } qw(open openat)),
    (map { $_ => [qw(ENOBUFS ENOTCONN)] } qw(getpeername getsockname)),
    getsockopt => [qw(ENOPROTOOPT ENOBUFS)],
    setsockopt => [qw(ENOPROTOOPT ENOBUFS ENOMEM)],
    ioctl => [qw(EINVAL ENOTTY)],
    shutdown => ['ENOTCONN'],
    gmtime_r => ['EOVERFLOW'], localtime_r => ['EOVERFLOW'],
    getaddrinfo => [qw(ENOMEM EIO EMFILE EAGAIN)],
    sendfile => [qw(EAGAIN EINTR EIO EINVAL ENOMEM EOVERFLOW ESPIPE EPIPE ECONNRESET short end)],
    # By what the descriptor is: s, a socket; f, a file.
    's read' => \@READ, 's recv' => \@READ,
    (map { ("s $_" => \@SEND) } qw(send sendmsg write)),
    'f read' => [qw(EIO EINTR EISDIR short end)], 'f pread' => [qw(EIO EINTR EISDIR short end)],
    (map { ("f $_" => \@WRITE) } qw(write pwrite)),
);

my ($HEAD, $ROW, $ROWS) = (24, 36, 1024);

sub new {
    my ($class) = @_;
    my $self = bless { so => $ENV{FCGI_FAULT_SO}, file => FCGITest::temp_dir() . '/fault' }, $class;
    spew($self->{file}, "\0" x ($HEAD + $ROW * $ROWS));
    open $self->{fh}, '+<:raw', $self->{file} or die $!;
    chmod 0666, $self->{file};
    return $self;
}

sub wrap { return ('env', "LD_PRELOAD=$_[0]{so}", "FCGI_FAULT=$_[0]{file}") }

sub bytes {
    my ($self, $at, $size) = @_;
    sysseek $self->{fh}, $at, 0;
    sysread $self->{fh}, my ($bytes), $size;
    return $bytes;
}

sub put {
    my ($self, $at, $bytes) = @_;
    sysseek $self->{fh}, $at, 0;
    syswrite $self->{fh}, $bytes;
}

# Where the instruction in front of each is, in the source.
sub locate {
    my ($self, @offsets) = @_;
    my @new = grep { !$self->{where}{$_} } @offsets;
    return if !@new;
    my $addresses = join " ", map { sprintf "%x", $_ - 1 } @new;
    my @told = map { m{((?:src|tools)/\S+|\?\?)} ? $1 : '??' }
      split /\n/, qx(addr2line -e '$ENV{FCGI_PLUGIN}' $addresses);
    @{ $self->{where} }{@new} = @told;
}

sub tries {
    my ($call, $kinds) = @_;
    return $ERRORS{$call} if $ERRORS{$call};
    my %seen;
    return [ grep { !$seen{$_}++ } map { @{ $ERRORS{"$_ $call"} // [] } } split //, $kinds ];
}

# Whether there are calls that no error is known for: an omission of this file.
sub unknown { return grep { !@{ $_->{tries} } && $_->{kinds} ne 'o' } $_[0]->sites }

sub sites {
    my ($self) = @_;
    my @sites;
    my $bytes = $self->bytes($HEAD, $ROW * $ROWS);
    for my $row (0 .. $ROWS - 1) {
        my ($offset, $call, $hits, $kinds) = unpack 'L Z24 L Z4', substr $bytes, $row * $ROW, $ROW;
        last if !$offset;
        push @sites, { row => $row, offset => $offset, call => $call, hits => $hits, kinds => $kinds,
            tries => tries($call, $kinds) };
    }
    $self->locate(map { $_->{offset} } @sites);
    $_->{where} = $self->{where}{ $_->{offset} } for @sites;
    return @sites;
}

sub number {
    my ($error) = @_;
    return -1 if $error eq 'short';
    return -2 if $error eq 'end';
    return Errno->can($error)->();
}

sub arm {
    my ($self, $site, $error, %o) = @_;
    $self->put(4, pack 'l L L L', number($error), $o{skip} // 0, $o{all} ? 1 : 0, 0);
    $self->put(0, pack 'L', $site->{row} + 1);
}

sub done { return unpack 'L', $_[0]->bytes(16, 4) }

sub disarm {
    my ($self) = @_;
    $self->put(0, pack 'L', 0);
    return $self->done;
}

sub lost { return unpack 'L', $_[0]->bytes(20, 4) }

1;
