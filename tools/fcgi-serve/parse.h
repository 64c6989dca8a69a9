/* SPDX-License-Identifier: Apache-2.0
 *
 * From bytes to Monkey's parser and request structures: see parse.c.
 */
#ifndef FCGI_SERVE_PARSE_H
#define FCGI_SERVE_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "monkey/abi.h"

/* Results of serve_parse(), as Monkey numbers them. */
#define SERVE_PARSE_PENDING (-10)
#define SERVE_PARSE_ERROR (-1)
#define SERVE_PARSE_OK 0

/* The state of the request that is being parsed; all positions are
 * offsets into cs->body. */
struct serve_parse {
    int step;  /* the next part */
    size_t at; /* all before it is parsed */
    bool method_done;
    bool head_done;
    size_t uri;
    size_t uri_end;
    size_t key;
    size_t key_end;
    size_t value;
    size_t value_end;
    size_t head_end;
};

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
