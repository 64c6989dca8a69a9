/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks: what is read and refused, and who is in one.
 */
#include "test_config_util.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "config/network.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage storage;
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    memset(&storage, 0, sizeof(storage));
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        memcpy(&storage, &in, sizeof(in));
    else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
        memcpy(&storage, &in6, sizeof(in6));
    else
        storage.ss_family = AF_UNIX;
    return storage;
}

/* A copy that ends where the text does, for the sanitizer to see. */
static const char *parse(const char *text, struct fcgi_network *network,
                         size_t *at)
{
    size_t length = strlen(text);
    char *copy = malloc(length);
    const char *why;

    assert_non_null(copy);
    memcpy(copy, text, length);
    why = fcgi_network_parse(copy, length, network, at);
    free(copy);
    return why;
}

static void members(void **state)
{
    static const struct {
        const char *network, *in, *out;
    } cases[] = {
        {"10.0.0.1", "10.0.0.1", "10.0.0.2"},
        {"10.0.0.1", "::ffff:10.0.0.1", "::10.0.0.1"},
        {"10.0.0.1/32", "10.0.0.1", "10.0.0.0"},
        {"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
        {"10.128.0.0/9", "10.128.0.0", "10.127.255.255"},
        {"192.0.2.64/26", "192.0.2.127", "192.0.2.128"},
        {"0.0.0.0/0", "255.1.2.3", "::1"},
        {"0.0.0.0/1", "127.255.255.255", "128.0.0.0"},
        {"::/0", "2001:db8::1", "10.0.0.1"},
        {"::/0", "::1", "::ffff:10.0.0.1"},
        {"::/0", "::1", "unix"},
        {"::1", "::1", "::2"},
        {"fd00::/8", "fdff::1", "fe00::"},
        {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
        {"2001:db8::1/128", "2001:db8::1", "2001:db8::"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_network network;
        const struct fcgi_networks one = {&network, 1}, none = {NULL, 0};
        struct sockaddr_storage in = address(cases[i].in),
                                out = address(cases[i].out);
        size_t at;

        assert_null(parse(cases[i].network, &network, &at));
        if (!fcgi_networks_have(&one, &in) || fcgi_networks_have(&one, &out))
            fail_msg("%s: %s, %s", cases[i].network, cases[i].in, cases[i].out);
        assert_false(fcgi_networks_have(&none, &in));
    }
}

static void refusals(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *why;
    } cases[] = {
        {"localhost", 0, "names are not looked up"},
        {"10.0.0", 0, "write an address"},
        {"10.0.0.256", 0, "write an address"},
        {"10.0.0.1:80", 0, "write an address"},
        {"[::1]", 0, "write an address"},
        {"::1%lo", 0, "write an address"},
        {"/8", 0, "write an address"},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", 0,
         "no address"},
        {"10.0.0.0/", 9, "from 0 to 32"},
        {"10.0.0.0/33", 9, "from 0 to 32"},
        {"10.0.0.0/-1", 9, "from 0 to 32"},
        {"10.0.0.0/8/8", 9, "from 0 to 32"},
        {"10.0.0.0/255.0.0.0", 9, "from 0 to 32"},
        {"10.0.0.0/4294967304", 9, "from 0 to 32"},
        {"fd00::/129", 7, "from 0 to 128"},
        {"10.0.0.1/8", 9, "first one"},
        {"10.64.0.0/9", 10, "first one"},
        {"2001:db8::1/127", 12, "first one"},
        {"::1/0", 4, "first one"},
        {"::ffff:10.0.0.1", 0, "without ::ffff:"},
        {"::ffff:0:0/96", 11, "without ::ffff:"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_network network;
        size_t at = 999;
        const char *why = parse(cases[i].text, &network, &at);

        if (why == NULL || strstr(why, cases[i].why) == NULL ||
            at != cases[i].at)
            fail_msg("'%s': offset %zu: %s", cases[i].text, at,
                     why ? why : "taken");
    }
}

static void this_machine(void **state)
{
    static const struct {
        const char *address;
        bool local;
    } all[] = {
        {"127.0.0.1", true},  {"127.255.0.9", true},
        {"::1", true},        {"unix", true},
        {"128.0.0.1", false}, {"::2", false},
        {"126.0.0.1", false}, {"::", false},
        {"0.0.0.0", false},   {"::127.0.0.1", false},
        {"10.0.0.1", false},  {"::ffff:127.0.0.1", true},
    };
    const struct sockaddr_storage unknown = {.ss_family = AF_UNSPEC};

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        const struct sockaddr_storage socket = address(all[i].address);

        if (fcgi_network_is_local(&socket) != all[i].local)
            fail_msg("%s", all[i].address);
    }
    assert_false(fcgi_network_is_local(&unknown));
}

static void key(void **state)
{
    static const struct finding_case cases[] = {
        {TEXT(
             HEADING NAME PATH
             "    TrustedProxies 127.0.0.1 ::1\n    TrustedProxies fd00::/8\n"),
         ""},
        {TEXT(HEADING NAME PATH "    TrustedProxies ::1 10.0.0.1/8\n"),
         "4:33+1 error FC065 first one"},
        {TEXT(HEADING NAME PATH "    TrustedProxies ::1 0.0.0.0/0\n"),
         "4:5+14 warning FC050 '0.0.0.0/0' is everybody"},
        {TEXT("[FASTCGI]\n    TrustedProxies ::/0\n" HEADING NAME PATH),
         "2:5+14 warning FC050 '::/0' is everybody"},
    };

    (void)state;
    CHECK_CASES(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members), cmocka_unit_test(refusals),
        cmocka_unit_test(this_machine), cmocka_unit_test(key)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
