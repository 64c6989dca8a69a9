/* SPDX-License-Identifier: Apache-2.0
 *
 * php-fpm's status page, as it answers to `?json`.
 */
#ifndef FCGI_PING_FPM_H
#define FCGI_PING_FPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As much of a page as is looked at: a pool, or with ?full its processes. */
#define FCGI_FPM_PAGE 4096
#define FCGI_FPM_FULL_PAGE (1U << 20)

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

/* A process of a pool, as ?full has it. Strings are as php-fpm writes them, and
 * cut. */
struct fcgi_fpm_process {
    uint64_t pid, requests;
    uint64_t duration; /* in us, of the request that runs, or of the last one */
    uint64_t memory;   /* of the last one, in bytes */
    char state[32], method[16], uri[256];
};

/* Reads the processes of a page; returns how many there are, of which `most`
 * are stored. */
size_t fcgi_fpm_processes(const char *page, size_t length,
                          struct fcgi_fpm_process *processes, size_t most);

/* The name of a number: in JSON, and (with a prefix) for Prometheus. */
const char *fcgi_fpm_name(enum fcgi_fpm_number number);

#endif
