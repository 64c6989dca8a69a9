/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads of requests. This is on the way of every request: values are looked
 * through eight bytes at a time, and names are compared only where their length
 * is that of a field which means something here.
 */
#include "http/head.h"

#include <string.h>

/* --- the scanner ---------------------------------------------------------- */

void fcgi_http_scan_init(struct fcgi_http_scan *scan, size_t limit)
{
    memset(scan, 0, sizeof(*scan));
    scan->limit = limit;
}

static enum fcgi_http_scan_result scan_refuse(struct fcgi_http_scan *scan,
                                              int status)
{
    scan->status = status;
    return FCGI_HTTP_SCAN_REFUSED;
}

/* The LF at scan->length ends a line. */
static enum fcgi_http_scan_result end_line(struct fcgi_http_scan *scan)
{
    bool empty = scan->length == scan->line + 1;

    if (!scan->after_cr)
        return scan_refuse(scan, 400);
    scan->after_cr = false;
    scan->line = ++scan->length;
    if (!empty)
        return FCGI_HTTP_SCAN_MORE;
    if (scan->begin + 2 != scan->line)
        return FCGI_HTTP_SCAN_DONE;
    scan->begin = scan->line;
    if (scan->begin > 2 * FCGI_HTTP_EMPTY_LINES_MOST)
        return scan_refuse(scan, 400);
    return FCGI_HTTP_SCAN_MORE;
}

/* The first byte of a method, or one of an empty line; the byte behind a CR
 * stands in that place, too. */
static bool may_begin(char c, bool after_cr)
{
    return after_cr ? c == '\n'
                    : c == '\r' || fcgi_http_text_in(c, FCGI_HTTP_TOKEN);
}

/* Goes behind the next LF, or to the end, which is not here yet. */
static enum fcgi_http_scan_result next_line(struct fcgi_http_scan *scan,
                                            const char **at, const char *end)
{
    const char *lf = memchr(*at, '\n', (size_t)(end - *at));
    const char *stop = lf != NULL ? lf : end;

    if (stop > *at)
        scan->after_cr = stop[-1] == '\r';
    scan->length += (size_t)(stop - *at);
    *at = stop;
    if (lf == NULL)
        return FCGI_HTTP_SCAN_MORE;
    ++*at;
    return end_line(scan);
}

enum fcgi_http_scan_result fcgi_http_scan_feed(struct fcgi_http_scan *scan,
                                               const char *bytes, size_t length,
                                               size_t *used)
{
    enum fcgi_http_scan_result result = FCGI_HTTP_SCAN_MORE;
    const char *at = bytes, *end;
    size_t room = scan->limit - scan->length;

    *used = 0;
    if (scan->status != 0)
        return FCGI_HTTP_SCAN_REFUSED;
    end = bytes + (length < room ? length : room);
    while (at < end && result == FCGI_HTTP_SCAN_MORE) {
        bool first = scan->length == scan->begin + scan->after_cr;

        if (first && !may_begin(*at, scan->after_cr))
            return scan_refuse(scan, 400);
        /* Behind a CR the next byte is looked at as well. */
        result = next_line(scan, &at, first && *at == '\r' ? at + 1 : end);
    }
    *used = (size_t)(at - bytes);
    if (result == FCGI_HTTP_SCAN_MORE && scan->length == scan->limit)
        return scan_refuse(scan, scan->line == scan->begin ? 414 : 431);
    return result;
}

/* --- the parser ----------------------------------------------------------- */

/* What is gathered while the fields go by. */
struct reading {
    struct fcgi_http_head *head;
    size_t n_hosts, host; /* how many, and the last one's place */
    size_t n_lengths, n_codings;
    bool close, keep_alive, expect;
};

static int refuse(struct fcgi_http_head *head, int status, const char *why)
{
    head->why = why;
    return status;
}

static bool ends_line(const char *at, const char *end)
{
    return end - at >= 2 && at[0] == '\r' && at[1] == '\n';
}

/* `HTTP/1.x` and the line's end; `*at` goes behind it. */
static int read_version(struct fcgi_http_head *head, const char **at,
                        const char *end)
{
    const char *version = *at;

    if (end - version < 10 || memcmp(version, "HTTP/", 5) != 0 ||
        !fcgi_http_text_in(version[5], FCGI_HTTP_DIGIT) || version[6] != '.' ||
        !fcgi_http_text_in(version[7], FCGI_HTTP_DIGIT) ||
        !ends_line(version + 8, end))
        return refuse(head, 400, "the request line has no version of HTTP");
    if (version[5] != '1' || version[7] > '1')
        return refuse(head, 505, "the request's version is not HTTP/1.x");
    head->version = version[7] == '0' ? 10 : 11;
    *at += 10;
    return 0;
}

