/* SPDX-License-Identifier: Apache-2.0
 *
 * Channels of Monkey 1.8: every request has one stream in the channel, and what
 * is to be sent are inputs of that stream. The first of them, for the head, is
 * there from the beginning, without a byte in it.
 */
#include <errno.h>
#include <string.h>

#include "http.h"
#include "log.h"
#include "mem.h"
#include "serve.h"

static bool is_linked(const struct mk_list *node)
{
    return node->next != NULL;
}

void serve_channel_append(void *channel, struct mk_stream *stream)
{
    serve_list_add(&stream->head, serve_channel_streams(channel));
}

static void release(struct mk_stream_input *input)
{
    if (input->cb_finished != NULL)
        input->cb_finished(input);
    if (is_linked(&input->head))
        serve_list_del(&input->head);
    if (input->dynamic)
        serve_mem_free(input);
}

void serve_stream_open(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_stream *stream = &sr->stream;

    memset(stream, 0, sizeof(*stream));
    stream->channel = cs->channel;
    serve_list_init(&stream->inputs);
    serve_channel_append(cs->channel, stream);
    memset(&sr->in_headers, 0, sizeof(sr->in_headers));
    sr->in_headers.type = MK_STREAM_IOV;
    sr->in_headers.stream = stream;
    serve_list_add(&sr->in_headers.head, &stream->inputs);
}

void serve_stream_close(struct mk_stream *stream)
{
    for (SERVE_EACH(struct mk_stream_input, input, head, &stream->inputs))
        release(input);
    stream->channel = NULL;
    serve_list_del(&stream->head);
}

static struct mk_stream_input *first_input(void *channel)
{
    struct mk_list *streams = serve_channel_streams(channel);
    struct mk_stream *stream;

    if (serve_list_empty(streams))
        return NULL;
    stream = MK_ENTRY(streams->next, struct mk_stream, head);
    if (serve_list_empty(&stream->inputs))
        return NULL;
    return MK_ENTRY(stream->inputs.next, struct mk_stream_input, head);
}

bool serve_channel_pending(void *channel)
{
    for (SERVE_EACH(struct mk_stream, stream, head,
                    serve_channel_streams(channel)))
        if (!serve_list_empty(&stream->inputs) &&
            MK_ENTRY(stream->inputs.next, struct mk_stream_input, head)
                    ->bytes_total > 0)
            return true;
    return false;
}

static ssize_t write_input(void *channel, struct mk_stream_input *input)
{
    struct mk_network *io = serve_channel_io(channel);
    int fd = serve_channel_fd(channel);
    ssize_t bytes;

    switch (input->type) {
    case MK_STREAM_FILE:
        return SERVE_NET(io, send_file, fd, input->fd, &input->bytes_offset,
                         input->bytes_total);
    case MK_STREAM_IOV:
        bytes = SERVE_NET(io, writev, fd, input->buffer);
        if (bytes > 0)
            serve_iov_consume(input->buffer, (size_t)bytes);
        return bytes;
    default:
        /* Monkey writes all of it at once; where the client is slow it waits
         * in a coroutine that is none. */
        bytes = SERVE_NET(io, write, fd, input->buffer, input->bytes_total);
        if (bytes < 0 ? errno == EAGAIN : (size_t)bytes < input->bytes_total)
            serve_trap_abort("a", "a raw input of a stream to a slow client");
        return bytes;
    }
}

int serve_channel_write(void *channel, size_t *count)
{
    struct mk_stream_input *input = first_input(channel);
    struct mk_stream *stream;
    ssize_t bytes;

    errno = 0;
    if (input == NULL || (input->type == MK_STREAM_IOV && !input->buffer))
        return MK_CHANNEL_EMPTY;
    stream = input->stream;
    bytes = write_input(channel, input);
    if (bytes <= 0) {
        if (bytes < 0 && errno == EAGAIN)
            return MK_CHANNEL_BUSY;
        release(input);
        return MK_CHANNEL_ERROR;
    }
    *count = (size_t)bytes;
    input->bytes_total -= (size_t)bytes;
    if (stream->cb_bytes_consumed != NULL)
        stream->cb_bytes_consumed(stream, bytes);
    if (input->cb_consumed != NULL)
        input->cb_consumed(input, bytes);
    if (input->bytes_total == 0)
        release(input);
    /* The stream stays linked, so that there is always more to flush; that it
     * is empty shows the next time. */
    return MK_CHANNEL_FLUSH;
}

void serve_channel_clean(void *channel)
{
    struct mk_list *streams = serve_channel_streams(channel);

    for (SERVE_EACH(struct mk_stream, stream, head, streams))
        serve_stream_close(stream);
}

static void head_sent(struct mk_stream_input *input)
{
    serve_iov_free_marked(input->buffer);
}

void serve_queue_head(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_stream_input *rows = &sr->in_headers_extra;

    (void)cs;
    sr->in_headers.buffer = &sr->headers.headers_iov;
    sr->in_headers.bytes_total = sr->headers.headers_iov.total_len;
    sr->in_headers.cb_finished = head_sent;
    if (sr->headers.extra_rows == NULL)
        return;
    memset(rows, 0, sizeof(*rows));
    rows->type = MK_STREAM_IOV;
    rows->stream = &sr->stream;
    rows->buffer = sr->headers.extra_rows;
    rows->bytes_total = sr->headers.extra_rows->total_len;
    rows->cb_finished = head_sent;
    serve_list_add(&rows->head, &sr->stream.inputs);
}

void serve_queue_page(struct mk_request *sr, char *page, size_t length)
{
    struct mk_iov *rows = sr->headers.extra_rows;
    struct mk_stream_input *input =
        rows != NULL ? &sr->in_headers_extra : &sr->in_headers;

    input->bytes_total += length;
    serve_iov_add(rows != NULL ? rows : &sr->headers.headers_iov, page, length,
                  true);
}

void serve_queue_file(struct mk_session *cs, struct mk_request *sr, bool cork)
{
    struct mk_stream_input *file = &sr->in_file;

    (void)cs;
    (void)cork; /* 1.8 has given it up */
    file->type = MK_STREAM_FILE;
    file->stream = &sr->stream;
    serve_list_add(&file->head, &sr->stream.inputs);
}
