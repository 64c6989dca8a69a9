/* SPDX-License-Identifier: Apache-2.0
 *
 * Worker threads.
 *
 * Each has its event loop and its own listening sockets (SO_REUSEPORT: the
 * kernel spreads the connections). The plugins' worker_init runs before the
 * sockets are opened, and a first wait for the start, which ignores what else
 * may have happened, after that.
 */
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "access.h"
#include "event.h"
#include "listen.h"
#include "log.h"
#include "mem.h"
#include "serve.h"

enum { SIGNAL_START = 1, SIGNAL_STOP = 1 << 20 };

/* What there is of a worker besides the structure that plugins see. */
struct thread {
    struct mk_worker *worker;
    pthread_t id;
    struct mk_list clients;
    struct mk_list listeners;
    struct mk_event signal;
    struct mk_event timeout;
    int timeout_fd;
    bool started;
    bool stop;
};

static struct thread *threads;
static _Thread_local struct thread *self;

static pthread_mutex_t ready_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready_changed = PTHREAD_COND_INITIALIZER;
static int ready;
static int failed;

struct mk_worker *serve_worker_self(void)
{
    return self != NULL ? self->worker : NULL;
}

struct mk_event_loop *serve_worker_loop(void)
{
    return self->worker->loop;
}

struct mk_list *serve_worker_clients(struct mk_worker *worker)
{
    return &threads[worker->idx].clients;
}

static void report(bool ok)
{
    pthread_mutex_lock(&ready_lock);
    ready++;
    failed += !ok;
    pthread_cond_signal(&ready_changed);
    pthread_mutex_unlock(&ready_lock);
}

static bool prepare(struct thread *t)
{
    struct mk_worker *worker = t->worker;

    worker->loop = serve_loop_create(SERVE_QUEUE_SIZE);
    if (worker->loop == NULL ||
        serve_ev_channel_create(worker->loop, &worker->signal_channel_r,
                                &worker->signal_channel_w, &t->signal) < 0) {
        serve_err("cannot create an event loop: %s", strerror(errno));
        return false;
    }
    worker->pid = gettid();
    for (SERVE_EACH(struct mk_plugin, plugin, head, &serve.config.plugins))
        if (plugin->worker_init != NULL)
            SERVE_WORKER_INIT(plugin);
    if (serve_listen_open(&t->listeners) < 0)
        return false;
    worker->listeners = &t->listeners;
    worker->initialized = 1;
    return true;
}

static void on_connection(struct thread *t, void *conn)
{
    struct mk_event *event = serve_conn_event(conn);
    struct serve_client *client = serve_client_of(conn);
    int r = 0;

    if (event->mask & MK_EVENT_WRITE)
        r = serve_conn_write(conn, t->worker);
    if (event->mask & MK_EVENT_READ) {
        serve_access_peek(conn);
        r = serve_conn_read(conn, t->worker);
    }
    if (event->mask & MK_EVENT_CLOSE)
        r = -1;
    if (r < 0 && !client->closed)
        serve_conn_close(conn, t->worker, MK_CLOSED);
}

static void on_notification(struct thread *t, struct mk_event *event)
{
    uint64_t value = 0;

    if (read(event->fd, &value, sizeof(value)) < 0)
        return;
    if (event == &t->signal)
        t->stop = value >= SIGNAL_STOP;
    else if (event == &t->timeout)
        serve_conn_check_timeouts(t->worker);
}

static void on_event(struct thread *t, struct mk_event *event)
{
    if (event->type & MK_EVENT_IDLE)
        return;
    switch (event->type) {
    case MK_EVENT_CONNECTION:
        on_connection(t, event);
        break;
    case MK_EVENT_LISTENER:
        serve_conn_accept(t->worker, (struct mk_server_listen *)event);
        break;
    case MK_EVENT_CUSTOM:
        event->handler(event);
        break;
    case MK_EVENT_NOTIFICATION:
        on_notification(t, event);
        break;
    default:
        break;
    }
}

