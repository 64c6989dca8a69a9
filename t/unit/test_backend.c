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
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/un.h>
#include <unistd.h>

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

/* What needs no name service. */
static void test_literal(void **state)
{
    static const struct {
        const char *host;
        unsigned port;
        int family; /* 0: it is a name */
    } cases[] = {
        {"/a", 0, AF_UNIX},
        {"/run/php/php-fpm.sock", 0, AF_UNIX},
        {PATH107, 0, AF_UNIX},
        {"127.0.0.1", 9000, AF_INET},
        {"10.255.0.1", 1, AF_INET},
        {"::1", 9000, AF_INET6},
        {"2001:db8::1", 65535, AF_INET6},
        {"localhost", 80, 0},
        {"no-such-host.invalid", 9000, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_endpoint e = endpoint(cases[i].host, cases[i].port);
        struct fcgi_addresses *addresses = fcgi_address_literal(&e);
        char text[INET6_ADDRSTRLEN];
        struct sockaddr_in6 in6;
        struct sockaddr_in in;
        struct sockaddr_un un;

        if (cases[i].family == 0) {
            assert_null(addresses);
            assert_int_equal(errno, 0);
            continue;
        }
        assert_non_null(addresses);
        assert_int_equal(addresses->n, 1);
        assert_int_equal(addresses->list[0].addr.ss_family, cases[i].family);
        memcpy(&in, &addresses->list[0].addr, sizeof(in));
        memcpy(&in6, &addresses->list[0].addr, sizeof(in6));
        memcpy(&un, &addresses->list[0].addr, sizeof(un));
        if (cases[i].family == AF_UNIX) {
            assert_string_equal(un.sun_path, cases[i].host);
        } else {
            /* The port is at the same place in either. */
            assert_int_equal(ntohs(in.sin_port), cases[i].port);
            inet_ntop(cases[i].family,
                      in.sin_family == AF_INET ? (const void *)&in.sin_addr
                                               : (const void *)&in6.sin6_addr,
                      text, sizeof(text));
            assert_string_equal(text, cases[i].host);
        }
        fcgi_addresses_unref(addresses);
    }
}

/* The same for tools, which may block, and names. */
static void test_resolve(void **state)
{
    static const char *const hosts[] = {"/a", "127.0.0.1", "::1", "localhost"};

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct fcgi_endpoint e = endpoint(hosts[i], 80);
        struct fcgi_addresses *literal = fcgi_address_literal(&e);
        struct fcgi_address *address;
        const char *why;
        size_t n;

        address = fcgi_address_resolve(&e, &n, &why);
        /* Without an /etc/hosts, as in a fresh root, there is no such name. */
        if (address == NULL && strcmp(hosts[i], "localhost") == 0 &&
            access("/etc/hosts", R_OK) != 0)
            continue;
        assert_non_null(address);
        assert_true(n >= 1);
        if (literal != NULL) {
            assert_int_equal(n, 1);
            assert_int_equal(address->length, literal->list[0].length);
            assert_memory_equal(&address->addr, &literal->list[0].addr,
                                address->length);
        }
        free(address);
        fcgi_addresses_unref(literal);
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

/* Lists are compared by what they hold, and live while somebody has them. */
static void test_lists(void **state)
{
    struct fcgi_endpoint one = endpoint("127.0.0.1", 1);
    struct fcgi_endpoint two = endpoint("127.0.0.1", 2);
    struct fcgi_addresses *a = fcgi_address_literal(&one);
    struct fcgi_addresses *b = fcgi_address_literal(&one);
    struct fcgi_addresses *c = fcgi_address_literal(&two);

    (void)state;
    assert_true(fcgi_addresses_equal(a, b));
    assert_false(fcgi_addresses_equal(a, c));
    assert_false(fcgi_addresses_equal(a, NULL));
    assert_true(fcgi_addresses_equal(NULL, NULL));
    assert_ptr_equal(fcgi_addresses_ref(a), a);
    fcgi_addresses_unref(a);
    assert_true(fcgi_addresses_equal(a, b));
    fcgi_addresses_unref(a);
    fcgi_addresses_unref(b);
    fcgi_addresses_unref(c);
    fcgi_addresses_unref(NULL);
    assert_null(fcgi_addresses_ref(NULL));
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
        servers[i] = (struct fcgi_server_config){
            .name = names[i],
            .weight = 1,
            .max_fails = 1,
            .fail_timeout = 10000,
        };
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
        assert_int_equal(fcgi_pool_find(pool, cases[i].name, cases[i].length) !=
                             NULL,
                         cases[i].has);
    assert_ptr_equal(fcgi_pool_find(pool, "bb", 2), &pool->servers[1]);
    assert_int_equal(pool->n_groups, 3);
    assert_int_equal(pool->n_servers, 2 + FCGI_GROUP_SEATS);
    assert_int_equal(atomic_load(&pool->n_present), 3);
    assert_non_null(pool->servers[0].addresses);
    assert_string_equal(pool->servers[0].where, "unix:/a.sock");
    assert_non_null(pool->servers[1].addresses);
    assert_string_equal(pool->servers[1].where, "127.0.0.1:9000");
    assert_null(pool->servers[2].addresses);
    assert_false(fcgi_group_is_resolved(&pool->groups[2]));
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

/* The first letters of the servers that a request goes to at a time; capital
 * where it tries one that is not up. */
static void walk(struct fcgi_pool *pool, const char *allowed, uint64_t now,
                 char *way)
{
    const struct fcgi_server *server;
    struct fcgi_route route;
    bool trial;

    fcgi_pool_route(pool, &route, allowed ? allows : NULL, allowed);
    while ((server = fcgi_route_next(&route, now, &trial)) != NULL)
        *way++ = (char)(server->config->name[0] - (trial ? 'a' - 'A' : 0));
    *way = '\0';
    assert_null(fcgi_route_next(&route, now, &trial)); /* it stays the end */
}

/* Among equals they take turns; who is second is next in turn as well. */
static void test_route(void **state)
{
    static const struct {
        size_t n;
        const char *allowed; /* NULL: all */
        const char *first;   /* whom 6 requests go to first */
    } cases[] = {
        {1, NULL, "aaaaaa"},  {2, NULL, "ababab"}, {3, NULL, "abcabc"},
        {3, "abc", "abcabc"}, {3, "b", "bbbbbb"},  {3, "ca", "acacac"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_pool *pool = make_pool(cases[i].n);

        for (size_t j = 0; j < 6; j++) {
            struct fcgi_route route;
            bool trial;

            fcgi_pool_route(pool, &route, cases[i].allowed ? allows : NULL,
                            cases[i].allowed);
            assert_int_equal(
                fcgi_route_next(&route, 0, &trial)->config->name[0],
                cases[i].first[j]);
            assert_false(trial);
        }
        fcgi_pool_free(pool);
    }
}

/* Each server once, and only those that are allowed. */
static void test_route_all(void **state)
{
    struct fcgi_pool *pool = make_pool(3);
    char way[4];

    (void)state;
    for (int i = 0; i < 7; i++) {
        walk(pool, NULL, 0, way);
        assert_int_equal(strlen(way), 3);
        assert_true(strchr(way, 'a') && strchr(way, 'b') && strchr(way, 'c'));
        walk(pool, "ab", 0, way);
        assert_true(strcmp(way, "ab") == 0 || strcmp(way, "ba") == 0);
        walk(pool, "x", 0, way);
        assert_string_equal(way, "");
    }
    fcgi_pool_free(pool);
}

static void set_busy(struct fcgi_pool *pool, unsigned a, unsigned b, unsigned c)
{
    atomic_store(&pool->servers[0].open, a);
    atomic_store(&pool->servers[1].open, b);
    atomic_store(&pool->servers[2].open, c);
}

/* Least busy first, by weight; idle connections are not work, the queue is. */
static void test_least_busy(void **state)
{
    static const struct {
        unsigned weights[3], busy[3];
        char first;
    } cases[] = {
        {{1, 1, 1}, {2, 1, 2}, 'b'},   {{1, 1, 1}, {3, 2, 1}, 'c'},
        {{4, 1, 1}, {3, 1, 1}, 'a'},   {{4, 1, 1}, {5, 1, 2}, 'b'},
        {{1, 1, 256}, {0, 1, 9}, 'a'}, {{1, 1, 256}, {1, 1, 255}, 'c'},
    };
    char way[4];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_pool *pool = make_pool(3);

        for (size_t j = 0; j < 3; j++)
            servers[j].weight = cases[i].weights[j];
        set_busy(pool, cases[i].busy[0], cases[i].busy[1], cases[i].busy[2]);
        walk(pool, NULL, 0, way);
        assert_int_equal(way[0], cases[i].first);
        fcgi_pool_free(pool);
    }
    struct fcgi_pool *pool = make_pool(3);

    set_busy(pool, 9, 2, 2);
    atomic_store(&pool->servers[0].idle, 8);
    walk(pool, NULL, 0, way);
    assert_int_equal(way[0], 'a');
    atomic_store(&pool->servers[0].queue.length, 2);
    walk(pool, NULL, 0, way);
    assert_int_not_equal(way[0], 'a');
    fcgi_pool_free(pool);
}

/* With nothing to do, turns go by weight, evenly spread. */
static void test_weighted_turns(void **state)
{
    struct fcgi_pool *pool = make_pool(3);
    char first[8] = "", way[4];

    (void)state;
    servers[0].weight = 5;
    for (int i = 0; i < 7; i++) {
        struct fcgi_route route;
        bool trial;

        fcgi_pool_route(pool, &route, NULL, NULL);
        way[0] = fcgi_route_next(&route, 0, &trial)->config->name[0];
        first[i] = way[0];
    }
    assert_string_equal(first, "aabacaa");
    fcgi_pool_free(pool);
}

/* Backup servers only where no other is up. */
static void test_backup(void **state)
{
    struct fcgi_pool *pool = make_pool(3);
    char way[4];

    (void)state;
    servers[0].backup = true;
    for (int i = 0; i < 4; i++) {
        walk(pool, NULL, 0, way);
        assert_int_equal(way[2], 'a');
    }
    assert_true(fcgi_server_failed(&pool->servers[1], 1));
    walk(pool, NULL, 2, way);
    assert_string_equal(way, "ca");
    assert_true(fcgi_server_failed(&pool->servers[2], 1));
    walk(pool, NULL, 2, way);
    assert_string_equal(way, "a");
    /* None is up: one is tried all the same. */
    assert_true(fcgi_server_failed(&pool->servers[0], 1));
    walk(pool, NULL, 2, way);
    assert_int_equal(strlen(way), 1);
    assert_true(way[0] >= 'A' && way[0] <= 'C');
    fcgi_pool_free(pool);
}

/* Out after a failure, tried by one request when the time is over. */
static void test_out_and_back(void **state)
{
    const uint64_t out = 10000 * FCGI_LOOP_MS;
    struct fcgi_pool *pool = make_pool(2);
    struct fcgi_server *a = &pool->servers[0];
    struct fcgi_route route;
    char way[4];
    bool trial;

    (void)state;
    assert_true(fcgi_server_failed(a, 5));
    assert_false(fcgi_server_failed(a, 5)); /* it is out already */
    walk(pool, NULL, 5 + out - 1, way);
    assert_string_equal(way, "b");
    /* A rule that names it alone uses it. */
    walk(pool, "a", 6, way);
    assert_string_equal(way, "A");
    do {
        fcgi_pool_route(pool, &route, NULL, NULL);
    } while (fcgi_route_next(&route, 5 + out, &trial) != a);
    assert_true(trial);
    /* Nobody else, until it is known how that went. */
    walk(pool, NULL, 5 + out, way);
    assert_string_equal(way, "b");
    assert_false(fcgi_server_failed(a, 5 + out));
    walk(pool, NULL, 5 + 2 * out - 1, way);
    assert_string_equal(way, "b");
    walk(pool, NULL, 5 + 2 * out, way);
    assert_int_equal(strlen(way), 2);
    /* The request has learnt nothing: the next one tries. */
    fcgi_server_end_trial(a);
    walk(pool, NULL, 5 + 2 * out, way);
    assert_int_equal(strlen(way), 2);
    assert_true(fcgi_server_worked(a));
    assert_false(fcgi_server_worked(a));
    walk(pool, NULL, 5 + 2 * out, way);
    assert_int_equal(strlen(way), 2);
    assert_true(strchr(way, 'A') == NULL);
    fcgi_pool_free(pool);
}

/* Which of them may only be restarted, in their turns. */
static void test_restarting(void **state)
{
    static const char allowed[] = "ab";
    struct fcgi_pool *pool = make_pool(3);
    struct fcgi_server *b = &pool->servers[1];
    struct fcgi_server *c = &pool->servers[2];
    struct fcgi_route route;
    bool trial;

    (void)state;
    fcgi_pool_route(pool, &route, NULL, NULL);
    assert_null(fcgi_route_restarting(&route, 7, 0));
    fcgi_server_refused(b, 7);
    fcgi_server_refused(b, 8); /* it is the first time that counts */
    assert_ptr_equal(fcgi_route_restarting(&route, 6 + FCGI_RESTART, 0), b);
    assert_null(fcgi_route_restarting(&route, 7 + FCGI_RESTART, 0));
    fcgi_server_refused(c, 9);
    for (unsigned turn = 0; turn < 6; turn += 2) {
        assert_ptr_equal(fcgi_route_restarting(&route, 9, turn), b);
        assert_ptr_equal(fcgi_route_restarting(&route, 9, turn + 1), c);
    }
    fcgi_pool_route(pool, &route, allows, allowed);
    assert_ptr_equal(fcgi_route_restarting(&route, 9, 1), b);
    fcgi_server_answered(b, 6); /* what was asked before */
    assert_non_null(fcgi_route_restarting(&route, 9, 0));
    fcgi_server_answered(b, 7);
    assert_null(fcgi_route_restarting(&route, 9, 0));
    fcgi_server_refused(b, 7 + FCGI_RESTART);
    assert_ptr_equal(fcgi_route_restarting(&route, 7 + FCGI_RESTART, 0), b);
    /* A route that has ended begins anew. */
    while (fcgi_route_next(&route, 9, &trial) != NULL) {
    }
    assert_non_null(fcgi_route_anew(&route, 9, &trial));
    fcgi_pool_free(pool);
}

/* So many failures, within the time; never a is_only_server server. */
static void test_max_fails(void **state)
{
    const uint64_t window = 10000 * FCGI_LOOP_MS;
    struct fcgi_pool *pool = make_pool(2);
    struct fcgi_server *a = &pool->servers[0];

    (void)state;
    servers[0].max_fails = 3;
    assert_false(fcgi_server_failed(a, 0));
    assert_false(fcgi_server_failed(a, window - 1));
    assert_false(fcgi_server_failed(a, window)); /* the first is forgotten */
    assert_false(fcgi_server_failed(a, window + 1));
    assert_true(fcgi_server_failed(a, window + 2));
    servers[1].max_fails = 0;
    for (int i = 0; i < 50; i++)
        assert_false(fcgi_server_failed(&pool->servers[1], 1));
    fcgi_pool_free(pool);
    pool = make_pool(1);
    for (int i = 0; i < 50; i++)
        assert_false(fcgi_server_failed(&pool->servers[0], 1));
    fcgi_pool_free(pool);
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

        struct fcgi_route route;
        bool trial;

        fcgi_pool_route(counter->pool, &route, NULL, NULL);
        way[0] = fcgi_route_next(&route, 0, &trial)->config->name[0];
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
        cmocka_unit_test(test_literal),
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_resolve_fails),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_route),
        cmocka_unit_test(test_route_all),
        cmocka_unit_test(test_least_busy),
        cmocka_unit_test(test_weighted_turns),
        cmocka_unit_test(test_backup),
        cmocka_unit_test(test_out_and_back),
        cmocka_unit_test(test_restarting),
        cmocka_unit_test(test_max_fails),
        cmocka_unit_test(test_route_threads),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
