/* SPDX-License-Identifier: Apache-2.0
 *
 * Which script a path stands for, key by key: Extensions, FrontController,
 * PathInfo, CheckScript, DocumentRoot, and the folder of a ~user. One small
 * document root, and for each set of keys a table of paths.
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
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/path.h"
#include "gateway/real.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char base[32], root[40], user[40];

/* What there is: folders end in a slash, links say where they lead. */
static const char *const tree[] = {
    "www/",
    "www/index.php",
    "www/a.php",
    "www/a.PHP",
    "www/app",
    "www/pic.jpg",
    "www/x.php.txt",
    "www/dir/",
    "www/dir/b.php",
    "www/dir.php/",
    "www/dir.php/c.php",
    "www/link.php -> a.php",
    "www/pic.php -> pic.jpg",
    "www/gone.php -> nowhere",
    "www/out.php -> ../outside.php",
    "www/up -> ../outside",
    "www/null.php -> /dev/null",
    "outside.php",
    "outside/",
    "outside/d.php",
    "user/",
    "user/u.php",
    "user/pic.jpg",
    "user/out.php -> ../outside.php",
    "wwwwide.php",
};

static int set_up(void **state)
{
    (void)state;
    strcpy(base, "/tmp/fcgi-keys-XXXXXX");
    if (mkdtemp(base) == NULL)
        return -1;
    snprintf(root, sizeof(root), "%s/www", base);
    snprintf(user, sizeof(user), "%s/user", base);
    for (size_t i = 0; i < COUNT(tree); i++) {
        const char *arrow = strstr(tree[i], " -> ");
        int length = (int)(arrow ? arrow - tree[i] : (long)strlen(tree[i]));
        char path[96];
        int n = snprintf(path, sizeof(path), "%s/%.*s", base, length, tree[i]);

        if (arrow != NULL) {
            if (symlink(arrow + 4, path) < 0)
                return -1;
        } else if (path[n - 1] == '/') {
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
        int length = (int)strcspn(tree[i], " ");
        char path[96];

        snprintf(path, sizeof(path), "%s/%.*s", base, length, tree[i]);
        remove(path);
    }
    return rmdir(base);
}

/* The rules of the host mean names that end in `.php`. */
static bool is_script(const void *arg, const char *path, size_t length)
{
    (void)arg;
    return length > 4 && memcmp(path + length - 4, ".php", 4) == 0;
}

/* What becomes of a path: the status, "host", or SCRIPT_NAME, with PATH_INFO
 * in brackets; and a '!' where SCRIPT_FILENAME is not root and name. */
static const char *outcome(const struct fcgi_server_config *config,
                           const char *path, bool links, bool index)
{
    static char text[256];
    size_t n = strlen(root), length = strlen(path), want;
    struct fcgi_http_request request;
    struct fcgi_script script;
    char file[256], got[256];
    bool is_user = strncmp(path, "/~u", 3) == 0;
    int rest, m;

    if (is_user) /* as Monkey expands it */
        m = snprintf(file, sizeof(file), "%s%s", user, path + 3);
    else
        m = snprintf(file, sizeof(file), "%s%s", root, path);
    request = (struct fcgi_http_request){
        .path = {path, length},
        .uri = {path, length},
        .document_root = {root, n},
        .is_script = is_script,
        .follow_links = links,
        .has_index = index,
        .script_filename = {file, (size_t)m},
    };
    fcgi_path_split(&request, config, &script);
    if (script.verdict == FCGI_PATH_HOST)
        return "host";
    if (script.verdict == FCGI_PATH_REFUSED) {
        assert_non_null(script.why);
        snprintf(text, sizeof(text), "%d", script.status);
        return text;
    }
    snprintf(got, sizeof(got), "%.*s%.*s", (int)script.folder.length,
             script.folder.data, (int)script.file.length, script.file.data);
    rest = snprintf(text, sizeof(text), "%.*s", (int)script.name.length,
                    script.name.data);
    if (script.info.data != NULL)
        snprintf(text + rest, sizeof(text) - (size_t)rest, "[%.*s]",
                 (int)script.info.length, script.info.data);
    /* The file is that of the name; a ~user's is below the user's folder. */
    if (strncmp(text, "/~u", 3) == 0)
        snprintf(file, sizeof(file), "%s%.*s", user, rest - 3, text + 3);
    else
        snprintf(file, sizeof(file), "%s%.*s", root, rest, text);
    want = strlen(file);
    if (strlen(got) != want || memcmp(got, file, want) != 0)
        strcat(text, "!");
    return text;
}

struct expectation {
    const char *path, *want;
};

static void check(const char *about, const struct fcgi_server_config *config,
                  bool links, const struct expectation *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *got = outcome(config, all[i].path, links, false);

        if (strcmp(got, all[i].want) != 0)
            fail_msg("%s: %s: %s, not %s", about, all[i].path, got,
                     all[i].want);
    }
}

