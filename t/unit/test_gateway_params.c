/* SPDX-License-Identifier: Apache-2.0
 *
 * The CGI meta-variables of a request: exactly those that are due, in a table,
 * and values at the limits of the pair's encoding.
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
#include <sys/un.h>

#include "gateway/params.h"
#include "gateway/path.h"
#include "proto/record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SOFTWARE "Monkey/1.6.9"
#define T(literal)                        \
    {                                     \
        (literal), sizeof(literal "") - 1 \
    }
#define FIELD(name, value) \
    {                      \
        T(name), T(value)  \
    }
#define ABSENT  \
    {           \
        NULL, 0 \
    }

struct params_case {
    const char *about;
    struct fcgi_text method, uri;
    bool has_query;
    struct fcgi_text query;
    unsigned version;
    bool tls, has_body;
    size_t body_length;
    struct fcgi_text info;    /* PATH_INFO */
    const char *local, *peer; /* "ADDRESS PORT", "unix", NULL: zeroes */
    struct fcgi_http_field fields[8];
    const char *want; /* NAME=VALUE, a line each */
};

#define LOCAL4 "10.1.2.3 8080"
#define PEER4 "192.0.2.9 54321"

/* The variables, in the order in which they are sent. */
#define START(protocol)           \
    "GATEWAY_INTERFACE=CGI/1.1\n" \
    "SERVER_SOFTWARE=" SOFTWARE   \
    "\n"                          \
    "SERVER_PROTOCOL=" protocol   \
    "\n"                          \
    "SERVER_NAME=www.example.org\n"
#define ADDRESSES(addr, port, peer, peer_port, host) \
    "SERVER_ADDR=" addr "\nSERVER_PORT=" port        \
    "\n"                                             \
    "REMOTE_ADDR=" peer "\nREMOTE_PORT=" peer_port "\n" host
#define ADDRESSES4                                      \
    ADDRESSES("10.1.2.3", "8080", "192.0.2.9", "54321", \
              "REMOTE_HOST=192.0.2.9\n")
#define HTTP "REQUEST_SCHEME=http\n"
#define REQUEST(method, uri, query)               \
    "REQUEST_METHOD=" method "\nREQUEST_URI=" uri \
    "\n"                                          \
    "QUERY_STRING=" query "\n"
#define SCRIPT                           \
    "SCRIPT_NAME=/a b.php\n"             \
    "SCRIPT_FILENAME=/srv/www/a b.php\n" \
    "DOCUMENT_URI=/a b.php\n"            \
    "DOCUMENT_ROOT=/srv/www\nREDIRECT_STATUS=200\n"
#define PLAIN         \
    START("HTTP/1.1") \
    ADDRESSES4 HTTP REQUEST("GET", "/a%20b.php", "") SCRIPT
#define GET_ONLY .method = T("GET"), .uri = T("/a%20b.php"), .version = 11
#define FROM4 .local = LOCAL4, .peer = PEER4
#define GET GET_ONLY, FROM4

static const struct fcgi_script script = {
    .name = T("/a b.php"), .folder = T("/srv/www"), .file = T("/a b.php")};

