/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a probe that need no socket: targets, records, the CGI answer,
 * variables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "probe/answer.h"
#include "probe/record_walk.h"
#include "probe/target.h"
#include "probe/vars.h"

static void targets(void **state)
{
    static const struct {
        const char *text;
        enum fcgi_endpoint_kind kind;
        const char *where; /* path or host */
        unsigned port;
    } cases[] = {
        {"/run/a.sock", FCGI_ENDPOINT_UNIX, "/run/a.sock", 0},
        {"unix:/run/a.sock", FCGI_ENDPOINT_UNIX, "/run/a.sock", 0},
        {"unix:///run/a.sock", FCGI_ENDPOINT_UNIX, "/run/a.sock", 0},
        {"./a.sock", FCGI_ENDPOINT_UNIX, "/tmp/a.sock", 0},
        {"d/a.sock", FCGI_ENDPOINT_UNIX, "/tmp/d/a.sock", 0},
        {"unix:a.sock", FCGI_ENDPOINT_UNIX, "/tmp/a.sock", 0},
        {"/run/a:b.sock", FCGI_ENDPOINT_UNIX, "/run/a:b.sock", 0},
        {"localhost", FCGI_ENDPOINT_TCP, "localhost", 9000},
        {"localhost:9001", FCGI_ENDPOINT_TCP, "localhost", 9001},
        {"127.0.0.1", FCGI_ENDPOINT_TCP, "127.0.0.1", 9000},
        {"[::1]", FCGI_ENDPOINT_TCP, "::1", 9000},
        {"[::1]:9001", FCGI_ENDPOINT_TCP, "::1", 9001},
        {"tcp://[::1]:9001", FCGI_ENDPOINT_TCP, "::1", 9001},
        {"tcp://php.example", FCGI_ENDPOINT_TCP, "php.example", 9000},
        {"tcp://10.0.0.1:1", FCGI_ENDPOINT_TCP, "10.0.0.1", 1},
    };
    static const char *const bad[] = {"",
                                      "unix:",
                                      "tcp://",
                                      "localhost:",
                                      "localhost:0",
                                      "localhost:65536",
                                      "localhost:x",
                                      ":9000",
                                      "::1",
                                      "[::1",
                                      "[::1]x",
                                      "[zz]:9000",
                                      "http://localhost/",
                                      "https://x:9000",
                                      "1.2.3",
                                      "a b:9000",
                                      "/run/",
                                      "@php",
                                      "tcp://a:9000/x",
                                      "localhost:9000/x"};
    struct fcgi_endpoint endpoint;
    const char *why;

    (void)state;
    assert_int_equal(chdir("/tmp"), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (fcgi_target_parse(cases[i].text, &endpoint, &why) < 0)
            fail_msg("'%s': %s", cases[i].text, why);
        assert_int_equal(endpoint.kind, cases[i].kind);
        assert_string_equal(cases[i].kind == FCGI_ENDPOINT_UNIX ? endpoint.path
                                                                : endpoint.host,
                            cases[i].where);
        assert_int_equal(endpoint.port, cases[i].port);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = NULL;
        if (fcgi_target_parse(bad[i], &endpoint, &why) == 0)
            fail_msg("'%s' is taken for a target", bad[i]);
        assert_non_null(why);
    }
}

static void long_targets(void **state)
{
    struct fcgi_target_list list = {0};
    struct fcgi_endpoint endpoint;
    char text[9000], message[512];
    const char *why;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(fcgi_target_parse(text, &endpoint, &why), -1);
    text[1] = '/';
    assert_int_equal(fcgi_target_parse(text, &endpoint, &why), -1);
    text[0] = '/';
    assert_int_equal(fcgi_target_parse(text, &endpoint, &why), -1);
    memcpy(text, "[", 1);
    assert_int_equal(fcgi_target_parse(text, &endpoint, &why), -1);
    assert_int_equal(
        fcgi_target_add(&list, text, NULL, message, sizeof(message)), -1);
    assert_int_equal(list.count, 0);
}

