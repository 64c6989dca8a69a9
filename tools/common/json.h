/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes JSON to a stream as it comes, without a tree in memory.
 *
 * The text is always valid UTF-8: control characters are escaped, and a
 * byte that is part of no character becomes U+FFFD.
 */
#ifndef FCGI_TOOLS_JSON_H
#define FCGI_TOOLS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct fcgi_json {
    FILE *out;
    unsigned indent; /* blanks per level; 0: all on one line */
    unsigned depth;
    bool comma; /* the next value is not the first of its object or array */
};

/*
 * A value's `key` is its name in the object that is open; NULL in an array or
 * at the top. The caller pairs beginnings with ends. Write errors stay in
 * the stream (ferror(3)).
 */
void fcgi_json_init(struct fcgi_json *json, FILE *out, unsigned indent);
void fcgi_json_object(struct fcgi_json *json, const char *key);
void fcgi_json_object_end(struct fcgi_json *json);
void fcgi_json_array(struct fcgi_json *json, const char *key);
void fcgi_json_array_end(struct fcgi_json *json);

/* A NULL text is written as null. */
void fcgi_json_string(struct fcgi_json *json, const char *key,
                      const char *text);
void fcgi_json_bytes(struct fcgi_json *json, const char *key, const char *bytes,
                     size_t length);
void fcgi_json_uint(struct fcgi_json *json, const char *key, uint64_t number);
void fcgi_json_int(struct fcgi_json *json, const char *key, int64_t number);

/* With `digits` behind the dot; NaN and infinity become null. */
void fcgi_json_real(struct fcgi_json *json, const char *key, double number,
                    unsigned digits);
void fcgi_json_bool(struct fcgi_json *json, const char *key, bool value);
void fcgi_json_null(struct fcgi_json *json, const char *key);

#endif
