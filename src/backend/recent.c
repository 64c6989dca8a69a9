/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/recent.h"

#include <stdio.h>

void fcgi_recent_init(struct fcgi_recent *recent)
{
    pthread_mutex_init(&recent->lock, NULL);
    recent->n = 0;
}

void fcgi_recent_destroy(struct fcgi_recent *recent)
{
    pthread_mutex_destroy(&recent->lock);
}

void fcgi_recent_add(struct fcgi_recent *recent,
                     const struct fcgi_server *server, const char *text)
{
    struct fcgi_recent_error *error;

    pthread_mutex_lock(&recent->lock);
    error = &recent->errors[recent->n++ % FCGI_RECENT_MOST];
    error->when = time(NULL);
    error->server = server;
    snprintf(error->text, sizeof(error->text), "%s", text);
    pthread_mutex_unlock(&recent->lock);
}

unsigned fcgi_recent_copy(struct fcgi_recent *recent,
                          struct fcgi_recent_error errors[FCGI_RECENT_MOST])
{
    unsigned n;

    pthread_mutex_lock(&recent->lock);
    n = recent->n < FCGI_RECENT_MOST ? (unsigned)recent->n : FCGI_RECENT_MOST;
    for (unsigned i = 0; i < n; i++)
        errors[i] = recent->errors[(recent->n - 1 - i) % FCGI_RECENT_MOST];
    pthread_mutex_unlock(&recent->lock);
    return n;
}
