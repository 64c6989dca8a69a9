/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: keys of fastcgi.conf that have no effect, for what Monkey's other
 * files say or do not say.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check.h"

void check_pages_add(struct check_pages *pages, const char *status)
{
    int number = atoi(status);

    if (number < CHECK_PAGES_FIRST || number > CHECK_PAGES_LAST)
        return;
    pages->of[number - CHECK_PAGES_FIRST] = true;
    pages->any = true;
}

/* Why a server's key has no effect; NULL: it has one, or is not there. */
typedef const char *look_fn(const struct check_rules *rules, size_t server);

static const struct fcgi_server_config *config_of(const struct check_rules *of,
                                                  size_t server)
{
    return &of->servers->config->servers[server];
}

static const char *look_at_links(const struct check_rules *rules, size_t server)
{
    const struct fcgi_server_config *config = config_of(rules, server);

    /* With CheckScript Off they have none anyway, which has been told. */
    if (config->link_roots.count == 0 || rules->links ||
        strcasecmp(config->check_script, "Off") == 0)
        return NULL;
    return "no symbolic link is followed with 'SymLink Off' in monkey.conf, "
           "which is the default; set it to On, or remove LinkRoots";
}

static const char *look_at_allow(const struct check_rules *rules, size_t server)
{
    if (config_of(rules, server)->status_allow.count == 0 || rules->any_status)
        return NULL;
    return "no Match rule asks for the status page; add 'Match "
           "^/fcgi-status$ fastcgi " FCGI_RULE_STATUS
           "' to the [HANDLERS] of a site, or remove StatusAllow";
}

/* Whether a word of InterceptErrors finds a page. */
static bool has_page(const struct check_rules *rules, size_t server,
                     const char *word)
{
    const struct fcgi_pairs *own = &config_of(rules, server)->error_pages;
    const struct check_pages *pages = &rules->pages[server];
    int status = atoi(word);

    if (strcasecmp(word, "Off") == 0)
        return true;
    if (strcasecmp(word, "On") == 0)
        return pages->any || own->count > 0;
    for (size_t i = 0; i < own->count; i++)
        if (atoi(own->items[i].name) == status)
            return true;
    return pages->of[status - CHECK_PAGES_FIRST];
}

static const char *look_at_errors(const struct check_rules *rules,
                                  size_t server)
{
    const struct fcgi_words *words =
        &config_of(rules, server)->intercept_errors;

    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];

        if (has_page(rules, server, word))
            continue;
        if (strcasecmp(word, "On") == 0)
            return "'InterceptErrors On' does nothing, as there is neither an "
                   "ErrorPage nor a page in [ERROR_PAGES] of a site that uses "
                   "the server; give one, or remove it";
        return check_printf(
            "for %s there is neither an ErrorPage nor a page "
            "in [ERROR_PAGES] of a site that uses the server, "
            "so that clients get a page of one line; add '%s "
            "errors/%s.html' to [ERROR_PAGES], or remove it",
            word, word, word);
    }
    return NULL;
}

/* Reports a key where it is given: in a server's section, or, if it has no
 * effect for any server that does not say otherwise, in [FASTCGI]. */
static void look(struct check_run *run, const struct check_rules *rules,
                 const char *key, const char *id, look_fn *look_at)
{
    struct check_servers *servers = rules->servers;
    const struct fcgi_tree_entry *common =
        check_servers_entry(servers, NULL, key);
    const char *common_why = NULL;
    bool idle = common != NULL;

    for (size_t i = 0; i < servers->config->n_servers; i++) {
        const char *why = look_at(rules, i);
        const struct fcgi_tree_entry *own =
            check_servers_entry(servers, config_of(rules, i), key);

        if (own != NULL && why != NULL)
            check_report(run, id, check_value_place(own), "%s", why);
        else if (own == NULL && why == NULL)
            idle = false;
        else if (own == NULL && common_why == NULL)
            common_why = why;
    }
    if (idle && common_why != NULL)
        check_report(run, id, check_value_place(common), "%s", common_why);
}

void check_effects(struct check_run *run, const struct check_rules *rules)
{
    if (rules->servers->config == NULL || rules->n_ours == 0 || rules->broken)
        return;
    look(run, rules, "LinkRoots", FCGI_CHECK_LINKS_OFF, look_at_links);
    look(run, rules, "StatusAllow", FCGI_CHECK_STATUS_UNUSED, look_at_allow);
    look(run, rules, "InterceptErrors", FCGI_CHECK_NO_PAGE, look_at_errors);
}
