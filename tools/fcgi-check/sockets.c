/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: the sockets of fastcgi.conf. Their paths are walked as the
 * kernel would for the user that Monkey runs as: link by link, and with search
 * permission for each directory.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "user.h"

#define LINKS_MAX 40
#define SOCKET_KEY "ServerPath"

struct walk {
    struct check_run *run;
    struct check_place place;
    const struct check_identity *identity; /* NULL: not known */
    const struct check_user *user;
    const char *path; /* as the file has it */
    size_t root;      /* length of --root */
    char at[PATH_MAX * 2];
    char rest[PATH_MAX * 2]; /* to be looked up yet, below `at` */
    int links;
};

/* "owner root, group www-data, mode 0660" */
static char *describe(const struct stat *status)
{
    const struct passwd *owner = getpwuid(status->st_uid);
    const struct group *group = getgrgid(status->st_gid);
    char *user = owner ? check_dup(owner->pw_name)
                       : check_printf("%u", (unsigned)status->st_uid);
    char *text =
        group ? check_printf("owner %s, group %s, mode %04o", user,
                             group->gr_name, (unsigned)status->st_mode & 07777U)
              : check_printf("owner %s, group %u, mode %04o", user,
                             (unsigned)status->st_gid,
                             (unsigned)status->st_mode & 07777U);

    free(user);
    return text;
}

/* What is at hand below --root. */
static const char *shown(const struct walk *w)
{
    return w->at[w->root] ? w->at + w->root : "/";
}

static void note_user(const struct walk *w)
{
    if (w->user->place.file) {
        check_note(w->run, FCGI_CHECK_SOCKET_DENIED, w->user->place,
                   "Monkey runs as this user");
    }
}

static void deny(struct walk *w, const struct stat *status, bool is_directory)
{
    char *what = describe(status);
    const struct group *group = getgrgid(status->st_gid);
    mode_t group_bit = is_directory ? S_IXGRP : S_IWGRP;
    bool by_group = group && status->st_gid != 0 &&
                    (status->st_mode & group_bit) &&
                    !check_identity_in(w->identity, status->st_gid);
    char *cure = by_group ? check_printf("put '%s' into the group '%s', or ",
                                         w->identity->name, group->gr_name)
                          : check_dup("");

    if (is_directory) {
        check_report(
            w->run, FCGI_CHECK_SOCKET_DENIED, w->place,
            "user '%s' may not pass the directory '%s' (%s) on the way "
            "to the socket; %s%s search permission: 'chmod o+x %s'",
            w->identity->name, shown(w), what, cure,
            by_group ? "give others" : "give it", shown(w));
    } else {
        check_report(
            w->run, FCGI_CHECK_SOCKET_DENIED, w->place,
            "user '%s' may not write to the socket '%s' (%s); %slet the "
            "application create it with an owner, group or mode that "
            "admits the user (php-fpm: listen.owner, listen.group, "
            "listen.mode)",
            w->identity->name, shown(w), what, cure);
    }
    note_user(w);
    free(cure);
    free(what);
}

static bool may(const struct walk *w, const struct stat *status, int wanted)
{
    return !w->identity ||
           check_identity_may(w->identity, w->at, status, wanted);
}

static void fail(struct walk *w, int error)
{
    if (error == ENOENT || error == ENOTDIR) {
        check_report(
            w->run, FCGI_CHECK_SOCKET_MISSING, w->place,
            strcmp(shown(w), w->path) == 0
                ? "there is no socket '%s' yet; start the application, "
                  "or correct the path"
                : "there is no socket '%s' yet, for '%s' is missing; "
                  "start the application, or correct the path",
            w->path, shown(w));
        return;
    }
    check_report(w->run, FCGI_CHECK_UNREADABLE, w->place,
                 error == ELOOP
                     ? "cannot look at '%s': %s; correct the link"
                     : "cannot look at '%s': %s; run fcgi-check as a "
                       "user that may",
                 shown(w), strerror(error));
}

