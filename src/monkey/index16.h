/* SPDX-License-Identifier: Apache-2.0
 *
 * Index files: Monkey 1.6.9 matches the path against the rules before it looks
 * for one, and so shows the source of an index.php.
 */
#ifndef FCGI_MONKEY_INDEX16_H
#define FCGI_MONKEY_INDEX16_H

#include <stdbool.h>

#include "backend/pool.h"
#include "monkey/abi16.h"

/*
 * In stage 20: looks for an index file before Monkey does, and names it in the
 * path: those of a server's Index where a rule for it is meant, and else
 * Monkey's own where a rule hands them to us. The first file that is there
 * decides, as always. Worker thread.
 */
void mk16_index_find(const struct mk16_api *api, const struct fcgi_pool *pool,
                     struct mk16_request *sr);

/* Whether Monkey finds an index file in the folder that the path of a request
 * names. Any thread. */
bool mk16_index_exists(const struct mk16_api *api,
                       const struct mk16_request *sr);

/*
 * What a rule's words (struct mk16_handler_param) say of the script: the first
 * server that they name, or the first of all. NULL where there is none, which
 * the plugin does not start with.
 */
const struct fcgi_server *mk16_index_server(const struct fcgi_pool *pool,
                                            const struct mk16_list *params);

/* The rules of a virtual host that name the same servers as one of them. */
struct mk16_rules {
    const struct mk16_host *vhost;
    const struct mk16_list *params; /* of the one */
};

/*
 * Whether one of the rules (struct mk16_rules) means the file of this path,
 * and does not only find a part of its name: a rule for `.php` means no
 * `x.php.txt`. Any thread.
 */
bool mk16_index_is_script(const void *rules, const char *path, size_t length);

#endif
