/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/gate.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "monkey/lane.h"
#include "monkey/recall.h"
#include "monkey/short_head.h"

/* One read of a client. */
#define SCRATCH 65536
/* Fields of one head: more than anybody has a use for, and few enough that none
 * of them is worth an attack. */
#define FIELDS_MOST 1024
/* Events of Monkey's loop from which on they are many. */
#define CROWD 8
/* A client lies behind the session, at this distance from it. */
#define ALIGN _Alignof(max_align_t)
#define CLIENT_OFFSET ((sizeof(struct mk_session) + ALIGN - 1) / ALIGN * ALIGN)

struct fcgi_monkey_gate {
    struct fcgi_monkey_thread *worker;
    enum fcgi_monkey_family family;        /* once a connection was seen */
    struct mk_sched_handler handler;       /* what the listeners have now */
    const struct mk_sched_handler *core;   /* what they had */
    struct fcgi_monkey_downstream **by_fd; /* those that have sent something */
    size_t n_fds;

    /* While the core reads: whose bytes, which ones, whether it may read what
     * the socket has behind them, and whether it has to take them all at
     * once. */
    struct fcgi_monkey_downstream *reading;
    const char *feed;
    size_t feed_left;
    bool feed_on, feed_whole;
    bool pending; /* the core has a short head, which stands for `aim` */

    struct fcgi_monkey_aim aim;
    struct fcgi_http_field fields[FIELDS_MOST];
    size_t head_most; /* the longest head of all servers */
    char *core_head;  /* room for a path three times, encoded, and more */
    size_t core_head_size;
    char scratch[SCRATCH];
};

/* Bytes that the client has sent: just read, or held before. */
struct input {
    const char *bytes;
    size_t length;
    bool held;
};

/* The calling worker's; NULL where there is none. */
static _Thread_local struct fcgi_monkey_gate *gate;

/* --- the core ----------------------------------------------------------- */

/* What the core reads, in place of the network layer. */
static int feed(MK_ON_FD, void *buf, int size)
{
    struct fcgi_monkey_downstream *client = gate->reading;
    size_t room = (size_t)size, n = gate->feed_left;
    ssize_t got;

    (void)fd;
    if (n > 0) {
        n = n < room ? n : room;
        memcpy(buf, gate->feed, n);
        gate->feed += n;
        gate->feed_left -= n;
        /* A number that is too large has the core make room, and read on. */
        return gate->feed_left > 0 && gate->feed_whole ? size + 1 : (int)n;
    }
    if (!gate->feed_on) {
        errno = EAGAIN;
        return -1;
    }
    if (client->phase == FCGI_MONKEY_PASSING && client->body_left < room)
        room = (size_t)client->body_left;
    got = fcgi_monkey_downstream_receive(client, buf, room);
    if (client->phase == FCGI_MONKEY_PASSING && got > 0) {
        client->body_left -= (uint64_t)got;
        if (client->body_left == 0)
            return (int)got; /* what the layer has besides is not its */
        client->more = client->more || (client->tls && (size_t)got == room);
    }
    return client->more ? size + 1 : (int)got;
}

/*
 * Has the core read `length` bytes at `bytes`, or, if there are none, what is
 * in the socket. No more than one request is in them unless `whole` is set:
 * then it takes them in pieces of its own, as it would from the socket, and
 * looks at each. Returns what its cb_read does.
 */
static int core_reads(struct fcgi_monkey_downstream *client, const char *bytes,
                      size_t length, bool whole)
{
    struct fcgi_monkey_thread *worker = gate->worker;
    struct mk_network network = *client->view.net;
    int result;

    network.read = feed;
    gate->reading = client;
    gate->feed = bytes;
    gate->feed_left = length;
    gate->feed_on = length == 0;
    gate->feed_whole = whole;
    *client->view.net_place = &network;
    do {
        errno = 0; /* which says of a failure whether more is awaited */
        result = gate->core->cb_read MK_CONN_ARGS(
            client->conn, worker->api->sched_worker_info(), worker->config);
    } while (result > 0 && gate->feed_left > 0 &&
             fcgi_monkey_conn_state(&client->view) == FCGI_MONKEY_CONN_BUSY);
    *client->view.net_place = client->view.net;
    gate->reading = NULL;
    return result;
}

