/* SPDX-License-Identifier: Apache-2.0
 *
 * The response decoder and what is too much for a table: the largest record
 * there is, and random and mutated answers, which a second decoder, written
 * here for answers that are there as a whole, must read alike.
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

#include "proto_random.h"
#include "proto_trace.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LARGEST (8 + FCGI_MAX_CONTENT + FCGI_MAX_PADDING)
#define ROOM 1024

/*
 * Feeds two pieces of `bytes`, and checks that spans say where the content of
 * the first record, FCGI_MAX_CONTENT bytes, is; without copies, for this is
 * done at each offset.
 */
static void check_largest(const uint8_t *bytes, size_t length, size_t cut,
                          enum fcgi_response_event_type type)
{
    struct fcgi_response response;
    struct fcgi_response_event event;
    size_t at = 0, content = 8, ends = 0;

    fcgi_response_init(&response, TRACE_ID);
    for (size_t piece = 0; piece < 2; piece++) {
        size_t until = piece == 0 ? cut : length;

        do {
            at += fcgi_response_feed(&response, bytes + at, until - at, &event);
            if (event.type != FCGI_RESPONSE_NONE && event.type == type) {
                if (event.bytes != bytes + content)
                    fail_msg("cut at %zu: a span at %td", cut,
                             event.bytes - bytes);
                content += event.length;
            } else if (event.type == FCGI_RESPONSE_END) {
                ends++;
            } else if (event.type != FCGI_RESPONSE_NONE) {
                fail_msg("cut at %zu: event %d", cut, (int)event.type);
            }
        } while (event.type != FCGI_RESPONSE_NONE);
    }
    if (type != FCGI_RESPONSE_NONE && content != 8 + FCGI_MAX_CONTENT)
        fail_msg("cut at %zu: %zu bytes", cut, content);
    if (ends != 1 || at != length || response.state != FCGI_RESPONSE_FINISHED)
        fail_msg("cut at %zu: %zu ends, %zu bytes, state %d", cut, ends, at,
                 (int)response.state);
}

/* Writes the largest record of a type, and an END_REQUEST where it is none. */
static size_t put_largest(uint8_t *bytes, uint8_t type)
{
    static char content[FCGI_MAX_CONTENT];
    const struct trace_record end = END(0), record = {
                                                type,
                                                OURS,
                                                FCGI_MAX_CONTENT,
                                                FCGI_MAX_PADDING,
                                                content,
                                            };
    size_t length = trace_put(bytes, &record);

    for (size_t i = 0; type != FCGI_END_REQUEST && i < FCGI_MAX_CONTENT; i++)
        bytes[8 + i] = (uint8_t)("\1\3\1\2\0\10\0\0"[i % 8] + (int)(i / 8 % 3));
    return type == FCGI_END_REQUEST ? length
                                    : length + trace_put(bytes + length, &end);
}

static void test_largest(void **state)
{
    static const struct {
        uint8_t type;
        enum fcgi_response_event_type event;
    } cases[] = {{FCGI_STDOUT, FCGI_RESPONSE_STDOUT},
                 {FCGI_STDERR, FCGI_RESPONSE_STDERR},
                 {FCGI_END_REQUEST, FCGI_RESPONSE_NONE},
                 {99, FCGI_RESPONSE_NONE}};
    static uint8_t bytes[LARGEST + 16];
    struct trace whole, steps;

    (void)state;
    trace_init(&whole, sizeof(bytes));
    trace_init(&steps, sizeof(bytes));
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = put_largest(bytes, cases[i].type);

        for (size_t cut = 0; cut <= length; cut++)
            check_largest(bytes, length, cut, cases[i].event);
        trace_steps(&whole, bytes, length, 0);
        for (size_t step = 1; step < length; step = 3 * step + 1) {
            trace_steps(&steps, bytes, length, step);
            assert_int_equal(steps.length, whole.length);
            assert_memory_equal(steps.text, whole.text, whole.length);
        }
    }
    trace_free(&whole);
    trace_free(&steps);
}

/* As in section 3.3 and 8 of FastCGI 1.0, and in response.h. */
static unsigned judge(const uint8_t *head)
{
    unsigned type = head[1], id = (unsigned)head[2] * 256 + head[3];
    unsigned length = (unsigned)head[4] * 256 + head[5];

    if (head[0] != 1)
        return FCGI_RESPONSE_BAD_VERSION;
    if (type == 1 || type == 2 || type == 4 || type == 5 || type == 8 ||
        type == 9)
        return FCGI_RESPONSE_BAD_TYPE;
    if (type == 3 || type == 6 || type == 7) {
        if (id != OURS)
            return FCGI_RESPONSE_BAD_ID;
    } else if (type == 10 || type == 11) {
        if (id != 0)
            return FCGI_RESPONSE_BAD_ID;
    } else if (id != 0 && id != OURS) {
        return FCGI_RESPONSE_BAD_ID;
    }
    return type == 3 && length < 8 ? FCGI_RESPONSE_BAD_END : FCGI_RESPONSE_OK;
}

