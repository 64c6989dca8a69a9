/* SPDX-License-Identifier: Apache-2.0
 *
 * Stage 30 and the files.
 *
 * In Monkey 1.6.9 a handler is asked before anybody has looked whether the
 * URI names a file, a directory or a symbolic link, and before an index file
 * is looked for: "/" of a directory with an index.php never matches "\.php",
 * and the core then sends the source (trap n). Up to 1.6.6 the handler comes
 * after all of these.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api.h"
#include "http.h"
#include "mem.h"
#include "mime.h"
#include "rule.h"
#include "serve.h"

/* What became of a request. */
enum outcome { GO_ON, ANSWERED };

static enum outcome answer(int status, struct mk_session *cs,
                           struct mk_request *sr)
{
    serve_http_error(status, cs, sr);
    return ANSWERED;
}

static void compose_path(struct mk_request *sr)
{
    const struct mk_ptr *root = &sr->host_conf->documentroot;
    const struct mk_ptr *uri = &sr->uri_processed;
    size_t len = root->len + uri->len;
    char *path = sr->real_path_static;

    if (len >= sizeof(sr->real_path_static))
        path = serve_mem_alloc(len + 1);
    memcpy(path, root->data, root->len);
    memcpy(path + root->len, uri->data, uri->len);
    path[len] = '\0';
    sr->real_path.data = path;
    sr->real_path.len = len;
}

/* In 1.8 the core makes a head whatever the handler has done, the first time
 * that it asks; so a status must be there, and the head must not be linked into
 * the channel. */
static enum outcome ask_handlers(struct mk_session *cs, struct mk_request *sr,
                                 const char *path, bool first)
{
    if (sr->stage30_blocked)
        return GO_ON;
    for (SERVE_EACH(struct mk_host_handler, h, head,
                    &sr->host_conf->handlers)) {
        struct mk_plugin *plugin = h->handler;
        int r;

        if (!serve_rule_matches(h, path))
            continue;
        sr->stage30_handler = plugin;
        r = plugin->stage->stage30(plugin, cs, sr, h->n_params, &h->params);
        if (MK_ABI == 18 && first)
            serve_header_prepare(cs, sr);
        switch (r) {
        case MK_CONTINUE:
        case MK_END:
            return ANSWERED;
        case MK_CLOSE_CONX:
            return answer(sr->headers.status > 0 ? sr->headers.status : 403, cs,
                          sr);
        default:
            break;
        }
    }
    return GO_ON;
}

static void redirect_directory(struct mk_session *cs, struct mk_request *sr)
{
    int host_len = sr->host.data != NULL ? (int)sr->host.len : 0;
    const char *host = sr->host.data != NULL ? sr->host.data : "";
    char port[16] = "";

    if (sr->host.data != NULL && sr->port > 0 &&
        sr->port != serve.config.standard_port)
        snprintf(port, sizeof(port), ":%d", (int)sr->port);
    serve_header_set_status(sr, 301);
    sr->headers.content_length = 0;
    sr->headers.content_type = (struct mk_ptr){NULL, 0};
    sr->headers.cgi = 0;
    sr->headers.location =
        serve_mem_printf("http://%.*s%s%.*s/\r\n", host_len, host, port,
                         (int)sr->uri_processed.len, sr->uri_processed.data);
    serve_header_prepare(cs, sr);
}

/* Replaces the path of a directory by that of its first index file. */
static bool find_index(struct mk_request *sr)
{
    if (serve.config.index_files == NULL)
        return false;
    for (SERVE_EACH(const struct mk_string_line, name, head,
                    serve.config.index_files)) {
        char *path = serve_mem_printf("%s%s", sr->real_path.data, name->val);
        size_t len = strlen(path);

        if (access(path, F_OK) != 0) {
            serve_mem_free(path);
            continue;
        }
        if (sr->real_path.data != sr->real_path_static)
            serve_mem_free(sr->real_path.data);
        sr->real_path.data = path;
        sr->real_path.len = len;
        if (len < sizeof(sr->real_path_static)) {
            sr->real_path.data = strcpy(sr->real_path_static, path);
            serve_mem_free(path);
        }
        return true;
    }
    return false;
}

