/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/stages.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "gateway/exchange.h"
#include "monkey/auth.h"
#include "monkey/core_buffer.h"
#include "monkey/core_request.h"
#include "monkey/error_page.h"
#include "monkey/gate.h"
#include "monkey/index.h"
#include "monkey/merge.h"
#include "monkey/way.h"

static const struct fcgi_monkey_monkey *const monkey = &fcgi_monkey_monkey;

static struct fcgi_text text(const struct mk_ptr *pointer)
{
    return (struct fcgi_text){pointer->data, pointer->len};
}

/* --- answers without an exchange ------------------------------------------ */

/* Writes a canned response and shuts the socket down; the core sees the end and
 * closes the connection. That needs neither memory nor a word to the core,
 * which would go on with a next request in a state that nobody expects. */
static int answer(struct mk_request *sr,
                  const struct fcgi_monkey_conn_view *view, const char *bytes)
{
    fcgi_monkey_conn_write(view, bytes, strlen(bytes));
    shutdown(view->event->fd, SHUT_RDWR);
    fcgi_monkey_suppress_core_head(sr);
    errno = 0;
    return MK_CONTINUE;
}

/* Answers 500 where a request cannot be taken over. */
static int refuse(const struct fcgi_monkey_conn_view *view,
                  struct mk_request *sr)
{
    return answer(sr, view,
                  "HTTP/1.1 500 Internal Server Error\r\n"
                  "Content-Type: text/plain\r\n"
                  "Content-Length: 22\r\n"
                  "Connection: close\r\n"
                  "\r\n"
                  "Internal Server Error\n");
}

/* The same in a Monkey whose layout is unknown: nothing but the core's own
 * functions may be used; it sends the page as it sends those of its own. */
static int refuse_unknown(struct mk_request *sr)
{
    fcgi_monkey_log(FCGI_LOG_ERROR, "this Monkey is none of " MK_RELEASES
                                    " as far as its structures tell; answered "
                                    "500");
    monkey->api->header_set_http_status(sr, 500);
    errno = 0;
    return MK_CLOSE_CONX;
}

/*
 * Where stage 30 cannot decline, but has been asked for a path that is
 * Monkey's: a folder without a slash at its end. The client is sent to the name
 * that has one; Monkey 1.8 makes that answer, too, and closes the connection
 * instead of sending it.
 */
static int redirect(const struct fcgi_monkey_conn_view *view,
                    struct mk_request *sr,
                    const struct fcgi_http_request *request)
{
    const char *uri = request->uri.data;
    size_t length = request->uri.length;
    char head[PATH_MAX + 1024];
    int n;

    /* Two slashes at the begin would name another host. */
    for (; length > 1 && uri[1] == '/'; uri++)
        length--;
    n = snprintf(head, sizeof(head),
                 "HTTP/1.1 301 Moved Permanently\r\n"
                 "Location: %.*s/%s%.*s\r\n"
                 "Content-Length: 0\r\n"
                 "Connection: close\r\n"
                 "\r\n",
                 (int)length, uri, request->has_query ? "?" : "",
                 (int)request->query.length,
                 request->has_query ? request->query.data : "");
    if (n < 0 || n >= (int)sizeof(head))
        return refuse(view, sr);
    return answer(sr, view, head);
}

/* --- stage 20: index files ------------------------------------------------ */

/* The path of a request, and where its file is, which the core knows of a
 * user's folder alone. */
static struct fcgi_monkey_place place_of(const struct mk_request *sr)
{
    struct fcgi_monkey_place place = {
        .vhost = sr->host_conf,
        .path = text(&sr->uri_processed),
    };

    if (sr->user_home)
        place.file = text(&sr->real_path);
    return place;
}

/* A request on its way, as the core has read it. */
struct errand {
    struct fcgi_monkey_way way;
    struct fcgi_monkey_rules rules;
    struct fcgi_http_request request;
    struct fcgi_script script;
};

/* Tells the script out of the path of a request, of which `path`,
 * `document_root` and `script_filename` must be there; false where the rule
 * names no server. `from` is the rule that the core has chosen, or NULL. */
static bool split(const struct mk_request *sr, const struct mk_list *from,
                  struct errand *errand)
{
    const struct fcgi_monkey_place place = place_of(sr);
    struct fcgi_http_request *request = &errand->request;
    const struct fcgi_server *server;

