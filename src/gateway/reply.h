/* SPDX-License-Identifier: Apache-2.0
 *
 * An application's answer as HTTP/1.x. The server owns the framing (RFC 9112,
 * sections 6 and 7): what the application says of the connection and of
 * transfer codings is dropped, its Content-Length is held to, and an answer
 * that is not whole never looks whole.
 *
 * Pure but for the memory of the output buffer. One reply belongs to one
 * thread at a time.
 */
#ifndef FCGI_GATEWAY_REPLY_H
#define FCGI_GATEWAY_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/buffer.h"
#include "gateway/host.h"
#include "gateway/page.h"
#include "proto/header.h"

/* An interim answer, which tells a client to send its body (RFC 9110, 15.2.1).
 * One that does not wait for it passes it over. */
#define FCGI_REPLY_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

enum fcgi_framing {
    FCGI_FRAMING_OPEN,    /* not decided yet: see fcgi_reply_commit() */
    FCGI_FRAMING_NONE,    /* no body: HEAD, 204, 304 */
    FCGI_FRAMING_LENGTH,  /* Content-Length */
    FCGI_FRAMING_CHUNKED, /* HTTP/1.1 */
    FCGI_FRAMING_CLOSE,   /* HTTP/1.0: up to the end of the connection */
};

struct fcgi_reply {
    unsigned version; /* of the request: 10 or 11 */
    bool head;        /* the request is HEAD */
    bool close;       /* the connection ends with this answer */
    const char *software;
    const char *date; /* as RFC 9110 wants it; may be "" */
    int as;     /* the status that the client is told; 0: the application's */
    bool begun; /* the head is made */
    int status;
    enum fcgi_framing framing;
    size_t head_length;  /* OPEN: where the framing fields go in the output */
    uint64_t length;     /* LENGTH: of the body */
    uint64_t body_bytes; /* of the body so far, without framing */
};

/* Of an answer whose body is a file (sendfile.h): what is said of it
 * instead. */
struct fcgi_reply_file {
    int status;      /* in place of the application's; 0: that */
    uint64_t length; /* of the body */
    char tag[64], date[32], range[80]; /* fields to add; "": none */
};

/* Begins the answer to a request. `software` and `date` must outlive it. */
void fcgi_reply_init(struct fcgi_reply *reply,
                     const struct fcgi_http_request *request,
                     const char *software, const char *date);

/*
 * Makes the head out of a complete header block. Returns NULL, or a static
 * text that says why the block cannot be used; `out` is as before, then. Where
 * `begun` is false still, it was that of an interim answer (RFC 9110, 15.2),
 * which a client of HTTP/1.0 is not sent: another block follows.
 */
const char *fcgi_reply_head(struct fcgi_reply *reply,
                            const struct fcgi_header *header,
                            struct fcgi_buffer *out);

/* Likewise, where the body is a file, which the caller sends. */
const char *fcgi_reply_file(struct fcgi_reply *reply,
                            const struct fcgi_header *header,
                            const struct fcgi_reply_file *file,
                            struct fcgi_buffer *out);

/* Adds a part of the body. Returns how much of it the client gets: what is more
 * than announced is cut off, and of some answers it gets no body. */
size_t fcgi_reply_body(struct fcgi_reply *reply, const uint8_t *bytes,
                       size_t length, struct fcgi_buffer *out);

/* Likewise, for a caller who adds the bytes by itself, between the two: adds
 * what stands in front of a part, and behind one of so many bytes. */
size_t fcgi_reply_open_part(struct fcgi_reply *reply, size_t length,
                            struct fcgi_buffer *out);
void fcgi_reply_close_part(const struct fcgi_reply *reply, size_t length,
                           struct fcgi_buffer *out);

/*
 * To be called before the first of the answer is written. Where the
 * application has not told the length, how the body is framed is left open
 * until then: an answer that ends before, as most do, gets a Content-Length,
 * and an HTTP/1.0 client keeps its connection.
 */
void fcgi_reply_commit(struct fcgi_reply *reply, struct fcgi_buffer *out);

/*
 * Adds what a client has to pass over and what changes nothing, so that one
 * that is gone resets the connection: before the head an interim answer (RFC
 * 9110, 15.2), between two chunks a leading zero of the next one's size (RFC
 * 9112, 7.1). Adds nothing where HTTP has no such thing: for HTTP/1.0, and in a
 * body whose every byte counts. To be called between batches only, when `out`
 * holds whole chunks.
 */
void fcgi_reply_probe(const struct fcgi_reply *reply, struct fcgi_buffer *out);

/* Whether the client has all of the answer before that has ended, as it knows
 * where its end is. */
bool fcgi_reply_is_whole(const struct fcgi_reply *reply);

/* Ends the answer. Returns false where the body is shorter than announced:
 * the client's connection must be cut, then. */
bool fcgi_reply_end(struct fcgi_reply *reply, struct fcgi_buffer *out);

/* Makes a whole answer of our own, with the status 200 and these header fields,
 * each of which ends with CRLF. */
void fcgi_reply_page(struct fcgi_reply *reply, const char *fields,
                     const struct fcgi_buffer *content,
                     struct fcgi_buffer *out);

/* Makes a whole answer of our own, with a status that fcgi_reason_phrase()
 * knows. */
void fcgi_reply_error(struct fcgi_reply *reply, int status,
                      const struct fcgi_page *page, struct fcgi_buffer *out);

/*
 * Makes a whole answer out of an application's header block, as
 * fcgi_reply_head() does, and a page in place of its body: fields that tell of
 * the latter are left out. What comes of the body is dropped.
 */
const char *fcgi_reply_replace(struct fcgi_reply *reply,
                               const struct fcgi_header *header,
                               const struct fcgi_page *page,
                               struct fcgi_buffer *out);

#endif
