/* SPDX-License-Identifier: Apache-2.0
 *
 * An authorizer is trusted to say who the client is. It is not given what the
 * gateway alone knows: which script runs, what was asked for, and by which
 * machine. Nor may it set what programs take for a field of the client's, for a
 * setting of PHP, or for the address of a proxy.
 */
#include "gateway/authorizer.h"

#include <string.h>
#include <strings.h>

#include "config/escape.h"
#include "gateway/params.h"

#define PREFIX "variable-"

void fcgi_authorizer_init(struct fcgi_authorizer *authorizer,
                          const struct fcgi_authorizers *all,
                          struct fcgi_upstream *upstream,
                          struct fcgi_reply *reply, struct fcgi_buffer *told,
                          struct fcgi_log *log)
{
    authorizer->upstream = upstream;
    authorizer->reply = reply;
    authorizer->told = told;
    authorizer->log = log;
    authorizer->all.count = 0;
    if (all != NULL)
        authorizer->all = *all;
    authorizer->passed = 0;
    authorizer->asked = authorizer->allowed = false;
}

bool fcgi_authorizer_is_due(const struct fcgi_authorizer *authorizer)
{
    return authorizer->passed < authorizer->all.count;
}

/* --- what it is told --------------------------------------------------- */

static bool is(struct fcgi_text name, const char *other)
{
    return strlen(other) == name.length &&
           strncasecmp(name.data, other, name.length) == 0;
}

/* Section 6.3; and the script's file, which a PHP that is an authorizer would
 * run before anybody has allowed that. */
static bool is_kept_back(const void *arg, struct fcgi_text name)
{
    (void)arg;
    return is(name, "CONTENT_LENGTH") || is(name, "PATH_INFO") ||
           is(name, "PATH_TRANSLATED") || is(name, "SCRIPT_NAME") ||
           is(name, "SCRIPT_FILENAME");
}

bool fcgi_authorizer_start(struct fcgi_authorizer *authorizer, bool close)
{
    struct fcgi_upstream *upstream = authorizer->upstream;
    struct fcgi_buffer *params = &authorizer->params;
    static const struct fcgi_http_request bodiless = {.framing =
                                                          FCGI_HTTP_NO_BODY};
    struct fcgi_upstream_request request = upstream->request;

    authorizer->request = request;
    authorizer->asked = true;
    authorizer->close = authorizer->reply->close;
    authorizer->reply->close = authorizer->close || close;
    params->length = 0;
    params->failed = false;
    fcgi_params_copy(params, request.params, is_kept_back, NULL);
    if (params->failed)
        return false;
    fcgi_body_open(&authorizer->body, request.body->host, request.body->handle,
                   request.body->config, &bodiless);
    request.params = params;
    request.body = &authorizer->body;
    request.idempotent = true;
    request.allows = authorizer->all.allows;
    request.allows_arg = authorizer->all.args[authorizer->passed];
    fcgi_upstream_init(upstream, upstream->worker, upstream->handlers,
                       &request);
    fcgi_upstream_start(upstream);
    return true;
}

/* --- what it says ------------------------------------------------------ */

bool fcgi_authorizer_allows(struct fcgi_authorizer *authorizer,
                            const struct fcgi_header *header)
{
    struct fcgi_field field;
    size_t at = 0;
    int status;

    if (!authorizer->asked)
        return false;
    status = fcgi_header_status(header, &field);
    if (status != 0 && status != 200)
        return false;
    /* CGI's redirects have no Status (RFC 3875, 6.2.3 and 6.2.4). */
    while (status == 0 && fcgi_header_next(header, &at, &field))
        if (fcgi_header_is(field.name, field.name_length, "location"))
            return false;
    authorizer->allowed = true;
    return true;
}

/* The next variable of its answer; false where there is none. */
static bool next_variable(const struct fcgi_header *header, size_t *at,
                          struct fcgi_text *name, struct fcgi_text *value)
{
    const size_t n = sizeof(PREFIX) - 1;
    struct fcgi_field field;

    while (fcgi_header_next(header, at, &field)) {
        if (field.name_length < n || !fcgi_header_is(field.name, n, PREFIX))
            continue;
        *name = (struct fcgi_text){field.name + n, field.name_length - n};
        *value = (struct fcgi_text){field.value, field.value_length};
        return true;
    }
    return false;
}

