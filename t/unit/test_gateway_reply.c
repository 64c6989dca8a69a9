/* SPDX-License-Identifier: Apache-2.0
 *
 * What the client is sent for what the application answered: a table of
 * header blocks and bodies, with the exact bytes, and of blocks that are
 * refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/reason.h"
#include "gateway/reply.h"
#include "test_gateway_reply_cases.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Header blocks that are refused, and a word of the reason. */
static const struct {
    const char *block;
    const char *why;
} refused[] = {
    {"Content-Length:\n\n", "empty"},
    {"Content-Length: \t \n\n", "empty"},
    {"Content-Length: -1\n\n", "not a number"},
    {"Content-Length: +1\n\n", "not a number"},
    {"Content-Length: 1x\n\n", "not a number"},
    {"Content-Length: 0x10\n\n", "not a number"},
    {"Content-Length: 1 2\n\n", "not a number"},
    {"Content-Length: 5, 5\n\n", "not a number"},
    {"Content-Length: 9223372036854775808\n\n", "too large"},
    {"Content-Length: 18446744073709551616\n\n", "too large"},
    {"Content-Length: 18446744073709551618\n\n", "too large"},
    {"Content-Length: 99999999999999999999999999\n\n", "too large"},
    {"Content-Length: 1\nContent-Length: 2\n\n", "two different"},
    {"Content-Length: 0\nContent-Length: 2\n\n", "two different"},
    {"Content-Length: 1\nContent-Length: 1x\n\n", "not a number"},
    {"Status: 099\n\n", "Status"},
    {"Status: 999\n\n", "Status"},
    {"Status: 600\n\n", "Status"},
    {"Status: 101 Switching Protocols\n\n", "Status"},
    {"Status: OK\n\n", "Status"},
    {"Status: 20\n\n", "Status"},
    {"Status: 2000\n\n", "Status"},
    {"Connection: a\nConnection: a\nConnection: a\nConnection: a\n"
     "Connection: a\n\n",
     "Connection"},
};

static void begin(struct fcgi_reply *reply, const char *method,
                  unsigned version, bool close)
{
    const struct fcgi_http_request request = {
        .method = {method, strlen(method)},
        .version = version,
        .close = close,
    };

    memset(reply, 0xff, sizeof(*reply));
    fcgi_reply_init(reply, &request, "S/1", "today");
    assert_false(reply->begun);
}

/* Parses a header block into memory that the caller frees. */
static char *parse(struct fcgi_header *header, const char *block)
{
    size_t length = strlen(block), used;
    char *memory = malloc(length);

    assert_non_null(memory);
    fcgi_header_init(header, memory, length);
    assert_int_equal(
        fcgi_header_feed(header, (const uint8_t *)block, length, &used),
        FCGI_HEADER_DONE);
    assert_int_equal(used, length);
    return memory;
}

static void assert_bytes(const struct fcgi_buffer *out, const char *want)
{
    const char *data = out->data != NULL ? (const char *)out->data : "";
    char *got = strndup(data, out->length);

    assert_non_null(got);
    assert_string_equal(got, want);
    assert_int_equal(out->length, strlen(want));
    assert_false(out->failed);
    free(got);
}

