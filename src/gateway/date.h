/* SPDX-License-Identifier: Apache-2.0
 *
 * The time of day as HTTP's Date field has it (RFC 9110, 5.6.7), formatted
 * once a second at most. One for each thread.
 */
#ifndef FCGI_GATEWAY_DATE_H
#define FCGI_GATEWAY_DATE_H

#include <stdint.h>

/* Zeroed memory is a date that has not been asked for yet. */
struct fcgi_date {
    int64_t second;
    char text[32];
};

/* Brings the text up to date and returns it. It stays where it is, so that a
 * pointer to it remains good. */
const char *fcgi_date_now(struct fcgi_date *date);

#endif
