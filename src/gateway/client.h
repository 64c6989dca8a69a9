/* SPDX-License-Identifier: Apache-2.0
 *
 * The client's side of an exchange: what is still to be written to it, a client
 * that is slow, one that is gone, and how it is let go when all is written.
 *
 * Whoever owns the client puts bytes into `out` and calls fcgi_client_flush().
 * What the socket does not take stays in `out` and is written when the client
 * takes more; the owner looks at fcgi_client_held() to know when to hold the
 * application back.
 *
 * A client that is gone is noticed
 *
 *   - when its connection breaks (EPOLLERR, EPOLLHUP), at once;
 *   - when it is written to;
 *   - when it has sent its end (EPOLLRDHUP) and is asked whether it still
 *     receives: see `on_probe`;
 *   - when it takes nothing for CLIENT_TIMEOUT.
 *
 * The client does not own its descriptor; it owns the watch over it, the timer
 * and the bytes. All functions belong to the loop's thread. Handlers are called
 * from the loop and from fcgi_client_flush() and fcgi_client_finish(), and may
 * call fcgi_client_close().
 */
#ifndef FCGI_GATEWAY_CLIENT_H
#define FCGI_GATEWAY_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/buffer.h"
#include "gateway/host.h"
#include "loop/loop.h"

/* Why a client cannot be served to the end. */
enum fcgi_client_loss {
    FCGI_CLIENT_GONE,      /* closed or broken */
    FCGI_CLIENT_STALLED,   /* took nothing for CLIENT_TIMEOUT */
    FCGI_CLIENT_NO_MEMORY, /* `out` is not whole, or the kernel has none */
    FCGI_CLIENT_SHORT,     /* the file has less than it had, or is broken */
};

/* What the log is told of it (static); NULL where that is nothing. */
const char *fcgi_client_loss_text(enum fcgi_client_loss loss);

struct fcgi_client;

struct fcgi_client_handlers {
    /* The client has sent something, or its end: see fcgi_client_listen(). */
    void (*on_readable)(struct fcgi_client *client);
    /* Some of `out` was written from the loop: there may be room again. */
    void (*on_room)(struct fcgi_client *client);
    /* After fcgi_client_finish(): all is written. */
    void (*on_written)(struct fcgi_client *client);
    /* The client is closed; what `out` holds will not be written. */
    void (*on_lost)(struct fcgi_client *client, enum fcgi_client_loss loss);
    /*
     * The client has sent its end, and has not been written to for a while
     * since: it may have closed altogether, which nothing but bytes sent to it
     * can tell. Called once. The owner adds to `out` what a client has to pass
     * over, if there is such a thing now; it is flushed on return.
     */
    void (*on_probe)(struct fcgi_client *client);
};

/* Zeroed memory is a closed client. */
struct fcgi_client {
    struct fcgi_loop *loop;
    const struct fcgi_host *host;
    void *handle; /* the host's name for it */
    const struct fcgi_client_handlers *handlers;
    struct fcgi_buffer out; /* to be written, and at its start: written */
    size_t written;         /* bytes of `out` */

    struct fcgi_loop_io io;       /* the client's descriptor */
    struct fcgi_loop_timer timer; /* of `deadline`, or of on_probe */
    struct fcgi_loop_task turn;   /* the last of `out` goes out */
    uint64_t deadline;            /* blocked: when it is given up */
    bool open;
    bool listening;      /* for on_readable */
    bool blocked;        /* it takes no more for now */
    bool half_closed;    /* it sends no more; it may be gone */
    bool probed;         /* written to since it was half-closed */
    bool finishing;      /* nothing is added to `out` any more */
    size_t retry_length; /* a write to be tried again as it was */

    bool plain;   /* what the descriptor is given reaches the client as it is */
    bool sending; /* a file, behind `out` */
    bool copying; /* it goes through `out` */
    int file;
    off_t file_at;
    uint64_t file_left;
};

/*
 * Opens the client whose descriptor is `fd`, and is its connection itself where
 * it is `plain`, so without TLS. `out` must be empty. The host watches the
 * descriptor still: only where the client is waited for is it taken over
 * (host->watch).
 */
void fcgi_client_open(struct fcgi_client *client, struct fcgi_loop *loop,
                      const struct fcgi_host *host, void *handle, int fd,
                      bool plain, const struct fcgi_client_handlers *handlers);

/* Waits for what the client sends, or stops waiting. */
void fcgi_client_listen(struct fcgi_client *client, bool wanted);

/* The host's loop has found that the client has sent something that nobody
 * waits for, or its end: from now on the client is watched here. */
void fcgi_client_attend(struct fcgi_client *client);

/* Writes what the client takes of `out`. Does nothing on a closed client. */
void fcgi_client_flush(struct fcgi_client *client);

/*
 * Adds bytes of the caller's to `out`. Where they are many, and the client
 * takes them at once, they are written, behind what `out` has, without being
 * copied: what is in `out` must be ready to go. How the client fares is told by
 * the next flush.
 */
void fcgi_client_pass(struct fcgi_client *client, const uint8_t *bytes,
                      size_t length);

/*
 * A part of a file is to be written behind `out`, by fcgi_client_finish() and
 * without being copied where that can be. The client closes the file.
 */
void fcgi_client_send_file(struct fcgi_client *client, int file,
                           uint64_t offset, uint64_t length);

/* Nothing more will be added to `out`: writes it to its end, then calls
 * on_written. */
void fcgi_client_finish(struct fcgi_client *client);

/* How many bytes `out` holds in memory. What is written makes room when it is
 * more than what is not, so that no byte is moved more than once for each that
 * is written. */
size_t fcgi_client_held(struct fcgi_client *client);

/* Ends the watch and the timer; no handler is called any more. */
void fcgi_client_close(struct fcgi_client *client);

#endif
