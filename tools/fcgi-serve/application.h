/* SPDX-License-Identifier: Apache-2.0
 *
 * The application: that of --target, or one that fcgi-serve starts, a php-fpm
 * of its own or the command of --app.
 *
 * What is started listens on a socket in a folder that nobody else may enter,
 * and ends with fcgi-serve, however that ends: a process of its own, the
 * keeper, holds a pipe from it, ends the application when that closes, and
 * removes the folder.
 */
#ifndef FCGI_SERVE_APPLICATION_H
#define FCGI_SERVE_APPLICATION_H

#include "options.h"

/*
 * Starts it where there is no --target, and puts its socket there; tells where
 * nobody listens on one that was given. Not with --confdir. Returns 0, or the
 * exit status after a message.
 */
int serve_application_start(struct serve_options *options);

/* Whether what was started has ended by itself; says so then. */
bool serve_application_ended(void);

/* Ends what was started, and waits for that. */
void serve_application_stop(void);

#endif
