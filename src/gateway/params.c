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

static const struct fcgi_text none = {NULL, 0};

static struct fcgi_text text(const char *terminated)
{
    return (struct fcgi_text){terminated, strlen(terminated)};
}

/* The lengths of a pair, and room for what they announce, which is to be added
 * behind them. False where FastCGI cannot tell them, or memory is short. */
static bool begin_pair(struct fcgi_buffer *out, size_t name, size_t value)
{
    struct fcgi_pair pair;

    if (name > FCGI_MAX_PAIR || value > FCGI_MAX_PAIR) {
        out->failed = true;
        return false;
    }
    if (!fcgi_buffer_reserve(out, FCGI_PAIR_LENGTHS + name + value))
        return false;
    pair.name_length = (uint32_t)name;
    pair.value_length = (uint32_t)value;
    out->length +=
        fcgi_pair_encode(out->data + out->length, FCGI_PAIR_LENGTHS, &pair);
    return true;
}

/* A pair whose value comes in two pieces. */
static void add_both(struct fcgi_buffer *out, struct fcgi_text name,
                     struct fcgi_text first, struct fcgi_text second)
{
    if (!begin_pair(out, name.length, first.length + second.length))
        return;
    fcgi_buffer_add(out, name.data, name.length);
    fcgi_buffer_add(out, first.data, first.length);
    fcgi_buffer_add(out, second.data, second.length);
}

static void add(struct fcgi_buffer *out, const char *name,
                struct fcgi_text value)
{
    add_both(out, text(name), value, none);
}

static void add_number(struct fcgi_buffer *out, const char *name,
                       uint64_t number)
{
    char digits[FCGI_BUFFER_DIGITS + 1];
    const char *text = fcgi_buffer_digits(digits, number);

    add(out, name, (struct fcgi_text){text, strlen(text)});
}

