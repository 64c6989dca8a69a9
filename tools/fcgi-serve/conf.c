/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's file grammar: "[SECTION]" at the start of a line, below it lines
 * that are indented alike, "Key value", and comments behind "#" at the start
 * of a line or of its text. All mistakes of a file are told, not the first
 * alone; a line longer than Monkey's buffer, which would be cut in two there
 * without a word, is a mistake here.
 */
#include "conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "list.h"
#include "log.h"
#include "mem.h"

#define LONGEST 254

struct reader {
    struct serve_conf *conf;
    struct serve_conf_section *section;
    int line;
    int mistakes;
    char indent[LONGEST + 1];
};

static void mistake(struct reader *r, const char *what)
{
    serve_err("%s:%d: %s", r->conf->file, r->line, what);
    r->mistakes++;
}

static char *copy(const char *from, const char *to)
{
    size_t len = (size_t)(to - from);
    char *text = serve_mem_alloc(len + 1);

    memcpy(text, from, len);
    text[len] = '\0';
    return text;
}

static void read_section(struct reader *r, const char *text)
{
    const char *end = strchr(text, ']');
    struct serve_conf_section *section;

    if (end == NULL) {
        mistake(r, "']' is missing behind the section's name");
        return;
    }
    section = serve_mem_alloc_z(sizeof(*section));
    section->name = copy(text + 1, end);
    section->line = r->line;
    serve_list_init(&section->entries);
    serve_list_add(&section->head, &r->conf->sections);
    r->section = section;
}

static void read_entry(struct reader *r, const char *text)
{
    const char *blank = strchr(text, ' ');
    const char *end = text + strlen(text);
    const char *value = blank;
    struct serve_conf_entry *entry;

    while (value != NULL && isspace((unsigned char)*value))
        value++;
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    if (value == NULL || value >= end) {
        mistake(r, "each key needs a value, behind a space (not a tab)");
        return;
    }
    if (r->section == NULL) {
        mistake(r, "a key before the first [SECTION]");
        return;
    }
    entry = serve_mem_alloc_z(sizeof(*entry));
    entry->key = copy(text, blank);
    entry->value = copy(value, end);
    entry->line = r->line;
    serve_list_add(&entry->head, &r->section->entries);
}

static void read_line(struct reader *r, char *text)
{
    size_t blanks = strspn(text, " \t");
    size_t indent;

    if (text[0] == '\0' || text[0] == '#')
        return;
    if (text[0] == '[') {
        read_section(r, text);
        return;
    }
    if (r->indent[0] == '\0') {
        /* Monkey takes the first byte for a part of it, whatever it is. */
        if (blanks == 0) {
            mistake(r, "the line must be indented");
            return;
        }
        memcpy(r->indent, text, blanks);
        if (text[blanks] == '\0')
            return;
    }
    indent = strlen(r->indent);
    if (strncmp(text, r->indent, indent) != 0 || blanks != indent) {
        mistake(r, "the line is not indented like the first one that is");
        return;
    }
    if (text[blanks] != '\0' && text[blanks] != '#')
        read_entry(r, text + blanks);
}

static void read_lines(struct reader *r, FILE *in)
{
    char *text = NULL;
    size_t size = 0;
    ssize_t len;

    while ((len = getline(&text, &size, in)) >= 0) {
        r->line++;
        while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
            text[--len] = '\0';
        if (len >= LONGEST)
            mistake(r,
                    "the line is longer than the 253 bytes that Monkey "
                    "reads at once");
        else
            read_line(r, text);
    }
    free(text);
}

struct serve_conf *serve_conf_read(const char *file)
{
    struct reader r = {0};
    FILE *in = fopen(file, "re");

    if (in == NULL) {
        serve_err("%s: cannot be read: %s", file, strerror(errno));
        return NULL;
    }
    r.conf = serve_mem_alloc_z(sizeof(*r.conf));
    r.conf->file = serve_mem_dup(file);
    serve_list_init(&r.conf->sections);
    read_lines(&r, in);
    if (ferror(in)) {
        serve_err("%s: cannot be read: %s", file, strerror(errno));
        r.mistakes++;
    }
    fclose(in);
    if (r.mistakes == 0)
        return r.conf;
    serve_conf_free(r.conf);
    return NULL;
}

