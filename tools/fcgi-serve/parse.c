/* SPDX-License-Identifier: Apache-2.0
 *
 * From bytes to Monkey's parser and request structures, as lax as Monkey is:
 * which methods have a number, which headers have a place, what is refused and
 * how. Any word is a method; the URI may have any byte but a blank and a line's
 * end, and "*" and "http://..." fail later, with 400; no header is a special
 * one, so that Content-Length may come twice or end in letters (traps h, i, p,
 * q). The strict parser is src/http's: this one is what it is tried against.
 *
 * Positions become pointers as soon as their part is complete. They are not
 * mended when cs->body moves to a bigger block, see session.c.
 */
#include "parse.h"

#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "http/chars.h"
#include "serve.h"

/* Monkey's numbers for parser.level. */
enum { LEVEL_FIRST = 1, LEVEL_HEADERS = 3, LEVEL_END = 4, LEVEL_BODY = 5 };

/* What the next byte of the head is, in the order of the lines. */
enum {
    URI,
    PROTOCOL,
    KEY_FIRST,
    KEY,
    VALUE_FIRST,
    VALUE,
    LINE_LF, /* behind a field's CR */
    LAST_LF, /* behind the CR of the empty line */
};

/* In the order of Monkey's numbers. */
static const char *const methods[] = {
    "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS",
};

static struct serve_parse *state(struct mk_session *cs)
{
    return &serve_client(cs)->parse;
}

/* "PO" is POST and "GE" is GET: the first letter picks a method, of which
 * the word then only has to be the beginning. */
static int method_number(const char *word, size_t len)
{
    static const char letters[] = "GPH?DO"; /* in the order of methods[] */
    const char *guess = strchr(letters, word[0]);

    if (guess != NULL && *guess != '\0' &&
        strncmp(word + 1, methods[guess - letters] + 1, len - 1) == 0)
        return (int)(guess - letters);
    for (int i = 0; i <= MK_METHOD_OPTIONS; i++)
        if (len == strlen(methods[i]) && memcmp(word, methods[i], len) == 0)
            return i;
    return MK_METHOD_UNKNOWN;
}

/* Takes the request's first word; 1 when it is complete. */
static int take_method(struct mk_session *cs, struct mk_request *sr)
{
    struct serve_parse *st = state(cs);
    size_t i = (size_t)cs->parser.i;

    for (; i < cs->body_length; i++) {
        if (i == 0)
            continue;
        if (cs->body[i] == ' ')
            break;
        if (i > 10)
            return -1;
    }
    cs->parser.i = (int)i;
    if (i == cs->body_length)
        return 0;
    if (i < 2)
        return -1;
    sr->method = method_number(cs->body, i);
    serve_point(cs, &sr->method_p, 0, i);
    st->method_done = true;
    st->uri = i + 1;
    st->at = i + 1;
    return 1;
}

static int end_uri(struct mk_session *cs, struct mk_request *sr, size_t end)
{
    struct serve_parse *st = state(cs);
    char *query;

    if (st->uri == end)
        return -1;
    st->uri_end = end;
    st->step = PROTOCOL;
    query = memchr(cs->body + st->uri, '?', end - st->uri);
    if (query == NULL) {
        /* sr->query_string keeps what it had: trap (t) */
        serve_point(cs, &sr->uri, st->uri, end);
    } else {
        size_t mark = (size_t)(query - cs->body);

        serve_point(cs, &sr->uri, st->uri, mark);
        serve_point(cs, &sr->query_string, mark + 1, end);
    }
    return 0;
}

