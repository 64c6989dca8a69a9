/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers are read by hand: strtod() minds the locale, and takes hexadecimal
 * ones, "inf" and blanks.
 */
#include "fcgi-ping/range.h"

#include <math.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads a decimal number up to `end`, which must be all of it. */
static int number(const char *text, const char *end, double *value)
{
    bool negative = text < end && *text == '-', digits = false;
    double unit = 1;

    *value = 0;
    if (negative)
        text++;
    for (; text < end && is_digit(*text); text++, digits = true)
        *value = *value * 10 + (*text - '0');
    if (text < end && *text == '.') {
        for (text++; text < end && is_digit(*text); text++, digits = true) {
            *value = *value * 10 + (*text - '0');
            unit *= 10;
        }
    }
    *value /= unit;
    if (negative)
        *value = -*value;
    return digits && text == end ? 0 : -1;
}

int fcgi_range_parse(const char *text, struct fcgi_range *range)
{
    const char *colon, *end;

    range->inside = text[0] == '@';
    if (range->inside)
        text++;
    range->start = 0;
    range->end = INFINITY;
    colon = strchr(text, ':');
    end = text + strlen(text);
    if (text == end)
        return -1;
    if (colon != NULL) {
        if (colon - text == 1 && text[0] == '~')
            range->start = -INFINITY;
        else if (colon != text && number(text, colon, &range->start) < 0)
            return -1;
        text = colon + 1;
    }
    if (text != end && number(text, end, &range->end) < 0)
        return -1;
    return range->start <= range->end ? 0 : -1;
}

bool fcgi_range_alerts(const struct fcgi_range *range, double value)
{
    bool in = value >= range->start && value <= range->end;

    return in == range->inside;
}

/* A status of three digits; NULL where there is none. */
static const char *status_number(const char *text, int *status)
{
    if (!is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[2]))
        return NULL;
    *status = (text[0] - '0') * 100 + (text[1] - '0') * 10 + text[2] - '0';
    return *status >= 100 && *status <= 599 ? text + 3 : NULL;
}

int fcgi_statuses_parse(const char *text, struct fcgi_statuses *statuses)
{
    statuses->count = 0;
    for (;;) {
        int first, last;

        text = status_number(text, &first);
        last = first;
        if (text != NULL && *text == '-')
            text = status_number(text + 1, &last);
        if (text == NULL || first > last ||
            statuses->count == FCGI_STATUSES_MOST)
            return -1;
        statuses->items[statuses->count].first = first;
        statuses->items[statuses->count++].last = last;
        if (*text == '\0')
            return 0;
        if (*text++ != ',')
            return -1;
    }
}

bool fcgi_statuses_have(const struct fcgi_statuses *statuses, int status)
{
    for (int i = 0; i < statuses->count; i++)
        if (status >= statuses->items[i].first &&
            status <= statuses->items[i].last)
            return true;
    return false;
}
