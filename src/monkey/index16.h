/* SPDX-License-Identifier: Apache-2.0
 *
 * Index files: Monkey 1.6.9 matches the path against the rules before it looks
 * for one, and so shows the source of an index.php.
 */
#ifndef FCGI_MONKEY_INDEX16_H
#define FCGI_MONKEY_INDEX16_H

#include <stdbool.h>

#include "monkey/abi16.h"

/*
 * In stage 20: looks for an index file before Monkey does, and names it in the
 * path where a rule hands it to us. The first index file that is there decides,
 * as always; one of no rule's is left to Monkey. Worker thread.
 */
void mk16_index_find(const struct mk16_api *api, struct mk16_request *sr);

/* Whether a rule of the virtual host `vhost` (struct mk16_host) hands this path
 * to us. Any thread. */
bool mk16_index_is_ours(const void *vhost, const char *path, size_t length);

#endif
