/* SPDX-License-Identifier: Apache-2.0
 *
 * The user's browser. It is nobody's child, and outlives us.
 */
#include "browser.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "options.h"

/* Does not return. */
static void run(const char *url)
{
    sigset_t none;

    if (fork() != 0)
        _exit(0);
    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execlp("xdg-open", "xdg-open", url, NULL);
    fcgi_cli_error(&serve_options_cli, "cannot start xdg-open: %s",
                   strerror(errno));
    _exit(127);
}

void serve_browser_open(const char *url)
{
    pid_t pid = fork();

    if (pid == 0)
        run(url);
    if (pid > 0)
        waitpid(pid, NULL, 0);
}
