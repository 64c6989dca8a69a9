/* SPDX-License-Identifier: Apache-2.0
 *
 * Begin and end of the plugin, for the symbols that Monkey loads (plugin16.c,
 * plugin18.c). All of it in the main thread, without workers.
 */
#ifndef FCGI_MONKEY_PLUGIN_H
#define FCGI_MONKEY_PLUGIN_H

#include <stdbool.h>

#include "monkey/abi.h"

#define mk_start MK_NAME(start)
#define mk_stop MK_NAME(stop)
#define mk_unhook MK_NAME(unhook)
#define mk_is_wanted MK_NAME(is_wanted)

/* A symbol that is seen from outside. */
#define MK_EXPORT __attribute__((visibility("default")))

/* Reads the configuration, and prepares to serve; -1 after messages in Monkey's
 * log where it is broken. `confdir` ends with a slash. */
int mk_start(const struct mk_api *api, struct mk_config *server,
             const char *confdir);

/* Frees everything. The workers must be gone, and with them their loops. */
void mk_stop(void);

/* Takes our entry out of Monkey's list for stage 20, which it forgets when a
 * plugin does not start: it would call into unloaded code. */
void mk_unhook(const struct mk_api *api, struct mk_config *server);

/* Whether a Match rule names the plugin. */
bool mk_is_wanted(const struct mk_config *server);

#endif
