/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check --print: the configuration with all that it does not say.
 */
#ifndef FCGI_CHECK_PRINT_H
#define FCGI_CHECK_PRINT_H

#include <stdio.h>

#include "check.h"

/*
 * Writes a file without errors as fastcgi.conf again: every server with every
 * key, and where each value comes from in a comment above it. Read again, it
 * is the same configuration.
 */
void check_print(struct check_source *source, FILE *out);

#endif
