/* SPDX-License-Identifier: Apache-2.0
 *
 * The file of PHP code. There is one at most in a process, so that a handler
 * of signals finds it.
 */
#include "fcgi-get/code.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"

static char directory[PATH_MAX];
static char path[PATH_MAX + 64];

void fcgi_code_remove(void)
{
    if (path[0] != '\0')
        unlink(path);
    if (directory[0] != '\0')
        rmdir(directory);
}

static void end(int signal)
{
    fcgi_code_remove();
    raise(signal); /* SA_RESETHAND: it ends the process now */
}

static void catch_signals(void)
{
    static const int signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGALRM,
                                  SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGABRT,
                                  SIGSEGV, SIGBUS,  SIGFPE,  SIGILL};
    struct sigaction action = {.sa_handler = end,
                               .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
}

/* The mask of the user's is none of the pool's. */
static bool fill(const void *code, size_t length)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good;

    if (fd < 0)
        return false;
    good = fcgi_cli_write(fd, code, length) == 0 && fchmod(fd, 0444) == 0;
    return close(fd) == 0 && good;
}

const char *fcgi_code_write(const char *folder, const void *code, size_t length)
{
    uint64_t secret[2];
    int saved;

    if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
        return NULL;
    if (snprintf(directory, sizeof(directory), "%s/fcgi-get-XXXXXX", folder) >=
        (int)sizeof(directory)) {
        directory[0] = '\0';
        errno = ENAMETOOLONG;
        return NULL;
    }
    catch_signals();
    if (mkdtemp(directory) == NULL) {
        directory[0] = '\0';
        return NULL;
    }
    snprintf(path, sizeof(path), "%s/%016" PRIx64 "%016" PRIx64 ".php",
             directory, secret[0], secret[1]);
    if (fill(code, length) && chmod(directory, 0711) == 0)
        return path;
    saved = errno;
    fcgi_code_remove();
    errno = saved;
    return NULL;
}
