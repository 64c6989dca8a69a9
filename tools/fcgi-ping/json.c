/* SPDX-License-Identifier: Apache-2.0
 *
 * One JSON object per line and event. Times are in milliseconds, as the names
 * of the members say.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "fcgi-ping/ping.h"

#define DIGITS 6 /* of a millisecond: to the ns */
#define ROWS 16

static struct fcgi_json open_event(struct fcgi_ping_target *target,
                                   const char *event)
{
    struct fcgi_json json;
    struct timespec ts;
    char address[FCGI_ENDPOINT_TEXT];

    fcgi_json_init(&json, stdout, 0);
    fcgi_json_object(&json, NULL);
    fcgi_json_string(&json, "event", event);
    clock_gettime(CLOCK_REALTIME, &ts);
    fcgi_json_real(&json, "timestamp",
                   (double)ts.tv_sec + (double)ts.tv_nsec / 1e9, 6);
    fcgi_json_string(&json, "target", target->target->label);
    if (fcgi_target_peer(&target->target->endpoint, &target->probe.result.peer,
                         address, sizeof(address)))
        fcgi_json_string(&json, "address", address);
    return json;
}

static void close_event(struct fcgi_json *json)
{
    fcgi_json_object_end(json);
    fflush(stdout);
}

static void start(struct fcgi_ping_target *target)
{
    struct fcgi_json json;

    if (target->ping->options.quiet)
        return;
    json = open_event(target, "start");
    fcgi_json_string(&json, "mode",
                     fcgi_ping_modes[target->ping->options.mode]);
    if (target->ping->options.call.uri != NULL)
        fcgi_json_string(&json, "script", target->ping->options.call.uri);
    close_event(&json);
}

static void record(struct fcgi_ping_target *target, bool sent, uint64_t offset,
                   const struct fcgi_record *record_)
{
    struct fcgi_json json;

    if (target->ping->options.quiet)
        return;
    json = open_event(target, "record");
    fcgi_json_uint(&json, "seq", target->whole->sent);
    fcgi_json_string(&json, "direction", sent ? "sent" : "received");
    fcgi_json_uint(&json, "offset", offset);
    fcgi_json_uint(&json, "version", record_->version);
    fcgi_json_uint(&json, "type", record_->type);
    fcgi_json_string(&json, "type_name",
                     fcgi_record_walk_type_name(record_->type));
    fcgi_json_uint(&json, "id", record_->request_id);
    fcgi_json_uint(&json, "length", record_->content_length);
    fcgi_json_uint(&json, "padding", record_->padding_length);
    close_event(&json);
}

static void add_phases(struct fcgi_json *json,
                       const struct fcgi_probe_result *result)
{
    static const char *const names[FCGI_PHASES] = {"resolve", "connect", "send",
                                                   "first_byte", "rest"};

    fcgi_json_object(json, "phases_ms");
    for (int i = 0; i < FCGI_PHASES; i++)
        fcgi_json_real(json, names[i], fcgi_ping_ms(result->times[i]), DIGITS);
    fcgi_json_object_end(json);
}

/* A value of an application's: a number if it is one. */
static void add_value(struct fcgi_json *json, const char *name,
                      const char *value)
{
    uint64_t number;

    if (value[0] == '\0')
        fcgi_json_null(json, name);
    else if (fcgi_cli_number(value, 0, UINT64_MAX, &number) == 0)
        fcgi_json_uint(json, name, number);
    else
        fcgi_json_string(json, name, value);
}

static void add_answer(struct fcgi_json *json,
                       const struct fcgi_ping_target *target)
{
    const struct fcgi_probe_result *result = &target->probe.result;

    if (target->options.kind == FCGI_PROBE_VALUES) {
        fcgi_json_object(json, "values");
        for (int i = 0; i < FCGI_VALUES; i++)
            add_value(json, fcgi_value_name((enum fcgi_value)i),
                      result->values[i]);
        fcgi_json_object_end(json);
        fcgi_json_bool(json, "unknown_type", result->unknown_type);
    } else if (target->options.kind == FCGI_PROBE_REQUEST) {
        if (target->status > 0)
            fcgi_json_uint(json, "status", (uint64_t)target->status);
        fcgi_json_uint(json, "app_status", result->end.app_status);
        fcgi_json_uint(json, "protocol_status", result->end.protocol_status);
        fcgi_json_uint(json, "stdout_bytes", result->stdout_bytes);
        fcgi_json_uint(json, "stderr_bytes", result->stderr_bytes);
        if (target->answer->n_errors > 0)
            fcgi_json_bytes(json, "stderr", target->answer->errors,
                            target->answer->n_errors);
    }
    if (!target->have_fpm)
        return;
    fcgi_json_object(json, "fpm");
    fcgi_json_string(json, "pool", target->fpm.pool);
    for (int i = 0; i < FCGI_FPM_NUMBERS; i++) {
        if (target->fpm.have[i])
            fcgi_json_uint(json, fcgi_fpm_name((enum fcgi_fpm_number)i),
                           target->fpm.numbers[i]);
    }
    fcgi_json_object_end(json);
}

