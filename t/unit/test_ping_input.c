/* SPDX-License-Identifier: Apache-2.0
 *
 * What fcgi-ping reads by itself: ranges, lists of statuses, php-fpm's status
 * page; and labels of Prometheus.
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

#include "common/cli.h"
#include "fcgi-ping/fpm.h"
#include "fcgi-ping/prometheus.h"
#include "fcgi-ping/range.h"

static void ranges(void **state)
{
    /* The examples of the plugins' guidelines, and their edges. */
    static const struct {
        const char *text;
        double value;
        bool alerts;
    } cases[] = {
        {"10", -0.1, true},        {"10", 0, false},
        {"10", 10, false},         {"10", 10.1, true},
        {"10:", 9.9, true},        {"10:", 10, false},
        {"10:", 1e300, false},     {"~:10", -1e300, false},
        {"~:10", 10, false},       {"~:10", 10.1, true},
        {"10:20", 9, true},        {"10:20", 10, false},
        {"10:20", 20, false},      {"10:20", 21, true},
        {"@10:20", 9, false},      {"@10:20", 10, true},
        {"@10:20", 20, true},      {"@10:20", 21, false},
        {"0.25", 0.2500001, true}, {".5", 0.5, false},
        {"-3:-1", -2, false},      {"-3:-1", 0, true},
        {"@5", 5, true},           {"@5", 6, false},
        {":5", 5, false},          {":", 7, false},
        {"@~:", 7, true},
    };
    static const char *const bad[] = {"",    "@",    "a",    "10:5", "1:2:3",
                                      "1,5", "~",    "5:~",  "1e3",  "0x10",
                                      " 1",  "1 ",   "inf",  "nan",  "-",
                                      ".",   "1..2", "--1:", "~5:",  "+1"};
    struct fcgi_range range;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (fcgi_range_parse(cases[i].text, &range) < 0 ||
            fcgi_range_alerts(&range, cases[i].value) != cases[i].alerts)
            fail_msg("'%s' with %f", cases[i].text, cases[i].value);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (fcgi_range_parse(bad[i], &range) == 0)
            fail_msg("'%s' is taken for a range", bad[i]);
}

static void statuses(void **state)
{
    static const char *const bad[] = {"",        "99",       "600",  "2xx",
                                      "200,",    ",200",     "200-", "300-200",
                                      "200 300", "200-299x", "-200", "0200"};
    struct fcgi_statuses s;
    char many[256] = "200";

    (void)state;
    assert_int_equal(fcgi_statuses_parse("200-299,404,500-599", &s), 0);
    assert_true(fcgi_statuses_have(&s, 200));
    assert_true(fcgi_statuses_have(&s, 299));
    assert_false(fcgi_statuses_have(&s, 300));
    assert_true(fcgi_statuses_have(&s, 404));
    assert_false(fcgi_statuses_have(&s, 405));
    assert_true(fcgi_statuses_have(&s, 599));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (fcgi_statuses_parse(bad[i], &s) == 0)
            fail_msg("'%s' is taken for statuses", bad[i]);
    for (int i = 1; i < FCGI_STATUSES_MOST; i++)
        strcat(many, ",201");
    assert_int_equal(fcgi_statuses_parse(many, &s), 0);
    strcat(many, ",201");
    assert_int_equal(fcgi_statuses_parse(many, &s), -1);
}

static void fpm_page(void **state)
{
    /* As php-fpm 8.2 writes it; the pool's name has an escape that JSON does
     * not know, and a quote. */
    static const char page[] =
        "{\"pool\":\"w\\'w\\\"\\x01\",\"process manager\":\"dynamic\","
        "\"start time\":1700000000,\"start since\":7,\"accepted conn\":12,"
        "\"listen queue\":3,\"max listen queue\":4,\"listen queue len\":511,"
        "\"idle processes\":1,\"active processes\":5,\"total processes\":6,"
        "\"max active processes\":2,\"max children reached\":9,"
        "\"slow requests\":8}";
    static const char full[] =
        "{\"idle processes\": 1, \"active processes\" :2,\n\"listen queue\":3,"
        "\"processes\":[{\"idle processes\":99}]}";
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "pong",
        "<html>",
        "{\"idle processes\":1}",
        "{\"idle processes\":1,\"active processes\":2,\"listen queue\":\"3\"}"};
    struct fcgi_fpm fpm;

    (void)state;
    assert_int_equal(fcgi_fpm_parse(page, sizeof(page) - 1, &fpm), 0);
    assert_string_equal(fpm.pool, "w\\'w\\\"\\x01");
    assert_int_equal(fpm.numbers[FCGI_FPM_ACTIVE], 5);
    assert_int_equal(fpm.numbers[FCGI_FPM_IDLE], 1);
    assert_int_equal(fpm.numbers[FCGI_FPM_QUEUE], 3);
    assert_int_equal(fpm.numbers[FCGI_FPM_MAX_QUEUE], 4);
    assert_int_equal(fpm.numbers[FCGI_FPM_BACKLOG], 511);
    assert_int_equal(fpm.numbers[FCGI_FPM_SLOW], 8);
    assert_int_equal(fpm.numbers[FCGI_FPM_MAX_CHILDREN], 9);
    assert_int_equal(fpm.numbers[FCGI_FPM_ACCEPTED], 12);
    assert_int_equal(fcgi_fpm_parse(full, sizeof(full) - 1, &fpm), 0);
    assert_int_equal(fpm.numbers[FCGI_FPM_IDLE], 1);
    assert_false(fpm.have[FCGI_FPM_TOTAL]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(fcgi_fpm_parse(bad[i], strlen(bad[i]), &fpm), -1);
    /* Cut anywhere it is refused or whole, and never read past. */
    for (size_t n = 0; n < sizeof(page); n++) {
        char *copy = malloc(n + 1);

        memcpy(copy, page, n);
        fcgi_fpm_parse(copy, n, &fpm);
        free(copy);
    }
}

static void labels(void **state)
{
    static const struct {
        const char *text, *label;
    } cases[] = {
        {"unix:/run/a.sock", "unix:/run/a.sock"},
        {"a\"b\\c", "a\\\"b\\\\c"},
        {"line\nend", "line\\\\x0aend"},
        {"\xff\xc3\xa4", "\\\\xff\xc3\xa4"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        fcgi_prometheus_label(out, cases[i].text);
        fclose(out);
        assert_string_equal(text, cases[i].label);
        free(text);
    }
}

static void times(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        {"0.2", 200000000},    {"200ms", 200000000},
        {".5ms", 500000},      {"2", 2000000000},
        {"2s", 2000000000},    {"1.5m", 90000000000},
        {"1h", 3600000000000}, {"0", 0},
    };
    static const char *const bad[] = {"",
                                      "ms",
                                      "1 s",
                                      "1us",
                                      "-1",
                                      "1,5",
                                      "1.2.3",
                                      "1e3",
                                      "0x1",
                                      "1ss",
                                      "9999999h",
                                      "1.0000000001",
                                      "99999999999999999999"};
    uint64_t ns;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            fcgi_cli_time(cases[i].text, UINT64_C(86400000000000), &ns), 0);
        assert_int_equal(ns, cases[i].ns);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (fcgi_cli_time(bad[i], UINT64_C(86400000000000), &ns) == 0)
            fail_msg("'%s' is taken for a time", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges),   cmocka_unit_test(statuses),
        cmocka_unit_test(fpm_page), cmocka_unit_test(labels),
        cmocka_unit_test(times),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
