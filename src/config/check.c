/* SPDX-License-Identifier: Apache-2.0 */
#include "config/check.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/checks.h"
#include "config/config.h"
#include "config/value.h"

/* Where a finding is reported. */
struct place {
    struct fcgi_diag_list *diags;
    const char *file;
    const struct fcgi_scan_pair *pair;
};

/* A finding about the value from offset `at` on. */
static void report_value(const struct place *p, const char *id, size_t at,
                         const char *message)
{
    unsigned offset = (unsigned)at;
    unsigned length = p->pair->value_length;

    fcgi_check_report(p->diags, id, p->file, p->pair->line,
                      p->pair->value_column + offset,
                      offset < length ? length - offset : 1, "%s", message);
}

static void check_name(const struct place *p, const char *value)
{
    size_t blank = strcspn(value, " \t");

    /* A '#' has been reported, and is the better explanation. */
    if (value[blank] && !p->pair->hash) {
        report_value(p, FCGI_CHECK_NAME_BLANK, blank,
                     "the name has a blank in it, so that no Match rule can "
                     "name this server; use '-' or '_'");
    }
    if (value[0] != '\0' && value[strlen(value) - 1] == FCGI_RULE_AUTHORIZER) {
        report_value(p, FCGI_CHECK_FORM, strlen(value) - 1,
                     "the name ends with '!', which marks authorizers in Match "
                     "rules; leave it out here, and set Role Authorizer");
    }
}

static void check_address(const struct place *p, const char *value)
{
    bool is_addr = p->pair->key->type == FCGI_KEY_ADDR;
    struct fcgi_endpoint endpoint;
    char message[512];
    const char *why;
    size_t at;
    int bad = is_addr ? fcgi_endpoint_parse_addr(value, strlen(value),
                                                 &endpoint, &why, &at)
                      : fcgi_endpoint_parse_path(value, strlen(value),
                                                 &endpoint, &why, &at);

    if (!bad)
        return;
    snprintf(message, sizeof(message), "'%s': %s", value, why);
    report_value(p, is_addr ? FCGI_CHECK_ADDRESS : FCGI_CHECK_PATH, at,
                 message);
}

static void check_range(const struct place *p, const char *value,
                        uint64_t number)
{
    const struct fcgi_key *key = p->pair->key;
    char limit[FCGI_CONFIG_NUMBER_SIZE], def[FCGI_CONFIG_NUMBER_SIZE];
    bool low = number < key->min;

    if ((!low && number <= key->max) || key->type == FCGI_KEY_BOOL ||
        (key->off && number == 0))
        return;
    fcgi_check_report(
        p->diags, FCGI_CHECK_RANGE, p->file, p->pair->line,
        p->pair->value_column, p->pair->value_length,
        number == 0 && key->type == FCGI_KEY_TIME
            ? "'%s' may not be %s, as that leaves no time at all; the least "
              "is %s, or remove the line for the default of %s"
        : low ? "'%s' may not be %s; the least is %s, or remove the line for "
                "the default of %s"
              : "'%s' may not be %s; the most is %s, or remove the line for "
                "the default of %s",
        key->name, value,
        fcgi_config_format_number(key, low ? key->min : key->max, limit),
        fcgi_config_format_number(key, key->def, def));
}

/* The name of a type of number, and how it is written. */
struct number_words {
    const char *id;
    const char *what;
    const char *none;
    const char *fraction;
    const char *unit;
};

static const struct number_words *number_words(const struct fcgi_key *key)
{
    static const struct number_words time = {
        FCGI_CHECK_TIME, "a time",
        "a time starts with a whole number, such as 5s or 500ms",
        "a time is a whole number; use a smaller unit, as in 1500ms",
        "behind the number comes, without a blank, ms, s, m or h, or nothing "
        "for seconds"};
    static const struct number_words time_or_off = {
        FCGI_CHECK_TIME, "a time",
        "write Off, or a whole number with its unit, such as 5s or 500ms",
        "a time is a whole number; use a smaller unit, as in 1500ms",
        "behind the number comes, without a blank, ms, s, m or h, or nothing "
        "for seconds"};
    static const struct number_words size = {
        FCGI_CHECK_SIZE, "a size",
        "a size starts with a whole number, such as 65536 or 64k",
        "a size is a whole number; use a smaller unit, as in 1536k",
        "behind the number comes, without a blank, k or m, or nothing for "
        "bytes"};
    static const struct number_words count = {
        FCGI_CHECK_COUNT, "a number", "write a whole number, such as 10",
        "write a whole number, such as 10",
        "it has no unit, write the number alone"};
    static const struct number_words boolean = {FCGI_CHECK_SWITCH, "a switch",
                                                "write On or Off", "", ""};

    return key->type == FCGI_KEY_TIME   ? key->off ? &time_or_off : &time
           : key->type == FCGI_KEY_SIZE ? &size
           : key->type == FCGI_KEY_BOOL ? &boolean
                                        : &count;
}

