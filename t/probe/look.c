/* SPDX-License-Identifier: Apache-2.0
 *
 * What a handler finds in a request, told as the body of the answer.
 */
#include <fcntl.h>
#include <stdio.h>

#include "probe.h"

void probe_show(const char *name, const struct mk_ptr *value)
{
    probe_put("%s=", name);
    if (value->data == NULL)
        probe_put("(none)");
    for (unsigned long i = 0; value->data && i < value->len && i < 99; i++) {
        unsigned char c = (unsigned char)value->data[i];

        probe_put(c > 31 && c < 127 ? "%c" : "\\x%02x", c);
    }
    probe_put("\n");
}

static void show_connection(const struct mk_session *cs)
{
    const struct mk_conn_b *conn = cs->conn;

    probe_put("close_now=%d\nnonblock=%d\ncloexec=%d\nbuffer_size=%d\n",
              cs->close_now, (fcntl(cs->socket, F_GETFL) & O_NONBLOCK) != 0,
              (fcntl(cs->socket, F_GETFD) & FD_CLOEXEC) != 0,
              conn->net->buffer_size);
}

static void show_headers(const struct mk_parser *p)
{
    char name[16];

    probe_put("extra=%d\n", p->headers_extra_count);
    for (int i = 0; i < p->headers_extra_count; i++) {
        probe_show("key", &p->headers_extra[i].key);
        probe_show("val", &p->headers_extra[i].val);
    }
    for (int i = 0; i < MK_HEADERS; i++) {
        snprintf(name, sizeof(name), "h%d", i);
        if (p->headers[i].val.data != NULL)
            probe_show(name, &p->headers[i].val);
    }
    probe_put("length=%ld\n", p->header_content_length);
}

int probe_look(struct mk_session *cs, struct mk_request *sr)
{
    const struct mk_file_info *info = &sr->file_info;

    probe_put(
        "method=%d\nprotocol=%d\nport=%ld\ncontent_length=%d\ndata.len=%ld\n",
        sr->method, sr->protocol, sr->port, sr->content_length,
        (long)sr->data.len);
    probe_show("method_p", &sr->method_p);
    probe_show("uri", &sr->uri);
    probe_show("uri_processed", &sr->uri_processed);
    probe_show("query_string", &sr->query_string);
    probe_show("host", &sr->host);
    probe_put("host.len=%ld\nhandler_data=%d\n", (long)sr->host.len,
              sr->handler_data != NULL);
    probe_show("data", &sr->data);
    probe_put("real_path=%s\nexists=%d\nfile=%d\ndir=%d\nlink=%d\nsize=%ld\n",
              sr->real_path.data, info->exists, info->is_file,
              info->is_directory, info->is_link, (long)info->size);
    show_connection(cs);
    show_headers(&cs->parser);
    probe_put("etag_len=%d\n", sr->headers.etag_len);
    probe_take(cs);
    probe_later(cs, sr, probe_job.delay, probe_answer);
    return MK_CONTINUE;
}
