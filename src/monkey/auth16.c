/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's auth plugin leaves no word for others: it is a handler of stage 30
 * like us, and either ends a request or says that it is none of its own. But
 * it can be known which: it was asked if a rule of its stands before ours and
 * matches, and then it has ended the request, or the path is in none of the
 * folders that it guards, or the field Authorization was right. The folders
 * are those of the [AUTH] sections of a site whose file of users it could
 * read; so that is tried in the same way, with the same functions.
 */
#include "monkey/auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "monkey/rules.h"

struct guarded {
    struct guarded *next;
    const struct mk_host *vhost;
    const char *folder; /* Monkey's own text, which stays */
};

/* Set before there are threads. */
static struct guarded *guarded;

static const char *get(const struct mk_rconf_section *section, const char *key)
{
    const struct mk_list *node;

    for (node = section->entries.next; node != &section->entries;
         node = node->next) {
        const struct mk_rconf_entry *entry =
            MK_ENTRY(node, const struct mk_rconf_entry, head);

        if (strcasecmp(entry->key, key) == 0)
            return entry->val;
    }
    return NULL;
}

/* Whether the auth plugin takes this for a file of users. Where it does not,
 * it warns, and guards nothing. */
static bool has_users(const struct mk_api *api, const char *path)
{
    struct mk_file_info info;
    char *text;

    if (api->file_get_info(path, &info, MK_FILE_READ) != 0 ||
        info.is_directory || !info.read_access)
        return false;
    text = api->file_to_buffer(path);
    if (text == NULL)
        return false;
    api->mem_free(text);
    return true;
}

static int add(const struct mk_api *api, const struct mk_host *vhost,
               const struct mk_rconf_section *section)
{
    const char *folder = get(section, "Location");
    const char *users = get(section, "Users");
    struct guarded *one;

    if (strcasecmp(section->name, "AUTH") != 0 || folder == NULL ||
        users == NULL || !has_users(api, users))
        return 0;
    one = malloc(sizeof(*one));
    if (one == NULL)
        return -1;
    *one = (struct guarded){guarded, vhost, folder};
    guarded = one;
    return 0;
}

int fcgi_monkey_auth_set_up(const struct mk_api *api)
{
    const struct mk_list *hosts = &api->config->hosts, *host_node, *node;

    for (host_node = hosts->next; host_node != hosts;
         host_node = host_node->next) {
        const struct mk_host *vhost = FCGI_MONKEY_HOST(host_node);
        const struct mk_list *sections =
            vhost->config != NULL ? &vhost->config->sections : NULL;

        for (node = sections ? sections->next : NULL; node != sections;
             node = node->next)
            if (add(api, vhost,
                    MK_ENTRY(node, const struct mk_rconf_section, head)))
                return -1;
    }
    return 0;
}

void fcgi_monkey_auth_free(void)
{
    while (guarded != NULL) {
        struct guarded *next = guarded->next;

        free(guarded);
        guarded = next;
    }
}

/* Whether a rule for the auth plugin stands before ours and matches. */
static bool was_asked(const struct mk_request *sr, const struct mk_list *params)
{
    const struct mk_list *rules = &sr->host_conf->handlers, *node;
    const struct fcgi_text path = {sr->uri_processed.data,
                                   sr->uri_processed.len};

    for (node = rules->next; node != rules; node = node->next) {
        const struct mk_host_handler *rule = FCGI_MONKEY_RULE(node);

        if (&rule->params == params)
            return false;
        if (rule->name != NULL && strcmp(rule->name, "auth") == 0 &&
            fcgi_monkey_rule_matches(rule, path))
            return true;
    }
    return false;
}

static bool is_guarded(const struct mk_request *sr)
{
    for (const struct guarded *one = guarded; one != NULL; one = one->next) {
        size_t length = strlen(one->folder);

        if (one->vhost == sr->host_conf && sr->uri_processed.len >= length &&
            strncmp(sr->uri_processed.data, one->folder, length) == 0)
            return true;
    }
    return false;
}

bool fcgi_monkey_auth_guards(const struct mk_host *vhost)
{
    const struct guarded *one = guarded;

    while (one != NULL && one->vhost != vhost)
        one = one->next;
    return one != NULL;
}

struct fcgi_text
fcgi_monkey_auth_accepted(const struct mk_request *sr,
                          const struct mk_list *params,
                          const struct fcgi_http_request *request)
{
    struct fcgi_text found = {NULL, 0};

    if (guarded == NULL || !is_guarded(sr) || !was_asked(sr, params))
        return found;
    for (size_t i = 0; i < request->n_fields; i++) {
        const struct fcgi_http_field *field = &request->fields[i];

        if (!fcgi_http_text_is(field->name, "authorization"))
            continue;
        /* Of two, Monkey has seen but one. */
        if (found.data != NULL)
            return (struct fcgi_text){NULL, 0};
        found = field->value;
    }
    return found;
}
