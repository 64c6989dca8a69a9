/* SPDX-License-Identifier: Apache-2.0
 *
 * The client's side of an exchange, against a peer that the test plays: what is
 * written, short writes, a client that takes nothing, that closes, resets or
 * shuts down one half, and memory that is short.
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
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/client.h"
#include "short_memory.h"
#include "tcp_pair.h"

#define PATIENCE 5000 /* ms, for what has to come */

/* --- what may fail when a test says so --------------------------------- */

static bool no_epoll, watch_fails;

int __real_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);

int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    if (no_epoll && op != EPOLL_CTL_DEL) {
        errno = ENOMEM;
        return -1;
    }
    return __real_epoll_ctl(epoll, op, fd, event);
}

/* --- the rig ----------------------------------------------------------- */

static struct fcgi_loop *loop;
static struct fcgi_client client;
static int fd, peer;
static char told[256];     /* what the handlers were */
static const char *insert; /* what on_probe adds */
static bool close_in_room;

/* The host: its next writes end as `script` says, a digit for so many bytes, a
 * letter for an errno; behind its end they are real. */
static const char *script;
static size_t asked[16], n_asked; /* the lengths that it was asked to write */

static ssize_t host_write(void *handle, const void *bytes, size_t length)
{
    assert_ptr_equal(handle, &script);
    if (n_asked < 16)
        asked[n_asked++] = length;
    switch (*script) {
    case '\0':
        return send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    case 'A':
        errno = EAGAIN;
        break;
    case 'I':
        errno = EINTR;
        break;
    case 'P':
        errno = EPIPE;
        break;
    case '0':
        return 0;
    default:
        return send(fd, bytes, (size_t)(*script++ - '0'), MSG_NOSIGNAL);
    }
    script++;
    return -1;
}

static void tell(const char *what)
{
    assert_true(strlen(told) + strlen(what) + 2 < sizeof(told));
    strcat(told, told[0] ? " " : "");
    strcat(told, what);
}

static void on_room(struct fcgi_client *c)
{
    tell("room");
    if (close_in_room)
        fcgi_client_close(c);
}

static void on_written(struct fcgi_client *c)
{
    fcgi_client_close(c);
    tell("written");
}

static void on_lost(struct fcgi_client *c, enum fcgi_client_loss loss)
{
    static const char *const names[] = {"gone", "stalled", "no-memory"};

    assert_false(c->io.added);
    assert_false(c->timer.set);
    tell(names[loss]);
}

static void on_probe(struct fcgi_client *c)
{
    tell("probe");
    fcgi_buffer_add_text(&c->out, insert);
}

static int host_watch(void *handle)
{
    (void)handle;
    return watch_fails ? -1 : 0;
}

static void on_readable(struct fcgi_client *c)
{
    fcgi_client_listen(c, false);
    tell("readable");
}

static const struct fcgi_host host = {.write = host_write, .watch = host_watch};
static const struct fcgi_client_handlers handlers = {
    .on_readable = on_readable,
    .on_room = on_room,
    .on_written = on_written,
    .on_lost = on_lost,
    .on_probe = on_probe,
};

static void start(void)
{
    told[0] = '\0';
    script = insert = "";
    n_asked = 0;
    close_in_room = no_memory = no_epoll = watch_fails = false;
    loop = fcgi_loop_new();
    assert_non_null(loop);
    memset(&client, 0, sizeof(client));
    fcgi_client_open(&client, loop, &host, &script, fd, false, &handlers);
    assert_false(client.io.added); /* nobody waits for it yet */
    fcgi_client_attend(&client);
    assert_true(client.io.added);
}

static int set_up(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    fd = fds[0];
    peer = fds[1];
    start();
    return 0;
}

/* The same over TCP, which a reset needs. */
static int set_up_tcp(void **state)
{
    int fds[2];

    (void)state;
    tcp_pair(fds);
    fd = fds[0];
    peer = fds[1];
    start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fcgi_client_close(&client);
    fcgi_buffer_free(&client.out);
    fcgi_loop_free(loop);
    if (fd >= 0)
        close(fd);
    if (peer >= 0)
        close(peer);
    return 0;
}

static void run_for(int ms)
{
    uint64_t end = fcgi_loop_now(loop) + (uint64_t)ms * FCGI_LOOP_MS;

    while (fcgi_loop_now(loop) < end)
        fcgi_loop_wait(loop, 5);
}

/* Runs until the handlers have been told so much. */
static void run_until(const char *what)
{
    for (int i = 0; i < PATIENCE / 5 && strcmp(told, what) != 0; i++)
        fcgi_loop_wait(loop, 5);
    assert_string_equal(told, what);
}

