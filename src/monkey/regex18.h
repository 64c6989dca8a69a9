/* SPDX-License-Identifier: Apache-2.0
 *
 * Regular expressions as Monkey 1.8 understands them, bug for bug: what its
 * Match rules select is decided by them. They are case-sensitive, know neither
 * alternatives nor groups, and match anywhere in a text.
 *
 *   . ^ $ * + ?  [abc] [^abc] [a-z]  \d \D \w \W \s \S
 */
#ifndef FCGI_MONKEY_REGEX18_H
#define FCGI_MONKEY_REGEX18_H

#include <stdbool.h>

#include "monkey/abi.h"

/*
 * Compiles an expression: `out` takes MK_REGEX_MOST elements, `classes` the
 * bytes of what stands in brackets, MK_REGEX_CLASS_MOST of them; the former
 * point into the latter. False for one that cannot be compiled.
 */
bool fcgi_monkey18_regex_compile(const char *expression, struct mk_regex *out,
                                 unsigned char *classes);

/* Whether a compiled expression matches somewhere in a text, from the byte
 * `from` on; and if so, where. */
bool fcgi_monkey18_regex_find(const struct mk_regex *regex, const char *text,
                              size_t from, size_t *begin, size_t *end);

#endif
