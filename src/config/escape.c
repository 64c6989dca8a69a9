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

/* Controls, ends of lines, halves of characters, and what has no shape of its
 * own: Default_Ignorable_Code_Point of Unicode, where all that changes the
 * direction of text is, and the marks of annotations. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0, 0x1f},          {0x7f, 0x9f},       {0xad, 0xad},
    {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},
    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},
    {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
    {0xd800, 0xdfff},   {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool fcgi_escape_shows(uint32_t code)
{
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (code >= hidden[i].first && code <= hidden[i].last)
            return false;
    return (code & 0xfffe) != 0xfffe && code <= 0x10ffff;
}

/* The length of the first character if it may be shown, else 0. Most are of
 * ASCII: an application's STDERR may be megabytes of it. */
static size_t printable(const char *bytes, size_t length)
{
    uint32_t c;
    size_t n;

    if (bytes[0] >= 0x20 && bytes[0] < 0x7f)
        return 1;
    n = fcgi_utf8_decode(bytes, length, &c);

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