static void put(const char *text)
{
    fcgi_buffer_add_text(&client.out, text);
}

static void expect(const char *text)
{
    char bytes[256] = "";
    size_t got = 0, length = strlen(text);

    while (got < length) {
        struct pollfd poller = {.fd = peer, .events = POLLIN};
        ssize_t n;

        assert_int_equal(poll(&poller, 1, PATIENCE), 1);
        n = recv(peer, bytes + got, sizeof(bytes) - 1 - got, MSG_DONTWAIT);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_string_equal(bytes, text);
}

/* --- writing ----------------------------------------------------------- */

static void finish(struct fcgi_loop_task *task)
{
    (void)task;
    fcgi_client_finish(&client);
    assert_int_equal(n_asked, 0);
    assert_string_equal(told, "");
    if (close_in_room)
        fcgi_client_close(&client);
}

/* Within a run it is written when others have had their turn; not if it is
 * closed before. */
static void test_turn(void **state)
{
    struct fcgi_loop_task task = {.run = finish};

    (void)state;
    put("hello");
    fcgi_loop_defer(loop, &task);
    fcgi_loop_run(loop);
    expect("hello");
    assert_string_equal(told, "written");
}

static void test_turn_missed(void **state)
{
    struct fcgi_loop_task task = {.run = finish};

    (void)state;
    close_in_room = true;
    put("hello");
    fcgi_loop_defer(loop, &task);
    fcgi_loop_run(loop);
    fcgi_loop_run(loop);
    assert_int_equal(n_asked, 0);
    assert_string_equal(told, "");
}

static void test_written(void **state)
{
    (void)state;
    put("one");
    fcgi_client_flush(&client);
    expect("one");
    assert_string_equal(told, "");
    assert_int_equal(client.out.length, 0);
    put("two");
    fcgi_client_finish(&client);
    assert_string_equal(told, "written");
    expect("two");
    /* It is closed: nothing happens any more. */
    put("three");
    fcgi_client_flush(&client);
    close(peer);
    peer = -1;
    run_for(20);
    assert_string_equal(told, "written");
}

static void test_short_writes(void **state)
{
    (void)state;
    script = "12I3I1";
    put("abcdefghij");
    fcgi_client_finish(&client);
    assert_string_equal(told, "written");
    expect("abcdefghij");
}

static void test_again(void **state)
{
    (void)state;
    script = "2AA";
    put("abcdef");
    fcgi_client_flush(&client);
    assert_true(client.blocked);
    assert_string_equal(told, "");
    /* What is added meanwhile does not change the write that is tried again,
     * as TLS wants it. */
    put("ghi");
    fcgi_client_flush(&client);
    assert_int_equal(n_asked, 2);
    run_until("room room");
    assert_false(client.blocked);
    assert_int_equal(asked[0], 6);
    assert_int_equal(asked[1], 4);
    assert_int_equal(asked[2], 4);
    assert_int_equal(asked[3], 4);
    assert_int_equal(asked[4], 3);
    expect("abcdefghi");
    fcgi_client_finish(&client);
    assert_string_equal(told, "room room written");
}

static void test_closed_in_room(void **state)
{
    (void)state;
    close_in_room = true;
    script = "A";
    put("abc");
    fcgi_client_flush(&client);
    run_until("room");
    run_for(20);
    assert_string_equal(told, "room");
}

#define MUCH (4 << 20)

static void fill(uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(i % 251);
}

/* Reads all that fill() has made, until all is written. */
static void expect_much(size_t length)
{
    size_t got = 0;

    while (got < length) {
        uint8_t bytes[65536];
        ssize_t n = recv(peer, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (n < 0)
            fcgi_loop_wait(loop, PATIENCE);
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(bytes[i], got++ % 251);
    }
    for (int i = 0; i < 100 && strstr(told, "written") == NULL; i++)
        fcgi_loop_wait(loop, 5);
    assert_non_null(strstr(told, "written"));
}

/* A peer that reads nothing, then all; every byte is there. */
static void test_slow(void **state)
{
    (void)state;
    assert_true(fcgi_buffer_reserve(&client.out, MUCH));
    fill(client.out.data, MUCH);
    client.out.length = MUCH;
    fcgi_client_finish(&client);
    assert_true(client.blocked);
    run_for(20);
    assert_string_equal(told, "");
    expect_much(MUCH);
}

/* What is passed goes out behind what is there, and what is not taken stays. */
static void test_pass(void **state)
{
    uint8_t *bytes = malloc(MUCH);
    int room = 65536;

    (void)state;
    assert_non_null(bytes);
    fill(bytes, MUCH);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)),
                     0);
    client.plain = true;
    fcgi_buffer_add(&client.out, bytes, 100);
    fcgi_client_pass(&client, bytes + 100, 20000);
    assert_int_equal(client.out.length, 0);
    assert_int_equal(n_asked, 0);
    fcgi_buffer_add(&client.out, bytes + 20100, 1);
    fcgi_client_pass(&client, bytes + 20101, MUCH - 20101 - 20000);
    assert_true(client.out.length >= 1 &&
                client.out.length <= MUCH - 20101 - 20000);
    fcgi_client_flush(&client);
    assert_true(client.blocked);
    /* Behind bytes that wait nothing is written. */
    fcgi_client_pass(&client, bytes + MUCH - 20000, 20000);
    memset(bytes, 0xff, MUCH);
    fcgi_client_finish(&client);
    expect_much(MUCH);
    free(bytes);
}

