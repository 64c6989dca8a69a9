/* SPDX-License-Identifier: Apache-2.0
 *
 * From bytes to Monkey's parser and request structures, by way of
 * http-parser.
 *
 * http-parser finds the parts of the head; what becomes of them is Monkey's:
 * which methods have a number, which headers have a place, what is refused
 * and how. Where http-parser is stricter than Monkey it is kept from knowing:
 * it never sees the method (any word is one for Monkey) nor the URI's first
 * byte ("*" and "http://..." fail later, with 400), and it takes no header
 * for a special one, so that Content-Length may come twice or end in letters,
 * as for Monkey (traps h, i, q).
 *
 * Positions become pointers as soon as their part is complete. They are not
 * mended when cs->body moves to a bigger block, see session.c.
 */
#include "parse.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "mem.h"
#include "serve.h"

/* Monkey's numbers for parser.level. */
enum { LEVEL_FIRST = 1, LEVEL_HEADERS = 3, LEVEL_END = 4, LEVEL_BODY = 5 };

/* In the order of Monkey's numbers. */
static const char *const methods[] = {
    "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS",
};

static struct serve_parse *state(struct mk_session *cs)
{
    return &serve_client(cs)->parse;
}

static struct mk_session *session_of(http_parser *hp)
{
    return hp->data;
}

static size_t offset_of(const struct serve_parse *st, const char *at)
{
    return st->fed + (size_t)(at - st->from);
}

/* Ends the parsing from within a callback of http-parser. */
static int fail(struct serve_parse *st, int why)
{
    if (st->failed == 0)
        st->failed = why;
    return 1;
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
    st->uri_end = i + 1;
    st->fed = i + 1;
    return 1;
}

static int end_uri(struct mk_session *cs)
{
    struct serve_parse *st = state(cs);
    struct mk_request *sr = &cs->sr_fixed;
    char *query;

    if (st->uri_done)
        return 0;
    st->uri_done = true;
    if (cs->body[st->uri_end] != ' ')
        return fail(st, 400);
    if (st->uri == st->uri_end)
        return fail(st, -1);
    query = memchr(cs->body + st->uri, '?', st->uri_end - st->uri);
    if (query == NULL) {
        /* sr->query_string keeps what it had: trap (t) */
        serve_point(cs, &sr->uri, st->uri, st->uri_end);
    } else {
        size_t mark = (size_t)(query - cs->body);

        serve_point(cs, &sr->uri, st->uri, mark);
        serve_point(cs, &sr->query_string, mark + 1, st->uri_end);
    }
    return 0;
}

static int end_line(struct mk_session *cs)
{
    struct serve_parse *st = state(cs);
    struct mk_request *sr = &cs->sr_fixed;
    size_t at = st->uri_end + 1;

    if (st->line_done)
        return 0;
    st->line_done = true;
    if (end_uri(cs) != 0)
        return 1;
    if (at + 10 > cs->body_length || memcmp(cs->body + at, "HTTP/1.", 7) != 0)
        return fail(st, 505);
    if (memcmp(cs->body + at + 8, "\r\n", 2) != 0)
        return fail(st, -1);
    serve_point(cs, &sr->protocol_p, at, at + 8);
    sr->protocol = MK_PROTOCOL_UNKNOWN;
    if (cs->body[at + 7] == '1')
        sr->protocol = MK_PROTOCOL_11;
    else if (cs->body[at + 7] == '0')
        sr->protocol = MK_PROTOCOL_10;
    return 0;
}

/* The value has ended, at a line's end that is in the buffer. */
static int end_value(struct mk_session *cs)
{
    struct serve_parse *st = state(cs);
    int why;

    st->in_value = false;
    if (cs->body[st->value_end] != '\r' ||
        (st->value == st->value_end && MK_ABI == 16))
        return fail(st, -1); /* no value: trap (i) */
    why = serve_field(cs, st);
    return why == 0 ? 0 : fail(st, why);
}

static int on_url(http_parser *hp, const char *at, size_t length)
{
    struct mk_session *cs = session_of(hp);
    struct serve_parse *st = state(cs);

    if (st->from == NULL)
        return 0; /* the prefix of take_head() */
    st->uri_end = offset_of(st, at) + length;
    if (st->uri_end < cs->body_length)
        return end_uri(cs);
    return 0;
}

static int on_header_field(http_parser *hp, const char *at, size_t length)
{
    struct mk_session *cs = session_of(hp);
    struct serve_parse *st = state(cs);
    size_t offset = offset_of(st, at);

    /* http-parser's h_general: it shall see nothing in any header that it
     * would have to check or to act on. */
    hp->header_state = 0;
    if (end_line(cs) != 0)
        return 1;
    if (!st->in_key) {
        if (st->in_value && end_value(cs) != 0)
            return 1;
        st->in_key = true;
        st->key = offset;
    }
    st->key_end = offset + length;
    return 0;
}

