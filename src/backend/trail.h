/* SPDX-License-Identifier: Apache-2.0
 *
 * A path followed from the root, as the kernel does, but link by link and with
 * the permissions of whoever is asked about: which directory stops a user may
 * lie behind a symbolic link.
 */
#ifndef FCGI_BACKEND_TRAIL_H
#define FCGI_BACKEND_TRAIL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct fcgi_trail {
    char at[PATH_MAX * 2];   /* how far it has come */
    char rest[PATH_MAX * 2]; /* to be looked up yet, below `at` */
    size_t root;             /* bytes of `at` that `path` does not name */
    int links;
    bool is_last;       /* `at` is what the path leads to */
    struct stat status; /* of `at`; st_mode 0: it could not be looked at */
};

/* Whether a user may search the directory `path`, which is no link. */
typedef bool (*fcgi_trail_search_fn)(void *user, const char *path,
                                     const struct stat *status);

/*
 * Follows the absolute `path` below the directory `root` ("" for the real one).
 * Returns 0 where it comes to the end, else an errno that is about `at`:
 * ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, or EACCES where `search` denies it.
 */
int fcgi_trail_follow(struct fcgi_trail *trail, const char *root,
                      const char *path, fcgi_trail_search_fn search,
                      void *user);

#endif
