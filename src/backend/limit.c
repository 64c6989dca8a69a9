/* SPDX-License-Identifier: Apache-2.0
 *
 * The limit that is learned.
 */
#include "backend/limit.h"

/* No more are tried at a time. */
#define WINDOW_MOST 4096U
/* As many in a row that were not kept are no processes that retired. */
#define UNKEPT_MOST 4U
/* How often the requests that are waited for double. */
#define IN_VAIN_MOST 6U

bool fcgi_limit_is_set(const struct fcgi_limit *limit)
{
    return limit->most > 0;
}

static unsigned learned(const struct fcgi_limit *limit)
{
    return atomic_load_explicit(&limit->learned, memory_order_relaxed);
}

static void learn(struct fcgi_limit *limit, unsigned n)
{
    if (!fcgi_limit_is_set(limit))
        atomic_store_explicit(&limit->learned, n, memory_order_relaxed);
}

void fcgi_limit_init(struct fcgi_limit *limit, unsigned most, bool tells)
{
    limit->most = most;
    limit->tells = tells;
    fcgi_limit_reset(limit);
}

void fcgi_limit_reset(struct fcgi_limit *limit)
{
    atomic_store_explicit(&limit->learned, limit->most > 0 ? limit->most : 1,
                          memory_order_relaxed);
    limit->window = 1;
    limit->unkept = limit->proven = limit->passed = 0;
    limit->closed = limit->ordered = limit->in_vain = 0;
    limit->moved = limit->pause = limit->again = limit->looked = 0;
    limit->finished = limit->seen = limit->closed_at = 0;
    limit->span_begin = limit->span_finished = 0;
    limit->soon = FCGI_LIMIT_SOON;
}

bool fcgi_limit_may_open(const struct fcgi_limit *limit, unsigned open,
                         uint64_t now)
{
    return open < learned(limit) ||
           (!fcgi_limit_is_set(limit) &&
            (limit->unkept >= UNKEPT_MOST ||
             (now >= limit->again && open - learned(limit) < limit->window)));
}

bool fcgi_limit_may_overflow(const struct fcgi_limit *limit, bool queue)
{
    return !fcgi_limit_is_set(limit) && (!queue || limit->pause == 0);
}

/*
 * So many requests as each of those connections would do twice. A request that
 * was begun later than the one that waits, and is done, shows nothing: its
 * script may be the faster one. That all others have done two is no chance.
 */
static uint64_t enough(unsigned conns)
{
    return 2 * (uint64_t)conns + 2;
}

/* How many are served side by side, with those that were closed for others. */
static unsigned served(const struct fcgi_limit *limit, unsigned open)
{
    unsigned n = limit->proven + limit->closed;

    return n < open ? n : open;
}

/* Requests that are under way do not count: they were begun before. */
void fcgi_limit_begin(const struct fcgi_limit *limit,
                      struct fcgi_limit_wait *wait, unsigned open,
                      unsigned idle, uint64_t now)
{
    unsigned busy = limit->proven > idle ? limit->proven - idle : 0;

    wait->since = now;
    wait->soon = limit->soon;
    wait->slow_until = now + FCGI_LIMIT_SLOW;
    wait->begun = limit->finished + busy;
    wait->served = served(limit, open);
}

void fcgi_limit_proven(struct fcgi_limit *limit, uint64_t now)
{
    limit->proven++;
    if (limit->closed > 0) {
        limit->closed--;
        limit->in_vain = 0;
    } else
        limit->moved = now;
    if (limit->proven <= learned(limit))
        return;
    learn(limit, limit->proven);
    if (limit->window < WINDOW_MOST)
        limit->window++;
    limit->pause = limit->again = 0;
}

void fcgi_limit_gone(struct fcgi_limit *limit)
{
    limit->proven--;
}

/* Backlogs are served in order. One that moves by itself needs no help. */
bool fcgi_limit_is_stuck(const struct fcgi_limit *limit,
                         const struct fcgi_limit_wait *wait, bool late,
                         unsigned open, uint64_t now)
{
    uint64_t begin = wait->since > limit->moved ? wait->since : limit->moved;
    unsigned others = wait->served < open ? wait->served : open;

    return now >= begin + (late ? FCGI_LIMIT_LATE : wait->soon) &&
           ((limit->tells && !late) ||
            limit->finished >= wait->begun + enough(others));
}

/*
 * Where no more are open than the server has shown to serve, and nothing but an
 * answer tells, the script of one that waits may be slow; and who finds no idle
 * connection opens one that waits as well.
 */
bool fcgi_limit_wants_idle(const struct fcgi_limit *limit,
                           const struct fcgi_limit_wait *wait, bool late,
                           unsigned open, uint64_t now)
{
    if (!limit->tells && !fcgi_limit_is_set(limit) && open <= learned(limit))
        return now >= wait->slow_until;
    return now >= wait->since + (late ? FCGI_LIMIT_LATE : wait->soon);
}

