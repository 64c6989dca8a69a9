/* SPDX-License-Identifier: Apache-2.0
 *
 * Much of Monkey's request outlives it: the query, the body and the content
 * type of one request are still there in the next one on the same connection
 *. So the query and the body are told by where things stand in the
 * receive buffer, and fields by the parser's table.
 */
#include "monkey/request16.h"

#include <string.h>
#include <sys/socket.h>

static struct fcgi_text text(const struct mk16_ptr *ptr)
{
    if (ptr->data == NULL || ptr->len == (unsigned long)-1)
        return (struct fcgi_text){NULL, 0};
    return (struct fcgi_text){ptr->data, ptr->len};
}

/* The query stands between the URI and the protocol. The '?' itself has been
 * overwritten, so that positions are all there is. */
static void read_query(const struct mk16_request *sr,
                       struct fcgi_http_request *request)
{
    const char *begin = sr->uri.data + sr->uri.len + 1;
    const char *protocol = sr->protocol_p.data;

    if (protocol == NULL || protocol <= begin)
        return;
    request->has_query = true;
    request->query.data = begin;
    request->query.length = (size_t)(protocol - 1 - begin);
}

/* Everything behind the header is the body for Monkey, a next request too:
 * only as much as Content-Length says is ours. */
static void read_body(struct mk16_session *cs, const struct mk16_request *sr,
                      struct fcgi_http_request *request)
{
    long length = cs->parser.header_content_length;

    if (length < 0)
        return;
    request->has_body = true;
    if (length == 0 || sr->data.data == NULL)
        return;
    request->body = (const uint8_t *)sr->data.data;
    request->body_length = (size_t)length;
    if (request->body_length > sr->data.len)
        request->body_length = sr->data.len; /* never seen; never read past */
    cs->parser.i = (int)(sr->data.data - cs->body + length - 1);
}

/* The Host field as the client sent it: Monkey cuts the port off its value,
 * but programs need it to make links to themselves. It stands behind it still.
 */
static struct fcgi_text host_field(const struct mk16_request *sr,
                                   const struct mk16_ptr *val)
{
    struct fcgi_text host = text(val);

    if (sr->port <= 0 || host.data[host.length] != ':')
        return host;
    host.length++;
    while (host.data[host.length] >= '0' && host.data[host.length] <= '9')
        host.length++;
    return host;
}

/* The two tables of the parser, not its list, which a repeated field
 * corrupts. */
static size_t read_fields(const struct mk16_request *sr,
                          const struct mk16_parser *parser,
                          struct fcgi_http_field *fields)
{
    size_t n = 0;
    int extra = parser->headers_extra_count;

    for (int i = 0; i < MK16_HEADERS; i++) {
        if (parser->headers[i].val.data == NULL)
            continue;
        fields[n].name = text(&parser->headers[i].key);
        fields[n++].value = i == MK16_HEADER_HOST
                                ? host_field(sr, &parser->headers[i].val)
                                : text(&parser->headers[i].val);
    }
    for (int i = 0; i < extra && i < MK16_HEADERS_EXTRA; i++) {
        fields[n].name = text(&parser->headers_extra[i].key);
        fields[n++].value = text(&parser->headers_extra[i].val);
    }
    return n;
}

static void read_addresses(int fd, struct fcgi_http_request *request)
{
    socklen_t length = sizeof(request->peer);

    /* It fails where the client has reset the connection already. */
    if (getpeername(fd, (struct sockaddr *)&request->peer, &length) < 0)
        memset(&request->peer, 0, sizeof(request->peer));
    length = sizeof(request->local);
    if (getsockname(fd, (struct sockaddr *)&request->local, &length) < 0)
        memset(&request->local, 0, sizeof(request->local));
}

void mk16_request_read(struct mk16_session *cs, struct mk16_request *sr,
                       struct fcgi_http_field fields[MK16_FIELDS_MAX],
                       struct fcgi_http_request *request)
{
    memset(request, 0, sizeof(*request));
    request->method = text(&sr->method_p);
    request->uri = text(&sr->uri);
    request->path = text(&sr->uri_processed);
    request->version = sr->protocol == MK16_PROTOCOL_11 ? 11 : 10;
    request->document_root = text(&sr->host_conf->documentroot);
    request->script_filename = text(&sr->real_path);
    if (sr->host_alias != NULL) {
        request->server_name.data = sr->host_alias->name;
        request->server_name.length = sr->host_alias->len;
    }
    request->fields = fields;
    request->n_fields = read_fields(sr, &cs->parser, fields);
    read_query(sr, request);
    read_body(cs, sr, request);
    read_addresses(cs->socket, request);
}
