/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's configuration, from Monkey's tree (setup.c) or from the
 * command line alone (short.c).
 */
#ifndef FCGI_SERVE_SETUP_H
#define FCGI_SERVE_SETUP_H

/* Sets the values that hold before anything has been read. */
void serve_setup_defaults(void);

/* Reads the tree at serve.options->confdir: 0, or -1 after messages. */
int serve_setup_tree(void);

/* The short form: one host, one application. Makes a directory with the
 * plugin's configuration, which serve_short_free() removes. */
int serve_setup_short(void);
void serve_short_free(void);

/* To be called once the listeners and workers are known. */
void serve_setup_finish(void);

/* plugins.load of the tree, or NULL in the short form. */
const char *serve_setup_plugins_file(void);

void serve_setup_free(void);

#endif
