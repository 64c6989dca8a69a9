/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of Monkey's as a tree. The scanner cuts it up.
 */
#include "config/tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/scan_internal.h"

/* Makes room for one more element. Returns 0 or -1. */
static int reserve(void **array, size_t count, size_t *capacity, size_t size)
{
    size_t wanted = *capacity ? *capacity * 2 : 8;
    void *bigger;

    if (count < *capacity)
        return 0;
    bigger = reallocarray(*array, wanted, size);
    if (!bigger)
        return -1;
    *array = bigger;
    *capacity = wanted;
    return 0;
}

int fcgi_tree_add_section(struct fcgi_tree *tree, struct span name,
                          unsigned line, unsigned column, unsigned length)
{
    void *array = tree->sections;
    struct fcgi_tree_section *section;

    if (reserve(&array, tree->n_sections, &tree->capacity, sizeof(*section)))
        return -1;
    tree->sections = array;
    section = &tree->sections[tree->n_sections];
    *section = (struct fcgi_tree_section){.line = line,
                                          .column = column,
                                          .length = length,
                                          .name = strndup(name.at, name.len)};
    if (!section->name)
        return -1;
    tree->n_sections++;
    return 0;
}

int fcgi_tree_add_entry(struct fcgi_tree *tree, struct span key,
                        struct span value, struct fcgi_tree_entry where)
{
    struct fcgi_tree_section *section = &tree->sections[tree->n_sections - 1];
    void *array = section->entries;

    if (reserve(&array, section->n_entries, &section->capacity, sizeof(where)))
        return -1;
    section->entries = array;
    where.key = strndup(key.at, key.len);
    where.value = strndup(value.at, value.len);
    if (!where.key || !where.value) {
        free(where.key);
        free(where.value);
        return -1;
    }
    section->entries[section->n_entries++] = where;
    return 0;
}

void fcgi_tree_free(struct fcgi_tree *tree)
{
    for (size_t i = 0; i < tree->n_sections; i++) {
        struct fcgi_tree_section *section = &tree->sections[i];

        for (size_t k = 0; k < section->n_entries; k++) {
            free(section->entries[k].key);
            free(section->entries[k].value);
        }
        free(section->entries);
        free(section->name);
    }
    free(tree->sections);
    free(tree->file);
    memset(tree, 0, sizeof(*tree));
}

const struct fcgi_tree_section *fcgi_tree_section(const struct fcgi_tree *tree,
                                                  const char *name)
{
    for (size_t i = 0; i < tree->n_sections; i++)
        if (strcasecmp(tree->sections[i].name, name) == 0)
            return &tree->sections[i];
    return NULL;
}

const struct fcgi_tree_entry *
fcgi_tree_entry(const struct fcgi_tree_section *section, const char *key)
{
    for (size_t i = 0; section && i < section->n_entries; i++)
        if (strcasecmp(section->entries[i].key, key) == 0)
            return &section->entries[i];
    return NULL;
}