/* One wait and no more: whatever ends it. */
static void wait_for_start(struct thread *t)
{
    struct mk_event_loop *loop = t->worker->loop;
    int n = serve_ev_wait(loop);

    for (int i = 0; i < n; i++)
        if (serve_ev_reported(loop, i) == &t->signal)
            on_notification(t, &t->signal);
}

static void run(struct thread *t)
{
    struct mk_event_loop *loop = t->worker->loop;

    wait_for_start(t);
    serve_listen_watch(&t->listeners, loop);
    t->timeout_fd = serve_ev_timeout_create(
        loop, SERVE_SECONDS(serve.config.timeout), &t->timeout);
    while (!t->stop) {
        int n = serve_ev_wait(loop);

        for (int i = 0; i < n && !t->stop; i++)
            on_event(t, serve_ev_reported(loop, i));
        serve_conn_free_events(t->worker);
    }
}

/* The clients are still connected; their memory stays, see worker.h. */
static void finish(struct thread *t)
{
    serve_listen_close(&t->listeners);
    if (t->timeout_fd >= 0)
        close(t->timeout_fd);
    if (t->worker->loop != NULL) {
        close(t->worker->signal_channel_r);
        serve_loop_destroy(t->worker->loop);
        t->worker->loop = NULL;
    }
}

static void *thread_main(void *arg)
{
    struct thread *t = arg;
    char name[32];
    sigset_t set;
    bool ok;

    self = t;
    snprintf(name, sizeof(name), "serve: wrk/%d", t->worker->idx);
    prctl(PR_SET_NAME, name);
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    ok = prepare(t);
    report(ok);
    if (ok)
        run(t);
    return NULL;
}

static bool thread_start(struct thread *t)
{
    int e;

    serve_list_init(&t->clients);
    serve_list_init(&t->listeners);
    t->timeout_fd = -1;
    serve_list_init(&t->worker->timeout_queue);
    serve_list_init(&t->worker->event_free_queue);
    t->worker->mem_pagesize = (unsigned int)sysconf(_SC_PAGESIZE);
    e = pthread_create(&t->id, NULL, thread_main, t);
    if (e != 0)
        serve_err("cannot start a worker: %s", strerror(e));
    t->started = e == 0;
    t->worker->tid = t->id;
    return t->started;
}

int serve_workers_start(void)
{
    int wanted = serve.config.workers;
    int running = 0;

    threads = serve_mem_alloc_z(sizeof(*threads) * (size_t)wanted);
    for (int i = 0; i < wanted; i++) {
        threads[i].worker = &serve.workers[i];
        threads[i].worker->idx = (short)i;
    }
    while (running < wanted && thread_start(&threads[running]))
        running++;
    pthread_mutex_lock(&ready_lock);
    while (ready < running)
        pthread_cond_wait(&ready_changed, &ready_lock);
    pthread_mutex_unlock(&ready_lock);
    return running == wanted && failed == 0 ? 0 : -1;
}

static void signal_all(uint64_t what)
{
    for (int i = 0; i < serve.config.workers; i++)
        if (threads[i].started && threads[i].worker->loop != NULL &&
            write(threads[i].worker->signal_channel_w, &what, sizeof(what)) < 0)
            serve_err("cannot wake worker %d: %s", i, strerror(errno));
}

void serve_workers_go(void)
{
    signal_all(SIGNAL_START);
}

void serve_workers_stop(void)
{
    if (threads == NULL)
        return;
    signal_all(SIGNAL_STOP);
    for (int i = 0; i < serve.config.workers; i++) {
        if (!threads[i].started)
            continue;
        pthread_join(threads[i].id, NULL);
        finish(&threads[i]);
    }
}

void serve_workers_free(void)
{
    if (threads == NULL)
        return;
    for (int i = 0; i < serve.config.workers; i++)
        if (threads[i].started)
            serve_conn_free_all(&threads[i].clients);
    serve_mem_free(threads);
    threads = NULL;
}
