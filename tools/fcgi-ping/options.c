/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of fcgi-ping.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "fcgi-ping/ping.h"
#include "probe/member.h"

enum {
    FPM_PING = FCGI_CLI_LONG,
    FPM_STATUS,
    PROMETHEUS,
    NAGIOS,
    LISTEN,
    WATCH,
    JSON,
    WARNING, /* and in the order of enum fcgi_ping_limited */
    CRITICAL,
    WARN_QUEUE,
    CRIT_QUEUE,
    WARN_IDLE,
    CRIT_IDLE,
    WARN_MAX_CHILDREN,
    CRIT_MAX_CHILDREN,
    EXPECT,
    EXPECT_STATUS,
    NO_STDERR,
    HISTOGRAM,
};

#define NOT_GIVEN UINT64_MAX /* more than any option's time */

#define TAKE(arg) arg, FCGI_CLI_TAKE, 0
#define FLAG(member) \
    NULL, FCGI_CLI_FLAG, offsetof(struct fcgi_ping_options, member)
#define TEXT(member, arg) \
    arg, FCGI_CLI_TEXT, offsetof(struct fcgi_ping_options, member)
#define TIME(member, arg) \
    arg, FCGI_CLI_TIME, offsetof(struct fcgi_ping_options, member)

static const struct fcgi_cli_option options[] = {
    {'c', "count", TAKE("N"), "stop after N probes of each target"},
    {'i', "interval", TAKE("TIME"),
     "from one probe of a target to the next (1 s)\n"
     "all but root: 2 ms or more"},
    {'w', "deadline", TIME(deadline, "TIME"), "stop after TIME"},
    {'W', "timeout", TIME(timeout, "TIME"), "how long a probe may take (2 s)"},
    {'a', "adaptive", FLAG(adaptive),
     "probe again as soon as an answer is there"},
    {'f', "flood", FLAG(flood),
     "the same, with a dot for each probe that has\n"
     "no answer"},
    {'j', "jobs", TAKE("N"),
     "N connections to each target at once, which\n"
     "measures: means -a and -q"},
    {'k', "keep", FLAG(keep), "keep the connection from probe to probe"},
    {'4', "ipv4", TAKE(NULL), "use IPv4 alone"},
    {'6', "ipv6", TAKE(NULL), "use IPv6 alone"},
    {'C', "config", TEXT(config, "FILE"), "where @NAME is looked up"},
    {'m', "mode", TAKE("MODE"),
     "what to ask: values (default), connect, request\n"
     "or auto"},
    {'s', "script", TAKE("PATH"),
     "request this script, perhaps with ?QUERY;\n"
     "means -m request"},
    {'X', "method", TAKE("METHOD"), "request method (GET, or POST with -d)"},
    {'e', "env", TAKE("NAME=VALUE"), "set a variable of the request"},
    {'d', "data", TAKE("DATA"),
     "body of the request; @FILE takes it from a file,\n"
     "without line ends; several are joined with '&'"},
    {FCGI_CALL_DATA_BINARY, "data-binary", TAKE("DATA"),
     "the same, and a file is sent as it is"},
    {FPM_PING, "fpm-ping", TAKE("[=PATH]"),
     "ask php-fpm's ping page (/ping), want \"pong\""},
    {FPM_STATUS, "fpm-status", TAKE("[=PATH]"),
     "ask php-fpm's status page (/status), show it"},
    {EXPECT_STATUS, "expect-status", TAKE("LIST"),
     "HTTP statuses that are good (200-399),\n"
     "such as 200-299,404"},
    {EXPECT, "expect", TAKE("TEXT"), "text that the body must contain"},
    {NO_STDERR, "no-stderr", FLAG(no_stderr),
     "an answer with STDERR is not good"},
    {'q', "quiet", FLAG(quiet), "print the summary alone"},
    {'v', "verbose", FLAG(verbose), "print each record, too"},
    {'D', "timestamp", FLAG(stamps), "print the time in front of each line"},
    {'S', "split", FLAG(phases), "print how long each phase took"},
    {'n', "numeric", FLAG(numeric), "print addresses alone, no names"},
    {HISTOGRAM, "histogram", FLAG(histogram),
     "draw how the times are distributed"},
    {WATCH, "watch", FLAG(watch),
     "show pools and their processes on the whole\n"
     "screen; means --fpm-status; 'q' ends it"},
    {JSON, "json", FLAG(json), "print a JSON object for each event"},
    {PROMETHEUS, "prometheus", TAKE("[=FILE]"),
     "print metrics at the end (1 probe); FILE is\n"
     "written anew after each interval"},
    {LISTEN, "listen", TEXT(listen, "ADDRESS:PORT"),
     "serve /metrics there (PORT alone: on 127.0.0.1),\n"
     "and probe when it is asked for"},
    {NAGIOS, "nagios", FLAG(nagios),
     "be a monitoring plugin: one line, exit status\n"
     "0 to 3 (1 probe, timeout 10 s)"},
    {WARNING, "warning", TAKE("RANGE"), "of the seconds that an answer takes"},
    {CRITICAL, "critical", TAKE("RANGE"),
     "the same; a range is [@][START:][END], ~ for\n"
     "minus infinity"},
    {WARN_QUEUE, "warn-queue", TAKE("RANGE"),
     "of the connections that wait for a process"},
    {CRIT_QUEUE, "crit-queue", TAKE("RANGE"), "the same"},
    {WARN_IDLE, "warn-idle", TAKE("RANGE"), "of idle processes, such as 2:"},
    {CRIT_IDLE, "crit-idle", TAKE("RANGE"), "the same"},
    {WARN_MAX_CHILDREN, "warn-max-children", TAKE("RANGE"),
     "of how often all processes were busy meanwhile\n"
     "(2 probes)"},
    {CRIT_MAX_CHILDREN, "crit-max-children", TAKE("RANGE"), "the same"},
};