static enum outcome check_file(struct mk_session *cs, struct mk_request *sr,
                               int found)
{
    if (found != 0)
        return answer(404, cs, sr);
    if (sr->file_info.is_directory) {
        if (sr->uri_processed.data[sr->uri_processed.len - 1] != '/') {
            redirect_directory(cs, sr);
            if (MK_ABI == 18) /* closes the connection before that is sent */
                shutdown(cs->socket, SHUT_RDWR);
            return ANSWERED;
        }
        if (find_index(sr) &&
            serve_file_get_info(sr->real_path.data, &sr->file_info, 1) != 0)
            return answer(403, cs, sr);
    }
    if (sr->file_info.is_link && !serve.config.symlink)
        return answer(403, cs, sr);
    return GO_ON;
}

/* 1.8 asks a second time, for an index file by its name alone. */
static enum outcome ask_again(struct mk_session *cs, struct mk_request *sr)
{
    const char *path = sr->uri_processed.data;

    if (path[sr->uri_processed.len - 1] == '/' && !sr->file_info.is_directory)
        path = strrchr(sr->real_path.data, '/') + 1;
    return ask_handlers(cs, sr, path, false);
}

static enum outcome check_method(struct mk_session *cs, struct mk_request *sr)
{
    if (sr->method == MK_METHOD_PUT || sr->method == MK_METHOD_DELETE)
        return answer(405, cs, sr);
    if (sr->method == MK_METHOD_UNKNOWN)
        return answer(501, cs, sr);
    serve_header_set_status(sr, 200);
    sr->headers.location = NULL;
    sr->headers.content_length = 0;
    sr->headers.pconnections_left =
        serve.config.max_keep_alive_request - cs->counter_connections;
    if (sr->method == MK_METHOD_OPTIONS) {
        serve_header_prepare(cs, sr);
        return ANSWERED;
    }
    sr->headers.allow_methods = (struct mk_ptr){NULL, 0};
    if (!sr->file_info.read_access || sr->file_info.is_directory)
        return answer(403, cs, sr);
    if (sr->file_info.size == 0)
        return answer(404, cs, sr); /* an empty file */
    return GO_ON;
}

static bool is_fresh(const struct mk_request *sr)
{
    struct tm tm = {0};
    time_t known;

    if (sr->if_modified_since.data == NULL || sr->method != MK_METHOD_GET ||
        strptime(sr->if_modified_since.data, "%a, %d %b %Y %H:%M:%S GMT",
                 &tm) == NULL)
        return false;
    known = timegm(&tm);
    return known > 0 && sr->file_info.last_modification <= known;
}

/* "bytes=A-B", "bytes=A-" or "bytes=-N": false if it is none of them. */
static bool parse_range(struct mk_request *sr)
{
    struct mk_response *sh = &sr->headers;
    char text[64];
    char *dash;
    char *end;
    long from = -1;
    long to = -1;

    if (sr->range.len >= sizeof(text) || sr->range.len < 7 ||
        strncasecmp(sr->range.data, "bytes=", 6) != 0)
        return false;
    memcpy(text, sr->range.data, sr->range.len);
    text[sr->range.len] = '\0';
    dash = strchr(text, '-');
    if (dash == NULL)
        return false;
    if (dash != text + 6)
        from = strtol(text + 6, &end, 10);
    if (dash[1] != '\0')
        to = strtol(dash + 1, &end, 10);
    if ((from < 0 && to <= 0) || (to >= 0 && from > to) || from > 0x7fffffff ||
        to > 0x7fffffff)
        return false;
    sh->ranges[0] = (int)from;
    sh->ranges[1] = (int)to;
    return true;
}