static void outcome(struct fcgi_ping_target *target)
{
    const struct fcgi_probe_result *result = &target->probe.result;
    bool answered = fcgi_failure_is_answer(target->failure);
    struct fcgi_json json;

    if (target->ping->options.quiet)
        return;
    json = open_event(target, answered ? "answer" : "failure");
    fcgi_json_uint(&json, "seq", target->whole->sent);
    fcgi_json_string(&json, "result", fcgi_failure_name(target->failure));
    if (target->text[0] != '\0')
        fcgi_json_string(&json, "message", target->text);
    fcgi_json_real(&json, "time_ms", fcgi_ping_ms(result->total), DIGITS);
    add_phases(&json, result);
    fcgi_json_uint(&json, "bytes", result->bytes);
    fcgi_json_bool(&json, "reused", result->reused);
    if (answered) {
        add_answer(&json, target);
    } else {
        fcgi_json_string(&json, "phase", fcgi_phase_name(result->phase));
        if (result->error != 0)
            fcgi_json_int(&json, "errno", result->error);
        if (target->failure == FCGI_FAILURE_PROTOCOL)
            fcgi_json_uint(&json, "offset", result->offset);
        if (target->failure == FCGI_FAILURE_NOT_FASTCGI)
            fcgi_json_bytes(&json, "first_bytes", (const char *)result->first,
                            result->n_first);
    }
    close_event(&json);
}

static void add_times(struct fcgi_json *json, const struct fcgi_times *stats)
{
    fcgi_json_object(json, "rtt_ms");
    fcgi_json_real(json, "min", fcgi_ping_ms(stats->min), DIGITS);
    fcgi_json_real(json, "avg", stats->mean / 1e6, DIGITS);
    fcgi_json_real(json, "max", fcgi_ping_ms(stats->max), DIGITS);
    fcgi_json_real(json, "mdev", fcgi_times_deviation(stats) / 1e6, DIGITS);
    fcgi_json_real(json, "p50", fcgi_ping_ms(fcgi_times_percentile(stats, 50)),
                   DIGITS);
    fcgi_json_real(json, "p95", fcgi_ping_ms(fcgi_times_percentile(stats, 95)),
                   DIGITS);
    fcgi_json_real(json, "p99", fcgi_ping_ms(fcgi_times_percentile(stats, 99)),
                   DIGITS);
    fcgi_json_object_end(json);
}

static void add_histogram(struct fcgi_json *json,
                          const struct fcgi_times *stats)
{
    struct fcgi_times_row rows[ROWS];
    size_t n = fcgi_times_rows(stats, rows, ROWS);

    fcgi_json_array(json, "histogram");
    for (size_t i = 0; i < n; i++) {
        fcgi_json_object(json, NULL);
        fcgi_json_real(json, "from_ms", fcgi_ping_ms(rows[i].from), DIGITS);
        fcgi_json_real(json, "to_ms", fcgi_ping_ms(rows[i].to), DIGITS);
        fcgi_json_uint(json, "count", rows[i].count);
        fcgi_json_object_end(json);
    }
    fcgi_json_array_end(json);
}

static void summary(struct fcgi_ping_target *target)
{
    struct fcgi_json json = open_event(target, "summary");

    fcgi_json_uint(&json, "sent", target->sent);
    fcgi_json_uint(&json, "received", target->received);
    fcgi_json_uint(&json, "unwell", target->unwell);
    fcgi_json_uint(&json, "unfinished", target->sent - target->finished);
    fcgi_json_real(&json, "loss_percent", fcgi_ping_loss(target), 4);
    fcgi_json_real(&json, "time_ms",
                   target->last > target->first
                       ? fcgi_ping_ms(target->last - target->first)
                       : 0,
                   3);
    fcgi_json_real(&json, "answers_per_second", fcgi_ping_rate(target), 3);
    if (target->stats.count > 0)
        add_times(&json, &target->stats);
    fcgi_json_object(&json, "errors");
    for (int i = FCGI_FAILURE_NONE + 1; i < FCGI_FAILURES; i++) {
        if (target->errors[i] > 0)
            fcgi_json_uint(&json, fcgi_failure_name((enum fcgi_failure)i),
                           target->errors[i]);
    }
    fcgi_json_object_end(&json);
    if (target->ping->options.histogram)
        add_histogram(&json, &target->stats);
    fcgi_json_uint(&json, "exit_status",
                   (uint64_t)fcgi_ping_target_status(target));
    close_event(&json);
}

const struct fcgi_ping_format fcgi_ping_json = {
    .start = start,
    .record = record,
    .outcome = outcome,
    .summary = summary,
};