    if (!fcgi_monkey_way_find(&errand->way, sr->host_conf, from,
                              text(&sr->uri_processed)))
        return false;
    errand->rules =
        (struct fcgi_monkey_rules){sr->host_conf, errand->way.params};
    server = fcgi_monkey_rules_server(monkey->pool, errand->way.params);
    if (server == NULL)
        return false;
    request->error_page = fcgi_monkey_error_page;
    request->error_page_arg = sr->host_conf;
    request->follow_links = monkey->config->symlink;
    request->has_index = server->config->front_controller &&
                         fcgi_monkey_index_exists(&place, monkey->config);
    if (from != NULL)
        request->accepted = fcgi_monkey_auth_accepted(sr, from, request);
    fcgi_monkey_way_split(&errand->way, &errand->rules, server, request,
                          &errand->script);
    return true;
}

/* Replaces a text of the core's by itself with more behind it; the core frees
 * the new one. False where memory is short. */
static bool append(struct mk_ptr *old, const char *own, struct fcgi_text more)
{
    size_t length = old->len + more.length;
    char *copy = monkey->api->mem_alloc(length + 1);

    if (copy == NULL)
        return false;
    memcpy(copy, old->data, old->len);
    memcpy(copy + old->len, more.data, more.length);
    copy[length] = '\0';
    if (old->data != own)
        monkey->api->mem_free(old->data);
    old->data = copy;
    old->len = length;
    return true;
}

/* Names an index file in a folder's path, so that the core matches the rules
 * against that. False where memory is short: the core would show a source. */
static bool name_index(struct mk_request *sr)
{
    const struct fcgi_monkey_place place = place_of(sr);
    struct fcgi_text index =
        fcgi_monkey_index_find(&place, monkey->config, monkey->pool);

    if (index.length == 0)
        return true;
    return append(&sr->uri_processed, sr->uri.data, index) &&
           (!sr->user_home ||
            append(&sr->real_path, sr->real_path_static, index));
}

