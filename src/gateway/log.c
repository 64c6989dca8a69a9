/* SPDX-License-Identifier: Apache-2.0
 *
 * What the log is told of one request.
 */
#include "gateway/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/escape.h"
#include "gateway/params.h"

void fcgi_log_init(struct fcgi_log *log, const struct fcgi_host *host,
                   struct fcgi_recent *recent,
                   const struct fcgi_http_request *request)
{
    size_t size = sizeof(log->name), at;

    log->host = host;
    log->recent = recent;
    log->length = 0;
    log->script_unknown = false;
    if (request->method.length == 0) {
        snprintf(log->name, size, "a request");
        return;
    }
    at = fcgi_escape(log->name, size, 0, request->method.data,
                     request->method.length);
    at = fcgi_escape(log->name, size, at, " ", 1);
    fcgi_escape(log->name, size, at, request->uri.data, request->uri.length);
}

void fcgi_log_write(const struct fcgi_log *log, struct fcgi_server *server,
                    enum fcgi_log_level level, const char *format, ...)
{
    char line[FCGI_LOG_LINE * 4 + 1024];
    va_list args;
    int n = 0, request;

    if (server != NULL) {
        fcgi_server_label(server, line, FCGI_SERVER_LABEL);
        n = (int)strlen(line);
    }
    request = n > 0 ? n + 2 : 0;
    n += snprintf(line + n, sizeof(line) - (size_t)n,
                  "%s%s: ", n > 0 ? ": " : "", log->name);
    if ((size_t)n < sizeof(line)) {
        va_start(args, format);
        vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
        va_end(args);
    }
    log->host->log(level, line);
    if (log->recent != NULL && level == FCGI_LOG_ERROR)
        fcgi_recent_add(log->recent, server, line + request);
}

void fcgi_log_attempt(const struct fcgi_log *log,
                      const struct fcgi_attempt *attempt,
                      enum fcgi_log_level level, const char *what)
{
    char why[FCGI_ATTEMPT_TEXT];

    fcgi_attempt_describe(attempt, why, sizeof(why));
    fcgi_log_write(log, attempt->server, level, "%s; %s", why, what);
}

void fcgi_log_end_stderr(struct fcgi_log *log, struct fcgi_server *server)
{
    struct fcgi_recent *recent = log->recent;
    char text[FCGI_LOG_LINE * 4 + 1];

    if (log->length > 0 && log->line[log->length - 1] == '\r')
        log->length--;
    if (log->length == 0)
        return;
    fcgi_escape(text, sizeof(text), 0, log->line, log->length);
    log->length = 0;
    log->recent = NULL; /* an application's notices would push out the rest */
    fcgi_log_write(log, server, FCGI_LOG_ERROR, "stderr: %s", text);
    log->recent = recent;
    /* PHP-FPM's words, the most asked question of all about FastCGI. */
    if (strstr(text, "Primary script unknown") != NULL)
        log->script_unknown = true;
}

void fcgi_log_stderr(struct fcgi_log *log, struct fcgi_server *server,
                     const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t room = sizeof(log->line) - log->length;
        size_t n = length < room ? length : room;
        const uint8_t *lf = memchr(bytes, '\n', n);

        if (lf != NULL)
            n = (size_t)(lf - bytes);
        memcpy(log->line + log->length, bytes, n);
        log->length += n;
        if (lf != NULL || n == room)
            fcgi_log_end_stderr(log, server);
        n += lf != NULL;
        bytes += n;
        length -= n;
    }
}

void fcgi_log_explain(const struct fcgi_log *log, struct fcgi_server *server,
                      const struct fcgi_buffer *params)
{
    char name[1024];
    struct fcgi_text file;

    if (!log->script_unknown)
        return;
    file = fcgi_params_find(params, "SCRIPT_FILENAME");
    fcgi_escape(name, sizeof(name), 0, file.data, file.length);
    fcgi_log_write(log, server, FCGI_LOG_ERROR,
                   "the application has no such script: it was sent "
                   "SCRIPT_FILENAME \"%s\", and must find that file under that "
                   "very name (in a container, in a chroot or on another "
                   "machine: see DocumentRoot; else: may its user read the "
                   "file and all folders above?)",
                   name);
}
