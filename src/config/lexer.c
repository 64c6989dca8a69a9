/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's file grammar, as mk_core/mk_rconf.c of 1.6.9 and 1.8.9 reads it:
 *
 *   - '[' in column 1 opens a section; what follows its ']' is ignored;
 *   - '#' in column 1 or right behind the indentation is a comment;
 *   - the blanks of the first line that is none of these are the file's
 *     indentation, and every other such line must have the same, even if
 *     there is nothing behind them;
 *   - key and value are parted by the first space; both are trimmed;
 *   - lines are read into a buffer of 255 (1.6) or 4,096 bytes (1.8).
 */
#include "config/lexer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/checks.h"

/* Above this, a file was hardly meant to be a configuration. */
#define FINDINGS_MAX 1000U

/* fgets(3) leaves room for a NUL. 1.6 reads a line feed that does not fit as an
 * empty line, which does no harm; 1.8 misses it and stops. */
const struct fcgi_grammar fcgi_grammar_16 = {
    .name = "Monkey",
    .line_max = 254,
    .splits_lines = true,
};
const struct fcgi_grammar fcgi_grammar_18 = {
    .name = "Monkey 1.8",
    .line_max = 4094,
    .has_metas = true,
};

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* What an indentation looks like, for messages. */
static const char *describe_indent(struct fcgi_span indent, char buf[static 64])
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

static void set_indent(struct fcgi_lexer *s, struct fcgi_span blanks,
                       bool empty)
{
    s->indent = blanks;
    s->indent_line = s->line;
    s->indent_blank = empty;
}

/*
 * A line of blanks has set the file's indentation, and now a real one differs.
 * The blank line is at fault: it is reported once, and the other's counts from
 * here on.
 */
static void blame_blank_line(struct fcgi_lexer *s, struct fcgi_span blanks,
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
static void check_indent(struct fcgi_lexer *s, struct fcgi_span blanks,
                         bool empty)
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
    s->stops = true;
    describe_indent(blanks, is);
    describe_indent(s->indent, must);
    if (s->indent_blank && !empty) {
        blame_blank_line(s, blanks, is, must);
        return;
    }
    if (empty) {
        FCGI_LEXER_REPORT(
            s, FCGI_CHECK_INDENT, blanks,
            "the blanks on this empty line (%s) are not the file's "
            "indentation (%s), at which Monkey stops; remove them",
            is, must);
    } else {
        FCGI_LEXER_REPORT(
            s, FCGI_CHECK_INDENT, blanks,
            "indented by %s, but the file's indentation is %s; use the same "
            "on all lines",
            is, must);
    }
    fcgi_diag_add(s->diags, FCGI_DIAG_NOTE, FCGI_CHECK_INDENT, s->file,
                  s->indent_line, 1, (unsigned)s->indent.len,
                  "the first indented line sets it");
}

/* `line` starts with its '['. */
static void read_heading(struct fcgi_lexer *s, struct fcgi_span line,
                         struct fcgi_token *token)
{
    const char *close = memchr(line.at, ']', line.len);
    struct fcgi_span name = {line.at + 1, line.len - 1};
    struct fcgi_span rest = {line.at + line.len, 0};

    if (close) {
        name.len = (size_t)(close - name.at);
        rest.at = close + 1;
        rest.len = line.len - name.len - 2;
        rest = fcgi_text_trim(rest);
    } else {
        const char *space;

        name = fcgi_text_trim(name);
        space = memchr(name.at, ' ', name.len);
        name.len = space ? (size_t)(space - name.at) : name.len;
        FCGI_LEXER_REPORT(s, FCGI_CHECK_BRACKET, line,
                          "the ']' of the heading is missing; write [%.*s]",
                          s->heading ? (int)strlen(s->heading) : (int)name.len,
                          s->heading ? s->heading : name.at);
        s->stops = true;
        s->heading_meant = true;
    }
    if (rest.len && rest.at[0] != '#') {
        FCGI_LEXER_REPORT(
            s, FCGI_CHECK_AFTER_BRACKET, rest,
            "text behind the ']' has no effect; put '%.*s' on a line of its "
            "own",
            FCGI_SPAN_ARGS(rest));
    }
    s->in_section = true;
    token->kind = FCGI_TOKEN_HEADING;
    token->column = fcgi_lexer_column(s, line.at);
    token->length = (unsigned)name.len + (close ? 2 : 1);
    token->closed = close != NULL;
    token->text = name;
}

