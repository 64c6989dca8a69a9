/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP side of the server: sessions (session.c), requests
 * (request.c), files (static.c), heads of answers and error pages
 * (header.c), streams (channel.c).
 */
#ifndef FCGI_SERVE_HTTP_H
#define FCGI_SERVE_HTTP_H

#include <stdbool.h>

#include "abi.h"

/* cb_read, cb_close and cb_done of the protocol. */
int serve_session_read(void *conn, struct mk_worker *worker SERVE_CONFIG);
int serve_session_close(void *conn, struct mk_worker *worker,
                        int why SERVE_CONFIG);
int serve_session_done(void *conn, struct mk_worker *worker SERVE_CONFIG);

/* Hangs up the handlers of the session and forgets its requests; does
 * nothing if that has been done already. */
void serve_session_remove(struct mk_session *cs);

/* Frees the rest of a session whose worker is gone; calls no handler. */
void serve_session_discard(struct mk_session *cs);

/* Frees the blocks that cs->body has left during the last request. */
void serve_session_forget(struct mk_session *cs);

void serve_request_init(struct mk_session *cs, struct mk_request *sr);
void serve_request_free_all(struct mk_session *cs);

/* A parsed request: virtual host, keep-alive, stage 20, then the file. */
void serve_request_prepare(struct mk_session *cs, struct mk_request *sr);

/* The end of a request, without stage 40: -1 the session is gone, 0, or 1 if
 * a pipelined request has been started. */
int serve_request_end(struct mk_session *cs);

/* api->http_request_end */
int serve_api_request_end(SERVE_PLUGIN(plugin) struct mk_session *cs,
                          int close);

/* Stage 30 and the files. */
void serve_static(struct mk_session *cs, struct mk_request *sr);

/* Makes, queues and tries to write an error page; always 0. */
int serve_http_error(int status, struct mk_session *cs, struct mk_request *sr);

void serve_header_reset(struct mk_response *headers);
void serve_header_discard(struct mk_response *headers);
int serve_header_prepare(struct mk_session *cs, struct mk_request *sr);
int serve_header_add(struct mk_request *sr, char *row, int len);
struct mk_header *serve_header_get(int id, struct mk_request *sr,
                                   const char *key, unsigned int len);
void serve_header_set_status(struct mk_request *sr, int status);

/* Queues for the client: the head that serve_header_prepare() has made, a
 * page behind it (which is freed), the file of SERVE_FILE(sr). */
void serve_queue_head(struct mk_session *cs, struct mk_request *sr);
void serve_queue_page(struct mk_request *sr, char *page, size_t length);
void serve_queue_file(struct mk_session *cs, struct mk_request *sr, bool cork);
void serve_set_cork(int fd, int on);

#if MK_ABI == 18
/* The stream of a request, and its end. */
void serve_stream_open(struct mk_session *cs, struct mk_request *sr);
void serve_stream_close(struct mk_stream *stream);

/* Whether there are bytes to be sent. */
bool serve_channel_pending(void *channel);
#endif

int serve_channel_write(void *channel, size_t *count);
int serve_channel_flush(void *channel);
void serve_channel_append(void *channel, struct mk_stream *stream);
void serve_channel_clean(void *channel);
#if MK_ABI == 16
void serve_stream_set(struct mk_stream *stream, int type, void *channel,
                      void *buffer, size_t size, void *data,
                      void (*cb_finished)(struct mk_stream *),
                      void (*cb_bytes_consumed)(struct mk_stream *, long),
                      void (*cb_exception)(struct mk_stream *, int));
#endif

void serve_iov_add(struct mk_iov *iov, void *data, size_t len, bool free);
void serve_iov_consume(struct mk_iov *iov, size_t bytes);
void serve_iov_free_marked(struct mk_iov *iov);

#endif
