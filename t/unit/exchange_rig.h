/* SPDX-License-Identifier: Apache-2.0
 *
 * For the tests of whole exchanges: a gateway, with a client and an application
 * that the test plays in the same thread, and a host that tells how it ended.
 * Any allocation on the way may fail: see short_memory.h.
 */
#ifndef T_UNIT_EXCHANGE_RIG_H
#define T_UNIT_EXCHANGE_RIG_H

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

#include "short_memory.h"

#define PATIENCE 10000 /* ms, for what has to come */
#define WINDOW 65536
#define MB (1024 * 1024)

/* --- the rig ------------------------------------------------------------- */

static char name[] = "app", spool[] = "Spool", dir[32];
static struct fcgi_server_config server;
static const struct fcgi_config config = {.servers = &server, .n_servers = 1};
static struct fcgi_pool *pool;
static struct fcgi_gateway *gateway;
static struct fcgi_exchange *exchange;
static unsigned done;
static struct fcgi_outcome outcome;
static char logged[4096];

/* The client. */
static int fd, peer;        /* its connection, and its other end */
static uint64_t size;       /* of the body */
static uint64_t put;        /* bytes of it that it has sent */
static uint64_t allowed;    /* that it may send */
static bool floods;         /* all of it is there, and needs no socket */
static uint64_t taken;      /* that were read of it */
static int read_error;      /* of a read; 0: none fails */
static unsigned reads_left; /* that succeed before it */
static char seen[200000];   /* by the client */
static size_t n_seen;
static struct fcgi_http_field more[4]; /* fields of its request */
static size_t n_more;
static const char *document_root;
static enum fcgi_path_verdict verdict;
static const struct fcgi_authorizers *authorizers;

/* The application. */
static int listener, app;
static unsigned accepted;
static size_t app_speed; /* bytes that it reads at a time; 0: none */
static enum { AT_END, AT_PARAMS, NEVER } app_answers;
static uint64_t app_breaks; /* closes after so many bytes of STDIN */
static unsigned breaks_left;
static const char *answer, *next_answer; /* if there is another */
static bool unended;                     /* and nothing that ends it, */
static bool ends_stdout;                 /* but STDOUT */
static uint8_t raw[2 * WINDOW];
static size_t n_raw;
static uint64_t got; /* bytes of STDIN */
static bool params_seen, stdin_ended, answered, app_closed;
static uint8_t params[16384];
static size_t n_params;

static uint8_t byte_at(uint64_t i)
{
    return (uint8_t)(i * 7 + (i >> 8) * 3 + (i >> 16));
}

static ssize_t host_write(void *handle, const void *bytes, size_t length)
{
    assert_ptr_equal(handle, &done);
    return send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t host_read(void *handle, void *buf, size_t length)
{
    ssize_t n;

    assert_ptr_equal(handle, &done);
    assert_true(length > 0);
    if (taken == size)
        return 0;
    if (read_error != 0 && reads_left == 0) {
        errno = read_error;
        return -1;
    }
    reads_left -= reads_left > 0;
    if (length > size - taken)
        length = (size_t)(size - taken);
    if (floods) {
        for (size_t i = 0; i < length; i++)
            ((uint8_t *)buf)[i] = byte_at(taken + i);
        taken += length;
        return (ssize_t)length;
    }
    n = recv(fd, buf, length, MSG_DONTWAIT);
    if (n == 0) {
        errno = ECONNRESET;
        return -1;
    }
    taken += n > 0 ? (uint64_t)n : 0;
    return n;
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

static bool host_is_plain(void *handle, const char *path, size_t length)
{
    assert_ptr_equal(handle, &done);
    return length < 4 || memcmp(path + length - 4, ".php", 4) != 0;
}

static inline struct fcgi_text host_type(struct fcgi_text file)
{
    static const struct fcgi_text none = {NULL, 0}, text = {"text/plain", 10};

    return file.length > 4 &&
                   memcmp(file.data + file.length - 4, ".txt", 4) == 0
               ? text
               : none;
}

static int host_watch(void *handle)
{
    (void)handle;
    return 0;
}

static const struct fcgi_host host = {.software = "Test/1",
                                      .is_plain = host_is_plain,
                                      .type = host_type,
                                      .watch = host_watch,
                                      .write = host_write,
                                      .read = host_read,
                                      .done = host_done,
                                      .log = host_log};

static void listen_now(void)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    strcpy(un.sun_path, server.endpoint.path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&un, sizeof(un)),
                     0);
    assert_int_equal(listen(listener, 8), 0);
}

