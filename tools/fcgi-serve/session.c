/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions: what is read from a client, and when it is a request.
 *
 * All that comes is appended to cs->body, also while a handler is at work;
 * there is one request structure per session, and everything in it points into
 * that buffer. When the buffer has to grow its bytes may move, and what already
 * points into it then points into memory that is free: Monkey reads and writes
 * there, and as a rule finds what it looks for, or answers 400. Here the block
 * always moves, and the old one reads as a pattern, for the core as for
 * plugins.
 */
#include <errno.h>
#include <string.h>

#include "http.h"
#include "log.h"
#include "mem.h"
#include "serve.h"
#include "worker.h"

#define PATTERN 0xdd

static void session_init(struct mk_session *cs, void *conn)
{
    cs->sched_init = 1;
    cs->pipelined = 0;
    cs->counter_connections = 0;
    cs->close_now = 0;
    cs->socket = serve_conn_event(conn)->fd;
    cs->status = MK_SESSION_INCOMPLETE;
    cs->channel = serve_conn_channel(conn);
    cs->conn = conn;
    cs->init_time = *(time_t *)serve_at(conn, serve.layout->conn_arrive);
    cs->body = cs->body_fixed;
    cs->body_size = MK_REQUEST_CHUNK;
    cs->body_length = 0;
#if MK_ABI == 18
    cs->server = &serve.config;
#endif
    serve_list_init(&cs->request_list);
    serve_parse_init(cs);
}

static void hang_up(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_plugin *handler = sr->stage30_handler;

    if (handler == NULL)
        return;
    if (handler->stage->stage30_hangup == NULL) {
        serve_err("plugin %s has no stage30_hangup", handler->name);
        return;
    }
    handler->stage->stage30_hangup(handler, cs, sr);
}

void serve_session_forget(struct mk_session *cs)
{
    struct serve_client *client = serve_client(cs);

    client->moved = false;
    while (client->left_count > 0)
        serve_mem_free(client->left[--client->left_count]);
}

static void free_body(struct mk_session *cs)
{
    if (cs->body != cs->body_fixed)
        serve_mem_free(cs->body);
    serve_session_forget(cs);
}

void serve_session_remove(struct mk_session *cs)
{
    if (!cs->sched_init)
        return;
    for (SERVE_EACH(struct mk_request, sr, head, &cs->request_list))
        hang_up(cs, sr);
    free_body(cs);
    serve_request_free_all(cs);
    serve_list_del(&cs->request_list);
    cs->sched_init = 0;
}

void serve_session_discard(struct mk_session *cs)
{
    if (!cs->sched_init)
        return;
    serve_request_free_all(cs);
    free_body(cs);
    cs->sched_init = 0;
}

/* Ends a session whose request cannot even be read. */
static void premature_close(struct mk_session *cs, int status)
{
    struct mk_request *sr = &cs->sr_fixed;

    if (serve_list_empty(&cs->request_list)) {
        memset(sr, 0, sizeof(*sr));
        serve_request_init(cs, sr);
        serve_list_add(&sr->head, &cs->request_list);
    }
    serve_http_error(status, cs, sr);
    if (cs->sched_init) /* 1.8 may have ended the session by now */
        serve_stage40(cs, sr);
    serve_stage50(cs->socket);
    serve_session_remove(cs);
}

/* Moves cs->body to a block of size bytes. The block that it leaves stays for a
 * while, as a pattern. */
static void grow(struct mk_session *cs, unsigned int size)
{
    struct serve_client *client = serve_client(cs);
    const unsigned int most = sizeof(client->left) / sizeof(client->left[0]);
    char *old = cs->body;

    cs->body = serve_mem_alloc(size + 1);
    memcpy(cs->body, old, cs->body_length);
    if (old != cs->body_fixed) {
        memset(old, PATTERN, cs->body_size + 1);
        if (client->left_count == most)
            serve_mem_free(client->left[--client->left_count]);
        client->left[client->left_count++] = old;
    }
    client->moved = true;
    cs->body_size = size;
}

/* Sees to it that there is space in cs->body. */
static int make_space(struct mk_session *cs, const struct mk_network *net)
{
    unsigned int size = cs->body_size + (unsigned int)net->buffer_size;

    if (cs->body_length < cs->body_size)
        return 0;
    if (size > (unsigned int)serve.config.max_request_size) {
        premature_close(cs, 413);
        return -1;
    }
    grow(cs, size);
    return 0;
}

/* Appends what is there to cs->body: > 0, or -1 to close the connection. A
 * layer that has more than there was space for returns more than that: trap
 * (m). */
static int receive(struct mk_session *cs, void *conn)
{
    struct mk_network *net = serve_conn_net(conn);
    int space, bytes, total = 0;

    do {
        if (make_space(cs, net) < 0)
            return -1;
        space = (int)(cs->body_size - cs->body_length);
        bytes = SERVE_NET(net, read, serve_conn_event(conn)->fd,
                          cs->body + cs->body_length, space);
        if (bytes == 0)
            errno = 0;
        if (bytes <= 0)
            return -1;
        cs->body_length += (unsigned int)(bytes < space ? bytes : space);
        cs->body[cs->body_length] = '\0';
        total += bytes < space ? bytes : space;
    } while (bytes > space);
    return total;
}

/* A request is complete. -1 if it was so before: trap (b). */
static int begin(struct mk_session *cs, struct mk_request *sr, void *conn)
{
    if (cs->status == MK_SESSION_COMPLETED) {
        serve_session_remove(cs);
        return -1;
    }
    cs->status = MK_SESSION_COMPLETED;
    if (!serve.layout->handler_times_out)
        serve_conn_timeout_del(conn);
    serve_request_prepare(cs, sr);
    return 0;
}

int serve_session_read(void *conn, struct mk_worker *worker SERVE_CONFIG)
{
    struct mk_session *cs = serve_session(conn);
    struct mk_request *sr = &cs->sr_fixed;
    size_t count;
    int bytes;
    int r;

    (void)worker;
    SERVE_UNUSED_CONFIG;
    if (!cs->sched_init)
        session_init(cs, conn);
    bytes = receive(cs, conn);
    if (bytes <= 0)
        return bytes;
    if (serve_list_empty(&cs->request_list)) {
        serve_list_add(&sr->head, &cs->request_list);
        serve_request_init(cs, sr);
    }
    r = serve_parse(cs, sr);
    if (r == SERVE_PARSE_OK && begin(cs, sr, conn) < 0)
        return -1;
    if (r == SERVE_PARSE_ERROR) {
        if (!serve_list_empty(serve_channel_streams(cs->channel)))
            serve_channel_write(cs->channel, &count);
        serve_session_remove(cs);
        return -1;
    }
    return bytes;
}

int serve_session_close(void *conn, struct mk_worker *worker,
                        int why SERVE_CONFIG)
{
    (void)worker;
    SERVE_UNUSED_CONFIG;
    (void)why;
    serve_session_remove(serve_session(conn));
    return 0;
}

/* The channel has run dry, so the request must be over. */
int serve_session_done(void *conn, struct mk_worker *worker SERVE_CONFIG)
{
    struct mk_session *cs = serve_session(conn);

    (void)worker;
    SERVE_UNUSED_CONFIG;
    if (serve_list_empty(&cs->request_list))
        serve_trap_abort("e",
                         "stage 40 of a request that has ended already: "
                         "something was in the channel at http_request_end()");
    serve_stage40(cs, MK_ENTRY(cs->request_list.next, struct mk_request, head));
    return serve_request_end(cs);
}
