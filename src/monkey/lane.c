/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/lane.h"

#include <string.h>

#include "gateway/gateway.h"
#include "monkey/error_page.h"
#include "monkey/index.h"
#include "monkey/merge.h"
#include "monkey/recall.h"

#define TOO_LONG "the request's head is too long (MaxRequestHeaderSize)"

static struct fcgi_text text(const struct mk_ptr *pointer)
{
    return (struct fcgi_text){pointer->data, pointer->len};
}

/*
 * Composes the file's name: DocumentRoot, and the path that is decoded behind
 * it. Returns why the path is to be refused, or NULL. One that cannot be
 * decoded is taken as it is, as the core takes it, to tell whose it is.
 */
static const char *compose(struct fcgi_monkey_aim *aim,
                           const struct mk_host *vhost, struct fcgi_text raw)
{
    const struct mk_ptr *root = &vhost->documentroot;
    struct fcgi_http_path path;
    char *out = aim->file + root->len;
    const char *why = fcgi_http_path_decode(raw, out, &path);

    if (why != NULL) {
        memcpy(out, raw.data, raw.length);
        path.length = raw.length;
    }
    memcpy(aim->file, root->data, root->len);
    /* A guarded folder has one name alone. */
    if (why == NULL && path.has_empties && fcgi_monkey_rules_guard(vhost))
        path.length = fcgi_monkey_merge_path(out, out, path.length);
    aim->request.document_root = text(root);
    aim->request.path = (struct fcgi_text){out, path.length};
    return why;
}

/* Adds the name of the index file to a folder's path. */
static void add_index(struct fcgi_monkey_aim *aim,
                      const struct fcgi_monkey_thread *worker)
{
    struct fcgi_http_request *request = &aim->request;
    const struct fcgi_monkey_place place = {
        aim->rules.vhost, request->path, {NULL, 0}};
    struct fcgi_text index =
        fcgi_monkey_index_find(&place, worker->config, worker->pool);
    size_t length = request->document_root.length + request->path.length;

    if (index.length > NAME_MAX)
        index.length = 0;
    if (index.length > 0)
        memcpy(aim->file + length, index.data, index.length);
    request->path.length += index.length;
    aim->file[length + index.length] = '\0';
    request->script_filename =
        (struct fcgi_text){aim->file, length + index.length};
}

/* Whether the folder that the path names has one of Monkey's index files. */
static bool has_index(const struct fcgi_monkey_aim *aim,
                      const struct mk_config *config)
{
    const struct fcgi_monkey_place place = {
        aim->rules.vhost, aim->request.path, {NULL, 0}};

    return fcgi_monkey_index_exists(&place, config);
}

static void copy_head(struct fcgi_http_request *request,
                      const struct fcgi_http_head *head)
{
    request->method = head->method;
    request->uri = head->target.path;
    request->has_query = head->target.has_query;
    request->query = head->target.query;
    request->version = head->version;
    request->fields = head->fields;
    request->n_fields = head->n_fields;
    request->close = !head->keep_alive;
    request->framing = head->body;
    request->content_length = head->body_length;
    request->expect_continue = head->expect_continue;
}

static void fill(struct fcgi_monkey_aim *aim,
                 struct fcgi_monkey_downstream *client)
{
    const struct mk_config *config = client->worker->config;
    struct fcgi_http_request *request = &aim->request;

    fcgi_monkey_downstream_name(client, request);
    request->server_name =
        (struct fcgi_text){aim->alias->name, aim->alias->len};
    request->error_page = fcgi_monkey_error_page;
    request->error_page_arg = aim->rules.vhost;
    request->close =
        request->close || !config->keep_alive ||
        client->requests + 1 >= (unsigned)config->max_keep_alive_request;
}

/* A path below a user's folder, whose place the core knows alone. */
static bool is_users(const struct mk_config *config, struct fcgi_text path)
{
    return config->user_dir != NULL && path.length > 2 && path.data[1] == '~';
}

/* Looks the path up: whether a rule of ours wants it, and whose keys decide
 * which script it names. */
