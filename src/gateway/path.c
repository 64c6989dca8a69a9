/* SPDX-License-Identifier: Apache-2.0
 *
 * Splitting a path into the script and what follows it. It is done on the
 * bytes that were received, and by looking which file there is: the first
 * `.php` in a path need not be the script's. Only where files are not to be
 * looked for, the extension decides.
 */
#include "gateway/path.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "gateway/walk.h"

static bool has_front(const struct fcgi_server_config *config)
{
    return config->front_controller != NULL;
}

/* The extension of the front controller, "" where it has none. */
static const char *front_extension(const struct fcgi_server_config *config)
{
    const char *slash, *dot;

    if (!has_front(config))
        return "";
    slash = strrchr(config->front_controller, '/');
    dot = strrchr(slash ? slash : config->front_controller, '.');
    return dot != NULL ? dot : "";
}

const char *fcgi_path_default_index(const struct fcgi_server_config *config)
{
    return front_extension(config)[0] != '\0'
               ? strrchr(config->front_controller, '/') + 1
               : NULL;
}

/* Whether it is told what may run, or all that comes may. */
static bool is_limited(const struct fcgi_server_config *config)
{
    return config->extensions.count > 0 || has_front(config);
}

/* Whether scripts have to exist here. */
static bool is_strict(const struct fcgi_server_config *config)
{
    const char *key = config->check_script;

    if (key != NULL && strcasecmp(key, "on") == 0)
        return true;
    if (key != NULL && strcasecmp(key, "off") == 0)
        return false;
    return config->document_root == NULL &&
           (config->extensions.count > 0 || front_extension(config)[0] != '\0');
}

static bool ends_with(const char *path, size_t length, const char *end,
                      bool any_case)
{
    size_t n = strlen(end);

    if (n == 0 || length < n)
        return false;
    path += length - n;
    return any_case ? strncasecmp(path, end, n) == 0
                    : memcmp(path, end, n) == 0;
}

static bool has_extension(const struct fcgi_server_config *config,
                          const char *path, size_t length, bool any_case)
{
    for (size_t i = 0; i < config->extensions.count; i++)
        if (ends_with(path, length, config->extensions.items[i], any_case))
            return true;
    return config->extensions.count == 0 &&
           ends_with(path, length, front_extension(config), any_case);
}

/* Goes to the next part of a path that names something; false at its end. */
static bool next_part(struct fcgi_text path, size_t *at, struct fcgi_text *part)
{
    while (*at < path.length) {
        size_t end = fcgi_walk_part(path, *at);

        *part = (struct fcgi_text){path.data + *at, end - *at};
        *at = end + 1;
        if (part->length > 0 && (part->length > 1 || part->data[0] != '.'))
            return true;
    }
    return false;
}

/* Whether a path is that of the front controller, whatever its extension, and
 * with how many slashes and dots ever: nobody must see its source. */
static bool is_front(const struct fcgi_server_config *config,
                     struct fcgi_text path)
{
    struct fcgi_text front, one, other;
    size_t i = 0, j = 0;

    if (!has_front(config))
        return false;
    front.data = config->front_controller;
    front.length = strlen(front.data);
    while (next_part(front, &i, &one))
        if (!next_part(path, &j, &other) || one.length != other.length ||
            memcmp(one.data, other.data, one.length) != 0)
            return false;
    return !next_part(path, &j, &other);
}

static bool may_run(const struct fcgi_http_request *request,
                    const struct fcgi_server_config *config, size_t length)
{
    return is_limited(config)
               ? has_extension(config, request->path.data, length, false) ||
                     is_front(config,
                              (struct fcgi_text){request->path.data, length})
               : request->is_script(request->is_script_arg, request->path.data,
                                    length);
}

bool fcgi_path_may_run(const struct fcgi_server_config *config,
                       struct fcgi_text path)
{
    return !is_limited(config) ||
           has_extension(config, path.data, path.length, true) ||
           is_front(config, path);
}

static bool is_sane(struct fcgi_text path)
{
    /* NUL, CR and LF have no honest use in a path, and applications cut names
     * at them (CVE-2019-11043). */
    return path.length > 0 && path.data[0] == '/' &&
           memchr(path.data, '\0', path.length) == NULL &&
           memchr(path.data, '\r', path.length) == NULL &&
           memchr(path.data, '\n', path.length) == NULL;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
           (c >= 'A' && c <= 'F');
}

/* Whether each '%' has its two digits, not both of them 0. A host that finds
 * one which has not may decode nothing at all, and the application all the
 * rest; and one that decodes a NUL may end the path there. */
static bool is_well_escaped(struct fcgi_text uri)
{
    for (size_t i = 0; i < uri.length; i++)
        if (uri.data[i] == '%' &&
            (uri.length - i < 3 || !is_hex(uri.data[i + 1]) ||
             !is_hex(uri.data[i + 2]) ||
             (uri.data[i + 1] == '0' && uri.data[i + 2] == '0')))
            return false;
    return true;
}