static const struct params_case cases[] = {
    {"plain", GET, .want = PLAIN},
    {"octets", GET_ONLY, .local = "255.10.9.100 1", .peer = "0.99.1.200 65535",
     .want = START("HTTP/1.1") ADDRESSES("255.10.9.100", "1", "0.99.1.200",
                                         "65535", "REMOTE_HOST=0.99.1.200\n")
         HTTP REQUEST("GET", "/a%20b.php", "") SCRIPT},
    {"query", .method = T("GET"), .uri = T("/a%20b.php"), .has_query = true,
     .query = T("a=1&b=%20?c"), .version = 11, .local = LOCAL4, .peer = PEER4,
     .want = START("HTTP/1.1") ADDRESSES4 HTTP REQUEST(
         "GET", "/a%20b.php?a=1&b=%20?c", "a=1&b=%20?c") SCRIPT},
    {"empty query", .method = T("GET"), .uri = T("/a%20b.php"),
     .has_query = true, .query = ABSENT, .version = 11, .local = LOCAL4,
     .peer = PEER4,
     .want = START("HTTP/1.1") ADDRESSES4 HTTP REQUEST("GET", "/a%20b.php?", "")
         SCRIPT},
    {"PATH_INFO", .method = T("GET"), .uri = T("/a%20b.php/x/y"), .version = 11,
     .info = T("/x/y"), FROM4,
     .want = START("HTTP/1.1") ADDRESSES4 HTTP REQUEST(
         "GET", "/a%20b.php/x/y",
         "") "SCRIPT_NAME=/a b.php\nSCRIPT_FILENAME=/srv/www/a b.php\n"
             "PATH_INFO=/x/y\nPATH_TRANSLATED=/srv/www/x/y\n"
             "DOCUMENT_URI=/a b.php\n"
             "DOCUMENT_ROOT=/srv/www\nREDIRECT_STATUS=200\n"},
    {"HTTP/1.0 and another method", .method = T("PROPFIND"),
     .uri = T("/a%20b.php"), .version = 10, .local = LOCAL4, .peer = PEER4,
     .want = START("HTTP/1.0")
         ADDRESSES4 HTTP REQUEST("PROPFIND", "/a%20b.php", "") SCRIPT},
    {"TLS", GET, .tls = true,
     .want = START("HTTP/1.1") ADDRESSES4
     "REQUEST_SCHEME=https\nHTTPS=on\n" REQUEST("GET", "/a%20b.php", "")
         SCRIPT},
    {"v6", GET_ONLY, .local = "::1 80", .peer = "2001:db8::42 65535",
     .want = START("HTTP/1.1") ADDRESSES("::1", "80", "2001:db8::42", "65535",
                                         "REMOTE_HOST=2001:db8::42\n")
         HTTP REQUEST("GET", "/a%20b.php", "") SCRIPT},
    {"v4-mapped", GET_ONLY, .local = "::ffff:10.1.2.3 8080",
     .peer = "::ffff:192.0.2.9 54321", .want = PLAIN},
    {"no addresses", GET_ONLY, .local = NULL, .peer = NULL,
     .want = START("HTTP/1.1") ADDRESSES("", "0", "", "0", "")
         HTTP REQUEST("GET", "/a%20b.php", "") SCRIPT},
    {"Unix addresses", GET_ONLY, .local = "unix", .peer = "unix",
     .want = START("HTTP/1.1") ADDRESSES("", "0", "", "0", "")
         HTTP REQUEST("GET", "/a%20b.php", "") SCRIPT},
    {"body", .method = T("POST"), .uri = T("/a%20b.php"), .version = 11,
     .local = LOCAL4, .peer = PEER4, .has_body = true, .body_length = 1234567,
     .fields = {FIELD("Content-Length", "99"),
                FIELD("Content-Type", "text/x; a=b")},
     .want = START("HTTP/1.1") ADDRESSES4 HTTP REQUEST("POST", "/a%20b.php", "")
         SCRIPT "CONTENT_LENGTH=1234567\nCONTENT_TYPE=text/x; a=b\n"},
    {"empty body", GET, .has_body = true,
     .fields = {FIELD("content-length", "0"), FIELD("cONTENT-tYPE", "t/t")},
     .want = PLAIN "CONTENT_LENGTH=0\nCONTENT_TYPE=t/t\n"},
    {"a Content-Length that is no body", GET,
     .fields = {FIELD("Content-Length", "5")}, .want = PLAIN},
    {"fields", GET,
     .fields = {FIELD("Host", "www.example.org:8080"),
                FIELD("x-Forwarded-FOR", "1, 2"),
                FIELD("A1-", "-1_a"),
                FIELD("Empty", ""),
                {T("Absent"), ABSENT}},
     .want = PLAIN "HTTP_HOST=www.example.org:8080\n"
                   "HTTP_X_FORWARDED_FOR=1, 2\nHTTP_A1_=-1_a\n"
                   "HTTP_EMPTY=\nHTTP_ABSENT=\n"},
    {"dropped names", GET,
     .fields = {FIELD("X_Foo", "1"), FIELD("Proxy", "2"), FIELD("pROXY", "3"),
                FIELD("a.b", "4"), FIELD("", "6"), FIELD("caf\xc3\xa9", "7"),
                FIELD("Proxy-X", "8"), FIELD("Transfer-Encoding", "chunked")},
     .want = PLAIN "HTTP_PROXY_X=8\n"},
    {"names at the ends of the ranges", GET,
     .fields = {FIELD("azAZ09-", "1"), FIELD("a`", "2"), FIELD("a{", "3"),
                FIELD("a@", "4"), FIELD("a[", "5"), FIELD("a/", "6"),
                FIELD("a:", "7"), FIELD("a,", "8")},
     .want = PLAIN "HTTP_AZAZ09_=1\n"},
    {"joined", GET,
     .fields = {FIELD("Accept", "a"), FIELD("Via", "1"), FIELD("ACCEPT", "b"),
                FIELD("accep", "x"), FIELD("accept", ""),
                FIELD("accept", "c, d")},
     .want = PLAIN "HTTP_ACCEPT=a, b, , c, d\nHTTP_VIA=1\nHTTP_ACCEP=x\n"},
    {"cookies", GET,
     .fields = {FIELD("cookie", "a=1"), FIELD("Cookie", "b=2; c=3"),
                FIELD("Cookie2", "x"), FIELD("COOKIE", "d=4"),
                FIELD("cookie2", "y")},
     .want = PLAIN "HTTP_COOKIE=a=1; b=2; c=3; d=4\nHTTP_COOKIE2=x, y\n"},
};

