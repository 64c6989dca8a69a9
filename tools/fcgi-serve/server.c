/* SPDX-License-Identifier: Apache-2.0
 *
 * One of the two servers that are in fcgi-serve, from its begin to its end.
 *
 * The order of things is Monkey's: configuration, plugins' init, master_init,
 * workers (worker_init in each), change of user, start; and at the end the
 * workers first, without a word about what they were at, then the plugins.
 */
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "access.h"
#include "api.h"
#include "application.h"
#include "browser.h"
#include "listen.h"
#include "log.h"
#include "options.h"
#include "pieces.h"
#include "plugin.h"
#include "serve.h"
#include "setup.h"
#include "vhost.h"
#include "worker.h"

#define SERVE_MAIN SERVE_MAIN_OF(MK_ABI)
#define SERVE_MAIN_OF(abi) SERVE_MAIN_PASTE(abi)
#define SERVE_MAIN_PASTE(abi) serve_main_##abi

static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGCHLD); /* the application, which fcgi-serve may start */
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

/* Becomes the User of the configuration, for what files and sockets may be
 * used; root stays at hand for the end, as in Monkey. */
static int set_user(void)
{
    struct mk_config *c = &serve.config;
    struct passwd *user;

    if (geteuid() != 0 || c->user == NULL)
        return 0;
    user = getpwnam(c->user);
    if (user == NULL) {
        serve_err(
            "User %s of the configuration does not exist: staying root, "
            "as Monkey does",
            c->user);
        return 0;
    }
    if (initgroups(c->user, user->pw_gid) != 0 || setegid(user->pw_gid) != 0 ||
        seteuid(user->pw_uid) != 0) {
        serve_err("cannot become User %s of the configuration", c->user);
        return -1;
    }
    c->is_seteuid = 1;
    serve.euid = geteuid();
    serve.egid = getegid();
    return 0;
}

static void unset_user(void)
{
    if (!serve.config.is_seteuid)
        return;
    if (seteuid(0) != 0 || setegid(0) != 0)
        serve_err("cannot become root again");
}

static void print_addresses(void)
{
    for (SERVE_EACH(const struct mk_listener, l, head,
                    &serve.config.listeners)) {
        bool v6 = strchr(l->address, ':') != NULL;
        char url[320];

        snprintf(url, sizeof(url), "http://%s%s%s:%s/", v6 ? "[" : "",
                 l->address, v6 ? "]" : "", l->port);
        if (!serve.options->quiet)
            printf("fcgi-serve: %s (not for production; Ctrl-C ends it)\n",
                   url);
        fflush(stdout);
        if (serve.options->open)
            serve_browser_open(url);
    }
}

static int set_up(void)
{
    int r;

    serve_setup_defaults();
    serve_plugins_setup();
    serve_pieces_setup();
    if (serve.options->confdir == NULL)
        r = serve_setup_short();
    else
        r = serve_setup_tree();
    if (r < 0)
        return -1;
    serve_setup_finish();
    if (serve_access_open() < 0 || serve_listen_check() < 0)
        return -1;
    serve_api_create();
    if (serve_plugins_load(serve_setup_plugins_file(), serve.options->plugin) <
        0)
        return -1;
    serve_access_hook();
    return serve_vhosts_map();
}

static int run(const sigset_t *set)
{
    int signal;

    serve_plugins_master_init();
    if (serve_workers_start() < 0 || set_user() < 0)
        return -1;
    serve_short_free();
    print_addresses();
    serve_workers_go();
    while (sigwait(set, &signal) == 0 && signal == SIGCHLD)
        if (serve_application_ended())
            return -1;
    return 0;
}

/* Also after a start that has failed half-way. */
static void tear_down(void)
{
    unset_user();
    serve_workers_stop();
    serve_plugins_exit();
    serve_workers_free();
    serve_plugins_unload();
    serve_api_destroy();
    serve_access_close();
    serve_setup_free();
}

int SERVE_MAIN(const struct serve_options *options)
{
    sigset_t set;
    int status;

    serve.options = options;
    serve.layout = serve_layout_find(options->layout);
    if (serve.layout == NULL) {
        serve_err("--layout: there is none named '%s'", options->layout);
        return 2;
    }
    block_signals(&set);
    status = set_up() == 0 && run(&set) == 0 ? 0 : 1;
    tear_down();
    return status;
}
