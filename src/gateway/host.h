/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam: what the gateway is told of a request, and what it asks of the
 * HTTP server that hosts it. A module that knows a host fills it;
 * nothing else of the host is known here.
 */
#ifndef FCGI_GATEWAY_HOST_H
#define FCGI_GATEWAY_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "http/head.h"

struct fcgi_server;

/* Who has to let a request pass, one after the other, before it is served: for
 * each argument one of the servers that `allows` admits with it. The arguments
 * outlive the request. */
#define FCGI_AUTHORIZERS_MAX 4
struct fcgi_authorizers {
    bool (*allows)(const void *arg, const struct fcgi_server *server);
    const void *args[FCGI_AUTHORIZERS_MAX];
    unsigned count;
};

/*
 * One HTTP request; its body is read from the host. What it points to is the
 * host's, and must hold while fcgi_gateway_start() runs.
 */
struct fcgi_http_request {
    struct fcgi_text method;
    struct fcgi_text uri;   /* as it was received, up to the query */
    bool has_query;         /* there was a '?' */
    struct fcgi_text query; /* what follows it */
    struct fcgi_text path;  /* the URI's path, decoded */
    unsigned version;       /* 10 for HTTP/1.0, 11 for HTTP/1.1 */
    bool close;             /* the connection ends with this answer */
    bool tls;
    /* The host may yet take the request back in the call stack that it is
     * handed over in (fcgi_exchange_abandon()): it begins from the loop. */
    bool provisional;
    bool follow_links; /* a symbolic link may be a script */
    /* Whether the host has a page for the path, which is a directory's. Needed
     * where there is a front controller. */
    bool has_index;
    /* Whether the file of a path, taken by itself, is one that the host's
     * rules mean for the same servers. */
    bool (*is_script)(const void *arg, const char *path, size_t length);
    const void *is_script_arg;
    /* The file of the page that the host has for a status, NULL for none; may
     * be NULL itself. It, its argument and the names outlive the request. */
    const char *(*error_page)(const void *arg, int status);
    const void *error_page_arg;
    struct fcgi_text document_root;   /* as its configuration has it */
    struct fcgi_text script_filename; /* the file that the path stands for */
    struct fcgi_text server_name;     /* of the virtual host */
    /* The field Authorization that the host itself has accepted, of the scheme
     * Basic; absent where it has not looked. */
    struct fcgi_text accepted;
    const struct fcgi_http_field *fields; /* as received */
    size_t n_fields;
    enum fcgi_http_body framing; /* how the body is delimited */
    uint64_t content_length;     /* of FCGI_HTTP_LENGTH */
    bool expect_continue; /* the client waits for 100 before it sends it */
    struct sockaddr_storage peer, local;
    const struct fcgi_authorizers *authorizers; /* NULL: none */
    const void *site; /* the host's own, for as long as it runs */
};

/* How an exchange ended. */
struct fcgi_outcome {
    int status;          /* that the client was sent; 0: nothing was */
    uint64_t body_bytes; /* of the answer's body, sent or to be sent */
    bool close;          /* the client's connection must not be used again */
    bool reset;          /* what was sent is not whole and must not look so */
};

enum fcgi_log_level {
    FCGI_LOG_INFO,
    FCGI_LOG_WARNING,
    FCGI_LOG_ERROR,
};

/* What the host does for the gateway. All but `log` run in the thread of the
 * exchange. `client` is the host's own name for the connection. */
struct fcgi_host {
    const char *software; /* for SERVER_SOFTWARE and Server, "Name/1.0" */

    /*
     * Writes to the client as write(2) does: -1 with errno, EAGAIN where the
     * client is slow. Writing is tried again with the same bytes, then.
     */
    ssize_t (*write)(void *client, const void *bytes, size_t length);

    /*
     * Reads the request's body, without its framing. Returns how many bytes
     * there are; 0 where the body is complete; -1 with errno: EAGAIN where
     * there are none for now, EBADMSG where its chunks are invalid, and another
     * where the client has gone before the end of it.
     */
    ssize_t (*read)(void *client, void *buf, size_t size);

    /* Whether the file of a path, which is decoded, is one that the client's
     * site serves as it is, and no application's to execute. */
    bool (*is_plain)(void *client, const char *path, size_t length);

    /* The type of a file by its name, for Content-Type; absent where there is
     * none. */
    struct fcgi_text (*type)(struct fcgi_text name);

    /* The client's descriptor is going to be watched by the gateway's loop: the
     * host takes it out of its own. Called once in an exchange at most. Returns
     * 0, or -1 where the client is lost by that. */
    int (*watch)(void *client);

    /* The exchange is over; its descriptor is the host's again. Called from
     * the event loop, never from inside fcgi_gateway_start(). */
    void (*done)(void *client, const struct fcgi_outcome *outcome);

    /* One line for the log, without a newline. Any thread. */
    void (*log)(enum fcgi_log_level level, const char *line);
};

#endif
