/* SPDX-License-Identifier: Apache-2.0
 *
 * --watch: pools and their processes as top(1) has them. The page is asked with
 * ?full; the process that answers is our own, and not shown.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "fcgi-ping/ping.h"
#include "fcgi-ping/screen.h"

#define WIDE 100                      /* columns: there is space for targets */
#define DRAW_AFTER UINT64_C(50000000) /* what comes meanwhile is drawn, too */
#define SLOW_US 1000000  /* a request that runs so long is shown in yellow */
#define STUCK_US 5000000 /* ... in red */

struct pool {
    struct fcgi_fpm_process *processes;
    size_t n_processes;
    uint64_t accepted, at; /* of the last page, and when it came */
    uint64_t took;         /* the page, in ns */
    double rate;           /* connections a second; below 0: not known */
};

struct row {
    const struct fcgi_ping_target *target;
    const struct fcgi_fpm_process *process;
};

static struct {
    struct fcgi_ping *ping;
    struct pool *pools; /* one for each target */
    struct fcgi_loop_io keys;
    struct fcgi_loop_timer timer; /* to draw */
    char order;                   /* the key of it */
    bool color;
} watch = {.order = 't'};

static struct pool *pool_of(const struct fcgi_ping_target *target)
{
    return &watch.pools[target - watch.ping->targets];
}

static bool is_running(const struct fcgi_fpm_process *process)
{
    return strcmp(process->state, "Idle") != 0;
}

static int compare_numbers(uint64_t one, uint64_t other)
{
    return one < other ? 1 : one > other ? -1 : 0;
}

/* The order of the table: by time, who works comes first. */
static int compare(const void *one, const void *other)
{
    const struct fcgi_fpm_process *a = ((const struct row *)one)->process;
    const struct fcgi_fpm_process *b = ((const struct row *)other)->process;
    int result;

    switch (watch.order) {
    case 'm':
        result = compare_numbers(a->memory, b->memory);
        break;
    case 'r':
        result = compare_numbers(a->requests, b->requests);
        break;
    case 'p':
        result = 0;
        break;
    default:
        result = is_running(b) - is_running(a);
        if (result == 0)
            result = compare_numbers(a->duration, b->duration);
    }
    return result != 0 ? result : compare_numbers(b->pid, a->pid);
}

static const char *order_name(void)
{
    return watch.order == 'm'   ? "memory"
           : watch.order == 'r' ? "requests"
           : watch.order == 'p' ? "pid"
                                : "time";
}

static const char *color(const char *sgr)
{
    return watch.color ? sgr : "";
}

static void draw_pool(FILE *out, unsigned columns,
                      struct fcgi_ping_target *target)
{
    const uint64_t *n = target->fpm.numbers;
    const struct pool *pool = pool_of(target);
    char rate[16] = "-";

    if (!target->have_fpm) {
        fcgi_screen_line(out, columns, target->finished > 0 ? color("31") : "",
                         "%s: %s", fcgi_ping_shown(target),
                         target->finished > 0 ? target->text : "...");
        return;
    }
    if (pool->rate >= 0)
        snprintf(rate, sizeof(rate), "%.1f", pool->rate);
    fcgi_screen_line(out, columns, n[FCGI_FPM_QUEUE] > 0 ? color("31") : "",
                     "%-12.12s %6" PRIu64 " %5" PRIu64 " %5" PRIu64 " %6" PRIu64
                     " %5" PRIu64 " %6" PRIu64 " %5" PRIu64 " %7s %8.1f  %s",
                     target->fpm.pool, n[FCGI_FPM_ACTIVE], n[FCGI_FPM_IDLE],
                     n[FCGI_FPM_TOTAL], n[FCGI_FPM_QUEUE],
                     n[FCGI_FPM_MAX_QUEUE], n[FCGI_FPM_MAX_CHILDREN],
                     n[FCGI_FPM_SLOW], rate, fcgi_ping_ms(pool->took),
                     columns < WIDE ? "" : fcgi_ping_shown(target));
}

