/* SPDX-License-Identifier: Apache-2.0
 *
 * fastcgi.conf as sections and pairs of our table, and as text for libconfuse.
 * The meaning of an unknown name is guessed, so that the lines below it are
 * checked as well.
 *
 * The text for libconfuse has a line for each line of the file, no comments,
 * every section closed and every value in single quotes, where nothing is
 * expanded and only the backslash and the quote are escaped: so nothing in a
 * file can make libconfuse's parser fail, count lines wrongly or read other
 * files.
 */
#include "config/scan.h"

#include <stdlib.h>
#include <string.h>

#include "config/checks.h"
#include "config/guess.h"
#include "config/lexer.h"

/* That of Monkey 1.8: the plugin reads this file itself, in 1.6, too. */
static const struct fcgi_grammar grammar = {
    .name = "the plugin",
    .line_max = 4094,
    .has_metas = true,
};

struct scanner {
    struct fcgi_scan *scan;
    struct fcgi_lexer lexer;
    bool open; /* in a known section, which is open in the text, too */
    bool no_memory;
};

static int emit(struct fcgi_scan *scan, const char *text, size_t len)
{
    char *bigger = fcgi_text_grow(scan->text, scan->text_len, len, 1,
                                  &scan->text_capacity);

    if (!bigger)
        return -1;
    scan->text = bigger;
    memcpy(scan->text + scan->text_len, text, len);
    scan->text_len += len;
    return 0;
}

static int emit_pair(struct fcgi_scan *scan, const struct fcgi_key *key,
                     const char *value, size_t len)
{
    const char *sign = key->repeat ? " += {'" : " = '";
    const char *end = key->repeat ? "'}" : "'";

    if (emit(scan, key->name, strlen(key->name)) ||
        emit(scan, sign, strlen(sign)))
        return -1;
    for (size_t i = 0; i < len; i++) {
        bool special = value[i] == '\\' || value[i] == '\'';

        if ((special && emit(scan, "\\", 1)) || emit(scan, value + i, 1))
            return -1;
    }
    return emit(scan, end, strlen(end));
}

static int add_section(struct fcgi_scan *scan,
                       const struct fcgi_scan_section *section)
{
    struct fcgi_scan_section *bigger =
        fcgi_text_grow(scan->sections, scan->n_sections, 1, sizeof(*bigger),
                       &scan->sections_capacity);

    if (!bigger)
        return -1;
    scan->sections = bigger;
    scan->sections[scan->n_sections++] = *section;
    return 0;
}

static int add_pair(struct fcgi_scan *scan, const struct fcgi_scan_pair *pair)
{
    struct fcgi_scan_pair *bigger = fcgi_text_grow(
        scan->pairs, scan->n_pairs, 1, sizeof(*bigger), &scan->pairs_capacity);

    if (!bigger)
        return -1;
    scan->pairs = bigger;
    scan->pairs[scan->n_pairs++] = *pair;
    return 0;
}

static void put(struct scanner *s, const char *text)
{
    if (emit(s->scan, text, strlen(text)))
        s->no_memory = true;
}

/* Reports an unknown section; returns the one that may have been meant. */
static const struct fcgi_section *unknown_section(struct scanner *s,
                                                  struct fcgi_span name)
{
    struct fcgi_span inner = fcgi_text_trim(name);
    const struct fcgi_section *guess =
        fcgi_keys_find_section(inner.at, inner.len);
    const char *retired = fcgi_keys_retired(inner.at, inner.len);

