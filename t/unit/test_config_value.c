/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses, paths, times; the table of keys and the search in it.
 */
#include "test_config_util.h"

#include "config/guess.h"
#include "config/keys.h"
#include "config/text.h"
#include "config/value.h"

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A255 A50 A50 A50 A50 A50 "aaaaa"

struct endpoint_case {
    const char *text;
    size_t len;
    const char *host; /* or the path; NULL where it is refused */
    unsigned port;    /* or the offset that is refused */
    const char *why;
};

typedef int parse_function(const char *, size_t, struct fcgi_endpoint *,
                           const char **, size_t *);

static void check_endpoint(const struct endpoint_case *c, parse_function *parse)
{
    /* A copy that ends where the text does, for the sanitizer to see. */
    char *text = malloc(c->len ? c->len : 1);
    struct fcgi_endpoint endpoint;
    const char *why = NULL;
    size_t at = 999;
    int result;

    assert_non_null(text);
    memcpy(text, c->text, c->len);
    result = parse(text, c->len, &endpoint, &why, &at);
    free(text);
    if (result != (c->host ? 0 : -1))
        fail_msg("'%s': %s", c->text, why ? why : "taken");
    if (!c->host) {
        if (at != c->port || !strstr(why, c->why))
            fail_msg("'%s': offset %zu: %s", c->text, at, why);
    } else if (endpoint.kind == FCGI_ENDPOINT_UNIX) {
        assert_string_equal(endpoint.path, c->host);
    } else {
        assert_string_equal(endpoint.host, c->host);
        assert_int_equal(endpoint.port, c->port);
    }
}

