/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: the order of findings, and the two forms that are lines.
 */
#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define MAGENTA "\033[1;35m"
#define CYAN "\033[1;36m"
#define GREEN "\033[1;32m"
#define PLAIN "\033[0m"

size_t check_group(const struct check_run *run, size_t first)
{
    size_t n = 1;

    while (first + n < run->diags.count &&
           run->diags.items[first + n].severity == FCGI_DIAG_NOTE)
        n++;
    return n;
}

/* Moves what is about a file, notes included, behind the `n` that are sorted
 * already. Returns how many are sorted now. */
static size_t take_file(struct fcgi_diag_list *to, struct check_run *run,
                        const char *file)
{
    struct fcgi_diag_list part = {0};
    size_t first = to->count;
    size_t group;

    for (size_t i = 0; i < run->diags.count; i += group) {
        group = check_group(run, i);
        if (!run->diags.items[i].file ||
            strcmp(run->diags.items[i].file, file) != 0)
            continue;
        for (size_t k = i; k < i + group; k++) {
            to->items[to->count++] = run->diags.items[k];
            run->diags.items[k].file = NULL; /* is taken */
        }
    }
    part.items = to->items + first;
    part.count = to->count - first;
    fcgi_diag_list_sort(&part);
    return to->count;
}

void check_sort(struct check_run *run)
{
    struct fcgi_diag_list sorted = {0};
    size_t size = run->diags.count * sizeof(*sorted.items);

    sorted.items = check_alloc(size);
    for (size_t i = 0; i < run->n_sources; i++)
        take_file(&sorted, run, run->sources[i].name);
    /* What is no file: directories. */
    for (size_t i = 0; i < run->diags.count; i++)
        if (run->diags.items[i].file)
            sorted.items[sorted.count++] = run->diags.items[i];
    if (size)
        memcpy(run->diags.items, sorted.items, size);
}

static const char *const troubles[] = {
    FCGI_CHECK_UNREADABLE, FCGI_CHECK_NOT_A_FILE, FCGI_CHECK_TOO_LARGE,
    FCGI_CHECK_MEMORY, NULL};

/* Whether one of the words of a text is the id of a check. */
static bool has_id(const char *text, size_t length, const char *id)
{
    for (size_t i = 0; i + 5 <= length; i++)
        if (strncasecmp(text + i, id, 5) == 0)
            return true;
    return false;
}

/* Whether the line before it says so; for the file as a whole, the first. */
static bool is_allowed(const struct check_run *run,
                       const struct fcgi_diag *diag)
{
    static const char sign[] = "# fcgi-check: allow ";
    struct check_source *source = check_source_find(run, diag->file);
    const char *text;
    size_t length, blanks = 0;

    if (!source || !check_source_line(source, diag->line ? diag->line - 1 : 1,
                                      &text, &length))
        return false;
    while (blanks < length && (text[blanks] == ' ' || text[blanks] == '\t'))
        blanks++;
    return length - blanks >= sizeof(sign) - 1 &&
           memcmp(text + blanks, sign, sizeof(sign) - 1) == 0 &&
           has_id(text + blanks, length - blanks, diag->id);
}

void check_filter(struct check_run *run)
{
    const char *disabled = run->options->disabled;
    struct fcgi_diag *items = run->diags.items;
    size_t kept = 0, group;

    for (size_t i = 0; i < run->diags.count; i += group) {
        bool drop = fcgi_cli_choice(items[i].id, troubles) < 0 &&
                    (has_id(disabled, strlen(disabled), items[i].id) ||
                     is_allowed(run, &items[i]));

        group = check_group(run, i);
        run->diags.errors -= drop && items[i].severity == FCGI_DIAG_ERROR;
        for (size_t k = i; k < i + group; k++) {
            if (!drop) {
                items[kept++] = items[k];
                continue;
            }
            free(items[k].file);
            free(items[k].message);
        }
    }
    run->diags.count = kept;
}

struct check_counts check_count(const struct check_run *run)
{
    struct check_counts counts = {.errors = run->diags.errors};

    for (size_t i = 0; i < run->diags.count; i++) {
        const struct fcgi_diag *diag = &run->diags.items[i];

        counts.warnings += diag->severity == FCGI_DIAG_WARNING;
        counts.trouble =
            counts.trouble || fcgi_cli_choice(diag->id, troubles) >= 0;
    }
    return counts;
}

/* fcgi_diag_format(), of any length. */
static char *format(const struct fcgi_diag *diag)
{
    int n = fcgi_diag_format(diag, NULL, 0);
    char *text = check_alloc((size_t)n + 1);

    fcgi_diag_format(diag, text, (size_t)n + 1);
    return text;
}

/* The head line, with the place bold and the severity in its colour. */
static void write_head(const struct fcgi_diag *diag, bool color, FILE *out)
{
    char *text = format(diag);
    const char *severity = fcgi_diag_severity_name(diag->severity);
    char *mark = check_printf(": %s: ", severity);
    char *at = strstr(text, mark);

    if (color && at) {
        fprintf(out, BOLD "%.*s:" PLAIN " %s%s:" PLAIN " %s\n",
                (int)(at - text), text,
                diag->severity == FCGI_DIAG_ERROR     ? RED
                : diag->severity == FCGI_DIAG_WARNING ? MAGENTA
                                                      : CYAN,
                severity, at + strlen(mark));
    } else {
        fprintf(out, "%s\n", text);
    }
}

static void write_answers(const struct check_run *run, FILE *out)
{
    for (size_t i = 0; i < run->n_answers; i++) {
        const struct check_answer *answer = &run->answers[i];

        if (!answer->failure) {
            fprintf(out, "%s:%u: server '%s' at %s answered in %.3f ms\n",
                    answer->file, answer->line, answer->server, answer->address,
                    (double)answer->ns / 1e6);
        }
    }
}

static void write_number(size_t n, const char *what, FILE *out)
{
    fprintf(out, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

/* "FILE: OK", or how many there are. */
static void write_summary(const struct check_run *run, FILE *out)
{
    struct check_counts counts = check_count(run);

    if (run->diags.count == 0) {
        for (size_t i = 0; i < run->n_done; i++)
            fprintf(out, "%s: OK\n", run->done[i]);
        return;
    }
    write_number(counts.errors, "error", out);
    fputs(", ", out);
    write_number(counts.warnings, "warning", out);
    fputs("; 'fcgi-check --explain=ID' tells more about each\n", out);
}

void check_write_text(struct check_run *run, FILE *out)
{
    bool color = fcgi_cli_color(run->options->color, out);

    for (size_t i = 0; i < run->diags.count; i++) {
        const struct fcgi_diag *diag = &run->diags.items[i];

        write_head(diag, color, out);
        check_write_quote(run, diag, color ? GREEN : "", out);
    }
    write_answers(run, out);
    write_summary(run, out);
}

void check_write_gcc(struct check_run *run, FILE *out)
{
    for (size_t i = 0; i < run->diags.count; i++) {
        struct fcgi_diag diag = run->diags.items[i];

        /* Editors look for both numbers. */
        diag.line = diag.line ? diag.line : 1;
        diag.column = diag.column ? diag.column : 1;
        write_head(&diag, false, out);
    }
}
