/* SPDX-License-Identifier: Apache-2.0
 *
 * A client's head on its way to an application, without I/O: the request, its
 * variables, those of a page of an error, the status, the line of the access
 * log. No variable comes twice or from where it must not, whatever is printed
 * is text, and who is not of this machine is refused the status. `make fuzz`.
 *
 * The first byte of an input chooses the peer and whether the host knows the
 * user.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "config/parse.h"
#include "fuzz.h"
#include "gateway/access.h"
#include "gateway/params.h"
#include "gateway/status.h"
#include "proto/record.h"

#define FIELDS_MOST 64
#define NAMES_MOST 128

static const char text[] =
    "[FASTCGI_SERVER]\n"
    "    ServerName \"a<b\"\n"
    "    ServerAddr 127.0.0.1:9000\n"
    "    StatusAllow 192.0.2.0/24\n"
    "    PassAuthorization Off\n"
    "    DocumentRoot /other\n"
    "    Param A b\n"
    "    HideParam HTTP_COOKIE\n"
    "    AccessLogFormat JSON\n"
    "[FASTCGI_SERVER]\n"
    "    ServerName b\n"
    "    ServerPath /run/b.sock\n";

static struct fcgi_config *config;
static struct fcgi_pool *pool;

static void set_up(void)
{
    struct fcgi_diag_list diags;

    fcgi_diag_list_init(&diags);
    config = fcgi_config_parse("f", text, strlen(text), &diags);
    check(config != NULL);
    fcgi_diag_list_free(&diags);
    pool = fcgi_pool_new(config);
    check(pool != NULL);
}

static struct fcgi_text literal(const char *s)
{
    return (struct fcgi_text){s, strlen(s)};
}

/* --- what comes out ------------------------------------------------------- */

static bool is_name(struct fcgi_text name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];

        if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_')
            return false;
    }
    return name.length > 0;
}

/* Whole pairs up to the end, each of its own name. */
static void check_params(const struct fcgi_buffer *params)
{
    struct fcgi_text names[NAMES_MOST];
    const uint8_t *at = params->data, *end = at + params->length;
    size_t n = 0;

    while (at < end) {
        struct fcgi_pair pair;
        size_t used = fcgi_pair_decode(at, (size_t)(end - at), &pair);

        check(used > 0 && n < NAMES_MOST);
        at += used;
        check((size_t)(end - at) >= pair.name_length &&
              (size_t)(end - at) - pair.name_length >= pair.value_length);
        names[n] = (struct fcgi_text){(const char *)at, pair.name_length};
        check(is_name(names[n]));
        for (size_t i = 0; i < n; i++)
            check(names[i].length != names[n].length ||
                  memcmp(names[i].data, names[n].data, names[n].length) != 0);
        check(memchr(at, '\0', pair.name_length + pair.value_length) == NULL);
        at += pair.name_length + pair.value_length;
        n++;
    }
    check(fcgi_params_find(params, "HTTP_PROXY").data == NULL);
    check(fcgi_params_find(params, "HTTP_CONTENT_LENGTH").data == NULL);
    check(fcgi_params_find(params, "HTTP_TRANSFER_ENCODING").data == NULL);
}

static void check_text(const struct fcgi_buffer *out, unsigned lines)
{
    unsigned n = 0;

    for (size_t i = 0; i < out->length; i++) {
        check(out->data[i] == '\n' ||
              (out->data[i] >= 0x20 && out->data[i] != 0x7f));
        n += out->data[i] == '\n';
    }
    check(lines == 0 || n == lines);
    check(out->length > 0 && !out->failed);
}

/* --- the parts ------------------------------------------------------------ */

static void try_redirect(const struct fcgi_buffer *params)
{
    struct fcgi_buffer out = {0};
    struct fcgi_text method;

    check(fcgi_params_redirect(&out, params, "/e/page.php?a=b", 404) == 0);
    check_params(&out);
    method = fcgi_params_find(&out, "REQUEST_METHOD");
    check(method.length == 3 || (method.length == 4 && method.data[0] == 'H'));
    check(fcgi_params_find(&out, "CONTENT_LENGTH").data == NULL);
    check(fcgi_params_find(&out, "PATH_INFO").data == NULL);
    fcgi_buffer_free(&out);
}