/* Not even all of what was there is taken. */
static void test_pass_little_room(void **state)
{
    uint8_t *bytes = malloc(MUCH);

    (void)state;
    assert_non_null(bytes);
    fill(bytes, MUCH);
    client.plain = true;
    fcgi_buffer_add(&client.out, bytes, MUCH - 20000);
    fcgi_client_pass(&client, bytes + MUCH - 20000, 20000);
    assert_true(client.written > 0);
    assert_int_equal(client.out.length, MUCH);
    fcgi_client_finish(&client);
    expect_much(MUCH);
    free(bytes);
}

/* What is little, or goes over TLS, is copied; no error is told at once. */
static void test_pass_copied(void **state)
{
    static uint8_t bytes[65536];

    (void)state;
    fcgi_client_pass(&client, bytes, sizeof(bytes));
    assert_int_equal(client.out.length, sizeof(bytes));
    client.plain = true;
    client.out.length = 0;
    fcgi_client_pass(&client, bytes, 100);
    assert_int_equal(client.out.length, 100);
    close(peer);
    peer = -1;
    fcgi_client_pass(&client, bytes, sizeof(bytes));
    assert_int_equal(client.out.length, sizeof(bytes) + 100);
    assert_string_equal(told, "");
    fcgi_client_flush(&client);
    assert_string_equal(told, "gone");
    fcgi_client_pass(&client, bytes, sizeof(bytes));
    assert_string_equal(told, "gone");
}

static void test_pass_no_memory(void **state)
{
    uint8_t *bytes = calloc(1, MUCH);

    (void)state;
    assert_non_null(bytes);
    client.plain = true;
    no_memory = true;
    fcgi_client_pass(&client, bytes, MUCH);
    no_memory = false;
    free(bytes);
    fcgi_client_flush(&client);
    assert_string_equal(told, "no-memory");
}

static void test_held(void **state)
{
    (void)state;
    script = "4A";
    put("abcdefghij");
    fcgi_client_flush(&client);
    /* Less is written than not: nothing is moved. */
    assert_int_equal(fcgi_client_held(&client), 10);
    client.written = 5;
    assert_int_equal(fcgi_client_held(&client), 5);
    assert_int_equal(client.written, 0);
    assert_memory_equal(client.out.data, "fghij", 5);
}

/* --- a client that goes away ------------------------------------------- */

static void test_write_fails(void **state)
{
    (void)state;
    script = "3P";
    put("abcdef");
    fcgi_client_flush(&client);
    assert_string_equal(told, "gone");
    fcgi_client_flush(&client);
    fcgi_client_finish(&client);
    assert_string_equal(told, "gone");
}

static void test_write_nothing(void **state)
{
    (void)state;
    script = "0";
    put("abc");
    fcgi_client_finish(&client);
    assert_string_equal(told, "gone");
}

static void test_closed(void **state)
{
    (void)state;
    close(peer); /* a Unix socket says at once that both halves are */
    peer = -1;
    run_until("gone");
}

static void reset_peer(void)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(peer);
    peer = -1;
}

static void test_reset(void **state)
{
    (void)state;
    reset_peer();
    run_until("gone");
}

static void test_reset_while_blocked(void **state)
{
    (void)state;
    script = "AAAAAAAA";
    put("abc");
    fcgi_client_flush(&client);
    reset_peer();
    for (int i = 0; i < PATIENCE / 5 && strstr(told, "gone") == NULL; i++)
        fcgi_loop_wait(loop, 5);
    assert_non_null(strstr(told, "gone"));
}

/* --- half a close ------------------------------------------------------ */

static void close_half(void)
{
    shutdown(peer, SHUT_WR);
    for (int i = 0; i < PATIENCE / 5 && !client.half_closed; i++)
        fcgi_loop_wait(loop, 5);
    assert_true(client.half_closed);
}

