/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON writer: form, escapes, bytes that are no UTF-8.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"

static char *text;
static size_t size;

static struct fcgi_json start(unsigned indent)
{
    struct fcgi_json json;

    free(text);
    text = NULL;
    fcgi_json_init(&json, open_memstream(&text, &size), indent);
    assert_non_null(json.out);
    return json;
}

static void expect(struct fcgi_json *json, const char *expected)
{
    assert_int_equal(fclose(json->out), 0);
    assert_string_equal(text, expected);
    free(text);
    text = NULL;
}

static void write_sample(struct fcgi_json *json)
{
    fcgi_json_object(json, NULL);
    fcgi_json_uint(json, "u", UINT64_MAX);
    fcgi_json_int(json, "i", INT64_MIN);
    fcgi_json_array(json, "a");
    fcgi_json_bool(json, NULL, true);
    fcgi_json_null(json, NULL);
    fcgi_json_array(json, NULL);
    fcgi_json_array_end(json);
    fcgi_json_object(json, NULL);
    fcgi_json_object_end(json);
    fcgi_json_array_end(json);
    fcgi_json_string(json, "s", NULL);
    fcgi_json_object_end(json);
}

static void has_a_form(void **state)
{
    struct fcgi_json json = start(0);

    (void)state;
    write_sample(&json);
    expect(&json,
           "{\"u\":18446744073709551615,\"i\":-9223372036854775808,"
           "\"a\":[true,null,[],{}],\"s\":null}\n");
    json = start(2);
    write_sample(&json);
    expect(&json,
           "{\n"
           "  \"u\": 18446744073709551615,\n"
           "  \"i\": -9223372036854775808,\n"
           "  \"a\": [\n"
           "    true,\n"
           "    null,\n"
           "    [],\n"
           "    {}\n"
           "  ],\n"
           "  \"s\": null\n"
           "}\n");
}

static void escapes(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *expected;
    } cases[] = {
        {"", 0, "\"\""},
        {"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
        {"\n\t\r\x1b\x7f", 5, "\"\\n\\t\\u000d\\u001b\\u007f\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x92", 9,
         "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x92\""},
        {"\xc2\x85", 2, "\"\\u0085\""},
        {"\xd8\x9c\xe2\x80\xae", 5, "\"\\u061c\\u202e\""},
        {"\xf3\xa0\x81\x81", 4, "\"\\udb40\\udc41\""},
        {"\xff\xc3", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xe2\x82x", 3, "\"\xef\xbf\xbd\xef\xbf\xbdx\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fcgi_json json = start(0);

        fcgi_json_bytes(&json, NULL, cases[i].bytes, cases[i].length);
        expect(&json, cases[i].expected);
    }
}

static void writes_reals(void **state)
{
    struct fcgi_json json = start(0);

    (void)state;
    fcgi_json_array(&json, NULL);
    fcgi_json_real(&json, NULL, 0.5, 3);
    fcgi_json_real(&json, NULL, -1e21, 0);
    fcgi_json_real(&json, NULL, (double)NAN, 3);
    fcgi_json_real(&json, NULL, (double)INFINITY, 3);
    fcgi_json_array_end(&json);
    expect(&json, "[0.500,-1000000000000000000000,null,null]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_a_form),
        cmocka_unit_test(escapes),
        cmocka_unit_test(writes_reals),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
