/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the two ABIs differ in the shape of calls alone: fcgi-serve is compiled
 * once for each (see main.c).
 */
#ifndef FCGI_SERVE_ABI_H
#define FCGI_SERVE_ABI_H

#include "monkey/abi.h"

#if MK_ABI == 16

#define SERVE_CHANNEL mk_channel_b
#define SERVE_TIME int seconds,
#define SERVE_ONLY_CONFIG void
#define SERVE_CHECK_CONFIG (void)0
#define SERVE_SECONDS(n) (n)
/* The stream of a file that is sent; its members of use have the same names. */
#define SERVE_FILE(sr) (&(sr)->file_stream)
#define SERVE_PROTOCOL(call, conn, ...) \
    (serve_conn_protocol(conn)->call((conn), __VA_ARGS__))
/* The last parameter of a callback, and the plugin in front of others. */
#define SERVE_CONFIG
#define SERVE_UNUSED_CONFIG (void)0
#define SERVE_PLUGIN(name)
#define SERVE_UNUSED_PLUGIN (void)0
#define SERVE_NET(net, call, ...) ((net)->call(__VA_ARGS__))
#define SERVE_NET_OF(listener) ((listener)->network->network)
#define SERVE_WORKER_INIT(plugin) ((plugin)->worker_init())
#define SERVE_EXIT(plugin) ((plugin)->exit_plugin())

#else

#define SERVE_CHANNEL mk_channel
#define SERVE_ONLY_CONFIG struct mk_config *config
/* Monkey reads the time out of it. */
#define SERVE_CHECK_CONFIG       \
    if (config != &serve.config) \
    serve_trap_abort("u", "time_unix() needs the server as its argument")
#define SERVE_TIME time_t seconds, long nanoseconds,
#define SERVE_SECONDS(n) (n), 0
#define SERVE_FILE(sr) (&(sr)->in_file)
#define SERVE_PROTOCOL(call, conn, ...) \
    (serve_conn_protocol(conn)->call((conn), __VA_ARGS__, &serve.config))
#define SERVE_UNUSED_CONFIG (void)config
#define SERVE_CONFIG , struct mk_config *config
#define SERVE_PLUGIN(name) struct mk_plugin *name,
#define SERVE_UNUSED_PLUGIN (void)plugin
#define SERVE_NET(net, call, ...) ((net)->call((net)->plugin, __VA_ARGS__))
#define SERVE_NET_OF(listener) ((listener)->network)
#define SERVE_WORKER_INIT(plugin) ((plugin)->worker_init(&serve.config))
#define SERVE_EXIT(plugin) ((plugin)->exit_plugin(plugin))

#endif

#endif
