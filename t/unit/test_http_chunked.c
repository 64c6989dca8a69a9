/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies in chunks: what is taken and refused, in any pieces, beside a decoder
 * made of two regular expressions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <regex.h>

#include <cmocka.h>

#include "guard.h"
#include "http/chunked.h"
#include "proto_random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MOST 65536
#define WHOLE FCGI_HTTP_CHUNKED_DONE
#define PART FCGI_HTTP_CHUNKED_MORE
#define WRONG FCGI_HTTP_CHUNKED_INVALID

static struct guard memory;
static regex_t size_line, trailer_line;

static int set_up(void **state)
{
#define TOKEN "[-!#$%&'*+.^_`|~0-9A-Za-z]+"
#define VISIBLE "[^\x01-\x08\x0a-\x1f\x7f]"
#define QUOTED "\"([^\x01-\x08\x0a-\x1f\x7f\"\\]|\\\\" VISIBLE ")*\""
    (void)state;
    guard_behind(&memory, 2 * TEXT_MOST);
    return regcomp(&size_line,
                   "^[0-9a-fA-F]+(;" TOKEN "(=(" TOKEN "|" QUOTED "))?)*$",
                   REG_EXTENDED) != 0 ||
           regcomp(&trailer_line, "^" TOKEN ":" VISIBLE "*$", REG_EXTENDED) !=
               0;
}

static int tear_down(void **state)
{
    (void)state;
    regfree(&size_line);
    regfree(&trailer_line);
    guard_free(&memory);
    return 0;
}

/* Feeds the bytes between two cuts, appending what they hold. */
static enum fcgi_http_chunked_result feed(struct fcgi_http_chunked *chunked,
                                          const char *bytes, size_t length,
                                          char *content,
                                          struct fcgi_http_unchunked *out)
{
    enum fcgi_http_chunked_result result;
    struct fcgi_text data;
    size_t at = 0, used;

    do {
        result = fcgi_http_chunked_feed(chunked, bytes + at, length - at, &used,
                                        &data);
        if (result == FCGI_HTTP_CHUNKED_DATA) {
            assert_true(data.length > 0 && data.data >= bytes + at &&
                        data.data + data.length == bytes + at + used);
            memcpy(content + out->decoded, data.data, data.length);
            out->decoded += data.length;
        } else {
            assert_null(data.data);
        }
        at += used;
        assert_true(at <= length);
    } while (result == FCGI_HTTP_CHUNKED_DATA);
    if (result == FCGI_HTTP_CHUNKED_MORE)
        assert_int_equal(at, length);
    out->used += at;
    return result;
}

/* Decodes in pieces that end at the cuts. */
static enum fcgi_http_chunked_result pieces(const char *text, size_t length,
                                            const size_t *cuts, size_t n,
                                            char *content,
                                            struct fcgi_http_unchunked *out)
{
    enum fcgi_http_chunked_result result = PART;
    struct fcgi_http_chunked chunked;
    size_t at = 0;

    fcgi_http_chunked_init(&chunked);
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i <= n && result == PART; i++) {
        size_t end = i < n ? cuts[i] : length;

        result = feed(&chunked, (char *)guard_put(&memory, text + at, end - at),
                      end - at, content, out);
        at = end;
    }
    return result;
}

static void assert_pieces(const char *text, size_t length, const size_t *cuts,
                          size_t n, enum fcgi_http_chunked_result result,
                          const struct fcgi_http_unchunked *want,
                          const char *content)
{
    static char got[TEXT_MOST];
    struct fcgi_http_unchunked out;

    if (pieces(text, length, cuts, n, got, &out) != result)
        fail_msg("another result in pieces: %s", text);
    assert_int_equal(out.decoded, want->decoded);
    assert_memory_equal(got, content, out.decoded);
    if (result == WHOLE)
        assert_int_equal(out.used, want->used);
}

