# SPDX-License-Identifier: Apache-2.0
#
# A host whose time of day jumps: the test's side of t/fault/clock.c. This
# machine's clock stays as it is.
#
#   my $clock = FCGITest::Clock->new;
#   host(wrap => [ $clock->wrap ], ...);
#   $clock->jump($seconds);    from the true time, forwards or backwards
#   $clock->now                the time that the host sees
package FCGITest::Clock;
use strict;
use warnings;
use FCGIFile;
use FCGITest;

sub new {
    my ($class) = @_;
    my $self = bless { file => FCGITest::temp_dir() . '/clock', offset => 0 }, $class;
    spew($self->{file}, pack 'q', 0);
    chmod 0644, $self->{file};
    open $self->{fh}, '+<:raw', $self->{file} or die $!;
    return $self;
}

sub wrap {
    my ($self) = @_;
    # A sanitizer that is a library, too, wants to come first.
    my $asan = join ':', $ENV{ASAN_OPTIONS} // (), 'verify_asan_link_order=0';
    return ('env', "LD_PRELOAD=$ENV{FCGI_CLOCK_SO}", "FCGI_CLOCK=$self->{file}", "ASAN_OPTIONS=$asan");
}

sub jump {
    my ($self, $seconds) = @_;
    $self->{offset} = int $seconds;
    sysseek $self->{fh}, 0, 0;
    syswrite $self->{fh}, pack 'q', $self->{offset};
}

sub now { return CORE::time + $_[0]{offset} }

1;
