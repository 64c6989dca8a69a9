/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: the findings as text for people, as lines for editors, as JSON
 * and as SARIF for programs; and the list of all checks.
 */
#ifndef FCGI_CHECK_OUTPUT_H
#define FCGI_CHECK_OUTPUT_H

#include <stdio.h>

#include "check.h"

struct check_counts {
    size_t errors, warnings;
    bool trouble; /* something could not be checked */
};

/* Puts the findings into the order of the files, and of the lines in them. */
void check_sort(struct check_run *run);

/* Drops what --disable names, or a comment allows. To be done before they are
 * counted, and after they are sorted. */
void check_filter(struct check_run *run);

/* --fix: writes what can be cured in one way to `out`, as a diff, and with
 * `write` to the files, which keep their owners and modes. False, after a
 * message, where a file could not be written. */
bool check_fix(struct check_run *run, bool write, FILE *out);

struct check_counts check_count(const struct check_run *run);

/* How many findings from `first` on belong together: one, and its notes. */
size_t check_group(const struct check_run *run, size_t first);

void check_write_text(struct check_run *run, FILE *out);
void check_write_gcc(struct check_run *run, FILE *out);
void check_write_json(struct check_run *run, FILE *out, int status);
void check_write_sarif(struct check_run *run, FILE *out, int status);

/* The line of a finding and a mark under its place; nothing if the finding
 * is about no line. `color` is an escape sequence or "". */
void check_write_quote(struct check_run *run, const struct fcgi_diag *diag,
                       const char *color, FILE *out);

/* --list-checks, --list-keys, and --explain of a check or a key; false if there
 * is none. Upper and lower case are the same. */
void check_write_list(FILE *out);
void check_write_keys(FILE *out);
bool check_write_explanation(const char *what, FILE *out);

/* The key that somebody meant who asked for `what`, or NULL. */
const char *check_guess(const char *what);

#endif
