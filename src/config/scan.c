/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's file grammar, as Monkey 1.6.9 reads it (mk_core/mk_rconf.c):
 *
 *   - '[' in column 1 opens a section; what follows its ']' is ignored;
 *   - '#' in column 1 or right behind the indentation is a comment;
 *   - the blanks of the first line that is none of these are the file's
 *     indentation, and every other such line must have the same, even if
 *     there is nothing behind them;
 *   - key and value are parted by the first space; both are trimmed;
 *   - a line is 254 bytes at most.
 *
 * Whatever Monkey would stop at, or take for something else than it looks
 * like, is reported here. Then the line is read as it was meant, so that its
 * other mistakes are found as well and no later line is blamed for it.
 *
 * What is left is written for libconfuse, a line for a line. That text has no
 * comments, every section is closed and every value quoted, so that nothing in
 * a file can make libconfuse's parser fail, count lines wrongly or read other
 * files.
 */
#include "config/scan.h"

#include <stdio.h>
#include <string.h>

#include "config/checks.h"
#include "config/scan_internal.h"

#define LINE_MAX_BYTES 254U
#define FINDINGS_MAX 1000U

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* What an indentation looks like, for messages. */
static const char *describe_indent(struct span indent, char buf[static 64])
{
    size_t tabs = 0;

    for (size_t i = 0; i < indent.len; i++)
        tabs += indent.at[i] == '\t';
    if (tabs == 0) {
        snprintf(buf, 64, "%zu space%s", indent.len,
                 indent.len == 1 ? "" : "s");
    } else if (tabs == indent.len) {
        snprintf(buf, 64, "%zu tab%s", tabs, tabs == 1 ? "" : "s");
    } else {
        snprintf(buf, 64, "%zu tab%s and %zu space%s", tabs,
                 tabs == 1 ? "" : "s", indent.len - tabs,
                 indent.len - tabs == 1 ? "" : "s");
    }
    return buf;
}

static void set_indent(struct scanner *s, struct span blanks, bool empty)
{
    s->indent = blanks;
    s->indent_line = s->line;
    s->indent_blank = empty;
}

/*
 * A line of blanks has set the file's indentation, and now a real one differs.
 * The fault is the former's: it is told once, and the latter counts from here.
 */
static void blame_blank_line(struct scanner *s, struct span blanks,
                             const char *is, const char *must)
{
    fcgi_check_report(s->diags, FCGI_CHECK_INDENT, s->file, s->indent_line, 1,
                      (unsigned)s->indent.len,
                      "the blanks on this empty line set the file's "
                      "indentation (%s) for Monkey, but other lines have %s; "
                      "remove them",
                      must, is);
    fcgi_diag_add(s->diags, FCGI_DIAG_NOTE, FCGI_CHECK_INDENT, s->file, s->line,
                  1, (unsigned)blanks.len, "first indented line");
    set_indent(s, blanks, false);
}

/* Compares the blanks at the start of a line with the file's indentation. */
static void check_indent(struct scanner *s, struct span blanks, bool empty)
{
    char is[64], must[64];

    if (!s->indent.at) {
        set_indent(s, blanks, empty);
        return;
    }
    if (blanks.len == s->indent.len &&
        memcmp(blanks.at, s->indent.at, blanks.len) == 0) {
        s->indent_blank = s->indent_blank && empty;
        return;
    }
    describe_indent(blanks, is);
    describe_indent(s->indent, must);
    if (s->indent_blank && !empty) {
        blame_blank_line(s, blanks, is, must);
        return;
    }
    if (empty) {
        REPORT(s, FCGI_CHECK_INDENT, blanks,
               "the blanks on this empty line (%s) are not the file's "
               "indentation (%s), at which Monkey stops; remove them",
               is, must);
    } else {
        REPORT(s, FCGI_CHECK_INDENT, blanks,
               "indented by %s, but the file's indentation is %s; use the same "
               "on all lines",
               is, must);
    }
    fcgi_diag_add(s->diags, FCGI_DIAG_NOTE, FCGI_CHECK_INDENT, s->file,
                  s->indent_line, 1, (unsigned)s->indent.len,
                  "the first indented line sets it");
}

/* A line that starts with neither '[' nor '#'. */
static void scan_indented(struct scanner *s, struct span line)
{
    struct span blanks = {line.at, 0};
    struct span rest;

    while (blanks.len < line.len && fcgi_scan_blank(line.at[blanks.len]))
        blanks.len++;
    rest = (struct span){line.at + blanks.len, line.len - blanks.len};
    if (rest.len && rest.at[0] == '[') {
        REPORT(s, FCGI_CHECK_HEADING_COLUMN, rest,
               "the heading is indented, so that Monkey takes it for a key; "
               "start it in column 1");
        fcgi_scan_heading(s, rest);
        return;
    }
    if (blanks.len == 0) {
        size_t word = 0;

        while (word < line.len && !fcgi_scan_blank(line.at[word]))
            word++;
        rest.len = word;
        REPORT(s, FCGI_CHECK_NO_INDENT, rest,
               "'%.*s' is not indented; put blanks before it, the same as on "
               "other lines",
               SHOW(rest));
        fcgi_scan_key(s, fcgi_scan_trim(line));
        return;
    }
    check_indent(s, blanks, rest.len == 0);
    if (rest.len && rest.at[0] != '#')
        fcgi_scan_key(s, fcgi_scan_trim(rest));
}

/* Bytes that no line of text has. Returns what of the line Monkey would see. */
static struct span check_bytes(struct scanner *s, struct span line)
{
    const char *nul = memchr(line.at, '\0', line.len);
    struct span bad = {nul, 1};
    bool comment;