/* The word that a text starts with. */
static struct fcgi_span first_word(struct fcgi_span text)
{
    size_t len = 0;

    while (len < text.len && !fcgi_text_is_blank(text.at[len]))
        len++;
    return (struct fcgi_span){text.at, len};
}

/* As other files have it. */
static bool is_comment(struct fcgi_span text)
{
    return text.at[0] == ';' ||
           (text.len >= 2 && memcmp(text.at, "//", 2) == 0);
}

/* A key and perhaps its value. */
static void read_key(struct fcgi_lexer *s, struct fcgi_span text,
                     struct fcgi_token *token)
{
    struct fcgi_span whole = text;

    text = fcgi_text_trim(text);
    /* 1.6 takes an empty value. */
    if (!s->grammar->splits_lines)
        whole = text;
    s->stops = s->stops || !memchr(whole.at, ' ', whole.len);
    if (is_comment(text)) {
        size_t mark = text.at[0] == ';' ? 1 : 2;
        struct fcgi_span said =
            fcgi_text_trim((struct fcgi_span){text.at + mark, text.len - mark});

        FCGI_LEXER_REPORT(s, FCGI_CHECK_COMMENT, text,
                          "comments begin with '#'; write '# %.*s'",
                          FCGI_SPAN_ARGS(said));
        return;
    }
    if (s->in_section) {
        token->kind = FCGI_TOKEN_KEY;
        token->text = text;
        return;
    }
    if (!s->told_orphan) {
        text = first_word(text);
        FCGI_LEXER_REPORT(s, FCGI_CHECK_NO_SECTION_YET, text,
                          "'%.*s' stands before any section; put the heading "
                          "%s%s%s above it",
                          FCGI_SPAN_ARGS(text), s->heading ? "[" : "",
                          s->heading ? s->heading : "of its section",
                          s->heading ? "]" : "");
    }
    s->told_orphan = true;
    s->heading_meant = true;
}

/* A line that starts with neither '[' nor '#'. */
static void read_indented(struct fcgi_lexer *s, struct fcgi_span line,
                          struct fcgi_token *token)
{
    struct fcgi_span blanks = {line.at, 0};
    struct fcgi_span rest;

    while (blanks.len < line.len && fcgi_text_is_blank(line.at[blanks.len]))
        blanks.len++;
    rest = (struct fcgi_span){line.at + blanks.len, line.len - blanks.len};
    if (rest.len && rest.at[0] == '[') {
        s->stops = true;
        FCGI_LEXER_REPORT(
            s, FCGI_CHECK_HEADING_COLUMN, rest,
            "the heading is indented, so that Monkey takes it for a key; "
            "start it in column 1");
        read_heading(s, rest, token);
        return;
    }
    if (blanks.len == 0) {
        s->stops = true;
        rest = first_word(line);
        if (is_comment(line)) {
            read_key(s, line, token);
            return;
        }
        FCGI_LEXER_REPORT(
            s, FCGI_CHECK_NO_INDENT, rest,
            "'%.*s' is not indented; put blanks before it, the same as on "
            "other lines",
            FCGI_SPAN_ARGS(rest));
        read_key(s, line, token);
        return;
    }
    check_indent(s, blanks, rest.len == 0);
    if (rest.len == 0 || rest.at[0] == '#' ||
        (s->grammar->has_metas && rest.len >= 3 &&
         memcmp(rest.at, "---", 3) == 0))
        return;
    read_key(s, rest, token);
}

/* Whether the line is one of 1.8's that start with '@'. */
static bool read_meta(struct fcgi_lexer *s, struct fcgi_span line,
                      struct fcgi_token *token)
{
    static const char include[] = "@INCLUDE ";
    const size_t len = sizeof(include) - 1;

    if (line.at[0] != '@' || line.len <= 3)
        return false;
    if (!memchr(line.at, ' ', line.len)) {
        s->stops = true;
        FCGI_LEXER_REPORT(s, FCGI_CHECK_NO_VALUE, line,
                          "'%.*s' has no value, of which Monkey 1.8 crashes; "
                          "write one behind a space, or remove the line",
                          FCGI_SPAN_ARGS(line));
    }
    if (line.len > len && strncasecmp(line.at, include, len) == 0) {
        token->kind = FCGI_TOKEN_INCLUDE;
        token->text = (struct fcgi_span){line.at + len, line.len - len};
    }
    return true;
}

