/* SPDX-License-Identifier: Apache-2.0 */
#include "http/forwarded.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "http/target.h"

/* Where the quoted string begins whose last quote is at `at`; the first byte
 * of all where it does not begin. */
static const char *opening(const char *begin, const char *at)
{
    while (at > begin) {
        const char *back = --at;

        if (*at != '"')
            continue;
        while (back > begin && back[-1] == '\\')
            back--;
        if ((at - back) % 2 == 0)
            return at;
    }
    return begin;
}

bool fcgi_http_forwarded_last(struct fcgi_text *rest, struct fcgi_text *element)
{
    const char *begin = rest->data, *end, *at;

    if (begin == NULL)
        return false;
    at = end = begin + rest->length;
    while (at > begin && at[-1] != ',') {
        at--;
        if (*at == '"')
            at = opening(begin, at);
    }
    *element = fcgi_http_text_trim(at, end);
    *rest = at > begin ? (struct fcgi_text){begin, (size_t)(at - begin) - 1}
                       : (struct fcgi_text){NULL, 0};
    return true;
}

unsigned fcgi_http_forwarded_port(struct fcgi_text text)
{
    unsigned port = 0;

    if (text.length > 5 || !fcgi_http_text_all(text, FCGI_HTTP_DIGIT))
        return 0;
    for (size_t i = 0; i < text.length; i++)
        port = port * 10 + (unsigned)(text.data[i] - '0');
    return port <= 65535 ? port : 0;
}

enum fcgi_http_scheme fcgi_http_forwarded_scheme(struct fcgi_text text)
{
    return fcgi_http_text_is(text, "https")  ? FCGI_HTTP_TLS
           : fcgi_http_text_is(text, "http") ? FCGI_HTTP_PLAIN
                                             : FCGI_HTTP_UNTOLD;
}

/* --- nodes --------------------------------------------------------------- */

/* Reads what follows an address: nothing, or a colon and a port, or what hides
 * it. */
static bool read_port(struct fcgi_text text, in_port_t *port)
{
    if (text.length == 0)
        return true;
    if (text.data[0] != ':')
        return false;
    text = (struct fcgi_text){text.data + 1, text.length - 1};
    if (text.length > 1 && text.data[0] == '_')
        return fcgi_http_text_all(text, FCGI_HTTP_TOKEN);
    *port = htons((in_port_t)fcgi_http_forwarded_port(text));
    return *port != 0;
}

static bool read_address(int family, const char *text, size_t length, void *out)
{
    char copy[INET6_ADDRSTRLEN];

    if (length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return strlen(copy) == length && inet_pton(family, copy, out) == 1;
}

static bool read_v6(struct fcgi_text text, struct sockaddr_storage *node)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    const char *close = memchr(text.data, ']', text.length);
    struct fcgi_text rest = {NULL, 0}, host = text;

    if (text.data[0] == '[') {
        if (close == NULL)
            return false;
        host =
            (struct fcgi_text){text.data + 1, (size_t)(close - text.data) - 1};
        rest = (struct fcgi_text){close + 1, text.length - host.length - 2};
    }
    if (!read_address(AF_INET6, host.data, host.length, &in6.sin6_addr) ||
        !read_port(rest, &in6.sin6_port))
        return false;
    memset(node, 0, sizeof(*node));
    memcpy(node, &in6, sizeof(in6));
    return true;
}

bool fcgi_http_forwarded_node(struct fcgi_text text,
                              struct sockaddr_storage *node)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    const char *colon;
    size_t n;

    if (text.length == 0)
        return false;
    colon = memchr(text.data, ':', text.length);
    n = colon != NULL ? (size_t)(colon - text.data) : text.length;
    if (memchr(text.data, '.', n) == NULL)
        return read_v6(text, node);
    if (!read_address(AF_INET, text.data, n, &in.sin_addr) ||
        !read_port((struct fcgi_text){text.data + n, text.length - n},
                   &in.sin_port))
        return false;
    memset(node, 0, sizeof(*node));
    memcpy(node, &in, sizeof(in));
    return true;
}

/* --- elements ------------------------------------------------------------ */

/* Longer values are none that are read here. */
#define VALUE_MOST 256

/* A part of an element that is being read; `value` is unquoted. */
struct pair {
    struct fcgi_text name, value;
    char memory[VALUE_MOST];
};

/* Reads a quoted string, whose first quote is at `*at`. What is too long for
 * `memory` becomes an empty value. */
static bool read_quoted(const char **at, const char *end, struct pair *pair)
{
    size_t n = 0;

    for (++*at; *at < end; ++*at) {
        if (**at == '"') {
            ++*at;
            pair->value =
                (struct fcgi_text){pair->memory, n < VALUE_MOST ? n : 0};
            return true;
        }
        if (**at == '\\' && ++*at == end)
            return false;
        if (n < VALUE_MOST)
            pair->memory[n++] = **at;
    }
    return false;
}

/* Whether a character stands in a value without quotes. Colons and brackets do
 * not, by the letter, but there are proxies that forget the quotes. */
static bool is_bare(char c)
{
    return fcgi_http_text_in(c, FCGI_HTTP_TOKEN) || c == ':' || c == '[' ||
           c == ']';
}

static bool read_pair(const char **at, const char *end, struct pair *pair)
{
    const char *begin = *at;

    while (*at < end && fcgi_http_text_in(**at, FCGI_HTTP_TOKEN))
        ++*at;
    pair->name = (struct fcgi_text){begin, (size_t)(*at - begin)};
    if (pair->name.length == 0 || *at == end || *(*at)++ != '=')
        return false;
    if (*at < end && **at == '"')
        return read_quoted(at, end, pair);
    begin = *at;
    while (*at < end && is_bare(**at))
        ++*at;
    pair->value = (struct fcgi_text){begin, (size_t)(*at - begin)};
    return pair->value.length > 0;
}

/* Takes one parameter; false where it was there before (section 4). */
static bool take(const struct pair *pair, struct fcgi_http_hop *hop,
                 unsigned *seen)
{
    static const char *const names[] = {"for", "proto", "host", "by"};
    struct fcgi_http_authority host;
    unsigned i = 0;

    while (i < 4 && !fcgi_http_text_is(pair->name, names[i]))
        i++;
    if (i < 4 && *seen & 1U << i)
        return false;
    *seen |= 1U << i;
    if (i == 0)
        hop->has_node = fcgi_http_forwarded_node(pair->value, &hop->node);
    else if (i == 1)
        hop->scheme = fcgi_http_forwarded_scheme(pair->value);
    else if (i == 2 && fcgi_http_authority_read(pair->value, &host))
        hop->port = fcgi_http_forwarded_port(host.port);
    return true;
}

static void skip_blanks(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        ++*at;
}

bool fcgi_http_forwarded_read(struct fcgi_text element,
                              struct fcgi_http_hop *hop)
{
    const char *at = element.data, *end = at + element.length;
    struct pair pair;
    unsigned seen = 0;

    memset(hop, 0, sizeof(*hop));
    for (;;) {
        if (!read_pair(&at, end, &pair) || !take(&pair, hop, &seen))
            return false;
        skip_blanks(&at, end);
        if (at == end)
            return true;
        if (*at++ != ';')
            return false;
        skip_blanks(&at, end);
    }
}
