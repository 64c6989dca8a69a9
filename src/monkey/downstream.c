/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/downstream.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "monkey/rules.h"

/* --- bytes ---------------------------------------------------------------- */

ssize_t fcgi_monkey_downstream_receive(struct fcgi_monkey_downstream *client,
                                       void *buf, size_t size)
{
    int most = size > INT_MAX ? INT_MAX : (int)size;
    int n;

    client->more = false;
    /* As Monkey's own layer does, by a call that costs less on a socket. */
    if (!client->tls)
        return recv(client->view.event->fd, buf, size, MSG_DONTWAIT);
    n = fcgi_monkey_conn_read(&client->view, buf, most);
    client->more = n > most;
    return client->more ? most : n;
}

bool fcgi_monkey_downstream_hold(struct fcgi_monkey_downstream *client,
                                 const char *bytes, size_t length)
{
    size_t held = client->end - client->begin;

    if (length > client->size - client->end) {
        size_t size = held + length < 2 * held ? 2 * held : held + length;
        char *larger = malloc(size);

        if (larger == NULL)
            return false;
        if (held > 0)
            memcpy(larger, client->held + client->begin, held);
        free(client->held);
        client->held = larger;
        client->size = size;
        client->begin = 0;
        client->end = held;
    }
    memcpy(client->held + client->end, bytes, length);
    client->end += length;
    return true;
}

void fcgi_monkey_downstream_drop(struct fcgi_monkey_downstream *client,
                                 size_t length)
{
    client->begin += length;
}

void fcgi_monkey_downstream_tidy(struct fcgi_monkey_downstream *client)
{
    if (client->begin < client->end || client->held == NULL)
        return;
    free(client->held);
    client->held = NULL;
    client->begin = client->end = client->size = 0;
}

/* --- the body ------------------------------------------------------------- */

/* Reads what is behind the head: what is held first. */
static ssize_t read_raw(struct fcgi_monkey_downstream *client, void *buf,
                        size_t size)
{
    size_t held = client->end - client->begin;
    ssize_t n;

    if (client->stored != NULL) {
        memcpy(buf, client->stored, size);
        client->stored += size;
        return (ssize_t)size;
    }
    if (held > 0) {
        size = size < held ? size : held;
        memcpy(buf, client->held + client->begin, size);
        fcgi_monkey_downstream_drop(client, size);
        return (ssize_t)size;
    }
    n = fcgi_monkey_downstream_receive(client, buf, size);
    /* A layer of Monkey 1.8 does not say that it has more. */
    client->more = client->more || (client->tls && n == (ssize_t)size);
    if (n == 0) {
        errno = ECONNRESET; /* the body is not whole */
        return -1;
    }
    return n;
}

static ssize_t read_length(struct fcgi_monkey_downstream *client, void *buf,
                           size_t size)
{
    ssize_t n;

    if (client->body_left == 0)
        return 0;
    if (size > client->body_left)
        size = (size_t)client->body_left;
    n = read_raw(client, buf, size);
    if (n > 0)
        client->body_left -= (uint64_t)n;
    return n;
}

/* Puts bytes that were read too far back in front of what is held. */
static bool put_back(struct fcgi_monkey_downstream *client, const char *bytes,
                     size_t length)
{
    if (length == 0)
        return true;
    if (client->begin < length)
        return fcgi_monkey_downstream_hold(client, bytes, length);
    client->begin -= length;
    memcpy(client->held + client->begin, bytes, length);
    return true;
}

/* Decodes chunks where they lie. Returns the length of the content; -1 where it
 * is no valid encoding, or memory is short. */
static ssize_t decode(struct fcgi_monkey_downstream *client, char *bytes,
                      size_t length)
{
    struct fcgi_http_unchunked out;

    switch (fcgi_http_chunked_decode(&client->chunked, bytes, length, &out)) {
    case FCGI_HTTP_CHUNKED_MORE:
        break;
    case FCGI_HTTP_CHUNKED_DONE:
        client->body = FCGI_HTTP_NO_BODY;
        errno = ENOMEM;
        if (!put_back(client, bytes + out.used, length - out.used))
            return -1;
        break;
    default:
        errno = EBADMSG;
        return -1;
    }
    return (ssize_t)out.decoded;
}

static ssize_t read_chunks(struct fcgi_monkey_downstream *client, void *buf,
                           size_t size)
{
    ssize_t n;

    do {
        n = read_raw(client, buf, size);
        if (n > 0)
            n = decode(client, buf, (size_t)n);
    } while (n == 0 && client->body == FCGI_HTTP_CHUNKED);
    return n;
}

