/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of a request on its way through an exchange, between a client and
 * an application that the test plays: in pieces, faster or slower than the
 * other side, not to its end, sent again, refused.
 */
#include "exchange_rig.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "gateway/params.h"

/* --- what fails ---------------------------------------------------------- */

/* What the C library calls them where they are for large files. */
#if defined _FILE_OFFSET_BITS && _FILE_OFFSET_BITS == 64
#define __real_open __real_open64
#define __wrap_open __wrap_open64
#define __real_pwrite __real_pwrite64
#define __wrap_pwrite __wrap_pwrite64
#define __real_pread __real_pread64
#define __wrap_pread __wrap_pread64
#endif

static int open_error, memfd_error, pwrite_error, pread_error;
static size_t pwrite_most;
static bool memfd_used;

int __real_open(const char *path, int flags, int mode);
int __wrap_open(const char *path, int flags, int mode);
int __real_memfd_create(const char *title, unsigned flags);
int __wrap_memfd_create(const char *title, unsigned flags);
ssize_t __real_pwrite(int file, const void *bytes, size_t length, off_t at);
ssize_t __wrap_pwrite(int file, const void *bytes, size_t length, off_t at);
ssize_t __real_pread(int file, void *bytes, size_t length, off_t at);
ssize_t __wrap_pread(int file, void *bytes, size_t length, off_t at);

int __wrap_open(const char *path, int flags, int mode)
{
    if (open_error == 0)
        return __real_open(path, flags, mode);
    errno = open_error;
    return -1;
}

int __wrap_memfd_create(const char *title, unsigned flags)
{
    memfd_used = true;
    if (memfd_error == 0)
        return __real_memfd_create(title, flags);
    errno = memfd_error;
    return -1;
}

ssize_t __wrap_pwrite(int file, const void *bytes, size_t length, off_t at)
{
    if (pwrite_error == EINTR) {
        errno = pwrite_error;
        pwrite_error = 0;
        return -1;
    }
    if (pwrite_most > 0 && length > pwrite_most)
        length = pwrite_most;
    if (pwrite_error == 0)
        return __real_pwrite(file, bytes, length, at);
    errno = pwrite_error;
    return pwrite_error < 0 ? 0 : -1;
}

ssize_t __wrap_pread(int file, void *bytes, size_t length, off_t at)
{
    if (pread_error == 0)
        return __real_pread(file, bytes, length, at);
    errno = pread_error;
    return pread_error < 0 ? 0 : -1;
}

/* --- the rig ------------------------------------------------------------- */

static char stream[] = "Stream";

#define POST how_of("POST", FCGI_HTTP_LENGTH)
#define PUT how_of("PUT", FCGI_HTTP_LENGTH)
#define CHUNKS how_of("PUT", FCGI_HTTP_CHUNKED)

static int set_up(void **state)
{
    open_error = memfd_error = pwrite_error = pread_error = 0;
    pwrite_most = 0;
    memfd_used = false;
    return open_rig(state);
}

/* What the application was told as CONTENT_LENGTH. */
static void told_length(const char *want)
{
    const struct fcgi_buffer buffer = {.data = params, .length = n_params};
    struct fcgi_text text = fcgi_params_find(&buffer, "CONTENT_LENGTH");

    if (want == NULL) {
        assert_null(text.data);
    } else {
        assert_int_equal(text.length, strlen(want));
        assert_memory_equal(text.data, want, text.length);
    }
}

/* --- as it comes --------------------------------------------------------- */

static void test_lengths(void **state)
{
    static const uint64_t lengths[] = {0,          1,          7,
                                       WINDOW - 1, WINDOW,     WINDOW + 1,
                                       2 * WINDOW, 3 * MB + 5, 10 * MB};
    char text[24];

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        set_up(state);
        start(POST, lengths[i]);
        ends(200, false);
        assert_true(stdin_ended);
        assert_true(got == lengths[i]);
        snprintf(text, sizeof(text), "%llu", (unsigned long long)lengths[i]);
        told_length(text);
        assert_string_equal(logged, "");
        close_rig(state);
    }
}

/* The application is asked with the first bytes, and gets each as it comes. */
static void test_in_pieces(void **state)
{
    (void)state;
    allowed = 0;
    start(POST, 100);
    run_until(has_asked);
    assert_int_equal(got, 0);
    for (allowed = 1; allowed <= 100; allowed += 33) {
        run_for(10);
        assert_int_equal(got, allowed);
        assert_int_equal(stdin_ended, allowed == 100);
    }
    ends(200, false);
}

