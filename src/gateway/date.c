/* SPDX-License-Identifier: Apache-2.0
 *
 * The Date field.
 */
#include "gateway/date.h"

#include <time.h>

const char *fcgi_date_now(struct fcgi_date *date)
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != date->second) {
        date->second = now.tv_sec;
        gmtime_r(&now.tv_sec, &tm);
        /* A server calls no setlocale(); the names are English. */
        if (strftime(date->text, sizeof(date->text),
                     "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
            date->text[0] = '\0';
    }
    return date->text;
}
