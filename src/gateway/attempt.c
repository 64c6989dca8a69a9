/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from a failure.
 */
#include "gateway/attempt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/socket_path.h"

/* Only these two say that the request was not taken (FastCGI 1.0, 5.5). What
 * FastCGI does not know says nothing of it. */
static bool is_declined(const struct fcgi_attempt *attempt)
{
    return attempt->kind == FCGI_ATTEMPT_REFUSED && !attempt->begun &&
           (attempt->protocol_status == FCGI_OVERLOADED ||
            attempt->protocol_status == FCGI_CANT_MPX_CONN);
}

static enum fcgi_retry_event
connection_event(const struct fcgi_conn_problem *problem)
{
    switch (problem->failure) {
    case FCGI_CONN_CONNECT:
    case FCGI_CONN_CONNECT_TIMEOUT:
        return FCGI_RETRY_NO_CONNECT;
    case FCGI_CONN_BROKEN:
    case FCGI_CONN_CLOSED:
        return FCGI_RETRY_BROKEN;
    case FCGI_CONN_SEND_TIMEOUT:
    case FCGI_CONN_READ_TIMEOUT:
        return FCGI_RETRY_TIMEOUT;
    case FCGI_CONN_PROTOCOL:
        break;
    }
    return FCGI_RETRY_FINAL;
}

enum fcgi_retry_event fcgi_attempt_event(const struct fcgi_attempt *attempt)
{
    switch (attempt->kind) {
    case FCGI_ATTEMPT_QUEUE_FULL:
        return FCGI_RETRY_QUEUE_FULL;
    case FCGI_ATTEMPT_TAKEN_OUT:
        return FCGI_RETRY_TAKEN_OUT;
    case FCGI_ATTEMPT_CONNECTION:
        return connection_event(&attempt->problem);
    case FCGI_ATTEMPT_REFUSED:
        return is_declined(attempt) ? FCGI_RETRY_DECLINED : FCGI_RETRY_FINAL;
    case FCGI_ATTEMPT_NO_SERVER:
    case FCGI_ATTEMPT_NO_MEMORY:
    case FCGI_ATTEMPT_QUEUE_TIMEOUT:
        break;
    }
    return FCGI_RETRY_FINAL;
}

bool fcgi_attempt_is_unexecuted(const struct fcgi_attempt *attempt)
{
    return is_declined(attempt) || (attempt->kind == FCGI_ATTEMPT_CONNECTION &&
                                    attempt->problem.unexecuted);
}

bool fcgi_attempt_is_refusal(const struct fcgi_attempt *attempt)
{
    const struct fcgi_conn_problem *problem = &attempt->problem;

    /* EACCES: between bind() and chown() PHP-FPM's new socket is root's. */
    return attempt->kind == FCGI_ATTEMPT_CONNECTION &&
           problem->failure == FCGI_CONN_CONNECT &&
           (problem->error == ECONNREFUSED || problem->error == ENOENT ||
            problem->error == EACCES);
}

bool fcgi_attempt_is_servers(const struct fcgi_attempt *attempt)
{
    return attempt->kind == FCGI_ATTEMPT_REFUSED ||
           (attempt->kind == FCGI_ATTEMPT_CONNECTION && !attempt->problem.ours);
}

static int connection_status(const struct fcgi_conn_problem *problem)
{
    if (problem->ours)
        return 503;
    switch (problem->failure) {
    case FCGI_CONN_CONNECT:
        return 503;
    case FCGI_CONN_CONNECT_TIMEOUT:
        return problem->error == EAGAIN ? 503 : 504; /* an overload */
    case FCGI_CONN_SEND_TIMEOUT:
    case FCGI_CONN_READ_TIMEOUT:
        return 504;
    case FCGI_CONN_BROKEN:
    case FCGI_CONN_CLOSED:
    case FCGI_CONN_PROTOCOL:
        break;
    }
    return 502;
}

int fcgi_attempt_status(const struct fcgi_attempt *attempt)
{
    switch (attempt->kind) {
    case FCGI_ATTEMPT_NO_MEMORY:
        return 500;
    case FCGI_ATTEMPT_CONNECTION:
        return connection_status(&attempt->problem);
    case FCGI_ATTEMPT_REFUSED:
        return is_declined(attempt) ? 503 : 502;
    case FCGI_ATTEMPT_NO_SERVER:
    case FCGI_ATTEMPT_QUEUE_FULL:
    case FCGI_ATTEMPT_QUEUE_TIMEOUT:
    case FCGI_ATTEMPT_TAKEN_OUT:
        break;
    }
    return 503;
}

static enum fcgi_count connection_counter(enum fcgi_conn_failure failure)
{
    switch (failure) {
    case FCGI_CONN_CONNECT:
        return FCGI_COUNT_CONNECT_FAILED;
    case FCGI_CONN_CONNECT_TIMEOUT:
        return FCGI_COUNT_CONNECT_TIMEOUT;
    case FCGI_CONN_SEND_TIMEOUT:
        return FCGI_COUNT_SEND_TIMEOUT;
    case FCGI_CONN_READ_TIMEOUT:
        return FCGI_COUNT_READ_TIMEOUT;
    case FCGI_CONN_BROKEN:
    case FCGI_CONN_CLOSED:
        return FCGI_COUNT_BROKEN;
    case FCGI_CONN_PROTOCOL:
        break;
    }
    return FCGI_COUNT_PROTOCOL;
}