/* For Monkey's loop: nothing has come, and it waits for the next event. */
static int nothing_yet(void)
{
    errno = EAGAIN;
    return MK_READ_NOTHING;
}

/* For Monkey's loop: the connection is to be closed. */
static int close_it(struct fcgi_monkey_downstream *client)
{
    client->phase = FCGI_MONKEY_CLOSING;
    errno = 0;
    return -1;
}

/* Reads what the client has sent into the scratch. 0 where that is nothing;
 * `*result` is what Monkey's loop is told then. */
static size_t receive(struct fcgi_monkey_downstream *client, int *result)
{
    ssize_t n = fcgi_monkey_downstream_receive(client, gate->scratch, SCRATCH);

    if (n > 0)
        return (size_t)n;
    *result = n < 0 && (errno == EAGAIN || errno == EINTR) ? nothing_yet()
                                                           : close_it(client);
    return 0;
}

/*
 * The core has returned from a request. A page of error of its own it sends at
 * once, and then forgets the request (monkey-traps (s)): what is behind it
 * would never be looked at, and a client that awaits the end of the connection
 * would never see it. Where it has made an end before the body has come, that
 * must not be taken for a next request.
 */
static int settle(struct fcgi_monkey_downstream *client, int result)
{
    enum fcgi_monkey_conn_state state;

    if (result < 0 || (client->phase != FCGI_MONKEY_CORE &&
                       client->phase != FCGI_MONKEY_PASSING &&
                       client->phase != FCGI_MONKEY_DRAIN))
        return result;
    state = fcgi_monkey_conn_state(&client->view);
    if (state == FCGI_MONKEY_CONN_BUSY)
        return result;
    if (state == FCGI_MONKEY_CONN_STRAND) {
        if (client->phase == FCGI_MONKEY_PASSING) {
            client->phase = FCGI_MONKEY_DRAIN;
            client->view.session->close_now = 1;
        }
        fcgi_monkey_conn_watch(gate->worker->api, &client->view,
                               MK_EVENT_WRITE);
        return result;
    }
    if (state == FCGI_MONKEY_CONN_GONE || client->phase != FCGI_MONKEY_CORE)
        return close_it(client);
    fcgi_monkey_gate_request_ended(client);
    return result;
}

/* --- requests that are not ours ----------------------------------------- */

/* How many of the bytes behind a head belong to its body. Sets whether that is
 * complete with them; false where its end cannot be told. */
static bool measure_body(struct fcgi_monkey_downstream *client,
                         const char *bytes, size_t length, size_t *used,
                         bool *complete)
{
    struct fcgi_text data;
    size_t n;

    *used = 0;
    *complete = true;
    if (client->body == FCGI_HTTP_LENGTH) {
        *used = client->body_left < length ? (size_t)client->body_left : length;
        client->body_left -= *used;
        *complete = client->body_left == 0;
    }
    while (client->body == FCGI_HTTP_CHUNKED) {
        switch (fcgi_http_chunked_feed(&client->chunked, bytes + *used,
                                       length - *used, &n, &data)) {
        case FCGI_HTTP_CHUNKED_DATA:
            *used += n;
            break;
        case FCGI_HTTP_CHUNKED_MORE:
            *used = length;
            *complete = false;
            return true;
        case FCGI_HTTP_CHUNKED_DONE:
            *used += n;
            return true;
        case FCGI_HTTP_CHUNKED_INVALID:
            return false;
        }
    }
    return true;
}

