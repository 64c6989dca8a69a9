/* SPDX-License-Identifier: Apache-2.0
 *
 * What of a request's path exists, and as what.
 */
#ifndef FCGI_GATEWAY_WALK_H
#define FCGI_GATEWAY_WALK_H

#include <limits.h>
#include <stdbool.h>

#include "config/config.h"
#include "gateway/host.h"

struct fcgi_walk {
    enum {
        FCGI_WALK_NOTHING,   /* a part of the path does not exist */
        FCGI_WALK_FORBIDDEN, /* or cannot be looked at */
        FCGI_WALK_DIRECTORY, /* the path is one */
        FCGI_WALK_FILE,
        FCGI_WALK_SPECIAL, /* a device or the like */
    } found;
    size_t begin, end;   /* the part of the path that was looked at last */
    bool link;           /* there was a symbolic link on the way */
    size_t base;         /* how much of `name` is the folder of all files */
    size_t share;        /* how much of the path's end names files */
    char name[PATH_MAX]; /* what was looked at last */
};

/* Walks along `path`, whose file is `file`, up to the first part that is no
 * folder. */
void fcgi_walk(struct fcgi_text path, struct fcgi_text file,
               struct fcgi_walk *walk);

/* Whether the file that was found is in the folder of all files, or in one of
 * those that `others` names, when all links are followed. Once for each walk:
 * it spoils `name`. */
bool fcgi_walk_is_inside(struct fcgi_walk *walk,
                         const struct fcgi_words *others);

/* The end of the part of a path that begins at `at`. */
size_t fcgi_walk_part(struct fcgi_text path, size_t at);

#endif
