/* SPDX-License-Identifier: Apache-2.0
 *
 * Index files, and the rules of a virtual host: Monkey 1.6.9 and later match
 * the path against the rules before they look for an index file, and so show the
 * source of an index.php.
 */
#ifndef FCGI_MONKEY_INDEX_H
#define FCGI_MONKEY_INDEX_H

#include <stdbool.h>

#include "backend/pool.h"
#include "monkey/abi.h"

#define fcgi_monkey_index_find FCGI_MONKEY_NAME(index_find)
#define fcgi_monkey_index_exists FCGI_MONKEY_NAME(index_exists)
#define fcgi_monkey_index_server FCGI_MONKEY_NAME(index_server)
#define fcgi_monkey_index_is_script FCGI_MONKEY_NAME(index_is_script)
#define fcgi_monkey_index_first FCGI_MONKEY_NAME(index_first)
#define fcgi_monkey_rule_find FCGI_MONKEY_NAME(rule_find)

/*
 * In stage 20: looks for an index file before Monkey does, and names it in the
 * path: those of a server's Index where a rule for it is meant, and else
 * Monkey's own where a rule hands them to us. The first file that is there
 * decides, as always. Worker thread.
 */
void fcgi_monkey_index_find(const struct mk_api *api,
                            const struct mk_config *config,
                            const struct fcgi_pool *pool,
                            struct mk_request *sr);

/* Whether Monkey finds an index file in the folder that the path of a request
 * names. Any thread. */
bool fcgi_monkey_index_exists(const struct mk_config *config,
                              const struct mk_request *sr);

/*
 * What a rule's words (struct mk_handler_param) say of the script: the first
 * server that they name, or the first of all. NULL where there is none, which
 * the plugin does not start with.
 */
const struct fcgi_server *
fcgi_monkey_index_server(const struct fcgi_pool *pool,
                         const struct mk_list *params);

/* The rules of a virtual host that name the same servers as one of them. */
struct fcgi_monkey_rules {
    const struct mk_host *vhost;
    const struct mk_list *params; /* of the one */
};

/*
 * Whether one of the rules (struct fcgi_monkey_rules) means the file of this path,
 * and does not only find a part of its name: a rule for `.php` means no
 * `x.php.txt`. Any thread.
 */
bool fcgi_monkey_index_is_script(const void *rules, const char *path,
                                 size_t length);

/* In stage 20: the first rule that matches the path of a request, if it hands
 * it to us; NULL otherwise. Worker thread. */
const struct mk_host_handler *
fcgi_monkey_index_first(const struct mk_request *sr);

struct mk_span {
    size_t begin, end;
};

/*
 * Where in a path of `length` bytes the expression of a rule matches, looking
 * from `from` on; it is the core that has compiled it. False where it does not.
 * Any thread.
 */
bool fcgi_monkey_rule_find(const struct mk_host_handler *rule, const char *path,
                           size_t from, size_t length, struct mk_span *span);

#endif
