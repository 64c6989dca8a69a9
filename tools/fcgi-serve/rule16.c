/* SPDX-License-Identifier: Apache-2.0 */
#include "rule.h"

#include <regex.h>
#include <string.h>

#include "mem.h"

_Static_assert(sizeof(regex_t) == 64, "the C library's regex_t is not glibc's");

static regex_t *regex_of(struct mk_host_handler *rule)
{
    return (regex_t *)(void *)rule->match;
}

char *serve_rule_compile(struct mk_host_handler *rule, const char *expression)
{
    char why[100];
    int r = regcomp(regex_of(rule), expression,
                    REG_EXTENDED | REG_ICASE | REG_NOSUB);

    if (r == 0)
        return NULL;
    regerror(r, regex_of(rule), why, sizeof(why));
    memset(rule->match, 0, sizeof(rule->match));
    return serve_mem_dup(why);
}

bool serve_rule_matches(const struct mk_host_handler *rule, const char *path)
{
    regex_t regex;

    memcpy(&regex, rule->match, sizeof(regex));
    return regexec(&regex, path, 0, NULL, 0) == 0;
}

void serve_rule_free(struct mk_host_handler *rule)
{
    regfree(regex_of(rule));
}
