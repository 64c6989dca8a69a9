/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole exchange, between a client and an application that the test plays:
 * the host is told once how it ended, whatever ended it, and nothing is left
 * over. Each allocation on its way fails once.
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

#include "gateway/gateway.h"

#define PATIENCE 5000 /* ms, for what has to come */

/* --- memory: the allocation whose turn it is fails ---------------------- */

static unsigned allocations, failing; /* failing: which one; 0: none */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *data, size_t size);
void *__wrap_realloc(void *data, size_t size);

static bool fails(void)
{
    return ++allocations == failing;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *data, size_t size)
{
    return fails() ? NULL : __real_realloc(data, size);
}

/* --- the rig ----------------------------------------------------------- */

static char name[] = "app", dir[32];
static struct fcgi_server_config server;
static const struct fcgi_config config = {.servers = &server, .n_servers = 1};
static struct fcgi_pool *pool;
static struct fcgi_gateway *gateway;
static int fd, peer;      /* the client's connection, and its other end */
static int listener, app; /* the application's */
static uint8_t last[8];
static unsigned done;
static struct fcgi_outcome outcome;
static char seen[16384]; /* by the client */
static size_t n_seen;
static char logged[4096];
static const char *answer; /* what the application says */
static bool unended;       /* and then says no more */

static ssize_t host_write(void *handle, const void *bytes, size_t length)
{
    assert_ptr_equal(handle, &done);
    return send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void host_done(void *handle, const struct fcgi_outcome *how)
{
    assert_ptr_equal(handle, &done);
    done++;
    outcome = *how;
}

static void host_log(enum fcgi_log_level level, const char *line)
{
    (void)level;
    if (strlen(logged) + strlen(line) + 2 < sizeof(logged)) {
        strcat(logged, line);
        strcat(logged, "\n");
    }
}

static int host_watch(void *handle)
{
    (void)handle;
    return 0;
}

static const struct fcgi_host host = {.software = "Test/1",
                                      .watch = host_watch,
                                      .write = host_write,
                                      .done = host_done,
                                      .log = host_log};

static int set_up(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fds[2];

    (void)state;
    strcpy(dir, "/tmp/fcgi-exchange-XXXXXX");
    assert_non_null(mkdtemp(dir));
    server = (struct fcgi_server_config){.name = name,
                                         .weight = 1,
                                         .connect_timeout = 60000,
                                         .send_timeout = 60000,
                                         .read_timeout = 60000,
                                         .queue_timeout = 60000,
                                         .keep_alive = true,
                                         .keep_alive_timeout = 60000,
                                         .keep_alive_requests = 100,
                                         .max_header_size = 65536,
                                         .buffer_size = 65536,
                                         .retries = 3};
    server.endpoint.kind = FCGI_ENDPOINT_UNIX;
    snprintf(server.endpoint.path, sizeof(server.endpoint.path), "%s/s", dir);
    strcpy(un.sun_path, server.endpoint.path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&un, sizeof(un)),
                     0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    fd = fds[0];
    peer = fds[1];
    app = -1;
    done = 0;
    n_seen = 0;
    logged[0] = '\0';
    answer = "Content-Type: text/plain\n\nhello";
    unended = false;
    failing = 0;
    pool = fcgi_pool_new(&config);
    gateway = fcgi_gateway_new(pool, &host);
    assert_non_null(gateway);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    failing = 0;
    fcgi_gateway_free(gateway);
    fcgi_pool_free(pool);
    if (fd >= 0)
        close(fd);
    if (peer >= 0)
        close(peer);
    if (app >= 0)
        close(app);
    close(listener);
    unlink(server.endpoint.path);
    assert_int_equal(rmdir(dir), 0);
    return 0;
}

static void put_record(uint8_t type, const char *bytes, size_t length)
{
    const uint8_t head[8] = {
        1, type, 0, 1, (uint8_t)(length >> 8), (uint8_t)length};

    assert_int_equal(send(app, head, 8, MSG_NOSIGNAL), 8);
    assert_int_equal(send(app, bytes, length, MSG_NOSIGNAL), length);
}

static void serve(void)
{
    static const uint8_t end[8] = {1, FCGI_STDIN, 0, 1};
    uint8_t byte;

    if (app < 0)
        app = accept(listener, NULL, NULL);
    while (app >= 0) {
        ssize_t n = recv(app, &byte, 1, MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            close(app);
            app = -1;
        }
        if (n <= 0)
            return;
        memmove(last, last + 1, 7);
        last[7] = byte;
        if (memcmp(last, end, 8) != 0)
            continue;
        put_record(FCGI_STDOUT, answer, strlen(answer));
        if (!unended)
            put_record(FCGI_END_REQUEST, "\0\0\0\0\0\0\0", 8);
    }
}

static void turn(void)
{
    ssize_t n;

    fcgi_loop_wait(fcgi_gateway_loop(gateway), 1);
    serve();
    if (peer < 0)
        return;
    n = recv(peer, seen + n_seen, sizeof(seen) - 1 - n_seen, MSG_DONTWAIT);
    n_seen += n > 0 ? (size_t)n : 0;
    seen[n_seen] = '\0';
}

#define TEXT(text) ((struct fcgi_text){text, sizeof(text) - 1})

static struct fcgi_exchange *start(void)
{
    static const struct fcgi_http_field fields[] = {
        {{"Host", 4}, {"localhost", 9}}};
    const struct fcgi_http_request request = {
        .method = TEXT("GET"),
        .uri = TEXT("/x.php"),
        .path = TEXT("/x.php"),
        .version = 11,
        .document_root = TEXT("/srv"),
        .script_filename = TEXT("/srv/x.php"),
        .server_name = TEXT("localhost"),
        .fields = fields,
        .n_fields = 1,
    };
    const struct fcgi_script script = {.verdict = FCGI_PATH_OK,
                                       .name = request.path,
                                       .folder = request.document_root,
                                       .file = request.path};

    return fcgi_gateway_start(gateway, &done, fd, &request, &script, NULL,
                              NULL);
}

static void run_until_done(void)
{
    for (int i = 0; i < PATIENCE && done == 0; i++)
        turn();
    assert_int_equal(done, 1);
    for (int i = 0; i < 3; i++)
        turn();
    assert_int_equal(done, 1);
}

/* --- tests ------------------------------------------------------------- */

static void test_served(void **state)
{
    (void)state;
    assert_non_null(start());
    assert_int_equal(done, 0); /* never from inside */
    run_until_done();
    assert_int_equal(outcome.status, 200);
    assert_int_equal(outcome.body_bytes, 5);
    assert_false(outcome.close);
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
        assert_non_null(start());
        run_until_done();
        assert_int_equal(outcome.status, 502);
        assert_false(outcome.close);
        if (strstr(logged, cases[i].logged) == NULL)
            fail_msg("%s", logged);
    }
}

