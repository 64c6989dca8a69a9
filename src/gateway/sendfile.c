/* SPDX-License-Identifier: Apache-2.0
 *
 * A file that the application names.
 */
#include "gateway/sendfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/escape.h"
#include "gateway/date.h"
#include "gateway/params.h"
#include "gateway/walk.h"
#include "http/target.h"

#define ACCEL "x-accel-redirect"
#define SENDFILE "x-sendfile"

/* The value of a field; absent where there is none. */
static struct fcgi_text find(const struct fcgi_header *header,
                             const char *lower)
{
    struct fcgi_field field;
    size_t at = 0;

    while (fcgi_header_next(header, &at, &field))
        if (fcgi_header_is(field.name, field.name_length, lower))
            return (struct fcgi_text){field.value, field.value_length};
    return (struct fcgi_text){NULL, 0};
}

bool fcgi_sendfile_is_asked(const struct fcgi_header *header)
{
    struct fcgi_field field;
    size_t at = 0;

    while (fcgi_header_next(header, &at, &field))
        if (fcgi_header_is(field.name, field.name_length, ACCEL) ||
            fcgi_header_is(field.name, field.name_length, SENDFILE))
            return true;
    return false;
}

/* --- which file -------------------------------------------------------- */

/* Opens a file below a folder, whose own name may lead over links. -1 with
 * errno. */
