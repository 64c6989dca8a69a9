/* SPDX-License-Identifier: Apache-2.0
 *
 * Record headers and bodies of fixed size: against bytes written out by hand,
 * so that an encoder and a decoder cannot be wrong together; with too little
 * room; and cut at each offset. All bytes lie against an unreadable page, and
 * the first test shows that this is so.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard.h"
#include "proto/record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How a child ends that reads one byte: 0, or the signal. */
static int read_in_child(const volatile uint8_t *byte)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        (void)*byte;
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

/* What the other tests rely on. */
static void test_guard(void **state)
{
    static const size_t sizes[] = {1, 8, 4095, 4096, 4097, 65536};
    struct guard guard;

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        guard_behind(&guard, sizes[i]);
        memset(guard.bytes, 1, guard.size);
        assert_int_equal(read_in_child(guard.bytes + guard.size - 1), 0);
        assert_int_equal(read_in_child(guard.bytes + guard.size), SIGSEGV);
        guard_put(&guard, "x", 1);
        assert_int_equal(guard.bytes[guard.size - 1], 'x');
        guard_free(&guard);

        guard_before(&guard, sizes[i]);
        memset(guard.bytes, 1, guard.size);
        assert_int_equal(read_in_child(guard.bytes), 0);
        assert_int_equal(read_in_child(guard.bytes - 1), SIGSEGV);
        guard_free(&guard);
    }
    guard_behind(&guard, 0);
    assert_int_equal(read_in_child(guard.bytes), SIGSEGV);
    guard_free(&guard);
}

static const struct {
    struct fcgi_record record;
    uint8_t wire[FCGI_HEADER_LEN];
} headers[] = {
    {{1, FCGI_BEGIN_REQUEST, 1, 8, 0}, {1, 1, 0, 1, 0, 8, 0, 0}},
    {{1, FCGI_PARAMS, 0x1234, 0x5678, 0x9a},
     {1, 4, 0x12, 0x34, 0x56, 0x78, 0x9a, 0}},
    {{1, FCGI_STDIN, 0xff00, 0x00ff, 0}, {1, 5, 0xff, 0, 0, 0xff, 0, 0}},
    {{1, FCGI_STDOUT, 0x00ff, 0xff00, 7}, {1, 6, 0, 0xff, 0xff, 0, 7, 0}},
    {{1, FCGI_GET_VALUES, 0, 0, 0}, {1, 9, 0, 0, 0, 0, 0, 0}},
    {{1, 255, 65535, 65535, 255}, {1, 255, 255, 255, 255, 255, 255, 0}},
    {{1, FCGI_STDERR, 128, 256, 128}, {1, 7, 0, 128, 1, 0, 128, 0}},
};

static void assert_record(const struct fcgi_record *got,
                          const struct fcgi_record *want)
{
    assert_int_equal(got->version, want->version);
    assert_int_equal(got->type, want->type);
    assert_int_equal(got->request_id, want->request_id);
    assert_int_equal(got->content_length, want->content_length);
    assert_int_equal(got->padding_length, want->padding_length);
}

static void test_header_encode(void **state)
{
    struct guard guard;
    uint8_t untouched[FCGI_HEADER_LEN];

    (void)state;
    memset(untouched, 0xee, sizeof(untouched));
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct fcgi_record record = headers[i].record;

        record.version = (uint8_t)(i * 3); /* the encoder sets its own */
        for (size_t size = 0; size <= FCGI_HEADER_LEN; size++) {
            guard_behind(&guard, size);
            memset(guard.bytes, 0xee, size);
            assert_int_equal(fcgi_record_encode(guard.bytes, size, &record),
                             size < FCGI_HEADER_LEN ? 0 : FCGI_HEADER_LEN);
            assert_memory_equal(
                guard.bytes,
                size < FCGI_HEADER_LEN ? untouched : headers[i].wire, size);
            guard_free(&guard);
        }
    }
}

static void test_header_decode(void **state)
{
    struct fcgi_record record;
    struct guard guard;
    uint8_t wire[FCGI_HEADER_LEN];

    (void)state;
    guard_behind(&guard, FCGI_HEADER_LEN);
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct fcgi_record want = headers[i].record;

        memcpy(wire, headers[i].wire, sizeof(wire));
        wire[0] = want.version = (uint8_t)(i * 51); /* as it stands */
        wire[7] = (uint8_t)(i * 37);                /* reserved: ignored */
        for (size_t cut = 0; cut < sizeof(wire); cut++)
            assert_int_equal(
                fcgi_record_decode(guard_put(&guard, wire, cut), cut, &record),
                0);
        assert_int_equal(
            fcgi_record_decode(guard_put(&guard, wire, sizeof(wire)),
                               sizeof(wire), &record),
            sizeof(wire));
        assert_record(&record, &want);
    }
    guard_free(&guard);
}

