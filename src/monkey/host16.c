/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey 1.6 while it serves: the host side of the gateway (gateway/host.h),
 * one gateway for each worker thread, and the stages of the plugin.
 */
#include "monkey/host16.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/exchange.h"
#include "monkey/auth16.h"
#include "monkey/index16.h"
#include "monkey/request16.h"
#include "monkey/takeover16.h"

/* Holds an event of any Monkey. */
#define EVENT_SIZE 128

struct worker {
    struct worker *next; /* the list of all; set before Monkey serves */
    struct fcgi_gateway *gateway;
    struct mk16_event *event; /* of the gateway's loop, in Monkey's */
};

/* Set before there are threads, and not changed after. */
static const struct mk16_api *api;
static struct fcgi_pool *pool;

static struct worker *_Atomic workers;
static _Thread_local struct worker *self;

void mk16_log(enum fcgi_log_level level, const char *line)
{
    static const int levels[] = {
        [FCGI_LOG_INFO] = MK16_LOG_INFO,
        [FCGI_LOG_WARNING] = MK16_LOG_WARNING,
        [FCGI_LOG_ERROR] = MK16_LOG_ERROR,
    };

    flockfile(stdout);
    api->log(levels[level], "fastcgi: %s", line);
    funlockfile(stdout);
}

static ssize_t write_client(void *client, const void *bytes, size_t length)
{
    struct mk16_request *sr = client;
    struct mk16_conn_view view;

    mk16_conn_view(mk16_family_of(sr->session, sr), sr->session, &view);
    if (length > INT_MAX)
        length = INT_MAX;
    return view.net->write(sr->session->socket, bytes, length);
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
    struct mk16_request *sr = client;
    struct mk16_session *cs = sr->session;

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
    mk16_give_back(api, mk16_family_of(cs, sr), cs, sr, outcome->close);
}

static struct fcgi_host host = {
    .write = write_client,
    .done = exchange_done,
    .log = mk16_log,
};

void mk16_set_up(const struct mk16_api *given, struct fcgi_pool *servers)
{
    api = given;
    pool = servers;
    host.software = api->config->server_signature;
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
    worker->event->status = MK16_EVENT_NONE;
    worker->event->handler = loop_ready;
    if (api->ev_add(api->sched_loop(), fcgi_loop_fd(loop), MK16_EVENT_CUSTOM,
                    MK16_EVENT_READ, worker->event) < 0)
        goto fail;
    worker->next = atomic_load(&workers);
    while (!atomic_compare_exchange_weak(&workers, &worker->next, worker))
        ;
    return worker;

fail:
    mk16_log(FCGI_LOG_ERROR,
             "a worker cannot be set up: out of memory or descriptors (see "
             "ulimit -n); it answers 500");
    fcgi_gateway_free(worker->gateway);
    if (worker->event != NULL)
        api->mem_free(worker->event);
    free(worker);
    return NULL;
}

void mk16_worker_init(void)
{
    self = new_worker();
    errno = 0;
}

/*
 * Answers 500 where a request cannot be taken over. In a host whose layout is
 * unknown nothing but the core's own functions may be used; it sends the page
 * as it sends those of its own. Otherwise the page is ours, and shutting the
 * connection down has the core find its end and close it, as if the client
 * had: that needs neither memory nor a word to the core, which would go on with
 * a next request in a state that nobody expects.
 */
static int refuse(enum mk16_family family, struct mk16_session *cs,
                  struct mk16_request *sr)
{
    static const char page[] =
        "HTTP/1.1 500 Internal Server Error\r\n"
        "Content-Type: text/plain\r\n"
        "Content-Length: 22\r\n"
        "Connection: close\r\n"
        "\r\n"
        "Internal Server Error\n";
    struct mk16_conn_view view;

    if (family == MK16_FAMILY_UNKNOWN) {
        api->header_set_http_status(sr, 500);
        errno = 0;
        return MK16_CLOSE_CONX;
    }
    mk16_conn_view(family, cs, &view);
    view.net->write(cs->socket, page, sizeof(page) - 1);
    shutdown(cs->socket, SHUT_RDWR);
    errno = 0;
    return MK16_CONTINUE;
}

