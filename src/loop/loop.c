/* SPDX-License-Identifier: Apache-2.0
 *
 * The event loop: one epoll descriptor that watches the timer descriptor, the
 * mailbox' eventfd and the descriptors of its users.
 *
 * The timer descriptor is armed for the earliest deadline that was set, and not
 * disarmed when that one is cancelled: a request sets and stops several timers,
 * and a wake-up too many in a few seconds is cheaper than a system call for
 * each of them.
 */
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "loop/timer.h"

#define BATCH 64
/* Rounds of one run: bounded, so that the host gets its turn. */
#define ROUNDS 4

struct task_list {
    struct fcgi_loop_task *first, *last;
};

struct fcgi_loop {
    int epoll_fd;
    int timer_fd;
    int mail_fd;
    bool running, entered, crowded;
    uint64_t now;   /* while one of the two */
    uint64_t armed; /* what timer_fd is set to, 0: not */
    struct fcgi_loop_timer *timers;
    struct task_list tasks;
    struct fcgi_loop_io timer_io, mail_io;
    struct epoll_event batch[BATCH];
    int n_batch;
    pthread_mutex_t mail_lock; /* protects `mail` alone */
    struct task_list mail;
};

static uint64_t read_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void append(struct task_list *list, struct fcgi_loop_task *task)
{
    task->next = NULL;
    task->queued = true;
    if (list->last != NULL)
        list->last->next = task;
    else
        list->first = task;
    list->last = task;
}

static void wake(struct fcgi_loop *loop)
{
    const uint64_t one = 1;
    ssize_t n = write(loop->mail_fd, &one, sizeof(one));

    /* EAGAIN: the counter is full, so the loop is awake anyway. */
    (void)n;
}

static void drain(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof(count));

    (void)n; /* the count does not matter, only that it was reset */
}

static void mail_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_loop *loop = FCGI_LOOP_OWNER(io, struct fcgi_loop, mail_io);
    struct fcgi_loop_task *task;

    (void)events;
    drain(io->fd);
    pthread_mutex_lock(&loop->mail_lock);
    task = loop->mail.first;
    loop->mail.first = loop->mail.last = NULL;
    pthread_mutex_unlock(&loop->mail_lock);
    while (task != NULL) {
        struct fcgi_loop_task *next = task->next;

        append(&loop->tasks, task);
        task = next;
    }
}

static void timer_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_loop *loop = FCGI_LOOP_OWNER(io, struct fcgi_loop, timer_io);

    (void)events;
    drain(io->fd);
    loop->armed = 0; /* rearm() does so when the run ends */
}

struct fcgi_loop *fcgi_loop_new(void)
{
    struct fcgi_loop *loop = calloc(1, sizeof(*loop));
    int saved;

    if (loop == NULL)
        return NULL;
    pthread_mutex_init(&loop->mail_lock, NULL);
    loop->timer_fd = loop->mail_fd = -1;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        goto fail;
    loop->timer_fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->mail_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->timer_fd < 0 || loop->mail_fd < 0)
        goto fail;
    loop->timer_io.fd = loop->timer_fd;
    loop->timer_io.ready = timer_ready;
    loop->mail_io.fd = loop->mail_fd;
    loop->mail_io.ready = mail_ready;
    if (fcgi_loop_add(loop, &loop->timer_io, EPOLLIN) < 0 ||
        fcgi_loop_add(loop, &loop->mail_io, EPOLLIN) < 0)
        goto fail;
    return loop;

fail:
    saved = errno;
    fcgi_loop_free(loop);
    errno = saved;
    return NULL;
}

void fcgi_loop_free(struct fcgi_loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->mail_fd >= 0)
        close(loop->mail_fd);
    if (loop->timer_fd >= 0)
        close(loop->timer_fd);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    pthread_mutex_destroy(&loop->mail_lock);
    free(loop);
}

int fcgi_loop_fd(const struct fcgi_loop *loop)
{
    return loop->epoll_fd;
}

uint64_t fcgi_loop_now(const struct fcgi_loop *loop)
{
    return loop->running || loop->entered ? loop->now : read_clock();
}

void fcgi_loop_enter(struct fcgi_loop *loop, bool crowded)
{
    loop->now = read_clock();
    loop->entered = true;
    loop->crowded = crowded;
}

void fcgi_loop_leave(struct fcgi_loop *loop)
{
    loop->entered = loop->crowded = false;
}

bool fcgi_loop_is_gathering(const struct fcgi_loop *loop)
{
    return loop->running || loop->crowded;
}

static void run_timers(struct fcgi_loop *loop)
{
    while (loop->timers != NULL && loop->timers->deadline <= loop->now) {
        struct fcgi_loop_timer *timer = loop->timers;

        fcgi_timer_remove(&loop->timers, timer);
        timer->fired(timer);
    }
}

