/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line, see options.c.
 */
#ifndef FCGI_SERVE_OPTIONS_H
#define FCGI_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cli.h"

#define SERVE_OPTIONS_MOST 64 /* of -d, and of -D */

struct serve_texts {
    const char *items[SERVE_OPTIONS_MOST];
    size_t count;
};

struct serve_options {
    const char *confdir; /* NULL: the short form */
    const char *plugin;  /* NULL: the default, or what plugins.load says */
    const char *target;  /* where the application listens */
    bool is_target;      /* --target: it was not started here */
    const char *app;     /* the command to start it, NULL: php-fpm */
    const char *php_fpm, *user, *config;
    const char *front_controller, *extensions;
    struct serve_texts params, settings; /* NAME=VALUE */
    bool open;
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

extern const struct fcgi_cli serve_options_cli;

/* True to go on; else *status is the exit status of the process. */
bool serve_options_read(struct serve_options *options, int argc, char **argv,
                        int *status);

/* Serves with an ABI until a signal: the status of the process. */
int serve_main_16(const struct serve_options *options);
int serve_main_18(const struct serve_options *options);

#endif