/* Of several pools their names; of one none, which leaves more to URIs. */
static const char *pool_column(const char *name, char text[static 16])
{
    text[0] = '\0';
    if (watch.ping->n_targets > 1)
        snprintf(text, 16, " %-10.10s", name);
    return text;
}

static void draw_process(FILE *out, unsigned columns, const struct row *row)
{
    const struct fcgi_fpm_process *process = row->process;
    char pool[16];
    const char *sgr = !is_running(process)            ? "2"
                      : process->duration >= STUCK_US ? "31"
                      : process->duration >= SLOW_US  ? "33"
                                                      : "";

    fcgi_screen_line(
        out, columns, color(sgr),
        "%7" PRIu64 "%s %-7.7s %6" PRIu64 " %8.1f %7" PRIu64 " %-4.4s %s",
        process->pid, pool_column(row->target->fpm.pool, pool), process->state,
        process->requests, (double)process->duration / 1e3,
        process->memory / 1024, process->method, process->uri);
}

/* All processes, in order; the caller frees them. */
static struct row *collect(size_t *n)
{
    const struct fcgi_ping *ping = watch.ping;
    struct row *rows;
    size_t count = 0;

    for (size_t i = 0; i < ping->n_targets; i++)
        count += watch.pools[i].n_processes;
    *n = 0;
    rows = calloc(count + 1, sizeof(*rows));
    for (size_t i = 0; rows != NULL && i < ping->n_targets; i++)
        for (size_t k = 0; k < watch.pools[i].n_processes; k++)
            rows[(*n)++] =
                (struct row){&ping->targets[i], &watch.pools[i].processes[k]};
    if (rows != NULL)
        qsort(rows, *n, sizeof(*rows), compare);
    return rows;
}

static void draw_lines(FILE *out)
{
    struct fcgi_screen_size size = fcgi_screen_size();
    struct fcgi_ping *ping = watch.ping;
    time_t now = time(NULL);
    struct tm tm;
    char when[16], pool[16];
    struct row *rows;
    unsigned left = size.rows;
    size_t n;

    localtime_r(&now, &tm);
    strftime(when, sizeof(when), "%H:%M:%S", &tm);
    rows = collect(&n);
    fcgi_screen_line(out, size.columns, "7",
                     "fcgi-ping  %s  %zu pool%s, %zu process%s, by %s    "
                     "keys: q(uit) t m r p",
                     when, ping->n_targets, ping->n_targets == 1 ? "" : "s", n,
                     n == 1 ? "" : "es", order_name());
    fcgi_screen_line(out, size.columns, color("1"),
                     "%-12s %6s %5s %5s %6s %5s %6s %5s %7s %8s  %s", "POOL",
                     "ACTIVE", "IDLE", "TOTAL", "QUEUED", "MOST", "MAXCHD",
                     "SLOW", "CONN/S", "ms",
                     size.columns < WIDE ? "" : "TARGET");
    /* The last line has no line end, and stays empty. */
    left = left > 3 ? left - 3 : 0;
    for (size_t i = 0; i < ping->n_targets && left > 0; i++, left--)
        draw_pool(out, size.columns, &ping->targets[i]);
    if (left > 2) {
        fputs("\033[K\n", out);
        fcgi_screen_line(out, size.columns, color("1"),
                         "%7s%s %-7s %6s %8s %7s %-4s %s", "PID",
                         pool_column("POOL", pool), "STATE", "REQS", "ms",
                         "KiB", "METH", "URI");
        left -= 2;
        for (size_t i = 0; i < n && left > 0; i++, left--)
            draw_process(out, size.columns, &rows[i]);
    }
    free(rows);
}

/* The whole screen in one write, so that it does not flicker. */
static void draw(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL)
        return;
    fputs("\033[H", out);
    draw_lines(out);
    fputs("\033[J", out);
    if (fclose(out) == 0) {
        fwrite(text, 1, length, stdout);
        fflush(stdout);
    }
    free(text);
}

