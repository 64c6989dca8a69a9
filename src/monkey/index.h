/* SPDX-License-Identifier: Apache-2.0
 *
 * Index files: which file answers for a folder. Monkey 1.6.9 and later match
 * the path against the rules before they look for an index file, and so show
 * the source of an index.php. All functions look at the file system; any
 * thread.
 */
#ifndef FCGI_MONKEY_INDEX_H
#define FCGI_MONKEY_INDEX_H

#include "monkey/rules.h"

#define fcgi_monkey_index_find FCGI_MONKEY_NAME(index_find)
#define fcgi_monkey_index_exists FCGI_MONKEY_NAME(index_exists)

/* A path of a virtual host, and the file that it stands for: by that name, or,
 * where it is absent, below DocumentRoot. */
struct fcgi_monkey_place {
    const struct mk_host *vhost;
    struct fcgi_text path;
    struct fcgi_text file;
};

/*
 * Looks for an index file of a folder, whose path ends with a slash, before
 * Monkey does: one of a server's Index where a rule for it is meant, and
 * otherwise one of Monkey's own that a rule hands to us. The first file that is
 * there decides, as always. Returns its name, or an absent text.
 */
struct fcgi_text fcgi_monkey_index_find(const struct fcgi_monkey_place *place,
                                        const struct mk_config *config,
                                        const struct fcgi_pool *pool);

/* Whether Monkey finds an index file of its own in the folder. */
bool fcgi_monkey_index_exists(const struct fcgi_monkey_place *place,
                              const struct mk_config *config);

#endif
