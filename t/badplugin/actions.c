/* SPDX-License-Identifier: Apache-2.0
 *
 * What a handler had better not do. A name in the URI chooses, see the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "badplugin.h"

/* --- pieces ---------------------------------------------------------------*/

static int watch(struct mk_session *cs, uint32_t mask)
{
    struct mk_conn_b *conn = cs->conn;

    return badplugin_api->ev_add(badplugin_api->sched_loop(), conn->event.fd,
                                 MK_EVENT_CONNECTION, mask, conn);
}

/* The recommended take-over, as the plugin does it: trap (j). */
void badplugin_take(struct mk_session *cs)
{
    struct mk_conn_b *conn = cs->conn;

    conn->event.status = MK_EVENT_REGISTERED;
    badplugin_api->ev_del(badplugin_api->sched_loop(), &conn->event);
    conn->event.mask = 2;
    conn->event.status = MK_EVENT_REGISTERED;
    badplugin_job.taken = true;
}

static void give(struct mk_session *cs, bool close)
{
    struct mk_conn_b *conn = cs->conn;

    conn->event.status = MK_EVENT_NONE;
    conn->event.mask = MK_EVENT_EMPTY;
    if (!close)
        watch(cs, MK_EVENT_READ);
}

static int end(struct mk_session *cs, struct mk_request *sr, long close)
{
    int r;

    sr->handler_data = NULL;
    badplugin_tell("ending");
    r = badplugin_api->http_request_end(cs, (int)close);
    badplugin_tell("ended %d", r);
    return r;
}

/* The head by header_prepare(), and a body, into the channel. */
static void queue(struct mk_session *cs, struct mk_request *sr,
                  const char *body)
{
    static char type[] = "Content-Type: text/plain\r\n";
    char copy[64];

    snprintf(copy, sizeof(copy), "%s", body);
    sr->headers.status = (int)badplugin_job.status;
    sr->headers.content_length = badplugin_job.cl;
    sr->headers.cgi = (int)badplugin_job.cgi;
    sr->headers.connection = (int)badplugin_job.connection;
    if (badplugin_job.chunked)
        sr->headers.transfer_encoding = 0;
    sr->headers.content_type = (struct mk_ptr){type, sizeof(type) - 1};
    badplugin_api->header_prepare(cs, sr);
    if (copy[0] == '\0')
        return; /* such a stream would never end */
    badplugin_api->stream_set(NULL, MK_STREAM_COPYBUF, cs->channel, copy,
                              strlen(copy), NULL, NULL, NULL, NULL);
}

/* --- steps ----------------------------------------------------------------*/

