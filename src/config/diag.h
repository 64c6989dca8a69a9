/* SPDX-License-Identifier: Apache-2.0
 *
 * Diagnostics as values: what is wrong, where, and how to fix it. They are
 * collected while a file is read, so that all can be reported at once. The
 * owner of the list decides how they are shown: the plugin writes them to
 * Monkey's log, fcgi-check to the terminal.
 */
#ifndef FCGI_CONFIG_DIAG_H
#define FCGI_CONFIG_DIAG_H

#include <stddef.h>

enum fcgi_diag_severity {
    FCGI_DIAG_NOTE,
    FCGI_DIAG_WARNING,
    FCGI_DIAG_ERROR,
};

struct fcgi_diag {
    enum fcgi_diag_severity severity;
    const char *id;  /* "FC004", from the table in checks.c; static */
    char *file;      /* as the user named it */
    unsigned line;   /* from 1; 0: the file as a whole */
    unsigned column; /* in bytes, from 1; 0: the whole line */
    unsigned length; /* of the token, in bytes; 0: unknown */
    char *message;   /* no newline, no full stop, lower case */
};

struct fcgi_diag_list {
    struct fcgi_diag *items;
    size_t count;
    size_t capacity;
    size_t errors; /* how many of them are FCGI_DIAG_ERROR */
};

void fcgi_diag_list_init(struct fcgi_diag_list *list);
void fcgi_diag_list_free(struct fcgi_diag_list *list);

/*
 * Adds a finding; the texts are copied. A note belongs to the finding before
 * it. A finding for which there is no memory is counted, though not kept, so
 * that a file with an error never passes as clean.
 */
void fcgi_diag_add(struct fcgi_diag_list *list,
                   enum fcgi_diag_severity severity, const char *id,
                   const char *file, unsigned line, unsigned column,
                   unsigned length, const char *format, ...)
    __attribute__((format(printf, 8, 9)));

/* Sorts the findings by line; a note stays behind its finding. */
void fcgi_diag_list_sort(struct fcgi_diag_list *list);

/* "error", "warning" or "note". */
const char *fcgi_diag_severity_name(enum fcgi_diag_severity severity);

/*
 * One finding as one line without a newline:
 * `file:12:5: error: unknown key 'SeverPath'; did you mean 'ServerPath'?
 * [FC004]`. Returns the length of the whole text, as snprintf(3) does.
 */
int fcgi_diag_format(const struct fcgi_diag *diag, char *buf, size_t size);

#endif
