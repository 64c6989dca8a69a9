/* SPDX-License-Identifier: Apache-2.0
 *
 * What a server's keys make of the variables: Param, HideParam,
 * PassAuthorization, DocumentRoot; lengths at the limits of the pair's
 * encoding; and memory that is short at any moment.
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

#include "gateway/params.h"
#include "proto/record.h"
#include "short_memory.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void add(struct fcgi_buffer *out, const char *name, const char *value,
                size_t length)
{
    struct fcgi_pair pair = {.name_length = (uint32_t)strlen(name),
                             .value_length = (uint32_t)length};
    uint8_t lengths[8];

    fcgi_buffer_add(out, lengths,
                    fcgi_pair_encode(lengths, sizeof(lengths), &pair));
    fcgi_buffer_add_text(out, name);
    fcgi_buffer_add(out, value, length);
    assert_false(out->failed);
}

static void make_plain(struct fcgi_buffer *out)
{
    static const struct {
        const char *name, *value;
    } all[] = {
        {"SERVER_NAME", "h"},
        {"SCRIPT_NAME", "/d/a.php"},
        {"SCRIPT_FILENAME", "/srv/www/d/a.php"},
        {"PATH_INFO", "/i"},
        {"PATH_TRANSLATED", "/srv/www/i"},
        {"DOCUMENT_ROOT", "/srv/www"},
        {"HTTP_AUTHORIZATION", "Basic YTpi"},
        {"HTTP_X", ""},
    };

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < COUNT(all); i++)
        add(out, all[i].name, all[i].value, strlen(all[i].value));
}

/* The pairs as NAME=VALUE, a blank between them. */
static void check(const struct fcgi_server_config *config, const char *want)
{
    struct fcgi_buffer plain, out = {0};
    char got[1024] = "";
    size_t at = 0, n = 0;

    make_plain(&plain);
    assert_int_equal(fcgi_params_adapt(&out, &plain, config), 0);
    while (at < out.length) {
        struct fcgi_pair pair;
        size_t used = fcgi_pair_decode(out.data + at, out.length - at, &pair);
        const char *text = (const char *)out.data + at + used;

        assert_true(used > 0);
        at += used + pair.name_length + pair.value_length;
        assert_true(at <= out.length);
        n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%.*s=%.*s",
                              n > 0 ? " " : "", (int)pair.name_length, text,
                              (int)pair.value_length, text + pair.name_length);
    }
    assert_string_equal(got, want);
    fcgi_buffer_free(&plain);
    fcgi_buffer_free(&out);
}

#define NAMES "SERVER_NAME=h SCRIPT_NAME=/d/a.php "
#define FILES                                        \
    "SCRIPT_FILENAME=/srv/www/d/a.php PATH_INFO=/i " \
    "PATH_TRANSLATED=/srv/www/i DOCUMENT_ROOT=/srv/www"
#define LOGIN " HTTP_AUTHORIZATION=Basic YTpi"
#define LAST " HTTP_X="

static void test_none(void **state)
{
    static const struct fcgi_server_config plain = {.pass_authorization = true};

    (void)state;
    assert_true(fcgi_params_are_plain(&plain));
    check(&plain, NAMES FILES LOGIN LAST);
}

static void test_hidden(void **state)
{
    static char x[] = "HTTP_X", lower[] = "server_name", part[] = "SERVER_NAM",
                none[] = "NONE", name[] = "SERVER_NAME";
    static char *all[] = {x, lower, part, none}, *one[] = {name};
    static const struct fcgi_server_config four = {
        .pass_authorization = true, .hidden_params = {all, COUNT(all)}};
    static const struct fcgi_server_config first = {.pass_authorization = true,
                                                    .hidden_params = {one, 1}};
    static const struct fcgi_server_config login = {0};

    (void)state;
    assert_false(fcgi_params_are_plain(&four));
    assert_false(fcgi_params_are_plain(&login));
    check(&four, NAMES FILES LOGIN);
    check(&first, "SCRIPT_NAME=/d/a.php " FILES LOGIN LAST);
    check(&login, NAMES FILES LAST);
}

static void test_params(void **state)
{
    static char name[] = "SERVER_NAME", env[] = "ENV",
                login[] = "HTTP_AUTHORIZATION", empty[] = "", a[] = "a b",
                b[] = "b";
    static struct fcgi_named_value all[] = {
        {env, a}, {name, b}, {env, b}, {login, empty}};
    static char *hidden[] = {env};
    static const struct fcgi_server_config config = {
        .pass_authorization = true, .params = {all, COUNT(all)}};
    /* HideParam is about what we tell, Param about what the administrator
     * does. */
    static const struct fcgi_server_config both = {
        .params = {all, 1}, .hidden_params = {hidden, 1}};

    (void)state;
    assert_false(fcgi_params_are_plain(&config));
    check(&config, "SCRIPT_NAME=/d/a.php " FILES LAST
                   " SERVER_NAME=b ENV=b HTTP_AUTHORIZATION=");
    check(&both, NAMES FILES LAST " ENV=a b");
}

static void test_root(void **state)
{
    static char far[] = "/far", slashes[] = "/far//", top[] = "/";
    static const struct fcgi_server_config configs[] = {
        {.pass_authorization = true, .document_root = far},
        {.pass_authorization = true, .document_root = slashes}};
    static const struct fcgi_server_config at_top = {.pass_authorization = true,
                                                     .document_root = top};

    (void)state;
    for (size_t i = 0; i < COUNT(configs); i++)
        check(&configs[i], NAMES
              "SCRIPT_FILENAME=/far/d/a.php PATH_INFO=/i "
              "PATH_TRANSLATED=/far/i DOCUMENT_ROOT=/far" LOGIN LAST);
    check(&at_top, NAMES
          "SCRIPT_FILENAME=/d/a.php PATH_INFO=/i "
          "PATH_TRANSLATED=/i DOCUMENT_ROOT=" LOGIN LAST);
}

