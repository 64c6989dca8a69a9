/* SPDX-License-Identifier: Apache-2.0
 *
 * What clients send: a head, then a body in chunks, in pieces that the input's
 * first byte chooses. Whatever comes, the pieces make no difference, and what
 * is handed out lies where it was put in. `make fuzz`.
 */
#include <string.h>

#include "fuzz.h"
#include "http/chunked.h"
#include "http/head.h"

#define FIELDS_MOST 64
#define LIMIT 512 /* so that an input may be longer */

static bool is_inside(struct fcgi_text text, const char *bytes, size_t length)
{
    return text.data == NULL ||
           (text.data >= bytes && text.data + text.length <= bytes + length);
}

/* Paths come out no longer, without dots, and the same if decoded in place. */
static void try_path(struct fcgi_text raw)
{
    char *out = malloc(raw.length), *again = malloc(raw.length);
    struct fcgi_http_path path, second;
    bool valid;

    check(out != NULL && again != NULL);
    memcpy(again, raw.data, raw.length);
    valid = fcgi_http_path_decode(raw, out, &path) == NULL;
    check(valid == (fcgi_http_path_decode((struct fcgi_text){again, raw.length},
                                          again, &second) == NULL));
    if (valid) {
        check(path.length > 0 && path.length <= raw.length && out[0] == '/');
        check(path.length == second.length &&
              memcmp(out, again, path.length) == 0);
        check(memchr(out, '\0', path.length) == NULL);
        check(memmem(out, path.length, "/../", 4) == NULL);
        check(memmem(out, path.length, "/./", 3) == NULL);
        check(path.has_empties == (memmem(out, path.length, "//", 2) != NULL));
        check(path.length < 3 || memcmp(out + path.length - 3, "/..", 3) != 0);
    }
    free(out);
    free(again);
}

/* Texts lie inside the head, and in the order of the lines. */
static void check_head(const struct fcgi_http_head *head, const char *bytes,
                       size_t length)
{
    const struct fcgi_http_authority *host = &head->authority;
    const char *at = head->method.data;

    check(at == bytes && head->method.length > 0);
    check(is_inside(head->target.whole, bytes, length));
    check(is_inside(head->target.query, bytes, length));
    check(is_inside(host->whole, bytes, length));
    check(is_inside(host->host, bytes, length));
    check(is_inside(host->port, bytes, length));
    check(head->version == 10 || head->version == 11);
    check(head->version == 10 || host->host.length > 0);
    for (size_t i = 0; i < head->n_fields; i++) {
        struct fcgi_text name = head->fields[i].name;

        check(name.data > at && name.length > 0);
        check(is_inside(name, bytes, length));
        check(is_inside(head->fields[i].value, bytes, length));
        check(head->body != FCGI_HTTP_LENGTH ||
              !fcgi_http_text_is(name, "transfer-encoding"));
        at = name.data + name.length;
    }
    check(!head->expect_continue || head->body != FCGI_HTTP_NO_BODY);
    check(head->body == FCGI_HTTP_LENGTH || head->body_length == 0);
    check(head->body_length <= INT64_MAX);
    if (head->target.path.length > 0)
        try_path(head->target.path);
}

static void parse(const char *bytes, size_t length)
{
    struct fcgi_http_field fields[FIELDS_MOST];
    struct fcgi_http_head head;
    char *copy = malloc(length);
    int status;

    check(copy != NULL);
    memcpy(copy, bytes, length);
    status = fcgi_http_head_parse(&head, copy, length, fields, FIELDS_MOST);
    check((status == 0) == (head.why == NULL));
    check(memcmp(copy, bytes, length) == 0);
    if (status == 0)
        check_head(&head, copy, length);
    free(copy);
}

/* Scans in pieces of so many bytes. */
static enum fcgi_http_scan_result scan(struct fcgi_http_scan *scan,
                                       const char *bytes, size_t length,
                                       size_t piece)
{
    enum fcgi_http_scan_result result = FCGI_HTTP_SCAN_MORE;
    size_t used;

    fcgi_http_scan_init(scan, LIMIT);
    for (size_t at = 0; at < length && result == FCGI_HTTP_SCAN_MORE;
         at += used) {
        size_t n = length - at < piece ? length - at : piece;

        result = fcgi_http_scan_feed(scan, bytes + at, n, &used);
        check(used <= n && scan->length <= LIMIT);
    }
    return result;
}

/* Returns where the head ends, or 0. */
static size_t try_head(const char *bytes, size_t length, size_t piece)
{
    struct fcgi_http_scan whole, pieces;
    enum fcgi_http_scan_result result = scan(&whole, bytes, length, length);

    check(scan(&pieces, bytes, length, piece) == result);
    check(whole.status == pieces.status);
    check((result == FCGI_HTTP_SCAN_REFUSED) == (whole.status != 0));
    if (result != FCGI_HTTP_SCAN_REFUSED)
        check(whole.length == pieces.length && whole.begin == pieces.begin);
    if (result == FCGI_HTTP_SCAN_DONE) {
        check(whole.length <= length && whole.begin < whole.length);
        parse(bytes + whole.begin, whole.length - whole.begin);
        return whole.length;
    }
    if (length > 0)
        parse(bytes, length);
    return 0;
}

static void try_body(const char *bytes, size_t length, size_t piece)
{
    char *copy = malloc(length), *content = malloc(length);
    enum fcgi_http_chunked_result whole, result = FCGI_HTTP_CHUNKED_MORE;
    struct fcgi_http_unchunked out;
    struct fcgi_http_chunked chunked;
    size_t at = 0, decoded = 0;

    check(copy != NULL && content != NULL);
    memcpy(copy, bytes, length);
    fcgi_http_chunked_init(&chunked);
    whole = fcgi_http_chunked_decode(&chunked, copy, length, &out);
    fcgi_http_chunked_init(&chunked);
    while (at < length && (result == FCGI_HTTP_CHUNKED_MORE ||
                           result == FCGI_HTTP_CHUNKED_DATA)) {
        size_t n = length - at < piece ? length - at : piece, used;
        struct fcgi_text data;

        result = fcgi_http_chunked_feed(&chunked, bytes + at, n, &used, &data);
        check(used <= n && is_inside(data, bytes + at, used));
        check((result == FCGI_HTTP_CHUNKED_DATA) == (data.length > 0));
        if (data.length > 0)
            memcpy(content + decoded, data.data, data.length);
        decoded += data.length;
        at += used;
    }
    if (result == FCGI_HTTP_CHUNKED_DATA)
        result = FCGI_HTTP_CHUNKED_MORE;
    check(result == whole && decoded == out.decoded && decoded <= length);
    check(memcmp(content, copy, decoded) == 0);
    if (whole == FCGI_HTTP_CHUNKED_DONE) {
        check(at == out.used && decoded < at);
        check(memcmp(copy + at, bytes + at, length - at) == 0);
    }
    free(content);
    free(copy);
}

FUZZER(http)
{
    const char *bytes = (const char *)data + 1;
    size_t piece, end;

    if (size < 2)
        return 0;
    piece = data[0] % 16 + 1;
    size--;
    end = try_head(bytes, size, piece);
    if (end < size)
        try_body(bytes + end, size - end, piece);
    return 0;
}
