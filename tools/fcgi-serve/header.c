/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads of the core's own answers, and its error pages.
 *
 * A plugin may have its head made here too, and then meets what it meets in
 * Monkey: an ETag of the connection's last file (trap f), Connection for
 * HTTP/1.0 only, an end of the process for a status that has no text.
 */
#include <fcntl.h>
#include <string.h>

#include "access.h"
#include "api.h"
#include "http.h"
#include "log.h"
#include "mem.h"
#include "serve.h"
#include "vhost.h"

#define CUSTOM_STATUS 7
#define EXTRA_ROWS 18
#define SLOTS 32

/* The statuses that Monkey has a text for, and its texts: neither as many nor
 * the same as those of src/gateway/reason.c. */
struct status {
    int number;
    const char *text;
};

static const struct status statuses[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Request Entity Too Large"},
    {414, "Request-URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Requested Range Not Satisfiable"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

static const char *status_text(int number)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].number == number)
            return statuses[i].text;
    return NULL;
}

void serve_header_reset(struct mk_response *headers)
{
    struct mk_iov *iov = &headers->headers_iov;

    headers->status = MK_STATUS_NONE;
    headers->sent = 0;
    headers->ranges[0] = -1;
    headers->ranges[1] = -1;
    headers->content_length = -1;
    headers->connection = 0;
    headers->transfer_encoding = -1;
    headers->last_modified = -1;
    headers->cgi = 0;
    headers->content_type = (struct mk_ptr){NULL, 0};
    headers->content_encoding = (struct mk_ptr){NULL, 0};
    headers->location = NULL;
    headers->extra_rows = NULL;
    headers->allow_methods.len = 0;

    iov->io = headers->iov_io;
    iov->buf_to_free = headers->iov_buf;
    iov->iov_idx = 0;
    iov->buf_idx = 0;
    iov->total_len = 0;
    iov->size = SLOTS;
}

/* Frees what an answer that was never sent, or not to its end, holds. */
void serve_header_discard(struct mk_response *headers)
{
    serve_iov_free_marked(&headers->headers_iov);
    serve_mem_free(headers->location);
    headers->location = NULL;
    serve_mem_free(headers->extra_rows);
    headers->extra_rows = NULL;
}

void serve_header_set_status(struct mk_request *sr, int status)
{
    sr->headers.status = status;
}

/* Takes the address of the row, not its bytes. */
int serve_header_add(struct mk_request *sr, char *row, int len)
{
    static char crlf[] = "\r\n";
    const size_t slots = (size_t)EXTRA_ROWS * 2;
    struct mk_iov *iov = sr->headers.extra_rows;

    if (iov == NULL) {
        iov = serve_mem_alloc_z(sizeof(*iov) + slots * sizeof(struct iovec));
        iov->io = (struct iovec *)(iov + 1);
        iov->size = (int)slots;
        sr->headers.extra_rows = iov;
    }
    serve_iov_add(iov, row, (size_t)len, false);
    serve_iov_add(iov, crlf, 2, false);
    return 0;
}

struct mk_header *serve_header_get(int id, struct mk_request *sr,
                                   const char *key, unsigned int len)
{
    struct mk_parser *p = &sr->session->parser;

    if (id >= 0 && id < MK_HEADERS)
        return &p->headers[id];
    if (id != MK_HEADER_OTHER)
        return NULL;
    for (int i = 0; i < p->headers_extra_count; i++) {
        struct mk_header *header = &p->headers_extra[i];

        if (header->key.len == len && strncmp(header->key.data, key, len) == 0)
            return header;
    }
    return NULL;
}

static void add_text(struct mk_iov *iov, char *text)
{
    serve_iov_add(iov, text, strlen(text), true);
}

static void add_ptr(struct mk_iov *iov, const struct mk_ptr *ptr)
{
    serve_iov_add(iov, ptr->data, ptr->len, false);
}

static void add_first_rows(struct mk_iov *iov, struct mk_response *sh)
{
    char date[32];

    if (sh->status == CUSTOM_STATUS) {
        add_ptr(iov, &sh->custom_status);
    } else {
        const char *text = status_text(sh->status);

        if (text == NULL)
            serve_trap_abort("f",
                             "header_prepare() of status %d, which Monkey has "
                             "no text for",
                             sh->status);
        add_text(iov, serve_mem_printf("HTTP/1.1 %d %s\r\n", sh->status, text));
    }
    serve_gmt(date, sizeof(date), time(NULL));
    add_text(iov, serve_mem_printf("%sDate: %s\r\n",
                                   serve.config.server_signature_header, date));
    if (sh->last_modified > 0) {
        serve_gmt(date, sizeof(date), sh->last_modified);
        add_text(iov, serve_mem_printf("Last-Modified: %s\r\n", date));
    }
}

static void add_connection(struct mk_iov *iov, struct mk_session *cs,
                           struct mk_request *sr)
{
    if (sr->headers.connection != 0)
        return;
    if (cs->close_now)
        add_text(iov, serve_mem_dup("Connection: Close\r\n"));
    else if (sr->connection.len > 0 && sr->protocol != MK_PROTOCOL_11)
        add_text(iov, serve_mem_dup("Connection: Keep-Alive\r\n"));
}

