/* SPDX-License-Identifier: Apache-2.0
 *
 * The expressions of Match rules in Monkey 1.8, which has an engine of its own
 * that plugins cannot call.
 */
#include <limits.h>
#include <string.h>

#include "monkey/index.h"
#include "monkey/regex18.h"

bool fcgi_monkey_rule_find(const struct mk_host_handler *rule, const char *path,
                           size_t from, size_t length, struct mk_span *span)
{
    char text[PATH_MAX];

    if (length >= sizeof(text))
        return false;
    memcpy(text, path, length);
    text[length] = '\0';
    return fcgi_monkey18_regex_find(rule->match, text, from, &span->begin, &span->end);
}