static void test_padding(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 70000; length++) {
        uint8_t padding = fcgi_record_padding(length);

        assert_true(padding < 8);
        assert_int_equal((length + padding) % 8, 0);
    }
}

static void test_begin(void **state)
{
    static const struct {
        uint16_t id;
        enum fcgi_role role;
        uint8_t flags;
        uint8_t wire[16];
    } cases[] = {
        {1, FCGI_RESPONDER, 0, {1, 1, 0, 1, 0, 8, 0, 0, 0, 1}},
        {0x1234,
         FCGI_AUTHORIZER,
         FCGI_KEEP_CONN,
         {1, 1, 0x12, 0x34, 0, 8, 0, 0, 0, 2, 1}},
        {65535, FCGI_FILTER, 255, {1, 1, 255, 255, 0, 8, 0, 0, 0, 3, 255}},
        {7, (enum fcgi_role)0x1234, 1, {1, 1, 0, 7, 0, 8, 0, 0, 0x12, 0x34, 1}},
    };
    struct guard guard;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t size = 0; size <= 16; size++) {
            guard_behind(&guard, size);
            memset(guard.bytes, 0xee, size);
            assert_int_equal(
                fcgi_record_encode_begin(guard.bytes, size, cases[i].id,
                                         cases[i].role, cases[i].flags),
                size < 16 ? 0 : 16);
            for (size_t k = 0; k < size; k++)
                assert_int_equal(guard.bytes[k],
                                 size < 16 ? 0xee : cases[i].wire[k]);
            guard_free(&guard);
        }
    }
}

static const struct {
    uint16_t id;
    struct fcgi_end_request end;
    uint8_t wire[16];
} ends[] = {
    {1, {0, FCGI_REQUEST_COMPLETE}, {1, 3, 0, 1, 0, 8}},
    {0x0102,
     {0x12345678, FCGI_OVERLOADED},
     {1, 3, 1, 2, 0, 8, 0, 0, 0x12, 0x34, 0x56, 0x78, 2}},
    {65535,
     {0xffffffff, 255},
     {1, 3, 255, 255, 0, 8, 0, 0, 255, 255, 255, 255, 255}},
    {9, {0x80, 1}, {1, 3, 0, 9, 0, 8, 0, 0, 0, 0, 0, 0x80, 1}},
    {9, {0xff000000, 3}, {1, 3, 0, 9, 0, 8, 0, 0, 0xff, 0, 0, 0, 3}},
};

static void test_end_encode(void **state)
{
    struct guard guard;

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        for (size_t size = 0; size <= 16; size++) {
            guard_behind(&guard, size);
            memset(guard.bytes, 0xee, size);
            assert_int_equal(fcgi_record_encode_end(guard.bytes, size,
                                                    ends[i].id, &ends[i].end),
                             size < 16 ? 0 : 16);
            for (size_t k = 0; k < size; k++)
                assert_int_equal(guard.bytes[k],
                                 size < 16 ? 0xee : ends[i].wire[k]);
            guard_free(&guard);
        }
    }
}

static void test_end_decode(void **state)
{
    struct fcgi_end_request end;
    struct guard guard;
    uint8_t body[FCGI_BODY_LEN];

    (void)state;
    guard_behind(&guard, FCGI_BODY_LEN);
    for (size_t i = 0; i < COUNT(ends); i++) {
        memcpy(body, ends[i].wire + FCGI_HEADER_LEN, sizeof(body));
        memset(body + 5, (int)i * 51, 3); /* reserved: ignored */
        for (size_t cut = 0; cut < sizeof(body); cut++)
            assert_int_equal(
                fcgi_record_decode_end(guard_put(&guard, body, cut), cut, &end),
                0);
        assert_int_equal(
            fcgi_record_decode_end(guard_put(&guard, body, sizeof(body)),
                                   sizeof(body), &end),
            sizeof(body));
        assert_int_equal(end.app_status, ends[i].end.app_status);
        assert_int_equal(end.protocol_status, ends[i].end.protocol_status);
    }
    guard_free(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_header_encode),
        cmocka_unit_test(test_header_decode),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_end_encode),
        cmocka_unit_test(test_end_decode),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("proto/record", tests, NULL, NULL);
}
