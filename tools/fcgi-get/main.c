/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-get: one request to a FastCGI application; its body to standard output,
 * its STDERR to standard error, its status as our own.
 *
 * The body is written as it comes. Standard output is written blocking, which
 * is all the back-pressure that one request needs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cli.h"
#include "config/config.h"
#include "fcgi-get/code.h"
#include "fcgi-get/get.h"
#include "fcgi-get/write_out.h"
#include "probe/answer.h"
#include "probe/failure.h"
#include "probe/member.h"
#include "probe/probe.h"
#include "probe/target.h"
#include "probe/vars.h"

enum {
    CONNECT_TIMEOUT = FCGI_CLI_LONG,
    MAX_TIME,
    ENVIRONMENT,
    ROLE,
    PHP_FILE,
    EVAL,
    TEMP_DIR,
};

struct get {
    struct fcgi_target_list list;
    struct fcgi_call call;
    struct fcgi_buffer params, header;
    struct fcgi_buffer code; /* of --php-file and --eval */
    struct fcgi_probe_options options;
    struct fcgi_probe probe;
    struct fcgi_answer *answer;
    const char *config, *output, *write_out, *temp_dir;
    bool include, fail, verbose, environment, head;
    bool done, silent; /* silent: --fail has found an error */
    bool in_line;      /* what was printed does not end in a line end */
    bool terminal;     /* both streams go to one */
    int write_error;   /* errno */
    int fd;            /* -1: the file of --output is not open yet */
};

#define TAKE(arg) arg, FCGI_CLI_TAKE, 0
#define FLAG(member) NULL, FCGI_CLI_FLAG, offsetof(struct get, member)
#define TEXT(member, arg) arg, FCGI_CLI_TEXT, offsetof(struct get, member)
#define TIME(member, arg) arg, FCGI_CLI_TIME, offsetof(struct get, member)

static const struct fcgi_cli_option options[] = {
    {'r', "docroot", TAKE("DIR"), "folder that the script lies in"},
    {'X', "method", TAKE("METHOD"), "request method (GET, or POST with -d)"},
    {'H', "header", TAKE("FIELD"),
     "a header field of the client's, 'Name: value'"},
    {'e', "env", TAKE("NAME=VALUE"),
     "set a variable; without =VALUE take it from\n"
     "the environment"},
    {ENVIRONMENT, "environment", FLAG(environment),
     "pass the whole environment, as cgi-fcgi does"},
    {'d', "data", TAKE("DATA"),
     "body of the request; @FILE takes it from a\n"
     "file, without line ends, @- from standard\n"
     "input; several are joined with '&'"},
    {FCGI_CALL_DATA_BINARY, "data-binary", TAKE("DATA"),
     "the same, and a file is sent as it is"},
    {'I', "head", FLAG(head), "ask for the header alone, and print it"},
    {'i', "include", FLAG(include), "print the header of the answer, too"},
    {'o', "output", TEXT(output, "FILE"),
     "write to FILE, not to standard output"},
    {'w', "write-out", TAKE("FORMAT"),
     "print this at the end: %{http_code},\n"
     "%{time_total} and others of curl's"},
    {'f', "fail", FLAG(fail), "print no body where the status is 400 or above"},
    {'C', "config", TEXT(config, "FILE"), "where @NAME is looked up"},
    {PHP_FILE, "php-file", TAKE("FILE"),
     "have php-fpm run this file of PHP, in place of a\n"
     "SCRIPT that it knows"},
    {EVAL, "eval", TAKE("CODE"), "the same for code, as php -r has it"},
    {TEMP_DIR, "temp-dir", TEXT(temp_dir, "DIR"),
     "folder for a copy of it, which php-fpm must see\n"
     "(TMPDIR, or /tmp)"},
    {ROLE, "role", TAKE("ROLE"), "responder (default), authorizer or filter"},
    {'4', "ipv4", TAKE(NULL), "use IPv4 alone"},
    {'6', "ipv6", TAKE(NULL), "use IPv6 alone"},
    {'W', "timeout", TIME(options.idle_timeout, "TIME"),
     "how long nothing may move (60 s)"},
    {CONNECT_TIMEOUT, "connect-timeout", TIME(options.connect_timeout, "TIME"),
     "how long connecting may take (5 s)"},
    {MAX_TIME, "max-time", TIME(options.timeout, "TIME"),
     "how long all may take (no limit)"},
    {'v', "verbose", FLAG(verbose), "print each record to standard error"},
};

