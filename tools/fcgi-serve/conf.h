/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of the tree, see conf.c.
 */
#ifndef FCGI_SERVE_CONF_H
#define FCGI_SERVE_CONF_H

#include <stdbool.h>

#include "monkey/abi.h"
#include "monkeyconf/monkeyconf.h"

/* Whether Monkey goes on with it; messages name file and line. The tree must be
 * freed with fcgi_tree_free() whatever comes out. */
bool serve_conf_read(struct fcgi_tree *tree, const char *file);

/* The words of a line, as Monkey keeps lists: of struct mk_string_line. */
struct mk_list *serve_conf_split(const char *line);
void serve_conf_split_free(struct mk_list *list);

#endif
