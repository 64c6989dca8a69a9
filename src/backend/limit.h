/* SPDX-License-Identifier: Apache-2.0
 *
 * How many connections a server gets at a time, as it has shown how many it
 * serves side by side. Arithmetic alone: no lock, no clock. docs/limit.md says
 * why it neither starves anybody nor comes to a standstill.
 *
 * A connection is proven when the application has accepted it: it has read the
 * request (which a Unix socket tells), has answered it, or has answered one
 * that was made later. As many as are proven at one time, the application
 * serves; that is what is learned. Beyond that a few more are tried, while
 * requests wait for a connection:
 *
 *   - each that is proven lets one more be tried at a time: what serves all
 *     that come is found out in a few rounds;
 *   - one that is not accepted, although the others have done more than enough
 *     meanwhile, has failed: what is learned falls to what is proven, and the
 *     next is tried after a pause, which doubles each time. A connection that
 *     finishes then is closed instead of kept, so that what it held goes to the
 *     one that waits, ours or that of another server before the application.
 *
 * An application that closes its connections itself holds nothing up: there is
 * no limit while it does.
 */
#ifndef FCGI_BACKEND_LIMIT_H
#define FCGI_BACKEND_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"

/* A connection that is not accepted sooner than this waits for a process; where
 * requests take little, in so many times what they take, but this at least. */
#define FCGI_LIMIT_SOON (20 * FCGI_LOOP_MS)
#define FCGI_LIMIT_SOON_LEAST (2 * FCGI_LOOP_MS)
#define FCGI_LIMIT_SOON_TURNS 16U
/* What they take is the average of such a time. */
#define FCGI_LIMIT_SPAN (100 * FCGI_LOOP_MS)
/* Behind a load balancer one may wait that was made before another that is
 * answered. */
#define FCGI_LIMIT_LATE (250 * FCGI_LOOP_MS)
/* Where there should be processes enough, and only an answer tells that it was
 * accepted, a script that takes less may be slow. */
#define FCGI_LIMIT_SLOW (1000 * FCGI_LOOP_MS)

/* After one that has failed nothing is tried for so long, at first and at
 * most. The longest is what another server before the same application waits
 * for a process of its own, where we need all. */
#define FCGI_LIMIT_PAUSE_FIRST (10 * FCGI_LOOP_MS)
#define FCGI_LIMIT_PAUSE_MOST (2000 * FCGI_LOOP_MS)

struct fcgi_limit {
    unsigned most;   /* 0: it is learned; else fixed: see fcgi_limit_init() */
    bool tells;      /* whether a connection tells that it is accepted */
    unsigned unkept; /* connections in a row that the application closed */
    /* Connections that were proven at one time; what is fixed. Others may look
     * at it without the lock that protects all of this. */
    atomic_uint learned;
    unsigned window; /* how many more may be tried at a time */
    unsigned proven; /* connections that are; */
    unsigned passed; /* of those: that have not answered themselves */
    uint64_t moved;  /* when one was proven for which none had been closed */
    uint64_t pause;  /* the last one */
    uint64_t again;  /* nothing is tried before */

    uint64_t soon;          /* see FCGI_LIMIT_SOON, as the span before showed */
    uint64_t span_begin;    /* when this one began, */
    uint64_t span_finished; /* and `finished` then */

    uint64_t finished;  /* requests */
    uint64_t looked;    /* when it was looked at last, */
    uint64_t seen;      /* and `finished` then */
    unsigned closed;    /* connections, for those that wait */
    unsigned ordered;   /* to be closed: see fcgi_limit_is_overdue() */
    unsigned in_vain;   /* times that this was not enough */
    uint64_t closed_at; /* `finished` when the last one was */
};

/* A connection that waits; a part of what its server knows of it. */
struct fcgi_limit_wait {
    uint64_t since;
    uint64_t soon;       /* after so long it waits for a process */
    uint64_t begun;      /* `finished`, with what was under way then */
    unsigned served;     /* connections, side by side, then */
    uint64_t slow_until; /* till then its script may just be slow */
};

