/* SPDX-License-Identifier: Apache-2.0
 *
 * A finding is reported where the key is given. A key in [FASTCGI] is without
 * effect only if it has none for any server. A key that repeats the default, as
 * in the output of --print, is not reported.
 */
#include "config/cross.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/checks.h"
#include "config/text.h"

/* Where a section gives a key; NULL: nowhere. */
static const struct fcgi_scan_pair *
pair_in(const struct fcgi_scan *scan, const struct fcgi_scan_section *section,
        const char *name)
{
    for (size_t k = 0; k < section->schema->n_keys; k++)
        if (section->given[k] &&
            strcmp(section->schema->keys[k].name, name) == 0)
            return &scan->pairs[section->given[k] - 1];
    return NULL;
}

static int compare_lines(const void *line, const void *section)
{
    unsigned a = *(const unsigned *)line;
    unsigned b = ((const struct fcgi_scan_section *)section)->line;

    return a < b ? -1 : a > b;
}

/* Where a key stands in a server's own section; NULL: nowhere. */
static const struct fcgi_scan_pair *
own_pair(const struct fcgi_scan *scan, const struct fcgi_server_config *server,
         const char *name)
{
    /* Sections are in the order of their lines. */
    const struct fcgi_scan_section *own =
        bsearch(&server->line, scan->sections, scan->n_sections,
                sizeof(scan->sections[0]), compare_lines);

    return own != NULL ? pair_in(scan, own, name) : NULL;
}

/* The same in [FASTCGI]. */
static const struct fcgi_scan_pair *default_pair(const struct fcgi_scan *scan,
                                                 const char *name)
{
    size_t count;
    const struct fcgi_section *schemas = fcgi_keys_sections(&count);

    for (size_t i = 0; i < scan->n_sections; i++)
        if (scan->sections[i].schema == &schemas[FCGI_SECTION_DEFAULTS])
            return pair_in(scan, &scan->sections[i], name);
    return NULL;
}

/* The pair that holds for a server. */
static const struct fcgi_scan_pair *
find_pair(const struct fcgi_scan *scan, const struct fcgi_server_config *server,
          const char *name)
{
    const struct fcgi_scan_pair *own = own_pair(scan, server, name);

    return own != NULL ? own : default_pair(scan, name);
}

/* A finding about a key. One in [FASTCGI] is reported once, not for each
 * server; NULL is ignored. */
static void report_pair(struct fcgi_diag_list *diags, const char *id,
                        const char *file, const struct fcgi_scan_pair *pair,
                        const char *message)
{
    if (pair == NULL)
        return;
    for (size_t i = 0; i < diags->count; i++) {
        const struct fcgi_diag *diag = &diags->items[i];

        if (diag->line == pair->line && strcmp(diag->id, id) == 0)
            return;
    }
    fcgi_check_report(diags, id, file, pair->line, pair->key_column,
                      pair->key_length, "%s", message);
}

static bool is_word(const char *text, const char *word)
{
    return fcgi_text_equal(text, strlen(text), word, strlen(word));
}

/* As the backend has it: a connection that is not kept holds nothing up. */
static bool has_limit(const struct fcgi_server_config *server)
{
    return server->max_connections > 0 ||
           (server->keep_alive && server->keep_alive_requests > 1 &&
            !is_word(server->concurrency, "Off"));
}

static bool keeps(const struct fcgi_server_config *server)
{
    return server->keep_alive;
}

static bool is_taken_out(const struct fcgi_server_config *server)
{
    return server->max_fails > 0;
}

static bool has_log(const struct fcgi_server_config *server)
{
    return !is_word(server->access_log, "Off");
}

static const struct rule {
    const char *keys[2]; /* numbers or words that have no effect */
    bool (*has_effect)(const struct fcgi_server_config *server);
    const char *id;
    const char *message; /* behind the key's name */
} rules[] = {
    {{"QueueSize", "QueueTimeout"},
     has_limit,
     FCGI_CHECK_QUEUE_UNUSED,
     "has no effect, as each request has a connection of its own, and none "
     "waits; set MaxConnections, or remove this"},
    {{"KeepAliveTimeout", "KeepAliveRequests"},
     keeps,
     FCGI_CHECK_KEEP_ALIVE_OFF,
     "has no effect with KeepAlive Off; set that to On, or remove this"},
    {{"FailTimeout", "HealthCheck"},
     is_taken_out,
     FCGI_CHECK_NEVER_OUT,
     "has no effect with MaxFails 0, as no server is ever taken out; set that "
     "to 1 or more, or remove this"},
    {{"AccessLogFormat"},
     has_log,
     FCGI_CHECK_FORMAT_UNUSED,
     "has no effect without AccessLog; set that, or remove this"},
};

