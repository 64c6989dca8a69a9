/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's file grammar, read into sections of keys and values, each with
 * its line.
 */
#ifndef FCGI_SERVE_CONF_H
#define FCGI_SERVE_CONF_H

#include <stdbool.h>

#include "monkey/abi.h"

struct serve_conf_entry {
    char *key;
    char *value;
    int line;
    struct mk_list head;
};

struct serve_conf_section {
    char *name;
    int line;
    struct mk_list entries;
    struct mk_list head;
};

struct serve_conf {
    char *file;
    struct mk_list sections;
};

/* NULL after messages that name file and line. */
struct serve_conf *serve_conf_read(const char *file);
void serve_conf_free(struct serve_conf *conf);

/* NULL if there is none of this name, in whatever case. */
const struct serve_conf_section *
serve_conf_section(const struct serve_conf *conf, const char *name);
const struct serve_conf_entry *
serve_conf_entry(const struct serve_conf_section *section, const char *key);

/* These leave *value alone if the key is absent, and return -1 after a
 * message if its value is none. */
int serve_conf_number(const struct serve_conf *conf,
                      const struct serve_conf_section *section, const char *key,
                      int least, int *value);
int serve_conf_bool(const struct serve_conf *conf,
                    const struct serve_conf_section *section, const char *key,
                    int8_t *value);

/* The words of a line, as Monkey keeps lists: of struct mk_string_line. */
struct mk_list *serve_conf_split(const char *line);
void serve_conf_split_free(struct mk_list *list);

#endif
