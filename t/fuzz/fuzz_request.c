/* SPDX-License-Identifier: Apache-2.0
 *
 * What others decide: name-value pairs, and an expression of Monkey 1.8 with a
 * path that it is tried on. `make fuzz`.
 *
 * An input is an expression, NUL, and the path or the pairs.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "monkey/regex18.h"
#include "proto/record.h"

static void try_pairs(const uint8_t *bytes, size_t length)
{
    struct fcgi_pair pair;
    size_t used;

    while ((used = fcgi_pair_decode(bytes, length, &pair)) > 0) {
        check(used <= length);
        bytes += used;
        length -= used;
        if (pair.name_length > length ||
            pair.value_length > length - pair.name_length)
            return;
        bytes += pair.name_length + pair.value_length;
        length -= pair.name_length + pair.value_length;
    }
}

/* In short texts: an expression may take a time that is exponential. */
static void try_rule(const char *expression, const uint8_t *bytes,
                     size_t length)
{
    static struct mk_regex compiled[MK_REGEX_MOST];
    static unsigned char classes[MK_REGEX_CLASS_MOST];
    size_t begin = 0;
    size_t end = 0;
    char text[17];

    if (length >= sizeof(text))
        length = sizeof(text) - 1;
    memcpy(text, bytes, length);
    text[length] = '\0';
    if (strlen(expression) > 24 ||
        !fcgi_monkey18_regex_compile(expression, compiled, classes))
        return;
    if (fcgi_monkey18_regex_find(compiled, text, 0, &begin, &end))
        check(begin <= end && end <= strlen(text));
}

FUZZER(request)
{
    const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
    const uint8_t *rest = nul != NULL ? nul + 1 : data;
    size_t length = (size_t)(data + size - rest);

    if (size == 0)
        return 0;
    if (nul != NULL)
        try_rule((const char *)data, rest, length);
    try_pairs(rest, length);
    return 0;
}
