/* SPDX-License-Identifier: Apache-2.0
 *
 * The automaton of a probe: how it gets a connection, and how it ends. What is
 * said over the connection is in talk.c.
 *
 *   IDLE -> RESOLVING -> CONNECTING -> TALKING -> DONE -> IDLE
 *           (a name)                      `-> SNIFFING -> DONE
 *
 * A failure leads to DONE from any state. on_done is called from a task of the
 * loop, so that a caller may start the next probe there without recursion.
 */
#include "probe/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "probe/talk.h"

uint64_t fcgi_probe_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

void fcgi_probe_enter(struct fcgi_probe *probe, enum fcgi_phase phase)
{
    uint64_t now = fcgi_probe_clock();

    probe->result.times[probe->result.phase] += now - probe->mark;
    probe->mark = now;
    probe->result.phase = phase;
}

static void disconnect(struct fcgi_probe *probe)
{
    fcgi_dial_cancel(&probe->dial);
    fcgi_loop_remove(probe->loop, &probe->io);
    if (probe->io.fd >= 0)
        close(probe->io.fd);
    probe->io.fd = -1;
    probe->kept = false;
}

static void stop_resolving(struct fcgi_probe *probe)
{
    fcgi_loop_remove(probe->loop, &probe->resolve_io);
    fcgi_resolve_cancel(probe->resolve);
    probe->resolve = NULL;
}

void fcgi_probe_end(struct fcgi_probe *probe, enum fcgi_failure failure,
                    int error)
{
    struct fcgi_probe_result *result = &probe->result;

    fcgi_probe_enter(probe, result->phase);
    result->total = 0;
    for (int i = FCGI_PHASE_CONNECT; i < FCGI_PHASES; i++)
        result->total += result->times[i];
    result->failure = failure;
    result->error = error;
    fcgi_loop_stop_timer(probe->loop, &probe->timer);
    stop_resolving(probe);
    if (!probe->kept)
        disconnect(probe);
    probe->state = FCGI_PROBE_DONE;
    fcgi_loop_defer(probe->loop, &probe->task);
}

static void report_done(struct fcgi_loop_task *task)
{
    struct fcgi_probe *probe = FCGI_LOOP_OWNER(task, struct fcgi_probe, task);

    probe->state = FCGI_PROBE_IDLE;
    probe->handlers->on_done(probe);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a == 0 ? b : b == 0 || a < b ? a : b;
}

void fcgi_probe_set_timer(struct fcgi_probe *probe, uint64_t also)
{
    const struct fcgi_probe_options *options = probe->options;
    uint64_t when = earlier(probe->deadline, also);

    if (probe->state == FCGI_PROBE_TALKING && options->idle_timeout != 0)
        when = earlier(when, probe->moved + options->idle_timeout);
    if (when != 0)
        fcgi_loop_set_timer(probe->loop, &probe->timer, when);
}

enum fcgi_failure fcgi_probe_fault(enum fcgi_fault fault)
{
    static const enum fcgi_failure failures[] = {
        [FCGI_FAULT_NONE] = FCGI_FAILURE_NONE,
        [FCGI_FAULT_UNREACHABLE] = FCGI_FAILURE_UNREACHABLE,
        [FCGI_FAULT_NO_PORT] = FCGI_FAILURE_LOCAL,
        [FCGI_FAULT_RESET] = FCGI_FAILURE_RESET,
        [FCGI_FAULT_TIMEOUT] = FCGI_FAILURE_TIMEOUT,
        [FCGI_FAULT_FULL] = FCGI_FAILURE_TIMEOUT,
        [FCGI_FAULT_DENIED] = FCGI_FAILURE_DENIED,
        [FCGI_FAULT_NO_SOCKET] = FCGI_FAILURE_NO_SOCKET,
        [FCGI_FAULT_REFUSED] = FCGI_FAILURE_REFUSED,
        [FCGI_FAULT_SHORTAGE] = FCGI_FAILURE_LOCAL,
    };

    return failures[fault];
}

