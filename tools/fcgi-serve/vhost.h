/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtual hosts, see vhost.c.
 */
#ifndef FCGI_SERVE_VHOST_H
#define FCGI_SERVE_VHOST_H

#include "monkey/abi.h"

/* Reads sites/default and all others of the directory: 0, or -1 after
 * messages. */
int serve_vhosts_read(const char *directory);

/* The one host of the short form. */
void serve_vhost_add(const char *docroot, const char *match);

/* Gives each Match rule its plugin. */
int serve_vhosts_map(void);

void serve_vhosts_free(void);

/* Leaves *host and *alias alone if no host has this name. */
void serve_vhost_find(const struct mk_ptr *name, struct mk_host **host,
                      struct mk_host_alias **alias);

/* NULL if the host has no page of its own for the status. */
const struct mk_error_page *serve_vhost_error_page(struct mk_host *host,
                                                   int status);

#endif
