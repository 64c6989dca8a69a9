/* SPDX-License-Identifier: Apache-2.0
 *
 * Channels: queues of streams in front of a client's socket.
 *
 * They serve the core's own answers, and any plugin that dares. What the
 * event loop concludes from a channel that has run dry is in worker.c
 * (trap a).
 */
#include <errno.h>
#include <string.h>

#include "http.h"
#include "mem.h"
#include "serve.h"

void serve_channel_append(void *channel, struct mk_stream *stream)
{
    serve_list_add(&stream->head, serve_channel_streams(channel));
}

void serve_stream_set(struct mk_stream *stream, int type, void *channel,
                      void *buffer, size_t size, void *data,
                      void (*cb_finished)(struct mk_stream *),
                      void (*cb_bytes_consumed)(struct mk_stream *, long),
                      void (*cb_exception)(struct mk_stream *, int))
{
    int dynamic = stream == NULL;

    if (dynamic)
        stream = serve_mem_alloc_z(sizeof(*stream));
    stream->dynamic = dynamic;
    stream->type = type;
    stream->channel = channel;
    stream->bytes_offset = 0;
    stream->bytes_total = size;
    stream->buffer = buffer;
    stream->data = data;
    stream->preserve = 0;
    if (type == MK_STREAM_IOV) {
        stream->bytes_total = ((struct mk_iov *)buffer)->total_len;
    } else if (type == MK_STREAM_COPYBUF) {
        stream->buffer = serve_mem_alloc(size);
        memcpy(stream->buffer, buffer, size);
    }
    stream->cb_finished = cb_finished;
    stream->cb_bytes_consumed = cb_bytes_consumed;
    stream->cb_exception = cb_exception;
    serve_channel_append(channel, stream);
}

static void release(struct mk_stream *stream)
{
    if (stream->type == MK_STREAM_COPYBUF) {
        serve_mem_free(stream->buffer);
        stream->buffer = NULL;
    }
    if (stream->preserve)
        return;
    serve_list_del(&stream->head);
    if (stream->dynamic)
        serve_mem_free(stream);
}

/* Types that Monkey does not implement write nothing, which is an error. */
static ssize_t write_stream(void *channel, struct mk_stream *stream)
{
    struct mk_network *io = serve_channel_io(channel);
    int fd = serve_channel_fd(channel);
    ssize_t bytes = -1;

    switch (stream->type) {
    case MK_STREAM_FILE:
        return io->send_file(fd, stream->fd, &stream->bytes_offset,
                             stream->bytes_total);
    case MK_STREAM_IOV:
        bytes = io->writev(fd, stream->buffer);
        if (bytes > 0)
            serve_iov_consume(stream->buffer, (size_t)bytes);
        return bytes;
    case MK_STREAM_COPYBUF:
        bytes = io->write(fd, stream->buffer, stream->bytes_total);
        if (bytes > 0 && (size_t)bytes < stream->bytes_total)
            memmove(stream->buffer, (char *)stream->buffer + bytes,
                    stream->bytes_total - (size_t)bytes);
        return bytes;
    default:
        return -1;
    }
}

int serve_channel_write(void *channel, size_t *count)
{
    struct mk_list *streams = serve_channel_streams(channel);
    struct mk_stream *stream;
    ssize_t bytes;

    if (serve.layout->clears_errno)
        errno = 0;
    if (serve_list_empty(streams))
        return MK_CHANNEL_EMPTY;
    stream = MK_ENTRY(streams->next, struct mk_stream, head);
    if (stream->type == MK_STREAM_EOF) {
        /* It stays linked, and runs again: trap (e). */
        if (stream->cb_finished != NULL)
            stream->cb_finished(stream);
        return MK_CHANNEL_DONE;
    }
    bytes = write_stream(channel, stream);
    if (bytes <= 0) {
        if (bytes < 0 && errno == EAGAIN)
            return MK_CHANNEL_BUSY;
        release(stream);
        return MK_CHANNEL_ERROR;
    }
    *count = (size_t)bytes;
    stream->bytes_total -= (size_t)bytes;
    if (stream->cb_bytes_consumed != NULL)
        stream->cb_bytes_consumed(stream, bytes);
    if (stream->bytes_total == 0) {
        if (stream->cb_finished != NULL)
            stream->cb_finished(stream);
        release(stream);
    }
    return serve_list_empty(streams) ? MK_CHANNEL_DONE : MK_CHANNEL_FLUSH;
}

void serve_channel_clean(void *channel)
{
    struct mk_list *streams = serve_channel_streams(channel);

    for (SERVE_EACH(struct mk_stream, stream, head, streams))
        release(stream);
}

static void head_sent(struct mk_stream *stream)
{
    serve_iov_free_marked(stream->buffer);
}

void serve_queue_head(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_iov *rows = sr->headers.extra_rows;

    serve_stream_set(&sr->headers_stream, MK_STREAM_IOV, cs->channel,
                     &sr->headers.headers_iov, 0, NULL, head_sent, NULL, NULL);
    if (rows != NULL)
        serve_stream_set(&sr->headers_extra_stream, MK_STREAM_IOV, cs->channel,
                         rows, 0, NULL, head_sent, NULL, NULL);
}

void serve_queue_page(struct mk_request *sr, char *page, size_t length)
{
    struct mk_iov *rows = sr->headers.extra_rows;
    struct mk_stream *stream =
        rows != NULL ? &sr->headers_extra_stream : &sr->headers_stream;

    stream->bytes_total += length;
    serve_iov_add(rows != NULL ? rows : &sr->headers.headers_iov, page, length,
                  true);
}

static void first_bytes_sent(struct mk_stream *stream, long bytes)
{
    (void)bytes;
    serve_set_cork(serve_channel_fd(stream->channel), 0);
    stream->cb_bytes_consumed = NULL;
}

void serve_queue_file(struct mk_session *cs, struct mk_request *sr, bool cork)
{
    struct mk_stream *file = &sr->file_stream;

    file->type = MK_STREAM_FILE;
    file->channel = cs->channel;
    file->cb_bytes_consumed = cork ? first_bytes_sent : NULL;
    serve_channel_append(cs->channel, file);
}
