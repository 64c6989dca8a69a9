/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line. One table makes the options and the help.
 */
#include "options.h"

#include <string.h>

#include "common/cli.h"
#include "config/endpoint.h"

#ifndef FCGI_PLUGIN_PATH
#define FCGI_PLUGIN_PATH "/usr/lib/monkey/monkey-fastcgi.so"
#endif
#ifndef FCGI_PLUGIN_PATH_18
#define FCGI_PLUGIN_PATH_18 "/usr/lib/monkey/monkey-fastcgi18.so"
#endif
#ifndef FCGI_MONKEY_CONFDIR
#define FCGI_MONKEY_CONFDIR "/etc/monkey"
#endif
enum { OPT_ADDRESS = FCGI_CLI_LONG, OPT_LAYOUT, OPT_ABI };

#define TAKE(arg) arg, FCGI_CLI_TAKE, 0
#define FLAG(member) NULL, FCGI_CLI_FLAG, offsetof(struct serve_options, member)
#define TEXT(member, arg) \
    arg, FCGI_CLI_TEXT, offsetof(struct serve_options, member)

static const struct fcgi_cli_option rows[] = {
    {'c', "confdir", TEXT(confdir, "DIR"),
     "Monkey's configuration (" FCGI_MONKEY_CONFDIR ")"},
    {'t', "target", TEXT(target, "TARGET"),
     "FastCGI application: HOST:PORT, [V6]:PORT or\n"
     "/path/of/socket; needs DOCROOT, and no DIR"},
    {'p', "port", TAKE("PORT"),
     "listen there instead (0: on a free one); without\n"
     "a configuration the default is 2001"},
    {OPT_ADDRESS, "address", TEXT(address, "ADDR"),
     "listen on ADDR with --target (127.0.0.1)"},
    {'w', "workers", TAKE("N"), "worker threads (0: one per processor)"},
    {'P', "plugin", TEXT(plugin, "FILE"),
     "the plugin (" FCGI_PLUGIN_PATH ");\n"
     "with -c it replaces what plugins.load names"},
    {OPT_ABI, "abi", TAKE("VERSION"),
     "be Monkey 1.6 (the default) or 1.8, which takes\n"
     "the plugin from a file named monkey-fastcgi18.so"},
    {'A', "access-log", TEXT(access_log, "FILE"),
     "append a line per request to FILE"},
    {'q', "quiet", FLAG(quiet), "print problems alone"},
    {'v', "verbose", FLAG(verbose),
     "print the line per request although standard\n"
     "output is no terminal"},
    {OPT_LAYOUT, "layout", TEXT(layout, "NAME"), NULL},
};

static const struct fcgi_cli cli = {
    .name = "fcgi-serve",
    .usage = "[-c DIR] [OPTION]...\n-t TARGET [OPTION]... DOCROOT",
    .about =
        "Serve as Monkey 1.6.9 or 1.8.9 would with the FastCGI plugin, "
        "without\n"
        "Monkey: the very monkey-fastcgi.so is loaded, and treated as badly "
        "as\n"
        "there. For development and tests. It is not a production server.",
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
    case 'p':
        o->port = arg;
        if (fcgi_cli_number(arg, 0, 65535, &number))
            return fcgi_cli_usage(
                &cli, "--port must be a number up to 65535, not '%s'", arg);
        break;
    case 'w':
        if (fcgi_cli_number(arg, 0, 1024, &number))
            return fcgi_cli_usage(
                &cli, "--workers must be a number up to 1024, not '%s'", arg);
        o->workers = (int)number;
        break;
    case OPT_ABI:
        o->is_18 = strcmp(arg, "1.8") == 0;
        if (!o->is_18 && strcmp(arg, "1.6") != 0)
            return fcgi_cli_usage(&cli, "--abi must be 1.6 or 1.8, not '%s'",
                                  arg);
        break;
    }
    return 0;
}

/* What is wrong with the TARGET, or NULL. */
static const char *target_problem(const char *target)
{
    struct fcgi_endpoint unused;
    const char *why = NULL;
    size_t at;

    if (target[0] == '/')
        fcgi_endpoint_parse_path(target, strlen(target), &unused, &why, &at);
    else
        fcgi_endpoint_parse_addr(target, strlen(target), &unused, &why, &at);
    return why;
}

/* What several options have to do with each other. */
static int check(struct serve_options *o, char **rest)
{
    o->docroot = rest[0];
    if (o->target != NULL) {
        if (target_problem(o->target) != NULL)
            return fcgi_cli_usage(&cli, "--target '%s': %s", o->target,
                                  target_problem(o->target));
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
            o->plugin = o->is_18 ? FCGI_PLUGIN_PATH_18 : FCGI_PLUGIN_PATH;
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
    first = fcgi_cli_parse(&cli, argc, argv, take, options, status);
    if (first < 0)
        return false;
    *status = check(options, argv + first);
    return *status == 0;
}
