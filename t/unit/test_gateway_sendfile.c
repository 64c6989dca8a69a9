/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that an application names and the server sends: which, which part of
 * them, and that none looks whole that is not.
 */
#include "exchange_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define GET how_of("GET", FCGI_HTTP_NO_BODY)
#define BIG (3 * MB + 17)

static char files[64], block[512];
static char *roots[1];

static void path_of(char *path, const char *file)
{
    snprintf(path, 128, "%s/%s", files, file);
}

static void put_file(const char *file, size_t length)
{
    static uint8_t bytes[BIG];
    char path[128];
    int at;

    for (size_t i = 0; i < length; i++)
        bytes[i] = byte_at(i);
    path_of(path, file);
    at = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(at >= 0);
    assert_int_equal(write(at, bytes, length), length);
    close(at);
}

static int open_files(void **state)
{
    char path[128];

    signal(SIGPIPE, SIG_IGN); /* as a server has it */
    open_rig(state);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    snprintf(files, sizeof(files), "%s/files", dir);
    assert_int_equal(mkdir(files, 0755), 0);
    path_of(path, "in");
    assert_int_equal(mkdir(path, 0755), 0);
    put_file("in/ten", 10);
    put_file("a.php", 10);
    put_file("big", BIG);
    put_file("none", 0);
    path_of(path, "link");
    assert_int_equal(symlink("in/ten", path), 0);
    path_of(path, "out");
    assert_int_equal(symlink("/etc", path), 0);
    path_of(path, "pipe");
    assert_int_equal(mkfifo(path, 0644), 0);
    roots[0] = files;
    server.sendfile_roots = (struct fcgi_words){roots, 1};
    document_root = files;
    return 0;
}

static int close_files(void **state)
{
    static const char *const all[] = {"in/ten", "a.php", "big",  "none",
                                      "link",   "out",   "pipe", "in"};
    char path[128];

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        path_of(path, all[i]);
        assert_int_equal(remove(path), 0);
    }
    assert_int_equal(rmdir(files), 0);
    return close_rig(state);
}

/* The application names a file in a field; `rest` are more fields. */
static void name_file(const char *field, const char *folder, const char *file,
                      const char *rest)
{
    snprintf(block, sizeof(block), "%s: %s%s\n%s\nnot this", field, folder,
             file, rest);
    answer = block;
    done = 0;
    n_seen = 0;
    seen[0] = logged[0] = '\0';
}

static void add_field(const char *name_, const char *value)
{
    more[n_more++] = (struct fcgi_http_field){{name_, strlen(name_)},
                                              {value, strlen(value)}};
}

/* The body that the client has seen is this part of a file. */
static void assert_part(size_t offset, size_t length)
{
    const char *body = strstr(seen, "\r\n\r\n");

    assert_non_null(body);
    body += 4;
    assert_int_equal(n_seen - (size_t)(body - seen), length);
    for (size_t i = 0; i < length; i++)
        assert_int_equal((uint8_t)body[i], byte_at(offset + i));
}

static void assert_seen(const char *text)
{
    if (strstr(seen, text) == NULL)
        fail_msg("no %s in %.400s", text, seen);
}

/* Nothing of where the file lies, nor of how it was asked for. */
static void assert_no_trace(void)
{
    assert_null(strcasestr(seen, "x-sendfile"));
    assert_null(strcasestr(seen, "x-accel"));
    assert_null(strstr(seen, files));
    assert_null(strstr(seen, "not this"));
}

/* --- tests ------------------------------------------------------------- */