/* A byte of "HTTP/1.x", or of the line's end behind it. */
static int take_protocol(struct mk_session *cs, struct mk_request *sr, size_t i)
{
    static const char protocol[] = "HTTP/1.";
    struct serve_parse *st = state(cs);
    size_t begin = st->uri_end + 1, n = i - begin;
    char c = cs->body[i];

    if (n < sizeof(protocol) - 1)
        return c == protocol[n] ? 0 : 505;
    switch (n - (sizeof(protocol) - 1)) {
    case 0:
        if (!fcgi_http_text_in(c, FCGI_HTTP_DIGIT))
            return -1;
        sr->protocol = MK_PROTOCOL_UNKNOWN;
        if (c == '1')
            sr->protocol = MK_PROTOCOL_11;
        else if (c == '0')
            sr->protocol = MK_PROTOCOL_10;
        return 0;
    case 1:
        return c == '\r' ? 0 : -1;
    default:
        if (c != '\n')
            return -1;
        serve_point(cs, &sr->protocol_p, begin, begin + 8);
        st->step = KEY_FIRST;
        return 0;
    }
}

/* A byte of a field's name, which may have blanks in it, but not in front: a
 * folded line is refused (trap i). */
static int take_key(struct mk_session *cs, size_t i)
{
    struct serve_parse *st = state(cs);
    char c = cs->body[i];

    if (st->step == KEY_FIRST) {
        st->key = i;
        st->step = c == '\r' ? LAST_LF : KEY;
        return c == '\r' || fcgi_http_text_in(c, FCGI_HTTP_TOKEN) ? 0 : -1;
    }
    if (c == ':') {
        st->key_end = i;
        st->step = VALUE_FIRST;
        return 0;
    }
    return c == ' ' || fcgi_http_text_in(c, FCGI_HTTP_TOKEN) ? 0 : -1;
}

/* A byte of a field's value, blanks in front and the CR behind included. */
static int take_value(struct mk_session *cs, size_t i)
{
    struct serve_parse *st = state(cs);
    char c = cs->body[i];

    if (st->step == VALUE_FIRST) {
        if (c == ' ' || (c == '\t' && MK_ABI == 18))
            return 0;
        st->value = i;
        st->step = VALUE;
    }
    if (c == '\n')
        return -1;
    if (c != '\r')
        return 0;
    st->value_end = i;
    st->step = LINE_LF;
    if (st->value == i && MK_ABI == 16)
        return -1; /* no value: trap (i) */
    return serve_field(cs, st);
}

/* Takes a byte of the head, behind its method: 0, -1 to close, or the status to
 * answer before that. */
static int take(struct mk_session *cs, struct mk_request *sr, size_t i)
{
    struct serve_parse *st = state(cs);
    char c = cs->body[i];

    switch (st->step) {
    case URI:
        if (c == ' ')
            return end_uri(cs, sr, i);
        return c == '\r' || c == '\n' ? 400 : 0;
    case PROTOCOL:
        return take_protocol(cs, sr, i);
    case KEY_FIRST:
    case KEY:
        return take_key(cs, i);
    case VALUE_FIRST:
    case VALUE:
        return take_value(cs, i);
    case LINE_LF:
        st->step = KEY_FIRST;
        return c == '\n' ? 0 : -1;
    default:
        st->head_done = true;
        return c == '\n' ? 0 : -1;
    }
}

void serve_parse_init(struct mk_session *cs)
{
    struct mk_parser *p = &cs->parser;
    struct serve_parse *st = state(cs);

    memset(p, 0, sizeof(*p));
    p->level = LEVEL_FIRST;
    p->status = 1;
    p->chars = -1;
    p->method = -1;
    p->header_key = -1;
    p->header_sep = -1;
    p->header_val = -1;
    p->header_min = -1;
    p->header_max = -1;
    p->header_content_length = -1;
    serve_list_init(&p->header_list);

    memset(st, 0, sizeof(*st));
}

static int refuse(struct mk_session *cs, struct mk_request *sr, int why)
{
    if (why > 0)
        serve_http_error(why, cs, sr);
    return SERVE_PARSE_ERROR;
}