const struct fcgi_cli fcgi_ping_cli = {
    .name = "fcgi-ping",
    .usage = "[OPTION]... TARGET...",
    .about =
        "Asks FastCGI applications whether they are there, and how fast.\n"
        "\n" FCGI_TARGET_HELP " and @all of fastcgi.conf.",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .footer = FCGI_CLI_TIME_HELP
    "Status: 0 all targets answered, 1 one did not, 2 trouble, 3 one "
    "answered\n"
    "but is not well.",
};

static int bad(const char *option, const char *arg, const char *what)
{
    return fcgi_cli_refuse(&fcgi_ping_cli, option, arg, what);
}

const char *const fcgi_ping_modes[] = {"values", "connect", "request", "auto",
                                       NULL};

static int take_mode(struct fcgi_ping_options *o, const char *arg)
{
    int i = fcgi_cli_choice(arg, fcgi_ping_modes);

    if (i < 0)
        return bad("mode", arg, "give values, connect, request or auto");
    o->mode = (enum fcgi_ping_mode)i;
    o->mode_given = true;
    return 0;
}

static int take_range(struct fcgi_ping_options *o, int value, const char *arg)
{
    static const char *const names[] = {
        "warning",   "critical",  "warn-queue",        "crit-queue",
        "warn-idle", "crit-idle", "warn-max-children", "crit-max-children"};
    int i = value - WARNING;
    struct fcgi_ping_limit *limit = &o->limits[i / 2];

    if (fcgi_range_parse(arg, &limit->ranges[i % 2]) < 0)
        return bad(names[i], arg,
                   "this is no range; write [@][START:][END], such as 0.5");
    limit->texts[i % 2] = arg;
    return 0;
}

static bool is_limited(const struct fcgi_ping_options *o, int limited)
{
    return o->limits[limited].texts[0] != NULL ||
           o->limits[limited].texts[1] != NULL;
}

static int take_page(struct fcgi_ping_options *o, enum fcgi_ping_page page,
                     const char *option, const char *arg, const char *uri)
{
    if (arg != NULL && arg[0] != '/')
        return bad(option, arg, "the page's path starts with '/'");
    o->page = page;
    o->call.uri = arg != NULL ? arg : uri;
    return 0;
}

