/* SPDX-License-Identifier: Apache-2.0
 *
 * What an application still does for a request whose client has its answer. The
 * answer is complete with the end of STDOUT, or with as many bytes as
 * Content-Length says; END_REQUEST may be a long time off, where a program
 * works on. The client does not wait for that; the connection is busy until
 * then, and is given back afterwards as any other. ReadTimeout bounds it, and
 * what comes on STDERR, or a failure, is logged.
 *
 * All functions belong to the worker's thread.
 */
#ifndef FCGI_GATEWAY_TAIL_H
#define FCGI_GATEWAY_TAIL_H

#include "gateway/log.h"
#include "gateway/upstream.h"

/* Most requests that go on so at a time in one worker: the clients of more
 * wait. */
#define FCGI_TAIL_MOST 1024

/* Those of one thread. */
struct fcgi_tail_list {
    struct fcgi_worker *worker;
    struct fcgi_list all;
    size_t count;
};

/* Makes an empty list out of any memory. */
void fcgi_tail_init(struct fcgi_tail_list *list, struct fcgi_worker *worker);

/*
 * Takes over the connection of an upstream whose request is sent, and whose
 * answer is whole, and a line of STDERR that has begun in `log`. What comes of
 * STDOUT is dropped: with `bodiless` because the client gets no body; else it
 * is too much, and ends the connection. Returns false, with nothing changed,
 * where memory is short or the list is full.
 */
bool fcgi_tail_start(struct fcgi_tail_list *list,
                     struct fcgi_upstream *upstream, struct fcgi_log *log,
                     bool bodiless);

/* Closes all. */
void fcgi_tail_end_all(struct fcgi_tail_list *list);

#endif
