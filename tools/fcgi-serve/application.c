/* SPDX-License-Identifier: Apache-2.0
 *
 * Starts and ends the application, see application.h.
 */
#include "application.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend/socket_path.h"
#include "probe/failure.h"
#include "probe/target.h"

/* Processes of php-fpm, which are there while they are needed: a page that asks
 * its own site, and a browser's requests side by side, find one. */
#define CHILDREN 16

#define START_TIME UINT64_C(10000000000) /* until php-fpm listens */
#define END_MS 3000                      /* until it is killed */
#define ARGUMENTS_MOST (16 + 2 * SERVE_OPTIONS_MOST)

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char directory[sizeof(address.sun_path)];
/* php-fpm wants one that it may write, although all goes to standard error. */
static char log_file[sizeof(directory) + 32];
static char target_text[FCGI_ENDPOINT_TEXT];
static pid_t keeper;
static int hold = -1; /* the pipe to the keeper */

/* The keeper is not to end of them, the application is. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static int fail(const char *what)
{
    fcgi_cli_error(&serve_options_cli, "%s: %s", what, strerror(errno));
    return 1;
}

static void remove_directory(const char *file)
{
    unlink(file);
    unlink(log_file);
    unlink(address.sun_path);
    rmdir(directory);
}

/* Whether somebody listens there: 0 where an application does. */
static enum fcgi_failure probe_target(const struct fcgi_endpoint *endpoint,
                                      char *text, size_t size)
{
    static const struct fcgi_probe_handlers handlers = {.on_done =
                                                            fcgi_probe_close};
    const struct fcgi_probe_options options = {.kind = FCGI_PROBE_CONNECT,
                                               .timeout = START_TIME};
    struct fcgi_loop *loop = fcgi_loop_new();
    struct fcgi_probe probe;

    if (loop == NULL)
        return FCGI_FAILURE_LOCAL;
    fcgi_probe_init(&probe, loop, endpoint, &options, &handlers);
    fcgi_probe_start(&probe);
    while (fcgi_probe_is_busy(&probe))
        fcgi_loop_wait(loop, -1);
    fcgi_failure_text(&probe, text, size);
    fcgi_loop_free(loop);
    return probe.result.failure;
}

/* --target, as the plugin's file has it. */
static int read_target(struct serve_options *options)
{
    char *argument = strdup(options->target), text[FCGI_FAILURE_TEXT];
    struct fcgi_target_list list = {0};
    int status = fcgi_target_read(&list, &serve_options_cli, options->config,
                                  &argument, 1);
    const struct fcgi_endpoint *endpoint;

    if (status == 0 && list.count != 1)
        status = fcgi_cli_usage(&serve_options_cli, "%s: give one target",
                                options->target);
    if (status == 0) {
        endpoint = &list.items[0].endpoint;
        if (endpoint->kind == FCGI_ENDPOINT_UNIX)
            snprintf(target_text, sizeof(target_text), "%s", endpoint->path);
        else
            fcgi_endpoint_text(endpoint, target_text, sizeof(target_text));
        options->target = target_text;
        options->is_target = true;
        if (probe_target(endpoint, text, sizeof(text)) != FCGI_FAILURE_NONE)
            fcgi_cli_error(&serve_options_cli, "%s: %s; serving all the same",
                           list.items[0].label, text);
    }
    fcgi_target_list_free(&list);
    free(argument);
    return status;
}

/* The newest php-fpm of the first folder that has one. */
static char *find_php_fpm(void)
{
    const char *path = getenv("PATH");
    char *folders = NULL, *rest, *best = NULL, *pattern;

    if (asprintf(&folders, "%s:/usr/local/sbin:/usr/sbin",
                 path != NULL ? path : "/usr/bin") < 0)
        return NULL;
    rest = folders;
    for (char *folder; best == NULL && (folder = strsep(&rest, ":")) != NULL;) {
        glob_t found = {0};

        if (folder[0] != '/' || asprintf(&pattern, "%s/php-fpm*", folder) < 0)
            continue;
        glob(pattern, 0, NULL, &found);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char *file = found.gl_pathv[i];
            const char *version = file + strlen(pattern) - 1;

            if (version[strspn(version, "0123456789.")] == '\0' &&
                access(file, X_OK) == 0 &&
                (best == NULL || strverscmp(file, best) > 0)) {
                free(best);
                best = strdup(file);
            }
        }
        globfree(&found);
        free(pattern);
    }
    free(folders);
    return best;
}

/* The configuration of our php-fpm. Its children get the user's environment, as
 * under php -S; its own words are warnings and worse. */
