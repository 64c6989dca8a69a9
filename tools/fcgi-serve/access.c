/* SPDX-License-Identifier: Apache-2.0
 *
 * The line per request.
 *
 * It takes status and size from the places where Monkey's logger plugin takes
 * them, and where that one crashes of a status, so does this (trap r).
 */
#include "access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "log.h"
#include "mem.h"
#include "serve.h"

static int access_fd = -1;

int serve_access_open(void)
{
    const char *file = serve.options->access_log;

    if (file == NULL)
        return 0;
    access_fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (access_fd < 0)
        serve_err("%s: cannot write the access log: %s", file, strerror(errno));
    return access_fd < 0 ? -1 : 0;
}

void serve_access_close(void)
{
    if (access_fd >= 0)
        close(access_fd);
    access_fd = -1;
}

/* Appends a part of the request line; what could play tricks on a terminal
 * is written as \xHH. */
static size_t put(char *line, size_t at, size_t size, const struct mk_ptr *part)
{
    static const char hex[] = "0123456789abcdef";

    if (part->data == NULL)
        return at + 1 < size ? (size_t)(stpcpy(line + at, "-") - line) : at;
    for (unsigned long i = 0; i < part->len && at + 5 < size; i++) {
        unsigned char c = (unsigned char)part->data[i];

        if (c > 31 && c < 127 && c != '"' && c != '\\') {
            line[at++] = (char)c;
            continue;
        }
        line[at++] = '\\';
        line[at++] = 'x';
        line[at++] = hex[c >> 4];
        line[at++] = hex[c & 15];
    }
    return at;
}

static void check_status(int status)
{
    static const int first_last[][2] = {{100, 101}, {200, 206}, {300, 305}};

    if (status >= 400)
        return;
    for (size_t i = 0; i < 3; i++)
        if (status >= first_last[i][0] && status <= first_last[i][1])
            return;
    serve_trap_abort(
        "r",
        "status %d at stage 40: Monkey's logger plugin crashes of a "
        "status below 400 that it does not know",
        status);
}

static bool on_terminal(void)
{
    return !serve.options->quiet &&
           (serve.options->verbose || isatty(STDOUT_FILENO) == 1);
}

static void write_line(struct mk_request *sr, const char *ip)
{
    long size = sr->headers.content_length;
    char line[1024];
    size_t at;

    at = (size_t)snprintf(line, sizeof(line), "%s \"", ip);
    at = put(line, at, sizeof(line) - 64, &sr->method_p);
    line[at++] = ' ';
    at = put(line, at, sizeof(line) - 64, &sr->uri);
    line[at++] = ' ';
    at = put(line, at, sizeof(line) - 64, &sr->protocol_p);
    at += (size_t)snprintf(line + at, sizeof(line) - at, "\" %d %d\n",
                           sr->headers.status, size < 0 ? 0 : (int)size);
    if (on_terminal()) {
        fwrite(line, 1, at, stdout);
        fflush(stdout);
    }
    if (access_fd >= 0 && write(access_fd, line, at) < 0)
        serve_err("cannot write the access log: %s", strerror(errno));
}

/* The line of a finished request. Leaves errno alone. */
static int stage40(struct mk_session *cs, struct mk_request *sr)
{
    int saved = errno;
    char ip[64];
    char *buf = ip;
    unsigned long len;

    /* Without an address there is no line: the client has reset. */
    if (serve_socket_ip_str(cs->socket, &buf, sizeof(ip), &len) == 0) {
        check_status(sr->headers.status);
        write_line(sr, ip);
    }
    errno = saved;
    return MK_CONTINUE;
}

void serve_access_hook(void)
{
    struct mk_stage *entry;

    if (access_fd < 0 && !on_terminal())
        return; /* as Monkey without its logger */
    entry = serve_mem_alloc_z(sizeof(*entry));
    entry->stage40 = stage40;
    serve_list_add(&entry->head, &serve.config.stage40_handler);
}
