/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP server of --listen: /metrics, and nothing else. Its connections are
 * bounded in number, time and bytes, and each has one request.
 */
#ifndef FCGI_PING_EXPORTER_H
#define FCGI_PING_EXPORTER_H

#include <stddef.h>

#include "loop/loop.h"

#define FCGI_EXPORTER_CONNECTIONS 16
#define FCGI_EXPORTER_HEAD 8192                     /* bytes of a request */
#define FCGI_EXPORTER_TIMEOUT UINT64_C(10000000000) /* to send it, in ns */
#define FCGI_EXPORTER_ADDRESS "127.0.0.1" /* where PORT alone is given */

struct fcgi_exporter;

/*
 * Listens on `where`, PORT or ADDRESS:PORT. `wanted` is called where /metrics
 * is asked for and nobody waits for it yet; fcgi_exporter_answer() follows,
 * later. Returns NULL with `*why`, static text or that of errno.
 */
struct fcgi_exporter *fcgi_exporter_open(struct fcgi_loop *loop,
                                         const char *where,
                                         void (*wanted)(void *data), void *data,
                                         const char **why);

/* Where it listens, as HOST:PORT: the port that it has got for port 0. */
const char *fcgi_exporter_where(const struct fcgi_exporter *exporter);

/* Answers all who wait with a text, which is the caller's. */
void fcgi_exporter_answer(struct fcgi_exporter *exporter, const char *text,
                          size_t length);

/* NULL is fine. */
void fcgi_exporter_close(struct fcgi_exporter *exporter);

#endif
