/* SPDX-License-Identifier: Apache-2.0
 *
 * What an exchange tells its server, and what it says when that has led
 * nowhere.
 */
#include "config/escape.h"
#include "gateway/exchange_impl.h"
#include "gateway/params.h"

const struct fcgi_buffer *fcgi_exchange_params(struct fcgi_exchange *exchange)
{
    const struct fcgi_server_config *config = exchange->server->config;

    exchange->adapted.length = 0;
    if (fcgi_params_are_plain(config))
        return &exchange->params;
    return fcgi_params_adapt(&exchange->adapted, &exchange->params, config) == 0
               ? &exchange->adapted
               : NULL;
}

void fcgi_exchange_log_unknown(const struct fcgi_exchange *exchange)
{
    char name[1024];
    struct fcgi_text file;

    if (!exchange->script_unknown || exchange->reply.status != 404)
        return;
    file = fcgi_params_find(exchange->adapted.length > 0 ? &exchange->adapted
                                                         : &exchange->params,
                            "SCRIPT_FILENAME");
    fcgi_escape(name, sizeof(name), 0, file.data, file.length);
    fcgi_exchange_log(exchange, FCGI_LOG_ERROR,
                      "the application has no such script: it was sent "
                      "SCRIPT_FILENAME \"%s\", and must find that file under "
                      "that very name (in a container, in a chroot or on "
                      "another machine: see DocumentRoot; else: may its user "
                      "read the file and all folders above?)",
                      name);
}