/* A file of a ~user's is not below the document root. */
static void test_user(void **state)
{
    static char far[] = "/far";
    static const struct fcgi_server_config config = {.document_root = far};
    static const char *const files[] = {"/home/u/www/a.php", "/srv/www/a.php",
                                        "/srv/www2/~u/a.php", "", "/srv"};

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        struct fcgi_buffer plain = {0}, out = {0};
        struct fcgi_text got;

        add(&plain, "SCRIPT_NAME", "/~u/a.php", 9);
        add(&plain, "SCRIPT_FILENAME", files[i], strlen(files[i]));
        add(&plain, "DOCUMENT_ROOT", "/srv/www", 8);
        assert_int_equal(fcgi_params_adapt(&out, &plain, &config), 0);
        got = fcgi_params_find(&out, "SCRIPT_FILENAME");
        assert_int_equal(got.length, strlen(files[i]));
        assert_memory_equal(got.data, files[i], got.length);
        got = fcgi_params_find(&out, "DOCUMENT_ROOT");
        assert_int_equal(got.length, 4);
        fcgi_buffer_free(&plain);
        fcgi_buffer_free(&out);
    }
}

/* Values and names at the limits of the encoding come through whole. */
static void test_lengths(void **state)
{
    static const size_t lengths[] = {0,   1,     127,   128,   129,
                                     255, 65535, 65536, 300000};
    static char far[] = "/far";
    static const struct fcgi_server_config config = {.document_root = far};

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        size_t n = lengths[i];
        char *whole = malloc(4 + n + 1), *value = whole + 4;
        struct fcgi_buffer plain = {0}, out = {0};
        struct fcgi_text got;

        assert_non_null(whole);
        memcpy(whole, "/srv", 4);
        memset(value, 'v', n);
        value[n] = '\0';
        add(&plain, "SCRIPT_NAME", value, n);
        add(&plain, "SCRIPT_FILENAME", whole, n + 4);
        add(&plain, "DOCUMENT_ROOT", whole, 4);
        add(&plain, "V", value, n);
        assert_int_equal(fcgi_params_adapt(&out, &plain, &config), 0);
        got = fcgi_params_find(&out, "SCRIPT_FILENAME");
        assert_int_equal(got.length, n + 4);
        assert_memory_equal(got.data, "/far", 4);
        assert_memory_equal(got.data + 4, value, n);
        got = fcgi_params_find(&out, "V");
        assert_int_equal(got.length, n);
        assert_memory_equal(got.data, value, n);
        free(whole);
        fcgi_buffer_free(&plain);
        fcgi_buffer_free(&out);
    }
}

static void test_find(void **state)
{
    struct fcgi_buffer plain, empty = {0};

    (void)state;
    make_plain(&plain);
    assert_int_equal(fcgi_params_find(&plain, "PATH_INFO").length, 2);
    assert_non_null(fcgi_params_find(&plain, "HTTP_X").data);
    assert_int_equal(fcgi_params_find(&plain, "HTTP_X").length, 0);
    assert_null(fcgi_params_find(&plain, "PATH").data);
    assert_null(fcgi_params_find(&plain, "path_info").data);
    assert_null(fcgi_params_find(&empty, "PATH_INFO").data);
    fcgi_buffer_free(&plain);
}

/* Memory that is short, the nth time it is asked for: -1, and nothing of it is
 * left behind (valgrind and AddressSanitizer see that). */
static void test_short(void **state)
{
    static char name[] = "ENV", value[70000];
    static struct fcgi_named_value one[] = {{name, value}};
    static const struct fcgi_server_config config = {.params = {one, 1}};
    bool done = false;
    unsigned n;

    (void)state;
    memset(value, 'v', sizeof(value) - 1);
    for (n = 1; !done; n++) {
        struct fcgi_buffer plain, out = {0};

        make_plain(&plain);
        allocations = 0;
        failing = n;
        done = fcgi_params_adapt(&out, &plain, &config) == 0;
        failing = 0;
        assert_int_equal(out.failed, !done);
        fcgi_buffer_free(&plain);
        fcgi_buffer_free(&out);
    }
    assert_true(n > 3); /* it has failed more than once */
}

/* The same where the variables are made. */
static void test_short_build(void **state)
{
    static char value[70000];
    static const struct fcgi_http_field fields[] = {
        {{"N", 1}, {value, sizeof(value)}}, {{"n", 1}, {value, 9}}};
    static const struct fcgi_http_request request = {
        .method = {"GET", 3},
        .uri = {"/a.php", 6},
        .version = 11,
        .document_root = {"/srv", 4},
        .server_name = {"h", 1},
        .accepted = {"Basic YTpi", 10},
        .fields = fields,
        .n_fields = COUNT(fields),
    };
    static const struct fcgi_script script = {
        .name = {"/a.php", 6}, .folder = {"/srv", 4}, .file = {"/a.php", 6}};
    bool done = false;
    unsigned n;

    (void)state;
    for (n = 1; !done; n++) {
        struct fcgi_buffer out = {0};

        allocations = 0;
        failing = n;
        done = fcgi_params_build(&out, &request, &script, "S") == 0;
        failing = 0;
        assert_int_equal(out.failed, !done);
        fcgi_buffer_free(&out);
    }
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_params),      cmocka_unit_test(test_root),
        cmocka_unit_test(test_user),        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_find),        cmocka_unit_test(test_short),
        cmocka_unit_test(test_short_build),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
