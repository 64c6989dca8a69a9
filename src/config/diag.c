/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages quote files, which may contain anything. When a finding is added,
 * control characters and bytes that are not UTF-8 are therefore replaced by
 * \xHH: every message is one line, safe for a log, a terminal or JSON.
 */
#include "config/diag.h"
#include "config/escape.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fcgi_diag_list_init(struct fcgi_diag_list *list)
{
    memset(list, 0, sizeof(*list));
}

void fcgi_diag_list_free(struct fcgi_diag_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].file);
        free(list->items[i].message);
    }
    free(list->items);
    fcgi_diag_list_init(list);
}

/* A printable copy of `text`, or NULL. */
static char *escape(const char *text)
{
    size_t length = strlen(text), size = length * 4 + 1;
    char *copy = malloc(size);

    if (copy)
        fcgi_escape(copy, size, 0, text, length);
    return copy;
}

static char *format_message(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/* The formatted and escaped message, or NULL. */
static char *format_message(const char *format, va_list args)
{
    char *raw = NULL;
    char *message;
    va_list again;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    if (len >= 0)
        raw = malloc((size_t)len + 1);
    if (raw)
        vsnprintf(raw, (size_t)len + 1, format, again);
    va_end(again);
    if (!raw)
        return NULL;
    message = escape(raw);
    free(raw);
    return message;
}

/* Makes room for one more. Returns 0 or -1. */
static int reserve(struct fcgi_diag_list *list)
{
    struct fcgi_diag *items;
    size_t capacity;

    if (list->count < list->capacity)
        return 0;
    capacity = list->capacity ? list->capacity * 2 : 16;
    items = reallocarray(list->items, capacity, sizeof(*items));
    if (!items)
        return -1;
    list->items = items;
    list->capacity = capacity;
    return 0;
}

void fcgi_diag_add(struct fcgi_diag_list *list,
                   enum fcgi_diag_severity severity, const char *id,
                   const char *file, unsigned line, unsigned column,
                   unsigned length, const char *format, ...)
{
    struct fcgi_diag diag = {.severity = severity,
                             .id = id,
                             .line = line,
                             .column = column,
                             .length = length};
    va_list args;

    if (severity == FCGI_DIAG_ERROR)
        list->errors++;
    va_start(args, format);
    diag.message = format_message(format, args);
    va_end(args);
    diag.file = strdup(file);
    if (!diag.file || !diag.message || reserve(list)) {
        free(diag.file);
        free(diag.message);
        return;
    }
    list->items[list->count++] = diag;
}

/* The place to sort by: a note's is that of its finding. */
struct place {
    unsigned line;
    unsigned column;
    size_t index;
};

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left;
    const struct place *b = right;

    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    /* The sort is stable, which also keeps notes in place. */
    return a->index < b->index ? -1 : a->index > b->index;
}

void fcgi_diag_list_sort(struct fcgi_diag_list *list)
{
    struct place *places = calloc(list->count + 1, sizeof(*places));
    struct fcgi_diag *sorted = calloc(list->count + 1, sizeof(*sorted));
    size_t n = list->count;

    /* Without memory the order stays that of detection, which is close. */
    if (!places || !sorted) {
        free(places);
        free(sorted);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const struct fcgi_diag *diag = &list->items[i];

        if (diag->severity == FCGI_DIAG_NOTE && i > 0) {
            places[i] = places[i - 1];
        } else {
            places[i].line = diag->line;
            places[i].column = diag->column;
        }
        places[i].index = i;
    }
    qsort(places, n, sizeof(*places), compare_places);
    for (size_t i = 0; i < n; i++)
        sorted[i] = list->items[places[i].index];
    /* Copied back, so that a part of a list can be sorted. */
    if (n)
        memcpy(list->items, sorted, n * sizeof(*sorted));
    free(places);
    free(sorted);
}

const char *fcgi_diag_severity_name(enum fcgi_diag_severity severity)
{
    switch (severity) {
    case FCGI_DIAG_NOTE:
        return "note";
    case FCGI_DIAG_WARNING:
        return "warning";
    case FCGI_DIAG_ERROR:
        return "error";
    }
    return "error";
}

int fcgi_diag_format(const struct fcgi_diag *diag, char *buf, size_t size)
{
    char where[32] = "";
    char *file = escape(diag->file);
    bool note = diag->severity == FCGI_DIAG_NOTE;
    int len;

    if (diag->line && diag->column)
        snprintf(where, sizeof(where), ":%u:%u", diag->line, diag->column);
    else if (diag->line)
        snprintf(where, sizeof(where), ":%u", diag->line);
    /* A note has the id of its finding, so there is no need to repeat it. */
    len = snprintf(buf, size, "%s%s: %s: %s%s%s%s", file ? file : "?", where,
                   fcgi_diag_severity_name(diag->severity), diag->message,
                   note ? "" : " [", note ? "" : diag->id, note ? "" : "]");
    free(file);
    return len;
}