static void timer_fired(struct fcgi_loop_timer *timer)
{
    struct fcgi_probe *probe = FCGI_LOOP_OWNER(timer, struct fcgi_probe, timer);
    uint64_t now = fcgi_probe_clock();
    bool over = probe->deadline != 0 && now >= probe->deadline;

    switch (probe->state) {
    case FCGI_PROBE_SNIFFING:
        fcgi_probe_end(probe, FCGI_FAILURE_NOT_FASTCGI, 0);
        return;
    case FCGI_PROBE_TALKING:
        /* Bytes may have moved since the timer was set. */
        if (!over && now < probe->moved + probe->options->idle_timeout) {
            fcgi_probe_set_timer(probe, 0);
            return;
        }
        fcgi_probe_end(probe, FCGI_FAILURE_TIMEOUT, 0);
        return;
    case FCGI_PROBE_RESOLVING:
        fcgi_probe_end(probe, FCGI_FAILURE_TIMEOUT, 0);
        return;
    case FCGI_PROBE_IDLE:
    case FCGI_PROBE_CONNECTING: /* the dial has its own */
    case FCGI_PROBE_DONE:
        return;
    }
}

static void connected(struct fcgi_probe *probe)
{
    probe->state = FCGI_PROBE_TALKING;
    if (probe->options->kind == FCGI_PROBE_CONNECT) {
        fcgi_probe_end(probe, FCGI_FAILURE_NONE, 0);
        return;
    }
    fcgi_probe_enter(probe, FCGI_PHASE_SEND);
    probe->moved = probe->mark;
    fcgi_probe_set_timer(probe, 0);
    fcgi_talk_begin(probe);
}

static void io_ready(struct fcgi_loop_io *io, uint32_t events)
{
    fcgi_talk_ready(FCGI_LOOP_OWNER(io, struct fcgi_probe, io), events);
}

static void dialed(struct fcgi_dial *dial, int fd)
{
    struct fcgi_probe *probe = FCGI_LOOP_OWNER(dial, struct fcgi_probe, dial);
    struct fcgi_address *addresses = probe->addresses;
    struct fcgi_address used = addresses[dial->address];

    probe->result.peer = used;
    if (fd >= 0) {
        /* The next probe begins with the address that did it. */
        addresses[dial->address] = addresses[0];
        addresses[0] = used;
        probe->io.fd = fd;
        connected(probe);
        return;
    }
    /* A name is looked up anew the next time, for the application may have
     * moved. */
    if (fcgi_resolve_needed(probe->endpoint)) {
        free(addresses);
        probe->addresses = NULL;
    }
    fcgi_probe_end(probe, fcgi_probe_fault(dial->failure.fault),
                   dial->failure.error);
}

/* Leaves only the addresses of the family that is asked for. */
static void filter(struct fcgi_probe *probe)
{
    size_t n = 0;

    for (size_t i = 0; i < probe->n_addresses; i++) {
        int family = probe->addresses[i].addr.ss_family;

        if (probe->options->family == AF_UNSPEC || family == AF_UNIX ||
            family == probe->options->family)
            probe->addresses[n++] = probe->addresses[i];
    }
    probe->n_addresses = n;
}

static void resolved(struct fcgi_probe *probe, const char *why)
{
    uint64_t end = probe->options->connect_timeout;

    if (probe->addresses == NULL) {
        probe->result.why = why;
        fcgi_probe_end(probe, FCGI_FAILURE_RESOLVE, 0);
        return;
    }
    filter(probe);
    if (probe->n_addresses == 0) {
        probe->result.why = probe->options->family == AF_INET
                                ? "it has no IPv4 address"
                                : "it has no IPv6 address";
        free(probe->addresses);
        probe->addresses = NULL;
        fcgi_probe_end(probe, FCGI_FAILURE_RESOLVE, 0);
        return;
    }
    fcgi_probe_enter(probe, FCGI_PHASE_CONNECT);
    probe->state = FCGI_PROBE_CONNECTING;
    end = earlier(probe->deadline, end == 0 ? 0 : probe->mark + end);
    fcgi_dial_start(&probe->dial, probe->addresses, probe->n_addresses,
                    end == 0 ? FCGI_DIAL_NEVER : end, dialed);
}