/* Decodes in place, cut in two. */
static void assert_in_place(const char *text, size_t length, size_t cut,
                            enum fcgi_http_chunked_result result,
                            const struct fcgi_http_unchunked *want,
                            const char *content)
{
    char *bytes = (char *)guard_put(&memory, text, length);
    struct fcgi_http_unchunked first, second = {0, 0};
    enum fcgi_http_chunked_result got;
    struct fcgi_http_chunked chunked;

    fcgi_http_chunked_init(&chunked);
    got = fcgi_http_chunked_decode(&chunked, bytes, cut, &first);
    if (got == FCGI_HTTP_CHUNKED_MORE)
        got = fcgi_http_chunked_decode(&chunked, bytes + cut, length - cut,
                                       &second);
    assert_int_equal(got, result);
    if (result != WHOLE)
        return;
    assert_int_equal(first.used + second.used, want->used);
    assert_int_equal(first.decoded + second.decoded, want->decoded);
    assert_memory_equal(bytes, content, first.decoded);
    assert_memory_equal(bytes + cut, content + first.decoded, second.decoded);
    assert_memory_equal(bytes + want->used, text + want->used,
                        length - want->used);
}

/* In pieces and in place: at once, cut in two everywhere, byte by byte. */
static enum fcgi_http_chunked_result decode(const char *text, size_t length,
                                            struct fcgi_http_unchunked *out,
                                            char *content)
{
    static size_t cuts[TEXT_MOST];
    enum fcgi_http_chunked_result result;

    result = pieces(text, length, NULL, 0, content, out);
    for (size_t i = 0; i < length; i++) {
        cuts[i] = i;
        if (length >= 512)
            continue;
        assert_pieces(text, length, &i, 1, result, out, content);
        assert_in_place(text, length, i, result, out, content);
    }
    assert_pieces(text, length, cuts, length, result, out, content);
    assert_in_place(text, length, length, result, out, content);
    return result;
}