static bool look_up(struct fcgi_monkey_aim *aim,
                    const struct fcgi_monkey_thread *worker,
                    const struct fcgi_server **server)
{
    add_index(aim, worker);
    if (!fcgi_monkey_way_find(&aim->way, aim->rules.vhost, NULL,
                              aim->request.path))
        return false;
    aim->rules.params = aim->way.params;
    *server = fcgi_monkey_rules_server(worker->pool, aim->way.params);
    return *server != NULL;
}

/* Tells the script out of the path. */
static void find_script(struct fcgi_monkey_aim *aim,
                        const struct mk_config *config,
                        const struct fcgi_server *server)
{
    struct fcgi_http_request *request = &aim->request;

    request->follow_links = config->symlink;
    request->has_index =
        server->config->front_controller != NULL && has_index(aim, config);
    fcgi_monkey_way_split(&aim->way, &aim->rules, server, request,
                          &aim->script);
}

/* Whether the path was looked up a moment ago. */
static bool recall(struct fcgi_monkey_aim *aim,
                   const struct fcgi_monkey_thread *worker,
                   struct fcgi_text raw)
{
    const struct fcgi_monkey_found *found = fcgi_monkey_recall_find(
        worker->recall, aim->rules.vhost, raw,
        fcgi_loop_now(fcgi_gateway_loop(worker->gateway)));

    if (found == NULL)
        return false;
    aim->rules.params = found->params;
    aim->request.path = found->path;
    aim->request.script_filename = found->file;
    aim->request.document_root = text(&aim->rules.vhost->documentroot);
    aim->script = found->script;
    return true;
}

static void remember(const struct fcgi_monkey_aim *aim,
                     const struct fcgi_monkey_thread *worker,
                     struct fcgi_text raw)
{
    const struct fcgi_monkey_found found = {
        .vhost = aim->rules.vhost,
        .params = aim->rules.params,
        .path = aim->request.path,
        .file = aim->request.script_filename,
        .script = aim->script,
    };

    fcgi_monkey_recall_keep(worker->recall, raw,
                            fcgi_loop_now(fcgi_gateway_loop(worker->gateway)),
                            &found);
}

static enum fcgi_monkey_lane refuse(struct fcgi_monkey_aim *aim, int status,
                                    const char *why)
{
    aim->request.close = true;
    fcgi_path_refuse(&aim->script, status,
                     status == 431 || status == 414 ? TOO_LONG : why);
    return FCGI_MONKEY_LANE_FAST;
}

enum fcgi_monkey_lane fcgi_monkey_lane_choose(
    struct fcgi_monkey_aim *aim, struct fcgi_monkey_downstream *client,
    const struct fcgi_http_head *head, size_t size, int status)
{
    const struct fcgi_monkey_thread *worker = client->worker;
    const struct mk_host *vhost;
    const struct fcgi_server *server;
    const char *why;

    if (head->target.path.data == NULL)
        return FCGI_MONKEY_LANE_PASS;
    vhost = fcgi_monkey_rules_host(worker->config, head->authority.host,
                                   &aim->alias);
    if (vhost == NULL || aim->alias == NULL ||
        vhost->header_redirect.data != NULL ||
        vhost->documentroot.len >= PATH_MAX)
        return FCGI_MONKEY_LANE_PASS;
    memset(&aim->request, 0, sizeof(aim->request));
    aim->rules.vhost = vhost;
    aim->request.site = vhost;
    copy_head(&aim->request, head);
    if (status == 0 && size <= worker->head_least &&
        recall(aim, worker, head->target.path)) {
        fill(aim, client);
        return FCGI_MONKEY_LANE_FAST;
    }
    why = compose(aim, vhost, head->target.path);
    if (is_users(worker->config, aim->request.path) ||
        !look_up(aim, worker, &server))
        return FCGI_MONKEY_LANE_PASS;
    fill(aim, client);
    if (status == 0 && size > server->config->max_request_header_size)
        status = 431;
    if (status != 0 || why != NULL)
        return refuse(aim, status != 0 ? status : 400,
                      status != 0 ? head->why : why);
    find_script(aim, worker->config, server);
    if (aim->script.verdict == FCGI_PATH_HOST)
        return FCGI_MONKEY_LANE_PASS;
    if (aim->way.others || worker->others)
        return FCGI_MONKEY_LANE_CORE;
    if (aim->way.authorizers.count == 0)
        remember(aim, worker, head->target.path);
    return FCGI_MONKEY_LANE_FAST;
}
