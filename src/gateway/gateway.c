/* SPDX-License-Identifier: Apache-2.0
 *
 * One worker thread's gateway.
 */
#include "gateway/gateway.h"

#include <errno.h>
#include <stdlib.h>

#include "backend/maintenance.h"

/* One read of an application's answer. */
#define SCRATCH 65536
#define MOST_SPARE 256
/* Memory that a spare exchange keeps, per buffer. */
#define KEPT_BUFFER 16384

struct fcgi_gateway {
    struct fcgi_exchange_common common;
    struct fcgi_maintenance *maintenance;
    struct fcgi_list in_use, spare; /* exchanges */
    size_t n_spare;
    uint8_t scratch[SCRATCH]; /* what is read from applications */
};

static void notice(void *arg, bool bad, const char *line)
{
    const struct fcgi_gateway *gateway = arg;

    gateway->common.host->log(bad ? FCGI_LOG_WARNING : FCGI_LOG_INFO, line);
}

static struct fcgi_exchange *exchange_of(struct fcgi_list *link)
{
    return FCGI_LOOP_OWNER(link, struct fcgi_exchange, link);
}

static void destroy(struct fcgi_exchange *exchange)
{
    fcgi_exchange_trim(exchange, 0);
    free(exchange);
}

/* An ended exchange becomes a spare one. */
static void on_ended(struct fcgi_exchange *exchange)
{
    struct fcgi_gateway *gateway =
        FCGI_LOOP_OWNER(exchange->common, struct fcgi_gateway, common);

    fcgi_list_remove(&exchange->link);
    if (gateway->n_spare == MOST_SPARE) {
        destroy(exchange);
        return;
    }
    fcgi_exchange_trim(exchange, KEPT_BUFFER);
    fcgi_list_add_first(&gateway->spare, &exchange->link);
    gateway->n_spare++;
}

struct fcgi_gateway *fcgi_gateway_new(struct fcgi_pool *pool,
                                      const struct fcgi_host *host)
{
    struct fcgi_gateway *gateway = calloc(1, sizeof(*gateway));
    struct fcgi_notice told = {.tell = notice, .arg = gateway};
    struct fcgi_exchange_common *common;
    int saved;

    if (gateway == NULL)
        return NULL;
    common = &gateway->common;
    common->host = host;
    common->on_ended = on_ended;
    fcgi_list_init(&gateway->in_use);
    fcgi_list_init(&gateway->spare);
    common->loop = fcgi_loop_new();
    if (common->loop == NULL)
        goto fail;
    fcgi_linger_init(&common->lingering, common->loop);
    common->worker =
        fcgi_worker_new(pool, common->loop, &told, gateway->scratch, SCRATCH);
    if (common->worker == NULL)
        goto fail;
    fcgi_tail_init(&common->tails, common->worker);
    common->access = fcgi_access_new(pool, host);
    if (common->access == NULL)
        goto fail;
    gateway->maintenance = fcgi_maintenance_new(common->worker);
    if (gateway->maintenance == NULL)
        goto fail;
    return gateway;

fail:
    saved = errno;
    fcgi_access_free(common->access);
    fcgi_worker_free(common->worker);
    fcgi_loop_free(common->loop);
    free(gateway);
    errno = saved;
    return NULL;
}

void fcgi_gateway_free(struct fcgi_gateway *gateway)
{
    struct fcgi_list *link;

    if (gateway == NULL)
        return;
    while ((link = fcgi_list_first(&gateway->in_use)) != NULL)
        fcgi_exchange_abandon(exchange_of(link));
    fcgi_linger_end_all(&gateway->common.lingering);
    fcgi_tail_end_all(&gateway->common.tails);
    while ((link = fcgi_list_take(&gateway->spare)) != NULL)
        destroy(exchange_of(link));
    fcgi_maintenance_free(gateway->maintenance);
    fcgi_worker_free(gateway->common.worker);
    fcgi_access_free(gateway->common.access);
    fcgi_loop_free(gateway->common.loop);
    free(gateway);
}

struct fcgi_loop *fcgi_gateway_loop(struct fcgi_gateway *gateway)
{
    return gateway->common.loop;
}

static struct fcgi_exchange *take(struct fcgi_gateway *gateway)
{
    struct fcgi_list *spare = fcgi_list_take(&gateway->spare);
    struct fcgi_exchange *exchange;

    if (spare != NULL) {
        exchange = exchange_of(spare);
        gateway->n_spare--;
    } else {
        exchange = calloc(1, sizeof(*exchange));
        if (exchange == NULL)
            return NULL;
    }
    fcgi_list_add(&gateway->in_use, &exchange->link);
    return exchange;
}

struct fcgi_exchange *fcgi_gateway_start(
    struct fcgi_gateway *gateway, void *handle, int fd,
    const struct fcgi_http_request *request, const struct fcgi_script *script,
    bool (*allows)(const void *arg, const struct fcgi_server *server),
    const void *arg)
{
    struct fcgi_exchange *exchange = take(gateway);

    if (exchange != NULL &&
        !fcgi_exchange_start(exchange, &gateway->common, handle, fd, request,
                             script, allows, arg)) {
        on_ended(exchange);
        return NULL;
    }
    return exchange;
}
