/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens before and after Monkey serves.
 */
#include "monkey/plugin.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "backend/pool.h"
#include "backend/resolver.h"
#include "config/config.h"
#include "monkey/auth.h"
#include "monkey/host.h"

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
        fcgi_monkey_log(diag->severity == FCGI_DIAG_ERROR ? FCGI_LOG_ERROR
                                                          : FCGI_LOG_WARNING,
                        line);
    }
}

/* Names in `Match REGEX fastcgi NAME...` must be those of servers. */
static bool check_rule(const struct mk_host *vhost,
                       const struct mk_host_handler *rule)
{
    const struct mk_list *node;
    bool known = true;
    char line[1024];

    for (node = rule->params.next; node != &rule->params; node = node->next) {
        const struct mk_handler_param *param =
            MK_ENTRY(node, const struct mk_handler_param, head);

        if (fcgi_pool_find(pool, param->p.data, param->p.len) != NULL)
            continue;
        known = false;
        snprintf(line, sizeof(line),
                 "%s: error: a Match rule names the server '%.*s', and %s has "
                 "no [FASTCGI_SERVER] with that ServerName",
                 vhost->file ? vhost->file : "a virtual host",
                 (int)param->p.len, param->p.data, config->file);
        fcgi_monkey_log(FCGI_LOG_ERROR, line);
    }
    return known;
}

static bool check_rules(const struct mk_list *vhosts)
{
    const struct mk_list *host_node, *node;
    bool known = true;

    for (host_node = vhosts->next; host_node && host_node != vhosts;
         host_node = host_node->next) {
        const struct mk_host *vhost =
            MK_ENTRY(host_node, const struct mk_host, head);

        for (node = vhost->handlers.next; node && node != &vhost->handlers;
             node = node->next) {
            const struct mk_host_handler *rule =
                MK_ENTRY(node, const struct mk_host_handler, head);

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
        fcgi_monkey_log(FCGI_LOG_WARNING, line);
    }
}

static void clean_up(void)
{
    fcgi_monkey_auth_free();
    fcgi_pool_free(pool);
    fcgi_config_free(config);
    pool = NULL;
    config = NULL;
}

static bool is_ours(const struct mk_stage *entry,
                    const struct mk_config *server, const struct mk_list *list)
{
    return list == &server->stage20_handler
               ? entry->stage20 == fcgi_monkey_stage20
               : entry->stage40 == fcgi_monkey_stage40;
}

void fcgi_monkey_unhook(const struct mk_api *api, struct mk_config *server)
{
    struct mk_list *const lists[] = {&server->stage20_handler,
                                     &server->stage40_handler};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct mk_list *node = lists[i]->next;

        while (node != lists[i]) {
            struct mk_stage *entry = MK_ENTRY(node, struct mk_stage, head);

            node = node->next;
            if (!is_ours(entry, server, lists[i]))
                continue;
            entry->head.prev->next = entry->head.next;
            entry->head.next->prev = entry->head.prev;
            api->mem_free(entry);
        }
    }
}

bool fcgi_monkey_is_wanted(const struct mk_config *server)
{
    const struct mk_list *vhosts = &server->hosts, *host_node, *node;

    for (host_node = vhosts->next; host_node && host_node != vhosts;
         host_node = host_node->next) {
        const struct mk_host *vhost =
            MK_ENTRY(host_node, const struct mk_host, head);

        for (node = vhost->handlers.next; node && node != &vhost->handlers;
             node = node->next) {
            const struct mk_host_handler *rule =
                MK_ENTRY(node, const struct mk_host_handler, head);

            if (rule->name != NULL && strcmp(rule->name, "fastcgi") == 0)
                return true;
        }
    }
    return false;
}

int fcgi_monkey_start(const struct mk_api *api, struct mk_config *server,
                      const char *confdir)
{
    struct fcgi_diag_list diags;
    char path[PATH_MAX];

    fcgi_monkey_set_up(api, server, NULL);
    if (snprintf(path, sizeof(path), "%sfastcgi.conf", confdir) >=
        (int)sizeof(path)) {
        fcgi_monkey_log(FCGI_LOG_ERROR, "the configuration's path is too long");
        return -1;
    }
    fcgi_diag_list_init(&diags);
    config = fcgi_config_load(path, &diags);
    tell(&diags);
    fcgi_diag_list_free(&diags);
    if (config == NULL)
        return -1;
    pool = fcgi_pool_new(config);
    if (pool == NULL || fcgi_monkey_auth_set_up(api) < 0 ||
        !check_rules(&server->hosts)) {
        clean_up();
        return -1;
    }
    fcgi_resolver_start(pool, LOOK_UP_MS);
    warn_unresolved();
    fcgi_monkey_set_up(api, server, pool);
    return 0;
}

void fcgi_monkey_stop(void)
{
    fcgi_monkey_workers_free();
    clean_up();
}
