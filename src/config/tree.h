/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's other files (monkey.conf, plugins.load, sites), which have the same
 * grammar as fastcgi.conf: any section, any key, and where each of them is.
 */
#ifndef FCGI_CONFIG_TREE_H
#define FCGI_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/diag.h"
#include "config/lexer.h"

/* Lines and columns are from 1, columns in bytes; `file` is the tree's. */
struct fcgi_tree_entry {
    const char *file;
    unsigned line;
    unsigned key_column;
    unsigned value_column;
    char *key;
    char *value; /* "" where it is missing, which has been reported */
};

struct fcgi_tree_section {
    const char *file;
    unsigned line;
    unsigned column;
    unsigned length;
    char *name;
    struct fcgi_tree_entry *entries;
    size_t n_entries;
    size_t capacity;
};

struct fcgi_tree {
    const char *file; /* the name of the first; NULL where it was not kept */
    char **files;     /* the names of all, included ones too */
    size_t n_files;
    size_t files_capacity;
    struct fcgi_tree_section *sections;
    size_t n_sections;
    size_t capacity;
    bool stops; /* Monkey does not start with it, for its grammar alone */
};

/* How a tree is read. */
struct fcgi_tree_reader {
    const struct fcgi_grammar *grammar;
    struct fcgi_diag_list *diags;

    /*
     * Reads the file or files that the token's text names, with
     * fcgi_tree_add() again; guards against a file that includes itself.
     * Returns 0, or -1 to stop. NULL: includes are passed over.
     */
    int (*include)(struct fcgi_tree *tree,
                   const struct fcgi_tree_reader *reader, const char *file,
                   const struct fcgi_token *token);
    void *data; /* for include() */
};

/*
 * Adds a file's text to a tree, which starts as all zeros; `file` is its name
 * in messages. Findings go to the reader's list, and the rest is read as it was
 * meant. Returns 0, or -1 if the text was not read to its end, which then is a
 * finding, too. The tree must be freed whatever comes out.
 */
int fcgi_tree_add(struct fcgi_tree *tree, const struct fcgi_tree_reader *reader,
                  const char *file, const char *text, size_t len);

/* The same for a new tree of one file, as Monkey 1.6 reads it. */
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
