/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks the path of a socket from the root, as the kernel does, and follows
 * symbolic links by hand: the directory that stops us may be behind one.
 */
#include "probe/access.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/escape.h"

#define LINKS_MOST 40 /* as the kernel has it */

/* Where a walk ended. */
struct walk {
    char path[PATH_MAX]; /* the component in question */
    bool is_last;        /* it is the socket itself */
    int error;
};

/* Puts what a symbolic link says in place of its name: `rest` becomes target
 * and rest, `path` what the target is relative to. */
static int follow(struct walk *walk, const char *link, char *rest)
{
    char target[PATH_MAX], joined[PATH_MAX];
    ssize_t n = readlink(link, target, sizeof(target) - 1);
    char *slash;
    int length;

    if (n < 0)
        return errno;
    target[n] = '\0';
    length = snprintf(joined, sizeof(joined), "%s/%s", target, rest);
    if (length < 0 || (size_t)length >= sizeof(joined))
        return ENAMETOOLONG;
    if (rest[0] == '\0')
        joined[length - 1] = '\0';
    strcpy(rest, joined);
    if (target[0] == '/') {
        walk->path[0] = '\0';
    } else {
        slash = strrchr(walk->path, '/');
        *(slash != NULL ? slash : walk->path) = '\0';
    }
    return 0;
}

/* One component more. Returns 0 to go on, 1 at the end, or -1 with error. */
static int step(struct walk *walk, char *rest, int *links)
{
    size_t length = strlen(walk->path), skip = strspn(rest, "/");
    size_t name = strcspn(rest + skip, "/");
    struct stat status;

    if (name == 0)
        return 1;
    if (length + 1 + name >= sizeof(walk->path)) {
        walk->error = ENAMETOOLONG;
        return -1;
    }
    walk->path[length] = '/';
    memcpy(walk->path + length + 1, rest + skip, name);
    walk->path[length + 1 + name] = '\0';
    memmove(rest, rest + skip + name, strlen(rest + skip + name) + 1);
    walk->is_last = rest[strspn(rest, "/")] == '\0';
    if (lstat(walk->path, &status) < 0) {
        walk->error = errno;
        return -1;
    }
    if (S_ISLNK(status.st_mode)) {
        walk->error =
            ++*links > LINKS_MOST ? ELOOP : follow(walk, walk->path, rest);
        return walk->error == 0 ? 0 : -1;
    }
    if (!walk->is_last && !S_ISDIR(status.st_mode)) {
        walk->error = ENOTDIR;
        return -1;
    }
    if (faccessat(AT_FDCWD, walk->path, walk->is_last ? W_OK : X_OK,
                  AT_EACCESS) < 0) {
        walk->error = errno;
        return -1;
    }
    return walk->is_last ? 1 : 0;
}

static void walk_along(struct walk *walk, const char *path)
{
    char rest[PATH_MAX];
    int links = 0;

    memset(walk, 0, sizeof(*walk));
    snprintf(rest, sizeof(rest), "%s", path);
    while (step(walk, rest, &links) == 0)
        continue;
}

static size_t add_path(char *buf, size_t size, size_t at, const char *path)
{
    return fcgi_escape(buf, size, at, path, strlen(path));
}

static size_t add(char *buf, size_t size, size_t at, const char *text)
{
    int n = snprintf(buf + at, size - at, "%s", text);

    at += n > 0 ? (size_t)n : 0;
    return at < size ? at : size - 1;
}

size_t fcgi_access_missing(const char *path, char *buf, size_t size)
{
    struct walk walk;
    size_t at;

    walk_along(&walk, path);
    if (walk.error == ENOTDIR) {
        at = add(buf, size, 0, "no such socket: ");
        at = add_path(buf, size, at, walk.path);
        return add(buf, size, at, " is not a directory");
    }
    if (walk.error == ELOOP)
        return add(buf, size, 0, "no such socket: too many symbolic links");
    if (walk.error != ENOENT)
        return add(buf, size, 0, "no such socket");
    at = add(buf, size, 0, "no such socket: ");
    at = add_path(buf, size, at, walk.path);
    if (!walk.is_last)
        return add(buf, size, at, ", a directory of its path, does not exist");
    return add(buf, size, at, " does not exist; is the application running?");
}

/* `user 'nobody'`, of the effective id. */
static const char *user_name(uid_t uid, char *buf, size_t size)
{
    const struct passwd *passwd = getpwuid(uid);

    if (passwd != NULL)
        snprintf(buf, size, "%s", passwd->pw_name);
    else
        snprintf(buf, size, "%u", (unsigned)uid);
    return buf;
}

static const char *group_name(gid_t gid, char *buf, size_t size)
{
    const struct group *group = getgrgid(gid);

    if (group != NULL)
        snprintf(buf, size, "%s", group->gr_name);
    else
        snprintf(buf, size, "%u", (unsigned)gid);
    return buf;
}

size_t fcgi_access_denied(const char *path, char *buf, size_t size)
{
    struct walk walk;
    struct stat status;
    char text[400], user[64], owner[64], group[64];
    size_t at;

    walk_along(&walk, path);
    at = add(buf, size, 0, "permission denied: ");
    user_name(geteuid(), user, sizeof(user));
    if (walk.error != EACCES || lstat(walk.path, &status) < 0) {
        snprintf(text, sizeof(text),
                 "user '%s' may open the socket by its mode; a security module "
                 "(SELinux, AppArmor) or a sandbox may forbid it",
                 user);
        return add(buf, size, at, text);
    }
    snprintf(text, sizeof(text), "user '%s' may not %s ", user,
             walk.is_last ? "write to the socket" : "enter the directory");
    at = add(buf, size, at, text);
    at = add_path(buf, size, at, walk.path);
    snprintf(text, sizeof(text), " (mode %04o, %s:%s)",
             (unsigned)status.st_mode & 07777,
             user_name(status.st_uid, owner, sizeof(owner)),
             group_name(status.st_gid, group, sizeof(group)));
    return add(buf, size, at, text);
}
