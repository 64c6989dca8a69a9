/* SPDX-License-Identifier: Apache-2.0
 *
 * Seats, and who has them.
 */
#include "backend/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEW "is an address of the name now, and used"
#define GONE "is no address of the name any more, and not used"

#define BIT(i) ((uint64_t)1 << (i))

size_t fcgi_group_size(const struct fcgi_server_config *config)
{
    return fcgi_endpoint_is_name(&config->endpoint) ? FCGI_GROUP_SEATS : 1;
}

static void set_present(struct fcgi_group *group, size_t seat)
{
    atomic_fetch_or(&group->present, BIT(seat));
    atomic_fetch_add(group->n_present, 1);
}

static void set_absent(struct fcgi_group *group, size_t seat)
{
    atomic_fetch_and(&group->present, ~BIT(seat));
    atomic_fetch_sub(group->n_present, 1);
}

static bool is_present(const struct fcgi_group *group, size_t seat)
{
    return atomic_load(&group->present) & BIT(seat);
}

int fcgi_group_init(struct fcgi_group *group,
                    const struct fcgi_server_config *config,
                    struct fcgi_server *seats, atomic_uint *n_present)
{
    group->config = config;
    group->seats = seats;
    group->n_present = n_present;
    for (group->n_seats = 0; group->n_seats < fcgi_group_size(config);
         group->n_seats++) {
        if (fcgi_server_init(&seats[group->n_seats], config, n_present) < 0) {
            fcgi_group_destroy(group);
            return -1;
        }
    }
    set_present(group, 0);
    return 0;
}

void fcgi_group_destroy(struct fcgi_group *group)
{
    for (size_t i = 0; i < group->n_seats; i++)
        fcgi_server_destroy(&group->seats[i]);
    group->n_seats = 0;
}

bool fcgi_group_is_resolved(const struct fcgi_group *group)
{
    for (size_t i = 0; i < group->n_seats; i++)
        if (is_present(group, i) && group->seats[i].addresses != NULL)
            return true;
    return false;
}

static void tell(struct fcgi_server *server, const struct fcgi_notice *notice,
                 const char *what)
{
    char label[FCGI_SERVER_LABEL], line[FCGI_SERVER_LABEL + 160];

    if (notice->tell == NULL)
        return;
    fcgi_server_label(server, label, sizeof(label));
    snprintf(line, sizeof(line), "%s: %s", label, what);
    notice->tell(notice->arg, false, line);
}

/* Who has this seat leaves it, or has left. Other workers are asked to close
 * what is idle; a connection that was about to become idle may do so after
 * that, and is asked for the next time. */
static void show_out(struct fcgi_server *server)
{
    struct fcgi_server_local *local;

    while ((local = fcgi_server_drain(server)) != NULL)
        fcgi_loop_post(local->loop, &local->reclaim);
    fcgi_server_vacate(server);
}

/* The seat whose member has these addresses, or n_seats. */
static size_t find(const struct fcgi_group *group,
                   const struct fcgi_addresses *addresses)
{
    size_t i = 0;

    while (i < group->n_seats &&
           !fcgi_addresses_equal(group->seats[i].addresses, addresses))
        i++;
    return i;
}

static void set_part(struct fcgi_server *server,
                     const struct fcgi_group_member *member)
{
    atomic_store(&server->part, member->weight);
    atomic_store(&server->tier, member->priority);
}

/* Those that have a seat already keep it, even where they were leaving, and are
 * taken from the list. Returns which seats. */
static uint64_t keep(struct fcgi_group *group,
                     struct fcgi_group_member *members, size_t n,
                     const struct fcgi_notice *notice)
{
    uint64_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        size_t seat = find(group, members[i].addresses);

        if (seat == group->n_seats)
            continue;
        kept |= BIT(seat);
        fcgi_addresses_unref(members[i].addresses);
        members[i].addresses = NULL;
        set_part(&group->seats[seat], &members[i]);
        if (!is_present(group, seat)) {
            fcgi_server_enter(&group->seats[seat], NULL);
            set_present(group, seat);
            tell(&group->seats[seat], notice, NEW);
        }
    }
    return kept;
}

