/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/rules.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "gateway/path.h"

bool fcgi_monkey_rule_is_ours(const struct mk_host_handler *rule)
{
    return rule->name != NULL && strcmp(rule->name, "fastcgi") == 0;
}

bool fcgi_monkey_rule_matches(const struct mk_host_handler *rule,
                              struct fcgi_text path)
{
    struct fcgi_monkey_span span;

    return fcgi_monkey_expression_find(rule, path.data, 0, path.length, &span);
}

bool fcgi_monkey_rules_each(const struct mk_config *config,
                            bool (*visit)(void *arg,
                                          const struct mk_host *vhost,
                                          const struct mk_host_handler *rule),
                            void *arg)
{
    const struct mk_list *hosts = &config->hosts, *host, *rules, *rule;

    for (host = hosts->next; host != NULL && host != hosts; host = host->next) {
        rules = &FCGI_MONKEY_HOST(host)->handlers;
        for (rule = rules->next; rule != NULL && rule != rules;
             rule = rule->next)
            if (fcgi_monkey_rule_is_ours(FCGI_MONKEY_RULE(rule)) &&
                !visit(arg, FCGI_MONKEY_HOST(host), FCGI_MONKEY_RULE(rule)))
                return false;
    }
    return true;
}

/* --- servers ----------------------------------------------------------- */

static const struct mk_ptr *word(const struct mk_list *node)
{
    return &MK_ENTRY(node, const struct mk_handler_param, head)->p;
}

static bool is_word(const struct mk_list *node, const char *text)
{
    return word(node)->len == strlen(text) &&
           memcmp(word(node)->data, text, word(node)->len) == 0;
}

bool fcgi_monkey_rules_is_status(const struct mk_list *params)
{
    const struct mk_list *first = params->next;

    return first != params && first->next == params &&
           is_word(first, FCGI_RULE_STATUS);
}

struct fcgi_text fcgi_monkey_rules_name(const struct mk_handler_param *param,
                                        bool *authorizer)
{
    struct fcgi_text name = {param->p.data, param->p.len};

    *authorizer =
        name.length > 0 && name.data[name.length - 1] == FCGI_RULE_AUTHORIZER;
    name.length -= *authorizer;
    return name;
}

/* The first name among the words, of authorizers or of others; NULL where there
 * is none, `*name` then being absent. */
static const struct mk_list *first_name(const struct mk_list *params,
                                        bool authorizers,
                                        struct fcgi_text *name)
{
    const struct mk_list *node;
    bool authorizer;

    for (node = params->next; node != params; node = node->next) {
        *name = fcgi_monkey_rules_name(
            MK_ENTRY(node, const struct mk_handler_param, head), &authorizer);
        if (authorizer == authorizers)
            return node;
    }
    *name = (struct fcgi_text){NULL, 0};
    return NULL;
}

bool fcgi_monkey_rules_authorizes(const struct mk_list *params)
{
    struct fcgi_text name;

    return first_name(params, true, &name) != NULL;
}

bool fcgi_monkey_rules_answers(const struct mk_list *params)
{
    struct fcgi_text name;

    return params->next == params || first_name(params, false, &name) != NULL;
}

bool fcgi_monkey_rules_guard(const struct mk_host *vhost)
{
    const struct mk_list *all = &vhost->handlers, *node;

    for (node = all->next; node != all; node = node->next)
        if (fcgi_monkey_rule_is_ours(FCGI_MONKEY_RULE(node)) &&
            fcgi_monkey_rules_authorizes(&FCGI_MONKEY_RULE(node)->params))
            return true;
    return false;
}

const struct fcgi_server *fcgi_monkey_rules_server(const struct fcgi_pool *pool,
                                                   const struct mk_list *params)
{
    struct fcgi_text name;
    size_t i = 0;

    if (fcgi_monkey_rules_is_status(params))
        return &pool->servers[0];
    if (first_name(params, false, &name) != NULL ||
        first_name(params, true, &name) != NULL)
        return fcgi_pool_find(pool, name.data, name.length);
    while (i < pool->n_groups &&
           fcgi_config_is_authorizer(pool->groups[i].config))
        i++;
    return i < pool->n_groups ? pool->groups[i].seats : NULL;
}