static void run_tasks(struct fcgi_loop *loop)
{
    while (loop->tasks.first != NULL) {
        struct fcgi_loop_task *task = loop->tasks.first;

        loop->tasks.first = task->next;
        if (task->next == NULL)
            loop->tasks.last = NULL;
        task->queued = false;
        task->run(task);
    }
}

static void arm(struct fcgi_loop *loop, uint64_t deadline)
{
    struct itimerspec when = {.it_interval = {0, 0}};

    if (deadline == 0)
        deadline = 1; /* zero would disarm it */
    when.it_value.tv_sec = (time_t)(deadline / UINT64_C(1000000000));
    when.it_value.tv_nsec = (long)(deadline % UINT64_C(1000000000));
    if (loop->armed != 0 && loop->armed <= deadline)
        return;
    timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
    loop->armed = deadline;
}

static void run_round(struct fcgi_loop *loop)
{
    for (int i = 0; i < loop->n_batch; i++) {
        struct fcgi_loop_io *io = loop->batch[i].data.ptr;

        /* fcgi_loop_remove() clears events that must not be delivered. */
        if (io != NULL)
            io->ready(io, loop->batch[i].events);
    }
    loop->n_batch = 0;
}

void fcgi_loop_run(struct fcgi_loop *loop)
{
    loop->running = true;
    for (int round = 0; round < ROUNDS; round++) {
        loop->now = read_clock();
        loop->n_batch = epoll_wait(loop->epoll_fd, loop->batch, BATCH, 0);
        if (loop->n_batch < 0)
            loop->n_batch = 0;
        bool full = loop->n_batch == BATCH;
        run_round(loop);
        run_timers(loop);
        run_tasks(loop);
        if (!full)
            break;
    }
    loop->running = false;
    if (loop->timers != NULL)
        arm(loop, loop->timers->deadline);
}

int fcgi_loop_wait(struct fcgi_loop *loop, int timeout_ms)
{
    struct pollfd pfd = {.fd = loop->epoll_fd, .events = POLLIN};

    if (poll(&pfd, 1, timeout_ms) < 0)
        return -1;
    fcgi_loop_run(loop);
    return 0;
}

int fcgi_loop_add(struct fcgi_loop *loop, struct fcgi_loop_io *io,
                  uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = io};

    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, io->fd, &event) < 0)
        return -1;
    io->added = true;
    return 0;
}

int fcgi_loop_modify(struct fcgi_loop *loop, struct fcgi_loop_io *io,
                     uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = io};

    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, io->fd, &event);
}

void fcgi_loop_remove(struct fcgi_loop *loop, struct fcgi_loop_io *io)
{
    if (!io->added)
        return;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, io->fd, NULL);
    io->added = false;
    for (int i = 0; i < loop->n_batch; i++)
        if (loop->batch[i].data.ptr == io)
            loop->batch[i].data.ptr = NULL;
}

void fcgi_loop_set_timer(struct fcgi_loop *loop, struct fcgi_loop_timer *timer,
                         uint64_t deadline)
{
    fcgi_loop_stop_timer(loop, timer);
    timer->deadline = deadline;
    fcgi_timer_insert(&loop->timers, timer);
    if (!loop->running)
        arm(loop, loop->timers->deadline);
}

void fcgi_loop_hasten_timer(struct fcgi_loop *loop,
                            struct fcgi_loop_timer *timer, uint64_t deadline)
{
    if (!timer->set || timer->deadline > deadline)
        fcgi_loop_set_timer(loop, timer, deadline);
}

void fcgi_loop_stop_timer(struct fcgi_loop *loop, struct fcgi_loop_timer *timer)
{
    if (timer->set)
        fcgi_timer_remove(&loop->timers, timer);
}

void fcgi_loop_defer(struct fcgi_loop *loop, struct fcgi_loop_task *task)
{
    bool awake = loop->running || loop->tasks.first != NULL;

    if (task->queued)
        return;
    append(&loop->tasks, task);
    if (!awake)
        wake(loop);
}

void fcgi_loop_cancel(struct fcgi_loop *loop, struct fcgi_loop_task *task)
{
    struct fcgi_loop_task **link = &loop->tasks.first, *last = NULL;

    if (!task->queued)
        return;
    while (*link != NULL && *link != task) {
        last = *link;
        link = &(*link)->next;
    }
    if (*link == NULL)
        return; /* still in the mailbox: it cannot be taken back */
    *link = task->next;
    if (loop->tasks.last == task)
        loop->tasks.last = last;
    task->queued = false;
}

void fcgi_loop_post(struct fcgi_loop *loop, struct fcgi_loop_task *task)
{
    pthread_mutex_lock(&loop->mail_lock);
    append(&loop->mail, task);
    pthread_mutex_unlock(&loop->mail_lock);
    wake(loop);
}
