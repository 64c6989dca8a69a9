/* SPDX-License-Identifier: Apache-2.0
 *
 * What name services answer: SRV messages as they come, addresses as c-ares
 * hands them over, failures, in whatever order; again and again for the same
 * pool, whose members come and go. c-ares but for its names is played here.
 * `make fuzz`.
 *
 * An input is read byte by byte, zeros behind its end: the kind of the name,
 * and for each question what becomes of it (see answer()).
 */
/* What versions of c-ares declare differently; for the linker it is one. */
#define ares_init_options declared_init_options
#define ares_timeout declared_timeout
#include <ares.h>
#undef ares_init_options
#undef ares_timeout
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend/resolver.h"
#include "fuzz.h"

#define ROUNDS 24
#define QUESTIONS_MOST 128 /* the name itself, and the hosts of a service */
#define NODES_MOST 300     /* more than a group has seats */

static const uint8_t *input, *input_end;

static uint8_t next(void)
{
    return input < input_end ? *input++ : 0;
}

/* --- time: nobody waits --------------------------------------------------- */

static uint64_t now_ms;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    now->tv_sec = (time_t)(1000000 + now_ms / 1000);
    now->tv_nsec = (long)(now_ms % 1000) * 1000000;
    return 0;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    (void)fds;
    (void)n;
    now_ms += timeout > 0 ? (unsigned)timeout : 1;
    return 0;
}

/* --- c-ares --------------------------------------------------------------- */

struct question {
    ares_addrinfo_callback found;
    void *arg;
};

static struct question questions[QUESTIONS_MOST];
static size_t n_questions;

static struct ares_addrinfo_node *new_node(void)
{
    struct ares_addrinfo_node *node = calloc(1, sizeof(*node));
    struct sockaddr_in6 *in6 = calloc(1, sizeof(*in6));
    uint8_t kind = next();

    check(node != NULL && in6 != NULL);
    node->ai_ttl = (kind & 0x80) ? (next() & 0x7f) << 24 : (int)(kind >> 3);
    node->ai_family = kind % 8 == 0  ? AF_UNIX
                      : kind % 8 < 5 ? AF_INET
                                     : AF_INET6;
    node->ai_addr = (struct sockaddr *)in6;
    if (node->ai_family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)in6;

        in->sin_family = AF_INET;
        in->sin_addr.s_addr = htonl(0x7f000000U | next());
        node->ai_addrlen = sizeof(*in);
    } else {
        in6->sin6_family = (sa_family_t)node->ai_family;
        in6->sin6_addr.s6_addr[15] = next();
        node->ai_addrlen = sizeof(*in6);
    }
    return node;
}

static struct ares_addrinfo *new_addresses(void)
{
    struct ares_addrinfo *result = calloc(1, sizeof(*result));
    uint8_t kind = next();
    struct ares_addrinfo_node **last;
    unsigned n = kind == 255 ? NODES_MOST : kind % 8;

    check(result != NULL);
    last = &result->nodes;
    for (; n > 0; n--, last = &(*last)->ai_next)
        *last = new_node();
    if (kind & 0x40) {
        result->cnames = calloc(1, sizeof(*result->cnames));
        check(result->cnames != NULL);
        result->cnames->ttl = next();
    }
    return result;
}

void ares_freeaddrinfo(struct ares_addrinfo *result)
{
    for (struct ares_addrinfo_node *node = result->nodes, *after; node != NULL;
         node = after) {
        after = node->ai_next;
        free(node->ai_addr);
        free(node);
    }
    free(result->cnames);
    free(result);
}

/* One byte says what a question comes to: an errno of c-ares', or addresses. */
static void answer(const struct question *question)
{
    uint8_t kind = next();

    if (kind % 4 == 0)
        question->found(question->arg, ARES_ENODATA + kind / 4 % 24, 0, NULL);
    else
        question->found(question->arg, ARES_SUCCESS, 0, new_addresses());
}

/* All that is open, the last first, or the first. */
static void answer_all(void)
{
    while (n_questions > 0) {
        size_t i = next() & 1 ? 0 : n_questions - 1;
        struct question question = questions[i];

        memmove(&questions[i], &questions[i + 1],
                (--n_questions - i) * sizeof(question));
        answer(&question);
    }
}

void ares_getaddrinfo(ares_channel channel, const char *node,
                      const char *service,
                      const struct ares_addrinfo_hints *hints,
                      ares_addrinfo_callback callback, void *arg)
{
    const struct question question = {callback, arg};

    (void)channel;
    (void)hints;
    check(strlen(node) < 256 && atoi(service) > 0);
    if (next() & 1) {
        answer(&question);
        return;
    }
    check(n_questions < QUESTIONS_MOST);
    questions[n_questions++] = question;
}

