/* SPDX-License-Identifier: Apache-2.0
 *
 * From bytes to Monkey's parser and request structures, by way of
 * http-parser: see parse.c.
 */
#ifndef FCGI_SERVE_PARSE_H
#define FCGI_SERVE_PARSE_H

#include <http_parser.h>
#include <stdbool.h>

#include "monkey/abi.h"

/* Results of serve_parse(), as Monkey numbers them. */
#define SERVE_PARSE_PENDING (-10)
#define SERVE_PARSE_ERROR (-1)
#define SERVE_PARSE_OK 0

/* What is known of the request that is being parsed; all positions are
 * offsets into cs->body. */
struct serve_parse {
    http_parser hp;
    size_t fed;       /* what lies before is known to http-parser */
    const char *from; /* what it is reading: cs->body + fed, or a copy */
    bool method_done;
    bool uri_done;
    bool line_done;
    bool in_key;
    bool in_value;
    bool head_done;
    size_t uri;
    size_t uri_end;
    size_t key;
    size_t key_end;
    size_t value;
    size_t value_end;
    size_t head_end;
    int failed; /* 0, -1 to close, or the status to answer before that */
};

/* Before the first server thread. */
void serve_parse_setup(void);

/* Forgets all about the last request. */
void serve_parse_init(struct mk_session *cs);

/* Looks at cs->body. An error may have written its answer already. */
int serve_parse(struct mk_session *cs, struct mk_request *sr);

/* Makes ptr point at [from, to) of cs->body. */
void serve_point(struct mk_session *cs, struct mk_ptr *ptr, size_t from,
                 size_t to);

/* Takes the field that st->key and st->value say; 0, -1 to close, or the
 * status to answer before that. In field.c. */
int serve_field(struct mk_session *cs, const struct serve_parse *st);

#endif