static const struct fcgi_cli cli = {
    .name = "fcgi-get",
    .usage =
        "[OPTION]... TARGET [SCRIPT|URI]\n"
        "--eval=CODE [OPTION]... TARGET",
    .about =
        "Sends one request to a FastCGI application and prints the answer's "
        "body.\n"
        "\n" FCGI_TARGET_HELP
        " of fastcgi.conf. SCRIPT is the\n"
        "script's path; with --docroot, URI is what a client would ask for. "
        "Either\n"
        "may have a ?QUERY.",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .footer = FCGI_CLI_TIME_HELP
    "Exit status: that of the application, and 200 for a larger one; 249 "
    "HTTP\n"
    "status with --fail, 250 trouble, 251 no connection, 252 timeout, 253 "
    "answer\n"
    "not whole, 254 not FastCGI, 255 rejected by the application.",
    .trouble = FCGI_GET_TROUBLE,
};

static int take_role(struct get *get, const char *arg)
{
    static const char *const roles[] = {"responder", "authorizer", "filter",
                                        NULL};
    int i = fcgi_cli_choice(arg, roles);

    if (i < 0)
        return fcgi_cli_refuse(&cli, "role", arg,
                               "give responder, authorizer or filter");
    get->options.role = (enum fcgi_role)(FCGI_RESPONDER + i);
    return 0;
}

static int take_code(struct get *get, int value, const char *arg)
{
    if (get->code.length > 0)
        return fcgi_cli_usage(&cli, "give --php-file or --eval once");
    if (value == PHP_FILE)
        return fcgi_call_read_file(&cli, arg, &get->code);
    fcgi_buffer_add_text(&get->code, "<?php ");
    fcgi_buffer_add_text(&get->code, arg);
    return 0;
}

static int take_write_out(struct get *get, const char *arg)
{
    if (fcgi_write_out_unknown(arg) != NULL)
        return fcgi_cli_refuse(&cli, "write-out", fcgi_write_out_unknown(arg),
                               "there is no such variable");
    get->write_out = arg;
    return 0;
}

static int take(void *data, int value, const char *arg)
{
    struct get *get = data;

    switch (value) {
    case '4':
    case '6':
        return fcgi_target_family(&cli, value, &get->options.family);
    case 'r':
        get->call.docroot = arg;
        return arg[0] != '\0'
                   ? 0
                   : fcgi_cli_refuse(&cli, "docroot", arg, "the path is empty");
    case ROLE:
        return take_role(get, arg);
    case PHP_FILE:
    case EVAL:
        return take_code(get, value, arg);
    case 'w':
        return take_write_out(get, arg);
    default:
        return fcgi_call_take(&get->call, &cli, value, arg);
    }
}

/* --- what comes -----------------------------------------------------------
 */

