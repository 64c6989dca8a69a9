/* SPDX-License-Identifier: Apache-2.0
 *
 * The last errors that requests have met, of all workers. Their number and
 * their length are bounded. Its lock is held to copy a line. Any thread.
 */
#ifndef FCGI_BACKEND_RECENT_H
#define FCGI_BACKEND_RECENT_H

#include <pthread.h>
#include <time.h>

#define FCGI_RECENT_MOST 10
#define FCGI_RECENT_TEXT 400 /* a longer one is cut off */

struct fcgi_server;

struct fcgi_recent_error {
    time_t when;
    const struct fcgi_server *server; /* NULL: none had a part in it */
    char text[FCGI_RECENT_TEXT];
};

struct fcgi_recent {
    pthread_mutex_t lock;
    struct fcgi_recent_error errors[FCGI_RECENT_MOST];
    unsigned long n; /* ever */
};

void fcgi_recent_init(struct fcgi_recent *recent);
void fcgi_recent_destroy(struct fcgi_recent *recent);

void fcgi_recent_add(struct fcgi_recent *recent,
                     const struct fcgi_server *server, const char *text);

/* Copies them, the latest first, and returns how many there are. */
unsigned fcgi_recent_copy(struct fcgi_recent *recent,
                          struct fcgi_recent_error errors[FCGI_RECENT_MOST]);

#endif
