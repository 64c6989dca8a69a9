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

#include "probe.h"

/* --- pieces ---------------------------------------------------------------*/

static int watch(struct mk_session *cs, uint32_t mask)
{
    struct mk_conn_b *conn = cs->conn;

    return probe_api->ev_add(probe_api->sched_loop(), conn->event.fd,
                             MK_EVENT_CONNECTION, mask, conn);
}

/* The recommended take-over, as the plugin does it: trap (j). */
void probe_take(struct mk_session *cs)
{
    struct mk_conn_b *conn = cs->conn;

    conn->event.status = MK_EVENT_REGISTERED;
    probe_api->ev_del(probe_api->sched_loop(), &conn->event);
    conn->event.mask = 2;
    conn->event.status = MK_EVENT_REGISTERED;
    probe_job.taken = true;
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
    probe_tell("ending");
    r = probe_api->http_request_end(cs, (int)close);
    probe_tell("ended %d", r);
    return r;
}

/* The head by header_prepare(), and a body, into the channel. */
static void queue(struct mk_session *cs, struct mk_request *sr,
                  const char *body)
{
    static char type[] = "Content-Type: text/plain\r\n";
    char copy[64];

    snprintf(copy, sizeof(copy), "%s", body);
    sr->headers.status = (int)probe_job.status;
    sr->headers.content_length = probe_job.cl;
    sr->headers.cgi = (int)probe_job.cgi;
    sr->headers.connection = (int)probe_job.connection;
    if (probe_job.chunked)
        sr->headers.transfer_encoding = 0;
    sr->headers.content_type = (struct mk_ptr){type, sizeof(type) - 1};
    probe_api->header_prepare(cs, sr);
    if (copy[0] == '\0')
        return; /* such a stream would never end */
    probe_api->stream_set(NULL, MK_STREAM_COPYBUF, cs->channel, copy,
                          strlen(copy), NULL, NULL, NULL, NULL);
}

/* --- steps ----------------------------------------------------------------*/

