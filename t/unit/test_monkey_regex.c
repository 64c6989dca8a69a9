/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions as Monkey 1.8 understands them: what they match, where, and which
 * cannot be compiled. Random ones, of the parts that POSIX has too, are
 * compared with regexec().
 */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monkey/regex18.h"
#include "proto_random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOWHERE (-1)

static struct mk_regex compiled[MK_REGEX_MOST];
static unsigned char classes[MK_REGEX_CLASS_MOST];

static int find(const char *expression, const char *text, size_t from,
                size_t *end)
{
    size_t begin = 0;

    if (!fcgi_monkey18_regex_compile(expression, compiled, classes))
        fail_msg("%s does not compile", expression);
    if (!fcgi_monkey18_regex_find(compiled, text, from, &begin, end))
        return NOWHERE;
    return (int)begin;
}

static void test_cases(void **state)
{
    static const struct {
        const char *expression, *text;
        int begin, end;
    } cases[] = {
        {"/.*\\.php", "/a/x.php", 0, 8},
        {"/.*\\.php", "/a/x.php.txt", 0, 8},
        {"/.*\\.php$", "/a/x.php.txt", NOWHERE, 0},
        {"\\.php$", "/a/x.php", 4, 8},
        {"/.*\\.php", "/X.PHP", NOWHERE, 0},
        {"\\.[pP][hH][pP]$", "/X.PhP", 2, 6},
        {"^/app", "/app/x", 0, 4},
        {"^/app", "/x/app", NOWHERE, 0},
        {"/app", "/x/app", 2, 6},
        {"a+b", "aab", 0, 3},
        {"a+b", "b", NOWHERE, 0},
        {"a*b", "b", 0, 1},
        /* '?' takes as little as it can, '*' and '+' as much. */
        {"ab?", "ab", 0, 1},
        {"ab?c", "abc", 0, 3},
        {"a.*b", "abab", 0, 4},
        {"\\d+", "a12b", 1, 3},
        {"\\D", "12b", 2, 3},
        {"\\w+\\W\\w", " a_1-b", 1, 6},
        {"\\s\\S", "a \tb", 2, 4},
        {"[^a-c]", "abd", 2, 3},
        {"[^a-c]", "abc", NOWHERE, 0},
        {"[\\d.]+", "a1.2b", 1, 4},
        {"[\\]]", "a]", 1, 2},
        {"[a-]", "-", 0, 1},
        {"[-a]", "-", 0, 1},
        {"\\.", "a.", 1, 2},
        {".", "\n", 0, 1},
        /* What looks like more stands for itself. */
        {"a|b", "a", NOWHERE, 0},
        {"a|b", "a|b", 0, 3},
        {"(a)", "a", NOWHERE, 0},
        {"(a)", "(a)", 0, 3},
        {"a{2}", "aa", NOWHERE, 0},
        {"a{2}", "a{2}", 0, 4},
        /* Quirks. */
        {"$", "a", NOWHERE, 0},
        {"a*", "b", 0, 0},
        {"a*", "", NOWHERE, 0},
        {"^", "", 0, 0},
        {"^$", "", 0, 0},
        {"^$", "a", NOWHERE, 0},
        {"a$b", "a$b", NOWHERE, 0},
        {"a^b", "a^b", NOWHERE, 0},
        {"*a", "*a", NOWHERE, 0},
        {"\xc3\xbc", "\xc3\xbc", NOWHERE, 0},
        {"[\xc3][\xbc]", "\xc3\xbc", 0, 2},
        {"..", "\xc3\xbc", 0, 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t end = 0;
        int begin = find(cases[i].expression, cases[i].text, 0, &end);

        if (begin != cases[i].begin ||
            (begin != NOWHERE && (int)end != cases[i].end))
            fail_msg("%s in %s: %d to %zu", cases[i].expression, cases[i].text,
                     begin, end);
    }
}

static void test_from(void **state)
{
    size_t end;

    (void)state;
    assert_int_equal(find("\\.php", "/a.php.php", 0, &end), 2);
    assert_int_equal(find("\\.php", "/a.php.php", 3, &end), 6);
    assert_int_equal(end, 10);
    assert_int_equal(find("\\.php", "/a.php.php", 7, &end), NOWHERE);
    assert_int_equal(find("\\.php", "/a.php.php", 10, &end), NOWHERE);
    assert_int_equal(find("^/", "//", 1, &end), NOWHERE);
}

static void test_wrong(void **state)
{
    static const char *const wrong[] = {
        "\\", "a\\", "[", "[a", "[^", "[a\\", "[\\]",
        /* 39 bytes do not fit, for a NUL is in front and one behind. */
        "[123456789012345678901234567890123456789]",
        "[12345678901234567890][1234567890123456789]"};
    static const char most[] = "[12345678901234567890123456789012345678]";

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (fcgi_monkey18_regex_compile(wrong[i], compiled, classes))
            fail_msg("%s compiles", wrong[i]);
    assert_true(fcgi_monkey18_regex_compile(most, compiled, classes));
}

/* What is too long is cut: the rest is not looked at. */
static void test_long(void **state)
{
    char expression[2 * MK_REGEX_MOST], text[2 * MK_REGEX_MOST];
    size_t end;

    (void)state;
    memset(expression, 'a', sizeof(expression) - 1);
    expression[sizeof(expression) - 1] = '\0';
    memset(text, 'a', MK_REGEX_MOST - 1);
    text[MK_REGEX_MOST - 1] = '\0';
    assert_int_equal(find(expression, text, 0, &end), 0);
    assert_int_equal(end, MK_REGEX_MOST - 1);
    text[MK_REGEX_MOST - 2] = '\0';
    assert_int_equal(find(expression, text, 0, &end), NOWHERE);
}

static void test_random(void **state)
{
    static const char *const parts[] = {"a", "b", ".", "[ab]", "[^a]", "/"};
    static const char *const counts[] = {"", "", "", "*", "+", "?"};
    uint64_t seed = 18;
    size_t matches = 0;

    (void)state;
    for (size_t round = 0; round < 50000; round++) {
        size_t n = 1 + random_below(&seed, 4), length, end = 0;
        char expression[64] = "", text[12];
        regmatch_t posix;
        regex_t regex;
        bool found;
        int begin;

        if (random_below(&seed, 4) == 0)
            strcat(expression, "^");
        for (size_t i = 0; i < n; i++) {
            strcat(expression, parts[random_below(&seed, COUNT(parts))]);
            strcat(expression, counts[random_below(&seed, COUNT(counts))]);
        }
        if (random_below(&seed, 4) == 0)
            strcat(expression, "$");
        length = random_below(&seed, sizeof(text));
        for (size_t i = 0; i < length; i++)
            text[i] = "ab/c"[random_below(&seed, 4)];
        text[length] = '\0';
        assert_int_equal(regcomp(&regex, expression, REG_EXTENDED), 0);
        found = regexec(&regex, text, 1, &posix, 0) == 0;
        regfree(&regex);
        /* At the end of a text nothing is found, see above. */
        if (found && expression[0] != '^' && posix.rm_so == (int)length)
            found = false;
        begin = find(expression, text, 0, &end);
        if (begin != (found ? (int)posix.rm_so : NOWHERE) ||
            (found && end > (size_t)posix.rm_eo))
            fail_msg("round %zu: %s in %s: %d", round, expression, text, begin);
        matches += found;
    }
    assert_true(matches >= 10000 && matches <= 49000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),  cmocka_unit_test(test_from),
        cmocka_unit_test(test_wrong),  cmocka_unit_test(test_long),
        cmocka_unit_test(test_random),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("monkey/regex18", tests, NULL, NULL);
}
