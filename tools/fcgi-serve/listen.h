/* SPDX-License-Identifier: Apache-2.0
 *
 * Listening sockets, see listen.c.
 */
#ifndef FCGI_SERVE_LISTEN_H
#define FCGI_SERVE_LISTEN_H

#include "monkey/abi.h"

#define SERVE_NO_TLS "fcgi-serve has no TLS"

/* Adds a Listen value ("8080", "127.0.0.1:8080", "[::1]:8080") to the
 * configuration: NULL, or what is wrong with it. */
const char *serve_listen_add(const char *value);
void serve_listen_add_parts(const char *address, const char *port);
void serve_listen_free(void);

/* Whether all of them can be had: 0, or -1 after messages. Replaces port 0
 * by one that is free. */
int serve_listen_check(void);

/* A worker's own sockets (struct mk_server_listen). */
int serve_listen_open(struct mk_list *listeners);
void serve_listen_watch(struct mk_list *listeners, struct mk_event_loop *loop);
void serve_listen_close(struct mk_list *listeners);

#endif
