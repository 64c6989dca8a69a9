/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/index.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/path.h"

#define NOTHING ((struct fcgi_text){NULL, 0})
#define EMPTY ((struct fcgi_text){"", 0})

static struct fcgi_text text(const char *name)
{
    return (struct fcgi_text){name, strlen(name)};
}

/* The three parts as one name, ended by a NUL. Returns its length, 0 where it
 * is too long. */
static size_t compose(char name[PATH_MAX], struct fcgi_text root,
                      struct fcgi_text path, struct fcgi_text index)
{
    int n =
        snprintf(name, PATH_MAX, "%.*s%.*s%.*s", (int)root.length, root.data,
                 (int)path.length, path.data, (int)index.length, index.data);

    return n > 0 && n < PATH_MAX ? (size_t)n : 0;
}

/* Where stat(2) cannot look (memory, a disk) Monkey may be able to a moment
 * later, and would show a source: what may be a script is taken for one. */
enum presence {
    MISSING,
    UNKNOWN,
    PRESENT,
};

static bool is_missing(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES ||
           error == ELOOP || error == ENAMETOOLONG;
}

static enum presence look(const struct fcgi_monkey_place *place,
                          struct fcgi_text index)
{
    const struct mk_ptr *root = &place->vhost->documentroot;
    char name[PATH_MAX];
    struct stat st;
    size_t length =
        place->file.data != NULL
            ? compose(name, place->file, EMPTY, index)
            : compose(name, (struct fcgi_text){root->data, root->len},
                      place->path, index);

    if (length == 0)
        return MISSING;
    if (stat(name, &st) != 0)
        return is_missing(errno) ? MISSING : UNKNOWN;
    return S_ISREG(st.st_mode) ? PRESENT : MISSING;
}

static bool is_matched(const struct fcgi_monkey_place *place,
                       const struct mk_host_handler *rule,
                       struct fcgi_text index)
{
    char name[PATH_MAX];
    size_t length = compose(name, EMPTY, place->path, index);

    return length > 0 &&
           fcgi_monkey_rule_matches(rule, (struct fcgi_text){name, length});
}

static bool is_folder(struct fcgi_text path)
{
    return path.length > 0 && path.data[path.length - 1] == '/';
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
 * shows.
 */
static struct fcgi_text find_own(const struct fcgi_monkey_place *place,
                                 const struct fcgi_pool *pool,
                                 const struct mk_host_handler *rule)
{
    const struct fcgi_server *server =
        fcgi_monkey_rules_server(pool, &rule->params);
    struct fcgi_text index;
    bool meant = false;

    if (server == NULL)
        return NOTHING;
    for (size_t n = 0; !meant && nth_name(server->config, n, &index); n++)
        meant = is_matched(place, rule, index);
    for (size_t n = 0; meant && nth_name(server->config, n, &index); n++) {
        enum presence presence = look(place, index);

        if (presence == PRESENT ||
            (presence == UNKNOWN && is_matched(place, rule, index)))
            return index;
    }
    return NOTHING;
}

/* Whether a rule of the site hands the index file to us. */
static bool is_ours(const struct fcgi_monkey_place *place,
                    struct fcgi_text index)
{
    const struct mk_list *rules = &place->vhost->handlers, *node;

    for (node = rules->next; node != rules; node = node->next)
        if (fcgi_monkey_rule_is_ours(FCGI_MONKEY_RULE(node)) &&
            is_matched(place, FCGI_MONKEY_RULE(node), index))
            return true;
    return false;
}

/* The first of Monkey's index files that is there, and whether it is ours. */
static struct fcgi_text find_monkeys(const struct fcgi_monkey_place *place,
                                     const struct mk_config *config, bool *ours)
{
    const struct mk_list *names = config->index_files, *node;

    for (node = names ? names->next : NULL; node != names; node = node->next) {
        const struct mk_string_line *line =
            MK_ENTRY(node, const struct mk_string_line, head);
        struct fcgi_text index = {line->val, (size_t)line->len};
        enum presence presence = look(place, index);

        *ours = presence != MISSING && is_ours(place, index);
        if (presence == PRESENT || *ours)
            return index;
    }
    return NOTHING;
}

struct fcgi_text fcgi_monkey_index_find(const struct fcgi_monkey_place *place,
                                        const struct mk_config *config,
                                        const struct fcgi_pool *pool)
{
    const struct mk_list *rules = &place->vhost->handlers, *node;
    struct fcgi_text index;
    bool ours;

    if (!is_folder(place->path))
        return NOTHING;
    for (node = rules->next; node != rules; node = node->next) {
        if (!fcgi_monkey_rule_is_ours(FCGI_MONKEY_RULE(node)))
            continue;
        index = find_own(place, pool, FCGI_MONKEY_RULE(node));
        if (index.data != NULL)
            return index;
    }
    index = find_monkeys(place, config, &ours);
    return index.data != NULL && ours ? index : NOTHING;
}

bool fcgi_monkey_index_exists(const struct fcgi_monkey_place *place,
                              const struct mk_config *config)
{
    bool ours;

    return is_folder(place->path) &&
           find_monkeys(place, config, &ours).data != NULL;
}
