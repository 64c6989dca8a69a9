/* SPDX-License-Identifier: Apache-2.0
 *
 * Which regular expression includes which: known cases, and random ones, where
 * the C library's own search must not find a counterexample.
 */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-check/regex.h"

#define FLAGS (REG_EXTENDED | REG_ICASE | REG_NOSUB)

static void knows_cases(void **state)
{
    static const struct {
        const char *wide, *narrow;
        bool included;
    } cases[] = {
        {"/.*", "/x", true},
        {"/", "\\.php$", true},
        {"\\.php$", "/.*\\.php$", true},
        {"/.*\\.php$", "\\.php$", true},
        {"/.*\\.php", "/.*\\.php$", true},
        {"/.*\\.php$", "/.*\\.php", false},
        {"^/app", "^/app/x\\.php$", true},
        {"^/app/x", "/app/x", false},
        {"\\.(php|phtml)$", "\\.php$", true},
        {"\\.php$", "\\.(php|phtml)$", false},
        {"[a-z]+", "/A", true},
        {"[[:digit:]]", "/x[0-3]", true},
        {"[^a]b", "ab", false},
        {"\\.php[0-9]?$", "\\.php7$", true},
        {"\\.php[0-9]{2}$", "\\.php77$", true},
        {"\\.php[0-9]{2}$", "\\.php7$", false},
        {"x{2,4}", "x{3}", true},
        {"x{2,4}", "x{1,3}", false},
        {"^/$", "/", false},
        {"/", "^/$", true},
        {"\\.php(/|$)", "\\.php$", true},
        {"\\.php(/|$)", "\\.php", false},
        {"same\\1", "same\\1", true},
        /* What is not understood is not included. */
        {".*", "(a)\\1", false},
        {".*", "\\w", false},
        {".*", "a*{2}", false},
        {".*", "a{2}{2}", false},
        {".*", "()", false},
        {".*", "a{1", false},
        {".*", "[[.a.]]", false},
        {".*", "x{200}{200}", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (check_regex_includes(cases[i].wide, cases[i].narrow) !=
            cases[i].included)
            fail_msg("'%s' and '%s'", cases[i].wide, cases[i].narrow);
}

static uint64_t seed = 20240711;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(seed >> 33) % n;
}

static void random_text(char *text, size_t most, const char *alphabet)
{
    size_t n = 1 + random_below((uint32_t)most);

    for (size_t i = 0; i < n; i++)
        text[i] = alphabet[random_below((uint32_t)strlen(alphabet))];
    text[n] = '\0';
}

/* No text may be found by `narrow` and not by `wide`. */
static void try_texts(const regex_t *wide, const regex_t *narrow,
                      const char *expressions)
{
    char text[10] = "/";

    for (int i = 0; i < 200; i++) {
        random_text(text + 1, 6, "ab/.2A,");
        if (regexec(narrow, text, 0, NULL, 0) == 0 &&
            regexec(wide, text, 0, NULL, 0) != 0)
            fail_msg("%s: not '%s'", expressions, text);
    }
}

static void is_right_about_random_ones(void **state)
{
    char wide[12], narrow[12], both[32];
    regex_t a, b;
    int included = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        random_text(wide, 8, "ab/.*+?|()[]^$\\{}2,");
        random_text(narrow, 8, "ab/.*+?|()[]^$\\{}2,");
        if (!check_regex_includes(wide, narrow) || regcomp(&a, wide, FLAGS))
            continue;
        if (regcomp(&b, narrow, FLAGS) == 0) {
            snprintf(both, sizeof(both), "%s %s", wide, narrow);
            try_texts(&a, &b, both);
            regfree(&b);
            included++;
        }
        regfree(&a);
    }
    assert_true(included > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_cases),
        cmocka_unit_test(is_right_about_random_ones),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
