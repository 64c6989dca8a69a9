/* SPDX-License-Identifier: Apache-2.0
 *
 * An application that answers before it has read the body: what becomes of the
 * rest of that, and of the client's connection.
 */
#include "exchange_rig.h"

#define POST how_of("POST", FCGI_HTTP_LENGTH)

/* All that the client sends is read; then the connection can have another. */
static void test_early(void **state)
{
    for (int i = 0; i < 3; i++) {
        uint64_t length = i == 0 ? 100 : i == 1 ? 300000 : 30 * MB;

        open_rig(state);
        app_answers = AT_PARAMS;
        allowed = 50;
        start(POST, length);
        run_until(has_seen);
        assert_int_equal(done, 0);
        allowed = UINT64_MAX;
        ends(200, false);
        assert_true(taken == length);
        assert_non_null(strstr(seen, "hello"));
        assert_null(strstr(seen, "Connection: close"));
        assert_string_equal(logged, "");
        close_rig(state);
    }
    open_rig(state);
}

/* A client that sends no more: for 2 s. */
static void test_silent(void **state)
{
    uint64_t begun;

    (void)state;
    app_answers = AT_PARAMS;
    allowed = 50;
    start(POST, 100);
    run_until(has_seen);
    begun = now_ms();
    ends(200, true);
    assert_true(now_ms() - begun >= 1900);
}

/* One that has more to send than anybody wants to read. */
static void test_endless(void **state)
{
    (void)state;
    app_answers = AT_PARAMS;
    start(POST, 1000 * (uint64_t)MB);
    ends(200, true);
    assert_true(taken >= 64 * MB && taken < 70 * MB);
    assert_non_null(strstr(seen, "hello"));
}

/* One that goes away then has had its answer. */
static void test_gone(void **state)
{
    (void)state;
    app_answers = AT_PARAMS;
    allowed = 50;
    start(POST, 100);
    run_until(has_seen);
    close_peer();
    run_until(is_done);
    assert_int_equal(outcome.status, 200);
    assert_true(outcome.close);
    assert_false(outcome.reset);
}

/* The connection was to end anyhow: its end can be seen at once. */
static void test_close(void **state)
{
    (void)state;
    app_answers = AT_PARAMS;
    allowed = 50;
    start((struct how){"POST", FCGI_HTTP_LENGTH, .close = true}, 100);
    run_until(has_seen);
    for (int i = 0; i < 500 && recv(peer, raw, 1, MSG_DONTWAIT) != 0; i++)
        turn();
    assert_int_equal(recv(peer, raw, 1, MSG_DONTWAIT), 0);
    assert_int_equal(done, 0);
    close_peer();
    run_until(is_done);
    assert_true(outcome.close);
}

/* An answer that is larger than what the client takes while it is sending. */
static void test_large(void **state)
{
    static char large[60000];
    const char head[] = "Content-Type: text/plain\n\n";

    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    memcpy(large, head, sizeof(head) - 1);
    answer = large;
    app_answers = AT_PARAMS;
    start(POST, 3 * MB);
    ends(200, false);
    assert_true(taken == 3 * MB);
}

/* The application reads no more, and answers: that is no failure. */
static void test_deaf(void **state)
{
    (void)state;
    app_answers = NEVER;
    allowed = 50;
    start(POST, 3 * MB);
    run_until(has_asked);
    shutdown(app, SHUT_RD);
    app_speed = 0;
    allowed = UINT64_MAX;
    run_for(50);
    assert_int_equal(done, 0);
    reply();
    ends(200, false);
    assert_true(taken == 3 * MB);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_early, close_rig),
        TEST(test_silent),
        TEST(test_endless),
        TEST(test_gone),
        TEST(test_close),
        TEST(test_large),
        TEST(test_deaf),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