/* One that was passed is rarely held up, but where a backlog has overflowed:
 * that is filled again without order. It has others closed the more seldom, the
 * longer its script takes. */
bool fcgi_limit_is_overdue(struct fcgi_limit_wait *wait, bool late,
                           uint64_t now)
{
    if (!late || now < wait->slow_until)
        return false;
    wait->slow_until = now + (now - wait->since) / 2;
    return true;
}

void fcgi_limit_order(struct fcgi_limit *limit)
{
    if (limit->ordered < limit->passed)
        limit->ordered++;
}

bool fcgi_limit_take_order(struct fcgi_limit *limit)
{
    if (limit->ordered == 0)
        return false;
    limit->ordered--;
    if (limit->closed < learned(limit))
        limit->closed++;
    return true;
}

void fcgi_limit_passed(struct fcgi_limit *limit)
{
    limit->passed++;
}

void fcgi_limit_passed_gone(struct fcgi_limit *limit)
{
    limit->passed--;
    if (limit->ordered > limit->passed)
        limit->ordered = limit->passed;
}

bool fcgi_limit_is_one_too_many(const struct fcgi_limit *limit,
                                const struct fcgi_limit_wait *wait,
                                unsigned open, uint64_t now)
{
    return open > learned(limit) && now >= wait->since + wait->soon;
}

/* Those of one round fail together. */
void fcgi_limit_failed(struct fcgi_limit *limit, bool stuck, unsigned open,
                       uint64_t now)
{
    unsigned n = served(limit, open);

    if (stuck)
        learn(limit, n > 1 ? n : 1);
    if (now < limit->again || open <= learned(limit))
        return;
    limit->window = 1;
    limit->pause = limit->pause > 0 ? limit->pause * 2 : FCGI_LIMIT_PAUSE_FIRST;
    if (limit->pause > FCGI_LIMIT_PAUSE_MOST)
        limit->pause = FCGI_LIMIT_PAUSE_MOST;
    limit->again = now + limit->pause;
}

/*
 * How long a request takes, on the average, is how many connections there are
 * by how many requests are finished in a time (Little's law); where some are
 * idle it takes less. After a pause it is not known. Another worker's clock may
 * be behind.
 */
static void end_span(struct fcgi_limit *limit, unsigned open, uint64_t now)
{
    uint64_t finished = limit->finished - limit->span_finished;
    uint64_t soon = FCGI_LIMIT_SOON;

    if (now < limit->span_begin + FCGI_LIMIT_SPAN)
        return;
    if (now < limit->span_begin + 2 * FCGI_LIMIT_SPAN &&
        !fcgi_limit_is_set(limit))
        soon =
            FCGI_LIMIT_SOON_TURNS * (now - limit->span_begin) * open / finished;
    if (soon < FCGI_LIMIT_SOON_LEAST)
        soon = FCGI_LIMIT_SOON_LEAST;
    limit->soon = soon < FCGI_LIMIT_SOON ? soon : FCGI_LIMIT_SOON;
    limit->span_begin = now;
    limit->span_finished = limit->finished;
}

/*
 * One is closed for each that waits. Where those still wait when others have
 * done enough again, what was closed has gone to somebody else: once more, and
 * more seldom each time.
 */
bool fcgi_limit_finish(struct fcgi_limit *limit, bool stuck, unsigned open,
                       uint64_t now)
{
    unsigned waiting = open - limit->proven;

    limit->finished++;
    end_span(limit, open, now);
    if (!stuck) {
        if (waiting == 0)
            limit->closed = limit->in_vain = 0;
        return false;
    }
    if (limit->closed >= waiting) {
        if (limit->finished <
            limit->closed_at + (enough(served(limit, open)) << limit->in_vain))
            return false;
        limit->closed = 0;
        if (limit->in_vain < IN_VAIN_MOST)
            limit->in_vain++;
    }
    fcgi_limit_failed(limit, true, open, now);
    limit->closed++;
    limit->closed_at = limit->finished;
    return true;
}

void fcgi_limit_unkept(struct fcgi_limit *limit)
{
    if (limit->unkept < UNKEPT_MOST)
        limit->unkept++;
}

void fcgi_limit_kept(struct fcgi_limit *limit)
{
    limit->unkept = 0;
}

/* Where something has failed, scripts that take long are no sign of more
 * processes: the next look is the later, the longer the pause is. */
void fcgi_limit_look(struct fcgi_limit *limit, unsigned open, uint64_t now)
{
    uint64_t patience = limit->pause / 8;

    if (now < limit->looked +
                  (patience > FCGI_LIMIT_SOON ? patience : FCGI_LIMIT_SOON))
        return;
    if (!limit->tells && limit->finished == limit->seen &&
        open >= learned(limit) + limit->window && limit->window < WINDOW_MOST)
        limit->window *= 2;
    limit->looked = now;
    limit->seen = limit->finished;
}
