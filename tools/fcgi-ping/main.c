/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-ping: is the application there, how fast, and since when not.
 */
#include <signal.h>
#include <string.h>

#include "fcgi-ping/ping.h"

static const struct fcgi_ping_format *
choose_format(const struct fcgi_ping_options *o)
{
    if (o->nagios)
        return &fcgi_ping_nagios;
    if (o->json)
        return &fcgi_ping_json;
    if (o->prometheus && o->prometheus_file == NULL)
        return &fcgi_ping_prometheus;
    return &fcgi_ping_text;
}

int main(int argc, char **argv)
{
    struct fcgi_ping ping;
    int status = 0;

    memset(&ping, 0, sizeof(ping));
    signal(SIGPIPE, SIG_IGN);
    if (fcgi_ping_read_options(&ping, argc, argv, &status) == 0) {
        ping.format = choose_format(&ping.options);
        status = fcgi_ping_run(&ping);
    }
    fcgi_target_list_free(&ping.list);
    fcgi_call_free(&ping.options.call);
    fcgi_buffer_free(&ping.params);
    if (ping.options.nagios && ping.targets == NULL && status != 0)
        status = FCGI_PLUGIN_UNKNOWN;
    return status;
}