/* Whether a Match rule's words name a server. */
static bool is_named(const void *arg, const struct fcgi_server *server)
{
    const struct mk16_list *params = arg, *node;
    size_t length = strlen(server->config->name);

    for (node = params->next; node != params; node = node->next) {
        const struct mk16_handler_param *param =
            MK16_ENTRY(node, const struct mk16_handler_param, head);

        if (param->p.len == length &&
            memcmp(param->p.data, server->config->name, length) == 0)
            return true;
    }
    return false;
}

/* TLS: the network layer belongs to a plugin that says so. */
static bool is_tls(const struct mk16_conn_view *view)
{
    const struct mk16_list *plugins = api->plugins, *node;

    if (view->listen != NULL)
        return view->listen->listen->flags & MK16_CAP_SOCK_TLS;
    for (node = plugins->next; node != plugins; node = node->next) {
        const struct mk16_plugin *plugin =
            MK16_ENTRY(node, const struct mk16_plugin, head);

        if (plugin->network == view->net)
            return plugin->capabilities & MK16_CAP_SOCK_TLS;
    }
    return false;
}

int mk16_stage20(struct mk16_session *cs, struct mk16_request *sr)
{
    (void)cs;
    if (pool != NULL)
        mk16_index_find(api, pool, sr);
    errno = 0;
    return MK16_CONTINUE;
}

int mk16_stage30(struct mk16_plugin *plugin, struct mk16_session *cs,
                 struct mk16_request *sr, int n_params,
                 struct mk16_list *params)
{
    struct fcgi_http_field fields[MK16_FIELDS_MAX];
    enum mk16_family family = mk16_family_of(cs, sr);
    struct fcgi_http_request request;
    struct fcgi_exchange *exchange;
    const struct fcgi_server *server;
    struct fcgi_script script;
    struct mk16_conn_view view;
    struct mk16_rules rules;
    int status;

    (void)plugin;
    if (family == MK16_FAMILY_UNKNOWN) {
        mk16_log(FCGI_LOG_ERROR,
                 "this Monkey is none of 1.6.0 to 1.6.9 as far as its "
                 "structures tell; answered 500");
        return refuse(family, cs, sr);
    }
    if (self == NULL)
        return refuse(family, cs, sr);
    mk16_conn_view(family, cs, &view);
    status = mk16_request_read(cs, sr, fields, &request);
    request.tls = is_tls(&view);
    /* KeepAlive Off does not reach close_now. */
    request.close = request.close || !api->config->keep_alive;
    request.follow_links = api->config->symlink;
    rules = (struct mk16_rules){sr->host_conf, params};
    request.is_script = mk16_index_is_script;
    request.is_script_arg = &rules;
    server = mk16_index_server(pool, params);
    if (server == NULL)
        return refuse(family, cs, sr);
    request.has_index =
        server->config->front_controller && mk16_index_exists(api, sr);
    request.accepted = mk16_auth_accepted(sr, params, &request);
    fcgi_path_split(&request, server->config, &script);
    if (status != 0)
        fcgi_path_refuse(&script, status, "the request cannot be read");
    if (script.verdict == FCGI_PATH_HOST)
        return MK16_NOT_ME;
    exchange =
        fcgi_exchange_start(self->gateway, sr, cs->socket, &request, &script,
                            n_params > 0 ? is_named : NULL, params);
    if (exchange == NULL) {
        mk16_log(FCGI_LOG_ERROR, "out of memory or descriptors; answered 500");
        return refuse(family, cs, sr);
    }
    mk16_take(api, &view);
    sr->handler_data = exchange;
    errno = 0;
    return MK16_CONTINUE;
}

/* Also called for requests that are none of ours, with nothing filled in. */
int mk16_stage30_hangup(struct mk16_plugin *plugin, struct mk16_session *cs,
                        struct mk16_request *sr)
{
    (void)plugin;
    (void)cs;
    if (sr->handler_data != NULL) {
        fcgi_exchange_abandon(sr->handler_data);
        sr->handler_data = NULL;
    }
    return 0;
}

void mk16_workers_free(void)
{
    struct worker *worker = atomic_load(&workers);

    while (worker != NULL) {
        struct worker *next = worker->next;

        fcgi_gateway_free(worker->gateway);
        api->mem_free(worker->event);
        free(worker);
        worker = next;
    }
    atomic_store(&workers, NULL);
}
