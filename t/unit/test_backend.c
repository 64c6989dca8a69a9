/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses of FastCGI servers, as text and as socket addresses, and the pool:
 * names, and whose turn it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/un.h>

#include "backend/pool.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATH107                                              \
    "/23456789012345678901234567890123456789012345678901234" \
    "56789012345678901234567890123456789012345678901234567"

static struct fcgi_endpoint endpoint(const char *host, unsigned port)
{
    struct fcgi_endpoint endpoint = {.kind = FCGI_ENDPOINT_TCP,
                                     .port = (uint16_t)port};

    if (host[0] == '/') {
        endpoint.kind = FCGI_ENDPOINT_UNIX;
        snprintf(endpoint.path, sizeof(endpoint.path), "%s", host);
    } else {
        snprintf(endpoint.host, sizeof(endpoint.host), "%s", host);
    }
    return endpoint;
}

static void test_text(void **state)
{
    static const struct {
        const char *host;
        unsigned port;
        const char *want;
    } cases[] = {
        {"/run/a.sock", 0, "unix:/run/a.sock"},
        {PATH107, 0, "unix:" PATH107},
        {"10.0.0.1", 9000, "10.0.0.1:9000"},
        {"php.example.org", 65535, "php.example.org:65535"},
        {"::1", 1, "[::1]:1"},
        {"fe80::1%eth0", 9000, "[fe80::1%eth0]:9000"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_endpoint e = endpoint(cases[i].host, cases[i].port);
        char buf[FCGI_ENDPOINT_TEXT];

        assert_ptr_equal(fcgi_endpoint_text(&e, buf, sizeof(buf)), buf);
        assert_string_equal(buf, cases[i].want);
    }
}

/* The longest text fits, and what does not is cut. */
static void test_text_room(void **state)
{
    char buf[FCGI_ENDPOINT_TEXT], small[8], name[256];
    struct fcgi_endpoint e;

    (void)state;
    memset(name, ':', sizeof(name));
    name[255] = '\0';
    e = endpoint(name, 65535);
    fcgi_endpoint_text(&e, buf, sizeof(buf));
    assert_int_equal(strlen(buf), 255 + strlen("[]:65535"));
    assert_string_equal(buf + 256, "]:65535");
    fcgi_endpoint_text(&e, small, sizeof(small));
    assert_string_equal(small, "[::::::");
}

static void test_resolve_unix(void **state)
{
    static const char *const paths[] = {"/a", "/run/php/php-fpm.sock", PATH107};

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct fcgi_endpoint e = endpoint(paths[i], 0);
        struct fcgi_address *address;
        struct sockaddr_un un;
        const char *why;
        size_t n;

        address = fcgi_address_resolve(&e, &n, &why);
        assert_non_null(address);
        assert_int_equal(n, 1);
        assert_in_range(address->length, 1, sizeof(un));
        memcpy(&un, &address->addr, sizeof(un));
        assert_int_equal(un.sun_family, AF_UNIX);
        assert_string_equal(un.sun_path, paths[i]);
        free(address);
    }
}

static void test_resolve_tcp(void **state)
{
    static const struct {
        const char *host;
        unsigned port;
        int family;
    } cases[] = {
        {"127.0.0.1", 9000, AF_INET}, {"10.255.0.1", 1, AF_INET},
        {"::1", 9000, AF_INET6},      {"2001:db8::1", 65535, AF_INET6},
        {"localhost", 80, AF_UNSPEC},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_endpoint e = endpoint(cases[i].host, cases[i].port);
        struct fcgi_address *addresses;
        char text[INET6_ADDRSTRLEN];
        struct sockaddr_in6 in6;
        struct sockaddr_in in;
        const char *why;
        size_t n;

        addresses = fcgi_address_resolve(&e, &n, &why);
        assert_non_null(addresses);
        assert_true(n >= 1);
        memcpy(&in, &addresses[0].addr, sizeof(in));
        memcpy(&in6, &addresses[0].addr, sizeof(in6));
        /* The port is at the same place in either. */
        assert_int_equal(ntohs(in.sin_port), cases[i].port);
        assert_int_equal(addresses[0].length,
                         in.sin_family == AF_INET ? sizeof(in) : sizeof(in6));
        if (cases[i].family != AF_UNSPEC) {
            assert_int_equal(n, 1);
            assert_int_equal(in.sin_family, cases[i].family);
            inet_ntop(cases[i].family,
                      in.sin_family == AF_INET ? (const void *)&in.sin_addr
                                               : (const void *)&in6.sin6_addr,
                      text, sizeof(text));
            assert_string_equal(text, cases[i].host);
        }
        free(addresses);
    }
}

static void test_resolve_fails(void **state)
{
    struct fcgi_endpoint e = endpoint("no-such-host.invalid", 9000);
    const char *why = NULL;
    size_t n = 99;

    (void)state;
    assert_null(fcgi_address_resolve(&e, &n, &why));
    assert_int_equal(n, 0);
    assert_non_null(why);
    assert_true(why[0] != '\0');
}

