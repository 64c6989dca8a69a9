/* SPDX-License-Identifier: Apache-2.0
 *
 * Ranges on the command line: thresholds as monitoring plugins write them, and
 * lists of status numbers.
 */
#ifndef FCGI_PING_RANGE_H
#define FCGI_PING_RANGE_H

#include <stdbool.h>

/*
 * `[@][START:][END]`: alert outside of START to END, or with @ inside. START
 * is 0 where it is missing, ~ means minus infinity; no END means infinity.
 */
struct fcgi_range {
    double start, end; /* may be infinite */
    bool inside;       /* alert inside, ends included */
};

/* Returns 0, or -1 where it is no range, START above END included. */
int fcgi_range_parse(const char *text, struct fcgi_range *range);
bool fcgi_range_alerts(const struct fcgi_range *range, double value);

#define FCGI_STATUSES_MOST 16

/* `200-299,404`. */
struct fcgi_statuses {
    struct {
        int first, last;
    } items[FCGI_STATUSES_MOST];
    int count;
};

/* Returns 0, or -1: numbers are from 100 to 599. */
int fcgi_statuses_parse(const char *text, struct fcgi_statuses *statuses);
bool fcgi_statuses_have(const struct fcgi_statuses *statuses, int status);

#endif