static int write_pool(const char *file, const struct serve_options *options)
{
    FILE *out = fopen(file, "wxe");
    int failed;

    if (out == NULL)
        return -1;
    fprintf(out,
            "[global]\n"
            "daemonize = no\n"
            "error_log = %s\n"
            "log_level = warning\n"
            "[fcgi-serve]\n"
            "listen = %s\n"
            "listen.mode = 0600\n"
            "pm = ondemand\n"
            "pm.max_children = %d\n"
            "clear_env = no\n"
            "catch_workers_output = yes\n"
            "decorate_workers_output = no\n",
            log_file, address.sun_path, CHILDREN);
    if (options->user != NULL)
        fprintf(out, "user = %s\n", options->user);
    failed = ferror(out);
    return fclose(out) != 0 || failed ? -1 : 0;
}

/* Executes php-fpm: errors are shown, and logged to its standard error, where
 * php://stderr goes as well; a script that was saved is the next request's.
 * What -d says comes last, and holds. */
static void exec_php_fpm(const char *program, const char *file,
                         const struct serve_options *options)
{
    static const char *const settings[] = {
        "display_errors=1", "display_startup_errors=1", "log_errors=1",
        "fastcgi.logging=0", "opcache.revalidate_freq=0"};
    char *arguments[ARGUMENTS_MOST] = {strdup(program), strdup("-F"),
                                       strdup("-O"), strdup("-y"),
                                       strdup(file)};
    size_t n = 5;

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        arguments[n++] = strdup("-d");
        arguments[n++] = strdup(settings[i]);
    }
    for (size_t i = 0; i < options->settings.count; i++) {
        arguments[n++] = strdup("-d");
        arguments[n++] = strdup(options->settings.items[i]);
    }
    execv(program, arguments);
    fail(program);
}

