/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of the tools: options, mistakes, help, numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cli.h"

static struct data {
    bool flag;
    const char *text;
    uint64_t time;
} data;

static const struct fcgi_cli_option options[] = {
    {'a', "all", NULL, FCGI_CLI_TAKE, 0, "do all"},
    {'n', "number", "N", FCGI_CLI_TAKE, 0, "a number\nof two lines"},
    {FCGI_CLI_LONG, "color", "[=WHEN]", FCGI_CLI_TAKE, 0, "colours"},
    {FCGI_CLI_LONG + 1, "hidden", "X", FCGI_CLI_TAKE, 0, NULL},
    {FCGI_CLI_LONG + 2, "a-very-long-name", "SOMETHING", FCGI_CLI_TAKE, 0,
     "far away"},
    {'F', "flag", NULL, FCGI_CLI_FLAG, offsetof(struct data, flag), NULL},
    {'T', "text", "X", FCGI_CLI_TEXT, offsetof(struct data, text), NULL},
    {'W', "time", "X", FCGI_CLI_TIME, offsetof(struct data, time), NULL},
};

static const struct fcgi_cli cli = {
    .name = "tool",
    .usage = "[OPTION]... FILE\n-n N",
    .about = "Does it.",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .footer = "That is all.",
};

static char taken[256];   /* "a=- n=5 " */
static char output[4096]; /* of both streams */

static int take(void *to, int value, const char *arg)
{
    size_t len = strlen(taken);

    assert_ptr_equal(to, &data);
    snprintf(taken + len, sizeof(taken) - len, "%d=%s ", value,
             arg ? arg : "-");
    return value == 'n' && strcmp(arg, "bad") == 0
               ? fcgi_cli_usage(&cli, "--number: not '%s'", arg)
               : 0;
}

/* Runs the words of a command line. Returns what fcgi_cli_parse() does. */
static int run(const char *words, int *status, const char *rest[static 8])
{
    char *copy = strdup(words);
    char *argv[17] = {NULL};
    int argc = 0, first, saved_out, saved_err;
    FILE *file = tmpfile();

    assert_non_null(file);
    for (char *w = strtok(copy, " "); w && argc < 16; w = strtok(NULL, " "))
        argv[argc++] = w;
    fflush(stdout);
    fflush(stderr);
    saved_out = dup(1);
    saved_err = dup(2);
    dup2(fileno(file), 1);
    dup2(fileno(file), 2);
    taken[0] = '\0';
    *status = -1;
    first = fcgi_cli_parse(&cli, argc, argv, take, &data, status);
    fflush(stdout);
    dup2(saved_out, 1);
    dup2(saved_err, 2);
    close(saved_out);
    close(saved_err);
    rewind(file);
    output[fread(output, 1, sizeof(output) - 1, file)] = '\0';
    fclose(file);
    for (int i = 0; i < 8; i++) {
        static char text[8][64];

        rest[i] = NULL;
        if (first >= 0 && first + i < argc) {
            snprintf(text[i], sizeof(text[i]), "%s", argv[first + i]);
            rest[i] = text[i];
        }
    }
    free(copy);
    return first;
}

static void takes_options(void **state)
{
    const char *rest[8];
    int status;

    (void)state;
    assert_true(
        run("x -an5 --number=6 --num 7 file --color --color=never -- -a",
            &status, rest) > 0);
    assert_string_equal(taken, "97=- 110=5 110=6 110=7 256=- 256=never ");
    assert_string_equal(rest[0], "file");
    assert_string_equal(rest[1], "-a");
    assert_null(rest[2]);
    assert_string_equal(output, "");
    assert_int_equal(run("x", &status, rest), 1);
    assert_null(rest[0]);
    assert_true(run("x - --hidden=1", &status, rest) > 0);
    assert_string_equal(rest[0], "-");
    assert_string_equal(taken, "257=1 ");
}

static void stores_options(void **state)
{
    const char *rest[8];
    int status;

    (void)state;
    memset(&data, 0, sizeof(data));
    assert_true(run("x -a", &status, rest) > 0);
    assert_false(data.flag);
    assert_null(data.text);
    assert_int_equal(data.time, 0);
    assert_true(run("x --time=200ms -F", &status, rest) > 0);
    assert_true(data.flag);
    assert_int_equal(data.time, 200000000);
    assert_string_equal(taken, "");
    assert_int_equal(run("x -W never", &status, rest), -1);
    assert_int_equal(status, 2);
    assert_non_null(strstr(output, "tool: --time 'never': this is no time"));
    assert_true(run("x --text=words", &status, rest) > 0);
    assert_non_null(data.text);
}

