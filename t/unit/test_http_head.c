/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads of requests: what each rule takes and refuses, and that the pieces a
 * head comes in make no difference. Every head ends where nothing can be read.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "http/head.h"
#include "proto_random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELDS_MOST 100
#define LIMIT 65536

static struct guard memory;
static struct fcgi_http_field fields[FIELDS_MOST];

static int set_up(void **state)
{
    (void)state;
    guard_behind(&memory, 2 * LIMIT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guard_free(&memory);
    return 0;
}

/* --- where a head ends ---------------------------------------------------- */

/* Feeds bytes in pieces of which each but the last ends at a cut. */
static enum fcgi_http_scan_result scan_pieces(struct fcgi_http_scan *scan,
                                              const char *bytes, size_t length,
                                              const size_t *cuts, size_t n)
{
    enum fcgi_http_scan_result result = FCGI_HTTP_SCAN_MORE;
    size_t at = 0, used;

    for (size_t i = 0; i <= n && result == FCGI_HTTP_SCAN_MORE; i++) {
        size_t end = i < n ? cuts[i] : length;

        result = fcgi_http_scan_feed(scan, bytes + at, end - at, &used);
        if (result == FCGI_HTTP_SCAN_REFUSED)
            return result;
        at += used;
        assert_int_equal(at, scan->length);
        if (result == FCGI_HTTP_SCAN_MORE)
            assert_int_equal(at, end);
    }
    return result;
}

static void assert_same(const struct fcgi_http_scan *one,
                        const struct fcgi_http_scan *other,
                        enum fcgi_http_scan_result result, const char *text)
{
    if (one->status != other->status ||
        (result != FCGI_HTTP_SCAN_REFUSED &&
         (one->begin != other->begin || one->length != other->length)))
        fail_msg("another result in pieces: %s", text);
}

/* Scans all at once, byte by byte, and cut in two everywhere. */
static enum fcgi_http_scan_result scan_all(struct fcgi_http_scan *scan,
                                           const char *bytes, size_t length,
                                           size_t limit)
{
    static size_t cuts[LIMIT];
    enum fcgi_http_scan_result result;
    struct fcgi_http_scan pieces;

    fcgi_http_scan_init(scan, limit);
    result = scan_pieces(scan, bytes, length, NULL, 0);
    for (size_t i = 0; i < length; i++) {
        cuts[i] = i;
        fcgi_http_scan_init(&pieces, limit);
        if (scan_pieces(&pieces, bytes, length, &i, 1) != result)
            fail_msg("cut at %zu: %s", i, bytes);
        assert_same(scan, &pieces, result, bytes);
    }
    fcgi_http_scan_init(&pieces, limit);
    if (scan_pieces(&pieces, bytes, length, cuts, length) != result)
        fail_msg("byte by byte: %s", bytes);
    assert_same(scan, &pieces, result, bytes);
    return result;
}

#define MORE 0
#define DONE 1
#define LINE "GET / HTTP/1.1\r\n"

static void test_scan(void **state)
{
    static const struct {
        const char *text;
        int result; /* MORE, DONE or the status */
        size_t begin;
        const char *rest; /* behind the head */
    } cases[] = {
        {"", MORE, 0, ""},
        {"G", MORE, 0, ""},
        {LINE "Host: a\r\n\r", MORE, 0, ""},
        {LINE "Host: a\r\n\r\n", DONE, 0, ""},
        {LINE "\r\n", DONE, 0, ""},
        {LINE "\r\n\r\n", DONE, 0, "\r\n"},
        {LINE "\r\nGET / H\n", DONE, 0, "GET / H\n"},
        {"x\r\n\r\n\n", DONE, 0, "\n"},
        /* Empty lines in front. */
        {"\r\n", MORE, 2, ""},
        {"\r\n" LINE "\r\nX", DONE, 2, "X"},
        {"\r\n\r\n\r\n\r\n" LINE "\r\n", DONE, 8, ""},
        {"\r\n\r\n\r\n\r\n\r\n" LINE "\r\n", 400, 0, ""},
        {"\r", MORE, 0, ""},
        {"\r" LINE "\r\n", 400, 0, ""},
        {"\r\r\n" LINE "\r\n", 400, 0, ""},
        {"\n" LINE "\r\n", 400, 0, ""},
        {"\r\n\n" LINE "\r\n", 400, 0, ""},
        {" " LINE "\r\n", 400, 0, ""},
        {"\r\n " LINE "\r\n", 400, 0, ""},
        /* What can be no head is not waited for. */
        {"\x16\x03\x01", 400, 0, ""},
        {"GET / HTTP/1.1\n", 400, 0, ""},
        {"GET / HTTP/1.1\n\n", 400, 0, ""},
        {LINE "Host: a\n", 400, 0, ""},
        {LINE "Host: a\r\n\n", 400, 0, ""},
        {LINE "\n", 400, 0, ""},
        {LINE "Host: a\n\r\n\r\n", 400, 0, ""},
        /* A bare CR ends no line; the parser refuses it. */
        {"GET / HTTP/1.1\r\r\r\n\r\r\n\r\n", DONE, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = strlen(cases[i].text);
        struct fcgi_http_scan scan;
        enum fcgi_http_scan_result result =
            scan_all(&scan, cases[i].text, length, LIMIT);
        int got = result == FCGI_HTTP_SCAN_MORE   ? MORE
                  : result == FCGI_HTTP_SCAN_DONE ? DONE
                                                  : scan.status;
        size_t used = 9;

        if (got != cases[i].result)
            fail_msg("case %zu: %d", i, got);
        if (got > DONE) { /* sticky */
            assert_int_equal(fcgi_http_scan_feed(&scan, "GET", 3, &used),
                             FCGI_HTTP_SCAN_REFUSED);
            assert_int_equal(used, 0);
            continue;
        }
        assert_int_equal(scan.begin, cases[i].begin);
        assert_int_equal(scan.length, length - strlen(cases[i].rest));
    }
}

static void test_limit(void **state)
{
    static const char head[] = "\r\nGET /long HTTP/1.1\r\nHost: a\r\n\r\nbody";
    const size_t line = strlen("\r\nGET /long HTTP/1.1\r\n");
    const size_t whole = strlen(head) - strlen("body");
    struct fcgi_http_scan scan;

    (void)state;
    for (size_t limit = 1; limit < sizeof(head) + 5; limit++) {
        enum fcgi_http_scan_result result =
            scan_all(&scan, head, sizeof(head) - 1, limit);

        if (limit >= whole) {
            assert_int_equal(result, FCGI_HTTP_SCAN_DONE);
            continue;
        }
        assert_int_equal(result, FCGI_HTTP_SCAN_REFUSED);
        assert_int_equal(scan.status, limit < line ? 414 : 431);
    }
}

/* What stands in front of a piece is none of the scanner's. */
static void test_pieces_apart(void **state)
{
    struct fcgi_http_scan scan;
    struct guard alone;
    size_t used;

    (void)state;
    fcgi_http_scan_init(&scan, LIMIT);
    assert_int_equal(fcgi_http_scan_feed(&scan, LINE "\r", 17, &used),
                     FCGI_HTTP_SCAN_MORE);
    guard_before(&alone, 1);
    alone.bytes[0] = '\n';
    assert_int_equal(fcgi_http_scan_feed(&scan, (char *)alone.bytes, 1, &used),
                     FCGI_HTTP_SCAN_DONE);
    assert_int_equal(used, 1);
    guard_free(&alone);
}

/* --- what a head says ----------------------------------------------------- */

/* A head as one line of text. */
static const char *describe(const struct fcgi_http_head *head)
{
    static const char *const forms[] = {"", "absolute ", "authority ",
                                        "asterisk "};
    static char line[1024];
    char body[32] = "";

    if (head->body == FCGI_HTTP_LENGTH)
        snprintf(body, sizeof(body), " length=%" PRIu64, head->body_length);
    else if (head->body == FCGI_HTTP_CHUNKED)
        snprintf(body, sizeof(body), " chunked");
    snprintf(
        line, sizeof(line), "%.*s %s%.*s%s%.*s %u %.*s%s %s%s%s",
        (int)head->method.length, head->method.data, forms[head->target.form],
        (int)head->target.path.length, head->target.path.data,
        head->target.has_query ? "?" : "", (int)head->target.query.length,
        head->target.query.data, head->version,
        (int)head->authority.whole.length, head->authority.whole.data, body,
        head->keep_alive ? "keep" : "close",
        head->expect_continue ? " 100" : "", head->upgrade ? " upgrade" : "");
    return line;
}

/* Parses a head that nothing can be read behind. */
static int parse_bytes(struct fcgi_http_head *head, const char *bytes,
                       size_t length)
{
    const char *copy = (char *)guard_put(&memory, bytes, length);

    return fcgi_http_head_parse(head, copy, length, fields, FIELDS_MOST);
}

/* Sound heads: what is behind the target, GET, POST, and that in HTTP/1.0. */
#define V "HTTP/1.1\r\nHost: a\r\n"
#define G "GET / " V
#define P "POST / " V
#define P10 "POST / HTTP/1.0\r\n"

static void test_heads(void **state)
{
    static const struct {
        const char *text; /* without the empty line */
        int status;
        const char *says;
    } cases[] = {
        {G, 0, "GET / 11 a keep"},
        {"GET /a/b?c=d HTTP/1.1\r\nHost: a.b:80\r\n", 0,
         "GET /a/b?c=d 11 a.b:80 keep"},
        {"GET /? HTTP/1.1\r\nhOST:a\r\n", 0, "GET /? 11 a keep"},
        {"GET / HTTP/1.0\r\n", 0, "GET / 10  close"},
        {"GET / HTTP/1.0\r\nHost: a\r\n", 0, "GET / 10 a close"},
        {"PATCH / " V, 0, "PATCH / 11 a keep"},
        {"M-SEARCH / " V, 0, "M-SEARCH / 11 a keep"},
        {"get / " V, 0, "get / 11 a keep"},
        {"!#$%&'*+-.^_`|~1aZ / " V, 0, "!#$%&'*+-.^_`|~1aZ / 11 a keep"},
        {"OPTIONS * " V, 0, "OPTIONS asterisk  11 a keep"},
        {"CONNECT b:1 " V, 0, "CONNECT authority  11 b:1 keep"},
        /* The request line. */
        {"GET  / " V, 400, NULL},
        {"GET /  " V, 400, NULL},
        {"GET / HTTP/1.1 \r\nHost: a\r\n", 400, NULL},
        {" GET / " V, 400, NULL},
        {"GET\t/ " V, 400, NULL},
        {"GET /\tHTTP/1.1\r\nHost: a\r\n", 400, NULL},
        {"GET /a b " V, 400, NULL},
        {"GET /\x01 " V, 400, NULL},
        {"GET /\x7f " V, 400, NULL},
        {"GET /a#b " V, 400, NULL},
        {"GET /\r " V, 400, NULL},
        {"GET / HTTP/1.1\rHost: a\r\n", 400, NULL},
        {"G(T / " V, 400, NULL},
        {"GET: / " V, 400, NULL},
        {"G\xc3T / " V, 400, NULL},
        {"GET " V, 400, NULL},
        {"GET\r\nHost: a\r\n", 400, NULL},
        {"GET /\r\nHost: a\r\n", 400, NULL},
        {"GET / \r\nHost: a\r\n", 400, NULL},
        {"GET * " V, 400, NULL},
        {"GET a " V, 400, NULL},
        {"GET / http/1.1\r\nHost: a\r\n", 400, NULL},
        {"GET / HTTP/11\r\nHost: a\r\n", 400, NULL},
        {"GET / HTTP/1.10\r\nHost: a\r\n", 400, NULL},
        {"GET / HTTP/1.\r\nHost: a\r\n", 400, NULL},
        {"GET / HTTP/1.x\r\nHost: a\r\n", 400, NULL},
        {"GET / HTTP/01.1\r\nHost: a\r\n", 400, NULL},
        {"GET / HTTP/2\r\nHost: a\r\n", 400, NULL},
        {"GET / HTTPS/1.1\r\nHost: a\r\n", 400, NULL},
        {"GET / HTTP/1.2\r\nHost: a\r\n", 505, NULL},
        {"GET / HTTP/0.9\r\nHost: a\r\n", 505, NULL},
        {"GET / HTTP/3.1\r\nHost: a\r\n", 505, NULL},
        {"PRI * HTTP/2.0\r\n", 400, NULL}, /* "*" is for OPTIONS */
        /* Fields. */
        {G "A:\r\nB: \t \r\nC:c\r\n", 0, "GET / 11 a keep"},
        {G "A: b\tc \x80\xff\r\n", 0, "GET / 11 a keep"},
        {G "A: 0123456789abcdef\t0123456789abcdef\r\n", 0, "GET / 11 a keep"},
        {G "A : b\r\n", 400, NULL},
        {G "A\t: b\r\n", 400, NULL},
        {G " A: b\r\n", 400, NULL},
        {G "A: b\r\n c\r\n", 400, NULL},
        {G "A: b\r\n\tc: d\r\n", 400, NULL},
        {G "A: b\r\n \r\n", 400, NULL},
        {"GET / HTTP/1.1\r\n Host: a\r\nHost: b\r\n", 400, NULL},
        {G ": b\r\n", 400, NULL},
        {G "A\r\n", 400, NULL},
        {G "A b: c\r\n", 400, NULL},
        {G "A(: c\r\n", 400, NULL},
        {G "\xc3: c\r\n", 400, NULL},
        {G "A: b\rc\r\n", 400, NULL},
        {G "A: b\r\r\n", 400, NULL},
        {G "A: \r\r\n", 400, NULL},
        {G "A: b\nC: d\r\n", 400, NULL},
        {G "A: b\n", 400, NULL},
        {G "\r", 400, NULL},
        {G "A: 0123456\x01\r\n", 400, NULL},
        {G "A: 01234567\x0b\r\n", 400, NULL},
        {G "A: 0123456701234567\x7f\r\n", 400, NULL},
        {G "A: \x1f"
           "0123456701234567\r\n",
         400, NULL},
        {G "\r\nB: c\r\n", 400, NULL}, /* behind the end */
        /* Host. */
        {LINE, 400, NULL},
        {LINE "Host:\r\n", 400, NULL},
        {"GET / HTTP/1.0\r\nHost:\r\n", 400, NULL},
        {G "Host: a\r\n", 400, NULL},
        {G "host: b\r\n", 400, NULL},
        {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n", 400, NULL},
        {LINE "Host: a, b\r\n", 400, NULL},
        {LINE "Host: u@a\r\n", 400, NULL},
        {LINE "Host: a/b\r\n", 400, NULL},
        {LINE "Host: a:b\r\n", 400, NULL},
        {LINE "Host: A.example.\r\n", 0, "GET / 11 A.example. keep"},
        {LINE "Host: [::1]:80\r\n", 0, "GET / 11 [::1]:80 keep"},
        /* The target's host wins. */
        {"GET http://b:1/c?d " V, 0, "GET absolute /c?d 11 b:1 keep"},
        {"GET http://b HTTP/1.0\r\n", 0, "GET absolute / 10 b close"},
        {"GET http://b/ HTTP/1.1\r\n", 400, NULL},
        {"GET http://b/ HTTP/1.1\r\nHost: ?\r\n", 400, NULL},
        {"GET http://b/ HTTP/1.1\r\nHost: b\r\nHost: b\r\n", 400, NULL},
        {"GET http://u@b/ HTTP/1.1\r\nHost: b\r\n", 400, NULL},
        {"GET ftp://b/ HTTP/1.1\r\nHost: b\r\n", 400, NULL},
        /* How long the body is. */
        {P "Content-Length: 0\r\n", 0, "POST / 11 a length=0 keep"},
        {P "content-length:12  \r\n", 0, "POST / 11 a length=12 keep"},
        {P "Content-Length:\t12\r\n", 400, NULL},
        {P "Content-Length: 12\t\r\n", 400, NULL},
        {P "Transfer-Encoding:\tchunked\r\n", 400, NULL},
        {P "Transfer-Encoding: chunked \t\r\n", 400, NULL},
        {LINE "Host: \ta\r\n", 400, NULL},
        {G "A:\tb\t\r\n", 0, "GET / 11 a keep"},
        {P "Content-Length: 0012\r\n", 0, "POST / 11 a length=12 keep"},
        {G "Content-Length: 5\r\n", 0, "GET / 11 a length=5 keep"},
        {P10 "Content-Length: 5\r\n", 0, "POST / 10  length=5 close"},
        {P "Content-Length: 9223372036854775807\r\n", 0,
         "POST / 11 a length=9223372036854775807 keep"},
        {P "Content-Length: 9223372036854775808\r\n", 413, NULL},
        {P "Content-Length: 18446744073709551621\r\n", 413, NULL},
        {P "Content-Length: 99999999999999999999999999\r\n", 413, NULL},
        {P "Content-Length:\r\n", 400, NULL},
        {P "Content-Length: +5\r\n", 400, NULL},
        {P "Content-Length: -5\r\n", 400, NULL},
        {P "Content-Length: 0x5\r\n", 400, NULL},
        {P "Content-Length: 5 5\r\n", 400, NULL},
        {P "Content-Length: 5, 5\r\n", 400, NULL},
        {P "Content-Length: 5,\r\n", 400, NULL},
        {P "Content-Length: 5.0\r\n", 400, NULL},
        {P "Content-Length: 5\x0b\r\n", 400, NULL},
        {P "Content-Length: \xb2\r\n", 400, NULL},
        {P "Content-Length: 5\r\nContent-Length: 5\r\n", 400, NULL},
        {P "Content-Length: 5\r\ncontent-length: 6\r\n", 400, NULL},
        {P "Content_Length: 5\r\n", 0, "POST / 11 a keep"},
        {P "Transfer-Encoding: chunked\r\n", 0, "POST / 11 a chunked keep"},
        {P "transfer-encoding:  CHUNKED \r\n", 0, "POST / 11 a chunked keep"},
        {G "Transfer-Encoding: chunked\r\n", 0, "GET / 11 a chunked keep"},
        {P10 "Transfer-Encoding: chunked\r\n", 400, NULL},
        {P "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400, NULL},
        {P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400, NULL},
        {P "Content-Length: 5\r\nTransfer-Encoding: x\r\n", 400, NULL},
        {P "Transfer-Encoding:\r\n", 400, NULL},
        {P "Transfer-Encoding: ,chunked\r\n", 400, NULL},
        {P "Transfer-Encoding: chunked,\r\n", 400, NULL},
        {P "Transfer-Encoding: chunked, chunked\r\n", 400, NULL},
        {P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400,
         NULL},
        {P "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", 400, NULL},
        {P "Transfer-Encoding: chunked, identity\r\n", 400, NULL},
        {P "Transfer-Encoding: identity\r\n", 400, NULL},
        {P "Transfer-Encoding: gzip\r\n", 400, NULL},
        {P "Transfer-Encoding: xchunked\r\n", 400, NULL},
        {P "Transfer-Encoding: chunked;q=1\r\n", 400, NULL},
        {P "Transfer-Encoding: \"chunked\"\r\n", 400, NULL},
        {P "Transfer-Encoding: chunked x\r\n", 400, NULL},
        {P "Transfer-Encoding: \x0b"
           "chunked\r\n",
         400, NULL},
        {P "Transfer-Encoding : chunked\r\n", 400, NULL},
        {P "Transfer-Encoding: gzip, chunked\r\n", 501, NULL},
        {P "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 501,
         NULL},
        {P "Transfer-Encoding: identity, chunked\r\n", 501, NULL},
        {P "Transfer_Encoding: chunked\r\n", 0, "POST / 11 a keep"},
        /* Whether the connection persists. */
        {G "Connection: close\r\n", 0, "GET / 11 a close"},
        {G "Connection: CLOSE\r\n", 0, "GET / 11 a close"},
        {G "Connection: TE, close\r\n", 0, "GET / 11 a close"},
        {G "Connection: TE\r\nConnection: close\r\n", 0, "GET / 11 a close"},
        {G "Connection: keep-alive, close\r\n", 0, "GET / 11 a close"},
        {G "Connection: closed\r\n", 0, "GET / 11 a keep"},
        {G "Connection: , ,\r\n", 0, "GET / 11 a keep"},
        {G "Connection:\r\n", 0, "GET / 11 a keep"},
        {G "Connection: a b\r\n", 400, NULL},
        {G "Connection: close;x\r\n", 400, NULL},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", 0, "GET / 10  keep"},
        {"GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n", 0,
         "GET / 10  close"},
        {G "Connection: upgrade\r\nUpgrade: h2c\r\n", 0,
         "GET / 11 a keep upgrade"},
        {G "Upgrade: websocket\r\n", 0, "GET / 11 a keep upgrade"},
        /* Expectations. */
        {P "Expect: 100-continue\r\nContent-Length: 5\r\n", 0,
         "POST / 11 a length=5 keep 100"},
        {P "Content-Length: 5\r\nExpect: 100-Continue\r\n", 0,
         "POST / 11 a length=5 keep 100"},
        {P "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", 0,
         "POST / 11 a chunked keep 100"},
        {P "Expect: 100-continue\r\nContent-Length: 1\r\n", 0,
         "POST / 11 a length=1 keep 100"},
        {P "Expect: 100-continue\r\n", 0, "POST / 11 a keep"},
        {P "Expect: 100-continue\r\nContent-Length: 0\r\n", 0,
         "POST / 11 a length=0 keep"},
        {P10 "Expect: 100-continue\r\nContent-Length: 5\r\n", 0,
         "POST / 10  length=5 close"},
        {P10 "Expect: x\r\nContent-Length: 5\r\n", 0,
         "POST / 10  length=5 close"},
        {P "Expect: x\r\n", 417, NULL},
        {P "Expect:\r\n", 417, NULL},
        {P "Expect: 100-continue, x\r\n", 417, NULL},
        {P "Expect: 100-continue\r\nExpect: x\r\n", 417, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_http_head head;
        struct fcgi_http_scan scan;
        char text[1024];
        int length = snprintf(text, sizeof(text), "%s\r\n", cases[i].text);
        int status = parse_bytes(&head, text, (size_t)length);

        if (status != cases[i].status)
            fail_msg("%s: %d (%s)", text, status,
                     head.why != NULL ? head.why : "no reason");
        if (status != 0) {
            assert_non_null(head.why);
            scan_all(&scan, text, (size_t)length, LIMIT);
            continue;
        }
        assert_null(head.why);
        assert_string_equal(describe(&head), cases[i].says);
        assert_int_equal(scan_all(&scan, text, (size_t)length, LIMIT),
                         FCGI_HTTP_SCAN_DONE);
        assert_int_equal(scan.length, length);
        /* What is not all there is no head. */
        for (size_t cut = 0; cut < (size_t)length; cut++)
            if (parse_bytes(&head, text, cut) == 0)
                fail_msg("%.*s is taken", (int)cut, text);
    }
}

/* Each byte, wherever it stands in a request line, a name and a value. */
/* A request line is whole without more behind it. */
static void test_line_alone(void **state)
{
    struct fcgi_http_head head;

    (void)state;
    assert_int_equal(parse_bytes(&head, LINE, sizeof(LINE) - 1), 400);
    assert_string_equal(head.why, "the request's head has no end");
    assert_int_equal(parse_bytes(&head, LINE, sizeof(LINE) - 2), 400);
    assert_int_equal(parse_bytes(&head, "", 0), 400);
}

static void test_bytes(void **state)
{
    static const char target[] =
        "!\"$%&'()*+,-./0123456789:;<=>?@"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
        "abcdefghijklmnopqrstuvwxyz{|}~";
    static const char token[] =
        "!#$%&'*+-.0123456789"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`"
        "abcdefghijklmnopqrstuvwxyz|~";
    static const char host[] =
        "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
        "abcdefghijklmnopqrstuvwxyz~";

    (void)state;
    for (int c = 0; c < 256; c++) {
        static const char *const heads[] = {
            "Gx / HTTP/1.1\r\nHost: aZb\r\nN: 0123456789\r\n\r\n",
            "GET /x HTTP/1.1\r\nHost: aZb\r\nN: 0123456789\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: axb\r\nN: 0123456789\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: aZb\r\nNx: 0123456789\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: aZb\r\nN: x123456789\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: aZb\r\nN: 012345678901234x\r\n\r\n",
        };
        bool visible = (c > ' ' && c != 127) || c == ' ' || c == '\t';
        const bool taken[] = {
            c != 0 && strchr(token, c) != NULL,
            (c != 0 && strchr(target, c) != NULL) || c >= 128,
            c != 0 && strchr(host, c) != NULL,
            c != 0 && strchr(token, c) != NULL,
            visible,
            visible,
        };

        for (size_t i = 0; i < COUNT(heads); i++) {
            struct fcgi_http_head head;
            char text[128];
            size_t length = strlen(heads[i]);
            int status;

            memcpy(text, heads[i], length);
            *(char *)memchr(text, 'x', length) = (char)c;
            status = parse_bytes(&head, text, length);
            if (i == 3 && c == ':') /* "N::" has a value with a colon */
                assert_int_equal(status, 0);
            else if ((status == 0) != taken[i])
                fail_msg("byte %#x in head %zu: %d", (unsigned)c, i, status);
        }
    }
}

/* Names and values as they came, the same name again; the field Host apart. */
static void test_fields(void **state)
{
    static const char text[] =
        "GET http://t:8/ HTTP/1.1\r\n"
        "Cookie: a=1\r\n"
        "X-A:  one \r\n"
        "Host: other\r\n"
        "x-a:\r\n"
        "cookie: b=2; c\r\n"
        "X-a: two, three\r\n"
        "E:\r\n\r\n";
    static const struct {
        const char *name, *value;
    } want[] = {
        {"Cookie", "a=1"}, {"X-A", "one"},       {"Host", "t:8"},
        {"x-a", ""},       {"cookie", "b=2; c"}, {"X-a", "two, three"},
        {"E", ""},
    };
    struct fcgi_http_head head;

    (void)state;
    assert_int_equal(parse_bytes(&head, text, sizeof(text) - 1), 0);
    assert_int_equal(head.n_fields, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct fcgi_http_field *field = &head.fields[i];

        assert_int_equal(field->name.length, strlen(want[i].name));
        assert_memory_equal(field->name.data, want[i].name, field->name.length);
        assert_int_equal(field->value.length, strlen(want[i].value));
        assert_memory_equal(field->value.data, want[i].value,
                            field->value.length);
    }
}

/* Names as long as those that a head is read for. */
static void test_other_fields(void **state)
{
    static const char text[] =
        "GET / HTTP/1.1\r\n"
        "Host: a\r\n"
        "From: a\r\n"
        "Cookie: a\r\n"
        "Referer: a\r\n"
        "User-Agent: a\r\n"
        "Accept-Charset: a\r\n"
        "If-Modified-Since: a\r\n\r\n";
    struct fcgi_http_head head;

    (void)state;
    assert_int_equal(parse_bytes(&head, text, sizeof(text) - 1), 0);
    assert_int_equal(head.n_fields, 7);
    assert_false(head.upgrade);
}

static void test_many(void **state)
{
    char text[LIMIT];
    struct fcgi_http_head head;

    (void)state;
    for (size_t n = FIELDS_MOST - 2; n < FIELDS_MOST + 2; n++) {
        int length = snprintf(text, sizeof(text), "%s", G);

        for (size_t i = 1; i < n; i++)
            length += snprintf(text + length, sizeof(text) - (size_t)length,
                               "N%zu: v\r\n", i);
        length +=
            snprintf(text + length, sizeof(text) - (size_t)length, "\r\n");
        assert_int_equal(parse_bytes(&head, text, (size_t)length),
                         n <= FIELDS_MOST ? 0 : 431);
        if (n <= FIELDS_MOST)
            assert_int_equal(head.n_fields, n);
    }
}

/* Heads with bytes spoilt: scanned alike in any pieces, and what is taken has
 * texts that lie inside it, one behind the other. */
static void test_random(void **state)
{
    static const char whole[] =
        "\r\nPOST http://a.b:1/c?d HTTP/1.1\r\nHost: a\r\nX: y\t z\r\n"
        "Content-Length: 12\r\nConnection: close\r\nExpect: 100-continue\r\n"
        "Cookie: 0123456789abcdef\r\n\r\n";
    uint64_t seed = 9112;
    size_t taken = 0;

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        char text[sizeof(whole)];
        size_t length = sizeof(whole) - 1, cuts[2];
        struct fcgi_http_scan scan, pieces;
        struct fcgi_http_head head;
        enum fcgi_http_scan_result result;
        const char *at;

        memcpy(text, whole, sizeof(text));
        for (size_t n = random_below(&seed, 3); n > 0; n--)
            text[random_below(&seed, length)] =
                random_below(&seed, 2) ? "\r\n: \tx,/"[random_below(&seed, 8)]
                                       : (char)random_next(&seed);
        fcgi_http_scan_init(&scan, LIMIT);
        result = scan_pieces(&scan, text, length, NULL, 0);
        cuts[1] = random_below(&seed, length + 1);
        cuts[0] = random_below(&seed, cuts[1] + 1);
        fcgi_http_scan_init(&pieces, LIMIT);
        assert_int_equal(scan_pieces(&pieces, text, length, cuts, 2), result);
        assert_same(&scan, &pieces, result, text);
        if (result != FCGI_HTTP_SCAN_DONE ||
            parse_bytes(&head, text + scan.begin, scan.length - scan.begin) !=
                0)
            continue;
        taken++;
        at = head.method.data;
        for (size_t i = 0; i < head.n_fields; i++) {
            assert_true(head.fields[i].name.data > at);
            at = head.fields[i].name.data + head.fields[i].name.length;
        }
        assert_true(at < (char *)memory.bytes + memory.size);
    }
    assert_true(taken >= 5000 && taken <= 19000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_pieces_apart),
        cmocka_unit_test(test_line_alone),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_other_fields),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_random),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("http/head", tests, set_up, tear_down);
}
