/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of a request of Monkey 1.8: what is made of the fields that say how
 * long it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "guard.h"
#include "monkey/core_request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct guard memory;

static int set_up(void **state)
{
    (void)state;
    guard_behind(&memory, 65536);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guard_free(&memory);
    return 0;
}

static struct mk_session session;
static struct mk_host vhost;
static const char *content; /* where the body lies */

/* Reads a request as the core has left it: of a Transfer-Encoding it has seen
 * the bit, of a Content-Length the number. */
static int read_request(const char *text, size_t length, long content_length,
                        struct fcgi_http_field *fields,
                        struct fcgi_http_request *request)
{
    const char *why;

    content = NULL;
    memset(&session, 0, sizeof(session));
    session.socket = -1;
    session.body = (char *)guard_put(&memory, text, length);
    session.body_length = (unsigned)length;
    session.parser.header_content_length = content_length;
    session.parser.header_transfer_encoding =
        strstr(text, "ransfer-") != NULL ? 1 : 0;
    session.sr_fixed.uri.len = 1; /* "/" */
    session.sr_fixed.host_conf = &vhost;
    return fcgi_monkey18_core_request_read(&session, &session.sr_fixed, fields,
                                           request, &content, &why);
}

static bool has_field(const struct fcgi_http_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_fields; i++)
        if (request->fields[i].name.length == strlen(name) &&
            strncasecmp(request->fields[i].name.data, name, strlen(name)) == 0)
            return true;
    return false;
}

static void test_body(void **state)
{
    static const char next[] = "GET /next HTTP/1.1\r\n";
    static const struct {
        const char *head, *body;
        long length; /* Content-Length */
        int status;
        const char *content; /* NULL: no body */
        bool refused;        /* by the gateway: the field is still there */
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n", "", -1, 0, NULL, false},
        {"GET / HTTP/1.1\r\nContent-Length: 3\r\n", "abc", 3, 0, "abc", false},
        {"POST / HTTP/1.1\r\nContent-Length: 0\r\n", "", 0, 0, "", false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
         "3\r\nabc\r\n0\r\n\r\n", -1, 0, "abc", false},
        {"POST / HTTP/1.1\r\nTransfer-encoding: Chunked\r\nA: b\r\n",
         "0\r\nX: y\r\n\r\n", -1, 0, "", false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "3\r\nab", -1,
         411, NULL, false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "3\nabc\n0\n\n",
         -1, 400, NULL, false},
        /* Two ways to tell where it ends, or none that all know. */
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
         "Content-Length: 5\r\n",
         "0\r\n\r\n", 5, 0, NULL, true},
        {"POST / HTTP/1.1\r\nContent-Length: 5\r\n"
         "Transfer-Encoding: chunked\r\n",
         "0\r\n\r\n", 5, 0, NULL, true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
         "Transfer-Encoding: chunked\r\n",
         "0\r\n\r\n", -1, 0, NULL, true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n",
         -1, 0, NULL, true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n", "0\r\n\r\n", -1,
         0, NULL, true},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n", "", -1, 0, NULL,
         true},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", -1,
         0, NULL, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool part = cases[i].status == 411;
        size_t head = strlen(cases[i].head) + 2, length;
        struct fcgi_http_field fields[MK_FIELDS_MAX];
        struct fcgi_http_request request;
        char text[512];
        int status;

        length =
            (size_t)snprintf(text, sizeof(text), "%s\r\n%s%s", cases[i].head,
                             cases[i].body, part ? "" : next);
        status = read_request(text, length, cases[i].length, fields, &request);
        if (status != cases[i].status)
            fail_msg("case %zu: status %d", i, status);
        assert_int_equal(has_field(&request, "transfer-encoding"),
                         cases[i].refused);
        assert_int_equal(request.framing == FCGI_HTTP_LENGTH,
                         cases[i].content != NULL);
        if (cases[i].content == NULL)
            continue;
        assert_int_equal(request.content_length, strlen(cases[i].content));
        if (request.content_length > 0)
            assert_memory_equal(content, cases[i].content,
                                (size_t)request.content_length);
        /* The next request begins behind it; no body, nothing to move. */
        if (cases[i].body[0] != '\0')
            assert_int_equal(session.parser.i + 1,
                             head + strlen(cases[i].body));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("monkey/body18", tests, set_up,
                                       tear_down);
}
