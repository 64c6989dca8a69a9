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

static bool is_sane(struct fcgi_text path)
{
    /* NUL, CR and LF have no honest use in a path, and applications cut names
     * at them (CVE-2019-11043). */
    return path.length > 0 && path.data[0] == '/' &&
           memchr(path.data, '\0', path.length) == NULL &&
           memchr(path.data, '\r', path.length) == NULL &&
           memchr(path.data, '\n', path.length) == NULL;
}

void fcgi_path_refuse(struct fcgi_script *script, int status, const char *why)
{
    script->verdict = FCGI_PATH_REFUSED;
    script->status = status;
    script->why = why;
}

/* Where the last component of a name begins, its slash included; 0 where
 * there is but one. */
static size_t cut(const char *name, size_t length)
{
    while (length > 0 && name[length - 1] != '/')
        length--;
    return length > 0 ? length - 1 : 0;
}

/* How much of the path exists, 0 for nothing; `name`, its file, is shortened
 * likewise. */
static size_t find(struct fcgi_text path, char *name, size_t length,
                   struct stat *st)
{
    size_t kept = path.length;

    name[length] = '\0';
    while (lstat(name, st) < 0) {
        kept = cut(path.data, kept);
        if (kept == 0)
            return 0;
        name[length - (path.length - kept)] = '\0';
    }
    return kept;
}

static void judge(const struct fcgi_http_request *request,
                  struct fcgi_script *script, const char *name, size_t kept,
                  struct stat *st)
{
    size_t rest = request->path.length - kept;

    if (S_ISLNK(st->st_mode) && stat(name, st) < 0)
        return; /* it leads nowhere: the application says so */
    if (S_ISDIR(st->st_mode)) {
        /* With more behind it that is not there, it is like any other file
         * that is not there. */
        if (rest == 0)
            script->verdict = FCGI_PATH_DIRECTORY;
        return;
    }
    if (rest == 0) {
        if (!S_ISREG(st->st_mode))
            fcgi_path_refuse(script, 403,
                             "what the path names is no regular file");
        return;
    }
    /* An application that looks for scripts in paths would run the file, be
     * it an upload. */
    if (!S_ISREG(st->st_mode) ||
        !request->is_script(request->is_script_arg, request->path.data, kept)) {
        fcgi_path_refuse(script, 404,
                         "the path goes on behind a file that is no script");
        return;
    }
    script->name.length -= rest;
    script->filename.length -= rest;
    script->info.data = request->path.data + kept;
    script->info.length = rest;
}

void fcgi_path_split(const struct fcgi_http_request *request,
                     struct fcgi_script *script)
{
    struct fcgi_text file = request->script_filename;
    char name[PATH_MAX];
    struct stat st;
    size_t kept;

    memset(script, 0, sizeof(*script));
    script->name = request->path;
    script->filename = file;
    if (!is_sane(request->path)) {
        fcgi_path_refuse(script, 400, "there is a NUL, CR or LF in the path");
        return;
    }
    if (file.length >= sizeof(name) || file.length < request->path.length)
        return;
    memcpy(name, file.data, file.length);
    kept = find(request->path, name, file.length, &st);
    if (kept == 0)
        return;
    if (S_ISLNK(st.st_mode) && !request->follow_links)
        fcgi_path_refuse(
            script, 403,
            "what the path names is a symbolic link, and SymLink is Off");
    else
        judge(request, script, name, kept, &st);
}
