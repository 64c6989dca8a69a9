/* SPDX-License-Identifier: Apache-2.0
 *
 * Begin and end of the plugin, for the symbols that Monkey loads (plugin16.c,
 * plugin18.c). All of it in the main thread, without workers.
 */
#ifndef FCGI_MONKEY_PLUGIN_H
#define FCGI_MONKEY_PLUGIN_H

#include <stdbool.h>

#include "monkey/abi.h"

#define fcgi_monkey_start FCGI_MONKEY_NAME(start)
#define fcgi_monkey_stop FCGI_MONKEY_NAME(stop)
#define fcgi_monkey_is_wanted FCGI_MONKEY_NAME(is_wanted)

/* A symbol that is seen from outside. */
#define MK_EXPORT __attribute__((visibility("default")))

/* Reads the configuration, and prepares to serve; -1 after messages in Monkey's
 * log where it is broken. `confdir` ends with a slash. */
int fcgi_monkey_start(const struct mk_api *api, struct mk_config *server,
                      const char *confdir);

/* Frees everything. The workers must be gone, and with them their loops. */
void fcgi_monkey_stop(void);

/* Whether a Match rule names the plugin. */
bool fcgi_monkey_is_wanted(const struct mk_config *server);

#endif