static void names(void **state)
{
    struct fcgi_server_config servers[] = {
        {.name = (char[]){"php1"},
         .endpoint = {.kind = FCGI_ENDPOINT_UNIX, .path = "/run/1"}},
        {.name = (char[]){"php2"},
         .endpoint = {.kind = FCGI_ENDPOINT_TCP, .host = "h", .port = 5}},
    };
    const struct fcgi_config config = {
        .file = (char[]){"f.conf"}, .servers = servers, .n_servers = 2};
    struct fcgi_target_list list = {0};
    char message[512];

    (void)state;
    assert_int_equal(
        fcgi_target_add(&list, "@all", &config, message, sizeof(message)), 0);
    assert_int_equal(
        fcgi_target_add(&list, "@php2", &config, message, sizeof(message)), 0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[0].label, "@php1");
    assert_string_equal(list.items[0].endpoint.path, "/run/1");
    assert_string_equal(list.items[2].label, "@php2");
    assert_int_equal(list.items[2].endpoint.port, 5);
    assert_int_equal(
        fcgi_target_add(&list, "@php3", &config, message, sizeof(message)), -1);
    assert_string_equal(message,
                        "@php3: f.conf has no server of this name; "
                        "@all means all that it has");
    fcgi_target_list_free(&list);
}

/* Each way to cut the stream gives the same records. */
static void walks(void **state)
{
    static const uint8_t stream[] = {
        1, 6, 0, 1, 0, 3, 5, 0, 'a', 'b', 'c', 0, 0, 0, 0, 0, /* padded */
        1, 6, 0, 1, 0, 0, 0, 0,                               /* empty */
        1, 3, 0, 1, 0, 8, 0, 0, 1,   2,   3,   4, 5, 6, 7, 8};
    static const char whole[] = "H6@0 abc E H6@16 E H3@24 \1\2\3\4\5\6\7\10 E ";

    (void)state;
    for (size_t cut = 1; cut <= sizeof(stream); cut++) {
        struct fcgi_record_walk walk = {0};
        char text[128];
        size_t at = 0, n = 0;
        bool in_content = false;

        while (at < sizeof(stream)) {
            size_t left = sizeof(stream) - at < cut ? sizeof(stream) - at : cut;
            const uint8_t *bytes = stream + at;
            enum fcgi_record_walk_event event;

            at += left;
            do {
                size_t used = fcgi_record_walk_feed(&walk, bytes, left, &event);

                bytes += used;
                left -= used;
                if (event == FCGI_RECORD_WALK_HEADER)
                    n += (size_t)sprintf(text + n, "H%u@%u ", walk.record.type,
                                         (unsigned)walk.begin);
                if (event == FCGI_RECORD_WALK_CONTENT) {
                    memcpy(text + n, walk.bytes, walk.length);
                    n += walk.length;
                    in_content = true;
                }
                if (event == FCGI_RECORD_WALK_END) {
                    n += (size_t)sprintf(text + n, in_content ? " E " : "E ");
                    in_content = false;
                }
            } while (event != FCGI_RECORD_WALK_MORE);
            assert_int_equal(left, 0);
        }
        assert_int_equal(n, sizeof(whole) - 1);
        assert_memory_equal(text, whole, n);
    }
}

static struct fcgi_answer answer;

static void feed(const char *text, size_t cut)
{
    size_t length = strlen(text);

    for (size_t at = 0; at < length; at += cut)
        fcgi_answer_stdout(&answer, (const uint8_t *)text + at,
                           length - at < cut ? length - at : cut);
}

static void answers(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *error;
    } cases[] = {
        {"A: b\r\n\r\nbody", 200, NULL},
        {"Status: 404 Not Found\n\nx", 404, NULL},
        {"Status: 999\n\nx", -1, "its Status is not a number from 200 to 599"},
        {"", 0, "it is empty"},
        {"A: b\r\n", 0, "its header has no end"},
        {"<html>\n", 0, "a header name with characters that are not allowed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t cut = 1; cut < 40; cut++) {
            fcgi_answer_init(&answer, NULL);
            feed(cases[i].text, cut);
            assert_int_equal(fcgi_answer_status(&answer), cases[i].status);
            if (cases[i].error == NULL)
                assert_null(fcgi_answer_error(&answer));
            else
                assert_string_equal(fcgi_answer_error(&answer), cases[i].error);
        }
    }
}

/* The search against strstr(), for all short texts of two letters. */
static void expects(void **state)
{
    (void)state;
    for (unsigned p = 0; p < 32; p++) {
        char pattern[6];

        for (int i = 0; i < 5; i++)
            pattern[i] = p >> i & 1 ? 'a' : 'b';
        pattern[5] = '\0';
        memset(&answer, 0xbe, sizeof(answer)); /* as malloc() may give it */
        fcgi_answer_init(&answer, pattern);
        for (unsigned t = 0; t < 4096; t++) {
            char text[16] = "A:b\n\n";
            bool there;

            for (int i = 0; i < 10; i++)
                text[5 + i] = t >> i & 1 ? 'a' : 'b';
            text[15] = '\0';
            there = strstr(text + 5, pattern) != NULL;
            fcgi_answer_reset(&answer);
            feed(text, 1 + t % 7);
            if (answer.found != there)
                fail_msg("'%s' in '%s'", pattern, text);
        }
    }
    /* Not in the header. */
    fcgi_answer_init(&answer, "abc");
    feed("X: abc\n\nab", 3);
    assert_false(answer.found);
}