/* What has failed before a first byte came leaves an old file as it was. */
static void open_output(struct get *get)
{
    if (get->fd >= 0)
        return;
    get->fd = open(get->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (get->fd < 0)
        get->write_error = errno;
}

static void put(struct get *get, const uint8_t *bytes, size_t length)
{
    if (length > 0) {
        open_output(get);
        if (get->terminal)
            get->in_line = bytes[length - 1] != '\n';
    }
    if (get->write_error == 0 && fcgi_cli_write(get->fd, bytes, length) < 0)
        get->write_error = errno;
    /* A reader that takes its time is no silence of the application's. */
    get->probe.moved = fcgi_probe_clock();
}

/* What we say ourselves begins a line: PHP-FPM writes STDERR without its
 * end. */
static void end_line(struct get *get)
{
    if (get->in_line)
        fputc('\n', stderr);
    get->in_line = false;
}

#define tell(get, ...) (end_line(get), fcgi_cli_error(&cli, __VA_ARGS__))

static void on_stdout(struct fcgi_probe *probe, const uint8_t *bytes,
                      size_t length)
{
    struct get *get = probe->user;
    struct fcgi_answer *answer = get->answer;
    bool was_in_body = answer->in_body;
    size_t header = fcgi_answer_stdout(answer, bytes, length);

    /* Kept as it is, for it may turn out to be no header. */
    if (!was_in_body)
        fcgi_buffer_add(&get->header, bytes, header);
    if (!was_in_body && answer->in_body) {
        bool broken = answer->error != NULL;

        get->silent = get->fail && fcgi_answer_status(answer) >= 400;
        if (broken)
            tell(get,
                 "the answer has no CGI header (%s); it is printed as it is",
                 answer->error);
        if (broken || get->include)
            put(get, get->header.data, get->header.length);
    }
    if (!get->silent)
        put(get, bytes + header, length - header);
}

static void on_stderr(struct fcgi_probe *probe, const uint8_t *bytes,
                      size_t length)
{
    struct get *get = probe->user;

    fcgi_answer_stderr(get->answer, bytes, length);
    if (length > 0)
        get->in_line = bytes[length - 1] != '\n';
    (void)fcgi_cli_write(STDERR_FILENO, bytes, length);
}

static void on_record(struct fcgi_probe *probe, bool sent, uint64_t offset,
                      const struct fcgi_record *record)
{
    end_line(probe->user);
    fprintf(stderr, "%c %s", sent ? '>' : '<',
            fcgi_record_walk_type_name(record->type));
    if (record->type == 0 || record->type > FCGI_UNKNOWN_TYPE)
        fprintf(stderr, " type=%u", record->type);
    fprintf(stderr, " id=%u length=%u padding=%u at=%" PRIu64 "\n",
            record->request_id, record->content_length, record->padding_length,
            offset);
}

static void on_done(struct fcgi_probe *probe)
{
    struct get *get = probe->user;

    get->done = true;
}

/* --- setting up -----------------------------------------------------------
 */

/* Where the code is, for php-fpm. Returns 0, or the status after a message. */
static int write_code(struct get *get)
{
    const char *folder = get->temp_dir;
    char real[PATH_MAX];

    if (folder == NULL)
        folder = getenv("TMPDIR");
    if (folder == NULL)
        folder = "/tmp";
    get->call.uri = NULL;
    if (!get->code.failed && realpath(folder, real) != NULL)
        get->call.uri = fcgi_code_write(real, get->code.data, get->code.length);
    if (get->call.uri != NULL)
        return 0;
    fcgi_cli_error(&cli, "cannot write the code to %s: %s", folder,
                   strerror(errno));
    return FCGI_GET_TROUBLE;
}

static int read_options(struct get *get, int argc, char **argv)
{
    int status = 0, first;

    first = fcgi_cli_parse(&cli, argc, argv, take, get, &status);
    if (first < 0)
        return status != 0 ? status : -1;
    if (first == argc)
        return fcgi_cli_usage(&cli, "a target is missing");
    if (argc - first > 2)
        return fcgi_cli_usage(&cli, "'%s' is too much; quote the script",
                              argv[first + 2]);
    get->call.uri = argc - first == 2 ? argv[first + 1] : "/";
    if (get->code.length > 0 && (argc - first == 2 || get->call.docroot))
        return fcgi_cli_usage(&cli,
                              "--php-file and --eval are the script: give "
                              "no other, and no --docroot");
    if (get->code.length > 0)
        status = write_code(get);
    if (status != 0)
        return status;
    /* What was given here goes before the environment, and that before what
     * is made up. */
    if (argc - first == 2 || get->code.length > 0)
        fcgi_vars_script(&get->call.vars, &get->call);
    if (get->environment) {
        fcgi_vars_environment(&get->call.vars);
        status = fcgi_call_environment(&get->call, &cli);
        if (status != 0)
            return status;
    }
    if (get->head) {
        get->include = true;
        if (get->call.method == NULL)
            get->call.method = "HEAD";
    }
    status = fcgi_target_read(&get->list, &cli, get->config, argv + first, 1);
    if (status == 0 && get->list.count != 1)
        status = fcgi_cli_usage(&cli, "%s: give one target", argv[first]);
    /* The first of a service; addresses of a name are tried in turn. */
    if (status == 0 && fcgi_endpoint_is_service(&get->list.items[0].endpoint) &&
        fcgi_members_expand(&get->list, get->options.family, 0) < 0)
        status = fcgi_cli_trouble(&cli);
    return status;
}

static int set_up(struct get *get)
{
    get->answer = malloc(sizeof(*get->answer));
    if (get->answer == NULL)
        return -1;
    fcgi_answer_init(get->answer, NULL);
    fcgi_vars_call(&get->call.vars, &get->call);
    if (fcgi_vars_encode(&get->call.vars, &get->params) < 0) {
        errno = ENOMEM;
        return -1;
    }
    get->options.params = get->params.data;
    get->options.params_length = get->params.length;
    get->options.body = get->call.body;
    get->options.body_length = get->call.body_length;
    if (get->output != NULL)
        get->fd = -1;
    get->terminal = get->output == NULL && isatty(STDOUT_FILENO) == 1 &&
                    isatty(STDERR_FILENO) == 1;
    return 0;
}

static int exit_status(enum fcgi_failure failure)
{
    switch (failure) {
    case FCGI_FAILURE_TIMEOUT:
        return FCGI_GET_TIMEOUT;
    case FCGI_FAILURE_LOCAL:
        return FCGI_GET_TROUBLE;
    case FCGI_FAILURE_CLOSED:
    case FCGI_FAILURE_RESET:
        return FCGI_GET_BROKEN;
    case FCGI_FAILURE_NOT_FASTCGI:
    case FCGI_FAILURE_PROTOCOL:
        return FCGI_GET_NOT_FCGI;
    case FCGI_FAILURE_OVERLOADED:
    case FCGI_FAILURE_NO_MPX:
    case FCGI_FAILURE_UNKNOWN_ROLE:
        return FCGI_GET_REJECTED;
    default:
        return FCGI_GET_NO_CONNECTION;
    }
}

static bool has_said(const struct get *get, const char *text)
{
    return memmem(get->answer->errors, get->answer->n_errors, text,
                  strlen(text)) != NULL;
}

/* Why php-fpm has not run our code to its end; NULL: it has. */
static const char *why_not_run(const struct get *get, int status)
{
    if (get->code.length == 0)
        return NULL;
    /* 200 where the pool shows errors. */
    if (status == 500 || has_said(get, "PHP Parse error: ") ||
        has_said(get, "PHP Fatal error: "))
        return "the code has failed";
    if (status != 403 && status != 404)
        return NULL;
    if (has_said(get, "open_basedir"))
        return "the pool's open_basedir forbids the copy of the code; have it "
               "in a folder that it allows, with --temp-dir";
    if (has_said(get, "limit_exten"))
        return "the pool's security.limit_extensions forbids .php";
    if (has_said(get, "script unknown"))
        return "php-fpm does not see the copy of the code: its service has a "
               "/tmp of its own (PrivateTmp), or it is in a chroot or a "
               "container; have the copy in a folder that both see, with "
               "--temp-dir";
    return NULL;
}

/* The end: what failed, in words, and the status. */
static int conclude(struct get *get)
{
    const struct fcgi_probe_result *result = &get->probe.result;
    char text[FCGI_FAILURE_TEXT];
    int status;

    if (!get->answer->in_body && get->header.length > 0) {
        if (result->failure == FCGI_FAILURE_NONE)
            tell(get, "the answer's header has no end; it is printed as it is");
        put(get, get->header.data, get->header.length);
    }
    if (result->failure == FCGI_FAILURE_NONE && !get->silent)
        open_output(get); /* also for an empty answer */
    if (get->output != NULL && get->fd >= 0 && close(get->fd) < 0 &&
        get->write_error == 0)
        get->write_error = errno;
    if (get->write_error != 0) {
        /* A reader that has enough needs no message. */
        if (get->write_error != EPIPE)
            tell(get, "cannot write %s: %s",
                 get->output != NULL ? get->output : "the answer",
                 strerror(get->write_error));
        return FCGI_GET_TROUBLE;
    }
    if (result->failure != FCGI_FAILURE_NONE) {
        tell(get, "%s: %s", get->list.items[0].label,
             fcgi_failure_text(&get->probe, text, sizeof(text)));
        return exit_status(result->failure);
    }
    status = fcgi_answer_status(get->answer);
    if (why_not_run(get, status) != NULL) {
        tell(get, "%s: %s", get->list.items[0].label, why_not_run(get, status));
        return FCGI_GET_HTTP_ERROR;
    }
    if (get->fail && status >= 400) {
        tell(get, "%s: the answer's status is %d", get->list.items[0].label,
             status);
        return FCGI_GET_HTTP_ERROR;
    }
    if (result->end.app_status >= FCGI_GET_APP_MOST) {
        tell(get, "the application's status is %" PRIu32,
             result->end.app_status);
        return FCGI_GET_APP_MOST;
    }
    return (int)result->end.app_status;
}

static int run(struct get *get)
{
    struct fcgi_probe_handlers handlers = {
        .on_done = on_done, .on_stdout = on_stdout, .on_stderr = on_stderr};
    struct fcgi_loop *loop = fcgi_loop_new();
    int status = FCGI_GET_TROUBLE;

    if (loop == NULL || set_up(get) < 0) {
        fcgi_cli_error(&cli, "cannot start: %s", strerror(errno));
        goto out;
    }
    if (get->verbose)
        handlers.on_record = on_record;
    fcgi_probe_init(&get->probe, loop, &get->list.items[0].endpoint,
                    &get->options, &handlers);
    get->probe.user = get;
    fcgi_probe_start(&get->probe);
    while (!get->done && get->write_error == 0)
        if (fcgi_loop_wait(loop, -1) < 0 && errno != EINTR)
            get->write_error = errno;
    fcgi_probe_close(&get->probe);
    status = conclude(get);
    if (isatty(STDERR_FILENO) == 1)
        end_line(get); /* the shell's prompt begins one, too */
    if (get->write_out != NULL) {
        fcgi_write_out(get->write_out,
                       &(struct fcgi_write_out){&get->probe.result, get->answer,
                                                get->header.length, status});
        status = fcgi_cli_finish(&cli, status);
    }
out:
    fcgi_loop_free(loop);
    return status;
}

int main(int argc, char **argv)
{
    struct get get = {
        .config = FCGI_CONFIG_FILE,
        .fd = STDOUT_FILENO,
        .call = {.software = "fcgi-get/" PACKAGE_VERSION},
        .options = {.kind = FCGI_PROBE_REQUEST,
                    .role = FCGI_RESPONDER,
                    .connect_timeout = FCGI_GET_CONNECT_TIMEOUT,
                    .idle_timeout = FCGI_GET_IDLE_TIMEOUT},
    };
    int status;

    signal(SIGPIPE, SIG_IGN);
    status = read_options(&get, argc, argv);
    if (status == 0)
        status = run(&get);
    fcgi_code_remove();
    fcgi_target_list_free(&get.list);
    fcgi_call_free(&get.call);
    fcgi_buffer_free(&get.params);
    fcgi_buffer_free(&get.header);
    fcgi_buffer_free(&get.code);
    free(get.answer);
    return status > 0 ? status : 0;
}
