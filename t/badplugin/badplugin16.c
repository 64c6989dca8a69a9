/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin for Monkey 1.6 that does what a handler had better not do, or
 * looks at what it had better not trust: t/e2e/bite.t and bite_fields.t show
 * with it that each trap of t/TRAPS.md bites, in Monkey 1.6.9 and in
 * fcgi-serve alike.
 *
 * /NAME.px?ARG=NUMBER&... chooses the action and its details, see actions.c and
 * read_args(). Every call that the host makes is told in the host's log, as
 * "badplugin: ...". There is one timer and one thing to do when it fires, so
 * the host must have one worker, and a test one request that waits.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "badplugin.h"

struct mk_api *badplugin_api;
static struct mk_event *timer;
static int timer_fd = -1;

struct badplugin_job badplugin_job;

void badplugin_tell(const char *format, ...)
{
    int saved = errno;
    char line[256];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    badplugin_api->log(MK_LOG_INFO, "badplugin: %s", line);
    errno = saved;
}

void badplugin_put(const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(badplugin_job.text + badplugin_job.length,
                  sizeof(badplugin_job.text) - badplugin_job.length, format,
                  args);
    va_end(args);
    badplugin_job.length += (size_t)n;
    if (badplugin_job.length >= sizeof(badplugin_job.text))
        badplugin_job.length = sizeof(badplugin_job.text) - 1;
}

/* A number out of the query, which is found by its position: trap (t). */
long badplugin_arg(const struct mk_request *sr, const char *name,
                   long otherwise)
{
    const char *from = sr->uri.data + sr->uri.len + 1;
    const char *end = sr->protocol_p.data - 1;
    size_t length = strlen(name);

    for (; from + length < end; from++)
        if (memcmp(from, name, length) == 0 && from[length] == '=')
            return strtol(from + length + 1, NULL, 10);
    return otherwise;
}

static void read_args(const struct mk_request *sr)
{
    memset(&badplugin_job, 0, sizeof(badplugin_job));
    badplugin_job.delay = badplugin_arg(sr, "delay", 1);
    badplugin_job.close =
        badplugin_arg(sr, "close", 0); /* for http_request_end() */
    badplugin_job.cut =
        badplugin_arg(sr, "cut", 0); /* drop what is pipelined */
    badplugin_job.arm =
        badplugin_arg(sr, "arm", 0); /* WRITE, if that returns 1 */
    badplugin_job.fix =
        badplugin_arg(sr, "fix", 0); /* parser.i: 1, right; > 1, not */
    badplugin_job.status = badplugin_arg(sr, "status", 200);
    badplugin_job.chunked = badplugin_arg(sr, "chunked", 0);
    badplugin_job.cl = badplugin_arg(sr, "cl", 3);
    badplugin_job.connection = badplugin_arg(sr, "connection", 0);
    badplugin_job.cgi = badplugin_arg(sr, "cgi", 0);
}

void badplugin_later(struct mk_session *cs, struct mk_request *sr, long ms,
                     badplugin_step *next)
{
    struct itimerspec when = {{0, 0}, {ms / 1000, ms % 1000 * 1000000}};

    badplugin_job.cs = cs;
    badplugin_job.sr = sr;
    badplugin_job.next = next;
    sr->handler_data = &badplugin_job;
    timerfd_settime(timer_fd, 0, &when, NULL);
}

static int on_timer(void *event)
{
    badplugin_step *next = badplugin_job.next;
    uint64_t ticks;

    (void)event;
    badplugin_job.next = NULL;
    if (read(timer_fd, &ticks, sizeof(ticks)) < 0)
        badplugin_tell("no tick");
    errno = 0;
    if (next != NULL)
        next(badplugin_job.cs, badplugin_job.sr);
    return 0;
}

/* --- what the host calls --------------------------------------------------*/

