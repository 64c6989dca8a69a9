/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts, and the table of characters.
 */
#include "http/chars.h"

#define VALUE FCGI_HTTP_VALUE
#define URI (FCGI_HTTP_VALUE | FCGI_HTTP_TARGET)
#define WORD (URI | FCGI_HTTP_TOKEN)
#define NAME (WORD | FCGI_HTTP_HOST)
#define HEX (NAME | FCGI_HTTP_HEX)

const unsigned char fcgi_http_text_classes[256] = {
    ['\t'] = VALUE,
    [' '] = VALUE,
    ['!'] = WORD,
    ['"'] = URI,
    ['#'] = FCGI_HTTP_VALUE | FCGI_HTTP_TOKEN,
    ['$' ... '\''] = WORD,
    ['(' ... ')'] = URI,
    ['*' ... '+'] = WORD,
    [','] = URI,
    ['-' ... '.'] = NAME,
    ['/'] = URI,
    ['0' ... '9'] = HEX | FCGI_HTTP_DIGIT,
    [':' ... '@'] = URI,
    ['A' ... 'F'] = HEX,
    ['G' ... 'Z'] = NAME,
    ['[' ... ']'] = URI,
    ['^'] = WORD,
    ['_'] = NAME,
    ['`'] = WORD,
    ['a' ... 'f'] = HEX,
    ['g' ... 'z'] = NAME,
    ['{'] = URI,
    ['|'] = WORD,
    ['}'] = URI,
    ['~'] = NAME,
    [0x80 ... 0xff] = URI,
};

bool fcgi_http_text_all(struct fcgi_text text, enum fcgi_http_text_class wanted)
{
    for (size_t i = 0; i < text.length; i++)
        if (!fcgi_http_text_in(text.data[i], wanted))
            return false;
    return text.length > 0;
}

bool fcgi_http_text_same(const char *text, const char *lower, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != lower[i])
            return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct fcgi_text fcgi_http_text_trim(const char *begin, const char *end)
{
    while (begin < end && is_blank(*begin))
        begin++;
    while (end > begin && is_blank(end[-1]))
        end--;
    return (struct fcgi_text){begin, (size_t)(end - begin)};
}

bool fcgi_http_text_element(struct fcgi_text *rest, struct fcgi_text *element)
{
    const char *comma, *end;

    if (rest->data == NULL)
        return false;
    end = rest->data + rest->length;
    comma = memchr(rest->data, ',', rest->length);
    *element = fcgi_http_text_trim(rest->data, comma != NULL ? comma : end);
    if (comma != NULL)
        *rest = (struct fcgi_text){comma + 1, (size_t)(end - comma) - 1};
    else
        *rest = (struct fcgi_text){NULL, 0};
    return true;
}
