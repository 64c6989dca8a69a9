/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey while it serves: the host side of the gateway (gateway/host.h),
 * one gateway for each worker thread, and the stages of the plugin.
 */
#include "monkey/host.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "gateway/gateway.h"
#include "monkey/auth.h"
#include "monkey/buffer.h"
#include "monkey/index.h"
#include "monkey/request.h"
#include "monkey/takeover.h"

/* Holds an event of any Monkey. */
#define EVENT_SIZE 128

struct worker {
    struct worker *next; /* the list of all; set before Monkey serves */
    struct fcgi_gateway *gateway;
    struct mk_event *event; /* of the gateway's loop, in Monkey's */
    char *left; /* a receive buffer that the last stage 40 replaced, or NULL */
};

/* Set before there are threads, and not changed after. */
static const struct mk_api *api;
static struct mk_config *config;
static struct fcgi_pool *pool;

static struct worker *_Atomic workers;
static _Thread_local struct worker *self;

void fcgi_monkey_log(enum fcgi_log_level level, const char *line)
{
    static const int levels[] = {
        [FCGI_LOG_INFO] = MK_LOG_INFO,
        [FCGI_LOG_WARNING] = MK_LOG_WARNING,
        [FCGI_LOG_ERROR] = MK_LOG_ERROR,
    };

    flockfile(stdout);
    api->log(levels[level], "fastcgi: %s", line);
    funlockfile(stdout);
}

static ssize_t write_client(void *client, const void *bytes, size_t length)
{
    struct mk_request *sr = client;
    struct fcgi_monkey_conn_view view;

    fcgi_monkey_conn_view(fcgi_monkey_family_of(sr->session, sr), sr->session,
                          &view);
    if (length > INT_MAX)
        length = INT_MAX;
    return fcgi_monkey_conn_write(&view, bytes, length);
}

/*
 * What the logger is told. It dies of a status below 400 that it does not
 * know, so such a one is logged as its nearest relative; what the client was
 * sent is the real one. 499 is nginx' number for a client that went away before
 * it was sent anything.
 */
static int logged_status(int status)
{
    if (status >= 400 || (status >= 200 && status <= 206) ||
        (status >= 300 && status <= 305))
        return status;
    switch (status) {
    case 0:
        return 499;
    case 308:
        return 301;
    }
    return status >= 300 ? 302 : 200;
}

static void exchange_done(void *client, const struct fcgi_outcome *outcome)
{
    struct mk_request *sr = client;
    struct mk_session *cs = sr->session;

    sr->headers.status = logged_status(outcome->status);
    sr->headers.content_length = outcome->body_bytes > INT_MAX
                                     ? INT_MAX /* as the logger reads it */
                                     : (long)outcome->body_bytes;
    if (outcome->reset) {
        /* Resets the connection now: a TLS layer would otherwise say, when it
         * closes, that all was sent. */
        const struct sockaddr none = {.sa_family = AF_UNSPEC};

        connect(cs->socket, &none, sizeof(none));
    }
    fcgi_monkey_give_back(api, fcgi_monkey_family_of(cs, sr), cs, sr,
                          outcome->close);
}

static struct fcgi_host host = {
    .write = write_client,
    .done = exchange_done,
    .log = fcgi_monkey_log,
};

void fcgi_monkey_set_up(const struct mk_api *given, struct mk_config *server,
                        struct fcgi_pool *servers)
{
    api = given;
    config = server;
    pool = servers;
    host.software = config->server_signature;
}

/* Monkey's loop found ours readable. What errno happens to be when we return
 * decides over life and death of connections. */
static int loop_ready(void *event)
{
    (void)event;
    fcgi_loop_run(fcgi_gateway_loop(self->gateway));
    errno = 0;
    return 0;
}