/* inet_ntop(3) prints, which took longer than all other variables. */
static void print_ipv4(char *at, const uint8_t octets[static 4])
{
    for (size_t i = 0; i < 4; i++) {
        unsigned octet = octets[i];

        if (octet >= 100)
            *at++ = (char)('0' + octet / 100);
        if (octet >= 10)
            *at++ = (char)('0' + octet / 10 % 10);
        *at++ = (char)('0' + octet % 10);
        *at++ = i < 3 ? '.' : '\0';
    }
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
        print_ipv4(host, (const uint8_t *)&in.sin_addr);
        port = ntohs(in.sin_port);
    } else if (storage->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, storage, sizeof(in6));
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
            print_ipv4(host, &in6.sin6_addr.s6_addr[12]);
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
    add_both(out, text("SCRIPT_FILENAME"), script->folder, script->file);
    /* Left out rather than sent empty, for programs take an empty one for
     * something (CVE-2019-11043). */
    if (script->info.length > 0) {
        add(out, "PATH_INFO", script->info);
        add_both(out, text("PATH_TRANSLATED"), request->document_root,
                 script->info);
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

/*
 * What a server's keys make of the variables. This works on the encoded pairs,
 * so that a request can go to a server with other keys when the first cannot be
 * reached, long after its fields are gone.
 */
bool fcgi_params_are_plain(const struct fcgi_server_config *config)
{
    return config->document_root == NULL && config->params.count == 0 &&
           config->hidden_params.count == 0 && config->pass_authorization;
}

/* The next pair of a block that we have made ourselves; false at its end. */
static bool next(const struct fcgi_buffer *params, size_t *at,
                 struct fcgi_text *name, struct fcgi_text *value)
{
    struct fcgi_pair pair;
    const char *text;
    size_t used =
        fcgi_pair_decode(params->data + *at, params->length - *at, &pair);

    if (used == 0)
        return false;
    text = (const char *)params->data + *at + used;
    *name = (struct fcgi_text){text, pair.name_length};
    *value = (struct fcgi_text){text + pair.name_length, pair.value_length};
    *at += used + pair.name_length + (size_t)pair.value_length;
    return true;
}

static bool is(struct fcgi_text name, const char *other)
{
    return strlen(other) == name.length &&
           memcmp(name.data, other, name.length) == 0;
}

struct fcgi_text fcgi_params_find(const struct fcgi_buffer *params,
                                  const char *name)
{
    struct fcgi_text found, value;
    size_t at = 0;

    while (at < params->length && next(params, &at, &found, &value))
        if (is(found, name))
            return value;
    return none;
}

static bool is_hidden(const struct fcgi_server_config *config,
                      struct fcgi_text name)
{
    if (!config->pass_authorization && is(name, "HTTP_AUTHORIZATION"))
        return true;
    for (size_t i = 0; i < config->hidden_params.count; i++)
        if (is(name, config->hidden_params.items[i]))
            return true;
    for (size_t i = 0; i < config->params.count; i++)
        if (is(name, config->params.items[i].name))
            return true; /* it is set to something else */
    return false;
}

/* Which variable stands behind the document root in one that names a file;
 * NULL where the variable has no document root in it. */
static const char *below_root(struct fcgi_text name)
{
    if (is(name, "SCRIPT_FILENAME"))
        return "SCRIPT_NAME";
    if (is(name, "PATH_TRANSLATED"))
        return "PATH_INFO";
    return is(name, "DOCUMENT_ROOT") ? "" : NULL;
}

/* The last of several Params of one name holds: the server's own stand behind
 * those for all. */
static bool is_last(const struct fcgi_pairs *params, size_t i)
{
    for (size_t j = i + 1; j < params->count; j++)
        if (strcmp(params->items[i].name, params->items[j].name) == 0)
            return false;
    return true;
}

static void add_params(struct fcgi_buffer *out, const struct fcgi_pairs *params)
{
    for (size_t i = 0; i < params->count; i++)
        if (is_last(params, i))
            add(out, params->items[i].name, text(params->items[i].value));
}

/* Whether a variable is the document root with `tail` behind it: a file of a
 * ~user's is elsewhere, and keeps its name. */
static bool is_below_root(const struct fcgi_buffer *plain,
                          struct fcgi_text value, struct fcgi_text tail)
{
    struct fcgi_text root = fcgi_params_find(plain, "DOCUMENT_ROOT");

    return root.length > 0 && value.length == root.length + tail.length &&
           memcmp(value.data, root.data, root.length) == 0 &&
           (tail.length == 0 ||
            memcmp(value.data + root.length, tail.data, tail.length) == 0);
}

int fcgi_params_adapt(struct fcgi_buffer *out, const struct fcgi_buffer *plain,
                      const struct fcgi_server_config *config)
{
    struct fcgi_text root = none, name, value;
    size_t at = 0;

    if (config->document_root != NULL) {
        root = text(config->document_root);
        while (root.length > 0 && root.data[root.length - 1] == '/')
            root.length--;
    }
    while (at < plain->length && next(plain, &at, &name, &value)) {
        const char *behind = root.data != NULL ? below_root(name) : NULL;
        struct fcgi_text tail = none;

        if (is_hidden(config, name))
            continue;
        if (behind != NULL)
            tail = fcgi_params_find(plain, behind);
        if (behind != NULL && is_below_root(plain, value, tail))
            add_both(out, name, root, tail);
        else
            add_both(out, name, value, none);
    }
    add_params(out, &config->params);
    return out->failed ? -1 : 0;
}

/* The path of a request as it was received, decoded where it can be. */
static void add_redirect_url(struct fcgi_buffer *out, struct fcgi_text uri)
{
    const char *query = memchr(uri.data, '?', uri.length);
    struct fcgi_buffer decoded = {0};
    struct fcgi_http_path path;

    if (query != NULL)
        uri.length = (size_t)(query - uri.data);
    if (fcgi_buffer_reserve(&decoded, uri.length) &&
        fcgi_http_path_decode(uri, (char *)decoded.data, &path) == NULL)
        uri = (struct fcgi_text){(const char *)decoded.data, path.length};
    add(out, "REDIRECT_URL", uri);
    fcgi_buffer_free(&decoded);
}

void fcgi_params_copy(struct fcgi_buffer *out, const struct fcgi_buffer *params,
                      bool (*drops)(const void *arg, struct fcgi_text name),
                      const void *arg)
{
    struct fcgi_text name, value;
    size_t at = 0;

    while (at < params->length && next(params, &at, &name, &value))
        if (!drops(arg, name))
            add_both(out, name, value, none);
}

void fcgi_params_add(struct fcgi_buffer *out, struct fcgi_text name,
                     struct fcgi_text value)
{
    add_both(out, name, value, none);
}

/* Whether a variable tells of the script and the body that were asked for. */
static bool is_redirected(const void *arg, struct fcgi_text name)
{
    static const char *const names[] = {
        "REQUEST_METHOD", "QUERY_STRING",    "SCRIPT_NAME",  "SCRIPT_FILENAME",
        "PATH_INFO",      "PATH_TRANSLATED", "DOCUMENT_URI", "CONTENT_LENGTH",
        "CONTENT_TYPE",   "REDIRECT_STATUS"};

    (void)arg;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (is(name, names[i]))
            return true;
    return false;
}

int fcgi_params_redirect(struct fcgi_buffer *out,
                         const struct fcgi_buffer *params, const char *uri,
                         int status)
{
    struct fcgi_text path = {uri, strcspn(uri, "?")};
    struct fcgi_text method = fcgi_params_find(params, "REQUEST_METHOD");
    const char *query = uri + path.length;

    fcgi_params_copy(out, params, is_redirected, NULL);
    add(out, "REQUEST_METHOD", text(is(method, "HEAD") ? "HEAD" : "GET"));
    add(out, "QUERY_STRING", text(query[0] == '?' ? query + 1 : query));
    add(out, "SCRIPT_NAME", path);
    add_both(out, text("SCRIPT_FILENAME"),
             fcgi_params_find(params, "DOCUMENT_ROOT"), path);
    add(out, "DOCUMENT_URI", path);
    add_number(out, "REDIRECT_STATUS", (uint64_t)status);
    add_redirect_url(out, fcgi_params_find(params, "REQUEST_URI"));
    add(out, "REDIRECT_QUERY_STRING", fcgi_params_find(params, "QUERY_STRING"));
    add(out, "REDIRECT_REQUEST_METHOD", method);
    return out->failed ? -1 : 0;
}
