/* SPDX-License-Identifier: Apache-2.0
 *
 * A client's connection, as the gateway and the gate see it: Monkey's network
 * layer in front of the descriptor, bytes that have been read and are not used
 * yet, and the body of the request under way.
 *
 * Behind a gate it lies in memory of the connection's, which Monkey zeroes, and
 * frees with the connection. Without one it is made for each request, in stage
 * 30. All functions belong to the thread of the worker.
 */
#ifndef FCGI_MONKEY_DOWNSTREAM_H
#define FCGI_MONKEY_DOWNSTREAM_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "http/chunked.h"
#include "loop/loop.h"
#include "monkey/takeover.h"
#include "monkey/thread.h"

#define fcgi_monkey_downstream_host FCGI_MONKEY_NAME(downstream_host)
#define fcgi_monkey_downstream_init FCGI_MONKEY_NAME(downstream_init)
#define fcgi_monkey_downstream_new FCGI_MONKEY_NAME(downstream_new)
#define fcgi_monkey_downstream_receive FCGI_MONKEY_NAME(downstream_receive)
#define fcgi_monkey_downstream_hold FCGI_MONKEY_NAME(downstream_hold)
#define fcgi_monkey_downstream_drop FCGI_MONKEY_NAME(downstream_drop)
#define fcgi_monkey_downstream_tidy FCGI_MONKEY_NAME(downstream_tidy)
#define fcgi_monkey_downstream_name FCGI_MONKEY_NAME(downstream_name)
#define fcgi_monkey_downstream_start FCGI_MONKEY_NAME(downstream_start)
#define fcgi_monkey_downstream_abandon FCGI_MONKEY_NAME(downstream_abandon)
#define fcgi_monkey_downstream_free FCGI_MONKEY_NAME(downstream_free)
#define fcgi_monkey_downstream_end FCGI_MONKEY_NAME(downstream_end)

enum fcgi_monkey_phase {
    FCGI_MONKEY_HEAD,    /* a head is awaited, or has come in part */
    FCGI_MONKEY_PASSING, /* the body of a request of the core's is coming */
    FCGI_MONKEY_CORE,  /* the core has a whole request, and has not ended it */
    FCGI_MONKEY_OURS,  /* an exchange serves a request */
    FCGI_MONKEY_DRAIN, /* what comes is dropped, until the core closes */
    FCGI_MONKEY_THROUGH, /* all passes: where requests begin is not known, and
                            what the core takes for ours is refused */
    FCGI_MONKEY_CLOSING, /* the core is to close it */
};

struct fcgi_monkey_downstream {
    struct fcgi_monkey_thread *worker; /* NULL before the first bytes */
    void *conn;                        /* Monkey's */
    struct fcgi_monkey_conn_view view;
    enum fcgi_monkey_phase phase;
    unsigned requests; /* served so far, by us */
    bool gated;        /* there is a gate */
    bool taken;        /* the descriptor is out of Monkey's loop */
    bool tls;
    bool through; /* to stay in phase THROUGH behind each request */
    bool more;    /* the layer has bytes that no event will tell of */

    char *held; /* owned: bytes that were read ahead, begin to end */
    size_t begin, end, size;
    struct fcgi_http_scan scan; /* of a head in them */

    /* What is still to come of the body of the request under way. */
    enum fcgi_http_body body;
    uint64_t body_left;
    struct fcgi_http_chunked chunked;
    const struct mk_host *site; /* of the request under way */
    const char *stored;         /* where the core has read it, if it has */

    struct mk_request *sr; /* the core's request, if it has one */
    struct fcgi_exchange *exchange;
    void (*on_idle)(struct fcgi_monkey_downstream *client); /* with a gate */
    struct fcgi_loop_task resume;                           /* the gate's */
    struct sockaddr_storage peer, local;
    bool named; /* `peer` and `local` are set */
};

/* What the gateway asks of a client: its handle is the client. */
extern struct fcgi_host fcgi_monkey_downstream_host;

/* Fills a zeroed client for a connection of a known family. */
void fcgi_monkey_downstream_init(struct fcgi_monkey_downstream *client,
                                 struct fcgi_monkey_thread *worker,
                                 enum fcgi_monkey_family family, void *conn);

/* Makes a client for one request, which is freed when that has ended. NULL
 * where memory is short. */
struct fcgi_monkey_downstream *
fcgi_monkey_downstream_new(struct fcgi_monkey_thread *worker,
                           enum fcgi_monkey_family family, void *conn);

/* Reads what the client has sent, as read(2) does. */
ssize_t fcgi_monkey_downstream_receive(struct fcgi_monkey_downstream *client,
                                       void *buf, size_t size);

/* Adds bytes to what is held. False where memory is short. */
bool fcgi_monkey_downstream_hold(struct fcgi_monkey_downstream *client,
                                 const char *bytes, size_t length);

/* Takes bytes off the begin of what is held; they stay in memory until the next
 * hold or tidy. */
void fcgi_monkey_downstream_drop(struct fcgi_monkey_downstream *client,
                                 size_t length);

/* Frees the memory of what is held where it is empty. */
void fcgi_monkey_downstream_tidy(struct fcgi_monkey_downstream *client);

/* Fills in the two ends of the connection, which are asked for once. */
void fcgi_monkey_downstream_name(struct fcgi_monkey_downstream *client,
                                 struct fcgi_http_request *request);

/* Starts the exchange of a request. `sr` is the core's request, taken over, or
 * NULL in the fast lane. Returns false where memory is short. */
bool fcgi_monkey_downstream_start(struct fcgi_monkey_downstream *client,
                                  struct mk_request *sr,
                                  const struct fcgi_http_request *request,
                                  const struct fcgi_script *script,
                                  const struct mk_list *params);

/* The connection is gone: ends the exchange, if there is one, without telling
 * anybody. The client's memory stays. */
void fcgi_monkey_downstream_abandon(struct fcgi_monkey_downstream *client);

/* Frees a client that is one request's; another only lets go of what it
 * holds. */
void fcgi_monkey_downstream_free(struct fcgi_monkey_downstream *client);

/* Has the core close the connection, from outside of its own events. */
void fcgi_monkey_downstream_end(struct fcgi_monkey_downstream *client);

#endif
