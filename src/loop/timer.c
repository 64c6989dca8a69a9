/* SPDX-License-Identifier: Apache-2.0
 *
 * A pairing heap (Fredman, Sedgewick, Sleator and Tarjan, 1986). Each node
 * has its first child and is in a list of siblings; `prev` is the sibling
 * before it, or the parent of a first child.
 */
#include "loop/timer.h"

#include <stddef.h>

/* Merges two heaps, either of which may be empty. */
static struct fcgi_loop_timer *meld(struct fcgi_loop_timer *a,
                                    struct fcgi_loop_timer *b)
{
    if (a == NULL)
        return b;
    if (b == NULL)
        return a;
    if (b->deadline < a->deadline) {
        struct fcgi_loop_timer *swap = a;

        a = b;
        b = swap;
    }
    b->prev = a;
    b->next = a->child;
    if (a->child != NULL)
        a->child->prev = b;
    a->child = b;
    return a;
}

/* Merges a list of siblings into one heap: pairs from left to right, then the
 * pairs from right to left. Not recursive, as a list may be long. */
static struct fcgi_loop_timer *merge_siblings(struct fcgi_loop_timer *first)
{
    struct fcgi_loop_timer *pairs = NULL, *root = NULL;

    while (first != NULL) {
        struct fcgi_loop_timer *second = first->next;
        struct fcgi_loop_timer *rest = second ? second->next : NULL;
        struct fcgi_loop_timer *pair;

        first->next = first->prev = NULL;
        if (second != NULL)
            second->next = second->prev = NULL;
        pair = meld(first, second);
        pair->next = pairs;
        pairs = pair;
        first = rest;
    }
    while (pairs != NULL) {
        struct fcgi_loop_timer *rest = pairs->next;

        pairs->next = NULL;
        root = meld(root, pairs);
        pairs = rest;
    }
    return root;
}

void fcgi_timer_insert(struct fcgi_loop_timer **heap,
                       struct fcgi_loop_timer *timer)
{
    timer->child = timer->next = timer->prev = NULL;
    timer->set = true;
    *heap = meld(*heap, timer);
}

void fcgi_timer_remove(struct fcgi_loop_timer **heap,
                       struct fcgi_loop_timer *timer)
{
    struct fcgi_loop_timer *children = merge_siblings(timer->child);

    if (timer == *heap) {
        *heap = children;
    } else {
        if (timer->prev->child == timer)
            timer->prev->child = timer->next;
        else
            timer->prev->next = timer->next;
        if (timer->next != NULL)
            timer->next->prev = timer->prev;
        *heap = meld(*heap, children);
    }
    timer->child = timer->next = timer->prev = NULL;
    timer->set = false;
}