static int open_below(const char *folder, struct fcgi_text path)
{
    char part[NAME_MAX + 1];
    int at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

    for (size_t begin = 0, end; at >= 0 && begin < path.length; begin = end) {
        int flags = O_PATH | O_DIRECTORY, below;

        begin += path.data[begin] == '/';
        end = fcgi_walk_part(path, begin);
        if (end == begin || (end - begin == 1 && path.data[begin] == '.'))
            continue;
        if (end - begin > NAME_MAX) {
            close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(part, path.data + begin, end - begin);
        part[end - begin] = '\0';
        if (end == path.length)
            flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
        if (strcmp(part, "..") == 0) {
            below = -1;
            errno = ENOENT;
        } else {
            below = openat(at, part, flags | O_NOFOLLOW | O_CLOEXEC);
        }
        close(at);
        at = below;
    }
    return at;
}

/* A path of the site. */
static int open_path(struct fcgi_text raw, const struct fcgi_buffer *params,
                     const struct fcgi_host *host, void *handle,
                     const char **why)
{
    struct fcgi_text root = fcgi_params_find(params, "DOCUMENT_ROOT");
    const char *query = memchr(raw.data, '?', raw.length);
    char path[PATH_MAX], folder[PATH_MAX];
    struct fcgi_http_path decoded;

    if (query != NULL)
        raw.length = (size_t)(query - raw.data);
    if (raw.length >= sizeof(path) || root.length == 0 ||
        root.length >= sizeof(folder) ||
        fcgi_http_path_decode(raw, path, &decoded) != NULL ||
        decoded.has_empties) {
        *why = "is no path of a site";
        return -1;
    }
    if (!host->is_plain(handle, path, decoded.length)) {
        *why = "is not sent, as a Match rule has it executed";
        return -1;
    }
    memcpy(folder, root.data, root.length);
    folder[root.length] = '\0';
    return open_below(folder, (struct fcgi_text){path, decoded.length});
}

/* A file by its name. */
static int open_name(struct fcgi_text name, const struct fcgi_words *roots,
                     const char **why)
{
    for (size_t i = 0; i < roots->count; i++) {
        const char *root = roots->items[i];
        size_t length = strlen(root);

        while (length > 0 && root[length - 1] == '/')
            length--;
        if (name.length > length && memcmp(name.data, root, length) == 0 &&
            name.data[length] == '/')
            return open_below(root, (struct fcgi_text){name.data + length,
                                                       name.length - length});
    }
    *why = "is in no folder of SendfileRoots";
    return -1;
}

/* --- which part of it -------------------------------------------------- */

static bool is_same(struct fcgi_text a, struct fcgi_text b)
{
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static bool is_weak(struct fcgi_text tag)
{
    return tag.length > 2 && memcmp(tag.data, "W/", 2) == 0;
}

static struct fcgi_text strengthen(struct fcgi_text tag)
{
    return is_weak(tag) ? (struct fcgi_text){tag.data + 2, tag.length - 2}
                        : tag;
}

/* What says which version of the file it is. */
struct validators {
    struct fcgi_text tag, date;
};

/* Whether the client has this version (RFC 9110, 13.2.2). */
static bool is_known(const struct fcgi_buffer *params,
                     const struct validators *of)
{
    struct fcgi_text tags = fcgi_params_find(params, "HTTP_IF_NONE_MATCH");
    struct fcgi_text date = fcgi_params_find(params, "HTTP_IF_MODIFIED_SINCE");
    struct fcgi_text tag;

    if (tags.data == NULL)
        return date.length > 0 && is_same(date, of->date);
    while (fcgi_http_text_element(&tags, &tag))
        if ((tag.length == 1 && tag.data[0] == '*') ||
            is_same(strengthen(tag), strengthen(of->tag)))
            return true;
    return false;
}

/* Whether a range is wanted of just this version (13.1.5). */
static bool is_current(const struct fcgi_buffer *params,
                       const struct validators *of)
{
    struct fcgi_text wanted = fcgi_params_find(params, "HTTP_IF_RANGE");

    return wanted.data == NULL || is_same(wanted, of->date) ||
           (!is_weak(wanted) && is_same(wanted, of->tag));
}

/* Reads digits; false where there are none. A number that is too large is the
 * largest. */
static bool read_number(const char **at, const char *end, uint64_t *number)
{
    const char *begin = *at;

    *number = 0;
    for (; *at < end && fcgi_http_text_in(**at, FCGI_HTTP_DIGIT); ++*at)
        if (__builtin_mul_overflow(*number, 10U, number) ||
            __builtin_add_overflow(*number, (unsigned)(**at - '0'), number))
            *number = UINT64_MAX / 10;
    return *at > begin;
}

/* Reads a range of bytes (14.1.2): 206, 416, or 0 for the whole, as where there
 * are several, which a server need not tell apart. */
static int read_range(struct fcgi_text range, uint64_t size, uint64_t *offset,
                      uint64_t *length)
{
    const char *at = range.data, *end = at + range.length;
    uint64_t first, last;

    if (range.length < 7 || strncasecmp(at, "bytes=", 6) != 0)
        return 0;
    at += 6;
    if (*at == '-') {
        at++;
        if (!read_number(&at, end, &last) || at < end)
            return 0;
        if (last == 0 || size == 0)
            return 416;
        *length = last < size ? last : size;
        *offset = size - *length;
        return 206;
    }
    if (!read_number(&at, end, &first) || at == end || *at++ != '-')
        return 0;
    last = UINT64_MAX;
    if (at < end && (!read_number(&at, end, &last) || at < end || last < first))
        return 0;
    if (first >= size)
        return 416;
    *offset = first;
    *length = last < size ? last - first + 1 : size - first;
    return 206;
}

/* The head of the answer: which part, and what is said of it. */
static void compose(struct fcgi_sendfile *send,
                    const struct fcgi_header *header,
                    const struct fcgi_buffer *params, const struct stat *st,
                    bool whole)
{
    struct fcgi_text method = fcgi_params_find(params, "REQUEST_METHOD");
    struct fcgi_text range = fcgi_params_find(params, "HTTP_RANGE");
    struct fcgi_reply_file *head = &send->head;
    bool get = is_same(method, (struct fcgi_text){"GET", 3});
    struct validators of = {find(header, "etag"),
                            find(header, "last-modified")};
    uint64_t size = (uint64_t)st->st_size;
    struct fcgi_field reason;
    int status = fcgi_header_status(header, &reason);
    size_t n = 0;

    *head = (struct fcgi_reply_file){.length = size};
    send->offset = 0;
    send->length = size;
    if (of.tag.data == NULL) {
        n = (size_t)snprintf(head->tag, sizeof(head->tag), "\"%llx.%llx-%llx\"",
                             (unsigned long long)st->st_mtim.tv_sec,
                             (unsigned long long)st->st_mtim.tv_nsec,
                             (unsigned long long)size);
        of.tag = (struct fcgi_text){head->tag, n};
    }
    if (of.date.data == NULL) {
        fcgi_date_of(head->date, sizeof(head->date), st->st_mtim.tv_sec);
        of.date = (struct fcgi_text){head->date, strlen(head->date)};
    }
    if (whole || (status != 0 && status != 200) ||
        (status == 0 && find(header, "location").data != NULL))
        return; /* an error, say, whose page is a file */
    if ((get || is_same(method, (struct fcgi_text){"HEAD", 4})) &&
        is_known(params, &of)) {
        head->status = 304;
        send->length = 0;
    } else if (get && range.length > 0 && is_current(params, &of)) {
        head->status = read_range(range, size, &send->offset, &send->length);
        if (head->status == 416)
            send->length = 0;
    }
    head->length = send->length;
    if (head->status == 206)
        snprintf(head->range, sizeof(head->range), "bytes %llu-%llu/%llu",
                 (unsigned long long)send->offset,
                 (unsigned long long)(send->offset + send->length - 1),
                 (unsigned long long)size);
    else if (head->status == 416)
        snprintf(head->range, sizeof(head->range), "bytes */%llu",
                 (unsigned long long)size);
}

bool fcgi_sendfile_open(struct fcgi_sendfile *send,
                        const struct fcgi_header *header,
                        const struct fcgi_buffer *params,
                        const struct fcgi_server_config *config,
                        const struct fcgi_host *host, void *handle, bool whole,
                        char why[static FCGI_SENDFILE_TEXT])
{
    struct fcgi_text accel = find(header, ACCEL);
    struct fcgi_text name = accel.data != NULL ? accel : find(header, SENDFILE);
    const char *reason = NULL;
    char shown[FCGI_SENDFILE_TEXT / 2];
    struct stat st;

    send->file = accel.data != NULL
                     ? open_path(name, params, host, handle, &reason)
                     : open_name(name, &config->sendfile_roots, &reason);
    if (send->file >= 0 && fstat(send->file, &st) == 0 && S_ISREG(st.st_mode)) {
        compose(send, header, params, &st, whole);
        return true;
    }
    if (send->file >= 0) {
        reason = "is no file";
        close(send->file);
    } else if (reason == NULL) {
        reason = errno == ELOOP || errno == ENOTDIR
                     ? "leads over a symbolic link, or what is no folder"
                     : strerror(errno);
    }
    fcgi_escape(shown, sizeof(shown), 0, name.data, name.length);
    snprintf(why, FCGI_SENDFILE_TEXT, "%s \"%s\", which %s%s",
             accel.data != NULL ? "X-Accel-Redirect" : "X-Sendfile", shown,
             send->file < 0 && reason[0] >= 'A' && reason[0] <= 'Z'
                 ? "cannot be opened: "
                 : "",
             reason);
    return false;
}

/* --- the site's own ------------------------------------------------------ */

/* The status for a file that cannot be opened. */
static int refuse(int error, const char **why)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        *why = "there is no such file";
        return 404;
    case ELOOP:
        *why = "what the path names is a symbolic link, and SymLink is Off";
        return 403;
    case EACCES:
    case EPERM:
        *why = "this server may not read the file";
        return 403;
    }
    *why =
        "the file cannot be opened (descriptors or memory are short, or "
        "the disk fails)";
    return 503;
}