static void try_access(const struct fcgi_buffer *params)
{
    for (size_t i = 0; i < config->n_servers; i++) {
        const struct fcgi_access_record record = {
            .params = params, .server = &config->servers[i], .asked = i == 0};
        struct fcgi_buffer out = {0};

        fcgi_access_format(&out, &record, 1);
        check_text(&out, 1);
        fcgi_buffer_free(&out);
    }
}

static void try_params(const struct fcgi_http_request *request)
{
    struct fcgi_script script = {.verdict = FCGI_PATH_OK,
                                 .name = request->path,
                                 .folder = request->document_root,
                                 .file = request->path};
    const char *dot = memchr(request->path.data, '.', request->path.length);
    struct fcgi_buffer params = {0};

    /* A script "/x." and PATH_INFO behind it. */
    if (dot != NULL && request->path.data + request->path.length - dot > 1) {
        script.name.length = (size_t)(dot + 1 - request->path.data);
        script.info = (struct fcgi_text){dot + 1, request->path.length -
                                                      script.name.length};
    }

    check(fcgi_params_build(&params, request, &script, "Monkey/1.6.9") == 0);
    check_params(&params);
    try_redirect(&params);
    try_access(&params);
    for (size_t i = 0; i < config->n_servers; i++) {
        struct fcgi_buffer out = {0};

        check(fcgi_params_adapt(&out, &params, &config->servers[i]) == 0);
        check_params(&out);
        fcgi_buffer_free(&out);
    }
    fcgi_buffer_free(&params);
}

static void try_status(const struct fcgi_http_request *request, bool foreign)
{
    struct fcgi_buffer out = {0};
    const char *fields = NULL, *why = NULL;
    int status =
        fcgi_status_make(pool, UINT64_C(1) << 40, request, &out, &fields, &why);

    check(status == 0 || status == 403 || status == 405);
    check(status == 0 || why != NULL);
    check(status != 0 || !foreign);
    if (status == 0) {
        check(fields != NULL);
        check_text(&out, 0);
    }
    fcgi_buffer_free(&out);
}

static struct sockaddr_storage address(const char *name)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    struct sockaddr_storage storage;

    memset(&storage, 0, sizeof(storage));
    if (inet_pton(AF_INET, name, &in.sin_addr) == 1) {
        memcpy(&storage, &in, sizeof(in));
        return storage;
    }
    check(inet_pton(AF_INET6, name, &in6.sin6_addr) == 1);
    memcpy(&storage, &in6, sizeof(in6));
    return storage;
}

static void try_head(const struct fcgi_http_head *head, uint8_t how)
{
    static const char *const peers[] = {"127.0.0.1",   "192.0.2.7",
                                        "10.0.0.1",    "::1",
                                        "2001:db8::1", "::ffff:127.0.0.1"};
    const char *peer = peers[how % 6];
    struct fcgi_text raw = head->target.path;
    char *decoded = calloc(1, raw.length + 1);
    struct fcgi_http_path path;
    struct fcgi_http_request request = {
        .method = head->method,
        .uri = raw,
        .has_query = head->target.has_query,
        .query = head->target.query,
        .version = head->version,
        .tls = how & 16,
        .document_root = literal("/srv/www"),
        .server_name = literal("example.org"),
        .fields = head->fields,
        .n_fields = head->n_fields,
        .framing = head->body,
        .content_length = head->body_length,
        .peer = address(peer),
        .local = address("127.0.0.1"),
    };

    check(decoded != NULL);
    if (raw.length > 0 && fcgi_http_path_decode(raw, decoded, &path) == NULL) {
        request.path = (struct fcgi_text){decoded, path.length};
        for (size_t i = 0; i < head->n_fields && (how & 32); i++)
            if (fcgi_http_text_is(head->fields[i].name, "authorization"))
                request.accepted = head->fields[i].value;
        fcgi_recent_add(&pool->recent, how & 64 ? &pool->servers[0] : NULL,
                        decoded);
        try_params(&request);
        try_status(&request, how % 6 == 2 || how % 6 == 4);
    }
    free(decoded);
}

FUZZER(params)
{
    struct fcgi_http_field fields[FIELDS_MOST];
    struct fcgi_http_head head;
    char *bytes;

    if (size < 2)
        return 0;
    if (config == NULL)
        set_up();
    bytes = malloc(size - 1);
    check(bytes != NULL);
    memcpy(bytes, data + 1, size - 1);
    if (fcgi_http_head_parse(&head, bytes, size - 1, fields, FIELDS_MOST) == 0)
        try_head(&head, data[0]);
    free(bytes);
    return 0;
}