static void check_case(const struct reply_case *one)
{
    struct fcgi_buffer out = {0};
    struct fcgi_header header;
    struct fcgi_reply reply;
    char *memory = parse(&header, one->block);
    bool whole = true;

    begin(&reply, one->method, one->version, one->close);
    fcgi_reply_commit(&reply, &out); /* nothing yet, so nothing happens */
    assert_int_equal(out.length, 0);
    assert_null(fcgi_reply_head(&reply, &header, &out));
    assert_true(reply.begun);
    for (size_t i = 0; i < COUNT(one->steps) && one->steps[i]; i++) {
        const char *step = one->steps[i];

        if (step == COMMIT)
            fcgi_reply_commit(&reply, &out);
        else if (step == END)
            whole = fcgi_reply_end(&reply, &out);
        else
            fcgi_reply_body(&reply, (const uint8_t *)step, strlen(step), &out);
    }
    assert_bytes(&out, one->want);
    assert_int_equal(reply.status, atoi(one->want + strlen("HTTP/1.1 ")));
    assert_int_equal(reply.framing, one->framing);
    assert_int_equal(reply.close, one->closed);
    assert_int_equal(whole, !one->is_short);
    assert_int_equal(reply.body_bytes, one->body_bytes);
    fcgi_buffer_free(&out);
    free(memory);
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_case(&cases[i]);
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct fcgi_buffer out = {0};
        const struct fcgi_page empty = {.type = "text/html"};
        struct fcgi_header header;
        struct fcgi_reply reply;
        char *memory = parse(&header, refused[i].block);
        const char *why;

        fcgi_buffer_add_text(&out, "before");
        begin(&reply, "GET", 11, false);
        why = fcgi_reply_head(&reply, &header, &out);
        if (why == NULL || strstr(why, refused[i].why) == NULL)
            fail_msg("%s: %s", refused[i].block, why ? why : "(taken)");
        assert_false(reply.begun);
        assert_bytes(&out, "before");
        /* An error page can still be made. */
        fcgi_reply_error(&reply, 502, &empty, &out);
        assert_int_equal(reply.status, 502);
        assert_non_null(memmem(out.data, out.length, "502 Bad Gateway", 15));
        fcgi_buffer_free(&out);
        free(memory);
    }
}

#define REPLACED                                           \
    "HTTP/1.1 404 Gone away\r\n" OWN                       \
    "Set-Cookie: a=b\r\nContent-Security-Policy: none\r\n" \
    "WWW-Authenticate: Basic\r\nContent-Type: c/d\r\n"     \
    "Content-Length: 4\r\n\r\n"

/* An answer whose body is replaced keeps its fields but for those that tell of
 * the body, and is whole, whatever comes of that. */
static void test_replaced(void **state)
{
    static const char block[] =
        "Status: 404 Gone away\nContent-Type: a/b\nContent-Length: 9\n"
        "ETag: \"x\"\nContent-Encoding: gzip\nSet-Cookie: a=b\n"
        "Content-Security-Policy: none\nWWW-Authenticate: Basic\n"
        "Connection: X-One\nX-One: 1\n\n";
    static const char *const methods[] = {"GET", "HEAD"};

    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct fcgi_page page = {.type = "c/d"};
        struct fcgi_buffer out = {0};
        struct fcgi_header header;
        struct fcgi_reply reply;
        char *memory = parse(&header, block);
        size_t length = i == 0 ? 4 : 0;

        fcgi_buffer_add_text(&page.content, "page");
        begin(&reply, methods[i], 11, false);
        assert_null(fcgi_reply_replace(&reply, &header, &page, &out));
        assert_int_equal(fcgi_reply_body(&reply, page.content.data, 4, &out),
                         0);
        fcgi_reply_commit(&reply, &out);
        assert_true(fcgi_reply_is_whole(&reply));
        assert_true(fcgi_reply_end(&reply, &out));
        assert_int_equal(reply.status, 404);
        assert_int_equal(reply.body_bytes, length);
        assert_bytes(&out, i == 0 ? REPLACED "page" : REPLACED);
        fcgi_buffer_free(&page.content);
        fcgi_buffer_free(&out);
        free(memory);
    }
}

#define HTML "Content-Type: text/html\r\n"