/* Takes the first name off `rest` and puts it behind `at`. False at the end.
 */
static bool next_name(struct walk *w)
{
    const char *from = w->rest + strspn(w->rest, "/");
    size_t length = strcspn(from, "/");
    size_t end = strlen(w->at);

    if (length == 0)
        return false;
    if (end + length + 2 > sizeof(w->at))
        return false;
    if (length == 2 && memcmp(from, "..", 2) == 0) {
        char *slash = strrchr(w->at + w->root, '/');

        if (slash)
            *slash = '\0';
    } else if (length != 1 || from[0] != '.') {
        w->at[end] = '/';
        memcpy(w->at + end + 1, from, length);
        w->at[end + 1 + length] = '\0';
    }
    memmove(w->rest, from + length, strlen(from + length) + 1);
    return true;
}

/* `at` is a symbolic link: goes on where it points to. Returns 0 or errno. */
static int follow(struct walk *w)
{
    char target[PATH_MAX];
    char rest[PATH_MAX];
    ssize_t n = readlink(w->at, target, sizeof(target) - 1);
    char *slash = strrchr(w->at, '/');

    if (n < 0)
        return errno;
    target[n] = '\0';
    if (++w->links > LINKS_MAX || strlen(w->rest) >= sizeof(rest))
        return ELOOP;
    memcpy(rest, w->rest, strlen(w->rest) + 1);
    if (target[0] == '/')
        w->at[w->root] = '\0';
    else if (slash)
        *slash = '\0';
    snprintf(w->rest, sizeof(w->rest), "%s/%s", target, rest);
    return 0;
}

/* Looks up `rest`, name by name. */
static void walk(struct walk *w)
{
    struct stat status;

    for (;;) {
        const char *here = w->at[0] ? w->at : "/";

        if (lstat(here, &status)) {
            fail(w, errno);
            return;
        }
        if (S_ISLNK(status.st_mode)) {
            int error = follow(w);

            if (error) {
                fail(w, error);
                return;
            }
            continue;
        }
        if (w->rest[strspn(w->rest, "/")] == '\0')
            break;
        if (!S_ISDIR(status.st_mode)) {
            fail(w, ENOTDIR);
            return;
        }
        if (!may(w, &status, X_OK)) {
            deny(w, &status, true);
            return;
        }
        if (!next_name(w)) {
            fail(w, ENAMETOOLONG);
            return;
        }
    }
    if (!S_ISSOCK(status.st_mode)) {
        check_report(w->run, FCGI_CHECK_NOT_A_SOCKET, w->place,
                     "'%s' is %s and no socket; correct the path", w->path,
                     S_ISDIR(status.st_mode)   ? "a directory"
                     : S_ISREG(status.st_mode) ? "a file"
                                               : "something else");
    } else if (!may(w, &status, W_OK)) {
        deny(w, &status, false);
    }
}

void check_sockets(struct check_run *run, struct check_servers *servers,
                   const struct check_user *user)
{
    const char *root = run->options->root ? run->options->root : "";
    struct check_identity identity = {0};
    bool known = user->name && check_identity_find(user->name, &identity) == 0;
    struct walk *w = check_alloc(sizeof(*w));

    for (size_t i = 0; i < servers->config->n_servers; i++) {
        const struct fcgi_server_config *server = &servers->config->servers[i];

        if (server->endpoint.kind != FCGI_ENDPOINT_UNIX)
            continue;
        *w = (struct walk){.run = run,
                           .place =
                               check_servers_place(servers, server, SOCKET_KEY),
                           .identity = known ? &identity : NULL,
                           .user = user,
                           .path = server->endpoint.path,
                           .root = strlen(root)};
        snprintf(w->at, sizeof(w->at), "%s", root);
        snprintf(w->rest, sizeof(w->rest), "%s", w->path);
        walk(w);
    }
    free(w);
    check_identity_free(&identity);
}
