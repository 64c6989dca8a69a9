/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/patience.h"

void fcgi_patience_init(struct fcgi_patience *patience,
                        struct fcgi_client *client,
                        void (*over)(struct fcgi_loop_timer *timer))
{
    patience->client = client;
    patience->timer.fired = over;
    fcgi_patience_forget(patience);
}

void fcgi_patience_forget(struct fcgi_patience *patience)
{
    patience->waited_at = UINT64_MAX;
}

void fcgi_patience_wait(struct fcgi_patience *patience, uint64_t total,
                        uint64_t length)
{
    struct fcgi_loop *loop = patience->client->loop;

    if (patience->waited_at != total || !patience->timer.set)
        fcgi_loop_set_timer(loop, &patience->timer,
                            fcgi_loop_now(loop) + length);
    patience->waited_at = total;
    fcgi_client_listen(patience->client, true);
}

void fcgi_patience_stop(struct fcgi_patience *patience)
{
    fcgi_loop_stop_timer(patience->client->loop, &patience->timer);
    fcgi_client_listen(patience->client, false);
}
