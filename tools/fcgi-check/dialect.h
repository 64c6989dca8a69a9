/* SPDX-License-Identifier: Apache-2.0
 *
 * The differences between Monkey's lines of versions that a configuration can
 * show. A further line is a row in dialect.c.
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

    /* Whether `wide` matches all that `narrow` matches; false where that is not
     * known. */
    bool (*includes)(const char *wide, const char *narrow);

    /* Whether a part of an expression is not what it looks like; then `*id` is
     * that of a check, and `why` says which part. NULL: none ever is. */
    bool (*misleads)(const char *expression, const void *compiled,
                     const char **id, char *why, size_t size);

    /* The bytes of an expression's brackets and their number, where a later
     * expression overwrites them. NULL: each has its own. */
    const unsigned char *(*shared)(const void *compiled, size_t *length);
};

/* For Monkey 1.6 and 1.8. */
extern const struct check_dialect check_dialect_16;
extern const struct check_dialect check_dialect_18;

/*
 * The one that a user names: a version, or the program, which has a '/' in its
 * path and is read, not run. NULL, and in `why` what is wrong, where there is
 * none. `*no_tls`, which may be NULL, is whether the program has no TLS in it.
 */
const struct check_dialect *check_dialect_find(const char *name, char *why,
                                               size_t size, bool *no_tls);

#endif