static bool is_default(const struct fcgi_server_config *server,
                       const struct fcgi_key *key)
{
    const char *field = (const char *)server + key->offset, *text;
    uint32_t number;

    if (key->type == FCGI_KEY_TEXT) {
        memcpy(&text, field, sizeof(text));
        return is_word(text, key->def_text);
    }
    memcpy(&number, field, sizeof(number));
    return number == key->def;
}

static void report(const struct fcgi_config *config, const struct rule *rule,
                   const struct fcgi_scan_pair *pair,
                   struct fcgi_diag_list *diags)
{
    char message[256];

    snprintf(message, sizeof(message), "%s %s", pair->key->name, rule->message);
    report_pair(diags, rule->id, config->file, pair, message);
}

/* A key in a server's own section. */
static void look_at_own(const struct fcgi_scan *scan,
                        const struct fcgi_config *config,
                        const struct fcgi_server_config *server,
                        const struct rule *rule, const char *key,
                        struct fcgi_diag_list *diags)
{
    const struct fcgi_scan_pair *pair;

    if (rule->has_effect(server))
        return;
    pair = own_pair(scan, server, key);
    if (pair != NULL && !is_default(server, pair->key))
        report(config, rule, pair, diags);
}

/* A key in [FASTCGI]: it has no effect where it has none for any server that
 * does not say otherwise. */
static void look_at_default(const struct fcgi_scan *scan,
                            const struct fcgi_config *config,
                            const struct rule *rule, const char *key,
                            struct fcgi_diag_list *diags)
{
    const struct fcgi_scan_pair *pair = default_pair(scan, key);
    const struct fcgi_server_config *user = NULL;

    for (size_t i = 0; pair != NULL && i < config->n_servers; i++) {
        const struct fcgi_server_config *server = &config->servers[i];

        if (own_pair(scan, server, key) != NULL)
            continue;
        if (rule->has_effect(server))
            return;
        user = server;
    }
    if (user != NULL && !is_default(user, pair->key))
        report(config, rule, pair, diags);
}

static void look_at_backups(const struct fcgi_scan *scan,
                            const struct fcgi_config *config,
                            struct fcgi_diag_list *diags)
{
    for (size_t i = 0; i < config->n_servers; i++)
        if (!config->servers[i].backup)
            return;
    report_pair(
        diags, FCGI_CHECK_ALL_BACKUP, config->file,
        find_pair(scan, &config->servers[0], "Backup"),
        config->n_servers == 1
            ? "the only server is a Backup, which says nothing; remove this"
            : "all servers are Backup, which says nothing; remove it from "
              "those that are to be used first");
}

static void look_at_pool(const struct fcgi_scan *scan,
                         const struct fcgi_config *config,
                         struct fcgi_diag_list *diags)
{
    for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++) {
        for (size_t k = 0; k < 2 && rules[r].keys[k] != NULL; k++) {
            const char *key = rules[r].keys[k];

            look_at_default(scan, config, &rules[r], key, diags);
            for (size_t i = 0; i < config->n_servers; i++) {
                look_at_own(scan, config, &config->servers[i], &rules[r], key,
                            diags);
            }
        }
    }
    look_at_backups(scan, config, diags);
}

struct look {
    const struct fcgi_scan *scan;
    const struct fcgi_server_config *server;
    const char *file;
    struct fcgi_diag_list *diags;
};

static void report_look(const struct look *look, const char *key,
                        const char *id, const char *before, const char *about,
                        const char *behind)
{
    char message[512];

    snprintf(message, sizeof(message), "%s'%s'%s", before, about, behind);
    report_pair(look->diags, id, look->file,
                find_pair(look->scan, look->server, key), message);
}

/* Whether CheckScript is set to a word. */
static bool checks(const struct fcgi_server_config *server, const char *word)
{
    return server->check_script && is_word(server->check_script, word);
}

/* Whether a key holds for all servers, and another for this one alone, so that
 * the former may have its effect for others. */
static bool is_wider(const struct look *look, const char *key,
                     const char *other)
{
    return own_pair(look->scan, look->server, key) == NULL &&
           own_pair(look->scan, look->server, other) != NULL;
}

static void look_at_links(const struct look *look)
{
    const struct fcgi_server_config *server = look->server;

    if (checks(server, "Off") && server->link_roots.count > 0 &&
        !is_wider(look, "LinkRoots", "CheckScript"))
        report_look(look, "LinkRoots", FCGI_CHECK_LINKS_UNCHECKED,
                    "with 'CheckScript Off' links may lead anywhere, to ",
                    server->link_roots.items[0],
                    " or not; set it to On, or remove this");
    if (server->real_path && server->document_root &&
        !is_wider(look, "RealPath", "DocumentRoot"))
        report_look(look, "RealPath", FCGI_CHECK_REAL_ELSEWHERE,
                    "RealPath has no effect beside 'DocumentRoot', as ",
                    server->document_root,
                    " is a path of the application's; remove one of the two");
}

