/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests that an authorizer has to let pass: nothing passes that it has not
 * allowed, whatever fails, and what it says of the client is not lost.
 */
#include "exchange_rig.h"

#define GET how_of("GET", FCGI_HTTP_NO_BODY)
#define POST how_of("POST", FCGI_HTTP_LENGTH)
#define ALLOW "Status: 200\nVariable-REMOTE_USER: ann\n\n"

static char role[] = "Authorizer";

static bool is_any(const void *arg, const struct fcgi_server *one)
{
    assert_ptr_equal(arg, role);
    assert_ptr_equal(one->config, &server);
    return true;
}

static const struct fcgi_authorizers first = {is_any, {role}, 1},
                                     both = {is_any, {role, role}, 2};

static int open_guarded(void **state)
{
    open_rig(state);
    authorizers = &first;
    answer = ALLOW;
    next_answer = "Content-Type: text/plain\n\nhello";
    return 0;
}

/* Whether the last request has a variable, as it is encoded. */
static bool was_told(const char *pair)
{
    return memmem(params, n_params, pair, strlen(pair)) != NULL;
}

static void test_passes(void **state)
{
    (void)state;
    start(POST, 1000);
    ends(200, false);
    assert_non_null(strstr(seen, "hello"));
    assert_int_equal(got, 1000);
    assert_true(was_told("REMOTE_USERann"));
    assert_true(was_told("SCRIPT_NAME/x.php"));
    assert_true(was_told("CONTENT_LENGTH1000"));
    assert_string_equal(logged, "");
}

static void test_denied(void **state)
{
    (void)state;
    answer = "Status: 401\nWWW-Authenticate: Basic\n\nno";
    start(POST, 1000);
    ends(401, false);
    assert_non_null(strstr(seen, "WWW-Authenticate: Basic\r\n"));
    assert_int_equal(accepted, 1);
    assert_int_equal(got, 0);
    assert_false(was_told("SCRIPT_NAME"));
    assert_false(was_told("SCRIPT_FILENAME"));
    assert_false(was_told("CONTENT_LENGTH"));
    assert_true(was_told("REQUEST_METHODPOST"));
}

static void test_both(void **state)
{
    (void)state;
    authorizers = &both;
    next_answer = "Status: 403\n\nno";
    start(GET, 0);
    ends(403, false);
    assert_true(was_told("REMOTE_USERann"));
    assert_false(was_told("SCRIPT_NAME"));
}

/* It says 200, and does not come to an end. */
static void test_broken(void **state)
{
    (void)state;
    unended = true;
    start(GET, 0);
    run_for(50);
    assert_int_equal(done, 0);
    breaks_left = 0;
    close_app();
    close(listener);
    listener = -1;
    ends(502, false);
    assert_null(strstr(seen, "hello"));
}

static void test_variables(void **state)
{
    (void)state;
    answer =
        "Variable-SCRIPT_FILENAME: /etc/passwd\nVariable-http_proxy: evil\n"
        "Variable-REMOTE_USER: bob\nVARIABLE-REMOTE_USER: ann\n"
        "Variable-A-B: c\nVariable-: d\nVariable-EMPTY:\n\nand more";
    start(GET, 0);
    ends(200, false);
    assert_true(was_told("REMOTE_USERann"));
    assert_false(was_told("bob"));
    assert_true(was_told("SCRIPT_FILENAME/srv/x.php"));
    assert_false(was_told("/etc/passwd"));
    assert_false(was_told("evil"));
    assert_true(was_told("EMPTY"));
    assert_non_null(strstr(logged, "\"Variable-SCRIPT_FILENAME\""));
    assert_non_null(strstr(logged, "\"Variable-http_proxy\""));
    assert_non_null(strstr(logged, "\"Variable-A-B\""));
}

static void test_location(void **state)
{
    (void)state;
    answer = "Location: http://login.test/\n\n";
    start(GET, 0);
    ends(302, false);
    assert_int_equal(accepted, 1);
}

static void test_client_gone(void **state)
{
    (void)state;
    app_speed = 0;
    start(GET, 0);
    run_for(20);
    close_peer();
    fcgi_exchange_disturbed(exchange);
    ends(0, true);
}

/* The client waits to be told to send its body: it is not, unless it may. */
static void test_expects(void **state)
{
    struct how how = POST;

    (void)state;
    how.expects = true;
    allowed = 0;
    answer = "Status: 403\n\nno";
    start(how, 1000);
    ends(403, true);
    assert_null(strstr(seen, " 100 "));
    assert_non_null(strstr(seen, "Connection: close\r\n"));
}