/* A whole answer past the channel, and the end of the request. */
void badplugin_answer(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_conn_b *conn = cs->conn;
    long arm = badplugin_job.arm, close = badplugin_job.close;
    char text[sizeof(badplugin_job.text) + 128];
    int n = snprintf(text, sizeof(text),
                     "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                     badplugin_job.length, badplugin_job.text);

    /* The second is worth a SIGPIPE. */
    if (conn->net->write(conn->event.fd, text, (size_t)n) < 0 &&
        conn->net->write(conn->event.fd, text, (size_t)n) < 0)
        badplugin_tell("write fails twice");
    sr->headers.status = (int)badplugin_job.status;
    sr->headers.content_length = (long)badplugin_job.length;
    if (badplugin_job.cut)
        cs->body_length = (unsigned int)cs->parser.i + 1;
    if (badplugin_job.fix > 1)
        cs->parser.i += (int)badplugin_job.fix;
    else if (badplugin_job.fix)
        cs->parser.i = (int)(sr->data.data - cs->body +
                             cs->parser.header_content_length - 1);
    if (badplugin_job.taken)
        give(cs, close != 0);
    if (end(cs, sr, close) == 1 && arm)
        watch(cs, MK_EVENT_WRITE);
    errno = 0;
}

static void leave_errno(struct mk_session *cs, struct mk_request *sr)
{
    (void)cs;
    (void)sr;
    badplugin_tell("tick");
    errno = EAGAIN;
}

static void drain_end(struct mk_session *cs, struct mk_request *sr)
{
    end(cs, sr, 0);
}

static void drain_begin(struct mk_session *cs, struct mk_request *sr)
{
    badplugin_later(cs, sr, 100, drain_end);
    badplugin_job.cl = 11;
    queue(cs, sr, "hello ");
    watch(cs, MK_EVENT_WRITE);
}

static void end_queued(struct mk_session *cs, struct mk_request *sr)
{
    static char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\npx\n";

    badplugin_api->stream_set(NULL, MK_STREAM_COPYBUF, cs->channel, text,
                              sizeof(text) - 1, NULL, NULL, NULL, NULL);
    if (end(cs, sr, badplugin_job.close) >= 0)
        watch(cs, MK_EVENT_WRITE);
}

/* --- actions: what stage 30 does, by the name in the URI ------------------ */

static int plain(struct mk_session *cs, struct mk_request *sr)
{
    badplugin_put("px\n");
    badplugin_later(cs, sr, badplugin_job.delay, badplugin_answer);
    return MK_CONTINUE;
}

static int taken(struct mk_session *cs, struct mk_request *sr)
{
    badplugin_take(cs);
    return plain(cs, sr);
}

static int eagain(struct mk_session *cs, struct mk_request *sr)
{
    badplugin_later(cs, sr, 1, leave_errno);
    return MK_CONTINUE;
}

static int drain(struct mk_session *cs, struct mk_request *sr)
{
    badplugin_later(cs, sr, 1, drain_begin);
    return MK_CONTINUE;
}

static int queued(struct mk_session *cs, struct mk_request *sr)
{
    badplugin_later(cs, sr, 1, end_queued);
    return MK_CONTINUE;
}

static int asleep(struct mk_session *cs, struct mk_request *sr)
{
    sr->handler_data = &badplugin_job;
    badplugin_tell("sleep %d", watch(cs, MK_EVENT_SLEEP));
    return MK_CONTINUE;
}

static int channel(struct mk_session *cs, struct mk_request *sr)
{
    queue(cs, sr, sr->method == MK_METHOD_HEAD ? "" : "px\n");
    return MK_END;
}

static int twice(struct mk_session *cs, struct mk_request *sr)
{
    badplugin_api->header_prepare(cs, sr);
    return channel(cs, sr);
}

static int rows(struct mk_session *cs, struct mk_request *sr)
{
    static char row[] = "X-Row: x";

    for (long i = badplugin_arg(sr, "rows", 1); i > 0; i--)
        badplugin_api->header_add(sr, row, sizeof(row) - 1);
    return channel(cs, sr);
}

static int nothing(struct mk_session *cs, struct mk_request *sr)
{
    (void)cs;
    (void)sr;
    return MK_END;
}

static int conx(struct mk_session *cs, struct mk_request *sr)
{
    (void)cs;
    sr->headers.status = (int)badplugin_arg(sr, "status", 0);
    return MK_CLOSE_CONX;
}

static int not_me(struct mk_session *cs, struct mk_request *sr)
{
    (void)cs;
    (void)sr;
    return MK_NOT_ME;
}

static int error(struct mk_session *cs, struct mk_request *sr)
{
    badplugin_api->http_request_error((int)badplugin_job.status, cs, sr);
    return MK_CONTINUE;
}

static void on_eof(struct mk_stream *stream)
{
    (void)stream;
    badplugin_tell("eof");
}

static int eof(struct mk_session *cs, struct mk_request *sr)
{
    (void)sr;
    badplugin_api->stream_set(NULL, MK_STREAM_EOF, cs->channel, NULL, 0, NULL,
                              on_eof, NULL, NULL);
    return MK_CONTINUE;
}

/* ev_add() and ev_del() look at the status, and change it in one case only. */
static int events(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_event_loop *loop = badplugin_api->sched_loop();
    struct mk_event *event = &((struct mk_conn_b *)cs->conn)->event;
    uint8_t before = event->status;

    badplugin_tell("status %d: del %d", before,
                   badplugin_api->ev_del(loop, event));
    event->status = MK_EVENT_REGISTERED;
    badplugin_tell("status 2: add %d", watch(cs, MK_EVENT_READ));
    badplugin_tell("status 2: del %d", badplugin_api->ev_del(loop, event));
    badplugin_tell("status %d, mask %d", event->status, (int)event->mask);
    badplugin_tell("old mask: add %d", watch(cs, MK_EVENT_READ));
    event->mask = MK_EVENT_EMPTY;
    badplugin_tell("no mask: add %d", watch(cs, MK_EVENT_READ));
    return plain(cs, sr);
}

static struct mk_event *pair[2];

static int on_pair(void *event)
{
    struct mk_event *other = pair[event == pair[0]];

    badplugin_tell("one of two runs");
    for (int i = 0; i < 2; i++)
        close(pair[i]->fd);
    badplugin_api->sched_event_free(other);
    badplugin_api->sched_event_free(other); /* passed over since 1.6.7 */
    badplugin_api->sched_event_free(event);
    errno = 0;
    return 0;
}

/* Two events of one batch, of which the first to run frees the other. */
static int free_event(struct mk_session *cs, struct mk_request *sr)
{
    for (int i = 0; i < 2; i++) {
        pair[i] = badplugin_api->mem_alloc_z(sizeof(**pair));
        pair[i]->status = MK_EVENT_NONE;
        pair[i]->handler = on_pair;
        badplugin_api->ev_add(badplugin_api->sched_loop(),
                              eventfd(1, EFD_CLOEXEC), MK_EVENT_CUSTOM,
                              MK_EVENT_READ, pair[i]);
    }
    badplugin_job.delay = 50;
    return plain(cs, sr);
}

static int foreign(struct mk_session *cs, struct mk_request *sr)
{
    badplugin_api->mem_free(malloc(64));
    return plain(cs, sr);
}

static const struct {
    const char *name;
    int (*run)(struct mk_session *cs, struct mk_request *sr);
} actions[] = {
    {"/plain.", plain},     {"/taken.", taken},   {"/eagain.", eagain},
    {"/drain.", drain},     {"/queued.", queued}, {"/asleep.", asleep},
    {"/chan.", channel},    {"/twice.", twice},   {"/nothing.", nothing},
    {"/conx.", conx},       {"/notme.", not_me},  {"/error.", error},
    {"/eof.", eof},         {"/events.", events}, {"/free.", free_event},
    {"/foreign.", foreign}, {"/rows.", rows},
};

int badplugin_action(struct mk_session *cs, struct mk_request *sr)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strncmp(sr->uri_processed.data, actions[i].name,
                    strlen(actions[i].name)) == 0) {
            badplugin_job.length = 0;
            errno = 0;
            return actions[i].run(cs, sr);
        }
    }
    return badplugin_look(cs, sr);
}
