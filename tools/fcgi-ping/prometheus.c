/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics in Prometheus' text format, on standard output or in a file for the
 * node exporter's textfile collector. The file is replaced as a whole, so that
 * nobody reads half of one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/escape.h"
#include "fcgi-ping/ping.h"
#include "fcgi-ping/prometheus.h"

void fcgi_prometheus_label(FILE *out, const char *text)
{
    char *plain;
    size_t size = 4 * strlen(text) + 5;

    /* The format is UTF-8; what is none, and control characters, become \xHH,
     * whose backslash is then escaped like any other. */
    plain = malloc(size);
    if (plain == NULL)
        return;
    fcgi_escape(plain, size, 0, text, strlen(text));
    for (const char *c = plain; *c != '\0'; c++) {
        if (*c == '\\' || *c == '"')
            fputc('\\', out);
        fputc(*c, out);
    }
    free(plain);
}

static void family(FILE *out, const char *name, const char *type,
                   const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* `name{target="..."`, without what follows. */
static void sample(FILE *out, const char *name,
                   const struct fcgi_ping_target *target)
{
    fprintf(out, "%s{target=\"", name);
    fcgi_prometheus_label(out, target->target->label);
    fputc('"', out);
}

#define EACH(ping, target)                                  \
    for (struct fcgi_ping_target *target = (ping)->targets; \
         target < (ping)->targets + (ping)->n_targets; target++)

static void counters(FILE *out, struct fcgi_ping *ping)
{
    family(out, "fcgi_ping_up", "gauge",
           "Whether the last probe got a good answer.");
    EACH(ping, target)
    {
        sample(out, "fcgi_ping_up", target);
        fprintf(out, "} %d\n",
                target->finished > 0 && target->failure == FCGI_FAILURE_NONE);
    }
    family(out, "fcgi_ping_sent_total", "counter", "Probes made.");
    EACH(ping, target)
    {
        sample(out, "fcgi_ping_sent_total", target);
        fprintf(out, "} %" PRIu64 "\n", target->sent);
    }
    family(out, "fcgi_ping_received_total", "counter",
           "Probes that got an answer, good or not.");
    EACH(ping, target)
    {
        sample(out, "fcgi_ping_received_total", target);
        fprintf(out, "} %" PRIu64 "\n", target->received);
    }
    family(out, "fcgi_ping_failures_total", "counter",
           "Probes without a good answer, by class.");
    EACH(ping, target)
    {
        for (int i = FCGI_FAILURE_NONE + 1; i < FCGI_FAILURES; i++) {
            sample(out, "fcgi_ping_failures_total", target);
            fprintf(out, ",class=\"%s\"} %" PRIu64 "\n",
                    fcgi_failure_name((enum fcgi_failure)i), target->errors[i]);
        }
    }
}

static void durations(FILE *out, struct fcgi_ping *ping)
{
    static const struct {
        const char *name;
        double percent;
    } quantiles[] = {{"0.5", 50}, {"0.95", 95}, {"0.99", 99}};

    family(out, "fcgi_ping_duration_seconds", "summary",
           "How long good answers took.");
    EACH(ping, target)
    {
        const struct fcgi_times *stats = &target->stats;

        for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
            sample(out, "fcgi_ping_duration_seconds", target);
            fprintf(out, ",quantile=\"%s\"} ", quantiles[i].name);
            if (stats->count > 0)
                fprintf(
                    out, "%.9f\n",
                    (double)fcgi_times_percentile(stats, quantiles[i].percent) /
                        1e9);
            else
                fputs("NaN\n", out);
        }
        sample(out, "fcgi_ping_duration_seconds_sum", target);
        fprintf(out, "} %.9f\n", stats->mean * (double)stats->count / 1e9);
        sample(out, "fcgi_ping_duration_seconds_count", target);
        fprintf(out, "} %" PRIu64 "\n", stats->count);
    }
}

static bool any_values(const struct fcgi_ping *ping)
{
    EACH(ping, target)
    {
        if (target->options.kind == FCGI_PROBE_VALUES)
            return true;
    }
    return false;
}

