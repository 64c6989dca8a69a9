/* SPDX-License-Identifier: Apache-2.0
 *
 * A request as Monkey holds it, read for the gateway.
 */
#ifndef FCGI_MONKEY_CORE_REQUEST_H
#define FCGI_MONKEY_CORE_REQUEST_H

#include "gateway/host.h"
#include "monkey/abi.h"

#define fcgi_monkey_core_request_read FCGI_MONKEY_NAME(core_request_read)
#define fcgi_monkey_core_request_body FCGI_MONKEY_NAME(core_request_body)

/* Monkey takes 8 fields that it does not know (1.8: 50), and any number of
 * those that it does. */
#define MK_FIELDS_MAX 128

/*
 * Fills `request` from a session whose request is complete; its fields go to
 * `fields`. Moves the parser's position behind the body, so that a pipelined
 * request behind it is found. `*body` is where the body lies, decoded. Nothing
 * is copied: what is filled in holds until the request ends. Returns 0, or the
 * status to refuse the request with; then `*why` says why, and `request` holds
 * what was understood. Worker thread.
 */
int fcgi_monkey_core_request_read(struct mk_session *cs, struct mk_request *sr,
                                  struct fcgi_http_field fields[MK_FIELDS_MAX],
                                  struct fcgi_http_request *request,
                                  const char **body, const char **why);

/*
 * A part of the former, which is another for each ABI: fills in the body.
 * `head_end` is where the head ends in the receive buffer.
 */
int fcgi_monkey_core_request_body(struct mk_session *cs, struct mk_request *sr,
                                  size_t head_end,
                                  struct fcgi_http_field *fields,
                                  struct fcgi_http_request *request,
                                  const char **body, const char **why);

#endif