static int take_request(struct fcgi_ping_options *o, int value, const char *arg)
{
    switch (value) {
    case 's':
        o->call.uri = arg;
        return arg[0] != '\0' ? 0 : bad("script", arg, "the path is empty");
    case 'X':
    case 'e':
    case 'd':
    case FCGI_CALL_DATA_BINARY:
        return fcgi_call_take(&o->call, &fcgi_ping_cli, value, arg);
    case FPM_PING:
        return take_page(o, FCGI_PING_FPM_PING, "fpm-ping", arg, "/ping");
    case FPM_STATUS:
        return take_page(o, FCGI_PING_FPM_STATUS, "fpm-status", arg, "/status");
    case EXPECT:
        if (strlen(arg) >= FCGI_ANSWER_EXPECT || arg[0] == '\0')
            return bad("expect", arg, "give a text of 1 to 255 bytes");
        o->expect = arg;
        return 0;
    default: /* EXPECT_STATUS */
        if (fcgi_statuses_parse(arg, &o->statuses) < 0)
            return bad("expect-status", arg,
                       "write numbers from 100 to 599, such as 200-299,404");
        o->statuses_given = true;
        return 0;
    }
}

static int take(void *data, int value, const char *arg)
{
    struct fcgi_ping_options *o = data;

    switch (value) {
    case 'c':
        o->count_given = true;
        return fcgi_cli_number(arg, 1, UINT32_MAX, &o->count) < 0
                   ? bad("count", arg, "give a number from 1 on")
                   : 0;
    case 'i':
        o->interval_given = true;
        return fcgi_cli_take_time(&fcgi_ping_cli, "interval", arg,
                                  &o->interval);
    case '4':
    case '6':
        return fcgi_target_family(&fcgi_ping_cli, value, &o->family);
    case 'm':
        return take_mode(o, arg);
    case PROMETHEUS:
        o->prometheus = true;
        o->prometheus_file = arg;
        return 0;
    case 'j':
        return fcgi_cli_number(arg, 1, FCGI_PING_JOBS_MOST, &o->jobs) < 0
                   ? bad("jobs", arg, "give a number from 1 to 1000")
                   : 0;
    default:
        if (value >= WARNING && value <= CRIT_MAX_CHILDREN)
            return take_range(o, value, arg);
        return take_request(o, value, arg);
    }
}

/* Options that contradict each other, and defaults that depend on others. */
static const char *settle_mode(struct fcgi_ping_options *o)
{
    bool request = o->call.uri != NULL;

    if (request && o->mode_given && o->mode != FCGI_PING_REQUEST &&
        o->mode != FCGI_PING_AUTO)
        return "--script, --fpm-ping and --fpm-status need --mode=request or "
               "auto";
    if (request && !o->mode_given)
        o->mode = FCGI_PING_REQUEST;
    if (o->mode == FCGI_PING_REQUEST && !request &&
        fcgi_vars_get(&o->call.vars, "SCRIPT_FILENAME") == NULL)
        return "--mode=request needs a script: give --script, --fpm-ping or "
               "--fpm-status";
    if (o->mode != FCGI_PING_REQUEST && o->mode != FCGI_PING_AUTO &&
        (o->call.body != NULL || o->call.method != NULL ||
         o->call.vars.count > 0 || o->expect != NULL || o->statuses_given ||
         o->no_stderr))
        return "--data, --method, --env, --expect, --expect-status and "
               "--no-stderr are about a request: give --script, too";
    if (o->page == FCGI_PING_FPM_PING && o->expect == NULL)
        o->expect = "pong";
    if (o->page == FCGI_PING_FPM_STATUS)
        fcgi_vars_set(&o->call.vars, "QUERY_STRING",
                      o->watch ? "full&json" : "json");
    if (!o->statuses_given)
        fcgi_statuses_parse("200-399", &o->statuses);
    return NULL;
}

/* What is about php-fpm's status page asks for it. */
static const char *settle_page(struct fcgi_ping_options *o)
{
    bool pool = is_limited(o, FCGI_PING_QUEUE) ||
                is_limited(o, FCGI_PING_IDLE) ||
                is_limited(o, FCGI_PING_MAX_CHILDREN);

    if ((pool || is_limited(o, FCGI_PING_TIME)) && !o->nagios)
        return "thresholds need --nagios";
    if ((pool || o->watch) && o->call.uri == NULL)
        take_page(o, FCGI_PING_FPM_STATUS, "fpm-status", NULL, "/status");
    if ((pool || o->watch) && o->page != FCGI_PING_FPM_STATUS)
        return "--watch and thresholds of a pool need --fpm-status";
    return NULL;
}

