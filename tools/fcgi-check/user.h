/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: a user's permissions, computed from the owners, modes and access
 * control lists of files. The kernel would answer for our own user only.
 */
#ifndef FCGI_CHECK_USER_H
#define FCGI_CHECK_USER_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct check_identity {
    char *name;
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* with `gid` among them */
    int n_groups;
};

/* By name, or by number. Returns 0, or -1 if there is none. */
int check_identity_find(const char *name, struct check_identity *identity);

/* `wanted` is some of R_OK, W_OK, X_OK; `path` (not followed) is looked at for
 * its access control list. */
bool check_identity_may(const struct check_identity *identity, const char *path,
                        const struct stat *status, int wanted);

/* Whether it may search a directory, for fcgi_trail_follow(); anybody may whose
 * identity is NULL. */
bool check_identity_search(void *identity, const char *path,
                           const struct stat *status);

bool check_identity_in(const struct check_identity *identity, gid_t group);

#endif
