/* SPDX-License-Identifier: Apache-2.0
 *
 * libconfuse could open files itself, but it ends the process when a read
 * fails (on a directory, for instance), expands '~', and waits for ever on a
 * FIFO.
 */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/checks.h"

static const char *cure(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return "correct the name, or create the file";
    case EACCES:
    case EPERM:
        return "let the user that starts this program read it";
    case ELOOP:
        return "correct the symbolic link";
    default:
        return "see why the system refuses it";
    }
}

static const char *kind(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a FIFO";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

static int unreadable(struct fcgi_diag_list *diags, const char *path,
                      const char *what, int error)
{
    fcgi_check_report(diags, FCGI_CHECK_UNREADABLE, path, 0, 0, 0,
                      "cannot %s the file: %s; %s", what, strerror(error),
                      cure(error));
    return -1;
}

/* Returns a descriptor of a regular file, or -1. */
static int open_regular(const char *path, struct fcgi_diag_list *diags)
{
    struct stat status;
    int fd = -1;

    /* Checked before open(2), which has effects on devices and FIFOs. */
    if (stat(path, &status))
        return unreadable(diags, path, "open", errno);
    if (S_ISREG(status.st_mode)) {
        fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &status)) {
            int error = errno;

            if (fd >= 0)
                close(fd);
            return unreadable(diags, path, "open", error);
        }
    }
    if (!S_ISREG(status.st_mode)) {
        fcgi_check_report(diags, FCGI_CHECK_NOT_A_FILE, path, 0, 0, 0,
                          "this is %s; give the name of a regular file",
                          kind(status.st_mode));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* Reads up to `size` bytes. Returns how many, or -1 with errno set. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = read(fd, buf + len, size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

int fcgi_config_read_fd(int fd, const char *name, char **text, size_t *len,
                        struct fcgi_diag_list *diags)
{
    /* One byte more than allowed, so that a file that is too large is noticed,
     * even if it grows while it is read. */
    char *buf = malloc(FCGI_CONFIG_FILE_MAX + 1);
    char *fit;
    ssize_t n;

    if (!buf) {
        fcgi_check_report(diags, FCGI_CHECK_MEMORY, name, 0, 0, 0,
                          "out of memory");
        return -1;
    }
    n = read_all(fd, buf, FCGI_CONFIG_FILE_MAX + 1);
    if (n < 0) {
        unreadable(diags, name, "read", errno);
        free(buf);
        return -1;
    }
    if ((size_t)n > FCGI_CONFIG_FILE_MAX) {
        fcgi_check_report(diags, FCGI_CHECK_TOO_LARGE, name, 0, 0, 0,
                          "the file is larger than %d MiB; is it a "
                          "configuration file?",
                          FCGI_CONFIG_FILE_MIB);
        free(buf);
        return -1;
    }
    buf[n] = '\0';
    fit = realloc(buf, (size_t)n + 1);
    *text = fit ? fit : buf;
    *len = (size_t)n;
    return 0;
}

int fcgi_config_read_file(const char *path, char **text, size_t *len,
                          struct fcgi_diag_list *diags)
{
    int fd = open_regular(path, diags);
    int result;

    if (fd < 0)
        return -1;
    result = fcgi_config_read_fd(fd, path, text, len, diags);
    close(fd);
    return result;
}