static void check_number(const struct place *p, const char *value)
{
    const struct number_words *words = number_words(p->pair->key);
    uint64_t number;
    size_t at;
    const char *why = NULL;

    switch (fcgi_config_parse_number(p->pair->key, value, strlen(value),
                                     &number, &at)) {
    case FCGI_CONFIG_NUMBER_OK:
        check_range(p, value, number);
        return;
    case FCGI_CONFIG_NUMBER_NONE:
        why = words->none;
        break;
    case FCGI_CONFIG_NUMBER_FRACTION:
        why = words->fraction;
        break;
    case FCGI_CONFIG_NUMBER_UNIT:
        why = words->unit;
        break;
    }
    fcgi_check_report(p->diags, words->id, p->file, p->pair->line,
                      p->pair->value_column + (unsigned)at,
                      p->pair->value_length - (unsigned)at,
                      "'%s' is not %s; %s", value, words->what, why);
}

/* A check of the key's of a text that begins at `start`. Whether it is
 * right. */
static bool check_part(const struct place *p, fcgi_key_check *check,
                       const char *value, size_t start, size_t length)
{
    const struct fcgi_key *key = p->pair->key;
    size_t at = 0;
    const char *why = check ? check(value + start, length, &at) : NULL;
    unsigned column = p->pair->value_column + (unsigned)(start + at);

    /* A '#' has been reported, and is the better explanation. */
    if (why && !p->pair->hash) {
        fcgi_check_report(p->diags, FCGI_CHECK_FORM, p->file, p->pair->line,
                          column, at < length ? (unsigned)(length - at) : 1,
                          "'%s' of '%.*s': %s", key->name, (int)length,
                          value + start, why);
    }
    return why == NULL;
}

static bool check_form(const struct place *p, const char *value, size_t start,
                       size_t length)
{
    return check_part(p, p->pair->key->check, value, start, length);
}

static void check_words(const struct place *p, const char *value)
{
    for (size_t at = 0; value[at];) {
        size_t length = strcspn(value + at, " \t");

        if (length)
            check_form(p, value, at, length);
        at += length + strspn(value + at + length, " \t");
    }
}

static void check_pair(const struct place *p, const char *value)
{
    size_t length = strcspn(value, " \t");
    const char *sign = memchr(value, '=', length);
    fcgi_key_check *check = p->pair->key->check_value;

    if (check) {
        size_t rest = length + strspn(value + length, " \t");

        if (check_form(p, value, 0, length))
            check_part(p, check, value, rest, strlen(value + rest));
        return;
    }
    if (sign && sign > value && !value[length]) {
        fcgi_check_report(p->diags, FCGI_CHECK_EQUALS, p->file, p->pair->line,
                          p->pair->value_column + (unsigned)(sign - value), 1,
                          "'=' between a variable and its value; write '%s "
                          "%.*s %s'",
                          p->pair->key->name, (int)(sign - value), value,
                          sign + 1);
        return;
    }
    check_form(p, value, 0, length);
    if (!value[length]) {
        fcgi_check_report(p->diags, FCGI_CHECK_PAIR_VALUE, p->file,
                          p->pair->line, p->pair->value_column,
                          p->pair->value_length,
                          "'%s %s' has no value, so the application gets an "
                          "empty one; write '%s %s'",
                          p->pair->key->name, value, p->pair->key->name,
                          p->pair->key->syntax);
    }
}

void fcgi_config_check_value(const struct fcgi_scan_pair *pair,
                             const char *value, const char *file,
                             struct fcgi_diag_list *diags)
{
    struct place place = {diags, file, pair};

