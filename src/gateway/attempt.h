/* SPDX-License-Identifier: Apache-2.0
 *
 * Why one try of a request came to nothing, and what follows from that: for
 * the retry rules, for the client, for the counters, and for the administrator
 * who reads the log. One table of each kind of failure, without I/O but for a
 * look at the path of a socket that may not be opened.
 */
#ifndef FCGI_GATEWAY_ATTEMPT_H
#define FCGI_GATEWAY_ATTEMPT_H

#include <stddef.h>

#include "backend/conn.h"
#include "backend/server.h"
#include "backend/stats.h"
#include "gateway/retry.h"

/* Longest text of fcgi_attempt_describe(), with its NUL. */
#define FCGI_ATTEMPT_TEXT 512

enum fcgi_attempt_kind {
    FCGI_ATTEMPT_NO_SERVER, /* the Match rule allows none */
    FCGI_ATTEMPT_NO_MEMORY,
    FCGI_ATTEMPT_QUEUE_FULL,
    FCGI_ATTEMPT_QUEUE_TIMEOUT,
    FCGI_ATTEMPT_TAKEN_OUT,  /* the server, while the request waited for it */
    FCGI_ATTEMPT_CONNECTION, /* see `problem` */
    FCGI_ATTEMPT_REFUSED,    /* see `protocol_status` */
};

struct fcgi_attempt {
    enum fcgi_attempt_kind kind;
    struct fcgi_server *server; /* NO_SERVER: NULL */
    struct fcgi_conn_problem problem;
    uint8_t protocol_status; /* that of END_REQUEST */
    bool begun; /* REFUSED: bytes of STDOUT had come, which deny it */
};

/* What the retry rules call it. */
enum fcgi_retry_event fcgi_attempt_event(const struct fcgi_attempt *attempt);

/* Whether it proves that nothing of the request was executed. */
bool fcgi_attempt_is_unexecuted(const struct fcgi_attempt *attempt);

/* Whether the server refuses connections as one does that is restarted. */
bool fcgi_attempt_is_refusal(const struct fcgi_attempt *attempt);

/* Whether it speaks against the server's health. */
bool fcgi_attempt_is_servers(const struct fcgi_attempt *attempt);

/* The status for the client. */
int fcgi_attempt_status(const struct fcgi_attempt *attempt);

/* The counter of its kind; FCGI_COUNTS where there is none. */
enum fcgi_count fcgi_attempt_counter(const struct fcgi_attempt *attempt);

/* The reason for the log and, where one applies, its cure. */
void fcgi_attempt_describe(const struct fcgi_attempt *attempt, char *text,
                           size_t size);

#endif
