/* SPDX-License-Identifier: Apache-2.0
 *
 * What an application still does when its answer is whole: the client has it
 * and can go on, the connection is busy until END_REQUEST, and what goes wrong
 * is logged. What is not whole does not look so.
 */
#include "exchange_rig.h"

#define GET how_of("GET", FCGI_HTTP_NO_BODY)
#define LENGTH "Content-Length: 5\n\nhello"
#define CHUNKS "Content-Type: text/plain\n\nhello"

static struct fcgi_server_stats stats;

static const struct fcgi_server_stats *now(void)
{
    fcgi_server_stats(&pool->servers[0], &stats);
    return &stats;
}

static bool is_free(void)
{
    return now()->open == now()->idle;
}

static bool is_closed(void)
{
    return now()->open == 0;
}

static bool has_logged(void)
{
    return logged[0] != '\0';
}

static void end_stdout(void)
{
    put_record(FCGI_STDOUT, "", 0);
}

/* The client has all of its answer, and keeps its connection; the application
 * goes on. */
static void goes_on(void)
{
    ends(200, false);
    assert_int_equal(now()->active, 1);
}

/* A request whose answer is `text`, for which that holds. */
static void answered_with(struct how how, const char *text)
{
    answer = text;
    unended = true;
    start(how, 0);
    goes_on();
    assert_string_equal(logged, "");
}

/* The application answers with `text`, and ends STDOUT behind it. */
static void start_with_end(const char *text)
{
    answer = text;
    unended = ends_stdout = true;
    start(GET, 0);
}

/* The application ends the request: its connection is kept for the next. */
static void end_and_keep(void)
{
    end_request();
    run_until(is_free);
    assert_int_equal(now()->idle, 1);
}

/* The client's next request, whose answer ends. */
static void start_next(void)
{
    unended = false;
    done = 0;
    n_seen = 0;
    start(GET, 0);
}

static void nothing_for(unsigned ms)
{
    run_for(ms);
    assert_int_equal(done, 0);
}

/* --- tests ------------------------------------------------------------- */

static void test_length(void **state)
{
    (void)state;
    answered_with(GET, LENGTH);
    assert_non_null(strstr(seen, "Content-Length: 5\r\n"));
    end_and_keep();
    assert_string_equal(logged, "");
}

/* STDOUT's end, before any of the answer is written: it has a length. */
static void test_end_of_stdout(void **state)
{
    (void)state;
    start_with_end(CHUNKS);
    goes_on();
    assert_non_null(strstr(seen, "\r\n\r\nhello"));
    assert_non_null(strstr(seen, "Content-Length: 5\r\n"));
    end_and_keep();
}

/* ... and after some of it: chunks, and the last one. */
static void test_end_of_chunks(void **state)
{
    (void)state;
    begin_answer(CHUNKS);
    end_stdout();
    goes_on();
    assert_non_null(strstr(seen, "5\r\nhello\r\n0\r\n\r\n"));
}

/* A stream that goes on behind an empty record has not ended with it. */
static void test_empty_record(void **state)
{
    (void)state;
    begin_answer(CHUNKS);
    end_stdout();
    put_record(FCGI_STDOUT, " again", 6);
    end_request();
    ends(200, false);
    assert_non_null(strstr(seen, "0\r\n\r\n"));
    assert_non_null(strstr(seen, " again"));
}

/* Less than Content-Length is cut with the end of STDOUT. */
static void test_short(void **state)
{
    (void)state;
    start_with_end("Content-Length: 6\n\nhello");
    ends(200, true);
    assert_non_null(strstr(logged,
                           "sent 5 bytes of a body, and "
                           "Content-Length 6; the answer is cut"));
}

/* Without an end the client waits for more. */
static void test_unended(void **state)
{
    (void)state;
    begin_answer(CHUNKS);
    nothing_for(50);
    assert_null(strstr(seen, "0\r\n\r\n"));
}

/* Of HEAD and 304 the head is all; a body is dropped. */
static void test_no_body(void **state)
{
    (void)state;
    answered_with(how_of("HEAD", FCGI_HTTP_NO_BODY), CHUNKS);
    for (int i = 0; i < 100; i++) {
        put_record(FCGI_STDOUT, CHUNKS, strlen(CHUNKS));
        turn();
    }
    end_and_keep();
    assert_string_equal(logged, "");
}

