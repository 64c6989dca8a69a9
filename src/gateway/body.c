/* SPDX-License-Identifier: Apache-2.0
 *
 * A request's body. The window is refilled when all of it is sent, and not
 * before: so no byte is moved in memory, and the kernel's buffers on both sides
 * keep client and application busy meanwhile.
 */
#include "gateway/body.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loop/loop.h"

/* First memory of a window, where the length is not known. */
#define FIRST 16384
/* One call of fcgi_body_discard(). */
#define DISCARDED_AT_ONCE (16 * FIRST)
/* What is discarded: bytes, how long in all, and without a byte. */
#define DISCARDED_MOST (64 << 20)
#define DISCARD_TIME (30000 * FCGI_LOOP_MS)
#define DISCARD_PATIENCE (2000 * FCGI_LOOP_MS)

void fcgi_body_open(struct fcgi_body *body, const struct fcgi_host *host,
                    void *handle, const struct fcgi_server_config *config,
                    const struct fcgi_http_request *request)
{
    body->host = host;
    body->handle = handle;
    body->config = config;
    body->framing = request->framing;
    body->length = request->content_length;
    body->complete =
        body->framing == FCGI_HTTP_NO_BODY ||
        (body->framing == FCGI_HTTP_LENGTH && request->content_length == 0);
    body->broken = body->spooled = false;
    body->total = body->offset = body->sent = body->discarded = body->until = 0;
    body->in.length = 0;
}

static uint64_t end_of(const struct fcgi_body *body)
{
    return body->offset + body->in.length;
}

bool fcgi_body_is_replayable(const struct fcgi_body *body)
{
    return (body->offset == 0 || body->spooled) && body->discarded == 0;
}

bool fcgi_body_is_held(const struct fcgi_body *body)
{
    return body->complete && fcgi_body_is_replayable(body);
}

bool fcgi_body_is_shown(const struct fcgi_body *body)
{
    return body->complete && end_of(body) == body->total;
}

bool fcgi_body_is_sent(const struct fcgi_body *body)
{
    return body->sent == end_of(body);
}

void fcgi_body_rewind(struct fcgi_body *body)
{
    body->sent = 0;
    if (body->spooled)
        body->offset = body->in.length = 0;
}

static enum fcgi_body_result fail(struct fcgi_body *body, int status,
                                  const char *why)
{
    body->status = status;
    body->why = why;
    return FCGI_BODY_FAILED;
}

/* Forgets what is in the window and sent. */
static void drop(struct fcgi_body *body)
{
    body->offset = end_of(body);
    body->in.length = 0;
}

/* Makes room in the window, and tells how much; 0: it is full. */
static size_t make_room(struct fcgi_body *body)
{
    size_t size = body->config->buffer_size, room;

    if (body->in.length == size && fcgi_body_is_sent(body))
        drop(body);
    room = size - body->in.length;
    if (body->framing == FCGI_HTTP_LENGTH) {
        if (room > body->length - body->total)
            room = (size_t)(body->length - body->total);
    } else {
        /* Nobody knows how much it will be: as memory is doubled. */
        size_t free = body->in.capacity - body->in.length;

        if (free == 0)
            free = body->in.length > FIRST ? body->in.length : FIRST;
        if (room > free)
            room = free;
    }
    return fcgi_buffer_reserve(&body->in, room) ? room : 0;
}

/* What the host's read() says. */
static enum fcgi_body_result not_read(struct fcgi_body *body, ssize_t n)
{
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return FCGI_BODY_WAIT;
    if (n == 0 && body->framing == FCGI_HTTP_CHUNKED) {
        body->complete = true;
        return FCGI_BODY_COMPLETE;
    }
    body->broken = true;
    if (n < 0 && errno == EBADMSG)
        return fail(body, 400, "the chunks of the body are invalid");
    return fail(body, 0, "the client has gone");
}

/* Counts what has come. */
static bool is_too_large(struct fcgi_body *body, size_t n)
{
    uint64_t most = body->config->max_body_size;

    body->total += n;
    if (body->framing == FCGI_HTTP_LENGTH)
        body->complete = body->total == body->length;
    return most > 0 && (body->total > most || body->length > most);
}

/* --- the file ------------------------------------------------------------ */

/*
 * A file without a name, which is gone when it is closed, however the process
 * ends. Where the file system knows no such thing, it is in memory.
 */
static int open_file(void)
{
    const char *folder = getenv("TMPDIR");
    int fd;

    if (folder == NULL || folder[0] != '/')
        folder = "/tmp";
    fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = memfd_create("fcgi-body", MFD_CLOEXEC);
    return fd;
}

