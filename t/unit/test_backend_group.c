/* SPDX-License-Identifier: Apache-2.0
 *
 * A name's members: they come, go and come back, and no request is left without
 * one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "backend/pool.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SEATS FCGI_GROUP_SEATS

static char name[] = "php";
static struct fcgi_server_config config;
static const struct fcgi_config all = {.servers = &config, .n_servers = 1};
static struct fcgi_pool *pool;
static struct fcgi_group *group;
static char told[16384];

static void tell(void *arg, bool bad, const char *line)
{
    (void)arg;
    (void)bad;
    assert_true(strlen(told) + strlen(line) + 2 < sizeof(told));
    strcat(told, line);
    strcat(told, "\n");
}

static const struct fcgi_notice notice = {tell, NULL};

static int set_up(void **state)
{
    (void)state;
    config = (struct fcgi_server_config){.name = name,
                                         .weight = 1,
                                         .max_fails = 1,
                                         .fail_timeout = 10000,
                                         .keep_alive = true};
    config.endpoint.kind = FCGI_ENDPOINT_TCP;
    config.endpoint.port = 9000;
    strcpy(config.endpoint.host, "php.test");
    pool = fcgi_pool_new(&all);
    assert_non_null(pool);
    group = &pool->groups[0];
    told[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fcgi_pool_free(pool);
    return 0;
}

/* 10.0.0.N:9000 */
static struct fcgi_addresses *address(unsigned n)
{
    const struct sockaddr_in in = {.sin_family = AF_INET,
                                   .sin_port = htons(9000),
                                   .sin_addr.s_addr = htonl(0x0a000000 + n)};
    struct fcgi_addresses *addresses = fcgi_addresses_new(1);

    if (addresses == NULL)
        abort();
    memcpy(&addresses->list[0].addr, &in, sizeof(in));
    addresses->list[0].length = sizeof(in);
    return addresses;
}

/* The name has these addresses now, each as a byte. */
static bool update(const char *text)
{
    struct fcgi_group_member members[256];
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        members[i] = (struct fcgi_group_member){
            .addresses = address((unsigned char)text[i])};
    return fcgi_group_update(group, members, n, &notice);
}

/* The last byte of a seat's address; '-' for none. */
static char who(const struct fcgi_server *server)
{
    struct sockaddr_in in;

    if (server->addresses == NULL)
        return '-';
    memcpy(&in, &server->addresses->list[0].addr, sizeof(in));
    return (char)ntohl(in.sin_addr.s_addr);
}

/* The first seats: those that leave as capital letters. */
static void assert_seats(const char *want)
{
    char got[SEATS + 1];
    size_t n = strlen(want);

    for (size_t i = 0; i < n; i++) {
        const struct fcgi_server *server = &group->seats[i];
        bool present = atomic_load(&group->present) >> i & 1;

        assert_int_equal(fcgi_server_is_present(server) ||
                             server->addresses == NULL,
                         present || server->addresses == NULL);
        got[i] = who(server);
        if (!present && got[i] != '-')
            got[i] = (char)(got[i] - 'a' + 'A');
    }
    got[n] = '\0';
    assert_string_equal(got, want);
    assert_int_equal(atomic_load(&pool->n_present),
                     __builtin_popcountll(atomic_load(&group->present)));
}

/* Whom so many requests go to first. */
static void assert_first(const char *want)
{
    struct fcgi_route route;
    bool trial;

    for (; *want != '\0'; want++) {
        fcgi_pool_route(pool, &route, NULL, NULL);
        assert_int_equal(who(fcgi_route_next(&route, 0, &trial)), *want);
    }
}

/* Who asks before the name is known is told why; seats are taken in order, and
 * kept whatever the order of an answer. */
static void test_come(void **state)
{
    char label[FCGI_SERVER_LABEL];

    (void)state;
    assert_seats("---");
    assert_first("--");
    assert_false(fcgi_group_is_resolved(group));
    fcgi_server_label(&group->seats[0], label, sizeof(label));
    assert_string_equal(label, "server \"php\"");
    assert_true(update("bca"));
    assert_seats("abc-");
    assert_true(fcgi_group_is_resolved(group));
    assert_string_equal(told, "");
    assert_first("abcabc");
    assert_true(update("cabb"));
    assert_seats("abc-");
    assert_string_equal(told, "");
    assert_true(update("dcab"));
    assert_seats("abcd-");
    assert_string_equal(told,
                        "server \"php\" (10.0.0.100:9000): is an address "
                        "of the name now, and used\n");
}

