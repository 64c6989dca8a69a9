/* SPDX-License-Identifier: Apache-2.0
 *
 * What the keys about connections and servers say together: those that have no
 * effect beside others. They are told where they are given, and if that is in
 * [FASTCGI], only where they have an effect for no server. What says no more
 * than the default does, as in the output of --print, is let pass.
 */
#include <stdio.h>
#include <string.h>

#include "config/checks.h"
#include "config/parse.h"

static bool has_limit(const struct fcgi_server_config *server)
{
    return server->max_connections > 0;
}

static bool keeps(const struct fcgi_server_config *server)
{
    return server->keep_alive;
}

static bool is_taken_out(const struct fcgi_server_config *server)
{
    return server->max_fails > 0;
}

static const struct rule {
    const char *keys[2]; /* numbers, that have no effect */
    bool (*has_effect)(const struct fcgi_server_config *server);
    const char *id;
    const char *message; /* behind the key's name */
} rules[] = {
    {{"QueueSize", "QueueTimeout"},
     has_limit,
     FCGI_CHECK_QUEUE_UNUSED,
     "has no effect without MaxConnections, as nobody waits for a connection; "
     "set that, or remove this"},
    {{"KeepAliveTimeout", "KeepAliveRequests"},
     keeps,
     FCGI_CHECK_KEEP_ALIVE_OFF,
     "has no effect with KeepAlive Off; set that to On, or remove this"},
    {{"FailTimeout", "HealthCheck"},
     is_taken_out,
     FCGI_CHECK_NEVER_OUT,
     "has no effect with MaxFails 0, as no server is ever taken out; set that "
     "to 1 or more, or remove this"},
};

/* Whether the key has an effect for a server that has it from this line. */
static bool has_effect(const struct fcgi_scan *scan,
                       const struct fcgi_config *config,
                       const struct rule *rule, const char *key,
                       const struct fcgi_scan_pair *pair)
{
    for (size_t i = 0; i < config->n_servers; i++) {
        const struct fcgi_server_config *server = &config->servers[i];

        if (rule->has_effect(server) &&
            fcgi_config_find_pair(scan, server, key) == pair) {
            return true;
        }
    }
    return false;
}

static bool is_default(const struct fcgi_server_config *server,
                       const struct fcgi_key *key)
{
    uint32_t number;

    memcpy(&number, (const char *)server + key->offset, sizeof(number));
    return number == key->def;
}

static void look_at_key(const struct fcgi_scan *scan,
                        const struct fcgi_config *config,
                        const struct fcgi_server_config *server,
                        const struct rule *rule, const char *key,
                        struct fcgi_diag_list *diags)
{
    const struct fcgi_scan_pair *pair =
        fcgi_config_find_pair(scan, server, key);
    char message[256];

    if (pair == NULL || is_default(server, pair->key) ||
        has_effect(scan, config, rule, key, pair)) {
        return;
    }
    snprintf(message, sizeof(message), "%s %s", key, rule->message);
    fcgi_config_report_pair(diags, rule->id, config->file, pair, message);
}

static void look_at_backups(const struct fcgi_scan *scan,
                            const struct fcgi_config *config,
                            struct fcgi_diag_list *diags)
{
    for (size_t i = 0; i < config->n_servers; i++) {
        if (!config->servers[i].backup) {
            return;
        }
    }
    fcgi_config_report_pair(
        diags, FCGI_CHECK_ALL_BACKUP, config->file,
        fcgi_config_find_pair(scan, &config->servers[0], "Backup"),
        config->n_servers == 1
            ? "the only server is a Backup, which says nothing; remove this"
            : "all servers are Backup, which says nothing; remove it from "
              "those that are to be used first");
}

void fcgi_config_check_pool(const struct fcgi_scan *scan,
                            const struct fcgi_config *config,
                            struct fcgi_diag_list *diags)
{
    for (size_t i = 0; i < config->n_servers; i++) {
        for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++) {
            for (size_t k = 0; k < 2; k++) {
                look_at_key(scan, config, &config->servers[i], &rules[r],
                            rules[r].keys[k], diags);
            }
        }
    }
    look_at_backups(scan, config, diags);
}

const struct fcgi_scan_pair *
fcgi_config_find_pair(const struct fcgi_scan *scan,
                      const struct fcgi_server_config *server, const char *name)
{
    const struct fcgi_scan_pair *found = NULL;
    size_t count;
    const struct fcgi_section *schemas = fcgi_keys_sections(&count);

    for (size_t i = 0; i < scan->n_sections; i++) {
        const struct fcgi_scan_section *section = &scan->sections[i];
        bool own = section->line == server->line;

        if (!own && section->schema != &schemas[FCGI_SECTION_DEFAULTS]) {
            continue;
        }
        for (size_t k = 0; k < section->schema->n_keys; k++) {
            if (section->given[k] && (own || !found) &&
                strcmp(section->schema->keys[k].name, name) == 0) {
                found = &scan->pairs[section->given[k] - 1];
            }
        }
    }
    return found;
}

void fcgi_config_report_pair(struct fcgi_diag_list *diags, const char *id,
                             const char *file,
                             const struct fcgi_scan_pair *pair,
                             const char *message)
{
    if (pair == NULL) {
        return;
    }
    for (size_t i = 0; i < diags->count; i++) {
        const struct fcgi_diag *diag = &diags->items[i];

        if (diag->line == pair->line && strcmp(diag->id, id) == 0) {
            return;
        }
    }
    fcgi_check_report(diags, id, file, pair->line, pair->key_column,
                      pair->key_length, "%s", message);
}
