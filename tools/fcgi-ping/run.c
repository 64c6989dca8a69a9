/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets and their schedule. Each target has one probe at a time: one that
 * does not answer is not asked by ever more connections. The next probe is due
 * an interval after the one before began, or at once where that took longer.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fcgi-ping/ping.h"
#include "fcgi-ping/screen.h"

/* Targets begin this far from each other, so that the first one's answer need
 * not wait, and be timed, until the last one is asked. */
#define STAGGER UINT64_C(200000)

static void probe_now(struct fcgi_ping_target *target);

static void target_over(struct fcgi_ping_target *target)
{
    struct fcgi_ping *ping = target->ping;

    if (target->over)
        return;
    target->over = true;
    if (++ping->n_over == ping->n_probes)
        ping->stop = true;
}

/* A failure of our own, such as no free descriptor, is no fault of the
 * target's. */
static void count(struct fcgi_ping_target *target)
{
    struct fcgi_ping_target *whole = target->whole;
    enum fcgi_failure failure = target->failure;

    whole->last = fcgi_probe_clock();
    whole->finished++;
    if (failure == FCGI_FAILURE_LOCAL)
        target->ping->trouble = FCGI_PING_TROUBLE;
    if (failure != FCGI_FAILURE_NONE)
        whole->errors[failure]++;
    if (!fcgi_failure_is_answer(failure))
        return;
    whole->received++;
    if (failure == FCGI_FAILURE_NONE)
        fcgi_times_add(&whole->stats, target->probe.result.total);
    else
        whole->unwell++;
}

/* The round that somebody waits for at the exporter. */
static void answer_metrics(struct fcgi_ping *ping)
{
    size_t length = 0;
    char *text = fcgi_ping_metrics(ping, &length);

    fcgi_exporter_answer(ping->exporter, text != NULL ? text : "", length);
    free(text);
}

static void metrics_wanted(void *data)
{
    struct fcgi_ping *ping = data;

    if (ping->asked > 0)
        return; /* under way, for somebody who has gone */
    ping->asked = ping->n_targets;
    for (size_t i = 0; i < ping->n_targets; i++)
        probe_now(&ping->targets[i]);
}

static void schedule(struct fcgi_ping_target *target)
{
    const struct fcgi_ping_options *options = &target->ping->options;
    uint64_t interval = options->interval;
    bool fast = options->flood || options->adaptive;
    uint64_t due;

    if (target->ping->exporter != NULL) {
        if (--target->ping->asked == 0)
            answer_metrics(target->ping);
        return;
    }
    if (options->count > 0 && target->whole->sent >= options->count) {
        target_over(target);
        return;
    }
    if (fast && !fcgi_failure_is_answer(target->failure) &&
        interval < FCGI_PING_AFTER_FAILURE)
        interval = FCGI_PING_AFTER_FAILURE;
    due = target->probe.result.started + interval;
    if (due < target->whole->last)
        due = target->whole->last;
    fcgi_loop_set_timer(target->ping->loop, &target->timer, due);
}

static void check_output(struct fcgi_ping *ping)
{
    if (ferror(stdout) && ping->write_error == 0) {
        ping->write_error = errno;
        ping->stop = true;
    }
}

/* A reader that has seen enough needs no message. */
static int finish_output(struct fcgi_ping *ping, int status)
{
    if (ping->write_error == 0)
        return fcgi_cli_finish(&fcgi_ping_cli, status);
    if (ping->write_error != EPIPE)
        fcgi_cli_error(&fcgi_ping_cli, "cannot write the output: %s",
                       strerror(ping->write_error));
    return FCGI_PING_TROUBLE;
}

/* In mode auto: an application that is there but has no answer to
 * FCGI_GET_VALUES is asked for a page. */
