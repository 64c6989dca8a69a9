/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP server of --listen. A connection that is one too many is closed at
 * once; one that takes too long is closed, too.
 */
#include "fcgi-ping/exporter.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum state { FREE, READING, WAITING, WRITING };

struct client {
    struct fcgi_exporter *exporter;
    enum state state;
    struct fcgi_loop_io io;
    struct fcgi_loop_timer timer; /* while it is the client's turn */
    bool head_only;
    char head[FCGI_EXPORTER_HEAD];
    size_t n_head;
    char *answer;
    size_t length, written;
};

struct fcgi_exporter {
    struct fcgi_loop *loop;
    struct fcgi_loop_io io;
    void (*wanted)(void *data);
    void *data;
    char where[NI_MAXHOST + NI_MAXSERV + 4];
    struct client clients[FCGI_EXPORTER_CONNECTIONS];
};

static void drop(struct client *client)
{
    struct fcgi_loop *loop = client->exporter->loop;

    fcgi_loop_remove(loop, &client->io);
    fcgi_loop_stop_timer(loop, &client->timer);
    close(client->io.fd);
    free(client->answer);
    client->answer = NULL;
    client->state = FREE;
}

static void timed_out(struct fcgi_loop_timer *timer)
{
    drop(FCGI_LOOP_OWNER(timer, struct client, timer));
}

static void set_timer(struct client *client)
{
    struct fcgi_loop *loop = client->exporter->loop;

    fcgi_loop_set_timer(loop, &client->timer,
                        fcgi_loop_now(loop) + FCGI_EXPORTER_TIMEOUT);
}

static void go_on_writing(struct client *client)
{
    while (client->written < client->length) {
        ssize_t n =
            send(client->io.fd, client->answer + client->written,
                 client->length - client->written, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN &&
            fcgi_loop_modify(client->exporter->loop, &client->io, EPOLLOUT) ==
                0)
            return;
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            client->written += (size_t)n;
    }
    shutdown(client->io.fd, SHUT_WR);
    drop(client);
}

static void answer(struct client *client, const char *status, const char *text,
                   size_t length)
{
    size_t size;
    FILE *out = open_memstream(&client->answer, &size);

    client->state = WRITING;
    if (out == NULL) {
        drop(client);
        return;
    }
    fprintf(out,
            "HTTP/1.1 %s\r\n"
            "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
            "Content-Length: %zu\r\n"
            "%s"
            "Connection: close\r\n\r\n",
            status, length,
            strncmp(status, "405", 3) == 0 ? "Allow: GET, HEAD\r\n" : "");
    if (!client->head_only)
        fwrite(text, 1, length, out);
    if (fclose(out) != 0) {
        drop(client);
        return;
    }
    client->length = size;
    client->written = 0;
    set_timer(client);
    go_on_writing(client);
}

static void refuse(struct client *client, const char *status)
{
    char text[64];

    answer(client, status, text,
           (size_t)snprintf(text, sizeof(text), "%s\n", status));
}

static bool anybody_waits(const struct fcgi_exporter *exporter)
{
    for (size_t i = 0; i < FCGI_EXPORTER_CONNECTIONS; i++)
        if (exporter->clients[i].state == WAITING)
            return true;
    return false;
}

/* The request's line: what it asks for. */
static void take_request(struct client *client)
{
    struct fcgi_exporter *exporter = client->exporter;
    size_t method = strcspn(client->head, " \r\n");
    const char *path = client->head + method + 1;
    size_t length = strcspn(path, "? \r\n");
    bool waits;

    if (client->head[method] != ' ' || path[0] != '/' ||
        strncmp(path + strcspn(path, " \r\n"), " HTTP/1.", 8) != 0) {
        refuse(client, "400 Bad Request");
        return;
    }
    client->head_only = method == 4 && memcmp(client->head, "HEAD", 4) == 0;
    if (!client->head_only &&
        (method != 3 || memcmp(client->head, "GET", 3) != 0)) {
        refuse(client, "405 Method Not Allowed");
    } else if (length != 8 || memcmp(path, "/metrics", 8) != 0) {
        refuse(client, "404 Not Found");
    } else {
        waits = anybody_waits(exporter);
        client->state = WAITING;
        fcgi_loop_stop_timer(exporter->loop, &client->timer);
        if (!waits)
            exporter->wanted(exporter->data);
    }
}

