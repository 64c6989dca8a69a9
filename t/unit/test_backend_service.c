/* SPDX-License-Identifier: Apache-2.0
 *
 * SRV records as bytes: whole messages, and what is broken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/service.h"
#include "proto_random.h"

#define NAME "\4_php\4_tcp\4test\0"
#define HEAD(answers) "\0\1\x81\x80\0\1\0" answers "\0\0\0\0" NAME "\0\x21\0\1"
/* A record of the question's name; its data has 6 bytes and a name. */
#define SRV(ttl, length, data) "\xc0\x0c\0\x21\0\1" ttl "\0" length data
#define MOST 4

static const struct {
    const char *name, *bytes;
    size_t length;
    const char *want; /* "PRIORITY WEIGHT HOST:PORT ... TTL" */
} cases[] = {
#define CASE(name, bytes, want)              \
    {                                        \
        name, bytes, sizeof(bytes) - 1, want \
    }
    CASE("two records",
         HEAD("\2") SRV("\0\0\0\x3c", "\x09", "\0\1\0\2\x23\x28\1a\0")
             SRV("\0\0\0\x0a", "\x0a", "\1\0\xff\xff\0\x50\1b\xc0\x16"),
         "1 2 a:9000 256 65535 b.test:80 10"),
    CASE("none", HEAD("\0") "", "4294967295"),
    CASE("a CNAME before it",
         HEAD("\2") "\xc0\x0c\0\5\0\1\0\0\0\2\0\2\xc0\x16" SRV(
             "\0\0\0\x3c", "\x09", "\0\0\0\0\x23\x28\1a\0"),
         "0 0 a:9000 2"),
    CASE("not offered", HEAD("\1") SRV("\0\0\0\5", "\x07", "\0\0\0\0\0\0\0"),
         "5"),
    CASE("port 0", HEAD("\1") SRV("\0\0\0\5", "\x09", "\0\0\0\0\0\0\1a\0"),
         "5"),
    CASE("a record is missing",
         HEAD("\2") SRV("\0\0\0\x3c", "\x09", "\0\1\0\2\x23\x28\1a\0"),
         "1 2 a:9000 60"),
    CASE("longer than the message",
         HEAD("\1") SRV("\0\0\0\x3c", "\xff", "\0\1\0\2\x23\x28\1a\0"),
         "4294967295"),
    CASE("a name that points at itself",
         HEAD("\1") SRV("\0\0\0\x3c", "\x08", "\0\1\0\2\x23\x28\xc0\x34"),
         "60"),
    CASE("no header", "\0\1\x81\x80\0\1\0\2\0\0\0", "4294967295"),
    CASE("no question", "\0\1\x81\x80\0\1\0\2\0\0\0\0", "4294967295"),
    CASE("five, of which there is room for four",
         HEAD("\5") SRV("\0\0\0\1", "\x09", "\0\0\0\0\0\1\1a\0")
             SRV("\0\0\0\1", "\x09", "\0\0\0\0\0\2\1a\0")
                 SRV("\0\0\0\1", "\x09", "\0\0\0\0\0\3\1a\0")
                     SRV("\0\0\0\1", "\x09", "\0\0\0\0\0\4\1a\0")
                         SRV("\0\0\0\1", "\x09", "\0\0\0\0\0\5\1a\0"),
         "0 0 a:1 0 0 a:2 0 0 a:3 0 0 a:4 1"),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In memory of its own, so that a sanitizer sees each byte too far. */
static size_t parse(const void *bytes, size_t length,
                    struct fcgi_service *services, uint32_t *ttl)
{
    uint8_t *copy = malloc(length > 0 ? length : 1);
    size_t n;

    assert_non_null(copy);
    memcpy(copy, bytes, length);
    n = fcgi_service_parse(copy, length, services, MOST, ttl);
    free(copy);
    return n;
}

static void test_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_service services[MOST];
        char got[256] = "";
        uint32_t ttl;
        size_t n = parse(cases[i].bytes, cases[i].length, services, &ttl);
        size_t at = 0;

        for (size_t j = 0; j < n; j++)
            at += (size_t)snprintf(got + at, sizeof(got) - at, "%u %u %s:%u ",
                                   services[j].priority, services[j].weight,
                                   services[j].host, services[j].port);
        snprintf(got + at, sizeof(got) - at, "%u", ttl);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: %s, not %s", cases[i].name, got, cases[i].want);
    }
}

/* Cut anywhere, and with any byte changed: no more than there is, and no harm.
 */
static void test_broken(void **state)
{
    struct fcgi_service services[MOST];
    uint64_t seed = 17;
    uint32_t ttl;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[512];

        for (size_t n = 0; n < cases[i].length; n++)
            parse(cases[i].bytes, n, services, &ttl);
        for (unsigned round = 0; round < 20000; round++) {
            memcpy(bytes, cases[i].bytes, cases[i].length);
            for (unsigned k = 0; k < 3; k++)
                bytes[random_below(&seed, cases[i].length)] =
                    (uint8_t)random_next(&seed);
            assert_true(parse(bytes, cases[i].length, services, &ttl) <= MOST);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_broken),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