static bool fall_back(struct fcgi_ping_target *target)
{
    const struct fcgi_probe_result *result = &target->probe.result;
    bool there = result->failure == FCGI_FAILURE_CLOSED ||
                 result->failure == FCGI_FAILURE_RESET ||
                 result->failure == FCGI_FAILURE_PROTOCOL ||
                 (result->failure == FCGI_FAILURE_TIMEOUT &&
                  result->phase >= FCGI_PHASE_FIRST_BYTE);

    if (target->ping->options.mode != FCGI_PING_AUTO ||
        target->options.kind != FCGI_PROBE_VALUES || !there)
        return false;
    target->options.kind = FCGI_PROBE_REQUEST;
    target->fell_back = true;
    fcgi_answer_reset(target->answer);
    fcgi_probe_start(&target->probe);
    return true;
}

static void on_done(struct fcgi_probe *probe)
{
    struct fcgi_ping_target *target = probe->user;
    struct fcgi_ping *ping = target->ping;

    if (ping->stop || fall_back(target))
        return;
    fcgi_ping_judge(target);
    count(target);
    if (ping->format->outcome != NULL)
        ping->format->outcome(target);
    check_output(ping);
    /* A request that got no answer either proves nothing: begin anew. */
    if (target->fell_back && !fcgi_failure_is_answer(target->failure))
        target->options.kind = FCGI_PROBE_VALUES;
    schedule(target);
}

static void on_record(struct fcgi_probe *probe, bool sent, uint64_t offset,
                      const struct fcgi_record *record)
{
    struct fcgi_ping_target *target = probe->user;

    target->ping->format->record(target, sent, offset, record);
}

static void on_stdout(struct fcgi_probe *probe, const uint8_t *bytes,
                      size_t length)
{
    struct fcgi_ping_target *target = probe->user;
    size_t body = fcgi_answer_stdout(target->answer, bytes, length);
    const struct fcgi_ping_options *options = &target->ping->options;
    size_t room = (options->watch ? FCGI_FPM_FULL_PAGE : FCGI_FPM_PAGE) -
                  target->page.length;

    if (options->page != FCGI_PING_FPM_STATUS)
        return;
    length -= body;
    fcgi_buffer_add(&target->page, bytes + body, length < room ? length : room);
}

static void on_stderr(struct fcgi_probe *probe, const uint8_t *bytes,
                      size_t length)
{
    struct fcgi_ping_target *target = probe->user;

    fcgi_answer_stderr(target->answer, bytes, length);
}

static void probe_now(struct fcgi_ping_target *target)
{
    target->whole->sent++;
    target->page.length = 0;
    target->fell_back = false;
    if (target->whole->first == 0)
        target->whole->first = fcgi_probe_clock();
    if (target->answer != NULL)
        fcgi_answer_reset(target->answer);
    if (target->ping->format->sent != NULL)
        target->ping->format->sent(target);
    fcgi_probe_start(&target->probe);
}

static void timer_fired(struct fcgi_loop_timer *timer)
{
    struct fcgi_ping_target *target =
        FCGI_LOOP_OWNER(timer, struct fcgi_ping_target, timer);
    const struct fcgi_ping_options *options = &target->ping->options;

    /* Of several connections, others may have made the last probes. */
    if (options->count > 0 && target->whole->sent >= options->count)
        target_over(target);
    else if (!target->ping->stop)
        probe_now(target);
}

static void deadline_fired(struct fcgi_loop_timer *timer)
{
    FCGI_LOOP_OWNER(timer, struct fcgi_ping, deadline)->stop = true;
}

static void set_refresh(struct fcgi_ping *ping)
{
    uint64_t interval = ping->options.interval;

    if (interval < FCGI_PING_INTERVAL)
        interval = FCGI_PING_INTERVAL;
    fcgi_loop_set_timer(ping->loop, &ping->refresh,
                        fcgi_probe_clock() + interval);
}

static void refresh_fired(struct fcgi_loop_timer *timer)
{
    struct fcgi_ping *ping = FCGI_LOOP_OWNER(timer, struct fcgi_ping, refresh);

    if (fcgi_ping_write_prometheus(ping) < 0) {
        ping->trouble = FCGI_PING_TROUBLE;
        ping->stop = true;
        return;
    }
    set_refresh(ping);
}