static bool has_parent(struct fcgi_text path)
{
    for (size_t at = 0, end; at < path.length; at = end + 1) {
        end = fcgi_walk_part(path, at);
        if (end - at == 2 && memcmp(path.data + at, "..", 2) == 0)
            return true;
    }
    return false;
}

void fcgi_path_refuse(struct fcgi_script *script, int status, const char *why)
{
    script->verdict = FCGI_PATH_REFUSED;
    script->status = status;
    script->why = why;
}

static void refuse_link(struct fcgi_script *script)
{
    fcgi_path_refuse(
        script, 403,
        "what the path names is a symbolic link, and SymLink is Off");
}

static void refuse_missing(struct fcgi_script *script)
{
    fcgi_path_refuse(script, 404,
                     "there is no such script below the document root "
                     "(CheckScript; where the application has files that "
                     "Monkey cannot see, set it to Off)");
}

static void refuse_fragment(struct fcgi_script *script)
{
    fcgi_path_refuse(script, 403,
                     "the Match rule has found an extension that is not that "
                     "of the file (end it with $, or set Extensions)");
}

/* Takes the path up to `end` for the script. */
static void run(const struct fcgi_http_request *request, size_t end,
                struct fcgi_script *script)
{
    size_t rest = request->path.length - end;

    script->name.length -= rest;
    script->file.length -= rest;
    if (rest > 0)
        script->info = (struct fcgi_text){request->path.data + end, rest};
}

static void run_front(const struct fcgi_http_request *request,
                      const struct fcgi_server_config *config,
                      struct fcgi_script *script, struct fcgi_walk *walk)
{
    struct fcgi_text name = {config->front_controller,
                             strlen(config->front_controller)};
    struct fcgi_text path = request->path;
    char whole[PATH_MAX];

    while (name.length > 0 && name.data[name.length - 1] == '/')
        name.length--;
    if (is_strict(config)) {
        struct fcgi_text file = {whole,
                                 request->document_root.length + name.length};

        walk->found = FCGI_WALK_NOTHING;
        if (file.length < sizeof(whole)) {
            memcpy(whole, request->document_root.data,
                   request->document_root.length);
            memcpy(whole + request->document_root.length, name.data,
                   name.length);
            fcgi_walk(name, file, walk);
        }
        if (walk->found != FCGI_WALK_FILE || walk->end != name.length ||
            (walk->link && (!request->follow_links ||
                            !fcgi_walk_is_inside(walk, &config->link_roots)))) {
            fcgi_path_refuse(script, 404,
                             "the FrontController is no file below the "
                             "document root (CheckScript)");
            return;
        }
    }
    script->name = script->file = name;
    script->folder = request->document_root;
    /* The path behind it, where it is a folder to the client. */
    if (config->path_info && path.length > name.length &&
        path.data[name.length] == '/' &&
        memcmp(path.data, name.data, name.length) == 0)
        script->info = (struct fcgi_text){path.data + name.length,
                                          path.length - name.length};
}

/* What the path leads nowhere for: the front controller, or nobody. */
static void run_front_or_refuse(const struct fcgi_http_request *request,
                                const struct fcgi_server_config *config,
                                struct fcgi_script *script,
                                struct fcgi_walk *walk, const char *why)
{
    if (has_front(config))
        run_front(request, config, script, walk);
    else
        fcgi_path_refuse(script, 404, why);
}

static void judge_file(const struct fcgi_http_request *request,
                       const struct fcgi_server_config *config,
                       struct fcgi_script *script, struct fcgi_walk *walk)
{
    bool more = walk->end < request->path.length;

    if (!may_run(request, config, walk->end)) {
        /* An application that looks for scripts in paths would run the file,
         * be it an upload. */
        if (more)
            run_front_or_refuse(
                request, config, script, walk,
                "the path goes on behind a file that is no script");
        else if (!is_limited(config))
            refuse_fragment(script);
        else if (has_extension(config, request->path.data, walk->end, true))
            fcgi_path_refuse(script, 403,
                             "the file's extension is one of Extensions but "
                             "for upper and lower case");
        else
            script->verdict = FCGI_PATH_HOST;
        return;
    }
    if (more && !config->path_info) {
        run_front_or_refuse(request, config, script, walk,
                            "the path goes on behind the script, and PathInfo "
                            "is Off");
        return;
    }
    if (walk->link && !request->follow_links)
        refuse_link(script);
    else if (walk->link && is_strict(config) &&
             !fcgi_walk_is_inside(walk, &config->link_roots))
        fcgi_path_refuse(script, 403,
                         "a symbolic link leads out of the document root "
                         "(CheckScript; LinkRoots names where else it may "
                         "lead)");
    else
        run(request, walk->end, script);
}

