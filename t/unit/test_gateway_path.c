/* SPDX-License-Identifier: Apache-2.0
 *
 * Which script a path stands for: a small document root in a folder under
 * /tmp, and a table of paths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/path.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define HOST 1

static char root[32];

/* A server without any of the keys. */
static const struct fcgi_server_config plain = {.path_info = true};

/* What there is; a name that ends in a slash is a folder. */
static const char *const tree[] = {
    "a.php",   "dir/",  "dir/b.php", "dir.php/", "dir.php/c.php",
    "pic.jpg", "noext", "x.php.bak", "d e.php",
};

static int set_up(void **state)
{
    (void)state;
    strcpy(root, "/tmp/fcgi-path-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    for (size_t i = 0; i < COUNT(tree); i++) {
        char path[64];
        int n = snprintf(path, sizeof(path), "%s/%s", root, tree[i]);

        if (path[n - 1] == '/') {
            if (mkdir(path, 0700) < 0)
                return -1;
        } else {
            close(open(path, O_CREAT | O_WRONLY, 0600));
        }
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = COUNT(tree); i-- > 0;) {
        char path[64];

        snprintf(path, sizeof(path), "%s/%s", root, tree[i]);
        remove(path);
    }
    return rmdir(root);
}

static const struct {
    const char *path;
    int status;
    const char *name; /* SCRIPT_NAME; NULL: the path */
    const char *info; /* PATH_INFO */
} cases[] = {
    {"/a.php", 0, NULL, ""},
    {"/a.php/", 0, "/a.php", "/"},
    {"/a.php/x", 0, "/a.php", "/x"},
    {"/a.php/x/y.php", 0, "/a.php", "/x/y.php"},
    {"/a.php//x", 0, "/a.php", "//x"},
    {"/d e.php/x", 0, "/d e.php", "/x"},
    {"/dir/b.php", 0, NULL, ""},
    {"/dir/b.php/x/", 0, "/dir/b.php", "/x/"},
    /* The first `.php` need not be the script's. */
    {"/dir.php/c.php", 0, NULL, ""},
    {"/dir.php/c.php/x", 0, "/dir.php/c.php", "/x"},
    {"/dir.php/none.php/x", 0, "/dir.php/none.php", "/x"},
    {"/dir.php", HOST, NULL, NULL},
    {"/dir.php/", HOST, NULL, NULL},
    /* A file that the Match rules do not mean, though they have found something
     * in its name. */
    {"/pic.jpg", 403, NULL, NULL},
    {"/pic.jpg/x.php", 404, NULL, NULL},
    {"/noext/x.php", 404, NULL, NULL},
    {"/x.php.bak/x.php", 404, NULL, NULL},
    /* Nothing is there: passed on where the rules mean it, or a part of it. */
    {"/none.php", 0, NULL, ""},
    {"/none/a.php", 0, NULL, ""},
    {"/none.php/x/y", 0, "/none.php", "/x/y"},
    {"/none.php/pic.jpg", 0, "/none.php", "/pic.jpg"},
    {"/none.php_.jpg", 403, NULL, NULL},
    {"/none.php.jpg/x", 403, NULL, NULL},
    {"/a.b/a.b/a.b/a.b/a.b/a.b/a.b/n.php/x", 0,
     "/a.b/a.b/a.b/a.b/a.b/a.b/a.b/n.php", "/x"},
    {"/a.b/a.b/a.b/a.b/a.b/a.b/a.b/a.b/n.php/x", 403, NULL, NULL},
    {"/dir/none.php/a.php", 0, NULL, ""},
    {"/", HOST, NULL, NULL},
};

/* 0, the status of a refusal, or HOST. */
static int outcome(const struct fcgi_script *script)
{
    switch (script->verdict) {
    case FCGI_PATH_OK:
        return 0;
    case FCGI_PATH_HOST:
        return HOST;
    case FCGI_PATH_REFUSED:
        assert_non_null(script->why);
        return script->status;
    case FCGI_PATH_FILE:
    case FCGI_PATH_STATUS:
        break; /* never from a split */
    }
    return -1;
}

/* As a rule for `.php` at the end would have it. */
static bool is_script(const void *arg, const char *path, size_t length)
{
    assert_ptr_equal(arg, root);
    return length > 4 && memcmp(path + length - 4, ".php", 4) == 0;
}

