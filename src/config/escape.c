/* SPDX-License-Identifier: Apache-2.0
 */
#include "config/escape.h"

#include <stdint.h>
#include <string.h>

size_t fcgi_utf8_decode(const char *bytes, size_t length, uint32_t *code)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)bytes;
    uint32_t c;
    size_t n;

    if (length == 0)
        return 0;
    c = s[0];
    if (c < 0x80) {
        *code = c;
        return 1;
    }
    if ((c & 0xe0) == 0xc0) {
        n = 2;
        c &= 0x1f;
    } else if ((c & 0xf0) == 0xe0) {
        n = 3;
        c &= 0x0f;
    } else if ((c & 0xf8) == 0xf0) {
        n = 4;
        c &= 0x07;
    } else {
        return 0;
    }
    if (n > length)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = (c << 6) | (s[i] & 0x3f);
    }
    if (c < lowest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code = c;
    return n;
}

bool fcgi_escape_shows(uint32_t code)
{
    return code >= 0x20 && !(code >= 0x7f && code < 0xa0) &&
           !(code >= 0x200b && code <= 0x200f) &&
           !(code >= 0x2028 && code <= 0x202e) &&
           !(code >= 0x2060 && code <= 0x206f) && code != 0xfeff;
}

/* The length of the first character if it may be shown, else 0. */
static size_t printable(const char *bytes, size_t length)
{
    uint32_t c;
    size_t n = fcgi_utf8_decode(bytes, length, &c);

    return n && fcgi_escape_shows(c) ? n : 0;
}

size_t fcgi_escape(char *out, size_t size, size_t at, const char *bytes,
                   size_t length)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < length && at + 5 <= size;) {
        unsigned char c = (unsigned char)bytes[i];
        size_t n = printable(bytes + i, length - i);

        if (n > 0) {
            memcpy(out + at, bytes + i, n);
            at += n;
            i += n;
        } else {
            out[at++] = '\\';
            out[at++] = 'x';
            out[at++] = hex[c >> 4];
            out[at++] = hex[c & 15];
            i++;
        }
    }
    out[at] = '\0';
    return at;
}