static bool client_waits(void)
{
    static uint64_t before;
    bool waits = before == put && put > 0;

    before = put;
    run_for(20);
    return waits;
}

/* A slow application: the client is held back, memory stays what it is. */
static void test_slow_application(void **state)
{
    (void)state;
    app_speed = 0;
    start(POST, 20 * MB);
    run_until(client_waits);
    assert_true(taken < MB);
    assert_true(exchange->body.in.capacity <= WINDOW);
    for (app_speed = 4096; got < MB;)
        turn();
    assert_true(taken < got + MB);
    app_speed = sizeof(raw);
    ends(200, false);
    assert_true(got == 20 * MB);
}

/* No timeout of the application's runs while the client owes its body. */
static void test_slow_client(void **state)
{
    (void)state;
    server.read_timeout = server.send_timeout = 50;
    allowed = 10;
    start(POST, 20);
    run_for(200);
    assert_int_equal(done, 0);
    assert_int_equal(got, 10);
    allowed = 20;
    ends(200, false);
}

static void test_timeouts_of_application(void **state)
{
    server.read_timeout = 60;
    app_answers = NEVER;
    start(POST, 20);
    ends(504, false);
    assert_non_null(strstr(logged, "ReadTimeout"));
    close_rig(state);
    set_up(state);
    server.send_timeout = 60;
    app_speed = 0;
    start(POST, 20 * MB);
    ends(504, false); /* what the client sends is dropped */
    assert_true(taken == 20 * MB);
    assert_non_null(strstr(logged, "SendTimeout"));
}

/* --- the client ends ----------------------------------------------------- */

static void test_client_silent(void **state)
{
    uint64_t begun;

    server.client_body_timeout = 500;
    allowed = 0;
    start(POST, 20);
    begun = now_ms();
    for (; allowed < 8; allowed++)
        run_for(100); /* each byte puts it off */
    assert_int_equal(done, 0);
    ends(408, true);
    assert_true(now_ms() - begun >= 7 * 100 + 500);
    assert_non_null(strstr(logged, "500 ms (ClientBodyTimeout); answered 408"));
    assert_non_null(strstr(seen, "Connection: close"));
    run_for(5);
    assert_true(app_closed);
    close_rig(state);

    set_up(state); /* when the answer has begun it is cut */
    server.client_body_timeout = 80;
    allowed = 5;
    app_answers = NEVER;
    start(POST, 20);
    run_until(has_asked);
    put_record(FCGI_STDOUT, answer, strlen(answer));
    ends(200, true);
    assert_non_null(strstr(logged, "(ClientBodyTimeout); the answer is cut"));
    assert_null(strstr(seen, "\r\n0\r\n"));
}

static void test_client_gone(void **state)
{
    static const enum fcgi_http_body framings[] = {FCGI_HTTP_LENGTH,
                                                   FCGI_HTTP_CHUNKED};

    for (int i = 0; i < 4; i++) {
        set_up(state);
        allowed = 5;
        start(how_of("PUT", framings[i % 2]), 200000);
        run_for(10);
        assert_int_equal(params_seen, i % 2 == 0);
        if (i < 2) {
            close_peer();
        } else {
            read_error = EIO;
            allowed = 6;
        }
        ends(0, true);
        assert_int_equal(n_seen, 0);
        assert_string_equal(logged, "");
        run_for(5);
        assert_int_equal(app, -1);
        assert_int_equal(accepted, i % 2 == 0);
        close_rig(state);
    }
}

static void test_bad_chunks(void **state)
{
    read_error = EBADMSG;
    start(CHUNKS, 10);
    ends(400, true);
    assert_int_equal(accepted, 0);
    assert_non_null(strstr(logged, "chunks of the body are invalid"));
    close_rig(state);

    set_up(state); /* once the application has it, too */
    server.chunked_body = stream;
    allowed = 100000;
    start(CHUNKS, 200000);
    run_for(20);
    assert_int_equal(got, 100000);
    read_error = EBADMSG;
    allowed++;
    ends(400, true);
    run_for(5);
    assert_true(app_closed);
}