static int take_head(struct mk_session *cs, struct mk_request *sr)
{
    struct serve_parse *st = state(cs);
    int r, why = 0;

    if (!st->method_done) {
        r = take_method(cs, sr);
        if (r <= 0)
            return r < 0 ? SERVE_PARSE_ERROR : SERVE_PARSE_PENDING;
    }
    while (st->at < cs->body_length && why == 0 && !st->head_done)
        why = take(cs, sr, st->at++);
    cs->parser.i = (int)st->at;
    cs->parser.level = st->step > PROTOCOL ? LEVEL_HEADERS : LEVEL_FIRST;
    if (why != 0)
        return refuse(cs, sr, why);
    if (!st->head_done)
        return SERVE_PARSE_PENDING;
    st->head_end = st->at;
    cs->parser.i = (int)st->head_end - 1;
    cs->parser.start = (int)st->head_end;
    cs->parser.level = LEVEL_END;
    return SERVE_PARSE_OK;
}

#if MK_ABI == 18
/*
 * Whether the last chunk is there; the body is left as it is, and parser.i at
 * the end of the head. Monkey loses a body in chunks when its buffer moves,
 * so that one is refused here (trap h).
 */
static int chunks(struct mk_session *cs)
{
    const char *at = cs->body + state(cs)->head_end;
    const char *end = cs->body + cs->body_length;

    if (serve_client(cs)->moved)
        return SERVE_PARSE_ERROR;
    for (;;) {
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
        long size;
        char *stop;

        if (line == NULL)
            return SERVE_PARSE_PENDING;
        size = strtol(at, &stop, 16);
        if (stop == at || stop != line || size < 0)
            return SERVE_PARSE_ERROR;
        if (size == 0 && end - at < 5)
            return SERVE_PARSE_PENDING;
        if (size == 0)
            return memcmp(at, "0\r\n\r\n", 5) == 0 ? SERVE_PARSE_OK
                                                   : SERVE_PARSE_ERROR;
        at = line + 2;
        if (size > end - at - 2)
            return SERVE_PARSE_PENDING;
        if (memcmp(at + size, "\r\n", 2) != 0)
            return SERVE_PARSE_ERROR;
        at += size + 2;
    }
}
#endif

/* The checks that Monkey makes of a complete request. */
static int complete(struct mk_session *cs, struct mk_request *sr)
{
    const struct mk_header *length =
        &cs->parser.headers[MK_HEADER_CONTENT_LENGTH];

    if (sr->protocol == MK_PROTOCOL_UNKNOWN)
        return refuse(cs, sr, 505);
    if (sr->method != MK_METHOD_POST && sr->method != MK_METHOD_PUT)
        return SERVE_PARSE_OK;
#if MK_ABI == 18
    if (cs->parser.header_transfer_encoding & MK_TRANSFER_CHUNKED)
        return chunks(cs);
#endif
    if (length->type == 0)
        return refuse(cs, sr, 411);
    return SERVE_PARSE_OK;
}

/*
 * A request that is complete and is parsed again is complete again: the
 * session's status, not the parser, tells Monkey that it knows it already
 * (trap b).
 */
int serve_parse(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_parser *p = &cs->parser;
    struct serve_parse *st = state(cs);
    size_t received;
    int r;

    if (!st->head_done) {
        r = take_head(cs, sr);
        if (r != SERVE_PARSE_OK)
            return r;
        if (p->header_content_length > 0) {
            p->i = (int)st->head_end;
            p->level = LEVEL_BODY;
        }
    }
    if (p->header_content_length <= 0)
        return complete(cs, sr);
    received = cs->body_length - st->head_end;
    if (received == 0)
        return SERVE_PARSE_PENDING;
    p->body_received = (long)received;
    if (p->body_received < p->header_content_length)
        return SERVE_PARSE_PENDING;
    /* Everything behind the head is taken for the body: trap (h). */
    p->i += (int)received;
    serve_point(cs, &sr->data, st->head_end, cs->body_length);
    return complete(cs, sr);
}
