/* SPDX-License-Identifier: Apache-2.0
 *
 * What one line of Monkey's versions does otherwise than another, as far as a
 * configuration shows it. A further one is a row in check_dialect.c.
 */
#ifndef FCGI_CHECK_DIALECT_H
#define FCGI_CHECK_DIALECT_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

struct check_dialect {
    const char *name; /* "1.6" */

    /* The NAME of monkey-NAME.so under which our plugin has this Monkey's
     * layout. */
    const char *plugin;

    /* How regcomp() is called. */
    int regex_flags;

    /* What stands for itself in this Monkey's expressions, though it does not
     * in those of regcomp(); NULL where there is nothing. */
    const char *literal;

    /* Whether all that `narrow` matches is matched by `wide`; false where that
     * cannot be told. */
    bool (*includes)(const char *wide, const char *narrow);
};

/* The one of a name, or NULL; the first one is the default. */
const struct check_dialect *check_dialect_find(const char *name);
const struct check_dialect *check_dialect_default(void);

#endif