/* `METHOD TARGET HTTP/1.x`; the head ends with a LF, where all loops stop. */
static int read_request_line(struct fcgi_http_head *head, const char **at,
                             const char *end)
{
    const char *begin = *at, *to = begin;

    while (fcgi_http_text_in(*to, FCGI_HTTP_TOKEN))
        to++;
    if (to == begin || *to != ' ')
        return refuse(head, 400, "the request's method is no token");
    head->method = (struct fcgi_text){begin, (size_t)(to - begin)};
    begin = ++to;
    while (fcgi_http_text_in(*to, FCGI_HTTP_TARGET))
        to++;
    if (*to != ' ' ||
        !fcgi_http_target_read(head->method,
                               (struct fcgi_text){begin, (size_t)(to - begin)},
                               &head->target))
        return refuse(head, 400, "the request's target is not valid");
    *at = to + 1;
    return read_version(head, at, end);
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether one of eight bytes is a control byte: less than 0x20, or 0x7f. */
static bool has_control(const char *at)
{
    uint64_t bytes, deletes;

    memcpy(&bytes, at, sizeof(bytes));
    deletes = bytes ^ EACH_BYTE(0x7f);
    return ((((bytes - EACH_BYTE(0x20)) & ~bytes) |
             ((deletes - EACH_BYTE(1)) & ~deletes)) &
            EACH_BYTE(0x80)) != 0;
}

/* The first byte that no value has. There is one before `end`: a LF. */
static const char *value_end(const char *at, const char *end)
{
    for (;;) {
        const char *stop;

        while (end - at >= 8 && !has_control(at))
            at += 8;
        stop = end - at >= 8 ? at + 8 : end;
        while (at < stop && fcgi_http_text_in(*at, FCGI_HTTP_VALUE))
            at++;
        if (at < stop || at == end)
            return at;
    }
}

static int read_length(struct reading *in, struct fcgi_text value)
{
    struct fcgi_http_head *head = in->head;

    if (in->n_lengths++ > 0)
        return refuse(head, 400, "the request has two Content-Length fields");
    if (!fcgi_http_text_all(value, FCGI_HTTP_DIGIT))
        return refuse(head, 400, "the request's Content-Length is no number");
    for (size_t i = 0; i < value.length; i++) {
        unsigned digit = fcgi_http_text_hex(value.data[i]);

        if (head->body_length > ((uint64_t)INT64_MAX - digit) / 10)
            return refuse(head, 413, "the request's body is too large");
        head->body_length = head->body_length * 10 + digit;
    }
    head->body = FCGI_HTTP_LENGTH;
    return 0;
}

static int read_coding(struct reading *in, struct fcgi_text value)
{
    struct fcgi_http_head *head = in->head;
    struct fcgi_text coding;

    while (fcgi_http_text_element(&value, &coding)) {
        if (!fcgi_http_text_all(coding, FCGI_HTTP_TOKEN))
            return refuse(head, 400, "a transfer coding is not valid");
        if (head->body == FCGI_HTTP_CHUNKED)
            return refuse(head, 400, "chunked is not the last coding");
        if (fcgi_http_text_is(coding, "chunked"))
            head->body = FCGI_HTTP_CHUNKED;
        in->n_codings++;
    }
    return 0;
}

static int read_connection(struct reading *in, struct fcgi_text value)
{
    struct fcgi_text option;

    while (fcgi_http_text_element(&value, &option)) {
        if (option.length == 0)
            continue;
        if (!fcgi_http_text_all(option, FCGI_HTTP_TOKEN))
            return refuse(in->head, 400, "a Connection option is no token");
        in->close |= fcgi_http_text_is(option, "close");
        in->keep_alive |= fcgi_http_text_is(option, "keep-alive");
    }
    return 0;
}

/* HTTP/1.0 has no expectations (RFC 9110, 10.1.1). */
static int read_expect(struct reading *in, struct fcgi_text value)
{
    if (in->head->version < 11)
        return 0;
    if (!fcgi_http_text_is(value, "100-continue"))
        return refuse(in->head, 417, "the request expects what is not known");
    in->expect = true;
    return 0;
}

static int read_host(struct reading *in)
{
    in->n_hosts++;
    in->host = in->head->n_fields;
    return 0;
}

/*
 * A field that says whom a request is for or where it ends. Some servers trim
 * blanks alone, and take a tab beside the value for a part of it.
 */
static int read_framing(struct reading *in, const struct fcgi_http_field *field,
                        const char *end)
{
    const char *begin = field->name.data + field->name.length;

    if (memchr(begin, '\t', (size_t)(end - begin)) != NULL)
        return refuse(in->head, 400,
                      "a tab beside a value that has to be clear");
    switch (field->name.length) {
    case 4:
        return read_host(in);
    case 14:
        return read_length(in, field->value);
    default:
        return read_coding(in, field->value);
    }
}

/* `end` is that of its line. */
static int read_field(struct reading *in, const struct fcgi_http_field *field,
                      const char *end)
{
    switch (field->name.length) {
    case 4:
        if (fcgi_http_text_is(field->name, "host"))
            return read_framing(in, field, end);
        return 0;
    case 6:
        if (fcgi_http_text_is(field->name, "expect"))
            return read_expect(in, field->value);
        return 0;
    case 7:
        in->head->upgrade |= fcgi_http_text_is(field->name, "upgrade");
        return 0;
    case 10:
        if (fcgi_http_text_is(field->name, "connection"))
            return read_connection(in, field->value);
        return 0;
    case 14:
        if (fcgi_http_text_is(field->name, "content-length"))
            return read_framing(in, field, end);
        return 0;
    case 17:
        if (fcgi_http_text_is(field->name, "transfer-encoding"))
            return read_framing(in, field, end);
        return 0;
    default:
        return 0;
    }
}

/* Lines `name: value`, up to the empty line, which has to be the end. */
static int read_fields(struct reading *in, const char *at, const char *end,
                       size_t size)
{
    struct fcgi_http_head *head = in->head;
    int status;

    while (at < end && *at != '\r') {
        struct fcgi_http_field *field = &head->fields[head->n_fields];
        const char *name = at, *value;

        while (fcgi_http_text_in(*at, FCGI_HTTP_TOKEN))
            at++;
        if (at == name || *at != ':')
            return refuse(head, 400, "a field of the request has no name");
        value = at + 1;
        at = value_end(value, end);
        if (!ends_line(at, end))
            return refuse(head, 400, "a field's value has a control byte");
        if (head->n_fields == size)
            return refuse(head, 431, "the request has too many fields");
        field->name.data = name;
        field->name.length = (size_t)(value - 1 - name);
        field->value = fcgi_http_text_trim(value, at);
        status = read_field(in, field, at);
        if (status != 0)
            return status;
        head->n_fields++;
        at += 2;
    }
    if (!ends_line(at, end) || at + 2 != end)
        return refuse(head, 400, "the request's head has no end");
    return 0;
}

/* Whom the request is for (RFC 9112, 3.2). */
static int judge_host(struct reading *in)
{
    struct fcgi_http_head *head = in->head;
    struct fcgi_http_authority named = {0};

    if (in->n_hosts > 1)
        return refuse(head, 400, "the request has two Host fields");
    if (in->n_hosts == 0 && head->version > 10)
        return refuse(head, 400, "the request has no Host field");
    if (in->n_hosts > 0 &&
        !fcgi_http_authority_read(head->fields[in->host].value, &named))
        return refuse(head, 400, "the request's Host field is not valid");
    if (head->target.authority.whole.data != NULL) {
        named = head->target.authority;
        if (in->n_hosts > 0)
            head->fields[in->host].value = named.whole;
    }
    head->authority = named;
    return 0;
}

/* How long the body is (RFC 9112, 6.3). */
static int judge_body(struct reading *in)
{
    struct fcgi_http_head *head = in->head;

    if (in->n_codings == 0)
        return 0;
    if (in->n_lengths > 0)
        return refuse(head, 400,
                      "the request has Content-Length and Transfer-Encoding");
    if (head->version < 11)
        return refuse(head, 400, "Transfer-Encoding in HTTP/1.0");
    if (head->body != FCGI_HTTP_CHUNKED)
        return refuse(head, 400, "the last transfer coding is not chunked");
    if (in->n_codings > 1)
        return refuse(head, 501, "a transfer coding is not known");
    return 0;
}

int fcgi_http_head_parse(struct fcgi_http_head *head, const char *bytes,
                         size_t length, struct fcgi_http_field *fields,
                         size_t size)
{
    struct reading in = {.head = head};
    const char *at = bytes, *end = bytes + length;
    int status;

    memset(head, 0, sizeof(*head));
    head->fields = fields;
    if (length == 0 || end[-1] != '\n')
        return refuse(head, 400, "the request's head has no end");
    status = read_request_line(head, &at, end);
    if (status == 0)
        status = read_fields(&in, at, end, size);
    if (status == 0)
        status = judge_body(&in);
    if (status == 0)
        status = judge_host(&in);
    if (status != 0)
        return status;
    head->keep_alive = !in.close && (head->version > 10 || in.keep_alive);
    head->expect_continue =
        in.expect && (head->body == FCGI_HTTP_CHUNKED || head->body_length > 0);
    return 0;
}