static void test_expects_and_passes(void **state)
{
    struct how how = POST;

    (void)state;
    how.expects = true;
    allowed = 0;
    start(how, 1000);
    run_until(has_seen);
    assert_int_equal(strncmp(seen, FCGI_REPLY_CONTINUE, n_seen), 0);
    allowed = UINT64_MAX;
    run_until(is_done);
    assert_int_equal(got, 1000);
    assert_int_equal(outcome.status, 200);
    assert_false(outcome.close);
}

/* --- files --------------------------------------------------------------- */

static int open_site(void **state)
{
    char path[64];
    FILE *file;

    open_guarded(state);
    document_root = dir;
    verdict = FCGI_PATH_FILE;
    snprintf(path, sizeof(path), "%s/x.php", dir);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("a file", file) >= 0);
    fclose(file);
    return 0;
}

static int close_site(void **state)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/x.php", dir);
    unlink(path);
    return close_rig(state);
}

static void test_file(void **state)
{
    (void)state;
    start(GET, 0);
    ends(200, false);
    assert_non_null(strstr(seen, "\r\n\r\na file"));
    assert_int_equal(outcome.body_bytes, 6);
}

static void test_file_denied(void **state)
{
    (void)state;
    answer = "Status: 401\n\nno";
    start(GET, 0);
    ends(401, false);
    assert_null(strstr(seen, "a file"));
}

static void test_no_file(void **state)
{
    (void)state;
    document_root = "/nonexistent";
    start(GET, 0);
    ends(404, false);
    assert_non_null(strstr(logged, "no such file"));
}

static void test_file_is_read_alone(void **state)
{
    (void)state;
    start(POST, 100);
    ends(405, false);
    assert_non_null(strstr(seen, "Allow: GET, HEAD\r\n"));
}

/* --- memory -------------------------------------------------------------- */

/* Runs a request with each allocation failing in turn. Returns how often it was
 * answered with `status`. */
static unsigned starve(void **state, int (*open)(void **),
                       int (*close_it)(void **), const char *said, int status,
                       void (*look)(void))
{
    unsigned n = 0, times = 0;
    bool failed;

    do {
        n++;
        open(state);
        if (said != NULL)
            answer = said;
        allocations = 0;
        failing = n;
        if (try_start(POST, 100) == NULL) {
            assert_int_equal(done, 0);
        } else {
            run_until(is_done);
            for (int i = 0; i < 3; i++)
                turn();
            assert_int_equal(done, 1);
            times += outcome.status == status;
            look();
        }
        failed = allocations >= n;
        close_it(state);
    } while (failed);
    assert_true(n > 4);
    return times;
}

static void look_denied(void)
{
    assert_int_not_equal(outcome.status, 200);
    assert_null(strstr(seen, "hello"));
    assert_null(strstr(seen, "a file"));
}

static void look_passed(void)
{
    if (strstr(seen, "hello") == NULL)
        return;
    assert_true(was_told("REMOTE_USERann"));
    assert_true(was_told("SCRIPT_NAME/x.php"));
}

static void test_no_memory(void **state)
{
    static const char no[] = "Status: 403\n\nno";

    assert_true(starve(state, open_guarded, close_rig, no, 403, look_denied) >
                1);
    assert_true(starve(state, open_site, close_site, no, 403, look_denied) > 1);
    assert_true(starve(state, open_guarded, close_rig, NULL, 200, look_passed) >
                0);
    assert_true(starve(state, open_guarded, close_rig, NULL, 500, look_passed) >
                1);
}

int main(void)
{
#define TEST(test) \
    cmocka_unit_test_setup_teardown(test, open_guarded, close_rig)
#define SITE(test) cmocka_unit_test_setup_teardown(test, open_site, close_site)
    const struct CMUnitTest tests[] = {
        TEST(test_passes),
        TEST(test_denied),
        TEST(test_both),
        TEST(test_broken),
        TEST(test_variables),
        TEST(test_location),
        TEST(test_client_gone),
        TEST(test_expects),
        TEST(test_expects_and_passes),
        SITE(test_file),
        SITE(test_file_denied),
        SITE(test_no_file),
        SITE(test_file_is_read_alone),
        cmocka_unit_test(test_no_memory),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway/authorizer", tests, NULL, NULL);
}