static void make_request(struct fcgi_http_request *request, const char *path,
                         size_t length, char *filename)
{
    size_t n = strlen(root);

    memcpy(filename, root, n);
    memcpy(filename + n, path, length);
    *request = (struct fcgi_http_request){
        .path = {path, length},
        .document_root = {root, n},
        .is_script = is_script,
        .is_script_arg = root,
        .script_filename = {filename, n + length},
    };
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = strlen(cases[i].path);
        const char *name = cases[i].name ? cases[i].name : cases[i].path;
        char *path = malloc(length), filename[128];
        struct fcgi_http_request request;
        struct fcgi_script script;

        assert_non_null(path); /* not terminated: ASan sees a byte too far */
        memcpy(path, cases[i].path, length);
        make_request(&request, path, length, filename);
        fcgi_path_split(&request, &plain, &script);
        if (outcome(&script) != cases[i].status)
            fail_msg("%s: %d", cases[i].path, outcome(&script));
        if (cases[i].status == 0) {
            size_t n = strlen(name);

            if (script.name.length != n ||
                memcmp(script.name.data, name, n) != 0)
                fail_msg("%s: %.*s", cases[i].path, (int)script.name.length,
                         script.name.data);
            assert_int_equal(script.folder.length, strlen(root));
            assert_ptr_equal(script.folder.data, filename);
            assert_int_equal(script.file.length, n);
            assert_ptr_equal(script.file.data, filename + strlen(root));
            assert_int_equal(script.info.length, strlen(cases[i].info));
            assert_memory_equal(script.info.length ? script.info.data : "",
                                cases[i].info, script.info.length);
            assert_int_equal(script.info.data != NULL, cases[i].info[0] != 0);
        }
        free(path);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *path;
        size_t length;
    } refused[] = {
        {"", 0},          {"a.php", 5},    {"/a.php\0/x", 9},
        {"/a.php/\n", 8}, {"/\ra.php", 7}, {"/a.php\n.php", 11},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct fcgi_http_request request;
        struct fcgi_script script;
        char filename[128];

        make_request(&request, refused[i].path, refused[i].length, filename);
        fcgi_path_split(&request, &plain, &script);
        assert_int_equal(outcome(&script), 400);
    }
}

/* Paths that the system takes for too long, as a whole or in a part. */
static void test_long(void **state)
{
    static const size_t lengths[] = {300, PATH_MAX - 64, PATH_MAX - 1, PATH_MAX,
                                     PATH_MAX + 5000};
    static char path[2 * PATH_MAX + 5000], filename[2 * PATH_MAX + 6000];

    (void)state;
    memset(path, 'p', sizeof(path));
    path[0] = '/';
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct fcgi_http_request request;
        struct fcgi_script script;

        make_request(&request, path, lengths[i], filename);
        fcgi_path_split(&request, &plain, &script);
        assert_int_equal(outcome(&script), 403);
        memcpy(path + lengths[i] - 4, ".php", 4);
        make_request(&request, path, lengths[i], filename);
        fcgi_path_split(&request, &plain, &script);
        memset(path + lengths[i] - 4, 'p', 4);
        assert_int_equal(outcome(&script), 0);
        assert_int_equal(script.name.length, lengths[i]);
        assert_int_equal(script.info.length, 0);
    }
    /* Behind a script, a long part is still PATH_INFO. */
    memcpy(path, "/a.php/", 7);
    {
        struct fcgi_http_request request;
        struct fcgi_script script;

        make_request(&request, path, 3000, filename);
        fcgi_path_split(&request, &plain, &script);
        assert_int_equal(outcome(&script), 0);
        assert_int_equal(script.name.length, 6);
        assert_int_equal(script.info.length, 2994);
    }
}

/* A symbolic link is a script only where the host follows them. */
static void test_links(void **state)
{
    static const struct {
        const char *path;
        bool follow;
        int outcome;
    } links[] = {
        {"/link.php", false, 403},      {"/link.php", true, 0},
        {"/link.php/info", false, 403}, {"/link.php/info", true, 0},
        {"/pic.php", true, 0},          {"/pic.php", false, 403},
        {"/gone.php", true, 0},         {"/gone.php", false, 403},
        {"/folder.php", true, HOST},    {"/folder.php", false, 403},
    };
    static const struct {
        const char *name, *target;
    } made[] = {{"link.php", "a.php"},
                {"pic.php", "pic.jpg"},
                {"gone.php", "nowhere"},
                {"folder.php", "dir"}};
    char name[64], filename[128];

    (void)state;
    for (size_t i = 0; i < COUNT(made); i++) {
        snprintf(name, sizeof(name), "%s/%s", root, made[i].name);
        assert_int_equal(symlink(made[i].target, name), 0);
    }
    for (size_t i = 0; i < COUNT(links); i++) {
        struct fcgi_http_request request;
        struct fcgi_script script;

        make_request(&request, links[i].path, strlen(links[i].path), filename);
        request.follow_links = links[i].follow;
        fcgi_path_split(&request, &plain, &script);
        if (outcome(&script) != links[i].outcome)
            fail_msg("%s: %d", links[i].path, outcome(&script));
    }
    for (size_t i = 0; i < COUNT(made); i++) {
        snprintf(name, sizeof(name), "%s/%s", root, made[i].name);
        unlink(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_links),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