/* Forms of output, and how often. */
static const char *settle_form(struct fcgi_ping_options *o)
{
    if (o->json + o->nagios + o->watch + (o->listen != NULL) +
            (o->prometheus && o->prometheus_file == NULL) >
        1)
        return "--json, --nagios, --prometheus, --listen and --watch exclude "
               "each other";
    if (o->listen != NULL && (o->count_given || o->interval_given ||
                              o->deadline > 0 || o->prometheus || o->jobs > 1))
        return "--listen probes when it is asked: no --count, --interval, "
               "--deadline, --jobs or --prometheus";
    if (o->watch && (o->jobs > 1 || isatty(STDIN_FILENO) != 1 ||
                     isatty(STDOUT_FILENO) != 1 || getenv("TERM") == NULL ||
                     strcmp(getenv("TERM"), "dumb") == 0))
        return "--watch needs a terminal, and one connection";
    if (o->flood && (o->json || o->nagios || o->prometheus || o->verbose))
        return "--flood draws on a terminal; use --adaptive";
    if (o->interval < FCGI_PING_LEAST_INTERVAL && geteuid() != 0) {
        if (o->interval_given)
            return "only root may use an interval below 2 ms";
        o->interval = FCGI_PING_LEAST_INTERVAL;
    }
    if (!o->count_given && o->deadline == 0 &&
        (o->nagios || (o->prometheus && !o->interval_given)))
        o->count = is_limited(o, FCGI_PING_MAX_CHILDREN) ? 2 : 1;
    if (o->timeout == NOT_GIVEN)
        o->timeout = o->nagios ? FCGI_PING_NAGIOS_TIMEOUT : FCGI_PING_TIMEOUT;
    if (o->timeout == 0 &&
        (o->nagios || o->listen != NULL || o->mode == FCGI_PING_AUTO))
        return "--nagios, --listen and --mode=auto need a --timeout other than "
               "0";
    return NULL;
}

static const char *settle(struct fcgi_ping_options *o)
{
    const char *why = settle_page(o);

    if (why == NULL)
        why = settle_form(o);
    return why != NULL ? why : settle_mode(o);
}

int fcgi_ping_read_options(struct fcgi_ping *ping, int argc, char **argv,
                           int *status)
{
    struct fcgi_ping_options *o = &ping->options;
    const char *why;
    int first;

    o->config = FCGI_CONFIG_FILE;
    o->interval = FCGI_PING_INTERVAL;
    o->timeout = NOT_GIVEN;
    o->jobs = 1;
    o->call.software = "fcgi-ping/" PACKAGE_VERSION;
    first = fcgi_cli_parse(&fcgi_ping_cli, argc, argv, take, o, status);
    if (first < 0)
        return -1;
    if (o->jobs > 1)
        o->adaptive = o->quiet = true;
    if ((o->flood || o->adaptive) && !o->interval_given)
        o->interval = 0;
    why = settle(o);
    if (why != NULL) {
        *status = fcgi_cli_usage(&fcgi_ping_cli, "%s", why);
        return -1;
    }
    if (first == argc) {
        *status = fcgi_cli_usage(&fcgi_ping_cli, "a target is missing");
        return -1;
    }
    *status = fcgi_target_read(&ping->list, &fcgi_ping_cli, o->config,
                               argv + first, argc - first);
    if (*status == 0 &&
        fcgi_members_expand(&ping->list, o->family, o->timeout) < 0)
        *status = fcgi_cli_trouble(&fcgi_ping_cli);
    if (*status == 0 && ping->list.count > FCGI_PING_TARGETS_MOST)
        *status = fcgi_cli_usage(&fcgi_ping_cli, "more than %d targets",
                                 FCGI_PING_TARGETS_MOST);
    return *status == 0 ? 0 : -1;
}
