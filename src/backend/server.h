/* SPDX-License-Identifier: Apache-2.0
 *
 * One FastCGI server as all worker threads share it: how many connections to
 * it there are, who waits for one, whether it is up, what has been counted.
 * This is the book-keeping alone: no socket, no loop, no clock; connections
 * themselves belong to the workers (worker.h).
 *
 * All that changes is protected by one lock, which is held for arithmetic and
 * lists only.
 *
 * A slot is the right to have a connection. Each has one owner at any time: a
 * connection in use, an idle one, or a checkout that is on its way. So what the
 * application sees never exceeds MaxConnections.
 *
 *   fcgi_server_take  ->  own idle connection      FCGI_TAKE_IDLE
 *                         another worker's         FCGI_TAKE_ASK
 *                         a free slot              FCGI_TAKE_SLOT
 *                         the queue                FCGI_TAKE_WAIT
 *
 * How many slots there are at a time is what MaxConnections says, and what the
 * server has shown that it serves side by side: limit.h, which also says why
 * kept connections starve nobody. Who gets no slot waits in the queue: queue.h
 * says whose turn it is.
 */
#ifndef FCGI_BACKEND_SERVER_H
#define FCGI_BACKEND_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/address.h"
#include "backend/histogram.h"
#include "backend/limit.h"
#include "backend/queue.h"
#include "backend/stats.h"
#include "config/config.h"
#include "loop/list.h"
#include "loop/loop.h"

/* A whole Weight, in parts of it. */
#define FCGI_SERVER_WHOLE 4096U

/* Room for what fcgi_server_label() writes. */
#define FCGI_SERVER_LABEL 512

/* A server that refuses connections for no longer than this may only have been
 * restarted. */
#define FCGI_RESTART (2000 * FCGI_LOOP_MS)

struct fcgi_conn;
struct fcgi_worker;
struct fcgi_checkout;

enum fcgi_standing_state {
    FCGI_STANDING_NONE,   /* no connection */
    FCGI_STANDING_FRESH,  /* nothing is known of it */
    FCGI_STANDING_PASSED, /* a later one has answered: it was accepted, too */
    FCGI_STANDING_PROVEN, /* it was accepted, or has answered */
};

/* What a server knows of a connection to it; a member of that. FRESH and PASSED
 * ones are the server's, under its lock, others their own worker's. */
struct fcgi_standing {
    enum fcgi_standing_state state;
    struct fcgi_list link; /* in the server's list for such ones */
    struct fcgi_limit_wait wait;
};

/* A server as one worker has it: what belongs to that thread alone. */
struct fcgi_server_local {
    struct fcgi_server *server;
    struct fcgi_worker *worker;
    struct fcgi_loop *loop; /* the worker's */
    struct fcgi_list link;  /* the server's */
    unsigned idle;          /* idle connections that nobody has claimed */
    unsigned reclaimed;     /* those that the worker is asked to close */
    struct fcgi_loop_task reclaim;
    struct fcgi_loop_timer look; /* set while requests wait */
    /* The worker's own: */
    struct fcgi_list kept;  /* idle ones, claimed or not, last used first */
    unsigned reserved_dead; /* claimed ones that have died since */
    struct fcgi_stats stats;
    struct fcgi_histogram *times; /* of requests, from start to end */
};

/* One that answers: what a [FASTCGI_SERVER] describes, or a member of a name's
 * group (group.h). */
struct fcgi_server {
    const struct fcgi_server_config *config;
    char where[FCGI_ENDPOINT_TEXT];
    const atomic_uint *n_present; /* servers to choose from; NULL: this one */
    atomic_bool present;          /* it is one of them */

    pthread_mutex_t lock;
    struct fcgi_addresses *addresses; /* NULL: a vacant seat */
    const char *_Atomic unresolved;   /* why, static */
    /* Written under the lock; others may look at them without it, to choose
     * between servers. */
    atomic_uint open;        /* slots that are taken */
    atomic_uint idle;        /* of those: idle and not claimed */
    struct fcgi_queue queue; /* of checkouts */
    struct fcgi_list locals; /* one for each worker */
    struct fcgi_limit limit;
    struct fcgi_list fresh;  /* FRESH ones */
    struct fcgi_list passed; /* PASSED ones */