void ares_search(ares_channel channel, const char *name, int dnsclass, int type,
                 ares_callback callback, void *arg)
{
    uint8_t kind = next();
    size_t length = next();
    unsigned char *message;

    (void)channel;
    (void)name;
    (void)dnsclass;
    (void)type;
    if (kind % 8 == 0) {
        callback(arg, ARES_ENODATA + kind / 8 % 24, 0, NULL, 0);
        return;
    }
    length = (length << 8 | next()) % 2048;
    if (length > (size_t)(input_end - input))
        length = (size_t)(input_end - input);
    message = malloc(length);
    check(message != NULL || length == 0);
    if (length > 0)
        memcpy(message, input, length);
    input += length;
    callback(arg, ARES_SUCCESS, 0, message, (int)length);
    free(message);
}

int ares_init_options(ares_channel *channel, struct ares_options *options,
                      int mask);
struct timeval *ares_timeout(ares_channel channel, struct timeval *most,
                             struct timeval *wait);

int ares_init_options(ares_channel *channel, struct ares_options *options,
                      int mask)
{
    (void)options;
    (void)mask;
    *channel = (ares_channel)questions;
    return next() == 255 ? ARES_ENOMEM : ARES_SUCCESS;
}

void ares_destroy(ares_channel channel)
{
    (void)channel;
    for (; n_questions > 0; n_questions--)
        questions[n_questions - 1].found(questions[n_questions - 1].arg,
                                         ARES_EDESTRUCTION, 0, NULL);
}

/* At once. */
struct timeval *ares_timeout(ares_channel channel, struct timeval *most,
                             struct timeval *wait)
{
    (void)channel;
    (void)most;
    memset(wait, 0, sizeof(*wait));
    return wait;
}

void ares_process_fd(ares_channel channel, ares_socket_t in, ares_socket_t out)
{
    (void)channel;
    (void)in;
    (void)out;
    answer_all();
}

/* --- the pool ------------------------------------------------------------- */

static void check_seat(const struct fcgi_group *group, size_t seat)
{
    struct fcgi_addresses *addresses =
        fcgi_server_addresses(&group->seats[seat]);

    check(seat < group->n_seats);
    if (addresses == NULL)
        return;
    check(addresses->n > 0 && addresses->n <= 2);
    for (size_t i = 0; i < addresses->n; i++) {
        int family = addresses->list[i].addr.ss_family;

        check(family == AF_INET || family == AF_INET6);
        check(addresses->list[i].length <= sizeof(addresses->list[i].addr));
    }
    fcgi_addresses_unref(addresses);
}

static void check_pool(const struct fcgi_pool *pool)
{
    unsigned present = 0;

    for (size_t g = 0; g < pool->n_groups; g++) {
        const struct fcgi_group *group = &pool->groups[g];
        uint64_t bits = atomic_load(&group->present);

        check(bits != 0);
        for (size_t i = 0; i < FCGI_GROUP_SEATS; i++)
            if (bits >> i & 1)
                check_seat(group, i);
        present += (unsigned)__builtin_popcountll(bits);
    }
    check(present == atomic_load(&pool->n_present));
}

/* What the log is told is text, of whatever length. */
static void tell(void *arg, bool bad, const char *line)
{
    (void)arg;
    (void)bad;
    for (; *line != '\0'; line++)
        check((unsigned char)*line >= 0x20 && *line != 0x7f);
}

/* Lookups again and again, as a worker has them. */
static void look_up(struct fcgi_pool *pool)
{
    const struct fcgi_notice notice = {tell, NULL};
    struct fcgi_loop *loop = fcgi_loop_new();
    struct fcgi_resolver *resolver;

    check(loop != NULL);
    resolver = fcgi_resolver_new(pool, loop, &notice);
    check(resolver != NULL);
    for (int i = 0; i < ROUNDS && input < input_end; i++) {
        fcgi_loop_wait(loop, 1000);
        check_pool(pool);
    }
    fcgi_resolver_free(resolver);
    fcgi_loop_free(loop);
    check(n_questions == 0);
}

FUZZER(names)
{
    static char name[] = "php";
    struct fcgi_server_config config = {.name = name,
                                        .weight = 1,
                                        .max_fails = 1,
                                        .fail_timeout = 10000,
                                        .resolve_interval = 1000,
                                        .keep_alive = true};
    const struct fcgi_config all = {.servers = &config, .n_servers = 1};
    struct fcgi_pool *pool;

    input = data;
    input_end = data + size;
    config.endpoint.kind = FCGI_ENDPOINT_TCP;
    config.endpoint.port = next() & 1 ? 9000 : 0;
    snprintf(config.endpoint.host, sizeof(config.endpoint.host), "php.test");
    pool = fcgi_pool_new(&all);
    check(pool != NULL);
    fcgi_resolver_start(pool, 5000);
    check_pool(pool);
    look_up(pool);
    fcgi_pool_free(pool);
    return 0;
}
