/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/trail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MOST 40 /* as the kernel has it */

/* Takes the first name off `rest` and puts it behind `at`; false where that has
 * no room for it. */
static bool next_name(struct fcgi_trail *trail)
{
    const char *from = trail->rest + strspn(trail->rest, "/");
    size_t length = strcspn(from, "/");
    size_t end = strlen(trail->at);

    if (end + length + 2 > sizeof(trail->at))
        return false;
    if (length == 2 && memcmp(from, "..", 2) == 0) {
        char *slash = strrchr(trail->at + trail->root, '/');

        if (slash != NULL)
            *slash = '\0';
    } else if (length != 1 || from[0] != '.') {
        trail->at[end] = '/';
        memcpy(trail->at + end + 1, from, length);
        trail->at[end + 1 + length] = '\0';
    }
    memmove(trail->rest, from + length, strlen(from + length) + 1);
    return true;
}

/* `at` is a symbolic link: goes on where it points to. Returns 0 or errno. */
static int follow_link(struct fcgi_trail *trail)
{
    char target[PATH_MAX], rest[PATH_MAX];
    ssize_t n = readlink(trail->at, target, sizeof(target) - 1);
    char *slash = strrchr(trail->at, '/');

    if (n < 0)
        return errno;
    target[n] = '\0';
    if (++trail->links > LINKS_MOST || strlen(trail->rest) >= sizeof(rest))
        return ELOOP;
    strcpy(rest, trail->rest);
    if (target[0] == '/')
        trail->at[trail->root] = '\0';
    else if (slash != NULL)
        *slash = '\0';
    snprintf(trail->rest, sizeof(trail->rest), "%s/%s", target, rest);
    return 0;
}

int fcgi_trail_follow(struct fcgi_trail *trail, const char *root,
                      const char *path, fcgi_trail_search_fn search, void *user)
{
    int error;

    memset(trail, 0, sizeof(*trail));
    trail->root = strlen(root);
    snprintf(trail->at, sizeof(trail->at), "%s", root);
    snprintf(trail->rest, sizeof(trail->rest), "%s", path);
    for (;;) {
        const char *here = trail->at[0] != '\0' ? trail->at : "/";

        trail->is_last = trail->rest[strspn(trail->rest, "/")] == '\0';
        if (lstat(here, &trail->status) < 0) {
            trail->status.st_mode = 0;
            return errno;
        }
        if (S_ISLNK(trail->status.st_mode)) {
            error = follow_link(trail);
            if (error != 0)
                return error;
            continue;
        }
        if (trail->is_last)
            return 0;
        if (!S_ISDIR(trail->status.st_mode))
            return ENOTDIR;
        if (!search(user, here, &trail->status))
            return EACCES;
        if (!next_name(trail))
            return ENAMETOOLONG;
    }
}