    /* Health. What is atomic may be read without the lock. */
    unsigned fails;
    uint64_t first_fail;
    atomic_bool out;
    _Atomic uint64_t retry_at;   /* out: when a request may try it */
    atomic_bool on_trial;        /* out: a request tries it */
    _Atomic uint64_t down_since; /* it refuses connections; 0: it does not */

    /* How many requests are still to be sent with a proof that somebody reads
     * them: see fcgi_server_doubt(). */
    atomic_uint doubts;

    /* A member of a service: its part of Weight, where all are WHOLE together
     * on average; and how many better priorities there are. */
    atomic_uint part, tier;
    int64_t credit; /* for the pool's round robin; under the pool's lock */
};

enum fcgi_checkout_state {
    FCGI_CHECKOUT_FREE,
    FCGI_CHECKOUT_QUEUED, /* in the server's queue */
    FCGI_CHECKOUT_SENT,   /* on its way, in some loop's mailbox */
};

/* What comes of a checkout: see fcgi_worker_checkout(). */
enum fcgi_checkout_result {
    FCGI_CHECKOUT_GOT_NOW,  /* a connection is there, KEPT or to be opened */
    FCGI_CHECKOUT_GOT_WAIT, /* `granted` will be called, if not cancelled */
    FCGI_CHECKOUT_GOT_FULL, /* MaxConnections, and so is the queue */
    FCGI_CHECKOUT_GOT_LATE, /* QueueTimeout */
    FCGI_CHECKOUT_GOT_NO_MEMORY,
};

/*
 * What a worker waits for on behalf of a request. It belongs to the server
 * while it is QUEUED and to the loop that it was sent to while it is SENT:
 * only who takes it out of there may free it. The request is known by `owner`
 * and `granted`, which its own thread alone reads and writes: a request that
 * waits no longer sets them to NULL, and what comes goes to others.
 */
struct fcgi_checkout {
    struct fcgi_list link;     /* the worker's: in use, or spare */
    struct fcgi_queued queued; /* QUEUED: in the queue, or to be */
    enum fcgi_checkout_state state;
    struct fcgi_server_local *local; /* whose checkout it is */
    struct fcgi_server_local
        *asked;                     /* whose idle connection it gets, or NULL */
    struct fcgi_loop_task request;  /* the message to `asked`'s worker */
    struct fcgi_loop_task delivery; /* the one that brings it home */
    struct fcgi_loop_timer timer;
    struct fcgi_conn *conn; /* what it is given: a connection of its worker */
    int fd;                 /* or one of another; -1: the slot alone */
    unsigned served;        /* requests on `fd` so far */
    uint64_t quiet_since;   /* when `fd` answered last */
    void *owner;
    void (*granted)(void *owner, enum fcgi_checkout_result result,
                    struct fcgi_conn *conn);
};

enum fcgi_take {
    FCGI_TAKE_IDLE, /* the first of local->kept is the caller's */
    FCGI_TAKE_ASK,  /* send the checkout to checkout->asked's worker */
    FCGI_TAKE_SLOT, /* open a connection */
    FCGI_TAKE_WAIT, /* the checkout is in the queue */
    FCGI_TAKE_FULL, /* so is the queue */
};

enum fcgi_give {
    FCGI_GIVE_KEEP,    /* the connection is idle now */
    FCGI_GIVE_HANDOFF, /* it goes to the checkout that was told */
    FCGI_GIVE_CLOSE,   /* close it, then call fcgi_server_free_slot() */
};

/* `n_present`: how many servers there are to choose from, which must outlive
 * it; NULL where there is no other. Returns 0, or -1 where memory is short. */
