/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-ping: is the application there, how fast, and since when not.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fcgi-ping/ping.h"

static const struct fcgi_ping_format *
choose_format(const struct fcgi_ping_options *o)
{
    static const struct fcgi_ping_format none;

    if (o->listen != NULL)
        return &none;
    if (o->watch)
        return &fcgi_ping_watch;
    if (o->nagios)
        return &fcgi_ping_nagios;
    if (o->json)
        return &fcgi_ping_json;
    if (o->prometheus && o->prometheus_file == NULL)
        return &fcgi_ping_prometheus;
    return &fcgi_ping_text;
}

/* Runs it; `*begun` tells whether it came to probing. */
static int run(int argc, char **argv, bool *begun)
{
    struct fcgi_ping ping;
    int status = 0;

    memset(&ping, 0, sizeof(ping));
    if (fcgi_ping_read_options(&ping, argc, argv, &status) == 0) {
        ping.format = choose_format(&ping.options);
        status = fcgi_ping_run(&ping);
    }
    fcgi_target_list_free(&ping.list);
    fcgi_call_free(&ping.options.call);
    fcgi_buffer_free(&ping.params);
    *begun = ping.started != 0;
    return status;
}

/*
 * Monitoring systems show the first line of standard output, and drop standard
 * error. What keeps a plugin from probing is therefore said in both: standard
 * error goes to memory until then.
 */
static int run_plugin(int argc, char **argv)
{
    int memory = memfd_create("messages", MFD_CLOEXEC);
    int terminal = dup(STDERR_FILENO);
    char text[4096];
    bool begun = false;
    ssize_t length;
    int status;

    if (memory < 0 || terminal < 0 || dup2(memory, STDERR_FILENO) < 0) {
        fcgi_ping_nagios_unknown("fcgi-ping: no descriptor is free");
        return FCGI_PLUGIN_UNKNOWN;
    }
    status = run(argc, argv, &begun);
    length = pread(memory, text, sizeof(text) - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    dup2(terminal, STDERR_FILENO);
    fputs(text, stderr);
    if (begun || status == 0)
        return status;
    fcgi_ping_nagios_unknown(text);
    return FCGI_PLUGIN_UNKNOWN;
}

int main(int argc, char **argv)
{
    bool begun;

    signal(SIGPIPE, SIG_IGN);
    return fcgi_ping_is_nagios(argc, argv) ? run_plugin(argc, argv)
                                           : run(argc, argv, &begun);
}