static void parses_addresses(void **state)
{
    static const struct endpoint_case cases[] = {
        {TEXT("127.0.0.1:9000"), "127.0.0.1", 9000, NULL},
        {TEXT("localhost:1"), "localhost", 1, NULL},
        {TEXT("a-b_c.example:65535"), "a-b_c.example", 65535, NULL},
        {TEXT("h:00080"), "h", 80, NULL},
        {TEXT("[::1]:9000"), "::1", 9000, NULL},
        {TEXT("[2001:db8::1]:80"), "2001:db8::1", 80, NULL},
        {TEXT("[::ffff:10.0.0.1]:80"), "::ffff:10.0.0.1", 80, NULL},
        {TEXT("[fe80::1%eth0]:80"), "fe80::1%eth0", 80, NULL},
        {TEXT(A255 ":9"), A255, 9, NULL},
        {TEXT(""), NULL, 0, "empty"},
        {TEXT("localhost"), NULL, 9, "port is missing"},
        {TEXT("localhost:"), NULL, 10, "port is missing"},
        {TEXT("_php._tcp.a"), "_php._tcp.a", 0, NULL},
        {TEXT("_9._TCP.b.c"), "_9._TCP.b.c", 0, NULL},
        {TEXT("_a:9"), "_a", 9, NULL},
        {TEXT("_a"), NULL, 2, "no service"},
        {TEXT("_a.b.c"), NULL, 6, "no service"},
        {TEXT("_php._udp.a"), NULL, 11, "no service"},
        {TEXT("_php._tcp."), NULL, 10, "no service"},
        {TEXT("_._tcp.a"), NULL, 8, "no service"},
        {TEXT("_a._tcp.b c"), NULL, 9, "does not belong"},
        {TEXT(":9000"), NULL, 0, "host is missing"},
        {TEXT("h:0"), NULL, 2, "port 0"},
        {TEXT("h:000"), NULL, 2, "port 0"},
        {TEXT("h:65536"), NULL, 2, "too large"},
        {TEXT("h:99999999999999999999"), NULL, 2, "too large"},
        {TEXT("h:http"), NULL, 2, "not a number"},
        {TEXT("h:-1"), NULL, 2, "not a number"},
        {TEXT("h:80 "), NULL, 2, "not a number"},
        {TEXT("h:80\0"), NULL, 2, "not a number"},
        {TEXT("::1:9000"), NULL, 0, "brackets"},
        {TEXT("::1"), NULL, 0, "brackets"},
        {TEXT("fe80::1%eth0:9000"), NULL, 0, "brackets"},
        {TEXT("[::1]"), NULL, 5, "colon and the port"},
        {TEXT("[::1]9000"), NULL, 5, "colon and the port"},
        {TEXT("[::1]:"), NULL, 6, "port is missing"},
        {TEXT("[::1]:0"), NULL, 6, "port 0"},
        {TEXT("[::1"), NULL, 4, "']'"},
        {TEXT("["), NULL, 1, "']'"},
        {TEXT("[]:80"), NULL, 1, "not an IPv6 address"},
        {TEXT("[127.0.0.1]:80"), NULL, 1, "not an IPv6 address"},
        {TEXT("[::g]:80"), NULL, 1, "not an IPv6 address"},
        {TEXT("[::1\0]:80"), NULL, 1, "not an IPv6 address"},
        {TEXT("[fe80::1%]:80"), NULL, 8, "network interface"},
        {TEXT("[fe80::1%a b]:80"), NULL, 10, "network interface"},
        {TEXT("[" A255 "a]:80"), NULL, 1, "not an IPv6 address"},
        {TEXT("1.2.3.256:80"), NULL, 0, "not an IPv4 address"},
        {TEXT("1.2.3:80"), NULL, 0, "not an IPv4 address"},
        {TEXT("9000:80"), NULL, 0, "not an IPv4 address"},
        {TEXT("a b:80"), NULL, 1, "host name"},
        {TEXT("a\0b:80"), NULL, 1, "host name"},
        {TEXT("*:80"), NULL, 0, "host name"},
        {TEXT("\xc3\xbc:80"), NULL, 0, "host name"},
        {TEXT("/run/a.sock"), NULL, 0, "ServerPath"},
        {TEXT("unix:/run/a.sock"), NULL, 0, "ServerPath"},
        {TEXT("tcp://127.0.0.1:9000"), NULL, 0, "URL"},
        {TEXT("\"127.0.0.1:9000\""), NULL, 0, "quotes"},
        {TEXT("'h:1'"), NULL, 0, "quotes"},
        {TEXT(A255 "a:9"), NULL, 0, "too long"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_endpoint(&cases[i], fcgi_endpoint_parse_addr);
}

static void parses_paths(void **state)
{
    static const struct endpoint_case cases[] = {
        {TEXT("/run/a.sock"), "/run/a.sock", 0, NULL},
        {TEXT("/a b#c"), "/a b#c", 0, NULL},
        {TEXT("/1234" A50 A50 "12"), "/1234" A50 A50 "12", 0, NULL}, /* 107 */
        {TEXT("/1234" A50 A50 "123"), NULL, 107, "107 bytes"},
        {TEXT("/" A255 A255), NULL, 107, "107 bytes"},
        {TEXT(""), NULL, 0, "empty"},
        {TEXT("run/a.sock"), NULL, 0, "relative"},
        {TEXT("~/a.sock"), NULL, 0, "relative"},
        {TEXT("127.0.0.1:9000"), NULL, 0, "ServerAddr"},
        {TEXT("unix:/run/a.sock"), NULL, 0, "'unix:'"},
        {TEXT("\"/run/a.sock\""), NULL, 0, "quotes"},
        {TEXT("@abstract"), NULL, 0, "abstract"},
        {TEXT("/run/"), NULL, 4, "directory"},
        {TEXT("/"), NULL, 0, "directory"},
        {TEXT("/run\0/a"), NULL, 4, "NUL"},
        {TEXT("\0/run/a"), NULL, 0, "relative"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_endpoint(&cases[i], fcgi_endpoint_parse_path);
}

static void parses_times(void **state)
{
    static const struct {
        const char *text;
        enum fcgi_config_number_error error;
        uint64_t ms;
        size_t at;
    } cases[] = {
        {"5", FCGI_CONFIG_NUMBER_OK, 5000, 1},
        {"5s", FCGI_CONFIG_NUMBER_OK, 5000, 1},
        {"500ms", FCGI_CONFIG_NUMBER_OK, 500, 3},
        {"2m", FCGI_CONFIG_NUMBER_OK, 120000, 1},
        {"1h", FCGI_CONFIG_NUMBER_OK, 3600000, 1},
        {"0", FCGI_CONFIG_NUMBER_OK, 0, 1},
        {"010", FCGI_CONFIG_NUMBER_OK, 10000, 3},
        {"18446744073709551615ms", FCGI_CONFIG_NUMBER_OK, UINT64_MAX, 20},
        {"18446744073709551615", FCGI_CONFIG_NUMBER_OK, UINT64_MAX, 20},
        {"", FCGI_CONFIG_NUMBER_NONE, 0, 0},
        {"s", FCGI_CONFIG_NUMBER_NONE, 0, 0},
        {"-5", FCGI_CONFIG_NUMBER_NONE, 0, 0},
        {"+5", FCGI_CONFIG_NUMBER_NONE, 0, 0},
        {" 5", FCGI_CONFIG_NUMBER_NONE, 0, 0},
        {"1.5s", FCGI_CONFIG_NUMBER_FRACTION, 0, 1},
        {"1,5s", FCGI_CONFIG_NUMBER_FRACTION, 0, 1},
        {"5 s", FCGI_CONFIG_NUMBER_UNIT, 0, 1},
        {"5sec", FCGI_CONFIG_NUMBER_UNIT, 0, 1},
        {"5S", FCGI_CONFIG_NUMBER_UNIT, 0, 1},
        {"5m30s", FCGI_CONFIG_NUMBER_UNIT, 0, 1},
        {"0x10", FCGI_CONFIG_NUMBER_UNIT, 0, 1},
        {"1e3", FCGI_CONFIG_NUMBER_UNIT, 0, 1},
    };
    static const char *const huge[] = {"99999999999999999999999",
                                       "184467440737095516160ms"};
    uint64_t ms;
    size_t at;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = strlen(cases[i].text);

        if (fcgi_config_parse_time(cases[i].text, len, &ms, &at) !=
                cases[i].error ||
            at != cases[i].at ||
            (cases[i].error == FCGI_CONFIG_NUMBER_OK && ms != cases[i].ms))
            fail_msg("'%s': %lu at %zu", cases[i].text, (unsigned long)ms, at);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            fcgi_config_parse_time(huge[i], strlen(huge[i]), &ms, &at),
            FCGI_CONFIG_NUMBER_OK);
        assert_true(ms > UINT32_MAX);
    }
}

static void formats_times(void **state)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ms"},
        {1500, "1500ms"},
        {5000, "5s"},
        {60000, "60s"},
        {120000, "120s"},
        {180000, "3m"},
        {3600000, "1h"},
        {86400000, "24h"},
        {90000, "90s"},
        {86399999, "86399999ms"},
    };
    char buf[FCGI_CONFIG_NUMBER_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t back;
        size_t at;

        assert_string_equal(fcgi_config_format_time(cases[i].ms, buf),
                            cases[i].text);
        assert_int_equal(fcgi_config_parse_time(buf, strlen(buf), &back, &at),
                         FCGI_CONFIG_NUMBER_OK);
        assert_int_equal(back, cases[i].ms);
    }
    fcgi_config_format_time(UINT64_MAX, buf);
    assert_string_equal(buf, "18446744073709551615ms");
}