static int stage20(struct mk_session *cs, struct mk_request *sr)
{
    static const char file[] = "index.px";
    struct mk_ptr *uri = &sr->uri_processed;
    char *copy;

    (void)cs;
    if (uri->len == 5 && memcmp(uri->data, "/s20/", 5) == 0)
        return MK_CLOSE_CONX;
    if (uri->len != 6 || memcmp(uri->data, "/cure/", 6) != 0)
        return MK_NOT_ME;
    copy = badplugin_api->mem_alloc(uri->len +
                                    sizeof(file)); /* the core frees it */
    memcpy(copy, uri->data, uri->len);
    memcpy(copy + uri->len, file, sizeof(file));
    *uri = (struct mk_ptr){copy, uri->len + sizeof(file) - 1};
    return MK_NOT_ME;
}

static int stage30(struct mk_plugin *plugin, struct mk_session *cs,
                   struct mk_request *sr, int n, struct mk_list *params)
{
    const struct mk_list *node;
    bool running = sr->handler_data != NULL;

    (void)plugin;
    badplugin_tell("stage30 %.*s%s", (int)sr->uri.len, sr->uri.data,
                   running ? " again" : "");
    read_args(sr);
    badplugin_put("n_params=%d\n", n);
    for (node = params->next; node != params; node = node->next)
        badplugin_show("param",
                       &MK_ENTRY(node, struct mk_handler_param, head)->p);
    sr->headers.status = (int)badplugin_job.status;
    return badplugin_action(cs, sr);
}

static int hangup(struct mk_plugin *plugin, struct mk_session *cs,
                  struct mk_request *sr)
{
    (void)plugin;
    (void)cs;
    badplugin_tell("hangup%s%s",
                   sr->handler_data != NULL ? "" : " without handler_data",
                   sr->uri.data != NULL ? "" : " or uri");
    if (sr->handler_data != NULL)
        badplugin_job.next = NULL;
    sr->handler_data = NULL;
    return 0;
}

static int stage40(struct mk_session *cs, struct mk_request *sr)
{
    if (sr == &cs->sr_fixed)
        badplugin_tell("stage40 %d", sr->headers.status);
    else
        badplugin_tell("stage40 of no request");
    return 0;
}

static int stage50(int fd)
{
    (void)fd;
    badplugin_tell("stage50");
    return MK_NOT_ME;
}

static void worker_init(void)
{
    sigset_t set;

    pthread_sigmask(SIG_BLOCK, NULL, &set);
    badplugin_tell("SIGPIPE is %sblocked",
                   sigismember(&set, SIGPIPE) ? "" : "not ");
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    timer = badplugin_api->mem_alloc_z(sizeof(*timer));
    timer->status = MK_EVENT_NONE;
    timer->handler = on_timer;
    badplugin_api->ev_add(badplugin_api->sched_loop(), timer_fd,
                          MK_EVENT_CUSTOM, MK_EVENT_READ, timer);
}

static int init(struct mk_api **given, char *confdir);

static int leave(void)
{
    close(timer_fd);
    badplugin_api->mem_free(timer);
    return 0;
}

static struct mk_stage stage = {
    .stage20 = stage20,
    .stage30 = stage30,
    .stage30_hangup = hangup,
    .stage40 = stage40,
    .stage50 = stage50,
};

__attribute__((visibility("default"))) struct mk_plugin mk_plugin_badplugin = {
    .shortname = "badplugin",
    .name = "Probe",
    .version = "1",
    .hooks = MK_HOOK_STAGE,
    .init_plugin = init,
    .exit_plugin = leave,
    .worker_init = worker_init,
    .stage = &stage,
};

/* PROBE_INIT is what this returns, PROBE_HOOKS what the hooks become. */
static int init(struct mk_api **given, char *confdir)
{
    const char *hooks = getenv("PROBE_HOOKS"), *r = getenv("PROBE_INIT");

    badplugin_api = *given;
    badplugin_tell("confdir %s", confdir);
    if (hooks != NULL)
        mk_plugin_badplugin.hooks = (unsigned int)atoi(hooks);
    return r != NULL ? atoi(r) : 0;
}