static ssize_t read_body(void *handle, void *buf, size_t size)
{
    struct fcgi_monkey_downstream *client = handle;

    switch (client->body) {
    case FCGI_HTTP_LENGTH:
        return read_length(client, buf, size);
    case FCGI_HTTP_CHUNKED:
        return read_chunks(client, buf, size);
    case FCGI_HTTP_NO_BODY:
        break;
    }
    return 0;
}

/* --- the gateway's host --------------------------------------------------- */

static ssize_t write_client(void *handle, const void *bytes, size_t length)
{
    const struct fcgi_monkey_downstream *client = handle;

    if (!client->tls)
        return send(client->view.event->fd, bytes, length,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    return fcgi_monkey_conn_write(&client->view, bytes,
                                  length > INT_MAX ? INT_MAX : length);
}

static int watch(void *handle)
{
    struct fcgi_monkey_downstream *client = handle;

    if (!client->taken)
        fcgi_monkey_conn_leave(client->worker->api, &client->view);
    client->taken = true;
    return 0;
}

/* Gives the descriptor back to Monkey's loop, to be watched for READ or
 * WRITE. */
static void give_descriptor_back(struct fcgi_monkey_downstream *client,
                                 uint32_t mask)
{
    if (client->taken)
        fcgi_monkey_conn_return(&client->view);
    if (client->taken || mask != MK_EVENT_READ)
        fcgi_monkey_conn_watch(client->worker->api, &client->view, mask);
    client->taken = false;
    fcgi_monkey_conn_start_timeout(client->worker->api, client->worker->config,
                                   &client->view);
}

void fcgi_monkey_downstream_end(struct fcgi_monkey_downstream *client)
{
    client->phase = FCGI_MONKEY_CLOSING;
    /* As soon as the socket is writable, Monkey's loop asks the gate whether
     * all is sent, which has it close the connection then. */
    give_descriptor_back(client, MK_EVENT_WRITE);
}

/*
 * What the logger is told. It dies of a status below 400 that it does not
 * know, so such a one is logged as its nearest relative; what the client was
 * sent is the real one. 499 is nginx' number for a client that went away before
 * it was sent anything.
 */
static int logged_status(int status)
{
    if (status >= 400 || (status >= 200 && status <= 206) ||
        (status >= 300 && status <= 305))
        return status;
    switch (status) {
    case 0:
        return 499;
    case 308:
        return 301;
    }
    return status >= 300 ? 302 : 200;
}

/* Ends a request that the core knows. */
static void end_core_request(struct fcgi_monkey_downstream *client,
                             const struct fcgi_outcome *outcome)
{
    struct fcgi_monkey_thread *worker = client->worker;
    struct fcgi_monkey_conn_view view = client->view;
    struct mk_request *sr = client->sr;
    bool gated = client->gated;

    sr->headers.status = logged_status(outcome->status);
    sr->headers.content_length = outcome->body_bytes > INT_MAX
                                     ? INT_MAX /* as the logger reads it */
                                     : (long)outcome->body_bytes;
    client->sr = NULL;
    client->taken = false;
    client->stored = NULL;
    client->phase = outcome->close    ? FCGI_MONKEY_CLOSING
                    : client->through ? FCGI_MONKEY_THROUGH
                                      : FCGI_MONKEY_HEAD;
    if (!gated)
        fcgi_monkey_downstream_free(client);
    fcgi_monkey_give_back(worker->api, worker->config, &view, sr,
                          outcome->close);
}

/* Ends a request of the fast lane. */
static void end_own_request(struct fcgi_monkey_downstream *client,
                            const struct fcgi_outcome *outcome)
{
    if (outcome->close) {
        fcgi_monkey_downstream_end(client);
        return;
    }
    client->phase = FCGI_MONKEY_HEAD;
    give_descriptor_back(client, MK_EVENT_READ);
}

static void done(void *handle, const struct fcgi_outcome *outcome)
{
    struct fcgi_monkey_downstream *client = handle;
    bool gated = client->gated;

    client->exchange = NULL;
    if (outcome->reset) {
        /* Resets the connection now: a TLS layer would otherwise say, when it
         * closes, that all was sent. */
        const struct sockaddr none = {.sa_family = AF_UNSPEC};

        connect(client->view.event->fd, &none, sizeof(none));
    }
    if (client->sr != NULL)
        end_core_request(client, outcome);
    else
        end_own_request(client, outcome);
    if (gated)
        client->on_idle(client);
}

static bool is_plain(void *handle, const char *path, size_t length)
{
    const struct fcgi_monkey_downstream *client = handle;

    return fcgi_monkey_rules_is_plain(client->worker->pool, client->site,
                                      (struct fcgi_text){path, length});
}

/* As the core finds it. */
static struct fcgi_text type_of(struct fcgi_text name)
{
    static const size_t skip = sizeof("Content-Type: ") - 1;
    const struct fcgi_monkey_monkey *monkey = &fcgi_monkey_monkey;
    const char *dot = memrchr(name.data, '.', name.length);
    const struct mk_mimetype *type;
    char extension[32];
    size_t n = dot != NULL ? (size_t)(name.data + name.length - dot) - 1 : 0;

    if (n == 0 || n >= sizeof(extension))
        return (struct fcgi_text){NULL, 0};
    memcpy(extension, dot + 1, n);
    extension[n] = '\0';
    type = monkey->api->mimetype_lookup(MK_MIMETYPE_ARGUMENT(monkey->config)
                                            extension);
    if (type == NULL || type->header.len < skip + 2)
        return (struct fcgi_text){NULL, 0};
    return (struct fcgi_text){type->header.data + skip,
                              type->header.len - skip - 2};
}

struct fcgi_host fcgi_monkey_downstream_host = {
    .write = write_client,
    .read = read_body,
    .is_plain = is_plain,
    .type = type_of,
    .watch = watch,
    .done = done,
    .log = fcgi_monkey_log,
};

/* --- begin ---------------------------------------------------------------- */

/* TLS: the network layer belongs to a plugin, or a listener, that says so. */
static bool is_tls(const struct mk_api *api,
                   const struct fcgi_monkey_conn_view *view)
{
    const struct mk_list *plugins = api->plugins, *node;

    if (view->listen != NULL)
        return view->listen->listen->flags & MK_CAP_SOCK_TLS;
    for (node = plugins->next; node != plugins; node = node->next) {
        const struct mk_plugin *plugin =
            MK_ENTRY(node, const struct mk_plugin, head);

        if (plugin->network == view->net)
            return plugin->capabilities & MK_CAP_SOCK_TLS;
    }
    return false;
}

void fcgi_monkey_downstream_init(struct fcgi_monkey_downstream *client,
                                 struct fcgi_monkey_thread *worker,
                                 enum fcgi_monkey_family family, void *conn)
{
    client->worker = worker;
    client->conn = conn;
    fcgi_monkey_conn_view(family, conn, &client->view);
    client->tls = is_tls(worker->api, &client->view);
}

struct fcgi_monkey_downstream *
fcgi_monkey_downstream_new(struct fcgi_monkey_thread *worker,
                           enum fcgi_monkey_family family, void *conn)
{
    struct fcgi_monkey_downstream *client = calloc(1, sizeof(*client));

    if (client != NULL)
        fcgi_monkey_downstream_init(client, worker, family, conn);
    return client;
}

void fcgi_monkey_downstream_name(struct fcgi_monkey_downstream *client,
                                 struct fcgi_http_request *request)
{
    int fd = client->view.event->fd;
    socklen_t length = sizeof(client->peer);

    if (!client->named) {
        /* They fail where the client has reset the connection already. */
        if (getpeername(fd, (struct sockaddr *)&client->peer, &length) < 0)
            memset(&client->peer, 0, sizeof(client->peer));
        length = sizeof(client->local);
        if (getsockname(fd, (struct sockaddr *)&client->local, &length) < 0)
            memset(&client->local, 0, sizeof(client->local));
        client->named = true;
    }
    request->peer = client->peer;
    request->local = client->local;
    request->tls = client->tls;
}

bool fcgi_monkey_downstream_start(struct fcgi_monkey_downstream *client,
                                  struct mk_request *sr,
                                  const struct fcgi_http_request *request,
                                  const struct fcgi_script *script,
                                  const struct mk_list *params)
{
    client->sr = sr;
    client->site = request->site;
    client->taken = sr != NULL;
    client->requests++;
    client->phase = FCGI_MONKEY_OURS;
    client->body = request->framing;
    client->body_left = request->content_length;
    fcgi_http_chunked_init(&client->chunked);
    client->exchange = fcgi_gateway_start(
        client->worker->gateway, client, client->view.event->fd, request,
        script, fcgi_monkey_rules_allow, params);
    if (client->exchange == NULL)
        return false;
    fcgi_monkey_conn_stop_timeout(&client->view);
    return true;
}

void fcgi_monkey_downstream_abandon(struct fcgi_monkey_downstream *client)
{
    if (client->exchange != NULL)
        fcgi_exchange_abandon(client->exchange);
    client->exchange = NULL;
    client->sr = NULL;
    client->phase = FCGI_MONKEY_CLOSING;
}

void fcgi_monkey_downstream_free(struct fcgi_monkey_downstream *client)
{
    free(client->held);
    client->held = NULL;
    client->begin = client->end = client->size = 0;
    if (!client->gated)
        free(client);
}
