/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: tells what is wrong with the configuration of the FastCGI plugin
 * and of the Monkey around it, all at once, before a restart does.
 *
 * It reads files and never runs what they name.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "check.h"
#include "dialect.h"
#include "output.h"
#include "print.h"
#include "user.h"

#define SECOND UINT64_C(1000000000)
#define TIMEOUT (2 * SECOND)

enum {
    OPT_SYNTAX_ONLY = FCGI_CLI_LONG,
    OPT_COLOR,
    OPT_LIST,
    OPT_EXPLAIN,
    OPT_LIST_KEYS,
    OPT_DISABLE,
    OPT_FIX,
};

static const char *const formats[] = {"text", "gcc", "json", "sarif", NULL};

#define TAKE(arg) arg, FCGI_CLI_TAKE, 0
#define FLAG(member) NULL, FCGI_CLI_FLAG, offsetof(struct check_options, member)
#define TEXT(member, arg) \
    arg, FCGI_CLI_TEXT, offsetof(struct check_options, member)

static const struct fcgi_cli_option rows[] = {
    {'F', "format", TAKE("FORMAT"),
     "text (the default), gcc (for editors), json or sarif"},
    {'l', "live", FLAG(live), "ask each server whether it answers"},
    {'W', "timeout", "TIME", FCGI_CLI_TIME,
     offsetof(struct check_options, timeout),
     "how long --live waits for one (2 s)"},
    {'u', "user", TAKE("NAME"),
     "the user that must be able to open the sockets\n"
     "(User of monkey.conf)"},
    {OPT_SYNTAX_ONLY, "syntax-only", FLAG(syntax_only),
     "check what is in the files, not what they name"},
    {'s', "strict", FLAG(strict), "status 1 for warnings, too"},
    {OPT_DISABLE, "disable", TAKE("IDS"),
     "leave out these checks (FC012,FC125); a comment\n"
     "'# fcgi-check: allow ID' does so for the next line"},
    {OPT_FIX, "fix", TAKE("[=WHAT]"),
     "show, as a diff, what can be cured in one way alone;\n"
     "write: change the files, too"},
    {'p', "print", FLAG(print),
     "print fastcgi.conf with all defaults, and where each\n"
     "value comes from; findings go to standard error"},
    {'q', "quiet", FLAG(quiet), "print no findings; the status tells"},
    {OPT_COLOR, "color", TAKE("[=WHEN]"),
     "colours in text: auto (the default), always, never"},
    {'R', "root", TEXT(root, "DIR"),
     "look for plugins, sockets and sites below DIR"},
    {'m', "monkey", TAKE("WHICH"),
     "which Monkey it is for: 1.6, 1.8, or the program's\n"
     "path; without it, the files tell"},
    {'v', "verbose", FLAG(verbose),
     "say which Monkey it was taken for, and why"},
    {OPT_LIST, "list-checks", FLAG(list),
     "print all checks: id, severity, title"},
    {OPT_LIST_KEYS, "list-keys", FLAG(list_keys),
     "print all keys of fastcgi.conf"},
    {OPT_EXPLAIN, "explain", TEXT(explain, "ID|KEY"),
     "print why a check matters, and the cure; or what a key\n"
     "is for, its values and its default"},
    {'t', "test", TAKE(NULL), "accepted for habit: testing is what it does"},
};

static const struct fcgi_cli cli = {
    .name = "fcgi-check",
    .usage = "[OPTION]... [FILE|CONFDIR|-]...",
    .about =
        "Check fastcgi.conf, or all of Monkey's configuration in CONFDIR, and "
        "tell\n"
        "all that is wrong with it. '-' is standard input; the default "
        "is\n" FCGI_MONKEY_CONFDIR
        ",\n"
        "or fastcgi.conf below it where there is no monkey.conf.",
    .options = rows,
    .n_options = sizeof(rows) / sizeof(rows[0]),
    .footer = FCGI_CLI_TIME_HELP
    "Status: 0 nothing is wrong (there may be warnings), 1 something is, "
    "2 it could\n"
    "not be checked.",
};

#define refuse(option, arg, what) fcgi_cli_refuse(&cli, option, arg, what)

static int take_format(struct check_options *o, const char *arg)
{
    int i = fcgi_cli_choice(arg, formats);

    if (i < 0)
        return refuse("format", arg, "give text, gcc, json or sarif");
    o->format = (enum check_format)i;
    return 0;
}

static int take_disable(struct check_options *o, const char *arg)
{
    size_t length = strlen(o->disabled);

    for (const char *at = arg; *at; at += at[5] ? 6 : 5)
        if (strncasecmp(at, "FC", 2) != 0 ||
            strspn(at + 2, "0123456789") != 3 || (at[5] && at[5] != ','))
            return refuse("disable", arg, "write FC012,FC125");
    snprintf(o->disabled + length, sizeof(o->disabled) - length, "%s,", arg);
    return 0;
}

static int take_fix(struct check_options *o, const char *arg)
{
    static const char *const ways[] = {"show", "write", NULL};
    int i = arg ? fcgi_cli_choice(arg, ways) : 0;

    if (i < 0)
        return refuse("fix", arg, "give show or write");
    o->fix = i ? CHECK_FIX_WRITE : CHECK_FIX_SHOW;
    return 0;
}

