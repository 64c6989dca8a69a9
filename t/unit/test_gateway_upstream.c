/* SPDX-License-Identifier: Apache-2.0
 *
 * The application's side of an exchange, against servers that the test plays,
 * fault by fault: where a request goes, how often it is executed, what its
 * owner is told, what is counted against whom.
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
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/upstream.h"

#define SERVERS 4
#define PATIENCE 5000 /* ms, for what has to come */

/* --- the servers ------------------------------------------------------- */

/*
 * What a server does with its connections, a letter for each request, then 'k':
 *
 *   k  answers                       C  closes at once, reading nothing
 *   K  answers, then closes          c  reads the request, then closes
 *   o  OVERLOADED                    m  CANT_MPX_CONN
 *   u  UNKNOWN_ROLE                  x  protocol status 77
 *   h  a part of an answer, closes   e  STDERR, closes
 *   O  STDOUT, then OVERLOADED       n  no FastCGI
 *   t  never answers
 */
static struct app {
    const char *script;
    int listener; /* -1: nobody listens */
    int conn;     /* the current one, -1: none */
    uint8_t last[8];
    unsigned executed;
} apps[SERVERS];

static struct fcgi_server_config configs[SERVERS];
static char names[SERVERS][4], dir[32];
static struct fcgi_config config = {.servers = configs};
static struct fcgi_pool *pool;
static struct fcgi_loop *loop;
static struct fcgi_worker *worker;
static uint8_t scratch[4096];
static struct fcgi_body no_body = {.complete = true};

static void put_record(int fd, uint8_t type, const char *bytes, size_t length)
{
    uint8_t out[64] = {1, type, 0, 1, 0, (uint8_t)length};

    memcpy(out + 8, bytes, length);
    assert_true(send(fd, out, 8 + length, MSG_NOSIGNAL) > 0);
}

static void put_end(int fd, uint8_t status)
{
    const char body[8] = {0, 0, 0, 0, (char)status};

    put_record(fd, FCGI_END_REQUEST, body, sizeof(body));
}

static void close_conn(struct app *app)
{
    close(app->conn);
    app->conn = -1;
}

/* The whole request is there. */
static void act(struct app *app)
{
    char what = *app->script != '\0' ? *app->script++ : 'k';

    if (strchr("kKchet", what) != NULL)
        app->executed++;
    if (strchr("kK", what) != NULL) {
        put_record(app->conn, FCGI_STDOUT, "answer", 6);
        put_end(app->conn, 0);
    } else if (strchr("hO", what) != NULL) {
        put_record(app->conn, FCGI_STDOUT, "part", 4);
    } else if (what == 'e') {
        put_record(app->conn, FCGI_STDERR, "oops", 4);
    } else if (what == 'n') {
        assert_int_equal(send(app->conn, "HTTP/1.1 400", 12, MSG_NOSIGNAL), 12);
    }
    if (what == 'o' || what == 'O')
        put_end(app->conn, FCGI_OVERLOADED);
    else if (what == 'm')
        put_end(app->conn, FCGI_CANT_MPX_CONN);
    else if (what == 'u')
        put_end(app->conn, FCGI_UNKNOWN_ROLE);
    else if (what == 'x')
        put_end(app->conn, 77);
    if (strchr("Kche", what) != NULL)
        close_conn(app);
}

static void serve(struct app *app)
{
    static const uint8_t last[8] = {1, FCGI_STDIN, 0, 1};
    uint8_t byte;

    if (app->listener >= 0 && app->conn < 0) {
        app->conn = accept(app->listener, NULL, NULL);
        if (app->conn >= 0 && *app->script == 'C') {
            app->script++;
            close_conn(app);
        }
    }
    while (app->conn >= 0) {
        ssize_t n = recv(app->conn, &byte, 1, MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno != EAGAIN))
            close_conn(app);
        if (n <= 0)
            return;
        memmove(app->last, app->last + 1, 7);
        app->last[7] = byte;
        if (memcmp(app->last, last, 8) == 0) {
            memset(app->last, 0, 8);
            act(app);
        }
    }
}

static void listen_at(size_t i)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    strcpy(un.sun_path, configs[i].endpoint.path);
    unlink(un.sun_path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&un, sizeof(un)), 0);
    assert_int_equal(listen(fd, 8), 0);
    apps[i].listener = fd;
}

static void go_away(size_t i)
{
    if (apps[i].listener >= 0)
        close(apps[i].listener);
    apps[i].listener = -1;
    if (apps[i].conn >= 0)
        close_conn(&apps[i]);
}

