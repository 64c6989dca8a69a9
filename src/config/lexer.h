/* SPDX-License-Identifier: Apache-2.0
 *
 * The lexer of Monkey's configuration files: one token for each line.
 *
 * A line at which Monkey would stop, or that it would misunderstand, is
 * reported; it is then read as it was meant, so that its other mistakes are
 * found as well and no later line is blamed for it. The lexer
 * knows no section and no key: its users are scan.c (fastcgi.conf) and tree.c
 * (any other file).
 */
#ifndef FCGI_CONFIG_LEXER_H
#define FCGI_CONFIG_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "config/diag.h"
#include "config/text.h"

/* In what the grammars of the Monkeys differ. */
struct fcgi_grammar {
    const char *name; /* "Monkey 1.6" */

    /* The most bytes that a line may have without its line feed. */
    size_t line_max;

    /* Whether a longer line becomes two, or Monkey does not start. */
    bool splits_lines;

    /* Whether there are `@INCLUDE PATH` and `@NAME VALUE` in column 1, and
     * indented lines that start with "---" are passed over. */
    bool has_metas;
};

extern const struct fcgi_grammar fcgi_grammar_16; /* 1.6.0 to 1.6.9 */
extern const struct fcgi_grammar fcgi_grammar_18; /* 1.8.9 */

enum fcgi_token_kind {
    FCGI_TOKEN_EMPTY,   /* blanks, a comment, a meta command without effect */
    FCGI_TOKEN_HEADING, /* `text` is the name in the brackets */
    FCGI_TOKEN_KEY,     /* `text` is key and value, blanks around cut off */
    FCGI_TOKEN_INCLUDE, /* `text` is the path, which may have a '*' */
};

struct fcgi_token {
    enum fcgi_token_kind kind;
    unsigned line; /* from 1 */

    /* HEADING: where its '[' stands, and how long it is with its brackets. */
    unsigned column;
    unsigned length;
    bool closed;

    /* The line has been reported: nothing in it can be relied on. */
    bool doubtful;
    struct fcgi_span text;
};

struct fcgi_lexer {
    const struct fcgi_grammar *grammar;
    const char *file; /* its name in messages */
    struct fcgi_diag_list *diags;

    /* The heading that messages ask for where one is missing; NULL: any. */
    const char *heading;

    /* From here on the lexer's own. */
    const char *at;
    const char *end;
    const char *line_start; /* columns are counted from here */
    unsigned line;
    size_t first_diag;
    struct fcgi_span indent; /* at is NULL until a line has set it */
    unsigned indent_line;
    bool indent_blank; /* that line has nothing but blanks */
    bool in_section;   /* a heading has been seen */
    bool told_orphan;
    bool told_crlf;
    bool told_nul;

    /* Something was reported that may have been a heading. */
    bool heading_meant;

    /* A line so far is one at which Monkey stops. (Of a line that 1.6 reads as
     * two, the second may be harmless; that is not looked at.) */
    bool stops;
    bool failed;
};

/*
 * Starts to read `text`, which must stay, as must the other arguments. Cannot
 * fail; what is no text, or UTF-16, is reported, and is nothing but an end.
 */
void fcgi_lexer_init(struct fcgi_lexer *lexer,
                     const struct fcgi_grammar *grammar, const char *file,
                     const char *text, size_t len,
                     struct fcgi_diag_list *diags);

/*
 * Reads the next line. Returns false at the end of the text, or with
 * `lexer->failed` set where the rest is not read, which has been reported. A
 * key before the first heading is reported and comes as FCGI_TOKEN_EMPTY.
 */
bool fcgi_lexer_next(struct fcgi_lexer *lexer, struct fcgi_token *token);

/*
 * Cuts a FCGI_TOKEN_KEY into key and value, which is empty where it is
 * missing. A tab or '=' between the two is reported. For the last token only.
 */
void fcgi_lexer_split(struct fcgi_lexer *lexer, const struct fcgi_token *token,
                      struct fcgi_span *key, struct fcgi_span *value);

/* Warns of what looks like a comment behind a value, and returns whether there
 * is one. For the last token only. */
bool fcgi_lexer_check_hash(struct fcgi_lexer *lexer, struct fcgi_span value);

/* The column of a byte of the last token, from 1. */
unsigned fcgi_lexer_column(const struct fcgi_lexer *lexer, const char *at);

/* fcgi_check_report() about a part of the last token's line. */
#define FCGI_LEXER_REPORT(lexer, id, part, ...)                           \
    fcgi_check_report((lexer)->diags, (id), (lexer)->file, (lexer)->line, \
                      fcgi_lexer_column((lexer), (part).at),              \
                      (unsigned)(part).len, __VA_ARGS__)

#endif
