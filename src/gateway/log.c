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

/* Most requests are never told of: what they are called is escaped when they
 * are. */
static void add_name(struct fcgi_log *log, struct fcgi_text text)
{
    size_t room = sizeof(log->name) - log->name_length;
    size_t n = text.length < room ? text.length : room;

    if (n > 0)
        memcpy(log->name + log->name_length, text.data, n);
    log->name_length += n;
}

void fcgi_log_init(struct fcgi_log *log, const struct fcgi_host *host,
                   struct fcgi_recent *recent,
                   const struct fcgi_http_request *request)
{
    log->host = host;
    log->recent = recent;
    log->length = 0;
    log->script_unknown = false;
    log->name_length = 0;
    if (request->method.length == 0) {
        add_name(log, (struct fcgi_text){"a request", 9});
        return;
    }
    add_name(log, request->method);
    add_name(log, (struct fcgi_text){" ", 1});
    add_name(log, request->uri);
}

void fcgi_log_write(const struct fcgi_log *log, struct fcgi_server *server,
                    enum fcgi_log_level level, const char *format, ...)
{
    char line[FCGI_LOG_LINE * 4 + 1024], name[sizeof(log->name)];
    va_list args;
    int n = 0, request;

    if (server != NULL) {
        fcgi_server_label(server, line, FCGI_SERVER_LABEL);
        n = (int)strlen(line);
    }
    request = n > 0 ? n + 2 : 0;
    fcgi_escape(name, sizeof(name), 0, log->name, log->name_length);
    n += snprintf(line + n, sizeof(line) - (size_t)n,
                  "%s%s: ", n > 0 ? ": " : "", name);
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
