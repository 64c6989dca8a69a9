/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin as Monkey 1.6 loads it: the one symbol that it exports, and what
 * happens before and after Monkey serves.
 *
 * A broken configuration makes init_plugin() fail: Monkey then refuses to
 * start as soon as a Match rule names the plugin, rather than serve scripts as
 * text. It forgets, though, to take the plugin out of its list for stage 20,
 * and would call into unloaded code: so we do.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "backend/pool.h"
#include "backend/resolver.h"
#include "config/config.h"
#include "monkey/auth16.h"
#include "monkey/host16.h"

#define EXPORT __attribute__((visibility("default")))

/* How long Monkey's start waits for the name service at most. Names that are
 * not known by then are looked up while it serves. */
#define LOOK_UP_MS 3000

static struct fcgi_config *config;
static struct fcgi_pool *pool;

static void tell(const struct fcgi_diag_list *diags)
{
    char line[1024];

    for (size_t i = 0; i < diags->count; i++) {
        const struct fcgi_diag *diag = &diags->items[i];

        fcgi_diag_format(diag, line, sizeof(line));
        mk16_log(diag->severity == FCGI_DIAG_ERROR ? FCGI_LOG_ERROR
                                                   : FCGI_LOG_WARNING,
                 line);
    }
}

/* Names in `Match REGEX fastcgi NAME...` must be those of servers. */
static bool check_rule(const struct mk16_host *vhost,
                       const struct mk16_host_handler *rule)
{
    const struct mk16_list *node;
    bool known = true;
    char line[1024];

    for (node = rule->params.next; node != &rule->params; node = node->next) {
        const struct mk16_handler_param *param =
            MK16_ENTRY(node, const struct mk16_handler_param, head);

        if (fcgi_pool_find(pool, param->p.data, param->p.len) != NULL)
            continue;
        known = false;
        snprintf(line, sizeof(line),
                 "%s: error: a Match rule names the server '%.*s', and %s has "
                 "no [FASTCGI_SERVER] with that ServerName",
                 vhost->file ? vhost->file : "a virtual host",
                 (int)param->p.len, param->p.data, config->file);
        mk16_log(FCGI_LOG_ERROR, line);
    }
    return known;
}

static bool check_rules(const struct mk16_list *vhosts)
{
    const struct mk16_list *host_node, *node;
    bool known = true;

    for (host_node = vhosts->next; host_node && host_node != vhosts;
         host_node = host_node->next) {
        const struct mk16_host *vhost =
            MK16_ENTRY(host_node, const struct mk16_host, head);

        for (node = vhost->handlers.next; node && node != &vhost->handlers;
             node = node->next) {
            const struct mk16_host_handler *rule =
                MK16_ENTRY(node, const struct mk16_host_handler, head);

            if (rule->name != NULL && strcmp(rule->name, "fastcgi") == 0)
                known = check_rule(vhost, rule) && known;
        }
    }
    return known;
}

static void warn_unresolved(void)
{
    char line[512];

    for (size_t i = 0; i < pool->n_servers; i++) {
        const struct fcgi_server *server = &pool->servers[i];

        if (server->addresses != NULL)
            continue;
        snprintf(line, sizeof(line),
                 "server \"%s\": %s does not resolve: %s; its requests are "
                 "answered 503 until it does",
                 server->config->name, server->where,
                 atomic_load(&server->unresolved));
        mk16_log(FCGI_LOG_WARNING, line);
    }
}

static void clean_up(void)
{
    mk16_auth_free();
    fcgi_pool_free(pool);
    fcgi_config_free(config);
    pool = NULL;
    config = NULL;
}

/* Takes our entry out of Monkey's list for stage 20. */
static void unhook(const struct mk16_api *api)
{
    struct mk16_list *list = &api->config->stage20_handler, *node;

    for (node = list->next; node != list; node = node->next) {
        struct mk16_stage *entry = MK16_ENTRY(node, struct mk16_stage, head);

        if (entry->stage20 != mk16_stage20)
            continue;
        node->prev->next = node->next;
        node->next->prev = node->prev;
        api->mem_free(entry);
        return;
    }
}

static int start(const struct mk16_api *api, const char *confdir)
{
    struct fcgi_diag_list diags;
    char path[PATH_MAX];

    mk16_set_up(api, NULL);
    if (snprintf(path, sizeof(path), "%sfastcgi.conf", confdir) >=
        (int)sizeof(path)) {
        mk16_log(FCGI_LOG_ERROR, "the configuration's path is too long");
        return -1;
    }
    fcgi_diag_list_init(&diags);
    config = fcgi_config_load(path, &diags);
    tell(&diags);
    fcgi_diag_list_free(&diags);
    if (config == NULL)
        return -1;
    pool = fcgi_pool_new(config);
    if (pool == NULL || mk16_auth_set_up(api) < 0 ||
        !check_rules(&api->config->hosts)) {
        clean_up();
        return -1;
    }
    fcgi_resolver_start(pool, LOOK_UP_MS);
    warn_unresolved();
    mk16_set_up(api, pool);
    return 0;
}

static int init_plugin(struct mk16_api **api, char *confdir)
{
    int result = start(*api, confdir);

    if (result < 0)
        unhook(*api);
    errno = 0;
    return result;
}

/* The workers are gone by now, and with them their loops. */
static int exit_plugin(void)
{
    mk16_workers_free();
    clean_up();
    return 0;
}

static struct mk16_stage stage = {
    .stage20 = mk16_stage20,
    .stage30 = mk16_stage30,
    .stage30_hangup = mk16_stage30_hangup,
};

EXPORT struct mk16_plugin mk_plugin_fastcgi = {
    .shortname = "fastcgi",
    .name = "FastCGI client",
    .version = PACKAGE_VERSION,
    .hooks = MK16_HOOK_STAGE,
    .init_plugin = init_plugin,
    .exit_plugin = exit_plugin,
    .worker_init = mk16_worker_init,
    .stage = &stage,
};