static void test_half_closed(void **state)
{
    uint64_t before = fcgi_loop_now(loop);

    (void)state;
    insert = "?";
    close_half();
    assert_string_equal(told, "");
    assert_true(client.timer.deadline >= before + 100 * FCGI_LOOP_MS);
    run_until("probe");
    expect("?");
    run_for(250);
    assert_string_equal(told, "probe"); /* once */
    put("answer");
    fcgi_client_finish(&client);
    assert_string_equal(told, "probe written");
    expect("answer");
}

/* What is written anyway asks, too. */
static void test_half_closed_and_written_to(void **state)
{
    (void)state;
    close_half();
    put("answer");
    fcgi_client_flush(&client);
    run_for(250);
    assert_string_equal(told, "");
    expect("answer");
}

/* Closed altogether, with nothing unread: a byte finds it out. */
static void test_probe_finds_out(void **state)
{
    (void)state;
    insert = "?";
    close(peer);
    peer = -1;
    run_until("probe gone");
}

/* Nothing can be inserted: it stays. */
static void test_probe_has_nothing(void **state)
{
    (void)state;
    close(peer);
    peer = -1;
    run_until("probe");
    run_for(150);
    assert_string_equal(told, "probe");
    put("answer"); /* the first byte is answered with a reset */
    fcgi_client_flush(&client);
    run_until("probe gone");
}

/* --- what time, memory and the kernel do ------------------------------- */

static void test_stalled(void **state)
{
    (void)state;
    script = "AAAAAAAAAAAAAAAA";
    put("abc");
    fcgi_client_flush(&client);
    assert_true(client.deadline > fcgi_loop_now(loop) + 59000 * FCGI_LOOP_MS);
    /* As if the minute were over. */
    client.deadline = fcgi_loop_now(loop);
    script = "";
    fcgi_loop_set_timer(loop, &client.timer, client.deadline);
    client.io.ready = NULL; /* no event may come before */
    fcgi_loop_remove(loop, &client.io);
    client.io.added = true;
    fcgi_loop_run(loop);
    assert_string_equal(told, "stalled");
}

static void test_no_memory(void **state)
{
    (void)state;
    no_memory = true;
    put("abc");
    no_memory = false;
    assert_true(client.out.failed);
    fcgi_client_flush(&client);
    assert_string_equal(told, "no-memory");
}

static void test_no_epoll(void **state)
{
    (void)state;
    no_epoll = true;
    script = "A";
    put("abc");
    fcgi_client_flush(&client);
    no_epoll = false;
    assert_string_equal(told, "no-memory");
}

/* The descriptor cannot be taken out of the host's loop, or put into ours. */
static void test_not_watched(void **state)
{
    bool *const faults[] = {&no_epoll, &watch_fails};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fcgi_client other = {0};

        told[0] = '\0';
        fcgi_client_open(&other, loop, &host, &script, fd, false, &handlers);
        *faults[i] = true;
        fcgi_client_attend(&other);
        *faults[i] = false;
        assert_string_equal(told, "no-memory");
    }
}

/* Bytes of a body are told while they are waited for. */
static void test_readable(void **state)
{
    (void)state;
    assert_int_equal(write(peer, "a", 1), 1);
    fcgi_loop_run(loop);
    assert_string_equal(told, "");
    fcgi_client_listen(&client, true);
    fcgi_loop_run(loop);
    fcgi_loop_run(loop);
    assert_string_equal(told, "readable");
    fcgi_client_listen(&client, true);
    shutdown(peer, SHUT_WR);
    fcgi_loop_run(loop);
    assert_string_equal(told, "readable readable");
}

int main(void)
{
#define UNIX(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define TCP(test) cmocka_unit_test_setup_teardown(test, set_up_tcp, tear_down)
    const struct CMUnitTest tests[] = {
        UNIX(test_turn),
        UNIX(test_turn_missed),
        UNIX(test_written),
        UNIX(test_short_writes),
        UNIX(test_again),
        UNIX(test_closed_in_room),
        UNIX(test_slow),
        UNIX(test_pass),
        TCP(test_pass),
        UNIX(test_pass_little_room),
        UNIX(test_pass_copied),
        UNIX(test_pass_no_memory),
        UNIX(test_held),
        UNIX(test_write_fails),
        UNIX(test_write_nothing),
        UNIX(test_closed),
        TCP(test_reset),
        TCP(test_reset_while_blocked),
        UNIX(test_half_closed),
        TCP(test_half_closed),
        TCP(test_half_closed_and_written_to),
        TCP(test_probe_finds_out),
        TCP(test_probe_has_nothing),
        UNIX(test_stalled),
        UNIX(test_no_memory),
        UNIX(test_no_epoll),
        UNIX(test_not_watched),
        UNIX(test_readable),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
