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
 * Whether the text that a rule has found leaves an extension unread, be it a
 * file's or a folder's: what it ends in, or with, has a '.', and goes on.
 */
static bool ends_short(const char *path, size_t length,
                       const struct mk_span *span)
{
    size_t name = span->end, end = span->end;

    if (end == length || end == 0 || path[end - 1] == '/')
        return false;
    while (name > 0 && path[name - 1] != '/')
        name--;
    while (end < length && path[end] != '/')
        end++;
    return memchr(path + name, '.', end - name) != NULL;
}

/* How often an answer is looked for that a sane path gives at once. */
#define TRIES 8

/* Whether the rule matches, and leaves no extension unread. */
static bool reaches(const struct mk_host_handler *rule, const char *path,
                    size_t length)
{
    struct mk_span span;
    size_t from = 0;

    for (int i = 0; i < TRIES && from <= length; i++) {
        if (!fcgi_monkey_rule_find(rule, path, from, length, &span))
            return false;
        if (!ends_short(path, length, &span))
            return true;
        from = span.begin + 1;
    }
    return false;
}

/* Takes away what a rule finds the extension at `dot` by, also one that has
 * `.`, for any byte, where `\.` was meant. */
static void blot(char *path, size_t length, size_t dot)
{
    path[dot] = '_';
    if (dot + 1 < length && path[dot + 1] != '/' && path[dot + 1] != '.')
        path[dot + 1] = '_';
}

/* The last dot of the path's last name, or `length`. */
static size_t last_dot(const char *path, size_t length)
{
    for (size_t at = length; at > 0 && path[at - 1] != '/'; at--)
        if (path[at - 1] == '.')
            return at - 1;
    return length;
}

/* Whether the rule means the path for its last extension: without that it
 * would not. The path is shorter than PATH_MAX. */
static bool by_extension(const struct mk_host_handler *rule, const char *path,
                         size_t length)
{
    size_t dot = last_dot(path, length);
    char other[PATH_MAX];

    if (dot == length || !reaches(rule, path, length))
        return false;
    memcpy(other, path, length);
    other[length] = '\0';
    blot(other, length, dot);
    return !reaches(rule, other, length);
}

/*
 * Whether the rule means a beginning of the path for its extension, which then
 * is that of a folder, as in `x.php/pic.jpg` for `\.php(/.*)?$`, or is not the
 * last one, as in `x.php_.jpg` for `\.php.*`. A path of many dots is taken for
 * such a one.
 */
static bool has_fragment(const struct mk_host_handler *rule, const char *path,
                         size_t length)
{
    bool dot = false;
    int tries = 0;

    for (size_t at = 0; at < length; at++) {
        if (path[at] != '.' && path[at] != '/')
            continue;
        if (dot && (tries++ == TRIES || at >= PATH_MAX ||
                    by_extension(rule, path, at)))
            return true;
        dot = path[at] == '.';
    }
    return false;
}

/* Whether the rule means a path that has fragments nevertheless: for its last
 * extension, or whatever there is with a dot. */
static bool means_whole(const struct mk_host_handler *rule, const char *path,
                        size_t length)
{
    size_t dot = last_dot(path, length);
    char other[PATH_MAX];

    if (length >= sizeof(other))
        return false;
    if (by_extension(rule, path, length))
        return true;
    memcpy(other, path, length);
    other[length] = '\0';
    for (size_t at = 0; at < length; at++)
        if (path[at] == '.' && at != dot)
            blot(other, length, at);
    if (by_extension(rule, other, length))
        return true;
    if (dot < length)
        blot(other, length, dot);
    return reaches(rule, other, length);
}

/* Whether the rule means the path as a script. */
static bool means(const struct mk_host_handler *rule, const char *path,
                  size_t length)
{
    return reaches(rule, path, length) && (!has_fragment(rule, path, length) ||
                                           means_whole(rule, path, length));
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
