/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's event loop over epoll, see event.c.
 */
#ifndef FCGI_SERVE_EVENT_H
#define FCGI_SERVE_EVENT_H

#include <stdint.h>

#include "abi.h"

#define SERVE_QUEUE_SIZE 256

/* NULL on failure, with errno. */
struct mk_event_loop *serve_loop_create(int size);
void serve_loop_destroy(struct mk_event_loop *loop);

int serve_ev_add(struct mk_event_loop *loop, int fd, int type, uint32_t mask,
                 void *data);
int serve_ev_del(struct mk_event_loop *loop, struct mk_event *event);
int serve_ev_timeout_create(struct mk_event_loop *loop, SERVE_TIME void *data);
int serve_ev_channel_create(struct mk_event_loop *loop, int *r, int *w,
                            void *data);
int serve_ev_wait(struct mk_event_loop *loop);
char *serve_ev_backend(void);

/* The event of the i-th report of the last serve_ev_wait(). */
struct mk_event *serve_ev_reported(struct mk_event_loop *loop, int i);

#endif
