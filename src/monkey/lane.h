/* SPDX-License-Identifier: Apache-2.0
 *
 * Which way a request takes whose head the gate has read, and the request as
 * the gateway is told of it.
 *
 *   PASS   it is not ours: the core is given what the client has sent
 *   FAST   an exchange serves it, and the core never learns of it
 *   CORE   it is ours, but others have to see it: the core is given a short
 *          head (short_head.h), and stage 30 starts the exchange
 *
 * FAST is taken where no other plugin has a say: none has stages 20 or 40, and
 * none has a rule in front of ours. It does what the core does on its way.
 *
 * All functions belong to the worker's thread.
 */
#ifndef FCGI_MONKEY_LANE_H
#define FCGI_MONKEY_LANE_H

#include <limits.h>

#include "gateway/path.h"
#include "monkey/downstream.h"
#include "monkey/thread.h"
#include "monkey/way.h"

#define fcgi_monkey_lane_choose FCGI_MONKEY_NAME(lane_choose)

enum fcgi_monkey_lane {
    FCGI_MONKEY_LANE_PASS,
    FCGI_MONKEY_LANE_FAST,
    FCGI_MONKEY_LANE_CORE,
};

/* A request of ours, between its head and its exchange. */
struct fcgi_monkey_aim {
    struct fcgi_http_request request;
    struct fcgi_script script;
    struct fcgi_monkey_rules rules; /* those that name who answers */
    struct fcgi_monkey_way way;     /* not of a path that was remembered */
    const struct mk_host_alias *alias;
    char *file; /* DocumentRoot, the decoded path, and the index file */
};

/* What `file` needs for heads of at most `head` bytes. */
#define FCGI_MONKEY_LANE_FILE(head) (PATH_MAX + (head) + NAME_MAX + 1)

/*
 * Chooses the lane of a client's request. `status` is what its head is to be
 * refused with, 0 for a sound one; then `head` holds what could be understood
 * of it. `size` is that of the head. Unless PASS is returned `aim` is filled,
 * of which `file` is the caller's; its texts point into that, into the head,
 * and into Monkey's configuration.
 */
enum fcgi_monkey_lane fcgi_monkey_lane_choose(
    struct fcgi_monkey_aim *aim, struct fcgi_monkey_downstream *client,
    const struct fcgi_http_head *head, size_t size, int status);

#endif