static void test_sent(void **state)
{
    static const struct {
        const char *field;
        bool whole; /* the name is that of the file system */
        const char *file;
    } cases[] = {
        {"X-Sendfile", true, "/in/ten"},
        {"x-SENDFILE", true, "/in/ten"},
        {"X-Sendfile", true, "//in/./ten"},
        {"X-Accel-Redirect", false, "/in/ten"},
        {"X-Accel-Redirect", false, "/in/../in/t%65n?x=/y"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        name_file(cases[i].field, cases[i].whole ? files : "", cases[i].file,
                  "Content-Type: a/b\nContent-Length: 8\nX-A: b\n");
        start(GET, 0);
        ends(200, false);
        assert_part(0, 10);
        assert_seen("Content-Type: a/b\r\n");
        assert_seen("Content-Length: 10\r\n");
        assert_seen("X-A: b\r\n");
        assert_seen("Accept-Ranges: bytes\r\n");
        assert_seen("ETag: \"");
        assert_seen("Last-Modified: ");
        assert_no_trace();
        assert_int_equal(outcome.body_bytes, 10);
        assert_string_equal(logged, "");
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *field;
        bool whole;
        const char *file, *why;
    } cases[] = {
        {"X-Sendfile", false, "/etc/passwd", "in no folder of SendfileRoots"},
        {"X-Sendfile", false, "in/ten", "in no folder of SendfileRoots"},
        {"X-Sendfile", true, "x/in/ten", "in no folder of SendfileRoots"},
        {"X-Sendfile", true, "/../s", "No such file"},
        {"X-Sendfile", true, "/in/../in/ten", "No such file"},
        {"X-Sendfile", true, "/in/./../in/ten", "No such file"},
        {"X-Sendfile", true, "/in/ten/", "leads over a symbolic link"},
        {"X-Sendfile", true, "/in/ten/.", "leads over a symbolic link"},
        {"X-Sendfile", true, "/", "is no file"},
        {"X-Sendfile", true, "/in/", "is no file"},
        {"X-Sendfile", true, "/in//.", "is no file"},
        {"X-Sendfile", true, "/link", "leads over a symbolic link"},
        {"X-Sendfile", true, "/out/passwd", "leads over a symbolic link"},
        {"X-Sendfile", true, "/in", "is no file"},
        {"X-Sendfile", true, "/pipe", "is no file"},
        {"X-Sendfile", true, "/missing", "No such file"},
        {"X-Accel-Redirect", false, "/a.php", "a Match rule has it executed"},
        {"X-Accel-Redirect", false, "/%61.p%68p", "a Match rule has it"},
        {"X-Accel-Redirect", false, "/../s", "is no path of a site"},
        {"X-Accel-Redirect", false, "/%2e%2e/s", "is no path of a site"},
        {"X-Accel-Redirect", false, "//in/ten", "is no path of a site"},
        {"X-Accel-Redirect", false, "in/ten", "is no path of a site"},
        {"X-Accel-Redirect", false, "", "is no path of a site"},
        {"X-Accel-Redirect", false, "/in/ten%00", "is no path of a site"},
        {"X-Accel-Redirect", false, "/link", "leads over a symbolic link"},
        {"X-Accel-Redirect", false, "/out/passwd", "leads over a symbolic"},
        {"X-Accel-Redirect", false, "/missing", "No such file"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        name_file(cases[i].field, cases[i].whole ? files : "", cases[i].file,
                  "");
        start(GET, 0);
        ends(502, false);
        assert_no_trace();
        if (strstr(logged, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].file, logged);
    }
    server.sendfile_roots.count = 0;
    name_file("X-Sendfile", files, "/in/ten", "");
    start(GET, 0);
    ends(502, false);
    assert_no_trace();
}

static void test_ranges(void **state)
{
    static const struct {
        const char *range;
        int status;
        size_t offset, length;
    } cases[] = {
        {"bytes=0-", 206, 0, 10},
        {"bytes=3-", 206, 3, 7},
        {"bytes=3-5", 206, 3, 3},
        {"BYTES=9-9", 206, 9, 1},
        {"bytes=3-500", 206, 3, 7},
        {"bytes=-4", 206, 6, 4},
        {"bytes=-400", 206, 0, 10},
        {"bytes=10-", 416, 0, 0},
        {"bytes=-0", 416, 0, 0},
        {"bytes=5-3", 200, 0, 10},
        {"bytes=0-1,3-4", 200, 0, 10},
        {"bytes=", 200, 0, 10},
        {"bytes=-", 200, 0, 10},
        {"bytes=x-1", 200, 0, 10},
        {"bytes=1-x", 200, 0, 10},
        {"bytes=1", 200, 0, 10},
        {"lines=1-2", 200, 0, 10},
        {"bytes=99999999999999999999-", 416, 0, 0},
        {"bytes=9223372036854775807-", 416, 0, 0},
    };
    char want[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        name_file("X-Sendfile", files, "/in/ten", "");
        n_more = 0;
        add_field("Range", cases[i].range);
        start(GET, 0);
        ends(cases[i].status, false);
        assert_part(cases[i].offset, cases[i].length);
        snprintf(want, sizeof(want), "Content-Length: %zu\r\n",
                 cases[i].length);
        assert_seen(want);
        snprintf(want, sizeof(want), "Content-Range: bytes %zu-%zu/10\r\n",
                 cases[i].offset, cases[i].offset + cases[i].length - 1);
        if (cases[i].status == 416)
            strcpy(want, "Content-Range: bytes */10\r\n");
        if (cases[i].status != 200)
            assert_seen(want);
        else
            assert_null(strstr(seen, "Content-Range"));
    }
}

/* What our own validators are. */
static void read_field(const char *field, char *value)
{
    const char *at = strstr(seen, field);

    assert_non_null(at);
    assert_int_equal(sscanf(at + strlen(field), ": %60[^\r]", value), 1);
}

static void test_conditions(void **state)
{
    static const char own[] = "ETag: W/\"x\"\nLast-Modified: yesterday\n";
    char tag[64], date[64], list[160];
    const struct {
        const char *rest, *field, *value;
        bool ranged;
        int status;
    } cases[] = {
        {"", "If-None-Match", tag, false, 304},
        {"", "If-None-Match", list, false, 304},
        {"", "If-None-Match", "*", false, 304},
        {"", "If-None-Match", "\"y\"", false, 200},
        {"", "If-Modified-Since", date, false, 304},
        {"", "If-Modified-Since", "yesterday", false, 200},
        {"", "If-Range", tag, true, 206},
        {"", "If-Range", date, true, 206},
        {"", "If-Range", "\"y\"", true, 200},
        {"", "If-Range", "yesterday", true, 200},
        {own, "If-None-Match", tag, false, 200},
        {own, "If-None-Match", "\"x\"", false, 304},
        {own, "If-Modified-Since", "yesterday", false, 304},
        {own, "If-Range", "yesterday", true, 206},
        {own, "If-Range", "W/\"x\"", true, 200}, /* weak */
        {"Status: 404\n", "If-None-Match", "*", true, 404},
    };

    (void)state;
    name_file("X-Sendfile", files, "/in/ten", "");
    start(GET, 0);
    ends(200, false);
    read_field("ETag", tag);
    read_field("Last-Modified", date);
    snprintf(list, sizeof(list), "\"a\", W/%s", tag);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        name_file("X-Sendfile", files, "/in/ten", cases[i].rest);
        n_more = 0;
        add_field(cases[i].field, cases[i].value);
        if (cases[i].ranged)
            add_field("Range", "bytes=1-3");
        start(GET, 0);
        ends(cases[i].status, false);
        assert_part(cases[i].status == 206, cases[i].status == 304   ? 0
                                            : cases[i].status == 206 ? 3
                                                                     : 10);
        if (cases[i].rest == own) {
            assert_seen("ETag: W/\"x\"\r\n");
            assert_null(strstr(seen, tag));
        }
    }
}

static void test_head_and_empty(void **state)
{
    (void)state;
    /* A redirection is none of a part of its page. */
    name_file("X-Sendfile", files, "/in/ten", "Location: /a\n");
    add_field("Range", "bytes=1-2");
    start(GET, 0);
    ends(302, false);
    assert_part(0, 10);
    n_more = 0;
    name_file("X-Sendfile", files, "/in/ten", "");
    start(how_of("HEAD", FCGI_HTTP_NO_BODY), 0);
    ends(200, false);
    assert_part(0, 0);
    assert_seen("Content-Length: 10\r\n");
    assert_seen("Content-Type: application/octet-stream\r\n");
    name_file("X-Sendfile", files, "/none", "");
    start(GET, 0);
    ends(200, false);
    assert_part(0, 0);
    assert_seen("Content-Length: 0\r\n");
}

/* A status that has no body has none of the file, be its length told or not. */
static void test_bodiless(void **state)
{
    static const char *const statuses[] = {"204", "205", "304"};
    char rest[64];

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        snprintf(rest, sizeof(rest), "Status: %s\n", statuses[i]);
        name_file("X-Sendfile", files, "/in/ten", rest);
        start(GET, 0);
        ends(atoi(statuses[i]), false);
        assert_part(0, 0);
        assert_no_trace();
        assert_int_equal(outcome.body_bytes, 0);
    }
}

