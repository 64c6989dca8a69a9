/* SPDX-License-Identifier: Apache-2.0
 *
 * "Did you mean": the name that somebody meant who wrote another.
 */
#ifndef FCGI_CONFIG_GUESS_H
#define FCGI_CONFIG_GUESS_H

#include <stddef.h>

#include "config/keys.h"

/* Each returns the nearest name, or NULL if none is near; `name` need not be
 * terminated. */
const struct fcgi_section *fcgi_guess_section(const char *name, size_t len);
const struct fcgi_key *fcgi_guess_key(const struct fcgi_section *section,
                                      const char *name, size_t len);

/* Among a list of names that ends with NULL. */
const char *fcgi_guess_name(const char *name, size_t len,
                            const char *const *names);

#endif
