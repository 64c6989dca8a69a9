/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line, see options.c.
 */
#ifndef FCGI_SERVE_OPTIONS_H
#define FCGI_SERVE_OPTIONS_H

#include <stdbool.h>

struct serve_options {
    const char *confdir;
    const char *plugin; /* NULL: the default, or what plugins.load says */
    const char *target; /* NULL: the long form */
    const char *docroot;
    const char *address;
    const char *port; /* NULL: from the configuration */
    int workers;      /* -1: from the configuration */
    const char *access_log;
    bool quiet;
    bool verbose;
    const char *layout; /* NULL: the usual one */
    bool is_18;         /* Monkey 1.8's ABI, not 1.6's */
};

/* True to go on; else *status is the exit status of the process. */
bool serve_options_read(struct serve_options *options, int argc, char **argv,
                        int *status);

/* Serves with an ABI until a signal: the status of the process. */
int serve_main_16(const struct serve_options *options);
int serve_main_18(const struct serve_options *options);

#endif