int fcgi_server_init(struct fcgi_server *server,
                     const struct fcgi_server_config *config,
                     const atomic_uint *n_present);
void fcgi_server_destroy(struct fcgi_server *server);

/* Joins and leaves; one that leaves has no idle connection left. */
void fcgi_server_join(struct fcgi_server *server,
                      struct fcgi_server_local *local);
void fcgi_server_leave(struct fcgi_server_local *local);

/* A way to a connection for `local`'s worker. `checkout` is FREE and stays the
 * caller's but for ASK and WAIT. */
enum fcgi_take fcgi_server_take(struct fcgi_server_local *local,
                                struct fcgi_checkout *checkout, uint64_t now);

/* A slot, if MaxConnections leaves one: for what must not wait. */
bool fcgi_server_take_slot(struct fcgi_server *server);

/* A slot for the first in the queue, which has to be sent; or NULL. */
struct fcgi_checkout *fcgi_server_grant(struct fcgi_server *server,
                                        uint64_t now);

/* Takes the checkout out of the queue and frees it for other use; false where
 * it is on its way already. */
bool fcgi_server_cancel(struct fcgi_checkout *checkout);

/* A connection of `local` has served its `served`th request, and is fit for
 * another one. */
enum fcgi_give fcgi_server_give(struct fcgi_server_local *local,
                                unsigned served, uint64_t now,
                                struct fcgi_checkout **checkout);

/* The connection is closed; NULL: there was none. Its slot is free: who gets
 * one, or NULL. The checkout has to be sent. */
struct fcgi_checkout *fcgi_server_free_slot(struct fcgi_server *server,
                                            struct fcgi_standing *standing,
                                            uint64_t now);

/* An idle connection of `local` is of no use any more and closed; `unkept`: by
 * the application, which has served one request on it. Returns true where its
 * slot is free now; else it belongs to somebody who was promised the
 * connection. */
bool fcgi_server_idle_gone(struct fcgi_server_local *local,
                           struct fcgi_standing *standing, bool unkept);

/* How many idle connections the worker has to close now, and their slots to
 * free. */
unsigned fcgi_server_reclaimed(struct fcgi_server_local *local);

/* A request is about to go out on a connection that is made for it; what was
 * on its slot before is closed, `unkept` as above. Returns when to look at it,
 * with fcgi_server_conn_check(), where it was not accepted until then. */
uint64_t fcgi_server_conn_begin(struct fcgi_server *server,
                                struct fcgi_standing *standing, bool unkept,
                                uint64_t now);

/* A connection that is FRESH or PASSED: it was accepted; it has answered, and
 * those that were made before it were accepted as well. */
void fcgi_server_conn_accepted(struct fcgi_server *server,
                               struct fcgi_standing *standing, uint64_t now);
void fcgi_server_conn_answered(struct fcgi_server *server,
                               struct fcgi_standing *standing, uint64_t now);

/* The connection of a slot that is kept is closed. */
void fcgi_server_conn_closed(struct fcgi_server *server,
                             struct fcgi_standing *standing);

/*
 * The connection has waited for a while: when to look again, 0 for never.
 * Where it is held up, and somebody has an idle connection, that local is put
 * into `*victim`, and its worker must be sent local->reclaim, unless `*victim`
 * is NULL.
 */
uint64_t fcgi_server_conn_check(struct fcgi_server *server,
                                struct fcgi_standing *standing, uint64_t now,
                                struct fcgi_server_local **victim);

/* A look from time to time while requests wait: see fcgi_limit_look(). Returns
 * whether any does. */
bool fcgi_server_look(struct fcgi_server *server, uint64_t now);

/* As many connections as the server has shown to serve side by side, or was
 * said to (Concurrency). Any thread. */
unsigned fcgi_server_learned(const struct fcgi_server *server);

/* Requests in progress or in the queue. Any thread, without the lock. */
unsigned fcgi_server_busy(const struct fcgi_server *server);

/* One reference to the addresses, for the caller; NULL where there is none. */
struct fcgi_addresses *fcgi_server_addresses(struct fcgi_server *server);

