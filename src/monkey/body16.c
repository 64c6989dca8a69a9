/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of a request in Monkey 1.6, which knows Content-Length alone.
 */
#include "monkey/core_request.h"

/* Everything behind the head is the body for Monkey, a next request too: only
 * as much as Content-Length says is ours. */
int fcgi_monkey_core_request_body(struct mk_session *cs, struct mk_request *sr,
                                  size_t head_end,
                                  struct fcgi_http_field *fields,
                                  struct fcgi_http_request *request,
                                  const char **body, const char **why)
{
    long length = cs->parser.header_content_length;

    (void)head_end;
    (void)fields;
    (void)why;
    if (length < 0)
        return 0;
    request->framing = FCGI_HTTP_LENGTH;
    if (length == 0 || sr->data.data == NULL)
        return 0;
    request->content_length = (uint64_t)length;
    if (request->content_length > sr->data.len)
        request->content_length =
            sr->data.len; /* never seen; never read past */
    *body = sr->data.data;
    cs->parser.i = (int)(sr->data.data - cs->body + length - 1);
    return 0;
}
