/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets that are names, as what they stand for: each address of a name, and
 * of the SRV records of a service, is a server of its own to the plugin, and a
 * target of its own here. They are found as the plugin finds them.
 */
#ifndef FCGI_PROBE_MEMBER_H
#define FCGI_PROBE_MEMBER_H

#include "probe/target.h"

/*
 * Puts the members of each service, and of each name that has several, in the
 * place of the target; those of `family`, or of any with AF_UNSPEC. All names
 * are looked up side by side, for `timeout` ns at most (0: a few seconds). A
 * target that does not resolve stays, so that its probe tells why. Returns 0,
 * or -1 where memory is short.
 */
int fcgi_members_expand(struct fcgi_target_list *list, int family,
                        uint64_t timeout);

#endif