    if (guess) {
        FCGI_LEXER_REPORT(
            &s->lexer, FCGI_CHECK_UNKNOWN_SECTION, name,
            "blanks inside the brackets are part of the name; write [%s]",
            guess->name);
        return guess;
    }
    if (retired) {
        FCGI_LEXER_REPORT(&s->lexer, FCGI_CHECK_UNKNOWN_SECTION, name,
                          "unknown section [%.*s]; %s", FCGI_SPAN_ARGS(name),
                          retired);
        return NULL;
    }
    guess = fcgi_guess_section(inner.at, inner.len);
    if (guess) {
        FCGI_LEXER_REPORT(&s->lexer, FCGI_CHECK_UNKNOWN_SECTION, name,
                          "unknown section [%.*s]; did you mean [%s]?",
                          FCGI_SPAN_ARGS(name), guess->name);
    } else {
        FCGI_LEXER_REPORT(&s->lexer, FCGI_CHECK_UNKNOWN_SECTION, name,
                          "unknown section [%.*s]; this file has sections "
                          "[FASTCGI_SERVER] and [FASTCGI] only",
                          FCGI_SPAN_ARGS(name));
    }
    return guess;
}

/* [FASTCGI] may be there once. */
static void check_single(struct scanner *s,
                         const struct fcgi_scan_section *section)
{
    for (size_t i = 0; i < s->scan->n_sections; i++) {
        const struct fcgi_scan_section *first = &s->scan->sections[i];

        if (first->schema != section->schema)
            continue;
        fcgi_check_report(s->lexer.diags, FCGI_CHECK_SECTION_TWICE,
                          s->lexer.file, section->line, section->column,
                          section->length,
                          "[%s] is given twice; move its keys into the first",
                          section->schema->name);
        fcgi_diag_add(s->lexer.diags, FCGI_DIAG_NOTE, FCGI_CHECK_SECTION_TWICE,
                      s->lexer.file, first->line, first->column, first->length,
                      "first given here");
        return;
    }
}

static void read_heading(struct scanner *s, const struct fcgi_token *token)
{
    struct fcgi_span name = token->text;
    struct fcgi_scan_section section = {
        .line = token->line, .column = token->column, .length = token->length};

    section.schema = fcgi_keys_find_section(name.at, name.len);
    if (!section.schema && token->closed)
        section.schema = unknown_section(s, name);
    else if (!section.schema)
        section.schema = fcgi_guess_section(name.at, name.len);
    if (s->open)
        put(s, "} ");
    s->open = section.schema != NULL;
    if (!s->open)
        return;
    if (section.schema->single)
        check_single(s, &section);
    put(s, section.schema->name);
    put(s, " {");
    if (add_section(s->scan, &section))
        s->no_memory = true;
}

static void unknown_key(struct scanner *s, struct fcgi_scan_section *section,
                        struct fcgi_span key)
{
    const struct fcgi_section *schema = section->schema;
    const struct fcgi_key *guess = fcgi_guess_key(schema, key.at, key.len);

    if (guess) {
        FCGI_LEXER_REPORT(&s->lexer, FCGI_CHECK_UNKNOWN_KEY, key,
                          "unknown key '%.*s'; did you mean '%s'?",
                          FCGI_SPAN_ARGS(key), guess->name);
        section->meant[guess - schema->keys] = true;
    } else {
        FCGI_LEXER_REPORT(&s->lexer, FCGI_CHECK_UNKNOWN_KEY, key,
                          "unknown key '%.*s' in [%s]; correct or remove it",
                          FCGI_SPAN_ARGS(key), schema->name);
    }
}

/* Reports a key that another section has; false if none has it. */
static bool wrong_section(struct scanner *s, const struct fcgi_section *schema,
                          struct fcgi_span key)
{
    size_t count;
    const struct fcgi_section *sections = fcgi_keys_sections(&count);

    for (size_t i = 0; i < count; i++) {
        const struct fcgi_key *known =
            fcgi_keys_find(&sections[i], key.at, key.len);

        if (known) {
            FCGI_LEXER_REPORT(&s->lexer, FCGI_CHECK_WRONG_SECTION, key,
                              "'%s' is no key of [%s]; move it into a [%s]",
                              known->name, schema->name, sections[i].name);
            return true;
        }
    }
    return false;
}

