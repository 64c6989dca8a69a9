/* SPDX-License-Identifier: Apache-2.0
 *
 * The Date field.
 */
#include "gateway/date.h"

#include <time.h>

void fcgi_date_of(char *text, size_t size, int64_t second)
{
    const time_t time = (time_t)second;
    struct tm tm;

    /* A server calls no setlocale(); the names are English. */
    if (gmtime_r(&time, &tm) == NULL ||
        strftime(text, size, "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
        text[0] = '\0';
}

const char *fcgi_date_now(struct fcgi_date *date)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != date->second) {
        date->second = now.tv_sec;
        fcgi_date_of(date->text, sizeof(date->text), now.tv_sec);
    }
    return date->text;
}
