/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/socket_path.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/trail.h"
#include "config/escape.h"

static bool may_search(void *user, const char *path, const struct stat *status)
{
    (void)user;
    (void)status;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

static int follow(struct fcgi_trail *trail, const char *path)
{
    int error = fcgi_trail_follow(trail, "", path, may_search, NULL);

    if (error == 0 && faccessat(AT_FDCWD, trail->at, W_OK, AT_EACCESS) < 0)
        error = errno;
    return error;
}

/* Where a walk has ended, in printable characters. */
static const char *place(const struct fcgi_trail *trail, char *buf, size_t size)
{
    fcgi_escape(buf, size, 0, trail->at, strlen(trail->at));
    return buf;
}

void fcgi_socket_path_missing(const char *path, char *buf, size_t size)
{
    struct fcgi_trail trail;
    char text[400];
    int error = follow(&trail, path);

    snprintf(buf, size, "no such socket");
    if (error == ELOOP)
        snprintf(buf, size, "no such socket: too many symbolic links");
    else if (error == ENOTDIR || error == ENOENT)
        snprintf(buf, size, "no such socket: %s%s",
                 place(&trail, text, sizeof(text)),
                 error == ENOTDIR ? " is not a directory"
                 : trail.is_last
                     ? " does not exist; is the application running?"
                     : ", a directory of its path, does not exist");
}

/* A user's name, or the number where there is none, or none is wanted. */
static const char *user_name(uid_t uid, bool names, char *buf, size_t size)
{
    const struct passwd *passwd = names ? getpwuid(uid) : NULL;

    if (passwd != NULL)
        snprintf(buf, size, "%s", passwd->pw_name);
    else
        snprintf(buf, size, "%u", (unsigned)uid);
    return buf;
}

static const char *group_name(gid_t gid, bool names, char *buf, size_t size)
{
    const struct group *group = names ? getgrgid(gid) : NULL;

    if (group != NULL)
        snprintf(buf, size, "%s", group->gr_name);
    else
        snprintf(buf, size, "%u", (unsigned)gid);
    return buf;
}

void fcgi_socket_path_denied(const char *path, bool names, char *buf,
                             size_t size)
{
    struct fcgi_trail trail;
    const struct stat *status = &trail.status;
    char text[400], user[64], owner[64], group[64];
    int error = follow(&trail, path);

    user_name(geteuid(), names, user, sizeof(user));
    if (error != EACCES || status->st_mode == 0)
        snprintf(buf, size,
                 "permission denied: user '%s' may open the socket by its "
                 "mode; a security module (SELinux, AppArmor) or a sandbox may "
                 "forbid it",
                 user);
    else
        snprintf(buf, size,
                 "permission denied: user '%s' may not %s %s (mode %04o, "
                 "%s:%s)",
                 user,
                 trail.is_last ? "write to the socket" : "enter the directory",
                 place(&trail, text, sizeof(text)),
                 (unsigned)status->st_mode & 07777,
                 user_name(status->st_uid, names, owner, sizeof(owner)),
                 group_name(status->st_gid, names, group, sizeof(group)));
}