/* --- the owner --------------------------------------------------------- */

static struct fcgi_upstream upstream;
static struct fcgi_buffer params;
static char told[512];

static void tell(const char *what)
{
    assert_true(strlen(told) + strlen(what) + 2 < sizeof(told));
    strcat(told, told[0] ? " " : "");
    strcat(told, what);
}

static bool on_stdout(struct fcgi_upstream *up, const uint8_t *bytes, size_t n)
{
    char text[64];

    (void)up;
    snprintf(text, sizeof(text), "%.*s", (int)n, (const char *)bytes);
    tell(text);
    return true;
}

static void on_stderr(struct fcgi_upstream *up, const uint8_t *bytes, size_t n)
{
    (void)up;
    (void)bytes;
    (void)n;
    tell("stderr");
}

static void on_batch(struct fcgi_upstream *up)
{
    (void)up;
}

static void on_end(struct fcgi_upstream *up)
{
    assert_null(up->conn);
    assert_null(up->checkout);
    tell("end");
}

static void on_retry(struct fcgi_upstream *up, const struct fcgi_attempt *why,
                     const char *how)
{
    assert_ptr_equal(why->server, up->server);
    tell(strstr(how, "another") ? "next" : "pause");
}

static void on_failure(struct fcgi_upstream *up, const struct fcgi_attempt *why)
{
    char text[16];

    assert_null(up->conn);
    assert_null(up->checkout);
    snprintf(text, sizeof(text), "%d", fcgi_attempt_status(why));
    tell(text);
}

static void on_open(struct fcgi_upstream *u)
{
    (void)u;
}

/* More of the body, as an exchange gets it. */
static void on_sent(struct fcgi_upstream *u)
{
    (void)u;
}

static const struct fcgi_upstream_handlers handlers = {
    .on_open = on_open,
    .on_sent = on_sent,
    .on_stdout = on_stdout,
    .on_stderr = on_stderr,
    .on_batch = on_batch,
    .on_end = on_end,
    .on_retry = on_retry,
    .on_failure = on_failure,
};

static void notice(void *arg, bool bad, const char *line)
{
    (void)arg;
    (void)bad;
    (void)line;
}

/* --- the rig ----------------------------------------------------------- */

static void open_rig(size_t servers, unsigned retries)
{
    const struct fcgi_notice nobody = {notice, NULL};

    strcpy(dir, "/tmp/fcgi-upstream-XXXXXX");
    assert_non_null(mkdtemp(dir));
    config.n_servers = servers;
    for (size_t i = 0; i < servers; i++) {
        snprintf(names[i], sizeof(names[i]), "%c", (char)('a' + i));
        configs[i] = (struct fcgi_server_config){.name = names[i],
                                                 .weight = 1,
                                                 .connect_timeout = 5000,
                                                 .send_timeout = 5000,
                                                 .read_timeout = 60000,
                                                 .queue_timeout = 60000,
                                                 .keep_alive = true,
                                                 .keep_alive_timeout = 60000,
                                                 .keep_alive_requests = 100,
                                                 .max_fails = 1,
                                                 .fail_timeout = 60000,
                                                 .retries = retries};
        configs[i].endpoint.kind = FCGI_ENDPOINT_UNIX;
        snprintf(configs[i].endpoint.path, sizeof(configs[i].endpoint.path),
                 "%s/%zu", dir, i);
        apps[i] = (struct app){.script = "", .listener = -1, .conn = -1};
        listen_at(i);
    }
    pool = fcgi_pool_new(&config);
    loop = fcgi_loop_new();
    worker = fcgi_worker_new(pool, loop, &nobody, scratch, sizeof(scratch));
    assert_non_null(worker);
    memset(&upstream, 0, sizeof(upstream));
    told[0] = '\0';
    if (params.length == 0)
        fcgi_buffer_add(&params, "\4\1NAMEv", 7);
}

static void close_rig(void)
{
    fcgi_upstream_release(&upstream);
    fcgi_worker_free(worker);
    fcgi_loop_free(loop);
    fcgi_pool_free(pool);
    for (size_t i = 0; i < config.n_servers; i++) {
        go_away(i);
        unlink(configs[i].endpoint.path);
    }
    assert_int_equal(rmdir(dir), 0);
    fcgi_buffer_free(&upstream.adapted);
    fcgi_buffer_free(&params);
    params.length = 0;
}

static void turn(int ms)
{
    fcgi_loop_wait(loop, ms);
    for (size_t i = 0; i < config.n_servers; i++)
        serve(&apps[i]);
}

