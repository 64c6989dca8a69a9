/* SPDX-License-Identifier: Apache-2.0
 *
 * All expressions share one piece of memory for what stands in their brackets,
 * as in Monkey: the classes of an earlier rule become those of a later one.
 */
#include "rule.h"

#include "mem.h"
#include "monkey/regex18.h"

static unsigned char classes[MK_REGEX_CLASS_MOST];

char *serve_rule_compile(struct mk_host_handler *rule, const char *expression)
{
    rule->match = serve_mem_alloc_z(sizeof(*rule->match) * MK_REGEX_MOST);
    if (fcgi_monkey18_regex_compile(expression, rule->match, classes))
        return NULL;
    return serve_mem_printf(
        "brackets that do not end, or hold more than %d bytes, of which Monkey "
        "1.8 crashes, or a '\\' at its end, which it takes for what an earlier "
        "rule has there",
        MK_REGEX_CLASS_MOST - 2);
}

bool serve_rule_matches(const struct mk_host_handler *rule, const char *path)
{
    size_t begin, end;

    return fcgi_monkey18_regex_find(rule->match, path, 0, &begin, &end);
}

void serve_rule_free(struct mk_host_handler *rule)
{
    serve_mem_free(rule->match);
}
