/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line, see serve_options.c.
 */
#ifndef FCGI_SERVE_OPTIONS_H
#define FCGI_SERVE_OPTIONS_H

#include "serve.h"

/* True to go on; else *status is what the process shall end with. */
bool serve_options_read(struct serve_options *options, int argc, char **argv,
                        int *status);

#endif
