/* SPDX-License-Identifier: Apache-2.0
 *
 * The Match rules of Monkey's virtual hosts: which of them hand requests to us,
 * and to which servers; and which virtual host and rule a request is for. All
 * are read as Monkey has them, and never changed. Any thread.
 */
#ifndef FCGI_MONKEY_RULES_H
#define FCGI_MONKEY_RULES_H

#include <stdbool.h>

#include "backend/pool.h"
#include "http/chars.h"
#include "monkey/abi.h"

#define fcgi_monkey_rules_each FCGI_MONKEY_NAME(rules_each)
#define fcgi_monkey_rules_server FCGI_MONKEY_NAME(rules_server)
#define fcgi_monkey_rules_is_status FCGI_MONKEY_NAME(rules_is_status)
#define fcgi_monkey_rules_allow FCGI_MONKEY_NAME(rules_allow)
#define fcgi_monkey_rules_is_script FCGI_MONKEY_NAME(rules_is_script)
#define fcgi_monkey_rules_is_plain FCGI_MONKEY_NAME(rules_is_plain)
#define fcgi_monkey_rules_host FCGI_MONKEY_NAME(rules_host)
#define fcgi_monkey_rules_authorizes FCGI_MONKEY_NAME(rules_authorizes)
#define fcgi_monkey_rules_answers FCGI_MONKEY_NAME(rules_answers)
#define fcgi_monkey_rules_guard FCGI_MONKEY_NAME(rules_guard)
#define fcgi_monkey_rules_name FCGI_MONKEY_NAME(rules_name)
#define fcgi_monkey_rules_allow_authorizer \
    FCGI_MONKEY_NAME(rules_allow_authorizer)
#define fcgi_monkey_rule_is_ours FCGI_MONKEY_NAME(rule_is_ours)
#define fcgi_monkey_rule_matches FCGI_MONKEY_NAME(rule_matches)
#define fcgi_monkey_expression_find FCGI_MONKEY_NAME(expression_find)

/* The structures that lists of Monkey's link. */
#define FCGI_MONKEY_HOST(node) MK_ENTRY(node, const struct mk_host, head)
#define FCGI_MONKEY_RULE(node) \
    MK_ENTRY(node, const struct mk_host_handler, head)

struct fcgi_monkey_span {
    size_t begin, end;
};

/*
 * Where in a path of `length` bytes the expression of a rule matches, looking
 * from `from` on. The core has compiled it: see expression16.c, expression18.c.
 * False where it does not match.
 */
bool fcgi_monkey_expression_find(const struct mk_host_handler *rule,
                                 const char *path, size_t from, size_t length,
                                 struct fcgi_monkey_span *span);

/* Whether a rule hands requests to this plugin. */
bool fcgi_monkey_rule_is_ours(const struct mk_host_handler *rule);

/* Whether the core finds a rule's expression in a decoded path. */
bool fcgi_monkey_rule_matches(const struct mk_host_handler *rule,
                              struct fcgi_text path);

/* Calls `visit` for each rule that is ours, in order, until it returns false.
 * Returns false where it did. */
bool fcgi_monkey_rules_each(const struct mk_config *config,
                            bool (*visit)(void *arg,
                                          const struct mk_host *vhost,
                                          const struct mk_host_handler *rule),
                            void *arg);

/* The server whose keys decide the script for a rule's words (struct
 * mk_handler_param): the first that they name to answer, else the first
 * authorizer; without words the first Responder; for the status page the first
 * of all. NULL where there is none, which the plugin does not start with. */
const struct fcgi_server *
fcgi_monkey_rules_server(const struct fcgi_pool *pool,
                         const struct mk_list *params);

/* Whether a rule's words ask for the status page, and for no server. */
bool fcgi_monkey_rules_is_status(const struct mk_list *params);

/* Whether one of a rule's words names an authorizer, and whether who answers is
 * named, too: without a word all are. */
bool fcgi_monkey_rules_authorizes(const struct mk_list *params);
bool fcgi_monkey_rules_answers(const struct mk_list *params);

/* Whether a rule of ours in a virtual host names an authorizer. */
bool fcgi_monkey_rules_guard(const struct mk_host *vhost);

/* The name that a word has, and whether it is an authorizer's. */
struct fcgi_text fcgi_monkey_rules_name(const struct mk_handler_param *word,
                                        bool *authorizer);

/* Whether a rule's words (struct mk_list) admit a server: they name it, or
 * there are none and it is a Responder; and as an authorizer. */
bool fcgi_monkey_rules_allow(const void *params,
                             const struct fcgi_server *server);
bool fcgi_monkey_rules_allow_authorizer(const void *params,
                                        const struct fcgi_server *server);

/* The rules of a virtual host that have the same words as one of them. */
struct fcgi_monkey_rules {
    const struct mk_host *vhost;
    const struct mk_list *params; /* of the one */
};

/*
 * Whether one of the rules (struct fcgi_monkey_rules) means the file of this
 * path, and does not only find a part of its name: a rule for `.php` means no
 * `x.php.txt`.
 */
bool fcgi_monkey_rules_is_script(const void *rules, const char *path,
                                 size_t length);

/*
 * Whether none of a virtual host's rules has the file of a decoded path
 * executed: by a plugin, but for auth, which serves nothing, or by a server of
 * ours whose keys do not say that it is no script. (An authorizer executes
 * nothing.)
 */
bool fcgi_monkey_rules_is_plain(const struct fcgi_pool *pool,
                                const struct mk_host *vhost,
                                struct fcgi_text path);

/*
 * Finds the virtual host that has the name `host`, without regard to case;
 * where none has it, the first of all, by the first of its names. `*alias` is
 * the name as the configuration has it. (The core tells names by case.) NULL
 * where there is none at all.
 */
const struct mk_host *
fcgi_monkey_rules_host(const struct mk_config *config, struct fcgi_text host,
                       const struct mk_host_alias **alias);

#endif
