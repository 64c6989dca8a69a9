/* SPDX-License-Identifier: Apache-2.0
 *
 * The words for failures.
 */
#include "probe/failure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/socket_path.h"
#include "config/escape.h"

const char *fcgi_failure_name(enum fcgi_failure failure)
{
    static const char *const names[FCGI_FAILURES] = {
        [FCGI_FAILURE_NONE] = "ok",
        [FCGI_FAILURE_RESOLVE] = "unknown-host",
        [FCGI_FAILURE_REFUSED] = "refused",
        [FCGI_FAILURE_NO_SOCKET] = "no-socket",
        [FCGI_FAILURE_DENIED] = "permission",
        [FCGI_FAILURE_UNREACHABLE] = "unreachable",
        [FCGI_FAILURE_TIMEOUT] = "timeout",
        [FCGI_FAILURE_CLOSED] = "closed",
        [FCGI_FAILURE_RESET] = "reset",
        [FCGI_FAILURE_NOT_FASTCGI] = "not-fastcgi",
        [FCGI_FAILURE_PROTOCOL] = "protocol",
        [FCGI_FAILURE_LOCAL] = "local",
        [FCGI_FAILURE_OVERLOADED] = "overloaded",
        [FCGI_FAILURE_NO_MPX] = "no-multiplexing",
        [FCGI_FAILURE_UNKNOWN_ROLE] = "unknown-role",
        [FCGI_FAILURE_HEADER] = "bad-header",
        [FCGI_FAILURE_STATUS] = "status",
        [FCGI_FAILURE_EXPECT] = "unexpected-text",
        [FCGI_FAILURE_STDERR] = "stderr",
    };

    return names[failure];
}

const char *fcgi_phase_name(enum fcgi_phase phase)
{
    static const char *const names[FCGI_PHASES] = {
        [FCGI_PHASE_RESOLVE] = "resolve",
        [FCGI_PHASE_CONNECT] = "connect",
        [FCGI_PHASE_SEND] = "send",
        [FCGI_PHASE_FIRST_BYTE] = "first byte",
        [FCGI_PHASE_REST] = "rest",
    };

    return names[phase];
}

const char *fcgi_value_name(enum fcgi_value value)
{
    static const char *const names[FCGI_VALUES] = {
        [FCGI_VALUE_MAX_CONNS] = "FCGI_MAX_CONNS",
        [FCGI_VALUE_MAX_REQS] = "FCGI_MAX_REQS",
        [FCGI_VALUE_MPXS_CONNS] = "FCGI_MPXS_CONNS",
    };

    return names[value];
}

/* Text that is put together piece by piece, and never overflows. */
struct text {
    char *buf;
    size_t size, length;
};

static void add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text->buf + text->length, text->size - text->length, format,
                  args);
    va_end(args);
    if (n > 0)
        text->length += (size_t)n;
    if (text->length >= text->size)
        text->length = text->size - 1;
}

static void add_seconds(struct text *text, uint64_t ns)
{
    uint64_t ms = (ns + 500000) / 1000000;

    if (ms < 1000)
        add(text, "%" PRIu64 " ms", ms);
    else
        add(text, "%" PRIu64 ".%" PRIu64 " s", ms / 1000, ms % 1000 / 100);
}

static void timed_out(struct text *text, const struct fcgi_probe *probe)
{
    static const char *const doing[FCGI_PHASES] = {
        [FCGI_PHASE_RESOLVE] = "looking the name up",
        [FCGI_PHASE_CONNECT] = "connecting",
        [FCGI_PHASE_SEND] = "sending the request",
        [FCGI_PHASE_FIRST_BYTE] = "waiting for the first byte",
        [FCGI_PHASE_REST] = "waiting for the rest of the answer",
    };
    const struct fcgi_probe_result *result = &probe->result;

    add(text, "timed out after ");
    add_seconds(text, result->total + result->times[FCGI_PHASE_RESOLVE]);
    add(text, " %s", doing[result->phase]);
    if (result->error == EAGAIN)
        add(text,
            "; the socket's backlog is full, the application does not "
            "accept");
    else if (result->phase == FCGI_PHASE_FIRST_BYTE)
        add(text, "; all processes may be busy, or it speaks another protocol");
    else if (result->phase == FCGI_PHASE_REST)
        add(text, "; %" PRIu64 " bytes had come", result->bytes);
}

static void refused(struct text *text, const struct fcgi_probe *probe)
{
    const struct fcgi_endpoint *endpoint = probe->endpoint;
    struct stat status;

    add(text, "refused: ");
    if (endpoint->kind == FCGI_ENDPOINT_TCP)
        add(text,
            "nothing listens on this port; is the application running, "
            "and is this its port?");
    else if (probe->result.error == EPROTOTYPE)
        add(text, "this socket is not a stream socket");
    else if (stat(endpoint->path, &status) == 0 && !S_ISSOCK(status.st_mode))
        add(text, "this is no socket, but %s",
            S_ISREG(status.st_mode)   ? "a regular file"
            : S_ISDIR(status.st_mode) ? "a directory"
                                      : "something else");
    else
        add(text, "the socket is there, but nothing listens on it");
}

