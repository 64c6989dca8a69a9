/* SPDX-License-Identifier: Apache-2.0
 *
 * Listening sockets.
 *
 * All workers bind the same addresses with SO_REUSEPORT, which another
 * process of the same user could do as well and so take half of the
 * connections unnoticed. Hence a check before, without that option.
 */
#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event.h"
#include "log.h"
#include "mem.h"
#include "monkeyconf/monkeyconf.h"
#include "pieces.h"
#include "serve.h"

#define BACKLOG 128

void serve_listen_add_parts(const char *address, const char *port)
{
    struct mk_listener *listener = serve_mem_alloc_z(sizeof(*listener));

    listener->address = serve_mem_dup(address);
    listener->port = serve_mem_dup(port);
    listener->flags = MK_CAP_HTTP | serve_pieces_capability();
    serve_list_add(&listener->head, &serve.config.listeners);
}

const char *serve_listen_add(const char *value)
{
    struct fcgi_monkeyconf_listen listen;
    const char *why =
        fcgi_monkeyconf_listen_parse(value, MK_ABI == 18, &listen);
    char *address, *port;

    if (why != NULL)
        return why;
    address = listen.address.length > 0
                  ? serve_mem_cut(listen.address.at, listen.address.length)
                  : serve_mem_dup("0.0.0.0");
    port = serve_mem_cut(listen.port.at, listen.port.length);
    serve_listen_add_parts(address, port);
    serve_mem_free(address);
    serve_mem_free(port);
    return listen.tls || listen.nothing ? SERVE_NO_TLS : NULL;
}

void serve_listen_free(void)
{
    for (SERVE_EACH(struct mk_listener, listener, head,
                    &serve.config.listeners)) {
        serve_mem_free(listener->address);
        serve_mem_free(listener->port);
        serve_mem_free(listener);
    }
    serve_list_init(&serve.config.listeners);
}

/* A bound socket, or -1 after a message. */
static int bind_socket(const struct mk_listener *l, bool reuse_port)
{
    struct addrinfo hints = {0};
    struct addrinfo *found = NULL;
    int on = 1;
    int fd = -1;
    int e;

    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    e = getaddrinfo(l->address, l->port, &hints, &found);
    if (e != 0) {
        serve_err("cannot listen on %s: %s", l->address, gai_strerror(e));
        return -1;
    }
    fd =
        socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (reuse_port)
            setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    }
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0) {
        serve_err("cannot listen on %s port %s: %s%s", l->address, l->port,
                  strerror(errno),
                  errno == EADDRINUSE ? "; choose another with -p" : "");
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

static void learn_port(struct mk_listener *l, int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char port[NI_MAXSERV];

    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, NULL, 0, port,
                    sizeof(port), NI_NUMERICSERV) != 0)
        return;
    serve_mem_free(l->port);
    l->port = serve_mem_dup(port);
}

int serve_listen_check(void)
{
    int r = 0;

    for (SERVE_EACH(struct mk_listener, l, head, &serve.config.listeners)) {
        int fd = bind_socket(l, false);

        if (fd < 0) {
            r = -1;
            continue;
        }
        if (strcmp(l->port, "0") == 0)
            learn_port(l, fd);
        close(fd);
    }
    return r;
}

/* What moves the bytes: the built-in plugin, or, in 1.8, its layer alone. */
static void set_network(struct mk_server_listen *listener)
{
#if MK_ABI == 16
    listener->network =
        MK_ENTRY(serve.config.plugins.next, struct mk_plugin, head);
#else
    listener->network = &serve.network;
#endif
}

int serve_listen_open(struct mk_list *listeners)
{
    for (SERVE_EACH(struct mk_listener, l, head, &serve.config.listeners)) {
        int fd = bind_socket(l, true);
        struct mk_server_listen *listener;

        if (fd < 0)
            return -1;
        if (listen(fd, BACKLOG) != 0) {
            serve_err("cannot listen on %s port %s: %s", l->address, l->port,
                      strerror(errno));
            close(fd);
            return -1;
        }
        listener = serve_mem_alloc_z(sizeof(*listener));
        listener->event.fd = fd;
        listener->event.type = MK_EVENT_LISTENER;
        listener->event.status = MK_EVENT_NONE;
        listener->server_fd = fd;
        set_network(listener);
        listener->protocol = &serve.protocol;
        listener->listen = l;
        serve_list_add(&listener->head, listeners);
    }
    return 0;
}

void serve_listen_watch(struct mk_list *listeners, struct mk_event_loop *loop)
{
    for (SERVE_EACH(struct mk_server_listen, listener, head, listeners)) {
        serve_ev_add(loop, listener->server_fd, MK_EVENT_LISTENER,
                     MK_EVENT_READ, listener);
    }
}

void serve_listen_close(struct mk_list *listeners)
{
    for (SERVE_EACH(struct mk_server_listen, listener, head, listeners)) {
        close(listener->server_fd);
        serve_mem_free(listener);
    }
    serve_list_init(listeners);
}
