/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a client that owes a part of its body is waited for. All functions
 * belong to the loop's thread.
 */
#ifndef FCGI_GATEWAY_PATIENCE_H
#define FCGI_GATEWAY_PATIENCE_H

#include "gateway/client.h"

/* Zeroed memory is none that was begun. */
struct fcgi_patience {
    struct fcgi_client *client;
    struct fcgi_loop_timer timer; /* set: the client is given up then */
    uint64_t waited_at; /* bytes of the body that had come when it was set */
};

/* Begins anew; `over` is called when it is over. */
void fcgi_patience_init(struct fcgi_patience *patience,
                        struct fcgi_client *client,
                        void (*over)(struct fcgi_loop_timer *timer));

/* Waits for more of a body of which `total` bytes have come, for `length` (ns)
 * at most. What is no content, such as the framing of chunks, does not put that
 * off. */
void fcgi_patience_wait(struct fcgi_patience *patience, uint64_t total,
                        uint64_t length);

/* Waiting begins anew with the next call, whatever has come. */
void fcgi_patience_forget(struct fcgi_patience *patience);

/* There is no room for more, or there is no more. */
void fcgi_patience_stop(struct fcgi_patience *patience);

#endif
