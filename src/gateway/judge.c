/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a request is passed on at all.
 */
#include "gateway/judge.h"

#include <string.h>

#include "gateway/origin.h"
#include "gateway/status.h"
#include "proto/header.h"

/*
 * Whether a request says whom it is for, and where it ends, in a way that all
 * who see it understand alike. If the host went by one of two lengths, or by
 * the 5 in "5abc", what stands in front of it may have gone by another, and
 * taken the start of the next request for something else (RFC 9112, 6.3 and
 * 11.2). A host that decodes transfer codings takes the field away.
 */
static const char *judge_fields(const struct fcgi_http_request *request)
{
    struct fcgi_text length = {NULL, 0};
    bool has_host = false;

    for (size_t i = 0; i < request->n_fields; i++) {
        struct fcgi_text name = request->fields[i].name;
        struct fcgi_text value = request->fields[i].value;

        if (fcgi_header_is(name.data, name.length, "transfer-encoding") &&
            request->framing != FCGI_HTTP_CHUNKED)
            return "the request has a Transfer-Encoding, which this server "
                   "does not decode";
        if (fcgi_header_is(name.data, name.length, "host")) {
            if (has_host)
                return "the request has two Host fields";
            has_host = true;
        }
        if (!fcgi_header_is(name.data, name.length, "content-length"))
            continue;
        for (size_t j = 0; j < value.length; j++)
            if (value.data[j] < '0' || value.data[j] > '9')
                return "the request has a Content-Length that is no number";
        if (length.data != NULL &&
            (length.length != value.length ||
             memcmp(length.data, value.data, value.length) != 0))
            return "the request has two different Content-Length fields";
        length = value;
    }
    return NULL;
}

const struct fcgi_server_config *fcgi_judge_config(
    const struct fcgi_pool *pool, const struct fcgi_authorizers *authorizers,
    bool (*allows)(const void *arg, const struct fcgi_server *server),
    const void *arg)
{
    const struct fcgi_server *first = fcgi_pool_first(pool, allows, arg);

    if (authorizers != NULL && authorizers->count > 0 && allows != NULL &&
        !allows(arg, first))
        first =
            fcgi_pool_first(pool, authorizers->allows, authorizers->args[0]);
    return first->config;
}

void fcgi_judge(struct fcgi_judgement *judgement,
                struct fcgi_http_request *request,
                const struct fcgi_script *script,
                const struct fcgi_server_config *config, struct fcgi_pool *pool,
                uint64_t now, struct fcgi_buffer *own)
{
    const char *why = fcgi_origin_find(request, &config->trusted_proxies);

    *judgement = (struct fcgi_judgement){
        .site = {.wanted = script->verdict == FCGI_PATH_FILE,
                 .follow_links = request->follow_links,
                 .folder = script->folder.length}};
    if (script->verdict == FCGI_PATH_REFUSED) {
        judgement->why = script->why;
        judgement->status = script->status;
        return;
    }
    judgement->why = why != NULL ? why : judge_fields(request);
    judgement->status = judgement->why != NULL ? 400 : 0;
    if (judgement->status == 0 && script->verdict == FCGI_PATH_STATUS)
        judgement->status = fcgi_status_make(
            pool, now, request, own, &judgement->page_fields, &judgement->why);
}

bool fcgi_judge_is_authorized_first(const struct fcgi_judgement *judgement)
{
    return judgement->status == 0 || judgement->status == 403 ||
           judgement->status == 404;
}