/* A key of a known section, found and cut out. */
static void read_pair(struct scanner *s, const struct fcgi_token *token)
{
    struct fcgi_span key, value;
    struct fcgi_scan *scan = s->scan;
    struct fcgi_scan_section *section = &scan->sections[scan->n_sections - 1];
    const struct fcgi_key *known;
    struct fcgi_scan_pair pair;
    size_t *given;

    fcgi_lexer_split(&s->lexer, token, &key, &value);
    known = fcgi_keys_find(section->schema, key.at, key.len);
    pair = (struct fcgi_scan_pair){
        .line = token->line,
        .key_column = fcgi_lexer_column(&s->lexer, key.at),
        .key_length = (unsigned)key.len,
        .value_column = fcgi_lexer_column(&s->lexer, value.at),
        .value_length = (unsigned)value.len,
        .key = known};
    section->n_keys++;
    if (!known) {
        if (!wrong_section(s, section->schema, key))
            unknown_key(s, section, key);
        return;
    }
    given = &section->given[known - section->schema->keys];
    if (*given && !known->repeat) {
        const struct fcgi_scan_pair *first = &scan->pairs[*given - 1];

        FCGI_LEXER_REPORT(
            &s->lexer, FCGI_CHECK_DUPLICATE_KEY, key,
            "'%s' is given twice in this section; remove one of the two, or "
            "start another section",
            known->name);
        fcgi_diag_add(s->lexer.diags, FCGI_DIAG_NOTE, FCGI_CHECK_DUPLICATE_KEY,
                      s->lexer.file, first->line, first->key_column,
                      first->key_length, "first given here");
        return;
    }
    if (value.len == 0) {
        FCGI_LEXER_REPORT(&s->lexer, FCGI_CHECK_NO_VALUE, key,
                          "'%s' has no value; write '%s %s' or remove the line",
                          known->name, known->name, known->example);
    } else {
        pair.hash = fcgi_lexer_check_hash(&s->lexer, value);
    }
    if (add_pair(scan, &pair)) {
        s->no_memory = true;
        return;
    }
    *given = scan->n_pairs;
    if (value.len && !token->doubtful &&
        emit_pair(scan, known, value.at, value.len))
        s->no_memory = true;
}

int fcgi_scan_text(struct fcgi_scan *scan, const char *file, const char *text,
                   size_t len, struct fcgi_diag_list *diags)
{
    struct scanner s = {.scan = scan};
    struct fcgi_token token;

    memset(scan, 0, sizeof(*scan));
    fcgi_lexer_init(&s.lexer, &grammar, file, text, len, diags);
    s.lexer.heading = "FASTCGI_SERVER";
    while (!s.no_memory && fcgi_lexer_next(&s.lexer, &token)) {
        if (token.kind == FCGI_TOKEN_HEADING)
            read_heading(&s, &token);
        else if (token.kind == FCGI_TOKEN_KEY && s.open)
            read_pair(&s, &token);
        else if (token.kind == FCGI_TOKEN_INCLUDE)
            FCGI_LEXER_REPORT(
                &s.lexer, FCGI_CHECK_INCLUDE, token.text,
                "the plugin reads this file alone; put what '%.*s' "
                "has in place of this line",
                FCGI_SPAN_ARGS(token.text));
        put(&s, "\n");
    }
    put(&s, s.open ? "}\n" : "\n");
    scan->heading_meant = s.lexer.heading_meant;
    if (s.no_memory) {
        fcgi_check_report(diags, FCGI_CHECK_MEMORY, file, 0, 0, 0,
                          "out of memory");
    }
    return s.no_memory || s.lexer.failed ? -1 : 0;
}

void fcgi_scan_free(struct fcgi_scan *scan)
{
    free(scan->sections);
    free(scan->pairs);
    free(scan->text);
    memset(scan, 0, sizeof(*scan));
}

const struct fcgi_scan_pair *fcgi_scan_find(const struct fcgi_scan *scan,
                                            unsigned line)
{
    size_t low = 0;
    size_t high = scan->n_pairs;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (scan->pairs[middle].line == line)
            return &scan->pairs[middle];
        if (scan->pairs[middle].line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