/* Sets what of the file is sent: false if it is not there. */
static bool apply_range(struct mk_request *sr)
{
    struct mk_response *sh = &sr->headers;
    long size = (long)sr->file_info.size;
    long from = sh->ranges[0];
    long to = sh->ranges[1] >= 0 ? sh->ranges[1] : size - 1;

    if (from < 0) {
        from = size - sh->ranges[1];
        to = size - 1;
    }
    if (from < 0 || from >= size || to >= size)
        return false;
    SERVE_FILE(sr)->bytes_offset = from;
    SERVE_FILE(sr)->bytes_total = (size_t)(to - from + 1);
    sh->content_length = to - from + 1;
    return true;
}

static enum outcome set_range(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_response *sh = &sr->headers;
    int status = 206;

    if (sr->range.data == NULL || !serve.config.resume)
        return GO_ON;
    if (!parse_range(sr))
        status = 400;
    else if (!apply_range(sr))
        status = 416;
    if (status == 206) {
        serve_header_set_status(sr, status);
        return GO_ON;
    }
    sh->ranges[0] = -1;
    sh->ranges[1] = -1;
    return answer(status, cs, sr);
}

static void send_file(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_response *sh = &sr->headers;
    int fd;

    sh->content_length = (long)sr->file_info.size;
    sh->real_length = (long)sr->file_info.size;
    fd = open(sr->real_path.data, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        answer(403, cs, sr);
        return;
    }
    SERVE_FILE(sr)->fd = fd;
    SERVE_FILE(sr)->bytes_offset = 0;
    SERVE_FILE(sr)->bytes_total = sr->file_info.size;
    sh->content_type = (struct mk_ptr){NULL, 0};
    if (sr->method != MK_METHOD_POST) {
        serve_mime_find(sr->real_path.data, &sh->content_type);
        if (set_range(cs, sr) == ANSWERED)
            return;
    }
    serve_header_prepare(cs, sr);
    if (sr->method != MK_METHOD_HEAD)
        serve_queue_file(cs, sr, MK_ABI == 16);
    /* Off again with the file's first bytes: after HEAD, never, and what
     * then is written to the socket may wait for 200 ms. */
    if (MK_ABI == 16)
        serve_set_cork(cs->socket, 1);
}

void serve_static(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_response *sh = &sr->headers;
    bool first = serve.layout->handler_first;
    int found;

    compose_path(sr);
    if (memmem(sr->uri_processed.data, sr->uri_processed.len, "..", 2)) {
        answer(403, cs, sr);
        return;
    }
    if (sr->content_length_p.data != NULL && sr->method != MK_METHOD_POST &&
        sr->method != MK_METHOD_PUT) {
        if (MK_ABI == 16) {
            answer(400, cs, sr);
            return;
        }
        sr->content_length_p = (struct mk_ptr){NULL, 0};
    }
    sr->uri_processed.data[sr->uri_processed.len] = '\0';
    found = serve_file_get_info(sr->real_path.data, &sr->file_info, 1);
    if ((first &&
         ask_handlers(cs, sr, sr->uri_processed.data, true) == ANSWERED) ||
        check_file(cs, sr, found) == ANSWERED ||
        (!first &&
         ask_handlers(cs, sr, sr->uri_processed.data, false) == ANSWERED) ||
        (MK_ABI == 18 && ask_again(cs, sr) == ANSWERED) ||
        check_method(cs, sr) == ANSWERED)
        return;
    sh->last_modified = sr->file_info.last_modification;
    sh->etag_len = snprintf(
        sh->etag_buf, sizeof(sh->etag_buf), "ETag: \"%x-%zx\"\r\n",
        (unsigned int)sr->file_info.last_modification, sr->file_info.size);
    if (is_fresh(sr)) {
        serve_header_set_status(sr, 304);
        serve_header_prepare(cs, sr);
        return;
    }
    send_file(cs, sr);
}
