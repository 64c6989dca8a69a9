/* SPDX-License-Identifier: Apache-2.0
 *
 * php-fpm's status page, as it answers to `?json`.
 */
#ifndef FCGI_PING_FPM_H
#define FCGI_PING_FPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FCGI_FPM_PAGE 4096 /* as much of a page as is looked at */

enum fcgi_fpm_number {
    FCGI_FPM_ACTIVE,
    FCGI_FPM_IDLE,
    FCGI_FPM_TOTAL,
    FCGI_FPM_QUEUE,        /* connections that wait in the backlog */
    FCGI_FPM_MAX_QUEUE,    /* the most since php-fpm started */
    FCGI_FPM_BACKLOG,      /* its size */
    FCGI_FPM_MAX_CHILDREN, /* how often all children were busy */
    FCGI_FPM_SLOW,
    FCGI_FPM_ACCEPTED,
    FCGI_FPM_NUMBERS,
};

struct fcgi_fpm {
    char pool[64]; /* control characters escaped */
    uint64_t numbers[FCGI_FPM_NUMBERS];
    bool have[FCGI_FPM_NUMBERS];
};

/* Returns 0, or -1 where it is no status page: active, idle and queue are on
 * each. */
int fcgi_fpm_parse(const char *page, size_t length, struct fcgi_fpm *fpm);

/* The name of a number: in JSON, and (with a prefix) for Prometheus. */
const char *fcgi_fpm_name(enum fcgi_fpm_number number);

#endif