/* Reports bytes that no text has. Returns the part of the line that Monkey
 * sees. */
static struct fcgi_span check_bytes(struct fcgi_lexer *s, struct fcgi_span line,
                                    struct fcgi_token *token)
{
    const char *nul = memchr(line.at, '\0', line.len);
    struct fcgi_span bad = {nul, 1};
    bool comment;

    if (nul) {
        if (!s->told_nul) {
            FCGI_LEXER_REPORT(
                s, FCGI_CHECK_NUL, bad,
                "NUL byte; the file is not plain text, save it as UTF-8");
        }
        s->told_nul = true;
        s->stops = s->stops || !s->grammar->splits_lines;
        s->heading_meant = true;
        /* UTF-16 has one in every character: no line of it can be read. */
        line.len = nul - line.at < 2 ? 0 : (size_t)(nul - line.at);
        token->doubtful = true;
    }
    comment = fcgi_text_trim(line).len && fcgi_text_trim(line).at[0] == '#';
    for (size_t i = 0; i < line.len; i++) {
        bad.at = line.at + i;
        if (line.at[i] == '\r') {
            FCGI_LEXER_REPORT(
                s, FCGI_CHECK_CONTROL, bad,
                "carriage return inside the line; end lines with a line "
                "feed (LF) alone");
            s->heading_meant = true; /* maybe the only "line" */
        } else if (is_control(line.at[i]) && !comment) {
            FCGI_LEXER_REPORT(
                s, FCGI_CHECK_CONTROL, bad,
                "control character \\x%02x in the line; remove it",
                (unsigned)(unsigned char)line.at[i]);
        } else {
            continue;
        }
        token->doubtful = true;
        break;
    }
    return line;
}

/* Cuts off the part of a line that Monkey does not read, and reports it. */
static struct fcgi_span check_length(struct fcgi_lexer *s,
                                     struct fcgi_span line,
                                     struct fcgi_token *token)
{
    const struct fcgi_grammar *grammar = s->grammar;
    bool cr = line.len && line.at[line.len - 1] == '\r';
    struct fcgi_span part;

    if (line.len - (cr && grammar->splits_lines) > grammar->line_max) {
        part.at = line.at + grammar->line_max;
        part.len = line.len - grammar->line_max;
        FCGI_LEXER_REPORT(s, FCGI_CHECK_LONG_LINE, part,
                          grammar->splits_lines
                              ? "the line has %zu bytes, and %s takes what "
                                "follows the first %zu for another line; "
                                "shorten it"
                              : "the line has %zu bytes, and %s does not "
                                "start with one of more than %zu; shorten it",
                          line.len, grammar->name, grammar->line_max);
        s->stops = true;
        line.len = grammar->line_max;
        token->doubtful = true;
    } else if (cr) {
        line.len--;
        part = (struct fcgi_span){line.at + line.len, 1};
        if (!s->told_crlf) {
            FCGI_LEXER_REPORT(s, FCGI_CHECK_CRLF, part,
                              "lines end in CR LF; convert the file to LF");
        }
        s->told_crlf = true;
    }
    return line;
}

static void read_line(struct fcgi_lexer *s, struct fcgi_span line,
                      struct fcgi_token *token)
{
    static const char bom[] = "\xef\xbb\xbf";

    line = check_length(s, line, token);
    if (s->line == 1 && line.len >= 3 && memcmp(line.at, bom, 3) == 0) {
        struct fcgi_span part = {line.at, 3};

        FCGI_LEXER_REPORT(
            s, FCGI_CHECK_BOM, part,
            "the file starts with a byte order mark, which Monkey takes for "
            "text; save it as UTF-8 without BOM");
        s->stops = true;
        line.at += 3;
        line.len -= 3;
    }
    line = check_bytes(s, line, token);
    if (line.len == 0 || line.at[0] == '#' ||
        (s->grammar->has_metas && read_meta(s, line, token)))
        return;
    if (line.at[0] == '[')
        read_heading(s, line, token);
    else
        read_indented(s, line, token);
}

/* More than one byte of 16 of the beginning. */
static bool is_binary(const char *text, size_t len)
{
    size_t n = 0, looked = len < 1024 ? len : 1024;

    for (size_t i = 0; i < looked; i++)
        n += is_control(text[i]) && text[i] != '\n' && text[i] != '\r';
    return n > 8 && n > looked / 16;
}