/* The user of --user, for a command; php-fpm does that itself. */
static int become(const char *name)
{
    const struct passwd *user = getpwnam(name);

    if (user == NULL || initgroups(name, user->pw_gid) != 0 ||
        setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return fail(name);
    return 0;
}

/* Whether that user may pass all folders down to DIR, of which PHP itself would
 * say "File not found" alone: 0, or 1 after a message. */
static int check_folder(const struct serve_options *options)
{
    char real[PATH_MAX], path[PATH_MAX + 2], text[FCGI_FAILURE_TEXT];
    int status = 1;
    pid_t pid;

    if (options->user == NULL || realpath(options->docroot, real) == NULL)
        return 0; /* who opens it tells that it is not there */
    snprintf(path, sizeof(path), "%s/.", real);
    pid = fork();
    if (pid < 0)
        return fail("fork");
    if (pid == 0) {
        if (become(options->user) != 0)
            _exit(1);
        if (access(path, F_OK) == 0)
            _exit(0);
        fcgi_socket_path_denied(path, true, text, sizeof(text));
        fcgi_cli_error(&serve_options_cli, "%s: %s", options->docroot, text);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    return status != 0;
}

/* The application's process; does not return. */
static void run_application(const char *program, const char *file, int listener,
                            const struct serve_options *options)
{
    pid_t parent = getppid();
    sigset_t none;

    setpgid(0, 0);
    for (size_t i = 0; i < N_SIGNALS; i++)
        signal(signals[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (listener >= 0)
        dup2(listener, STDIN_FILENO);
    if (options->app != NULL && options->user != NULL && become(options->user))
        _exit(126);
    /* It is lost when a process changes its user, and so is set now. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(126);
    if (options->app != NULL)
        execl("/bin/sh", "sh", "-c", options->app, NULL);
    else
        exec_php_fpm(program, file, options);
    _exit(127);
}

/* Collects what has ended; whether that is the application itself. */
static bool reap(pid_t pid, int *status)
{
    bool ended = false;
    pid_t one;
    int how;

    while ((one = waitpid(-1, &how, WNOHANG)) > 0)
        if (one == pid) {
            *status = how;
            ended = true;
        }
    return ended;
}

/* Ends a group of processes, with force where it takes too long. */
static void end_group(pid_t pid, int *status)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    kill(-pid, SIGTERM);
    for (int ms = 0; kill(-pid, 0) == 0 && ms < 2 * END_MS; ms += 10) {
        if (ms == END_MS)
            kill(-pid, SIGKILL);
        nanosleep(&pause, NULL);
        reap(pid, status);
    }
}

/* Waits for the end of fcgi-serve, which closes the pipe, or of the
 * application. */
static void watch(int pipe, pid_t pid, const sigset_t *child, int *status)
{
    struct pollfd fds[2] = {{.fd = pipe, .events = POLLIN}, {.events = POLLIN}};
    struct signalfd_siginfo info;

    fds[1].fd = signalfd(-1, child, SFD_CLOEXEC);
    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        if (fds[1].revents != 0 && read(fds[1].fd, &info, sizeof(info)) < 0)
            return;
        if (reap(pid, status) || fds[0].revents != 0)
            return;
    }
}

/* The keeper's process. What the application leaves behind becomes its child,
 * so that it knows when all of that is gone. */
static void keep(int pipe, int listener, const char *program, const char *file,
                 const struct serve_options *options)
{
    sigset_t child;
    int status = 0;
    pid_t pid;

    for (size_t i = 0; i < N_SIGNALS; i++)
        signal(signals[i], SIG_IGN);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid = fork();
    if (pid == 0)
        run_application(program, file, listener, options);
    if (pid > 0) {
        setpgid(pid, pid);
        watch(pipe, pid, &child, &status);
        end_group(pid, &status);
    } else {
        fail("cannot start the application");
    }
    remove_directory(file);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int make_directory(char *file, size_t size)
{
    const char *tmp = getenv("TMPDIR");
    size_t most = sizeof(directory) - sizeof("/app.sock");

    if (snprintf(directory, sizeof(directory), "%s/fcgi-serve-XXXXXX",
                 tmp != NULL && tmp[0] == '/' ? tmp : "/tmp") > (int)most) {
        errno = ENAMETOOLONG;
        return fail("TMPDIR");
    }
    if (mkdtemp(directory) == NULL)
        return fail(directory);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.*s/app.sock",
             (int)most, directory);
    snprintf(file, size, "%s/php-fpm.conf", directory);
    snprintf(log_file, sizeof(log_file), "%s/php-fpm.log", directory);
    return 0;
}

static int open_listener(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, SOMAXCONN) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Until php-fpm listens; it has told what it ends of. */
static int wait_for_socket(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    for (uint64_t ns = 0; ns < START_TIME; ns += 10000000) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool there = fd >= 0 && connect(fd, (const struct sockaddr *)&address,
                                        sizeof(address)) == 0;

        close(fd);
        if (there)
            return 0;
        if (serve_application_ended())
            return 1;
        nanosleep(&pause, NULL);
    }
    errno = ETIMEDOUT;
    return fail("php-fpm does not listen");
}

static int start(const char *program, struct serve_options *options)
{
    char file[sizeof(directory) + 32];
    int ends[2] = {-1, -1}, listener = -1;

    if (make_directory(file, sizeof(file)) != 0)
        return 1;
    if (options->app != NULL)
        listener = open_listener();
    if ((options->app != NULL ? listener : write_pool(file, options)) < 0 ||
        pipe2(ends, O_CLOEXEC) < 0 || (keeper = fork()) < 0) {
        fail(directory);
        remove_directory(file);
        return 1;
    }
    if (keeper == 0) {
        close(ends[1]);
        keep(ends[0], listener, program, file, options);
    }
    close(ends[0]);
    hold = ends[1];
    options->target = address.sun_path;
    if (listener < 0)
        return wait_for_socket();
    close(listener);
    return 0;
}

int serve_application_start(struct serve_options *options)
{
    char *program = NULL;
    int status;

    if (options->target != NULL)
        return read_target(options);
    if (geteuid() == 0 && options->user == NULL)
        return fcgi_cli_usage(
            &serve_options_cli,
            "scripts are not run as root: give --user=NAME, or start this as "
            "another user");
    if (options->app == NULL) {
        program = options->php_fpm != NULL ? strdup(options->php_fpm)
                                           : find_php_fpm();
        if (program == NULL)
            return fcgi_cli_usage(
                &serve_options_cli,
                "there is no php-fpm: install it (Debian: php-fpm), name it "
                "with --php-fpm, or give --target or --app");
    }
    status = check_folder(options);
    if (status == 0)
        status = start(program, options);
    free(program);
    if (status != 0)
        serve_application_stop();
    return status;
}

bool serve_application_ended(void)
{
    int status;

    if (keeper <= 0 || waitpid(keeper, &status, WNOHANG) != keeper)
        return false;
    keeper = 0;
    fcgi_cli_error(&serve_options_cli, "the application has ended (status %d)",
                   WEXITSTATUS(status));
    return true;
}

void serve_application_stop(void)
{
    if (hold >= 0)
        close(hold);
    hold = -1;
    if (keeper > 0)
        waitpid(keeper, NULL, 0);
    keeper = 0;
}
