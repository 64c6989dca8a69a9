/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: a line of a file with a mark under a part of it.
 *
 * Tabs are copied, into the line of the mark as well, so that both are as wide
 * whatever a tab is worth; what cannot be shown is written as \xHH; and what
 * takes no or two columns on a terminal is counted so.
 */
#include <string.h>

#include "config/escape.h"
#include "output.h"

#define SHOWN_MAX 160U /* bytes of a line */
#define BEFORE_MAX 60U /* of them before the mark */

/* How many columns a character takes. */
static unsigned width(uint32_t c)
{
    static const struct {
        uint32_t first, last;
        unsigned width;
    } ranges[] = {
        {0x0300, 0x036f, 0},   {0x0483, 0x0489, 0},   {0x0591, 0x05bd, 0},
        {0x064b, 0x065f, 0},   {0x1100, 0x115f, 2},   {0x1ab0, 0x1aff, 0},
        {0x1dc0, 0x1dff, 0},   {0x20d0, 0x20ff, 0},   {0x2e80, 0x303e, 2},
        {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},
        {0xfe00, 0xfe0f, 0},   {0xfe20, 0xfe2f, 0},   {0xfe30, 0xfe6f, 2},
        {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2},
        {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return ranges[i].width;
    return 1;
}

/* The character at the start, as it will be shown: its length in the file and
 * its width. */
static size_t measure(const char *text, size_t length, unsigned *columns)
{
    uint32_t c = 0;
    size_t n = fcgi_utf8_decode(text, length, &c);

    if (n == 0 || !fcgi_escape_shows(c)) {
        *columns = 4 * (n ? (unsigned)n : 1); /* \xHH for each byte */
        return n ? n : 1;
    }
    *columns = width(c);
    return n;
}

static void write_line(const char *text, size_t length, FILE *out)
{
    char shown[SHOWN_MAX * 4 + 8];

    for (size_t i = 0; i < length;) {
        const char *tab = memchr(text + i, '\t', length - i);
        size_t n = tab ? (size_t)(tab - text) - i : length - i;

        fcgi_escape(shown, sizeof(shown), 0, text + i, n);
        fputs(shown, out);
        if (tab)
            fputc('\t', out);
        i += n + (tab ? 1 : 0);
    }
}

/* The mark under `text`: from byte `from` on, `length` bytes. */
static void write_mark(const char *text, size_t size, size_t from,
                       size_t length, const char *color, FILE *out)
{
    unsigned columns, marked = 0;
    size_t i = 0;

    while (i < from && i < size) {
        bool tab = text[i] == '\t';

        i += measure(text + i, size - i, &columns);
        if (tab)
            fputc('\t', out);
        else
            fprintf(out, "%*s", (int)columns, "");
    }
    while (i < from + length && i < size) {
        /* A tab inside of what is marked would move the end, so the mark stays
         * short. */
        if (text[i] == '\t' && marked)
            break;
        i += measure(text + i, size - i, &columns);
        marked += text[i - 1] == '\t' ? 1 : columns;
    }
    fprintf(out, "%s^", color);
    for (unsigned k = 1; k < marked; k++)
        fputc('~', out);
    fprintf(out, "%s\n", *color ? "\033[0m" : "");
}

/* Whether a byte is in the middle of a character. */
static bool is_inner(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

void check_write_quote(struct check_run *run, const struct fcgi_diag *diag,
                       const char *color, FILE *out)
{
    struct check_source *source = check_source_find(run, diag->file);
    size_t length, from, start = 0;
    const char *text;

    if (!source || !diag->column ||
        !check_source_line(source, diag->line, &text, &length))
        return;
    if (length && text[length - 1] == '\r' && diag->column <= length - 1)
        length--;
    from = diag->column - 1 < length ? diag->column - 1 : length;
    if (length > SHOWN_MAX) {
        start = from > BEFORE_MAX ? from - BEFORE_MAX : 0;
        while (start > 0 && start < from && is_inner(text[start]))
            start++;
        length = length - start > SHOWN_MAX ? start + SHOWN_MAX : length;
    }
    if (start)
        fputs("...", out);
    write_line(text + start, length - start, out);
    fputc('\n', out);
    if (start)
        fputs("   ", out);
    write_mark(text + start, length - start, from - start,
               diag->length ? diag->length : 1, color, out);
}
