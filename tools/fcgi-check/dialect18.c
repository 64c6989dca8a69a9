/* SPDX-License-Identifier: Apache-2.0
 *
 * The expressions of Monkey 1.8, which has an engine of its own: the very code
 * that the plugin matches with tells here what a rule selects.
 */
#define MK_ABI 18
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "dialect.h"
#include "monkey/regex18.h"
#include "regex.h"

struct expression {
    struct mk_regex elements[MK_REGEX_MOST];
    unsigned char classes[MK_REGEX_CLASS_MOST];
};

static void *compile(const char *expression, char *why, size_t size)
{
    struct expression *e = check_alloc(sizeof(*e));
    size_t length = strlen(expression), slashes = 0;

    while (slashes < length && expression[length - 1 - slashes] == '\\')
        slashes++;
    if (length < MK_REGEX_MOST &&
        fcgi_monkey18_regex_compile(expression, e->elements, e->classes))
        return e;
    if (length >= MK_REGEX_MOST) {
        snprintf(why, size, "it is too long");
    } else if (slashes % 2 == 1) {
        snprintf(why, size, "a '\\' ends it");
    } else {
        snprintf(why, size,
                 "brackets do not end, or hold more than %d characters "
                 "together",
                 MK_REGEX_CLASS_MOST - 2);
    }
    return NULL;
}

static bool matches(const void *compiled, const char *path)
{
    const struct expression *e = compiled;
    size_t begin, end;

    return fcgi_monkey18_regex_find(e->elements, path, 0, &begin, &end);
}

static const unsigned char *shared(const void *compiled, size_t *length)
{
    const struct expression *e = compiled;

    *length = 0;
    for (const struct mk_regex *at = e->elements; at->kind != MK_REGEX_END;
         at++) {
        if (at->kind == MK_REGEX_CLASS || at->kind == MK_REGEX_NOT_CLASS) {
            const char *class = (const char *)at->u.class;

            *length = (size_t)(at->u.class - e->classes) + strlen(class) + 1;
        }
    }
    return e->classes;
}

/* Brackets as POSIX has them: "[[:alpha:]]", "[]a]". */
static bool is_posix_bracket(const char *bracket)
{
    const char *at = bracket + (bracket[1] == '^' ? 2 : 1);

    return *at == ']' || (*at == '[' && at[1] != '\0' && strchr(":.=", at[1]));
}

/* What would be something else elsewhere; NULL if there is nothing. */
static const char *find_foreign(const char *expression)
{
    bool inside = false;

    for (const char *at = expression; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
        } else if (inside) {
            inside = *at != ']';
        } else if (*at == '[') {
            if (is_posix_bracket(at))
                return at;
            inside = true;
        } else if (strchr("|(){}", *at) != NULL) {
            return at;
        }
    }
    return NULL;
}

/* An element that matches no byte, whatever stands in the path. */
static bool is_dead(const struct mk_regex *elements, size_t i)
{
    switch (elements[i].kind) {
    case MK_REGEX_LINE_BEGIN:
        return i > 0;
    case MK_REGEX_LINE_END:
        return elements[i + 1].kind != MK_REGEX_END;
    case MK_REGEX_STAR:
    case MK_REGEX_PLUS:
    case MK_REGEX_QUESTION:
        return true;
    case MK_REGEX_CHAR:
        return elements[i].u.ch > 127;
    }
    return false;
}

static bool is_count(unsigned char kind)
{
    return kind == MK_REGEX_STAR || kind == MK_REGEX_PLUS ||
           kind == MK_REGEX_QUESTION;
}

/* Whether there is such an element; then `why` tells which. */
static bool find_dead(const struct mk_regex *elements, char *why, size_t size)
{
    static const char marks[] = {[MK_REGEX_LINE_BEGIN] = '^',
                                 [MK_REGEX_LINE_END] = '$',
                                 [MK_REGEX_QUESTION] = '?',
                                 [MK_REGEX_STAR] = '*',
                                 [MK_REGEX_PLUS] = '+'};
    /* At the begin '^' is no element, and nothing counts it. */
    size_t i = elements[0].kind == MK_REGEX_LINE_BEGIN ? 1 : 0;

    for (; elements[i].kind != MK_REGEX_END; i++) {
        if (is_dead(elements, i)) {
            if (elements[i].kind == MK_REGEX_CHAR) {
                snprintf(why, size,
                         "letters beyond ASCII match in brackets alone, or as "
                         "'..'");
            } else {
                snprintf(why, size, "at its place '%c' matches nothing",
                         marks[elements[i].kind]);
            }
            return true;
        }
        if (is_count(elements[i + 1].kind))
            i++;
    }
    return false;
}

static bool misleads(const char *expression, const void *compiled,
                     const char **id, char *why, size_t size)
{
    const struct expression *e = compiled;
    const char *foreign = find_foreign(expression);

    if (foreign != NULL && *foreign == '[') {
        *id = FCGI_CHECK_MATCH_REGEX;
        snprintf(why, size,
                 "in brackets Monkey 1.8 knows no names as '[:alpha:]', and "
                 "the first ']' ends them; write ranges, and '\\]'");
        return true;
    }
    if (foreign != NULL) {
        *id = FCGI_CHECK_MATCH_REGEX;
        snprintf(why, size,
                 "the '%c' stands for itself: expressions of Monkey 1.8 have "
                 "no alternatives, groups and counts; write a rule for each "
                 "case",
                 *foreign);
        return true;
    }
    *id = FCGI_CHECK_MATCH_DEAD;
    return find_dead(e->elements, why, size);
}

#define TRANSLATED (16 * MK_REGEX_MOST)

/* Writes an expression in POSIX' form; false where there is none. */
static bool translate(const char *expression, char out[static TRANSLATED])
{
    struct expression e;
    size_t n = 0;
    char why[200];
    bool inside = false, plain;

    plain = strlen(expression) < MK_REGEX_MOST &&
            fcgi_monkey18_regex_compile(expression, e.elements, e.classes) &&
            !find_dead(e.elements, why, sizeof(why)) &&
            find_foreign(expression) == NULL;
    for (const char *at = expression; plain && *at != '\0'; at++) {
        const char *set = NULL;

        if (*at != '\\') {
            inside = inside ? *at != ']' : *at == '[';
            out[n++] = *at;
            continue;
        }
        switch (*++at) {
        case 'd':
            set = "[0-9]";
            break;
        case 'D':
            set = "[^0-9]";
            break;
        case 'w':
            set = "[0-9A-Za-z_]";
            break;
        case 'W':
            set = "[^0-9A-Za-z_]";
            break;
        case 's':
            set = "[[:space:]]";
            break;
        case 'S':
            set = "[^[:space:]]";
            break;
        }
        if (inside) {
            plain = false; /* it would have to be ordered anew */
        } else if (set != NULL) {
            n += (size_t)sprintf(out + n, "%s", set);
        } else {
            out[n++] = '\\';
            out[n++] = *at;
        }
    }
    out[n] = '\0';
    return plain;
}

static bool includes(const char *wide, const char *narrow)
{
    char a[TRANSLATED], b[TRANSLATED];

    return strcmp(wide, narrow) == 0 ||
           (translate(wide, a) && translate(narrow, b) &&
            check_regex_includes_cased(a, b));
}

const struct check_dialect check_dialect_18 = {
    .name = "1.8",
    .is_18 = true,
    .plugin = "fastcgi18",
    .compile = compile,
    .matches = matches,
    .includes = includes,
    .misleads = misleads,
    .shared = shared,
};
