/* SPDX-License-Identifier: Apache-2.0
 *
 * What a handler finds in a request, told as the body of the answer.
 */
#include <fcntl.h>
#include <stdio.h>

#include "badplugin.h"

void badplugin_show(const char *name, const struct mk_ptr *value)
{
    badplugin_put("%s=", name);
    if (value->data == NULL)
        badplugin_put("(none)");
    for (unsigned long i = 0; value->data && i < value->len && i < 99; i++) {
        unsigned char c = (unsigned char)value->data[i];

        badplugin_put(c > 31 && c < 127 ? "%c" : "\\x%02x", c);
    }
    badplugin_put("\n");
}

static void show_connection(const struct mk_session *cs)
{
    const struct mk_conn_b *conn = cs->conn;

    badplugin_put("close_now=%d\nnonblock=%d\ncloexec=%d\nbuffer_size=%d\n",
                  cs->close_now, (fcntl(cs->socket, F_GETFL) & O_NONBLOCK) != 0,
                  (fcntl(cs->socket, F_GETFD) & FD_CLOEXEC) != 0,
                  conn->net->buffer_size);
}

static void show_headers(const struct mk_parser *p)
{
    char name[16];

    badplugin_put("extra=%d\n", p->headers_extra_count);
    for (int i = 0; i < p->headers_extra_count; i++) {
        badplugin_show("key", &p->headers_extra[i].key);
        badplugin_show("val", &p->headers_extra[i].val);
    }
    for (int i = 0; i < MK_HEADERS; i++) {
        snprintf(name, sizeof(name), "h%d", i);
        if (p->headers[i].val.data != NULL)
            badplugin_show(name, &p->headers[i].val);
    }
    badplugin_put("length=%ld\n", p->header_content_length);
}

int badplugin_look(struct mk_session *cs, struct mk_request *sr)
{
    const struct mk_file_info *info = &sr->file_info;

    badplugin_put(
        "method=%d\nprotocol=%d\nport=%ld\ncontent_length=%d\ndata.len=%ld\n",
        sr->method, sr->protocol, sr->port, sr->content_length,
        (long)sr->data.len);
    badplugin_show("method_p", &sr->method_p);
    badplugin_show("uri", &sr->uri);
    badplugin_show("uri_processed", &sr->uri_processed);
    badplugin_show("query_string", &sr->query_string);
    badplugin_show("host", &sr->host);
    badplugin_put("host.len=%ld\nhandler_data=%d\n", (long)sr->host.len,
                  sr->handler_data != NULL);
    badplugin_show("data", &sr->data);
    badplugin_put(
        "real_path=%s\nexists=%d\nfile=%d\ndir=%d\nlink=%d\nsize=%ld\n",
        sr->real_path.data, info->exists, info->is_file, info->is_directory,
        info->is_link, (long)info->size);
    show_connection(cs);
    show_headers(&cs->parser);
    badplugin_put("etag_len=%d\n", sr->headers.etag_len);
    badplugin_take(cs);
    badplugin_later(cs, sr, badplugin_job.delay, badplugin_answer);
    return MK_CONTINUE;
}
