/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 3875's variables, and those that PHP looks for: REQUEST_URI,
 * SCRIPT_FILENAME, DOCUMENT_ROOT, REDIRECT_STATUS (php-cgi refuses to run
 * without it), REMOTE_PORT, SERVER_ADDR, HTTPS, REQUEST_SCHEME.
 *
 * A client chooses the names of its header fields, so that a field's name is
 * only taken where no other name leads to the same variable: letters, digits
 * and '-' (CVE-2026-52845 is what becomes of `Remote_User`). `Proxy` is never
 * passed on, for HTTP_PROXY means something else to programs (CVE-2016-5385),
 * nor is Transfer-Encoding, which is the connection's, and undone by now.
 */
#include "gateway/params.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "gateway/params_user.h"
#include "proto/header.h"
#include "proto/record.h"

static struct fcgi_text text(const char *terminated)
{
    return (struct fcgi_text){terminated, strlen(terminated)};
}

/* The lengths of a pair; what they announce is to be added behind them. False
 * where FastCGI cannot tell them. */
static bool begin_pair(struct fcgi_buffer *out, size_t name, size_t value)
{
    struct fcgi_pair pair;
    uint8_t lengths[8];

    if (name > FCGI_MAX_PAIR || value > FCGI_MAX_PAIR) {
        out->failed = true;
        return false;
    }
    pair.name_length = (uint32_t)name;
    pair.value_length = (uint32_t)value;
    fcgi_buffer_add(out, lengths,
                    fcgi_pair_encode(lengths, sizeof(lengths), &pair));
    return true;
}

static void add(struct fcgi_buffer *out, const char *name,
                struct fcgi_text value)
{
    if (!begin_pair(out, strlen(name), value.length))
        return;
    fcgi_buffer_add_text(out, name);
    fcgi_buffer_add(out, value.data, value.length);
}

static void add_number(struct fcgi_buffer *out, const char *name,
                       uint64_t number)
{
    uint8_t digits[20];
    struct fcgi_buffer decimal = {.data = digits, .capacity = sizeof(digits)};

    /* Twenty digits hold any number, so the buffer never grows. */
    fcgi_buffer_add_number(&decimal, number);
    add(out, name, (struct fcgi_text){(const char *)digits, decimal.length});
}

/* An address and a port; an IPv4 client of an IPv6 socket is told as IPv4. */
static void add_address(struct fcgi_buffer *out, const char *addr_name,
                        const char *port_name,
                        const struct sockaddr_storage *storage)
{
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = 0;

    if (storage->ss_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, storage, sizeof(in));
        inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
        port = ntohs(in.sin_port);
    } else if (storage->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, storage, sizeof(in6));
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
            inet_ntop(AF_INET, &in6.sin6_addr.s6_addr[12], host, sizeof(host));
        else
            inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof(host));
        port = ntohs(in6.sin6_port);
    }
    add(out, addr_name, text(host));
    add_number(out, port_name, port);
    if (storage->ss_family == AF_INET || storage->ss_family == AF_INET6) {
        /* RFC 3875, 4.1.9: the address stands in for a name not looked up. */
        if (strcmp(addr_name, "REMOTE_ADDR") == 0)
            add(out, "REMOTE_HOST", text(host));
    }
}

static void add_request_uri(struct fcgi_buffer *out,
                            const struct fcgi_http_request *request)
{
    size_t query = request->has_query ? 1 + request->query.length : 0;

    if (!begin_pair(out, strlen("REQUEST_URI"), request->uri.length + query))
        return;
    fcgi_buffer_add_text(out, "REQUEST_URI");
    fcgi_buffer_add(out, request->uri.data, request->uri.length);
    if (request->has_query) {
        fcgi_buffer_add_text(out, "?");
        fcgi_buffer_add(out, request->query.data, request->query.length);
    }
}

static bool is_name(struct fcgi_text name, const char *lower)
{
    return fcgi_header_is(name.data, name.length, lower);
}

