/* SPDX-License-Identifier: Apache-2.0
 *
 * What paths of the last moment stood for: a script that was found is not
 * looked for again within FCGI_MONKEY_RECALL, by no rule, index file or call to
 * the file system.
 *
 * What may be missed meanwhile: a script that was removed (the application is
 * asked, and says that it has none), one that was added in front of it, such as
 * an index file, and a link that was put in its place. Never is a source shown
 * for that: only paths that lead to an application are remembered.
 *
 * Belongs to the thread of the worker.
 */
#ifndef FCGI_MONKEY_RECALL_H
#define FCGI_MONKEY_RECALL_H

#include "gateway/path.h"
#include "loop/loop.h"
#include "monkey/rules.h"

#define fcgi_monkey_recall_new FCGI_MONKEY_NAME(recall_new)
#define fcgi_monkey_recall_find FCGI_MONKEY_NAME(recall_find)
#define fcgi_monkey_recall_keep FCGI_MONKEY_NAME(recall_keep)

#define FCGI_MONKEY_RECALL (1000 * FCGI_LOOP_MS)

/* What a path stands for. */
struct fcgi_monkey_found {
    const struct mk_host *vhost;
    const struct mk_list *params; /* of the rule */
    struct fcgi_text path;        /* decoded, with an index file */
    struct fcgi_text file;        /* that the path stands for */
    struct fcgi_script script;
};

struct fcgi_monkey_recall;

/* Makes an empty one, to be freed with free(). NULL where memory is short. */
struct fcgi_monkey_recall *fcgi_monkey_recall_new(void);

/*
 * Looks for a path of a virtual host as it was received. Returns what was
 * found less than FCGI_MONKEY_RECALL before `now`, or NULL. What it points to
 * holds until the next keep.
 */
const struct fcgi_monkey_found *
fcgi_monkey_recall_find(const struct fcgi_monkey_recall *recall,
                        const struct mk_host *vhost, struct fcgi_text raw,
                        uint64_t now);

/* Remembers what `raw` stands for, if that is a script, and not too long. Texts
 * of `found` that are not parts of its `file` must stay. */
void fcgi_monkey_recall_keep(struct fcgi_monkey_recall *recall,
                             struct fcgi_text raw, uint64_t now,
                             const struct fcgi_monkey_found *found);

#endif
