# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;

sub {
    my ($env) = @_;
    return [
        200,
        ['Content-Type' => 'text/plain'],
        ["path $env->{PATH_INFO}, query $env->{QUERY_STRING}\n"],
    ];
};
