/* SPDX-License-Identifier: Apache-2.0
 *
 * The auth plugin in the tree of Monkey 1.8.9 does not compile: nobody has let
 * a client in.
 */
#include "monkey/auth.h"

int fcgi_monkey_auth_set_up(const struct mk_api *api)
{
    (void)api;
    return 0;
}

void fcgi_monkey_auth_free(void)
{
}

bool fcgi_monkey_auth_guards(const struct mk_host *vhost)
{
    (void)vhost;
    return false;
}

struct fcgi_text
fcgi_monkey_auth_accepted(const struct mk_request *sr,
                          const struct mk_list *params,
                          const struct fcgi_http_request *request)
{
    (void)sr;
    (void)params;
    (void)request;
    return (struct fcgi_text){NULL, 0};
}
