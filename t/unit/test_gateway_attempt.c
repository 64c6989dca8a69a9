/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from each failure of a try: the retry rules' name for it, the
 * status, the counter, whether it proves that nothing ran, whether it speaks
 * against the server, and the words of the log.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "gateway/attempt.h"

static char name[] = "app";
static struct fcgi_server_config config = {
    .name = name,
    .connect_timeout = 1000,
    .send_timeout = 2000,
    .read_timeout = 3000,
    .queue_timeout = 4000,
    .max_connections = 7,
    .queue_size = 8,
    .endpoint = {.kind = FCGI_ENDPOINT_UNIX, .path = "/"},
};
static struct fcgi_server server = {
    .config = &config, .where = "/app.sock", .limit = {.learned = 7}};

struct want {
    enum fcgi_retry_event event;
    int status;
    enum fcgi_count counter;
    bool unexecuted, servers, refusal;
    const char *words;
};

static void check(const struct fcgi_attempt *attempt, const struct want *want)
{
    char text[FCGI_ATTEMPT_TEXT];

    fcgi_attempt_describe(attempt, text, sizeof(text));
    if (strstr(text, want->words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", want->words, text);
    assert_int_equal(fcgi_attempt_event(attempt), want->event);
    assert_int_equal(fcgi_attempt_status(attempt), want->status);
    assert_int_equal(fcgi_attempt_counter(attempt), want->counter);
    assert_int_equal(fcgi_attempt_is_unexecuted(attempt), want->unexecuted);
    assert_int_equal(fcgi_attempt_is_servers(attempt), want->servers);
    assert_int_equal(fcgi_attempt_is_refusal(attempt), want->refusal);
}

static void test_before_a_connection(void **state)
{
    static const struct {
        enum fcgi_attempt_kind kind;
        struct want want;
    } cases[] = {
        {FCGI_ATTEMPT_NO_SERVER,
         {FCGI_RETRY_FINAL, 503, FCGI_COUNTS, .words = "Match rule"}},
        {FCGI_ATTEMPT_NO_MEMORY,
         {FCGI_RETRY_FINAL, 500, FCGI_COUNTS, .words = "out of memory"}},
        {FCGI_ATTEMPT_QUEUE_FULL,
         {FCGI_RETRY_QUEUE_FULL, 503, FCGI_COUNT_QUEUE_FULL,
          .words = "(MaxConnections 7) and too many requests wait for one"}},
        {FCGI_ATTEMPT_QUEUE_TIMEOUT,
         {FCGI_RETRY_FINAL, 503, FCGI_COUNT_QUEUE_TIMEOUT,
          .words = "within 4000 ms (QueueTimeout; MaxConnections 7)"}},
        {FCGI_ATTEMPT_TAKEN_OUT,
         {FCGI_RETRY_TAKEN_OUT, 503, FCGI_COUNTS, .words = "taken out"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct fcgi_attempt attempt = {.kind = cases[i].kind,
                                             .server = &server};

        check(&attempt, &cases[i].want);
    }
}

static void test_connection(void **state)
{
    static const struct {
        struct fcgi_conn_problem problem;
        struct want want;
    } cases[] = {
        {{.failure = FCGI_CONN_CONNECT,
          .error = ECONNREFUSED,
          .unexecuted = true},
         {FCGI_RETRY_NO_CONNECT, 503, FCGI_COUNT_CONNECT_FAILED, true, true,
          true, "refused (is the application running"}},
        {{.failure = FCGI_CONN_CONNECT, .error = ENOENT, .unexecuted = true},
         {FCGI_RETRY_NO_CONNECT, 503, FCGI_COUNT_CONNECT_FAILED, true, true,
          true, "the ServerPath"}},
        {{.failure = FCGI_CONN_CONNECT, .error = EACCES, .unexecuted = true},
         {FCGI_RETRY_NO_CONNECT, 503, FCGI_COUNT_CONNECT_FAILED, true, true,
          true, "permission denied: user '"}},
        {{.failure = FCGI_CONN_CONNECT,
          .error = EHOSTUNREACH,
          .unexecuted = true},
         {FCGI_RETRY_NO_CONNECT, 503, FCGI_COUNT_CONNECT_FAILED, true, true,
          false, "No route"}},
        {{.failure = FCGI_CONN_CONNECT,
          .call = FCGI_CALL_SOCKET,
          .error = EMFILE,
          .ours = true,
          .unexecuted = true},
         {FCGI_RETRY_NO_CONNECT, 503, FCGI_COUNT_CONNECT_FAILED, true, false,
          false, "ulimit -n"}},
        {{.failure = FCGI_CONN_CONNECT,
          .call = FCGI_CALL_CONNECT,
          .error = EADDRNOTAVAIL,
          .ours = true,
          .unexecuted = true},
         {FCGI_RETRY_NO_CONNECT, 503, FCGI_COUNT_CONNECT_FAILED, true, false,
          false, "ip_local_port_range"}},
        {{.failure = FCGI_CONN_BROKEN,
          .call = FCGI_CALL_EPOLL,
          .error = ENOMEM,
          .ours = true},
         {FCGI_RETRY_BROKEN, 503, FCGI_COUNT_BROKEN, false, false, false,
          "epoll_ctl"}},
        {{.failure = FCGI_CONN_CONNECT_TIMEOUT, .unexecuted = true},
         {FCGI_RETRY_NO_CONNECT, 504, FCGI_COUNT_CONNECT_TIMEOUT, true, true,
          false, "1000 ms (ConnectTimeout)"}},
        {{.failure = FCGI_CONN_CONNECT_TIMEOUT,
          .error = EAGAIN,
          .unexecuted = true},
         {FCGI_RETRY_NO_CONNECT, 503, FCGI_COUNT_CONNECT_TIMEOUT, true, true,
          false, "backlog is full"}},
        {{.failure = FCGI_CONN_SEND_TIMEOUT},
         {FCGI_RETRY_TIMEOUT, 504, FCGI_COUNT_SEND_TIMEOUT, false, true, false,
          "2000 ms (SendTimeout)"}},
        {{.failure = FCGI_CONN_SEND_TIMEOUT, .unexecuted = true},
         {FCGI_RETRY_TIMEOUT, 504, FCGI_COUNT_SEND_TIMEOUT, true, true, false,
          "(SendTimeout)"}},
        {{.failure = FCGI_CONN_READ_TIMEOUT},
         {FCGI_RETRY_TIMEOUT, 504, FCGI_COUNT_READ_TIMEOUT, false, true, false,
          "3000 ms (ReadTimeout)"}},
        {{.failure = FCGI_CONN_BROKEN, .error = ECONNRESET},
         {FCGI_RETRY_BROKEN, 502, FCGI_COUNT_BROKEN, false, true, false,
          "broke: Connection reset"}},
        {{.failure = FCGI_CONN_CLOSED},
         {FCGI_RETRY_BROKEN, 502, FCGI_COUNT_BROKEN, false, true, false,
          "closed the connection"}},
        {{.failure = FCGI_CONN_CLOSED, .unexecuted = true},
         {FCGI_RETRY_BROKEN, 502, FCGI_COUNT_BROKEN, true, true, false,
          "closed the connection"}},
        {{.failure = FCGI_CONN_PROTOCOL},
         {FCGI_RETRY_FINAL, 502, FCGI_COUNT_PROTOCOL, false, true, false,
          "is no answer"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct fcgi_attempt attempt = {.kind = FCGI_ATTEMPT_CONNECTION,
                                             .server = &server,
                                             .problem = cases[i].problem};

        check(&attempt, &cases[i].want);
    }
}

/* Each protocol status that there can be: two of them, and no other, prove
 * that nothing ran, and only if the application has said nothing else. */
static void test_protocol_status(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 256; i++) {
        struct fcgi_attempt attempt = {.kind = FCGI_ATTEMPT_REFUSED,
                                       .server = &server,
                                       .protocol_status = (uint8_t)i};
        bool declined = i == FCGI_OVERLOADED || i == FCGI_CANT_MPX_CONN;
        struct want want = {
            .event = declined ? FCGI_RETRY_DECLINED : FCGI_RETRY_FINAL,
            .status = declined ? 503 : 502,
            .counter = i <= 3 ? FCGI_COUNT_OVERLOADED : FCGI_COUNT_PROTOCOL,
            .unexecuted = declined,
            .servers = true,
            .words = i == FCGI_OVERLOADED      ? "(OVERLOADED)"
                     : i == FCGI_CANT_MPX_CONN ? "(CANT_MPX_CONN)"
                     : i == FCGI_UNKNOWN_ROLE  ? "(UNKNOWN_ROLE)"
                                               : "which FastCGI does not know",
        };

        check(&attempt, &want);
        attempt.begun = true;
        want.event = FCGI_RETRY_FINAL;
        want.status = 502;
        want.unexecuted = false;
        check(&attempt, &want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_a_connection),
        cmocka_unit_test(test_connection),
        cmocka_unit_test(test_protocol_status),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
