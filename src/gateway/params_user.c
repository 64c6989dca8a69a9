/* SPDX-License-Identifier: Apache-2.0
 *
 * The user's name in an Authorization field of the scheme Basic (RFC 7617).
 */
#include <string.h>

#include "gateway/params_user.h"

static int digit(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* Strict (RFC 4648, section 4), as what reads a name out of a field that
 * another has judged must read the same: whole groups, '=' at the end alone. */
static bool decode(struct fcgi_text coded, char *out, size_t size, size_t *n)
{
    size_t pad = 0;

    *n = 0;
    while (pad < 2 && pad < coded.length &&
           coded.data[coded.length - pad - 1] == '=')
        pad++;
    if (coded.length % 4 != 0 || coded.length / 4 * 3 > size)
        return false;
    for (size_t i = 0; i < coded.length; i += 4) {
        unsigned group = 0;

        for (size_t j = i; j < i + 4; j++) {
            int value = j < coded.length - pad ? digit(coded.data[j]) : 0;

            if (value < 0)
                return false;
            group = group << 6 | (unsigned)value;
        }
        out[(*n)++] = (char)(group >> 16);
        out[(*n)++] = (char)(group >> 8 & 0xff);
        out[(*n)++] = (char)(group & 0xff);
    }
    *n -= pad;
    return true;
}

size_t fcgi_params_user(struct fcgi_text field,
                        char user[static FCGI_PARAMS_USER_SIZE])
{
    static const char scheme[] = "Basic ";
    const size_t skip = sizeof(scheme) - 1;
    const char *colon;
    size_t n;

    if (field.length <= skip || memcmp(field.data, scheme, skip) != 0)
        return 0;
    field.data += skip;
    field.length -= skip;
    if (!decode(field, user, FCGI_PARAMS_USER_SIZE, &n))
        return 0;
    colon = memchr(user, ':', n);
    n = colon != NULL ? (size_t)(colon - user) : 0;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)user[i] < ' ' || user[i] == 0x7f)
            return 0;
    return n;
}
