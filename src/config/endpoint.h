/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a FastCGI server listens, as a user writes it. Nothing is looked up.
 */
#ifndef FCGI_CONFIG_ENDPOINT_H
#define FCGI_CONFIG_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fcgi_endpoint_kind {
    FCGI_ENDPOINT_TCP,
    FCGI_ENDPOINT_UNIX,
};

/* Where a FastCGI server listens, as the user wrote it. */
struct fcgi_endpoint {
    enum fcgi_endpoint_kind kind;
    char host[256]; /* TCP: name or address, without brackets */
    uint16_t port;  /* TCP; 0: the host is a service's name, for SRV */
    char path[108]; /* Unix: absolute, NUL-terminated */
};

/*
 * Reads `HOST:PORT`, `[V6]:PORT` or `_SERVICE._tcp.DOMAIN` into `endpoint`.
 * Returns 0, or -1 with `*why` set to a static text (what is wrong and what
 * cures it) and `*at` to the offset in `text` that it is about. `text` need not
 * be terminated.
 */
int fcgi_endpoint_parse_addr(const char *text, size_t len,
                             struct fcgi_endpoint *endpoint, const char **why,
                             size_t *at);

/* The same for the absolute path of a Unix socket. */
int fcgi_endpoint_parse_path(const char *text, size_t len,
                             struct fcgi_endpoint *endpoint, const char **why,
                             size_t *at);

/* Whether it has to be looked up; and whether as a service (SRV). */
bool fcgi_endpoint_is_name(const struct fcgi_endpoint *endpoint);
bool fcgi_endpoint_is_service(const struct fcgi_endpoint *endpoint);

#endif
