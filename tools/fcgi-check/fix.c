/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check --fix: findings that can be cured in one way alone, as changes of
 * the lines that they are about. No line is added and none is lost, so that a
 * diff has them side by side.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

#define INDENT "    " /* where no line of the file has one */

/* A line that is being changed. */
struct line {
    const char *text;
    size_t length;
    size_t at, gone; /* the part that is replaced */
    const char *by;
};

/* The blanks that a line begins with. */
static char *blanks_of(struct check_source *source, unsigned line)
{
    const char *text;
    size_t length, n = 0;

    if (!check_source_line(source, line, &text, &length))
        return check_dup(INDENT);
    while (n < length && (text[n] == ' ' || text[n] == '\t'))
        n++;
    return check_printf("%.*s", (int)n, text);
}

/* The indentation of a file: that of the first line that has one. */
static char *indent_of(struct check_source *source)
{
    const char *text;
    size_t length;

    for (unsigned i = 1; check_source_line(source, i, &text, &length); i++)
        if (length > 0 && (text[0] == ' ' || text[0] == '\t') &&
            strspn(text, " \t") < length && text[strspn(text, " \t")] != '[')
            return blanks_of(source, i);
    return check_dup(INDENT);
}

/* Moves the part so that it has all around it that is one of `set`. */
static void widen(struct line *line, const char *set)
{
    while (line->at > 0 && strchr(set, line->text[line->at - 1]))
        line->at--, line->gone++;
    while (line->at + line->gone < line->length &&
           strchr(set, line->text[line->at + line->gone]))
        line->gone++;
}

/* What a finding's cure replaces in its line, and by what; false where there is
 * more than one cure. `note` is what stands behind it, if that is a note. */
static bool cure(struct check_source *source, const struct fcgi_diag *diag,
                 const struct fcgi_diag *note, struct line *line)
{
    const char *end;

    line->at = diag->column - 1;
    line->gone = diag->length;
    line->by = "";
    if (strcmp(diag->id, FCGI_CHECK_TAB) == 0) {
        widen(line, " \t");
        line->by = " ";
    } else if (strcmp(diag->id, FCGI_CHECK_EQUALS) == 0) {
        widen(line, " \t=");
        line->by = " ";
    } else if (strcmp(diag->id, FCGI_CHECK_INDENT) == 0) {
        if (line->gone < line->length && note)
            line->by = blanks_of(source, note->line);
    } else if (strcmp(diag->id, FCGI_CHECK_NO_INDENT) == 0) {
        line->gone = 0;
        line->by = indent_of(source);
    } else if (strcmp(diag->id, FCGI_CHECK_HEADING_COLUMN) == 0) {
        line->gone = line->at;
        line->at = 0;
    } else if (strcmp(diag->id, FCGI_CHECK_COMMENT) == 0) {
        line->gone = line->text[line->at] == ';' ? 1 : 2;
        line->by = "#";
    } else if (strcmp(diag->id, FCGI_CHECK_MATCH_NO_END) == 0) {
        line->at += line->gone;
        end = line->text + line->at;
        line->gone = memcmp(end - 2, ".*", 2) == 0 ? 2 : 0;
        line->at -= line->gone;
        line->by = "$";
    } else if (strcmp(diag->id, FCGI_CHECK_BOM) != 0) {
        return false;
    }
    return true;
}

/* A line with all that can be cured in it, the last part first. */
static char *cure_line(struct check_run *run, struct check_source *source,
                       unsigned number, const char *text, size_t length)
{
    char *now = check_printf("%.*s", (int)length, text);
    size_t left = SIZE_MAX;

    for (bool again = true; again;) {
        const struct fcgi_diag *best = NULL, *note = NULL;
        struct line line = {.text = now, .length = strlen(now)};

        for (size_t i = 0; i < run->diags.count; i++) {
            const struct fcgi_diag *diag = &run->diags.items[i];

            if (diag->severity == FCGI_DIAG_NOTE || diag->line != number ||
                strcmp(diag->file, source->name) != 0 || !diag->column ||
                diag->column >= left || (best && best->column > diag->column))
                continue;
            best = diag;
            note = i + 1 < run->diags.count ? diag + 1 : NULL;
            if (note && note->severity != FCGI_DIAG_NOTE)
                note = NULL;
        }
        again = best != NULL;
        if (again && cure(source, best, note, &line))
            now = check_printf("%.*s%s%s", (int)line.at, now, line.by,
                               now + line.at + line.gone);
        left = again ? best->column : left;
    }
    return now;
}

/* Whether lines of the file end in CR LF, which is cured in all. */
static bool has_crlf(const struct check_run *run, const char *file)
{
    for (size_t i = 0; i < run->diags.count; i++)
        if (strcmp(run->diags.items[i].id, FCGI_CHECK_CRLF) == 0 &&
            strcmp(run->diags.items[i].file, file) == 0)
            return true;
    return false;
}

/* `end` is "\n", or what a diff says of a last line without one. */
static void write_hunk(unsigned line, const char *old, size_t length,
                       const char *now, const char *end, FILE *out)
{
    fprintf(out, "@@ -%u +%u @@\n-%.*s%s+%s%s", line, line, (int)length, old,
            end, now, end);
}

static bool write_file(const struct check_source *source, const char *text)
{
    size_t length = strlen(text);
    int fd = open(source->name, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && fcgi_cli_write(fd, text, length) == 0 &&
                ftruncate(fd, (off_t)length) == 0;

    if (!good)
        fprintf(stderr, "fcgi-check: cannot write '%s': %s\n", source->name,
                strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

static bool fix_source(struct check_run *run, struct check_source *source,
                       bool write, FILE *out)
{
    bool crlf = has_crlf(run, source->name), changed = false;
    char *text = check_alloc(1), *now;
    const char *old;
    size_t length, filled = 0;

    /* What is not text has lines that cannot be told apart. */
    if (!source->text || strlen(source->text) != source->length)
        return true;
    for (unsigned i = 1; check_source_line(source, i, &old, &length); i++) {
        bool ends = old + length < source->text + source->length;

        now = cure_line(run, source, i, old, length);
        if (crlf && *now && now[strlen(now) - 1] == '\r')
            now[strlen(now) - 1] = '\0';
        if (strlen(now) != length || memcmp(now, old, length) != 0) {
            if (!changed)
                fprintf(out, "--- %s\n+++ %s\n", source->name, source->name);
            changed = true;
            write_hunk(i, old, length, now,
                       ends ? "\n" : "\n\\ No newline at end of file\n", out);
        }
        length = strlen(now) + (ends ? 1 : 0);
        text = check_grow(text, filled + length, 1);
        sprintf(text + filled, "%s%s", now, ends ? "\n" : "");
        filled += length;
    }
    return !changed || !write || write_file(source, text);
}

bool check_fix(struct check_run *run, bool write, FILE *out)
{
    bool good = true;

    for (size_t i = 0; i < run->n_sources; i++)
        good = fix_source(run, &run->sources[i], write, out) && good;
    return good;
}
