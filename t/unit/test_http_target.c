/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets: their forms, hosts, and paths decoded. Every text ends where nothing
 * can be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "http/target.h"
#include "proto_random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct guard memory;

static int set_up(void **state)
{
    (void)state;
    guard_behind(&memory, 4096);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guard_free(&memory);
    return 0;
}

static struct fcgi_text put(const char *text)
{
    size_t length = strlen(text);

    return (struct fcgi_text){(char *)guard_put(&memory, text, length), length};
}

static void assert_text(struct fcgi_text text, const char *want,
                        const char *input)
{
    if (want == NULL ? text.data != NULL
                     : text.length != strlen(want) ||
                           memcmp(text.data, want, text.length) != 0)
        fail_msg("%s: \"%.*s\" is not \"%s\"", input, (int)text.length,
                 text.data, want != NULL ? want : "(absent)");
}

static void test_authority(void **state)
{
    static const struct {
        const char *text, *host, *port; /* NULL: refused */
    } cases[] = {
        {"a", "a", ""},
        {"Example.COM", "Example.COM", ""},
        {"example.com.", "example.com", ""},
        {"example.com.:80", "example.com", "80"},
        {"a:", "a", ""},
        {"a:0", "a", "0"},
        {"a:65535", "a", "65535"},
        {"a:00080", "a", "00080"},
        {"a_b-c~d.e", "a_b-c~d.e", ""},
        {"127.0.0.1:2001", "127.0.0.1", "2001"},
        {"[::1]", "[::1]", ""},
        {"[::1]:8080", "[::1]", "8080"},
        {"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", ""},
        {"[2001:DB8::1]:", "[2001:DB8::1]", ""},
        {"", NULL, NULL},
        {":80", NULL, NULL},
        {".", NULL, NULL},
        {".:80", NULL, NULL},
        {".a", NULL, NULL},
        {"a..b", NULL, NULL},
        {"a..", NULL, NULL},
        {"a:65536", NULL, NULL},
        {"a:18446744073709551696", NULL, NULL},
        {"a:8x", NULL, NULL},
        {"a:-1", NULL, NULL},
        {"a:80:80", NULL, NULL},
        {"a: 80", NULL, NULL},
        {"user@a", NULL, NULL},
        {"user:pw@a", NULL, NULL},
        {"a/b", NULL, NULL},
        {"a\\b", NULL, NULL},
        {"a?b", NULL, NULL},
        {"a#b", NULL, NULL},
        {"a%41", NULL, NULL},
        {"a,b", NULL, NULL},
        {"a b", NULL, NULL},
        {"a;b", NULL, NULL},
        {"a\tb", NULL, NULL},
        {"a'b", NULL, NULL},
        {"a\"b", NULL, NULL},
        {"a<b", NULL, NULL},
        {"\xc3\xbc", NULL, NULL},
        {"::1", NULL, NULL},
        {"[]", NULL, NULL},
        {"[::1", NULL, NULL},
        {"::1]", NULL, NULL},
        {"[::1]x", NULL, NULL},
        {"[::1].", NULL, NULL},
        {"[::1]80", NULL, NULL},
        {"[1.2.3.4]", NULL, NULL},
        {"[fe80::1%eth0]", NULL, NULL},
        {"[fe80::1%25eth0]", NULL, NULL},
        {"[v1.a]", NULL, NULL},
        {"[1:2:3:4:5:6:7:8:9]", NULL, NULL},
        {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]", NULL,
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_http_authority out;
        struct fcgi_text text = put(cases[i].text);
        bool valid = fcgi_http_authority_read(text, &out);

        if (valid != (cases[i].host != NULL))
            fail_msg("%s: %d", cases[i].text, valid);
        if (!valid)
            continue;
        assert_text(out.whole, cases[i].text, cases[i].text);
        assert_text(out.host, cases[i].host, cases[i].text);
        assert_text(out.port, cases[i].port, cases[i].text);
    }
}

/* What is in brackets is looked at to its end, however long, and with a NUL. */
static void test_literals(void **state)
{
    static const char nul[] = "[::1\0]";
    char text[4096];
    struct fcgi_http_authority out;

    (void)state;
    assert_false(fcgi_http_authority_read(
        (struct fcgi_text){nul, sizeof(nul) - 1}, &out));
    for (size_t length = 3; length < sizeof(text); length += 1) {
        memset(text, '1', length);
        text[0] = '[';
        text[length - 1] = ']';
        assert_false(
            fcgi_http_authority_read((struct fcgi_text){text, length}, &out));
    }
}

#define REFUSED 99