static const struct {
    const char *method;
    unsigned version;
    bool close;
    int status;
    const char *fields; /* between the status line and Content-Length */
    const char *end;    /* of the head, behind Content-Length */
    const char *reason;
} pages[] = {
    {GET11, 502, OWN HTML, N, "502 Bad Gateway"},
    {GET10, 502, OWN HTML, KEEP N, "502 Bad Gateway"},
    {"GET", 10, true, 504, OWN HTML, CLOSE N, "504 Gateway Timeout"},
    {"POST", 11, true, 500, OWN HTML, CLOSE N, "500 Internal Server Error"},
    {GET11, 503, OWN "Retry-After: 5\r\n" HTML, N, "503 Service Unavailable"},
    {"HEAD", 11, false, 503, OWN "Retry-After: 5\r\n" HTML, N,
     "503 Service Unavailable"},
    {"HEAD", 10, false, 400, OWN HTML, KEEP N, "400 Bad Request"},
    {"HEAD", 11, true, 502, OWN HTML, CLOSE N, "502 Bad Gateway"},
};

static void test_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pages); i++) {
        bool head = strcmp(pages[i].method, "HEAD") == 0;
        const struct fcgi_page_source source = {.json = false};
        struct fcgi_buffer out = {0};
        struct fcgi_reply reply;
        struct fcgi_page page;
        char body[256], *want;
        int n = snprintf(body, sizeof(body),
                         "<!DOCTYPE html>\n<html><head><title>%s</title>"
                         "</head>\n<body><h1>%s</h1></body></html>\n",
                         pages[i].reason, pages[i].reason);

        begin(&reply, pages[i].method, pages[i].version, pages[i].close);
        assert_null(fcgi_page_make(&page, &source, pages[i].status));
        fcgi_reply_error(&reply, pages[i].status, &page, &out);
        fcgi_buffer_free(&page.content);
        fcgi_reply_commit(&reply, &out); /* changes nothing */
        assert_true(asprintf(&want,
                             "HTTP/1.1 %s\r\n%sContent-Length: %d\r\n%s%s",
                             pages[i].reason, pages[i].fields, n, pages[i].end,
                             head ? "" : body) > 0);
        assert_bytes(&out, want);
        assert_true(reply.begun);
        assert_int_equal(reply.status, pages[i].status);
        assert_int_equal(reply.body_bytes, head ? 0 : n);
        assert_int_equal(reply.close, pages[i].close);
        assert_int_equal(reply.framing,
                         head ? FCGI_FRAMING_NONE : FCGI_FRAMING_LENGTH);
        assert_true(fcgi_reply_end(&reply, &out));
        assert_bytes(&out, want);
        fcgi_buffer_free(&out);
        free(want);
    }
}

static void test_reason(void **state)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {404, "Not Found"},
        {429, "Too Many Requests"},
        {511, "Network Authentication Required"},
        {199, ""},
        {299, ""},
        {306, ""},
        {0, ""},
        {-1, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(reasons); i++)
        assert_string_equal(fcgi_reason_phrase(reasons[i].status),
                            reasons[i].reason);
}

/* No date, as where there is no clock. */
static void test_no_date(void **state)
{
    const struct fcgi_http_request request = {.version = 11,
                                              .method = {"GET", 3}};
    struct fcgi_buffer out = {0};
    struct fcgi_header header;
    struct fcgi_reply reply;
    char *memory = parse(&header, AB);

    (void)state;
    fcgi_reply_init(&reply, &request, "S/1", "");
    assert_null(fcgi_reply_head(&reply, &header, &out));
    assert_true(fcgi_reply_end(&reply, &out));
    assert_bytes(&out,
                 "HTTP/1.1 200 OK\r\nServer: S/1\r\nA: b\r\n" LENGTH(0) N);
    fcgi_buffer_free(&out);
    free(memory);
}

/* The fields that every answer has, also where the application's own is
 * dropped because its Connection names it. */
static void test_named_own(void **state)
{
    static const struct reply_case named = {
        GET11,
        "Connection: server, date\nServer: x\nDate: y\n\n",
        {END},
        OK LENGTH(0) N,
        FCGI_FRAMING_LENGTH,
        false,
        false,
        0};

    (void)state;
    check_case(&named);
}