static void start(bool idempotent)
{
    const struct fcgi_upstream_request request = {
        .params = &params, .body = &no_body, .idempotent = idempotent};

    told[0] = '\0';
    fcgi_upstream_init(&upstream, worker, &handlers, &request);
    fcgi_upstream_start(&upstream);
}

static bool is_over(void)
{
    const char *last = strrchr(told, ' ');

    last = last != NULL ? last + 1 : told;
    return strcmp(last, "end") == 0 || (last[0] >= '4' && last[0] <= '5');
}

static void run(bool idempotent)
{
    start(idempotent);
    for (int i = 0; i < PATIENCE && !is_over(); i++)
        turn(1);
    assert_true(is_over());
    /* Nothing is left over, and nothing follows. */
    for (int i = 0; i < 3; i++)
        turn(1);
    assert_true(is_over());
    for (size_t i = 0; i < config.n_servers; i++) {
        struct fcgi_server_stats stats;

        fcgi_server_stats(&pool->servers[i], &stats);
        assert_int_equal(stats.active, 0);
        assert_int_equal(stats.waiting, 0);
    }
}

static uint64_t counted(size_t server, enum fcgi_count count)
{
    struct fcgi_server_stats stats;

    fcgi_server_stats(&pool->servers[server], &stats);
    return stats.counts[count];
}

static unsigned executed(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < config.n_servers; i++)
        n += apps[i].executed;
    return n;
}

static unsigned taken_out(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < config.n_servers; i++)
        n += atomic_load(&pool->servers[i].out);
    return n;
}

/* --- tests ------------------------------------------------------------- */

