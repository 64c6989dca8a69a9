/* SPDX-License-Identifier: Apache-2.0
 *
 * Untrusted text made safe for a log or a terminal.
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

/* Whether a character is written as it is: no control character, no end of a
 * line, none that is invisible or changes the direction of text, and none that
 * Unicode says is no character. */
bool fcgi_escape_shows(uint32_t code);

/*
 * Writes bytes to offset `at` of a string of `size` bytes, with \xHH for each
 * byte of a character that fcgi_escape_shows() refuses, or that is not UTF-8.
 * Text that does not fit is cut off. Returns the new length; the string is
 * terminated. Four bytes for each byte, and one more, are always enough.
 */
size_t fcgi_escape(char *out, size_t size, size_t at, const char *bytes,
                   size_t length);

#endif
