/* SPDX-License-Identifier: Apache-2.0
 *
 * A request as Monkey 1.6 holds it, read for the gateway.
 */
#ifndef FCGI_MONKEY_REQUEST16_H
#define FCGI_MONKEY_REQUEST16_H

#include "gateway/host.h"
#include "monkey/abi16.h"

/* Monkey takes 8 fields that it does not know, and any number of the 19 that
 * it does. */
#define MK16_FIELDS_MAX 128

/*
 * Fills `request` from a session whose request is complete; its fields go to
 * `fields`. Moves the parser's position behind the body, so that a pipelined
 * request behind it is found. Nothing is copied: what is filled in holds until
 * the request ends. Returns 0, or the status to refuse the request with, and
 * then `request` holds what was understood. Worker thread.
 */
int mk16_request_read(struct mk16_session *cs, struct mk16_request *sr,
                      struct fcgi_http_field fields[MK16_FIELDS_MAX],
                      struct fcgi_http_request *request);

#endif
