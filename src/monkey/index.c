/* SPDX-License-Identifier: Apache-2.0
 *
 * Index files, and the rules of a virtual host.
 */
#include "monkey/index.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/path.h"

static bool is_ours(const struct mk_host_handler *rule)
{
    return rule->name != NULL && strcmp(rule->name, "fastcgi") == 0;
}

static bool matches(const struct mk_host_handler *rule, const char *path,
                    size_t length)
{
    struct mk_span span;

    return fcgi_monkey_rule_find(rule, path, 0, length, &span);
}

/*
 * Whether the text that a rule has found ends with an extension that is not
 * that of the file: one that is not the last in its name, as in `x.php.jpg`, or
 * that is a folder's, as in `x.php/pic.jpg`.
 */
static bool ends_short(const char *path, size_t length,
                       const struct mk_span *span)
{
    size_t end = span->end, name = end;

    if (end == length || (path[end] != '.' && path[end] != '/'))
        return false;
    while (name > span->begin && path[name - 1] != '/')
        name--;
    return memchr(path + name, '.', end - name) != NULL;
}

static bool means(const struct mk_host_handler *rule, const char *path,
                  size_t length)
{
    size_t from = 0;
    struct mk_span span;

    while (from <= length &&
           fcgi_monkey_rule_find(rule, path, from, length, &span)) {
        if (!ends_short(path, length, &span))
            return true;
        from = span.begin + 1;
    }
    return false;
}

static bool same_words(const struct mk_list *a, const struct mk_list *b)
{
    const struct mk_list *left = a->next, *right = b->next;

    for (; left != a && right != b; left = left->next, right = right->next) {
        const struct mk_ptr *p =
            &MK_ENTRY(left, const struct mk_handler_param, head)->p;
        const struct mk_ptr *q =
            &MK_ENTRY(right, const struct mk_handler_param, head)->p;

        if (p->len != q->len || memcmp(p->data, q->data, p->len) != 0)
            return false;
    }
    return left == a && right == b;
}

bool fcgi_monkey_index_is_script(const void *arg, const char *path,
                                 size_t length)
{
    const struct fcgi_monkey_rules *rules = arg;
    const struct mk_list *all = &rules->vhost->handlers, *node;

    for (node = all->next; node != all; node = node->next) {
        const struct mk_host_handler *rule =
            MK_ENTRY(node, const struct mk_host_handler, head);

        if (is_ours(rule) && same_words(&rule->params, rules->params) &&
            means(rule, path, length))
            return true;
    }
    return false;
}

const struct fcgi_server *fcgi_monkey_index_server(const struct fcgi_pool *pool,
                                                   const struct mk_list *params)
{
    const struct mk_handler_param *first;

    if (params->next == params)
        return &pool->servers[0];
    first = MK_ENTRY(params->next, const struct mk_handler_param, head);
    for (size_t i = 0; i < pool->n_servers; i++) {
        const char *name = pool->servers[i].config->name;

        if (strlen(name) == first->p.len &&
            memcmp(name, first->p.data, first->p.len) == 0)
            return &pool->servers[i];
    }
    return NULL;
}

/* Replaces a text of the core's by itself with more behind it; the core frees
 * the new one. False where memory is short. */
static bool append(const struct mk_api *api, struct mk_ptr *text,
                   const char *own, struct fcgi_text more)
{
    size_t length = text->len + more.length;
    char *copy = api->mem_alloc(length + 1);

    if (copy == NULL)
        return false;
    memcpy(copy, text->data, text->len);
    memcpy(copy + text->len, more.data, more.length);
    copy[length] = '\0';
    if (text->data != own)
        api->mem_free(text->data);
    text->data = copy;
    text->len = length;
    return true;
}

/* The path of a request with the name of a file behind it, or that of the
 * file itself. Returns its length; 0 where it is too long. */
static size_t name_index(const struct mk_request *sr, bool as_file,
                         struct fcgi_text index, char name[PATH_MAX])
{
    const struct mk_ptr *root = &sr->host_conf->documentroot;
    const struct mk_ptr *uri = &sr->uri_processed;
    int n;

    /* Of a ~user's folder the core knows the name already. */
    if (as_file && sr->user_home)
        n = snprintf(name, PATH_MAX, "%.*s%.*s", (int)sr->real_path.len,
                     sr->real_path.data, (int)index.length, index.data);
    else
        n = snprintf(name, PATH_MAX, "%.*s%.*s%.*s",
                     as_file ? (int)root->len : 0, root->data, (int)uri->len,
                     uri->data, (int)index.length, index.data);
    return n > 0 && n < PATH_MAX ? (size_t)n : 0;
}

static bool is_there(const struct mk_request *sr, struct fcgi_text index)
{
    char name[PATH_MAX];
    struct stat st;

    return name_index(sr, true, index, name) > 0 && stat(name, &st) == 0 &&
           S_ISREG(st.st_mode);
}

