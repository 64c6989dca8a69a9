/* SPDX-License-Identifier: Apache-2.0
 *
 * The head that Monkey's core is given in place of a client's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monkey/short_head.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct fcgi_text text_of(const char *text)
{
    return (struct fcgi_text){text, strlen(text)};
}

/* Of a request's head, parsed as the gate does it. */
static size_t shorten(char *buf, size_t size, const char *request,
                      const char *host, const char *path, bool keep)
{
    struct fcgi_http_field fields[8];
    struct fcgi_http_head head;

    assert_int_equal(
        fcgi_http_head_parse(&head, request, strlen(request), fields, 8), 0);
    return fcgi_monkey16_short_head(buf, size, &head, text_of(host),
                                    text_of(path), keep);
}

static void test_heads(void **state)
{
    static const struct {
        const char *request, *host, *path, *want;
        bool keep;
    } rows[] = {
        {"GET /x.php HTTP/1.1\r\nHost: A.test\r\n\r\n", "a.test", "/x.php",
         "GET /x.php HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n"
         "\r\n",
         true},
        {"GET /x.php?q=1 HTTP/1.0\r\n\r\n", "a.test", "/x.php",
         "GET /x.php HTTP/1.0\r\nHost: a.test\r\nConnection: close\r\n\r\n",
         false},
        /* No body, no field but one, whatever there was. */
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\nX-A: b\r\n"
         "Expect: 100-continue\r\nUpgrade: x\r\n\r\n",
         "a", "/index.php",
         "POST /index.php HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n"
         "Content-Length: 0\r\n\r\n",
         true},
        {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "a",
         "/",
         "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
         "Content-Length: 0\r\n\r\n",
         false},
        {"DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", "a", "/",
         "DELETE / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
         true},
        {"PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", "a", "/",
         "PATCH / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true},
        /* What begins like one that the core knows would be taken for it, and
         * one letter alone is none. */
        {"POKE / HTTP/1.1\r\nHost: a\r\n\r\n", "a", "/",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true},
        {"PUTS / HTTP/1.1\r\nHost: a\r\n\r\n", "a", "/",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true},
        {"X / HTTP/1.1\r\nHost: a\r\n\r\n", "a", "/",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true},
        {"get / HTTP/1.1\r\nHost: a\r\n\r\n", "a", "/",
         "get / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true},
        /* A path that decodes once to what it is. */
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a", "/a b/%41?#\r\n\xc3\xa4~-_.",
         "GET /a%20b/%2541%3F%23%0D%0A%C3%A4~-_. HTTP/1.1\r\nHost: a\r\n"
         "Connection: keep-alive\r\n\r\n",
         true},
        /* For the plugin that asks for it. */
        {"GET / HTTP/1.1\r\nHost: a\r\nauthorization: Basic YTpi\r\n\r\n", "a",
         "/",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n"
         "Authorization: Basic YTpi\r\n\r\n",
         true},
        {"GET / HTTP/1.1\r\nHost: a\r\nReferer: http://b/\r\n\r\n", "a", "/",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n"
         "Referer: http://b/\r\n\r\n",
         true},
        {"GET / HTTP/1.1\r\nHost: a\r\nAuthorization:\r\n\r\n", "a", "/",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", "", "/",
         "GET / HTTP/1.0\r\nConnection: close\r\n\r\n", false},
    };
    char buf[512];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t length = shorten(buf, sizeof(buf) - 1, rows[i].request,
                                rows[i].host, rows[i].path, rows[i].keep);

        buf[length] = '\0';
        assert_string_equal(buf, rows[i].want);
        /* With a byte less there is none, rather than half of one. */
        assert_int_equal(shorten(buf, length, rows[i].request, rows[i].host,
                                 rows[i].path, rows[i].keep),
                         length);
        assert_int_equal(shorten(buf, length - 1, rows[i].request, rows[i].host,
                                 rows[i].path, rows[i].keep),
                         0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("monkey/short_head", tests, NULL, NULL);
}
