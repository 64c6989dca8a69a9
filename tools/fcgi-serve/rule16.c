/* SPDX-License-Identifier: Apache-2.0 */
#include "rule.h"

#include <regex.h>
#include <string.h>

#include "mem.h"

char *serve_rule_compile(struct mk_host_handler *rule, const char *expression)
{
    char why[100];
    int r =
        regcomp(&rule->match, expression, REG_EXTENDED | REG_ICASE | REG_NOSUB);

    if (r == 0)
        return NULL;
    regerror(r, &rule->match, why, sizeof(why));
    memset(&rule->match, 0, sizeof(rule->match));
    return serve_mem_dup(why);
}

bool serve_rule_matches(const struct mk_host_handler *rule, const char *path)
{
    return regexec(&rule->match, path, 0, NULL, 0) == 0;
}

void serve_rule_free(struct mk_host_handler *rule)
{
    regfree(&rule->match);
}
