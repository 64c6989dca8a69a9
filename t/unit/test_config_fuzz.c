/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the bytes: the end is a configuration or an error, never a crash,
 * and what is told can be shown. Seeds are fixed, so that a failure repeats.
 */
#include "test_config_util.h"

#define LONG_LINE \
    "    # "      \
    "-----------------------------------------------------------------\n"

static const char good[] = "# comment\n" HEADING NAME PATH
                           "    ReadTimeout 500ms\n"
                           "\n" LONG_LINE HEADING
                           "    ServerName b # c\n"
                           "    ServerAddr [::1]:9000\n"
                           "    ConnectTimeout 1h\n"
                           "[fastcgi_server]\n"
                           "    servername it's \"c\" \\ ${HOME} */\n"
                           "    serverpath /run/{x}.sock";

static uint64_t seed = 20240711;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(seed >> 33) % n;
}

/* Loads a text from memory that ends where the text does. */
static int outcome(const char *text, size_t len)
{
    struct fcgi_diag_list diags;
    struct fcgi_config *config;
    char *copy = malloc(len ? len : 1);
    unsigned line = 0;
    int result;

    assert_non_null(copy);
    memcpy(copy, text, len);
    fcgi_diag_list_init(&diags);
    config = fcgi_config_parse("f", copy, len, &diags);
    free(copy);
    assert_int_equal(config == NULL, diags.errors > 0);
    for (size_t i = 0; i < diags.count; i++) {
        const struct fcgi_diag *diag = &diags.items[i];

        for (const char *s = diag->message; *s; s++)
            assert_true((unsigned char)*s >= 0x20 && *s != 0x7f);
        assert_string_not_equal(diag->id, "FC034");
        assert_true(diag->column <= len + 1);
        if (diag->severity != FCGI_DIAG_NOTE) {
            assert_true(diag->line >= line);
            line = diag->line;
        }
    }
    for (size_t i = 0; config && i < config->n_servers; i++) {
        const struct fcgi_server_config *server = &config->servers[i];

        assert_true(server->name[0] != '\0');
        assert_true(server->endpoint.kind == FCGI_ENDPOINT_TCP
                        ? server->endpoint.port > 0 && server->endpoint.host[0]
                        : server->endpoint.path[0] == '/');
        assert_true(server->read_timeout > 0 && server->send_timeout > 0 &&
                    server->connect_timeout > 0);
    }
    result = config != NULL;
    fcgi_config_free(config);
    fcgi_diag_list_free(&diags);
    return result;
}

static void good_text_is_good(void **state)
{
    (void)state;
    assert_true(outcome(good, sizeof(good) - 1));
}

static void survives_truncation(void **state)
{
    int loaded = 0;

    (void)state;
    for (size_t len = 0; len < sizeof(good); len++) {
        loaded += outcome(good, len);
        outcome(good + len, sizeof(good) - 1 - len);
    }
    assert_true(loaded > 20);
}

static void survives_random_bytes(void **state)
{
    char text[512];

    (void)state;
    for (int i = 0; i < 1500; i++) {
        size_t len = random_below(sizeof(text));

        for (size_t k = 0; k < len; k++)
            text[k] = (char)random_below(256);
        assert_false(outcome(text, len));
    }
}

/* Only bytes that mean something, to get farther. */
static void survives_random_syntax(void **state)
{
    static const char alphabet[] = "[]#\n\n\n    \t\r='\"\\{}/*$ServrNam0\0";
    char text[256];

    (void)state;
    for (int i = 0; i < 1500; i++) {
        size_t len = random_below(sizeof(text));

        for (size_t k = 0; k < len; k++)
            text[k] = alphabet[random_below(sizeof(alphabet) - 1)];
        outcome(text, len);
    }
}

static void survives_mutation(void **state)
{
    static const char alphabet[] = "[]#\n\t\r='\"\\{}/*$ \0\xff";
    char text[sizeof(good) + 16];
    int loaded = 0;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        size_t len = sizeof(good) - 1;

        memcpy(text, good, len);
        for (uint32_t edits = random_below(4); edits; edits--) {
            size_t at = random_below((uint32_t)len);
            char c = alphabet[random_below(sizeof(alphabet) - 1)];

            switch (random_below(3)) {
            case 0:
                text[at] = c;
                break;
            case 1:
                memmove(text + at + 1, text + at, len - at);
                text[at] = c;
                len++;
                break;
            default:
                memmove(text + at, text + at + 1, len - at - 1);
                len--;
                break;
            }
        }
        loaded += outcome(text, len);
    }
    assert_true(loaded > 300 && loaded < 2700);
}

/* Large files: what was quadratic would not end in the time that a test has. */
static void reads_large_files(void **state)
{
    size_t size = (size_t)4 << 20, len = 0; /* over 100,000 lines */
    char *text = malloc(size + 1);
    struct fcgi_config *config;
    unsigned n = 0;

    (void)state;
    assert_non_null(text);
    while (len + 80 < size) {
        len += (size_t)snprintf(
            text + len, size - len,
            HEADING "    ServerName %u\n    ServerPath /%u\n#\n", n, n);
        n++;
    }
    config = must_parse(text, len);
    assert_int_equal(config->n_servers, n);
    fcgi_config_free(config);
    memset(text, 'x', size);
    assert_false(outcome(text, size));
    memset(text, '\n', size);
    assert_false(outcome(text, size));
    memset(text, '[', size);
    assert_false(outcome(text, size));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_text_is_good),
        cmocka_unit_test(survives_truncation),
        cmocka_unit_test(survives_random_bytes),
        cmocka_unit_test(survives_random_syntax),
        cmocka_unit_test(survives_mutation),
        cmocka_unit_test(reads_large_files),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