static void test_cases(void **state)
{
    static const struct {
        const char *text;
        enum fcgi_http_chunked_result result;
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
        /* Extensions. */
        {"3;a=b\r\nabc\r\n0;x\r\n\r\n", WHOLE, "abc", ""},
        {"3;a=\"0;\\\"\\\\\t\"\r\nabc\r\n0\r\n\r\n", WHOLE, "abc", ""},
        {"3;a;b=c;d=\"\";e\r\nabc\r\n0\r\n\r\n", WHOLE, "abc", ""},
        {"3;\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;;a\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a=\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;=b\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3 ;a\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3\t;a\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3; a\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a =b\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a= b\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a \r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a b\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a=\"b\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a=\"b\"c\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a=\"b\\\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a=b\"c\"\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a=b=c\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        /* Trailers. */
        {"0\r\nA: b\r\nC:\r\n\r\n", WHOLE, "", ""},
        {"0\r\nContent-Length: 5\r\n\r\nhello", WHOLE, "", "hello"},
        {"0\r\nA b: c\r\n\r\n", WRONG, "", ""},
        {"0\r\nA : c\r\n\r\n", WRONG, "", ""},
        {"0\r\n: c\r\n\r\n", WRONG, "", ""},
        {"0\r\nA: b\r\n c\r\n\r\n", WRONG, "", ""},
        {"0\r\nno colon\r\n\r\n", WRONG, "", ""},
        {"0\r\nA\r\n\r\n", WRONG, "", ""},
        {"0\r\nA: b\n\r\n", WRONG, "", ""},
        {"0\r\nA: b\rc\r\n\r\n", WRONG, "", ""},
        {"0\r\nA: \x01\r\n\r\n", WRONG, "", ""},
        {"0\r\n\rA: b\r\n\r\n", WRONG, "", ""},
        {"0\r\n\n", WRONG, "", ""},
        /* Sizes that others might read otherwise. */
        {"\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {" 3\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3 \r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3 3\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"+3\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"-3\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"0x3\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3_0\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3.\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"g\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {";a\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3,\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        /* Too large. */
        {"7fffffffffffffff\r\nabc", PART, "abc", ""},
        {"8000000000000000\r\nabc", WRONG, "", ""},
        {"ffffffffffffffff\r\nabc", WRONG, "", ""},
        {"10000000000000003\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"100000000\r\nabc", PART, "abc", ""},
        {"f00000000000000000000000000000003\r\nabc", WRONG, "", ""},
        /* Ends of lines. */
        {"3\nabc\n0\n\n", WRONG, "", ""},
        {"3\r\nabc\n0\r\n\r\n", WRONG, "abc", ""},
        {"3\rabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3\r\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a\rb\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a\nb\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3;a\x7f\r\nabc\r\n0\r\n\r\n", WRONG, "", ""},
        {"3\r\nabcd\r\n0\r\n\r\n", WRONG, "abc", ""},
        {"3\r\nab\r\n0\r\n\r\n", WRONG, "ab\r", ""},
        {"3\r\nabc\rd", WRONG, "abc", ""},
        /* Not all there. */
        {"", PART, "", ""},
        {"3", PART, "", ""},
        {"3\r", PART, "", ""},
        {"3;a", PART, "", ""},
        {"3\r\n", PART, "", ""},
        {"3\r\nab", PART, "ab", ""},
        {"3\r\nabc", PART, "abc", ""},
        {"3\r\nabc\r", PART, "abc", ""},
        {"3\r\nabc\r\n", PART, "abc", ""},
        {"3\r\nabc\r\n0\r\n", PART, "abc", ""},
        {"3\r\nabc\r\n0\r\n\r", PART, "abc", ""},
        {"0\r\nA: b\r\n", PART, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = strlen(cases[i].text);
        struct fcgi_http_unchunked out;
        char content[64];
        enum fcgi_http_chunked_result result =
            decode(cases[i].text, length, &out, content);

        if (result != cases[i].result)
            fail_msg("%s: result %d", cases[i].text, (int)result);
        assert_int_equal(out.decoded, strlen(cases[i].content));
        assert_memory_equal(content, cases[i].content, out.decoded);
        if (result == WHOLE)
            assert_int_equal(out.used, length - strlen(cases[i].rest));
    }
}

/* What is decided stays so. */
static void test_sticky(void **state)
{
    struct fcgi_http_chunked chunked;
    struct fcgi_http_unchunked out = {0, 0};
    char content[8];

    (void)state;
    fcgi_http_chunked_init(&chunked);
    assert_int_equal(feed(&chunked, "0\r\n\r\n", 5, content, &out), WHOLE);
    assert_int_equal(feed(&chunked, "1\r\na", 4, content, &out), WHOLE);
    assert_int_equal(out.used, 5);
    fcgi_http_chunked_init(&chunked);
    assert_int_equal(feed(&chunked, "x", 1, content, &out), WRONG);
    assert_int_equal(feed(&chunked, "0\r\n\r\n", 5, content, &out), WRONG);
    assert_int_equal(out.decoded, 0);
}

/* The result for a text, a head and a thing that is repeated to a length. */
static enum fcgi_http_chunked_result repeat(const char *head, const char *thing,
                                            size_t length)
{
    static char text[TEXT_MOST], content[TEXT_MOST];
    struct fcgi_http_unchunked out;
    size_t at = strlen(head);

    memcpy(text, head, at);
    for (; at + strlen(thing) <= length; at += strlen(thing))
        memcpy(text + at, thing, strlen(thing));
    return decode(text, at, &out, content);
}

/* What is dropped is bounded: a line, all lines, the trailer. */
static void test_endless(void **state)
{
    char thing[4096];
    int n;

    (void)state;
    assert_int_equal(repeat("", "0", FCGI_HTTP_CHUNK_LINE_MOST), PART);
    assert_int_equal(repeat("", "0", FCGI_HTTP_CHUNK_LINE_MOST + 1), WRONG);
    n = FCGI_HTTP_CHUNK_LINE_MOST + (int)strlen("1\r\na\r\n");
    assert_int_equal(repeat("1\r\na\r\n", "0", (size_t)n), PART);
    assert_int_equal(repeat("1\r\na\r\n", "0", (size_t)n + 1), WRONG);
    assert_int_equal(repeat("1;", "x", FCGI_HTTP_CHUNK_LINE_MOST), PART);
    assert_int_equal(repeat("1;", "x", FCGI_HTTP_CHUNK_LINE_MOST + 1), WRONG);
    assert_int_equal(repeat("0\r\n", "A: b\r\n", FCGI_HTTP_TRAILER_MOST), PART);
    assert_int_equal(repeat("0\r\n", "A: b\r\n", FCGI_HTTP_TRAILER_MOST + 9),
                     WRONG);
    assert_int_equal(repeat("0\r\n", "x", FCGI_HTTP_TRAILER_MOST + 4), WRONG);
    /* A byte at a time is slow, not wrong; with an extension each, it is. */
    assert_int_equal(repeat("", "1\r\na\r\n", TEXT_MOST), PART);
    n = snprintf(thing, sizeof(thing), "1;%0500d\r\na\r\n", 0);
    assert_int_equal(repeat("", thing, (size_t)n * 30), PART);
    assert_int_equal(repeat("", thing, (size_t)n * 40), WRONG);
    /* Each makes up for as much as it brings: the fifth is just good. */
    n = snprintf(thing, sizeof(thing), "64;%03381d\r\n%0100d\r\n", 0, 0);
    assert_int_equal(repeat("", thing, (size_t)n * 5), PART);
    assert_int_equal(repeat("", thing, (size_t)n * 6), WRONG);
    n = snprintf(thing, sizeof(thing), "1f4;%0400d\r\n%0500d\r\n", 0, 0);
    assert_int_equal(repeat("", thing, TEXT_MOST), PART);
}

static bool matches(const regex_t *expression, const char *line, size_t length)
{
    char copy[TEXT_MOST];

    if (memchr(line, '\0', length) != NULL)
        return false;
    memcpy(copy, line, length);
    copy[length] = '\0';
    return regexec(expression, copy, 0, NULL, 0) == 0;
}

/* The body as regular expressions see it. True where it is whole. */
static bool slow_decode(const char *text, size_t length, char *content,
                        struct fcgi_http_unchunked *out)
{
    const char *at = text, *end = text + length, *line;
    unsigned long size;

    out->decoded = 0;
    do {
        line = memmem(at, (size_t)(end - at), "\r\n", 2);
        if (line == NULL || !matches(&size_line, at, (size_t)(line - at)))
            return false;
        size = strtoul(at, NULL, 16);
        at = line + 2;
        if (size == 0)
            break;
        if (size > (size_t)(end - at) || (size_t)(end - at) - size < 2 ||
            memcmp(at + size, "\r\n", 2) != 0)
            return false;
        memcpy(content + out->decoded, at, size);
        out->decoded += size;
        at += size + 2;
    } while (true);
    do {
        line = memmem(at, (size_t)(end - at), "\r\n", 2);
        if (line == NULL ||
            (line > at && !matches(&trailer_line, at, (size_t)(line - at))))
            return false;
        size = (size_t)(line - at);
        at = line + 2;
    } while (size > 0);
    out->used = (size_t)(at - text);
    return true;
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
    static const char *const ends[] = {"",   "",         "",
                                       ";a", ";b=\"c\"", ";d=e;f=\"\\\"\""};
    size_t length = 0;

    for (size_t n = random_below(seed, 5); n > 0; n--) {
        size_t size = 1 + random_below(seed, 40);

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

/* The same as the expressions say, in any pieces, be the body right, spoilt, or
 * cut off; and what has been decided for a part of it holds for all of it. */
static void test_random(void **state)
{
    static char text[TEXT_MOST], content[TEXT_MOST], wanted[TEXT_MOST];
    size_t whole = 0, wrong = 0;
    uint64_t seed = 189;

    (void)state;
    for (size_t round = 0; round < 5000; round++) {
        size_t length = make(&seed, text), cut;
        struct fcgi_http_unchunked out, want, part;
        enum fcgi_http_chunked_result result, earlier;
        bool right;

        for (size_t n = random_below(&seed, 3); n > 0; n--)
            text[random_below(&seed, length)] =
                random_below(&seed, 2)
                    ? "\r\n;:0 \tfF=\"\\"[random_below(&seed, 12)]
                    : (char)random_next(&seed);
        cut = random_below(&seed, length + 1);
        earlier = pieces(text, cut, NULL, 0, content, &part);
        result = decode(text, length, &out, content);
        right = slow_decode(text, length, wanted, &want);
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
        assert_memory_equal(content, wanted, out.decoded);
        if (earlier == WHOLE)
            assert_int_equal(part.used, out.used);
        else
            assert_true(cut < out.used);
    }
    assert_true(whole >= 1500 && whole <= 4800);
    assert_true(wrong >= 500 && wrong <= 3500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_sticky),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_random),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("http/chunked", tests, set_up,
                                       tear_down);
}