static void test_forms(void **state)
{
    static const struct {
        const char *method, *target;
        int form;
        const char *path, *query, *host, *port; /* NULL: absent */
    } cases[] = {
        {"GET", "/", FCGI_HTTP_ORIGIN, "/", NULL, NULL, NULL},
        {"GET", "/a/b?c=d?e", FCGI_HTTP_ORIGIN, "/a/b", "c=d?e", NULL, NULL},
        {"GET", "/?", FCGI_HTTP_ORIGIN, "/", "", NULL, NULL},
        {"GET", "//a/b", FCGI_HTTP_ORIGIN, "//a/b", NULL, NULL, NULL},
        {"GET", "/http://a", FCGI_HTTP_ORIGIN, "/http://a", NULL, NULL, NULL},
        {"GET", "/a|{}^`\\\"<>[]", FCGI_HTTP_ORIGIN, "/a|{}^`\\\"<>[]", NULL,
         NULL, NULL},
        {"GET", "/\xc3\xbc", FCGI_HTTP_ORIGIN, "/\xc3\xbc", NULL, NULL, NULL},
        {"GET", "/%zz", FCGI_HTTP_ORIGIN, "/%zz", NULL, NULL, NULL},
        {"GET", "/a#b", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "/a?b#c", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "/a b", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "/a\tb", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "/a\x7f", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "a", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "?a", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "http://a", FCGI_HTTP_ABSOLUTE, "/", NULL, "a", ""},
        {"GET", "http://a/", FCGI_HTTP_ABSOLUTE, "/", NULL, "a", ""},
        {"GET", "HTTPS://a.b:443/c?d", FCGI_HTTP_ABSOLUTE, "/c", "d", "a.b",
         "443"},
        {"GET", "http://a?b", FCGI_HTTP_ABSOLUTE, "/", "b", "a", ""},
        {"GET", "http://[::1]:80/", FCGI_HTTP_ABSOLUTE, "/", NULL, "[::1]",
         "80"},
        {"OPTIONS", "http://a", FCGI_HTTP_ABSOLUTE, "/", NULL, "a", ""},
        {"GET", "http://", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "http:///a", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "http:/a", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "http:a", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "http://u@a/", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "http://u:p@a/", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "http://a\\@b/", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "http://a%2fb/", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "ftp://a/", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "file:///etc", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "httpsx://a/", REFUSED, NULL, NULL, NULL, NULL},
        {"OPTIONS", "*", FCGI_HTTP_ASTERISK, NULL, NULL, NULL, NULL},
        {"GET", "*", REFUSED, NULL, NULL, NULL, NULL},
        {"options", "*", REFUSED, NULL, NULL, NULL, NULL},
        {"OPTIONS", "**", REFUSED, NULL, NULL, NULL, NULL},
        {"OPTIONS", "*?a", REFUSED, NULL, NULL, NULL, NULL},
        {"CONNECT", "a:443", FCGI_HTTP_AUTHORITY, NULL, NULL, "a", "443"},
        {"CONNECT", "[::1]:1", FCGI_HTTP_AUTHORITY, NULL, NULL, "[::1]", "1"},
        {"CONNECT", "a", REFUSED, NULL, NULL, NULL, NULL},
        {"CONNECT", "a:", REFUSED, NULL, NULL, NULL, NULL},
        {"CONNECT", "/", REFUSED, NULL, NULL, NULL, NULL},
        {"CONNECT", "http://a:1/", REFUSED, NULL, NULL, NULL, NULL},
        {"CONNECT", "u@a:1", REFUSED, NULL, NULL, NULL, NULL},
        {"CONNECT", "*", REFUSED, NULL, NULL, NULL, NULL},
        {"GET", "a:443", REFUSED, NULL, NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = cases[i].target;
        struct fcgi_text method = {cases[i].method, strlen(cases[i].method)};
        struct fcgi_http_target out;
        bool valid = fcgi_http_target_read(method, put(name), &out);

        if (valid != (cases[i].form != REFUSED))
            fail_msg("%s %s: %d", cases[i].method, name, valid);
        assert_text(out.whole, name, name);
        if (!valid)
            continue;
        assert_int_equal(out.form, cases[i].form);
        assert_text(out.path, cases[i].path, name);
        assert_text(out.query, cases[i].query, name);
        assert_int_equal(out.has_query, cases[i].query != NULL);
        assert_text(out.authority.host, cases[i].host, name);
        assert_text(out.authority.port, cases[i].port, name);
    }
}

static void test_path(void **state)
{
    static const struct {
        const char *raw, *path; /* NULL: refused */
        bool dots, empties;
    } cases[] = {
        {"/", "/", false, false},
        {"/a/b.php", "/a/b.php", false, false},
        {"/a/", "/a/", false, false},
        {"/%41%7a%2D", "/Az-", false, false},
        {"/a+b", "/a+b", false, false},
        {"/%c3%BC", "/\xc3\xbc", false, false},
        {"/\xff", "/\xff", false, false},
        {"/%2541", "/%41", false, false}, /* once */
        {"/%3f%23", "/?#", false, false},
        {"/a%0d%0a%7f", "/a\r\n\x7f", false, false},
        {"/a\\..\\b", "/a\\..\\b", false, false},
        {"/%5c..", "/\\..", false, false},
        /* Dots that are a whole segment, and others. */
        {"/.", "/", true, false},
        {"/./", "/", true, false},
        {"/a/.", "/a/", true, false},
        {"/a/./b", "/a/b", true, false},
        {"/a/..", "/", true, false},
        {"/a/../", "/", true, false},
        {"/a/../b", "/b", true, false},
        {"/a/b/../../c", "/c", true, false},
        {"/a/b/./.././c/.", "/a/c/", true, false},
        {"/a/%2e%2E/b", "/b", true, false},
        {"/a%2f..%2fb", "/b", true, false},
        {"/a%2F%2e%2e", "/", true, false},
        {"/wiki/Wait...", "/wiki/Wait...", false, false},
        {"/git/main~1..main:/f", "/git/main~1..main:/f", false, false},
        {"/...", "/...", false, false},
        {"/..a", "/..a", false, false},
        {"/a..", "/a..", false, false},
        {"/.a/a.", "/.a/a.", false, false},
        {"/..;/a", "/..;/a", false, false},
        {"/.%41", "/.A", false, false},
        {"/..", NULL, false, false},
        {"/../", NULL, false, false},
        {"/../a", NULL, false, false},
        {"/a/../..", NULL, false, false},
        {"/a/../../b", NULL, false, false},
        {"/./..", NULL, false, false},
        {"/%2e%2e/etc/passwd", NULL, false, false},
        {"/..%2fetc", NULL, false, false},
        /* Empty segments. */
        {"//", "//", false, true},
        {"//a", "//a", false, true},
        {"/a//b", "/a//b", false, true},
        {"/a%2fb", "/a/b", false, false},
        {"/a/%2fb", "/a//b", false, true},
        {"/a/..//b", "//b", true, true},
        {"/a//.", "/a//", true, true},
        {"//..", NULL, false, false},
        {"/a//../b", NULL, false, false},
        {"/a/./%2f../b", NULL, false, false},
        /* No encoding. */
        {"/%", NULL, false, false},
        {"/%4", NULL, false, false},
        {"/%4/", NULL, false, false},
        {"/%g0", NULL, false, false},
        {"/%0g", NULL, false, false},
        {"/% 1", NULL, false, false},
        {"/%u0041", NULL, false, false},
        {"/%%41", NULL, false, false},
        {"/%00", NULL, false, false},
        {"/a.php%00.txt", NULL, false, false},
        {"", NULL, false, false},
        {"a", NULL, false, false},
        {"%2fa", NULL, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_text raw = put(cases[i].raw);
        struct fcgi_http_path path;
        /* In place, so that what is read and what is written is bounded. */
        char *out = (char *)memory.bytes + memory.size - raw.length;
        const char *why = fcgi_http_path_decode(raw, out, &path);

        if ((why == NULL) != (cases[i].path != NULL))
            fail_msg("%s: %s", cases[i].raw, why != NULL ? why : "taken");
        if (why != NULL)
            continue;
        assert_text((struct fcgi_text){out, path.length}, cases[i].path,
                    cases[i].raw);
        assert_int_equal(path.has_dots, cases[i].dots);
        assert_int_equal(path.has_empties, cases[i].empties);
    }
}

/* What comes out has no segment of dots, is what it was decoded to, and what
 * has no '%', no dots and no empty segment comes out as it went in. */
static void test_random(void **state)
{
    static const char *const pieces[] = {"/", "/",   ".",   "..",  "a",
                                         "b", "%2f", "%2e", "%61", "//"};
    uint64_t seed = 3986;
    size_t taken = 0;

    (void)state;
    for (size_t round = 0; round < 100000; round++) {
        char text[64] = "/", out[64], again[64];
        struct fcgi_http_path path, second;
        const char *dots;

        for (size_t n = random_below(&seed, 10); n > 0; n--)
            strcat(text, pieces[random_below(&seed, COUNT(pieces))]);
        if (fcgi_http_path_decode(put(text), out, &path) != NULL)
            continue;
        taken++;
        out[path.length] = '\0';
        assert_true(path.length <= strlen(text));
        assert_int_equal(out[0], '/');
        for (dots = out; (dots = strstr(dots, "/.")) != NULL; dots++)
            if (dots[2 + (dots[2] == '.')] == '/' ||
                dots[2 + (dots[2] == '.')] == '\0')
                fail_msg("%s: %s", text, out);
        assert_int_equal(path.has_empties, strstr(out, "//") != NULL);
        assert_null(fcgi_http_path_decode(put(out), again, &second));
        assert_false(second.has_dots);
        assert_int_equal(second.length, path.length);
        assert_memory_equal(again, out, path.length);
    }
    assert_true(taken >= 30000 && taken <= 99000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authority), cmocka_unit_test(test_literals),
        cmocka_unit_test(test_forms),     cmocka_unit_test(test_path),
        cmocka_unit_test(test_random),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("http/target", tests, set_up, tear_down);
}
