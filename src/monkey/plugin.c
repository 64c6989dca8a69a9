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
#include "monkey/rules.h"
#include "monkey/thread.h"

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

/* A word of a rule; false, and a line in the log, where it cannot be
 * followed. */
static bool check_word(const struct mk_host *vhost,
                       const struct mk_handler_param *word)
{
    const struct fcgi_server *server;
    struct fcgi_text name;
    bool authorizer;
    const char *why;
    char line[1024];

    name = fcgi_monkey_rules_name(word, &authorizer);
    server = fcgi_pool_find(pool, name.data, name.length);
    if (server == NULL)
        why = "has no [FASTCGI_SERVER] with that ServerName";
    else if (authorizer && !fcgi_config_is_authorizer(server->config))
        why =
            "does not say that it is an authorizer; set Role Authorizer there, "
            "or take the '!' away";
    else if (!authorizer && fcgi_config_is_authorizer(server->config))
        why =
            "says that it is an authorizer, which answers no request; write "
            "its name with '!' behind it";
    else
        return true;
    snprintf(line, sizeof(line),
             "%s: error: a Match rule names the server '%.*s'%s, and %s %s",
             vhost->file ? vhost->file : "a virtual host", (int)name.length,
             name.data, authorizer ? " as an authorizer" : "", config->file,
             why);
    fcgi_monkey_log(FCGI_LOG_ERROR, line);
    return false;
}

/* Names in `Match REGEX fastcgi NAME...` must be those of servers, and of their
 * role. Tells of those that are none; `*arg` becomes false. */
static bool check_rule(void *arg, const struct mk_host *vhost,
                       const struct mk_host_handler *rule)
{
    const struct mk_list *node;
    bool *known = arg;
    char line[1024];

    if (fcgi_monkey_rules_is_status(&rule->params))
        return true;
    for (node = rule->params.next; node != &rule->params; node = node->next)
        if (!check_word(vhost,
                        MK_ENTRY(node, const struct mk_handler_param, head)))
            *known = false;
    if (rule->params.next == &rule->params &&
        fcgi_monkey_rules_server(pool, &rule->params) == NULL) {
        *known = false;
        snprintf(line, sizeof(line),
                 "%s: error: a Match rule names no server, and all of %s are "
                 "authorizers, which answer no request; add a server, or write "
                 "the authorizer's name with '!' behind it",
                 vhost->file ? vhost->file : "a virtual host", config->file);
        fcgi_monkey_log(FCGI_LOG_ERROR, line);
    }
    return true;
}

static bool check_rules(const struct mk_config *server)
{
    bool known = true;

    fcgi_monkey_rules_each(server, check_rule, &known);
    return known;
}

static void warn_unresolved(void)
{
    char line[512];

    for (size_t i = 0; i < pool->n_groups; i++) {
        const struct fcgi_server *server = pool->groups[i].seats;

        if (fcgi_group_is_resolved(&pool->groups[i]))
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

static bool found_one(void *arg, const struct mk_host *vhost,
                      const struct mk_host_handler *rule)
{
    (void)arg;
    (void)vhost;
    (void)rule;
    return false;
}

bool fcgi_monkey_is_wanted(const struct mk_config *server)
{
    return !fcgi_monkey_rules_each(server, found_one, NULL);
}

int fcgi_monkey_start(const struct mk_api *api, struct mk_config *server,
                      const char *confdir)
{
    struct fcgi_diag_list diags;
    char path[PATH_MAX];

    fcgi_monkey_monkey = (struct fcgi_monkey_monkey){api, server, NULL};
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
        !check_rules(server)) {
        clean_up();
        return -1;
    }
    fcgi_resolver_start(pool, LOOK_UP_MS);
    warn_unresolved();
    fcgi_monkey_monkey.pool = pool;
    return 0;
}

void fcgi_monkey_stop(void)
{
    fcgi_monkey_workers_free();
    clean_up();
}
