/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of fcgi_config_load(), for those who have the text already.
 */
#ifndef FCGI_CONFIG_PARSE_H
#define FCGI_CONFIG_PARSE_H

#include <stddef.h>

#include "config/config.h"
#include "config/diag.h"
#include "config/scan.h"

/* A larger file is not read. 100,000 lines of any length that Monkey takes
 * have room. */
#define FCGI_CONFIG_FILE_MIB 32
#define FCGI_CONFIG_FILE_MAX ((size_t)FCGI_CONFIG_FILE_MIB << 20)

/*
 * Reads a regular file. Returns 0 with `*text` (which the caller frees; it is
 * terminated, but may contain NUL bytes) and `*len` set, or -1 with a finding
 * about the file as a whole. Never waits for a FIFO's other end.
 */
int fcgi_config_read_file(const char *path, char **text, size_t *len,
                          struct fcgi_diag_list *diags);

/* The same for what is open already, such as standard input, of whatever kind
 * but a directory; `name` is for messages. */
int fcgi_config_read_fd(int fd, const char *name, char **text, size_t *len,
                        struct fcgi_diag_list *diags);

/* fcgi_config_load() for a text; `file` is its name in messages. */
struct fcgi_config *fcgi_config_parse(const char *file, const char *text,
                                      size_t len, struct fcgi_diag_list *diags);

/*
 * What needs more than one key to tell: required and contradicting keys,
 * sections without any, no section at all.
 */
void fcgi_config_check_keys(const struct fcgi_scan *scan, const char *file,
                            struct fcgi_diag_list *diags);

/* The same for keys about scripts and variables, once all values are right. */
void fcgi_config_check_scripts(const struct fcgi_scan *scan,
                               const struct fcgi_config *config,
                               struct fcgi_diag_list *diags);

/* The same for keys about connections and servers. */
void fcgi_config_check_pool(const struct fcgi_scan *scan,
                            const struct fcgi_config *config,
                            struct fcgi_diag_list *diags);

/* Where a key stands in a server's own section, in [FASTCGI], or in the first of
 * these; NULL: nowhere. */
const struct fcgi_scan_pair *
fcgi_config_own_pair(const struct fcgi_scan *scan,
                     const struct fcgi_server_config *server, const char *name);
const struct fcgi_scan_pair *
fcgi_config_default_pair(const struct fcgi_scan *scan, const char *name);
const struct fcgi_scan_pair *
fcgi_config_find_pair(const struct fcgi_scan *scan,
                      const struct fcgi_server_config *server,
                      const char *name);

/* A finding about a key. What [FASTCGI] says is told once, not for each server;
 * NULL is passed over. */
void fcgi_config_report_pair(struct fcgi_diag_list *diags, const char *id,
                             const char *file,
                             const struct fcgi_scan_pair *pair,
                             const char *message);

/* One value, which is that of `pair` and terminated; tells what is wrong. */
void fcgi_config_check_value(const struct fcgi_scan_pair *pair,
                             const char *value, const char *file,
                             struct fcgi_diag_list *diags);

#endif
