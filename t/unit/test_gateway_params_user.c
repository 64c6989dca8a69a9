/* SPDX-License-Identifier: Apache-2.0
 *
 * The user's name in an Authorization field: what is read, what is not, and
 * the longest that is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/params_user.h"
#include "guard.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Reads from memory behind which nothing can be read, into memory behind which
 * nothing can be written. */
static size_t read_user(const char *field, size_t length, char *copy)
{
    struct guard in, out;
    size_t n;

    guard_behind(&in, length > 0 ? length : 1);
    guard_behind(&out, FCGI_PARAMS_USER_SIZE);
    n = fcgi_params_user(
        (struct fcgi_text){(const char *)guard_put(&in, field, length), length},
        (char *)out.bytes);
    assert_true(n <= FCGI_PARAMS_USER_SIZE);
    memcpy(copy, out.bytes, n);
    copy[n] = '\0';
    guard_free(&in);
    guard_free(&out);
    return n;
}

static void test_table(void **state)
{
    static const struct {
        const char *field, *user; /* "": none */
    } all[] = {
        {"Basic YTpi", "a"},                 /* a:b */
        {"Basic YWxpY2U6d29uZGVy", "alice"}, /* alice:wonder */
        {"Basic Ym9iOmI6Yw==", "bob"},       /* bob:b:c */
        {"Basic YTo=", "a"},                 /* a: */
        {"Basic w6Q6eA==", "\xc3\xa4"},      /* a with dots:x */
        {"Basic YSBiOng=", "a b"},           /* a b:x */
        {"Basic Pz8+Pz8/Og==", "?\x3f>???"}, /* with + and / */
        {"Basic OmI=", ""},                  /* :b */
        {"Basic YWI=", ""},                  /* ab, no colon */
        {"Basic ", ""},
        {"Basic", ""},
        {"", ""},
        {"basic YTpi", ""}, /* as Monkey's plugin compares */
        {"Basic  YTpi", ""},
        {"Digest YTpi", ""},
        {"Basic YTpi=", ""},
        {"Basic YTp", ""},
        {"Basic YT=i", ""},
        {"Basic Y===", ""},
        {"Basic ====", ""},
        {"Basic YTpi YTpi", ""},
        {"Basic YTpi\n", ""},
        {"Basic YTp*", ""},
        {"Basic YTp-", ""},     /* another alphabet */
        {"Basic YQpiOng=", ""}, /* a, newline, b:x */
        {"Basic YQBiOng=", ""}, /* a, NUL, b:x */
        {"Basic YX86eA==", ""}, /* a, DEL:x */
    };
    char user[FCGI_PARAMS_USER_SIZE + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        size_t n = read_user(all[i].field, strlen(all[i].field), user);

        if (n != strlen(all[i].user) || memcmp(user, all[i].user, n) != 0)
            fail_msg("%s: %zu <%s>", all[i].field, n, user);
    }
}

/* Any byte in any place of a group: nothing is read but what is base64. */
static void test_bytes(void **state)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char user[FCGI_PARAMS_USER_SIZE + 1];

    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 6; at < 9; at++) {
            char field[] = "Basic YTpiYTpi";
            bool good = c != 0 && strchr(digits, (int)c) != NULL;

            field[at] = (char)c;
            if (!good)
                assert_int_equal(read_user(field, 14, user), 0);
            else /* a colon is still there, behind the second group's 'a' */
                assert_true(read_user(field, 14, user) <= 4);
        }
    }
}

static void test_longest(void **state)
{
    static const char scheme[] = "Basic ";
    static const size_t skip = sizeof(scheme) - 1;
    char field[sizeof(scheme) + 2 * FCGI_PARAMS_USER_SIZE];
    char user[FCGI_PARAMS_USER_SIZE + 1];
    size_t most = FCGI_PARAMS_USER_SIZE / 3 * 4;

    (void)state;
    /* "aaa" is YWFh, "aa:" is YWE6. */
    memcpy(field, scheme, skip);
    for (size_t i = 0; i + 4 <= 2 * FCGI_PARAMS_USER_SIZE; i += 4)
        memcpy(field + skip + i, "YWFh", 4);
    memcpy(field + skip + most - 4, "YWE6", 4);
    assert_int_equal(read_user(field, skip + most, user),
                     FCGI_PARAMS_USER_SIZE - 1);
    memcpy(field + skip + most - 4, "YWFh", 4);
    memcpy(field + skip + most, "YWE6", 4);
    assert_int_equal(read_user(field, skip + most + 4, user), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_longest),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