/* Text with two bytes per character cannot be read at all. */
static bool is_no_text(struct fcgi_lexer *s, const char *text, size_t len)
{
    bool utf16 = len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 ||
                              memcmp(text, "\xfe\xff", 2) == 0);
    bool found = utf16 || is_binary(text, len);

    if (found)
        fcgi_check_report(
            s->diags, FCGI_CHECK_NUL, s->file, 1, 1, 2,
            utf16 ? "the file is UTF-16 text; save it as UTF-8 without BOM"
                  : "this is no text, or none in UTF-8; is it the right file?");
    return found;
}

void fcgi_lexer_init(struct fcgi_lexer *s, const struct fcgi_grammar *grammar,
                     const char *file, const char *text, size_t len,
                     struct fcgi_diag_list *diags)
{
    *s = (struct fcgi_lexer){
        .grammar = grammar,
        .file = file,
        .diags = diags,
        .at = text,
        .end = text + len,
        .first_diag = diags->count,
    };
    if (is_no_text(s, text, len)) {
        s->failed = true;
        s->stops = true;
        s->at = s->end;
    }
}

bool fcgi_lexer_next(struct fcgi_lexer *s, struct fcgi_token *token)
{
    const char *end;
    struct fcgi_span line;

    if (s->failed || s->at == s->end)
        return false;
    if (s->diags->count - s->first_diag >= FINDINGS_MAX) {
        fcgi_check_report(s->diags, FCGI_CHECK_TOO_MANY, s->file, s->line + 1,
                          0, 0,
                          "too many findings, so the rest of the file was "
                          "not read; is it a configuration file?");
        s->failed = true;
        return false;
    }
    end = memchr(s->at, '\n', (size_t)(s->end - s->at));
    line = (struct fcgi_span){s->at, (size_t)((end ? end : s->end) - s->at)};
    s->line++;
    s->line_start = line.at;
    s->at = end ? end + 1 : s->end;
    *token = (struct fcgi_token){.kind = FCGI_TOKEN_EMPTY, .line = s->line};
    read_line(s, line, token);
    return true;
}

unsigned fcgi_lexer_column(const struct fcgi_lexer *s, const char *at)
{
    return (unsigned)(at - s->line_start) + 1;
}

void fcgi_lexer_split(struct fcgi_lexer *s, const struct fcgi_token *token,
                      struct fcgi_span *key, struct fcgi_span *value)
{
    struct fcgi_span line = token->text;
    const char *space = memchr(line.at, ' ', line.len);
    size_t key_len = space ? (size_t)(space - line.at) : line.len;
    size_t name_len = 0;
    struct fcgi_span sign;

    while (name_len < key_len && line.at[name_len] != '\t' &&
           (line.at[name_len] != '=' || name_len == 0))
        name_len++;
    *key = (struct fcgi_span){line.at, name_len};
    *value = fcgi_text_trim(
        (struct fcgi_span){line.at + name_len, line.len - name_len});
    sign = (struct fcgi_span){line.at + name_len, 1};
    /* Tabs before the space are trimmed off the key and do no harm. */
    if (value->len && sign.at[0] == '\t' && value->at < line.at + key_len) {
        FCGI_LEXER_REPORT(
            s, FCGI_CHECK_TAB, sign,
            "tab between key and value; Monkey parts them at the first "
            "space, so use spaces");
    }
    if (value->len && value->at[0] == '=') {
        sign.at = value->at;
        *value =
            fcgi_text_trim((struct fcgi_span){sign.at + 1, value->len - 1});
    }
    if (value->len && sign.at[0] == '=') {
        FCGI_LEXER_REPORT(s, FCGI_CHECK_EQUALS, sign,
                          "'=' between key and value; write '%.*s %.*s'",
                          FCGI_SPAN_ARGS(*key), FCGI_SPAN_ARGS(*value));
    }
}

bool fcgi_lexer_check_hash(struct fcgi_lexer *s, struct fcgi_span value)
{
    for (size_t i = 0; i < value.len; i++) {
        struct fcgi_span hash = {value.at + i, value.len - i};

        if (value.at[i] == '#' &&
            (i == 0 || fcgi_text_is_blank(value.at[i - 1]))) {
            FCGI_LEXER_REPORT(
                s, FCGI_CHECK_HASH, hash,
                "'#' starts no comment behind a value, so '%.*s' is part of "
                "it; put the comment on a line of its own",
                FCGI_SPAN_ARGS(hash));
            return true;
        }
    }
    return false;
}
