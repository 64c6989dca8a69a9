/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/queue.h"

#include <stddef.h>

#include "loop/loop.h"

void fcgi_queue_init(struct fcgi_queue *queue)
{
    fcgi_list_init(&queue->first);
    fcgi_list_init(&queue->rest);
}

unsigned fcgi_queue_length(const struct fcgi_queue *queue)
{
    return atomic_load_explicit(&queue->length, memory_order_relaxed);
}

void fcgi_queue_runs(struct fcgi_queue *queue, unsigned kind)
{
    atomic_fetch_add_explicit(&queue->running[kind], 1, memory_order_relaxed);
}

void fcgi_queue_ran(struct fcgi_queue *queue, unsigned kind)
{
    atomic_fetch_sub_explicit(&queue->running[kind], 1, memory_order_relaxed);
}

static bool has_half(const struct fcgi_queue *queue, unsigned kind,
                     unsigned open)
{
    return 2 * atomic_load_explicit(&queue->running[kind],
                                    memory_order_relaxed) >=
           open;
}

static struct fcgi_queued *first_of(const struct fcgi_list *list)
{
    struct fcgi_list *first = fcgi_list_first(list);

    return first != NULL ? FCGI_LOOP_OWNER(first, struct fcgi_queued, link)
                         : NULL;
}

/* Who has come first; but one of the rest only where its kind does not have its
 * part, or nobody else waits. */
struct fcgi_queued *fcgi_queue_next(const struct fcgi_queue *queue,
                                    unsigned open)
{
    struct fcgi_queued *first = first_of(&queue->first);
    struct fcgi_queued *rest = first_of(&queue->rest);

    if (first == NULL || rest == NULL)
        return first != NULL ? first : rest;
    return rest->since < first->since && !has_half(queue, rest->kind, open)
               ? rest
               : first;
}

static void count(struct fcgi_queue *queue, int n)
{
    atomic_store_explicit(&queue->length,
                          fcgi_queue_length(queue) + (unsigned)n,
                          memory_order_relaxed);
}

void fcgi_queue_add(struct fcgi_queue *queue, struct fcgi_queued *queued,
                    unsigned open, uint64_t now)
{
    queued->since = now;
    fcgi_list_add(has_half(queue, queued->kind, open) ? &queue->rest
                                                      : &queue->first,
                  &queued->link);
    count(queue, 1);
}

void fcgi_queue_remove(struct fcgi_queue *queue, struct fcgi_queued *queued)
{
    fcgi_list_remove(&queued->link);
    count(queue, -1);
}
