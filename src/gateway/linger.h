/* SPDX-License-Identifier: Apache-2.0
 *
 * Closing without loss. A socket that is closed with unread bytes in it, or
 * that receives some after it was closed, makes the kernel reset the
 * connection, and the client may lose the end of its answer (RFC 9112, 9.6).
 * Where that can happen the connection is shut down for sending only, and read
 * until the client closes it or stops receiving.
 *
 * All functions belong to the loop's thread.
 */
#ifndef FCGI_GATEWAY_LINGER_H
#define FCGI_GATEWAY_LINGER_H

#include <stddef.h>

#include "loop/list.h"
#include "loop/loop.h"

/* Most descriptors that linger at a time in one worker. One more closes the
 * one that has lingered longest. */
#define FCGI_LINGER_MOST 256

/* Those of one thread. */
struct fcgi_linger_list {
    struct fcgi_loop *loop;
    struct fcgi_list all; /* the oldest first */
    size_t count;
};

/* Makes an empty list out of any memory. */
void fcgi_linger_init(struct fcgi_linger_list *list, struct fcgi_loop *loop);

/*
 * To be called when a whole answer is written and before the host closes `fd`.
 * If the client might lose some of it otherwise, this keeps the connection
 * open by a duplicate of the descriptor, which the list owns. Without memory or
 * descriptors it does nothing. For plain connections only: TLS says itself that
 * nothing follows when the host closes.
 */
void fcgi_linger_start(struct fcgi_linger_list *list, int fd);

/* Closes all. */
void fcgi_linger_end_all(struct fcgi_linger_list *list);

#endif
