/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client wants to read, by its field Accept (RFC 9110, 12.5.1). Pure:
 * any thread.
 */
#ifndef FCGI_HTTP_ACCEPT_H
#define FCGI_HTTP_ACCEPT_H

#include "http/chars.h"

/* Whether the value of a field Accept names JSON, and HTML with a lower
 * quality, if at all. Wildcards say neither. */
bool fcgi_http_accept_json(struct fcgi_text value);

#endif
