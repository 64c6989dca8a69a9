/* SPDX-License-Identifier: Apache-2.0
 *
 * Who the client is behind proxies: rows of fields, and what comes of them. The
 * same rows hold for a peer that is IPv4 and for one that is mapped, and change
 * nothing where the peer is not trusted.
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

#include "gateway/origin.h"
#include "guard.h"
#include "http/forwarded.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PEER "10.0.0.1"
#define NOBODY PEER " 5555 http 8080"

static struct fcgi_networks trusted;

static void trust(const char *text)
{
    size_t at;

    trusted.items =
        realloc(trusted.items, (trusted.count + 1) * sizeof(*trusted.items));
    assert_non_null(trusted.items);
    assert_null(fcgi_network_parse(text, strlen(text),
                                   &trusted.items[trusted.count++], &at));
}

static int set_up(void **state)
{
    (void)state;
    trust("10.0.0.0/8");
    trust("fd00::/8");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(trusted.items);
    return 0;
}

static struct sockaddr_storage address(const char *text, unsigned port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((in_port_t)port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons((in_port_t)port)};
    struct sockaddr_storage storage;

    memset(&storage, 0, sizeof(storage));
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        memcpy(&storage, &in, sizeof(in));
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        memcpy(&storage, &in6, sizeof(in6));
    }
    return storage;
}

/* "ADDRESS PORT SCHEME SERVER_PORT" */
static void describe(const struct fcgi_http_request *request, char *text,
                     size_t size)
{
    uint8_t bytes[16];
    char host[INET6_ADDRSTRLEN] = "";
    in_port_t port, local;

    assert_true(fcgi_network_address(&request->peer, bytes));
    if (memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0)
        inet_ntop(AF_INET, bytes + 12, host, sizeof(host));
    else
        inet_ntop(AF_INET6, bytes, host, sizeof(host));
    memcpy(&port,
           (const char *)&request->peer +
               offsetof(struct sockaddr_in, sin_port),
           sizeof(port));
    memcpy(&local,
           (const char *)&request->local +
               offsetof(struct sockaddr_in, sin_port),
           sizeof(local));
    snprintf(text, size, "%s %u %s %u", host, ntohs(port),
             request->tls ? "https" : "http", ntohs(local));
}

/* A row's fields, "Name: value" with newlines between them, each value in
 * memory of its own that ends where it does. */
static size_t read_fields(const char *text, struct fcgi_http_field *fields,
                          struct guard *guards)
{
    size_t n = 0;

    while (*text != '\0') {
        const char *colon = strchr(text, ':');
        size_t length = strcspn(text, "\n"), value;

        assert_non_null(colon);
        fields[n].name = (struct fcgi_text){text, (size_t)(colon - text)};
        value = length - fields[n].name.length - 1;
        fields[n].value = fcgi_http_text_trim(colon + 1, colon + 1 + value);
        value = fields[n].value.length;
        guard_behind(&guards[n], value > 0 ? value : 1);
        fields[n].value.data =
            (const char *)guard_put(&guards[n], fields[n].value.data, value);
        n++;
        text += length + (text[length] == '\n');
    }
    return n;
}

struct row {
    const char *fields;
    const char *want; /* or a part of why it is refused, behind a '!' */
};

static void check_row(const struct row *row, const char *peer, bool tls,
                      const char *want)
{
    struct fcgi_http_field fields[8];
    struct guard guards[8];
    struct fcgi_http_request request = {
        .peer = address(peer, 5555),
        .local = address("10.0.0.9", 8080),
        .tls = tls,
        .fields = fields,
        .n_fields = read_fields(row->fields, fields, guards),
    };
    const char *why = fcgi_origin_find(&request, &trusted);
    char got[128];

    describe(&request, got, sizeof(got));
    for (size_t i = 0; i < request.n_fields; i++)
        guard_free(&guards[i]);
    if (want[0] == '!') {
        if (why == NULL || strstr(why, want + 1) == NULL)
            fail_msg("'%s': not refused, but %s", row->fields, got);
    } else if (why != NULL || strcmp(got, want) != 0) {
        fail_msg("'%s': %s, not %s", row->fields, why ? why : got, want);
    }
}