/* A whole answer past the channel, and the end of the request. */
void probe_answer(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_conn_b *conn = cs->conn;
    long arm = probe_job.arm, close = probe_job.close;
    char text[sizeof(probe_job.text) + 128];
    int n = snprintf(text, sizeof(text),
                     "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                     probe_job.length, probe_job.text);

    /* The second is worth a SIGPIPE. */
    if (conn->net->write(conn->event.fd, text, (size_t)n) < 0 &&
        conn->net->write(conn->event.fd, text, (size_t)n) < 0)
        probe_tell("write fails twice");
    sr->headers.status = (int)probe_job.status;
    sr->headers.content_length = (long)probe_job.length;
    if (probe_job.cut)
        cs->body_length = (unsigned int)cs->parser.i + 1;
    if (probe_job.fix > 1)
        cs->parser.i += (int)probe_job.fix;
    else if (probe_job.fix)
        cs->parser.i = (int)(sr->data.data - cs->body +
                             cs->parser.header_content_length - 1);
    if (probe_job.taken)
        give(cs, close != 0);
    if (end(cs, sr, close) == 1 && arm)
        watch(cs, MK_EVENT_WRITE);
    errno = 0;
}

static void leave_errno(struct mk_session *cs, struct mk_request *sr)
{
    (void)cs;
    (void)sr;
    probe_tell("tick");
    errno = EAGAIN;
}

static void drain_end(struct mk_session *cs, struct mk_request *sr)
{
    end(cs, sr, 0);
}

static void drain_begin(struct mk_session *cs, struct mk_request *sr)
{
    probe_later(cs, sr, 100, drain_end);
    probe_job.cl = 11;
    queue(cs, sr, "hello ");
    watch(cs, MK_EVENT_WRITE);
}

static void end_queued(struct mk_session *cs, struct mk_request *sr)
{
    static char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\npx\n";

    probe_api->stream_set(NULL, MK_STREAM_COPYBUF, cs->channel, text,
                          sizeof(text) - 1, NULL, NULL, NULL, NULL);
    if (end(cs, sr, probe_job.close) >= 0)
        watch(cs, MK_EVENT_WRITE);
}

/* --- deeds: what stage 30 does, by the name in the URI --------------------*/

static int plain(struct mk_session *cs, struct mk_request *sr)
{
    probe_put("px\n");
    probe_later(cs, sr, probe_job.delay, probe_answer);
    return MK_CONTINUE;
}

static int taken(struct mk_session *cs, struct mk_request *sr)
{
    probe_take(cs);
    return plain(cs, sr);
}

static int eagain(struct mk_session *cs, struct mk_request *sr)
{
    probe_later(cs, sr, 1, leave_errno);
    return MK_CONTINUE;
}

static int drain(struct mk_session *cs, struct mk_request *sr)
{
    probe_later(cs, sr, 1, drain_begin);
    return MK_CONTINUE;
}

static int queued(struct mk_session *cs, struct mk_request *sr)
{
    probe_later(cs, sr, 1, end_queued);
    return MK_CONTINUE;
}

static int asleep(struct mk_session *cs, struct mk_request *sr)
{
    sr->handler_data = &probe_job;
    probe_tell("sleep %d", watch(cs, MK_EVENT_SLEEP));
    return MK_CONTINUE;
}

static int channel(struct mk_session *cs, struct mk_request *sr)
{
    queue(cs, sr, sr->method == MK_METHOD_HEAD ? "" : "px\n");
    return MK_END;
}

static int twice(struct mk_session *cs, struct mk_request *sr)
{
    probe_api->header_prepare(cs, sr);
    return channel(cs, sr);
}

static int rows(struct mk_session *cs, struct mk_request *sr)
{
    static char row[] = "X-Row: x";

    for (long i = probe_arg(sr, "rows", 1); i > 0; i--)
        probe_api->header_add(sr, row, sizeof(row) - 1);
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
    sr->headers.status = (int)probe_arg(sr, "status", 0);
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
    probe_api->http_request_error((int)probe_job.status, cs, sr);
    return MK_CONTINUE;
}

static void on_eof(struct mk_stream *stream)
{
    (void)stream;
    probe_tell("eof");
}

static int eof(struct mk_session *cs, struct mk_request *sr)
{
    (void)sr;
    probe_api->stream_set(NULL, MK_STREAM_EOF, cs->channel, NULL, 0, NULL,
                          on_eof, NULL, NULL);
    return MK_CONTINUE;
}

/* ev_add() and ev_del() look at the status, and change it in one case only. */
static int events(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_event_loop *loop = probe_api->sched_loop();
    struct mk_event *event = &((struct mk_conn_b *)cs->conn)->event;
    uint8_t before = event->status;

    probe_tell("status %d: del %d", before, probe_api->ev_del(loop, event));
    event->status = MK_EVENT_REGISTERED;
    probe_tell("status 2: add %d", watch(cs, MK_EVENT_READ));
    probe_tell("status 2: del %d", probe_api->ev_del(loop, event));
    probe_tell("status %d, mask %d", event->status, (int)event->mask);
    probe_tell("old mask: add %d", watch(cs, MK_EVENT_READ));
    event->mask = MK_EVENT_EMPTY;
    probe_tell("no mask: add %d", watch(cs, MK_EVENT_READ));
    return plain(cs, sr);
}

static struct mk_event *pair[2];

static int on_pair(void *event)
{
    struct mk_event *other = pair[event == pair[0]];

    probe_tell("one of two runs");
    for (int i = 0; i < 2; i++)
        close(pair[i]->fd);
    probe_api->sched_event_free(other);
    probe_api->sched_event_free(other); /* passed over since 1.6.7 */
    probe_api->sched_event_free(event);
    errno = 0;
    return 0;
}

/* Two events of one batch, of which the first to run frees the other. */
static int free_event(struct mk_session *cs, struct mk_request *sr)
{
    for (int i = 0; i < 2; i++) {
        pair[i] = probe_api->mem_alloc_z(sizeof(**pair));
        pair[i]->status = MK_EVENT_NONE;
        pair[i]->handler = on_pair;
        probe_api->ev_add(probe_api->sched_loop(), eventfd(1, EFD_CLOEXEC),
                          MK_EVENT_CUSTOM, MK_EVENT_READ, pair[i]);
    }
    probe_job.delay = 50;
    return plain(cs, sr);
}

static int foreign(struct mk_session *cs, struct mk_request *sr)
{
    probe_api->mem_free(malloc(64));
    return plain(cs, sr);
}

static const struct {
    const char *name;
    int (*run)(struct mk_session *cs, struct mk_request *sr);
} deeds[] = {
    {"/plain.", plain},     {"/taken.", taken},   {"/eagain.", eagain},
    {"/drain.", drain},     {"/queued.", queued}, {"/asleep.", asleep},
    {"/chan.", channel},    {"/twice.", twice},   {"/nothing.", nothing},
    {"/conx.", conx},       {"/notme.", not_me},  {"/error.", error},
    {"/eof.", eof},         {"/events.", events}, {"/free.", free_event},
    {"/foreign.", foreign}, {"/rows.", rows},
};

int probe_deed(struct mk_session *cs, struct mk_request *sr)
{
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        if (strncmp(sr->uri_processed.data, deeds[i].name,
                    strlen(deeds[i].name)) == 0) {
            probe_job.length = 0;
            errno = 0;
            return deeds[i].run(cs, sr);
        }
    }
    return probe_look(cs, sr);
}