/* Keeps what is left of the input, from `used` on. */
static bool keep_rest(struct fcgi_monkey_downstream *client,
                      const struct input *input, size_t used)
{
    if (input->held) {
        fcgi_monkey_downstream_drop(client, used);
        return true;
    }
    return used == input->length ||
           fcgi_monkey_downstream_hold(client, input->bytes + used,
                                       input->length - used);
}

/* Gives the core all that there is, and from now on all that comes. `one` says
 * that it is no more than the begin of a request. */
static int let_through(struct fcgi_monkey_downstream *client,
                       const struct input *input, bool one)
{
    int result;

    client->phase = FCGI_MONKEY_THROUGH;
    client->through = true;
    result = core_reads(client, input->bytes, input->length, !one);
    if (input->held)
        fcgi_monkey_downstream_drop(client, input->length);
    return result;
}

/* Gives the core a request as it came: `head` bytes and what there is of the
 * body. */
static int pass(struct fcgi_monkey_downstream *client,
                const struct input *input, size_t head)
{
    size_t used;
    bool complete;
    int result;

    if (!measure_body(client, input->bytes + head, input->length - head, &used,
                      &complete))
        return let_through(client, input, false);
    client->phase = complete ? FCGI_MONKEY_CORE : FCGI_MONKEY_PASSING;
    result = core_reads(client, input->bytes, head + used, false);
    if (!keep_rest(client, input, head + used))
        return close_it(client);
    return settle(client, result);
}

/* --- heads --------------------------------------------------------------- */

/*
 * Has the core see a request of ours, by a short head; stage 30 then finds the
 * true one. Where the core does not get there, because another plugin has
 * answered or it has refused the request itself, a body that is still to come
 * must not be taken for a next request: it is dropped, and the connection ends
 * with the answer.
 */
static int show_core(struct fcgi_monkey_downstream *client,
                     const struct fcgi_http_head *head)
{
    const struct fcgi_http_request *request = &gate->aim.request;
    const struct mk_host_alias *alias = gate->aim.alias;
    struct fcgi_text host = {alias->name, alias->len};
    size_t length =
        fcgi_monkey_short_head(gate->core_head, gate->core_head_size, head,
                               host, request->path, !request->close);
    int result;

    if (length == 0)
        return close_it(client);
    client->phase = FCGI_MONKEY_CORE;
    gate->pending = true;
    result = core_reads(client, gate->core_head, length, false);
    gate->pending = false;
    if (client->phase == FCGI_MONKEY_CORE && head->body != FCGI_HTTP_NO_BODY) {
        client->phase = FCGI_MONKEY_DRAIN;
        client->view.session->close_now = 1;
    }
    return settle(client, result);
}

/*
 * Reads what there is of a head that is refused before it is whole: its whole
 * lines, or, of a request line that is too long, method and path.
 */
static void read_part(struct fcgi_http_head *head, const char *bytes,
                      size_t length)
{
    const char *end = memrchr(bytes, '\n', length), *blank, *query;

    if (end != NULL) {
        fcgi_http_head_parse(head, bytes, (size_t)(end - bytes) + 1,
                             gate->fields, FIELDS_MOST);
        return;
    }
    memset(head, 0, sizeof(*head));
    head->version = 11;
    end = bytes + length;
    blank = memchr(bytes, ' ', length);
    if (blank == NULL || blank + 1 == end || blank[1] != '/')
        return;
    query = memchr(blank + 1, '?', (size_t)(end - blank) - 1);
    head->method = (struct fcgi_text){bytes, (size_t)(blank - bytes)};
    head->target.path = (struct fcgi_text){
        blank + 1, (size_t)((query != NULL ? query : end) - blank) - 1};
}

