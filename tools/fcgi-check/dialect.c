/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's versions, and the expressions of 1.6: POSIX extended, without regard
 * to case.
 */
#include "dialect.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "regex.h"

static void *compile(const char *expression, char *why, size_t size)
{
    regex_t *regex = check_alloc(sizeof(*regex));
    int result =
        regcomp(regex, expression, REG_EXTENDED | REG_ICASE | REG_NOSUB);

    if (result == 0)
        return regex;
    regerror(result, regex, why, size);
    return NULL;
}

static void release(void *compiled)
{
    regfree(compiled);
}

static bool matches(const void *compiled, const char *path)
{
    return regexec(compiled, path, 0, NULL, 0) == 0;
}

const struct check_dialect check_dialect_16 = {
    .name = "1.6",
    .plugin = "fastcgi",
    .compile = compile,
    .release = release,
    .matches = matches,
    .includes = check_regex_includes,
};

static const struct check_dialect *of_version(const char *version)
{
    static const struct {
        const char *begin;
        const struct check_dialect *dialect;
    } lines[] = {{"1.6", &check_dialect_16},
                 {"1.6.", &check_dialect_16},
                 {"1.8", &check_dialect_18},
                 {"1.8.9", &check_dialect_18}};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        size_t length = strlen(lines[i].begin);

        if (strncmp(version, lines[i].begin, length) == 0 &&
            strlen(version) == length + (version[length - 1] == '.'))
            return lines[i].dialect;
    }
    return NULL;
}

/* A version that stands by itself among the strings of a program: NUL, "1.",
 * a digit, ".", digits, NUL. */
static bool find_version(const char *bytes, size_t length, char version[16])
{
    static const char begin[] = "\0001.";
    const char *end = bytes + length, *at = bytes, *stop;

    while ((at = memmem(at, (size_t)(end - at), begin, sizeof(begin) - 1)) !=
           NULL) {
        at++;
        stop = memchr(at, '\0', (size_t)(end - at));
        if (stop != NULL && stop - at >= 5 && stop - at < 8 && at[3] == '.' &&
            strchr("678", at[2]) != NULL &&
            strspn(at, "0123456789.") == (size_t)(stop - at)) {
            memcpy(version, at, (size_t)(stop - at) + 1);
            return true;
        }
    }
    return false;
}

/* TLS of 1.8 has this file's name in it. */
static bool read_version(const char *program, char version[16], char *why,
                         size_t size, bool *no_tls)
{
    static const char tls[] = "/tls.conf";
    int fd = open(program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    void *bytes = MAP_FAILED;
    struct stat status;
    bool found = false;

    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        bytes =
            mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (fd < 0)
        snprintf(why, size, "cannot open it: %s", strerror(errno));
    else if (bytes == MAP_FAILED ||
             memmem(bytes, (size_t)status.st_size, "Monkey", 6) == NULL ||
             !find_version(bytes, (size_t)status.st_size, version))
        snprintf(why, size, "it is not Monkey's program, or tells no version");
    else
        found = true;
    if (found && no_tls)
        *no_tls =
            memmem(bytes, (size_t)status.st_size, tls, sizeof(tls)) == NULL;
    if (bytes != MAP_FAILED)
        munmap(bytes, (size_t)status.st_size);
    if (fd >= 0)
        close(fd);
    return found;
}

const struct check_dialect *check_dialect_find(const char *name, char *why,
                                               size_t size, bool *no_tls)
{
    const struct check_dialect *dialect;
    char version[16] = "";

    if (strchr(name, '/') != NULL) {
        if (!read_version(name, version, why, size, no_tls))
            return NULL;
        name = version;
    }
    dialect = of_version(name);
    if (dialect == NULL) {
        snprintf(why, size,
                 "the plugin is for Monkey 1.6 and 1.8.9, and not for %s",
                 name);
    }
    return dialect;
}