/* A part that is far longer than the output's memory. */
static void test_long_part(void **state)
{
    static uint8_t part[100000];
    static const char head[] = OK "A: b\r\n" CHUNKED N "186a0\r\n";
    struct fcgi_buffer out = {0};
    struct fcgi_header header;
    struct fcgi_reply reply;
    char *memory = parse(&header, AB);
    size_t n = strlen(head);

    (void)state;
    memset(part, 'p', sizeof(part));
    begin(&reply, "GET", 11, false);
    assert_null(fcgi_reply_head(&reply, &header, &out));
    fcgi_reply_body(&reply, part, sizeof(part), &out);
    fcgi_reply_commit(&reply, &out);
    fcgi_reply_body(&reply, part, sizeof(part), &out);
    assert_memory_equal(out.data, head, n);
    assert_memory_equal(out.data + n, part, sizeof(part));
    n += sizeof(part);
    assert_memory_equal(out.data + n, "\r\n186a0\r\n", 9);
    assert_memory_equal(out.data + n + 9, part, sizeof(part));
    n += 9 + sizeof(part);
    assert_memory_equal(out.data + n, "\r\n", 2);
    assert_int_equal(out.length, n + 2);
    fcgi_buffer_free(&out);
    free(memory);
}

/* What may be inserted to find out whether a client is there: nothing where it
 * would change the answer. */
static void test_probe(void **state)
{
    static const struct {
        unsigned version;
        const char *block;
        const char *before, *between;
    } probes[] = {
        {11, AB, "HTTP/1.1 100 Continue\r\n\r\n", "0"},
        {11, "Content-Length: 9\n\n", "HTTP/1.1 100 Continue\r\n\r\n", ""},
        {10, AB, "", ""},
        {10, "Content-Length: 9\n\n", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(probes); i++) {
        struct fcgi_buffer out = {0}, probe = {0};
        struct fcgi_header header;
        struct fcgi_reply reply;
        char *memory = parse(&header, probes[i].block);

        begin(&reply, "GET", probes[i].version, false);
        fcgi_reply_probe(&reply, &probe);
        assert_bytes(&probe, probes[i].before);
        assert_null(fcgi_reply_head(&reply, &header, &out));
        fcgi_reply_body(&reply, (const uint8_t *)"part", 4, &out);
        fcgi_reply_commit(&reply, &out);
        probe.length = 0;
        fcgi_reply_probe(&reply, &probe);
        assert_bytes(&probe, probes[i].between);
        fcgi_buffer_free(&out);
        fcgi_buffer_free(&probe);
        free(memory);
    }
}

/* Interim answers: without what frames or ends anything, for HTTP/1.1 alone. */
static void test_interim(void **state)
{
    static const struct {
        unsigned version;
        const char *block, *bytes;
    } interims[] = {
        {11,
         "Status: 103\nLink: </a.css>; rel=preload\nContent-Length: 3\n"
         "Transfer-Encoding: chunked\nConnection: close\n\n",
         "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"},
        {11, "HTTP/1.1 102 Working\n\n", "HTTP/1.1 102 Working\r\n\r\n"},
        {11, "Status: 199\n\n", "HTTP/1.1 199 \r\n\r\n"},
        {11, "Status: 100\nA: b\n\n", ""},
        {10, "Status: 103\nA: b\n\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(interims); i++) {
        struct fcgi_buffer out = {0};
        struct fcgi_header header;
        struct fcgi_reply reply;
        char *memory = parse(&header, interims[i].block);

        begin(&reply, "GET", interims[i].version, false);
        assert_null(fcgi_reply_head(&reply, &header, &out));
        assert_false(reply.begun);
        assert_false(fcgi_reply_is_whole(&reply));
        assert_bytes(&out, interims[i].bytes);
        fcgi_buffer_free(&out);
        free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_pages),     cmocka_unit_test(test_reason),
        cmocka_unit_test(test_no_date),   cmocka_unit_test(test_named_own),
        cmocka_unit_test(test_long_part), cmocka_unit_test(test_probe),
        cmocka_unit_test(test_interim),   cmocka_unit_test(test_replaced),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
