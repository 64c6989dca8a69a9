/* SPDX-License-Identifier: Apache-2.0
 *
 * THE table of what the status page tells of each server in numbers. The page,
 * JSON and Prometheus are made from it: a new number is a row in column.c.
 */
#ifndef FCGI_GATEWAY_COLUMN_H
#define FCGI_GATEWAY_COLUMN_H

#include <stddef.h>

#include "backend/snapshot.h"

enum fcgi_column_group {
    FCGI_COLUMN_STATE,   /* as it is now */
    FCGI_COLUMN_COUNTER, /* since the start */
    FCGI_COLUMN_FAILURE, /* likewise: how often requests or checks failed so */
};

struct fcgi_column {
    enum fcgi_column_group group;
    const char *name;  /* for programs: never changes */
    const char *title; /* for people */
    const char *help;
    bool none;     /* 0 means that there is none */
    size_t offset; /* of its uint64_t in struct fcgi_snapshot_server */
};

const struct fcgi_column *fcgi_columns(size_t *count);

uint64_t fcgi_column_value(const struct fcgi_column *column,
                           const struct fcgi_snapshot_server *server);

#endif
