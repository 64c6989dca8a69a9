/* SPDX-License-Identifier: Apache-2.0 */
#include "http/accept.h"

#include <string.h>

/* Takes what stands in front of the next semicolon, trimmed. */
static struct fcgi_text take_part(struct fcgi_text *rest)
{
    const char *end = rest->data + rest->length;
    const char *semicolon = memchr(rest->data, ';', rest->length);
    struct fcgi_text part =
        fcgi_http_text_trim(rest->data, semicolon != NULL ? semicolon : end);

    rest->data = semicolon != NULL ? semicolon + 1 : end;
    rest->length = (size_t)(end - rest->data);
    return part;
}

/* A quality (12.4.2) in thousandths; 0 for what is none. */
static unsigned read_quality(struct fcgi_text text)
{
    unsigned quality = 0, unit = 1000;

    for (size_t i = 0; i < text.length; i++) {
        if (i == 1 ? text.data[i] != '.'
                   : !fcgi_http_text_in(text.data[i], FCGI_HTTP_DIGIT))
            return 0;
        if (i == 1)
            continue;
        quality += (unsigned)(text.data[i] - '0') * unit;
        unit /= 10;
    }
    return quality <= 1000 ? quality : 0;
}

static unsigned find_quality(struct fcgi_text parameters)
{
    while (parameters.length > 0) {
        struct fcgi_text part = take_part(&parameters);

        if (part.length >= 2 && (part.data[0] | 0x20) == 'q' &&
            part.data[1] == '=')
            return read_quality(
                (struct fcgi_text){part.data + 2, part.length - 2});
    }
    return 1000;
}

bool fcgi_http_accept_json(struct fcgi_text value)
{
    unsigned json = 0, html = 0;
    struct fcgi_text element;

    while (fcgi_http_text_element(&value, &element)) {
        struct fcgi_text type = take_part(&element);
        unsigned *of =
            fcgi_http_text_is(type, "application/json") ||
                    fcgi_http_text_is(type, "application/problem+json")
                ? &json
            : fcgi_http_text_is(type, "text/html") ||
                    fcgi_http_text_is(type, "application/xhtml+xml")
                ? &html
                : NULL;
        unsigned quality = find_quality(element);

        if (of != NULL && quality > *of)
            *of = quality;
    }
    return json > html;
}
