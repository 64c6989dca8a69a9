/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies in chunks, for Monkey 1.8: the decoder, beside one that is written
 * byte by byte for the test, and what is made of the fields that say how long a
 * body is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "guard.h"
#include "monkey/chunked18.h"
#include "monkey/request.h"
#include "proto_random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MOST 4096
#define WHOLE MK18_CHUNKED_WHOLE
#define PART MK18_CHUNKED_PART
#define WRONG MK18_CHUNKED_WRONG

static struct guard memory;

static int set_up(void **state)
{
    (void)state;
    guard_behind(&memory, 2 * 65536);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guard_free(&memory);
    return 0;
}

/* Decodes at the end of what can be read. */
static enum fcgi_monkey18_chunked_result decode(const char *text, size_t length,
                                       struct fcgi_monkey18_chunked *out, char **bytes)
{
    *bytes = (char *)guard_put(&memory, text, length);
    memset(out, 0xff, sizeof(*out));
    return fcgi_monkey18_chunked_decode(*bytes, length, out);
}

static void test_cases(void **state)
{
    static const struct {
        const char *text;
        enum fcgi_monkey18_chunked_result result;
        const char *content;
        const char *rest; /* what is not used */
    } cases[] = {
        {"0\r\n\r\n", WHOLE, "", ""},
        {"3\r\nabc\r\n0\r\n\r\n", WHOLE, "abc", ""},
        {"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", WHOLE, "abcde", ""},
        {"0\r\n\r\nGET / HTTP/1.1\r\n", WHOLE, "", "GET / HTTP/1.1\r\n"},
        {"1\r\na\r\n0\r\n\r\n\r\n", WHOLE, "a", "\r\n"},
        {"a\r\n0123456789\r\n0\r\n\r\n", WHOLE, "0123456789", ""},
        {"A\r\n0123456789\r\n0\r\n\r\n", WHOLE, "0123456789", ""},
        {"000000000000000000000000000003\r\nabc\r\n00\r\n\r\n", WHOLE, "abc",
         ""},
        {"3\r\n\r\n\r\r\n0\r\n\r\n", WHOLE, "\r\n\r", ""},
        /* Extensions, trailers. */
        {"3;a=b\r\nabc\r\n0;x\r\n\r\n", WHOLE, "abc", ""},
        {"3 ;a=\"0\"\r\nabc\r\n0\r\n\r\n", WHOLE, "abc", ""},
        {"3\t;\r\nabc\r\n0\r\n\r\n", WHOLE, "abc", ""},
        {"0\r\nA: b\r\nC:\r\n\r\n", WHOLE, "", ""},
        {"0\r\nContent-Length: 5\r\n\r\nhello", WHOLE, "", "hello"},
        {"0\r\nA b: c\r\n\r\n", WRONG, "", ""},
        {"0\r\n: c\r\n\r\n", WRONG, "", ""},
        {"0\r\nno colon\r\n\r\n", WRONG, "", ""},
        {"0\r\nA: b\n\r\n", WRONG, "", ""},
        {"0\r\nA: \0b\r\n\r\n", PART, "", ""}, /* the text ends there */
        /* Sizes that others might read otherwise. */
        {"\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {" 3\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3 \r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3 3\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"+3\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"-3\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"0x3\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3_0\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"g\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {";a\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3,\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        /* Too large. */
        {"ffffffffffffffff\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"7fffffffffffffff\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"ffffffffffffff\r\nabc\r\n0\r\n\r\n", PART, "", ""},
        {"10000000000000003\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"f00000000000000000000000000000003\r\nabc\r\n0\r\n\r\n", WRONG, "",
         ""},
        /* Ends of lines. */
        {"3\nabc\n0\n\n", WRONG, "", ""},
        {"3\r\nabc\n0\r\n\r\n", WRONG, "", ""},
        {"3\rabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3\r\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a\rb\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a\nb\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a\x7f\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3\r\nabcd\r\n0\r\n\r\n", WRONG, "", ""},
        {"3\r\nab\r\n0\r\n\r\n", WRONG, "", ""},
        {"3\r\nabc\rd", WRONG, "", ""},
        /* Not all there. */
        {"", PART, "", ""},
        {"3", PART, "", ""},
        {"3\r", PART, "", ""},
        {"3\r\nab", PART, "", ""},
        {"3\r\nabc", PART, "", ""},
        {"3\r\nabc\r", PART, "", ""},
        {"3\r\nabc\r\n", PART, "", ""},
        {"3\r\nabc\r\n0\r\n", PART, "", ""},
        {"3\r\nabc\r\n0\r\n\r", PART, "", ""},
        {"0\r\nA: b\r\n", PART, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = strlen(cases[i].text);
        struct fcgi_monkey18_chunked out;
        char *bytes;
        enum fcgi_monkey18_chunked_result result =
            decode(cases[i].text, length, &out, &bytes);

        if (result != cases[i].result)
            fail_msg("case %zu: result %d", i, (int)result);
        if (result != WHOLE)
            continue;
        assert_int_equal(out.decoded, strlen(cases[i].content));
        assert_memory_equal(bytes, cases[i].content, out.decoded);
        assert_int_equal(out.used, length - strlen(cases[i].rest));
        assert_string_equal(cases[i].text + out.used, cases[i].rest);
        assert_memory_equal(bytes + out.used, cases[i].rest, length - out.used);
    }
}

/* Lines that go on and on are given up. */
static void test_endless(void **state)
{
    char text[65536];
    struct fcgi_monkey18_chunked out;
    char *bytes;
    size_t n;

    (void)state;
    memset(text, '0', sizeof(text));
    assert_int_equal(decode(text, 1000, &out, &bytes), PART);
    assert_int_equal(decode(text, sizeof(text), &out, &bytes), WRONG);
    memset(text, 'x', sizeof(text));
    memcpy(text, "0;", 2);
    assert_int_equal(decode(text, 1000, &out, &bytes), PART);
    assert_int_equal(decode(text, sizeof(text), &out, &bytes), WRONG);
    memcpy(text, "0\r\n", 3);
    for (n = 3; n + 6 <= sizeof(text); n += 6)
        memcpy(text + n, "A: b\r\n", 6);
    assert_int_equal(decode(text, 3 + 6 * 100, &out, &bytes), PART);
    assert_int_equal(decode(text, n, &out, &bytes), WRONG);
}

/*
 * The same, a byte at a time. True where the body is whole.
 */
static bool slow_decode(const char *text, size_t length, char *content,
                        struct fcgi_monkey18_chunked *out)
{
    enum {
        FIRST,
        SIZE,
        BLANK,
        EXTENSION,
        SIZE_LF,
        DATA,
        DATA_CR,
        DATA_LF,
        LINE,
        NAME,
        VALUE,
        LINE_LF,
        LAST_LF
    } state = FIRST;
    static const char digits[] = "0123456789abcdef";
    static const char others[] = "!#$%&'*+-.^_`|~";
    unsigned __int128 size = 0;

    out->decoded = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        char low = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        const char *digit = c ? strchr(digits, low) : NULL;
        bool token = (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
                     (c && strchr(others, c));
        bool visible = c == '\t' || (c >= ' ' && c != 127);

        switch (state) {
        case FIRST:
        case SIZE:
            if (digit != NULL) {
                size = size * 16 + (unsigned)(digit - digits);
                if (size >> 64)
                    return false;
                state = SIZE;
            } else if (state == FIRST) {
                return false;
            } else if (c == ' ' || c == '\t') {
                state = BLANK;
            } else if (c == ';') {
                state = EXTENSION;
            } else if (c == '\r') {
                state = SIZE_LF;
            } else {
                return false;
            }
            break;
        case BLANK:
            if (c == ';')
                state = EXTENSION;
            else if (c != ' ' && c != '\t')
                return false;
            break;
        case EXTENSION:
            if (c == '\r')
                state = SIZE_LF;
            else if (!visible)
                return false;
            break;
        case SIZE_LF:
            if (c != '\n')
                return false;
            state = size > 0 ? DATA : LINE;
            break;
        case DATA:
            content[out->decoded++] = (char)c;
            if (--size == 0)
                state = DATA_CR;
            break;
        case DATA_CR:
            if (c != '\r')
                return false;
            state = DATA_LF;
            break;
        case DATA_LF:
            if (c != '\n')
                return false;
            state = FIRST;
            break;
        case LINE:
        case NAME:
            if (c == '\r' && state == LINE)
                state = LAST_LF;
            else if (token)
                state = NAME;
            else if (c == ':' && state == NAME)
                state = VALUE;
            else
                return false;
            break;
        case VALUE:
            if (c == '\r')
                state = LINE_LF;
            else if (!visible)
                return false;
            break;
        case LINE_LF:
            if (c != '\n')
                return false;
            state = LINE;
            break;
        case LAST_LF:
            out->used = i + 1;
            return c == '\n';
        }
    }
    return false;
}

static size_t put(char *text, size_t length, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static size_t put(char *text, size_t length, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text + length, TEXT_MOST - length, format, args);
    va_end(args);
    return length + (size_t)n;
}

/* A body with some bytes behind it; its length. */
static size_t make(uint64_t *seed, char *text)
{
    static const char *const ends[] = {"", "", "", ";a", " ;b=\"c d\"", "\t;"};
    size_t length = 0;

    for (size_t n = random_below(seed, 5); n > 0; n--) {
        size_t size = 1 + random_below(seed, 300);

        length = put(text, length,
                     random_below(seed, 2) ? "%zx%s\r\n" : "0%zX%s\r\n", size,
                     ends[random_below(seed, COUNT(ends))]);
        for (; size > 0; size--)
            text[length++] =
                random_below(seed, 3) ? (char)random_next(seed) : '\r';
        length = put(text, length, "\r\n");
    }
    length =
        put(text, length, "0%s\r\n", ends[random_below(seed, COUNT(ends))]);
    for (size_t n = random_below(seed, 3); n > 0; n--)
        length = put(text, length, "X-%zu: %zu\r\n", n, n);
    length = put(text, length, "\r\n");
    return put(text, length, "%.*s", (int)random_below(seed, 9), "GET / HT");
}

/* The same as byte by byte, be the body right, spoilt, or cut off; and what has
 * been decided for a part of it holds for all of it. */
static void test_random(void **state)
{
    static char text[TEXT_MOST], content[TEXT_MOST];
    size_t whole = 0, wrong = 0;
    uint64_t seed = 189;

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        size_t length = make(&seed, text), cut;
        struct fcgi_monkey18_chunked out, want, part;
        enum fcgi_monkey18_chunked_result result, earlier;
        char *bytes;
        bool right;

        for (size_t n = random_below(&seed, 3); n > 0; n--)
            text[random_below(&seed, length)] =
                random_below(&seed, 2) ? "\r\n;:0 \tfF"[random_below(&seed, 9)]
                                       : (char)random_next(&seed);
        cut = random_below(&seed, length + 1);
        earlier = decode(text, cut, &part, &bytes);
        result = decode(text, length, &out, &bytes);
        right = slow_decode(text, length, content, &want);
        if ((result == WHOLE) != right)
            fail_msg("round %zu: result %d", round, (int)result);
        if (earlier != PART && earlier != result)
            fail_msg("round %zu: %d of %zu bytes, %d of all", round,
                     (int)earlier, cut, (int)result);
        whole += right;
        wrong += result == WRONG;
        if (!right)
            continue;
        assert_int_equal(out.used, want.used);
        assert_int_equal(out.decoded, want.decoded);
        assert_memory_equal(bytes, content, out.decoded);
        assert_memory_equal(bytes + out.used, text + out.used,
                            length - out.used);
        if (earlier == WHOLE)
            assert_int_equal(part.used, out.used);
        else
            assert_true(cut < out.used);
    }
    assert_in_range(whole, 5000, 19000);
    assert_in_range(wrong, 1000, 15000);
}

/* --- the fields that say how long a body is ------------------------------- */

static struct mk_session session;
static struct mk_host vhost;

/* Reads a request as the core has left it: of a Transfer-Encoding it has seen
 * the bit, of a Content-Length the number. */
static int read_request(const char *text, size_t length, long content_length,
                        struct fcgi_http_field *fields,
                        struct fcgi_http_request *request)
{
    const char *why;

    memset(&session, 0, sizeof(session));
    session.socket = -1;
    session.body = (char *)guard_put(&memory, text, length);
    session.body_length = (unsigned)length;
    session.parser.header_content_length = content_length;
    session.parser.header_transfer_encoding =
        strstr(text, "ransfer-") != NULL ? 1 : 0;
    session.sr_fixed.host_conf = &vhost;
    return fcgi_monkey18_request_read(&session, &session.sr_fixed, fields, request,
                             &why);
}

static bool has_field(const struct fcgi_http_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_fields; i++)
        if (request->fields[i].name.length == strlen(name) &&
            strncasecmp(request->fields[i].name.data, name, strlen(name)) == 0)
            return true;
    return false;
}

static void test_body(void **state)
{
    static const char next[] = "GET /next HTTP/1.1\r\n";
    static const struct {
        const char *head, *body;
        long length; /* Content-Length */
        int status;
        const char *content; /* NULL: no body */
        bool refused;        /* by the gateway: the field is still there */
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n", "", -1, 0, NULL, false},
        {"GET / HTTP/1.1\r\nContent-Length: 3\r\n", "abc", 3, 0, "abc", false},
        {"POST / HTTP/1.1\r\nContent-Length: 0\r\n", "", 0, 0, "", false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
         "3\r\nabc\r\n0\r\n\r\n", -1, 0, "abc", false},
        {"POST / HTTP/1.1\r\nTransfer-encoding: Chunked\r\nA: b\r\n",
         "0\r\nX: y\r\n\r\n", -1, 0, "", false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "3\r\nab", -1,
         411, NULL, false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "3\nabc\n0\n\n",
         -1, 400, NULL, false},
        /* Two ways to tell where it ends, or none that all know. */
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
         "Content-Length: 5\r\n",
         "0\r\n\r\n", 5, 0, NULL, true},
        {"POST / HTTP/1.1\r\nContent-Length: 5\r\n"
         "Transfer-Encoding: chunked\r\n",
         "0\r\n\r\n", 5, 0, NULL, true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
         "Transfer-Encoding: chunked\r\n",
         "0\r\n\r\n", -1, 0, NULL, true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n",
         -1, 0, NULL, true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n", "0\r\n\r\n", -1,
         0, NULL, true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n", "", -1, 0, NULL,
         true},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", -1,
         0, NULL, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool part = cases[i].status == 411;
        size_t head = strlen(cases[i].head) + 2, length;
        struct fcgi_http_field fields[MK_FIELDS_MAX];
        struct fcgi_http_request request;
        char text[512];
        int status;

        length =
            (size_t)snprintf(text, sizeof(text), "%s\r\n%s%s", cases[i].head,
                             cases[i].body, part ? "" : next);
        status = read_request(text, length, cases[i].length, fields, &request);
        if (status != cases[i].status)
            fail_msg("case %zu: status %d", i, status);
        assert_int_equal(has_field(&request, "transfer-encoding"),
                         cases[i].refused);
        assert_int_equal(request.has_body, cases[i].content != NULL);
        if (cases[i].content == NULL)
            continue;
        assert_int_equal(request.body_length, strlen(cases[i].content));
        if (request.body_length > 0)
            assert_memory_equal(request.body, cases[i].content,
                                request.body_length);
        /* The next request begins behind it; no body, nothing to move. */
        if (cases[i].body[0] != '\0')
            assert_int_equal(session.parser.i + 1,
                             head + strlen(cases[i].body));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_body),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("monkey/chunked18", tests, set_up,
                                       tear_down);
}
