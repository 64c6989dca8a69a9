/* SPDX-License-Identifier: Apache-2.0
 *
 * The access log: its lines, and what becomes of them where the file is
 * renamed, cannot be opened, or does not take them.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/access.h"
#include "gateway/params.h"

#define TEXT(text) ((struct fcgi_text){text, sizeof(text) - 1})
#define SECOND (1000 * FCGI_LOOP_MS)

/* A write takes so many bytes; 0: all. */
static size_t torn_bytes;

ssize_t __real_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);

ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
    return __real_write(fd, bytes, torn_bytes > 0 ? torn_bytes : length);
}

static char combined[] = "Combined", json[] = "JSON", off[] = "Off";
static char name[] = "php", other_name[] = "\"two\"";
static char dir[32], path[64], old[64];
static struct fcgi_server_config configs[3];
static struct fcgi_group groups[3];
static struct fcgi_pool pool = {.groups = groups, .n_groups = 3};
static struct fcgi_buffer params;
static char logged[4096];
static struct fcgi_access *access_log;

static void host_log(enum fcgi_log_level level, const char *line)
{
    assert_true(strlen(logged) + strlen(line) + 4 < sizeof(logged));
    strcat(logged, level == FCGI_LOG_ERROR ? "E " : "- ");
    strcat(logged, line);
    strcat(logged, "\n");
}

static const struct fcgi_host host = {.log = host_log};

static void make_params(struct fcgi_text uri, struct fcgi_text agent)
{
    const struct fcgi_http_field fields[] = {
        {TEXT("Host"), TEXT("example.org")},
        {TEXT("User-Agent"), agent},
    };
    struct fcgi_http_request request = {
        .method = TEXT("GET"),
        .uri = uri,
        .version = 11,
        .accepted = TEXT("Basic YW5uIGI6cHc="), /* "ann b" */
        .fields = fields,
        .n_fields = 2,
        .peer = {.ss_family = AF_INET},
    };
    const struct fcgi_script script = {.verdict = FCGI_PATH_OK};

    fcgi_buffer_free(&params);
    memset(&params, 0, sizeof(params));
    assert_int_equal(fcgi_params_build(&params, &request, &script, "x"), 0);
}

static struct fcgi_access_record record_of(int server)
{
    return (struct fcgi_access_record){.params = &params,
                                       .server = &configs[server],
                                       .asked = true,
                                       .status = 200,
                                       .body_bytes = 1234,
                                       .total = 12345999,
                                       .waiting = 120000,
                                       .application = 11000000};
}

static int open_rig(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    strcpy(dir, "/tmp/fcgi-access-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/log", dir);
    snprintf(old, sizeof(old), "%s/log.1", dir);
    for (int i = 0; i < 3; i++) {
        configs[i] = (struct fcgi_server_config){
            .name = name, .access_log = path, .access_log_format = combined};
        groups[i].config = &configs[i];
    }
    configs[1].name = other_name;
    configs[1].access_log_format = json;
    configs[2].access_log = off;
    logged[0] = '\0';
    make_params(TEXT("/a.php"), TEXT("curl/7"));
    access_log = fcgi_access_new(&pool, &host);
    assert_non_null(access_log);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    fcgi_access_free(access_log);
    fcgi_buffer_free(&params);
    memset(&params, 0, sizeof(params));
    unlink(path);
    unlink(old);
    assert_int_equal(rmdir(dir), 0);
    return 0;
}

/* --- lines ---------------------------------------------------------------- */

static void line_is(int server, const char *want)
{
    const struct fcgi_access_record record = record_of(server);
    struct fcgi_buffer out = {0};

    fcgi_access_format(&out, &record, 1000000000);
    fcgi_buffer_add(&out, "", 1);
    assert_string_equal((const char *)out.data, want);
    fcgi_buffer_free(&out);
}

static void lines(void **state)
{
    struct fcgi_access_record record = record_of(0);
    struct fcgi_buffer out = {0};

    (void)state;
    line_is(0,
            "0.0.0.0 - ann_b [09/Sep/2001:01:46:40 +0000] \"GET /a.php "
            "HTTP/1.1\" 200 1234 \"-\" \"curl/7\" 12345 120 11000\n");
    line_is(1,
            "{\"time\":\"2001-09-09T01:46:40+0000\",\"client\":\"0.0.0.0\","
            "\"user\":\"ann b\",\"method\":\"GET\",\"uri\":\"/a.php\","
            "\"protocol\":\"HTTP/1.1\",\"host\":\"example.org\","
            "\"agent\":\"curl/7\",\"status\":200,\"bytes\":1234,"
            "\"total_us\":12345,\"server\":\"\\\"two\\\"\","
            "\"waiting_us\":120,\"application_us\":11000}\n");
    /* Nobody was asked, and nobody was there. */
    record.asked = false;
    record.status = 0;
    fcgi_access_format(&out, &record, 0);
    fcgi_buffer_add(&out, "", 1);
    assert_non_null(strstr((const char *)out.data, "\" 499 1234 \""));
    assert_non_null(strstr((const char *)out.data, "\" 12345 - -\n"));
    fcgi_buffer_free(&out);
}

