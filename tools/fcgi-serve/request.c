/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests: from parsed to handed over, and their end.
 *
 * A session has one request structure, which every request of it reuses.
 * What serve_request_init() does not reset keeps the last request's value,
 * often as a pointer into a buffer that now holds something else (trap t).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http.h"
#include "log.h"
#include "mem.h"
#include "serve.h"
#include "vhost.h"
#include "worker.h"

static struct mk_host *first_host(void)
{
    return MK_ENTRY(serve.config.hosts.next, struct mk_host, head);
}

void serve_request_init(struct mk_session *cs, struct mk_request *sr)
{
    sr->port = 0;
    sr->status = 1;
    sr->uri.data = NULL;
    sr->method = MK_METHOD_UNKNOWN;
    sr->protocol = MK_PROTOCOL_UNKNOWN;
    sr->connection.len = (unsigned long)-1;
    sr->file_info.size = (size_t)-1;
    SERVE_FILE(sr)->fd = 0;
    SERVE_FILE(sr)->bytes_total = (size_t)-1;
    SERVE_FILE(sr)->bytes_offset = 0;
    sr->vhost_fdt_id = 0;
    sr->vhost_fdt_hash = 0;
    sr->vhost_fdt_enabled = 0;
    sr->host.data = NULL;
    sr->stage30_blocked = 0;
    sr->session = cs;
    sr->host_conf = first_host();
    sr->uri_processed.data = NULL;
    sr->real_path.data = NULL;
    sr->handler_data = NULL;
    serve_header_reset(&sr->headers);
    clock_gettime(CLOCK_MONOTONIC, &serve_client(cs)->begun);
    serve_client(cs)->logged = false;
#if MK_ABI == 18
    serve_stream_open(cs, sr);
#endif
}

static void request_free(struct mk_request *sr)
{
#if MK_ABI == 18
    if (sr->stream.channel != NULL)
        serve_stream_close(&sr->stream);
#endif
    if (SERVE_FILE(sr)->fd > 0)
        close(SERVE_FILE(sr)->fd);
    serve_header_discard(&sr->headers);
    if (sr->uri_processed.data != sr->uri.data)
        serve_mem_free(sr->uri_processed.data);
    if (sr->real_path.data != sr->real_path_static)
        serve_mem_free(sr->real_path.data);
}

