/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of a request is read from the receive buffer, not from where
 * Monkey's structures point to: those pointers are made while the head is
 * parsed, and are not made anew when the buffer grows for the body and moves.
 * Besides, Monkey keeps but the last of repeated fields, cuts the port off the
 * Host, and leaves the query and the body of one request standing for the next
 * one. The buffer has it all, as it was received, but for names of fields in
 * lower case and for the byte behind the path, which may have become NUL.
 */
#include "monkey/core_request.h"

#include <stdbool.h>
#include <string.h>

#include "http/chars.h"

static struct fcgi_text text(const struct mk_ptr *ptr)
{
    if (ptr->data == NULL || ptr->len == (unsigned long)-1)
        return (struct fcgi_text){NULL, 0};
    return (struct fcgi_text){ptr->data, ptr->len};
}

/* The line that begins at `*at`, without its end; `*at` goes behind it. A line
 * ends with CRLF, and has no CR or LF in it: others that see the request might
 * take such a one for an end. */
static bool next_line(const char **at, const char *end, struct fcgi_text *line)
{
    const char *lf = memchr(*at, '\n', (size_t)(end - *at));

    if (lf == NULL || lf == *at || lf[-1] != '\r')
        return false;
    line->data = *at;
    line->length = (size_t)(lf - *at) - 1;
    *at = lf + 1;
    return memchr(line->data, '\r', line->length) == NULL;
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 127;
}

static bool has_control(const char *at, const char *end)
{
    while (at < end && !is_control(*at))
        at++;
    return at < end;
}

/*
 * `METHOD TARGET HTTP/1.x`. The path has the length that the core has seen: the
 * byte behind it, a blank or a '?', may have become NUL. Any other byte of
 * control is the client's own, and refused.
 */
static bool read_request_line(struct fcgi_text line, size_t path,
                              struct fcgi_http_request *request)
{
    static const char protocol[] = " HTTP/1.x";
    const size_t n = sizeof(protocol) - 1;
    const char *blank = memchr(line.data, ' ', line.length);
    const char *begin, *end;
    struct fcgi_text method;

    if (blank == NULL || line.length <= n)
        return false;
    method = (struct fcgi_text){line.data, (size_t)(blank - line.data)};
    begin = blank + 1;
    end = line.data + line.length - n;
    if (!fcgi_http_text_all(method, FCGI_HTTP_TOKEN) || begin >= end ||
        memcmp(end + 1, protocol + 1, n - 2) != 0 || is_control(end[n - 1]) ||
        path > (size_t)(end - begin) || has_control(begin, begin + path))
        return false;
    request->method = method;
    request->version = end[n - 1] == '0' ? 10 : 11;
    request->uri.data = begin;
    request->uri.length = path;
    if (begin + path < end) {
        if ((begin[path] != '?' && begin[path] != '\0') ||
            has_control(begin + path + 1, end))
            return false;
        request->has_query = true;
        request->query.data = begin + path + 1;
        request->query.length = (size_t)(end - begin) - path - 1;
    }
    return true;
}

/* RFC 9110, 5.5: of bytes of control, HTAB alone. */
static bool is_value(struct fcgi_text value)
{
    return value.length == 0 || fcgi_http_text_all(value, FCGI_HTTP_VALUE);
}

/* `*from` goes behind the head. */
static int read_head(const char **from, const char *end, size_t path,
                     struct fcgi_http_field *fields,
                     struct fcgi_http_request *request)
{
    const char *at = *from;
    struct fcgi_text line, name;

    while (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
        at += 2; /* some clients send one behind a body */
    if (!next_line(&at, end, &line) || !read_request_line(line, path, request))
        return 400;
    for (;;) {
        struct fcgi_http_field *field = &fields[request->n_fields];
        const char *colon;

        if (!next_line(&at, end, &line))
            return 400;
        if (line.length == 0) {
            *from = at;
            return 0;
        }
        colon = memchr(line.data, ':', line.length);
        if (colon == NULL)
            return 400;
        name = (struct fcgi_text){line.data, (size_t)(colon - line.data)};
        if (!fcgi_http_text_all(name, FCGI_HTTP_TOKEN))
            return 400;
        if (request->n_fields == MK_FIELDS_MAX)
            return 431;
        field->name = name;
        field->value = fcgi_http_text_trim(colon + 1, line.data + line.length);
        if (!is_value(field->value))
            return 400;
        request->n_fields++;
    }
}

/* Whether a field is `Connection` and has the option `close`. */
static bool says_close(const struct fcgi_http_field *field)
{
    struct fcgi_text rest = field->value, option;

    if (!fcgi_http_text_is(field->name, "connection"))
        return false;
    while (fcgi_http_text_element(&rest, &option))
        if (fcgi_http_text_is(option, "close"))
            return true;
    return false;
}

/* The decoded path: it is the end of the file's name, which Monkey has
 * composed for this request, where no ~user stands for another folder. */
static struct fcgi_text read_path(const struct mk_request *sr)
{
    const struct mk_ptr *root = &sr->host_conf->documentroot;
    const struct mk_ptr *file = &sr->real_path;

    if (sr->user_home || file->data == NULL || file->len <= root->len ||
        memcmp(file->data, root->data, root->len) != 0)
        return text(&sr->uri_processed);
    return (struct fcgi_text){file->data + root->len, file->len - root->len};
}

int fcgi_monkey_core_request_read(struct mk_session *cs, struct mk_request *sr,
                                  struct fcgi_http_field fields[MK_FIELDS_MAX],
                                  struct fcgi_http_request *request,
                                  const char **body, const char **why)
{
    const char *at = cs->body;
    int status;

    memset(request, 0, sizeof(*request));
    request->fields = fields;
    status = read_head(&at, cs->body + cs->body_length, sr->uri.len, fields,
                       request);
    *why = "the request's head cannot be read";
    /* Monkey knows the option where it stands alone. */
    request->close = cs->close_now;
    for (size_t i = 0; i < request->n_fields; i++)
        request->close = request->close || says_close(&fields[i]);
    request->path = read_path(sr);
    request->site = sr->host_conf;
    request->document_root = text(&sr->host_conf->documentroot);
    request->script_filename = text(&sr->real_path);
    if (sr->host_alias != NULL) {
        request->server_name.data = sr->host_alias->name;
        request->server_name.length = sr->host_alias->len;
    }
    if (status == 0)
        status = fcgi_monkey_core_request_body(cs, sr, (size_t)(at - cs->body),
                                               fields, request, body, why);
    return status;
}
