/* SPDX-License-Identifier: Apache-2.0
 *
 * Which characters are shown, and what of a text is not: all that may pass for
 * something else in a log or on a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/escape.h"

#define TEXT(literal) literal, sizeof(literal) - 1

/* From `first` to `last`, and whether they are shown; what lies on either side
 * is in the table, too, so that no range is wider than it should be. */
static void test_shows(void **state)
{
    static const struct {
        uint32_t first, last;
        bool shows;
    } cases[] = {
        {0, 0x1f, false},        /* C0 */
        {0x20, 0x7e, true},      /* ASCII */
        {0x7f, 0x9f, false},     /* DEL, C1 */
        {0xa0, 0xac, true},      /* Latin 1 */
        {0xad, 0xad, false},     /* soft hyphen */
        {0xae, 0x34e, true},     /* letters, accents */
        {0x34f, 0x34f, false},   /* combining grapheme joiner */
        {0x370, 0x61b, true},    /* Greek to Arabic */
        {0x61c, 0x61c, false},   /* Arabic letter mark */
        {0x61d, 0x115e, true},   /* Arabic to Hangul */
        {0x115f, 0x1160, false}, /* Hangul fillers */
        {0x1161, 0x17b3, true},
        {0x17b4, 0x17b5, false}, /* Khmer inherent vowels */
        {0x17b6, 0x180a, true},
        {0x180b, 0x180f, false}, /* Mongolian variation selectors */
        {0x1810, 0x200a, true},
        {0x200b, 0x200d, false}, /* zero width space, (non-)joiner */
        {0x200e, 0x200f, false}, /* left-to-right, right-to-left mark */
        {0x2010, 0x2027, true},  /* dashes, quotes */
        {0x2028, 0x2029, false}, /* line, paragraph separator */
        {0x202a, 0x202e, false}, /* bidi embeddings, overrides */
        {0x202f, 0x205f, true},
        {0x2060, 0x2065, false}, /* word joiner, invisible operators */
        {0x2066, 0x2069, false}, /* bidi isolates */
        {0x206a, 0x206f, false}, /* deprecated format characters */
        {0x2070, 0x3163, true},  /* signs, kana */
        {0x3164, 0x3164, false}, /* Hangul filler */
        {0x3165, 0xd7ff, true},  /* ideographs, Hangul */
        {0xd800, 0xdfff, false}, /* surrogates */
        {0xe000, 0xfdcf, true},
        {0xfdd0, 0xfdef, false}, /* no characters */
        {0xfdf0, 0xfdff, true},
        {0xfe00, 0xfe0f, false}, /* variation selectors */
        {0xfe10, 0xfefe, true},
        {0xfeff, 0xfeff, false}, /* byte order mark */
        {0xff00, 0xff9f, true},  /* wide forms */
        {0xffa0, 0xffa0, false}, /* half-width Hangul filler */
        {0xffa1, 0xffef, true},
        {0xfff0, 0xfffb, false}, /* interlinear annotations */
        {0xfffc, 0xfffd, true},  /* the replacement character */
        {0xfffe, 0xffff, false}, /* no characters */
        {0x10000, 0x1bc9f, true},
        {0x1bca0, 0x1bca3, false}, /* shorthand format controls */
        {0x1bca4, 0x1d172, true},
        {0x1d173, 0x1d17a, false}, /* musical ones */
        {0x1d17b, 0x1fffd, true},  /* emoji */
        {0x1fffe, 0x1ffff, false},
        {0x20000, 0x2fffd, true},  /* ideographs */
        {0xe0000, 0xe0fff, false}, /* tags, variation selectors */
        {0x10fffe, 0xffffffff, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t last = cases[i].last;

        for (uint32_t c = cases[i].first; c <= last && c <= 0x110010; c++)
            if (fcgi_escape_shows(c) != cases[i].shows)
                fail_msg("U+%04X is %sshown", c, cases[i].shows ? "not " : "");
        assert_true(fcgi_escape_shows(last) == cases[i].shows);
    }
}

static void test_escape(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *shown;
    } cases[] = {
        {TEXT("/a b.php"), "/a b.php"},
        {TEXT("\xc3\xa4\xf0\x9f\x90\x92"), "\xc3\xa4\xf0\x9f\x90\x92"},
        {TEXT("a\0b\r\n\x1b[2J"), "a\\x00b\\x0d\\x0a\\x1b[2J"},
        {TEXT("\xc2\x9b"), "\\xc2\\x9b"},
        {TEXT("a\xd8\x9c"
              "b"),
         "a\\xd8\\x9cb"}, /* U+061C */
        {TEXT("\xe2\x80\x8e\xe2\x80\x8f"),
         "\\xe2\\x80\\x8e\\xe2\\x80\\x8f"},                 /* U+200E, U+200F */
        {TEXT("\xe2\x80\xae"), "\\xe2\\x80\\xae"},          /* U+202E */
        {TEXT("\xe2\x81\xa6"), "\\xe2\\x81\\xa6"},          /* U+2066 */
        {TEXT("\xe2\x80\xa8"), "\\xe2\\x80\\xa8"},          /* U+2028 */
        {TEXT("\xe2\x80\x8b"), "\\xe2\\x80\\x8b"},          /* U+200B */
        {TEXT("\xef\xbb\xbf"), "\\xef\\xbb\\xbf"},          /* U+FEFF */
        {TEXT("\xef\xbf\xb9"), "\\xef\\xbf\\xb9"},          /* U+FFF9 */
        {TEXT("\xf3\xa0\x81\x81"), "\\xf3\\xa0\\x81\\x81"}, /* U+E0041 */
        /* no UTF-8: a surrogate, overlong, too large, cut, begun inside */
        {TEXT("\xed\xa0\x80"), "\\xed\\xa0\\x80"},
        {TEXT("\xc0\xaf\xe0\x80\xaf"), "\\xc0\\xaf\\xe0\\x80\\xaf"},
        {TEXT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"},
        {TEXT("\xf8\x88\x80\x80\x80"), "\\xf8\\x88\\x80\\x80\\x80"},
        {TEXT("\xe2\x82"), "\\xe2\\x82"},
        {TEXT("\xe2(\xac"), "\\xe2(\\xac"},
        {TEXT("\x80\xff"), "\\x80\\xff"},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n =
            fcgi_escape(out, sizeof(out), 0, cases[i].bytes, cases[i].length);

        assert_string_equal(out, cases[i].shown);
        assert_int_equal(n, strlen(out));
    }
    /* What does not fit is cut off between characters. */
    assert_int_equal(fcgi_escape(out, 8, 0,
                                 TEXT("ab\x1b"
                                      "cd")),
                     6);
    assert_string_equal(out, "ab\\x1b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shows),
        cmocka_unit_test(test_escape),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
