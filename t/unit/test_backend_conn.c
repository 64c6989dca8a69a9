/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection to an application: connecting and its failures, what is sent,
 * what is told of the answer however it is cut, and handlers that close it.
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
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend_rig.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct part {
    enum {
        NO_MORE,
        OUT,
        ERR,
        END,     /* text: the protocol status as a digit */
        RAW,     /* bytes as they are */
        FOREIGN, /* STDOUT of request 2 */
        SHUT,    /* the peer closes */
    } what;
    const char *text;
};

struct answer {
    struct part parts[6];
    const char *told;
    enum fcgi_response_error error; /* fail(protocol) */
    uint64_t offset;
};

static const struct answer answers[] = {
    {{{END, "0"}}, "end(0 0)", 0, 0},
    {{{OUT, "hello"}, {END, "0"}}, "out(hello)end(0 0)", 0, 0},
    {{{OUT, "a"}, {OUT, "b"}, {ERR, "x"}, {OUT, "c"}, {END, "3"}},
     "out(ab)err(x)out(c)end(0 3)",
     0,
     0},
    {{{OUT, ""}, {ERR, ""}, {END, "0"}, {RAW, "more"}}, "end(0 0)", 0, 0},
    {{{OUT, "12345678"}, {SHUT, ""}}, "out(12345678)fail(closed)", 0, 0},
    {{{SHUT, ""}}, "fail(closed)", 0, 0},
    {{{RAW, "\1\6\0"}, {SHUT, ""}}, "fail(closed)", 0, 0},
    {{{RAW, "HTTP/1.1 400 Bad Request\r\n"}},
     "fail(protocol)",
     FCGI_RESPONSE_BAD_VERSION,
     8},
    {{{OUT, "x"}, {RAW, "garbage, garbage"}},
     "out(x)fail(protocol)",
     FCGI_RESPONSE_BAD_VERSION,
     8 + 1 + 7 + 8},
    {{{FOREIGN, "x"}, {END, "0"}}, "fail(protocol)", FCGI_RESPONSE_BAD_ID, 8},
};

/* The bytes of an answer; true if the peer closes after them. */
static bool wire_of(const struct answer *answer, struct rig_wire *wire)
{
    wire->length = 0;
    for (const struct part *part = answer->parts; part->what; part++) {
        size_t length = strlen(part->text), at = wire->length;

        switch (part->what) {
        case NO_MORE:
            break;
        case OUT:
        case FOREIGN:
            rig_wire_add(wire, FCGI_STDOUT, part->text, length,
                         fcgi_record_padding(length));
            if (part->what == FOREIGN)
                wire->bytes[at + 3] = 2;
            break;
        case ERR:
            rig_wire_add(wire, FCGI_STDERR, part->text, length, 0);
            break;
        case END:
            rig_wire_end(wire, 0, (uint8_t)(part->text[0] - '0'));
            break;
        case RAW:
            /* A NUL in the text stands for itself: three bytes, then. */
            length = part->text[0] == '\1' ? 3 : length;
            memcpy(wire->bytes + at, part->text, length);
            wire->length += length;
            break;
        case SHUT:
            return true;
        }
    }
    return false;
}

/* `step`: how many bytes the peer sends at once. */
static void check_answer(const struct answer *answer, enum rig_kind kind,
                         size_t step)
{
    struct rig_wire wire;
    struct rig rig;
    bool shut = wire_of(answer, &wire);

    rig_open(&rig, kind, 5);
    rig_start(&rig, (const uint8_t *)"body", 4);
    rig_accept(&rig);
    rig_receive_request(&rig);
    assert_true(rig.conn.request.position > 0);
    for (size_t at = 0; at < wire.length && !rig.over; at += step) {
        size_t n = wire.length - at < step ? wire.length - at : step;

        rig_send(&rig, wire.bytes + at, n);
        if (step < wire.length)
            assert_int_equal(fcgi_loop_wait(rig.loop, 1), 0);
    }
    if (shut)
        assert_int_equal(shutdown(rig.peer, SHUT_WR), 0);
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, answer->told);
    if (strstr(answer->told, "fail") != NULL) {
        assert_int_equal(rig.problem.error, 0);
        assert_int_equal(rig.problem.protocol, answer->error);
        assert_int_equal(rig.problem.offset, answer->offset);
    }
    rig_assert_closed(&rig);
    rig_run_for(&rig, 1); /* nothing follows */
    rig_close(&rig);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        for (int kind = RIG_UNIX; kind <= RIG_TCP; kind++) {
            check_answer(&answers[i], (enum rig_kind)kind, SIZE_MAX / 2);
            check_answer(&answers[i], (enum rig_kind)kind, 1);
            check_answer(&answers[i], (enum rig_kind)kind, 11);
        }
    }
}

/* on_batch comes once for each read that brought something, behind its spans;
 * the scratch memory holds 1024 bytes. */
