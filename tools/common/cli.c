/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of a tool, in the manner of GNU's.
 */
#include "common/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/guess.h"

#define OPTIONS_MAX 64U
#define LEFT_MAX 40U  /* of "  -x, --name=ARG" */
#define LEFT_WIDE 28U /* a longer one has its help on the next line */

static const struct fcgi_cli_option common[] = {
    {'h', "help", NULL, FCGI_CLI_TAKE, 0, "print this help"},
    {'V', "version", NULL, FCGI_CLI_TAKE, 0, "print the version"},
};

#define N_COMMON (sizeof(common) / sizeof(common[0]))

/* The i-th option, the common ones being last; NULL behind them. */
static const struct fcgi_cli_option *option_at(const struct fcgi_cli *cli,
                                               size_t i)
{
    if (i < cli->n_options)
        return &cli->options[i];
    i -= cli->n_options;
    return i < N_COMMON ? &common[i] : NULL;
}

static bool is_optional(const struct fcgi_cli_option *option)
{
    return option->arg && option->arg[0] == '[';
}

static size_t left_part(const struct fcgi_cli_option *option,
                        char buf[static LEFT_MAX])
{
    char letter[] = "    ";

    if (option->value < FCGI_CLI_LONG)
        snprintf(letter, sizeof(letter), "-%c, ", option->value);
    return (size_t)snprintf(buf, LEFT_MAX, "  %s--%s%s%s", letter, option->name,
                            option->arg && !is_optional(option) ? "=" : "",
                            option->arg ? option->arg : "");
}

static void print_option(const struct fcgi_cli_option *option, size_t width)
{
    char left[LEFT_MAX];
    size_t len = left_part(option, left);
    const char *line = option->help;

    fputs(left, stdout);
    if (len > width) {
        putchar('\n');
        len = 0;
    }
    for (;;) {
        size_t end = strcspn(line, "\n");

        printf("%*s  %.*s\n", (int)(width - len), "", (int)end, line);
        if (line[end] == '\0')
            break;
        line += end + 1;
        len = 0;
    }
}

static void print_usage(const struct fcgi_cli *cli)
{
    const char *line = cli->usage;
    const char *head = "Usage:";

    for (;;) {
        size_t end = strcspn(line, "\n");

        printf("%s %s %.*s\n", head, cli->name, (int)end, line);
        if (line[end] == '\0')
            break;
        line += end + 1;
        head = "  or: ";
    }
}

static void print_help(const struct fcgi_cli *cli)
{
    const struct fcgi_cli_option *option;
    size_t width = 0;
    char left[LEFT_MAX];

    print_usage(cli);
    printf("%s\n\n", cli->about);
    for (size_t i = 0; (option = option_at(cli, i)) != NULL; i++) {
        size_t len = option->help ? left_part(option, left) : 0;

        width = len > width && len <= LEFT_WIDE ? len : width;
    }
    for (size_t i = 0; (option = option_at(cli, i)) != NULL; i++)
        if (option->help)
            print_option(option, width);
    if (cli->footer)
        printf("\n%s\n", cli->footer);
}

static void print_version(const struct fcgi_cli *cli)
{
    printf(
        "%s (%s) %s\n"
        "License Apache-2.0: <https://www.apache.org/licenses/LICENSE-2.0>\n"
        "This is free software: you are free to change and redistribute it.\n"
        "There is NO WARRANTY, to the extent permitted by law.\n",
        cli->name, PACKAGE_NAME, PACKAGE_VERSION);
}

int fcgi_cli_trouble(const struct fcgi_cli *cli)
{
    return cli->trouble ? cli->trouble : FCGI_CLI_TROUBLE;
}

static void vreport(const struct fcgi_cli *cli, const char *format,
                    va_list args) __attribute__((format(printf, 2, 0)));

