/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of a request in Monkey 1.8: with a Content-Length, whatever the
 * method, or in chunks.
 *
 * For its core a field that has "chunked" somewhere in it says that the body is
 * chunked, even beside a Content-Length. What cannot mean but one thing to all
 * who see it is decoded here; from everything else the field is not taken away,
 * and the gateway refuses it.
 */
#include <string.h>

#include "http/chunked.h"
#include "monkey/core_request.h"

/* Takes the one `Transfer-Encoding: chunked` away from the fields; false where
 * there is not just that, or a Content-Length, or HTTP/1.0. */
static bool take_coding(struct fcgi_http_field *fields,
                        struct fcgi_http_request *request)
{
    size_t at = request->n_fields, n = 0;

    for (size_t i = 0; i < request->n_fields; i++) {
        struct fcgi_text name = fields[i].name, value = fields[i].value;

        if (fcgi_http_text_is(name, "content-length"))
            return false;
        if (!fcgi_http_text_is(name, "transfer-encoding"))
            continue;
        if (!fcgi_http_text_is(value, "chunked"))
            return false;
        at = i;
        n++;
    }
    if (n != 1 || request->version < 11)
        return false;
    memmove(&fields[at], &fields[at + 1],
            (request->n_fields - at - 1) * sizeof(fields[0]));
    request->n_fields--;
    return true;
}

static int read_chunks(struct mk_session *cs, size_t head_end,
                       struct fcgi_http_field *fields,
                       struct fcgi_http_request *request, const char **decoded,
                       const char **why)
{
    char *body = cs->body + head_end;
    struct fcgi_http_chunked chunked;
    struct fcgi_http_unchunked out;

    if (!take_coding(fields, request))
        return 0;
    fcgi_http_chunked_init(&chunked);
    switch (fcgi_http_chunked_decode(&chunked, body, cs->body_length - head_end,
                                     &out)) {
    case FCGI_HTTP_CHUNKED_DONE:
        break;
    case FCGI_HTTP_CHUNKED_MORE:
        /* The core has waited for the end with POST and PUT alone. */
        *why = "of a chunked body only Monkey's POST and PUT are whole";
        return 411;
    default:
        *why = "the request's body is no valid chunked encoding";
        return 400;
    }
    request->framing = FCGI_HTTP_LENGTH;
    request->content_length = out.decoded;
    *decoded = body;
    cs->parser.i = (int)(head_end + out.used) - 1;
    return 0;
}

int fcgi_monkey_core_request_body(struct mk_session *cs, struct mk_request *sr,
                                  size_t head_end,
                                  struct fcgi_http_field *fields,
                                  struct fcgi_http_request *request,
                                  const char **body, const char **why)
{
    long length = cs->parser.header_content_length;

    (void)sr;
    if (cs->parser.header_transfer_encoding != 0)
        return read_chunks(cs, head_end, fields, request, body, why);
    if (length < 0)
        return 0;
    request->framing = FCGI_HTTP_LENGTH;
    if (length == 0)
        return 0;
    /* Everything behind the head is the body for Monkey, a next request too. */
    *body = cs->body + head_end;
    request->content_length = (uint64_t)length;
    if (request->content_length > cs->body_length - head_end)
        request->content_length = cs->body_length - head_end;
    cs->parser.i = (int)(head_end + request->content_length) - 1;
    return 0;
}
