/* SPDX-License-Identifier: Apache-2.0
 *
 * Splitting a path into the script and what follows it. It is done on the
 * bytes that were received, and by looking which file there is, not by
 * searching for an extension: the first `.php` in a path need not be the
 * script's.
 */
#include "gateway/path.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define EXTENSION ".php"

static bool is_sane(struct fcgi_text path)
{
    /* NUL, CR and LF have no honest use in a path, and applications cut names
     * at them (CVE-2019-11043). */
    return path.length > 0 && path.data[0] == '/' &&
           memchr(path.data, '\0', path.length) == NULL &&
           memchr(path.data, '\r', path.length) == NULL &&
           memchr(path.data, '\n', path.length) == NULL;
}

static bool has_extension(const char *name, size_t length)
{
    size_t n = strlen(EXTENSION);

    return length > n && memcmp(name + length - n, EXTENSION, n) == 0;
}

/* Where the last component of a name begins, its slash included; 0 where
 * there is but one. */
static size_t cut(const char *name, size_t length)
{
    while (length > 0 && name[length - 1] != '/')
        length--;
    return length > 0 ? length - 1 : 0;
}

int fcgi_path_split(const struct fcgi_http_request *request,
                    struct fcgi_script *script)
{
    struct fcgi_text path = request->path;
    size_t length = request->script_filename.length;
    size_t kept = path.length; /* of the path; the file name goes with it */
    char name[PATH_MAX];
    struct stat st;

    script->name = path;
    script->filename = request->script_filename;
    script->info = (struct fcgi_text){NULL, 0};
    if (!is_sane(path))
        return 400;
    if (length >= sizeof(name) || length < path.length)
        return 0;
    memcpy(name, request->script_filename.data, length);
    name[length] = '\0';
    while (stat(name, &st) < 0) {
        /* Not there: but what stands before the last slash may be. */
        kept = cut(path.data, kept);
        if (kept == 0)
            return 0;
        length = request->script_filename.length - (path.length - kept);
        name[length] = '\0';
    }
    if (kept == path.length || !S_ISREG(st.st_mode))
        return 0;
    /* A file that is no script, and something behind it: an application that
     * looks for scripts in paths would run it, an upload perhaps. */
    if (!has_extension(name, length))
        return 404;
    script->name.length = kept;
    script->filename.length = length;
    script->info.data = path.data + kept;
    script->info.length = path.length - kept;
    return 0;
}
