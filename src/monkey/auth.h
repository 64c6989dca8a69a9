/* SPDX-License-Identifier: Apache-2.0
 *
 * Who the client is, as far as Monkey's auth plugin has found out.
 */
#ifndef FCGI_MONKEY_AUTH_H
#define FCGI_MONKEY_AUTH_H

#include <stdbool.h>

#include "gateway/host.h"
#include "monkey/abi.h"

#define fcgi_monkey_auth_set_up FCGI_MONKEY_NAME(auth_set_up)
#define fcgi_monkey_auth_free FCGI_MONKEY_NAME(auth_free)
#define fcgi_monkey_auth_guards FCGI_MONKEY_NAME(auth_guards)
#define fcgi_monkey_auth_accepted FCGI_MONKEY_NAME(auth_accepted)

/*
 * Notes which folders of which virtual hosts Monkey's auth plugin guards.
 * Returns 0, or -1 where memory is short. Before there are threads.
 */
int fcgi_monkey_auth_set_up(const struct mk_api *api);
void fcgi_monkey_auth_free(void);

/* Whether it guards folders of a virtual host. Any thread. */
bool fcgi_monkey_auth_guards(const struct mk_host *vhost);

/*
 * The Authorization field of a request that the auth plugin has let pass on
 * account of it; absent where it was not asked. `params` is that of the rule
 * which has handed the request to us. Any thread.
 */
struct fcgi_text
fcgi_monkey_auth_accepted(const struct mk_request *sr,
                          const struct mk_list *params,
                          const struct fcgi_http_request *request);

#endif