static bool begins(struct fcgi_text name, const char *with)
{
    size_t n = strlen(with);

    return name.length >= n && strncasecmp(name.data, with, n) == 0;
}

/* Whether it may set a variable. Those that it must not are compared without
 * case, as some programs know HTTP_PROXY in either. */
static bool may_set(struct fcgi_text name)
{
    static const char *const kinds[] = {
        "HTTP_",    "PHP_",    "SCRIPT_",  "PATH_",     "DOCUMENT_", "CONTENT_",
        "REQUEST_", "SERVER_", "GATEWAY_", "REDIRECT_", "FCGI_",     "LD_"};
    static const char *const names[] = {"QUERY_STRING", "HTTPS",
                                        "REMOTE_ADDR",  "REMOTE_PORT",
                                        "REMOTE_HOST",  "PATH"};
    const size_t proxy = sizeof("_PROXY") - 1;

    for (size_t i = 0; i < name.length; i++)
        if (!(fcgi_http_text_in(name.data[i], FCGI_HTTP_DIGIT) && i > 0) &&
            !(name.data[i] >= 'A' && name.data[i] <= 'Z') &&
            !(name.data[i] >= 'a' && name.data[i] <= 'z') &&
            name.data[i] != '_')
            return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (begins(name, kinds[i]))
            return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (is(name, names[i]))
            return false;
    return name.length > 0 &&
           (name.length < proxy ||
            strncasecmp(name.data + name.length - proxy, "_PROXY", proxy) != 0);
}

/* Whether the answer sets a variable, from `*at` on. */
static bool is_set_from(const struct fcgi_header *header, size_t at,
                        struct fcgi_text name)
{
    struct fcgi_text other, value;

    while (next_variable(header, &at, &other, &value))
        if (other.length == name.length &&
            memcmp(other.data, name.data, name.length) == 0)
            return true;
    return false;
}

static bool is_set(const void *header, struct fcgi_text name)
{
    return may_set(name) && is_set_from(header, 0, name);
}

static void tell(const struct fcgi_authorizer *authorizer,
                 struct fcgi_text name)
{
    char shown[128];

    fcgi_escape(shown, sizeof(shown), 0, name.data, name.length);
    fcgi_log_write(authorizer->log, authorizer->upstream->server,
                   FCGI_LOG_WARNING,
                   "the authorizer sent \"Variable-%s\", which is none that it "
                   "may set; passed over",
                   shown);
}

/* The client's variables, and those of the answer. */
static void merge(const struct fcgi_authorizer *authorizer,
                  struct fcgi_buffer *out, const struct fcgi_header *header)
{
    struct fcgi_text name, value;
    size_t at = 0;

    fcgi_params_copy(out, authorizer->told, is_set, header);
    while (next_variable(header, &at, &name, &value))
        if (!may_set(name))
            tell(authorizer, name);
        else if (!is_set_from(header, at, name)) /* the last of a name */
            fcgi_params_add(out, name, value);
}

bool fcgi_authorizer_accept(struct fcgi_authorizer *authorizer,
                            struct fcgi_block *block)
{
    struct fcgi_upstream *upstream = authorizer->upstream;
    struct fcgi_buffer *told = authorizer->told, other = authorizer->params;

    if (!authorizer->allowed)
        return true;
    other.length = 0;
    merge(authorizer, &other, &block->header);
    authorizer->params = *told;
    *told = other;
    authorizer->passed++;
    authorizer->asked = authorizer->allowed = false;
    authorizer->reply->close = authorizer->close;
    fcgi_log_end_stderr(authorizer->log, upstream->server);
    fcgi_block_begin(block);
    fcgi_upstream_init(upstream, upstream->worker, upstream->handlers,
                       &authorizer->request);
    return !told->failed;
}

void fcgi_authorizer_leave(struct fcgi_authorizer *authorizer)
{
    if (authorizer->asked)
        authorizer->upstream->request = authorizer->request;
    authorizer->asked = false;
    authorizer->passed = authorizer->all.count;
}
