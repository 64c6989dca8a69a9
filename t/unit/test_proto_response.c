/* SPDX-License-Identifier: Apache-2.0
 *
 * The response decoder: a table of answers and what they mean, each fed whole,
 * byte by byte, in other steps and cut at each offset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto_trace.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *label;
    struct trace_record recs[6]; /* up to the first without content */
    const char *want;
} cases[] = {
    {"nothing", {{0}}, "open at 0"},
    {"the least", {END(0)}, "end(0,0) finished at 16"},
    {"stdout", {OUT("hello", 3), END(0)}, "out<hello> end(0,0) finished at 32"},
    {"no end", {OUT("hello", 3)}, "out<hello> open at 16"},
    {"two records are one stream",
     {OUT("hel", 0), OUT("lo", 255), END(0)},
     "out<hello> end(0,0) finished at 292"},
    {"stderr before",
     {ERR("e", 0), OUT("o", 0), END(0)},
     "err<e> out<o> end(0,0) finished at 34"},
    {"stderr between",
     {OUT("a", 0), ERR("e", 0), OUT("b", 0), END(0)},
     "out<a> err<e> out<b> end(0,0) finished at 43"},
    {"stderr after",
     {OUT("o", 0), ERR("e", 0), END(0)},
     "out<o> err<e> end(0,0) finished at 34"},
    {"stderr alone", {ERR("e", 7), END(0)}, "err<e> end(0,0) finished at 32"},
    {"empty records say nothing",
     {OUT("", 0), ERR("", 0), OUT("a", 0), OUT("", 8), OUT("b", 0), END(0)},
     "out<ab> end(0,0) finished at 66"},
    {"empty stderr in the middle",
     {OUT("a", 0), ERR("", 0), OUT("b", 0), OUT("", 0), ERR("", 9), END(0)},
     "out<ab> end(0,0) finished at 67"},
    {"status",
     {REC(FCGI_END_REQUEST, OURS, "\x12\x34\x56\x78\2...", 0)},
     "end(305419896,2) finished at 16"},
    {"high status",
     {REC(FCGI_END_REQUEST, OURS, "\xff\xff\xff\xff\xff...", 0)},
     "end(4294967295,255) finished at 16"},
    {"padding behind the end", {END(5)}, "end(0,0) finished at 21"},
    {"much padding behind the end", {END(255)}, "end(0,0) finished at 271"},
    {"longer end",
     {REC(FCGI_END_REQUEST, OURS, OK "x", 0)},
     "end(0,0) finished at 17"},
    {"longer end with padding",
     {REC(FCGI_END_REQUEST, OURS, OK OK OK, 255), OUT("x", 0)},
     "end(0,0) finished at 287"},
    {"short end",
     {REC(FCGI_END_REQUEST, OURS, "1234567", 9), END(0)},
     "error(4) failed at 8"},
    {"empty end",
     {OUT("o", 1), REC(FCGI_END_REQUEST, OURS, "", 0)},
     "out<o> error(4) failed at 18"},
    {"leftover: another answer",
     {OUT("a", 0), END(2), OUT("b", 0), END(0)},
     "out<a> end(0,0) finished at 27"},
    {"leftover: no record",
     {END(0), REC(0, 0, "", 0)},
     "end(0,0) finished at 16"},
    {"unknown types",
     {REC(12, OURS, "skip", 4), OUT("a", 0), REC(255, OURS, "", 0),
      REC(0, 0, OK OK, 200), OUT("b", 0), END(0)},
     "out<ab> end(0,0) finished at 282"},
    {"management records",
     {REC(FCGI_UNKNOWN_TYPE, 0, OK, 0),
      REC(FCGI_GET_VALUES_RESULT, 0, "\1\1ab", 4), OUT("a", 0), END(0)},
     "out<a> end(0,0) finished at 57"},
    {"management record, empty",
     {REC(FCGI_GET_VALUES_RESULT, 0, "", 0), END(0)},
     "end(0,0) finished at 24"},
    {"id 0", {REC(FCGI_STDOUT, 0, "a", 0), END(0)}, "error(2) failed at 8"},
    {"another id, low byte",
     {OUT("a", 0), REC(FCGI_STDOUT, 0x0103, "b", 0)},
     "out<a> error(2) failed at 17"},
    {"another id, high byte",
     {OUT("a", 0), REC(FCGI_STDERR, 0x0202, "b", 0)},
     "out<a> error(2) failed at 17"},
    {"another id, swapped",
     {REC(FCGI_END_REQUEST, 0x0201, OK, 0)},
     "error(2) failed at 8"},
    {"the request comes back",
     {REC(FCGI_BEGIN_REQUEST, OURS, OK, 0), END(0)},
     "error(3) failed at 8"},
};

/* Whole, byte by byte, in other steps, cut at each offset. */
static void check_all(struct trace *trace, const uint8_t *bytes, size_t length,
                      const char *want, const char *label)
{
    char *whole;

    trace_steps(trace, bytes, length, 0);
    whole = malloc(trace->length + 1);
    assert_non_null(whole);
    memcpy(whole, trace->text, trace->length + 1);
    if (strcmp(whole, want) != 0)
        fail_msg("%s: %s; not %s", label, whole, want);
    for (size_t step = 1; step < 20; step += 1 + step / 3) {
        trace_steps(trace, bytes, length, step);
        if (strcmp(trace->text, whole) != 0)
            fail_msg("%s: in steps of %zu: %s; not %s", label, step,
                     trace->text, whole);
    }
    for (size_t cut = 0; cut <= length; cut++) {
        trace_cut(trace, bytes, length, cut);
        if (strcmp(trace->text, whole) != 0)
            fail_msg("%s: cut at %zu: %s; not %s", label, cut, trace->text,
                     whole);
    }
    free(whole);
}