static void add_range(struct mk_iov *iov, struct mk_response *sh)
{
    long from = sh->ranges[0];
    long to = sh->ranges[1];

    if (!serve.config.resume || sh->content_length == 0 || (from < 0 && to < 0))
        return;
    if (from >= 0 && to == -1) {
        to = sh->real_length - 1;
    } else if (from == -1) {
        from = sh->real_length - to;
        to = sh->real_length - 1;
    }
    add_text(iov, serve_mem_printf("Content-Range: bytes %ld-%ld/%ld\r\n", from,
                                   to, sh->real_length));
}

static void add_content(struct mk_iov *iov, struct mk_response *sh)
{
    if (sh->location != NULL)
        add_text(iov, serve_mem_printf("Location: %s", sh->location));
    if (sh->allow_methods.len > 0) {
        add_text(iov, serve_mem_dup("Allow: "));
        add_ptr(iov, &sh->allow_methods);
    }
    if (sh->content_type.len > 0)
        add_ptr(iov, &sh->content_type);
    if (sh->transfer_encoding == 0)
        add_text(iov, serve_mem_dup("Transfer-Encoding: Chunked\r\n"));
    if (sh->etag_len > 0) /* perhaps that of another answer: trap (f) */
        serve_iov_add(iov, sh->etag_buf, (size_t)sh->etag_len, false);
    if (sh->content_encoding.len > 0) {
        add_text(iov, serve_mem_dup("Content-Encoding: "));
        add_ptr(iov, &sh->content_encoding);
    }
    if (sh->content_length >= 0 && sh->transfer_encoding != 0)
        add_text(iov, serve_mem_printf("Content-Length: %ld\r\n",
                                       sh->content_length));
    add_range(iov, sh);
}

int serve_header_prepare(struct mk_session *cs, struct mk_request *sr)
{
    static char crlf[] = "\r\n";
    struct mk_response *sh = &sr->headers;
    struct mk_iov *iov = &sh->headers_iov;
    struct mk_iov *rows = sh->extra_rows;

    /* 1.8 sends both heads. */
    if (sh->sent && MK_ABI == 16)
        serve_trap_abort("f", "header_prepare() twice for one request");
    add_first_rows(iov, sh);
    add_connection(iov, cs, sr);
    add_content(iov, sh);
    if (sh->cgi == 0 || sh->breakline == 1)
        serve_iov_add(rows != NULL ? rows : iov, crlf, 2, false);
    serve_mem_free(sh->location); /* its text has been copied */
    sh->location = NULL;

    serve_queue_head(cs, sr);
    sh->sent = 1;
    return 0;
}

/* Queues the page that the virtual host has for the status, if any. */
static bool custom_page(int status, struct mk_session *cs,
                        struct mk_request *sr)
{
    const struct mk_error_page *page;
    struct mk_file_info info;
    int fd;

    if (status == 400 || status == 411 || status == 413)
        return false;
    page = serve_vhost_error_page(sr->host_conf, status);
    if (page == NULL || serve_file_get_info(page->real_path, &info, 1) != 0)
        return false;
    fd = open(page->real_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    sr->headers.content_length = (long)info.size;
    sr->headers.real_length = (long)info.size;
    serve_header_prepare(cs, sr);
    SERVE_FILE(sr)->fd = fd;
    SERVE_FILE(sr)->bytes_total = info.size;
    SERVE_FILE(sr)->bytes_offset = 0;
    serve_queue_file(cs, sr, false);
    return true;
}

static char *error_page(int status)
{
    static const int with_page[] = {403, 404, 405, 413, 500, 501};

    for (size_t i = 0; i < sizeof(with_page) / sizeof(with_page[0]); i++) {
        if (with_page[i] == status)
            return serve_mem_printf(
                "<!DOCTYPE html>\n<title>%d %s</title>\n<h1>%s</h1>\n"
                "<hr><address>%s (fcgi-serve)</address>\n",
                status, status_text(status), status_text(status),
                serve.config.server_signature);
    }
    return NULL;
}

int serve_http_error(int status, struct mk_session *cs, struct mk_request *sr)
{
    static char type[] = "Content-Type: text/html\r\n";
    struct mk_response *sh = &sr->headers;
    bool body = sr->method != MK_METHOD_HEAD;
    size_t count;
    char *page;

    serve_header_set_status(sr, status);
    if (custom_page(status, cs, sr))
        return 0;
    page = error_page(status);
    sh->content_length = 0;
    if (page != NULL && body && sr->method != MK_METHOD_UNKNOWN)
        sh->content_length = (long)strlen(page);
    sh->location = NULL;
    sh->cgi = 0;
    sh->pconnections_left = 0;
    sh->last_modified = -1;
    sh->content_type = (struct mk_ptr){NULL, 0};
    if (page != NULL)
        sh->content_type = (struct mk_ptr){type, sizeof(type) - 1};
    serve_header_prepare(cs, sr);
    if (page != NULL && body) {
        /* Also for a method without a number, whose Content-Length is 0. */
        serve_queue_page(sr, page, strlen(page));
    } else {
        serve_mem_free(page);
    }
    serve_channel_write(cs->channel, &count);
    serve_access_line(cs, sr);
    if (MK_ABI == 18)
        serve_request_end(cs); /* whatever it says: trap (s) */
    return 0;
}