static void parses_numbers(void **state)
{
    static const struct fcgi_key size = {.type = FCGI_KEY_SIZE};
    static const struct fcgi_key count = {.type = FCGI_KEY_COUNT};
    static const struct fcgi_key boolean = {.type = FCGI_KEY_BOOL};
    static const struct fcgi_key off = {.type = FCGI_KEY_TIME, .off = true};
    static const struct fcgi_key time = {.type = FCGI_KEY_TIME};
    static const struct {
        const struct fcgi_key *key;
        const char *text;
        enum fcgi_config_number_error error;
        uint64_t number;
        size_t at;
        const char *back; /* how it is written; NULL: as it was */
    } cases[] = {
        {&size, "0", FCGI_CONFIG_NUMBER_OK, 0, 1, NULL},
        {&size, "1000", FCGI_CONFIG_NUMBER_OK, 1000, 4, NULL},
        {&size, "64k", FCGI_CONFIG_NUMBER_OK, 65536, 2, NULL},
        {&size, "64K", FCGI_CONFIG_NUMBER_OK, 65536, 2, "64k"},
        {&size, "1024k", FCGI_CONFIG_NUMBER_OK, 1048576, 4, "1m"},
        {&size, "2M", FCGI_CONFIG_NUMBER_OK, 2097152, 1, "2m"},
        {&size, "99999999999999999999m", FCGI_CONFIG_NUMBER_OK, UINT64_MAX, 20,
         "18446744073709551615"},
        {&size, "64 k", FCGI_CONFIG_NUMBER_UNIT, 0, 2, NULL},
        {&size, "64kb", FCGI_CONFIG_NUMBER_UNIT, 0, 2, NULL},
        {&size, "1.5m", FCGI_CONFIG_NUMBER_FRACTION, 0, 1, NULL},
        {&size, "k", FCGI_CONFIG_NUMBER_NONE, 0, 0, NULL},
        {&count, "10", FCGI_CONFIG_NUMBER_OK, 10, 2, NULL},
        {&count, "10s", FCGI_CONFIG_NUMBER_UNIT, 0, 2, NULL},
        {&count, "Off", FCGI_CONFIG_NUMBER_NONE, 0, 0, NULL},
        {&boolean, "on", FCGI_CONFIG_NUMBER_OK, 1, 0, "On"},
        {&boolean, "OFF", FCGI_CONFIG_NUMBER_OK, 0, 0, "Off"},
        {&boolean, "1", FCGI_CONFIG_NUMBER_NONE, 0, 0, NULL},
        {&boolean, "onn", FCGI_CONFIG_NUMBER_NONE, 0, 0, NULL},
        {&off, "Off", FCGI_CONFIG_NUMBER_OK, 0, 0, NULL},
        {&off, "5s", FCGI_CONFIG_NUMBER_OK, 5000, 1, NULL},
        {&time, "Off", FCGI_CONFIG_NUMBER_NONE, 0, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = cases[i].text;
        char buf[FCGI_CONFIG_NUMBER_SIZE];
        uint64_t number = 0;
        size_t at = 0;
        enum fcgi_config_number_error error = fcgi_config_parse_number(
            cases[i].key, text, strlen(text), &number, &at);

        if (error != cases[i].error ||
            (error == FCGI_CONFIG_NUMBER_OK && number != cases[i].number))
            fail_msg("'%s' gives error %d, number %llu", text, (int)error,
                     (unsigned long long)number);
        if (cases[i].key->type != FCGI_KEY_BOOL && number)
            assert_int_equal(at, cases[i].at);
        if (error == FCGI_CONFIG_NUMBER_OK)
            assert_string_equal(
                fcgi_config_format_number(cases[i].key, number, buf),
                cases[i].back ? cases[i].back : text);
    }
}

static void table_of_keys_is_sound(void **state)
{
    size_t n;
    const struct fcgi_section *section = fcgi_keys_sections(&n);

    (void)state;
    assert_int_equal(n, 2);
    assert_int_equal(section[1].n_keys, section->n_keys - 4);
    for (size_t i = 0; i < section->n_keys; i++) {
        const struct fcgi_key *key = &section->keys[i];
        char upper[64], text[FCGI_KEYS_DEFAULT_SIZE];
        const char *def = fcgi_keys_default(key, text);
        uint64_t number;
        size_t at;

        assert_true(strlen(key->help) > 10 && strlen(key->help) < 140);
        assert_true(key->help[strlen(key->help) - 1] != '.');
        assert_ptr_equal(fcgi_keys_find(section, key->name, strlen(key->name)),
                         key);
        for (at = 0; key->name[at]; at++)
            upper[at] = (char)(key->name[at] & 0xdf);
        assert_ptr_equal(fcgi_keys_find(section, upper, at), key);
        assert_null(fcgi_keys_find(section, upper, at - 1));
        assert_ptr_equal(
            fcgi_keys_find(&section[1], key->name, strlen(key->name)),
            i < 4 ? NULL : key);
        if (!fcgi_keys_is_number(key)) {
            assert_null(key->unit);
            continue;
        }
        /* The default is what parses to it, and in the range. */
        assert_int_equal(
            fcgi_config_parse_number(key, def, strlen(def), &number, &at),
            FCGI_CONFIG_NUMBER_OK);
        assert_int_equal(number, key->def);
        assert_int_equal(fcgi_config_parse_number(key, key->example,
                                                  strlen(key->example), &number,
                                                  &at),
                         FCGI_CONFIG_NUMBER_OK);
        if (key->type != FCGI_KEY_BOOL) {
            assert_true((key->off && key->def == 0) || key->min <= key->def);
            assert_true(key->def <= key->max);
            assert_true(number >= key->min && number <= key->max);
        }
        if (key->type == FCGI_KEY_TIME) {
            assert_string_equal(key->unit, "ms");
            assert_true(key->min >= 1 && key->max <= 86400000);
        }
    }
}

static void guesses(void **state)
{
    static const struct {
        const char *name, *guess;
    } cases[] = {
        {"SeverPath", "ServerPath"},
        {"serverpaht", "ServerPath"},
        {"ServerAdr", "ServerAddr"},
        {"ServerAddress", "ServerAddr"},
        {"Server_Name", "ServerName"},
        {"READTIMEUOT", "ReadTimeout"},
        {"Timeout", "SendTimeout"},
        {"ServerName:", "ServerName"},
        {"Path", NULL},
        {"x", NULL},
        {"", NULL},
        {"include", NULL},
        {"ServerPathServerPathServerPathServerPath", NULL},
    };
    size_t n;
    const struct fcgi_section *section = fcgi_keys_sections(&n);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct fcgi_key *guess =
            fcgi_guess_key(section, cases[i].name, strlen(cases[i].name));

        if ((guess == NULL) != (cases[i].guess == NULL) ||
            (guess && strcmp(guess->name, cases[i].guess) != 0)) {
            fail_msg("'%s' gives %s", cases[i].name,
                     guess ? guess->name : "nothing");
        }
    }
    assert_ptr_equal(fcgi_guess_section(TEXT("fastcgi-server")), section);
    assert_ptr_equal(fcgi_guess_section(TEXT("fast_cgi")), &section[1]);
    assert_null(fcgi_guess_section(TEXT("root")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_addresses),
        cmocka_unit_test(parses_paths),
        cmocka_unit_test(parses_times),
        cmocka_unit_test(formats_times),
        cmocka_unit_test(parses_numbers),
        cmocka_unit_test(table_of_keys_is_sound),
        cmocka_unit_test(guesses),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
