/* SPDX-License-Identifier: Apache-2.0
 *
 * How a connection comes by its socket, and is rid of it. It connects to one
 * address after the other, within ConnectTimeout for all.
 *
 * connect(2) on a Unix socket does not wait for room in the backlog, it fails
 * with EAGAIN: that is an overload that passes, so it is tried again, at
 * growing intervals, as long as ConnectTimeout allows.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/conn_impl.h"

#define BACKOFF_FIRST (5 * FCGI_LOOP_MS)
#define BACKOFF_MOST (100 * FCGI_LOOP_MS)

void fcgi_conn_close_socket(struct fcgi_conn *conn)
{
    fcgi_loop_remove(conn->loop, &conn->io);
    if (conn->io.fd >= 0)
        close(conn->io.fd);
    conn->io.fd = -1;
}

bool fcgi_conn_is_ours(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM ||
           error == ENOBUFS || error == ENOSPC; /* the last by epoll */
}

uint64_t fcgi_conn_backoff(uint64_t *backoff)
{
    *backoff = *backoff ? *backoff * 2 : BACKOFF_FIRST;
    if (*backoff > BACKOFF_MOST)
        *backoff = BACKOFF_MOST;
    return *backoff;
}

void fcgi_conn_connect_failed(struct fcgi_conn *conn, int error)
{
    fcgi_conn_close_socket(conn);
    conn->state = FCGI_CONN_IDLE;
    conn->refused = conn->refused || error == ECONNREFUSED;
    if (error == EAGAIN) {
        uint64_t next;

        conn->state = FCGI_CONN_BACKING_OFF;
        next = fcgi_loop_now(conn->loop) + fcgi_conn_backoff(&conn->backoff);
        fcgi_conn_set_deadline(conn, next < conn->connect_deadline
                                         ? next
                                         : conn->connect_deadline);
    } else if (conn->address + 1 < conn->addresses->n) {
        conn->address++;
        fcgi_conn_connect(conn);
    } else {
        /* An address that there is no route to (IPv6, say) is not the one that
         * matters. */
        if (conn->refused && !fcgi_conn_is_ours(error))
            error = ECONNREFUSED;
        fcgi_conn_fail(conn, FCGI_CONN_CONNECT, error);
    }
}

uint64_t fcgi_conn_attempt(uint64_t now, uint64_t deadline, size_t left)
{
    return now < deadline ? now + (deadline - now) / left : deadline;
}

void fcgi_conn_connect(struct fcgi_conn *conn)
{
    const struct fcgi_address *address = &conn->addresses->list[conn->address];
    int family = address->addr.ss_family;

    conn->io.fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->io.fd < 0) {
        fcgi_conn_connect_failed(conn, errno);
        return;
    }
    if (family != AF_UNIX) {
        int on = 1;

        setsockopt(conn->io.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    if (connect(conn->io.fd, (const struct sockaddr *)&address->addr,
                address->length) == 0) {
        fcgi_conn_opened(conn);
    } else if (errno == EINPROGRESS) {
        conn->state = FCGI_CONN_CONNECTING;
        fcgi_conn_set_deadline(
            conn,
            fcgi_conn_attempt(fcgi_loop_now(conn->loop), conn->connect_deadline,
                              conn->addresses->n - conn->address));
        conn->watched = EPOLLOUT;
        if (fcgi_loop_add(conn->loop, &conn->io, EPOLLOUT) < 0)
            fcgi_conn_fail(conn, FCGI_CONN_CONNECT, errno);
    } else {
        fcgi_conn_connect_failed(conn, errno);
    }
}

bool fcgi_conn_is_alive(const struct fcgi_conn *conn)
{
    char byte;

    return conn->state == FCGI_CONN_KEPT &&
           recv(conn->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EINTR);
}

int fcgi_conn_detach(struct fcgi_conn *conn)
{
    int fd = conn->io.fd;

    fcgi_loop_remove(conn->loop, &conn->io);
    conn->io.fd = -1;
    fcgi_conn_close(conn);
    return fd;
}

bool fcgi_conn_attach(struct fcgi_conn *conn, int fd)
{
    conn->io.fd = fd;
    conn->watched = EPOLLIN;
    if (fcgi_loop_add(conn->loop, &conn->io, EPOLLIN) < 0) {
        fcgi_conn_close_socket(conn);
        return false;
    }
    conn->state = FCGI_CONN_KEPT;
    return true;
}
