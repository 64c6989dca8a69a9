/* SPDX-License-Identifier: Apache-2.0
 *
 * The reasons name the mistakes that people make (a URL, an IPv6 address
 * without brackets, quotes) rather than the rule that happened to fail.
 */
#include "config/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define EXAMPLE_ADDR "such as 127.0.0.1:9000"

/* Where a refusal goes. */
struct refusal {
    const char **why;
    size_t *at;
};

static int refuse(struct refusal refusal, size_t at, const char *why)
{
    *refusal.why = why;
    *refusal.at = at;
    return -1;
}

static bool starts_with(const char *text, size_t len, const char *prefix)
{
    size_t n = strlen(prefix);

    return len >= n && memcmp(text, prefix, n) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
           c == '-' || c == '.' || c == '_';
}

/* Only what is after the colon; `from` is its offset in the whole text. */
static int parse_port(const char *text, size_t from, size_t len, uint16_t *port,
                      struct refusal refusal)
{
    uint32_t value = 0;

    if (from == len) {
        return refuse(refusal, len,
                      "the port is missing; write HOST:PORT, " EXAMPLE_ADDR);
    }
    for (size_t i = from; i < len; i++) {
        if (!is_digit(text[i])) {
            return refuse(refusal, from,
                          "the port is not a number; give one from 1 to 65535");
        }
        value = value * 10 + (uint32_t)(text[i] - '0');
        if (value > 65535) {
            return refuse(refusal, from,
                          "the port is too large; give one from 1 to 65535");
        }
    }
    if (value == 0) {
        return refuse(refusal, from,
                      "nothing can listen on port 0; give one from 1 to 65535");
    }
    *port = (uint16_t)value;
    return 0;
}

/* [ADDRESS]:PORT, where a zone may follow the address: fe80::1%eth0. */
static int parse_bracketed(const char *text, size_t len,
                           struct fcgi_endpoint *endpoint,
                           struct refusal refusal)
{
    const char *end = memchr(text, ']', len);
    struct in6_addr unused;
    char host[sizeof(endpoint->host)];
    size_t host_len, zone;

    if (!end) {
        return refuse(refusal, len,
                      "the ']' behind the IPv6 address is missing; write "
                      "[ADDRESS]:PORT, such as [::1]:9000");
    }
    host_len = (size_t)(end - text) - 1;
    if (host_len >= sizeof(host) || memchr(text, '\0', len))
        return refuse(refusal, 1, "this is not an IPv6 address");
    memcpy(host, text + 1, host_len);
    host[host_len] = '\0';
    zone = strcspn(host, "%");
    for (size_t i = zone + 1; i < host_len; i++) {
        if (!is_host_char(host[i])) {
            return refuse(refusal, i + 1,
                          "the zone behind '%' is not the name of a network "
                          "interface");
        }
    }
    if (zone + 1 == host_len) {
        return refuse(refusal, host_len,
                      "behind '%' the name of a network interface is missing");
    }
    host[zone] = '\0';
    if (inet_pton(AF_INET6, host, &unused) != 1) {
        return refuse(refusal, 1,
                      "this is not an IPv6 address; only those have brackets");
    }
    if (host_len + 2 == len || text[host_len + 2] != ':') {
        return refuse(refusal, host_len + 2,
                      "behind the ']' a colon and the port are missing; write "
                      "[ADDRESS]:PORT, such as [::1]:9000");
    }
    memcpy(endpoint->host, text + 1, host_len);
    endpoint->host[host_len] = '\0';
    return parse_port(text, host_len + 3, len, &endpoint->port, refusal);
}

static int parse_host(const char *text, size_t host_len,
                      struct fcgi_endpoint *endpoint, struct refusal refusal)
{
    if (host_len == 0) {
        return refuse(refusal, 0,
                      "the host is missing; write HOST:PORT, " EXAMPLE_ADDR);
    }
    if (host_len >= sizeof(endpoint->host)) {
        return refuse(refusal, 0,
                      "the host is too long; a name has up to 255 bytes");
    }
    for (size_t i = 0; i < host_len; i++) {
        if (!is_host_char(text[i])) {
            return refuse(refusal, i,
                          "this does not belong in a host name; write "
                          "HOST:PORT, " EXAMPLE_ADDR);
        }
    }
    memcpy(endpoint->host, text, host_len);
    endpoint->host[host_len] = '\0';
    return 0;
}

/* _SERVICE._tcp.DOMAIN, without a port. */
static int parse_service(const char *text, size_t len,
                         struct fcgi_endpoint *endpoint, struct refusal refusal)
{
    const char *second;

    if (parse_host(text, len, endpoint, refusal) < 0)
        return -1;
    second = strchr(endpoint->host, '.');
    if (second == NULL || strncasecmp(second, "._tcp.", 6) != 0 ||
        second == endpoint->host + 1 || second[6] == '\0') {
        return refuse(refusal, len,
                      "the port is missing, and this is no service, either; "
                      "write HOST:PORT, " EXAMPLE_ADDR
                      ", or _SERVICE._tcp.DOMAIN");
    }
    return 0;
}