static void vreport(const struct fcgi_cli *cli, const char *format,
                    va_list args)
{
    /* Keeps the order of output on a terminal. */
    fflush(stdout);
    fprintf(stderr, "%s: ", cli->name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void fcgi_cli_error(const struct fcgi_cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vreport(cli, format, args);
    va_end(args);
}

int fcgi_cli_usage(const struct fcgi_cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vreport(cli, format, args);
    va_end(args);
    fprintf(stderr, "Try '%s --help' for more information.\n", cli->name);
    return fcgi_cli_trouble(cli);
}

int fcgi_cli_finish(const struct fcgi_cli *cli, int status)
{
    bool failed = ferror(stdout) != 0;

    errno = 0;
    if (fflush(stdout) || failed) {
        fcgi_cli_error(cli, "cannot write the output: %s",
                       errno ? strerror(errno) : "an earlier write failed");
        return fcgi_cli_trouble(cli);
    }
    return status;
}

int fcgi_cli_write(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;

    while (length > 0) {
        ssize_t n = write(fd, at, length);

        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            at += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

/* The table as getopt_long() wants it. */
static void fill(const struct fcgi_cli *cli, struct option *longs, char *shorts)
{
    const struct fcgi_cli_option *option;
    size_t n = 0;

    for (size_t i = 0; i < OPTIONS_MAX; i++) {
        option = option_at(cli, i);
        if (!option)
            break;
        longs[n++] = (struct option){.name = option->name,
                                     .has_arg = is_optional(option) ? 2
                                                : option->arg       ? 1
                                                                    : 0,
                                     .val = option->value};
        if (option->value >= FCGI_CLI_LONG)
            continue;
        *shorts++ = (char)option->value;
        if (option->arg) {
            *shorts++ = ':';
            if (is_optional(option))
                *shorts++ = ':';
        }
    }
    longs[n] = (struct option){0};
    *shorts = '\0';
}

static const struct fcgi_cli_option *find(const struct fcgi_cli *cli, int value)
{
    const struct fcgi_cli_option *option;

    for (size_t i = 0; (option = option_at(cli, i)) != NULL; i++)
        if (option->value == value)
            return option;
    return NULL;
}

/* About `word`, "--NAME" or "--NAME=VALUE", which is no option's name. */
static int complain_long(const struct fcgi_cli *cli, const char *word)
{
    const struct fcgi_cli_option *option, *first = NULL;
    const char *names[OPTIONS_MAX + 1], *guess;
    size_t length = strcspn(word + 2, "="), n = 0;

    for (; (option = option_at(cli, n)) != NULL; n++) {
        names[n] = option->name;
        if (strncmp(option->name, word + 2, length) != 0)
            continue;
        if (first)
            return fcgi_cli_usage(cli, "'%.*s' could be --%s, or --%s",
                                  (int)length + 2, word, first->name,
                                  option->name);
        first = option;
    }
    names[n] = NULL;
    guess = fcgi_guess_name(word + 2, length, names);
    return fcgi_cli_usage(
        cli, "there is no option '%.*s'%s%s%s", (int)length + 2, word,
        guess ? "; did you mean --" : "", guess ? guess : "", guess ? "?" : "");
}

/* getopt_long() has returned '?' or ':' after `word`. */
static int complain(const struct fcgi_cli *cli, int value, const char *word)
{
    const struct fcgi_cli_option *option = optopt ? find(cli, optopt) : NULL;

    if (!optopt)
        return complain_long(cli, word);
    if (!option)
        return fcgi_cli_usage(cli, "there is no option '-%c'", optopt);
    if (value == ':')
        return fcgi_cli_usage(cli, "--%s wants an argument: %s", option->name,
                              option->arg);
    return fcgi_cli_usage(cli, "--%s takes no argument", option->name);
}

static int store(const struct fcgi_cli *cli, int value, const char *arg,
                 fcgi_cli_take_fn take, void *data)
{
    const struct fcgi_cli_option *option = cli->options;
    void *member;

    while (option->value != value)
        option++;
    member = (char *)data + option->offset;
    switch (option->kind) {
    case FCGI_CLI_FLAG:
        *(bool *)member = true;
        return 0;
    case FCGI_CLI_TEXT:
        *(const char **)member = arg;
        return 0;
    case FCGI_CLI_TIME:
        return fcgi_cli_take_time(cli, option->name, arg, member);
    case FCGI_CLI_TAKE:
        break;
    }
    return take(data, value, arg);
}

int fcgi_cli_parse(const struct fcgi_cli *cli, int argc, char **argv,
                   fcgi_cli_take_fn take, void *data, int *status)
{
    struct option longs[OPTIONS_MAX + 1];
    char shorts[3 * OPTIONS_MAX + 2];
    int value;

    shorts[0] = ':'; /* a missing argument is told from what is no option */
    fill(cli, longs, shorts + 1);
    opterr = 0;
    optind = 0; /* from the start, also in tests that do it again */
    while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        switch (value) {
        case 'h':
            print_help(cli);
            *status = fcgi_cli_finish(cli, 0);
            return -1;
        case 'V':
            print_version(cli);
            *status = fcgi_cli_finish(cli, 0);
            return -1;
        case '?':
        case ':':
            *status = complain(cli, value, argv[optind - 1]);
            return -1;
        default:
            *status = store(cli, value, optarg, take, data);
            if (*status)
                return -1;
        }
    }
    return optind;
}

int fcgi_cli_number(const char *text, uint64_t min, uint64_t max,
                    uint64_t *number)
{
    uint64_t n = 0;

    if (*text == '\0')
        return -1;
    for (; *text; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n))
            return -1;
    if (n < min || n > max)
        return -1;
    *number = n;
    return 0;
}

int fcgi_cli_seconds(const char *text, uint64_t max, uint64_t *ns)
{
    const uint64_t second = 1000000000;
    size_t whole = strcspn(text, ".");
    char digits[10] = "000000000";
    char number[24];
    uint64_t left = 0, right;

    if (whole >= sizeof(number))
        return -1;
    memcpy(number, text, whole);
    number[whole] = '\0';
    if (text[whole] == '.') {
        size_t n = strlen(text + whole + 1);

        if (n == 0 || n > 9)
            return -1;
        memcpy(digits, text + whole + 1, n);
    }
    /* ".5" is a number, too. */
    if ((whole || text[0] != '.') &&
        fcgi_cli_number(number, 0, UINT64_MAX, &left))
        return -1;
    if (fcgi_cli_number(digits, 0, second, &right) ||
        __builtin_mul_overflow(left, second, &left) ||
        __builtin_add_overflow(left, right, &left) || left > max)
        return -1;
    *ns = left;
    return 0;
}

int fcgi_cli_time(const char *text, uint64_t max, uint64_t *ns)
{
    static const struct {
        const char *name;
        uint64_t times, by; /* of a second */
    } units[] = {
        {"", 1, 1}, {"ms", 1, 1000}, {"s", 1, 1}, {"m", 60, 1}, {"h", 3600, 1},
    };
    size_t digits = strspn(text, "0123456789.");
    char number[32];

    if (digits >= sizeof(number))
        return -1;
    memcpy(number, text, digits);
    number[digits] = '\0';
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(units[i].name, text + digits) == 0) {
            if (fcgi_cli_seconds(number, UINT64_MAX, ns) ||
                __builtin_mul_overflow(*ns, units[i].times, ns))
                return -1;
            *ns = *ns / units[i].by + (*ns % units[i].by != 0);
            return *ns <= max ? 0 : -1;
        }
    }
    return -1;
}

