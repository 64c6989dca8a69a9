/* SPDX-License-Identifier: Apache-2.0
 *
 * A header field and its place in Monkey's parser structure: which names have
 * a place of their own, what their values do to the request, and what is
 * refused.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "parse.h"

struct word {
    size_t len;
    const char *text;
};

#define WORD(text)             \
    {                          \
        sizeof(text) - 1, text \
    }

static const struct word headers[MK_HEADERS] = {
    WORD("accept"),
    WORD("accept-charset"),
    WORD("accept-encoding"),
    WORD("accept-language"),
    WORD("authorization"),
    WORD("cache-control"),
    WORD("cookie"),
    WORD("connection"),
    WORD("content-length"),
    WORD("content-range"),
    WORD("content-type"),
    WORD("host"),
#if MK_ABI == 18
    WORD("http2-settings"),
#endif
    WORD("if-modified-since"),
    WORD("last-modified"),
    WORD("last-modified-since"),
    WORD("range"),
    WORD("referer"),
#if MK_ABI == 18
    WORD("transfer-encoding"),
#endif
    WORD("upgrade"),
    WORD("user-agent"),
};

void serve_point(struct mk_session *cs, struct mk_ptr *ptr, size_t from,
                 size_t to)
{
    ptr->data = cs->body + from;
    ptr->len = to - from;
}

static int host_port(struct mk_parser *p, struct mk_header *host)
{
    char *colon = memrchr(host->val.data, ':', host->val.len);
    size_t before;
    size_t after;
    char digits[8];
    char *end;

    if (colon == NULL || colon == host->val.data)
        return 0;
    before = (size_t)(colon - host->val.data);
    after = host->val.len - before - 1;
    if (after == 0 || after >= 6)
        return 400;
    memcpy(digits, colon + 1, after);
    digits[after] = '\0';
    p->header_host_port = (int)strtol(digits, &end, 10);
    if (end == digits || *end != '\0')
        return 400;
    host->val.len = before;
    return 0;
}

#if MK_ABI == 18
static int content_length(struct mk_parser *p, struct mk_header *header)
{
    const char *digits = header->val.data;
    unsigned long len = header->val.len;
    long value = 0;

    while (len > 0 && (digits[len - 1] == ' ' || digits[len - 1] == '\t'))
        len--;
    if (len == 0)
        return 400;
    for (unsigned long i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return 400;
        if (value > (LONG_MAX - 9) / 10)
            return 413;
        value = value * 10 + (digits[i] - '0');
    }
    p->header_content_length = value;
    return 0;
}

/* A word anywhere in the value counts. */
static int transfer_encoding(struct mk_parser *p, struct mk_header *header)
{
    static const char word[] = "chunked";
    const size_t n = sizeof(word) - 1;

    for (unsigned long i = 0; i + n <= header->val.len; i++)
        if (strncasecmp(header->val.data + i, word, n) == 0)
            p->header_transfer_encoding |= MK_TRANSFER_CHUNKED;
    return 0;
}
#else
static int content_length(struct mk_parser *p, struct mk_header *header)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(header->val.data, &end, 10);
    if (errno == ERANGE)
        return 413;
    if (end == header->val.data || value < 0)
        return -1;
    p->header_content_length = value;
    return 0;
}
#endif

static int connection(struct mk_parser *p, struct mk_header *header)
{
    static const struct word values[] = {
        WORD("keep-alive"),
        WORD("close"),
        WORD("upgrade"),
    };

    for (int i = 0; i < 3; i++) {
        if (header->val.len != values[i].len)
            continue;
        /* A word of the right length that is another changes nothing. */
        if (strncasecmp(header->val.data, values[i].text, values[i].len) == 0)
            p->header_connection =
                i < 2 ? MK_CONNECTION_KEEP_ALIVE + i : MK_CONNECTION_UPGRADE;
        return 0;
    }
    p->header_connection = MK_CONNECTION_UNKNOWN;
    return 0;
}

static int known_header(struct mk_session *cs, const struct serve_parse *st,
                        int number)
{
    struct mk_parser *p = &cs->parser;
    struct mk_header *header = &p->headers[number];

    header->type = number;
    serve_point(cs, &header->key, st->key, st->key_end);
    serve_point(cs, &header->val, st->value, st->value_end);
    p->header_count++;
    /* A repeated header is linked again, which breaks the list: trap (i). */
    serve_list_add(&header->head, &p->header_list);
    switch (number) {
    case MK_HEADER_HOST:
        return host_port(p, header);
    case MK_HEADER_CONTENT_LENGTH:
        return content_length(p, header);
    case MK_HEADER_CONNECTION:
        return connection(p, header);
#if MK_ABI == 18
    case MK_HEADER_TRANSFER_ENCODING:
        return transfer_encoding(p, header);
#endif
    default:
        return 0;
    }
}

static int extra_header(struct mk_session *cs, const struct serve_parse *st)
{
    struct mk_parser *p = &cs->parser;
    struct mk_header *header;

    if (p->headers_extra_count >= MK_HEADERS_EXTRA)
        return 413;
    header = &p->headers_extra[p->headers_extra_count++];
    serve_point(cs, &header->key, st->key, st->key_end);
    serve_point(cs, &header->val, st->value, st->value_end);
    for (unsigned long i = 0; i < header->key.len; i++)
        header->key.data[i] = (char)tolower((unsigned char)header->key.data[i]);
    p->header_count++;
    serve_list_add(&header->head, &p->header_list);
    return 0;
}

int serve_field(struct mk_session *cs, const struct serve_parse *st)
{
    const char *key = cs->body + st->key;
    size_t len = st->key_end - st->key;
    int i = 0;

    while (i < MK_HEADERS && (headers[i].len != len ||
                              strncasecmp(key, headers[i].text, len) != 0))
        i++;
    return i < MK_HEADERS ? known_header(cs, st, i) : extra_header(cs, st);
}
