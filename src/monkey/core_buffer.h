/* SPDX-License-Identifier: Apache-2.0
 *
 * The buffer that a session receives in. When a request does not fit, the core
 * enlarges it, and it moves; the pointers that the core has made into the head
 * are not made anew. Those of a session's first request survive, as it begins
 * in a buffer inside the session that stays where it is. These functions see to
 * it that the heads of all later requests lie in memory that stays, too.
 */
#ifndef FCGI_MONKEY_CORE_BUFFER_H
#define FCGI_MONKEY_CORE_BUFFER_H

#include "monkey/takeover.h"

#define fcgi_monkey_core_buffer_settle FCGI_MONKEY_NAME(core_buffer_settle)
#define fcgi_monkey_core_buffer_reset FCGI_MONKEY_NAME(core_buffer_reset)

/*
 * In stage 40, which comes before the core looks for a next request in the
 * buffer, whoever has answered this one: replaces a buffer that would move by
 * one of `most` bytes (MaxRequestSize), which never grows. The request points
 * into the old one yet: it is returned, and must be freed with api->mem_free
 * when stage 40 is over. NULL where there is none to free. Without memory a
 * session that holds more than this request closes after it.
 */
char *fcgi_monkey_core_buffer_settle(const struct mk_api *api, size_t most,
                                     const struct fcgi_monkey_conn_view *view);

/* Gives an idle session the buffer that it began with. */
void fcgi_monkey_core_buffer_reset(const struct mk_api *api,
                                   const struct fcgi_monkey_conn_view *view);

#endif
