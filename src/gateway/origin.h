/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a request comes from, as the proxies say that have passed it on.
 */
#ifndef FCGI_GATEWAY_ORIGIN_H
#define FCGI_GATEWAY_ORIGIN_H

#include "config/network.h"
#include "gateway/host.h"

/*
 * Puts the true client into `peer`, whether it uses TLS into `tls`, and the
 * port that it has asked for into `local`. What is not told stays; the port of
 * a client that is told without one becomes 0, and that of a scheme without one
 * the scheme's. Returns NULL, or a static text: why the request is to be
 * answered
 * 400. Any thread.
 *
 * Fields are believed of a peer that is trusted, Forwarded (RFC 7239) or
 * X-Forwarded-For, and read from their end: as long as the address that was
 * found last is trusted, the one in front of it is looked at, and the walk ends
 * before one that is no address. The scheme is what the proxy has told that is
 * farthest away and trusted.
 *
 * Where there are fields of both kinds one of them may be the client's own,
 * which a proxy passes on that knows the other alone: two clients or two
 * schemes are refused, and of scheme and port counts what both tell.
 */
const char *fcgi_origin_find(struct fcgi_http_request *request,
                             const struct fcgi_networks *trusted);

#endif
