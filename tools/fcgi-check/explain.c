/* SPDX-License-Identifier: Apache-2.0
 *
 * What fcgi-check knows, for people and for completions: its checks, and the
 * keys of fastcgi.conf.
 */
#include <stdio.h>
#include <string.h>

#include "config/guess.h"
#include "config/keys.h"
#include "config/value.h"
#include "output.h"

#define WIDTH 76

void check_write_list(FILE *out)
{
    size_t n;
    const struct fcgi_check *checks = fcgi_checks(&n);

    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s  %-7s  %s\n", checks[i].id,
                fcgi_diag_severity_name(checks[i].severity), checks[i].title);
    }
}

static const struct fcgi_section *section_of(size_t which)
{
    size_t n;

    return &fcgi_keys_sections(&n)[which];
}

void check_write_keys(FILE *out)
{
    const struct fcgi_section *section = section_of(FCGI_SECTION_SERVER);

    for (size_t i = 0; i < section->n_keys; i++) {
        fprintf(out, "%-20s  %s\n", section->keys[i].name,
                section->keys[i].help);
    }
}

/* A text in lines that fit. */
static void write_lines(const char *text, FILE *out)
{
    while (*text) {
        size_t length = strlen(text);

        if (length > WIDTH) {
            for (length = WIDTH; length > 1 && text[length] != ' '; length--) {
            }
        }
        fprintf(out, "%.*s\n", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
}

static void write_values(const struct fcgi_key *key, FILE *out)
{
    char low[FCGI_CONFIG_NUMBER_SIZE];
    char high[FCGI_CONFIG_NUMBER_SIZE];
    char value[FCGI_KEYS_DEFAULT_SIZE];

    if (key->type == FCGI_KEY_TIME || key->type == FCGI_KEY_SIZE ||
        key->type == FCGI_KEY_COUNT) {
        fprintf(out, "Values:   %s to %s%s\n",
                fcgi_config_format_number(key, key->min, low),
                fcgi_config_format_number(key, key->max, high),
                key->off ? ", or Off" : "");
    }
    if (key->need == FCGI_KEY_REQUIRED)
        fputs("Default:  none; each server needs it\n", out);
    else if (key->need == FCGI_KEY_ONE_OF)
        fputs("Default:  none; each server needs this or its like\n", out);
    else
        fprintf(out, "Default:  %s\n", fcgi_keys_default(key, value));
}

static void write_key(const struct fcgi_key *key, FILE *out)
{
    const struct fcgi_section *defaults = section_of(FCGI_SECTION_DEFAULTS);
    bool shared =
        fcgi_keys_find(defaults, key->name, strlen(key->name)) != NULL;
    char text[512];

    fprintf(out, "%s %s\n\n", key->name, key->syntax);
    snprintf(text, sizeof(text), "%s.", key->help);
    write_lines(text, out);
    fputc('\n', out);
    write_values(key, out);
    fprintf(out, "Section:  [%s]%s%s%s\n",
            section_of(FCGI_SECTION_SERVER)->name,
            shared ? ", or for all servers [" : "",
            shared ? defaults->name : "", shared ? "]" : "");
    if (key->repeat)
        fputs("Given again it adds to what is there.\n", out);
    fprintf(out, "Example:  %s %s\n", key->name, key->example);
}

bool check_write_explanation(const char *what, FILE *out)
{
    const struct fcgi_check *check = fcgi_check_find(what);
    const struct fcgi_key *key =
        fcgi_keys_find(section_of(FCGI_SECTION_SERVER), what, strlen(what));

    if (check) {
        fprintf(out, "%s: %s (%s)\n\n", check->id, check->title,
                fcgi_diag_severity_name(check->severity));
        write_lines(check->explain, out);
    } else if (key) {
        write_key(key, out);
    }
    return check || key;
}

const char *check_guess(const char *what)
{
    const struct fcgi_key *key =
        fcgi_guess_key(section_of(FCGI_SECTION_SERVER), what, strlen(what));

    return key ? key->name : NULL;
}