void serve_request_free_all(struct mk_session *cs)
{
    for (SERVE_EACH(struct mk_request, sr, head, &cs->request_list)) {
        serve_list_del(&sr->head);
        request_free(sr);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The URI without its escapes; NULL if it has none, or a wrong one. */
static char *decode(const struct mk_ptr *uri)
{
    char *text;
    size_t at = 0;

    if (memchr(uri->data, '%', uri->len) == NULL)
        return NULL;
    text = serve_mem_alloc_z(uri->len + 1);
    for (unsigned long i = 0; i < uri->len; i++, at++) {
        int high;
        int low;

        text[at] = uri->data[i];
        if (uri->data[i] != '%' || i + 2 >= uri->len)
            continue;
        high = hex_digit(uri->data[i + 1]);
        low = hex_digit(uri->data[i + 2]);
        if (high < 0 || low < 0) {
            serve_mem_free(text);
            return NULL;
        }
        text[at] = (char)(unsigned char)(high << 4 | low);
        i += 2;
    }
    return text;
}

static void point_header(struct mk_ptr *ptr, struct mk_session *cs, int id)
{
    struct mk_header *header = &cs->parser.headers[id];

    ptr->data = header->type == id ? header->val.data : NULL;
    ptr->len = header->type == id ? header->val.len : (unsigned long)-1;
}

/* Whether the connection shall close after this request; an HTTP/1.0 client
 * cannot keep it in 1.8. With KeepAlive Off nothing is decided, so it never
 * does: trap (d). */
static void check_keep_alive(struct mk_session *cs, struct mk_request *sr)
{
    if (!serve.config.keep_alive)
        return;
    if (sr->protocol == MK_PROTOCOL_10)
        cs->close_now = 1;
    else if (sr->protocol == MK_PROTOCOL_11)
        cs->close_now = 0;
    if (sr->connection.data != NULL) {
        if (cs->parser.header_connection == MK_CONNECTION_KEEP_ALIVE &&
            (MK_ABI == 16 || sr->protocol == MK_PROTOCOL_11))
            cs->close_now = 0;
        else if (cs->parser.header_connection == MK_CONNECTION_CLOSE)
            cs->close_now = 1;
    }
    if (cs->counter_connections >= serve.config.max_keep_alive_request)
        cs->close_now = 1;
}

/* False if the host of the request sends its clients elsewhere. */
static bool choose_host(struct mk_session *cs, struct mk_request *sr)
{
    sr->host_alias =
        MK_ENTRY(sr->host_conf->server_names.next, struct mk_host_alias, head);
    if (sr->host.data == NULL)
        return true;
    if (cs->parser.header_host_port > 0)
        sr->port = cs->parser.header_host_port;
    serve_vhost_find(&sr->host, &sr->host_conf, &sr->host_alias);
    if (sr->host_conf->header_redirect.data == NULL)
        return true;
    /* Monkey forgets the Location. */
    serve_header_set_status(sr, 301);
    sr->headers.content_length = 0;
    serve_header_prepare(cs, sr);
    return false;
}

void serve_request_prepare(struct mk_session *cs, struct mk_request *sr)
{
    char *decoded = decode(&sr->uri);

    sr->uri_processed = sr->uri;
    if (decoded != NULL) {
        sr->uri_processed.data = decoded;
        sr->uri_processed.len = strlen(decoded); /* %00 ends it: trap (p) */
    }
    sr->host_conf = first_host();
    sr->user_home = 0;
    if (sr->uri_processed.data[0] != '/') {
        serve_http_error(400, cs, sr);
        return;
    }
    point_header(&sr->host, cs, MK_HEADER_HOST);
    point_header(&sr->connection, cs, MK_HEADER_CONNECTION);
    point_header(&sr->range, cs, MK_HEADER_RANGE);
    point_header(&sr->if_modified_since, cs, MK_HEADER_IF_MODIFIED_SINCE);
    if (sr->host.data == NULL && sr->protocol == MK_PROTOCOL_11) {
        serve_http_error(400, cs, sr);
        return;
    }
    check_keep_alive(cs, sr);
    sr->content_length_p = cs->parser.headers[MK_HEADER_CONTENT_LENGTH].val;
    if (!choose_host(cs, sr))
        return;
    /* An answer of CLOSE_CONX leaves the client without one. */
    if (serve_stage20(cs, sr) == MK_CLOSE_CONX)
        return;
    serve_static(cs, sr);
}

/* Where bytes of another request lie behind this one: makes it the next.
 * Monkey trusts parser.i; it may lie behind the end if bytes came in while a
 * handler ran. */
static int next_in_buffer(struct mk_session *cs)
{
    struct mk_request *sr = &cs->sr_fixed;
    int rest = (int)cs->body_length - cs->parser.i - 1;

    if (rest < -1)
        serve_trap_abort("b",
                         "parser.i is %d with %u bytes in the buffer: bytes "
                         "were read while the request ran, or the handler set "
                         "a wrong position",
                         cs->parser.i, cs->body_length);
    cs->counter_connections++;
    memmove(cs->body, cs->body + cs->parser.i + 1, (size_t)rest);
    cs->body_length = (unsigned int)rest;
    request_free(sr);
    serve_request_init(cs, sr);
    serve_parse_init(cs);
    serve_session_forget(cs);
    switch (serve_parse(cs, sr)) {
    case SERVE_PARSE_OK:
        serve_request_prepare(cs, sr);
        return 1;
    case SERVE_PARSE_PENDING:
        return 0;
    default:
        return -1;
    }
}

int serve_request_end(struct mk_session *cs)
{
    int r;

    if (serve.config.max_keep_alive_request <= cs->counter_connections) {
        cs->close_now = 1;
    } else if (abs((int)cs->body_length - cs->parser.i) - 1 > 0) {
        r = next_in_buffer(cs);
        if (r >= 0)
            return r;
        cs->close_now = 1;
    }
    if (cs->close_now) {
        serve_session_remove(cs);
        return -1;
    }
    serve_request_free_all(cs);
    cs->body_length = 0;
    cs->counter_connections++;
    cs->init_time = time(NULL);
    cs->status = MK_SESSION_INCOMPLETE;
    serve_parse_init(cs);
    serve_session_forget(cs);
    serve_conn_timeout_add(cs->conn, serve_worker_self());
    return 0;
}

int serve_api_request_end(SERVE_PLUGIN(plugin) struct mk_session *cs, int close)
{
    int r;

#if MK_ABI == 18
    if (plugin->server_ctx != &serve.config)
        serve_trap_abort("d", "http_request_end() of a plugin that is none");
#endif
    cs->status = MK_SESSION_INCOMPLETE;
    if (serve_list_empty(&cs->request_list))
        return -1;
    serve_stage40(cs, MK_ENTRY(cs->request_list.prev, struct mk_request, head));
    if (close == 1)
        cs->close_now = 1;
    r = serve_request_end(cs);
    if (r < 0)
        serve_conn_close(cs->conn, serve_worker_self(), MK_CLOSED_DONE);
    else if (!serve.layout->end_tells_pipeline)
        r = 0;
    return r;
}