static void set_address(struct sockaddr_storage *storage, const char *text)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_in in = {.sin_family = AF_INET};
    char host[64];
    unsigned port;

    memset(storage, 0, sizeof(*storage));
    if (text == NULL)
        return;
    if (strcmp(text, "unix") == 0) {
        storage->ss_family = AF_UNIX;
        return;
    }
    assert_int_equal(sscanf(text, "%63s %u", host, &port), 2);
    in.sin_port = in6.sin6_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
        memcpy(storage, &in, sizeof(in));
    else if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1)
        memcpy(storage, &in6, sizeof(in6));
    else
        fail_msg("%s", host);
}

static void make_request(struct fcgi_http_request *request,
                         const struct params_case *one)
{
    *request = (struct fcgi_http_request){
        .method = one->method,
        .uri = one->uri,
        .has_query = one->has_query,
        .query = one->query,
        .path = T("/not/looked/at"),
        .version = one->version,
        .tls = one->tls,
        .document_root = T("/srv/www"),
        .script_filename = T("/not/looked/at"),
        .server_name = T("www.example.org"),
        .fields = one->fields,
        .framing = one->has_body ? FCGI_HTTP_LENGTH : FCGI_HTTP_NO_BODY,
        .content_length = one->body_length,
    };
    while (request->n_fields < COUNT(one->fields) &&
           one->fields[request->n_fields].name.data != NULL)
        request->n_fields++;
    set_address(&request->local, one->local);
    set_address(&request->peer, one->peer);
}

/* The pairs as lines. */
static char *lines(const struct fcgi_buffer *pairs)
{
    char *text = malloc(pairs->length + 1);
    size_t at = 0, n = 0;

    assert_non_null(text);
    while (at < pairs->length) {
        struct fcgi_pair pair = {0};
        size_t used =
            fcgi_pair_decode(pairs->data + at, pairs->length - at, &pair);
        size_t size;

        assert_true(used >= 2);
        size = pair.name_length + (size_t)pair.value_length;
        at += used;
        assert_true(size <= pairs->length - at);
        memcpy(text + n, pairs->data + at, pair.name_length);
        n += pair.name_length;
        text[n++] = '=';
        memcpy(text + n, pairs->data + at + pair.name_length,
               pair.value_length);
        n += pair.value_length;
        text[n++] = '\n';
        at += size;
    }
    text[n] = '\0';
    return text;
}

static void check_case(const struct params_case *one)
{
    struct fcgi_script with_info = script;
    struct fcgi_http_request request;
    struct fcgi_buffer out = {0};
    char *got;

    make_request(&request, one);
    with_info.info = one->info;
    assert_int_equal(fcgi_params_build(&out, &request, &with_info, SOFTWARE),
                     0);
    got = lines(&out);
    if (strcmp(got, one->want) != 0)
        print_message("# case: %s\n", one->about);
    assert_string_equal(got, one->want);
    free(got);
    fcgi_buffer_free(&out);
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_case(&cases[i]);
}

/* Two fields are one variable still: which one a program takes of two of the
 * same name is anybody's guess. */
static void test_one_content_type(void **state)
{
    static const struct params_case twice = {
        "one CONTENT_TYPE", GET,
        .fields = {FIELD("Content-Type", "a/a"), FIELD("Content-Type", "b/b")},
        .want = PLAIN "CONTENT_TYPE=a/a\n"};

    (void)state;
    check_case(&twice);
}