/* Idle ones go at once, others when they are; one that comes back is as it was,
 * and who takes a seat that was left begins anew. */
static void test_go(void **state)
{
    (void)state;
    update("abc");
    assert_true(fcgi_server_take_slot(&group->seats[1]));
    assert_true(fcgi_server_failed(&group->seats[1], 1));
    assert_true(update("c"));
    assert_seats("-Bc-");
    assert_string_equal(
        told,
        "server \"php\" (10.0.0.97:9000): is no address of the name any "
        "more, and not used\n"
        "server \"php\" (10.0.0.98:9000): is no address of the name any "
        "more, and not used\n");
    assert_first("ccc");
    assert_true(update("cb"));
    assert_seats("-bc-");
    assert_true(atomic_load(&group->seats[1].out));
    update("c");
    update("cd");
    assert_seats("dBc-");
    assert_null(fcgi_server_free_slot(&group->seats[1], NULL, 1));
    update("cde");
    assert_seats("dec-");
    assert_false(atomic_load(&group->seats[1].out));
    assert_first("decdec");
}

/* Where nobody can come in yet, one of the old ones stays, so that there is one
 * for each request. */
static void test_all_seats(void **state)
{
    char old[SEATS + 1], many[SEATS + 8];

    (void)state;
    for (size_t i = 0; i < SEATS; i++)
        old[i] = (char)('!' + i);
    old[SEATS] = '\0';
    assert_true(update(old));
    for (size_t i = 0; i < SEATS; i++)
        assert_true(fcgi_server_take_slot(&group->seats[i]));
    assert_false(update("yz"));
    assert_int_equal(atomic_load(&group->present), 1);
    fcgi_server_free_slot(&group->seats[7], NULL, 1);
    assert_false(update("yz"));
    assert_int_equal(atomic_load(&group->present), 1 << 7);
    fcgi_server_free_slot(&group->seats[9], NULL, 1);
    assert_true(update("zy"));
    assert_int_equal(atomic_load(&group->present), 1 << 7 | 1 << 9);
    assert_first("yzyz");
    told[0] = '\0';
    for (size_t i = 0; i < SEATS; i++)
        if (i != 7 && i != 9)
            fcgi_server_free_slot(&group->seats[i], NULL, 1);
    /* More than there are seats: the first ones. */
    for (size_t i = 0; i < SEATS + 3; i++)
        many[i] = (char)('!' + SEATS + 2 - i);
    many[SEATS + 3] = '\0';
    assert_false(update(many)); /* two have just left */
    assert_true(update(many));
    assert_non_null(
        strstr(told, "has 67 addresses, of which the first 64 are"));
    assert_null(strstr(strstr(told, "has 67") + 1, "has 67"));
    assert_int_equal(atomic_load(&pool->n_present), SEATS);
    assert_null(strstr(told, "(10.0.0.100:9000): is an"));
}

/* A lone member is never taken out; one of several is, and the last one that is
 * left is used whatever its health. */
static void test_only(void **state)
{
    struct fcgi_route route;
    bool trial;

    (void)state;
    update("a");
    assert_false(fcgi_server_failed(&group->seats[0], 1));
    update("ab");
    assert_true(fcgi_server_failed(&group->seats[0], 1));
    assert_first("bbb");
    update("a");
    fcgi_pool_route(pool, &route, NULL, NULL);
    assert_ptr_equal(fcgi_route_next(&route, 2, &trial), &group->seats[0]);
    assert_true(trial);
    assert_false(fcgi_server_failed(&group->seats[0], 2));
    assert_true(fcgi_server_worked(&group->seats[0]));
}

