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
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "common/cli.h"
#include "log.h"
#include "mem.h"
#include "serve.h"

static int access_fd = -1;
static bool on_terminal;

int serve_access_open(void)
{
    const char *file = serve.options->access_log;

    on_terminal = !serve.options->quiet &&
                  (serve.options->verbose || isatty(STDOUT_FILENO) == 1);
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

static bool is_open(void)
{
    return access_fd >= 0 || on_terminal;
}

void serve_access_peek(void *conn)
{
    struct serve_client *client = serve_client_of(conn);
    char line[1024], *target;
    int saved = errno;
    size_t length;
    ssize_t n;

    if (!is_open() || client->target[0] != '\0')
        return;
    n = recv(serve_conn_event(conn)->fd, line, sizeof(line) - 1,
             MSG_PEEK | MSG_DONTWAIT);
    errno = saved;
    line[n > 0 ? n : 0] = '\0';
    target = strchr(line, ' ');
    if (target == NULL || target[1] != '/')
        return;
    length = strcspn(++target, " \r\n");
    if (target[length] != '\0' || n == sizeof(line) - 1)
        snprintf(client->target, sizeof(client->target), "%.*s", (int)length,
                 target);
}

/* Since the first byte of the request was there, in milliseconds. */
static double elapsed(struct mk_session *cs)
{
    const struct timespec *begun = &serve_client(cs)->begun;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begun->tv_sec) * 1e3 +
           (double)(now.tv_nsec - begun->tv_nsec) / 1e6;
}

/* The line on standard output, its status in a colour where that has them. */
static void print(const char *line, size_t length, size_t status_at, int status)
{
    const char *color = status >= 500   ? "\033[31m"
                        : status >= 400 ? "\033[33m"
                        : status >= 300 ? "\033[36m"
                                        : "\033[32m";

    if (fcgi_cli_color(FCGI_CLI_AUTO, stdout))
        printf("%.*s%s%d\033[0m%s", (int)status_at, line, color, status,
               line + status_at + 3);
    else
        fwrite(line, 1, length, stdout);
    fflush(stdout);
}

static void write_line(struct mk_session *cs, struct mk_request *sr,
                       const char *ip)
{
    long size = sr->headers.content_length;
    int status = sr->headers.status;
    char *target = serve_client(cs)->target;
    const struct mk_ptr asked = {target, strlen(target)};
    size_t at, status_at;
    char line[1024];

    at = (size_t)snprintf(line, sizeof(line), "%s \"", ip);
    at = put(line, at, sizeof(line) - 64, &sr->method_p);
    line[at++] = ' ';
    at = put(line, at, sizeof(line) - 96, asked.len > 0 ? &asked : &sr->uri);
    target[0] = '\0';
    line[at++] = ' ';
    at = put(line, at, sizeof(line) - 80, &sr->protocol_p);
    line[at++] = '"';
    line[at++] = ' ';
    status_at = at;
    at += (size_t)snprintf(line + at, sizeof(line) - at, "%03d %ld %.3f ms\n",
                           status, size < 0 ? 0 : size, elapsed(cs));
    if (on_terminal)
        print(line, at, status_at, status);
    if (access_fd >= 0 && write(access_fd, line, at) < 0)
        serve_err("cannot write the access log: %s", strerror(errno));
}

void serve_access_line(struct mk_session *cs, struct mk_request *sr)
{
    struct serve_client *client = serve_client(cs);
    int saved = errno;
    char ip[64];
    char *buf = ip;
    unsigned long len;

    if (client->logged || !is_open())
        return;
    client->logged = true;
    /* Without an address there is no line: the client has reset. */
    if (serve_socket_ip_str(cs->socket, &buf, sizeof(ip), &len) == 0) {
        check_status(sr->headers.status);
        write_line(cs, sr, ip);
    }
    errno = saved;
}

static int stage40(struct mk_session *cs, struct mk_request *sr)
{
    serve_access_line(cs, sr);
    return MK_CONTINUE;
}

void serve_access_hook(void)
{
    struct mk_stage *entry;

    if (!is_open())
        return; /* as Monkey without its logger */
    entry = serve_mem_alloc_z(sizeof(*entry));
    entry->stage40 = stage40;
    serve_list_add(&entry->head, &serve.config.stage40_handler);
}