/* The events of a whole answer, written in the form of a trace. */
static size_t read_whole(const uint8_t *bytes, size_t length, char *text,
                         size_t room)
{
    FILE *file = fmemopen(text, room, "w");
    const char *state = "open";
    size_t at = 0, size;
    uint8_t open = 0;

    assert_non_null(file);
    while (length - at >= 8 && strcmp(state, "open") == 0) {
        const uint8_t *head = bytes + at, *content = head + 8;
        size_t there = length - at - 8, want = (size_t)head[4] * 256 + head[5];
        unsigned error = judge(head);
        bool is_end = head[1] == 3;

        if (there > want)
            there = want;
        if (error == 0 && there > 0 && (head[1] == 6 || head[1] == 7)) {
            if (open != head[1])
                fprintf(file, "%s%s<", open ? "> " : "",
                        head[1] == 6 ? "out" : "err");
            open = head[1];
            fwrite(content, 1, there, file);
        }
        if (error != 0 || (is_end && there >= 8)) {
            fputs(open ? "> " : "", file);
            open = 0;
            if (error != 0)
                fprintf(file, "error(%u) ", error);
            else
                fprintf(file, "end(%u,%u) ",
                        (unsigned)content[0] << 24 |
                            (unsigned)content[1] << 16 |
                            (unsigned)content[2] << 8 | content[3],
                        (unsigned)content[4]);
        }
        at += 8;
        if (error == 0)
            at += want + head[6];
        if (error != 0 || (is_end && at <= length))
            state = error != 0 ? "failed" : "finished";
        if (at > length)
            break;
    }
    if (strcmp(state, "open") == 0)
        at = length;
    fprintf(file, "%s%s at %zu", open ? "> " : "", state, at);
    size = (size_t)ftell(file);
    fclose(file);
    return size;
}

/* A random answer, valid at first, then with some bytes changed. */
static size_t make_answer(uint64_t *seed, uint8_t *bytes)
{
    static const uint8_t types[] = {6, 6, 6, 6, 7, 7, 3, 99, 0, 10, 11, 2};
    static const char content[] =
        "Content: and >< record \1\3\1\2\0\10\0\0 end";
    size_t length = 0, records = random_below(seed, 9);

    for (size_t i = 0; i < records; i++) {
        struct trace_record record = {
            types[random_below(seed,
                               COUNT(types) - (random_below(seed, 4) > 0))],
            OURS, (uint16_t)random_below(seed, sizeof(content)),
            (uint8_t)random_below(seed, random_below(seed, 2) ? 9 : 50),
            content};

        if (record.type == 10 || record.type == 11)
            record.id = 0;
        if (record.type == 3 && record.length < 8)
            record.length = 8;
        length += trace_put(bytes + length, &record);
    }
    length -= random_below(seed, 4) ? 0 : random_below(seed, length + 1);
    for (size_t n = random_below(seed, 4); n > 0 && length > 0; n--)
        bytes[random_below(seed, length)] =
            random_below(seed, 2) ? (uint8_t)random_next(seed)
                                  : (uint8_t)random_below(seed, 13);
    return length;
}

static void check_text(const struct trace *trace, const char *want,
                       size_t length, size_t round, const char *how)
{
    if (trace->length != length || memcmp(trace->text, want, length) != 0)
        fail_msg("round %zu, %s: %s; not %s", round, how, trace->text, want);
}

static void test_random(void **state)
{
    static uint8_t bytes[ROOM];
    static char want[4 * ROOM];
    uint64_t seed = 5;
    struct trace trace;

    (void)state;
    trace_init(&trace, sizeof(bytes));
    for (size_t round = 0; round < 20000; round++) {
        size_t length = make_answer(&seed, bytes);
        size_t size = read_whole(bytes, length, want, sizeof(want));

        trace_steps(&trace, bytes, length, 0);
        check_text(&trace, want, size, round, "whole");
        trace_steps(&trace, bytes, length, 1);
        check_text(&trace, want, size, round, "byte by byte");
        trace_begin(&trace);
        for (size_t at = 0, n; at < length; at += n) {
            n = random_below(&seed, 40);
            if (n > length - at)
                n = length - at;
            trace_feed(&trace, bytes + at, n);
        }
        trace_end(&trace);
        check_text(&trace, want, size, round, "in random steps");
    }
    trace_free(&trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_random),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("proto/response/bulk", tests, NULL,
                                       NULL);
}