int fcgi_cli_choice(const char *text, const char *const *choices)
{
    for (int i = 0; choices[i]; i++)
        if (strcmp(text, choices[i]) == 0)
            return i;
    return -1;
}

int fcgi_cli_when(const char *text, enum fcgi_cli_when *when)
{
    static const char *const names[] = {"auto", "always", "never", NULL};
    int i = text ? fcgi_cli_choice(text, names) : FCGI_CLI_ALWAYS;

    if (i < 0)
        return -1;
    *when = (enum fcgi_cli_when)i;
    return 0;
}

bool fcgi_cli_color(enum fcgi_cli_when when, FILE *out)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (when != FCGI_CLI_AUTO)
        return when == FCGI_CLI_ALWAYS;
    return (!no || !*no) && term && strcmp(term, "dumb") != 0 &&
           isatty(fileno(out));
}

int fcgi_cli_refuse(const struct fcgi_cli *cli, const char *option,
                    const char *arg, const char *what)
{
    return fcgi_cli_usage(cli, "--%s '%s': %s", option, arg, what);
}

int fcgi_cli_take_time(const struct fcgi_cli *cli, const char *option,
                       const char *arg, uint64_t *ns)
{
    if (fcgi_cli_time(arg, UINT64_C(30) * 86400 * 1000000000, ns) == 0)
        return 0;
    return fcgi_cli_refuse(cli, option, arg,
                           "this is no time; give seconds, such as 0.2, or a "
                           "number with ms, s, m or h behind it");
}
