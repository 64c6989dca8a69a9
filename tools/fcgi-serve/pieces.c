/* SPDX-License-Identifier: Apache-2.0
 *
 * With FCGI_SERVE_LAYER=pieces in the environment, clients are read and written
 * as the TLS layers of Monkey do it, but for the cipher: trap (m).
 *   - What is in the socket is taken out as a record of up to 16384 bytes. Who
 *     asks for less has to come again: no event tells of the rest. As Monkey
 *     1.6 he is told a larger number than that; as 1.8 with OpenSSL he is told
 *     nothing.
 *   - Now and then a read comes to nothing although there is something.
 *   - A write takes 16384 bytes at most, and now and then refuses them, once,
 *     as when a socket is full: it has to be repeated with the very same bytes,
 *     or the process ends. (Not of few bytes: Monkey 1.8 sends its pages of
 *     error once, come what may.)
 */
#include "pieces.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "serve.h"

#define RECORD 16384
#define FDS 65536
#define FEW 2048

/* What is kept of one client. */
struct piece {
    unsigned turn;
    size_t begin, end; /* of what was read, and not given yet */
    char in[RECORD];
    size_t refused; /* how many bytes have to come again */
    char out[RECORD];
};

/* By descriptor: one is a single worker's at a time. */
static struct piece *pieces[FDS];
static struct mk_network below;

static struct piece *piece_of(int fd)
{
    if (pieces[fd] == NULL)
        pieces[fd] = serve_mem_alloc_z(sizeof(struct piece));
    return pieces[fd];
}

static int again(void)
{
    errno = EAGAIN;
    return -1;
}

static int pieces_read(SERVE_PLUGIN(plugin) int fd, void *buf, int size)
{
    struct piece *piece = piece_of(fd);
    size_t most = (size_t)size, left;

    SERVE_UNUSED_PLUGIN;
    if (piece->begin == piece->end) {
        ssize_t n;

        if (++piece->turn % 5 == 0)
            return again();
        n = read(fd, piece->in, RECORD);
        if (n <= 0)
            return (int)n;
        piece->begin = 0;
        piece->end = (size_t)n;
    }
    left = piece->end - piece->begin;
    memcpy(buf, piece->in + piece->begin, left < most ? left : most);
    piece->begin += left < most ? left : most;
    return (int)(MK_ABI == 16 || left < most ? left : most);
}

static int pieces_write(SERVE_PLUGIN(plugin) int fd, const void *buf,
                        size_t size)
{
    struct piece *piece = piece_of(fd);
    size_t most = size < RECORD ? size : RECORD;
    ssize_t n;

    SERVE_UNUSED_PLUGIN;
    if (piece->refused > 0 && (piece->refused != most ||
                               memcmp(piece->out, buf, piece->refused) != 0))
        serve_trap_abort("m",
                         "%zu bytes are written, where %zu others were refused",
                         most, piece->refused);
    if (piece->refused == 0 && most > FEW && ++piece->turn % 3 == 0) {
        memcpy(piece->out, buf, most);
        piece->refused = most;
        return again();
    }
    piece->refused = 0;
    n = write(fd, buf, most);
    if (n < 0 && errno == EAGAIN) {
        memcpy(piece->out, buf, most);
        piece->refused = most;
    }
    return (int)n;
}

/* As one text, of which a record is written at most. */
static int pieces_writev(SERVE_PLUGIN(plugin) int fd, struct mk_iov *iov)
{
    char text[RECORD];
    size_t length = 0;

    SERVE_UNUSED_PLUGIN;
    for (int i = 0; i < iov->iov_idx; i++) {
        const struct iovec *part = &iov->io[i];
        size_t room = sizeof(text) - length;
        size_t n = part->iov_len < room ? part->iov_len : room;

        memcpy(text + length, part->iov_base, n);
        length += n;
    }
    return SERVE_NET(&serve.network, write, fd, text, length);
}

static int pieces_send_file(SERVE_PLUGIN(plugin) int out, int in,
                            mk_off_t *offset, size_t size)
{
    char text[RECORD];
    ssize_t n =
        pread(in, text, size < sizeof(text) ? size : sizeof(text), *offset);

    SERVE_UNUSED_PLUGIN;
    if (n <= 0)
        return (int)n;
    n = SERVE_NET(&serve.network, write, out, text, (size_t)n);
    if (n > 0)
        *offset += n;
    return (int)n;
}

static int pieces_close(SERVE_PLUGIN(plugin) int fd)
{
    SERVE_UNUSED_PLUGIN;
    serve_mem_free(pieces[fd]);
    pieces[fd] = NULL;
    return SERVE_NET(&below, close, fd);
}

uint32_t serve_pieces_capability(void)
{
    return serve.network.read == pieces_read ? MK_CAP_SOCK_TLS
                                             : MK_CAP_SOCK_PLAIN;
}

void serve_pieces_setup(void)
{
    const char *layer = getenv("FCGI_SERVE_LAYER");

    if (layer == NULL || strcmp(layer, "pieces") != 0)
        return;
    below = serve.network;
    serve.network.read = pieces_read;
    serve.network.write = pieces_write;
    serve.network.writev = pieces_writev;
    serve.network.send_file = pieces_send_file;
    serve.network.close = pieces_close;
    serve.network.buffer_size = RECORD;
}