static void values(FILE *out, struct fcgi_ping *ping)
{
    if (!any_values(ping))
        return;
    family(out, "fcgi_ping_value", "gauge",
           "What the application told to FCGI_GET_VALUES.");
    EACH(ping, target)
    {
        for (int i = 0; i < FCGI_VALUES; i++) {
            uint64_t number;

            if (fcgi_cli_number(target->probe.result.values[i], 0, UINT64_MAX,
                                &number) < 0)
                continue;
            sample(out, "fcgi_ping_value", target);
            fprintf(out, ",name=\"%s\"} %" PRIu64 "\n",
                    fcgi_value_name((enum fcgi_value)i), number);
        }
    }
}

static void fpm(FILE *out, struct fcgi_ping *ping)
{
    static const char *const help[FCGI_FPM_NUMBERS] = {
        [FCGI_FPM_ACTIVE] = "Processes that work on a request.",
        [FCGI_FPM_IDLE] = "Processes that wait for a request.",
        [FCGI_FPM_TOTAL] = "All processes of the pool.",
        [FCGI_FPM_QUEUE] = "Connections that wait for a process.",
        [FCGI_FPM_MAX_QUEUE] = "The most that waited since php-fpm started.",
        [FCGI_FPM_BACKLOG] = "Connections that may wait.",
        [FCGI_FPM_MAX_CHILDREN] = "How often all processes were busy.",
        [FCGI_FPM_SLOW] = "Requests that took too long.",
        [FCGI_FPM_ACCEPTED] = "Connections accepted.",
    };

    if (ping->options.page != FCGI_PING_FPM_STATUS)
        return;
    for (int i = 0; i < FCGI_FPM_NUMBERS; i++) {
        char name[64];
        bool total = i == FCGI_FPM_MAX_CHILDREN || i == FCGI_FPM_SLOW ||
                     i == FCGI_FPM_ACCEPTED;

        /* "total" is what the name of a counter ends in. */
        snprintf(name, sizeof(name), "fcgi_ping_fpm_%s%s",
                 i == FCGI_FPM_TOTAL ? "processes"
                                     : fcgi_fpm_name((enum fcgi_fpm_number)i),
                 total ? "_total" : "");
        family(out, name, total ? "counter" : "gauge", help[i]);
        EACH(ping, target)
        {
            if (!target->have_fpm || !target->fpm.have[i])
                continue;
            sample(out, name, target);
            fputs(",pool=\"", out);
            fcgi_prometheus_label(out, target->fpm.pool);
            fprintf(out, "\"} %" PRIu64 "\n", target->fpm.numbers[i]);
        }
    }
}

static void write_all(FILE *out, struct fcgi_ping *ping)
{
    counters(out, ping);
    durations(out, ping);
    values(out, ping);
    fpm(out, ping);
}

char *fcgi_ping_metrics(struct fcgi_ping *ping, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);

    if (out == NULL)
        return NULL;
    write_all(out, ping);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static int failed(const char *what, const char *name)
{
    fcgi_cli_error(&fcgi_ping_cli, "cannot %s %s: %s", what, name,
                   strerror(errno));
    return -1;
}

int fcgi_ping_write_prometheus(struct fcgi_ping *ping)
{
    const char *name = ping->options.prometheus_file;
    char *temporary;
    mode_t mask = umask(022);
    FILE *out = NULL;
    int fd, result = -1;

    umask(mask);
    if (asprintf(&temporary, "%s.XXXXXX", name) < 0) {
        errno = ENOMEM;
        return failed("write", name);
    }
    fd = mkstemp(temporary);
    if (fd < 0) {
        failed("write", name);
        free(temporary);
        return -1;
    }
    /* The exporter is another user. */
    if (fchmod(fd, 0666 & ~mask) == 0)
        out = fdopen(fd, "w");
    if (out == NULL) {
        failed("write", name);
        close(fd);
        goto out;
    }
    write_all(out, ping);
    if (ferror(out) || fflush(out) != 0) {
        failed("write", name);
        fclose(out);
    } else if (fclose(out) != 0) {
        failed("write", name);
    } else if (rename(temporary, name) < 0) {
        failed("replace", name);
    } else {
        result = 0;
    }
out:
    if (result < 0)
        unlink(temporary);
    free(temporary);
    return result;
}

static int finish(struct fcgi_ping *ping, int status)
{
    write_all(stdout, ping);
    return status;
}

const struct fcgi_ping_format fcgi_ping_prometheus = {.finish = finish};
