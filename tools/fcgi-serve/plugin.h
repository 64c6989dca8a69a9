/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugins: loaded, initialized, taken away. See plugin.c.
 */
#ifndef FCGI_SERVE_PLUGIN_H
#define FCGI_SERVE_PLUGIN_H

/* Puts the built-in network layer in its place; first of all. */
void serve_plugins_setup(void);

/* Loads what plugins.load names (file may be NULL) and 'extra', which takes
 * the place of a Load line of the same plugin (may be NULL). 0, or -1 after
 * messages. */
int serve_plugins_load(const char *file, const char *extra);

/* Calls every master_init. */
void serve_plugins_master_init(void);

/* Calls every exit_plugin, when the workers are gone. */
void serve_plugins_exit(void);

/* Forgets and unloads them. */
void serve_plugins_unload(void);

#endif