bool fcgi_monkey_rules_allow(const void *arg, const struct fcgi_server *server)
{
    const struct mk_list *params = arg, *node;

    for (node = params->next; node != params; node = node->next)
        if (is_word(node, server->config->name))
            return true;
    return params->next == params && !fcgi_config_is_authorizer(server->config);
}

bool fcgi_monkey_rules_allow_authorizer(const void *arg,
                                        const struct fcgi_server *server)
{
    const struct mk_list *params = arg, *node;
    const char *ours = server->config->name;
    struct fcgi_text name;
    bool authorizer;

    for (node = params->next; node != params; node = node->next) {
        name = fcgi_monkey_rules_name(
            MK_ENTRY(node, const struct mk_handler_param, head), &authorizer);
        if (authorizer && strlen(ours) == name.length &&
            memcmp(ours, name.data, name.length) == 0)
            return true;
    }
    return false;
}

static bool same_words(const struct mk_list *a, const struct mk_list *b)
{
    const struct mk_list *left = a->next, *right = b->next;

    for (; left != a && right != b; left = left->next, right = right->next)
        if (word(left)->len != word(right)->len ||
            memcmp(word(left)->data, word(right)->data, word(left)->len) != 0)
            return false;
    return left == a && right == b;
}

/* --- paths ------------------------------------------------------------- */

/*
 * Whether the text that a rule has found leaves an extension unread: it ends
 * inside the name of a file or a folder that has a '.', in it or behind it.
 */
static bool ends_short(struct fcgi_text path,
                       const struct fcgi_monkey_span *span)
{
    size_t name = span->end, end = span->end;

    if (end == path.length || end == 0 || path.data[end - 1] == '/')
        return false;
    while (name > 0 && path.data[name - 1] != '/')
        name--;
    while (end < path.length && path.data[end] != '/')
        end++;
    return memchr(path.data + name, '.', end - name) != NULL;
}

/* How often a match is looked for that a sane path has at once. */
#define TRIES 8

/* Whether a rule matches a path, and leaves no extension unread. */
static bool reaches(const struct mk_host_handler *rule, struct fcgi_text path)
{
    struct fcgi_monkey_span span;
    size_t from = 0;

    for (int i = 0; i < TRIES && from <= path.length; i++) {
        if (!fcgi_monkey_expression_find(rule, path.data, from, path.length,
                                         &span))
            return false;
        if (!ends_short(path, &span))
            return true;
        from = span.begin + 1;
    }
    return false;
}

/* Takes the extension at a dot away, also for a rule that has `.`, which is any
 * byte, where `\.` was meant. */
static void blot(char *path, size_t length, size_t dot)
{
    path[dot] = '_';
    if (dot + 1 < length && path[dot + 1] != '/')
        path[dot + 1] = '_';
}

/* Whether a rule means a path for the extension of its last name: it would not
 * match without that. */
static bool by_extension(const struct mk_host_handler *rule,
                         struct fcgi_text path)
{
    const char *dot = memrchr(path.data, '.', path.length);
    char other[PATH_MAX];

    if (dot == NULL || path.length >= sizeof(other) || !reaches(rule, path) ||
        memchr(dot, '/', (size_t)(path.data + path.length - dot)) != NULL)
        return false;
    memcpy(other, path.data, path.length);
    other[path.length] = '\0';
    blot(other, path.length, (size_t)(dot - path.data));
    return !reaches(rule, (struct fcgi_text){other, path.length});
}

/* The same where no folder has an extension, either. */
static bool by_own_extension(const struct mk_host_handler *rule,
                             struct fcgi_text path)
{
    const char *slash = memrchr(path.data, '/', path.length);
    char other[PATH_MAX];

