/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON (RFC 8259), written value by value.
 */
#include "common/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "config/escape.h"

void fcgi_json_init(struct fcgi_json *json, FILE *out, unsigned indent)
{
    *json = (struct fcgi_json){.out = out, .indent = indent};
}

static void write_bytes(FILE *out, const char *bytes, size_t length)
{
    fputc('"', out);
    for (size_t i = 0; i < length;) {
        uint32_t c = 0;
        size_t n = fcgi_utf8_decode(bytes + i, length - i, &c);

        if (n == 0) {
            fputs("\xef\xbf\xbd", out);
            n = 1;
        } else if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", (int)c);
        } else if (c == '\n') {
            fputs("\\n", out);
        } else if (c == '\t') {
            fputs("\\t", out);
        } else if (c >= 0x10000 && !fcgi_escape_shows(c)) {
            fprintf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd7c0 + (c >> 10),
                    0xdc00 + (c & 0x3ff));
        } else if (!fcgi_escape_shows(c)) {
            fprintf(out, "\\u%04" PRIx32, c);
        } else {
            fwrite(bytes + i, 1, n, out);
        }
        i += n;
    }
    fputc('"', out);
}

static void new_line(struct fcgi_json *json)
{
    if (json->indent)
        fprintf(json->out, "\n%*s", (int)(json->indent * json->depth), "");
}

/* What stands before a value. */
static void begin(struct fcgi_json *json, const char *key)
{
    if (json->comma)
        fputc(',', json->out);
    if (json->depth)
        new_line(json);
    json->comma = true;
    if (key) {
        write_bytes(json->out, key, strlen(key));
        fputs(json->indent ? ": " : ":", json->out);
    }
}

static void open_level(struct fcgi_json *json, const char *key, char bracket)
{
    begin(json, key);
    fputc(bracket, json->out);
    json->depth++;
    json->comma = false;
}

static void close_level(struct fcgi_json *json, char bracket)
{
    json->depth--;
    if (json->comma)
        new_line(json);
    fputc(bracket, json->out);
    json->comma = json->depth > 0;
    if (json->depth == 0)
        fputc('\n', json->out);
}

void fcgi_json_object(struct fcgi_json *json, const char *key)
{
    open_level(json, key, '{');
}

void fcgi_json_object_end(struct fcgi_json *json)
{
    close_level(json, '}');
}

void fcgi_json_array(struct fcgi_json *json, const char *key)
{
    open_level(json, key, '[');
}

void fcgi_json_array_end(struct fcgi_json *json)
{
    close_level(json, ']');
}

void fcgi_json_bytes(struct fcgi_json *json, const char *key, const char *bytes,
                     size_t length)
{
    begin(json, key);
    write_bytes(json->out, bytes, length);
}

void fcgi_json_string(struct fcgi_json *json, const char *key, const char *text)
{
    if (text)
        fcgi_json_bytes(json, key, text, strlen(text));
    else
        fcgi_json_null(json, key);
}

void fcgi_json_uint(struct fcgi_json *json, const char *key, uint64_t number)
{
    begin(json, key);
    fprintf(json->out, "%" PRIu64, number);
}

void fcgi_json_int(struct fcgi_json *json, const char *key, int64_t number)
{
    begin(json, key);
    fprintf(json->out, "%" PRId64, number);
}

void fcgi_json_real(struct fcgi_json *json, const char *key, double number,
                    unsigned digits)
{
    char text[400]; /* the largest double has 309 digits before the dot */
    char *comma;

    begin(json, key);
    if (!isfinite(number)) {
        fputs("null", json->out);
        return;
    }
    snprintf(text, sizeof(text), "%.*f", (int)(digits < 64 ? digits : 64),
             number);
    comma = strchr(text, ','); /* of a locale */
    if (comma)
        *comma = '.';
    fputs(text, json->out);
}

void fcgi_json_bool(struct fcgi_json *json, const char *key, bool value)
{
    begin(json, key);
    fputs(value ? "true" : "false", json->out);
}

void fcgi_json_null(struct fcgi_json *json, const char *key)
{
    begin(json, key);
    fputs("null", json->out);
}
