/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "serve.h"

void serve_err(const char *format, ...)
{
    int saved = errno;
    va_list args;

    flockfile(stderr);
    fputs("fcgi-serve: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    putc('\n', stderr);
    funlockfile(stderr);
    errno = saved;
}

void serve_trap_abort(const char *trap, const char *format, ...)
{
    va_list args;

    flockfile(stderr);
    fprintf(stderr, "fcgi-serve: trap (%s): ", trap);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    putc('\n', stderr);
    funlockfile(stderr);
    abort();
}

void serve_api_log(int level, const char *format, ...)
{
    FILE *out = level == MK_LOG_INFO ? stdout : stderr;
    const char *title = "Error";
    time_t now = time(NULL);
    int saved = errno;
    struct tm tm;
    va_list args;
    char when[32];

    if (level == MK_LOG_INFO && serve.options->quiet)
        return;
    if (level == MK_LOG_INFO)
        title = "Info";
    else if (level == MK_LOG_WARNING)
        title = "Warning";
    localtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y/%m/%d %H:%M:%S", &tm);
    flockfile(out);
    fprintf(out, "[%s] [%7s] ", when, title);
    va_start(args, format);
    vfprintf(out, format, args);
    va_end(args);
    putc('\n', out);
    fflush(out);
    funlockfile(out);
    errno = saved;
}
