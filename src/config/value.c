/* SPDX-License-Identifier: Apache-2.0
 *
 * Times: a whole number and a unit, always decimal, without sign and blank.
 */
#include "config/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint64_t ms;
} units[] = {
    {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000},
};

enum fcgi_config_time_error fcgi_config_parse_time(const char *text, size_t len,
                                                   uint64_t *ms, size_t *at)
{
    uint64_t number = 0;
    size_t n = 0;

    for (; n < len && text[n] >= '0' && text[n] <= '9'; n++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text[n] - '0'),
                                   &number)) {
            number = UINT64_MAX / 10 + 1; /* overflows again, or stays huge */
        }
    }
    *at = n;
    if (n == 0) {
        return FCGI_CONFIG_TIME_NO_NUMBER;
    }
    if (n < len && (text[n] == '.' || text[n] == ',')) {
        return FCGI_CONFIG_TIME_FRACTION;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strlen(units[i].name) == len - n &&
            memcmp(units[i].name, text + n, len - n) == 0) {
            if (__builtin_mul_overflow(number, units[i].ms, ms)) {
                *ms = UINT64_MAX;
            }
            return FCGI_CONFIG_TIME_OK;
        }
    }
    return FCGI_CONFIG_TIME_UNIT;
}

const char *fcgi_config_format_time(uint64_t ms,
                                    char buf[static FCGI_CONFIG_TIME_SIZE])
{
    uint64_t n = ms;
    const char *unit = "ms";

    /* Whole minutes stay seconds up to two: people say "60s". */
    if (ms % 3600000 == 0) {
        n = ms / 3600000;
        unit = "h";
    } else if (ms % 60000 == 0 && ms > 120000) {
        n = ms / 60000;
        unit = "m";
    } else if (ms % 1000 == 0) {
        n = ms / 1000;
        unit = "s";
    }
    if (ms == 0) {
        unit = "s";
    }
    snprintf(buf, FCGI_CONFIG_TIME_SIZE, "%" PRIu64 "%s", n, unit);
    return buf;
}