    switch (pair->key->type) {
    case FCGI_KEY_NAME:
        check_name(&place, value);
        break;
    case FCGI_KEY_ADDR:
    case FCGI_KEY_PATH:
        check_address(&place, value);
        break;
    case FCGI_KEY_TIME:
    case FCGI_KEY_SIZE:
    case FCGI_KEY_COUNT:
    case FCGI_KEY_BOOL:
        check_number(&place, value);
        break;
    case FCGI_KEY_TEXT:
        check_form(&place, value, 0, strlen(value));
        break;
    case FCGI_KEY_WORDS:
    case FCGI_KEY_NETWORKS:
        check_words(&place, value);
        break;
    case FCGI_KEY_PAIR:
        check_pair(&place, value);
        break;
    }
}

/* Exactly one of the keys with FCGI_KEY_ONE_OF must be given. */
static void check_one_of(const struct fcgi_scan *scan,
                         const struct fcgi_scan_section *section,
                         const char *file, struct fcgi_diag_list *diags)
{
    const struct fcgi_section *schema = section->schema;
    const struct fcgi_scan_pair *first = NULL;
    const struct fcgi_key *names[2] = {NULL, NULL};
    bool meant = false;

    for (size_t i = 0; i < schema->n_keys; i++) {
        const struct fcgi_key *key = &schema->keys[i];
        const struct fcgi_scan_pair *pair =
            section->given[i] ? &scan->pairs[section->given[i] - 1] : NULL;

        if (key->need != FCGI_KEY_ONE_OF)
            continue;
        names[names[0] ? 1 : 0] = key;
        meant = meant || section->meant[i];
        if (pair && first) {
            const struct fcgi_scan_pair *late =
                pair->line > first->line ? pair : first;
            const struct fcgi_scan_pair *early = late == pair ? first : pair;

            fcgi_check_report(
                diags, FCGI_CHECK_ONE_OF_MANY, file, late->line,
                late->key_column, late->key_length,
                "'%s' beside '%s' (line %u): a server listens in one place; "
                "remove one of the two",
                late->key->name, early->key->name, early->line);
            fcgi_diag_add(diags, FCGI_DIAG_NOTE, FCGI_CHECK_ONE_OF_MANY, file,
                          early->line, early->key_column, early->key_length,
                          "'%s' is here", early->key->name);
            return;
        }
        first = pair ? pair : first;
    }
    if (!first && !meant && names[0] && names[1]) {
        fcgi_check_report(diags, FCGI_CHECK_ONE_OF_NONE, file, section->line,
                          section->column, section->length,
                          "[%s] has neither '%s' nor '%s'; add '%s %s' or "
                          "'%s %s'",
                          schema->name, names[0]->name, names[1]->name,
                          names[0]->name, names[0]->example, names[1]->name,
                          names[1]->example);
    }
}

static void check_section(const struct fcgi_scan *scan,
                          const struct fcgi_scan_section *section,
                          const char *file, struct fcgi_diag_list *diags)
{
    const struct fcgi_section *schema = section->schema;

    if (section->n_keys == 0) {
        fcgi_check_report(diags, FCGI_CHECK_NO_KEYS, file, section->line,
                          section->column, section->length,
                          "[%s] has no keys; add them, indented, below it, or "
                          "remove it",
                          schema->name);
        return;
    }
    for (size_t i = 0; i < schema->n_keys; i++) {
        const struct fcgi_key *key = &schema->keys[i];

        if (key->need == FCGI_KEY_REQUIRED && !section->given[i] &&
            !section->meant[i]) {
            fcgi_check_report(diags, FCGI_CHECK_REQUIRED, file, section->line,
                              section->column, section->length,
                              "[%s] has no '%s'; add '%s %s'", schema->name,
                              key->name, key->name, key->example);
        }
    }
    check_one_of(scan, section, file, diags);
}

void fcgi_config_check_keys(const struct fcgi_scan *scan, const char *file,
                            struct fcgi_diag_list *diags)
{
    bool has_server = scan->heading_meant;
    size_t count;
    const struct fcgi_section *schemas = fcgi_keys_sections(&count);

    for (size_t i = 0; i < scan->n_sections; i++) {
        has_server = has_server ||
                     scan->sections[i].schema == &schemas[FCGI_SECTION_SERVER];
    }
    if (!has_server) {
        fcgi_check_report(diags, FCGI_CHECK_NO_SERVER, file, 0, 0, 0,
                          "no [FASTCGI_SERVER] section; add one, with "
                          "'ServerName' and 'ServerAddr' or 'ServerPath'");
    }
    for (size_t i = 0; i < scan->n_sections; i++)
        check_section(scan, &scan->sections[i], file, diags);
}
