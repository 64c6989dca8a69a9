/* SPDX-License-Identifier: Apache-2.0
 *
 * A small event loop, one per thread: descriptors through epoll, deadlines on
 * the monotonic clock through one timer descriptor, deferred tasks, and a
 * mailbox through which other threads post tasks to it.
 *
 * A host with a loop of its own watches one descriptor, fcgi_loop_fd(), which
 * is readable when something is due, and then calls fcgi_loop_run(), which
 * never blocks. A program without a host calls fcgi_loop_wait().
 *
 * Descriptors, timers and tasks are members of the structures that own them:
 * the loop allocates nothing after fcgi_loop_new(), and a structure may be
 * freed as soon as its members have been removed, even in a callback. All
 * functions but fcgi_loop_post() belong to the loop's thread.
 */
#ifndef FCGI_LOOP_LOOP_H
#define FCGI_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fcgi_loop;

/* A descriptor that is watched. The loop does not own it. */
struct fcgi_loop_io {
    int fd;
    bool added;
    /* `events` are those of epoll, as they fired. */
    void (*ready)(struct fcgi_loop_io *io, uint32_t events);
};

/* A deadline. Timers form a heap (see timer.c); zeroed memory is a timer
 * that is not set. */
struct fcgi_loop_timer {
    uint64_t deadline; /* ns on the monotonic clock, for `fired` to read */
    bool set;
    struct fcgi_loop_timer *child, *next, *prev;
    void (*fired)(struct fcgi_loop_timer *timer);
};

/* A function to be called once, later. Zeroed memory is an idle task. */
struct fcgi_loop_task {
    struct fcgi_loop_task *next;
    bool queued;
    void (*run)(struct fcgi_loop_task *task);
};

/* The structure that holds an io, a timer or a task. */
#define FCGI_LOOP_OWNER(ptr, type, member) \
    ((type *)((uintptr_t)(ptr)-offsetof(type, member)))

#define FCGI_LOOP_MS UINT64_C(1000000) /* ns in a millisecond */

/* Returns NULL with errno set if a descriptor or memory cannot be had. */
struct fcgi_loop *fcgi_loop_new(void);

/* Descriptors, timers and tasks that are still registered are dropped, not
 * closed or run. NULL is allowed. */
void fcgi_loop_free(struct fcgi_loop *loop);

/* The descriptor that a host watches for reading; the loop's own. */
int fcgi_loop_fd(const struct fcgi_loop *loop);

/* Runs everything that is due and returns without waiting. Not re-entrant. It
 * does not return as long as callbacks keep setting timers to times in the past
 * or queueing tasks. */
void fcgi_loop_run(struct fcgi_loop *loop);

/* Waits up to `timeout_ms` (-1: without limit) until something is due, and runs
 * it. Returns 0, or -1 with errno (EINTR). */
int fcgi_loop_wait(struct fcgi_loop *loop, int timeout_ms);

/* The monotonic clock in ns, as read when the current run began, or what stands
 * between fcgi_loop_enter() and fcgi_loop_leave(); read anew outside of
 * both. */
uint64_t fcgi_loop_now(const struct fcgi_loop *loop);

/* Around what a host calls outside of a run, so that it is one moment: a clock
 * is cheap, but not when it is asked ten times for a request. `crowded`: many
 * such calls follow each other. */
void fcgi_loop_enter(struct fcgi_loop *loop, bool crowded);
void fcgi_loop_leave(struct fcgi_loop *loop);

/*
 * Whether others have their turn in the same moment, so that what can wait is
 * better deferred: to read from all and then to write to all costs less than
 * both by turns, as those who are woken find more to do at a time.
 */
bool fcgi_loop_is_gathering(const struct fcgi_loop *loop);

/* Watches io->fd for `events` (EPOLLIN and so on). Returns 0, or -1 with
 * errno, and then the descriptor is not watched. */
int fcgi_loop_add(struct fcgi_loop *loop, struct fcgi_loop_io *io,
                  uint32_t events);
int fcgi_loop_modify(struct fcgi_loop *loop, struct fcgi_loop_io *io,
                     uint32_t events);

/* Stops watching; events of this run that are not delivered yet are dropped.
 * Call it before the descriptor is closed. No effect if not watched. */
void fcgi_loop_remove(struct fcgi_loop *loop, struct fcgi_loop_io *io);

/* Sets, or sets anew, a timer to `deadline`. */
void fcgi_loop_set_timer(struct fcgi_loop *loop, struct fcgi_loop_timer *timer,
                         uint64_t deadline);
/* Sets a timer, unless it fires before `deadline` anyway: for deadlines that
 * move on often, and that `fired` looks at. */
void fcgi_loop_hasten_timer(struct fcgi_loop *loop,
                            struct fcgi_loop_timer *timer, uint64_t deadline);
void fcgi_loop_stop_timer(struct fcgi_loop *loop,
                          struct fcgi_loop_timer *timer);

/* Runs the task at the end of the current run, or else in the next one. A task
 * that is queued already keeps its place. */
void fcgi_loop_defer(struct fcgi_loop *loop, struct fcgi_loop_task *task);
void fcgi_loop_cancel(struct fcgi_loop *loop, struct fcgi_loop_task *task);

/* From any thread: runs the task in the loop's thread. The task is the loop's
 * until it runs; tasks of one thread run in the order they were posted in. */
void fcgi_loop_post(struct fcgi_loop *loop, struct fcgi_loop_task *task);

#endif
