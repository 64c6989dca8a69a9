/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: sections and keys of Monkey's own files.
 */
#ifndef FCGI_CHECK_KEYS_H
#define FCGI_CHECK_KEYS_H

#include "check.h"

/* Reads a source that has a text, as the dialect's Monkey does. Returns whether
 * that Monkey accepts it. */
bool check_tree_read(struct check_run *run, const char *path,
                     struct fcgi_tree *tree);

/* A section that Monkey needs, by name; NULL after a finding. Reports further
 * ones of that name, which have no effect. */
const struct fcgi_tree_section *check_section(struct check_run *run,
                                              const struct fcgi_tree *tree,
                                              const char *name);

/* The same for one that may be missing. */
const struct fcgi_tree_section *check_section_if(struct check_run *run,
                                                 const struct fcgi_tree *tree,
                                                 const char *name);

/* Reports keys that are nearly one of `known` (which ends with NULL), in a
 * section that may be NULL. Returns how many there are. */
size_t check_unknown_keys(struct check_run *run,
                          const struct fcgi_tree_section *section,
                          const char *const *known);

/* The first entry of a key. Reports further ones, which have no effect; NULL if
 * there is none, which is reported where the key is `needed`: then that is a
 * value for the message. */
const struct fcgi_tree_entry *check_key(struct check_run *run,
                                        const struct fcgi_tree_section *section,
                                        const char *key, const char *needed);

/* [SERVER] of monkey.conf, beside what plugins.load loads. */
void check_server_section(struct check_run *run,
                          const struct fcgi_tree_section *section,
                          const struct check_plugins *plugins);

#endif