/* The client's next request does not wait for the application. */
static void test_next_request(void **state)
{
    int busy;

    (void)state;
    answered_with(GET, LENGTH);
    busy = app;
    app = -1;
    start_next();
    goes_on();
    assert_int_equal(now()->idle, 1);
    close(busy);
    run_until(has_logged);
}

/* MaxConnections counts it. */
static void test_limit(void **state)
{
    (void)state;
    server.max_connections = server.queue_size = 1;
    answered_with(GET, LENGTH);
    start_next();
    nothing_for(50);
    assert_int_equal(now()->waiting, 1);
    end_request();
    ends(200, false);
    assert_int_equal(accepted, 1);
}

static void test_late_words(void **state)
{
    (void)state;
    answered_with(GET, LENGTH);
    put_record(FCGI_STDERR, "late\n", 5);
    run_until(has_logged);
    assert_non_null(strstr(logged, "GET /x.php: stderr: late\n"));
    put_record(FCGI_STDERR, "last", 4);
    end_request();
    run_until(is_free);
    assert_non_null(strstr(logged, "GET /x.php: stderr: last\n"));
}

static void test_late_failures(void **state)
{
    static const struct {
        uint8_t type; /* what comes; 0: the end of the connection */
        const char *bytes;
        size_t length;
        const char *logged;
    } cases[] = {
        {0, NULL, 0, "closed the connection before"},
        {FCGI_STDOUT, "!", 1, "sent more behind the end of its answer"},
        {FCGI_END_REQUEST, "\0\0\0\0\3\0\0", 8, "the answer was complete"},
        {FCGI_PARAMS, "", 0, "the answer was complete"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        done = 0;
        n_seen = 0;
        answered_with(GET, LENGTH);
        if (cases[i].type == 0)
            close_app();
        else
            put_record(cases[i].type, cases[i].bytes, cases[i].length);
        run_until(is_closed);
        if (strstr(logged, cases[i].logged) == NULL)
            fail_msg("%s", logged);
        run_until(has_no_app);
        logged[0] = '\0';
    }
}

/* It breaks at once behind the end of STDOUT: the answer is whole. */
static void test_breaks(void **state)
{
    (void)state;
    begin_answer(CHUNKS);
    end_stdout();
    close_app();
    ends(200, false);
    assert_non_null(strstr(seen, "0\r\n\r\n"));
    assert_non_null(strstr(logged, "the answer was complete"));
}

static void test_read_timeout(void **state)
{
    (void)state;
    server.read_timeout = 30;
    answered_with(GET, LENGTH);
    run_until(is_closed);
    assert_non_null(strstr(logged,
                           "sent nothing for 30 ms (ReadTimeout); the "
                           "answer was complete"));
}

/* A client that has its answer may go: that does not end the work. */
static void test_client_gone(void **state)
{
    (void)state;
    begin_answer(LENGTH);
    close_peer();
    fcgi_exchange_disturbed(exchange);
    run_until(is_done);
    for (int i = 0; i < 20; i++)
        turn();
    assert_true(app >= 0);
    assert_int_equal(now()->active, 1);
    end_and_keep();
}

static bool has_all(void)
{
    return stdin_ended;
}

/* A body that is still on its way is sent to its end first. */
static void test_body_comes_still(void **state)
{
    (void)state;
    answer = LENGTH;
    app_answers = AT_PARAMS;
    unended = true;
    allowed = 10;
    start(how_of("POST", FCGI_HTTP_LENGTH), 1000000);
    run_until(has_seen);
    nothing_for(50);
    allowed = UINT64_MAX;
    run_until(has_all);
    ends(200, false);
    assert_int_equal(got, 1000000);
    assert_int_equal(now()->active, 1);
}

static void test_freed(void **state)
{
    (void)state;
    answered_with(GET, LENGTH);
    fcgi_gateway_free(gateway);
    gateway = NULL;
}

/* Without memory the client waits, and is served. */
static void test_no_memory(void **state)
{
    (void)state;
    begin_answer(LENGTH);
    allocations = 0;
    failing = 1;
    nothing_for(60);
    goes_on();
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        TEST(test_length),        TEST(test_end_of_stdout),
        TEST(test_end_of_chunks), TEST(test_empty_record),
        TEST(test_short),         TEST(test_unended),
        TEST(test_no_body),       TEST(test_next_request),
        TEST(test_limit),         TEST(test_late_words),
        TEST(test_late_failures), TEST(test_breaks),
        TEST(test_read_timeout),  TEST(test_client_gone),
        TEST(test_freed),         TEST(test_body_comes_still),
        TEST(test_no_memory),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
