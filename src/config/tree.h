/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's other files (monkey.conf, plugins.load, sites), which have the same
 * grammar as fastcgi.conf: any section, any key, and where each of them is.
 */
#ifndef FCGI_CONFIG_TREE_H
#define FCGI_CONFIG_TREE_H

#include <stddef.h>

#include "config/diag.h"

/* Columns are from 1, in bytes. */
struct fcgi_tree_entry {
    unsigned line;
    unsigned key_column;
    unsigned value_column;
    char *key;
    char *value; /* "" where it is missing, which has been told */
};

struct fcgi_tree_section {
    unsigned line;
    unsigned column;
    unsigned length;
    char *name;
    struct fcgi_tree_entry *entries;
    size_t n_entries;
    size_t capacity;
};

struct fcgi_tree {
    char *file;
    struct fcgi_tree_section *sections;
    size_t n_sections;
    size_t capacity;
};

/*
 * Reads a text; `file` is its name in messages. What Monkey's grammar has
 * against it goes to `diags`, and the rest is read as it was meant. Returns 0,
 * or -1 if it was not read to its end, which then is a finding, too. The tree
 * must be freed whatever comes out.
 */
int fcgi_tree_read(struct fcgi_tree *tree, const char *file, const char *text,
                   size_t len, struct fcgi_diag_list *diags);
void fcgi_tree_free(struct fcgi_tree *tree);

/* The first of a name, as Monkey takes it, in whatever case; or NULL. The
 * section may be NULL. */
const struct fcgi_tree_section *fcgi_tree_section(const struct fcgi_tree *tree,
                                                  const char *name);
const struct fcgi_tree_entry *
fcgi_tree_entry(const struct fcgi_tree_section *section, const char *key);

#endif