static void resolve_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_probe *probe =
        FCGI_LOOP_OWNER(io, struct fcgi_probe, resolve_io);
    struct fcgi_resolve *resolve = probe->resolve;
    const char *why;

    (void)events;
    fcgi_loop_remove(probe->loop, io);
    probe->resolve = NULL;
    probe->addresses = fcgi_resolve_take(resolve, &probe->n_addresses, &why);
    resolved(probe, why);
}

static void look_up(struct fcgi_probe *probe)
{
    const char *why = NULL;

    probe->state = FCGI_PROBE_RESOLVING;
    if (probe->addresses != NULL) { /* of the last time */
        resolved(probe, NULL);
        return;
    }
    if (!fcgi_resolve_needed(probe->endpoint)) {
        probe->addresses =
            fcgi_address_resolve(probe->endpoint, &probe->n_addresses, &why);
        resolved(probe, why);
        return;
    }
    fcgi_probe_set_timer(probe, 0);
    probe->resolve = fcgi_resolve_start(probe->endpoint);
    if (probe->resolve != NULL) {
        probe->resolve_io.fd = fcgi_resolve_fd(probe->resolve);
        if (fcgi_loop_add(probe->loop, &probe->resolve_io, EPOLLIN) == 0)
            return;
    }
    fcgi_probe_end(probe, FCGI_FAILURE_LOCAL, errno);
}

/* Whether a kept connection still stands, and is silent. */
static bool is_fit(struct fcgi_probe *probe)
{
    uint8_t byte;
    ssize_t n = recv(probe->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n < 0 && errno == EAGAIN;
}

void fcgi_probe_again(struct fcgi_probe *probe)
{
    disconnect(probe);
    fcgi_loop_stop_timer(probe->loop, &probe->timer);
    fcgi_probe_start(probe);
}

void fcgi_probe_start(struct fcgi_probe *probe)
{
    struct fcgi_probe_result *result = &probe->result;
    const struct fcgi_probe_options *options = probe->options;

    memset(result, 0, sizeof(*result));
    result->started = probe->mark = fcgi_probe_clock();
    result->phase = FCGI_PHASE_RESOLVE;
    probe->deadline =
        options->timeout == 0 ? 0 : result->started + options->timeout;
    fcgi_talk_init(probe);
    if (probe->kept && is_fit(probe)) {
        probe->kept = false;
        result->reused = true;
        result->peer = probe->addresses[0];
        fcgi_probe_enter(probe, FCGI_PHASE_CONNECT);
        connected(probe);
        return;
    }
    disconnect(probe);
    look_up(probe);
}

void fcgi_probe_init(struct fcgi_probe *probe, struct fcgi_loop *loop,
                     const struct fcgi_endpoint *endpoint,
                     const struct fcgi_probe_options *options,
                     const struct fcgi_probe_handlers *handlers)
{
    memset(probe, 0, sizeof(*probe));
    probe->loop = loop;
    probe->endpoint = endpoint;
    probe->options = options;
    probe->handlers = handlers;
    fcgi_dial_init(&probe->dial, loop);
    probe->io.fd = -1;
    probe->io.ready = io_ready;
    probe->timer.fired = timer_fired;
    probe->task.run = report_done;
    probe->resolve_io.ready = resolve_ready;
}

void fcgi_probe_close(struct fcgi_probe *probe)
{
    fcgi_loop_cancel(probe->loop, &probe->task);
    fcgi_loop_stop_timer(probe->loop, &probe->timer);
    stop_resolving(probe);
    disconnect(probe);
    free(probe->addresses);
    probe->addresses = NULL;
    probe->state = FCGI_PROBE_IDLE;
}

bool fcgi_probe_is_busy(const struct fcgi_probe *probe)
{
    return probe->state != FCGI_PROBE_IDLE;
}

enum fcgi_phase fcgi_probe_phase(const struct fcgi_probe *probe)
{
    return probe->result.phase;
}
