/* SPDX-License-Identifier: Apache-2.0
 *
 * One detached thread per lookup. Thread and owner share the structure; the
 * one that is done with it last frees it, as the flags under the lock tell.
 */
#include "probe/resolve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_SIZE (1024 * 1024) /* name service modules are hungry */

struct fcgi_resolve {
    struct fcgi_endpoint endpoint;
    int fd;
    struct fcgi_address *addresses;
    size_t n;
    const char *why;
    pthread_mutex_t lock; /* protects the two flags */
    bool done;
    bool abandoned;
};

static void release(struct fcgi_resolve *resolve)
{
    free(resolve->addresses);
    close(resolve->fd);
    pthread_mutex_destroy(&resolve->lock);
    free(resolve);
}

static void *look_up(void *argument)
{
    struct fcgi_resolve *resolve = argument;
    const uint64_t one = 1;
    bool abandoned;

    resolve->addresses =
        fcgi_address_resolve(&resolve->endpoint, &resolve->n, &resolve->why);
    pthread_mutex_lock(&resolve->lock);
    resolve->done = true;
    abandoned = resolve->abandoned;
    /* Under the lock: without it the owner might close the descriptor. */
    if (!abandoned && write(resolve->fd, &one, sizeof(one)) < 0)
        resolve->why = "the lookup's end could not be told";
    pthread_mutex_unlock(&resolve->lock);
    if (abandoned)
        release(resolve);
    return NULL;
}

/* A thread that takes no signal: they are for the program's own loop. */
static int start_thread(struct fcgi_resolve *resolve)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, old;
    int error;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&thread, &attr, look_up, resolve);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return error;
}

struct fcgi_resolve *fcgi_resolve_start(const struct fcgi_endpoint *endpoint)
{
    struct fcgi_resolve *resolve = calloc(1, sizeof(*resolve));
    int error;

    if (resolve == NULL)
        return NULL;
    resolve->endpoint = *endpoint;
    pthread_mutex_init(&resolve->lock, NULL);
    resolve->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    error = resolve->fd < 0 ? errno : start_thread(resolve);
    if (error != 0) {
        if (resolve->fd >= 0)
            close(resolve->fd);
        pthread_mutex_destroy(&resolve->lock);
        free(resolve);
        errno = error;
        return NULL;
    }
    return resolve;
}

int fcgi_resolve_fd(const struct fcgi_resolve *resolve)
{
    return resolve->fd;
}

struct fcgi_address *fcgi_resolve_take(struct fcgi_resolve *resolve, size_t *n,
                                       const char **why)
{
    struct fcgi_address *addresses;

    /* The thread has let go once the lock is free. */
    pthread_mutex_lock(&resolve->lock);
    pthread_mutex_unlock(&resolve->lock);
    addresses = resolve->addresses;
    *n = resolve->n;
    *why = resolve->why;
    resolve->addresses = NULL;
    release(resolve);
    return addresses;
}

void fcgi_resolve_cancel(struct fcgi_resolve *resolve)
{
    bool done;

    if (resolve == NULL)
        return;
    pthread_mutex_lock(&resolve->lock);
    done = resolve->done;
    resolve->abandoned = true;
    pthread_mutex_unlock(&resolve->lock);
    if (done)
        release(resolve);
}
