/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Holds an event of any Monkey. */
#define EVENT_SIZE 128

struct fcgi_monkey_monkey fcgi_monkey_monkey;

static struct fcgi_monkey_thread *_Atomic workers;
static _Thread_local struct fcgi_monkey_thread *self;

void fcgi_monkey_log(enum fcgi_log_level level, const char *line)
{
    static const int levels[] = {
        [FCGI_LOG_INFO] = MK_LOG_INFO,
        [FCGI_LOG_WARNING] = MK_LOG_WARNING,
        [FCGI_LOG_ERROR] = MK_LOG_ERROR,
    };

    flockfile(stdout);
    fcgi_monkey_monkey.api->log(levels[level], "fastcgi: %s", line);
    funlockfile(stdout);
}

struct fcgi_monkey_thread *fcgi_monkey_thread_self(void)
{
    return self;
}

/* Monkey's loop found ours readable. Monkey tests errno after a callback, and
 * may close a connection for what it finds there. */
static int on_event(void *event)
{
    (void)event;
    fcgi_loop_run(fcgi_gateway_loop(self->gateway));
    errno = 0;
    return 0;
}

static void destroy(struct fcgi_monkey_thread *worker)
{
    fcgi_gateway_free(worker->gateway);
    if (worker->event != NULL)
        worker->api->mem_free(worker->event);
    if (worker->left != NULL)
        worker->api->mem_free(worker->left);
    if (worker->gate != NULL)
        worker->free_gate(worker->gate);
    free(worker->recall);
    free(worker);
}

static struct fcgi_monkey_thread *new_worker(const struct fcgi_host *host)
{
    const struct mk_api *api = fcgi_monkey_monkey.api;
    struct fcgi_monkey_thread *worker = calloc(1, sizeof(*worker));
    struct fcgi_loop *loop;

    if (worker == NULL)
        return NULL;
    worker->api = api;
    worker->config = fcgi_monkey_monkey.config;
    worker->pool = fcgi_monkey_monkey.pool;
    worker->gateway = fcgi_gateway_new(worker->pool, host);
    worker->event = api->mem_alloc_z(EVENT_SIZE);
    if (worker->gateway == NULL || worker->event == NULL)
        goto fail;
    loop = fcgi_gateway_loop(worker->gateway);
    worker->event->status = MK_EVENT_NONE;
    worker->event->handler = on_event;
    if (api->ev_add(api->sched_loop(), fcgi_loop_fd(loop), MK_EVENT_CUSTOM,
                    MK_EVENT_READ, worker->event) < 0)
        goto fail;
    return worker;

fail:
    destroy(worker);
    return NULL;
}

void fcgi_monkey_thread_start(const struct fcgi_host *host)
{
    self = new_worker(host);
    if (self == NULL) {
        fcgi_monkey_log(
            FCGI_LOG_ERROR,
            "a worker cannot be set up: out of memory or descriptors (see "
            "ulimit -n); it answers 500");
    } else {
        self->next = atomic_load(&workers);
        while (!atomic_compare_exchange_weak(&workers, &self->next, self))
            ;
    }
    errno = 0;
}

void fcgi_monkey_workers_free(void)
{
    struct fcgi_monkey_thread *worker = atomic_load(&workers);

    while (worker != NULL) {
        struct fcgi_monkey_thread *next = worker->next;

        destroy(worker);
        worker = next;
    }
    atomic_store(&workers, NULL);
}
