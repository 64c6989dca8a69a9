/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of a request in Monkey 1.6, which knows Content-Length alone.
 */
#include "monkey/request.h"

/* Everything behind the head is the body for Monkey, a next request too: only
 * as much as Content-Length says is ours. */
int fcgi_monkey_request_body(struct mk_session *cs, struct mk_request *sr,
                             size_t head_end, struct fcgi_http_field *fields,
                             struct fcgi_http_request *request,
                             const char **why)
{
    long length = cs->parser.header_content_length;

    (void)head_end;
    (void)fields;
    (void)why;
    if (length < 0)
        return 0;
    request->has_body = true;
    if (length == 0 || sr->data.data == NULL)
        return 0;
    request->body = (const uint8_t *)sr->data.data;
    request->body_length = (size_t)length;
    if (request->body_length > sr->data.len)
        request->body_length = sr->data.len; /* never seen; never read past */
    cs->parser.i = (int)(sr->data.data - cs->body + length - 1);
    return 0;
}