#define FOR "X-Forwarded-For: "
#define PROTO "X-Forwarded-Proto: "
#define PORT "X-Forwarded-Port: "
#define FWD "Forwarded: "
#define X49 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X196 X49 X49 X49 X49

static const struct row rows[] = {
    {"Host: a", NOBODY},
    /* X-Forwarded-For, one address */
    {FOR "192.0.2.1", "192.0.2.1 0 http 8080"},
    {FOR "192.0.2.1:99", "192.0.2.1 99 http 8080"},
    {FOR "2001:db8::1", "2001:db8::1 0 http 8080"},
    {FOR "[2001:db8::1]", "2001:db8::1 0 http 8080"},
    {FOR "[2001:db8::1]:65535", "2001:db8::1 65535 http 8080"},
    {FOR "::ffff:192.0.2.1", "192.0.2.1 0 http 8080"},
    {FOR "[::ffff:192.0.2.1]:7", "192.0.2.1 7 http 8080"},
    {"x-forwarded-FOR:\t192.0.2.1 ", "192.0.2.1 0 http 8080"},
    {FWD "for=\"192.0.2.1:_" X196
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
     "192.0.2.1 0 http 8080"},
    /* ... and none: the last that is sound stays */
    {FOR "", NOBODY},
    {FWD "for=\"192.0.2.1:_" X196 X49 "\"", NOBODY}, /* 256 bytes */
    {FOR "unknown", NOBODY},
    {FOR "unix:", NOBODY},
    {FOR "unix:/run/x.sock", NOBODY},
    {FOR "_hidden", NOBODY},
    {FOR "localhost", NOBODY},
    {FOR "192.0.2", NOBODY},
    {FOR "192.0.2.1.2", NOBODY},
    {FOR "192.0.2.256", NOBODY},
    {FOR "192.0.2.1:", NOBODY},
    {FOR "192.0.2.1:0", NOBODY},
    {FOR "192.0.2.1:65536", NOBODY},
    {FOR "192.0.2.1:4294967297", NOBODY},
    {FOR "192.0.2.1:1x", NOBODY},
    {FOR "192.0.2.1/8", NOBODY},
    {FOR "192.0.2.1 192.0.2.2", NOBODY},
    {FOR "[2001:db8::1", NOBODY},
    {FOR "[2001:db8::1]x", NOBODY},
    {FOR "[192.0.2.1]", NOBODY},
    {FOR "[]", NOBODY},
    {FOR "fe80::1%eth0", NOBODY},
    {FOR "\"192.0.2.1\"", NOBODY},
    {FOR "192.0.2.1,", NOBODY},
    {FOR "192.0.2.1, ,", NOBODY},
    /* from the right, through what is trusted alone */
    {FOR "6.6.6.6, 192.0.2.1", "192.0.2.1 0 http 8080"},
    {FOR "6.6.6.6, 192.0.2.1,10.9.9.9", "192.0.2.1 0 http 8080"},
    {FOR "6.6.6.6, 192.0.2.1, fd00::5, 10.9.9.9", "192.0.2.1 0 http 8080"},
    {FOR "192.0.2.1, ::ffff:10.9.9.9", "192.0.2.1 0 http 8080"},
    {FOR "10.8.8.8, 10.9.9.9", "10.8.8.8 0 http 8080"},
    {FOR "192.0.2.1, unknown, 10.9.9.9:4", "10.9.9.9 4 http 8080"},
    {FOR "192.0.2.1, , 10.9.9.9", "10.9.9.9 0 http 8080"},
    {FOR "6.6.6.6\nX: y\n" FOR "192.0.2.1", "192.0.2.1 0 http 8080"},
    {FOR "192.0.2.1\n" FOR "10.9.9.9", "192.0.2.1 0 http 8080"},
    {FOR "\"\n" FOR "192.0.2.1", "192.0.2.1 0 http 8080"},
    /* the scheme and the port that was asked for */
    {PROTO "https", PEER " 5555 https 443"},
    {PROTO "HTTPS\n" PORT "8443", PEER " 5555 https 8443"},
    {PROTO "http", PEER " 5555 http 80"},
    {PORT "81", PEER " 5555 http 81"},
    {PORT "0", NOBODY},
    {PORT "65536", NOBODY},
    {PORT "8443x", NOBODY},
    {PROTO "wss", NOBODY},
    {PROTO "https;", NOBODY},
    {PROTO "http, https\n" FOR "192.0.2.1", "192.0.2.1 0 https 443"},
    {PROTO "https, http\n" FOR "6.6.6.6, 192.0.2.1", "192.0.2.1 0 http 80"},
    {PROTO "https, http\n" FOR "192.0.2.1, 10.9.9.9", "192.0.2.1 0 https 443"},
    {PROTO "https\n" FOR "192.0.2.1, 10.9.9.9", "192.0.2.1 0 https 443"},
    {PROTO "http, https, http\n" FOR "192.0.2.1, 10.9.9.9",
     "192.0.2.1 0 https 443"},
    {PROTO "https\n" PORT "8443, 80\n" FOR "192.0.2.1, 10.9.9.9",
     "192.0.2.1 0 https 8443"},
    {PROTO "https\n" FOR "unknown", PEER " 5555 https 443"},
    /* Forwarded */
    {FWD "for=192.0.2.1", "192.0.2.1 0 http 8080"},
    {FWD "For=\"192.0.2.1:99\"", "192.0.2.1 99 http 8080"},
    {FWD "for=192.0.2.1:99", "192.0.2.1 99 http 8080"},
    {FWD "for=\"192.0.2.1:_p\"", "192.0.2.1 0 http 8080"},
    {FWD "for=\"192.0.2.1:_\"", NOBODY},
    {FWD "for=\"[2001:db8::1]:99\"", "2001:db8::1 99 http 8080"},
    {FWD "FOR=\"[2001:db8::1]\";PROTO=https", "2001:db8::1 0 https 443"},
    {FWD "for=[2001:db8::1]:99", "2001:db8::1 99 http 8080"},
    {FWD "by=_b ; for=192.0.2.1 ;\tproto=https;host=\"a.b:8443\"",
     "192.0.2.1 0 https 8443"},
    {FWD "for=192.0.2.1;proto=http;host=a.b", "192.0.2.1 0 http 80"},
    {FWD "for=192.0.2.1;proto=http;host=\"a.b, 6.6.6.6\"",
     "192.0.2.1 0 http 80"},
    {FWD "for=192.0.2.1;host=\"a.b:81\"", "192.0.2.1 0 http 8080"},
    {FWD "for=192.0.2.1;proto=ftp", "192.0.2.1 0 http 8080"},
    {FWD "for=192.0.2.1;x=\"\\\",for=6.6.6.6;y=\\\"\"",
     "192.0.2.1 0 http 8080"},
    {FWD "for=192.0.2.1;x=\", for=6.6.6.6\"", "192.0.2.1 0 http 8080"},
    {FWD "for=\"19\\2.0.2.1\"", "192.0.2.1 0 http 8080"},
    /* ... that names no client, but is the proxy's */
    {FWD "for=unknown;proto=https", PEER " 5555 https 443"},
    {FWD "for=_gazonk;proto=https", PEER " 5555 https 443"},
    {FWD "for=\"_gazonk:99\"", NOBODY},
    {FWD "for=\"unix:\"", NOBODY},
    {FWD "proto=https", PEER " 5555 https 443"},
    {FWD "for=\"\"", NOBODY},
    /* ... that is broken */
    {FWD "", NOBODY},
    {FWD "192.0.2.1", NOBODY},
    {FWD "for", NOBODY},
    {FWD "for=", NOBODY},
    {FWD "=192.0.2.1", NOBODY},
    {FWD "for =192.0.2.1", NOBODY},
    {FWD "for= 192.0.2.1", NOBODY},
    {FWD "for=192.0.2.1;", NOBODY},
    {FWD "for=192.0.2.1;;proto=https", NOBODY},
    {FWD "for=192.0.2.1 proto=https", NOBODY},
    {FWD "for=192.0.2.1;for=192.0.2.2", NOBODY},
    {FWD "for=192.0.2.1;FOR=192.0.2.1", NOBODY},
    {FWD "proto=https;proto=http", NOBODY},
    {FWD "for=\"192.0.2.1", NOBODY},
    {FWD "for=192.0.2.1\"", NOBODY},
    {FWD "for=\"192.0.2.1\"x", NOBODY},
    {FWD "for=\"192.0.2.1\\", NOBODY},
    {FWD "for=192.0.2.1,", NOBODY},
    /* ... from the right: a client's quote holds nothing of a proxy's */
    {FWD "for=6.6.6.6, for=192.0.2.1", "192.0.2.1 0 http 8080"},
    {FWD "for=\"6.6.6.6, for=192.0.2.1", "192.0.2.1 0 http 8080"},
    {FWD "for=6.6.6.6;x=\", for=192.0.2.1", "192.0.2.1 0 http 8080"},
    {FWD "\"\n" FWD "for=192.0.2.1", "192.0.2.1 0 http 8080"},
    {FWD "for=\\, for=192.0.2.1", "192.0.2.1 0 http 8080"},
    {FWD "for=192.0.2.1;proto=https, for=10.9.9.9;proto=http",
     "192.0.2.1 0 https 443"},
    {FWD "for=192.0.2.1, for=10.9.9.9;proto=https", "192.0.2.1 0 https 443"},
    {FWD "for=6.6.6.6;proto=https, for=192.0.2.1;proto=http",
     "192.0.2.1 0 http 80"},
    {FWD "for=6.6.6.6;proto=https, for=192.0.2.1", "192.0.2.1 0 http 8080"},
    {FWD "for=6.6.6.6;proto=https, broken, for=10.9.9.9;proto=http",
     "10.9.9.9 0 http 80"},
    {FWD "for=192.0.2.1\n" FWD "for=\"[fd00::7]:1\"", "192.0.2.1 0 http 8080"},
    /* both */
    {FWD "for=192.0.2.1\n" FOR "192.0.2.1", "192.0.2.1 0 http 8080"},
    {FWD "for=\"192.0.2.1:7\"\n" FOR "::ffff:192.0.2.1",
     "192.0.2.1 0 http 8080"},
    {FWD "for=6.6.6.6\n" FOR "192.0.2.1", "!different clients"},
    {FWD "for=192.0.2.1\n" FOR "6.6.6.6", "!different clients"},
    {FWD "for=unknown\n" FOR "192.0.2.1", "192.0.2.1 0 http 8080"},
    {FWD "for=192.0.2.1\n" FOR "unknown", "192.0.2.1 0 http 8080"},
    {FWD "proto=https\n" FOR "192.0.2.1", "192.0.2.1 0 http 8080"},
    {FWD "for=192.0.2.1\n" PROTO "https", "192.0.2.1 0 http 8080"},
    {FWD "for=192.0.2.1;proto=https\n" PROTO "https\n" PORT "443",
     "192.0.2.1 0 https 443"},
    {FWD "for=192.0.2.1;proto=http\n" PROTO "https", "!different schemes"},
};

