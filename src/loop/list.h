/* SPDX-License-Identifier: Apache-2.0
 *
 * A doubly linked list whose links are members of what is listed. A head is a
 * link, too, in a ring with them. A zeroed link is in no list. Nothing is
 * allocated, and nothing locked.
 */
#ifndef FCGI_LOOP_LIST_H
#define FCGI_LOOP_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct fcgi_list {
    struct fcgi_list *prev, *next;
};

/* Makes an empty list of a head. */
static inline void fcgi_list_init(struct fcgi_list *head)
{
    head->prev = head->next = head;
}

static inline bool fcgi_list_is_empty(const struct fcgi_list *head)
{
    return head->next == head;
}

/* Whether the link is in a list. */
static inline bool fcgi_list_has(const struct fcgi_list *link)
{
    return link->next != NULL;
}

/* Puts the link before `next`: where that is a head, at the end. */
static inline void fcgi_list_add(struct fcgi_list *next, struct fcgi_list *link)
{
    link->next = next;
    link->prev = next->prev;
    link->prev->next = next->prev = link;
}

static inline void fcgi_list_add_first(struct fcgi_list *head,
                                       struct fcgi_list *link)
{
    fcgi_list_add(head->next, link);
}

/* Takes the link out of its list; does nothing where it is in none. */
static inline void fcgi_list_remove(struct fcgi_list *link)
{
    if (link->next == NULL)
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->prev = link->next = NULL;
}

/* The first link, or NULL; taken out of the list by _take(). */
static inline struct fcgi_list *fcgi_list_first(const struct fcgi_list *head)
{
    return head->next != head ? head->next : NULL;
}

static inline struct fcgi_list *fcgi_list_take(struct fcgi_list *head)
{
    struct fcgi_list *first = fcgi_list_first(head);

    if (first != NULL)
        fcgi_list_remove(first);
    return first;
}

#endif