static int open_rig(void **state)
{
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
                                         .buffer_size = WINDOW,
                                         .client_body_timeout = 60000,
                                         .chunked_body = spool,
                                         .max_spool_size = 256 * MB,
                                         .retries = 3};
    server.endpoint.kind = FCGI_ENDPOINT_UNIX;
    snprintf(server.endpoint.path, sizeof(server.endpoint.path), "%s/s", dir);
    listen_now();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    fd = fds[0];
    peer = fds[1];
    app = -1;
    done = accepted = breaks_left = 0;
    n_seen = n_raw = n_more = 0;
    document_root = "/srv";
    verdict = FCGI_PATH_OK;
    authorizers = NULL;
    next_answer = NULL;
    put = taken = got = app_breaks = 0;
    allowed = UINT64_MAX;
    read_error = 0;
    reads_left = 0;
    floods = unended = ends_stdout = false;
    params_seen = stdin_ended = answered = app_closed = false;
    logged[0] = seen[0] = '\0';
    answer = "Content-Type: text/plain\n\nhello";
    app_speed = sizeof(raw);
    app_answers = AT_END;
    failing = 0;
    pool = fcgi_pool_new(&config);
    gateway = fcgi_gateway_new(pool, &host);
    assert_non_null(gateway);
    return 0;
}

static void close_app(void)
{
    if (app >= 0)
        close(app);
    app = -1;
    n_raw = 0;
    params_seen = stdin_ended = answered = false;
    app_closed = true;
}

static void close_peer(void)
{
    if (peer >= 0)
        close(peer);
    peer = -1;
}

