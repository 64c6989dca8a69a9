/* SPDX-License-Identifier: Apache-2.0
 *
 * What a proxy tells of the request that it has received: elements of the field
 * Forwarded (RFC 7239), and nodes as X-Forwarded-For has them, too. Pure
 * functions over spans: no I/O, no allocation, any thread.
 *
 * Lists are read from their end, as each proxy adds its element there: whatever
 * a client has put in front, be it a quote that never ends, changes nothing of
 * what stands behind.
 */
#ifndef FCGI_HTTP_FORWARDED_H
#define FCGI_HTTP_FORWARDED_H

#include <sys/socket.h>

#include "http/chars.h"

enum fcgi_http_scheme {
    FCGI_HTTP_UNTOLD,
    FCGI_HTTP_PLAIN, /* http */
    FCGI_HTTP_TLS,   /* https */
};

/* One element of Forwarded. */
struct fcgi_http_hop {
    bool has_node; /* `node` is who has sent the request */
    struct sockaddr_storage node;
    enum fcgi_http_scheme scheme;
    unsigned port; /* of the host that was asked for; 0: not told */
};

/*
 * Takes the last element, trimmed and perhaps empty, from the end of a list; a
 * comma within quotes parts nothing. Begin with a copy of the field's value;
 * false where there are no more.
 */
bool fcgi_http_forwarded_last(struct fcgi_text *rest,
                              struct fcgi_text *element);

/*
 * Reads an element of Forwarded. False where it is none as section 4 has it, or
 * has a parameter twice. A node that is no address, as `unknown` and `_hidden`
 * are, is left out.
 */
bool fcgi_http_forwarded_read(struct fcgi_text element,
                              struct fcgi_http_hop *hop);

/*
 * Reads a node: an IPv4 address, or one of IPv6, with brackets or, where no
 * port follows, without them; and its port, 0 where there is none or it is
 * hidden (`:_p`). False where it is no address.
 */
bool fcgi_http_forwarded_node(struct fcgi_text text,
                              struct sockaddr_storage *node);

/* Reads a port, from 1 to 65535, and a scheme; 0 and UNTOLD are for all
 * else. */
unsigned fcgi_http_forwarded_port(struct fcgi_text text);
enum fcgi_http_scheme fcgi_http_forwarded_scheme(struct fcgi_text text);

#endif
