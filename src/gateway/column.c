/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/column.h"

#include <string.h>

#define STATE .group = FCGI_COLUMN_STATE
#define COUNTER .group = FCGI_COLUMN_COUNTER
#define FAILURE .group = FCGI_COLUMN_FAILURE
#define FIELD(field) .offset = offsetof(struct fcgi_snapshot_server, field)
#define COUNT(which)                                                \
    .offset = offsetof(struct fcgi_snapshot_server, stats.counts) + \
              FCGI_COUNT_##which * sizeof(uint64_t)

static const struct fcgi_column columns[] = {
    {STATE, .name = "limit", .title = "limit set", .none = true,
     .help = "MaxConnections; 0 is no limit", FIELD(limit)},
    {STATE, .name = "learned", .title = "learned", .none = true,
     .help = "Connections served side by side, as far as it is known; 0 is "
             "Concurrency Off",
     FIELD(learned)},
    {STATE, .name = "open", .title = "open", .help = "Connections",
     FIELD(stats.open)},
    {STATE, .name = "busy", .title = "busy",
     .help = "Connections with a request", FIELD(stats.active)},
    {STATE, .name = "idle", .title = "idle",
     .help = "Connections kept for the next request", FIELD(stats.idle)},
    {STATE, .name = "waiting", .title = "waiting",
     .help = "Requests that wait for a connection", FIELD(stats.waiting)},
    {COUNTER, .name = "requests", .title = "requests sent",
     .help = "Requests sent, one that is repeated each time", COUNT(REQUESTS)},
    {COUNTER, .name = "retries", .title = "tried again",
     .help = "Tries after a failure", COUNT(RETRIES)},
    {COUNTER, .name = "connects", .title = "connections made",
     .help = "Connections that were opened, or tried to", COUNT(CONNECTS)},
    {COUNTER, .name = "reused", .title = "on a kept connection",
     .help = "Requests on a kept connection", COUNT(REUSED)},
    {COUNTER, .name = "handed", .title = "handed over",
     .help = "Connections that went to another worker", COUNT(HANDED)},
    {COUNTER, .name = "stale", .title = "found closed",
     .help = "Kept connections that turned out closed", COUNT(STALE)},
    {COUNTER, .name = "starved", .title = "given up for others",
     .help = "Idle connections closed for a request that waited for a process",
     COUNT(STARVED)},
    {COUNTER, .name = "sent_bytes", .title = "bytes sent",
     .help = "Bytes sent to the application", COUNT(BYTES_OUT)},
    {COUNTER, .name = "received_bytes", .title = "bytes received",
     .help = "Bytes received from the application", COUNT(BYTES_IN)},
    {FAILURE, .name = "connect_failed", .title = "no connection",
     .help = "refused, or no such socket", COUNT(CONNECT_FAILED)},
    {FAILURE, .name = "connect_timeout", .title = "ConnectTimeout",
     .help = "no connection in time", COUNT(CONNECT_TIMEOUT)},
    {FAILURE, .name = "send_timeout", .title = "SendTimeout",
     .help = "took no more of the request", COUNT(SEND_TIMEOUT)},
    {FAILURE, .name = "read_timeout", .title = "ReadTimeout",
     .help = "sent no more of the answer", COUNT(READ_TIMEOUT)},
    {FAILURE, .name = "broken", .title = "connection broke",
     .help = "closed or reset before the end", COUNT(BROKEN)},
    {FAILURE, .name = "protocol", .title = "no FastCGI",
     .help = "what came is no answer", COUNT(PROTOCOL)},
    {FAILURE, .name = "overloaded", .title = "declined",
     .help = "OVERLOADED, CANT_MPX_CONN or UNKNOWN_ROLE", COUNT(OVERLOADED)},
    {FAILURE, .name = "queue_full", .title = "queue full",
     .help = "QueueSize requests waited already", COUNT(QUEUE_FULL)},
    {FAILURE, .name = "queue_timeout", .title = "QueueTimeout",
     .help = "no connection became free in time", COUNT(QUEUE_TIMEOUT)},
    {FAILURE, .name = "check_failed", .title = "HealthCheck",
     .help = "a check of the server's health failed", COUNT(CHECK_FAILED)},
};

const struct fcgi_column *fcgi_columns(size_t *count)
{
    *count = sizeof(columns) / sizeof(columns[0]);
    return columns;
}

uint64_t fcgi_column_value(const struct fcgi_column *column,
                           const struct fcgi_snapshot_server *server)
{
    uint64_t value;

    memcpy(&value, (const char *)server + column->offset, sizeof(value));
    return value;
}