#define CHECK(config, links, ...)                                         \
    do {                                                                  \
        static const struct expectation all[] = {__VA_ARGS__};            \
        check(#config " links " #links, &config, links, all, COUNT(all)); \
    } while (0)

static char php[] = ".php", pl[] = ".pl", on[] = "on", off[] = "OFF",
            remote[] = "/remote", index_php[] = "/index.php", app[] = "/app",
            slash[] = "/", far[] = "/none/front.php", out[] = "/out.php",
            front_link[] = "/link.php", dot_app[] = "/./app";
static char *only_php[] = {php}, *two[] = {pl, php};

#define PHP .extensions = {only_php, 1}, .path_info = true

static void test_extensions(void **state)
{
    static const struct fcgi_server_config one = {PHP};
    static const struct fcgi_server_config both = {.extensions = {two, 2}};

    (void)state;
    CHECK(one, false, {"/a.php", "/a.php"}, {"/a.php/i", "/a.php[/i]"},
          {"/a.PHP", "403"}, {"/pic.jpg", "host"}, {"/x.php.txt", "host"},
          {"/x.php.txt/a.php", "404"}, {"/pic.jpg/a.php", "404"},
          {"/app", "host"}, {"/none.php", "404"}, {"/none.php/x", "404"},
          {"/none", "404"}, {"/dir", "host"}, {"/dir/", "host"},
          {"/dir.php", "host"}, {"/dir.php/c.php/i", "/dir.php/c.php[/i]"},
          {"/dir.php/none", "404"}, {"/.", "host"}, {"/./a.php", "/./a.php"},
          {"//a.php//", "//a.php[//]"}, {"/..", "403"},
          {"/dir/../a.php", "403"}, {"/a.php/../x", "403"},
          {"/a.php/..x", "/a.php[/..x]"}, {"/...", "404"});
    /* The second of them counts, too; PathInfo is Off. */
    CHECK(both, false, {"/a.php", "/a.php"}, {"/a.php/i", "404"});
}

static void test_links(void **state)
{
    static const struct fcgi_server_config strict = {PHP};
    static const struct fcgi_server_config lax = {PHP, .check_script = off};

    (void)state;
    CHECK(strict, false, {"/link.php", "403"}, {"/pic.php", "403"},
          {"/out.php", "403"}, {"/up/d.php", "403"}, {"/gone.php", "403"},
          {"/null.php", "403"}, {"/up", "403"});
    CHECK(strict, true, {"/link.php/i", "/link.php[/i]"},
          {"/pic.php", "/pic.php"}, {"/out.php", "403"}, {"/up/d.php", "403"},
          {"/gone.php", "404"}, {"/null.php", "403"}, {"/up", "host"});
    CHECK(lax, true, {"/out.php", "/out.php"}, {"/up/d.php", "/up/d.php"},
          {"/gone.php", "/gone.php"}, {"/null.php", "403"});
    CHECK(lax, false, {"/out.php", "403"}, {"/gone.php", "403"});
}

/* LinkRoots lets links lead there, and nowhere else. */
static void test_link_roots(void **state)
{
    static char outside[64], wide[64], file[64], gone[] = "/nowhere";
    static char *other[] = {gone, outside}, *wrong[] = {wide, file};
    static const struct fcgi_server_config strict = {PHP,
                                                     .link_roots = {other, 2}};
    static const struct fcgi_server_config none = {PHP,
                                                   .link_roots = {wrong, 2}};

    (void)state;
    /* By way of a link itself. */
    snprintf(outside, sizeof(outside), "%s/www/up/", base);
    snprintf(wide, sizeof(wide), "%s/out", base);
    snprintf(file, sizeof(file), "%s/outside/d", base);
    CHECK(strict, true, {"/up/d.php", "/up/d.php"},
          {"/up/d.php/i", "/up/d.php[/i]"}, {"/out.php", "403"},
          {"/null.php", "403"}, {"/~u/out.php", "403"}, {"/up", "host"},
          {"/up/none.php", "404"}, {"/up/../a.php", "403"});
    CHECK(strict, false, {"/up/d.php", "403"}, {"/out.php", "403"});
    CHECK(none, true, {"/up/d.php", "403"}, {"/out.php", "403"});
}

/* The real names of a root that is a link, "ROOT FILE" without the base. */
static const char *real_names(const char *folder, const char *name)
{
    static char text[PATH_MAX * 2];
    struct fcgi_real real;
    struct fcgi_http_request request;
    struct fcgi_script script;
    char top[64], place[64];
    size_t n = strlen(base), m;

    m = (size_t)snprintf(top, sizeof(top), "%s/www/up", base);
    request = (struct fcgi_http_request){.document_root = {top, m}};
    m = (size_t)snprintf(place, sizeof(place), "%s%s", base, folder);
    script = (struct fcgi_script){.folder = {place, m},
                                  .file = {name, strlen(name)}};
    fcgi_real_find(&real, &request, &script);
    snprintf(text, sizeof(text), "%.*s %.*s%.*s",
             (int)(request.document_root.length - n),
             request.document_root.data + n, (int)(script.folder.length - n),
             script.folder.data + n, (int)script.file.length, script.file.data);
    return text;
}

static void test_real(void **state)
{
    static char name[PATH_MAX];

    (void)state;
    assert_string_equal(real_names("/www/up", "/d.php"),
                        "/outside /outside/d.php");
    assert_string_equal(real_names("/www/up", "/none.php"),
                        "/outside /outside/none.php");
    /* What stands in the root, but leads elsewhere; and a ~user's. */
    assert_string_equal(real_names("/www/up", "/../www/link.php"),
                        "/outside /www/a.php");
    assert_string_equal(real_names("/user", "/out.php"),
                        "/outside /outside.php");
    memset(name, 'x', sizeof(name) - 1);
    name[0] = '/';
    assert_non_null(strstr(real_names("/www/up", name), "/outside/xxx"));
}

static void test_check_script(void **state)
{
    static const struct fcgi_server_config bare = {.path_info = true};
    static const struct fcgi_server_config strict = {.path_info = true,
                                                     .check_script = on};
    static const struct fcgi_server_config lax = {PHP, .check_script = off};
    static const struct fcgi_server_config far_away = {PHP,
                                                       .document_root = remote};
    static const struct fcgi_server_config shared = {
        PHP, .document_root = remote, .check_script = on};

    (void)state;
    CHECK(bare, false, {"/none.php", "/none.php"},
          {"/none.php/i", "/none.php[/i]"}, {"/none.php_.jpg", "403"},
          {"/none.php_/pic.jpg", "403"});
    CHECK(strict, false, {"/none.php", "404"}, {"/a.php", "/a.php"});
    CHECK(lax, false, {"/none.php", "/none.php"},
          {"/none.php/b.php", "/none.php[/b.php]"},
          {"/none/x.phpx/y.php/z", "/none/x.phpx/y.php[/z]"}, {"/none", "404"},
          /* A folder that is seen is no script, whatever its name. */
          {"/dir.php/none.php/i", "/dir.php/none.php[/i]"},
          {"/dir.php/none", "404"}, {"/pic.jpg/x.php", "404"});
    CHECK(far_away, false, {"/none.php/i", "/none.php[/i]"},
          {"/pic.jpg/x.php", "404"});
    CHECK(shared, false, {"/none.php/i", "404"}, {"/a.php", "/a.php"});
}

static void test_front(void **state)
{
    static const struct fcgi_server_config front = {
        .front_controller = index_php, .path_info = true};
    static const struct fcgi_server_config no_info = {.front_controller =
                                                          index_php};

    (void)state;
    CHECK(front, false, {"/pretty", "/index.php"}, {"/pic.jpg", "host"},
          {"/pic.jpg/x.php", "/index.php"}, {"/a.php/i", "/a.php[/i]"},
          {"/index.php/i", "/index.php[/i]"}, {"/none.php", "/index.php"},
          {"/dir", "host"}, {"/dir/", "/index.php"}, {"/", "/index.php"},
          {"/a.PHP", "403"}, {"/link.php", "403"}, {"/gone.php", "/index.php"},
          {"/index.phpx", "/index.php"}, {"/indexx.php/i", "/index.php"});
    CHECK(no_info, false, {"/a.php/i", "/index.php"},
          {"/index.php/i", "/index.php"});
    assert_string_equal(outcome(&front, "/dir/", false, true), "host");
}

static void test_odd_fronts(void **state)
{
    static const struct fcgi_server_config plain = {.front_controller = app,
                                                    .path_info = true};
    static const struct fcgi_server_config dots = {.front_controller = dot_app};
    static const struct fcgi_server_config whole = {.front_controller = slash,
                                                    .path_info = true};
    static const struct fcgi_server_config missing = {.front_controller = far};
    static const struct fcgi_server_config outside = {.front_controller = out};
    static const struct fcgi_server_config linked = {.front_controller =
                                                         front_link};
    static const struct fcgi_server_config unchecked = {.front_controller = far,
                                                        .check_script = off};

    (void)state;
    /* A file that is one by its name alone is not shown, however it is put. */
    CHECK(plain, false, {"/app", "/app"}, {"/app/i", "/app[/i]"},
          {"//app", "//app"}, {"/./app/i", "/./app[/i]"},
          {"/.//./app", "/.//./app"}, {"/a.php", "host"}, {"/ap", "/app"},
          {"/appx", "/app"});
    CHECK(dots, false, {"/app", "/app"}, {"//app", "//app"});
    CHECK(whole, false, {"/x", "[/x]"}, {"/a.php", "host"}, {"/", "[/]"});
    CHECK(missing, false, {"/x", "404"}, {"/a.php", "/a.php"});
    CHECK(outside, false, {"/x", "404"});
    CHECK(outside, true, {"/x", "404"});
    CHECK(linked, false, {"/x", "404"});
    CHECK(linked, true, {"/x", "/link.php"});
    CHECK(unchecked, false, {"/x", "/none/front.php"});
}

static void test_user(void **state)
{
    static const struct fcgi_server_config strict = {PHP};
    static const struct fcgi_server_config front = {
        .front_controller = index_php, .path_info = true};

    (void)state;
    CHECK(strict, true, {"/~u/u.php", "/~u/u.php"},
          {"/~u/u.php/i", "/~u/u.php[/i]"}, {"/~u/pic.jpg/x.php", "404"},
          {"/~u/none.php", "404"}, {"/~u/out.php", "403"}, {"/~u/", "host"},
          {"/~u", "host"}, {"/~u/../u.php", "403"});
    CHECK(front, false, {"/~u/u.php", "/~u/u.php"}, {"/~u/x", "/index.php"},
          {"/~u/", "/index.php"}, {"/~u", "host"});
}

/* What the name of a front controller means for Index. */
static void test_default_index(void **state)
{
    static const struct fcgi_server_config front = {.front_controller =
                                                        index_php};
    static const struct fcgi_server_config plain = {.front_controller = app};
    static const struct fcgi_server_config deep = {.front_controller = far};
    static const struct fcgi_server_config none = {0};

    (void)state;
    assert_string_equal(fcgi_path_default_index(&front), "index.php");
    assert_string_equal(fcgi_path_default_index(&deep), "front.php");
    assert_null(fcgi_path_default_index(&plain));
    assert_null(fcgi_path_default_index(&none));
}

/* A URI whose escapes the host and the application may read differently. */
static void test_escapes(void **state)
{
    static const struct {
        const char *uri;
        bool good;
    } all[] = {
        {"/a.php", true},      {"/a%2ephp", true}, {"/%61%2Fa.php", true},
        {"/%25%32%35", true},  {"/%0f%f0", true},  {"/a.php%", false},
        {"/a.php%2", false},   {"/%zz", false},    {"/%2g", false},
        {"/%g2", false},       {"/%%2e", false},   {"/%00", false},
        {"/a.php%00x", false}, {"/%u002e", false}, {"/%-1", false},
        {"/% 1", false},       {"/%0\n", false},   {"", true},
    };
    static const struct fcgi_server_config config = {PHP};

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct fcgi_http_request request;
        struct fcgi_script script;
        char file[64];
        int n = snprintf(file, sizeof(file), "%s/a.php", root);

        request = (struct fcgi_http_request){
            .path = {"/a.php", 6},
            .uri = {all[i].uri, strlen(all[i].uri)},
            .document_root = {root, strlen(root)},
            .script_filename = {file, (size_t)n},
        };
        fcgi_path_split(&request, &config, &script);
        if ((script.verdict == FCGI_PATH_OK) != all[i].good ||
            (!all[i].good && script.status != 400))
            fail_msg("%s: %d %d", all[i].uri, script.verdict, script.status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extensions),    cmocka_unit_test(test_links),
        cmocka_unit_test(test_link_roots),    cmocka_unit_test(test_real),
        cmocka_unit_test(test_check_script),  cmocka_unit_test(test_front),
        cmocka_unit_test(test_odd_fronts),    cmocka_unit_test(test_user),
        cmocka_unit_test(test_default_index), cmocka_unit_test(test_escapes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
