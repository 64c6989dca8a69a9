/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies in chunked encoding (RFC 9112, 7.1). Monkey 1.8 looks where one ends,
 * and leaves it as it was received.
 */
#ifndef FCGI_MONKEY_CHUNKED18_H
#define FCGI_MONKEY_CHUNKED18_H

#include <stddef.h>

enum fcgi_monkey18_chunked_result {
    MK18_CHUNKED_WHOLE,
    MK18_CHUNKED_PART, /* its end is not there */
    MK18_CHUNKED_WRONG,
};

struct fcgi_monkey18_chunked {
    size_t decoded; /* bytes of content */
    size_t used;    /* bytes that it took, its trailer included */
};

/*
 * Decodes a body in place: the content comes to stand at `bytes`, what lies
 * behind `used` stays where it is. Extensions of chunks and the fields of the
 * trailer are checked, and dropped. Strict where another server might see
 * another end: no blanks or signs in sizes, lines end with CRLF alone, no bytes
 * of control. Unless the result is MK18_CHUNKED_WHOLE, `bytes` is spoilt.
 */
enum fcgi_monkey18_chunked_result fcgi_monkey18_chunked_decode(char *bytes, size_t length,
                                             struct fcgi_monkey18_chunked *out);

#endif
