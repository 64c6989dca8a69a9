/* SPDX-License-Identifier: Apache-2.0
 *
 * What a request is called in the log: escaped, and cut where it is long, but
 * never within a character.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X47 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X200 X50 X50 X50 X50

static char logged[1024];

static void host_log(enum fcgi_log_level level, const char *line)
{
    assert_int_equal(level, FCGI_LOG_INFO);
    snprintf(logged, sizeof(logged), "%s", line);
}

static const struct {
    const char *method, *uri, *want;
} cases[] = {
    {"GET", "/x.php", "GET /x.php: so"},
    {"GET", "/\xc3\xa4.php", "GET /\xc3\xa4.php: so"},
    {"", "/x.php", "a request: so"},
    {"GET", "/\n\x1b[0m", "GET /\\x0a\\x1b[0m: so"},
    {"GET", "/" X200, "GET /" X200 ": so"},
    {"GET", "/" X200 X47, "GET /" X200 X47 ": so"},
    {"GET", "/" X200 X47 "y", "GET /" X200 X47 ": so"},
    {"GET", "/" X200 X47 "\xc3\xa4", "GET /" X200 X47 ": so"},
    {"GET",
     X200 X47 "\xe2\x82\xac"
              "y",
     "GET " X200 X47 "\xe2\x82\xac: so"},
    {"GET", X200 X47 "\x01y", "GET " X200 X47 "\\x01: so"},
    {"GET", X200 X200, "GET " X200 X47 "x: so"},
    {X200 X200, "/", X200 X47 "xxxxx: so"},
};

static void test_name(void **state)
{
    static const struct fcgi_host host = {.log = host_log};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct fcgi_http_request request = {
            .method = {cases[i].method, strlen(cases[i].method)},
            .uri = {cases[i].uri, strlen(cases[i].uri)},
        };
        struct fcgi_log log;

        fcgi_log_init(&log, &host, NULL, &request);
        fcgi_log_write(&log, NULL, FCGI_LOG_INFO, "%s", "so");
        assert_string_equal(logged, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_name)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
