/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker thread of Monkey's with its gateway, whose loop is one event of
 * Monkey's, and what the plugin knows of the Monkey that has loaded it.
 */
#ifndef FCGI_MONKEY_THREAD_H
#define FCGI_MONKEY_THREAD_H

#include "backend/pool.h"
#include "gateway/gateway.h"
#include "monkey/abi.h"

#define fcgi_monkey_log FCGI_MONKEY_NAME(log)
#define fcgi_monkey_monkey FCGI_MONKEY_NAME(monkey)
#define fcgi_monkey_workers_free FCGI_MONKEY_NAME(workers_free)
#define fcgi_monkey_thread_start FCGI_MONKEY_NAME(thread_start)
#define fcgi_monkey_thread_self FCGI_MONKEY_NAME(thread_self)

struct fcgi_monkey_gate;
struct fcgi_monkey_recall;

/* What Monkey offers, how it is configured, and which servers there are. Set
 * before there are threads, and not changed after; all outlive the plugin. */
struct fcgi_monkey_monkey {
    const struct mk_api *api;
    struct mk_config *config;
    struct fcgi_pool *pool; /* NULL while the plugin starts */
};

extern struct fcgi_monkey_monkey fcgi_monkey_monkey;

/* One worker thread. */
struct fcgi_monkey_thread {
    struct fcgi_monkey_thread *next; /* in the list of all */
    const struct mk_api *api;
    struct mk_config *config;
    struct fcgi_pool *pool;
    struct fcgi_gateway *gateway;
    struct mk_event *event;        /* of the gateway's loop, in Monkey's */
    struct fcgi_monkey_gate *gate; /* NULL where there is none */
    void (*free_gate)(struct fcgi_monkey_gate *gate);
    size_t head_least; /* of all servers' MaxRequestHeaderSize */
    struct fcgi_monkey_recall *recall; /* with a gate */
    bool gate_asked; /* whether there is to be one is settled */
    bool others;     /* another plugin has stages 20 or 40 */
    char *left; /* a receive buffer that the last stage 40 replaced, or NULL */
};

/* Writes a line to Monkey's log, which Monkey does in several pieces: a lock
 * keeps those of other threads out. Any thread. */
void fcgi_monkey_log(enum fcgi_log_level level, const char *line);

/* Sets the calling worker thread up. `host` is what its gateway asks; it must
 * outlive the plugin. */
void fcgi_monkey_thread_start(const struct fcgi_host *host);

/* The calling thread's worker; NULL where it is none, or could not be set
 * up. */
struct fcgi_monkey_thread *fcgi_monkey_thread_self(void);

/* Frees what the workers had. When they are gone. */
void fcgi_monkey_workers_free(void);

#endif
