/* SPDX-License-Identifier: Apache-2.0
 *
 * The expressions of Match rules in Monkey 1.8, which has an engine of its own
 * that plugins cannot call.
 */
#include <limits.h>
#include <string.h>

#include "monkey/regex18.h"
#include "monkey/rules.h"

bool fcgi_monkey_expression_find(const struct mk_host_handler *rule,
                                 const char *path, size_t from, size_t length,
                                 struct fcgi_monkey_span *span)
{
    char text[PATH_MAX];

    if (length >= sizeof(text))
        return false;
    memcpy(text, path, length);
    text[length] = '\0';
    return fcgi_monkey18_regex_find(rule->match, text, from, &span->begin,
                                    &span->end);
}
