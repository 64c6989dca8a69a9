/* SPDX-License-Identifier: Apache-2.0
 *
 * The header block of an answer, in memory that is doubled when it is full.
 */
#include "gateway/block.h"

#define FIRST 4096

void fcgi_block_begin(struct fcgi_block *block)
{
    fcgi_header_init(&block->header, NULL, 0);
}

/* Gives it memory, more if it has some. */
static bool grow(struct fcgi_block *block, size_t most)
{
    struct fcgi_header *header = &block->header;
    struct fcgi_buffer *memory = &block->memory;
    size_t size = header->size ? header->size * 2 : FIRST;

    if (header->size >= most)
        return false;
    if (size > most)
        size = most;
    memory->length = header->length; /* what there is stays */
    if (size > memory->capacity &&
        !fcgi_buffer_reserve(memory, size - memory->length))
        return false;
    fcgi_header_grow(header, (char *)memory->data, size);
    return true;
}

enum fcgi_header_result fcgi_block_feed(struct fcgi_block *block, size_t most,
                                        const uint8_t *bytes, size_t length,
                                        size_t *used)
{
    enum fcgi_header_result result;
    size_t n;

    *used = 0;
    do {
        result =
            fcgi_header_feed(&block->header, bytes + *used, length - *used, &n);
        *used += n;
    } while (result == FCGI_HEADER_FULL && grow(block, most));
    return result;
}
