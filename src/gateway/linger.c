/* SPDX-License-Identifier: Apache-2.0
 *
 * Closing without loss, on a duplicate of the descriptor: the host ends the
 * request and logs it meanwhile.
 */
#include "gateway/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long the client may go without receiving anything. */
#define LINGER_TIMEOUT (2000 * FCGI_LOOP_MS)
/* What is read at a time, to be dropped. */
#define DROPPED 16384

struct fcgi_linger {
    struct fcgi_list link; /* the list's */
    struct fcgi_linger_list *list;
    struct fcgi_loop_io io;
    struct fcgi_loop_timer timer;
    int unsent; /* bytes that the client has not received yet */
};

static int bytes_in(int fd, unsigned long queue)
{
    int bytes = 0;

    return ioctl(fd, queue, &bytes) < 0 ? 0 : bytes;
}

static void end(struct fcgi_linger *linger)
{
    struct fcgi_linger_list *list = linger->list;

    fcgi_list_remove(&linger->link);
    list->count--;
    fcgi_loop_stop_timer(list->loop, &linger->timer);
    fcgi_loop_remove(list->loop, &linger->io);
    close(linger->io.fd);
    free(linger);
}

static void end_oldest(struct fcgi_linger_list *list)
{
    end(FCGI_LOOP_OWNER(list->all.next, struct fcgi_linger, link));
}

static void on_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_linger *linger = FCGI_LOOP_OWNER(io, struct fcgi_linger, io);
    char dropped[DROPPED];
    ssize_t n = recv(io->fd, dropped, sizeof(dropped), MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
        (events & EPOLLERR))
        end(linger);
}

static void on_timer(struct fcgi_loop_timer *timer)
{
    struct fcgi_linger *linger =
        FCGI_LOOP_OWNER(timer, struct fcgi_linger, timer);
    struct fcgi_loop *loop = linger->list->loop;
    int unsent = bytes_in(linger->io.fd, TIOCOUTQ);

    if (unsent == 0 || unsent >= linger->unsent) {
        end(linger);
        return;
    }
    linger->unsent = unsent; /* it is still receiving */
    fcgi_loop_set_timer(loop, timer, fcgi_loop_now(loop) + LINGER_TIMEOUT);
}

void fcgi_linger_init(struct fcgi_linger_list *list, struct fcgi_loop *loop)
{
    list->loop = loop;
    fcgi_list_init(&list->all);
    list->count = 0;
}

void fcgi_linger_start(struct fcgi_linger_list *list, int fd)
{
    int unsent = bytes_in(fd, TIOCOUTQ);
    struct fcgi_linger *linger;

    if (unsent == 0 && bytes_in(fd, FIONREAD) == 0)
        return;
    if (list->count == FCGI_LINGER_MOST)
        end_oldest(list);
    linger = calloc(1, sizeof(*linger));
    if (linger == NULL)
        return;
    linger->list = list;
    linger->unsent = unsent;
    linger->io.ready = on_ready;
    linger->timer.fired = on_timer;
    linger->io.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (linger->io.fd < 0 ||
        fcgi_loop_add(list->loop, &linger->io, EPOLLIN) < 0) {
        if (linger->io.fd >= 0)
            close(linger->io.fd);
        free(linger);
        return;
    }
    fcgi_list_add(&list->all, &linger->link);
    list->count++;
    shutdown(linger->io.fd, SHUT_WR);
    fcgi_loop_set_timer(list->loop, &linger->timer,
                        fcgi_loop_now(list->loop) + LINGER_TIMEOUT);
}

void fcgi_linger_end_all(struct fcgi_linger_list *list)
{
    while (!fcgi_list_is_empty(&list->all))
        end_oldest(list);
}
