/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: the servers that one rule names. Any of them may get a request,
 * but the keys of the first decide which script it is for, and from whom.
 */
#include <string.h>
#include <strings.h>

#include "check.h"

#define MOST_KEYS 9

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_words(const struct fcgi_words *a, const struct fcgi_words *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

static bool has_all(const struct fcgi_words *of, const struct fcgi_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        size_t j = 0;

        while (j < of->count && strcmp(of->items[j], words->items[i]) != 0)
            j++;
        if (j == of->count)
            return false;
    }
    return true;
}

static bool same_networks(const struct fcgi_networks *a,
                          const struct fcgi_networks *b)
{
    return a->count == b->count &&
           (a->count == 0 ||
            memcmp(a->items, b->items, a->count * sizeof(*a->items)) == 0);
}

static const char *check_script(const struct fcgi_server_config *server)
{
    return server->check_script ? server->check_script : "Auto";
}

/* The keys in which two servers differ, of those that are looked at before one
 * of them is chosen. */
static size_t compare(const struct fcgi_server_config *a,
                      const struct fcgi_server_config *b,
                      const char *keys[MOST_KEYS])
{
    bool same_check = strcasecmp(check_script(a), check_script(b)) == 0;
    size_t n = 0;

    if (!same_words(&a->index, &b->index))
        keys[n++] = "Index";
    if (!same_text(a->front_controller, b->front_controller))
        keys[n++] = "FrontController";
    if (a->path_info != b->path_info)
        keys[n++] = "PathInfo";
    if (!has_all(&a->extensions, &b->extensions) ||
        !has_all(&b->extensions, &a->extensions))
        keys[n++] = "Extensions";
    if (!same_check)
        keys[n++] = "CheckScript";
    /* Which one it is is for the server that gets the request; whether there
     * is one is what CheckScript Auto goes by. */
    if (same_check && strcasecmp(check_script(a), "Auto") == 0 &&
        !a->document_root != !b->document_root)
        keys[n++] = "DocumentRoot";
    if (!has_all(&a->link_roots, &b->link_roots) ||
        !has_all(&b->link_roots, &a->link_roots))
        keys[n++] = "LinkRoots";
    if (a->real_path != b->real_path)
        keys[n++] = "RealPath";
    if (!same_networks(&a->trusted_proxies, &b->trusted_proxies))
        keys[n++] = "TrustedProxies";
    return n;
}

void check_pool(struct check_run *run, struct check_servers *servers,
                const struct fcgi_server_config *first, const bool *named,
                struct check_place place)
{
    for (size_t i = 0; i < servers->config->n_servers; i++) {
        const struct fcgi_server_config *other = &servers->config->servers[i];
        const char *keys[MOST_KEYS];
        size_t n = named[i] ? compare(first, other, keys) : 0;
        char list[192] = "";

        if (n == 0)
            continue;
        for (size_t k = 0; k < n; k++) {
            strcat(list, k == 0 ? "" : k + 1 < n ? ", " : " and ");
            strcat(list, keys[k]);
        }
        check_report(
            run, FCGI_CHECK_POOL_DIFFERS, place,
            "the rule's servers '%s' and '%s' differ in %s, and '%s', "
            "which comes first, decides, be the request for the other; give "
            "them the same, in [FASTCGI] or in both, or each server a rule of "
            "its own",
            first->name, other->name, list, first->name);
        check_note(run, FCGI_CHECK_POOL_DIFFERS,
                   check_servers_place(servers, other, keys[0]),
                   "what does not count for this rule");
    }
}
