/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's own files as 1.6 and 1.8 read them: any bytes, and included ones.
 * Whatever comes, what is found lies in the text, and what is wrong can be
 * shown. `make fuzz`.
 *
 * An input is texts, with NULs between them: of the file, and of what it
 * includes, one after the other, whatever its name. (That has to be a file that
 * there is, such as /dev/null; a pattern stands for that one, too.)
 */
#include <glob.h>
#include <string.h>

#include "fuzz.h"
#include "monkeyconf/monkeyconf.h"

/* A pattern may be of the whole disk. */
int glob(const char *pattern, int flags, int (*error)(const char *, int),
         glob_t *found)
{
    static char name[] = "/dev/null";
    static char *names[] = {name, NULL};

    (void)flags;
    (void)error;
    if (strchr(pattern, '?') != NULL)
        return GLOB_NOMATCH;
    found->gl_pathc = 1;
    found->gl_pathv = names;
    return 0;
}

void globfree(glob_t *found)
{
    (void)found;
}

/* What has not been read yet. */
struct texts {
    const char *at, *end;
};

static const char *next_text(struct texts *texts, size_t *length)
{
    const char *text = texts->at, *nul;

    nul = memchr(text, '\0', (size_t)(texts->end - text));
    *length = (size_t)((nul != NULL ? nul : texts->end) - text);
    texts->at = text + *length + (nul != NULL);
    return text;
}

static const char *load(void *data, const char *path, size_t *length)
{
    struct texts *texts = data;

    (void)path;
    return texts->at < texts->end ? next_text(texts, length) : NULL;
}

static bool is_inside(struct fcgi_monkeyconf_word word, const char *text)
{
    return word.at >= text && word.at + word.length <= text + strlen(text);
}

static void try_listen(const char *value, bool is_18)
{
    struct fcgi_monkeyconf_listen listen;

    if (fcgi_monkeyconf_listen_parse(value, is_18, &listen) != NULL)
        return;
    check(listen.port.length > 0 && is_inside(listen.port, value));
    check(listen.address.length == 0 || is_inside(listen.address, value));
    check(listen.lost.length == 0 || is_inside(listen.lost, value));
    check(!fcgi_monkeyconf_listen_binds(&listen) || !listen.nothing);
}

static void try_entry(const struct fcgi_tree_entry *entry, bool is_18)
{
    const struct fcgi_monkeyconf_key *row = fcgi_monkeyconf_server;
    const char *at = entry->value;
    struct fcgi_monkeyconf_word word;
    int number;

    check(entry->line > 0 && entry->key_column > 0 && entry->key[0] != '\0');
    for (; row->name != NULL; row++)
        fcgi_monkeyconf_takes(row->name, is_18, entry->value, &number);
    try_listen(entry->value, is_18);
    while (word = fcgi_monkeyconf_word(&at), word.length > 0) {
        check(is_inside(word, entry->value));
        fcgi_monkeyconf_keeps_name(word);
    }
    check(*at == '\0');
    word = fcgi_monkeyconf_plugin_name(entry->value);
    check(word.length == 0 || is_inside(word, entry->value));
    fcgi_monkeyconf_is_match(entry->key);
}

static void try_tree(struct fcgi_tree *tree, bool is_18)
{
    for (size_t i = 0; i < tree->n_sections; i++) {
        const struct fcgi_tree_section *section = &tree->sections[i];

        check(section->line > 0 && section->file != NULL);
        check(fcgi_tree_section(tree, section->name) != NULL);
        for (size_t k = 0; k < section->n_entries; k++) {
            try_entry(&section->entries[k], is_18);
            check(fcgi_tree_entry(section, section->entries[k].key) != NULL);
        }
    }
    fcgi_monkeyconf_host(tree);
}

static void try_family(const char *bytes, size_t size, bool is_18)
{
    struct texts texts = {bytes, bytes + size};
    struct fcgi_diag_list diags;
    struct fcgi_tree tree;
    const char *text;
    char line[4096];
    size_t length;

    fcgi_diag_list_init(&diags);
    text = next_text(&texts, &length);
    fcgi_monkeyconf_read(&tree, is_18, "f", text, length, &diags, load, &texts);
    try_tree(&tree, is_18);
    for (size_t i = 0; i < diags.count; i++) {
        fcgi_diag_format(&diags.items[i], line, sizeof(line));
        for (const char *s = line; *s != '\0'; s++)
            check((unsigned char)*s >= 0x20 && *s != 0x7f);
    }
    fcgi_tree_free(&tree);
    fcgi_diag_list_free(&diags);
}

FUZZER(tree)
{
    try_family((const char *)data, size, false);
    try_family((const char *)data, size, true);
    return 0;
}