static struct worker *new_worker(void)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    struct fcgi_loop *loop;

    if (worker == NULL)
        return NULL;
    worker->gateway = fcgi_gateway_new(pool, &host);
    worker->event = api->mem_alloc_z(EVENT_SIZE);
    if (worker->gateway == NULL || worker->event == NULL)
        goto fail;
    loop = fcgi_gateway_loop(worker->gateway);
    worker->event->status = MK_EVENT_NONE;
    worker->event->handler = loop_ready;
    if (api->ev_add(api->sched_loop(), fcgi_loop_fd(loop), MK_EVENT_CUSTOM,
                    MK_EVENT_READ, worker->event) < 0)
        goto fail;
    worker->next = atomic_load(&workers);
    while (!atomic_compare_exchange_weak(&workers, &worker->next, worker))
        ;
    return worker;

fail:
    fcgi_monkey_log(
        FCGI_LOG_ERROR,
        "a worker cannot be set up: out of memory or descriptors (see "
        "ulimit -n); it answers 500");
    fcgi_gateway_free(worker->gateway);
    if (worker->event != NULL)
        api->mem_free(worker->event);
    free(worker);
    return NULL;
}

void fcgi_monkey_worker_start(void)
{
    self = new_worker();
    errno = 0;
}

/* Answers without an exchange, and shuts the connection down, which has the core
 * find its end and close it, as if the client had: that needs neither memory nor
 * a word to the core, which would go on with a next request in a state that
 * nobody expects. */
static int answer(struct mk_session *cs, struct mk_request *sr,
                  const struct fcgi_monkey_conn_view *view, const char *bytes)
{
    fcgi_monkey_conn_write(view, bytes, strlen(bytes));
    shutdown(cs->socket, SHUT_RDWR);
    fcgi_monkey_suppress_core_head(sr);
    errno = 0;
    return MK_CONTINUE;
}

/*
 * Answers 500 where a request cannot be taken over. In a host whose layout is
 * unknown nothing but the core's own functions may be used; it sends the page
 * as it sends those of its own.
 */
static int refuse(enum fcgi_monkey_family family, struct mk_session *cs,
                  struct mk_request *sr)
{
    struct fcgi_monkey_conn_view view;

    if (family == FCGI_MONKEY_FAMILY_UNKNOWN) {
        api->header_set_http_status(sr, 500);
        errno = 0;
        return MK_CLOSE_CONX;
    }
    fcgi_monkey_conn_view(family, cs, &view);
    return answer(cs, sr, &view,
                  "HTTP/1.1 500 Internal Server Error\r\n"
                  "Content-Type: text/plain\r\n"
                  "Content-Length: 22\r\n"
                  "Connection: close\r\n"
                  "\r\n"
                  "Internal Server Error\n");
}

/*
 * Where stage 30 cannot decline, but has been asked for a path that is Monkey's:
 * a folder without a slash at its end. The client is sent to the name that has
 * one; Monkey 1.8 makes that answer, too, and closes the connection instead of
 * sending it.
 */
static int redirect(enum fcgi_monkey_family family, struct mk_session *cs,
                    struct mk_request *sr,
                    const struct fcgi_http_request *request)
{
    const char *uri = request->uri.data;
    size_t length = request->uri.length;
    char text[PATH_MAX + 1024];
    struct fcgi_monkey_conn_view view;
    int n;

    /* Two slashes at the begin would name another host. */
    for (; length > 1 && uri[1] == '/'; uri++)
        length--;
    n = snprintf(text, sizeof(text),
                 "HTTP/1.1 301 Moved Permanently\r\n"
                 "Location: %.*s/%s%.*s\r\n"
                 "Content-Length: 0\r\n"
                 "Connection: close\r\n"
                 "\r\n",
                 (int)length, uri, request->has_query ? "?" : "",
                 (int)request->query.length,
                 request->has_query ? request->query.data : "");
    if (n < 0 || n >= (int)sizeof(text))
        return refuse(family, cs, sr);
    fcgi_monkey_conn_view(family, cs, &view);
    return answer(cs, sr, &view, text);
}

