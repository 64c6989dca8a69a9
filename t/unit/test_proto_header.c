/* SPDX-License-Identifier: Apache-2.0
 *
 * The CGI header block: a table of blocks and what they mean, each fed whole,
 * byte by byte, in steps, cut at each offset, and into memory that grows; and
 * random ones. Input and memory lie against unreadable pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "proto/header.h"
#include "proto_random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROOM 512
#define TEXT 2048

static struct {
    struct guard input, memory;
} all;

static int set_up(void **state)
{
    (void)state;
    guard_behind(&all.input, ROOM);
    guard_behind(&all.memory, ROOM);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guard_free(&all.input);
    guard_free(&all.memory);
    return 0;
}

#define BAD_NAME "a header name with characters that are not allowed"
#define B(block, want)                 \
    {                                  \
        sizeof(block) - 1, block, want \
    }

/*
 * A block, and what it means: `STATUS(REASON)|NAME=VALUE|...|` and the number
 * of bytes that belong to it, or why it is refused and the number of bytes that
 * show it.
 */
static const struct {
    size_t length;
    const char *block;
    const char *want;
} cases[] = {
    /* Line ends, and what lies behind. */
    B("", "more 0"),
    B("\n", "0()|1"),
    B("\r\n", "0()|2"),
    B("\nbody\n\n", "0()|1"),
    B("\r\n\r\n", "0()|2"),
    B("A: b\n\n", "0()|A=b|6"),
    B("A: b\r\n\r\n", "0()|A=b|8"),
    B("A: b\r\n\nbody", "0()|A=b|7"),
    B("A: b\n\r\nbody\0\r\r", "0()|A=b|7"),
    B("A: b\nC: d\r\nE: f\n\n\n", "0()|A=b|C=d|E=f|17"),
    B("A: b\n\nStatus: 404\n\n", "0()|A=b|6"),
    B("A: b", "more 4"),
    B("A: b\r\n", "more 6"),
    B("A: b\r\n\r", "more 7"),
    /* NUL and CR. */
    B("\0\n\n", "a NUL byte in the header 1"),
    B("A: b\0c\n\n", "a NUL byte in the header 5"),
    B("A\0: b\n\n", "a NUL byte in the header 2"),
    B("A: b\n\0\n", "a NUL byte in the header 6"),
    B("A: b\rC: d\n\n", "a CR without LF in the header 6"),
    B("A: b\r\r\n\r\n", "a CR without LF in the header 6"),
    B("A: b\n\rbody", "a CR without LF in the header 7"),
    B("\r\r\n", "a CR without LF in the header 2"),
    B("A: b\r\0\n", "a CR without LF in the header 6"),
    B("\rA: b\n\n", "a CR without LF in the header 2"),
    /* Lines that are no fields. */
    B("A: b\n c\n\n", "a continued header line 8"),
    B("A: b\r\n\tc: d\r\n\r\n", "a continued header line 13"),
    B(" A: b\n\n", "a continued header line 6"),
    B(" \n", "a continued header line 2"),
    B("A: b\n \n\n", "a continued header line 7"),
    B("A\n\n", "a header line without a colon 2"),
    B("A: b\r\nCdef\r\n\r\n", "a header line without a colon 12"),
    B(":\n\n", BAD_NAME " 2"),
    B(": b\n\n", BAD_NAME " 4"),
    B("A : b\n\n", BAD_NAME " 6"),
    B("A b: c\n\n", BAD_NAME " 7"),
    B("<b>Warning</b>: c\n\n", BAD_NAME " 18"),
    /* Names and values. */
    B("!#$%&'*+-.^_`|~09azAZ: v\n\n", "0()|!#$%&'*+-.^_`|~09azAZ=v|26"),
    B("A:\n\n", "0()|A=|4"),
    B("A: \t \r\n\r\n", "0()|A=|9"),
    B("A:b\n\n", "0()|A=b|5"),
    B("A: \t b \t\n\n", "0()|A=b|10"),
    B("A: b c\t d \n\n", "0()|A=b c\t d|12"),
    B("A: :b:c: d:\n\n", "0()|A=:b:c: d:|13"),
    B("A::\n\n", "0()|A=:|5"),
    B("A: \xc3\xa4\xff\n\n", "0()|A=\xc3\xa4\xff|8"),
    B("A: b\nA: b\na: c\n\n", "0()|A=b|A=b|a=c|16"),
    /* Status. */
    B("Status: 404\n\n", "404()|Status=404|13"),
    B("Status: 404 Not Found\r\n\r\n",
      "404(Not Found)|Status=404 Not Found|25"),
    B("sTATUS:500\t \tOh  no \n\n", "500(Oh  no)|sTATUS=500\t \tOh  no|22"),
    B("A: b\nSTATUS: 200\nC: d\n\n", "200()|A=b|STATUS=200|C=d|23"),
    B("A: b\nstatus: 599 x\n\n", "599(x)|A=b|status=599 x|20"),
    B("Status: 404 \n\n", "404()|Status=404|14"),
    B("Status: 302\nStatus: 404\n\n", "302()|Status=302|Status=404|25"),
    B("Status: abc\nStatus: 404\n\n", "-1()|Status=abc|Status=404|25"),
    B("Status: 100\n\n", "100()|Status=100|13"),
    B("Status: 103 Hint\n\n", "103(Hint)|Status=103 Hint|18"),
    B("Status: 099\n\n", "-1()|Status=099|13"),
    B("Status: 99\n\n", "-1()|Status=99|12"),
    B("Status: 600\n\n", "-1()|Status=600|13"),
    B("Status: 4044\n\n", "-1()|Status=4044|14"),
    B("Status: abc\n\n", "-1()|Status=abc|13"),
    B("Status: 40a\n\n", "-1()|Status=40a|13"),
    B("Status: 4a4\n\n", "-1()|Status=4a4|13"),
    B("Status: /04\n\n", "-1()|Status=/04|13"),
    B("Status: :04\n\n", "-1()|Status=:04|13"),
    B("Status: 4/4\n\n", "-1()|Status=4/4|13"),
    B("Status: 40:\n\n", "-1()|Status=40:|13"),
    B("Status: -40\n\n", "-1()|Status=-40|13"),
    B("Status:  \n\n", "-1()|Status=|11"),
    B("Status:\n\n", "-1()|Status=|9"),
    B("Status: 404Not Found\n\n", "-1()|Status=404Not Found|22"),
    B("Status: 404-1\n\n", "-1()|Status=404-1|15"),
    B("Statu: 404\nStatusx: 404\nX-Status: 404\n\n",
      "0()|Statu=404|Statusx=404|X-Status=404|39"),
    /* A status line. */
    B("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "200(OK)|A=b|25"),
    B("HTTP/1.0 404 Not Found\n\n", "404(Not Found)|24"),
    B("HTTP/1.1 204\n\n", "204()|14"),
    B("HTTP/1.1 204\nA: b\n\n", "204()|A=b|19"),
    B("HTTP/1.1 200 OK: fine\n\n", "200(OK: fine)|23"),
    B("HTTP/1.1 200 OK\nStatus: 404 No\n\n", "404(No)|Status=404 No|32"),
    B("HTTP/1.1 2000\n\n", "-1()|15"),
    B("HTTP/1.1 abc\n\n", "-1()|14"),
    B("HTTP/1.1  200\n\n", "-1()|15"),
    B("HTTP/1.1 20\n\n", BAD_NAME " 12"),
    B("HTTP/1.1\t200 OK\n\n", BAD_NAME " 16"),
    B("HTTP/2 200 OK\n\n", BAD_NAME " 14"),
    B("http/1.1 200 OK\n\n", BAD_NAME " 16"),
    B("A: b\nHTTP/1.1 200 OK\n\n", BAD_NAME " 21"),
    B("HTTP/1.1 200 OK\nHTTP/1.1 404 No\n\n", BAD_NAME " 32"),
    B("HTTP/1.1 200 OK\n A: b\n\n", "a continued header line 22"),
};

/* Writes down what a complete block means. */
static void describe(const struct fcgi_header *header, size_t used, char *text)
{
    FILE *file = fmemopen(text, TEXT, "w");
    struct fcgi_field field;
    size_t at = 0;
    int status = fcgi_header_status(header, &field);

    assert_non_null(file);
    fprintf(file, "%d(%.*s)|", status, (int)field.value_length,
            field.value_length ? field.value : "");
    while (fcgi_header_next(header, &at, &field))
        fprintf(file, "%.*s=%.*s|", (int)field.name_length, field.name,
                (int)field.value_length, field.value);
    fprintf(file, "%zu", used);
    fclose(file);
}

/* Feeds a piece; what is FULL gets `more` bytes. */
static enum fcgi_header_result feed(struct fcgi_header *header,
                                    const uint8_t *bytes, size_t length,
                                    size_t more, size_t *used)
{
    const uint8_t *at = guard_put(&all.input, bytes, length);
    enum fcgi_header_result result;
    size_t n;

    *used = 0;
    while ((result = fcgi_header_feed(header, at + *used, length - *used,
                                      &n)) == FCGI_HEADER_FULL) {
        char *old = header->buf, *buf = old - more;

        assert_true(n < length - *used);
        assert_int_equal(header->length, header->size);
        *used += n;
        if (more == 0)
            return result;
        assert_int_equal(
            fcgi_header_feed(header, at + *used, length - *used, &n),
            FCGI_HEADER_FULL);
        assert_int_equal(n, 0);
        assert_true((uint8_t *)old >= all.memory.bytes + more);
        memmove(buf, old, header->length);
        fcgi_header_grow(header, buf, header->size + more);
    }
    assert_true(n <= length - *used);
    *used += n;
    return result;
}

/*
 * What bytes mean that come in two pieces, or in steps of `step` bytes where
 * that is not 0, into memory of `size` bytes that grows by `more`.
 */
static void run(const char *block, size_t length, size_t cut, size_t step,
                size_t size, size_t more, char *text)
{
    enum fcgi_header_result result = FCGI_HEADER_MORE;
    const uint8_t *bytes = (const uint8_t *)block;
    struct fcgi_header header;
    size_t at = 0, used, n = step ? step : cut;

    memset(&header, 0xee, sizeof(header));
    memset(all.memory.bytes, '\n', all.memory.size);
    fcgi_header_init(&header, (char *)all.memory.bytes + ROOM - size, size);
    do {
        if (n > length - at)
            n = length - at;
        result = feed(&header, bytes + at, n, more, &used);
        if (result == FCGI_HEADER_MORE)
            assert_int_equal(used, n);
        at += used;
        n = step ? step : length;
    } while (result == FCGI_HEADER_MORE && at < length);

    if (result == FCGI_HEADER_DONE) {
        describe(&header, at, text);
        return;
    }
    snprintf(text, TEXT, "%s %zu",
             result == FCGI_HEADER_MORE   ? "more"
             : result == FCGI_HEADER_FULL ? "full"
                                          : header.error,
             at);
    if (result == FCGI_HEADER_INVALID) { /* and remains so */
        assert_int_equal(fcgi_header_feed(&header, bytes, length, &used),
                         FCGI_HEADER_INVALID);
        assert_int_equal(used, 0);
    }
}

static void same(const char *got, const char *want, size_t number,
                 const char *how, size_t n)
{
    if (strcmp(got, want) != 0)
        fail_msg("block %zu, %s %zu: %s; not %s", number, how, n, got, want);
}

static void check_all(const char *block, size_t length, const char *want,
                      size_t number)
{
    char text[TEXT];

    run(block, length, length, 0, ROOM, 0, text);
    same(text, want, number, "whole", 0);
    for (size_t step = 1; step < 8; step++) {
        run(block, length, 0, step, ROOM, 0, text);
        same(text, want, number, "in steps of", step);
    }
    for (size_t cut = 0; cut <= length; cut++) {
        run(block, length, cut, 0, ROOM, 0, text);
        same(text, want, number, "cut at", cut);
    }
    for (size_t size = 0; size <= length + 1; size++) {
        run(block, length, length, 0, size, 1, text);
        same(text, want, number, "grown from", size);
        run(block, length, 0, 1, size, 7, text);
        same(text, want, number, "byte by byte, grown from", size);
    }
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_all(cases[i].block, cases[i].length, cases[i].want, i);
}

/* RFC 9110, section 5.6.2: each byte that a name may and may not hold. */
static void test_names(void **state)
{
    static const char token[] =
        "!#$%&'*+-.^_`|~0123456789"
        "abcdefghijklmnopqrstuvwxyz"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char block[] = "NxN: v\n\n", want[64], text[TEXT];

    (void)state;
    for (int c = 1; c < 256; c++) {
        if (c == '\r' || c == '\n' || c == ':')
            continue;
        block[1] = (char)c;
        strcpy(want, BAD_NAME " 7");
        if (strchr(token, c) != NULL)
            snprintf(want, sizeof(want), "0()|N%cN=v|8", c);
        run(block, sizeof(block) - 1, 3, 0, ROOM, 0, text);
        same(text, want, (size_t)c, "name with byte", (size_t)c);
    }
}

/* The memory bounds the block: no byte of it is lost, none is written past. */
static void test_full(void **state)
{
    static const char block[] = "Name: a value\r\nOther: more of it\r\n\r\n";
    static const char kept[] = "Name: a value\nOther: more of it\n";
    const size_t length = sizeof(block) - 1, need = sizeof(kept) - 1;

    (void)state;
    for (size_t size = 0; size <= need + 1; size++) {
        struct fcgi_header header;
        size_t used;
        enum fcgi_header_result result;

        if (size == need) /* whether the empty line needs room is open */
            continue;
        fcgi_header_init(&header, (char *)all.memory.bytes + ROOM - size, size);
        result = feed(&header, (const uint8_t *)block, length, 0, &used);
        assert_int_equal(result,
                         size < need ? FCGI_HEADER_FULL : FCGI_HEADER_DONE);
        assert_int_equal(header.length, size < need ? size : need);
        assert_memory_equal(header.buf, kept, header.length);
        if (size > need)
            assert_int_equal(used, length);
    }
}

static void test_is(void **state)
{
    static const char *const names[] = {
        "status", "Status",    "STATUS", "sTaTuS", /* is; the others are not */
        "statu",  "statuss",   "",       "s",
        "xtatus", "statu\x13", "statu3"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t length = strlen(names[i]);
        char *name = (char *)guard_put(&all.input, names[i], length);

        assert_int_equal(fcgi_header_is(name, length, "status"), i < 4);
    }
    assert_true(fcgi_header_is("", 0, ""));
    assert_true(fcgi_header_is("AZ-az", 5, "az-az"));
    assert_false(fcgi_header_is("[", 1, "{"));
    assert_false(fcgi_header_is("@", 1, "`"));
}

/* Random blocks of the bytes that matter: the same in any pieces. */
static void test_random(void **state)
{
    static const char *const lines[] = {"Name: v\n", "Other: w\r\n", "C:\n"};
    static const char *const parts[] = {
        "\n",  "\r\n",     "\n",         "\r",          "\n\n", ": ",
        ":",   " ",        "\t",         "A",           "x",    "\xff",
        "404", "Status: ", " Not Found", "HTTP/1.1 200"};
    char block[256], want[TEXT], text[TEXT];
    uint64_t seed = 6;

    (void)state;
    for (size_t round = 0; round < 30000; round++) {
        size_t length = 0, n = 1 + random_below(&seed, 12);
        bool usual = random_below(&seed, 3) > 0;

        for (size_t i = 0; i < n; i++) {
            const char *part = parts[random_below(&seed, COUNT(parts))];

            if (usual && random_below(&seed, 4))
                part = lines[random_below(&seed, COUNT(lines))];
            memcpy(block + length, part, strlen(part));
            length += strlen(part);
        }
        if (random_below(&seed, 8) == 0)
            block[random_below(&seed, length)] = (char)random_next(&seed);
        run(block, length, length, 0, ROOM, 0, want);
        run(block, length, 0, 1, ROOM, 0, text);
        same(text, want, round, "byte by byte, seed", 6);
        n = random_below(&seed, length + 1);
        run(block, length, n, 0, n, 1 + random_below(&seed, 9), text);
        same(text, want, round, "cut at", n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),  cmocka_unit_test(test_names),
        cmocka_unit_test(test_full),   cmocka_unit_test(test_is),
        cmocka_unit_test(test_random),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("proto/header", tests, set_up,
                                       tear_down);
}
