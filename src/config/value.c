/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers: whole ones, always decimal, without sign, with the unit right
 * behind them.
 */
#include "config/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/text.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit times[] = {
    {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {NULL, 0},
};
static const struct unit sizes[] = {
    {"", 1},   {"k", 1024}, {"K", 1024}, {"m", 1024 * 1024}, {"M", 1024 * 1024},
    {NULL, 0},
};
static const struct unit counts[] = {
    {"", 1},
    {NULL, 0},
};

/* A number that is too large becomes UINT64_MAX. */
static enum fcgi_config_number_error parse(const struct unit *units,
                                           const char *text, size_t len,
                                           uint64_t *value, size_t *at)
{
    uint64_t number = 0;
    size_t n = 0;

    for (; n < len && text[n] >= '0' && text[n] <= '9'; n++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text[n] - '0'), &number))
            number = UINT64_MAX / 10 + 1; /* overflows again, or stays huge */
    *at = n;
    if (n == 0)
        return FCGI_CONFIG_NUMBER_NONE;
    if (n < len && (text[n] == '.' || text[n] == ','))
        return FCGI_CONFIG_NUMBER_FRACTION;
    for (; units->name; units++) {
        if (strlen(units->name) == len - n &&
            memcmp(units->name, text + n, len - n) == 0) {
            if (__builtin_mul_overflow(number, units->factor, value))
                *value = UINT64_MAX;
            return FCGI_CONFIG_NUMBER_OK;
        }
    }
    return FCGI_CONFIG_NUMBER_UNIT;
}

enum fcgi_config_number_error
fcgi_config_parse_time(const char *text, size_t len, uint64_t *ms, size_t *at)
{
    return parse(times, text, len, ms, at);
}

static enum fcgi_config_number_error parse_bool(const char *text, size_t len,
                                                uint64_t *value, size_t *at)
{
    *at = 0;
    *value = fcgi_text_equal(text, len, "on", 2);
    return *value || fcgi_text_equal(text, len, "off", 3)
               ? FCGI_CONFIG_NUMBER_OK
               : FCGI_CONFIG_NUMBER_NONE;
}

enum fcgi_config_number_error
fcgi_config_parse_number(const struct fcgi_key *key, const char *text,
                         size_t len, uint64_t *value, size_t *at)
{
    switch (key->type) {
    case FCGI_KEY_TIME:
        if (key->off && fcgi_text_equal(text, len, "off", 3)) {
            *value = 0;
            return FCGI_CONFIG_NUMBER_OK;
        }
        return parse(times, text, len, value, at);
    case FCGI_KEY_SIZE:
        return parse(sizes, text, len, value, at);
    case FCGI_KEY_BOOL:
        return parse_bool(text, len, value, at);
    case FCGI_KEY_COUNT:
    case FCGI_KEY_NAME:
    case FCGI_KEY_ADDR:
    case FCGI_KEY_PATH:
    case FCGI_KEY_TEXT:
    case FCGI_KEY_WORDS:
    case FCGI_KEY_PAIR:
    case FCGI_KEY_NETWORKS:
        break;
    }
    return parse(counts, text, len, value, at);
}

const char *fcgi_config_format_time(uint64_t ms,
                                    char buf[static FCGI_CONFIG_NUMBER_SIZE])
{
    uint64_t n = ms;
    const char *unit = "ms";

    /* Up to two minutes are written in seconds, as people do: "60s". */
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
    if (ms == 0)
        unit = "s";
    snprintf(buf, FCGI_CONFIG_NUMBER_SIZE, "%" PRIu64 "%s", n, unit);
    return buf;
}

static const char *format_size(uint64_t size,
                               char buf[static FCGI_CONFIG_NUMBER_SIZE])
{
    const char *unit = "";

    if (size && size % (1024 * 1024) == 0) {
        size /= 1024 * 1024;
        unit = "m";
    } else if (size && size % 1024 == 0) {
        size /= 1024;
        unit = "k";
    }
    snprintf(buf, FCGI_CONFIG_NUMBER_SIZE, "%" PRIu64 "%s", size, unit);
    return buf;
}

const char *fcgi_config_format_number(const struct fcgi_key *key,
                                      uint64_t value,
                                      char buf[static FCGI_CONFIG_NUMBER_SIZE])
{
    switch (key->type) {
    case FCGI_KEY_TIME:
        return key->off && value == 0 ? "Off"
                                      : fcgi_config_format_time(value, buf);
    case FCGI_KEY_SIZE:
        return format_size(value, buf);
    case FCGI_KEY_BOOL:
        return value ? "On" : "Off";
    case FCGI_KEY_COUNT:
    case FCGI_KEY_NAME:
    case FCGI_KEY_ADDR:
    case FCGI_KEY_PATH:
    case FCGI_KEY_TEXT:
    case FCGI_KEY_WORDS:
    case FCGI_KEY_PAIR:
    case FCGI_KEY_NETWORKS:
        break;
    }
    snprintf(buf, FCGI_CONFIG_NUMBER_SIZE, "%" PRIu64, value);
    return buf;
}