/* What is not whole does not look whole. */
static void test_cut(void **state)
{
    (void)state;
    answer = "Content-Type: text/plain\n\npart";
    unended = true;
    assert_non_null(start());
    for (int i = 0; i < PATIENCE && n_seen == 0; i++)
        turn();
    close(app);
    app = -1;
    run_until_done();
    assert_true(outcome.close);
    assert_null(strstr(seen, "0\r\n\r\n"));
    assert_non_null(strstr(logged, "the answer is cut"));
}

/* The client goes away: the application's connection is let go. */
static void test_client_gone(void **state)
{
    struct fcgi_exchange *exchange;

    (void)state;
    unended = true;
    exchange = start();
    assert_non_null(exchange);
    for (int i = 0; i < PATIENCE && n_seen == 0; i++)
        turn();
    close(peer);
    peer = -1;
    fcgi_exchange_disturbed(exchange); /* as the host finds out */
    run_until_done();
    assert_true(outcome.close);
    for (int i = 0; i < PATIENCE && app >= 0; i++)
        turn();
    assert_int_equal(app, -1);
}

/* Half-closed in a silent stream of chunks: asked once, and served. */
static void test_half_closed(void **state)
{
    struct fcgi_exchange *exchange;

    (void)state;
    unended = true;
    exchange = start();
    assert_non_null(exchange);
    for (int i = 0; i < PATIENCE && n_seen == 0; i++)
        turn();
    shutdown(peer, SHUT_WR);
    fcgi_exchange_disturbed(exchange);
    for (int i = 0; i < PATIENCE && strstr(seen, "hello\r\n0") == NULL; i++)
        turn();
    put_record(FCGI_STDOUT, " again", 6);
    put_record(FCGI_END_REQUEST, "\0\0\0\0\0\0\0", 8);
    run_until_done();
    assert_non_null(strstr(seen, "5\r\nhello\r\n06\r\n again\r\n0\r\n\r\n"));
}

static void test_abandon(void **state)
{
    struct fcgi_exchange *exchange = start();

    (void)state;
    assert_non_null(exchange);
    turn();
    fcgi_exchange_abandon(exchange);
    for (int i = 0; i < 5; i++)
        turn();
    assert_int_equal(done, 0);
    exchange = start(); /* its memory is used again */
    assert_non_null(exchange);
    run_until_done();
    assert_int_equal(outcome.status, 200);
}

/* A gateway that is freed with a request under way. */
static void test_freed(void **state)
{
    (void)state;
    unended = true;
    assert_non_null(start());
    for (int i = 0; i < PATIENCE && n_seen == 0; i++)
        turn();
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
        set_up(state);
        /* A header that grows, and an answer that does. */
        snprintf(long_answer, sizeof(long_answer),
                 "Status: 200\nX: %05000d\n\n%02000d", 1, 2);
        answer = long_answer;
        allocations = 0;
        failing = n;
        if (start() == NULL) {
            refused++;
            assert_int_equal(done, 0);
        } else {
            run_until_done();
            if (outcome.status == 500)
                errors++;
            else
                assert_true(outcome.status == 200 || outcome.close);
            /* What is cut does not look whole. */
            if (outcome.status == 200 && !outcome.close)
                assert_true(n_seen > 7000);
        }
        failed = allocations >= n;
        tear_down(state);
    } while (failed);
    assert_true(n > 4);
    assert_true(refused > 1);
    assert_true(errors > 1);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_served),      TEST(test_bad_answers),
        TEST(test_cut),         TEST(test_client_gone),
        TEST(test_half_closed), TEST(test_abandon),
        TEST(test_freed),       cmocka_unit_test(test_no_memory),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
