/* SPDX-License-Identifier: Apache-2.0
 *
 * Names are compared by optimal string alignment distance
 * (insertions, deletions, substitutions, swaps of neighbours) with the limits
 * that GCC uses for the same purpose; case is ignored.
 */
#include "config/guess.h"

#include <stdint.h>
#include <string.h>

#include "config/text.h"

#define GUESS_MAX 32 /* longer names are not guessed at */

static bool same(const char *a, const char *b)
{
    return fcgi_text_equal(a, 1, b, 1);
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many edits lead from one text to the other; both up to GUESS_MAX. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][GUESS_MAX + 1] = {{0}};
    size_t *before = rows[0]; /* the row before the last one */
    size_t *last = rows[1];
    size_t *row = rows[2];

    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *free_row = before;

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = same(&a[i - 1], &b[j - 1]) ? 0 : 1;

            row[j] = min(last[j], row[j - 1]) + 1;
            row[j] = min(row[j], last[j - 1] + change);
            if (i > 1 && j > 1 && same(&a[i - 1], &b[j - 2]) &&
                same(&a[i - 2], &b[j - 1]))
                row[j] = min(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
        row = free_row;
    }
    return last[b_len];
}

/* Above this distance, `a` was hardly meant to be `b`. */
static size_t cutoff(size_t a_len, size_t b_len)
{
    size_t longer = a_len > b_len ? a_len : b_len;
    size_t shorter = min(a_len, b_len);

    if (longer <= 1)
        return 0;
    if (longer - shorter <= 1)
        return longer / 3 > 1 ? longer / 3 : 1;
    return (longer + 2) / 3;
}

/* If `name` is nearer to `candidate` than `*best`, updates that. */
static bool nearer(const char *name, size_t len, const char *candidate,
                   size_t *best)
{
    size_t candidate_len = strlen(candidate);
    size_t d;

    if (len > GUESS_MAX || candidate_len > GUESS_MAX)
        return false;
    d = distance(name, len, candidate, candidate_len);
    if (d > cutoff(len, candidate_len) || d >= *best)
        return false;
    *best = d;
    return true;
}

const struct fcgi_section *fcgi_guess_section(const char *name, size_t len)
{
    const struct fcgi_section *guess = NULL;
    size_t best = SIZE_MAX, n;
    const struct fcgi_section *sections = fcgi_keys_sections(&n);

    for (size_t i = 0; i < n; i++)
        if (nearer(name, len, sections[i].name, &best))
            guess = &sections[i];
    return guess;
}

const struct fcgi_key *fcgi_guess_key(const struct fcgi_section *section,
                                      const char *name, size_t len)
{
    const struct fcgi_key *guess = NULL;
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < section->n_keys; i++)
        if (nearer(name, len, section->keys[i].name, &best))
            guess = &section->keys[i];
    return guess;
}

const char *fcgi_guess_name(const char *name, size_t len,
                            const char *const *names)
{
    const char *guess = NULL;
    size_t best = SIZE_MAX;

    for (; *names; names++)
        if (nearer(name, len, *names, &best))
            guess = *names;
    return guess;
}