/* Of new connections. */
static void test_faults(void **state)
{
    static const struct {
        const char *scripts[SERVERS]; /* NULL: there is no more; "-": away */
        unsigned retries;
        bool idempotent;
        const char *told;
        unsigned executed, out;
    } cases[] = {
        {{"k"}, 3, false, "answer end", 1, 0},
        /* one that is closed without an answer */
        {{"c", "k"}, 3, true, "next answer end", 2, 1},
        {{"c", "k"}, 3, false, "502", 1, 1},
        {{"c", "k"}, 0, true, "502", 1, 1},
        {{"c"}, 3, true, "pause answer end", 2, 0},
        {{"cc"}, 3, true, "pause 502", 2, 0},
        {{"c"}, 3, false, "502", 1, 0},
        {{"c"}, 0, true, "502", 1, 0},
        {{"c", "c"}, 1, true, "next 502", 2, 1},
        /* one request is one failure */
        {{"c", "c", "c", "c"}, 3, true, "next next next 502", 4, 1},
        {{"c", "c", "c", "c"},
         9,
         true,
         "next next next pause answer end",
         5,
         1},
        {{"c", "-", "o"}, 3, true, "next next 503", 1, 1},
        /* something was heard */
        {{"h", "k"}, 3, true, "part 502", 1, 1},
        {{"e", "k"}, 3, true, "stderr 502", 1, 1},
        /* what says that it was not taken */
        {{"o", "k"}, 3, false, "next answer end", 1, 1},
        {{"m", "k"}, 3, false, "next answer end", 1, 1},
        {{"o"}, 3, false, "503", 0, 0},
        {{"o", "k"}, 0, false, "503", 0, 1},
        /* and what does not */
        {{"u", "k"}, 3, true, "502", 0, 1},
        {{"x", "k"}, 3, true, "502", 0, 1},
        {{"x", "k"}, 3, false, "502", 0, 1},
        {{"O", "k"}, 3, true, "part 502", 0, 1},
        {{"n", "k"}, 3, true, "502", 0, 1},
        /* a timeout */
        {{"t", "k"}, 3, true, "504", 1, 1},
        {{"t", "k"}, 3, false, "504", 1, 1},
        {{"t"}, 3, true, "504", 1, 0},
        /* nobody listens */
        {{"-", "k"}, 3, false, "next answer end", 1, 1},
        {{"-", "k"}, 0, true, "503", 0, 1},
        {{"-", "-", "-", "k"}, 3, false, "next next next answer end", 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = 0;

        while (n < SERVERS && cases[i].scripts[n] != NULL)
            n++;
        open_rig(n, cases[i].retries);
        for (size_t j = 0; j < n; j++) {
            apps[j].script = cases[i].scripts[j];
            if (cases[i].scripts[j][0] == 't')
                configs[j].read_timeout = 200;
            if (cases[i].scripts[j][0] == '-') {
                go_away(j);
                apps[j].script = "";
            }
        }
        run(cases[i].idempotent);
        if (strcmp(told, cases[i].told) != 0 ||
            executed() != cases[i].executed || taken_out() != cases[i].out)
            fail_msg("case %zu: %s, executed %u, out %u", i, told, executed(),
                     taken_out());
        close_rig();
    }
}

/* Of a kept connection: a first request is answered, then this one. */
static void test_kept(void **state)
{
    static const struct {
        const char *script;
        unsigned retries;
        bool idempotent;
        const char *told;
        unsigned executed, stale;
    } cases[] = {
        {"kk", 3, false, "answer end", 2, 0},
        {"kc", 3, true, "answer end", 3, 1},
        {"kc", 0, true, "502", 2, 0},
        {"kc", 3, false, "502", 2, 0},
        {"kcc", 3, true, "pause answer end", 4, 1},
        {"kcc", 1, true, "pause answer end", 4, 1},
        /* closed before it is used: replaced, whatever the method */
        {"K", 3, false, "answer end", 2, 1},
        {"K", 0, false, "answer end", 2, 1},
        {"kh", 3, true, "part 502", 2, 0},
        {"ko", 3, false, "503", 1, 0},
        {"kx", 3, true, "502", 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        open_rig(1, cases[i].retries);
        apps[0].script = cases[i].script;
        run(true);
        assert_string_equal(told, "answer end");
        if (cases[i].stale > 0 && cases[i].script[0] == 'K') {
            /* The loop has not seen yet that it is closed. */
            assert_int_equal(apps[0].conn, -1);
        }
        usleep(2000); /* a quiet connection takes a POST, too */
        run(cases[i].idempotent);
        if (strcmp(told, cases[i].told) != 0 || executed() != cases[i].executed)
            fail_msg("case %zu: %s, executed %u", i, told, executed());
        if (cases[i].script[0] == 'k')
            assert_int_equal(counted(0, FCGI_COUNT_STALE), cases[i].stale);
        close_rig();
    }
}

/* A lone server that has just begun to refuse is waited for, up to 2 s. */
static void test_restart(void **state)
{
    (void)state;
    open_rig(1, 3);
    go_away(0);
    start(false);
    for (int i = 0; i < PATIENCE && counted(0, FCGI_COUNT_RETRIES) < 2; i++)
        turn(1);
    assert_string_equal(told, "pause");
    listen_at(0);
    for (int i = 0; i < PATIENCE && !is_over(); i++)
        turn(1);
    assert_string_equal(told, "pause answer end");
    assert_int_equal(apps[0].executed, 1);
    assert_true(counted(0, FCGI_COUNT_RETRIES) >= 1);
    assert_int_equal(counted(0, FCGI_COUNT_RETRIES) + 1,
                     counted(0, FCGI_COUNT_REQUESTS));
    close_rig();

    open_rig(1, 0);
    go_away(0);
    run(true);
    assert_string_equal(told, "503"); /* Retries 0 */
    close_rig();
}

/* Whoever leaves in a pause, in the queue, or in an answer leaves nothing. */
static void test_release(void **state)
{
    static const char *const scripts[] = {"c", "t", "-"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        open_rig(1, 3);
        apps[0].script = scripts[i];
        if (scripts[i][0] == '-')
            go_away(0);
        start(true);
        for (int j = 0; j < PATIENCE && told[0] == '\0' && !executed(); j++)
            turn(1);
        if (scripts[i][0] == 'c')
            while (told[0] == '\0')
                turn(1);
        fcgi_upstream_release(&upstream);
        fcgi_upstream_release(&upstream); /* does nothing */
        for (int j = 0; j < 250; j++)
            turn(1);
        assert_false(is_over());
        assert_int_equal(counted(0, FCGI_COUNT_REQUESTS), 1);
        close_rig();
    }
}

/* --- the queue --------------------------------------------------------- */

static void test_queue(void **state)
{
    struct fcgi_checkout *checkout;
    struct fcgi_conn *conn, *other;

    (void)state;
    for (int with_other = 0; with_other < 2; with_other++) {
        open_rig(with_other ? 2 : 1, 0);
        configs[0].max_connections = 1;
        configs[0].queue_size = 0;
        assert_int_equal(fcgi_worker_checkout(worker, &pool->servers[0], 0,
                                              NULL, NULL, &checkout, &conn),
                         FCGI_CHECKOUT_GOT_NOW);
        /* The other one has as much to do, so that it is this one's turn. */
        if (with_other)
            assert_int_equal(fcgi_worker_checkout(worker, &pool->servers[1], 0,
                                                  NULL, NULL, &checkout,
                                                  &other),
                             FCGI_CHECKOUT_GOT_NOW);
        for (int i = 0; i < 2; i++) {
            start(false);
            for (int j = 0; j < PATIENCE && !is_over(); j++)
                turn(1);
            /* It is no failure: not one of Retries, nor of the server's. */
            assert_string_equal(told, with_other ? "answer end" : "503");
        }
        assert_true(counted(0, FCGI_COUNT_QUEUE_FULL) > 0);
        assert_int_equal(taken_out(), 0);
        fcgi_worker_release(conn);
        if (with_other)
            fcgi_worker_release(other);
        close_rig();
    }
    /* One that waits, for too long. */
    open_rig(1, 3);
    configs[0].max_connections = configs[0].queue_size = 1;
    configs[0].queue_timeout = 100;
    assert_int_equal(fcgi_worker_checkout(worker, &pool->servers[0], 0, NULL,
                                          NULL, &checkout, &conn),
                     FCGI_CHECKOUT_GOT_NOW);
    start(true);
    for (int j = 0; j < PATIENCE && !is_over(); j++)
        turn(1);
    assert_string_equal(told, "503");
    assert_int_equal(counted(0, FCGI_COUNT_QUEUE_TIMEOUT), 1);
    /* And for as long as it takes. */
    configs[0].queue_timeout = 60000;
    start(true);
    turn(1);
    fcgi_worker_release(conn);
    for (int j = 0; j < PATIENCE && !is_over(); j++)
        turn(1);
    assert_string_equal(told, "answer end");
    close_rig();
}

/* Taken out while a request waits: to another, or, where there is none that
 * Retries allows, on the connection that it gets. */
static void test_taken_out(void **state)
{
    struct fcgi_checkout *checkout;
    struct fcgi_conn *conn, *other;

    (void)state;
    for (unsigned retries = 0; retries < 2; retries++) {
        open_rig(2, retries);
        configs[0].max_connections = configs[0].queue_size = 1;
        configs[0].queue_timeout = 60000;
        assert_int_equal(fcgi_worker_checkout(worker, &pool->servers[0], 0,
                                              NULL, NULL, &checkout, &conn),
                         FCGI_CHECKOUT_GOT_NOW);
        configs[0].weight = 100; /* so that it is chosen */
        assert_int_equal(fcgi_worker_checkout(worker, &pool->servers[1], 0,
                                              NULL, NULL, &checkout, &other),
                         FCGI_CHECKOUT_GOT_NOW);
        start(false);
        turn(1);
        assert_string_equal(told, "");
        assert_ptr_equal(upstream.server, &pool->servers[0]);
        fcgi_worker_failed(worker, &pool->servers[0]);
        fcgi_worker_release(conn);
        for (int j = 0; j < PATIENCE && !is_over(); j++)
            turn(1);
        assert_string_equal(told, retries ? "next answer end" : "answer end");
        assert_int_equal(apps[0].executed, !retries);
        fcgi_worker_release(other);
        close_rig();
    }
}

static bool allow_none(const void *arg, const struct fcgi_server *server)
{
    (void)arg;
    (void)server;
    return false;
}

static void test_no_server(void **state)
{
    struct fcgi_upstream_request request = {
        .params = &params, .body = &no_body, .allows = allow_none};

    (void)state;
    open_rig(1, 3);
    fcgi_upstream_init(&upstream, worker, &handlers, &request);
    fcgi_upstream_start(&upstream);
    assert_string_equal(told, "503");
    close_rig();
}

static void test_methods(void **state)
{
    static const char *const twice[] = {"GET", "HEAD",   "OPTIONS",
                                        "PUT", "DELETE", "TRACE"};
    static const char *const once[] = {"POST", "PATCH", "get", "GETX", ""};

    (void)state;
    for (size_t i = 0; i < 6; i++)
        assert_true(fcgi_upstream_is_idempotent(
            (struct fcgi_text){twice[i], strlen(twice[i])}));
    for (size_t i = 0; i < 5; i++)
        assert_false(fcgi_upstream_is_idempotent(
            (struct fcgi_text){once[i], strlen(once[i])}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),    cmocka_unit_test(test_kept),
        cmocka_unit_test(test_restart),   cmocka_unit_test(test_release),
        cmocka_unit_test(test_queue),     cmocka_unit_test(test_taken_out),
        cmocka_unit_test(test_no_server), cmocka_unit_test(test_methods),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