static int on_header_value(http_parser *hp, const char *at, size_t length)
{
    struct mk_session *cs = session_of(hp);
    struct serve_parse *st = state(cs);
    size_t offset = offset_of(st, at);

    if (st->in_key) {
        st->in_key = false;
        st->in_value = true;
        st->value = st->key_end + 1;
        while (cs->body[st->value] == ' ' ||
               (cs->body[st->value] == '\t' && MK_ABI == 18))
            st->value++;
        /* Of an empty value, or one of tabs, which are a value for 1.6,
         * http-parser tells the place of the next line. */
        if (length == 0)
            offset = st->value + strcspn(cs->body + st->value, "\r");
    } else if (!st->in_value || offset != st->value_end) {
        return fail(st, -1); /* a folded line: trap (i) */
    }
    st->value_end = offset + length;
    if (st->value_end < cs->body_length)
        return end_value(cs);
    return 0;
}

static int on_headers_complete(http_parser *hp)
{
    struct mk_session *cs = session_of(hp);
    struct serve_parse *st = state(cs);

    if (end_line(cs) != 0)
        return 1;
    if (st->in_value && end_value(cs) != 0)
        return 1;
    st->head_done = true;
    return 2; /* the body is not http-parser's */
}

static const struct http_parser_settings callbacks = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
};

void serve_parse_setup(void)
{
    http_parser_set_max_header_size(INT_MAX); /* MaxRequestSize is the limit */
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
    http_parser_init(&st->hp, HTTP_REQUEST);
    st->hp.lenient_http_headers = 1;
    st->hp.data = cs;
}

static int refuse(struct mk_session *cs, struct mk_request *sr, int why)
{
    if (why > 0)
        serve_http_error(why, cs, sr);
    return SERVE_PARSE_ERROR;
}

/* The first line as http-parser may see it: it minds control characters in
 * the URI, Monkey does not (trap p). */
static char *tame(const char *from, size_t len)
{
    char *copy = serve_mem_alloc(len);

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)from[i];

        copy[i] = from[i];
        if ((c < ' ' && c != '\r' && c != '\n') || c == 127)
            copy[i] = 'x';
    }
    return copy;
}

/* Gives http-parser what has come since the last time. */
static void feed(struct mk_session *cs)
{
    struct serve_parse *st = state(cs);
    size_t len = cs->body_length - st->fed;
    const char *end;
    char *copy;

    if (!st->line_done && len > 0) {
        end = memchr(cs->body + st->fed, '\n', len);
        if (end != NULL)
            len = (size_t)(end - cs->body) - st->fed + 1;
        copy = tame(cs->body + st->fed, len);
        st->from = copy;
        st->fed += http_parser_execute(&st->hp, &callbacks, copy, len);
        serve_mem_free(copy);
        len = cs->body_length - st->fed;
    }
    st->from = cs->body + st->fed;
    /* Of no bytes http-parser would think that they are the end. */
    if (len > 0 && HTTP_PARSER_ERRNO(&st->hp) == HPE_OK)
        st->fed += http_parser_execute(&st->hp, &callbacks, st->from, len);
}

static int take_head(struct mk_session *cs, struct mk_request *sr)
{
    static const char prefix[] = "GET /";
    struct serve_parse *st = state(cs);
    int r;

    if (!st->method_done) {
        r = take_method(cs, sr);
        if (r <= 0)
            return r < 0 ? SERVE_PARSE_ERROR : SERVE_PARSE_PENDING;
        http_parser_execute(&st->hp, &callbacks, prefix, sizeof(prefix) - 1);
    }
    feed(cs);
    cs->parser.i = (int)st->fed;
    cs->parser.level = st->line_done ? LEVEL_HEADERS : LEVEL_FIRST;
    if (st->failed != 0)
        return refuse(cs, sr, st->failed);
    if (HTTP_PARSER_ERRNO(&st->hp) != HPE_OK) {
        /* Of what it can dislike itself, Monkey answers one thing only. */
        if (st->uri_done && !st->line_done &&
            strncmp(cs->body + st->uri_end + 1, "HTTP/1.", 7) != 0)
            return refuse(cs, sr, 505);
        return SERVE_PARSE_ERROR;
    }
    if (!st->head_done)
        return SERVE_PARSE_PENDING;
    if (st->fed < 2 || cs->body[st->fed - 2] != '\r')
        return SERVE_PARSE_ERROR;
    st->head_end = st->fed;
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
