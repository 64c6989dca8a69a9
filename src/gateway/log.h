/* SPDX-License-Identifier: Apache-2.0
 *
 * What the log is told of one request: lines that begin with the server and the
 * request, and the application's STDERR. Whatever comes from a client or from
 * an application is escaped, so that neither can write lines of its own or talk
 * to the terminal of whoever reads the log.
 */
#ifndef FCGI_GATEWAY_LOG_H
#define FCGI_GATEWAY_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/recent.h"
#include "backend/server.h"
#include "gateway/attempt.h"
#include "gateway/buffer.h"
#include "gateway/host.h"

/* Longest line of STDERR that is logged in one piece. */
#define FCGI_LOG_LINE 1024

struct fcgi_log {
    const struct fcgi_host *host;
    struct fcgi_recent *recent; /* is told each error but STDERR; may be NULL */
    char name[256];             /* "GET /x.php", as it came, or its begin */
    size_t name_length;
    char line[FCGI_LOG_LINE]; /* STDERR, up to its newline */
    size_t length;
    bool script_unknown; /* PHP-FPM said so */
};

void fcgi_log_init(struct fcgi_log *log, const struct fcgi_host *host,
                   struct fcgi_recent *recent,
                   const struct fcgi_http_request *request);

/* One line: `server "NAME": GET /x.php: ...`. `server` may be NULL. */
void fcgi_log_write(const struct fcgi_log *log, struct fcgi_server *server,
                    enum fcgi_log_level level, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The line of a try that came to nothing, and what follows from that. */
void fcgi_log_attempt(const struct fcgi_log *log,
                      const struct fcgi_attempt *attempt,
                      enum fcgi_log_level level, const char *what);

/* STDERR in lines, as they become complete; and the last one. */
void fcgi_log_stderr(struct fcgi_log *log, struct fcgi_server *server,
                     const uint8_t *bytes, size_t length);
void fcgi_log_end_stderr(struct fcgi_log *log, struct fcgi_server *server);

/* The answer is 404: where STDERR said that it has not found the script, what
 * to look at. `params` are those that it was sent. */
void fcgi_log_explain(const struct fcgi_log *log, struct fcgi_server *server,
                      const struct fcgi_buffer *params);

#endif
