/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check --print. All of it follows from the table of keys: where a
 * section says nothing of a key, [FASTCGI] may, and else there is the default.
 */
#include "print.h"

#include <string.h>

#include "config/scan.h"
#include "config/value.h"

#define INDENT "    "

struct print {
    struct check_source *source;
    const struct fcgi_scan *scan;
    const struct fcgi_scan_section *defaults; /* [FASTCGI], or NULL */
    FILE *out;
};

static void write_value(const struct print *p,
                        const struct fcgi_scan_pair *pair)
{
    char number[FCGI_CONFIG_NUMBER_SIZE];
    const char *text = "";
    size_t length = 0;
    uint64_t value;
    size_t at;

    check_source_line(p->source, pair->line, &text, &length);
    text += pair->value_column - 1;
    fprintf(p->out, INDENT "# %s:%u\n" INDENT "%s ", p->source->name,
            pair->line, pair->key->name);
    if (fcgi_keys_is_number(pair->key) &&
        fcgi_config_parse_number(pair->key, text, pair->value_length, &value,
                                 &at) == FCGI_CONFIG_NUMBER_OK)
        fputs(fcgi_config_format_number(pair->key, value, number), p->out);
    else
        fwrite(text, 1, pair->value_length, p->out);
    fputc('\n', p->out);
}

/* All that a section says of a key. Returns whether that is anything. */
static bool write_said(const struct print *p,
                       const struct fcgi_scan_section *section,
                       const struct fcgi_key *key)
{
    const struct fcgi_scan *scan = p->scan;
    unsigned end = section && section + 1 < scan->sections + scan->n_sections
                       ? section[1].line
                       : ~0U;
    bool said = false;
    size_t low = 0, high = scan->n_pairs;

    if (!section)
        return false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (scan->pairs[middle].line < section->line)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < scan->n_pairs && scan->pairs[low].line < end; low++) {
        if (strcmp(scan->pairs[low].key->name, key->name) == 0) {
            write_value(p, &scan->pairs[low]);
            said = true;
        }
    }
    return said;
}

static void write_key(const struct print *p,
                      const struct fcgi_scan_section *section,
                      const struct fcgi_key *key)
{
    char text[FCGI_KEYS_DEFAULT_SIZE];
    bool said = false;

    /* What may be repeated adds up, [FASTCGI]'s coming first. */
    if (key->repeat)
        said = write_said(p, p->defaults, key);
    said = write_said(p, section, key) || said;
    if (!said && !key->repeat)
        said = write_said(p, p->defaults, key);
    if (said || key->need != FCGI_KEY_OPTIONAL)
        return;
    if (!fcgi_keys_is_number(key) && !key->def_text) {
        fprintf(p->out, INDENT "# %s: none (default)\n", key->name);
        return;
    }
    fprintf(p->out, INDENT "# default\n" INDENT "%s %s\n", key->name,
            fcgi_keys_default(key, text));
}

void check_print(struct check_source *source, FILE *out)
{
    size_t count;
    const struct fcgi_section *schemas = fcgi_keys_sections(&count);
    struct fcgi_diag_list told_already;
    struct fcgi_scan scan;
    struct print p = {.source = source, .scan = &scan, .out = out};

    fcgi_diag_list_init(&told_already);
    fcgi_scan_text(&scan, source->name, source->text, source->length,
                   &told_already);
    fcgi_diag_list_free(&told_already);
    for (size_t i = 0; i < scan.n_sections; i++)
        if (scan.sections[i].schema == &schemas[FCGI_SECTION_DEFAULTS])
            p.defaults = &scan.sections[i];
    fprintf(out, "# %s, with all defaults, by fcgi-check\n", source->name);
    for (size_t i = 0; i < scan.n_sections; i++) {
        const struct fcgi_section *schema = scan.sections[i].schema;

        if (schema != &schemas[FCGI_SECTION_SERVER])
            continue;
        fprintf(out, "\n# %s:%u\n[%s]\n", source->name, scan.sections[i].line,
                schema->name);
        for (size_t k = 0; k < schema->n_keys; k++)
            write_key(&p, &scan.sections[i], &schema->keys[k]);
    }
    fcgi_scan_free(&scan);
}