/* What is no file: a folder lacks its slash, or its index file. */
static int refuse_other(const char *name, mode_t mode, const char **why)
{
    if (S_ISDIR(mode) && name[strlen(name) - 1] != '/')
        return 301;
    *why = S_ISDIR(mode) ? "the path names a folder without an index file"
                         : "what the path names is no regular file";
    return 403;
}

int fcgi_sendfile_open_site(struct fcgi_sendfile *send,
                            const struct fcgi_sendfile_site *site,
                            const struct fcgi_header *header,
                            const struct fcgi_buffer *params, const char **why)
{
    struct fcgi_text method = fcgi_params_find(params, "REQUEST_METHOD");
    struct fcgi_text file = fcgi_params_find(params, "SCRIPT_FILENAME");
    char name[PATH_MAX], folder[PATH_MAX];
    struct stat st;

    if (!is_same(method, (struct fcgi_text){"GET", 3}) &&
        !is_same(method, (struct fcgi_text){"HEAD", 4})) {
        *why = "a file can be read alone";
        return 405;
    }
    if (file.length == 0 || file.length >= sizeof(name))
        return refuse(ENAMETOOLONG, why);
    memcpy(name, file.data, file.length);
    name[file.length] = '\0';
    memcpy(folder, name, site->folder);
    folder[site->folder] = '\0';
    if (stat(name, &st) == 0 && !S_ISREG(st.st_mode))
        return refuse_other(name, st.st_mode, why);
    send->file =
        site->follow_links
            ? open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            : open_below(folder,
                         (struct fcgi_text){name + site->folder,
                                            file.length - site->folder});
    if (send->file < 0)
        return refuse(errno, why);
    if (fstat(send->file, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(send->file);
        return refuse(EACCES, why);
    }
    compose(send, header, params, &st, false);
    return 0;
}
