/* SPDX-License-Identifier: Apache-2.0
 *
 * A pool of servers that nobody uses, for its groups' members.
 */
#include "probe/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "backend/pool.h"
#include "backend/resolver.h"

#define LOOK_UP_MS 3000U /* as at the start of the plugin */

/* Whether a seat has a member that is a target. Two addresses of one machine
 * are left to its name. */
static bool is_one(const struct fcgi_server *seat, int family)
{
    return fcgi_server_is_present(seat) && seat->addresses != NULL &&
           seat->addresses->n == 1 &&
           (family == AF_UNSPEC ||
            seat->addresses->list[0].addr.ss_family == family);
}

static int add_one(struct fcgi_target_list *list,
                   const struct fcgi_target *target,
                   const struct fcgi_server *seat)
{
    struct fcgi_endpoint endpoint;
    char address[FCGI_ENDPOINT_TEXT], label[2 * FCGI_ENDPOINT_TEXT + 4];

    fcgi_address_endpoint(&seat->addresses->list[0], &endpoint);
    snprintf(label, sizeof(label), "%s (%s)", target->label,
             fcgi_endpoint_text(&endpoint, address, sizeof(address)));
    if (fcgi_target_append(list, label, &endpoint, target->origin) < 0)
        return -1;
    list->items[list->count - 1].is_member = true;
    return 0;
}

static int add_members(struct fcgi_target_list *list,
                       const struct fcgi_target *target,
                       const struct fcgi_group *group, int family)
{
    size_t n = 0;

    for (size_t i = 0; i < group->n_seats; i++)
        n += is_one(&group->seats[i], family);
    if (!fcgi_endpoint_is_name(&target->endpoint) || n == 0 ||
        (n == 1 && !fcgi_endpoint_is_service(&target->endpoint)))
        return fcgi_target_append(list, target->label, &target->endpoint,
                                  target->origin);
    for (size_t i = 0; i < group->n_seats; i++)
        if (is_one(&group->seats[i], family) &&
            add_one(list, target, &group->seats[i]) < 0)
            return -1;
    return 0;
}

static bool has_names(const struct fcgi_target_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (fcgi_endpoint_is_name(&list->items[i].endpoint))
            return true;
    return false;
}

int fcgi_members_expand(struct fcgi_target_list *list, int family,
                        uint64_t timeout)
{
    unsigned ms = timeout > 0 && timeout < LOOK_UP_MS * FCGI_LOOP_MS
                      ? (unsigned)(timeout / FCGI_LOOP_MS)
                      : LOOK_UP_MS;
    struct fcgi_target_list found = {0};
    struct fcgi_config config = {.n_servers = list->count};
    struct fcgi_pool *pool;
    int result = -1;

    if (!has_names(list))
        return 0;
    config.servers = calloc(list->count, sizeof(config.servers[0]));
    if (config.servers == NULL)
        return -1;
    for (size_t i = 0; i < list->count; i++) {
        config.servers[i].name = list->items[i].label;
        config.servers[i].endpoint = list->items[i].endpoint;
        config.servers[i].resolve_interval = ms;
    }
    pool = fcgi_pool_new(&config);
    if (pool == NULL)
        goto out;
    fcgi_resolver_start(pool, ms);
    result = 0;
    for (size_t i = 0; i < list->count && result == 0; i++)
        result = add_members(&found, &list->items[i], &pool->groups[i], family);
    if (result == 0) {
        fcgi_target_list_free(list);
        *list = found;
    } else {
        fcgi_target_list_free(&found);
    }
out:
    fcgi_pool_free(pool);
    free(config.servers);
    return result;
}