static void free_section(struct serve_conf_section *section)
{
    struct mk_list *node;
    struct mk_list *after;

    for (SERVE_EACH_SAFE(node, after, &section->entries)) {
        struct serve_conf_entry *entry =
            MK_ENTRY(node, struct serve_conf_entry, head);

        serve_mem_free(entry->key);
        serve_mem_free(entry->value);
        serve_mem_free(entry);
    }
    serve_mem_free(section->name);
    serve_mem_free(section);
}

void serve_conf_free(struct serve_conf *conf)
{
    struct mk_list *node;
    struct mk_list *after;

    if (conf == NULL)
        return;
    for (SERVE_EACH_SAFE(node, after, &conf->sections))
        free_section(MK_ENTRY(node, struct serve_conf_section, head));
    serve_mem_free(conf->file);
    serve_mem_free(conf);
}

const struct serve_conf_section *
serve_conf_section(const struct serve_conf *conf, const char *name)
{
    struct mk_list *node;

    for (SERVE_EACH(node, &conf->sections)) {
        struct serve_conf_section *section =
            MK_ENTRY(node, struct serve_conf_section, head);

        if (strcasecmp(section->name, name) == 0)
            return section;
    }
    return NULL;
}

const struct serve_conf_entry *
serve_conf_entry(const struct serve_conf_section *section, const char *key)
{
    struct mk_list *node;

    if (section == NULL)
        return NULL;
    for (SERVE_EACH(node, &section->entries)) {
        struct serve_conf_entry *entry =
            MK_ENTRY(node, struct serve_conf_entry, head);

        if (strcasecmp(entry->key, key) == 0)
            return entry;
    }
    return NULL;
}

int serve_conf_number(const struct serve_conf *conf,
                      const struct serve_conf_section *section, const char *key,
                      int least, int *value)
{
    const struct serve_conf_entry *entry = serve_conf_entry(section, key);
    char *end;
    long number;

    if (entry == NULL)
        return 0;
    number = strtol(entry->value, &end, 10);
    if (end == entry->value || *end != '\0' || number < least ||
        number > 1000000000) {
        serve_err("%s:%d: %s must be a number of at least %d, not '%s'",
                  conf->file, entry->line, key, least, entry->value);
        return -1;
    }
    *value = (int)number;
    return 0;
}

int serve_conf_bool(const struct serve_conf *conf,
                    const struct serve_conf_section *section, const char *key,
                    int8_t *value)
{
    const struct serve_conf_entry *entry = serve_conf_entry(section, key);

    if (entry == NULL)
        return 0;
    *value = strcasecmp(entry->value, "on") == 0;
    if (*value || strcasecmp(entry->value, "off") == 0)
        return 0;
    serve_err("%s:%d: %s must be 'on' or 'off', not '%s'", conf->file,
              entry->line, key, entry->value);
    return -1;
}

struct mk_list *serve_conf_split(const char *line)
{
    struct mk_list *list = serve_mem_alloc(sizeof(*list));

    serve_list_init(list);
    for (line += strspn(line, " "); *line != '\0'; line += strspn(line, " ")) {
        struct mk_string_line *word = serve_mem_alloc_z(sizeof(*word));
        size_t len = strcspn(line, " ");

        word->val = copy(line, line + len);
        word->len = (int)len;
        serve_list_add(&word->head, list);
        line += len;
    }
    return list;
}

void serve_conf_split_free(struct mk_list *list)
{
    struct mk_list *node;
    struct mk_list *after;

    if (list == NULL)
        return;
    for (SERVE_EACH_SAFE(node, after, list)) {
        struct mk_string_line *word =
            MK_ENTRY(node, struct mk_string_line, head);

        serve_mem_free(word->val);
        serve_mem_free(word);
    }
    serve_mem_free(list);
}