/* A head is whole, or will never be, for `status`: its request goes its way. */
static int begin(struct fcgi_monkey_downstream *client,
                 const struct input *input, int status)
{
    const char *bytes = input->bytes + client->scan.begin;
    size_t length = client->scan.length;
    size_t size = length - client->scan.begin;
    struct fcgi_http_head head;
    enum fcgi_monkey_lane lane;

    if (status != 0)
        read_part(&head, bytes, size);
    else
        status =
            fcgi_http_head_parse(&head, bytes, size, gate->fields, FIELDS_MOST);
    fcgi_http_scan_init(&client->scan, gate->head_most);
    client->body = head.body;
    client->body_left = head.body_length;
    fcgi_http_chunked_init(&client->chunked);
    lane = fcgi_monkey_lane_choose(&gate->aim, client, &head, size, status);
    if (lane == FCGI_MONKEY_LANE_PASS)
        return status != 0
                   ? let_through(client, input, status == 414 || status == 431)
                   : pass(client, input, length);
    if (!keep_rest(client, input, length))
        return close_it(client);
    if (lane == FCGI_MONKEY_LANE_CORE)
        return show_core(client, &head);
    if (!fcgi_monkey_downstream_start(client, NULL, &gate->aim.request,
                                      &gate->aim.script,
                                      gate->aim.rules.params))
        return close_it(client);
    return nothing_yet();
}

/* Looks for a head in what has come. */
static int look(struct fcgi_monkey_downstream *client,
                const struct input *input)
{
    struct fcgi_http_scan *scan = &client->scan;
    size_t used;

    switch (fcgi_http_scan_feed(scan, input->bytes + scan->length,
                                input->length - scan->length, &used)) {
    case FCGI_HTTP_SCAN_MORE:
        if (!input->held &&
            !fcgi_monkey_downstream_hold(client, input->bytes, input->length))
            return close_it(client);
        return nothing_yet();
    case FCGI_HTTP_SCAN_REFUSED:
        return begin(client, input, scan->status);
    case FCGI_HTTP_SCAN_DONE:
        break;
    }
    return begin(client, input, 0);
}

static struct input held_by(const struct fcgi_monkey_downstream *client)
{
    size_t length = client->end - client->begin;

    return (struct input){length > 0 ? client->held + client->begin : "",
                          length, true};
}

static int read_head(struct fcgi_monkey_downstream *client)
{
    struct input input = held_by(client);
    size_t n;
    int result;

    /* What waits behind a request that has just ended comes first, the client's
     * end perhaps behind it. */
    if (input.length > client->scan.length)
        return look(client, &input);
    n = receive(client, &result);
    if (n == 0)
        return result;
    if (input.length == 0) {
        input = (struct input){gate->scratch, n, false};
    } else {
        if (!fcgi_monkey_downstream_hold(client, gate->scratch, n))
            return close_it(client);
        input = held_by(client);
    }
    return look(client, &input);
}

/* --- bytes, phase by phase ------------------------------------------------ */

/* More of a body that passes to the core. */
static int read_passing(struct fcgi_monkey_downstream *client)
{
    struct input input = {gate->scratch, 0, false};
    int result;

    if (client->body == FCGI_HTTP_LENGTH) {
        result = core_reads(client, NULL, 0, false);
        if (client->body_left == 0 && client->phase == FCGI_MONKEY_PASSING)
            client->phase = FCGI_MONKEY_CORE;
        return settle(client, result);
    }
    input.length = receive(client, &result);
    return input.length > 0 ? pass(client, &input, 0) : result;
}

/* The client speaks, or closes, while it is served: from now on the gateway's
 * loop watches it. */
static int disturb(struct fcgi_monkey_downstream *client)
{
    fcgi_exchange_disturbed(client->exchange);
    return nothing_yet();
}

static int drain(struct fcgi_monkey_downstream *client)
{
    int result;

    return receive(client, &result) > 0 ? nothing_yet() : result;
}

/* All passes: what is held first. */
static int read_through(struct fcgi_monkey_downstream *client)
{
    struct input input = held_by(client);

    if (input.length > 0)
        return let_through(client, &input, false);
    return core_reads(client, NULL, 0, false);
}