/* Whether a Match rule's words name a server. */
static bool is_named(const void *arg, const struct fcgi_server *server)
{
    const struct mk_list *params = arg, *node;
    size_t length = strlen(server->config->name);

    for (node = params->next; node != params; node = node->next) {
        const struct mk_handler_param *param =
            MK_ENTRY(node, const struct mk_handler_param, head);

        if (param->p.len == length &&
            memcmp(param->p.data, server->config->name, length) == 0)
            return true;
    }
    return false;
}

/* TLS: the network layer belongs to a plugin that says so. */
static bool is_tls(const struct fcgi_monkey_conn_view *view)
{
    const struct mk_list *plugins = api->plugins, *node;

    if (view->listen != NULL)
        return view->listen->listen->flags & MK_CAP_SOCK_TLS;
    for (node = plugins->next; node != plugins; node = node->next) {
        const struct mk_plugin *plugin =
            MK_ENTRY(node, const struct mk_plugin, head);

        if (plugin->network == view->net)
            return plugin->capabilities & MK_CAP_SOCK_TLS;
    }
    return false;
}

/* Tells the script out of the path of a request, of which `path`,
 * `document_root` and `script_filename` must be there; NULL where the rule names
 * no server. `rules` must live as long as the request. */
static const struct fcgi_server *split(struct mk_request *sr,
                                       struct fcgi_http_request *request,
                                       const struct fcgi_monkey_rules *rules,
                                       struct fcgi_script *script)
{
    const struct fcgi_server *server =
        fcgi_monkey_index_server(pool, rules->params);

    if (server == NULL)
        return NULL;
    request->follow_links = config->symlink;
    request->is_script = fcgi_monkey_index_is_script;
    request->is_script_arg = rules;
    request->has_index = server->config->front_controller &&
                         fcgi_monkey_index_exists(config, sr);
    request->accepted = fcgi_monkey_auth_accepted(sr, rules->params, request);
    fcgi_path_split(request, server->config, script);
    return server;
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
    const struct mk_host_handler *rule;
    struct fcgi_http_request request;
    struct fcgi_script script;
    struct fcgi_monkey_rules rules;
    char name[PATH_MAX];
    int n;

    rule = fcgi_monkey_index_first(sr);
    if (rule == NULL)
        return;
    memset(&request, 0, sizeof(request));
    request.path = (struct fcgi_text){uri->data, uri->len};
    request.document_root = (struct fcgi_text){root->data, root->len};
    n = sr->user_home ? snprintf(name, sizeof(name), "%.*s",
                                 (int)sr->real_path.len, sr->real_path.data)
                      : snprintf(name, sizeof(name), "%.*s%.*s", (int)root->len,
                                 root->data, (int)uri->len, uri->data);
    if (n < 0 || n >= (int)sizeof(name) || is_bare_folder(name))
        return;
    request.script_filename = (struct fcgi_text){name, (size_t)n};
    rules = (struct fcgi_monkey_rules){sr->host_conf, &rule->params};
    if (split(sr, &request, &rules, &script) != NULL &&
        script.verdict == FCGI_PATH_HOST)
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
static void free_left(struct worker *worker)
{
    if (worker->left != NULL)
        api->mem_free(worker->left);
    worker->left = NULL;
}

int fcgi_monkey_stage20(struct mk_session *cs, struct mk_request *sr)
{
    (void)cs;
    if (self != NULL)
        free_left(self);
    name_host(sr);
    if (!fcgi_monkey_auth_merge(api, sr)) {
        errno = 0;
        return MK_CLOSE_CONX;
    }
    if (pool != NULL) {
        fcgi_monkey_index_find(api, config, pool, sr);
        if (!MK_MAY_DECLINE)
            decline_early(sr);
    }
    errno = 0;
    return MK_CONTINUE;
}

int fcgi_monkey_stage30(struct mk_plugin *plugin, struct mk_session *cs,
                        struct mk_request *sr, int n_params,
                        struct mk_list *params)
{
    struct fcgi_http_field fields[MK_FIELDS_MAX];
    enum fcgi_monkey_family family = fcgi_monkey_family_of(cs, sr);
    struct fcgi_http_request request;
    struct fcgi_exchange *exchange;
    const struct fcgi_server *server;
    struct fcgi_script script;
    struct fcgi_monkey_conn_view view;
    struct fcgi_monkey_rules rules;
    const char *why;
    int status;

