/* SPDX-License-Identifier: Apache-2.0
 *
 * Matching is by backtracking, an element at a time. Quirks that are kept,
 * because they decide what a rule selects: a quantifier behind '^' or '$'
 * counts these as any other element; '^' is a begin only as the first element,
 * and '$' an end only as the last; elsewhere they, and quantifiers that stand
 * behind nothing, match the byte that an earlier rule has left in their place;
 * a byte above 127 does not match itself, but in brackets; an expression that
 * matches nothing but the empty end of a text does not match.
 */
#include "monkey/regex18.h"

#include <ctype.h>
#include <string.h>

static bool is_word(unsigned char c)
{
    return c == '_' || isalnum(c);
}

/* What `\c` stands for: true where it is a set, and `in` whether it holds the
 * byte. */
static bool is_set(char name, unsigned char c, bool *in)
{
    switch (name) {
    case 'd':
        *in = isdigit(c);
        return true;
    case 'D':
        *in = !isdigit(c);
        return true;
    case 'w':
        *in = is_word(c);
        return true;
    case 'W':
        *in = !is_word(c);
        return true;
    case 's':
        *in = isspace(c);
        return true;
    case 'S':
        *in = !isspace(c);
        return true;
    }
    return false;
}

/* A class is text that ends with NUL and has one in front of it. */
static bool in_class(const char *class, char c)
{
    for (const char *at = class; *at != '\0'; at++) {
        bool in;

        if (c != '-' && at[0] != '-' && at[1] == '-' && at[2] != '\0' &&
            c >= at[0] && c <= at[2])
            return true;
        if (*at == '\\') {
            at++;
            if (is_set(*at, (unsigned char)c, &in) ? in : c == *at)
                return true;
            if (*at == '\0')
                return false;
        } else if (*at == c) {
            return c != '-' || at == class || at[1] == '\0';
        }
    }
    return false;
}

static bool fits(const struct mk_regex *one, char c)
{
    static const char names[] = {
        [MK_REGEX_DIGIT] = 'd', [MK_REGEX_NOT_DIGIT] = 'D',
        [MK_REGEX_WORD] = 'w',  [MK_REGEX_NOT_WORD] = 'W',
        [MK_REGEX_SPACE] = 's', [MK_REGEX_NOT_SPACE] = 'S',
    };
    bool in;

    switch (one->kind) {
    case MK_REGEX_DOT:
        return true;
    case MK_REGEX_CLASS:
        return in_class((const char *)one->u.class, c);
    case MK_REGEX_NOT_CLASS:
        return !in_class((const char *)one->u.class, c);
    }
    if (one->kind < sizeof(names) &&
        is_set(names[one->kind], (unsigned char)c, &in))
        return in;
    /* Monkey compares an unsigned byte with a signed one. */
    return one->u.ch == (signed char)c;
}

/* The end of what matches at `text`, or NULL. */
static const char *match_here(const struct mk_regex *regex, const char *text);

/* `one` as often as possible, then ever less often, at least `least` times. */
static const char *match_many(const struct mk_regex *one, size_t least,
                              const struct mk_regex *rest, const char *text)
{
    const char *end = NULL;
    size_t n = 0;

    while (text[n] != '\0' && fits(one, text[n]))
        n++;
    for (;; n--) {
        if (n < least)
            return NULL;
        end = match_here(rest, text + n);
        if (end != NULL || n == 0)
            return end;
    }
}

static const char *match_here(const struct mk_regex *regex, const char *text)
{
    for (;; regex++, text++) {
        if (regex[0].kind == MK_REGEX_END)
            return text;
        if (regex[1].kind == MK_REGEX_QUESTION) {
            const char *end = match_here(regex + 2, text);

            if (end != NULL || *text == '\0' || !fits(regex, *text))
                return end;
            return match_here(regex + 2, text + 1);
        }
        if (regex[1].kind == MK_REGEX_STAR)
            return match_many(regex, 0, regex + 2, text);
        if (regex[1].kind == MK_REGEX_PLUS)
            return match_many(regex, 1, regex + 2, text);
        if (regex[0].kind == MK_REGEX_LINE_END && regex[1].kind == MK_REGEX_END)
            return *text == '\0' ? text : NULL;
        if (*text == '\0' || !fits(regex, *text))
            return NULL;
    }
}

bool fcgi_monkey18_regex_find(const struct mk_regex *regex, const char *text,
                              size_t from, size_t *begin, size_t *end)
{
    bool anchored = regex[0].kind == MK_REGEX_LINE_BEGIN;
    const char *at = text + from, *found;

    if (anchored && from > 0)
        return false;
    do {
        found = match_here(anchored ? regex + 1 : regex, at);
        if (found != NULL) {
            *begin = (size_t)(at - text);
            *end = (size_t)(found - text);
            return anchored || *at != '\0';
        }
    } while (!anchored && *at++ != '\0');
    return false;
}

/* Copies a class, from behind its bracket; NULL where it does not fit, or does
 * not end. `*at` goes to the ']'. */
static unsigned char *take_class(const char **at, unsigned char *classes,
                                 size_t *used)
{
    unsigned char *class = classes + *used;

    for (; **at != ']' && **at != '\0'; ++*at) {
        if (*used + 2 > MK_REGEX_CLASS_MOST)
            return NULL;
        if (**at == '\\') {
            if ((*at)[1] == '\0' || *used + 3 > MK_REGEX_CLASS_MOST)
                return NULL;
            classes[(*used)++] = (unsigned char)*(*at)++;
        }
        classes[(*used)++] = (unsigned char)**at;
    }
    if (**at == '\0' || *used >= MK_REGEX_CLASS_MOST)
        return NULL;
    classes[(*used)++] = '\0';
    return class;
}

bool fcgi_monkey18_regex_compile(const char *expression, struct mk_regex *out,
                                 unsigned char *classes)
{
    static const char plain[] = ".^$*+?";
    static const unsigned char plain_kinds[] = {
        MK_REGEX_DOT,  MK_REGEX_LINE_BEGIN, MK_REGEX_LINE_END,
        MK_REGEX_STAR, MK_REGEX_PLUS,       MK_REGEX_QUESTION};
    static const char sets[] = "dDwWsS";
    const char *at = expression, *found;
    size_t used = 1;
    size_t n = 0;

    classes[0] = '\0';
    for (; *at != '\0' && n + 1 < MK_REGEX_MOST; at++, n++) {
        out[n].kind = MK_REGEX_CHAR;
        out[n].u.ch = (unsigned char)*at;
        found = strchr(plain, *at);
        if (found != NULL) {
            out[n].kind = plain_kinds[found - plain];
            out[n].u.ch = '\0'; /* in Monkey, what an earlier rule left */
        } else if (*at == '\\') {
            if (*++at == '\0')
                return false;
            out[n].u.ch = (unsigned char)*at;
            found = strchr(sets, *at);
            if (found != NULL)
                out[n].kind = (unsigned char)(MK_REGEX_DIGIT + (found - sets));
        } else if (*at == '[') {
            out[n].kind = MK_REGEX_CLASS;
            if (*++at == '^') {
                out[n].kind = MK_REGEX_NOT_CLASS;
                at++;
            }
            out[n].u.class = take_class(&at, classes, &used);
            if (out[n].u.class == NULL)
                return false;
        }
    }
    out[n].kind = MK_REGEX_END;
    return true;
}
