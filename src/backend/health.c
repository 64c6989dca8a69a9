/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks. The connection is dialed as a request's is, and counts as one that
 * waits; but what is sent and read on it is not a request's.
 */
#include "backend/health.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/worker.h"

enum verdict {
    PASSED,
    FAILED,
    UNKNOWN,
};

struct check {
    struct fcgi_worker *worker;
    struct fcgi_server *server;
    struct fcgi_loop_timer timer; /* the next check; what is due in this one */
    struct fcgi_dial dial;
    struct fcgi_addresses *addresses; /* while it dials */
    struct fcgi_loop_io io;
    bool under_way; /* it has a slot */
    uint64_t deadline;
    struct fcgi_standing standing;
    uint8_t answer[64]; /* room for a whole one: what is left unread when
                           the socket is closed resets the connection */
    size_t length;
};

struct fcgi_checks {
    size_t n;
    struct check all[];
};

static void wait_for_next(struct check *check)
{
    struct fcgi_loop *loop = check->worker->loop;

    fcgi_loop_set_timer(loop, &check->timer,
                        fcgi_loop_now(loop) +
                            check->server->config->health_check * FCGI_LOOP_MS);
}

static void close_socket(struct check *check)
{
    fcgi_loop_remove(check->worker->loop, &check->io);
    if (check->io.fd >= 0)
        close(check->io.fd);
    check->io.fd = -1;
}

static void let_go(struct check *check)
{
    fcgi_dial_cancel(&check->dial);
    close_socket(check);
    fcgi_addresses_unref(check->addresses);
    check->addresses = NULL;
    check->under_way = false;
    if (check->length > 0)
        fcgi_server_conn_answered(check->server, &check->standing,
                                  fcgi_loop_now(check->worker->loop));
    fcgi_worker_free_slot(check->worker, check->server, &check->standing);
}

static void end(struct check *check, enum verdict verdict)
{
    struct fcgi_worker *worker = check->worker;

    let_go(check);
    if (verdict == PASSED) {
        fcgi_server_answered(check->server, fcgi_loop_now(worker->loop));
        fcgi_worker_worked(worker, check->server);
    } else if (verdict == FAILED) {
        fcgi_worker_count(worker, check->server, FCGI_COUNT_CHECK_FAILED);
        fcgi_worker_failed(worker, check->server);
    }
    wait_for_next(check);
}

/* What a call says that has failed. */
static enum verdict blame(enum fcgi_syscall call, int error)
{
    return fcgi_fault_is_ours(fcgi_fault_of(call, error)) ? UNKNOWN : FAILED;
}

/* Padded to 8 bytes: libfcgi 2.4.2 waits for more of a record that is not. */
static bool ask(const struct check *check)
{
    static const char name[] = "FCGI_MPXS_CONNS";
    const struct fcgi_pair pair = {.name_length = sizeof(name) - 1};
    uint8_t bytes[64] = {0};
    struct fcgi_record record = {.type = FCGI_GET_VALUES};
    size_t at = FCGI_HEADER_LEN;

    at += fcgi_pair_encode(bytes + at, sizeof(bytes) - at, &pair);
    memcpy(bytes + at, name, sizeof(name) - 1);
    at += sizeof(name) - 1;
    record.content_length = (uint16_t)(at - FCGI_HEADER_LEN);
    record.padding_length = 8;
    fcgi_record_encode(bytes, FCGI_HEADER_LEN, &record);
    at += 8;
    return send(check->io.fd, bytes, at, MSG_NOSIGNAL) == (ssize_t)at;
}

/* Any whole record header of version 1 will do. */
static void read_answer(struct check *check)
{
    ssize_t n = read(check->io.fd, check->answer + check->length,
                     sizeof(check->answer) - check->length);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        check->length += (size_t)n;
    if (n < 0)
        end(check, blame(FCGI_CALL_READ, errno));
    else if (n == 0)
        end(check, FAILED);
    else if (check->length >= FCGI_HEADER_LEN)
        end(check, check->answer[0] == FCGI_VERSION ? PASSED : FAILED);
}

