/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line. One table makes the options and the help.
 */
#include "serve_options.h"

#include <string.h>

#include "common/cli.h"
#include "serve_setup.h"

#ifndef FCGI_PLUGIN_PATH
#define FCGI_PLUGIN_PATH "/usr/lib/monkey/monkey-fastcgi.so"
#endif
#ifndef FCGI_MONKEY_CONFDIR
#define FCGI_MONKEY_CONFDIR "/etc/monkey"
#endif
enum { OPT_ADDRESS = FCGI_CLI_LONG, OPT_LAYOUT };

static const struct fcgi_cli_option rows[] = {
    {'c', "confdir", "DIR", "Monkey's configuration (" FCGI_MONKEY_CONFDIR ")"},
    {'t', "target", "TARGET",
     "FastCGI application: HOST:PORT, [V6]:PORT or\n"
     "/path/of/socket; needs DOCROOT, and no DIR"},
    {'p', "port", "PORT",
     "listen there instead (0: on a free one); without\n"
     "a configuration the default is 2001"},
    {OPT_ADDRESS, "address", "ADDR",
     "listen on ADDR with --target (127.0.0.1)"},
    {'w', "workers", "N", "worker threads (0: one per processor)"},
    {'P', "plugin", "FILE",
     "the plugin (" FCGI_PLUGIN_PATH ");\n"
     "with -c it replaces what plugins.load names"},
    {'A', "access-log", "FILE", "append a line per request to FILE"},
    {'q', "quiet", NULL, "print problems alone"},
    {'v', "verbose", NULL,
     "print the line per request although standard\n"
     "output is no terminal"},
    {OPT_LAYOUT, "layout", "NAME", NULL},
};

static const struct fcgi_cli cli = {
    .name = "fcgi-serve",
    .usage = "[-c DIR] [OPTION]...\n-t TARGET [OPTION]... DOCROOT",
    .about =
        "Serve as Monkey 1.6.9 would with the FastCGI plugin, without Monkey: "
        "the\n"
        "very monkey-fastcgi.so is loaded, and treated as badly as there.\n"
        "For development and tests. It is not a production server.",
    .options = rows,
    .n_options = sizeof(rows) / sizeof(rows[0]),
    .footer =
        "With -t, *.php below DOCROOT goes to TARGET and all else is sent as "
        "it is.\n"
        "Ctrl-C ends it. Status: 0 ended on request, 1 cannot serve, 2 wrong "
        "usage.",
};

static int take(void *data, int option, const char *arg)
{
    struct serve_options *o = data;
    uint64_t number;

    switch (option) {
    case 'c':
        o->confdir = arg;
        break;
    case 't':
        o->target = arg;
        break;
    case 'p':
        o->port = arg;
        if (fcgi_cli_number(arg, 0, 65535, &number))
            return fcgi_cli_usage(
                &cli, "--port must be a number up to 65535, not '%s'", arg);
        break;
    case OPT_ADDRESS:
        o->address = arg;
        break;
    case 'w':
        if (fcgi_cli_number(arg, 0, 1024, &number))
            return fcgi_cli_usage(
                &cli, "--workers must be a number up to 1024, not '%s'", arg);
        o->workers = (int)number;
        break;
    case 'P':
        o->plugin = arg;
        break;
    case 'A':
        o->access_log = arg;
        break;
    case 'q':
        o->quiet = true;
        break;
    case 'v':
        o->verbose = true;
        break;
    case OPT_LAYOUT:
        o->layout = serve_layout_find(arg);
        if (o->layout == NULL)
            return fcgi_cli_usage(&cli, "--layout: there is none named '%s'",
                                  arg);
        break;
    }
    return 0;
}

/* What several options have to do with each other. */
static int check(struct serve_options *o, char **rest)
{
    o->docroot = rest[0];
    if (o->target != NULL) {
        if (serve_short_problem(o->target) != NULL)
            return fcgi_cli_usage(&cli, "--target '%s': %s", o->target,
                                  serve_short_problem(o->target));
        if (o->confdir != NULL)
            return fcgi_cli_usage(&cli, "-c and -t exclude each other");
        if (o->docroot == NULL)
            return fcgi_cli_usage(&cli, "-t needs a DOCROOT");
        if (rest[1] != NULL)
            return fcgi_cli_usage(&cli, "there is more than one DOCROOT: '%s'",
                                  rest[1]);
        if (o->address == NULL)
            o->address = "127.0.0.1";
        if (o->plugin == NULL)
            o->plugin = FCGI_PLUGIN_PATH;
        return 0;
    }
    if (o->docroot != NULL)
        return fcgi_cli_usage(&cli, "'%s': a DOCROOT goes with -t TARGET",
                              o->docroot);
    if (o->address != NULL)
        return fcgi_cli_usage(&cli, "--address goes with -t TARGET");
    if (o->confdir == NULL)
        o->confdir = FCGI_MONKEY_CONFDIR;
    return 0;
}

bool serve_options_read(struct serve_options *options, int argc, char **argv,
                        int *status)
{
    int first;

    memset(options, 0, sizeof(*options));
    options->workers = -1;
    options->layout = &serve_layout_b;
    first = fcgi_cli_parse(&cli, argc, argv, take, options, status);
    if (first < 0)
        return false;
    *status = check(options, argv + first);
    return *status == 0;
}
