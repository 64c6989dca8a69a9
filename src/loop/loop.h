/* SPDX-License-Identifier: Apache-2.0
 *
 * A small event loop, one per thread: descriptors through epoll, deadlines on
 * the monotonic clock through one timer descriptor, tasks to be run later, and
 * a mailbox through which other threads hand it tasks.
 *
 * A host that has a loop of its own needs to know but one descriptor, which is
 * readable when something is due (fcgi_loop_fd), and to call fcgi_loop_run()
 * then, which never blocks. A program without a host calls fcgi_loop_wait().
 *
 * Descriptors, timers and tasks are members of the structures that own them:
 * the loop allocates nothing after fcgi_loop_new(), and a structure may be
 * freed as soon as its members are taken out, in any callback, too. All
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

/* Something to be done once, later. Zeroed memory is an idle task. */
struct fcgi_loop_task {
    struct fcgi_loop_task *next;
    bool queued;
    void (*run)(struct fcgi_loop_task *task);
};

/* The structure that holds an io, a timer or a task. */
#define FCGI_LOOP_OWNER(ptr, type, member) \
    ((type *)((uintptr_t)(ptr)-offsetof(type, member)))

#define FCGI_LOOP_MS UINT64_C(1000000) /* ns in a millisecond */

/* Returns NULL, with errno, where a descriptor or memory is not to be had. */
struct fcgi_loop *fcgi_loop_new(void);

/* What is still watched or queued is forgotten, not closed. NULL is fine. */
void fcgi_loop_free(struct fcgi_loop *loop);

/* The descriptor that a host watches for reading; the loop's own. */
int fcgi_loop_fd(const struct fcgi_loop *loop);

/* Does what is due, and returns without waiting for more. Not re-entrant. It
 * does not return while timers are set to a time that is past, or tasks are
 * queued, again and again. */
void fcgi_loop_run(struct fcgi_loop *loop);

/* Waits up to `timeout_ms` (-1: for ever) for something to be due and does it.
 * Returns 0, or -1 with errno (EINTR). */
int fcgi_loop_wait(struct fcgi_loop *loop, int timeout_ms);

/* The monotonic clock in ns, as read when the current run began; read anew
 * outside of one. */
uint64_t fcgi_loop_now(const struct fcgi_loop *loop);

/* Watches io->fd for `events` (EPOLLIN and so on). Returns 0, or -1 with
 * errno, and then the descriptor is not watched. */
int fcgi_loop_add(struct fcgi_loop *loop, struct fcgi_loop_io *io,
                  uint32_t events);
int fcgi_loop_modify(struct fcgi_loop *loop, struct fcgi_loop_io *io,
                     uint32_t events);

/* Ends watching; events of this run that have not been told yet are dropped.
 * Call it before the descriptor is closed. Does nothing where not added. */
void fcgi_loop_remove(struct fcgi_loop *loop, struct fcgi_loop_io *io);

/* Sets, or sets anew, a timer to `deadline`. */
void fcgi_loop_set_timer(struct fcgi_loop *loop, struct fcgi_loop_timer *timer,
                         uint64_t deadline);
void fcgi_loop_stop_timer(struct fcgi_loop *loop,
                          struct fcgi_loop_timer *timer);

/* Runs the task at the end of this run, or in the next one if none is under
 * way. A task that is queued already stays where it is. */
void fcgi_loop_defer(struct fcgi_loop *loop, struct fcgi_loop_task *task);
void fcgi_loop_cancel(struct fcgi_loop *loop, struct fcgi_loop_task *task);

/* From any thread: runs the task in the loop's thread. The task is the loop's
 * until it runs; tasks of one thread run in the order they were posted in. */
void fcgi_loop_post(struct fcgi_loop *loop, struct fcgi_loop_task *task);

#endif
