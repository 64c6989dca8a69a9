/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check from a file's bytes to its output, in each form, for
 * fastcgi.conf and for all of Monkey's files: whatever the bytes, it ends, and
 * what is put out is text. Seeds are fixed, so that a failure repeats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/escape.h"
#include "fcgi-check/check.h"
#include "fcgi-check/dialect.h"
#include "fcgi-check/output.h"
#include "fcgi-check/print.h"

#define FILES 4

static const struct {
    const char *name;
    const char *text;
} files[FILES] = {
    {"monkey.conf",
     "[SERVER]\n    Listen 2001\n    Timeout 15\n    User nobody\n"
     "    KeepAliveTimeout 5\n    MaxKeepAliveRequest 9\n"
     "    MaxRequestSize 32\n    Indexfile index.php index.html\n"},
    {"plugins.load", "[PLUGINS]\n    Load /usr/lib/monkey-fastcgi.so\n"},
    {"plugins/fastcgi/fastcgi.conf",
     "# c\n[FASTCGI]\n    ReadTimeout 5s\n[FASTCGI_SERVER]\n"
     "    ServerName a\n    ServerPath /run/a.sock\n    Param A b\n"
     "[FASTCGI_SERVER]\n    ServerName b\n    ServerAddr [::1]:9000\n"},
    {"sites/default",
     "[HOST]\n    ServerName a b\n    DocumentRoot /srv\n[HANDLERS]\n"
     "    Match /.*\\.php$ fastcgi a b\n    Match ^/x(y|z){1,3}[a-c]?$ "
     "fastcgi\n    Match / cgi\n"},
};

static uint64_t seed = 20240712;
static char directory[] = "/tmp/test_check_fuzz.XXXXXX";

static uint32_t random_below(uint32_t n)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(seed >> 33) % n;
}

static char *path_of(const char *name, char path[static 256])
{
    snprintf(path, 256, "%s/%s", directory, name);
    return path;
}

static void write_file(const char *name, const char *text, size_t length)
{
    char path[256];
    FILE *file = fopen(path_of(name, path), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* All that is put out must be UTF-8 without control characters. */
static void check_text(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint32_t c = 0;
        size_t n = fcgi_utf8_decode(text + i, length - i, &c);

        assert_true(n > 0);
        assert_true(c == '\n' || c == '\t' || c >= 0x20);
        assert_true(c < 0x7f || c >= 0xa0);
        i += n;
    }
}

static void show_all(struct check_run *run)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    check_sort(run);
    check_write_text(run, out);
    check_write_gcc(run, out);
    check_write_json(run, out, 0);
    check_write_sarif(run, out, 0);
    fflush(out);
    check_text(text, size);
    for (size_t i = 0; i < run->n_printed; i++)
        check_print(check_source_read(run, run->printed[i]), out);
    fclose(out);
    free(text);
}

static const struct check_dialect *const monkeys[] = {NULL, &check_dialect_16,
                                                      &check_dialect_18};

static size_t outcome(const char *argument)
{
    struct check_options options = {.dialect = monkeys[random_below(3)],
                                    .color = FCGI_CLI_NEVER,
                                    .root = directory};
    struct check_run run = {.options = &options};
    char path[256];
    size_t found;

    check_argument(&run, argument ? path_of(argument, path) : directory);
    found = run.diags.count;
    show_all(&run);
    check_run_free(&run);
    return found;
}

static size_t mutate(const char *text, char *out, size_t room)
{
    static const char alphabet[] = "[]#\n\n\t\r='\"\\{}()*|$^ \0\xff\xc3/a0";
    size_t length = strlen(text);

    memcpy(out, text, length);
    for (uint32_t edits = random_below(5); edits; edits--) {
        size_t at = random_below((uint32_t)length);
        char c = alphabet[random_below(sizeof(alphabet) - 1)];

        switch (random_below(3)) {
        case 0:
            out[at] = c;
            break;
        case 1:
            if (length < room) {
                memmove(out + at + 1, out + at, length - at);
                out[at] = c;
                length++;
            }
            break;
        default:
            memmove(out + at, out + at + 1, length - at - 1);
            length -= length > 1;
            break;
        }
    }
    return length;
}

static void survives_mutation(void **state)
{
    char text[1024];
    size_t found = 0;

    (void)state;
    for (int i = 0; i < 1500; i++) {
        for (int f = 0; f < FILES; f++) {
            size_t n = mutate(files[f].text, text, sizeof(text));

            write_file(files[f].name, text, n);
        }
        found += outcome(NULL);
    }
    assert_true(found > 1500);
}

static void survives_random_bytes(void **state)
{
    char text[600];

    (void)state;
    for (int i = 0; i < 800; i++) {
        for (int f = 0; f < FILES; f++) {
            size_t n = random_below(sizeof(text));

            for (size_t k = 0; k < n; k++)
                text[k] = (char)random_below(256);
            write_file(files[f].name, text, n);
        }
        assert_true(outcome(NULL) > 0);
        assert_true(outcome(files[2].name) > 0);
    }
}

/* An ELF file of which any bytes are wrong. */
static void survives_plugins(void **state)
{
    const char *own = "/proc/self/exe";
    FILE *in = fopen(own, "r");
    unsigned char head[4096];
    const char *id, *why;
    char path[256];
    size_t n;

    (void)state;
    assert_non_null(in);
    n = fread(head, 1, sizeof(head), in);
    fclose(in);
    for (int i = 0; i < 2000; i++) {
        unsigned char copy[sizeof(head)];

        memcpy(copy, head, n);
        for (uint32_t edits = random_below(20); edits; edits--)
            copy[random_below(64)] = (unsigned char)random_below(256);
        write_file("plugin.so", (char *)copy, 1 + random_below((uint32_t)n));
        assert_false(
            check_elf(path_of("plugin.so", path), "mk_plugin_x", &id, &why));
    }
}

static int set_up(void **state)
{
    char path[256];

    (void)state;
    if (!mkdtemp(directory))
        return -1;
    mkdir(path_of("plugins", path), 0700);
    mkdir(path_of("plugins/fastcgi", path), 0700);
    mkdir(path_of("sites", path), 0700);
    return 0;
}

static int tear_down(void **state)
{
    char path[256];

    (void)state;
    for (int f = 0; f < FILES; f++)
        unlink(path_of(files[f].name, path));
    unlink(path_of("plugin.so", path));
    rmdir(path_of("plugins/fastcgi", path));
    rmdir(path_of("plugins", path));
    rmdir(path_of("sites", path));
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_mutation),
        cmocka_unit_test(survives_random_bytes),
        cmocka_unit_test(survives_plugins),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