static void encodes(void **state)
{
    struct fcgi_vars vars = {0};
    struct fcgi_buffer out = {0};
    char *value = malloc(70001);

    (void)state;
    memset(value, 'v', 70000);
    value[70000] = '\0';
    fcgi_vars_set(&vars, "A", "1");
    fcgi_vars_set(&vars, "B", value);
    assert_int_equal(fcgi_vars_option(&vars, "A=2=3"), 0);
    assert_int_equal(fcgi_vars_option(&vars, "C="), 0);
    assert_int_equal(fcgi_vars_option(&vars, "=x"), -1);
    assert_int_equal(fcgi_vars_option(&vars, ""), -1);
    setenv("FCGI_TEST_VAR", "from env", 1);
    assert_int_equal(fcgi_vars_option(&vars, "FCGI_TEST_VAR"), 0);
    assert_string_equal(fcgi_vars_get(&vars, "FCGI_TEST_VAR"), "from env");
    fcgi_vars_unset(&vars, "FCGI_TEST_VAR");
    assert_null(fcgi_vars_get(&vars, "FCGI_TEST_VAR"));
    assert_int_equal(fcgi_vars_encode(&vars, &out), 0);
    assert_int_equal(out.length, 2 + 4 + 5 + 1 + 70000 + 2 + 1);
    assert_memory_equal(out.data,
                        "\1\3A2=3\1\x80\x01\x11\x70"
                        "B",
                        12);
    assert_memory_equal(out.data + out.length - 3, "\1\0C", 3);
    fcgi_buffer_free(&out);
    fcgi_vars_free(&vars);
    free(value);
}

static void calls(void **state)
{
    static const struct {
        const char *uri, *docroot, *file, *name, *query;
    } cases[] = {
        {"/a.php?x=1&y", NULL, "/a.php", "/a.php", "x=1&y"},
        {"/a.php", "/www", "/www/a.php", "/a.php", ""},
        {"/a.php", "/www//", "/www/a.php", "/a.php", ""},
        {"a.php", "/www", "/www/a.php", "a.php", ""},
        {"/a.php", "/", "/a.php", "/a.php", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fcgi_vars vars = {0};
        const struct fcgi_call call = {.uri = cases[i].uri,
                                       .docroot = cases[i].docroot,
                                       .software = "t/1"};

        fcgi_vars_call(&vars, &call);
        assert_string_equal(fcgi_vars_get(&vars, "SCRIPT_FILENAME"),
                            cases[i].file);
        assert_string_equal(fcgi_vars_get(&vars, "SCRIPT_NAME"), cases[i].name);
        assert_string_equal(fcgi_vars_get(&vars, "QUERY_STRING"),
                            cases[i].query);
        assert_string_equal(fcgi_vars_get(&vars, "REQUEST_METHOD"), "GET");
        assert_null(fcgi_vars_get(&vars, "CONTENT_LENGTH"));
        fcgi_vars_free(&vars);
    }
}

static void headers(void **state)
{
    struct fcgi_vars vars = {0};

    (void)state;
    assert_int_equal(fcgi_vars_header(&vars, "X-Foo-bar:  a b"), 0);
    assert_string_equal(fcgi_vars_get(&vars, "HTTP_X_FOO_BAR"), "a b");
    assert_int_equal(fcgi_vars_header(&vars, "content-type: a/b"), 0);
    assert_string_equal(fcgi_vars_get(&vars, "CONTENT_TYPE"), "a/b");
    assert_int_equal(fcgi_vars_header(&vars, "none"), -1);
    assert_int_equal(fcgi_vars_header(&vars, ": x"), -1);
    assert_int_equal(fcgi_vars_header(&vars, "a b: x"), -1);
    fcgi_vars_free(&vars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets), cmocka_unit_test(long_targets),
        cmocka_unit_test(names),   cmocka_unit_test(walks),
        cmocka_unit_test(answers), cmocka_unit_test(expects),
        cmocka_unit_test(encodes), cmocka_unit_test(calls),
        cmocka_unit_test(headers),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
