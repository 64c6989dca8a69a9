/* SPDX-License-Identifier: Apache-2.0
 *
 * Walking along a path.
 *
 * The walk is one lstat() for each folder of the path, from the document root
 * on, up to the first that is none: so links are told from files, and what is
 * missing from what is forbidden. A descriptor, as openat2() gives, would be of
 * no help, as the application opens the script by its name again.
 */
#include "gateway/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

size_t fcgi_walk_part(struct fcgi_text path, size_t at)
{
    const char *slash = memchr(path.data + at, '/', path.length - at);

    return slash != NULL ? (size_t)(slash - path.data) : path.length;
}

/* How much of the path's end is the end of the file's name, too: all of it,
 * but for a ~user, whose folder is elsewhere. */
static size_t shared(struct fcgi_text path, struct fcgi_text file)
{
    size_t n = 0, most = path.length < file.length ? path.length : file.length;

    while (n < most &&
           path.data[path.length - n - 1] == file.data[file.length - n - 1])
        n++;
    while (n > 0 && path.data[path.length - n] != '/')
        n--;
    return n;
}

/* What a part of the path is; false where the walk ends there. */
static bool look(struct fcgi_walk *walk)
{
    struct stat st;
    int result = lstat(walk->name, &st);

    if (result == 0 && S_ISLNK(st.st_mode)) {
        walk->link = true;
        result = stat(walk->name, &st);
    }
    if (result < 0)
        walk->found = errno == EACCES ? FCGI_WALK_FORBIDDEN : FCGI_WALK_NOTHING;
    else if (S_ISDIR(st.st_mode))
        return true;
    else
        walk->found = S_ISREG(st.st_mode) ? FCGI_WALK_FILE : FCGI_WALK_SPECIAL;
    return false;
}

/* The folder of a ~user itself, of which the path has no part. */
static void look_at_all(struct fcgi_text file, struct fcgi_walk *walk)
{
    walk->found = FCGI_WALK_NOTHING;
    if (file.length == 0 || file.length >= sizeof(walk->name))
        return;
    memcpy(walk->name, file.data, file.length);
    walk->name[file.length] = '\0';
    if (look(walk))
        walk->found = FCGI_WALK_DIRECTORY;
}

void fcgi_walk(struct fcgi_text path, struct fcgi_text file,
               struct fcgi_walk *walk)
{
    size_t head, end;

    walk->share = shared(path, file);
    walk->base = file.length - walk->share;
    walk->link = false;
    walk->begin = 0;
    walk->end = path.length;
    if (walk->share == 0) {
        look_at_all(file, walk);
        return;
    }
    head = path.length - walk->share;
    for (size_t at = head; at < path.length; at = end) {
        size_t begin = at + (path.data[at] == '/');

        end = fcgi_walk_part(path, begin);
        walk->begin = begin;
        walk->end = end;
        /* Not looking at these keeps the cost down, should there be a thousand
         * of them. */
        if (end == begin || (end - begin == 1 && path.data[begin] == '.'))
            continue;
        if (walk->base + end - head >= sizeof(walk->name)) {
            walk->found = FCGI_WALK_NOTHING;
            return;
        }
        memcpy(walk->name, file.data, walk->base + end - head);
        walk->name[walk->base + end - head] = '\0';
        if (!look(walk))
            return;
    }
    walk->end = path.length;
    walk->found = FCGI_WALK_DIRECTORY;
}

/* Whether a file, without links in its name, is in a folder. */
static bool is_in(const char *file, const char *name)
{
    char folder[PATH_MAX];
    size_t n;

    if (realpath(name, folder) == NULL)
        return false;
    n = strlen(folder);
    /* The root of all folders ends in the slash itself. */
    return strncmp(file, folder, n) == 0 && (file[n] == '/' || n == 1);
}

bool fcgi_walk_is_inside(struct fcgi_walk *walk,
                         const struct fcgi_words *others)
{
    char file[PATH_MAX];

    if (realpath(walk->name, file) == NULL)
        return false;
    walk->name[walk->base] = '\0';
    if (is_in(file, walk->name))
        return true;
    for (size_t i = 0; i < others->count; i++)
        if (is_in(file, others->items[i]))
            return true;
    return false;
}
