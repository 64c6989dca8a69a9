/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: rules whose brackets share one piece of memory, as in Monkey 1.8:
 * those of a later rule overwrite those of an earlier one, which from then on
 * matches what the later one has there.
 */
#include <string.h>

#include "check.h"
#include "dialect.h"

/* One that has brackets; those of all sites in the order of reading. */
struct check_bracket {
    char *regex;
    unsigned char *bytes;
    size_t length;
    struct check_place place;
};

void check_brackets_add(struct check_run *run, struct check_rules *rules,
                        const char *regex, const void *compiled,
                        struct check_place place)
{
    const struct check_dialect *dialect = run->dialect;
    const unsigned char *bytes;
    struct check_bracket *new;
    size_t length;

    if (dialect->shared == NULL)
        return;
    bytes = dialect->shared(compiled, &length);
    if (length == 0)
        return;
    rules->brackets = check_grow(rules->brackets, rules->n_brackets,
                                 sizeof(*rules->brackets));
    new = &rules->brackets[rules->n_brackets++];
    *new = (struct check_bracket){.regex = check_dup(regex),
                                  .bytes = check_alloc(length),
                                  .length = length,
                                  .place = place};
    memcpy(new->bytes, bytes, length);
}

static bool spoils(const struct check_bracket *later,
                   const struct check_bracket *earlier)
{
    size_t length =
        later->length < earlier->length ? later->length : earlier->length;

    return memcmp(later->bytes, earlier->bytes, length) != 0;
}

void check_brackets_report(struct check_run *run,
                           const struct check_rules *rules)
{
    for (size_t i = 0; i < rules->n_brackets; i++) {
        const struct check_bracket *rule = &rules->brackets[i], *later = NULL;

        for (size_t k = i + 1; k < rules->n_brackets; k++)
            if (spoils(&rules->brackets[k], rule))
                later = &rules->brackets[k];
        if (later == NULL)
            continue;
        check_report(run, FCGI_CHECK_MATCH_BRACKETS, rule->place,
                     "the brackets in '%s' become those of '%s', for Monkey %s "
                     "keeps them but once for all rules of all sites; let one "
                     "rule alone have brackets",
                     rule->regex, later->regex, run->dialect->name);
        check_note(run, FCGI_CHECK_MATCH_BRACKETS, later->place,
                   "the later rule");
    }
}
