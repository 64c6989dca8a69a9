/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether an answer is a good one, and what it says.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/escape.h"
#include "fcgi-ping/ping.h"

/* The first line of STDERR behind a failure's text: it mostly says why. */
static void add_stderr(struct fcgi_ping_target *target)
{
    const struct fcgi_answer *answer = target->answer;
    size_t at = strlen(target->text), length = 0;

    while (length < answer->n_errors && answer->errors[length] != '\n' &&
           answer->errors[length] != '\r')
        length++;
    if (length == 0 || at + 16 > sizeof(target->text))
        return;
    at += (size_t)snprintf(target->text + at, sizeof(target->text) - at,
                           "; STDERR: ");
    fcgi_escape(target->text, sizeof(target->text), at, answer->errors, length);
}

static void unwell(struct fcgi_ping_target *target, enum fcgi_failure failure,
                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void unwell(struct fcgi_ping_target *target, enum fcgi_failure failure,
                   const char *format, ...)
{
    va_list args;

    target->failure = failure;
    va_start(args, format);
    vsnprintf(target->text, sizeof(target->text), format, args);
    va_end(args);
    add_stderr(target);
}

/* The status pages of php-fpm are off by default, and answer 404. */
static const char *page_hint(const struct fcgi_ping_target *target, int status)
{
    if (status != 403 && status != 404)
        return "";
    switch (target->ping->options.page) {
    case FCGI_PING_FPM_PING:
        return "; is ping.path of the pool this page?";
    case FCGI_PING_FPM_STATUS:
        return "; is pm.status_path of the pool this page?";
    case FCGI_PING_NO_PAGE:
        break;
    }
    return "";
}

static void judge_body(struct fcgi_ping_target *target)
{
    const struct fcgi_ping_options *options = &target->ping->options;
    struct fcgi_answer *answer = target->answer;

    if (options->page == FCGI_PING_FPM_STATUS) {
        target->have_fpm =
            fcgi_fpm_parse((const char *)target->page.data, target->page.length,
                           &target->fpm) == 0;
        if (!target->have_fpm) {
            unwell(target, FCGI_FAILURE_EXPECT,
                   "the answer is no status page of php-fpm");
            return;
        }
        if (!target->have_first)
            target->first_max_children =
                target->fpm.numbers[FCGI_FPM_MAX_CHILDREN];
        target->have_first = true;
    }
    if (options->expect != NULL && !answer->found) {
        char shown[4 * FCGI_ANSWER_EXPECT + 1];

        fcgi_escape(shown, sizeof(shown), 0, options->expect,
                    strlen(options->expect));
        unwell(target, FCGI_FAILURE_EXPECT,
               "\"%.200s\" is not in the %" PRIu64 " bytes of the body", shown,
               answer->body_bytes);
    } else if (options->no_stderr && target->probe.result.stderr_bytes > 0) {
        unwell(target, FCGI_FAILURE_STDERR, "%" PRIu64 " bytes on STDERR",
               target->probe.result.stderr_bytes);
    }
}

static void judge_request(struct fcgi_ping_target *target)
{
    const struct fcgi_ping_options *options = &target->ping->options;
    const char *error = fcgi_answer_error(target->answer);
    int status = fcgi_answer_status(target->answer);

    target->status = status > 0 ? status : 0;
    /* Without a script of the user's, that there is an answer is enough. */
    if (options->call.uri == NULL && !options->statuses_given &&
        options->mode == FCGI_PING_AUTO)
        return;
    if (error != NULL)
        unwell(target, FCGI_FAILURE_HEADER, "the answer is no CGI: %s", error);
    else if (!fcgi_statuses_have(&options->statuses, status))
        unwell(target, FCGI_FAILURE_STATUS, "unexpected status %d%s", status,
               page_hint(target, status));
    else
        judge_body(target);
}

void fcgi_ping_judge(struct fcgi_ping_target *target)
{
    const struct fcgi_probe_result *result = &target->probe.result;

    target->failure = result->failure;
    target->text[0] = '\0';
    target->status = 0;
    target->have_fpm = false;
    if (result->failure != FCGI_FAILURE_NONE)
        fcgi_failure_text(&target->probe, target->text, sizeof(target->text));
    else if (target->options.kind == FCGI_PROBE_REQUEST)
        judge_request(target);
}

int fcgi_ping_target_status(const struct fcgi_ping_target *target)
{
    const struct fcgi_ping_options *options = &target->ping->options;

    /* As ping: with a deadline, all that were asked for must have come. */
    if (target->received == 0 || (options->deadline > 0 && options->count > 0 &&
                                  target->received < options->count))
        return FCGI_PING_NO_ANSWER;
    return target->unwell > 0 ? FCGI_PING_UNWELL : FCGI_PING_OK;
}

double fcgi_ping_rate(const struct fcgi_ping_target *target)
{
    uint64_t took = target->last - target->first;

    return took > 0 ? (double)target->received * 1e9 / (double)took : 0;
}

double fcgi_ping_loss(const struct fcgi_ping_target *target)
{
    uint64_t lost = target->finished - target->received;

    if (target->received == 0)
        return target->sent == 0 ? 0 : 100;
    return 100.0 * (double)lost / (double)target->finished;
}