static void look_at_files(const struct look *look)
{
    const struct fcgi_server_config *server = look->server;
    const char *front = server->front_controller;

    if (checks(server, "On") && server->document_root) {
        report_look(
            look, "DocumentRoot", FCGI_CHECK_FAR_SCRIPT,
            "'CheckScript On' looks for scripts below Monkey's document "
            "root, not below ",
            server->document_root,
            "; set it to Off where the application's files are not there");
    }
    if (checks(server, "On") && front && !strchr(strrchr(front, '/'), '.')) {
        report_look(
            look, "FrontController", FCGI_CHECK_FRONT_FILE,
            "with 'CheckScript On', ", front,
            " must be a file below the document root; if the application "
            "has none, set CheckScript to Off");
    }
}

static bool is_set(const struct fcgi_server_config *server, const char *name)
{
    for (size_t i = 0; i < server->params.count; i++)
        if (strcmp(server->params.items[i].name, name) == 0)
            return true;
    return false;
}

static void look_at_variables(const struct look *look)
{
    static const char *const needed[] = {"SCRIPT_FILENAME", "SCRIPT_NAME",
                                         "REQUEST_METHOD", "CONTENT_LENGTH"};
    const struct fcgi_server_config *server = look->server;

    for (size_t i = 0; i < server->hidden_params.count; i++) {
        const char *name = server->hidden_params.items[i];

        if (is_set(server, name)) {
            report_look(
                look, "HideParam", FCGI_CHECK_HIDDEN_PARAM, "", name,
                " is set by Param, and told all the same; remove it here "
                "or there");
            continue;
        }
        for (size_t n = 0; n < sizeof(needed) / sizeof(needed[0]); n++) {
            if (strcmp(name, needed[n]) == 0) {
                report_look(
                    look, "HideParam", FCGI_CHECK_HIDDEN_NEED, "without ", name,
                    " the application cannot do its work; remove it here, "
                    "or set it by Param");
            }
        }
    }
}

static void look_at_proxies(const struct look *look)
{
    const struct fcgi_networks *trusted = &look->server->trusted_proxies;

    for (size_t i = 0; i < trusted->count; i++) {
        uint8_t bits = trusted->items[i].bits;

        if (bits == 0 || bits == FCGI_NETWORK_IPV4)
            report_look(look, "TrustedProxies", FCGI_CHECK_TRUSTS_ALL, "",
                        bits == 0 ? "::/0" : "0.0.0.0/0",
                        " is everybody, so that each client may say who it "
                        "is; name the addresses of the proxies");
    }
}

static void look_at_errors(const struct look *look)
{
    const struct fcgi_words *words = &look->server->intercept_errors;

    for (size_t i = 0; words->count > 1 && i < words->count; i++) {
        const char *word = words->items[i];

        if (is_word(word, "Off"))
            report_look(look, "InterceptErrors", FCGI_CHECK_INTERCEPT_OFF, "",
                        word,
                        " says nothing beside others; remove it, or them");
    }
}

/* Which file is a script is nothing to an authorizer. */
static void look_at_role(const struct look *look)
{
    static const char *const keys[] = {"Extensions", "FrontController",
                                       "PathInfo",   "CheckScript",
                                       "LinkRoots",  "RealPath"};
    char message[128];

    if (!fcgi_config_is_authorizer(look->server))
        return;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        snprintf(message, sizeof(message),
                 "%s has no effect with Role Authorizer, as an authorizer runs "
                 "no script of the site; remove this",
                 keys[i]);
        report_pair(look->diags, FCGI_CHECK_ROLE_UNUSED, look->file,
                    own_pair(look->scan, look->server, keys[i]), message);
    }
}

static void look_at_scripts(const struct fcgi_scan *scan,
                            const struct fcgi_config *config,
                            struct fcgi_diag_list *diags)
{
    for (size_t i = 0; i < config->n_servers; i++) {
        const struct look look = {scan, &config->servers[i], config->file,
                                  diags};

        look_at_files(&look);
        look_at_links(&look);
        look_at_variables(&look);
        look_at_proxies(&look);
        look_at_errors(&look);
        look_at_role(&look);
    }
}

void fcgi_config_check_cross(const struct fcgi_scan *scan,
                             const struct fcgi_config *config,
                             struct fcgi_diag_list *diags)
{
    look_at_scripts(scan, config, diags);
    look_at_pool(scan, config, diags);
}