/* Whether a field becomes an HTTP_ variable. */
static bool is_passed(struct fcgi_text name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return name.length > 0 && !is_name(name, "content-length") &&
           !is_name(name, "content-type") && !is_name(name, "proxy") &&
           !is_name(name, "transfer-encoding");
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool same_name(struct fcgi_text a, struct fcgi_text b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (upper(a.data[i]) != upper(b.data[i]))
            return false;
    return true;
}

static void add_field_name(struct fcgi_buffer *out, struct fcgi_text name)
{
    uint8_t *at;

    if (!fcgi_buffer_reserve(out, 5 + name.length))
        return;
    fcgi_buffer_add_text(out, "HTTP_");
    at = out->data + out->length;
    for (size_t i = 0; i < name.length; i++)
        at[i] = (uint8_t)(name.data[i] == '-' ? '_' : upper(name.data[i]));
    out->length += name.length;
}

/* The field at `first` and all later ones of its name, as one variable
 * (4.1.18): joined by commas, cookies by semicolons. */
static void add_joined(struct fcgi_buffer *out,
                       const struct fcgi_http_request *request, size_t first)
{
    struct fcgi_text name = request->fields[first].name;
    const char *glue = is_name(name, "cookie") ? "; " : ", ";
    size_t length = request->fields[first].value.length;

    for (size_t i = first + 1; i < request->n_fields; i++)
        if (same_name(request->fields[i].name, name))
            length += 2 + request->fields[i].value.length;
    if (!begin_pair(out, 5 + name.length, length))
        return;
    add_field_name(out, name);
    fcgi_buffer_add(out, request->fields[first].value.data,
                    request->fields[first].value.length);
    for (size_t i = first + 1; i < request->n_fields; i++) {
        if (!same_name(request->fields[i].name, name))
            continue;
        fcgi_buffer_add_text(out, glue);
        fcgi_buffer_add(out, request->fields[i].value.data,
                        request->fields[i].value.length);
    }
}

static void add_fields(struct fcgi_buffer *out,
                       const struct fcgi_http_request *request)
{
    bool has_type = false;

    for (size_t i = 0; i < request->n_fields; i++) {
        struct fcgi_text name = request->fields[i].name;
        bool first = true;

        if (is_name(name, "content-type") && !has_type) {
            add(out, "CONTENT_TYPE", request->fields[i].value);
            has_type = true;
        }
        if (!is_passed(name))
            continue;
        for (size_t j = 0; j < i && first; j++)
            first = !same_name(request->fields[j].name, name);
        if (first)
            add_joined(out, request, i);
    }
}

/* Two texts as one value. */
static void add_both(struct fcgi_buffer *out, const char *name,
                     struct fcgi_text first, struct fcgi_text second)
{
    if (!begin_pair(out, strlen(name), first.length + second.length))
        return;
    fcgi_buffer_add_text(out, name);
    fcgi_buffer_add(out, first.data, first.length);
    fcgi_buffer_add(out, second.data, second.length);
}

/* Who the client is, where the host has found out (4.1.1, 4.1.11). */
static void add_user(struct fcgi_buffer *out, struct fcgi_text field)
{
    char user[FCGI_PARAMS_USER_SIZE];
    size_t length = fcgi_params_user(field, user);

    if (length == 0)
        return;
    add(out, "AUTH_TYPE", text("Basic"));
    add(out, "REMOTE_USER", (struct fcgi_text){user, length});
}

void fcgi_params_add_length(struct fcgi_buffer *out, uint64_t length)
{
    add_number(out, "CONTENT_LENGTH", length);
}

int fcgi_params_build(struct fcgi_buffer *out,
                      const struct fcgi_http_request *request,
                      const struct fcgi_script *script, const char *software)
{
    add(out, "GATEWAY_INTERFACE", text("CGI/1.1"));
    add(out, "SERVER_SOFTWARE", text(software));
    add(out, "SERVER_PROTOCOL",
        text(request->version == 10 ? "HTTP/1.0" : "HTTP/1.1"));
    add(out, "SERVER_NAME", request->server_name);
    add_address(out, "SERVER_ADDR", "SERVER_PORT", &request->local);
    add_address(out, "REMOTE_ADDR", "REMOTE_PORT", &request->peer);
    add(out, "REQUEST_SCHEME", text(request->tls ? "https" : "http"));
    if (request->tls)
        add(out, "HTTPS", text("on"));
    add(out, "REQUEST_METHOD", request->method);
    add_request_uri(out, request);
    add(out, "QUERY_STRING", request->query);
    add(out, "SCRIPT_NAME", script->name);
    add_both(out, "SCRIPT_FILENAME", script->folder, script->file);
    /* Left out rather than sent empty, for programs take an empty one for
     * something (CVE-2019-11043). */
    if (script->info.length > 0) {
        add(out, "PATH_INFO", script->info);
        add_both(out, "PATH_TRANSLATED", request->document_root, script->info);
    }
    add(out, "DOCUMENT_URI", script->name); /* as nginx has it */
    add(out, "DOCUMENT_ROOT", request->document_root);
    add(out, "REDIRECT_STATUS", text("200"));
    add_user(out, request->accepted);
    if (request->framing == FCGI_HTTP_LENGTH)
        fcgi_params_add_length(out, request->content_length);
    add_fields(out, request);
    return out->failed ? -1 : 0;
}