/* What asks for the page of an error in place of a request. */
static void test_redirect(void **state)
{
    static const struct params_case post = {
        "",
        .method = T("POST"),
        .uri = T("/a%20b.php/%c3%a4/../x"),
        .has_query = true,
        .query = T("q=1"),
        .version = 11,
        .info = T("/x"),
        FROM4,
        .has_body = true,
        .body_length = 7,
        .fields = {FIELD("Content-Type", "t/t"), FIELD("Accept", "a/b")}};
    static const struct params_case head = {
        "", .method = T("HEAD"), .uri = T("/%zz"), .version = 11, FROM4};
    static const struct {
        const struct params_case *request;
        const char *uri, *want;
    } all[] = {
        {&post, "/sorry.php?n=1&m",
         START("HTTP/1.1") ADDRESSES4 HTTP
         "REQUEST_URI=/a%20b.php/%c3%a4/../x?q=1\n"
         "DOCUMENT_ROOT=/srv/www\nHTTP_ACCEPT=a/b\n"
         "REQUEST_METHOD=GET\nQUERY_STRING=n=1&m\nSCRIPT_NAME=/sorry.php\n"
         "SCRIPT_FILENAME=/srv/www/sorry.php\nDOCUMENT_URI=/sorry.php\n"
         "REDIRECT_STATUS=404\nREDIRECT_URL=/a b.php/x\n"
         "REDIRECT_QUERY_STRING=q=1\nREDIRECT_REQUEST_METHOD=POST\n"},
        {&head, "/sorry.php",
         START("HTTP/1.1") ADDRESSES4 HTTP
         "REQUEST_URI=/%zz\nDOCUMENT_ROOT=/srv/www\nREQUEST_METHOD=HEAD\n"
         "QUERY_STRING=\nSCRIPT_NAME=/sorry.php\n"
         "SCRIPT_FILENAME=/srv/www/sorry.php\nDOCUMENT_URI=/sorry.php\n"
         "REDIRECT_STATUS=404\nREDIRECT_URL=/%zz\n"
         "REDIRECT_QUERY_STRING=\nREDIRECT_REQUEST_METHOD=HEAD\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct fcgi_script with_info = script;
        struct fcgi_http_request request;
        struct fcgi_buffer plain = {0}, out = {0};
        char *got;

        make_request(&request, all[i].request);
        with_info.info = all[i].request->info;
        assert_int_equal(
            fcgi_params_build(&plain, &request, &with_info, SOFTWARE), 0);
        assert_int_equal(fcgi_params_redirect(&out, &plain, all[i].uri, 404),
                         0);
        got = lines(&out);
        assert_string_equal(got, all[i].want);
        free(got);
        fcgi_buffer_free(&plain);
        fcgi_buffer_free(&out);
    }
}

/* A value of `length` bytes, cut in two by a field that comes twice if
 * `joined`, comes through; what was in the buffer stays. */
static void check_length(size_t length, bool joined)
{
    char *value = malloc(length + 1), *got, *want;
    struct fcgi_http_request request;
    struct fcgi_http_field fields[2] = {FIELD("N", ""), FIELD("n", "")};
    struct fcgi_buffer out = {0};
    size_t first = joined ? (length - 2) / 2 : length;

    assert_non_null(value);
    memset(value, 'v', length);
    if (joined)
        memcpy(value + first, ", ", 2);
    make_request(&request, &cases[0]);
    fields[0].value = (struct fcgi_text){value, first};
    if (joined)
        fields[1].value =
            (struct fcgi_text){value + first + 2, length - first - 2};
    request.fields = fields;
    request.n_fields = joined ? 2 : 1;
    fcgi_buffer_add(&out, "\1\1XY", 4);
    assert_int_equal(fcgi_params_build(&out, &request, &script, SOFTWARE), 0);
    assert_true(asprintf(&want, "X=Y\n%sHTTP_N=%.*s\n", cases[0].want,
                         (int)length, value) > 0);
    got = lines(&out);
    assert_string_equal(got, want);
    free(got);
    free(want);
    free(value);
    fcgi_buffer_free(&out);
}

static void test_lengths(void **state)
{
    static const size_t lengths[] = {0,   1,   2,     126,   127,
                                     128, 129, 65535, 65536, 70000};

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        check_length(lengths[i], false);
        if (lengths[i] >= 2)
            check_length(lengths[i], true);
    }
}

/* A name of 122 and 123 letters is one of 127 and 128 with HTTP_. */
static void test_long_name(void **state)
{
    static const size_t lengths[] = {122, 123, 300, 5000};

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char name[5001], *got, *want;
        struct fcgi_http_request request;
        struct fcgi_http_field field = {{name, lengths[i]}, T("x")};
        struct fcgi_buffer out = {0};

        memset(name, 'A', sizeof(name));
        name[lengths[i]] = '\0';
        make_request(&request, &cases[0]);
        request.fields = &field;
        request.n_fields = 1;
        assert_int_equal(fcgi_params_build(&out, &request, &script, SOFTWARE),
                         0);
        assert_true(asprintf(&want, "%sHTTP_%s=x\n", cases[0].want, name) > 0);
        got = lines(&out);
        assert_string_equal(got, want);
        free(got);
        free(want);
        fcgi_buffer_free(&out);
    }
}

/* A length that no memory holds, which is not to be read. */
static void test_too_long(void **state)
{
    struct fcgi_http_request request;
    struct fcgi_buffer out = {0};

    (void)state;
    make_request(&request, &cases[0]);
    request.query.data = "x";
    request.query.length = SIZE_MAX / 2 + 1;
    assert_int_equal(fcgi_params_build(&out, &request, &script, SOFTWARE), -1);
    assert_true(out.failed);
    fcgi_buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_one_content_type),
        cmocka_unit_test(test_redirect),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_too_long),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
