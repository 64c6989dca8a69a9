/* SPDX-License-Identifier: Apache-2.0
 *
 * What people read, in the manner of ping(8).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/escape.h"
#include "fcgi-ping/ping.h"
#include "fcgi-ping/screen.h"

#define ROWS 16 /* of a histogram */

static void stamp(const struct fcgi_ping *ping)
{
    struct timespec ts;

    if (!ping->options.stamps)
        return;
    clock_gettime(CLOCK_REALTIME, &ts);
    printf("[%lld.%06ld] ", (long long)ts.tv_sec, ts.tv_nsec / 1000);
}

const char *fcgi_ping_shown(struct fcgi_ping_target *target)
{
    const char *label = target->target->label;
    char address[FCGI_ENDPOINT_TEXT], label_shown[1024], shown[1400];
    bool numeric = target->ping->options.numeric;

    if (target->shown != NULL)
        return target->shown;
    fcgi_escape(label_shown, sizeof(label_shown), 0, label, strlen(label));
    /* A name is looked up by the first probe; until then it stands alone. */
    if (!fcgi_target_peer(&target->target->endpoint, &target->probe.result.peer,
                          address, sizeof(address)))
        return label;
    if (strcmp(address, label_shown) == 0 || numeric)
        snprintf(shown, sizeof(shown), "%s", address);
    else if (target->target->is_member)
        snprintf(shown, sizeof(shown), "%s", label_shown);
    else
        snprintf(shown, sizeof(shown), "%s (%s)", label_shown, address);
    target->shown = strdup(shown);
    return target->shown != NULL ? target->shown : label;
}

static const char *mode_text(const struct fcgi_ping_options *options)
{
    switch (options->mode) {
    case FCGI_PING_VALUES:
        return "FCGI_GET_VALUES";
    case FCGI_PING_CONNECT:
        return "connect";
    case FCGI_PING_REQUEST:
        return "request";
    case FCGI_PING_AUTO:
        break;
    }
    return "FCGI_GET_VALUES, or a request";
}

static void start(struct fcgi_ping_target *target)
{
    const struct fcgi_ping_options *options = &target->ping->options;
    const char *script;
    char shown[1024];

    if (options->quiet && options->flood)
        return;
    printf("FCGI-PING %s: %s", fcgi_ping_shown(target), mode_text(options));
    script = options->call.uri;
    if (options->mode == FCGI_PING_REQUEST && script != NULL) {
        fcgi_escape(shown, sizeof(shown), 0, script, strlen(script));
        printf(" %s", shown);
    }
    putchar('\n');
}

static void sent(struct fcgi_ping_target *target)
{
    if (target->ping->options.flood && !target->ping->options.quiet) {
        putchar('.');
        fflush(stdout);
    }
}

static void record(struct fcgi_ping_target *target, bool is_sent,
                   uint64_t offset, const struct fcgi_record *record_)
{
    if (target->ping->options.quiet)
        return;
    stamp(target->ping);
    printf("%s: seq=%" PRIu64 " %c %s", fcgi_ping_shown(target),
           target->whole->sent, is_sent ? '>' : '<',
           fcgi_record_walk_type_name(record_->type));
    if (record_->type == 0 || record_->type > FCGI_UNKNOWN_TYPE)
        printf(" type=%u", record_->type);
    if (record_->version != FCGI_VERSION)
        printf(" version=%u", record_->version);
    printf(" id=%u length=%u padding=%u at=%" PRIu64 "\n", record_->request_id,
           record_->content_length, record_->padding_length, offset);
}

/* Prints the answer to FCGI_GET_VALUES, at first and when it changes. */
static void report_values(struct fcgi_ping_target *target)
{
    const struct fcgi_probe_result *result = &target->probe.result;
    bool any = false;

    if (target->values_reported &&
        memcmp(target->values, result->values, sizeof(target->values)) == 0)
        return;
    target->values_reported = true;
    memcpy(target->values, result->values, sizeof(target->values));
    stamp(target->ping);
    printf("%s:", fcgi_ping_shown(target));
    for (int i = 0; i < FCGI_VALUES; i++) {
        if (result->values[i][0] != '\0') {
            printf(" %s=%s", fcgi_value_name((enum fcgi_value)i),
                   result->values[i]);
            any = true;
        }
    }
    puts(any                    ? ""
         : result->unknown_type ? " it does not know FCGI_GET_VALUES"
                                : " it tells none of the values");
}

static void report_time(const struct fcgi_ping_target *target)
{
    const struct fcgi_probe_result *result = &target->probe.result;

    printf(" time=%.3f ms", fcgi_ping_ms(result->total));
    if (!target->ping->options.phases)
        return;
    printf(" (connect+send+first byte+rest %.3f",
           fcgi_ping_ms(result->times[FCGI_PHASE_CONNECT]));
    for (int i = FCGI_PHASE_SEND; i < FCGI_PHASES; i++)
        printf("+%.3f", fcgi_ping_ms(result->times[i]));
    if (fcgi_endpoint_is_name(&target->target->endpoint))
        printf(", resolve %.3f",
               fcgi_ping_ms(result->times[FCGI_PHASE_RESOLVE]));
    putchar(')');
}