    (void)plugin;
    if (family == FCGI_MONKEY_FAMILY_UNKNOWN) {
        fcgi_monkey_log(FCGI_LOG_ERROR, "this Monkey is none of " MK_RELEASES
                                        " as far as its "
                                        "structures tell; answered 500");
        return refuse(family, cs, sr);
    }
    if (self == NULL)
        return refuse(family, cs, sr);
    fcgi_monkey_conn_view(family, cs, &view);
    status = fcgi_monkey_request_read(cs, sr, fields, &request, &why);
    request.tls = is_tls(&view);
    /* Monkey 1.8 asks for what stands behind a request that it refuses, and
     * hangs up before it is back in its loop. */
    request.provisional = true;
    /* KeepAlive Off does not reach close_now. */
    request.close = request.close || status != 0 || !config->keep_alive;
    rules = (struct fcgi_monkey_rules){sr->host_conf, params};
    server = split(sr, &request, &rules, &script);
    if (server == NULL)
        return refuse(family, cs, sr);
    if (status != 0)
        fcgi_path_refuse(&script, status, why);
    if (script.verdict == FCGI_PATH_HOST) {
        if (MK_MAY_DECLINE)
            return MK_NOT_ME;
        return redirect(family, cs, sr, &request);
    }
    exchange =
        fcgi_gateway_start(self->gateway, sr, cs->socket, &request, &script,
                           n_params > 0 ? is_named : NULL, params);
    if (exchange == NULL) {
        fcgi_monkey_log(FCGI_LOG_ERROR,
                        "out of memory or descriptors; answered 500");
        return refuse(family, cs, sr);
    }
    fcgi_monkey_take(api, &view);
    fcgi_monkey_suppress_core_head(sr);
    sr->handler_data = exchange;
    errno = 0;
    return MK_CONTINUE;
}

/* Of all requests, ours and others. Where the core is mistaken about its
 * channel (monkey-traps (e)) `sr` is none: it is not looked at. */
int fcgi_monkey_stage40(struct mk_session *cs, struct mk_request *sr)
{
    enum fcgi_monkey_family family = fcgi_monkey_family_of(cs, &cs->sr_fixed);

    (void)sr;
    if (self != NULL && family != FCGI_MONKEY_FAMILY_UNKNOWN) {
        free_left(self);
        self->left = fcgi_monkey_buffer_settle(
            api, (size_t)config->max_request_size, family, cs);
    }
    errno = 0;
    return MK_CONTINUE;
}

/* Also called for requests that are none of ours, with nothing filled in. */
int fcgi_monkey_stage30_hangup(struct mk_plugin *plugin, struct mk_session *cs,
                               struct mk_request *sr)
{
    (void)plugin;
    (void)cs;
    if (sr->handler_data != NULL) {
        fcgi_exchange_abandon(sr->handler_data);
        sr->handler_data = NULL;
    }
    errno = 0;
    return 0;
}

void fcgi_monkey_workers_free(void)
{
    struct worker *worker = atomic_load(&workers);

    while (worker != NULL) {
        struct worker *next = worker->next;

        fcgi_gateway_free(worker->gateway);
        api->mem_free(worker->event);
        free_left(worker);
        free(worker);
        worker = next;
    }
    atomic_store(&workers, NULL);
}
