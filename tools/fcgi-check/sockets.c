/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: the sockets of fastcgi.conf, as the user that Monkey runs as
 * would find them.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/trail.h"
#include "check.h"
#include "user.h"

#define SOCKET_KEY "ServerPath"

struct walk {
    struct check_run *run;
    struct check_place place;
    struct check_identity *identity; /* NULL: not known */
    const struct check_user *user;
    const char *path; /* as the file has it */
    struct fcgi_trail trail;
};

/* "owner root, group www-data, mode 0660" */
static char *describe(const struct stat *status)
{
    const struct passwd *owner = getpwuid(status->st_uid);
    const struct group *group = getgrgid(status->st_gid);
    char *user = owner ? check_dup(owner->pw_name)
                       : check_printf("%u", (unsigned)status->st_uid);

    return group ? check_printf("owner %s, group %s, mode %04o", user,
                                group->gr_name,
                                (unsigned)status->st_mode & 07777U)
                 : check_printf("owner %s, group %u, mode %04o", user,
                                (unsigned)status->st_gid,
                                (unsigned)status->st_mode & 07777U);
}

/* What is at hand below --root. */
static const char *shown(const struct walk *w)
{
    const char *at = w->trail.at + w->trail.root;

    return at[0] ? at : "/";
}

static void note_user(const struct walk *w)
{
    if (w->user->place.file) {
        check_note(w->run, FCGI_CHECK_SOCKET_DENIED, w->user->place,
                   "Monkey runs as this user");
    }
}

static void deny(struct walk *w, bool is_directory)
{
    const struct stat *status = &w->trail.status;
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

static void look_at(struct walk *w, const char *root)
{
    int error = fcgi_trail_follow(&w->trail, root, w->path,
                                  check_identity_search, w->identity);
    mode_t mode = w->trail.status.st_mode;

    if (error == EACCES && mode != 0) {
        deny(w, true);
    } else if (error != 0) {
        fail(w, error);
    } else if (!S_ISSOCK(mode)) {
        check_report(w->run, FCGI_CHECK_NOT_A_SOCKET, w->place,
                     "'%s' is %s and no socket; correct the path", w->path,
                     S_ISDIR(mode)   ? "a directory"
                     : S_ISREG(mode) ? "a file"
                                     : "something else");
    } else if (w->identity && !check_identity_may(w->identity, w->trail.at,
                                                  &w->trail.status, W_OK)) {
        deny(w, false);
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
                           .path = server->endpoint.path};
        look_at(w, root);
    }
}
