/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line. One table makes the options and the help.
 */
#include "options.h"

#include <string.h>
#include <unistd.h>

#include "probe/target.h"

enum {
    OPT_ADDRESS = FCGI_CLI_LONG,
    OPT_LAYOUT,
    OPT_APP,
    OPT_PHP_FPM,
    OPT_OPEN,
};

#define TAKE(arg) arg, FCGI_CLI_TAKE, 0
#define FLAG(member) NULL, FCGI_CLI_FLAG, offsetof(struct serve_options, member)
#define TEXT(member, arg) \
    arg, FCGI_CLI_TEXT, offsetof(struct serve_options, member)

static const struct fcgi_cli_option rows[] = {
    {'t', "target", TEXT(target, "TARGET"),
     "use the application there, and start none"},
    {OPT_APP, "app", TEXT(app, "COMMAND"),
     "start this application, in place of php-fpm; it\n"
     "takes connections from its standard input"},
    {OPT_PHP_FPM, "php-fpm", TEXT(php_fpm, "FILE"),
     "the php-fpm to start (the newest of PATH)"},
    {'u', "user", TEXT(user, "NAME"), "as root: whom the application runs as"},
    {'f', "front-controller", TAKE("URI"),
     "what answers for all that is no file, such as\n"
     "/index.php; / is the application itself (default\n"
     "with --app but for -x)"},
    {'x', "extensions", TAKE(".EXT..."), "how scripts' names end (.php)"},
    {'D', "define", TAKE("NAME=VALUE"), "set a variable for the application"},
    {'d', "php-setting", TAKE("NAME=VALUE"),
     "set a setting of PHP, as php -d does"},
    {'p', "port", TAKE("PORT"),
     "listen there (2001, or what Monkey's configuration\n"
     "says; 0: on a free one)"},
    {OPT_ADDRESS, "address", TEXT(address, "ADDR"),
     "listen on ADDR (127.0.0.1)"},
    {OPT_OPEN, "open", FLAG(open), "open the address in a browser"},
    {'c', "confdir", TEXT(confdir, "CONFDIR"),
     "serve as Monkey's configuration says"},
    {'C', "config", TEXT(config, "FILE"), "where @NAME is looked up"},
    {'w', "workers", TAKE("N"), "worker threads (0: one per processor)"},
    {'P', "plugin", TEXT(plugin, "FILE"),
     "the plugin, with -c in place of what plugins.load\n"
     "names (monkey-fastcgi.so where it was installed)"},
    {'m', "monkey", TAKE("VERSION"),
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

const struct fcgi_cli serve_options_cli = {
    .name = "fcgi-serve",
    .usage = "[OPTION]... [DIR]\n-c CONFDIR [OPTION]...",
    .about =
        "Serves a folder of PHP files, with a php-fpm that it starts and ends; "
        "or as\n"
        "Monkey 1.6.9 or 1.8.9 would with the FastCGI plugin, without Monkey: "
        "the\n"
        "very monkey-fastcgi.so is loaded, and treated as badly as there. For\n"
        "development and tests. It is not a production server.\n"
        "\n" FCGI_TARGET_HELP " of fastcgi.conf.",
    .options = rows,
    .n_options = sizeof(rows) / sizeof(rows[0]),
    .footer =
        "*.php below DIR, the working directory by default, goes to the "
        "application,\n"
        "and all else is sent as it is.\n"
        "Ctrl-C ends it. Status: 0 ended on request, 1 cannot serve, 2 wrong "
        "usage.",
};

#define bad(option, arg, what) \
    fcgi_cli_refuse(&serve_options_cli, option, arg, what)

/* NAME=VALUE, which becomes a line of a file. */
static int take_text(struct serve_texts *texts, const char *option,
                     const char *arg)
{
    size_t name = strcspn(arg, "=");

    if (name == 0 || arg[name] == '\0' || arg[name + 1] == '\0' ||
        strcspn(arg, " \t") < name || strpbrk(arg, "\r\n") != NULL)
        return bad(option, arg, "write NAME=VALUE");
    if (texts->count == SERVE_OPTIONS_MOST)
        return bad(option, arg, "there are too many");
    texts->items[texts->count++] = arg;
    return 0;
}

static int take(void *data, int option, const char *arg)
{
    struct serve_options *o = data;
    uint64_t number;

    switch (option) {
    case 'p':
        o->port = arg;
        if (fcgi_cli_number(arg, 0, 65535, &number))
            return bad("port", arg, "give a number up to 65535");
        break;
    case 'w':
        if (fcgi_cli_number(arg, 0, 1024, &number))
            return bad("workers", arg, "give a number up to 1024");
        o->workers = (int)number;
        break;
    case 'm':
        o->is_18 = strcmp(arg, "1.8") == 0;
        if (!o->is_18 && strcmp(arg, "1.6") != 0)
            return bad("monkey", arg, "give 1.6 or 1.8");
        break;
    case 'f':
        o->front_controller = arg;
        if (arg[0] != '/' || strpbrk(arg, "\r\n") != NULL)
            return bad("front-controller", arg, "give a path from DIR on");
        break;
    case 'x':
        o->extensions = arg;
        if (arg[0] != '.' || strpbrk(arg, "\r\n") != NULL)
            return bad("extensions", arg, "give .php, or '.php .cgi'");
        break;
    case 'D':
        return take_text(&o->params, "define", arg);
    case 'd':
        return take_text(&o->settings, "php-setting", arg);
    }
    return 0;
}

/* What several options have to do with each other: what is wrong, or NULL. */
static const char *check(const struct serve_options *o, char **rest)
{
    bool started = o->target == NULL && o->confdir == NULL;

    if (o->confdir != NULL &&
        (o->target != NULL || o->app != NULL || o->address != NULL ||
         o->front_controller != NULL || o->extensions != NULL ||
         o->params.count > 0 || rest[0] != NULL))
        return "with --confdir, Monkey's configuration says what is served, "
               "and how";
    if (o->target != NULL && o->app != NULL)
        return "--target and --app exclude each other";
    if ((!started || o->app != NULL) &&
        (o->php_fpm != NULL || o->settings.count > 0))
        return "--php-fpm and --php-setting are for a php-fpm that is started";
    if (o->user != NULL && (!started || geteuid() != 0))
        return "--user is for an application that root starts";
    if (rest[0] != NULL && rest[1] != NULL)
        return "there is more than one DIR";
    return NULL;
}

bool serve_options_read(struct serve_options *options, int argc, char **argv,
                        int *status)
{
    const char *why;
    int first;

    memset(options, 0, sizeof(*options));
    options->workers = -1;
    options->config = FCGI_CONFIG_FILE;
    first =
        fcgi_cli_parse(&serve_options_cli, argc, argv, take, options, status);
    if (first < 0)
        return false;
    why = check(options, argv + first);
    if (why != NULL) {
        *status = fcgi_cli_usage(&serve_options_cli, "%s", why);
        return false;
    }
    if (options->confdir != NULL)
        return true;
    options->docroot = argv[first] != NULL ? argv[first] : ".";
    if (options->address == NULL)
        options->address = "127.0.0.1";
    if (options->plugin == NULL)
        options->plugin =
            options->is_18 ? FCGI_PLUGIN_PATH_18 : FCGI_PLUGIN_PATH;
    if (options->app != NULL && options->front_controller == NULL &&
        options->extensions == NULL)
        options->front_controller = "/";
    if (options->extensions == NULL)
        options->extensions = ".php";
    return true;
}