static bool is_matched(const struct mk_host_handler *rule,
                       const struct mk_request *sr, struct fcgi_text index)
{
    char name[PATH_MAX];
    size_t length = name_index(sr, false, index, name);

    return length > 0 && matches(rule, name, length);
}

static void take(const struct mk_api *api, struct mk_request *sr,
                 struct fcgi_text index)
{
    if (append(api, &sr->uri_processed, sr->uri.data, index) && sr->user_home)
        append(api, &sr->real_path, sr->real_path_static, index);
}

static struct fcgi_text text(const char *name)
{
    return (struct fcgi_text){name, strlen(name)};
}

/* A name of Monkey's list. */
static struct fcgi_text name_of(const struct mk_list *node)
{
    const struct mk_string_line *line =
        MK_ENTRY(node, const struct mk_string_line, head);

    return (struct fcgi_text){line->val, (size_t)line->len};
}

/* The names of a rule's server, the nth; false where there is none. */
static bool nth_name(const struct fcgi_server_config *config, size_t n,
                     struct fcgi_text *index)
{
    const char *only = fcgi_path_default_index(config);

    if (config->index.count > 0) {
        if (n >= config->index.count)
            return false;
        *index = text(config->index.items[n]);
        return true;
    }
    if (n > 0 || only == NULL)
        return false;
    *index = text(only);
    return true;
}

/*
 * Looks for the files of a rule's server. The rule is meant where it matches
 * one of them; then the first that is there is taken, be it one that Monkey
 * shows. True where the search is over.
 */
static bool find_own(const struct mk_api *api, const struct fcgi_pool *pool,
                     const struct mk_host_handler *rule, struct mk_request *sr)
{
    const struct fcgi_server *server =
        fcgi_monkey_index_server(pool, &rule->params);
    struct fcgi_text index;
    bool meant = false;

    if (server == NULL)
        return false;
    for (size_t n = 0; !meant && nth_name(server->config, n, &index); n++)
        meant = is_matched(rule, sr, index);
    for (size_t n = 0; meant && nth_name(server->config, n, &index); n++) {
        if (is_there(sr, index)) {
            take(api, sr, index);
            return true;
        }
    }
    return false;
}

/* Looks for Monkey's index files; only one that a rule hands to us matters. */
static void find_monkeys(const struct mk_api *api,
                         const struct mk_config *config, struct mk_request *sr)
{
    const struct mk_list *names = config->index_files, *node, *rule_node;
    const struct mk_list *rules = &sr->host_conf->handlers;

    for (node = names ? names->next : NULL; node != names; node = node->next) {
        struct fcgi_text index = name_of(node);

        if (!is_there(sr, index))
            continue;
        for (rule_node = rules->next; rule_node != rules;
             rule_node = rule_node->next) {
            const struct mk_host_handler *rule =
                MK_ENTRY(rule_node, const struct mk_host_handler, head);

            if (is_ours(rule) && is_matched(rule, sr, index)) {
                take(api, sr, index);
                return;
            }
        }
        return;
    }
}

void fcgi_monkey_index_find(const struct mk_api *api,
                            const struct mk_config *config,
                            const struct fcgi_pool *pool, struct mk_request *sr)
{
    const struct mk_list *rules = &sr->host_conf->handlers, *node;
    const struct mk_ptr *uri = &sr->uri_processed;

    if (uri->len == 0 || uri->data[uri->len - 1] != '/')
        return;
    for (node = rules->next; node != rules; node = node->next) {
        const struct mk_host_handler *rule =
            MK_ENTRY(node, const struct mk_host_handler, head);

        if (is_ours(rule) && find_own(api, pool, rule, sr))
            return;
    }
    find_monkeys(api, config, sr);
}

bool fcgi_monkey_index_exists(const struct mk_config *config,
                              const struct mk_request *sr)
{
    const struct mk_list *names = config->index_files, *node;
    const struct mk_ptr *uri = &sr->uri_processed;

    if (uri->len == 0 || uri->data[uri->len - 1] != '/')
        return false;

    for (node = names ? names->next : NULL; node != names; node = node->next)
        if (is_there(sr, name_of(node)))
            return true;
    return false;
}

const struct mk_host_handler *
fcgi_monkey_index_first(const struct mk_request *sr)
{
    const struct mk_list *rules = &sr->host_conf->handlers, *node;

    for (node = rules->next; node != rules; node = node->next) {
        const struct mk_host_handler *rule =
            MK_ENTRY(node, const struct mk_host_handler, head);

        if (matches(rule, sr->uri_processed.data, sr->uri_processed.len))
            return is_ours(rule) ? rule : NULL;
    }
    return NULL;
}