/* What servers of other protocols say first. */
static const char *guess(const uint8_t *first, size_t n)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *name;
    } known[] = {
        {"HTTP/", 5, "an HTTP server"},
        {"<!DOCTYPE", 9, "an HTTP server"},
        {"<html", 5, "an HTTP server"},
        {"SSH-", 4, "an SSH server"},
        {"\x15\x03", 2, "a server that wants TLS"},
        {"220", 3, "a mail or FTP server"},
        {"+OK", 3, "a POP3 or Redis server"},
        {"-ERR", 4, "a Redis server"},
        {"* OK", 4, "an IMAP server"},
        {"ERROR\r", 6, "a memcached server"},
        {"\x00\x00\x12\x04", 4, "an HTTP/2 server"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (n >= known[i].length &&
            memcmp(first, known[i].bytes, known[i].length) == 0)
            return known[i].name;
    return NULL;
}

static void not_fastcgi(struct text *text,
                        const struct fcgi_probe_result *result)
{
    const char *name = guess(result->first, result->n_first);

    add(text, "not FastCGI: it answers \"");
    text->length = fcgi_escape(text->buf, text->size, text->length,
                               (const char *)result->first, result->n_first);
    add(text, "\"");
    if (name != NULL)
        add(text, "; this is %s", name);
}

static void closed(struct text *text, const struct fcgi_probe *probe)
{
    const struct fcgi_probe_result *result = &probe->result;

    add(text, "%s",
        result->failure == FCGI_FAILURE_RESET
            ? "the connection was reset "
            : "the application closed the connection ");
    if (result->phase == FCGI_PHASE_CONNECT)
        add(text, "while connecting");
    else if (result->bytes == 0)
        add(text, "before an answer");
    else
        add(text, "after %" PRIu64 " bytes, before the answer was whole",
            result->bytes);
}

static void answer(struct text *text, const struct fcgi_probe_result *result)
{
    switch (result->failure) {
    case FCGI_FAILURE_OVERLOADED:
        add(text,
            "the application says that it is overloaded "
            "(FCGI_OVERLOADED)");
        return;
    case FCGI_FAILURE_NO_MPX:
        add(text,
            "the application takes no further request on this "
            "connection (FCGI_CANT_MPX_CONN)");
        return;
    case FCGI_FAILURE_UNKNOWN_ROLE:
        add(text,
            "the application does not know this role "
            "(FCGI_UNKNOWN_ROLE)");
        return;
    default:
        add(text, "%s", fcgi_failure_name(result->failure));
    }
}

const char *fcgi_failure_text(const struct fcgi_probe *probe, char *buf,
                              size_t size)
{
    const struct fcgi_probe_result *result = &probe->result;
    struct text text = {.buf = buf, .size = size};

    buf[0] = '\0';
    switch (result->failure) {
    case FCGI_FAILURE_NONE:
        add(&text, "ok");
        break;
    case FCGI_FAILURE_RESOLVE:
        add(&text, "unknown host %s: %s", probe->endpoint->host,
            result->why != NULL ? result->why : "it has no address");
        break;
    case FCGI_FAILURE_REFUSED:
        refused(&text, probe);
        break;
    case FCGI_FAILURE_NO_SOCKET:
        fcgi_socket_path_missing(probe->endpoint->path, buf, size);
        break;
    case FCGI_FAILURE_DENIED:
        if (probe->endpoint->kind == FCGI_ENDPOINT_UNIX)
            fcgi_socket_path_denied(probe->endpoint->path, true, buf, size);
        else
            add(&text,
                "permission denied: a rule of this machine (a "
                "firewall?) forbids the connection");
        break;
    case FCGI_FAILURE_UNREACHABLE:
        add(&text, "unreachable: %s", strerror(result->error));
        break;
    case FCGI_FAILURE_TIMEOUT:
        timed_out(&text, probe);
        break;
    case FCGI_FAILURE_CLOSED:
    case FCGI_FAILURE_RESET:
        closed(&text, probe);
        break;
    case FCGI_FAILURE_NOT_FASTCGI:
        not_fastcgi(&text, result);
        break;
    case FCGI_FAILURE_PROTOCOL:
        add(&text, "protocol error at byte %" PRIu64 " of the answer: %s",
            result->offset, result->why);
        break;
    case FCGI_FAILURE_LOCAL:
        add(&text, "this machine cannot: %s", strerror(result->error));
        break;
    default:
        answer(&text, result);
        break;
    }
    return buf;
}