static void ready(struct fcgi_loop_io *io, uint32_t events)
{
    struct client *client = FCGI_LOOP_OWNER(io, struct client, io);
    size_t room = sizeof(client->head) - 1 - client->n_head;
    char rest[512];
    ssize_t n;

    (void)events;
    if (client->state == WRITING) {
        go_on_writing(client);
        return;
    }
    if (client->state == WAITING) { /* only its end is of interest */
        n = recv(io->fd, rest, sizeof(rest), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            drop(client);
        return;
    }
    n = recv(io->fd, client->head + client->n_head, room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(client);
        return;
    }
    client->n_head += (size_t)n;
    client->head[client->n_head] = '\0';
    if (strstr(client->head, "\r\n\r\n") != NULL)
        take_request(client);
    else if (client->n_head == sizeof(client->head) - 1)
        refuse(client, "431 Request Header Fields Too Large");
}

static void accept_client(struct fcgi_loop_io *io, uint32_t events)
{
    struct fcgi_exporter *exporter =
        FCGI_LOOP_OWNER(io, struct fcgi_exporter, io);
    int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *client = exporter->clients;

    (void)events;
    if (fd < 0)
        return;
    while (client < exporter->clients + FCGI_EXPORTER_CONNECTIONS &&
           client->state != FREE)
        client++;
    if (client == exporter->clients + FCGI_EXPORTER_CONNECTIONS) {
        close(fd);
        return;
    }
    *client = (struct client){.exporter = exporter,
                              .state = READING,
                              .io = {.fd = fd, .ready = ready},
                              .timer = {.fired = timed_out}};
    if (fcgi_loop_add(exporter->loop, &client->io, EPOLLIN) < 0)
        drop(client);
    else
        set_timer(client);
}

/* The socket, or -1 with `*why`. */
static int listen_on(char *where, const char **why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV},
                    *found;
    char *port = strrchr(where, ':'), *host = where;
    int fd, on = 1;

    *why = "write PORT, ADDRESS:PORT or [V6]:PORT";
    if (port == NULL)
        return -1;
    *port++ = '\0';
    if (host[0] == '[' && port[-2] == ']') {
        port[-2] = '\0';
        host++;
    }
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    fd =
        socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 ||
        listen(fd, FCGI_EXPORTER_CONNECTIONS) < 0) {
        *why = strerror(errno);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

struct fcgi_exporter *fcgi_exporter_open(struct fcgi_loop *loop,
                                         const char *where,
                                         void (*wanted)(void *data), void *data,
                                         const char **why)
{
    struct fcgi_exporter *exporter = calloc(1, sizeof(*exporter));
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    char host[NI_MAXHOST], port[NI_MAXSERV];

    *why = "out of memory";
    if (exporter == NULL)
        return NULL;
    exporter->loop = loop;
    exporter->wanted = wanted;
    exporter->data = data;
    exporter->io.ready = accept_client;
    snprintf(exporter->where, sizeof(exporter->where), "%s%s",
             strchr(where, ':') == NULL ? FCGI_EXPORTER_ADDRESS ":" : "",
             where);
    exporter->io.fd = listen_on(exporter->where, why);
    if (exporter->io.fd < 0) {
        free(exporter);
        return NULL;
    }
    if (getsockname(exporter->io.fd, (struct sockaddr *)&address, &length) ==
            0 &&
        getnameinfo((struct sockaddr *)&address, length, host, sizeof(host),
                    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(exporter->where, sizeof(exporter->where), "%s%s%s:%s",
                 strchr(host, ':') != NULL ? "[" : "", host,
                 strchr(host, ':') != NULL ? "]" : "", port);
    if (fcgi_loop_add(loop, &exporter->io, EPOLLIN) < 0) {
        *why = strerror(errno);
        fcgi_exporter_close(exporter);
        return NULL;
    }
    return exporter;
}

const char *fcgi_exporter_where(const struct fcgi_exporter *exporter)
{
    return exporter->where;
}

void fcgi_exporter_answer(struct fcgi_exporter *exporter, const char *text,
                          size_t length)
{
    for (size_t i = 0; i < FCGI_EXPORTER_CONNECTIONS; i++)
        if (exporter->clients[i].state == WAITING)
            answer(&exporter->clients[i], "200 OK", text, length);
}

void fcgi_exporter_close(struct fcgi_exporter *exporter)
{
    if (exporter == NULL)
        return;
    for (size_t i = 0; i < FCGI_EXPORTER_CONNECTIONS; i++)
        if (exporter->clients[i].state != FREE)
            drop(&exporter->clients[i]);
    fcgi_loop_remove(exporter->loop, &exporter->io);
    close(exporter->io.fd);
    free(exporter);
}
