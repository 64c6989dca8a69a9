/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of findings and the table of checks.
 */
#include "test_config_util.h"

#include "config/checks.h"

static void formats_places(void **state)
{
    static const struct {
        enum fcgi_diag_severity severity;
        unsigned line, column;
        const char *file, *expected;
    } cases[] = {
        {FCGI_DIAG_ERROR, 12, 5, "f.conf", "f.conf:12:5: error: m [FC004]"},
        {FCGI_DIAG_WARNING, 12, 0, "f.conf", "f.conf:12: warning: m [FC004]"},
        {FCGI_DIAG_ERROR, 0, 0, "f.conf", "f.conf: error: m [FC004]"},
        {FCGI_DIAG_NOTE, 7, 5, "f.conf", "f.conf:7:5: note: m"},
        {FCGI_DIAG_ERROR, 1, 1, "%s%n\n.conf",
         "%s%n\\x0a.conf:1:1: error: m [FC004]"},
        {FCGI_DIAG_ERROR, 4294967295U, 4294967295U, "f",
         "f:4294967295:4294967295: error: m [FC004]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fcgi_diag_list list;
        char buf[128], cut[8];
        int len;

        fcgi_diag_list_init(&list);
        fcgi_diag_add(&list, cases[i].severity, "FC004", cases[i].file,
                      cases[i].line, cases[i].column, 1, "%s", "m");
        len = fcgi_diag_format(&list.items[0], buf, sizeof(buf));
        assert_string_equal(buf, cases[i].expected);
        assert_int_equal(len, strlen(buf));
        assert_int_equal(fcgi_diag_format(&list.items[0], cut, sizeof(cut)),
                         len);
        assert_int_equal(strlen(cut), sizeof(cut) - 1);
        assert_int_equal(fcgi_diag_format(&list.items[0], NULL, 0), len);
        fcgi_diag_list_free(&list);
    }
}

static void escapes_what_cannot_be_shown(void **state)
{
    static const struct {
        const char *raw, *shown;
    } cases[] = {
        {"plain", "plain"},
        {"a\nb\r\tc", "a\\x0ab\\x0d\\x09c"},
        {"\x1b[31m\x7f", "\\x1b[31m\\x7f"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xc3", "\\xc3"},                            /* cut */
        {"\xc3(", "\\xc3("},                          /* wrong second byte */
        {"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong */
        {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},          /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
        {"\xff\xfe", "\\xff\\xfe"},
        {"\xc2\x9b", "\\xc2\\x9b"}, /* a control character of the C1 set */
        {"\xc2\xa0", "\xc2\xa0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fcgi_diag_list list;

        fcgi_diag_list_init(&list);
        fcgi_diag_add(&list, FCGI_DIAG_ERROR, "FC004", "f", 1, 1, 1, "%s",
                      cases[i].raw);
        assert_string_equal(list.items[0].message, cases[i].shown);
        fcgi_diag_list_free(&list);
    }
}

static void sorts_and_keeps_notes(void **state)
{
    static const struct {
        enum fcgi_diag_severity severity;
        unsigned line, column;
        const char *message;
    } added[] = {
        {FCGI_DIAG_ERROR, 9, 1, "f"},   {FCGI_DIAG_NOTE, 2, 1, "g"},
        {FCGI_DIAG_NOTE, 1, 1, "h"},    {FCGI_DIAG_ERROR, 3, 7, "d"},
        {FCGI_DIAG_WARNING, 3, 2, "b"}, {FCGI_DIAG_NOTE, 99, 1, "c"},
        {FCGI_DIAG_ERROR, 3, 7, "e"},   {FCGI_DIAG_ERROR, 0, 0, "a"},
        {FCGI_DIAG_ERROR, 9, 1, "i"},
    };
    struct fcgi_diag_list list;

    (void)state;
    fcgi_diag_list_init(&list);
    fcgi_diag_list_sort(&list);
    assert_int_equal(list.count, 0);
    for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
        fcgi_diag_add(&list, added[i].severity, "FC004", "f", added[i].line,
                      added[i].column, 1, "%s", added[i].message);
    }
    fcgi_diag_list_sort(&list);
    assert_int_equal(list.count, 9);
    assert_int_equal(list.errors, 5);
    for (size_t i = 0; i < list.count; i++) {
        char expected[2] = {(char)('a' + i), '\0'};

        assert_string_equal(list.items[i].message, expected);
    }
    fcgi_diag_list_free(&list);
    assert_int_equal(list.count + list.errors, 0);
}

static void grows(void **state)
{
    struct fcgi_diag_list list;

    (void)state;
    fcgi_diag_list_init(&list);
    for (unsigned i = 0; i < 1000; i++) {
        fcgi_diag_add(&list, FCGI_DIAG_ERROR, "FC004", "f", 1000 - i, 1, 1,
                      "%u", i);
    }
    fcgi_diag_list_sort(&list);
    assert_int_equal(list.count, 1000);
    assert_string_equal(list.items[0].message, "999");
    assert_string_equal(list.items[999].message, "0");
    fcgi_diag_list_free(&list);
}

static void table_of_checks_is_whole(void **state)
{
    size_t n;
    const struct fcgi_check *checks = fcgi_checks(&n);

    (void)state;
    assert_true(n > 30);
    for (size_t i = 0; i < n; i++) {
        const char *id = checks[i].id;

        /* In their order, each once. */
        assert_int_equal(strlen(id), 5);
        assert_int_equal(strncmp(id, "FC", 2), 0);
        assert_int_equal(strspn(id + 2, "0123456789"), 3);
        assert_true(i == 0 || strcmp(checks[i - 1].id, id) < 0);
        assert_true(strlen(checks[i].title) > 3);
        assert_true(strlen(checks[i].explain) > 20);
        assert_null(strchr(checks[i].explain, '\n'));
        assert_ptr_equal(fcgi_check_find(id), &checks[i]);
    }
    assert_ptr_equal(fcgi_check_find("fc004"), &checks[3]);
    assert_null(fcgi_check_find("FC999"));
    assert_null(fcgi_check_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_places),
        cmocka_unit_test(escapes_what_cannot_be_shown),
        cmocka_unit_test(sorts_and_keeps_notes),
        cmocka_unit_test(grows),
        cmocka_unit_test(table_of_checks_is_whole),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