static void test_batch(void **state)
{
    struct rig_wire wire = {.length = 0};
    struct rig rig;
    char text[1500];

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    rig_start(&rig, NULL, 0);
    rig_accept(&rig);
    rig_wire_add(&wire, FCGI_STDOUT, "ab", 2, 0);
    rig_wire_add(&wire, FCGI_STDERR, "c", 1, 0);
    rig_send(&rig, wire.bytes, wire.length);
    fcgi_loop_run(rig.loop);
    assert_string_equal(rig.told, "out(ab)err(c)");
    assert_int_equal(rig.batches, 1);
    assert_false(rig.unbatched);
    fcgi_loop_run(rig.loop);
    assert_int_equal(rig.batches, 1);
    wire.length = 0;
    memset(text, 'w', sizeof(text));
    rig_wire_add(&wire, FCGI_STDOUT, text, sizeof(text), 0);
    rig_wire_end(&wire, 9, 0);
    rig_send(&rig, wire.bytes, wire.length);
    fcgi_loop_run(rig.loop);
    assert_int_equal(rig.batches, 2);
    assert_false(rig.unbatched);
    rig_run_until_over(&rig);
    assert_int_equal(rig.batches, 2); /* on_end stands for the last one */
    assert_int_equal(strlen(rig.told),
                     strlen("out(ab)err(c)out()end(9 0)") + sizeof(text));
    rig_close(&rig);
}

/* Bodies of any length arrive as they are, also through a full socket. */
static void test_bodies(void **state)
{
    static const size_t lengths[] = {0, 1, 32768, 32769, 1000000};
    static uint8_t body[1000000];
    struct rig_wire wire = {.length = 0};

    (void)state;
    rig_wire_end(&wire, 0, 0);
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 2654435761U >> 13);
    for (size_t i = 0; i < 2 * COUNT(lengths); i++) {
        size_t length = lengths[i / 2];
        struct rig rig;

        rig_open(&rig, i % 2 ? RIG_TCP : RIG_UNIX, 5);
        assert_int_equal(rig.conn.request.position, 0);
        rig_start(&rig, body, length);
        rig_accept(&rig);
        rig_receive_request(&rig);
        rig_run_for(&rig, 2);
        assert_false(rig.conn.unsent);
        assert_false(rig_is_due(&rig)); /* EPOLLOUT is no longer asked for */
        rig_send(&rig, wire.bytes, wire.length);
        rig_run_until_over(&rig);
        assert_string_equal(rig.told, "end(0 0)");
        rig_close(&rig);
    }
}

/* The application answers, and perhaps closes, before it has read the body. */
static void test_early_answer(void **state)
{
    static uint8_t body[8000000];
    struct rig_wire wire = {.length = 0};

    (void)state;
    rig_wire_add(&wire, FCGI_STDOUT, "Status: 413\n\n", 13, 0);
    rig_wire_end(&wire, 0, 0);
    for (int i = 0; i < 4; i++) {
        struct rig rig;

        rig_open(&rig, i & 1 ? RIG_TCP : RIG_UNIX, 5);
        rig_start(&rig, body, i & 1 ? sizeof(body) : 1000000);
        rig_accept(&rig);
        rig_run_for(&rig, 5);
        assert_true(rig.conn.unsent);
        rig_send(&rig, wire.bytes, wire.length);
        if (i & 2) {
            close(rig.peer); /* with bytes unread: a reset */
            rig.peer = -1;
        }
        rig_run_until_over(&rig);
        assert_string_equal(rig.told, "out(Status: 413\n\n)end(0 0)");
        rig_assert_closed(&rig);
        rig_close(&rig);
    }
}

/* The application goes away before it has read the body, without a word. */
static void test_reset(void **state)
{
    static uint8_t body[8000000];

    (void)state;
    for (int kind = RIG_UNIX; kind <= RIG_TCP; kind++) {
        struct rig rig;

        rig_open(&rig, (enum rig_kind)kind, 5);
        rig_start(&rig, body, sizeof(body));
        rig_accept(&rig);
        rig_run_for(&rig, 5);
        close(rig.peer);
        rig.peer = -1;
        rig_run_until_over(&rig);
        if (strcmp(rig.told, "fail(broken)") == 0)
            assert_int_equal(rig.problem.error, ECONNRESET);
        else
            assert_string_equal(rig.told, "fail(closed)");
        rig_assert_closed(&rig);
        rig_close(&rig);
    }
}

