/* SPDX-License-Identifier: Apache-2.0
 *
 * The walker: header, content, padding, and again.
 */
#include "probe/record_walk.h"

#include <string.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A header, perhaps in pieces. */
static size_t header(struct fcgi_record_walk *walk, const uint8_t *bytes,
                     size_t length, enum fcgi_record_walk_event *event)
{
    size_t n = smaller(FCGI_HEADER_LEN - walk->n_held, length);

    memcpy(walk->held + walk->n_held, bytes, n);
    walk->n_held += n;
    if (walk->n_held < FCGI_HEADER_LEN)
        return n;
    walk->n_held = 0;
    fcgi_record_decode(walk->held, FCGI_HEADER_LEN, &walk->record);
    walk->content_left = walk->record.content_length;
    walk->padding_left = walk->record.padding_length;
    walk->begin = walk->offset + n - FCGI_HEADER_LEN;
    walk->in_record = 1;
    *event = FCGI_RECORD_WALK_HEADER;
    return n;
}

size_t fcgi_record_walk_feed(struct fcgi_record_walk *walk,
                             const uint8_t *bytes, size_t length,
                             enum fcgi_record_walk_event *event)
{
    size_t used = 0;

    *event = FCGI_RECORD_WALK_MORE;
    if (!walk->in_record) {
        used = header(walk, bytes, length, event);
    } else if (walk->content_left > 0) {
        used = smaller(walk->content_left, length);
        walk->content_left -= (uint32_t)used;
        walk->bytes = bytes;
        walk->length = used;
        if (used > 0)
            *event = FCGI_RECORD_WALK_CONTENT;
    } else {
        used = smaller(walk->padding_left, length);
        walk->padding_left -= (uint32_t)used;
        if (walk->padding_left == 0) {
            walk->in_record = 0;
            *event = FCGI_RECORD_WALK_END;
        }
    }
    walk->offset += used;
    return used;
}

const char *fcgi_record_walk_type_name(uint8_t type)
{
    static const char *const names[] = {
        "type 0",
        "FCGI_BEGIN_REQUEST",
        "FCGI_ABORT_REQUEST",
        "FCGI_END_REQUEST",
        "FCGI_PARAMS",
        "FCGI_STDIN",
        "FCGI_STDOUT",
        "FCGI_STDERR",
        "FCGI_DATA",
        "FCGI_GET_VALUES",
        "FCGI_GET_VALUES_RESULT",
        "FCGI_UNKNOWN_TYPE",
    };

    return type > 0 && type < sizeof(names) / sizeof(names[0]) ? names[type]
                                                               : "unknown type";
}
