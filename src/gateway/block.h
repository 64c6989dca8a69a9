/* SPDX-License-Identifier: Apache-2.0
 *
 * The header block of an answer as it comes, in memory that grows with it.
 * Zeroed memory is an empty block.
 */
#ifndef FCGI_GATEWAY_BLOCK_H
#define FCGI_GATEWAY_BLOCK_H

#include "gateway/buffer.h"
#include "proto/header.h"

struct fcgi_block {
    struct fcgi_header header;
    struct fcgi_buffer memory; /* of `header` */
};

/* Begins anew. */
void fcgi_block_begin(struct fcgi_block *block);

/* Takes bytes, as fcgi_header_feed() does. FULL: it has more than `most` bytes,
 * or memory is short (`memory.failed`). */
enum fcgi_header_result fcgi_block_feed(struct fcgi_block *block, size_t most,
                                        const uint8_t *bytes, size_t length,
                                        size_t *used);

#endif
