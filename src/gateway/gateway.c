/* SPDX-License-Identifier: Apache-2.0
 *
 * What the exchanges of a worker thread share: the loop, the memory that is
 * read into, exchanges that wait to be used again, the time of day.
 */
#include "gateway/exchange_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One read of an application's answer. */
#define SCRATCH 65536
#define MOST_UNUSED 256
/* Memory that an unused exchange keeps, per buffer. */
#define KEPT_BUFFER 16384

static void notice(void *arg, bool bad, const char *line)
{
    const struct fcgi_gateway *gateway = arg;

    gateway->host->log(bad ? FCGI_LOG_WARNING : FCGI_LOG_INFO, line);
}

struct fcgi_gateway *fcgi_gateway_new(struct fcgi_pool *pool,
                                      const struct fcgi_host *host)
{
    struct fcgi_gateway *gateway = calloc(1, sizeof(*gateway) + SCRATCH);
    struct fcgi_notice told = {.tell = notice, .arg = gateway};
    int saved;

    if (gateway == NULL)
        return NULL;
    gateway->pool = pool;
    gateway->host = host;
    gateway->scratch_size = SCRATCH;
    gateway->in_use.prev = gateway->in_use.next = &gateway->in_use;
    gateway->loop = fcgi_loop_new();
    if (gateway->loop == NULL)
        goto fail;
    gateway->worker =
        fcgi_worker_new(pool, gateway->loop, &told, gateway->scratch, SCRATCH);
    if (gateway->worker == NULL)
        goto fail;
    return gateway;

fail:
    saved = errno;
    fcgi_loop_free(gateway->loop);
    free(gateway);
    errno = saved;
    return NULL;
}

static void destroy(struct fcgi_exchange *exchange)
{
    fcgi_buffer_free(&exchange->out);
    fcgi_buffer_free(&exchange->params);
    fcgi_buffer_free(&exchange->adapted);
    fcgi_buffer_free(&exchange->block);
    free(exchange);
}

void fcgi_gateway_free(struct fcgi_gateway *gateway)
{
    if (gateway == NULL)
        return;
    while (gateway->in_use.next != &gateway->in_use)
        fcgi_exchange_abandon(gateway->in_use.next);
    fcgi_linger_end_all(gateway);
    while (gateway->unused != NULL) {
        struct fcgi_exchange *exchange = gateway->unused;

        gateway->unused = exchange->next;
        destroy(exchange);
    }
    fcgi_worker_free(gateway->worker);
    fcgi_loop_free(gateway->loop);
    free(gateway);
}

struct fcgi_loop *fcgi_gateway_loop(struct fcgi_gateway *gateway)
{
    return gateway->loop;
}

struct fcgi_exchange *fcgi_gateway_get(struct fcgi_gateway *gateway)
{
    struct fcgi_exchange *exchange = gateway->unused;

    if (exchange != NULL) {
        gateway->unused = exchange->next;
        gateway->n_unused--;
    } else {
        exchange = calloc(1, sizeof(*exchange));
        if (exchange == NULL)
            return NULL;
        exchange->gateway = gateway;
    }
    exchange->next = &gateway->in_use;
    exchange->prev = gateway->in_use.prev;
    exchange->prev->next = exchange->next->prev = exchange;
    return exchange;
}

void fcgi_gateway_put(struct fcgi_exchange *exchange)
{
    struct fcgi_gateway *gateway = exchange->gateway;

    exchange->prev->next = exchange->next;
    exchange->next->prev = exchange->prev;
    if (gateway->n_unused == MOST_UNUSED) {
        destroy(exchange);
        return;
    }
    fcgi_buffer_reset(&exchange->out, KEPT_BUFFER);
    fcgi_buffer_reset(&exchange->params, KEPT_BUFFER);
    fcgi_buffer_reset(&exchange->adapted, KEPT_BUFFER);
    fcgi_buffer_reset(&exchange->block, KEPT_BUFFER);
    exchange->next = gateway->unused;
    gateway->unused = exchange;
    gateway->n_unused++;
}

const char *fcgi_gateway_date(struct fcgi_gateway *gateway)
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != gateway->date_second) {
        gateway->date_second = now.tv_sec;
        gmtime_r(&now.tv_sec, &tm);
        /* Nobody calls setlocale() in Monkey; the names are English. */
        if (strftime(gateway->date, sizeof(gateway->date),
                     "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
            gateway->date[0] = '\0';
    }
    return gateway->date;
}
