/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/way.h"

#include <string.h>

/* Ends the search: the request is refused. */
static bool give_up(struct fcgi_monkey_way *way, const char *why)
{
    way->is_file = true;
    way->why = why;
    return true;
}

/* Takes a rule of ours. True where the search is over. */
static bool take(struct fcgi_monkey_way *way, const struct mk_list *params)
{
    struct fcgi_authorizers *authorizers = &way->authorizers;

    way->is_file = !fcgi_monkey_rules_answers(params);
    if (way->params == NULL || !way->is_file)
        way->params = params;
    if (fcgi_monkey_rules_authorizes(params)) {
        if (authorizers->count == FCGI_AUTHORIZERS_MAX)
            return give_up(way,
                           "more Match rules with authorizers match than "
                           "can be followed");
        authorizers->args[authorizers->count++] = params;
    }
    return !way->is_file;
}

bool fcgi_monkey_way_find(struct fcgi_monkey_way *way,
                          const struct mk_host *vhost,
                          const struct mk_list *from, struct fcgi_text path)
{
    const struct mk_list *all = &vhost->handlers, *node;

    memset(way, 0, sizeof(*way));
    way->authorizers.allows = fcgi_monkey_rules_allow_authorizer;
    for (node = all->next; node != all; node = node->next) {
        const struct mk_host_handler *rule = FCGI_MONKEY_RULE(node);
        bool chosen = &rule->params == from;

        if ((from != NULL && way->params == NULL && !chosen) ||
            (!chosen && !fcgi_monkey_rule_matches(rule, path)))
            continue;
        if (fcgi_monkey_rule_is_ours(rule)) {
            if (take(way, &rule->params))
                return true;
        } else if (way->params != NULL) {
            return give_up(way,
                           "the Match rule behind that of an authorizer is "
                           "another plugin's, which cannot be asked; put it in "
                           "front, or let it not match");
        } else if (!MK_MAY_DECLINE) {
            return false;
        } else {
            way->others = true;
        }
    }
    return way->params != NULL;
}

void fcgi_monkey_way_split(const struct fcgi_monkey_way *way,
                           const struct fcgi_monkey_rules *rules,
                           const struct fcgi_server *server,
                           struct fcgi_http_request *request,
                           struct fcgi_script *script)
{
    request->authorizers = &way->authorizers;
    request->is_script = fcgi_monkey_rules_is_script;
    request->is_script_arg = rules;
    if (fcgi_monkey_rules_is_status(way->params))
        *script = (struct fcgi_script){.verdict = FCGI_PATH_STATUS};
    else if (way->is_file)
        fcgi_path_file(request, script);
    else
        fcgi_path_split(request, server->config, script);
    if (script->verdict == FCGI_PATH_HOST && way->authorizers.count > 0)
        script->verdict = FCGI_PATH_FILE;
    if (way->why != NULL)
        fcgi_path_refuse(script, 500, way->why);
}