static int take_user(struct check_options *o, const char *arg)
{
    struct check_identity identity;

    if (check_identity_find(arg, &identity))
        return refuse("user", arg, "there is no such user");
    o->user = arg;
    return 0;
}

static int take_monkey(struct check_options *o, const char *arg)
{
    char why[200];

    o->dialect = check_dialect_find(arg, why, sizeof(why), &o->no_tls);
    return o->dialect ? 0 : refuse("monkey", arg, why);
}

static int take(void *data, int value, const char *arg)
{
    struct check_options *o = data;

    switch (value) {
    case 'F':
        return take_format(o, arg);
    case 'u':
        return take_user(o, arg);
    case OPT_COLOR:
        if (fcgi_cli_when(arg, &o->color))
            return refuse("color", arg, "give auto, always or never");
        break;
    case 'm':
        return take_monkey(o, arg);
    case OPT_DISABLE:
        return take_disable(o, arg);
    case OPT_FIX:
        return take_fix(o, arg);
    case 't':
        break;
    }
    return 0;
}

/* Where findings go, in the form that was asked for. */
static void show(struct check_run *run, int status, FILE *out)
{
    switch (run->options->format) {
    case CHECK_TEXT:
        check_write_text(run, out);
        break;
    case CHECK_GCC:
        check_write_gcc(run, out);
        break;
    case CHECK_JSON:
        check_write_json(run, out, status);
        break;
    case CHECK_SARIF:
        check_write_sarif(run, out, status);
        break;
    }
}

static int status_of(const struct check_run *run)
{
    struct check_counts counts = check_count(run);

    if (counts.trouble)
        return CHECK_TROUBLE;
    return counts.errors || (run->options->strict && counts.warnings)
               ? CHECK_FINDINGS
               : CHECK_CLEAN;
}

/* Findings that stopped the program are printed in any case. */
static void show_trouble(const struct check_run *run)
{
    for (size_t i = 0; i < run->diags.count; i++) {
        const struct check_run one = {
            .diags = {.items = &run->diags.items[i], .count = 1}};
        char text[4096];

        if (check_count(&one).trouble) {
            fcgi_diag_format(&run->diags.items[i], text, sizeof(text));
            fcgi_cli_error(&cli, "%s", text);
        }
    }
}

/* The parts of --print that are whole, and nothing of those that are not. */
static void print(struct check_run *run)
{
    for (size_t i = 0; i < run->n_printed; i++) {
        if (i)
            putchar('\n');
        check_print(check_source_read(run, run->printed[i]), stdout);
    }
}

/* All of Monkey's configuration, where there is one. */
static const char *default_argument(void)
{
    return access(FCGI_MONKEY_CONFDIR "/monkey.conf", F_OK) == 0
               ? FCGI_MONKEY_CONFDIR
               : FCGI_CONFIG_FILE;
}

/* Looks at all, and sorts what is found. */
static void look(struct check_run *run, const struct check_options *options,
                 char **arguments)
{
    *run = (struct check_run){.options = options};
    if (*arguments)
        for (; *arguments; arguments++)
            check_argument(run, *arguments);
    else
        check_argument(run, default_argument());
    check_sort(run);
    check_filter(run);
}

static int check_all(const struct check_options *options, char **arguments)
{
    bool apart = options->print || options->fix == CHECK_FIX_SHOW;
    bool fixed = true;
    struct check_run run;
    int status;

    look(&run, options, arguments);
    if (options->fix)
        fixed = check_fix(&run, options->fix == CHECK_FIX_WRITE, stdout);
    if (options->fix == CHECK_FIX_WRITE) {
        check_run_free(&run);
        look(&run, options, arguments);
    }
    status = fixed ? status_of(&run) : CHECK_TROUBLE;
    if (options->print)
        print(&run);
    if (apart)
        fflush(stdout);
    if (options->quiet)
        show_trouble(&run);
    else if (!apart || run.diags.count)
        show(&run, status, apart ? stderr : stdout);
    check_run_free(&run);
    return status;
}

static int unknown(const char *what)
{
    const char *guess = check_guess(what);

    return refuse("explain", what,
                  guess ? check_printf("there is no such check or key; did you "
                                       "mean '%s'?",
                                       guess)
                        : "there is no such check or key; --list-checks and "
                          "--list-keys name all");
}

int main(int argc, char **argv)
{
    struct check_options options = {.timeout = TIMEOUT};
    int status = 0;
    int first = fcgi_cli_parse(&cli, argc, argv, take, &options, &status);

    if (first < 0)
        return status;
    if (options.live && options.syntax_only) {
        return fcgi_cli_usage(&cli,
                              "--live and --syntax-only exclude each "
                              "other");
    }
    for (char **arg = argv + first; options.fix == CHECK_FIX_WRITE && *arg;
         arg++)
        if (strcmp(*arg, "-") == 0)
            return fcgi_cli_usage(&cli,
                                  "with --fix=write, standard input is no "
                                  "file to be written");
    if (options.explain) {
        if (!check_write_explanation(options.explain, stdout))
            return unknown(options.explain);
    } else if (options.list) {
        check_write_list(stdout);
    } else if (options.list_keys) {
        check_write_keys(stdout);
    } else {
        status = check_all(&options, argv + first);
    }
    return fcgi_cli_finish(&cli, status);
}