/* A file of an interim answer is not sent, and the answer follows. */
static void test_interim(void **state)
{
    (void)state;
    name_file("X-Sendfile", files, "/in/ten", "Status: 103\nLink: </a>\n");
    snprintf(strstr(block, "not this"), 64, "Content-Type: a/b\n\nlast");
    start(GET, 0);
    run_until(is_done);
    assert_int_equal(outcome.status, 200);
    assert_no_trace();
    assert_seen("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200");
    assert_seen("\r\n\r\nlast");
}

/* All of a large file, as the client takes it; `copied` as over TLS. */
static void fetch_big(bool copied, uint64_t cut_at)
{
    struct how how = GET;
    uint64_t until = now_ms() + PATIENCE, in_all = 0;
    char path[128];

    how.tls = copied;
    name_file("X-Sendfile", files, "/big", "");
    start(how, 0);
    while (done == 0 && now_ms() < until) {
        n_seen = 0;
        turn();
        in_all += n_seen;
        assert_true(exchange->client.out.capacity <= 2 * WINDOW);
        if (cut_at > 0 && in_all >= cut_at) {
            path_of(path, "big");
            assert_int_equal(truncate(path, (off_t)cut_at), 0);
            cut_at = 0;
        }
    }
    assert_int_equal(done, 1);
    for (int i = 0; i < 100; i++) {
        n_seen = 0;
        turn();
        in_all += n_seen;
    }
    if (!outcome.close)
        assert_true(in_all > BIG);
    else
        assert_true(in_all < BIG);
}