/* `most`: how many there may be, UINT32_MAX for any number; 0: that is learned.
 * `tells`: whether connections tell when they are accepted. */
void fcgi_limit_init(struct fcgi_limit *limit, unsigned most, bool tells);

/* Forgets what was learned; no connection is proven. */
void fcgi_limit_reset(struct fcgi_limit *limit);

/* Whether one more than `open` may be opened. */
bool fcgi_limit_may_open(const struct fcgi_limit *limit, unsigned open,
                         uint64_t now);

/* A connection is opened; it is one of `open`, of which `idle` are. */
void fcgi_limit_begin(const struct fcgi_limit *limit,
                      struct fcgi_limit_wait *wait, unsigned open,
                      unsigned idle, uint64_t now);

/* Whether it was set, and is not learned. */
bool fcgi_limit_is_set(const struct fcgi_limit *limit);

/* The same where one may be opened only because the queue is full: nobody is
 * refused for what was learned where nobody is to wait (no `queue`), or as long
 * as nothing has shown that there is a limit. */
bool fcgi_limit_may_overflow(const struct fcgi_limit *limit, bool queue);

/* One more connection is proven; one of those is closed. */
void fcgi_limit_proven(struct fcgi_limit *limit, uint64_t now);
void fcgi_limit_gone(struct fcgi_limit *limit);

/* Whether the connection, one of `open`, which is not accepted, or only perhaps
 * (`late`), is held up by those that are kept. */
bool fcgi_limit_is_stuck(const struct fcgi_limit *limit,
                         const struct fcgi_limit_wait *wait, bool late,
                         unsigned open, uint64_t now);

/* Whether an idle connection is to be closed for one that is not stuck: those
 * cost little. */
bool fcgi_limit_wants_idle(const struct fcgi_limit *limit,
                           const struct fcgi_limit_wait *wait, bool late,
                           unsigned open, uint64_t now);

/* Whether one that was passed (`late`) waits for so long that another is to be
 * closed for it: an idle one, or else the next that is finished, which is
 * ordered. True once each time that it is to be. */
bool fcgi_limit_is_overdue(struct fcgi_limit_wait *wait, bool late,
                           uint64_t now);
void fcgi_limit_order(struct fcgi_limit *limit);

/* A request is finished: whether its connection is to be closed as that was
 * ordered. */
bool fcgi_limit_take_order(struct fcgi_limit *limit);

/* One more connection was passed; one of those has answered, or is closed. */
void fcgi_limit_passed(struct fcgi_limit *limit);
void fcgi_limit_passed_gone(struct fcgi_limit *limit);

/* Whether it was only tried, and waits for long. */
bool fcgi_limit_is_one_too_many(const struct fcgi_limit *limit,
                                const struct fcgi_limit_wait *wait,
                                unsigned open, uint64_t now);

/* Of `open` connections one is stuck; or, not `stuck`, it may be, where it is
 * none of those that the server has shown to serve. */
void fcgi_limit_failed(struct fcgi_limit *limit, bool stuck, unsigned open,
                       uint64_t now);

/* A request is finished; `stuck`: while some of `open` connections are stuck.
 * Returns whether its connection is to be closed for them. */
bool fcgi_limit_finish(struct fcgi_limit *limit, bool stuck, unsigned open,
                       uint64_t now);

/* The application has closed a connection after its first request; has served
 * another on one. */
void fcgi_limit_unkept(struct fcgi_limit *limit);
void fcgi_limit_kept(struct fcgi_limit *limit);

/* A look from time to time while requests wait for a connection, by whoever has
 * some: where nothing is finished any more, more connections are tried. */
void fcgi_limit_look(struct fcgi_limit *limit, unsigned open, uint64_t now);

#endif