    if (slash == NULL || path.length >= sizeof(other))
        return false;
    memcpy(other, path.data, path.length);
    other[path.length] = '\0';
    for (const char *at = path.data; at < slash; at++)
        if (*at == '.')
            blot(other, path.length, (size_t)(at - path.data));
    return by_extension(rule, (struct fcgi_text){other, path.length});
}

/*
 * Whether a rule means the file of a path, and not only a folder of it, as
 * `\.php(/.*)?$` means x.php of x.php/picture.jpg. A path of many folders with
 * dots is taken for such a one.
 */
static bool means(const struct mk_host_handler *rule, struct fcgi_text path)
{
    const char *end = path.data + path.length, *slash = path.data;
    int tries = 0;

    if (!reaches(rule, path))
        return false;
    while ((slash = memchr(slash, '/', (size_t)(end - slash))) != NULL) {
        struct fcgi_text folder = {path.data, (size_t)(slash - path.data)};

        if (memchr(folder.data, '.', folder.length) != NULL &&
            (tries++ == TRIES || by_extension(rule, folder)))
            return by_own_extension(rule, path);
        slash++;
    }
    return true;
}

bool fcgi_monkey_rules_is_script(const void *arg, const char *path,
                                 size_t length)
{
    const struct fcgi_monkey_rules *rules = arg;
    const struct mk_list *all = &rules->vhost->handlers, *node;

    for (node = all->next; node != all; node = node->next) {
        const struct mk_host_handler *rule = FCGI_MONKEY_RULE(node);

        if (fcgi_monkey_rule_is_ours(rule) &&
            same_words(&rule->params, rules->params) &&
            means(rule, (struct fcgi_text){path, length}))
            return true;
    }
    return false;
}

bool fcgi_monkey_rules_is_plain(const struct fcgi_pool *pool,
                                const struct mk_host *vhost,
                                struct fcgi_text path)
{
    const struct mk_list *all = &vhost->handlers, *node;

    for (node = all->next; node != all; node = node->next) {
        const struct mk_host_handler *rule = FCGI_MONKEY_RULE(node);
        const struct fcgi_server *server;

        if (!fcgi_monkey_rule_matches(rule, path))
            continue;
        if (!fcgi_monkey_rule_is_ours(rule)) {
            if (rule->name == NULL || strcmp(rule->name, "auth") != 0)
                return false;
            continue;
        }
        if (!fcgi_monkey_rules_answers(&rule->params))
            continue;
        server = fcgi_monkey_rules_server(pool, &rule->params);
        if (server == NULL || fcgi_path_may_run(server->config, path))
            return false;
    }
    return true;
}

/* --- requests ---------------------------------------------------------- */

static const struct mk_host_alias *first_alias(const struct mk_host *vhost)
{
    const struct mk_list *names = &vhost->server_names;

    return names->next != names
               ? MK_ENTRY(names->next, const struct mk_host_alias, head)
               : NULL;
}

static const struct mk_host_alias *find_name(const struct mk_host *vhost,
                                             struct fcgi_text host)
{
    const struct mk_list *node;

    for (node = vhost->server_names.next; node != &vhost->server_names;
         node = node->next) {
        const struct mk_host_alias *alias =
            MK_ENTRY(node, const struct mk_host_alias, head);

        if (alias->len == host.length &&
            strncasecmp(alias->name, host.data, host.length) == 0)
            return alias;
    }
    return NULL;
}

const struct mk_host *fcgi_monkey_rules_host(const struct mk_config *config,
                                             struct fcgi_text host,
                                             const struct mk_host_alias **alias)
{
    const struct mk_list *hosts = &config->hosts, *node;

    for (node = hosts->next; node != hosts; node = node->next) {
        *alias = find_name(FCGI_MONKEY_HOST(node), host);
        if (*alias != NULL)
            return FCGI_MONKEY_HOST(node);
    }
    if (hosts->next == hosts)
        return NULL;
    *alias = first_alias(FCGI_MONKEY_HOST(hosts->next));
    return FCGI_MONKEY_HOST(hosts->next);
}
