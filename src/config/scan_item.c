/* SPDX-License-Identifier: Apache-2.0
 *
 * Headings and keys: which one it is, what is wrong with its form, and its
 * place in the scan's result. A name that is not known is guessed at, so that
 * what stands below it is checked as well.
 */
#include <string.h>

#include "config/checks.h"
#include "config/scan_internal.h"

/* Tells why a section's name is not known; returns what it may have meant. */
static const struct fcgi_section *unknown_section(struct scanner *s,
                                                  struct span name)
{
    struct span inner = fcgi_scan_trim(name);
    const struct fcgi_section *guess =
        fcgi_keys_find_section(inner.at, inner.len);
    const char *retired = fcgi_keys_retired(inner.at, inner.len);

    if (guess) {
        REPORT(s, FCGI_CHECK_UNKNOWN_SECTION, name,
               "blanks inside the brackets are part of the name; write [%s]",
               guess->name);
        return guess;
    }
    if (retired) {
        REPORT(s, FCGI_CHECK_UNKNOWN_SECTION, name,
               "unknown section [%.*s]; %s", SHOW(name), retired);
        return NULL;
    }
    guess = fcgi_keys_guess_section(inner.at, inner.len);
    if (guess) {
        REPORT(s, FCGI_CHECK_UNKNOWN_SECTION, name,
               "unknown section [%.*s]; did you mean [%s]?", SHOW(name),
               guess->name);
    } else {
        REPORT(s, FCGI_CHECK_UNKNOWN_SECTION, name,
               "unknown section [%.*s]; this file has sections "
               "[FASTCGI_SERVER] and [FASTCGI] only",
               SHOW(name));
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
        fcgi_check_report(s->diags, FCGI_CHECK_SECTION_TWICE, s->file,
                          section->line, section->column, section->length,
                          "[%s] is given twice; move its keys into the first",
                          section->schema->name);
        fcgi_diag_add(s->diags, FCGI_DIAG_NOTE, FCGI_CHECK_SECTION_TWICE,
                      s->file, first->line, first->column, first->length,
                      "first given here");
        return;
    }
}

void fcgi_scan_heading(struct scanner *s, struct span line)
{
    const char *close = memchr(line.at, ']', line.len);
    struct span name = {line.at + 1, line.len - 1};
    struct span rest = {line.at + line.len, 0};
    struct fcgi_scan_section section = {.line = s->line,
                                        .column = fcgi_scan_column(s, line.at)};

    if (close) {
        name.len = (size_t)(close - name.at);
        rest.at = close + 1;
        rest.len = line.len - name.len - 2;
        rest = fcgi_scan_trim(rest);
    } else {
        const char *space;

        name = fcgi_scan_trim(name);
        space = memchr(name.at, ' ', name.len);
        name.len = space ? (size_t)(space - name.at) : name.len;
        REPORT(s, FCGI_CHECK_BRACKET, line,
               "the ']' of the heading is missing; write [%.*s]",
               s->tree ? (int)name.len : 14,
               s->tree ? name.at : "FASTCGI_SERVER");
        s->scan->heading_meant = true;
    }
    if (rest.len && rest.at[0] != '#') {
        REPORT(s, FCGI_CHECK_AFTER_BRACKET, rest,
               "text behind the ']' has no effect; put '%.*s' on a line of its "
               "own",
               SHOW(rest));
    }
    section.length = (unsigned)name.len + (close ? 2 : 1);
    if (s->tree) {
        s->where = IN_SECTION;
        if (fcgi_tree_add_section(s->tree, name, s->line, section.column,
                                  section.length))
            s->no_memory = true;
        return;
    }
    section.schema = fcgi_keys_find_section(name.at, name.len);
    if (!section.schema && close)
        section.schema = unknown_section(s, name);
    else if (!section.schema)
        section.schema = fcgi_keys_guess_section(name.at, name.len);
    if (s->open)
        fcgi_scan_put(s, "} ");
    s->open = section.schema != NULL;
    s->where = s->open ? IN_SECTION : IN_UNKNOWN;
    if (s->open) {
        if (section.schema->single)
            check_single(s, &section);
        fcgi_scan_put(s, section.schema->name);
        fcgi_scan_put(s, " {");
        if (fcgi_scan_add_section(s->scan, &section))
            s->no_memory = true;
    }
}

static void unknown_key(struct scanner *s, struct fcgi_scan_section *section,
                        struct span key)
{
    const struct fcgi_section *schema = section->schema;
    const struct fcgi_key *guess = fcgi_keys_guess(schema, key.at, key.len);

    if (guess) {
        REPORT(s, FCGI_CHECK_UNKNOWN_KEY, key,
               "unknown key '%.*s'; did you mean '%s'?", SHOW(key),
               guess->name);
        section->meant[guess - schema->keys] = true;
    } else {
        REPORT(s, FCGI_CHECK_UNKNOWN_KEY, key,
               "unknown key '%.*s' in [%s]; correct or remove it", SHOW(key),
               schema->name);
    }
}

/* A key that another section has; false where there is none. */
static bool wrong_section(struct scanner *s, const struct fcgi_section *schema,
                          struct span key)
{
    size_t count;
    const struct fcgi_section *sections = fcgi_keys_sections(&count);

    for (size_t i = 0; i < count; i++) {
        const struct fcgi_key *known =
            fcgi_keys_find(&sections[i], key.at, key.len);

        if (known) {
            REPORT(s, FCGI_CHECK_WRONG_SECTION, key,
                   "'%s' is no key of [%s]; move it into a [%s]", known->name,
                   schema->name, sections[i].name);
            return true;
        }
    }
    return false;
}