static void signal_ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_ping *ping = FCGI_LOOP_OWNER(io, struct fcgi_ping, signals);
    struct signalfd_siginfo info;

    (void)events;
    while (read(io->fd, &info, sizeof(info)) == sizeof(info))
        if (ping->format->signal != NULL)
            ping->format->signal(ping, (int)info.ssi_signo);
        else if (info.ssi_signo == SIGQUIT)
            fcgi_ping_snapshot(ping);
        else
            ping->stop = true;
}

static int watch_signals(struct fcgi_ping *ping)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGQUIT);
    if (ping->options.watch)
        fcgi_screen_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    ping->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    ping->signals.ready = signal_ready;
    if (ping->signals.fd < 0)
        return -1;
    return fcgi_loop_add(ping->loop, &ping->signals, EPOLLIN);
}

/* Each target may need a socket and the descriptor of a lookup. */
static void raise_limit(size_t targets)
{
    rlim_t wanted = (rlim_t)(2 * targets + 32);
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static bool is_repeatable(const struct fcgi_ping_options *options)
{
    const char *method = options->call.method;

    return options->call.body == NULL &&
           (method == NULL || strcmp(method, "GET") == 0 ||
            strcmp(method, "HEAD") == 0);
}

static int set_up_target(struct fcgi_ping *ping, size_t i)
{
    static struct fcgi_probe_handlers handlers = {
        .on_done = on_done, .on_stdout = on_stdout, .on_stderr = on_stderr};
    const struct fcgi_ping_options *o = &ping->options;
    struct fcgi_ping_target *target = &ping->targets[i];

    handlers.on_record =
        o->verbose && ping->format->record != NULL ? on_record : NULL;
    target->ping = ping;
    target->whole = &ping->targets[i % ping->n_targets];
    target->target = &ping->list.items[i % ping->n_targets];
    target->options = (struct fcgi_probe_options){
        .kind = o->mode == FCGI_PING_CONNECT   ? FCGI_PROBE_CONNECT
                : o->mode == FCGI_PING_REQUEST ? FCGI_PROBE_REQUEST
                                               : FCGI_PROBE_VALUES,
        .family = o->family,
        .keep = o->keep,
        .timeout = o->mode == FCGI_PING_AUTO ? o->timeout / 2 : o->timeout,
        .role = FCGI_RESPONDER,
        .params = ping->params.data,
        .params_length = ping->params.length,
        .body = o->call.body,
        .body_length = o->call.body_length,
        .repeatable = is_repeatable(o),
    };
    fcgi_probe_init(&target->probe, ping->loop, &target->target->endpoint,
                    &target->options, &handlers);
    target->probe.user = target;
    target->timer.fired = timer_fired;
    if (o->mode != FCGI_PING_REQUEST && o->mode != FCGI_PING_AUTO)
        return 0;
    target->answer = malloc(sizeof(*target->answer));
    if (target->answer == NULL)
        return -1;
    fcgi_answer_init(target->answer, o->expect);
    return 0;
}

static int set_up(struct fcgi_ping *ping)
{
    struct fcgi_ping_options *o = &ping->options;

    if (o->mode == FCGI_PING_REQUEST || o->mode == FCGI_PING_AUTO) {
        if (o->call.uri == NULL)
            o->call.uri = "/";
        fcgi_vars_call(&o->call.vars, &o->call);
        if (fcgi_vars_encode(&o->call.vars, &ping->params) < 0) {
            errno = ENOMEM;
            return -1;
        }
    }
    ping->n_targets = ping->list.count;
    ping->n_probes = ping->n_targets * (size_t)o->jobs;
    raise_limit(ping->n_probes);
    ping->loop = fcgi_loop_new();
    ping->targets = calloc(ping->n_probes, sizeof(*ping->targets));
    if (ping->loop == NULL || ping->targets == NULL || watch_signals(ping) < 0)
        return -1;
    for (size_t i = 0; i < ping->n_probes; i++)
        if (set_up_target(ping, i) < 0)
            return -1;
    return ping->format->begin != NULL ? ping->format->begin(ping) : 0;
}

static void tear_down(struct fcgi_ping *ping)
{
    fcgi_exporter_close(ping->exporter);
    for (size_t i = 0; ping->targets != NULL && i < ping->n_probes; i++) {
        struct fcgi_ping_target *target = &ping->targets[i];

        if (target->ping != NULL)
            fcgi_probe_close(&target->probe);
        free(target->answer);
        free(target->shown);
        fcgi_buffer_free(&target->page);
    }
    free(ping->targets);
    fcgi_loop_free(ping->loop);
    if (ping->signals.fd > 0)
        close(ping->signals.fd);
}

static void begin(struct fcgi_ping *ping)
{
    uint64_t step = STAGGER;

    ping->started = fcgi_probe_clock();
    if (ping->options.interval / ping->n_probes < step)
        step = ping->options.interval / ping->n_probes;
    for (size_t i = 0; i < ping->n_targets; i++)
        if (ping->format->start != NULL)
            ping->format->start(&ping->targets[i]);
    for (size_t i = 0; ping->exporter == NULL && i < ping->n_probes; i++)
        fcgi_loop_set_timer(ping->loop, &ping->targets[i].timer,
                            ping->started + i * step);
    check_output(ping);
    ping->deadline.fired = deadline_fired;
    ping->refresh.fired = refresh_fired;
    if (ping->options.deadline > 0)
        fcgi_loop_set_timer(ping->loop, &ping->deadline,
                            ping->started + ping->options.deadline);
    if (ping->options.prometheus_file != NULL)
        set_refresh(ping);
}

/* The exporter of --listen, which has no format: 0, or -1 after a message. */
static int start_exporter(struct fcgi_ping *ping)
{
    const char *where = ping->options.listen, *why;

    ping->exporter =
        fcgi_exporter_open(ping->loop, where, metrics_wanted, ping, &why);
    if (ping->exporter == NULL) {
        fcgi_cli_error(&fcgi_ping_cli, "cannot listen on %s: %s", where, why);
        return -1;
    }
    if (!ping->options.quiet)
        printf("fcgi-ping: http://%s/metrics\n",
               fcgi_exporter_where(ping->exporter));
    return 0;
}

/* Summaries, and the status: no answer is worse than a bad one. */
static int end(struct fcgi_ping *ping)
{
    int status = FCGI_PING_OK;

    for (size_t i = 0; i < ping->n_targets; i++) {
        struct fcgi_ping_target *target = &ping->targets[i];
        int one;

        if (fcgi_probe_is_busy(&target->probe))
            target->last = fcgi_probe_clock();
        /* Nothing is known of it but what it is waited for. */
        if (fcgi_probe_is_busy(&target->probe) && target->finished == 0) {
            fcgi_probe_expire(&target->probe);
            fcgi_ping_judge(target);
        }
        one = fcgi_ping_target_status(target);
        if (one == FCGI_PING_NO_ANSWER || status == FCGI_PING_OK)
            status = one;
        if (ping->format->summary != NULL)
            ping->format->summary(target);
    }
    if (ping->options.prometheus_file != NULL &&
        fcgi_ping_write_prometheus(ping) < 0)
        ping->trouble = FCGI_PING_TROUBLE;
    if (ping->exporter != NULL)
        status = FCGI_PING_OK; /* who asked has been told */
    if (ping->trouble != 0)
        status = ping->trouble;
    return ping->format->finish != NULL ? ping->format->finish(ping, status)
                                        : status;
}

int fcgi_ping_run(struct fcgi_ping *ping)
{
    int status;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (set_up(ping) < 0) {
        fcgi_cli_error(&fcgi_ping_cli, "cannot start: %s", strerror(errno));
        status = FCGI_PING_TROUBLE;
    } else if (ping->options.listen != NULL && start_exporter(ping) < 0) {
        status = FCGI_PING_TROUBLE;
    } else {
        begin(ping);
        while (!ping->stop) {
            if (fcgi_loop_wait(ping->loop, -1) < 0 && errno != EINTR) {
                fcgi_cli_error(&fcgi_ping_cli, "cannot wait: %s",
                               strerror(errno));
                ping->trouble = FCGI_PING_TROUBLE;
                break;
            }
        }
        status = finish_output(ping, end(ping));
    }
    tear_down(ping);
    return status;
}
