/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets of requests.
 */
#include "http/target.h"

#include <arpa/inet.h>
#include <string.h>

#define PORT_MOST 65535

static struct fcgi_text span(const char *begin, const char *end)
{
    return (struct fcgi_text){begin, (size_t)(end - begin)};
}

/* ":" and digits, or nothing. */
static bool read_port(struct fcgi_text text, struct fcgi_text *port)
{
    unsigned number = 0;

    *port = text;
    if (text.length == 0)
        return true;
    if (text.data[0] != ':')
        return false;
    *port = (struct fcgi_text){text.data + 1, text.length - 1};
    for (size_t i = 0; i < port->length; i++) {
        if (!fcgi_http_text_in(port->data[i], FCGI_HTTP_DIGIT))
            return false;
        number = number * 10 + fcgi_http_text_hex(port->data[i]);
        if (number > PORT_MOST)
            return false;
    }
    return true;
}

static bool is_ipv6(struct fcgi_text text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (text.length >= sizeof(copy) ||
        memchr(text.data, '\0', text.length) != NULL)
        return false;
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* The name in front of a port; `*host` goes without a dot at its end. */
static bool read_name(const char *begin, const char *end,
                      struct fcgi_text *host)
{
    const char *at = begin;

    for (; at < end && *at != ':'; at++)
        if (!fcgi_http_text_in(*at, FCGI_HTTP_HOST) ||
            (*at == '.' && (at == begin || at[-1] == '.')))
            return false;
    *host = span(begin, at > begin && at[-1] == '.' ? at - 1 : at);
    return host->length > 0;
}

bool fcgi_http_authority_read(struct fcgi_text text,
                              struct fcgi_http_authority *out)
{
    const char *begin = text.data, *end, *at;

    out->whole = text;
    if (text.length == 0)
        return false;
    end = begin + text.length;
    if (*begin == '[') {
        at = memchr(begin, ']', text.length);
        if (at == NULL || !is_ipv6(span(begin + 1, at)))
            return false;
        at++;
        out->host = span(begin, at);
    } else {
        if (!read_name(begin, end, &out->host))
            return false;
        at = out->host.data + out->host.length;
        if (at < end && *at == '.')
            at++;
    }
    return read_port(span(at, end), &out->port);
}

/* Path and query; an empty path is "/". */
static void read_path(const char *begin, const char *end,
                      struct fcgi_http_target *out)
{
    const char *mark = memchr(begin, '?', (size_t)(end - begin));

    out->path = span(begin, mark != NULL ? mark : end);
    if (out->path.length == 0)
        out->path = (struct fcgi_text){"/", 1};
    if (mark != NULL) {
        out->has_query = true;
        out->query = span(mark + 1, end);
    }
}

/* The length of "http://" or "https://" in front, or 0. */
static size_t scheme_length(struct fcgi_text target)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);

        if (target.length >= n &&
            fcgi_http_text_is((struct fcgi_text){target.data, n}, schemes[i]))
            return n;
    }
    return 0;
}

static bool read_absolute(struct fcgi_text target, struct fcgi_http_target *out)
{
    const char *begin = target.data + scheme_length(target);
    const char *end = target.data + target.length, *at = begin;

    if (begin == target.data)
        return false;
    out->form = FCGI_HTTP_ABSOLUTE;
    while (at < end && *at != '/' && *at != '?')
        at++;
    read_path(at, end, out);
    return fcgi_http_authority_read(span(begin, at), &out->authority);
}

static bool equals(struct fcgi_text text, const char *word)
{
    return text.length == strlen(word) &&
           memcmp(text.data, word, text.length) == 0;
}

bool fcgi_http_target_read(struct fcgi_text method, struct fcgi_text target,
                           struct fcgi_http_target *out)
{
    memset(out, 0, sizeof(*out));
    out->whole = target;
    if (!fcgi_http_text_all(target, FCGI_HTTP_TARGET))
        return false;
    if (equals(method, "CONNECT")) {
        out->form = FCGI_HTTP_AUTHORITY;
        return fcgi_http_authority_read(target, &out->authority) &&
               out->authority.port.length > 0;
    }
    if (target.data[0] == '/') {
        out->form = FCGI_HTTP_ORIGIN;
        read_path(target.data, target.data + target.length, out);
        return true;
    }
    if (equals(target, "*")) {
        out->form = FCGI_HTTP_ASTERISK;
        return equals(method, "OPTIONS");
    }
    return read_absolute(target, out);
}

/* Decodes "%XX"; false where there is none that may be. */
static bool read_escape(const char *at, const char *end, char *c)
{
    if (end - at < 3 || !fcgi_http_text_in(at[1], FCGI_HTTP_HEX) ||
        !fcgi_http_text_in(at[2], FCGI_HTTP_HEX))
        return false;
    *c = (char)(fcgi_http_text_hex(at[1]) << 4 | fcgi_http_text_hex(at[2]));
    return *c != '\0';
}

/*
 * A segment that is a dot or two goes away, together with the '/' in front of
 * it and, of two dots, with the segment before. `*to` is behind the segment's
 * last character; `begin` is the '/' in front of it.
 */
static const char *end_segment(const char *root, const char *begin, char **to,
                               bool last, struct fcgi_http_path *path)
{
    size_t length = (size_t)(*to - begin) - 1;

    if (length == 0)
        path->has_empties |= !last;
    if (length == 0 || length > 2 || begin[1] != '.' || begin[length] != '.')
        return NULL;
    path->has_dots = true;
    *to -= length + 1;
    if (length == 2) {
        if (*to == root)
            return "the path leaves the root";
        do
            --*to;
        while (**to != '/');
        if (*to + 1 == begin)
            return "the path goes up from an empty segment";
    }
    if (last)
        *(*to)++ = '/';
    return NULL;
}

const char *fcgi_http_path_decode(struct fcgi_text raw, char *out,
                                  struct fcgi_http_path *path)
{
    const char *at = raw.data, *end, *why;
    char *to = out;
    char *segment = out; /* the '/' in front of the current one */

    memset(path, 0, sizeof(*path));
    if (raw.length == 0 || *at != '/')
        return "the path does not begin with a slash";
    end = at + raw.length;
    *to++ = '/';
    for (at++; at < end; at++) {
        char c = *at;

        if (c == '%') {
            if (!read_escape(at, end, &c))
                return "the path has a '%' that encodes no character";
            at += 2;
        }
        if (c == '/') {
            why = end_segment(out, segment, &to, false, path);
            if (why != NULL)
                return why;
            segment = to;
        }
        *to++ = c;
    }
    why = end_segment(out, segment, &to, true, path);
    path->length = (size_t)(to - out);
    return why;
}
