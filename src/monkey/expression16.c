/* SPDX-License-Identifier: Apache-2.0
 *
 * The expressions of Match rules in Monkey 1.6: POSIX extended ones, which the
 * core has compiled with the same library, and for itself: it does not ask
 * where they match.
 */
#include <regex.h>

#include "monkey/rules.h"

/* The name that glibc gives to what REG_NOSUB sets. */
#ifdef _GNU_SOURCE
#define NO_SUB no_sub
#else
#define NO_SUB __no_sub
#endif

bool fcgi_monkey_expression_find(const struct mk_host_handler *rule,
                                 const char *path, size_t from, size_t length,
                                 struct fcgi_monkey_span *span)
{
    regmatch_t found = {.rm_so = (regoff_t)from, .rm_eo = (regoff_t)length};
    regex_t regex = rule->match;

    regex.NO_SUB = 0;
    if (regexec(&regex, path, 1, &found,
                REG_STARTEND | (from > 0 ? REG_NOTBOL : 0)) != 0)
        return false;
    span->begin = (size_t)found.rm_so;
    span->end = (size_t)found.rm_eo;
    return true;
}