/* A reset of a connection that was only read from. */
static void test_broken(void **state)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct rig rig;

    (void)state;
    rig_open(&rig, RIG_TCP, 5);
    rig_start(&rig, NULL, 0);
    rig_accept(&rig);
    rig_receive_request(&rig);
    assert_int_equal(
        setsockopt(rig.peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    close(rig.peer);
    rig.peer = -1;
    rig_run_until_over(&rig);
    assert_string_equal(rig.told, "fail(broken)");
    assert_int_equal(rig.problem.error, ECONNRESET);
    rig_assert_closed(&rig);
    rig_close(&rig);
}

/* After the handler named has closed the connection, nothing more is told. */
static void test_close_in(void **state)
{
    static const struct {
        unsigned handler;
        struct answer answer;
    } cases[] = {
        {RIG_STDOUT, {{{OUT, "a"}, {ERR, "b"}, {END, "0"}}, "out(a)", 0, 0}},
        {RIG_STDERR,
         {{{OUT, "a"}, {ERR, "b"}, {END, "0"}}, "out(a)err(b)", 0, 0}},
        {RIG_END, {{{OUT, "a"}, {END, "0"}}, "out(a)end(0 0)", 0, 0}},
        {RIG_BATCH, {{{OUT, "a"}}, "out(a)", 0, 0}},
        {RIG_FAILURE, {{{OUT, "a"}, {SHUT, ""}}, "out(a)fail(closed)", 0, 0}},
        {RIG_FAILURE, {{{RAW, "garbage!"}}, "fail(protocol)", 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rig *rig = malloc(sizeof(*rig));
        struct rig_wire wire;
        bool shut = wire_of(&cases[i].answer, &wire);

        assert_non_null(rig);
        rig_open(rig, RIG_UNIX, 5);
        rig->close_in = cases[i].handler;
        rig_start(rig, NULL, 0);
        rig_accept(rig);
        rig_receive_request(rig);
        rig_send(rig, wire.bytes, wire.length);
        if (shut)
            shutdown(rig->peer, SHUT_WR);
        rig_run_until_over(rig);
        rig_run_for(rig, 1);
        assert_string_equal(rig->told, cases[i].answer.told);
        assert_int_equal(rig->close_in, 0);
        rig_assert_closed(rig);
        fcgi_conn_close(&rig->conn); /* again, which does nothing */
        rig_close(rig);
        free(rig);
    }
}

/* Closed from outside at once, and zeroed memory. */
static void test_close(void **state)
{
    struct fcgi_conn zeroed;

    (void)state;
    memset(&zeroed, 0, sizeof(zeroed));
    fcgi_conn_close(&zeroed);
    for (int kind = RIG_UNIX; kind <= RIG_TCP; kind++) {
        struct rig rig;

        rig_open(&rig, (enum rig_kind)kind, 5);
        rig_start(&rig, NULL, 0);
        fcgi_conn_close(&rig.conn); /* on TCP, while it connects */
        rig.over = true;
        rig_run_for(&rig, 1);
        assert_string_equal(rig.told, "");
        rig_assert_closed(&rig);
        rig_close(&rig);
    }
}

/* The same memory serves one request after another. */
static void test_again(void **state)
{
    struct rig_wire wire = {.length = 0};
    struct rig rig;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    rig_wire_end(&wire, 0, 0);
    for (int i = 0; i < 3; i++) {
        rig_start(&rig, (const uint8_t *)"xyz", (size_t)i);
        rig_accept(&rig);
        rig_receive_request(&rig);
        rig_send(&rig, wire.bytes, i == 1 ? 9 : wire.length);
        if (i == 1)
            shutdown(rig.peer, SHUT_WR); /* in the middle of a record */
        rig_run_until_over(&rig);
        assert_string_equal(rig.told, i == 1 ? "fail(closed)" : "end(0 0)");
        rig_assert_closed(&rig);
    }
    rig_close(&rig);
}

/* In a crowd the request goes out when all have had their turn; of one that is
 * closed before nothing is sent. */
static void test_turn(void **state)
{
    struct rig_wire wire = {.length = 0};
    struct rig rig;
    uint8_t byte;

    (void)state;
    rig_open(&rig, RIG_UNIX, 5);
    rig.flags = FCGI_KEEP_CONN;
    rig_wire_end(&wire, 0, 0);
    rig_start(&rig, NULL, 0);
    rig_accept(&rig);
    rig_receive_request(&rig);
    rig_send(&rig, wire.bytes, wire.length);
    rig_run_until_over(&rig);
    assert_int_equal(rig.conn.state, FCGI_CONN_KEPT);
    for (int closed = 0; closed < 2; closed++) {
        fcgi_loop_enter(rig.loop, true);
        rig_start(&rig, NULL, 0);
        fcgi_loop_leave(rig.loop);
        assert_int_equal(rig.conn.state, FCGI_CONN_OPEN);
        assert_int_equal(rig.conn.request.position, 0);
        if (closed) {
            fcgi_conn_close(&rig.conn);
            rig.over = true;
            fcgi_loop_run(rig.loop);
            assert_int_equal(recv(rig.peer, &byte, 1, 0), 0);
        } else {
            fcgi_loop_run(rig.loop);
            rig_receive_request(&rig);
            rig_send(&rig, wire.bytes, wire.length);
            rig_run_until_over(&rig);
            assert_string_equal(rig.told, "end(0 0)");
        }
    }
    rig_assert_closed(&rig);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),  cmocka_unit_test(test_batch),
        cmocka_unit_test(test_bodies),   cmocka_unit_test(test_early_answer),
        cmocka_unit_test(test_reset),    cmocka_unit_test(test_broken),
        cmocka_unit_test(test_close_in), cmocka_unit_test(test_close),
        cmocka_unit_test(test_again),    cmocka_unit_test(test_turn),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
