/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/core_buffer.h"

#include <string.h>

/* Whether a head that begins at `rest` would outlast a move of the buffer: it
 * is whole, and inside the session. */
static bool stays(const struct mk_session *cs, const char *rest, size_t length)
{
    return cs->body == cs->body_fixed &&
           (length == 0 || memmem(rest, length, "\r\n\r\n", 4) != NULL);
}

char *fcgi_monkey_core_buffer_settle(const struct mk_api *api, size_t most,
                                     const struct fcgi_monkey_conn_view *view)
{
    struct mk_session *cs = view->session;
    size_t end = cs->body_length, from = (size_t)cs->parser.i + 1;
    char *old = cs->body, *body;

    if (cs->parser.i < 0)
        return NULL;
    if (from > end)
        from = end; /* behind a body that the core took all of */
    if (stays(cs, old + from, end - from))
        return NULL;
    if (cs->body_size + (size_t)view->net->buffer_size > most)
        return NULL;                 /* 413 instead of a move */
    body = api->mem_alloc(most + 1); /* the core puts a NUL behind */
    if (body == NULL) {
        if (from < end) {
            cs->close_now = 1;
            cs->body_length = (unsigned)from;
        }
        return NULL;
    }
    memcpy(body + from, old + from, end - from);
    cs->body = body;
    cs->body_size = (unsigned)most;
    return old != cs->body_fixed ? old : NULL;
}

void fcgi_monkey_core_buffer_reset(const struct mk_api *api,
                                   const struct fcgi_monkey_conn_view *view)
{
    struct mk_session *cs = view->session;

    /* A TLS layer has had a larger one from the beginning. */
    if (cs->body == cs->body_fixed || cs->body_length != 0 ||
        view->net->buffer_size > MK_REQUEST_CHUNK)
        return;
    api->mem_free(cs->body);
    cs->body = cs->body_fixed;
    cs->body_size = MK_REQUEST_CHUNK;
}
