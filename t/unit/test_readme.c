/* SPDX-License-Identifier: Apache-2.0
 *
 * README's table of keys must be that of the code, to the letter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/keys.h"

static char *readme;

static int load(void **state)
{
    const char *top = getenv("TOP_SRCDIR");
    char path[4096];
    FILE *file;
    size_t n;

    (void)state;
    snprintf(path, sizeof(path), "%s/README.md", top ? top : ".");
    file = fopen(path, "r");
    if (file == NULL)
        return -1;
    readme = calloc(1, 1 << 20);
    n = fread(readme, 1, (1 << 20) - 1, file);
    fclose(file);
    return n > 0 ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    free(readme);
    return 0;
}

static const char *default_text(const struct fcgi_key *key,
                                char buf[static FCGI_KEYS_DEFAULT_SIZE])
{
    switch (key->need) {
    case FCGI_KEY_REQUIRED:
        return "required";
    case FCGI_KEY_ONE_OF:
        return "one of the two";
    case FCGI_KEY_OPTIONAL:
        break;
    }
    return fcgi_keys_default(key, buf);
}

static void test_rows(void **state)
{
    const char *at = strstr(readme, "| key | value | default | meaning |");
    char row[512], value[FCGI_KEYS_DEFAULT_SIZE];
    size_t count;
    const struct fcgi_section *section = fcgi_keys_sections(&count);

    (void)state;
    assert_non_null(at);
    at = strstr(at, "|---|---|---|---|\n");
    assert_non_null(at);
    at += strlen("|---|---|---|---|\n");
    for (size_t i = 0; i < section->n_keys; i++) {
        const struct fcgi_key *key = &section->keys[i];

        snprintf(row, sizeof(row), "| `%s` | %s | %s | %s |\n", key->name,
                 key->syntax, default_text(key, value), key->help);
        if (strncmp(at, row, strlen(row)) != 0)
            fail_msg("README's table of keys has no row here: %s", row);
        at += strlen(row);
    }
    /* And none that the code does not have. */
    assert_int_equal(at[0], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, load, unload);
}
