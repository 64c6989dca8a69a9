/* SPDX-License-Identifier: Apache-2.0
 *
 * Closing without loss. A socket that is closed with unread bytes in it, or
 * that gets some after it was closed, makes the kernel reset the connection,
 * and the client may lose the end of the answer that it was sent (RFC 9112,
 * 9.6). So where that can happen the connection is shut down for sending only,
 * and read until the client closes it, or reads no more.
 *
 * It is done on a duplicate of the descriptor: the host ends the request, and
 * logs it, meanwhile.
 */
#include "gateway/exchange_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long the client may go without receiving anything. */
#define LINGER_TIMEOUT (2000 * FCGI_LOOP_MS)

struct fcgi_linger {
    struct fcgi_linger *prev, *next;
    struct fcgi_gateway *gateway;
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
    struct fcgi_gateway *gateway = linger->gateway;

    if (linger->prev != NULL)
        linger->prev->next = linger->next;
    else
        gateway->lingering = linger->next;
    if (linger->next != NULL)
        linger->next->prev = linger->prev;
    fcgi_loop_stop_timer(gateway->loop, &linger->timer);
    fcgi_loop_remove(gateway->loop, &linger->io);
    close(linger->io.fd);
    free(linger);
}

static void ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_linger *linger = FCGI_LOOP_OWNER(io, struct fcgi_linger, io);
    struct fcgi_gateway *gateway = linger->gateway;
    ssize_t n =
        recv(io->fd, gateway->scratch, gateway->scratch_size, MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
        (events & EPOLLERR))
        end(linger);
}

static void fired(struct fcgi_loop_timer *timer)
{
    struct fcgi_linger *linger =
        FCGI_LOOP_OWNER(timer, struct fcgi_linger, timer);
    struct fcgi_loop *loop = linger->gateway->loop;
    int unsent = bytes_in(linger->io.fd, TIOCOUTQ);

    if (unsent == 0 || unsent >= linger->unsent) {
        end(linger);
        return;
    }
    linger->unsent = unsent; /* it is still reading */
    fcgi_loop_set_timer(loop, timer, fcgi_loop_now(loop) + LINGER_TIMEOUT);
}

void fcgi_linger_start(struct fcgi_gateway *gateway, int fd)
{
    int unsent = bytes_in(fd, TIOCOUTQ);
    struct fcgi_linger *linger;

    if (unsent == 0 && bytes_in(fd, FIONREAD) == 0)
        return;
    linger = calloc(1, sizeof(*linger));
    if (linger == NULL)
        return;
    linger->gateway = gateway;
    linger->unsent = unsent;
    linger->io.ready = ready;
    linger->timer.fired = fired;
    linger->io.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (linger->io.fd < 0 ||
        fcgi_loop_add(gateway->loop, &linger->io, EPOLLIN) < 0) {
        if (linger->io.fd >= 0)
            close(linger->io.fd);
        free(linger);
        return;
    }
    linger->next = gateway->lingering;
    if (linger->next != NULL)
        linger->next->prev = linger;
    gateway->lingering = linger;
    shutdown(linger->io.fd, SHUT_WR);
    fcgi_loop_set_timer(gateway->loop, &linger->timer,
                        fcgi_loop_now(gateway->loop) + LINGER_TIMEOUT);
}

void fcgi_linger_end_all(struct fcgi_gateway *gateway)
{
    while (gateway->lingering != NULL)
        end(gateway->lingering);
}