/* Moves the window's bytes, which are the last that have come, to the file. */
static bool save(struct fcgi_body *body)
{
    const uint8_t *bytes = body->in.data;
    uint64_t at = body->total - body->in.length;
    size_t left = body->in.length;

    while (left > 0) {
        ssize_t n = pwrite(body->file, bytes, left, (off_t)at);

        if (n <= 0 && (n == 0 || errno != EINTR)) {
            fail(body, 500,
                 n == 0 || errno == ENOSPC || errno == EDQUOT
                     ? "there is no space for the body in TMPDIR, or /tmp, "
                       "where ChunkedBody Spool keeps it"
                     : "the body cannot be written to its file in TMPDIR, or "
                       "/tmp, where ChunkedBody Spool keeps it");
            return false;
        }
        if (n < 0)
            continue;
        bytes += n;
        at += (uint64_t)n;
        left -= (size_t)n;
    }
    body->in.length = 0;
    return true;
}

bool fcgi_body_spool(struct fcgi_body *body)
{
    body->file = open_file();
    if (body->file < 0) {
        fail(body, 500,
             "no file can be made in TMPDIR, or /tmp, where ChunkedBody Spool "
             "keeps a body whose length is not known");
        return false;
    }
    body->spooled = true;
    return save(body);
}

/* Reads the next part of the file. */
static enum fcgi_body_result read_file(struct fcgi_body *body)
{
    size_t size = body->config->buffer_size;
    ssize_t n;

    if (!fcgi_body_is_sent(body))
        return FCGI_BODY_FULL;
    drop(body);
    if (size > body->total - body->offset)
        size = (size_t)(body->total - body->offset);
    if (!fcgi_buffer_reserve(&body->in, size))
        return fail(body, 500, "out of memory");
    do
        n = pread(body->file, body->in.data, size, (off_t)body->offset);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return fail(body, 500,
                    "the body cannot be read from the file in which "
                    "ChunkedBody Spool keeps it");
    body->in.length = (size_t)n;
    return fcgi_body_is_shown(body) ? FCGI_BODY_COMPLETE : FCGI_BODY_MORE;
}

void fcgi_body_close(struct fcgi_body *body)
{
    if (body->spooled)
        close(body->file);
    body->spooled = false;
}

/* --- the client ---------------------------------------------------------- */

static enum fcgi_body_result too_large(struct fcgi_body *body)
{
    return fail(body, 413, "the body is larger than MaxBodySize");
}

enum fcgi_body_result fcgi_body_fill(struct fcgi_body *body)
{
    enum fcgi_body_result result = FCGI_BODY_FULL;
    size_t room;
    ssize_t n;

    if (fcgi_body_is_shown(body))
        return FCGI_BODY_COMPLETE;
    if (body->complete)
        return read_file(body);
    if (is_too_large(body, 0))
        return too_large(body);
    while ((room = make_room(body)) > 0) {
        n = body->host->read(body->handle, body->in.data + body->in.length,
                             room);
        if (n <= 0) {
            result = not_read(body, n);
            break;
        }
        body->in.length += (size_t)n;
        if (is_too_large(body, (size_t)n))
            return too_large(body);
        if (body->spooled && body->total > body->config->max_spool_size)
            return fail(body, 413,
                        "the body is larger than MaxSpoolSize (ChunkedBody "
                        "Stream does without a file)");
        result = body->complete  ? FCGI_BODY_COMPLETE
                 : body->spooled ? FCGI_BODY_MORE
                                 : FCGI_BODY_FULL;
        if (result != FCGI_BODY_FULL)
            break;
    }
    if (body->in.failed)
        return fail(body, 500, "out of memory");
    if (body->spooled && !save(body))
        return FCGI_BODY_FAILED;
    return result == FCGI_BODY_COMPLETE && !fcgi_body_is_shown(body)
               ? FCGI_BODY_MORE
               : result;
}

void fcgi_body_time_out(struct fcgi_body *body, char why[static FCGI_BODY_TEXT])
{
    body->broken = true;
    snprintf(
        why, FCGI_BODY_TEXT,
        "the client sent no more of its body for %u ms (ClientBodyTimeout)",
        body->config->client_body_timeout);
}

enum fcgi_body_result fcgi_body_discard(struct fcgi_body *body, uint64_t now,
                                        uint64_t *patience)
{
    char dropped[FIRST];
    ssize_t n;

    if (body->until == 0)
        body->until = now + DISCARD_TIME;
    if (now >= body->until || body->discarded >= DISCARDED_MOST)
        return FCGI_BODY_FAILED;
    *patience = body->until - now;
    if (*patience > DISCARD_PATIENCE)
        *patience = DISCARD_PATIENCE;
    for (size_t i = 0; i < DISCARDED_AT_ONCE / FIRST; i++) {
        if (body->complete)
            return FCGI_BODY_COMPLETE;
        n = body->host->read(body->handle, dropped, sizeof(dropped));
        if (n <= 0)
            return not_read(body, n);
        is_too_large(body, (size_t)n);
        body->discarded += (uint64_t)n;
    }
    return FCGI_BODY_MORE;
}
