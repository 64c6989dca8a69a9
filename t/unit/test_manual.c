/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of keys in fastcgi.conf(5) is made from that of the code. With
 * UPDATE_TABLES in the environment (make update-tables) it is written anew.
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
#include "config/value.h"

#define BEGIN ".\\\" keys: begin."
#define END ".\\\" keys: end\n"

static char path[4096];
static char *manual; /* the page as it is */
static char *before; /* in it: where the table starts, */
static char *behind; /* and where it ends */

static int load(void **state)
{
    const char *top = getenv("TOP_SRCDIR");
    FILE *file;
    size_t n;

    (void)state;
    snprintf(path, sizeof(path), "%s/man/fastcgi.conf.5.in", top ? top : ".");
    file = fopen(path, "r");
    if (file == NULL)
        return -1;
    manual = calloc(1, 1 << 20);
    n = fread(manual, 1, (1 << 20) - 1, file);
    fclose(file);
    before = n > 0 ? strstr(manual, BEGIN) : NULL;
    before = before ? strchr(before, '\n') : NULL;
    behind = before ? strstr(before, END) : NULL;
    if (behind == NULL) {
        print_error("%s has no place for the table of keys\n", path);
        return -1;
    }
    before++;
    return 0;
}

static int unload(void **state)
{
    (void)state;
    free(manual);
    return 0;
}

#define WIDTH 78

/* A word at the start of a line that the formatter would take as its own. */
static bool is_special(const char *word)
{
    return *word == '.' || *word == '\'';
}

/* Text of mdoc: filled lines, and a line of its own for each sentence. */
static void put_text(FILE *out, const char *text)
{
    size_t column = 0;
    bool ends = false; /* the word before ended a sentence */

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        if (column > 0 && (ends || column + 1 + len > WIDTH)) {
            fputc('\n', out);
            column = 0;
        } else if (column > 0) {
            column += (size_t)(fputc(' ', out) == ' ');
        }
        if (column == 0 && is_special(text))
            fputs("\\&", out);
        for (size_t i = 0; i < len; i++)
            fputs(text[i] == '\\' ? "\\e" : (char[]){text[i], '\0'}, out);
        column += len;
        ends = text[len - 1] == '.' && text[len] == ' ';
        text += len + (text[len] == ' ');
    }
}

static void put_range(FILE *out, const struct fcgi_key *key)
{
    char low[FCGI_CONFIG_NUMBER_SIZE], high[FCGI_CONFIG_NUMBER_SIZE];

    if (key->type != FCGI_KEY_TIME && key->type != FCGI_KEY_SIZE &&
        key->type != FCGI_KEY_COUNT)
        return;
    fprintf(out, "From %s to %s", fcgi_config_format_number(key, key->min, low),
            fcgi_config_format_number(key, key->max, high));
    fputs(key->off ? ", or\n.Cm Off .\n" : ".\n", out);
}

static void put_need(FILE *out, const struct fcgi_key *key)
{
    char value[FCGI_KEYS_DEFAULT_SIZE];

    switch (key->need) {
    case FCGI_KEY_REQUIRED:
        fputs("Required.\n", out);
        return;
    case FCGI_KEY_ONE_OF:
        return; /* the text below the table tells */
    case FCGI_KEY_OPTIONAL:
        break;
    }
    if (fcgi_keys_is_number(key) || key->def_text)
        fprintf(out, "The default is\n.Cm %s .\n",
                fcgi_keys_default(key, value));
}

static bool is_shared(const struct fcgi_key *key)
{
    size_t count;
    const struct fcgi_section *sections = fcgi_keys_sections(&count);

    return fcgi_keys_find(&sections[FCGI_SECTION_DEFAULTS], key->name,
                          strlen(key->name)) != NULL;
}

static char *make_table(void)
{
    char *text = NULL;
    size_t size, count;
    FILE *out = open_memstream(&text, &size);
    const struct fcgi_section *section =
        &fcgi_keys_sections(&count)[FCGI_SECTION_SERVER];

    assert_non_null(out);
    fputs(".Bl -tag -width Ds\n", out);
    for (size_t i = 0; i < section->n_keys; i++) {
        const struct fcgi_key *key = &section->keys[i];

        fprintf(out, ".It Ic %s Ar %s%s\n", key->name, key->syntax,
                is_shared(key) ? " *" : "");
        put_text(out, key->help);
        fputs(".\n", out);
        put_range(out, key);
        put_need(out, key);
    }
    fputs(".El\n", out);
    fclose(out);
    return text;
}

static void update(const char *table)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fwrite(manual, 1, (size_t)(before - manual), file);
    fputs(table, file);
    fputs(behind, file);
    assert_int_equal(fclose(file), 0);
}

static void test_table(void **state)
{
    char *table = make_table();
    size_t len = (size_t)(behind - before);

    (void)state;
    if (getenv("UPDATE_TABLES"))
        update(table);
    else if (strlen(table) != len || memcmp(before, table, len) != 0)
        fail_msg(
            "The table of keys in %s is not that of the code. Run "
            "`make update-tables', or put this there:\n%s",
            path, table);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, load, unload);
}
