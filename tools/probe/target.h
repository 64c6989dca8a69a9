/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets of the command line: addresses of FastCGI applications, and servers
 * of fastcgi.conf by name.
 */
#ifndef FCGI_PROBE_TARGET_H
#define FCGI_PROBE_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/address.h"
#include "common/cli.h"
#include "config/config.h"

#define FCGI_TARGET_PORT 9000 /* where HOST alone is given; php-fpm's default */

/* What a tool's help says of TARGET; " of fastcgi.conf" follows. */
#define FCGI_TARGET_HELP                                                      \
    "TARGET is /path/of.sock, unix:/path/of.sock, HOST[:PORT] (port 9000),\n" \
    "[IPV6]:PORT, tcp://HOST:PORT, or @NAME"

/*
 * Reads an address of the command line:
 *
 *   /run/a.sock  ./a.sock  unix:/run/a.sock   a Unix socket
 *   HOST  HOST:PORT  [V6]  [V6]:PORT  tcp://HOST:PORT
 *   _SERVICE._tcp.DOMAIN                      SRV records
 *
 * A relative path counts from the working directory. Returns 0, or -1 with
 * `*why` set to a static text that says what is wrong and what cures it.
 */
int fcgi_target_parse(const char *text, struct fcgi_endpoint *endpoint,
                      const char **why);

struct fcgi_target {
    char *label; /* what messages call it */
    struct fcgi_endpoint endpoint;
    size_t origin;  /* its place before members were added (member.h) */
    bool is_member; /* of a name, with its address in the label */
};

/* Zeroed memory is an empty list. */
struct fcgi_target_list {
    struct fcgi_target *items;
    size_t count;
};

/* Adds a target; the label is copied. Returns 0, or -1 where memory is
 * short. */
int fcgi_target_append(struct fcgi_target_list *list, const char *label,
                       const struct fcgi_endpoint *endpoint, size_t origin);

/*
 * Adds the targets of one argument: an address, a path with wildcards for all
 * sockets that it means (glob(7)), or with `config` also `@NAME` and `@all`,
 * whose labels are `@NAME`. Returns 0, or -1 with a message (no
 * newline) in `message`.
 */
int fcgi_target_add(struct fcgi_target_list *list, const char *argument,
                    const struct fcgi_config *config, char *message,
                    size_t size);

/*
 * Adds the targets of all arguments; `file` is fastcgi.conf, which is read
 * where one of them is a name. Returns 0, or the process's exit status after a
 * message of `cli`.
 */
int fcgi_target_read(struct fcgi_target_list *list, const struct fcgi_cli *cli,
                     const char *file, char **arguments, int n);

/* Takes the option -4 or -6. Returns 0, or the status after a message where the
 * other one was given before. */
int fcgi_target_family(const struct fcgi_cli *cli, int value, int *family);

/*
 * The address that is really used, as text: `peer` where a probe has tried
 * one, else the endpoint's where it needs no lookup. Returns whether there is
 * one.
 */
bool fcgi_target_peer(const struct fcgi_endpoint *endpoint,
                      const struct fcgi_address *peer, char *buf, size_t size);

void fcgi_target_list_free(struct fcgi_target_list *list);

#endif
