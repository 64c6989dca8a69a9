/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin for Monkey 1.8 that does what a handler had better not do there, or
 * shows what it had better not trust: t/e2e/bite18.t, on Monkey 1.8.9 and on
 * fcgi-serve alike. /NAME.px chooses the action; every call that the host makes
 * is told in its log, as "badplugin: ...".
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monkey/abi.h"

static const struct mk_api *api;

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    char line[256];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    api->log(MK_LOG_INFO, "badplugin: %s", line);
}

static int is(const struct mk_request *sr, const char *name)
{
    return sr->uri_processed.len >= strlen(name) &&
           memcmp(sr->uri_processed.data, name, strlen(name)) == 0;
}

static int body(struct mk_session *cs, struct mk_request *sr)
{
    const char *behind = cs->body + cs->parser.i + 1;
    long n = (long)cs->body_length - cs->parser.i - 1;
    char text[64];

    snprintf(text, sizeof(text), "%.*s", n > 0 ? (int)n : 0, behind);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\r' || *at == '\n')
            *at = '.';
    tell("length %ld, chunked %d, data %s, behind [%s]",
         cs->parser.header_content_length,
         cs->parser.header_transfer_encoding & 1,
         cs->parser.header_content_length > 0 && sr->data.data != NULL
             ? "there"
             : "untouched",
         text);
    return MK_CONTINUE;
}

/* What ev_add() and ev_del() make of the event of the connection. */
static int events(struct mk_session *cs)
{
    struct mk_event *event = &cs->conn->event;
    struct mk_event_loop *loop = api->sched_loop();
    int result;

    result = api->ev_del(loop, event);
    tell("del %d: mask %u, status %d", result, event->mask, event->status);
    tell("again: %d", api->ev_del(loop, event));
    result =
        api->ev_add(loop, event->fd, MK_EVENT_CONNECTION, MK_EVENT_READ, event);
    tell("add %d: mask %u, status %d", result, event->mask, event->status);
    return MK_CONTINUE;
}

/* More than sockets hold, as bytes that the core is to send. */
static int raw(struct mk_request *sr)
{
    static char page[32 << 20];
    static struct mk_stream_input input;
    struct mk_list *inputs = &sr->stream.inputs;

    memset(&input, 0, sizeof(input));
    input.type = MK_STREAM_RAW;
    input.buffer = page;
    input.bytes_total = sizeof(page);
    input.stream = &sr->stream;
    input.head.prev = inputs->prev;
    input.head.next = inputs;
    inputs->prev->next = &input.head;
    inputs->prev = &input.head;
    sr->headers.content_length = sizeof(page);
    return MK_CONTINUE;
}

static int stage30(struct mk_plugin *plugin, struct mk_session *cs,
                   struct mk_request *sr, int n, struct mk_list *params)
{
    (void)plugin;
    (void)n;
    (void)params;
    tell("stage30 %.*s, status %d, fields %d", (int)sr->uri.len, sr->uri.data,
         sr->headers.status, cs->parser.headers_extra_count);
    errno = 0;
    if (is(sr, "/bare."))
        return MK_CONTINUE; /* without a status */
    sr->headers.status = 200;
    sr->headers.content_length = 0;
    if (is(sr, "/conx."))
        return MK_CLOSE_CONX;
    if (is(sr, "/body."))
        return body(cs, sr);
    if (is(sr, "/events."))
        return events(cs);
    if (is(sr, "/raw."))
        return raw(sr);
    if (is(sr, "/time."))
        tell("%d", api->time_unix(NULL)); /* without what it needs */
    return MK_CONTINUE;
}

static int hangup(struct mk_plugin *plugin, struct mk_session *cs,
                  struct mk_request *sr)
{
    (void)plugin;
    (void)cs;
    tell("hangup%s", sr->handler_data != NULL ? "" : " without handler_data");
    return 0;
}

static int stage40(struct mk_session *cs, struct mk_request *sr)
{
    (void)cs;
    tell("stage40 %d", sr->headers.status);
    return 0;
}

static int stage50(int fd)
{
    (void)fd;
    tell("stage50");
    return MK_NOT_ME;
}

static int init(struct mk_plugin *plugin, char *confdir)
{
    api = plugin->api;
    tell("confdir %s, config %s", confdir,
         api->config == NULL ? "NULL" : "there");
    tell("stream_new %s, socket_close %s",
         api->stream_new == NULL ? "NULL" : "there",
         api->never_filled_in_1[0] == NULL ? "NULL" : "there");
    return getenv("FCGI_BADPLUGIN_FAILS") != NULL ? -1 : 0;
}

static int leave(struct mk_plugin *plugin)
{
    (void)plugin;
    return 0;
}

static struct mk_stage stage = {
    .stage30 = stage30,
    .stage30_hangup = hangup,
    .stage40 = stage40,
    .stage50 = stage50,
};

__attribute__((
    visibility("default"))) struct mk_plugin mk_plugin_badplugin18 = {
    .shortname = "badplugin",
    .name = "Probe",
    .version = "1",
    .hooks = MK_HOOK_STAGE,
    .init_plugin = init,
    .exit_plugin = leave,
    .stage = &stage,
};
