/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line. One table makes the options and the help.
 */
#include "serve_options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "serve_setup.h"

#ifndef FCGI_PLUGIN_PATH
#define FCGI_PLUGIN_PATH "/usr/lib/monkey/monkey-fastcgi.so"
#endif
#ifndef FCGI_MONKEY_CONFDIR
#define FCGI_MONKEY_CONFDIR "/etc/monkey"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

enum { USAGE = 2, OPT_ADDRESS = 256, OPT_LAYOUT };

struct row {
    int value; /* the letter, or one of the above */
    const char *name;
    const char *arg;
    const char *help; /* NULL: hidden */
};

static const struct row rows[] = {
    {'c', "confdir", "DIR", "Monkey's configuration (" FCGI_MONKEY_CONFDIR ")"},
    {'t', "target", "TARGET",
     "FastCGI application: HOST:PORT, [V6]:PORT or\n"
     "                         /path/of/socket; needs DOCROOT, and no DIR"},
    {'p', "port", "PORT",
     "listen there instead (0: on a free one); without\n"
     "                         a configuration the default is 2001"},
    {OPT_ADDRESS, "address", "ADDR",
     "listen on ADDR with --target (127.0.0.1)"},
    {'w', "workers", "N", "worker threads (0: one per processor)"},
    {'P', "plugin", "FILE",
     "the plugin (" FCGI_PLUGIN_PATH ");\n"
     "                         with -c it replaces what plugins.load names"},
    {'A', "access-log", "FILE", "append a line per request to FILE"},
    {'q', "quiet", NULL, "print problems alone"},
    {'v', "verbose", NULL,
     "print the line per request although standard\n"
     "                         output is no terminal"},
    {'h', "help", NULL, "print this help"},
    {'V', "version", NULL, "print the version"},
    {OPT_LAYOUT, "layout", "NAME", NULL},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void print_row(const struct row *row)
{
    char left[64];

    if (row->help == NULL)
        return;
    if (row->value < 256)
        snprintf(left, sizeof(left), "  -%c, --%s", row->value, row->name);
    else
        snprintf(left, sizeof(left), "      --%s", row->name);
    if (row->arg != NULL) {
        strcat(left, "=");
        strcat(left, row->arg);
    }
    printf("%-24s %s\n", left, row->help);
}

static void print_help(void)
{
    puts(
        "Usage: fcgi-serve [-c DIR] [OPTION]...\n"
        "       fcgi-serve -t TARGET [OPTION]... DOCROOT\n"
        "Serve as Monkey 1.6.9 would with the FastCGI plugin, without Monkey: "
        "the\n"
        "very monkey-fastcgi.so is loaded, and treated as badly as there.\n"
        "For development and tests. It is not a production server.\n");
    for (size_t i = 0; i < ROWS; i++)
        print_row(&rows[i]);
    puts(
        "\nWith -t, *.php below DOCROOT goes to TARGET and all else is sent "
        "as it is.\n"
        "Ctrl-C ends it. Status: 0 ended on request, 1 cannot serve, 2 wrong "
        "usage.");
}

static bool usage(int *status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool usage(int *status, const char *format, ...)
{
    va_list args;

    fputs("fcgi-serve: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\nTry 'fcgi-serve --help'.\n", stderr);
    *status = USAGE;
    return false;
}

static bool is_number(const char *text, long most, int *value)
{
    size_t digits = strspn(text, "0123456789");
    long number;

    if (digits == 0 || digits > 6 || text[digits] != '\0')
        return false;
    number = strtol(text, NULL, 10);
    *value = (int)number;
    return number <= most;
}

static bool take(struct serve_options *o, int option, int *status)
{
    int port;

    switch (option) {
    case 'c':
        o->confdir = optarg;
        return true;
    case 't':
        o->target = optarg;
        return true;
    case 'p':
        o->port = optarg;
        if (is_number(optarg, 65535, &port))
            return true;
        return usage(status, "--port must be a number up to 65535, not '%s'",
                     optarg);
    case OPT_ADDRESS:
        o->address = optarg;
        return true;
    case 'w':
        if (is_number(optarg, 1024, &o->workers))
            return true;
        return usage(status, "--workers must be a number up to 1024, not '%s'",
                     optarg);
    case 'P':
        o->plugin = optarg;
        return true;
    case 'A':
        o->access_log = optarg;
        return true;
    case 'q':
        o->quiet = true;
        return true;
    case 'v':
        o->verbose = true;
        return true;
    case OPT_LAYOUT:
        o->layout = serve_layout_find(optarg);
        if (o->layout != NULL)
            return true;
        return usage(status, "--layout: there is none named '%s'", optarg);
    default:
        return usage(status, "wrong option");
    }
}

static bool check(struct serve_options *o, char **rest, int *status)
{
    o->docroot = rest[0];
    if (o->target != NULL) {
        if (serve_short_problem(o->target) != NULL)
            return usage(status, "--target '%s': %s", o->target,
                         serve_short_problem(o->target));
        if (o->confdir != NULL)
            return usage(status, "-c and -t exclude each other");
        if (o->docroot == NULL)
            return usage(status, "-t needs a DOCROOT");
        if (rest[1] != NULL)
            return usage(status, "there is more than one DOCROOT: '%s'",
                         rest[1]);
        if (o->address == NULL)
            o->address = "127.0.0.1";
        if (o->plugin == NULL)
            o->plugin = FCGI_PLUGIN_PATH;
        return true;
    }
    if (o->docroot != NULL)
        return usage(status, "'%s': a DOCROOT goes with -t TARGET", o->docroot);
    if (o->address != NULL)
        return usage(status, "--address goes with -t TARGET");
    if (o->confdir == NULL)
        o->confdir = FCGI_MONKEY_CONFDIR;
    return true;
}

static void fill(struct option *longs, char *shorts)
{
    memset(longs, 0, sizeof(*longs) * (ROWS + 1));
    for (size_t i = 0; i < ROWS; i++) {
        longs[i].name = rows[i].name;
        longs[i].has_arg = rows[i].arg != NULL;
        longs[i].val = rows[i].value;
        if (rows[i].value >= 256)
            continue;
        *shorts++ = (char)rows[i].value;
        if (rows[i].arg != NULL)
            *shorts++ = ':';
    }
    *shorts = '\0';
}

static bool finish_output(int *status)
{
    *status = fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
    return false;
}

bool serve_options_read(struct serve_options *options, int argc, char **argv,
                        int *status)
{
    struct option longs[ROWS + 1];
    char shorts[2 * ROWS + 1];
    int option;

    fill(longs, shorts);
    memset(options, 0, sizeof(*options));
    options->workers = -1;
    options->layout = &serve_layout_b;
    while ((option = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (option == 'h') {
            print_help();
            return finish_output(status);
        }
        if (option == 'V') {
            puts("fcgi-serve " PACKAGE_VERSION);
            return finish_output(status);
        }
        if (option == '?') {
            /* getopt has said what is wrong. */
            fputs("Try 'fcgi-serve --help'.\n", stderr);
            *status = USAGE;
            return false;
        }
        if (!take(options, option, status))
            return false;
    }
    return check(options, argv + optind, status);
}
