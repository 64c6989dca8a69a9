/* SPDX-License-Identifier: Apache-2.0
 *
 * What one line of Monkey's versions does otherwise than another, as far as a
 * configuration shows it. A further one is a row in dialect.c.
 */
#ifndef FCGI_CHECK_DIALECT_H
#define FCGI_CHECK_DIALECT_H

#include <stdbool.h>
#include <stddef.h>

struct check_dialect {
    const char *name; /* "1.6" */
    bool is_18;

    /* The NAME of monkey-NAME.so under which our plugin has this Monkey's
     * layout. */
    const char *plugin;

    /* Compiles an expression as Monkey does. NULL, and in `why` what is wrong,
     * where that cannot be done. */
    void *(*compile)(const char *expression, char *why, size_t size);
    void (*release)(void *compiled); /* NULL: there is nothing to free */

    /* Whether it is found in a path. */
    bool (*matches)(const void *compiled, const char *path);

    /* Whether all that `narrow` matches is matched by `wide`; false where that
     * cannot be told. */
    bool (*includes)(const char *wide, const char *narrow);

    /* Whether a part of an expression is not what it looks like; then `*id` is
     * that of a check, and `why` says which part. NULL: none ever is. */
    bool (*misleads)(const char *expression, const void *compiled,
                     const char **id, char *why, size_t size);

    /* What stands in the brackets of an expression, which lies in memory that
     * those of a later one overwrite, and how long it is. NULL: it does not. */
    const unsigned char *(*shared)(const void *compiled, size_t *length);
};

/* For Monkey 1.6 and 1.8. */
extern const struct check_dialect check_dialect_16;
extern const struct check_dialect check_dialect_18;

/*
 * The one that a user names: a version, or the program, which has a '/' in its
 * path and is read, not run. NULL, and in `why` what is wrong, where there is
 * none.
 */
const struct check_dialect *check_dialect_find(const char *name, char *why,
                                               size_t size);

#endif
