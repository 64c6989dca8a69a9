/* SPDX-License-Identifier: Apache-2.0
 *
 * The mark under a quoted line: behind tabs, UTF-8, wide characters and bytes
 * that cannot be shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-check/output.h"

static void expect(const char *line, size_t length, unsigned column,
                   unsigned marked, const char *expected)
{
    char name[] = "f";
    char *copy = malloc(length + 1);
    struct check_source source = {.name = name, .text = copy, .length = length};
    struct check_run run = {.sources = &source, .n_sources = 1};
    struct fcgi_diag diag = {
        .file = name, .line = 1, .column = column, .length = marked};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(copy);
    assert_non_null(out);
    memcpy(copy, line, length);
    check_write_quote(&run, &diag, "", out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    check_run_free(&run); /* and so the copy */
}

#define TEXT(literal) (literal), sizeof(literal) - 1

static void marks(void **state)
{
    (void)state;
    expect(TEXT("    Key value\n"), 5, 3, "    Key value\n    ^~~\n");
    expect(TEXT("    Key value"), 9, 5, "    Key value\n        ^~~~~\n");
    /* Behind tabs, which are copied. */
    expect(TEXT("\tKey\tvalue\n"), 6, 5, "\tKey\tvalue\n\t   \t^~~~~\n");
    expect(TEXT("\tKey\tvalue\n"), 5, 1, "\tKey\tvalue\n\t   ^\n");
    /* Two bytes in one column, one character in two, none for an accent. */
    expect(TEXT("\xc3\xa4 x\n"), 4, 1, "\xc3\xa4 x\n  ^\n");
    expect(TEXT("\xe6\x97\xa5 x\n"), 5, 1, "\xe6\x97\xa5 x\n   ^\n");
    expect(TEXT("a\xcc\x88 x\n"), 5, 1, "a\xcc\x88 x\n  ^\n");
    expect(TEXT("x \xc3\xa4\xc3\xb6\n"), 3, 4, "x \xc3\xa4\xc3\xb6\n  ^~\n");
    /* What is not shown takes the room of its escape. */
    expect(TEXT("a\x1b"
                "b\n"),
           2, 1, "a\\x1bb\n ^~~~\n");
    expect(TEXT("a\xff"
                "b\n"),
           3, 1, "a\\xffb\n     ^\n");
    expect(TEXT("a\0b\n"), 3, 1, "a\\x00b\n     ^\n");
    expect(TEXT("\xef\xbb\xbf"
                "b\n"),
           4, 1,
           "\\xef\\xbb\\xbf"
           "b\n            ^\n");
    /* The end of a line, and what is behind it. */
    expect(TEXT("ab\n"), 3, 1, "ab\n  ^\n");
    expect(TEXT("ab\r\n"), 1, 2, "ab\n^~\n");
    expect(TEXT("ab\r\n"), 3, 1, "ab\\x0d\n  ^~~~\n");
    expect(TEXT("ab\n"), 30, 5, "ab\n  ^\n");
    expect(TEXT("ab\n"), 1, 500, "ab\n^~\n");
    /* No place, no quote. */
    expect(TEXT("ab\n"), 0, 0, "");
    expect(TEXT(""), 1, 1, "");
}

static void cuts_long_lines(void **state)
{
    char line[400], expected[512];

    (void)state;
    memset(line, '-', sizeof(line));
    memcpy(line + 300, "HERE", 4);
    snprintf(expected, sizeof(expected), "...%.60sHERE%.96s\n%63s^~~~\n", line,
             line + 304, "");
    /* 160 bytes from 60 before the mark on, or to the end of the line. */
    expect(line, sizeof(line), 301, 4, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks),
        cmocka_unit_test(cuts_long_lines),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
