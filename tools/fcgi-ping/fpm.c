/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the page's one flat object. No JSON parser: php-fpm writes strings
 * with escapes that JSON does not know, and a strict parser refuses the page.
 * Strings are only passed over here, and numbers are plain.
 */
#include "fcgi-ping/fpm.h"

#include <string.h>

#include "config/escape.h"

static const struct {
    const char *key;
    const char *name;
} numbers[FCGI_FPM_NUMBERS] = {
    [FCGI_FPM_ACTIVE] = {"active processes", "active"},
    [FCGI_FPM_IDLE] = {"idle processes", "idle"},
    [FCGI_FPM_TOTAL] = {"total processes", "total"},
    [FCGI_FPM_QUEUE] = {"listen queue", "queue"},
    [FCGI_FPM_MAX_QUEUE] = {"max listen queue", "max_queue"},
    [FCGI_FPM_BACKLOG] = {"listen queue len", "queue_length"},
    [FCGI_FPM_MAX_CHILDREN] = {"max children reached", "max_children_reached"},
    [FCGI_FPM_SLOW] = {"slow requests", "slow_requests"},
    [FCGI_FPM_ACCEPTED] = {"accepted conn", "accepted"},
};

const char *fcgi_fpm_name(enum fcgi_fpm_number number)
{
    return numbers[number].name;
}

struct text {
    const char *at, *end;
};

static void skip_blanks(struct text *text)
{
    while (text->at < text->end && strchr(" \t\r\n", *text->at) != NULL &&
           *text->at != '\0')
        text->at++;
}

/* A string, with its escapes left as they are. */
static bool string(struct text *text, const char **start, size_t *length)
{
    if (text->at == text->end || *text->at != '"')
        return false;
    *start = ++text->at;
    while (text->at < text->end && *text->at != '"')
        text->at += *text->at == '\\' && text->at + 1 < text->end ? 2 : 1;
    if (text->at >= text->end)
        return false;
    *length = (size_t)(text->at++ - *start);
    return true;
}

static bool number(struct text *text, uint64_t *value)
{
    const char *start = text->at;

    *value = 0;
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9';
         text->at++)
        *value = *value * 10 + (uint64_t)(*text->at - '0');
    return text->at > start;
}

static void keep_number(struct fcgi_fpm *fpm, const char *key, size_t length,
                        uint64_t value)
{
    for (int i = 0; i < FCGI_FPM_NUMBERS; i++) {
        if (strlen(numbers[i].key) == length &&
            memcmp(numbers[i].key, key, length) == 0) {
            fpm->numbers[i] = value;
            fpm->have[i] = true;
        }
    }
}

/* One `"key": value`. */
static bool member(struct text *text, struct fcgi_fpm *fpm)
{
    const char *key, *value;
    size_t key_length, length;
    uint64_t n;

    skip_blanks(text);
    if (!string(text, &key, &key_length))
        return false;
    skip_blanks(text);
    if (text->at == text->end || *text->at++ != ':')
        return false;
    skip_blanks(text);
    if (string(text, &value, &length)) {
        if (key_length == 4 && memcmp(key, "pool", 4) == 0)
            fcgi_escape(fpm->pool, sizeof(fpm->pool), 0, value, length);
        return true;
    }
    if (!number(text, &n))
        return false; /* "processes": [ ... ] of ?full comes last */
    keep_number(fpm, key, key_length, n);
    return true;
}

int fcgi_fpm_parse(const char *page, size_t length, struct fcgi_fpm *fpm)
{
    struct text text = {page, page + length};

    memset(fpm, 0, sizeof(*fpm));
    skip_blanks(&text);
    if (text.at == text.end || *text.at++ != '{')
        return -1;
    while (member(&text, fpm)) {
        skip_blanks(&text);
        if (text.at == text.end || *text.at++ != ',')
            break;
    }
    return fpm->have[FCGI_FPM_ACTIVE] && fpm->have[FCGI_FPM_IDLE] &&
                   fpm->have[FCGI_FPM_QUEUE]
               ? 0
               : -1;
}