/* Whether behind a value somebody has put what looks like a comment. */
static bool check_hash(struct scanner *s, struct span value)
{
    for (size_t i = 0; i < value.len; i++) {
        struct span hash = {value.at + i, value.len - i};

        if (value.at[i] == '#' &&
            (i == 0 || fcgi_scan_blank(value.at[i - 1]))) {
            REPORT(s, FCGI_CHECK_HASH, hash,
                   "'#' starts no comment behind a value, so '%.*s' is part of "
                   "it; put the comment on a line of its own",
                   SHOW(hash));
            return true;
        }
    }
    return false;
}

/* A key of a known section, found and cut out. */
static void scan_pair(struct scanner *s, struct span key, struct span value)
{
    struct fcgi_scan *scan = s->scan;
    struct fcgi_scan_section *section = &scan->sections[scan->n_sections - 1];
    const struct fcgi_key *known =
        fcgi_keys_find(section->schema, key.at, key.len);
    struct fcgi_scan_pair pair = {.line = s->line,
                                  .key_column = fcgi_scan_column(s, key.at),
                                  .key_length = (unsigned)key.len,
                                  .value_column = fcgi_scan_column(s, value.at),
                                  .value_length = (unsigned)value.len,
                                  .key = known};
    size_t *given;

    section->n_keys++;
    if (!known) {
        if (!wrong_section(s, section->schema, key))
            unknown_key(s, section, key);
        return;
    }
    given = &section->given[known - section->schema->keys];
    if (*given && !known->repeat) {
        const struct fcgi_scan_pair *first = &scan->pairs[*given - 1];

        REPORT(s, FCGI_CHECK_DUPLICATE_KEY, key,
               "'%s' is given twice in this section; remove one of the two, or "
               "start another section",
               known->name);
        fcgi_diag_add(s->diags, FCGI_DIAG_NOTE, FCGI_CHECK_DUPLICATE_KEY,
                      s->file, first->line, first->key_column,
                      first->key_length, "first given here");
        return;
    }
    if (value.len == 0) {
        REPORT(s, FCGI_CHECK_NO_VALUE, key,
               "'%s' has no value; write '%s %s' or remove the line",
               known->name, known->name, known->example);
    } else {
        pair.hash = check_hash(s, value);
    }
    if (fcgi_scan_add_pair(scan, &pair)) {
        s->no_memory = true;
        return;
    }
    *given = scan->n_pairs;
    if (value.len && !s->doubtful &&
        fcgi_scan_emit_pair(scan, known, value.at, value.len))
        s->no_memory = true;
}

/*
 * Cuts a line into key and value. A tab or '=' in the key's place is told, and
 * the line then read as it was meant.
 */
static void split(struct scanner *s, struct span line, struct span *key,
                  struct span *value)
{
    const char *space = memchr(line.at, ' ', line.len);
    size_t key_len = space ? (size_t)(space - line.at) : line.len;
    size_t name_len = 0;
    struct span sign;

    while (name_len < key_len && line.at[name_len] != '\t' &&
           (line.at[name_len] != '=' || name_len == 0))
        name_len++;
    *key = (struct span){line.at, name_len};
    *value =
        fcgi_scan_trim((struct span){line.at + name_len, line.len - name_len});
    sign = (struct span){line.at + name_len, 1};
    /* Tabs before the space are trimmed off the key, and do no harm. */
    if (value->len && sign.at[0] == '\t' && value->at < line.at + key_len) {
        REPORT(s, FCGI_CHECK_TAB, sign,
               "tab between key and value; Monkey parts them at the first "
               "space, so use spaces");
    }
    if (value->len && value->at[0] == '=') {
        sign.at = value->at;
        *value = fcgi_scan_trim((struct span){sign.at + 1, value->len - 1});
    }
    if (value->len && sign.at[0] == '=') {
        REPORT(s, FCGI_CHECK_EQUALS, sign,
               "'=' between key and value; write '%.*s %.*s'", SHOW(*key),
               SHOW(*value));
    }
}

/* A key of a file of which we know no keys. */
static void add_to_tree(struct scanner *s, struct span key, struct span value)
{
    struct fcgi_tree_entry where = {.line = s->line,
                                    .key_column = fcgi_scan_column(s, key.at),
                                    .value_column =
                                        fcgi_scan_column(s, value.at)};

    if (value.len == 0) {
        REPORT(s, FCGI_CHECK_NO_VALUE, key,
               "'%.*s' has no value, at which Monkey stops; write one behind "
               "it, or remove the line",
               SHOW(key));
    } else {
        check_hash(s, value);
    }
    if (fcgi_tree_add_entry(s->tree, key, value, where))
        s->no_memory = true;
}

void fcgi_scan_key(struct scanner *s, struct span line)
{
    struct span key, value;

    switch (s->where) {
    case IN_NOTHING:
        if (!s->told_orphan) {
            const char *end = line.at;

            while (end < line.at + line.len && !fcgi_scan_blank(*end))
                end++;
            key = (struct span){line.at, (size_t)(end - line.at)};
            REPORT(s, FCGI_CHECK_NO_SECTION_YET, key,
                   "'%.*s' stands before any section; put %s above it",
                   SHOW(key),
                   s->tree ? "the heading of its section"
                           : "the heading [FASTCGI_SERVER]");
        }
        s->told_orphan = true;
        s->scan->heading_meant = true;
        break;
    case IN_UNKNOWN:
        break;
    case IN_SECTION:
        split(s, line, &key, &value);
        if (s->tree)
            add_to_tree(s, key, value);
        else
            scan_pair(s, key, value);
        break;
    }
}
