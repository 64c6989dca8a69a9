/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers with and without a unit: times, sizes, counts, On and Off.
 */
#ifndef FCGI_CONFIG_VALUE_H
#define FCGI_CONFIG_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "config/keys.h"

enum fcgi_config_number_error {
    FCGI_CONFIG_NUMBER_OK,
    FCGI_CONFIG_NUMBER_NONE,     /* does not start with a digit */
    FCGI_CONFIG_NUMBER_FRACTION, /* 1.5s */
    FCGI_CONFIG_NUMBER_UNIT,     /* something else behind the number */
};

/*
 * Parses `500ms`, `5s`, `2m`, `1h`, or `5` for seconds, into milliseconds; a
 * value that is too large becomes UINT64_MAX. If it is not a time, `*at` is the
 * offset of the mistake. `text` need not be terminated.
 */
enum fcgi_config_number_error
fcgi_config_parse_time(const char *text, size_t len, uint64_t *ms, size_t *at);

/*
 * The value of a key for which fcgi_keys_is_number(): `64k` or `1m` as bytes,
 * `On` as 1, and so on; `Off` as 0 where the key knows it. Otherwise as above;
 * a switch that is neither On nor Off is NUMBER_NONE.
 */
enum fcgi_config_number_error
fcgi_config_parse_number(const struct fcgi_key *key, const char *text,
                         size_t len, uint64_t *value, size_t *at);

/* Enough for any number and its unit. */
#define FCGI_CONFIG_NUMBER_SIZE 24

/* Writes a time as fcgi_config_parse_time() reads it, short; returns `buf`. */
const char *fcgi_config_format_time(uint64_t ms,
                                    char buf[static FCGI_CONFIG_NUMBER_SIZE]);

/* Writes a number as fcgi_config_parse_number() reads it; returns `buf` or a
 * static text. */
const char *fcgi_config_format_number(const struct fcgi_key *key,
                                      uint64_t value,
                                      char buf[static FCGI_CONFIG_NUMBER_SIZE]);

#endif
