/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether all that one regular expression matches is matched by another.
 */
#ifndef FCGI_CHECK_REGEX_H
#define FCGI_CHECK_REGEX_H

#include <stdbool.h>

/*
 * Whether every path (a text that starts with '/') in which `narrow` is found
 * is one in which `wide` is found. Both are POSIX extended, without regard to
 * case. False also where that is unknown: what is not understood here
 * (back-references, the C library's own extensions), or takes too long.
 */
bool check_regex_includes(const char *wide, const char *narrow);

/* The same, with regard to case. */
bool check_regex_includes_cased(const char *wide, const char *narrow);

#endif
