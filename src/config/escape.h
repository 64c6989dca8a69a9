/* SPDX-License-Identifier: Apache-2.0
 *
 * Text of somebody else's made fit for a log or a terminal.
 */
#ifndef FCGI_CONFIG_ESCAPE_H
#define FCGI_CONFIG_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The length of the UTF-8 character at the start of `bytes`, and its code
 * point; 0 if there is none that is well formed (RFC 3629: no surrogate,
 * nothing overlong).
 */
size_t fcgi_utf8_decode(const char *bytes, size_t length, uint32_t *code);

/* Whether a character is written as it is: neither a control character of
 * either set nor one that has no look of its own, such as a byte order mark or
 * one that turns the direction of writing. */
bool fcgi_escape_shows(uint32_t code);

/*
 * Writes bytes to offset `at` of a string of `size` bytes, with \xHH for
 * what fcgi_escape_shows() does not show and for what is not UTF-8. What
 * does not fit is left out. Returns the new length; the string is terminated.
 * Four bytes for each byte, and one more, are always enough.
 */
size_t fcgi_escape(char *out, size_t size, size_t at, const char *bytes,
                   size_t length);

#endif
