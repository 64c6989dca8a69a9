/* SPDX-License-Identifier: Apache-2.0
 *
 * The time of day as HTTP's Date field has it (RFC 9110, 5.6.7), formatted
 * once a second at most. One for each thread.
 */
#ifndef FCGI_GATEWAY_DATE_H
#define FCGI_GATEWAY_DATE_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory is a date that has not been asked for yet. */
struct fcgi_date {
    int64_t second;
    char text[32];
};

/* A time in seconds as text, "" where it is none. */
void fcgi_date_of(char *text, size_t size, int64_t second);

/* Brings the text up to date and returns it. It stays where it is, so that a
 * pointer to it remains good. */
const char *fcgi_date_now(struct fcgi_date *date);

#endif