/* --- limits -------------------------------------------------------------- */

static void test_max_body_size(void **state)
{
    server.max_body_size = 1000;
    start(POST, 1000);
    ends(200, false);
    close_rig(state);

    set_up(state);
    server.max_body_size = 1000;
    start(POST, 1001);
    ends(413, true);
    assert_int_equal(accepted, 0);
    assert_non_null(strstr(logged, "MaxBodySize"));
    assert_non_null(strstr(seen, "Connection: close"));
    close_rig(state);

    set_up(state); /* chunks: while they come */
    server.max_body_size = 100000;
    start(CHUNKS, 100001);
    ends(413, true);
    assert_int_equal(accepted, 0);
    close_rig(state);

    set_up(state);
    server.max_body_size = 100000;
    server.chunked_body = stream;
    start(CHUNKS, 100001);
    ends(413, true);
    run_for(5);
    assert_false(stdin_ended);
    assert_int_equal(app, -1);
}

/* --- chunks -------------------------------------------------------------- */

static void test_chunks(void **state)
{
    static const struct {
        uint64_t length;
        bool streams;
        const char *told;
    } cases[] = {
        {0, false, "0"},
        {5, false, "5"},
        {WINDOW - 1, false, "65535"},
        {WINDOW + 1, false, "65537"},
        {3 * MB + 7, false, "3145735"},
        {5, true, "5"},
        {WINDOW - 1, true, "65535"},
        {WINDOW + 1, true, NULL},
        {3 * MB + 7, true, NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set_up(state);
        server.chunked_body = cases[i].streams ? stream : spool;
        start(CHUNKS, cases[i].length);
        ends(200, false);
        assert_true(got == cases[i].length);
        assert_true(stdin_ended);
        told_length(cases[i].told);
        assert_string_equal(logged, "");
        assert_false(memfd_used);
        close_rig(state);
    }
}

/* The application is not asked before the length is known. */
static void test_spool_waits(void **state)
{
    (void)state;
    allowed = 2 * MB;
    start(CHUNKS, 2 * MB + 1);
    run_for(100);
    assert_true(taken == 2 * MB);
    assert_true(exchange->body.in.capacity <= WINDOW);
    assert_int_equal(accepted, 0);
    allowed++;
    ends(200, false);
    assert_true(got == 2 * MB + 1);
}

static int lowest_fd(void)
{
    int lowest = dup(0);

    close(lowest);
    return lowest;
}

static void test_spool_fails(void **state)
{
    static const struct {
        int open, memfd, pwrite, pread;
        size_t most;
        int status;
        const char *logged;
    } cases[] = {
        {ENOENT, 0, 0, 0, 0, 500, "no file can be made in TMPDIR"},
        {EMFILE, 0, 0, 0, 0, 500, "no file can be made"},
        {EOPNOTSUPP, 0, 0, 0, 0, 200, ""},
        {EISDIR, 0, 0, 0, 0, 200, ""},
        {EOPNOTSUPP, ENOSYS, 0, 0, 0, 500, "no file can be made"},
        {0, 0, ENOSPC, 0, 0, 500, "there is no space for the body"},
        {0, 0, EDQUOT, 0, 0, 500, "there is no space for the body"},
        {0, 0, -1, 0, 0, 500, "there is no space for the body"},
        {0, 0, EIO, 0, 0, 500, "the body cannot be written"},
        {0, 0, EINTR, 0, 0, 200, ""},
        {0, 0, 0, 0, 1000, 200, ""},
        {0, 0, 0, EIO, 0, 500, "the body cannot be read from the file"},
        {0, 0, 0, -1, 0, 500, "the body cannot be read from the file"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int lowest;

        set_up(state);
        lowest = lowest_fd();
        open_error = cases[i].open;
        memfd_error = cases[i].memfd;
        pwrite_error = cases[i].pwrite;
        pread_error = cases[i].pread;
        pwrite_most = cases[i].most;
        start(CHUNKS, 300000);
        ends(cases[i].status, false);
        if (*cases[i].logged != '\0')
            assert_non_null(strstr(logged, cases[i].logged));
        else
            assert_int_equal(got, 300000);
        assert_int_equal(memfd_used, cases[i].open == EOPNOTSUPP ||
                                         cases[i].open == EISDIR);
        server.keep_alive = false;
        close_app();
        run_for(5);
        assert_int_equal(lowest_fd(), lowest);
        close_rig(state);
    }
    set_up(state);
    server.max_spool_size = 200000;
    start(CHUNKS, 300000);
    ends(413, true);
    assert_non_null(strstr(logged, "MaxSpoolSize"));
    assert_int_equal(accepted, 0);
    close_rig(state);
}

/* --- 100 (Continue) ------------------------------------------------------ */

static void test_expect(void **state)
{
    const struct how how = {"POST", FCGI_HTTP_LENGTH, .expects = true};
    char *rest;

    (void)state;
    allowed = 0;
    start(how, 10);
    run_until(has_seen);
    assert_string_equal(seen, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(accepted, 1);
    run_until(has_asked);
    allowed = 10;
    run_until(is_done);
    turn();
    assert_int_equal(outcome.status, 200);
    assert_false(outcome.close);
    rest = seen + 25;
    assert_ptr_equal(strstr(rest, "HTTP/1.1 200 OK"), rest);
    assert_null(strstr(rest, "100 Continue"));
}

/* Nobody to send the body to: the refusal goes out instead. */
static void test_expect_refused(void **state)
{
    const struct how how = {"POST", FCGI_HTTP_LENGTH, .expects = true};

    for (int i = 0; i < 2; i++) {
        set_up(state);
        if (i == 0) {
            close(listener);
            listener = -1;
            server.retries = 0;
        } else {
            server.max_body_size = 5;
        }
        allowed = 0;
        start(how, 10);
        ends(i == 0 ? 503 : 413, true);
        assert_non_null(strstr(seen, "Connection: close"));
        assert_null(strstr(seen, "100 Continue"));
        close_rig(state);
    }
    set_up(state);
}

static bool has_taken(void)
{
    return taken > 0;
}

/* Not for HTTP/1.0, and not where the body is coming anyhow. */
static void test_expect_nothing(void **state)
{
    start((struct how){"POST", FCGI_HTTP_LENGTH, .expects = true, .old = true},
          10);
    run_until(is_done);
    turn();
    assert_null(strstr(seen, "100 Continue"));
    close_rig(state);

    set_up(state);
    size = 10;
    send_body();
    start((struct how){"POST", FCGI_HTTP_LENGTH, .expects = true}, 10);
    put = 10;
    assert_true(has_taken());
    ends(200, false);
    assert_null(strstr(seen, "100 Continue"));
    close_rig(state);

    set_up(state); /* no body at all */
    start((struct how){"POST", FCGI_HTTP_LENGTH, .expects = true}, 0);
    ends(200, false);
    assert_null(strstr(seen, "100 Continue"));
}

/* In chunks: when the body is going to be read. */
static void test_expect_chunks(void **state)
{
    (void)state;
    allowed = 0;
    start((struct how){"POST", FCGI_HTTP_CHUNKED, .expects = true}, 100000);
    run_until(has_seen);
    assert_int_equal(accepted, 0);
    assert_string_equal(seen, "HTTP/1.1 100 Continue\r\n\r\n");
    n_seen = 0;
    allowed = UINT64_MAX;
    ends(200, false);
    assert_int_equal(got, 100000);
}

/* --- its turns ----------------------------------------------------------- */

/* A client that is always faster than we are: others have their turn. */
static void test_turns(void **state)
{
    const struct how ways[] = {CHUNKS, POST};

    for (size_t i = 0; i < 2; i++) {
        uint64_t before = 0, most = 0;

        set_up(state);
        floods = true;
        app_answers = i == 0 ? AT_END : AT_PARAMS;
        start(ways[i], 40 * MB);
        while (done == 0) {
            before = taken;
            turn();
            if (taken - before > most)
                most = taken - before;
        }
        ends(200, false);
        assert_true(taken == 40 * MB);
        assert_true(most < 10 * MB);
        close_rig(state);
    }
    set_up(state);
}

/* A client that goes just when its turn is over leaves nothing behind for the
 * next request. */
static void test_gone_in_turn(void **state)
{
    struct how how = CHUNKS;

    how.provisional = true;
    for (unsigned n = 0; n < 40; n++) {
        set_up(state);
        floods = true;
        reads_left = n;
        read_error = ECONNRESET;
        start(how, 10 * MB);
        run_until(is_done);
        assert_int_equal(outcome.status, 0);
        done = 0;
        start(how_of("GET", FCGI_HTTP_NO_BODY), 0);
        ends(200, false);
        close_rig(state);
    }
    set_up(state);
}

/* --- once more ----------------------------------------------------------- */

static void test_again(void **state)
{
    static const struct {
        const char *method;
        enum fcgi_http_body framing;
        uint64_t length, breaks;
        int status;
        unsigned accepted;
    } cases[] = {
        {"PUT", FCGI_HTTP_LENGTH, 10, 10, 200, 2},
        {"PUT", FCGI_HTTP_LENGTH, WINDOW, WINDOW, 200, 2},
        {"PUT", FCGI_HTTP_LENGTH, WINDOW + 1, WINDOW + 1, 502, 1},
        {"PUT", FCGI_HTTP_LENGTH, 3 * MB, 2 * MB, 502, 1},
        {"PUT", FCGI_HTTP_CHUNKED, 3 * MB, 2 * MB, 200, 2},
        {"PUT", FCGI_HTTP_CHUNKED, 100, 100, 200, 2},
        {"POST", FCGI_HTTP_LENGTH, 10, 10, 502, 1},
        {"POST", FCGI_HTTP_CHUNKED, 3 * MB, 2 * MB, 502, 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set_up(state);
        app_breaks = cases[i].breaks;
        breaks_left = 1;
        start(how_of(cases[i].method, cases[i].framing), cases[i].length);
        run_until(is_done);
        turn();
        assert_int_equal(outcome.status, cases[i].status);
        assert_int_equal(accepted, cases[i].accepted);
        if (cases[i].status == 200)
            assert_true(got == cases[i].length && stdin_ended);
        close_rig(state);
    }
    set_up(state);
}

/* What has come by then is sent again, and what comes later behind it. */
static void test_again_in_the_middle(void **state)
{
    (void)state;
    app_breaks = 100;
    breaks_left = 1;
    allowed = 100;
    start(PUT, 3 * MB);
    run_for(50);
    allowed = UINT64_MAX;
    ends(200, false);
    assert_int_equal(accepted, 2);
    assert_true(got == 3 * MB);
}

/* --- the end of all ------------------------------------------------------ */

static void test_abandon(void **state)
{
    (void)state;
    allowed = 100000;
    start(CHUNKS, 3 * MB);
    run_for(20);
    fcgi_exchange_abandon(exchange);
    run_for(20);
    assert_int_equal(done, 0);
    assert_int_equal(accepted, 0);
}

/* Out of memory at each allocation: the client is refused, or gets 500 or 200,
 * or a connection that is closed; the host is told once. */
static void test_no_memory(void **state)
{
    const struct how hows[] = {POST, CHUNKS};
    unsigned errors = 0;

    for (size_t i = 0; i < 2; i++) {
        bool failed = true;

        for (unsigned n = 1; failed; n++) {
            set_up(state);
            allocations = 0;
            failing = n;
            if (try_start(hows[i], 200000) != NULL) {
                run_until(is_done);
                errors += outcome.status == 500;
                assert_true(outcome.status == 500 || outcome.status == 200 ||
                            outcome.close);
            }
            run_for(3);
            assert_true(done <= 1);
            failed = allocations >= n;
            close_rig(state);
        }
    }
    assert_true(errors > 2);
    set_up(state);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, close_rig)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        TEST(test_in_pieces),
        TEST(test_slow_application),
        TEST(test_slow_client),
        TEST(test_timeouts_of_application),
        TEST(test_client_silent),
        cmocka_unit_test(test_client_gone),
        TEST(test_bad_chunks),
        TEST(test_max_body_size),
        cmocka_unit_test(test_chunks),
        TEST(test_spool_waits),
        cmocka_unit_test(test_spool_fails),
        TEST(test_expect),
        cmocka_unit_test_teardown(test_expect_refused, close_rig),
        TEST(test_expect_nothing),
        TEST(test_expect_chunks),
        cmocka_unit_test_teardown(test_turns, close_rig),
        cmocka_unit_test_teardown(test_gone_in_turn, close_rig),
        cmocka_unit_test_teardown(test_again, close_rig),
        TEST(test_again_in_the_middle),
        TEST(test_abandon),
        cmocka_unit_test_teardown(test_no_memory, close_rig),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