/* HOST:PORT with one colon, whose offset is `host_len`. */
static int parse_plain(const char *text, size_t len, size_t host_len,
                       struct fcgi_endpoint *endpoint, struct refusal refusal)
{
    struct in_addr unused;
    bool numeric;

    if (parse_host(text, host_len, endpoint, refusal) < 0)
        return -1;
    numeric = strspn(endpoint->host, "0123456789.") == host_len;
    if (numeric && inet_pton(AF_INET, endpoint->host, &unused) != 1) {
        return refuse(refusal, 0,
                      "this is not an IPv4 address; it has four numbers from 0 "
                      "to 255, " EXAMPLE_ADDR);
    }
    return parse_port(text, host_len + 1, len, &endpoint->port, refusal);
}

int fcgi_endpoint_parse_addr(const char *text, size_t len,
                             struct fcgi_endpoint *endpoint, const char **why,
                             size_t *at)
{
    struct refusal refusal = {why, at};
    const char *colon = len ? memchr(text, ':', len) : NULL;

    memset(endpoint, 0, sizeof(*endpoint));
    endpoint->kind = FCGI_ENDPOINT_TCP;
    if (len == 0) {
        return refuse(refusal, 0,
                      "the address is empty; write HOST:PORT, " EXAMPLE_ADDR);
    }
    if (text[0] == '/' || starts_with(text, len, "unix:")) {
        return refuse(refusal, 0,
                      "this is the path of a socket; it belongs into "
                      "ServerPath, without 'unix:'");
    }
    if (text[0] == '"' || text[0] == '\'') {
        return refuse(refusal, 0,
                      "quotes are part of the value; leave them out");
    }
    if (text[0] == '[')
        return parse_bracketed(text, len, endpoint, refusal);
    if (!colon && text[0] == '_')
        return parse_service(text, len, endpoint, refusal);
    if (!colon) {
        return refuse(refusal, len,
                      "the port is missing; write HOST:PORT, " EXAMPLE_ADDR);
    }
    if (starts_with(colon, len - (size_t)(colon - text), "://")) {
        return refuse(refusal, 0,
                      "this is a URL; write HOST:PORT alone, " EXAMPLE_ADDR);
    }
    if (memchr(colon + 1, ':', len - (size_t)(colon - text) - 1)) {
        return refuse(refusal, 0,
                      "an IPv6 address needs brackets; write [ADDRESS]:PORT, "
                      "such as [::1]:9000");
    }
    return parse_plain(text, len, (size_t)(colon - text), endpoint, refusal);
}

int fcgi_endpoint_parse_path(const char *text, size_t len,
                             struct fcgi_endpoint *endpoint, const char **why,
                             size_t *at)
{
    struct refusal refusal = {why, at};
    size_t limit = sizeof(endpoint->path) - 1;

    memset(endpoint, 0, sizeof(*endpoint));
    endpoint->kind = FCGI_ENDPOINT_UNIX;
    if (len == 0) {
        return refuse(refusal, 0,
                      "the path is empty; give the absolute path of a socket, "
                      "such as /run/php/php-fpm.sock");
    }
    if (starts_with(text, len, "unix:"))
        return refuse(refusal, 0, "the path is given alone; leave 'unix:' out");
    if (text[0] == '"' || text[0] == '\'') {
        return refuse(refusal, 0,
                      "quotes are part of the value; leave them out");
    }
    if (text[0] == '@') {
        return refuse(refusal, 0,
                      "abstract sockets are not supported; give the absolute "
                      "path of a socket");
    }
    if (text[0] != '/') {
        if (memchr(text, ':', len) && !memchr(text, '/', len)) {
            return refuse(refusal, 0,
                          "this is not a path; an address HOST:PORT belongs "
                          "into ServerAddr");
        }
        return refuse(refusal, 0,
                      "the path is relative, and to what directory is not "
                      "known; start it with '/'");
    }
    if (memchr(text, '\0', len)) {
        return refuse(refusal, strnlen(text, len),
                      "the path contains a NUL byte; remove it");
    }
    if (len > limit) {
        return refuse(refusal, limit,
                      "the path is longer than the 107 bytes that a socket "
                      "address holds; use a shorter one, or a symbolic link");
    }
    if (text[len - 1] == ';') {
        return refuse(refusal, len - 1,
                      "no ';' ends a line here, so it is part of the path; "
                      "remove it");
    }
    if (text[len - 1] == '/') {
        return refuse(refusal, len - 1,
                      "this is a directory; give the path of the socket in it");
    }
    memcpy(endpoint->path, text, len);
    endpoint->path[len] = '\0';
    return 0;
}

bool fcgi_endpoint_is_name(const struct fcgi_endpoint *endpoint)
{
    struct in_addr v4;

    /* The syntax allows a colon in literal IPv6 addresses alone. */
    return endpoint->kind == FCGI_ENDPOINT_TCP &&
           strchr(endpoint->host, ':') == NULL &&
           inet_pton(AF_INET, endpoint->host, &v4) != 1;
}

bool fcgi_endpoint_is_service(const struct fcgi_endpoint *endpoint)
{
    return endpoint->kind == FCGI_ENDPOINT_TCP && endpoint->port == 0;
}
