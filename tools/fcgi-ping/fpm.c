/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the page's object, and with ?full the objects of its one array. No JSON
 * parser: php-fpm writes strings with escapes that JSON does not know, and a
 * strict parser refuses the page. Numbers are plain.
 */
#include "fcgi-ping/fpm.h"

#include <stddef.h>
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

/* One value: a string with its escapes, or where that is NULL a number. */
struct value {
    const char *string;
    size_t length;
    uint64_t number;
};

typedef void take_fn(void *data, const char *key, size_t length,
                     const struct value *value);

static bool next_is(struct text *text, char c)
{
    while (text->at < text->end && *text->at != '\0' &&
           strchr(" \t\r\n", *text->at) != NULL)
        text->at++;
    if (text->at == text->end || *text->at != c)
        return false;
    text->at++;
    return true;
}

static bool string(struct text *text, const char **start, size_t *length)
{
    if (!next_is(text, '"'))
        return false;
    *start = text->at;
    while (text->at < text->end && *text->at != '"')
        text->at += *text->at == '\\' && text->at + 1 < text->end ? 2 : 1;
    if (text->at >= text->end)
        return false;
    *length = (size_t)(text->at++ - *start);
    return true;
}

/* What is behind a dot does not count. */
static bool number(struct text *text, uint64_t *value)
{
    const char *start = text->at, *digit;

    *value = 0;
    for (digit = start; digit < text->end && *digit >= '0' && *digit <= '9';
         digit++)
        *value = *value * 10 + (uint64_t)(*digit - '0');
    text->at = digit;
    while (digit > start && text->at < text->end &&
           (*text->at == '.' || (*text->at >= '0' && *text->at <= '9')))
        text->at++;
    return digit > start;
}

/* The members of an object, up to a value that is neither string nor number, or
 * to the object's end. False where it is no object. */
static bool members(struct text *text, take_fn *take, void *data)
{
    if (!next_is(text, '{'))
        return false;
    do {
        struct value value = {0};
        const char *key;
        size_t length;

        if (!string(text, &key, &length) || !next_is(text, ':'))
            return true;
        if (!string(text, &value.string, &value.length) &&
            !number(text, &value.number))
            return true; /* "processes": [ ... ] of ?full comes last */
        take(data, key, length, &value);
    } while (next_is(text, ','));
    next_is(text, '}');
    return true;
}

static bool is(const char *key, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(name, key, length) == 0;
}

static void take_pool(void *data, const char *key, size_t length,
                      const struct value *value)
{
    struct fcgi_fpm *fpm = data;

    if (value->string != NULL && is(key, length, "pool"))
        fcgi_escape(fpm->pool, sizeof(fpm->pool), 0, value->string,
                    value->length);
    for (int i = 0; value->string == NULL && i < FCGI_FPM_NUMBERS; i++) {
        if (is(key, length, numbers[i].key)) {
            fpm->numbers[i] = value->number;
            fpm->have[i] = true;
        }
    }
}

int fcgi_fpm_parse(const char *page, size_t length, struct fcgi_fpm *fpm)
{
    struct text text = {page, page + length};

    memset(fpm, 0, sizeof(*fpm));
    return members(&text, take_pool, fpm) && fpm->have[FCGI_FPM_ACTIVE] &&
                   fpm->have[FCGI_FPM_IDLE] && fpm->have[FCGI_FPM_QUEUE]
               ? 0
               : -1;
}

/* A slash is all that php-fpm escapes of what is common in a URI. */
static void copy(char *to, size_t size, const struct value *value)
{
    size_t n = 0;

    for (size_t i = 0; i < value->length && n + 1 < size; i++)
        if (value->string[i] != '\\' || i + 1 == value->length ||
            value->string[i + 1] != '/')
            to[n++] = value->string[i];
    to[n] = '\0';
}

static void take_process(void *data, const char *key, size_t length,
                         const struct value *value)
{
    static const struct {
        const char *key;
        size_t offset, size; /* size 0: a number */
    } parts[] = {
#define NUMBER(key, member) {key, offsetof(struct fcgi_fpm_process, member), 0}
#define STRING(key, member)                                   \
    {                                                         \
        key, offsetof(struct fcgi_fpm_process, member),       \
            sizeof(((struct fcgi_fpm_process *)NULL)->member) \
    }
        NUMBER("pid", pid),
        NUMBER("requests", requests),
        NUMBER("request duration", duration),
        NUMBER("last request memory", memory),
        STRING("state", state),
        STRING("request method", method),
        STRING("request uri", uri),
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char *part = (char *)data + parts[i].offset;

        if (!is(key, length, parts[i].key) ||
            (parts[i].size == 0) != (value->string == NULL))
            continue;
        if (parts[i].size > 0)
            copy(part, parts[i].size, value);
        else
            memcpy(part, &value->number, sizeof(value->number));
    }
}

static void take_nothing(void *data, const char *key, size_t length,
                         const struct value *value)
{
    (void)data, (void)key, (void)length, (void)value;
}

size_t fcgi_fpm_processes(const char *page, size_t length,
                          struct fcgi_fpm_process *processes, size_t most)
{
    struct text text = {page, page + length};
    struct fcgi_fpm_process process;
    size_t n = 0;

    if (!members(&text, take_nothing, NULL) || !next_is(&text, '['))
        return 0;
    do {
        memset(&process, 0, sizeof(process));
        if (!members(&text, take_process, &process))
            break;
        if (n < most)
            processes[n] = process;
        n++;
    } while (next_is(&text, ','));
    return n;
}
