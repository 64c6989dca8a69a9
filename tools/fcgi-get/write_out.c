/* SPDX-License-Identifier: Apache-2.0
 *
 * --write-out. A time is from the begin of the lookup on, in seconds.
 */
#include "fcgi-get/write_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum kind {
    STATUS,
    CONTENT_TYPE,
    SIZE_BODY,
    SIZE_HEADER,
    APP_STATUS,
    EXIT_STATUS,
    TIME, /* to the end of a phase: TIME + phase */
};

static const struct {
    const char *name;
    unsigned kind;
} names[] = {
    {"http_code", STATUS},
    {"response_code", STATUS},
    {"content_type", CONTENT_TYPE},
    {"size_download", SIZE_BODY},
    {"size_header", SIZE_HEADER},
    {"app_status", APP_STATUS},
    {"exitcode", EXIT_STATUS},
    {"time_namelookup", TIME + FCGI_PHASE_RESOLVE},
    {"time_connect", TIME + FCGI_PHASE_CONNECT},
    {"time_starttransfer", TIME + FCGI_PHASE_FIRST_BYTE},
    {"time_total", TIME + FCGI_PHASE_REST},
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* The name of `%{NAME}` as an index, N_NAMES where there is none, and its
 * length with all around it. */
static size_t find(const char *text, size_t *length)
{
    size_t i = 0, name = strcspn(text + 2, "}");

    *length = text[2 + name] == '}' ? name + 3 : name + 2;
    while (i < N_NAMES && (strlen(names[i].name) != name ||
                           memcmp(names[i].name, text + 2, name) != 0))
        i++;
    return text[2 + name] == '}' ? i : N_NAMES;
}

const char *fcgi_write_out_unknown(const char *format)
{
    size_t length;

    for (; (format = strchr(format, '%')) != NULL; format += length) {
        length = format[1] == '%' ? 2 : 1;
        if (format[1] == '{' && find(format, &length) == N_NAMES)
            return format;
    }
    return NULL;
}

static void put_content_type(const struct fcgi_answer *answer)
{
    struct fcgi_field field;
    size_t at = 0;

    while (answer->in_body && answer->error == NULL &&
           fcgi_header_next(&answer->header, &at, &field))
        if (fcgi_header_is(field.name, field.name_length, "content-type")) {
            fwrite(field.value, 1, field.value_length, stdout);
            return;
        }
}

static void put(unsigned kind, const struct fcgi_write_out *facts)
{
    uint64_t ns = 0;

    switch (kind) {
    case STATUS:
        printf("%03d", fcgi_answer_status(facts->answer));
        return;
    case CONTENT_TYPE:
        put_content_type(facts->answer);
        return;
    case SIZE_BODY:
        printf("%" PRIu64, facts->answer->body_bytes);
        return;
    case SIZE_HEADER:
        printf("%zu", facts->header_bytes);
        return;
    case APP_STATUS:
        printf("%" PRIu32, facts->result->end.app_status);
        return;
    case EXIT_STATUS:
        printf("%d", facts->exit_status);
        return;
    }
    for (unsigned i = 0; i <= kind - TIME; i++)
        ns += facts->result->times[i];
    printf("%.6f", (double)ns / 1e9);
}

void fcgi_write_out(const char *format, const struct fcgi_write_out *facts)
{
    static const char escapes[][2] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}};

    for (size_t length; *format != '\0'; format += length) {
        char c = *format;

        length = 1;
        if (c == '%' && format[1] == '{') {
            put(names[find(format, &length)].kind, facts);
            continue;
        }
        if (c == '%' && format[1] == '%')
            length = 2;
        for (size_t i = 0; c == '\\' && length == 1 && i < 3; i++)
            if (format[1] == escapes[i][0]) {
                c = escapes[i][1];
                length = 2;
            }
        putchar(c);
    }
}
