/* SPDX-License-Identifier: Apache-2.0
 *
 * A request as Monkey 1.6 holds it, read for the gateway.
 */
#ifndef FCGI_MONKEY_REQUEST16_H
#define FCGI_MONKEY_REQUEST16_H

#include <stdbool.h>

#include "gateway/host.h"
#include "monkey/abi16.h"

#define MK16_FIELDS_MAX (MK16_HEADERS + MK16_HEADERS_EXTRA)

/*
 * Fills `request` from a session whose request is complete; its fields go to
 * `fields`. Moves the parser's position behind the body, so that a pipelined
 * request behind it is found. Nothing is copied: what is filled in
 * holds until the request ends. Worker thread.
 */
void mk16_request_read(struct mk16_session *cs, struct mk16_request *sr,
                       struct fcgi_http_field fields[MK16_FIELDS_MAX],
                       struct fcgi_http_request *request);

#endif