static int read_client(struct fcgi_monkey_downstream *client)
{
    switch (client->phase) {
    case FCGI_MONKEY_HEAD:
        return read_head(client);
    case FCGI_MONKEY_PASSING:
        return read_passing(client);
    case FCGI_MONKEY_OURS:
        return disturb(client);
    case FCGI_MONKEY_DRAIN:
        return drain(client);
    case FCGI_MONKEY_CORE: /* which it does not expect: as it would go */
    case FCGI_MONKEY_THROUGH:
        return read_through(client);
    case FCGI_MONKEY_CLOSING:
        break;
    }
    return close_it(client);
}

/* --- clients -------------------------------------------------------------- */

static struct fcgi_monkey_downstream *client_behind(struct mk_session *cs)
{
    return (struct fcgi_monkey_downstream *)((char *)cs + CLIENT_OFFSET);
}

/* The client of a connection whose handler is the gate's; NULL while Monkey's
 * family is not known. */
static struct fcgi_monkey_downstream *client_of(void *conn)
{
    struct fcgi_monkey_conn_view view;

    if (gate->family == FCGI_MONKEY_FAMILY_UNKNOWN)
        return NULL;
    fcgi_monkey_conn_view(gate->family, conn, &view);
    return client_behind(view.session);
}

struct fcgi_monkey_downstream *fcgi_monkey_gate_client(struct mk_session *cs)
{
    if (gate == NULL || gate->family == FCGI_MONKEY_FAMILY_UNKNOWN)
        return NULL;
    /* While the core reads, its connection is not as it is otherwise. */
    if (gate->reading != NULL && gate->reading->view.session == cs)
        return gate->reading;
    return fcgi_monkey_family_by_handler(cs->conn, &gate->handler) ==
                   gate->family
               ? client_behind(cs)
               : NULL;
}

/* Goes on with what is held, or in the layer, when a request has ended. */
static void resume(struct fcgi_loop_task *task)
{
    struct fcgi_monkey_downstream *client =
        FCGI_LOOP_OWNER(task, struct fcgi_monkey_downstream, resume);
    int result;

    if (client->phase != FCGI_MONKEY_HEAD)
        return;
    result = read_head(client);
    fcgi_monkey_downstream_tidy(client);
    if (result < 0 && errno != EAGAIN)
        fcgi_monkey_downstream_end(client);
    else if (client->phase != FCGI_MONKEY_HEAD &&
             client->phase != FCGI_MONKEY_OURS &&
             fcgi_monkey_conn_is_answered(&client->view))
        /* Nobody sends it, or ends it, before the descriptor is writable. */
        fcgi_monkey_conn_watch(gate->worker->api, &client->view,
                               MK_EVENT_WRITE);
}

static void on_idle(struct fcgi_monkey_downstream *client)
{
    if (client->phase == FCGI_MONKEY_HEAD &&
        (client->begin < client->end || client->more))
        fcgi_loop_defer(fcgi_gateway_loop(gate->worker->gateway),
                        &client->resume);
}

/* Remembers a client by its descriptor. False where memory is short. */
static bool remember(struct fcgi_monkey_downstream *client)
{
    size_t fd = (size_t)client->view.event->fd;

    if (fd >= gate->n_fds) {
        size_t n = (fd + 1) * 2;
        struct fcgi_monkey_downstream **larger =
            realloc(gate->by_fd, n * sizeof(struct fcgi_monkey_downstream *));

        if (larger == NULL)
            return false;
        memset(larger + gate->n_fds, 0,
               (n - gate->n_fds) * sizeof(struct fcgi_monkey_downstream *));
        gate->by_fd = larger;
        gate->n_fds = n;
    }
    gate->by_fd[fd] = client;
    return true;
}

