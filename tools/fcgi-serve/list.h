/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's doubly linked lists, as the ABI shows them.
 *
 * A node that is taken out gets NULL pointers: who takes it out twice, or
 * walks on from it, falls, as in Monkey.
 */
#ifndef FCGI_SERVE_LIST_H
#define FCGI_SERVE_LIST_H

#include <stdbool.h>

#include "monkey/abi.h"

static inline void serve_list_init(struct mk_list *head)
{
    head->prev = head;
    head->next = head;
}

static inline bool serve_list_empty(const struct mk_list *head)
{
    return head->next == head;
}

/* Puts node at the end of the list. */
static inline void serve_list_add(struct mk_list *node, struct mk_list *head)
{
    struct mk_list *last = head->prev;

    head->prev = node;
    node->next = head;
    node->prev = last;
    last->next = node;
}

static inline void serve_list_del(struct mk_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = NULL;
    node->next = NULL;
}

/* for (SERVE_EACH(struct mk_host, host, head, &list)): every structure whose
 * member `head` is in the list. The body may take it out and free it. */
#define SERVE_EACH(type, item, member, list)                       \
    type *item = MK_ENTRY((list)->next, type, member),             \
         *item##_next = MK_ENTRY(item->member.next, type, member); \
    &item->member != (list);                                       \
    item = item##_next, item##_next = MK_ENTRY(item->member.next, type, member)

#endif