static void trusted_peer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_row(&rows[i], PEER, false, rows[i].want);
        check_row(&rows[i], "::ffff:" PEER, false, rows[i].want);
    }
}

static void other_peer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_row(&rows[i], "192.0.2.77", false, "192.0.2.77 5555 http 8080");
        check_row(&rows[i], "::1", true, "::1 5555 https 8080");
    }
}

/* The connection of the proxy says nothing of the client's. */
static void over_tls(void **state)
{
    static const struct row plain = {PROTO "http", PEER " 5555 http 80"};
    static const struct row untold = {FOR "192.0.2.1",
                                      "192.0.2.1 0 https 8080"};

    (void)state;
    check_row(&plain, PEER, true, plain.want);
    check_row(&untold, PEER, true, untold.want);
}

/* Lists without end, and values that would take long, were they read again for
 * each element. */
static void long_lists(void **state)
{
    static char value[1 << 20];
    static const char *const pieces[] = {
        "10.1.1.1,", "for=10.1.1.1,", "\\\"", "\\", "\"", "\",", ","};
    static const char *const names[] = {"Forwarded", "X-Forwarded-For"};

    (void)state;
    for (size_t i = 0; i < COUNT(pieces) * 2; i++) {
        const char *piece = pieces[i / 2], *name = names[i % 2];
        size_t n = strlen(piece), length = sizeof(value) / n * n;
        struct fcgi_http_field field = {{name, strlen(name)}, {value, length}};
        struct fcgi_http_request request = {.peer = address(PEER, 5555),
                                            .local = address("10.0.0.9", 8080),
                                            .fields = &field,
                                            .n_fields = 1};

        for (size_t at = 0; at < length; at += n)
            memcpy(value + at, piece, n);
        assert_null(fcgi_origin_find(&request, &trusted));
    }
}