/* The first bytes of a client have come. False where memory is short. */
static bool init(struct fcgi_monkey_downstream *client, void *conn)
{
    fcgi_monkey_downstream_init(client, gate->worker, gate->family, conn);
    client->gated = true;
    client->resume.run = resume;
    client->on_idle = on_idle;
    fcgi_http_scan_init(&client->scan, gate->head_most);
    return remember(client);
}

/* --- Monkey's callbacks --------------------------------------------------- */

static int on_read(MK_ON_CONN)
{
    struct fcgi_monkey_downstream *client;
    int result;

    if (gate->family == FCGI_MONKEY_FAMILY_UNKNOWN)
        gate->family = fcgi_monkey_family_by_handler(conn, &gate->handler);
    client = client_of(conn);
    if (client == NULL)
        return gate->core->cb_read MK_CONN_ARGS(conn, worker, config);
    if (client->worker == NULL && !init(client, conn))
        return close_it(client);
    fcgi_loop_enter(fcgi_gateway_loop(gate->worker->gateway),
                    gate->worker->api->sched_loop()->n_events >= CROWD);
    do
        result = read_client(client);
    while (client->more && (result >= 0 || errno == EAGAIN) &&
           client->phase != FCGI_MONKEY_CORE &&
           client->phase != FCGI_MONKEY_OURS &&
           client->phase != FCGI_MONKEY_CLOSING);
    fcgi_loop_leave(fcgi_gateway_loop(gate->worker->gateway));
    fcgi_monkey_downstream_tidy(client);
    return result;
}

/* The core has nothing to send (any more). */
static int on_done(MK_ON_CONN)
{
    const struct fcgi_monkey_downstream *client = client_of(conn);

    errno = 0;
    if (client != NULL && client->gated && client->phase == FCGI_MONKEY_CLOSING)
        return -1;
    return gate->core->cb_done MK_CONN_ARGS(conn, worker, config);
}

/*
 * A connection that lingers on a duplicate of its descriptor would stay in
 * epoll, which Monkey 1.6 leaves to close(): its event must not outlive it.
 */
static int on_close(MK_ON_CLOSE)
{
    struct fcgi_monkey_downstream *client = client_of(conn);

    if (client != NULL && client->worker != NULL) {
        if (client->phase == FCGI_MONKEY_CLOSING)
            fcgi_monkey_conn_leave(gate->worker->api, &client->view);
        if (client->sr == NULL)
            fcgi_monkey_downstream_abandon(client);
    }
    return gate->core->cb_close MK_CLOSE_ARGS(conn, worker, why, config);
}

/* --- the gate ------------------------------------------------------------- */

/* Whether a listener speaks HTTP/1, by a handler that is the core's own. */
static bool is_plain(const struct mk_server_listen *listener)
{
    const struct mk_sched_handler *handler = listener->protocol;

    return handler != NULL && strcmp(handler->name, "http") == 0 &&
           (size_t)handler->sched_extra_size == sizeof(struct mk_session);
}

static void replace(struct mk_server_listen *listener)
{
    if (gate->core == NULL) {
        gate->core = listener->protocol;
        gate->handler = *gate->core;
        gate->handler.cb_read = on_read;
        gate->handler.cb_done = on_done;
        gate->handler.cb_close = on_close;
        gate->handler.sched_extra_size =
            (int)(CLIENT_OFFSET + sizeof(struct fcgi_monkey_downstream));
    }
    if (gate->core == listener->protocol)
        listener->protocol = &gate->handler;
}

static void free_gate(struct fcgi_monkey_gate *one)
{
    for (size_t i = 0; i < one->n_fds; i++)
        if (one->by_fd[i] != NULL)
            free(one->by_fd[i]->held);
    free(one->by_fd);
    free(one->core_head);
    free(one->aim.file);
    free(one);
}

static struct fcgi_monkey_gate *new_gate(struct fcgi_monkey_thread *worker)
{
    struct fcgi_monkey_gate *one = calloc(1, sizeof(*one));