static int close_rig(void **state)
{
    (void)state;
    failing = 0;
    fcgi_gateway_free(gateway);
    fcgi_pool_free(pool);
    close(fd);
    close_peer();
    close_app();
    if (listener >= 0)
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

static void end_request(void)
{
    put_record(FCGI_END_REQUEST, "\0\0\0\0\0\0\0", 8);
}

static void reply(void)
{
    answered = true;
    put_record(FCGI_STDOUT, answer, strlen(answer));
    if (ends_stdout)
        put_record(FCGI_STDOUT, "", 0);
    if (!unended)
        end_request();
    if (next_answer != NULL)
        answer = next_answer;
    next_answer = NULL;
}

/* One record of the request. */
static void take_record(uint8_t type, const uint8_t *content, size_t length)
{
    if (type == FCGI_BEGIN_REQUEST) {
        got = n_params = 0;
        params_seen = stdin_ended = answered = false;
    } else if (type == FCGI_PARAMS) {
        assert_true(n_params + length <= sizeof(params));
        memcpy(params + n_params, content, length);
        n_params += length;
        params_seen = length == 0;
        if (params_seen && app_answers == AT_PARAMS)
            reply();
    } else if (type == FCGI_STDIN) {
        assert_true(params_seen);
        assert_false(stdin_ended);
        for (size_t i = 0; i < length; i++)
            if (content[i] != byte_at(got + i))
                fail_msg("byte %llu of STDIN", (unsigned long long)got + i);
        got += length;
        stdin_ended = length == 0;
        if (stdin_ended && app_answers == AT_END)
            reply();
    } else {
        assert_int_equal(type, FCGI_ABORT_REQUEST);
    }
}

static void serve(void)
{
    size_t at = 0;
    ssize_t n;

    if (app < 0 && listener >= 0) {
        app = accept(listener, NULL, NULL);
        accepted += app >= 0;
    }
    if (app < 0 || app_speed == 0)
        return;
    n = recv(app, raw + n_raw,
             app_speed < sizeof(raw) - n_raw ? app_speed : sizeof(raw) - n_raw,
             MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        close_app();
    if (n <= 0)
        return;
    n_raw += (size_t)n;
    while (n_raw - at >= 8) {
        const uint8_t *head = raw + at;
        size_t length = (size_t)(head[4] << 8 | head[5]);

        if (n_raw - at < 8 + length + head[6])
            break;
        take_record(head[1], head + 8, length);
        at += 8 + length + head[6];
        if (app_breaks > 0 && got >= app_breaks && breaks_left > 0) {
            breaks_left--;
            close_app();
            return;
        }
    }
    memmove(raw, raw + at, n_raw - at);
    n_raw -= at;
}

/* The client sends what it may. */
static void send_body(void)
{
    uint8_t bytes[WINDOW];
    uint64_t end = allowed < size ? allowed : size;
    size_t length =
        end - put < sizeof(bytes) ? (size_t)(end - put) : sizeof(bytes);
    ssize_t n;

    if (length == 0 || peer < 0 || end < put || floods)
        return;
    for (size_t i = 0; i < length; i++)
        bytes[i] = byte_at(put + i);
    n = send(peer, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    put += n > 0 ? (uint64_t)n : 0;
}

static void turn(void)
{
    ssize_t n;

    send_body();
    fcgi_loop_wait(fcgi_gateway_loop(gateway), 1);
    serve();
    if (peer < 0)
        return;
    n = recv(peer, seen + n_seen, sizeof(seen) - 1 - n_seen, MSG_DONTWAIT);
    n_seen += n > 0 ? (size_t)n : 0;
    seen[n_seen] = '\0';
}

#define TEXT(text) ((struct fcgi_text){text, sizeof(text) - 1})

struct how {
    const char *method;
    enum fcgi_http_body framing;
    bool expects, old, close, provisional, tls;
};

static struct fcgi_exchange *try_start(struct how how, uint64_t length)
{
    const struct fcgi_http_field fields[] = {
        {{"Host", 4}, {"localhost", 9}}, more[0], more[1], more[2], more[3]};
    const struct fcgi_http_request request = {
        .method = {how.method, strlen(how.method)},
        .uri = TEXT("/x.php"),
        .path = TEXT("/x.php"),
        .version = how.old ? 10 : 11,
        .close = how.close,
        .tls = how.tls,
        .provisional = how.provisional,
        .framing = how.framing,
        .content_length = how.framing == FCGI_HTTP_LENGTH ? length : 0,
        .expect_continue = how.expects,
        .document_root = {document_root, strlen(document_root)},
        .script_filename = TEXT("/srv/x.php"),
        .server_name = TEXT("localhost"),
        .authorizers = authorizers,
        .fields = fields,
        .n_fields = 1 + n_more,
    };
    const struct fcgi_script script = {.verdict = verdict,
                                       .name = request.path,
                                       .folder = request.document_root,
                                       .file = request.path};

    size = length;
    put = taken = 0;
    return fcgi_gateway_start(gateway, &done, fd, &request, &script, NULL,
                              NULL);
}

static struct how how_of(const char *method, enum fcgi_http_body framing)
{
    struct how how = {.method = method, .framing = framing};

    return how;
}

static void start(struct how how, uint64_t length)
{
    exchange = try_start(how, length);
    assert_non_null(exchange);
    assert_int_equal(done, 0); /* never from inside */
}

static uint64_t now_ms(void)
{
    return fcgi_loop_now(fcgi_gateway_loop(gateway)) / FCGI_LOOP_MS;
}

static bool is_done(void)
{
    return done > 0;
}

static inline bool has_seen(void)
{
    return n_seen > 0;
}

static inline bool has_asked(void)
{
    return params_seen;
}

static inline bool has_no_app(void)
{
    return app < 0;
}

static inline void run_for(unsigned ms)
{
    uint64_t until = now_ms() + ms;

    while (now_ms() < until)
        turn();
}

static void run_until(bool (*holds)(void))
{
    uint64_t until = now_ms() + PATIENCE;

    while (!holds() && now_ms() < until)
        turn();
    assert_true(holds());
}

/* Starts a request with `text` as its answer, which does not end; some of it
 * has come on return. */
static inline void begin_answer(const char *text)
{
    answer = text;
    unended = true;
    start(how_of("GET", FCGI_HTTP_NO_BODY), 0);
    run_until(has_seen);
}

/* The outcome: `status`, and whether the connection must end. */
static void ends(int status, bool closes)
{
    char line[32];

    run_until(is_done);
    for (int i = 0; i < 3; i++)
        turn();
    assert_int_equal(done, 1);
    assert_int_equal(outcome.status, status);
    assert_int_equal(outcome.close, closes);
    snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
    if (status != 0)
        assert_ptr_equal(strstr(seen, line), seen);
}

#endif