/* Behind the address a node is zero: nothing of what was there before. */
static void whole_nodes(void **state)
{
    static const struct {
        const char *text;
        size_t size;
    } nodes[] = {{"192.0.2.1:80", sizeof(struct sockaddr_in)},
                 {"[2001:db8::1]:80", sizeof(struct sockaddr_in6)}};
    struct sockaddr_storage empty;

    (void)state;
    assert_false(fcgi_http_forwarded_node((struct fcgi_text){"", 0}, &empty));
    for (size_t i = 0; i < COUNT(nodes); i++) {
        struct fcgi_text text = {nodes[i].text, strlen(nodes[i].text)};
        struct sockaddr_storage node;
        const char *bytes = (const char *)&node;

        memset(&node, 0xee, sizeof(node));
        assert_true(fcgi_http_forwarded_node(text, &node));
        for (size_t at = nodes[i].size; at < sizeof(node); at++)
            assert_int_equal(bytes[at], 0);
    }
}

/* Parameters that nobody knows, in any number. */
static void other_parameters(void **state)
{
    static const char text[] = "a=b;c=d;for=192.0.2.1;e=f";
    const struct fcgi_text element = {text, sizeof(text) - 1};
    struct fcgi_http_hop hop;

    (void)state;
    assert_true(fcgi_http_forwarded_read(element, &hop));
    assert_true(hop.has_node);
}

