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
 * Keep-alive starves nobody. An application such as PHP-FPM gives a process to
 * each connection until that closes, and a request on another connection may
 * wait in its backlog for a process to become free. A connection that has
 * never answered is therefore watched: as long as one of them seems to starve,
 * finished connections are closed and not kept, and idle ones are closed for
 * it. It seems to starve when it
 *
 *   - has waited for FCGI_STARVE_SOON, and no connection that was made after
 *     it has answered (backlogs are served in order: if one has, this one was
 *     accepted, too, and its script is merely slow); or
 *   - has waited for FCGI_STARVE_LATE, whatever came after it, as the order
 *     may be another, behind a load balancer, say.
 *
 * Closing at once whenever anybody waits for a first answer would be simpler.
 * But under a steady load somebody always does, so that no connection was ever
 * kept even where the application has processes enough.
 */
#ifndef FCGI_BACKEND_SERVER_H
#define FCGI_BACKEND_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/address.h"
#include "backend/stats.h"
#include "config/config.h"
#include "loop/list.h"
#include "loop/loop.h"

#define FCGI_STARVE_SOON (20 * FCGI_LOOP_MS)
#define FCGI_STARVE_LATE (250 * FCGI_LOOP_MS)

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

/* A connection that has never answered; a member of it. */
struct fcgi_unanswered {
    struct fcgi_list link; /* in one of the server's lists, or in none */
    uint64_t since;
    bool accepted; /* by the application, as a later one has answered */
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
    /* The worker's own: */
    struct fcgi_list kept;  /* idle ones, claimed or not, last used first */
    unsigned reserved_dead; /* claimed ones that have died since */
    struct fcgi_stats stats;
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
    atomic_uint open;          /* slots that are taken */
    atomic_uint idle;          /* of those: idle and not claimed */
    atomic_uint waiting;       /* checkouts in the queue */
    struct fcgi_list queue;    /* of checkouts */
    struct fcgi_list locals;   /* one for each worker */
    struct fcgi_list unproven; /* never answered, nor has any after them */
    struct fcgi_list silent;   /* never answered, but a later one has */

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

    /* A member of a service: its part of Weight, where all are WHOLE together on
     * average; and how many better priorities there are. */
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
    struct fcgi_list link;   /* the worker's: in use, or spare */
    struct fcgi_list queued; /* QUEUED: the server's queue */
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
                                struct fcgi_checkout *checkout);

/* A slot, if one is free and nobody waits for it. */
bool fcgi_server_take_slot(struct fcgi_server *server);

/* Takes the checkout out of the queue and frees it for other use; false where
 * it is on its way already. */
bool fcgi_server_cancel(struct fcgi_checkout *checkout);

/* A connection of `local` is finished and fit for another request. */
enum fcgi_give fcgi_server_give(struct fcgi_server_local *local, uint64_t now,
                                struct fcgi_checkout **checkout);

/* The connection is closed: who gets its slot, or NULL. The checkout has to be
 * sent. */
struct fcgi_checkout *fcgi_server_free_slot(struct fcgi_server *server);

/* An idle connection of `local` is of no use any more and closed. Returns true
 * where its slot is free now; else it belongs to somebody who was promised
 * the connection. */
bool fcgi_server_idle_gone(struct fcgi_server_local *local);

/* How many idle connections the worker has to close now, and their slots to
 * free. */
unsigned fcgi_server_reclaimed(struct fcgi_server_local *local);

/* A request waits on a connection that has never answered; and no more,
 * because it has answered, or for another reason. */
void fcgi_server_unanswered(struct fcgi_server *server,
                            struct fcgi_unanswered *unanswered, uint64_t now);
void fcgi_server_stop_watching(struct fcgi_server *server,
                               struct fcgi_unanswered *unanswered,
                               bool answered);

/*
 * The connection has waited for a while: when to look again, 0 for never.
 * Where it starves and somebody has an idle connection, that local is put into
 * `*victim`, and its worker must be sent local->reclaim, unless `*victim` is
 * NULL.
 */
uint64_t fcgi_server_check_starving(struct fcgi_server *server,
                                    struct fcgi_unanswered *unanswered,
                                    uint64_t now,
                                    struct fcgi_server_local **victim);

/* Requests in progress or in the queue. Any thread, without the lock. */
unsigned fcgi_server_busy(const struct fcgi_server *server);

/* One reference to the addresses, for the caller; NULL where there is none. */
struct fcgi_addresses *fcgi_server_addresses(struct fcgi_server *server);

/*
 * A name's member, by who looks names up (group.h). It enters, with addresses
 * of which it takes the caller's reference over, and as if nothing had ever
 * failed; or with NULL, where it was about to leave, as it was. It retires: no
 * connection of it is kept from now on. All idle connections of one of its workers are claimed to be
 * closed: the worker must be sent local->reclaim; NULL where there are no more.
 * It vacates its seat, unless it has a connection, or somebody waits for one.
 */
void fcgi_server_enter(struct fcgi_server *server,
                       struct fcgi_addresses *addresses);
void fcgi_server_retire(struct fcgi_server *server);
struct fcgi_server_local *fcgi_server_drain(struct fcgi_server *server);
void fcgi_server_vacate(struct fcgi_server *server);

/* Whether it is to have requests. Any thread, without the lock. */
bool fcgi_server_is_present(const struct fcgi_server *server);

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
 * when a request on a kept connection is not read, or not answered, for a while;
 * each that is read at once takes a doubt away. Any thread.
 */
void fcgi_server_doubt(struct fcgi_server *server);
void fcgi_server_trust(struct fcgi_server *server);
bool fcgi_server_is_doubted(const struct fcgi_server *server);

/* Everything that was counted, of all workers. Any thread. */
void fcgi_server_stats(struct fcgi_server *server,
                       struct fcgi_server_stats *stats);

#endif