/* How many parts of a path the host's rules are asked about. */
#define PARTS_ASKED 8

/*
 * Where the script ends that cannot be seen, or 0: behind the first part of the
 * path that has an extension. Where the rules decide they may mean all of the
 * path. What has been seen to be a folder is no script, whatever its name.
 */
static size_t find_script(const struct fcgi_http_request *request,
                          const struct fcgi_server_config *config,
                          const struct fcgi_walk *walk)
{
    struct fcgi_text path = request->path;
    bool limited = is_limited(config);
    int asked = 0;

    if (!limited && may_run(request, config, path.length))
        return path.length;
    for (size_t at = walk->begin, end; at < path.length; at = end + 1) {
        end = fcgi_walk_part(path, at);
        if (limited && end > at && has_extension(config, path.data, end, false))
            return end;
        if (!limited && memchr(path.data + at, '.', end - at) != NULL) {
            if (may_run(request, config, end))
                return end;
            if (++asked == PARTS_ASKED)
                return 0;
        }
    }
    return 0;
}

/* Nothing is there, as far as one can see from here. */
static void judge_nothing(const struct fcgi_http_request *request,
                          const struct fcgi_server_config *config,
                          struct fcgi_script *script, struct fcgi_walk *walk)
{
    size_t end = is_strict(config) ? 0 : find_script(request, config, walk);

    if (walk->link && !request->follow_links && (end > 0 || !has_front(config)))
        refuse_link(script);
    else if (end > 0 && (end == request->path.length || config->path_info))
        run(request, end, script);
    else if (has_front(config))
        run_front(request, config, script, walk);
    else if (end == 0 && !is_strict(config) && !is_limited(config))
        refuse_fragment(script);
    else if (is_limited(config) && find_script(request, config, walk) == 0)
        fcgi_path_refuse(script, 404,
                         "there is no such file, and nothing of the path ends "
                         "in one of Extensions");
    else
        refuse_missing(script);
}

static void judge_directory(const struct fcgi_http_request *request,
                            const struct fcgi_server_config *config,
                            struct fcgi_script *script, struct fcgi_walk *walk)
{
    struct fcgi_text path = request->path;

    if (!has_front(config) && walk->link && !request->follow_links)
        refuse_link(script);
    else if (!has_front(config) || path.data[path.length - 1] != '/' ||
             request->has_index)
        script->verdict = FCGI_PATH_HOST; /* which adds a slash, or the file */
    else
        run_front(request, config, script, walk);
}

static void judge(const struct fcgi_http_request *request,
                  const struct fcgi_server_config *config,
                  struct fcgi_script *script, struct fcgi_walk *walk)
{
    switch (walk->found) {
    case FCGI_WALK_FILE:
        judge_file(request, config, script, walk);
        return;
    case FCGI_WALK_DIRECTORY:
        judge_directory(request, config, script, walk);
        return;
    case FCGI_WALK_SPECIAL:
        fcgi_path_refuse(script, 403, "what the path names is no regular file");
        return;
    case FCGI_WALK_FORBIDDEN:
        if (is_strict(config)) {
            fcgi_path_refuse(script, 403,
                             "the user that Monkey runs as may not look into "
                             "a folder of the path (CheckScript)");
            return;
        }
        break;
    case FCGI_WALK_NOTHING:
        break;
    }
    judge_nothing(request, config, script, walk);
}

/* Looks for what a path names; false where it is refused. */
static bool look(const struct fcgi_http_request *request,
                 struct fcgi_script *script, struct fcgi_walk *walk)
{
    struct fcgi_text file = request->script_filename;

    memset(script, 0, sizeof(*script));
    script->name = request->path;
    if (!is_sane(request->path)) {
        fcgi_path_refuse(script, 400, "there is a NUL, CR or LF in the path");
        return false;
    }
    if (!is_well_escaped(request->uri)) {
        fcgi_path_refuse(
            script, 400,
            "there is a % without two digits, or a NUL, in the path");
        return false;
    }
    if (has_parent(request->path)) {
        fcgi_path_refuse(script, 403, "there is a '..' in the path");
        return false;
    }
    fcgi_walk(request->path, file, walk);
    script->folder = (struct fcgi_text){file.data, walk->base};
    script->file =
        (struct fcgi_text){file.data + walk->base, file.length - walk->base};
    return true;
}

void fcgi_path_split(const struct fcgi_http_request *request,
                     const struct fcgi_server_config *config,
                     struct fcgi_script *script)
{
    struct fcgi_walk walk;

    if (look(request, script, &walk))
        judge(request, config, script, &walk);
}

void fcgi_path_file(const struct fcgi_http_request *request,
                    struct fcgi_script *script)
{
    struct fcgi_walk walk;

    if (look(request, script, &walk))
        script->verdict = FCGI_PATH_FILE;
}