    if (one == NULL)
        return NULL;
    one->worker = worker;
    for (size_t i = 0; i < worker->pool->n_groups; i++) {
        size_t most = worker->pool->groups[i].config->max_request_header_size;

        one->head_most = most > one->head_most ? most : one->head_most;
        worker->head_least =
            i == 0 || most < worker->head_least ? most : worker->head_least;
    }
    one->core_head_size = 4 * one->head_most + 1024;
    one->core_head = malloc(one->core_head_size);
    worker->recall = fcgi_monkey_recall_new();
    one->aim.file = malloc(FCGI_MONKEY_LANE_FILE(one->head_most));
    if (one->core_head == NULL || one->aim.file == NULL ||
        worker->recall == NULL) {
        free_gate(one);
        return NULL;
    }
    return one;
}

/* Whether there are entries in one of Monkey's lists of stages beside ours. */
static bool has_others(const struct mk_list *stages)
{
    return stages->next != stages && stages->next->next != stages;
}

/* Puts the gate up; returns why that cannot be, or NULL. */
static const char *put_up(struct fcgi_monkey_thread *worker)
{
    const struct mk_worker *thread = worker->api->sched_worker_info();
    const struct mk_list *node;

    if (worker->config->scheduler_mode != MK_SCHEDULER_REUSEPORT ||
        thread == NULL || thread->listeners == NULL)
        return "the workers of this Monkey do not listen themselves (it is "
               "built for kernels without SO_REUSEPORT)";
    gate = new_gate(worker);
    if (gate == NULL)
        return "out of memory";
    worker->gate = gate;
    worker->free_gate = free_gate;
    worker->others = has_others(&worker->config->stage20_handler) ||
                     has_others(&worker->config->stage40_handler);
    for (node = thread->listeners->next; node != thread->listeners;
         node = node->next) {
        struct mk_server_listen *listener =
            MK_ENTRY(node, struct mk_server_listen, head);

        if (is_plain(listener))
            replace(listener);
    }
    return gate->core != NULL ? NULL : "no listener speaks plain HTTP/1";
}

void fcgi_monkey_gate_put_up(void)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    struct fcgi_monkey_thread *worker = fcgi_monkey_thread_self();
    const char *switched = getenv("FCGI_GATE"), *why;
    char line[256];

    if (worker == NULL || worker->gate_asked)
        return;
    worker->gate_asked = true;
    why = switched != NULL && strcmp(switched, "off") == 0
              ? "FCGI_GATE is off in the environment"
              : put_up(worker);
    if (why == NULL || atomic_flag_test_and_set(&told))
        return;
    snprintf(line, sizeof(line),
             "requests are read by Monkey's core before this plugin sees them: "
             "%s; see \"Without the gate\" in fastcgi.conf(5)",
             why);
    fcgi_monkey_log(FCGI_LOG_WARNING, line);
}

struct fcgi_monkey_aim *
fcgi_monkey_gate_pending(const struct fcgi_monkey_downstream *client)
{
    return client != NULL && gate->reading == client && gate->pending
               ? &gate->aim
               : NULL;
}

void fcgi_monkey_gate_request_ended(struct fcgi_monkey_downstream *client)
{
    if (client->phase == FCGI_MONKEY_CORE)
        client->phase = FCGI_MONKEY_HEAD;
    on_idle(client);
}

void fcgi_monkey_gate_forget(int fd)
{
    struct fcgi_monkey_downstream *client;

    if (gate == NULL || fd < 0 || (size_t)fd >= gate->n_fds)
        return;
    client = gate->by_fd[fd];
    if (client == NULL)
        return;
    gate->by_fd[fd] = NULL;
    fcgi_loop_cancel(fcgi_gateway_loop(gate->worker->gateway), &client->resume);
    fcgi_monkey_downstream_free(client);
}
