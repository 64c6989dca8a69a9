/* SPDX-License-Identifier: Apache-2.0
 *
 * A configuration file's text, read as a whole.
 */
#ifndef FCGI_CONFIG_FILE_H
#define FCGI_CONFIG_FILE_H

#include <stddef.h>

#include "config/diag.h"

/* A larger file is not read. There is room for 100,000 lines of the greatest
 * length that Monkey 1.6 accepts. */
#define FCGI_CONFIG_FILE_MIB 32
#define FCGI_CONFIG_FILE_MAX ((size_t)FCGI_CONFIG_FILE_MIB << 20)

/*
 * Reads a regular file. Returns 0 with `*text` (which the caller frees; it is
 * terminated, but may contain NUL bytes) and `*len` set, or -1 with a finding
 * about the file as a whole. Never waits for a FIFO's other end.
 */
int fcgi_config_read_file(const char *path, char **text, size_t *len,
                          struct fcgi_diag_list *diags);

/* The same for a descriptor that is open already, such as standard input, of
 * any kind except a directory; `name` is for messages. */
int fcgi_config_read_fd(int fd, const char *name, char **text, size_t *len,
                        struct fcgi_diag_list *diags);

#endif
