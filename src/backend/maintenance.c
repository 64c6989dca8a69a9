/* SPDX-License-Identifier: Apache-2.0
 *
 * Maintenance, and who does it: the first in the pool's list. Whoever becomes
 * the first while his loop runs is told by a message.
 */
#include "backend/maintenance.h"

#include <errno.h>
#include <stdlib.h>

#include "backend/health.h"
#include "backend/resolver.h"

struct fcgi_maintenance {
    struct fcgi_worker *worker;
    struct fcgi_list link;
    struct fcgi_loop_task take_over;
    struct fcgi_resolver *resolver; /* NULL: there are no names */
    struct fcgi_checks *checks;     /* NULL: no HealthCheck */
};

static void start(struct fcgi_maintenance *maintenance)
{
    struct fcgi_worker *worker = maintenance->worker;
    const struct fcgi_notice *notice = &worker->notice;

    maintenance->resolver =
        fcgi_resolver_new(worker->pool, worker->loop, notice);
    if (maintenance->resolver == NULL && errno != 0)
        notice->tell(notice->arg, true,
                     "out of memory: names of servers are not looked up again");
    maintenance->checks = fcgi_checks_new(worker);
    if (maintenance->checks == NULL && errno != 0)
        notice->tell(notice->arg, true,
                     "out of memory: servers are not checked (HealthCheck)");
}

static void on_take_over(struct fcgi_loop_task *task)
{
    start(FCGI_LOOP_OWNER(task, struct fcgi_maintenance, take_over));
}

struct fcgi_maintenance *fcgi_maintenance_new(struct fcgi_worker *worker)
{
    struct fcgi_maintenance *maintenance = calloc(1, sizeof(*maintenance));
    struct fcgi_pool *pool = worker->pool;
    bool first;

    if (maintenance == NULL)
        return NULL;
    maintenance->worker = worker;
    maintenance->take_over.run = on_take_over;
    pthread_mutex_lock(&pool->maintenance_lock);
    first = fcgi_list_is_empty(&pool->maintenance);
    fcgi_list_add(&pool->maintenance, &maintenance->link);
    pthread_mutex_unlock(&pool->maintenance_lock);
    if (first)
        start(maintenance);
    return maintenance;
}

void fcgi_maintenance_free(struct fcgi_maintenance *maintenance)
{
    struct fcgi_pool *pool;
    struct fcgi_list *first;

    if (maintenance == NULL)
        return;
    fcgi_checks_free(maintenance->checks);
    fcgi_resolver_free(maintenance->resolver);
    pool = maintenance->worker->pool;
    pthread_mutex_lock(&pool->maintenance_lock);
    first = fcgi_list_first(&pool->maintenance);
    fcgi_list_remove(&maintenance->link);
    if (first == &maintenance->link &&
        (first = fcgi_list_first(&pool->maintenance)) != NULL) {
        struct fcgi_maintenance *next =
            FCGI_LOOP_OWNER(first, struct fcgi_maintenance, link);

        fcgi_loop_post(next->worker->loop, &next->take_over);
    }
    pthread_mutex_unlock(&pool->maintenance_lock);
    free(maintenance);
}