static void tells_mistakes(void **state)
{
    static const char *const lines[][2] = {
        {"x -z", "tool: there is no option '-z'\n"},
        {"x -az y", "tool: there is no option '-z'\n"},
        {"x --zzz", "tool: there is no option '--zzz'\n"},
        {"x --zzz=all", "tool: there is no option '--zzz'\n"},
        {"x --nubmer=1 y",
         "tool: there is no option '--nubmer'; did you mean --number?\n"},
        {"x --hlep",
         "tool: there is no option '--hlep'; did you mean --help?\n"},
        {"x --all=1", "tool: --all takes no argument\n"},
        {"x -n", "tool: --number wants an argument: N\n"},
        {"x y --number", "tool: --number wants an argument: N\n"},
        {"x --a", "tool: '--a' could be --all, or --a-very-long-name\n"},
        {"x -n bad", "tool: --number: not 'bad'\n"},
    };
    const char *rest[8];
    int status;
    char expected[256];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(run(lines[i][0], &status, rest), -1);
        assert_int_equal(status, 2);
        snprintf(expected, sizeof(expected), "%s%s", lines[i][1],
                 "Try 'tool --help' for more information.\n");
        assert_string_equal(output, expected);
    }
}

static void prints_help(void **state)
{
    static const char expected[] =
        "Usage: tool [OPTION]... FILE\n"
        "  or:  tool -n N\n"
        "Does it.\n"
        "\n"
        "  -a, --all           do all\n"
        "  -n, --number=N      a number\n"
        "                      of two lines\n"
        "      --color[=WHEN]  colours\n"
        "      --a-very-long-name=SOMETHING\n"
        "                      far away\n"
        "  -h, --help          print this help\n"
        "  -V, --version       print the version\n"
        "\n"
        "That is all.\n";
    const char *rest[8];
    int status;

    (void)state;
    assert_int_equal(run("x -h", &status, rest), -1);
    assert_int_equal(status, 0);
    assert_string_equal(output, expected);
    assert_int_equal(run("x --help -z", &status, rest), -1);
    assert_string_equal(output, expected);
    assert_int_equal(run("x -V", &status, rest), -1);
    assert_int_equal(status, 0);
    assert_memory_equal(output, "tool (monkey-fastcgi) ", 22);
    assert_non_null(strstr(output, "\nThere is NO WARRANTY"));
}

static void reads_numbers(void **state)
{
    static const struct {
        const char *text;
        int result;
        uint64_t number;
    } cases[] = {
        {"0", 0, 0},    {"007", 0, 7},  {"100", 0, 100},
        {"101", -1, 0}, {"", -1, 0},    {"-1", -1, 0},
        {"+1", -1, 0},  {" 1", -1, 0},  {"1 ", -1, 0},
        {"1x", -1, 0},  {"0x1", -1, 0}, {"99999999999999999999999999", -1, 0},
    };
    uint64_t n;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        n = 0;
        assert_int_equal(fcgi_cli_number(cases[i].text, 0, 100, &n),
                         cases[i].result);
        assert_int_equal(n, cases[i].number);
    }
    assert_int_equal(fcgi_cli_number("4", 5, 6, &n), -1);
    assert_int_equal(fcgi_cli_number("18446744073709551615", 0, UINT64_MAX, &n),
                     0);
    assert_true(n == UINT64_MAX);
}

static void reads_seconds(void **state)
{
    static const char *const bad[] = {"",
                                      ".",
                                      "1.",
                                      "-1",
                                      "1e3",
                                      "nan",
                                      "1,5",
                                      "1.2.3",
                                      " 1",
                                      "1s",
                                      "1.0000000001",
                                      "61",
                                      "99999999999999999999999999"};
    uint64_t ns;

    (void)state;
    assert_int_equal(fcgi_cli_seconds("2", 60000000000U, &ns), 0);
    assert_int_equal(ns, 2000000000);
    assert_int_equal(fcgi_cli_seconds("0.25", 60000000000U, &ns), 0);
    assert_int_equal(ns, 250000000);
    assert_int_equal(fcgi_cli_seconds(".000000001", 60000000000U, &ns), 0);
    assert_int_equal(ns, 1);
    assert_int_equal(fcgi_cli_seconds("60", 60000000000U, &ns), 0);
    assert_int_equal(fcgi_cli_time("0.000001ms", 60000000000U, &ns), 0);
    assert_int_equal(ns, 1); /* what is little is not none */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(fcgi_cli_seconds(bad[i], 60000000000U, &ns), -1);
}

static void decides_on_colour(void **state)
{
    enum fcgi_cli_when when = FCGI_CLI_NEVER;

    (void)state;
    assert_int_equal(fcgi_cli_when("auto", &when), 0);
    assert_int_equal(when, FCGI_CLI_AUTO);
    assert_int_equal(fcgi_cli_when(NULL, &when), 0);
    assert_int_equal(when, FCGI_CLI_ALWAYS);
    assert_true(fcgi_cli_color(when, stdout));
    assert_int_equal(fcgi_cli_when("never", &when), 0);
    assert_false(fcgi_cli_color(when, stdout));
    assert_int_equal(fcgi_cli_when("nevr", &when), -1);
    setenv("NO_COLOR", "1", 1);
    assert_false(fcgi_cli_color(FCGI_CLI_AUTO, stdout));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_options),     cmocka_unit_test(stores_options),
        cmocka_unit_test(tells_mistakes),    cmocka_unit_test(prints_help),
        cmocka_unit_test(reads_numbers),     cmocka_unit_test(reads_seconds),
        cmocka_unit_test(decides_on_colour),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
