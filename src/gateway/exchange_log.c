/* SPDX-License-Identifier: Apache-2.0
 *
 * What an exchange has to say in the log. Whatever comes from a client or from
 * an application is escaped, so that neither can write lines of its own or
 * talk to the terminal of whoever reads the log.
 */
#include "gateway/exchange_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/escape.h"

void fcgi_exchange_set_name(struct fcgi_exchange *exchange,
                            const struct fcgi_http_request *request)
{
    size_t size = sizeof(exchange->name), at;

    if (request->method.length == 0) {
        snprintf(exchange->name, size, "a request");
        return;
    }
    at = fcgi_escape(exchange->name, size, 0, request->method.data,
                     request->method.length);
    at = fcgi_escape(exchange->name, size, at, " ", 1);
    fcgi_escape(exchange->name, size, at, request->uri.data,
                request->uri.length);
}

void fcgi_exchange_log(const struct fcgi_exchange *exchange,
                       enum fcgi_log_level level, const char *format, ...)
{
    char line[FCGI_EXCHANGE_LOG_LINE * 4 + 1024];
    va_list args;
    int n = 0;

    if (exchange->server != NULL)
        n = snprintf(line, sizeof(line),
                     "server \"%s\": ", exchange->server->config->name);
    if (n < 0 || (size_t)n >= sizeof(line))
        n = 0;
    n += snprintf(line + n, sizeof(line) - (size_t)n, "%s: ", exchange->name);
    if ((size_t)n < sizeof(line)) {
        va_start(args, format);
        vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
        va_end(args);
    }
    exchange->gateway->host->log(level, line);
}

/* What this machine is short of. */
static void describe_ours(const struct fcgi_server *server,
                          const struct fcgi_conn_problem *problem, char *text,
                          size_t size)
{
    const char *cure = "on this machine";

    if (problem->error == EMFILE || problem->error == ENFILE)
        cure = "raise the limit of descriptors, ulimit -n";
    else if (fcgi_fault_of(problem->call, problem->error) == FCGI_FAULT_NO_PORT)
        cure =
            "this machine has no local port left for it: KeepAlive, or "
            "net.ipv4.ip_local_port_range";
    else if (problem->error == ENOSPC)
        cure = "raise fs.epoll.max_user_watches";
    snprintf(text, size, "cannot connect to %s: %s: %s (%s)", server->where,
             fcgi_call_name(problem->call), strerror(problem->error), cure);
}

static void describe_connect(const struct fcgi_server *server, int error,
                             char *text, size_t size)
{
    const char *key = server->config->endpoint.kind == FCGI_ENDPOINT_UNIX
                          ? "ServerPath"
                          : "ServerAddr";

    if (error == 0)
        snprintf(text, size,
                 "cannot connect to %s: the name does not resolve: %s (mend "
                 "ServerAddr or the name service; it is looked up again every "
                 "few seconds)",
                 server->where, atomic_load(&server->unresolved));
    else
        snprintf(text, size,
                 "cannot connect to %s: %s (is the application running, and "
                 "is this the %s that it listens on?)",
                 server->where, strerror(error), key);
}

void fcgi_exchange_describe(const struct fcgi_exchange *exchange,
                            const struct fcgi_conn_problem *problem, char *text,
                            size_t size)
{
    const struct fcgi_server *server = exchange->server;
    const struct fcgi_server_config *config = server->config;

    text[0] = '\0';
    if (problem->ours) {
        describe_ours(server, problem, text, size);
        return;
    }
    switch (problem->failure) {
    case FCGI_CONN_CONNECT:
        describe_connect(server, problem->error, text, size);
        return;
    case FCGI_CONN_CONNECT_TIMEOUT:
        snprintf(text, size, "no connection to %s within %u ms%s",
                 server->where, config->connect_timeout,
                 problem->error != 0
                     ? ": its backlog is full (more processes or a larger "
                       "backlog in the application, or ConnectTimeout)"
                     : " (ConnectTimeout)");
        return;
    case FCGI_CONN_SEND_TIMEOUT:
        snprintf(text, size,
                 "the application took nothing of the request for %u ms "
                 "(SendTimeout)",
                 config->send_timeout);
        return;
    case FCGI_CONN_READ_TIMEOUT:
        snprintf(text, size,
                 "the application sent nothing for %u ms (ReadTimeout)",
                 config->read_timeout);
        return;
    case FCGI_CONN_BROKEN:
        snprintf(text, size, "the connection to %s broke: %s", server->where,
                 strerror(problem->error));
        return;
    case FCGI_CONN_CLOSED:
        snprintf(text, size,
                 "the application closed the connection before the end of "
                 "its answer");
        return;
    case FCGI_CONN_PROTOCOL:
        snprintf(text, size, "what %s sent is no answer: %s, before byte %llu",
                 server->where, fcgi_response_strerror(problem->protocol),
                 (unsigned long long)problem->offset);
        return;
    }
}

void fcgi_exchange_end_stderr(struct fcgi_exchange *exchange)
{
    char text[FCGI_EXCHANGE_LOG_LINE * 4 + 1];

    if (exchange->line_length > 0 &&
        exchange->line[exchange->line_length - 1] == '\r')
        exchange->line_length--;
    if (exchange->line_length == 0)
        return;
    fcgi_escape(text, sizeof(text), 0, exchange->line, exchange->line_length);
    exchange->line_length = 0;
    fcgi_exchange_log(exchange, FCGI_LOG_ERROR, "stderr: %s", text);
    /* PHP-FPM's words, the most asked question of all about FastCGI. */
    if (strstr(text, "Primary script unknown") != NULL)
        exchange->script_unknown = true;
}

void fcgi_exchange_log_stderr(struct fcgi_exchange *exchange,
                              const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != '\n')
            exchange->line[exchange->line_length++] = (char)bytes[i];
        if (bytes[i] == '\n' || exchange->line_length == sizeof(exchange->line))
            fcgi_exchange_end_stderr(exchange);
    }
}
