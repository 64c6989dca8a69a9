/* SPDX-License-Identifier: Apache-2.0
 *
 * Text of others put into a page, a line or a document, so that it can be
 * nothing else there than text. Pure. What no reader would see, or what is no
 * UTF-8, is written in a way that shows.
 */
#ifndef FCGI_GATEWAY_QUOTE_H
#define FCGI_GATEWAY_QUOTE_H

#include "gateway/buffer.h"
#include "http/chars.h"

enum fcgi_quote_kind {
    FCGI_QUOTE_HTML, /* an element's text, or an attribute's in either quotes */
    FCGI_QUOTE_JSON, /* a string, without its quotes (RFC 8259, 7) */
    FCGI_QUOTE_LABEL, /* a label's value of Prometheus, without its quotes */
    FCGI_QUOTE_LOG,   /* what stands in "" on one line of a log */
};

/* Adds a text. It may become six times as long. */
void fcgi_quote(struct fcgi_buffer *out, enum fcgi_quote_kind kind,
                struct fcgi_text text);

#endif
