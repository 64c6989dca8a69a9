/* SPDX-License-Identifier: Apache-2.0
 *
 * The growing parts of a scan's result.
 *
 * Values are written in single quotes: in libconfuse's syntax nothing is
 * expanded there, and only the backslash and the quote are escaped.
 */
#include "config/scan_internal.h"

#include <stdlib.h>
#include <string.h>

/* Makes room for `more` elements behind `count`. Returns the array or NULL. */
static void *grow(void *array, size_t count, size_t more, size_t size,
                  size_t *capacity)
{
    size_t wanted = *capacity ? *capacity : 16;
    void *bigger;

    if (array && more <= *capacity - count)
        return array;
    while (wanted < count + more)
        wanted *= 2;
    bigger = reallocarray(array, wanted, size);
    if (bigger)
        *capacity = wanted;
    return bigger;
}

int fcgi_scan_emit(struct fcgi_scan *scan, const char *text, size_t len)
{
    char *bigger =
        grow(scan->text, scan->text_len, len, 1, &scan->text_capacity);

    if (!bigger)
        return -1;
    scan->text = bigger;
    memcpy(scan->text + scan->text_len, text, len);
    scan->text_len += len;
    return 0;
}

int fcgi_scan_emit_pair(struct fcgi_scan *scan, const struct fcgi_key *key,
                        const char *value, size_t len)
{
    const char *sign = key->repeat ? " += {'" : " = '";
    const char *end = key->repeat ? "'}" : "'";

    if (fcgi_scan_emit(scan, key->name, strlen(key->name)) ||
        fcgi_scan_emit(scan, sign, strlen(sign)))
        return -1;
    for (size_t i = 0; i < len; i++) {
        bool special = value[i] == '\\' || value[i] == '\'';

        if ((special && fcgi_scan_emit(scan, "\\", 1)) ||
            fcgi_scan_emit(scan, value + i, 1))
            return -1;
    }
    return fcgi_scan_emit(scan, end, strlen(end));
}

int fcgi_scan_add_section(struct fcgi_scan *scan,
                          const struct fcgi_scan_section *section)
{
    struct fcgi_scan_section *bigger =
        grow(scan->sections, scan->n_sections, 1, sizeof(*bigger),
             &scan->sections_capacity);

    if (!bigger)
        return -1;
    scan->sections = bigger;
    scan->sections[scan->n_sections++] = *section;
    return 0;
}

int fcgi_scan_add_pair(struct fcgi_scan *scan,
                       const struct fcgi_scan_pair *pair)
{
    struct fcgi_scan_pair *bigger = grow(
        scan->pairs, scan->n_pairs, 1, sizeof(*bigger), &scan->pairs_capacity);

    if (!bigger)
        return -1;
    scan->pairs = bigger;
    scan->pairs[scan->n_pairs++] = *pair;
    return 0;
}

void fcgi_scan_free(struct fcgi_scan *scan)
{
    free(scan->sections);
    free(scan->pairs);
    free(scan->text);
    memset(scan, 0, sizeof(*scan));
}

const struct fcgi_scan_pair *fcgi_scan_find(const struct fcgi_scan *scan,
                                            unsigned line)
{
    size_t low = 0;
    size_t high = scan->n_pairs;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (scan->pairs[middle].line == line)
            return &scan->pairs[middle];
        if (scan->pairs[middle].line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void fcgi_scan_put(struct scanner *s, const char *text)
{
    if (!s->tree && fcgi_scan_emit(s->scan, text, strlen(text)))
        s->no_memory = true;
}

bool fcgi_scan_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct span fcgi_scan_trim(struct span s)
{
    while (s.len && fcgi_scan_blank(s.at[0])) {
        s.at++;
        s.len--;
    }
    while (s.len && fcgi_scan_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

unsigned fcgi_scan_column(const struct scanner *s, const char *at)
{
    return (unsigned)(at - s->line_start) + 1;
}