static void answer(struct fcgi_ping_target *target)
{
    const struct fcgi_probe_result *result = &target->probe.result;

    stamp(target->ping);
    if (target->options.kind == FCGI_PROBE_CONNECT)
        printf("connected to %s: seq=%" PRIu64, fcgi_ping_shown(target),
               target->whole->sent);
    else
        printf("%" PRIu64 " bytes from %s: seq=%" PRIu64, result->bytes,
               fcgi_ping_shown(target), target->whole->sent);
    if (target->status > 0)
        printf(" status=%d", target->status);
    if (result->end.app_status != 0)
        printf(" app=%" PRIu32, result->end.app_status);
    report_time(target);
    if (target->have_fpm) {
        const struct fcgi_fpm *fpm = &target->fpm;

        printf(" active=%" PRIu64 " idle=%" PRIu64 " queue=%" PRIu64,
               fpm->numbers[FCGI_FPM_ACTIVE], fpm->numbers[FCGI_FPM_IDLE],
               fpm->numbers[FCGI_FPM_QUEUE]);
        if (fpm->have[FCGI_FPM_MAX_CHILDREN] &&
            fpm->numbers[FCGI_FPM_MAX_CHILDREN] > 0)
            printf(" max_children_reached=%" PRIu64,
                   fpm->numbers[FCGI_FPM_MAX_CHILDREN]);
    }
    if (target->failure != FCGI_FAILURE_NONE)
        printf(" unwell: %s", target->text);
    putchar('\n');
    if (target->options.kind == FCGI_PROBE_VALUES)
        report_values(target);
}

static void outcome(struct fcgi_ping_target *target)
{
    const struct fcgi_ping_options *options = &target->ping->options;
    bool answered = fcgi_failure_is_answer(target->failure);

    if (options->quiet)
        return;
    if (options->flood) {
        if (answered)
            printf("\b \b");
        fflush(stdout);
    } else if (answered) {
        answer(target);
    } else {
        stamp(target->ping);
        printf("%s: seq=%" PRIu64 " %s\n", fcgi_ping_shown(target),
               target->whole->sent, target->text);
    }
}

static void draw(const struct fcgi_times *stats)
{
    struct fcgi_times_row rows[ROWS];
    size_t n = fcgi_times_rows(stats, rows, ROWS);
    unsigned width = fcgi_screen_size().columns;
    uint64_t most = 1;

    width = width > 50 ? width - 40 : 10;
    for (size_t i = 0; i < n; i++)
        most = rows[i].count > most ? rows[i].count : most;
    for (size_t i = 0; i < n; i++) {
        uint64_t length = (rows[i].count * width + most - 1) / most;

        printf("%10.3f ms %9" PRIu64 " %5.1f%% ", fcgi_ping_ms(rows[i].from),
               rows[i].count,
               100.0 * (double)rows[i].count / (double)stats->count);
        while (length-- > 0)
            putchar('#');
        putchar('\n');
    }
}

static void report_errors(const struct fcgi_ping_target *target)
{
    const char *comma = "errors: ";

    for (int i = FCGI_FAILURE_NONE + 1; i < FCGI_FAILURES; i++) {
        if (target->errors[i] == 0)
            continue;
        printf("%s%" PRIu64 " %s", comma, target->errors[i],
               fcgi_failure_name((enum fcgi_failure)i));
        comma = ", ";
    }
    if (comma[0] == ',')
        putchar('\n');
}

static void summary(struct fcgi_ping_target *target)
{
    const struct fcgi_times *stats = &target->stats;
    uint64_t took =
        target->last > target->first ? target->last - target->first : 0;

    printf("\n--- %s fcgi-ping statistics ---\n", fcgi_ping_shown(target));
    printf("%" PRIu64 " sent, %" PRIu64 " received", target->sent,
           target->received);
    if (target->unwell > 0)
        printf(" (%" PRIu64 " unwell)", target->unwell);
    if (target->sent > target->finished)
        printf(", %" PRIu64 " unfinished", target->sent - target->finished);
    printf(", %.4g%% loss, time %" PRIu64 " ms\n", fcgi_ping_loss(target),
           took / 1000000);
    if (stats->count > 0) {
        printf("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n",
               fcgi_ping_ms(stats->min), stats->mean / 1e6,
               fcgi_ping_ms(stats->max), fcgi_times_deviation(stats) / 1e6);
        printf("p50/p95/p99 = %.3f/%.3f/%.3f ms\n",
               fcgi_ping_ms(fcgi_times_percentile(stats, 50)),
               fcgi_ping_ms(fcgi_times_percentile(stats, 95)),
               fcgi_ping_ms(fcgi_times_percentile(stats, 99)));
    }
    if (target->ping->options.jobs > 1)
        printf("%" PRIu64 " connections: %.1f answers a second\n",
               target->ping->options.jobs, fcgi_ping_rate(target));
    report_errors(target);
    if (target->ping->options.histogram)
        draw(stats);
}

/* As ping's, to standard error, one line for each target. */
void fcgi_ping_snapshot(struct fcgi_ping *ping)
{
    fflush(stdout);
    for (size_t i = 0; i < ping->n_targets; i++) {
        struct fcgi_ping_target *target = &ping->targets[i];
        const struct fcgi_times *stats = &target->stats;

        fprintf(stderr, "%s: %" PRIu64 "/%" PRIu64 " probes, %.4g%% loss",
                fcgi_ping_shown(target), target->received, target->sent,
                fcgi_ping_loss(target));
        if (stats->count > 0)
            fprintf(stderr, ", min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms",
                    fcgi_ping_ms(stats->min), stats->mean / 1e6,
                    fcgi_ping_ms(stats->max),
                    fcgi_times_deviation(stats) / 1e6);
        fputc('\n', stderr);
    }
}

const struct fcgi_ping_format fcgi_ping_text = {
    .start = start,
    .sent = sent,
    .record = record,
    .outcome = outcome,
    .summary = summary,
};
