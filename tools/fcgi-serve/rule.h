/* SPDX-License-Identifier: Apache-2.0
 *
 * The expressions of Match rules: POSIX extended ones in Monkey 1.6, those of
 * an engine of its own in 1.8.
 */
#ifndef FCGI_SERVE_RULE_H
#define FCGI_SERVE_RULE_H

#include <stdbool.h>

#include "monkey/abi.h"

/* NULL, or a message about the expression, to be freed with
 * serve_mem_free(). */
char *serve_rule_compile(struct mk_host_handler *rule, const char *expression);

bool serve_rule_matches(const struct mk_host_handler *rule, const char *path);
void serve_rule_free(struct mk_host_handler *rule);

#endif
