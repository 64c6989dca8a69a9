/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's event loop over epoll: level-triggered, one per worker.
 *
 * Two properties bite plugins and are kept. In 1.6, ev_add() chooses between
 * registering anew and changing by the event's mask alone, and nobody ever
 * sets the status to "registered"; so ev_del() of an event that is registered
 * does nothing at all, unless the plugin has set that status by hand. And the
 * loop never tells which conditions were met: event->mask is what was asked
 * for.
 */
#include "event.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "list.h"
#include "mem.h"
#include "serve.h"

struct mk_event_loop *serve_loop_create(int size)
{
    struct mk_event_loop *loop;
    struct mk_event_ctx *ctx;
    int efd = epoll_create1(EPOLL_CLOEXEC);

    if (efd < 0)
        return NULL;
    ctx = serve_mem_alloc_z(sizeof(*ctx));
    ctx->efd = efd;
    ctx->queue_size = size;
    ctx->events = serve_mem_alloc_z(sizeof(struct epoll_event) * (size_t)size);
    loop = serve_mem_alloc_z(sizeof(*loop));
    loop->size = size;
    loop->events = serve_mem_alloc_z(sizeof(struct mk_event) * (size_t)size);
    loop->data = ctx;
    return loop;
}

void serve_loop_destroy(struct mk_event_loop *loop)
{
    struct mk_event_ctx *ctx = loop->data;

    close(ctx->efd);
    serve_mem_free(ctx->events);
    serve_mem_free(ctx);
    serve_mem_free(loop->events);
    serve_mem_free(loop);
}

static int ctl_add(struct mk_event_ctx *ctx, int fd, int type, uint32_t mask,
                   struct mk_event *event)
{
    struct epoll_event ep;
    int op = EPOLL_CTL_MOD;

    if (event->mask == MK_EVENT_EMPTY) {
        op = EPOLL_CTL_ADD;
        event->fd = fd;
        event->type = type;
    }
    memset(&ep, 0, sizeof(ep));
    ep.data.ptr = event;
    ep.events = EPOLLERR | EPOLLHUP | EPOLLRDHUP;
    if (mask & MK_EVENT_READ)
        ep.events |= EPOLLIN;
    if (mask & MK_EVENT_WRITE)
        ep.events |= EPOLLOUT;
    if (epoll_ctl(ctx->efd, op, fd, &ep) < 0) {
        perror("fcgi-serve: epoll_ctl");
        return -1;
    }
    event->mask = mask;
    return 0;
}

#if MK_ABI == 16
static bool status_refuses(const struct mk_event *event, uint8_t wanted)
{
    if (serve.layout->status_is_exact)
        return (event->status & (uint8_t)~wanted) != 0;
    return (event->status & wanted) == 0;
}

int serve_ev_add(struct mk_event_loop *loop, int fd, int type, uint32_t mask,
                 void *data)
{
    struct mk_event *event = data;

    if (status_refuses(event, MK_EVENT_NONE))
        return -1;
    return ctl_add(loop->data, fd, type, mask, event);
}

int serve_ev_del(struct mk_event_loop *loop, struct mk_event *event)
{
    struct mk_event_ctx *ctx = loop->data;

    if (status_refuses(event, MK_EVENT_REGISTERED))
        return -1;
    if (epoll_ctl(ctx->efd, EPOLL_CTL_DEL, event->fd, NULL) < 0)
        return -1;
    event->status = MK_EVENT_NONE;
    return 0;
}
#else
int serve_ev_add(struct mk_event_loop *loop, int fd, int type, uint32_t mask,
                 void *data)
{
    struct mk_event *event = data;

    if (event->mask != MK_EVENT_EMPTY && type != MK_EVENT_UNMODIFIED)
        event->type = type;
    if (ctl_add(loop->data, fd, type, mask, event) < 0)
        return -1;
    event->status = MK_EVENT_REGISTERED;
    /* Garbage here is what a plugin gets that has not zeroed its event. */
    if (event->priority_head.next != NULL)
        serve_list_del(&event->priority_head);
    return 0;
}

int serve_ev_del(struct mk_event_loop *loop, struct mk_event *event)
{
    struct mk_event_ctx *ctx = loop->data;

    if ((event->status & MK_EVENT_REGISTERED) == 0 ||
        epoll_ctl(ctx->efd, EPOLL_CTL_DEL, event->fd, NULL) < 0)
        return -1;
    event->status = MK_EVENT_NONE;
    event->mask = MK_EVENT_EMPTY;
    return 0;
}
#endif

/* Both kinds of descriptors below are read by the worker's loop, eight bytes
 * at a time, and the event's handler is never called. */
static int add_notification(struct mk_event_loop *loop, int fd,
                            struct mk_event *event)
{
    event->fd = fd;
    event->type = MK_EVENT_NOTIFICATION;
    event->mask = MK_EVENT_EMPTY;
    if (ctl_add(loop->data, fd, MK_EVENT_NOTIFICATION, MK_EVENT_READ, event) ==
        0)
        return 0;
    close(fd);
    return -1;
}

#if MK_ABI == 16
#define NANOSECONDS 0
#else
#define NANOSECONDS nanoseconds
#endif

int serve_ev_timeout_create(struct mk_event_loop *loop, SERVE_TIME void *data)
{
    struct itimerspec when = {{seconds, NANOSECONDS}, {seconds, NANOSECONDS}};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

    if (fd < 0)
        return -1;
    if (timerfd_settime(fd, 0, &when, NULL) < 0) {
        close(fd);
        return -1;
    }
    return add_notification(loop, fd, data) == 0 ? fd : -1;
}

int serve_ev_channel_create(struct mk_event_loop *loop, int *r, int *w,
                            void *data)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    if (fd < 0 || add_notification(loop, fd, data) < 0)
        return -1;
    *r = fd;
    *w = fd;
    return 0;
}

int serve_ev_wait(struct mk_event_loop *loop)
{
    struct mk_event_ctx *ctx = loop->data;

    loop->n_events = epoll_wait(ctx->efd, ctx->events, ctx->queue_size, -1);
    return loop->n_events;
}

struct mk_event *serve_ev_reported(struct mk_event_loop *loop, int i)
{
    struct mk_event_ctx *ctx = loop->data;

    return ((struct epoll_event *)ctx->events)[i].data.ptr;
}

char *serve_ev_backend(void)
{
    static char name[] = "epoll";

    return name;
}