/* However many are being tried again, a request finds the one that is up. */
static void test_trials(void **state)
{
    const uint64_t later = 20000 * FCGI_LOOP_MS;
    struct fcgi_route route;
    char text[32];
    bool trial;

    (void)state;
    for (size_t i = 0; i < 30; i++)
        text[i] = (char)('A' + i);
    text[30] = '\0';
    update(text);
    for (size_t i = 0; i < 29; i++) {
        fcgi_server_failed(&group->seats[i], 1);
        assert_true(fcgi_server_begin_trial(&group->seats[i], later));
    }
    atomic_store(&group->seats[29].open, 100);
    fcgi_pool_route(pool, &route, NULL, NULL);
    assert_ptr_equal(fcgi_route_next(&route, later, &trial), &group->seats[29]);
    assert_false(trial);
    atomic_store(&group->seats[29].open, 0);
}

/* A service's weights are proportions, whatever the numbers; the lowest
 * priority that has a server that is up is used. */
static void test_service(void **state)
{
    static const struct {
        uint32_t weights[3];
        const char *first;
    } cases[] = {
        {{0, 0, 0}, "abcabc"},
        {{1, 1, 1}, "abcabc"},
        {{65535, 65535, 65535}, "abcabc"},
        {{5, 1, 1}, "aabacaa"},
        {{65535, 13107, 13107}, "aabacaa"},
        {{50 * 1024, 10 * 1024, 0}, "aabaaaaabaaa"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fcgi_group_member members[3];

        tear_down(NULL);
        set_up(NULL);
        for (size_t j = 0; j < 3; j++)
            members[j] = (struct fcgi_group_member){address('c' - (unsigned)j),
                                                    cases[i].weights[2 - j], 7};
        assert_true(fcgi_group_update(group, members, 3, &notice));
        assert_seats("abc");
        assert_first(cases[i].first);
    }
    for (size_t i = 0; i < 2; i++) {
        struct fcgi_group_member members[] = {{address('a'), 9, 20},
                                              {address('b'), 1, 300},
                                              {address('c'), 1, 10},
                                              {address('d'), 1, 10},
                                              {address('a'), 9, 65535}};

        assert_true(fcgi_group_update(group, members, 5, &notice));
    }
    assert_seats("abcd-");
    assert_first("cdcd");
    assert_true(fcgi_server_failed(&group->seats[2], 0));
    assert_first("dd");
    assert_true(fcgi_server_failed(&group->seats[3], 0));
    assert_first("aa");
    assert_true(fcgi_server_failed(&group->seats[0], 0));
    assert_first("bb");
    assert_true(fcgi_server_worked(&group->seats[3]));
    assert_first("dd");
}

#define THREADS 3

struct client {
    atomic_bool stop;
    unsigned served[128];
    unsigned lost;
};

static void *serve(void *arg)
{
    struct client *client = arg;
    struct fcgi_route route;
    bool trial;

    while (!atomic_load(&client->stop)) {
        struct fcgi_server *server;
        struct fcgi_addresses *addresses;

        fcgi_pool_route(pool, &route, NULL, NULL);
        server = fcgi_route_next(&route, 0, &trial);
        if (server == NULL) {
            client->lost++;
            continue;
        }
        if (!fcgi_server_take_slot(server))
            continue;
        addresses = fcgi_server_addresses(server);
        if (addresses != NULL) {
            struct sockaddr_in in;

            memcpy(&in, &addresses->list[0].addr, sizeof(in));
            client->served[ntohl(in.sin_addr.s_addr) & 127]++;
        }
        fcgi_addresses_unref(addresses);
        fcgi_server_free_slot(server, NULL, 1);
    }
    return NULL;
}

/* Members come and go under load: each request has a server, and the address
 * that it is told is one of the name's. */
static void test_threads(void **state)
{
    static const char *const sets[] = {"abc", "bcd", "ef", "a", "abcdefgh"};
    struct client clients[THREADS] = {0};
    pthread_t threads[THREADS];

    (void)state;
    update("abc");
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, serve, &clients[i]),
                         0);
    for (unsigned i = 0; i < 4000; i++) {
        update(sets[i % COUNT(sets)]);
        told[0] = '\0';
    }
    for (size_t i = 0; i < THREADS; i++)
        atomic_store(&clients[i].stop, true);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].lost, 0);
        for (size_t j = 0; j < COUNT(clients[i].served); j++)
            assert_true(clients[i].served[j] == 0 || (j >= 'a' && j <= 'h'));
    }
    for (size_t i = 0; i < SEATS; i++)
        assert_int_equal(atomic_load(&group->seats[i].open), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_come, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_seats, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_trials, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_service, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
