/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's versions.
 */
#include "check_dialect.h"

#include <string.h>

#include "check_regex.h"

/* check_regex_includes() thinks in expressions that do not mind the case. */
static bool cannot_tell(const char *wide, const char *narrow)
{
    (void)wide;
    (void)narrow;
    return false;
}

static const struct check_dialect dialects[] = {
    {
        .name = "1.6",
        .plugin = "fastcgi",
        .regex_flags = REG_EXTENDED | REG_ICASE | REG_NOSUB,
        .includes = check_regex_includes,
    },
    {
        .name = "1.8",
        .plugin = "fastcgi18",
        .regex_flags = REG_EXTENDED | REG_NOSUB,
        .literal = "|(){}",
        .includes = cannot_tell,
    },
};

const struct check_dialect *check_dialect_find(const char *name)
{
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        if (strcmp(dialects[i].name, name) == 0) {
            return &dialects[i];
        }
    }
    return NULL;
}

const struct check_dialect *check_dialect_default(void)
{
    return &dialects[0];
}
