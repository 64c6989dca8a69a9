# SPDX-License-Identifier: Apache-2.0
#
# The cases of t/check/cases, which t/check/README describes: read, and made
# into files.
package FCGICheckCase;
use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(make_path);
use FCGIFile;
use IO::Socket::UNIX;
use POSIX qw(mkfifo);

our @EXPORT = qw(slurp spew read_case make_part);
our $DIR = abs_path(dirname(__FILE__) . '/../check/cases');
my @sockets;

sub close_sockets { @sockets = () }

# A case: { args => [...], parts => [[PATH, KIND, TEXT]...], ... }
sub read_case {
    my ($name) = @_;
    if (-e "$DIR/$name.conf") {
        return { args => [ '--syntax-only', "$name.conf" ],
            parts => [ [ "$name.conf", '', slurp("$DIR/$name.conf") ] ] };
    }
    my %case = (parts => []);
    my %without;
    for my $line (split /^/, slurp("$DIR/$name.tree")) {
        if ($line =~ /^== (.*?)(?: \(([^)]*)\))?$/) {
            push @{ $case{parts} }, [ $1, $2 // '', '' ];
        } elsif (@{ $case{parts} } && !$case{head}) {
            $case{parts}[-1][2] .= $line;
        } elsif ($line =~ /^base (\S+)$/) {
            $case{base} = $1;
        } elsif ($line =~ /^without (.+)$/) {
            $without{$1} = 1;
        } elsif ($line =~ /^args (.+)$/) {
            $case{args} = [ split ' ', $1 ];
        } elsif ($line =~ /^(stdin|memory|refuse)\b ?(.*)$/) {
            $case{$1} = $2 || 1;
        } else {
            die "$name.tree: what is this: $line";
        }
    }
    if ($case{base}) {
        my %own = map { $_->[0] => 1 } grep { $_->[1] !~ /^mode/ } @{ $case{parts} };
        unshift @{ $case{parts} }, grep { !$own{ $_->[0] } && !$without{ $_->[0] } }
            @{ read_case($case{base})->{parts} };
    }
    return \%case;
}

sub make_part {
    my ($path, $kind, $text) = @_;
    make_path(dirname($path));
    if ($kind eq '') { spew($path, $text) }
    elsif ($kind eq 'directory') { make_path($path) }
    elsif ($kind eq 'fifo') { mkfifo($path, 0600) or die "$path: $!" }
    elsif ($kind eq 'socket') {
        push @sockets, IO::Socket::UNIX->new(Local => $path, Listen => 1) || die "$path: $!";
        chmod 0777, $path;
    }
    elsif ($kind eq 'plugin') { symlink $ENV{FCGI_PLUGIN}, $path }
    elsif ($kind eq 'other') { symlink $ENV{FCGI_OTHER}, $path }
    elsif ($kind eq 'library') { symlink $ENV{FCGI_BADPLUGIN}, $path }
    elsif ($kind =~ /^link (.*)/) { symlink $1, $path }
    elsif ($kind =~ /^size (\d+)/) { spew($path, ''); truncate $path, $1 }
    elsif ($kind =~ /^bytes (\w+)/) { spew($path, pack 'H*', $1) }
    elsif ($kind eq 'object') {    # e_type, in the machine's order
        my $head = substr slurp($ENV{FCGI_PLUGIN}), 0, 64;
        substr $head, 16, 2, pack ord(substr $head, 5) == 2 ? 'n' : 'v', 1;
        spew($path, $head);
    }
    elsif ($kind =~ /^mode (\d+)/) { chmod oct $1, $path or die "$path: $!" }
    else { die "$path: what is '$kind'?" }
}

1;