enum fcgi_count fcgi_attempt_counter(const struct fcgi_attempt *attempt)
{
    switch (attempt->kind) {
    case FCGI_ATTEMPT_QUEUE_FULL:
        return FCGI_COUNT_QUEUE_FULL;
    case FCGI_ATTEMPT_QUEUE_TIMEOUT:
        return FCGI_COUNT_QUEUE_TIMEOUT;
    case FCGI_ATTEMPT_CONNECTION:
        return connection_counter(attempt->problem.failure);
    case FCGI_ATTEMPT_REFUSED:
        return attempt->protocol_status > FCGI_UNKNOWN_ROLE
                   ? FCGI_COUNT_PROTOCOL
                   : FCGI_COUNT_OVERLOADED;
    case FCGI_ATTEMPT_NO_SERVER:
    case FCGI_ATTEMPT_NO_MEMORY:
    case FCGI_ATTEMPT_TAKEN_OUT:
        break;
    }
    return FCGI_COUNTS;
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

/* In the words of fcgi-ping. */
static void describe_denied(const struct fcgi_server *server, char *text,
                            size_t size)
{
    const struct fcgi_endpoint *endpoint = &server->config->endpoint;
    char why[FCGI_ATTEMPT_TEXT];

    if (endpoint->kind == FCGI_ENDPOINT_UNIX) {
        fcgi_socket_path_denied(endpoint->path, false, why, sizeof(why));
        snprintf(text, size,
                 "cannot connect to %s: %.300s (fcgi-check tells the cure)",
                 server->where, why);
    } else {
        snprintf(text, size,
                 "cannot connect to %s: permission denied: a rule of this "
                 "machine (a firewall?) forbids the connection",
                 server->where);
    }
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
    else if (error == EACCES || error == EPERM)
        describe_denied(server, text, size);
    else
        snprintf(text, size,
                 "cannot connect to %s: %s (is the application running, and "
                 "is this the %s that it listens on?)",
                 server->where, strerror(error), key);
}

static void describe_connection(const struct fcgi_server *server,
                                const struct fcgi_conn_problem *problem,
                                char *text, size_t size)
{
    const struct fcgi_server_config *config = server->config;

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

static void describe_refusal(const struct fcgi_attempt *attempt, char *text,
                             size_t size)
{
    const char *const names[] = {
        [FCGI_CANT_MPX_CONN] = "that it cannot multiplex (CANT_MPX_CONN)",
        [FCGI_OVERLOADED] = "that it is overloaded (OVERLOADED)",
        [FCGI_UNKNOWN_ROLE] = fcgi_config_is_authorizer(attempt->server->config)
                                  ? "that it is no Authorizer (UNKNOWN_ROLE)"
                                  : "that it is no Responder (UNKNOWN_ROLE)",
    };
    const char *when = attempt->begun ? " in the middle of its answer" : "";

    if (attempt->protocol_status < sizeof(names) / sizeof(names[0]))
        snprintf(text, size, "the application said%s %s", when,
                 names[attempt->protocol_status]);
    else
        snprintf(text, size,
                 "the application ended the request%s with protocol status "
                 "%u, which FastCGI does not know",
                 when, attempt->protocol_status);
}

/* What limits the connections. */
static const char *describe_most(const struct fcgi_server *server, char *text,
                                 size_t size)
{
    unsigned learned = fcgi_server_learned(server);
    unsigned most = server->config->max_connections;

    if (most > 0 && learned >= most)
        snprintf(text, size, "MaxConnections %u", most);
    else
        snprintf(text, size, "it serves %u at a time: Concurrency", learned);
    return text;
}

void fcgi_attempt_describe(const struct fcgi_attempt *attempt, char *text,
                           size_t size)
{
    const struct fcgi_server *server = attempt->server;
    char most[64];

    switch (attempt->kind) {
    case FCGI_ATTEMPT_NO_SERVER:
        snprintf(text, size, "the Match rule names no server of fastcgi.conf");
        return;
    case FCGI_ATTEMPT_NO_MEMORY:
        snprintf(text, size, "out of memory");
        return;
    case FCGI_ATTEMPT_QUEUE_FULL:
        snprintf(text, size,
                 "all connections are in use (%s) and too many requests wait "
                 "for one, or for too long (QueueSize %u, QueueTimeout)",
                 describe_most(server, most, sizeof(most)),
                 server->config->queue_size);
        return;
    case FCGI_ATTEMPT_QUEUE_TIMEOUT:
        snprintf(text, size,
                 "no connection became free within %u ms (QueueTimeout; %s)",
                 server->config->queue_timeout,
                 describe_most(server, most, sizeof(most)));
        return;
    case FCGI_ATTEMPT_TAKEN_OUT:
        snprintf(text, size,
                 "taken out while the request waited for a connection");
        return;
    case FCGI_ATTEMPT_CONNECTION:
        describe_connection(server, &attempt->problem, text, size);
        return;
    case FCGI_ATTEMPT_REFUSED:
        break;
    }
    describe_refusal(attempt, text, size);
}