    if (nul) {
        if (!s->told_nul) {
            REPORT(s, FCGI_CHECK_NUL, bad,
                   "NUL byte; the file is not plain text, save it as UTF-8");
        }
        s->told_nul = true;
        s->scan->heading_meant = true;
        /* UTF-16 has one in every character: no line of it can be read. */
        line.len = nul - line.at < 2 ? 0 : (size_t)(nul - line.at);
        s->doubtful = true;
    }
    comment = fcgi_scan_trim(line).len && fcgi_scan_trim(line).at[0] == '#';
    for (size_t i = 0; i < line.len; i++) {
        bad.at = line.at + i;
        if (line.at[i] == '\r') {
            REPORT(s, FCGI_CHECK_CONTROL, bad,
                   "carriage return inside the line; end lines with a line "
                   "feed (LF) alone");
            s->scan->heading_meant = true; /* maybe the only "line" */
        } else if (is_control(line.at[i]) && !comment) {
            REPORT(s, FCGI_CHECK_CONTROL, bad,
                   "control character \\x%02x in the line; remove it",
                   (unsigned)(unsigned char)line.at[i]);
        } else {
            continue;
        }
        s->doubtful = true;
        break;
    }
    return line;
}

static void scan_line(struct scanner *s, struct span line)
{
    static const char bom[] = "\xef\xbb\xbf";
    struct span part;

    s->line_start = line.at;
    s->doubtful = false;
    if (line.len > LINE_MAX_BYTES) {
        part =
            (struct span){line.at + LINE_MAX_BYTES, line.len - LINE_MAX_BYTES};
        REPORT(s, FCGI_CHECK_LONG_LINE, part,
               "the line has %zu bytes, and Monkey takes what follows the "
               "first %u for another line; shorten it",
               line.len, LINE_MAX_BYTES);
        line.len = LINE_MAX_BYTES;
        s->doubtful = true;
    } else if (line.len && line.at[line.len - 1] == '\r') {
        line.len--;
        part = (struct span){line.at + line.len, 1};
        if (!s->told_crlf) {
            REPORT(s, FCGI_CHECK_CRLF, part,
                   "lines end in CR LF; convert the file to LF");
        }
        s->told_crlf = true;
    }
    if (s->line == 1 && line.len >= 3 && memcmp(line.at, bom, 3) == 0) {
        part = (struct span){line.at, 3};
        REPORT(s, FCGI_CHECK_BOM, part,
               "the file starts with a byte order mark, which Monkey takes for "
               "text; save it as UTF-8 without BOM");
        line.at += 3;
        line.len -= 3;
    }
    line = check_bytes(s, line);
    if (line.len == 0 || line.at[0] == '#')
        return;
    if (line.at[0] == '[')
        fcgi_scan_heading(s, line);
    else
        scan_indented(s, line);
}

/* Text in two bytes per character has nothing in it that could be read. */
static bool is_utf16(struct scanner *s, const char *text, size_t len)
{
    if (len < 2 ||
        (memcmp(text, "\xff\xfe", 2) != 0 && memcmp(text, "\xfe\xff", 2) != 0))
        return false;
    fcgi_check_report(s->diags, FCGI_CHECK_NUL, s->file, 1, 1, 2,
                      "the file is UTF-16 text; save it as UTF-8 without BOM");
    return true;
}

int fcgi_scan_run(struct scanner *s, const char *text, size_t len)
{
    size_t first = s->diags->count;

    if (is_utf16(s, text, len))
        return -1;

    for (size_t i = 0; i < len;) {
        const char *end = memchr(text + i, '\n', len - i);
        struct span line = {text + i, end ? (size_t)(end - text) - i : len - i};

        s->line++;
        scan_line(s, line);
        fcgi_scan_put(s, "\n");
        i += line.len + 1;
        if (s->no_memory)
            break;
        if (s->diags->count - first >= FINDINGS_MAX && i < len) {
            fcgi_check_report(s->diags, FCGI_CHECK_TOO_MANY, s->file,
                              s->line + 1, 0, 0,
                              "too many findings, so the rest of the file was "
                              "not read; is it a configuration file?");
            return -1;
        }
    }
    fcgi_scan_put(s, s->open ? "}\n" : "\n");
    if (s->no_memory) {
        fcgi_check_report(s->diags, FCGI_CHECK_MEMORY, s->file, 0, 0, 0,
                          "out of memory");
        return -1;
    }
    return 0;
}

int fcgi_scan_text(struct fcgi_scan *scan, const char *file, const char *text,
                   size_t len, struct fcgi_diag_list *diags)
{
    struct scanner s = {.scan = scan, .diags = diags, .file = file};

    memset(scan, 0, sizeof(*scan));
    return fcgi_scan_run(&s, text, len);
}

int fcgi_tree_read(struct fcgi_tree *tree, const char *file, const char *text,
                   size_t len, struct fcgi_diag_list *diags)
{
    struct fcgi_scan unused = {0};
    struct scanner s = {
        .scan = &unused, .tree = tree, .diags = diags, .file = file};
    int result = -1;

    memset(tree, 0, sizeof(*tree));
    tree->file = strdup(file);
    if (tree->file) {
        result = fcgi_scan_run(&s, text, len);
    } else {
        fcgi_check_report(diags, FCGI_CHECK_MEMORY, file, 0, 0, 0,
                          "out of memory");
    }
    fcgi_scan_free(&unused);
    return result;
}