static void ready(struct fcgi_loop_io *io, uint32_t events)
{
    (void)events;
    read_answer(FCGI_LOOP_OWNER(io, struct check, io));
}

/* Watched before anything is sent, as a request's connection is. */
static void dialed(struct fcgi_dial *dial, int fd)
{
    struct check *check = FCGI_LOOP_OWNER(dial, struct check, dial);

    fcgi_addresses_unref(check->addresses);
    check->addresses = NULL;
    check->io.fd = fd;
    if (fd < 0)
        end(check, fcgi_fault_is_ours(dial->failure.fault) ? UNKNOWN : FAILED);
    else if (fcgi_loop_add(check->worker->loop, &check->io, EPOLLIN) < 0)
        end(check, UNKNOWN);
    else if (!ask(check))
        end(check, blame(FCGI_CALL_SEND, errno));
}

static void begin(struct check *check)
{
    struct fcgi_loop *loop = check->worker->loop;
    const struct fcgi_server_config *config = check->server->config;
    uint64_t next;

    check->under_way = true;
    check->length = 0;
    check->deadline =
        fcgi_loop_now(loop) + config->connect_timeout * FCGI_LOOP_MS;
    next = fcgi_server_conn_begin(check->server, &check->standing, false,
                                  fcgi_loop_now(loop));
    check->addresses = fcgi_server_addresses(check->server);
    if (check->addresses == NULL) {
        end(check, FAILED);
        return;
    }
    fcgi_loop_set_timer(loop, &check->timer, next);
    fcgi_dial_start(&check->dial, check->addresses->list, check->addresses->n,
                    check->deadline, dialed);
}

static void fired(struct fcgi_loop_timer *timer)
{
    struct check *check = FCGI_LOOP_OWNER(timer, struct check, timer);
    struct fcgi_loop *loop = check->worker->loop;
    uint64_t now = fcgi_loop_now(loop), next;

    if (!check->under_way) {
        if (fcgi_server_is_present(check->server) &&
            fcgi_server_take_slot(check->server))
            begin(check);
        else
            wait_for_next(check);
        return;
    }
    if (now >= check->deadline) {
        end(check, FAILED);
        return;
    }
    next =
        fcgi_worker_conn_check(check->worker, check->server, &check->standing);
    if (next == 0 || next > check->deadline)
        next = check->deadline;
    fcgi_loop_set_timer(loop, timer, next);
}

struct fcgi_checks *fcgi_checks_new(struct fcgi_worker *worker)
{
    struct fcgi_pool *pool = worker->pool;
    struct fcgi_checks *checks;
    size_t n = 0;

    for (size_t i = 0; i < pool->n_servers; i++)
        n += pool->servers[i].config->health_check > 0;
    errno = 0;
    if (n == 0)
        return NULL;
    checks = calloc(1, sizeof(*checks) + n * sizeof(checks->all[0]));
    if (checks == NULL)
        return NULL;
    for (size_t i = 0; i < pool->n_servers; i++) {
        struct check *check = &checks->all[checks->n];

        if (pool->servers[i].config->health_check == 0)
            continue;
        checks->n++;
        check->worker = worker;
        check->server = &pool->servers[i];
        check->timer.fired = fired;
        check->io.ready = ready;
        check->io.fd = -1;
        fcgi_dial_init(&check->dial, worker->loop);
        wait_for_next(check);
    }
    return checks;
}

void fcgi_checks_free(struct fcgi_checks *checks)
{
    if (checks == NULL)
        return;
    for (size_t i = 0; i < checks->n; i++) {
        struct check *check = &checks->all[i];

        fcgi_loop_stop_timer(check->worker->loop, &check->timer);
        if (check->under_way)
            let_go(check);
    }
    free(checks);
}
