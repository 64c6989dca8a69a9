/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/quote.h"

#include <stdio.h>

#include "config/escape.h"

/* What stands for a character that means something there; NULL: itself. */
static const char *stand_in(enum fcgi_quote_kind kind, uint32_t code)
{
    static const struct {
        char c;
        const char *in[4]; /* of each kind */
    } all[] = {
        {'&', {"&amp;", NULL, NULL, NULL}},
        {'<', {"&lt;", NULL, NULL, NULL}},
        {'>', {"&gt;", NULL, NULL, NULL}},
        {'\'', {"&#39;", NULL, NULL, NULL}},
        {'"', {"&quot;", "\\\"", "\\\"", "\\x22"}},
        {'\\', {NULL, "\\\\", "\\\\", "\\x5c"}},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if ((uint32_t)(unsigned char)all[i].c == code)
            return all[i].in[kind];
    return NULL;
}

/* A character that is not to be seen, as JSON has it. */
static void add_units(struct fcgi_buffer *out, uint32_t code)
{
    char units[16];

    if (code > 0xffff)
        snprintf(units, sizeof(units), "\\u%04x\\u%04x", 0xd7c0 + (code >> 10),
                 0xdc00 + (code & 0x3ff));
    else
        snprintf(units, sizeof(units), "\\u%04x", code);
    fcgi_buffer_add_text(out, units);
}

static void add_bytes(struct fcgi_buffer *out, enum fcgi_quote_kind kind,
                      const char *bytes, size_t length)
{
    char hex[8];

    for (size_t i = 0; i < length; i++) {
        snprintf(hex, sizeof(hex), "%s%02x",
                 kind == FCGI_QUOTE_LABEL ? "\\\\x" : "\\x",
                 (unsigned)(unsigned char)bytes[i]);
        fcgi_buffer_add_text(out, hex);
    }
}

void fcgi_quote(struct fcgi_buffer *out, enum fcgi_quote_kind kind,
                struct fcgi_text text)
{
    for (size_t i = 0; i < text.length;) {
        uint32_t code = 0xfffd; /* for what is no UTF-8 */
        size_t n = fcgi_utf8_decode(text.data + i, text.length - i, &code);
        const char *other = stand_in(kind, code);
        size_t length = n > 0 ? n : 1;

        if (other != NULL)
            fcgi_buffer_add_text(out, other);
        else if (n > 0 && fcgi_escape_shows(code))
            fcgi_buffer_add(out, text.data + i, n);
        else if (kind == FCGI_QUOTE_JSON)
            add_units(out, code);
        else
            add_bytes(out, kind, text.data + i, length);
        i += length;
    }
}