/* A pool of up to three servers named a, bb and ccc. */
static struct fcgi_server_config servers[3];
static struct fcgi_config config = {.servers = servers};
static char names[3][4] = {"a", "bb", "ccc"};

static struct fcgi_pool *make_pool(size_t n)
{
    static const char *const hosts[3] = {"/a.sock", "127.0.0.1",
                                         "no-such-host.invalid"};
    struct fcgi_pool *pool;

    for (size_t i = 0; i < 3; i++) {
        servers[i].name = names[i];
        servers[i].endpoint = endpoint(hosts[i], 9000);
    }
    config.n_servers = n;
    pool = fcgi_pool_new(&config);
    assert_non_null(pool);
    return pool;
}

static void test_pool(void **state)
{
    static const struct {
        const char *name;
        size_t length;
        bool has;
    } cases[] = {
        {"a", 1, true},    {"bb", 2, true},    {"ccc", 3, true},
        {"bbc", 2, true},  {"b", 1, false},    {"bbb", 3, false},
        {"ccd", 3, false}, {"", 0, false},     {"A", 1, false},
        {"a\0", 2, false}, {"cccc", 4, false},
    };
    struct fcgi_pool *pool = make_pool(3);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(fcgi_pool_has(pool, cases[i].name, cases[i].length),
                         cases[i].has);
    assert_int_equal(pool->n_servers, 3);
    assert_int_equal(pool->servers[0].n_addresses, 1);
    assert_string_equal(pool->servers[0].where, "unix:/a.sock");
    assert_int_equal(pool->servers[1].n_addresses, 1);
    assert_string_equal(pool->servers[1].where, "127.0.0.1:9000");
    assert_int_equal(pool->servers[2].n_addresses, 0);
    assert_string_equal(pool->servers[2].where, "no-such-host.invalid:9000");
    assert_non_null(pool->servers[2].unresolved);
    assert_ptr_equal(pool->servers[2].config, &servers[2]);
    fcgi_pool_free(pool);
    fcgi_pool_free(NULL);
}

/* `arg` holds the first letters of the servers that are allowed. */
static bool allows(const void *arg, const struct fcgi_server *server)
{
    return strchr(arg, server->config->name[0]) != NULL;
}

/* The first letters of the servers that a request goes to. */
static void walk(struct fcgi_pool *pool, const char *allowed, char *way)
{
    const struct fcgi_server *server;
    struct fcgi_route route;

    fcgi_pool_route(pool, &route, allowed ? allows : NULL, allowed);
    while ((server = fcgi_route_next(&route)) != NULL)
        *way++ = server->config->name[0];
    *way = '\0';
    assert_null(fcgi_route_next(&route)); /* and it stays the end */
}

static void test_route(void **state)
{
    static const struct {
        size_t n;
        const char *allowed; /* NULL: all */
        const char *ways[4]; /* of requests one after another */
    } cases[] = {
        {1, NULL, {"a", "a", "a", "a"}},
        {2, NULL, {"ab", "ba", "ab", "ba"}},
        {3, NULL, {"abc", "bca", "cab", "abc"}},
        {3, "abc", {"abc", "bca", "cab", "abc"}},
        {3, "b", {"b", "b", "b", "b"}},
        {3, "ca", {"ac", "ca", "ca", "ac"}},
        {3, "x", {"", "", "", ""}},
        {1, "b", {"", "", "", ""}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_pool *pool = make_pool(cases[i].n);

        for (size_t j = 0; j < 4; j++) {
            char way[4];

            walk(pool, cases[i].allowed, way);
            assert_string_equal(way, cases[i].ways[j]);
        }
        fcgi_pool_free(pool);
    }
}

#define THREADS 4
#define ROUTES 3000

struct counter {
    struct fcgi_pool *pool;
    unsigned first[3]; /* how often each server was the first */
};

static void *count_first(void *arg)
{
    struct counter *counter = arg;

    for (int i = 0; i < ROUTES; i++) {
        char way[4];

        walk(counter->pool, NULL, way);
        counter->first[way[0] - 'a']++;
    }
    return NULL;
}

/* Threads that take turns together: no turn is given twice. */
static void test_route_threads(void **state)
{
    struct fcgi_pool *pool = make_pool(3);
    struct counter counters[THREADS];
    pthread_t threads[THREADS];
    unsigned sum[3] = {0};

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        counters[i] = (struct counter){.pool = pool};
        assert_int_equal(
            pthread_create(&threads[i], NULL, count_first, &counters[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (size_t j = 0; j < 3; j++)
            sum[j] += counters[i].first[j];
    }
    for (size_t j = 0; j < 3; j++)
        assert_int_equal(sum[j], THREADS * ROUTES / 3);
    fcgi_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_room),
        cmocka_unit_test(test_resolve_unix),
        cmocka_unit_test(test_resolve_tcp),
        cmocka_unit_test(test_resolve_fails),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_route),
        cmocka_unit_test(test_route_threads),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
