/* SPDX-License-Identifier: Apache-2.0
 *
 * Values with a unit: times.
 */
#ifndef FCGI_CONFIG_VALUE_H
#define FCGI_CONFIG_VALUE_H

#include <stddef.h>
#include <stdint.h>

enum fcgi_config_time_error {
    FCGI_CONFIG_TIME_OK,
    FCGI_CONFIG_TIME_NO_NUMBER, /* does not start with a digit */
    FCGI_CONFIG_TIME_FRACTION,  /* 1.5s */
    FCGI_CONFIG_TIME_UNIT,      /* something else behind the number */
};

/*
 * Reads `500ms`, `5s`, `2m`, `1h`, or `5` for seconds, to milliseconds; what
 * is too large becomes UINT64_MAX. If it is not a time, `*at` is the offset
 * of what is wrong. `text` need not be terminated.
 */
enum fcgi_config_time_error fcgi_config_parse_time(const char *text, size_t len,
                                                   uint64_t *ms, size_t *at);

/* Enough for any time. */
#define FCGI_CONFIG_TIME_SIZE 24

/* Writes a time as fcgi_config_parse_time() reads it, short; returns `buf`. */
const char *fcgi_config_format_time(uint64_t ms,
                                    char buf[static FCGI_CONFIG_TIME_SIZE]);

#endif