/* A new member takes the first vacant seat; false where there is none. */
static bool let_in(struct fcgi_group *group,
                   const struct fcgi_group_member *member, uint64_t *taken,
                   const struct fcgi_notice *notice)
{
    size_t seat = find(group, NULL);

    if (seat == group->n_seats) {
        fcgi_addresses_unref(member->addresses);
        return false;
    }
    set_part(&group->seats[seat], member);
    fcgi_server_enter(&group->seats[seat], member->addresses);
    if (!is_present(group, seat))
        set_present(group, seat);
    *taken |= BIT(seat);
    tell(&group->seats[seat], notice, NEW);
    return true;
}

static int compare(const void *left, const void *right)
{
    const struct fcgi_group_member *x = left, *y = right;
    const struct fcgi_address *a = x->addresses->list, *b = y->addresses->list;
    size_t length = a->length < b->length ? a->length : b->length;
    int order = (x->priority > y->priority) - (x->priority < y->priority);

    if (order == 0)
        order = memcmp(&a->addr, &b->addr, length);
    return order != 0 ? order
                      : (a->length > b->length) - (a->length < b->length);
}

/* Whether one of the members has these addresses. */
static bool has(const struct fcgi_group_member *members, size_t n,
                const struct fcgi_addresses *addresses)
{
    size_t i = 0;

    while (i < n && !fcgi_addresses_equal(members[i].addresses, addresses))
        i++;
    return i < n;
}

/* Each once, in order, and no more than there are seats. Returns how many. */
static size_t distinct(struct fcgi_group *group,
                       struct fcgi_group_member *members, size_t n,
                       const struct fcgi_notice *notice)
{
    size_t found = 0, used;
    char line[512];

    qsort(members, n, sizeof(members[0]), compare);
    for (size_t i = 0; i < n; i++)
        if (has(members, found, members[i].addresses))
            fcgi_addresses_unref(members[i].addresses);
        else
            members[found++] = members[i];
    for (used = found; used > group->n_seats;)
        fcgi_addresses_unref(members[--used].addresses);
    if (found > used && found != group->too_many && notice->tell != NULL) {
        snprintf(line, sizeof(line),
                 "server \"%s\": %s has %zu addresses, of which the first %zu "
                 "are used",
                 group->config->name, group->seats[0].where, found, used);
        notice->tell(notice->arg, true, line);
        group->too_many = found;
    }
    return used;
}

/* Of members in order: priorities as tiers, and weights as parts. A weight of 0
 * beside others is the least there is. */
static void weigh(struct fcgi_group_member *members, size_t n)
{
    uint16_t tier = 0;

    for (size_t first = 0, next; first < n; first = next, tier++) {
        uint16_t priority = members[first].priority;
        uint64_t sum = 0;

        for (next = first; next < n && members[next].priority == priority;
             next++)
            sum += members[next].weight;
        for (size_t i = first; i < next; i++) {
            uint64_t part = FCGI_SERVER_WHOLE;

            if (sum > 0)
                part = part * (next - first) * members[i].weight / sum;
            members[i].weight = part > 0 ? (uint32_t)part : 1;
            members[i].priority = tier;
        }
    }
}

bool fcgi_group_update(struct fcgi_group *group,
                       struct fcgi_group_member *members, size_t n,
                       const struct fcgi_notice *notice)
{
    static const struct fcgi_notice nobody = {NULL, NULL};
    const struct fcgi_notice *news =
        fcgi_group_is_resolved(group) ? notice : &nobody;
    bool all = true;
    uint64_t taken;

    n = distinct(group, members, n, notice);
    weigh(members, n);
    taken = keep(group, members, n, news);
    for (size_t i = 0; i < group->n_seats; i++)
        if (!is_present(group, i))
            show_out(&group->seats[i]);
    for (size_t i = 0; i < n; i++)
        if (members[i].addresses != NULL &&
            !let_in(group, &members[i], &taken, news))
            all = false;
    /* Nobody is to find a group without members: where none could come in, one
     * of the old ones stays for now. */
    if (taken == 0)
        taken = atomic_load(&group->present) & -atomic_load(&group->present);
    for (size_t i = 0; i < group->n_seats; i++) {
        if (!is_present(group, i) || (taken & BIT(i)))
            continue;
        set_absent(group, i);
        fcgi_server_retire(&group->seats[i]);
        tell(&group->seats[i], news, GONE);
        show_out(&group->seats[i]);
    }
    return all;
}
