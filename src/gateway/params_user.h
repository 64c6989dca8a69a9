/* SPDX-License-Identifier: Apache-2.0
 *
 * The user's name in an Authorization field of the scheme Basic.
 */
#ifndef FCGI_GATEWAY_PARAMS_USER_H
#define FCGI_GATEWAY_PARAMS_USER_H

#include <stdbool.h>

#include "gateway/host.h"

/* Name and password together, more than a host's authentication knows. */
#define FCGI_PARAMS_USER_SIZE 768

/* Writes the name; returns its length, 0 where the field has none. Any
 * thread. */
size_t fcgi_params_user(struct fcgi_text field,
                        char user[static FCGI_PARAMS_USER_SIZE]);

#endif
