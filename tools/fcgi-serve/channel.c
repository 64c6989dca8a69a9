/* SPDX-License-Identifier: Apache-2.0
 *
 * What channels of both ABIs do alike; the rest is in channel16.c and
 * channel18.c.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "event.h"
#include "http.h"
#include "serve.h"
#include "worker.h"

void serve_set_cork(int fd, int on)
{
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

int serve_channel_flush(void *channel)
{
    const int stop = MK_CHANNEL_DONE | MK_CHANNEL_ERROR | MK_CHANNEL_EMPTY;
    struct mk_event *event;
    size_t total = 0;
    size_t count = 0;
    int r;

    do {
        r = serve_channel_write(channel, &count);
        total += count;
    } while (total <= 4096 && (r & stop) == 0);
    if (!serve.layout->flush_arms_write ||
        (r & (MK_CHANNEL_FLUSH | MK_CHANNEL_BUSY)) == 0)
        return r;
    event = *(struct mk_event **)serve_at(channel, serve.layout->channel_event);
    if ((event->mask & MK_EVENT_WRITE) == 0)
        serve_ev_add(serve_worker_loop(), serve_channel_fd(channel),
                     MK_EVENT_CONNECTION, MK_EVENT_WRITE, event);
    return r;
}