static void draw_soon(uint64_t ns)
{
    if (!watch.timer.set)
        fcgi_loop_set_timer(watch.ping->loop, &watch.timer,
                            fcgi_probe_clock() + ns);
}

static void timer_fired(struct fcgi_loop_timer *timer)
{
    (void)timer;
    draw();
}

static void key_pressed(struct fcgi_loop_io *io, uint32_t events)
{
    char keys[16];
    ssize_t n = read(io->fd, keys, sizeof(keys));

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        watch.ping->stop = true; /* the terminal is gone */
    for (ssize_t i = 0; i < n; i++)
        if (keys[i] == 'q' || keys[i] == 'Q')
            watch.ping->stop = true;
        else if (strchr("tmrp", keys[i]) != NULL)
            watch.order = keys[i];
    draw_soon(0);
}

/* The process that has written the page. */
static bool is_ours(const struct fcgi_fpm_process *process)
{
    const char *uri = watch.ping->options.call.uri;
    size_t length = strlen(uri);

    return is_running(process) && strncmp(process->uri, uri, length) == 0 &&
           (process->uri[length] == '\0' || process->uri[length] == '?');
}

/* What a page tells: connections a second, and its processes. */
static void outcome(struct fcgi_ping_target *target)
{
    struct pool *pool = pool_of(target);
    uint64_t accepted = target->fpm.numbers[FCGI_FPM_ACCEPTED];
    uint64_t now = fcgi_probe_clock();
    const char *page = (const char *)target->page.data;
    size_t n = 0, kept = 0;

    free(pool->processes);
    pool->processes = NULL;
    pool->rate = -1;
    if (target->have_fpm) {
        if (pool->at > 0 && accepted >= pool->accepted)
            pool->rate = (double)(accepted - pool->accepted) * 1e9 /
                         (double)(now - pool->at);
        pool->accepted = accepted;
        pool->took = target->probe.result.total;
        n = fcgi_fpm_processes(page, target->page.length, NULL, 0);
        pool->processes = calloc(n + 1, sizeof(*pool->processes));
    }
    pool->at = target->have_fpm ? now : 0;
    if (pool->processes != NULL)
        fcgi_fpm_processes(page, target->page.length, pool->processes, n);
    for (size_t i = 0; pool->processes != NULL && i < n; i++)
        if (!is_ours(&pool->processes[i]))
            pool->processes[kept++] = pool->processes[i];
    pool->n_processes = kept;
    draw_soon(DRAW_AFTER);
}

static int begin(struct fcgi_ping *ping)
{
    watch.ping = ping;
    watch.color = fcgi_cli_color(FCGI_CLI_AUTO, stdout);
    watch.timer.fired = timer_fired;
    watch.keys.fd = STDIN_FILENO;
    watch.keys.ready = key_pressed;
    watch.pools = calloc(ping->n_targets, sizeof(*watch.pools));
    if (watch.pools == NULL ||
        fcgi_loop_add(ping->loop, &watch.keys, EPOLLIN) < 0 ||
        fcgi_screen_enter() < 0)
        return -1;
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
    draw();
    return 0;
}

static void take_signal(struct fcgi_ping *ping, int signal)
{
    switch (signal) {
    case SIGTSTP:
        fcgi_screen_leave();
        raise(SIGSTOP);
        break;
    case SIGCONT:
        fcgi_screen_leave();
        if (fcgi_screen_enter() < 0)
            ping->stop = true;
        break;
    case SIGWINCH:
        break;
    default:
        ping->stop = true;
    }
    if (!ping->stop)
        draw();
}

static int finish(struct fcgi_ping *ping, int status)
{
    fcgi_screen_leave();
    for (size_t i = 0; watch.pools != NULL && i < ping->n_targets; i++)
        free(watch.pools[i].processes);
    free(watch.pools);
    return status;
}

const struct fcgi_ping_format fcgi_ping_watch = {.begin = begin,
                                                 .outcome = outcome,
                                                 .signal = take_signal,
                                                 .finish = finish};