/* Whatever a client sends, it has one line, and no end of its quotes. */
static void nothing_is_injected(void **state)
{
    (void)state;
    make_params(TEXT("/\n\r\"\\\x1b\xff"), TEXT("a\" 200 \n\xe2\x80\xae"));
    line_is(0,
            "0.0.0.0 - ann_b [09/Sep/2001:01:46:40 +0000] \"GET "
            "/\\x0a\\x0d\\x22\\x5c\\x1b\\xff HTTP/1.1\" 200 1234 \"-\" "
            "\"a\\x22 200 \\x0a\\xe2\\x80\\xae\" 12345 120 11000\n");
    line_is(1,
            "{\"time\":\"2001-09-09T01:46:40+0000\",\"client\":\"0.0.0.0\","
            "\"user\":\"ann b\",\"method\":\"GET\","
            "\"uri\":\"/\\u000a\\u000d\\\"\\\\\\u001b\\ufffd\","
            "\"protocol\":\"HTTP/1.1\",\"host\":\"example.org\","
            "\"agent\":\"a\\\" 200 \\u000a\\u202e\",\"status\":200,"
            "\"bytes\":1234,\"total_us\":12345,\"server\":\"\\\"two\\\"\","
            "\"waiting_us\":120,\"application_us\":11000}\n");
}

static void long_texts_are_cut(void **state)
{
    static char uri[FCGI_ACCESS_TEXT * 4];
    const struct fcgi_access_record record = record_of(0);
    struct fcgi_buffer out = {0};

    (void)state;
    memset(uri, '"', sizeof(uri));
    make_params((struct fcgi_text){uri, sizeof(uri)}, TEXT("x"));
    fcgi_access_format(&out, &record, 0);
    fcgi_buffer_add(&out, "", 1);
    assert_non_null(strstr((const char *)out.data, "\\x22... HTTP/1.1\""));
    assert_true(out.length < FCGI_ACCESS_TEXT * 4 + 200);
    fcgi_buffer_free(&out);
}

/* --- files ---------------------------------------------------------------- */

static unsigned lines_of(const char *file)
{
    FILE *in = fopen(file, "r");
    unsigned n = 0;
    int c;

    while (in != NULL && (c = getc(in)) != EOF)
        n += c == '\n';
    if (in != NULL)
        fclose(in);
    return n;
}

static void put(int server, uint64_t now)
{
    const struct fcgi_access_record record = record_of(server);

    fcgi_access_write(access_log, &record, now);
}

/* Two servers of one file; one without any. */
static void is_written(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(access(path, F_OK), -1);
    put(0, SECOND);
    put(1, SECOND);
    put(2, SECOND);
    assert_int_equal(lines_of(path), 2);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0137, 0); /* 0640 at most */
    assert_string_equal(logged, "");
}

static void is_made_anew(void **state)
{
    (void)state;
    put(0, SECOND);
    assert_int_equal(rename(path, old), 0);
    put(0, SECOND + SECOND / 2);
    assert_int_equal(lines_of(old), 2);
    put(0, 2 * SECOND);
    assert_int_equal(lines_of(old), 2);
    assert_int_equal(lines_of(path), 1);
    assert_int_equal(unlink(path), 0);
    put(0, 3 * SECOND);
    assert_int_equal(lines_of(path), 1);
    assert_string_equal(logged, "");
}

/* What cannot be opened is told once, and tried each second. */
static void cannot_be_opened(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    put(0, SECOND);
    put(0, SECOND);
    put(0, 2 * SECOND);
    assert_ptr_equal(strstr(logged, "E AccessLog /tmp/"), logged);
    assert_non_null(strstr(logged, ": Is a directory; lines are lost"));
    assert_ptr_equal(strchr(logged, '\n') + 1, logged + strlen(logged));
    assert_int_equal(rmdir(path), 0);
    logged[0] = '\0';
    put(0, 2 * SECOND); /* not yet */
    assert_string_equal(logged, "");
    put(0, 3 * SECOND);
    assert_int_equal(lines_of(path), 1);
    assert_non_null(strstr(logged, "is written again; 4 lines are lost\n"));
}

/* A pipe that nobody empties holds nobody up. */
static void does_not_wait(void **state)
{
    char bytes[65536];
    int reader;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    put(0, SECOND);
    assert_non_null(strstr(logged, "No such device or address; lines"));
    reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    for (int i = 0; i < 2000; i++)
        put(0, 2 * SECOND);
    assert_non_null(strstr(logged, "Resource temporarily unavailable; lines"));
    while (read(reader, bytes, sizeof(bytes)) > 0)
        ;
    put(0, 2 * SECOND);
    assert_true(read(reader, bytes, sizeof(bytes)) > 50);
    assert_non_null(strstr(logged, "is written again; "));
    close(reader);
}

/* A disk that is full: the next line begins on a line of its own. */
static void is_torn(void **state)
{
    struct fcgi_access_record record = record_of(0);
    char line[512];
    FILE *in;

    (void)state;
    torn_bytes = 10;
    put(0, SECOND);
    torn_bytes = 0;
    assert_non_null(strstr(logged, "No space left on device; lines are lost"));
    record.status = 404;
    fcgi_access_write(access_log, &record, SECOND);
    assert_non_null(strstr(logged, "is written again; 1 lines are lost"));
    in = fopen(path, "r");
    assert_non_null(fgets(line, sizeof(line), in));
    assert_string_equal(line, "0.0.0.0 - \n");
    assert_non_null(fgets(line, sizeof(line), in));
    assert_ptr_equal(strstr(line, "0.0.0.0 - ann_b"), line);
    assert_null(fgets(line, sizeof(line), in));
    fclose(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(nothing_is_injected, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(long_texts_are_cut, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(is_written, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(is_made_anew, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(cannot_be_opened, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(does_not_wait, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(is_torn, open_rig, close_rig),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
