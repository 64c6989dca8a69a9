/* SPDX-License-Identifier: Apache-2.0
 *
 * Which clients prefer JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "http/accept.h"
#include "http/chars.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const json[] = {
    "application/json",
    "Application/JSON",
    "application/problem+json",
    "application/json, text/plain, */*", /* axios */
    "application/problem+json, application/json;q=0.5",
    "text/html;q=0.5, application/json;q=0.9",
    "text/html;q=0.999,application/json",
    "text/html;level=1;q=0,application/json;q=0.001",
    "application/json ; charset=utf-8 ; Q=0.5,*/*;q=0.9",
    "application/json;q=1.000, text/html;q=0.9",
    ",,application/json,",
    "text/html;q=2, application/json",
    "application/json;v=0", /* no quality */
    "application/json;qs",
};

static const char *const others[] = {
    "",
    "*/*",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/*",
    "text/html, application/json",
    "application/json;q=0.9, text/html",
    "application/json;q=0.5, application/xhtml+xml;q=0.7",
    "application/json;q=0",
    "application/json;q=",
    "application/json;q=x",
    "application/json;q=1.001",
    "application/json;q=11",
    "application/jsonp",
    "text/json",
    "image/png",
    ";",
    "x=\"application/json",
};

static void check(const char *text, bool want)
{
    struct guard guard;
    size_t n = strlen(text);
    struct fcgi_text value = {NULL, n};
    bool got;

    guard_behind(&guard, n > 0 ? n : 1);
    value.data = (const char *)guard_put(&guard, text, n);
    got = fcgi_http_accept_json(value);
    guard_free(&guard);
    if (got != want)
        fail_msg("'%s': %d", text, got);
}

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(json); i++)
        check(json[i], true);
    for (size_t i = 0; i < COUNT(others); i++)
        check(others[i], false);
    assert_false(fcgi_http_accept_json((struct fcgi_text){NULL, 0}));
}

/* Letters are the same in both cases, and nothing else is. */
static void test_same(void **state)
{
    const char *lower = "abcdefghijklmnopqrstuvwxyz@[`{^~";
    const char *text = "ABCDEFGHIJKLMNOPQRSTUVWXYZ@[`{^~";

    (void)state;
    assert_true(fcgi_http_text_same(text, lower, strlen(lower)));
    assert_true(fcgi_http_text_same(lower, lower, strlen(lower)));
    assert_false(fcgi_http_text_same("@", "`", 1));
    assert_false(fcgi_http_text_same("[", "{", 1));
    assert_false(fcgi_http_text_same("^", "~", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table),
                                       cmocka_unit_test(test_same)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
