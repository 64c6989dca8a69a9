/* SPDX-License-Identifier: Apache-2.0
 *
 * Channels: queues of streams in front of a client's socket.
 *
 * They serve the core's own answers, and any plugin that dares. What the
 * event loop concludes from a channel that has run dry is in serve_worker.c
 * (trap a).
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "serve.h"
#include "serve_event.h"
#include "serve_http.h"
#include "serve_log.h"
#include "serve_mem.h"
#include "serve_worker.h"

void serve_iov_add(struct mk16_iov *iov, void *data, size_t len, bool free)
{
    if (iov->iov_idx >= iov->size)
        serve_bite("f", "more than %d pieces in the head of an answer",
                   iov->size);
    iov->io[iov->iov_idx].iov_base = data;
    iov->io[iov->iov_idx].iov_len = len;
    iov->iov_idx++;
    iov->total_len += len;
    if (free)
        iov->buf_to_free[iov->buf_idx++] = data;
}

void serve_iov_free_marked(struct mk16_iov *iov)
{
    for (int i = 0; i < iov->buf_idx; i++)
        serve_mem_free(iov->buf_to_free[i]);
    iov->iov_idx = 0;
    iov->buf_idx = 0;
    iov->total_len = 0;
}

static void iov_consume(struct mk16_iov *iov, size_t bytes)
{
    iov->total_len -= bytes;
    if (iov->total_len == 0)
        iov->iov_idx = 0;
    for (int i = 0; i < iov->iov_idx && bytes > 0; i++) {
        struct iovec *io = &iov->io[i];
        size_t n = bytes < io->iov_len ? bytes : io->iov_len;

        io->iov_base = (char *)io->iov_base + n;
        io->iov_len -= n;
        bytes -= n;
    }
}

void serve_channel_append(void *channel, struct mk16_stream *stream)
{
    serve_list_add(&stream->head, serve_channel_streams(channel));
}

void serve_stream_set(struct mk16_stream *stream, int type, void *channel,
                      void *buffer, size_t size, void *data,
                      void (*cb_finished)(struct mk16_stream *),
                      void (*cb_bytes_consumed)(struct mk16_stream *, long),
                      void (*cb_exception)(struct mk16_stream *, int))
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
    if (type == MK16_STREAM_IOV) {
        stream->bytes_total = ((struct mk16_iov *)buffer)->total_len;
    } else if (type == MK16_STREAM_COPYBUF) {
        stream->buffer = serve_mem_alloc(size);
        memcpy(stream->buffer, buffer, size);
    }
    stream->cb_finished = cb_finished;
    stream->cb_bytes_consumed = cb_bytes_consumed;
    stream->cb_exception = cb_exception;
    serve_channel_append(channel, stream);
}

static void release(struct mk16_stream *stream)
{
    if (stream->type == MK16_STREAM_COPYBUF) {
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
static ssize_t write_stream(void *channel, struct mk16_stream *stream)
{
    struct mk16_network *io = serve_channel_io(channel);
    int fd = serve_channel_fd(channel);
    ssize_t bytes = -1;

    switch (stream->type) {
    case MK16_STREAM_FILE:
        return io->send_file(fd, stream->fd, &stream->bytes_offset,
                             stream->bytes_total);
    case MK16_STREAM_IOV:
        bytes = io->writev(fd, stream->buffer);
        if (bytes > 0)
            iov_consume(stream->buffer, (size_t)bytes);
        return bytes;
    case MK16_STREAM_COPYBUF:
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
    struct mk16_list *streams = serve_channel_streams(channel);
    struct mk16_stream *stream;
    ssize_t bytes;

    if (serve.layout->clears_errno)
        errno = 0;
    if (serve_list_empty(streams))
        return MK16_CHANNEL_EMPTY;
    stream = MK16_ENTRY(streams->next, struct mk16_stream, head);
    if (stream->type == MK16_STREAM_EOF) {
        /* It stays linked, and runs again: trap (e). */
        if (stream->cb_finished != NULL)
            stream->cb_finished(stream);
        return MK16_CHANNEL_DONE;
    }
    bytes = write_stream(channel, stream);
    if (bytes <= 0) {
        if (bytes < 0 && errno == EAGAIN)
            return MK16_CHANNEL_BUSY;
        release(stream);
        return MK16_CHANNEL_ERROR;
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
    return serve_list_empty(streams) ? MK16_CHANNEL_DONE : MK16_CHANNEL_FLUSH;
}

int serve_channel_flush(void *channel)
{
    const int stop =
        MK16_CHANNEL_DONE | MK16_CHANNEL_ERROR | MK16_CHANNEL_EMPTY;
    struct mk16_event *event;
    size_t total = 0;
    size_t count = 0;
    int r;

    do {
        r = serve_channel_write(channel, &count);
        total += count;
    } while (total <= 4096 && (r & stop) == 0);
    if (!serve.layout->flush_arms_write ||
        (r & (MK16_CHANNEL_FLUSH | MK16_CHANNEL_BUSY)) == 0)
        return r;
    event =
        *(struct mk16_event **)serve_at(channel, serve.layout->channel_event);
    if ((event->mask & MK16_EVENT_WRITE) == 0)
        serve_ev_add(serve_worker_loop(), serve_channel_fd(channel),
                     MK16_EVENT_CONNECTION, MK16_EVENT_WRITE, event);
    return r;
}

void serve_channel_clean(void *channel)
{
    struct mk16_list *streams = serve_channel_streams(channel);
    struct mk16_list *node;
    struct mk16_list *after;

    for (SERVE_EACH_SAFE(node, after, streams))
        release(MK16_ENTRY(node, struct mk16_stream, head));
}