/*
 * A name's member, by who looks names up (group.h). It enters, with addresses
 * of which it takes the caller's reference over, and as if nothing had ever
 * failed; or with NULL, where it was about to leave, as it was. It retires: no
 * connection of it is kept from now on. All idle connections of one of its
 * workers are claimed to be closed: the worker must be sent local->reclaim;
 * NULL where there are no more. It vacates its seat, unless it has a
 * connection, or somebody waits for one.
 */
void fcgi_server_enter(struct fcgi_server *server,
                       struct fcgi_addresses *addresses);
void fcgi_server_retire(struct fcgi_server *server);
struct fcgi_server_local *fcgi_server_drain(struct fcgi_server *server);
void fcgi_server_vacate(struct fcgi_server *server);

/* Whether it is to have requests. Any thread, without the lock. */
bool fcgi_server_is_present(const struct fcgi_server *server);

/* Where it listens, "unix:/run/a.sock"; a name's member has its addresses,
 * which is what is returned. Any thread. */
bool fcgi_server_place(struct fcgi_server *server, char *text, size_t size);

/* What messages call it: `server "php"`, and for a name's member its address,
 * `server "php" (10.0.0.7:9000)`. Any thread. */
void fcgi_server_label(struct fcgi_server *server, char *text, size_t size);

enum fcgi_health {
    FCGI_HEALTH_UP,
    FCGI_HEALTH_DUE, /* out, but one request may try it now */
    FCGI_HEALTH_OUT,
};

/* Any thread, without the lock: it may be another a moment later. */
enum fcgi_health fcgi_server_health(struct fcgi_server *server, uint64_t now);

/* Whether a request tries it, so that others had better not. */
bool fcgi_server_is_on_trial(const struct fcgi_server *server);

/* Becomes the one request that tries a server that is DUE. */
bool fcgi_server_begin_trial(struct fcgi_server *server, uint64_t now);

/* A request, or a check, has failed. Returns whether this took the server out:
 * never an only one. */
bool fcgi_server_failed(struct fcgi_server *server, uint64_t now);

/* A request that was sent to a server that was not UP, or a check, was
 * answered. Returns whether this let the server back. */
bool fcgi_server_worked(struct fcgi_server *server);

/* The request that tries it has found nothing out: another may. */
void fcgi_server_end_trial(struct fcgi_server *server);

/* For a server that may only be restarted: it refuses a connection; it has
 * answered a request that was sent at `asked` (one from before it began to
 * refuse shows nothing); whether it began to refuse less than FCGI_RESTART ago.
 * Any thread. */
void fcgi_server_refused(struct fcgi_server *server, uint64_t now);
void fcgi_server_answered(struct fcgi_server *server, uint64_t asked);
bool fcgi_server_is_restarting(const struct fcgi_server *server, uint64_t now);

/*
 * Whether the process behind a kept connection may be busy with something else:
 * one of PHP-FPM's works on behind fastcgi_finish_request(), which ends the
 * request, and reads no other meanwhile. A server is doubted at first, and anew
 * when a request on a kept connection is not read, or not answered, for a
 * while; each that is read at once takes a doubt away. Any thread.
 */
void fcgi_server_doubt(struct fcgi_server *server);
void fcgi_server_trust(struct fcgi_server *server);
bool fcgi_server_is_doubted(const struct fcgi_server *server);

/* Everything that was counted, of all workers. Any thread. */
void fcgi_server_stats(struct fcgi_server *server,
                       struct fcgi_server_stats *stats);

/* How long requests took, of all workers: adds what a slice has counted, or all
 * that was (see histogram.h). Any thread. */
void fcgi_server_times(struct fcgi_server *server, uint64_t slice,
                       uint64_t counts[FCGI_HISTOGRAM_BUCKETS]);
uint64_t fcgi_server_all_times(struct fcgi_server *server,
                               uint64_t counts[FCGI_HISTOGRAM_BUCKETS]);

#endif