static void test_big(void **state)
{
    (void)state;
    for (int copied = 0; copied < 2; copied++) {
        fetch_big(copied, 0);
        assert_false(outcome.close);
        assert_int_equal(outcome.body_bytes, BIG);
    }
}

/* A file that becomes shorter does not look whole. */
static void test_shrinks(void **state)
{
    (void)state;
    for (int copied = 0; copied < 2; copied++) {
        put_file("big", BIG);
        fetch_big(copied, 500000);
        assert_true(outcome.close);
        assert_true(outcome.body_bytes >= 500000 && outcome.body_bytes < BIG);
        assert_non_null(strstr(logged, "the file became shorter"));
    }
}

/* The client goes away: the file is closed. */
static bool is_flushing(void)
{
    return exchange->state == FCGI_EXCHANGE_FLUSHING;
}

static void test_closed(void **state)
{
    int file;

    (void)state;
    name_file("X-Sendfile", files, "/big", "");
    start(GET, 0);
    run_until(is_flushing);
    file = exchange->client.file;
    assert_int_equal(fcntl(file, F_GETFD), FD_CLOEXEC);
    fcgi_exchange_abandon(exchange);
    assert_int_equal(fcntl(file, F_GETFD), -1);
}

int main(void)
{
#define TEST(test) \
    cmocka_unit_test_setup_teardown(test, open_files, close_files)
    const struct CMUnitTest tests[] = {
        TEST(test_sent),           TEST(test_refused),
        TEST(test_ranges),         TEST(test_conditions),
        TEST(test_head_and_empty), TEST(test_bodiless),
        TEST(test_interim),        TEST(test_big),
        TEST(test_shrinks),        TEST(test_closed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