static bool is_bare_folder(const char *name)
{
    struct stat st;

    return name[0] != '\0' && name[strlen(name) - 1] != '/' &&
           stat(name, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Where stage 30 cannot decline, it must not be asked for what is Monkey's own
 * business, but for redirects (see above). */
static void decline_early(struct mk_request *sr)
{
    const struct mk_ptr *root = &sr->host_conf->documentroot;
    const struct mk_ptr *uri = &sr->uri_processed;
    struct errand errand = {
        .request = {.path = text(uri), .document_root = text(root)}};
    char name[PATH_MAX];
    int n = sr->user_home
                ? snprintf(name, sizeof(name), "%.*s", (int)sr->real_path.len,
                           sr->real_path.data)
                : snprintf(name, sizeof(name), "%.*s%.*s", (int)root->len,
                           root->data, (int)uri->len, uri->data);

    if (n < 0 || n >= (int)sizeof(name) || is_bare_folder(name))
        return;
    errand.request.script_filename = (struct fcgi_text){name, (size_t)n};
    if (split(sr, NULL, &errand) && errand.script.verdict == FCGI_PATH_HOST)
        sr->stage30_blocked = 1;
}

/* Monkey 1.6 crashes when it redirects a client that has sent no Host to a
 * folder's name with a slash: it copies one of the length -1. It gets the name
 * of the virtual host, as the default one is what answers such a request. */
static void name_host(struct mk_request *sr)
{
    if (sr->host.data != NULL || sr->host_alias == NULL)
        return;
    sr->host.data = sr->host_alias->name;
    sr->host.len = sr->host_alias->len;
}

/* Frees what the last stage 40 of a worker left. */
static void free_left(void)
{
    struct fcgi_monkey_thread *worker = fcgi_monkey_thread_self();

    if (worker == NULL || worker->left == NULL)
        return;
    monkey->api->mem_free(worker->left);
    worker->left = NULL;
}

/* The core refuses each path with two dots in a row, be it no step upwards. Of
 * a request that the gate has read the true path is known. */
static void hide_dots(struct mk_request *sr)
{
    struct mk_ptr *path = &sr->uri_processed;

    for (size_t i = 0; i + 1 < path->len; i++)
        if (path->data[i] == '.' && path->data[i + 1] == '.')
            path->data[i] = '_';
}

static int stage20(struct mk_session *cs, struct mk_request *sr)
{
    free_left();
    name_host(sr);
    if (!fcgi_monkey_merge_request(monkey->api, sr)) {
        errno = 0;
        return MK_CLOSE_CONX;
    }
    if (fcgi_monkey_gate_pending(fcgi_monkey_gate_client(cs)) != NULL) {
        hide_dots(sr);
    } else if (monkey->pool != NULL) {
        if (!name_index(sr)) {
            errno = 0;
            return MK_CLOSE_CONX;
        }
        if (!MK_MAY_DECLINE)
            decline_early(sr);
    }
    errno = 0;
    return MK_CONTINUE;
}

/* --- stage 30: requests --------------------------------------------------- */

/* Starts the exchange of a request, and takes the connection over. */
static int start(struct fcgi_monkey_downstream *client, struct mk_request *sr,
                 const struct fcgi_http_request *request,
                 const struct fcgi_script *script, const struct mk_list *params)
{
    if (!fcgi_monkey_downstream_start(client, sr, request, script, params)) {
        fcgi_monkey_log(FCGI_LOG_ERROR,
                        "out of memory or descriptors; answered 500");
        return refuse(&client->view, sr);
    }
    fcgi_monkey_take(monkey->api, &client->view);
    fcgi_exchange_disturbed(client->exchange); /* nobody watches it any more */
    fcgi_monkey_suppress_core_head(sr);
    sr->handler_data = client;
    errno = 0;
    return MK_CONTINUE;
}

/* A request of which the gate has the true head. */
static int start_gated(struct fcgi_monkey_downstream *client,
                       struct fcgi_monkey_aim *aim, struct mk_request *sr,
                       struct mk_list *params)
{
    aim->request.accepted =
        fcgi_monkey_auth_accepted(sr, params, &aim->request);
    /* Monkey 1.8 ends each connection of HTTP/1.0. */
    sr->session->close_now = aim->request.close;
    return start(client, sr, &aim->request, &aim->script, aim->rules.params);
}

/* A request that the core has read by itself. */
static int start_read(struct fcgi_monkey_downstream *client,
                      struct mk_session *cs, struct mk_request *sr,
                      struct mk_list *params)
{
    struct fcgi_http_field fields[MK_FIELDS_MAX];
    struct errand errand;
    struct fcgi_http_request *request = &errand.request;
    const char *why;
    int status;

    client->stored = NULL;
    status = fcgi_monkey_core_request_read(cs, sr, fields, request,
                                           &client->stored, &why);
    fcgi_monkey_downstream_name(client, request);
    if (client->through && status == 0) {
        status = 400;
        why =
            "this request, or one before it on the connection, can be read "
            "in more than one way";
    }
    /* Monkey 1.8 asks for what stands behind a request that it refuses, and
     * hangs up before it is back in its loop. */
    request->provisional = true;
    /* KeepAlive Off does not reach close_now. */
    request->close =
        request->close || status != 0 || !monkey->config->keep_alive;
    if (!split(sr, params, &errand))
        return refuse(&client->view, sr);
    if (status != 0)
        fcgi_path_refuse(&errand.script, status, why);
    if (errand.script.verdict != FCGI_PATH_HOST)
        return start(client, sr, request, &errand.script, errand.way.params);
    return MK_MAY_DECLINE ? MK_NOT_ME : redirect(&client->view, sr, request);
}

static int stage30(struct mk_plugin *plugin, struct mk_session *cs,
                   struct mk_request *sr, int n_params, struct mk_list *params)
{
    struct fcgi_monkey_thread *worker = fcgi_monkey_thread_self();
    struct fcgi_monkey_downstream *client = fcgi_monkey_gate_client(cs);
    struct fcgi_monkey_aim *aim = fcgi_monkey_gate_pending(client);
    enum fcgi_monkey_family family;
    struct fcgi_monkey_conn_view view;
    int result;

    (void)plugin;
    (void)n_params;
    if (aim != NULL)
        return start_gated(client, aim, sr, params);
    if (client != NULL)
        return start_read(client, cs, sr, params);
    family = fcgi_monkey_family_of(cs, sr);
    if (family == FCGI_MONKEY_FAMILY_UNKNOWN)
        return refuse_unknown(sr);
    fcgi_monkey_conn_view(family, cs->conn, &view);
    client = worker != NULL
                 ? fcgi_monkey_downstream_new(worker, family, cs->conn)
                 : NULL;
    if (client == NULL)
        return refuse(&view, sr);
    result = start_read(client, cs, sr, params);
    if (sr->handler_data != client)
        fcgi_monkey_downstream_free(client);
    return result;
}

/* Also called for requests that are none of ours, with nothing filled in. */
static int stage30_hangup(struct mk_plugin *plugin, struct mk_session *cs,
                          struct mk_request *sr)
{
    struct fcgi_monkey_downstream *client = sr->handler_data;

    (void)plugin;
    (void)cs;
    if (client != NULL) {
        fcgi_monkey_downstream_abandon(client);
        if (!client->gated)
            fcgi_monkey_downstream_free(client);
    }
    sr->handler_data = NULL;
    errno = 0;
    return 0;
}

/* --- the others ----------------------------------------------------------- */

static int stage10(int fd)
{
    (void)fd;
    fcgi_monkey_gate_put_up();
    errno = 0;
    return MK_NOT_ME;
}

/*
 * Of all requests, ours and others. Where the core is mistaken about its
 * channel (monkey-traps (e)) `sr` is none: it is not looked at. Behind a gate
 * the core's buffer never holds a next request, unless all passes.
 */
static int stage40(struct mk_session *cs, struct mk_request *sr)
{
    struct fcgi_monkey_thread *worker = fcgi_monkey_thread_self();
    struct fcgi_monkey_downstream *client = fcgi_monkey_gate_client(cs);
    enum fcgi_monkey_family family;
    struct fcgi_monkey_conn_view view;

    (void)sr;
    if (client != NULL)
        fcgi_monkey_gate_request_ended(client);
    family = fcgi_monkey_family_of(cs, &cs->sr_fixed);
    if (worker != NULL && family != FCGI_MONKEY_FAMILY_UNKNOWN) {
        free_left();
        fcgi_monkey_conn_view(family, cs->conn, &view);
        worker->left = fcgi_monkey_core_buffer_settle(
            worker->api, (size_t)worker->config->max_request_size, &view);
    }
    errno = 0;
    return MK_CONTINUE;
}

static int stage50(int fd)
{
    fcgi_monkey_gate_forget(fd);
    errno = 0;
    return MK_NOT_ME; /* so that other plugins are told, too */
}

struct mk_stage fcgi_monkey_stages = {
    .stage10 = stage10,
    .stage20 = stage20,
    .stage30 = stage30,
    .stage30_hangup = stage30_hangup,
    .stage40 = stage40,
    .stage50 = stage50,
};

/* The signature is not made yet when the plugin is loaded. */
static void name_software(void)
{
    fcgi_monkey_downstream_host.software = monkey->config->server_signature;
}

/* Each worker's thread comes here; what all of them share is written by one. */
void fcgi_monkey_stages_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, name_software);
    fcgi_monkey_thread_start(&fcgi_monkey_downstream_host);
}

/* Whether an entry of the nth of Monkey's lists is ours. */
static bool is_own(const struct mk_stage *entry, size_t n)
{
    return n == 0   ? entry->stage10 == stage10
           : n == 1 ? entry->stage20 == stage20
           : n == 2 ? entry->stage40 == stage40
                    : entry->stage50 == stage50;
}

void fcgi_monkey_stages_unhook(const struct mk_api *api,
                               struct mk_config *server)
{
    struct mk_list *const lists[] = {
        &server->stage10_handler, &server->stage20_handler,
        &server->stage40_handler, &server->stage50_handler};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct mk_list *node = lists[i]->next;

        while (node != lists[i]) {
            struct mk_stage *entry = MK_ENTRY(node, struct mk_stage, head);

            node = node->next;
            if (!is_own(entry, i))
                continue;
            entry->head.prev->next = entry->head.next;
            entry->head.next->prev = entry->head.prev;
            api->mem_free(entry);
        }
    }
}
