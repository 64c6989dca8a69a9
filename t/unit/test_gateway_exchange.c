/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole exchange, between a client and an application that the test plays:
 * the host is told once how it ended, whatever ended it, and nothing is left
 * over. Each allocation on its way fails once.
 */
#include "exchange_rig.h"

#define GET how_of("GET", FCGI_HTTP_NO_BODY)

/* --- tests ------------------------------------------------------------- */

static void test_served(void **state)
{
    (void)state;
    start(GET, 0);
    ends(200, false);
    assert_int_equal(outcome.body_bytes, 5);
    assert_non_null(strstr(seen, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(seen, "\r\n\r\nhello"));
    assert_string_equal(logged, "");
}

static void test_bad_answers(void **state)
{
    static const struct {
        const char *answer, *logged;
    } cases[] = {
        {"", "an answer without a header; answered 502"},
        {"Content-Type: te", "an answer that ends within its header"},
        {"no colon\n\n", "answered 502"},
        {"Content-Length: 3x\n\n", "a Content-Length that is not a number"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        answer = cases[i].answer;
        done = 0;
        logged[0] = '\0';
        start(GET, 0);
        ends(502, false);
        if (strstr(logged, cases[i].logged) == NULL)
            fail_msg("%s", logged);
    }
}

/* What is not whole does not look whole. */
static void test_cut(void **state)
{
    (void)state;
    begin_answer("Content-Type: text/plain\n\npart");
    close_app();
    ends(200, true);
    assert_null(strstr(seen, "0\r\n\r\n"));
    assert_non_null(strstr(logged, "the answer is cut"));
}

/* The client goes away: the application's connection is let go. */
static void test_client_gone(void **state)
{
    (void)state;
    begin_answer(answer);
    close_peer();
    fcgi_exchange_disturbed(exchange); /* as the host finds out */
    ends(200, true);
    run_until(has_no_app);
}

static bool has_been_asked(void)
{
    return strstr(seen, "hello\r\n0") != NULL;
}

/* Half-closed in a silent stream of chunks: asked once, and served. */
static void test_half_closed(void **state)
{
    (void)state;
    begin_answer(answer);
    shutdown(peer, SHUT_WR);
    fcgi_exchange_disturbed(exchange);
    run_until(has_been_asked);
    put_record(FCGI_STDOUT, " again", 6);
    end_request();
    ends(200, false);
    assert_non_null(strstr(seen, "5\r\nhello\r\n06\r\n again\r\n0\r\n\r\n"));
}

static void test_abandon(void **state)
{
    (void)state;
    start(GET, 0);
    turn();
    fcgi_exchange_abandon(exchange);
    for (int i = 0; i < 5; i++)
        turn();
    assert_int_equal(done, 0);
    start(GET, 0); /* its memory is used again */
    ends(200, false);
}

/* A gateway that is freed with a request under way. */
static void test_freed(void **state)
{
    (void)state;
    begin_answer(answer);
    fcgi_gateway_free(gateway);
    gateway = NULL;
    assert_int_equal(done, 0);
}

/* Out of memory at each allocation, in turn: the client is refused, gets 500 or
 * a connection that is closed, or is served; the host is told once. */
static void test_no_memory(void **state)
{
    static char long_answer[9000];
    unsigned n = 0, refused = 0, errors = 0;
    bool failed;

    do {
        n++;
        open_rig(state);
        /* A header that grows, and an answer that does. */
        snprintf(long_answer, sizeof(long_answer),
                 "Status: 200\nX: %05000d\n\n%02000d", 1, 2);
        answer = long_answer;
        allocations = 0;
        failing = n;
        if (try_start(GET, 0) == NULL) {
            refused++;
            assert_int_equal(done, 0);
        } else {
            run_until(is_done);
            for (int i = 0; i < 3; i++)
                turn();
            assert_int_equal(done, 1);
            if (outcome.status == 500)
                errors++;
            else
                assert_true(outcome.status == 200 || outcome.close);
            /* What is cut does not look whole. */
            if (outcome.status == 200 && !outcome.close)
                assert_true(n_seen > 7000);
        }
        failed = allocations >= n;
        close_rig(state);
    } while (failed);
    assert_true(n > 4);
    assert_true(refused > 1);
    assert_true(errors > 1);
}

/* Likewise where the application is asked for the page of an error. Of what it
 * has answered at first nothing is seen. */
static void test_page_no_memory(void **state)
{
    static char status[] = "404", uri[] = "/e.php";
    static char *words[] = {status};
    static struct fcgi_named_value pages[] = {{status, uri}};
    unsigned n = 0, made = 0, others = 0;
    bool failed;

    do {
        bool first = true;

        n++;
        open_rig(state);
        server.intercept_errors = (struct fcgi_words){words, 1};
        server.error_pages = (struct fcgi_pairs){pages, 1};
        answer = "Status: 404\n\nlost";
        allocations = 0;
        failing = n;
        if (try_start(GET, 0) != NULL) {
            uint64_t until = now_ms() + PATIENCE;

            while (done == 0 && now_ms() < until) {
                turn();
                if (first && answered)
                    answer = "X: y\n\nmade";
                first = first && !answered;
            }
            for (int i = 0; i < 3; i++)
                turn();
            assert_int_equal(done, 1);
            assert_null(strstr(seen, "lost"));
            if (strstr(seen, "\r\n\r\nmade") == NULL)
                others++;
            else if (outcome.status == 404)
                made++;
        }
        failed = allocations >= n;
        close_rig(state);
    } while (failed);
    assert_true(made > 0);
    assert_true(others > 2);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        TEST(test_served),
        TEST(test_bad_answers),
        TEST(test_cut),
        TEST(test_client_gone),
        TEST(test_half_closed),
        TEST(test_abandon),
        TEST(test_freed),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_page_no_memory),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