static void test_cases(void **state)
{
    struct trace trace;
    uint8_t bytes[2048];

    (void)state;
    trace_init(&trace, sizeof(bytes));
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = 0;

        for (size_t k = 0; k < COUNT(cases[i].recs); k++) {
            if (cases[i].recs[k].content == NULL)
                break;
            length += trace_put(bytes + length, &cases[i].recs[k]);
        }
        check_all(&trace, bytes, length, cases[i].want, cases[i].label);
    }
    trace_free(&trace);
}

/* A first record that is no record of FastCGI 1: nothing of it is used up. */
static void test_version(void **state)
{
    struct trace trace;
    uint8_t bytes[64];
    const struct trace_record out = OUT("hello", 3), end = END(0);
    size_t first = trace_put(bytes, &out),
           length = first + trace_put(bytes + first, &end);

    (void)state;
    trace_init(&trace, sizeof(bytes));
    for (unsigned version = 0; version < 256; version++) {
        if (version == 1)
            continue;
        bytes[0] = (uint8_t)version;
        check_all(&trace, bytes, length, "error(1) failed at 8", "first");
        bytes[0] = 1;
        bytes[first] = (uint8_t)version;
        check_all(&trace, bytes, length, "out<hello> error(1) failed at 24",
                  "second");
        bytes[first] = 1;
    }
    check_all(&trace, (const uint8_t *)"HTTP/1.1 200 OK\r\n\r\n", 19,
              "error(1) failed at 8", "HTTP");
    trace_free(&trace);
}

/* What a record of a type and an id leads to: an error's number. */
static int judge(unsigned type, unsigned id)
{
    switch (type) {
    case 3:
    case 6:
    case 7:
        return id == OURS ? 0 : 2;
    case 10:
    case 11:
        return id == 0 ? 0 : 2;
    case 1:
    case 2:
    case 4:
    case 5:
    case 8:
    case 9:
        return 3;
    default:
        return id == OURS || id == 0 ? 0 : 2;
    }
}

/* Every type with our id, none, and others. */
static void test_types(void **state)
{
    static const uint16_t ids[] = {OURS, 0,      OURS + 1, OURS - 1,
                                   1,    0x0202, 0x0201,   65535};
    const struct trace_record end = END(0);
    struct trace trace;
    uint8_t bytes[64];
    char want[64];

    (void)state;
    trace_init(&trace, sizeof(bytes));
    for (unsigned i = 0; i < 256 * COUNT(ids); i++) {
        const struct trace_record rec = {
            (uint8_t)(i % 256), ids[i / 256], 8, 2,
            i % 256 == FCGI_END_REQUEST ? OK : "contents"};
        const char *text = rec.type == FCGI_STDOUT   ? "out<contents> "
                           : rec.type == FCGI_STDERR ? "err<contents> "
                                                     : "";
        size_t length = trace_put(bytes, &rec);
        int error = judge(rec.type, rec.id);

        length += trace_put(bytes + length, &end);
        snprintf(want, sizeof(want), "%send(0,0) finished at %u", text,
                 rec.type == FCGI_END_REQUEST ? 18U : 34U);
        if (error != 0)
            snprintf(want, sizeof(want), "error(%d) failed at 8", error);
        check_all(&trace, bytes, length, want, "type and id");
    }
    trace_free(&trace);
}

/* Padding of any length, behind any record; also where it comes late. */
static void test_paddings(void **state)
{
    static uint8_t bytes[2048];
    struct trace trace;
    char want[64];

    (void)state;
    trace_init(&trace, sizeof(bytes));
    for (unsigned padding = 0; padding < 256; padding++) {
        const struct trace_record recs[] = {
            OUT("hello", (uint8_t)padding), ERR("", (uint8_t)padding),
            END((uint8_t)padding), OUT("no", 0)};
        size_t length = 0, last;

        for (size_t i = 0; i < COUNT(recs); i++)
            length += trace_put(bytes + length, &recs[i]);
        snprintf(want, sizeof(want), "out<hello> end(0,0) finished at %u",
                 8 + 5 + 8 + 16 + 3 * padding);
        check_all(&trace, bytes, length, want, "padding");

        last = length - 10 - padding;
        trace_begin(&trace);
        trace_feed(&trace, bytes, last);
        assert_string_equal(trace.text, "out<hello> end(0,0) ");
        for (size_t i = 0; i < padding; i++) {
            assert_int_not_equal(trace.response.state, FCGI_RESPONSE_FINISHED);
            trace_feed(&trace, bytes + last + i, 1);
        }
        assert_string_equal(trace_end(&trace), want);
    }
    trace_free(&trace);
}

static void test_errors(void **state)
{
    static const enum fcgi_response_error errors[] = {
        FCGI_RESPONSE_OK,      FCGI_RESPONSE_BAD_VERSION,
        FCGI_RESPONSE_BAD_ID,  FCGI_RESPONSE_BAD_TYPE,
        FCGI_RESPONSE_BAD_END, (enum fcgi_response_error)99,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        assert_true(strlen(fcgi_response_strerror(errors[i])) > 5);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(fcgi_response_strerror(errors[i]),
                                    fcgi_response_strerror(errors[k]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),  cmocka_unit_test(test_version),
        cmocka_unit_test(test_types),  cmocka_unit_test(test_paddings),
        cmocka_unit_test(test_errors),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("proto/response", tests, NULL, NULL);
}
