/* SPDX-License-Identifier: Apache-2.0
 *
 * A request's body on its way from the client to the application: a window of
 * at most BufferSize in memory, which moves on when all of it is sent.
 *
 *   client -> host's read() [-> a file without a name ->] window -> STDIN
 *
 * As long as the whole body so far is in the window, or in the file, the
 * request can be sent again from its start. A body whose length must be known
 * before it is sent, and which is too long for the window, goes through the
 * file.
 *
 * All functions belong to the thread of the exchange.
 */
#ifndef FCGI_GATEWAY_BODY_H
#define FCGI_GATEWAY_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "gateway/buffer.h"
#include "gateway/host.h"

enum fcgi_body_result {
    FCGI_BODY_WAIT,     /* the client has sent no more for now */
    FCGI_BODY_FULL,     /* the window is full of what is not sent yet */
    FCGI_BODY_MORE,     /* there may be more: to be called again */
    FCGI_BODY_COMPLETE, /* the end of the body is in the window */
    FCGI_BODY_FAILED,   /* see `status` and `why` */
};

/* Longest text of fcgi_body_time_out(), with its NUL. */
#define FCGI_BODY_TEXT 96

/* Zeroed memory is a body that was never opened. */
struct fcgi_body {
    const struct fcgi_host *host;
    void *handle; /* the host's name for the client */
    const struct fcgi_server_config *config;
    enum fcgi_http_body framing;
    uint64_t length;       /* of FCGI_HTTP_LENGTH */
    uint64_t total;        /* bytes that have come from the client */
    bool complete;         /* and they are all */
    bool broken;           /* no more can be read from the client */
    struct fcgi_buffer in; /* the window */
    uint64_t offset;       /* where it begins in the body */
    uint64_t sent;         /* what the application has been sent of the body */
    uint64_t discarded;    /* bytes that were read for nobody, */
    uint64_t until;        /* and when that is over; 0: not begun */
    bool spooled;          /* it goes through `file` */
    int file;
    int status;      /* FAILED: to answer; 0: the client has gone */
    const char *why; /* static text */
};

/* Begins the body of a request, whose limits are those of `config`. */
void fcgi_body_open(struct fcgi_body *body, const struct fcgi_host *host,
                    void *handle, const struct fcgi_server_config *config,
                    const struct fcgi_http_request *request);

/* Reads what there is room for. What is in the window may have moved. */
enum fcgi_body_result fcgi_body_fill(struct fcgi_body *body);

/* Puts what has come, and what will, into a file. False where that cannot be:
 * see `why`. */
bool fcgi_body_spool(struct fcgi_body *body);

/* The client owes a part of it for too long: no more is read. `why` says so. */
void fcgi_body_time_out(struct fcgi_body *body,
                        char why[static FCGI_BODY_TEXT]);

/* Reads a part of what is still to come, and drops it. Returns WAIT, for
 * `*patience` at most, MORE, COMPLETE or FAILED, which is also when it was
 * enough. Times are the loop's. */
enum fcgi_body_result fcgi_body_discard(struct fcgi_body *body, uint64_t now,
                                        uint64_t *patience);

/* Nothing of the body has been sent, on the connection that is used now. Of use
 * where it can be sent again. */
void fcgi_body_rewind(struct fcgi_body *body);

/* Whether what was sent of it can be sent again. */
bool fcgi_body_is_replayable(const struct fcgi_body *body);

/* Whether it will be so at the end. */
bool fcgi_body_is_held(const struct fcgi_body *body);

/* Whether the window reaches to the end of the body. */
bool fcgi_body_is_shown(const struct fcgi_body *body);

/* Whether all that the window holds is sent. */
bool fcgi_body_is_sent(const struct fcgi_body *body);

/* Gives the file back; the window's memory stays. */
void fcgi_body_close(struct fcgi_body *body);

#endif