/* What stands behind the last comma that is in no quoted string; nothing in
 * front of the text is read. */
static void finds_last(void **state)
{
    static const struct {
        const char *text, *element, *rest; /* NULL: there is no more */
    } cases[] = {
        {"", "", NULL},
        {"a", "a", NULL},
        {"a, b ", "b", "a"},
        {"a,", "", "a"},
        {",a", "a", ""},
        {"a,\"b,c\"", "\"b,c\"", "a"},
        {"a,\"b\\\"c,d\"", "\"b\\\"c,d\"", "a"},
        /* A quote behind two backslashes is one, and behind three is none. */
        {"a,\\\\\"b,c\"", "\\\\\"b,c\"", "a"},
        {"a,\\\\\\\"b,c\"", "a,\\\\\\\"b,c\"", NULL},
        {"a,\\\\\\\\\"b,c\"", "\\\\\\\\\"b,c\"", "a"},
        /* One that nothing opens. */
        {"\"", "\"", NULL},
        {"a,b\"", "a,b\"", NULL},
        {"\\\"a,b\"", "\\\"a,b\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = strlen(cases[i].text);
        struct fcgi_text rest, element;
        struct guard guard;

        guard_before(&guard, length + 1);
        memcpy(guard.bytes, cases[i].text, length);
        rest = (struct fcgi_text){(const char *)guard.bytes, length};
        assert_true(fcgi_http_forwarded_last(&rest, &element));
        assert_int_equal(element.length, strlen(cases[i].element));
        assert_memory_equal(element.data, cases[i].element, element.length);
        assert_int_equal(rest.data != NULL, cases[i].rest != NULL);
        if (cases[i].rest != NULL) {
            assert_int_equal(rest.length, strlen(cases[i].rest));
            assert_memory_equal(rest.data, cases[i].rest, rest.length);
        }
        guard_free(&guard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trusted_peer), cmocka_unit_test(other_peer),
        cmocka_unit_test(over_tls),     cmocka_unit_test(long_lists),
        cmocka_unit_test(whole_nodes),  cmocka_unit_test(other_parameters),
        cmocka_unit_test(finds_last)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
