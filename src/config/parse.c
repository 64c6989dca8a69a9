/* SPDX-License-Identifier: Apache-2.0
 *
 * From a file to struct fcgi_config, through libconfuse.
 *
 * libconfuse stops at its first error, so it is never given one: the scan
 * leaves out malformed lines, and the callbacks here report a wrong value and
 * then accept it. One pass finds everything. The library's table of options is
 * made from ours. Checks of several keys use the scan, which knows the lines.
 */
#include "config/parse.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/build.h"
#include "config/check.h"
#include "config/checks.h"
#include "config/cross.h"
#include "config/file.h"
#include "config/value.h"

struct parse {
    const char *file;
    const struct fcgi_scan *scan;
    struct fcgi_diag_list *diags;
};

/* libconfuse's callbacks have no user argument. */
static const struct parse *current;

/* Reports a wrong value. Returns its pair, NULL if there is none. */
static const struct fcgi_scan_pair *check(cfg_t *cfg, const char *value)
{
    const struct fcgi_scan_pair *pair =
        fcgi_scan_find(current->scan, (unsigned)cfg->line);

    if (pair)
        fcgi_config_check_value(pair, value, current->file, current->diags);
    return pair;
}

static int parse_text(cfg_t *cfg, cfg_opt_t *opt, const char *value,
                      void *result)
{
    (void)opt;
    *(const char **)result = value;
    return check(cfg, value) ? 0 : -1;
}

static int parse_number(cfg_t *cfg, cfg_opt_t *opt, const char *value,
                        void *result)
{
    const struct fcgi_scan_pair *pair = check(cfg, value);
    uint64_t number = 0;
    size_t at;

    (void)opt;
    if (!pair)
        return -1;
    /* A wrong value has been reported; its number does not matter. */
    if (fcgi_config_parse_number(pair->key, value, strlen(value), &number,
                                 &at) != FCGI_CONFIG_NUMBER_OK ||
        number > UINT32_MAX)
        number = pair->key->def;
    *(long *)result = (long)number;
    return 0;
}

static void library_error(cfg_t *cfg, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void library_error(cfg_t *cfg, const char *format, va_list args)
{
    char message[512];

    vsnprintf(message, sizeof(message), format, args);
    fcgi_check_report(current->diags, FCGI_CHECK_LIBRARY, current->file,
                      (unsigned)cfg->line, 0, 0, "libconfuse: %s", message);
}

static cfg_opt_t make_option(const struct fcgi_key *key)
{
    if (fcgi_keys_is_number(key)) {
        return (cfg_opt_t)CFG_INT_CB(key->name, (long)key->def, CFGF_NONE,
                                     parse_number);
    }
    return (cfg_opt_t)CFG_STR_CB(
        key->name, NULL, key->repeat ? CFGF_LIST : CFGF_NODEFAULT, parse_text);
}

/* Whether any section of a kind gives a key. */
static bool is_given(const struct fcgi_scan *scan,
                     const struct fcgi_section *schema, size_t key)
{
    for (size_t i = 0; i < scan->n_sections; i++)
        if (scan->sections[i].schema == schema && scan->sections[i].given[key])
            return true;
    return false;
}

/*
 * libconfuse's tree for our table, or NULL. libconfuse copies all options for
 * each section, so those that the file does not use are left out, which keeps
 * large files fast.
 */
static cfg_t *make_tree(const struct fcgi_scan *scan)
{
    size_t n_sections;
    const struct fcgi_section *sections = fcgi_keys_sections(&n_sections);
    cfg_opt_t options[2][FCGI_KEYS_MAX + 1];
    cfg_opt_t top[3];

    /* libconfuse makes copies of the arrays. */
    for (size_t i = 0; i < n_sections; i++) {
        const struct fcgi_section *section = &sections[i];
        size_t n = 0;

        for (size_t k = 0; k < section->n_keys; k++)
            if (is_given(scan, section, k))
                options[i][n++] = make_option(&section->keys[k]);
        options[i][n] = (cfg_opt_t)CFG_END();
        top[i] = (cfg_opt_t)CFG_SEC(section->name, options[i], CFGF_MULTI);
    }
    top[n_sections] = (cfg_opt_t)CFG_END();
    return cfg_init(top, CFGF_NOCASE);
}

/* Parses the scan's text with libconfuse. Returns its tree, or NULL. */
static cfg_t *run_library(const struct parse *parse)
{
    const struct fcgi_scan *scan = parse->scan;
    size_t errors = parse->diags->errors;
    FILE *stream = fmemopen(scan->text, scan->text_len, "r");
    cfg_t *tree = stream ? make_tree(scan) : NULL;
    int result;

    if (!tree) {
        fcgi_check_report(parse->diags, FCGI_CHECK_MEMORY, parse->file, 0, 0, 0,
                          "out of memory");
        if (stream)
            fclose(stream);
        return NULL;
    }
    cfg_set_error_function(tree, library_error);
    current = parse;
    result = cfg_parse_fp(tree, stream);
    current = NULL;
    fclose(stream);
    if (result != CFG_SUCCESS) {
        if (parse->diags->errors == errors) {
            fcgi_check_report(parse->diags, FCGI_CHECK_LIBRARY, parse->file, 0,
                              0, 0, "libconfuse refuses the file");
        }
        /* This also resets the library's global state. */
        cfg_free(tree);
        return NULL;
    }
    return tree;
}

static bool is_server(const struct fcgi_scan_section *section)
{
    size_t count;

    return section->schema == &fcgi_keys_sections(&count)[FCGI_SECTION_SERVER];
}

/* A server's name and where it is, for sorting. */
struct named {
    const char *name;
    const struct fcgi_scan_pair *pair;
};

static int compare_named(const void *left, const void *right)
{
    const struct named *a = left;
    const struct named *b = right;
    int order = strcmp(a->name, b->name);

    if (order)
        return order;
    return a->pair->line < b->pair->line ? -1 : 1;
}

/* Names must differ. Sorted, so that thousands of servers take no time. */
static void check_names(const struct parse *parse, cfg_t *tree)
{
    const struct fcgi_scan *scan = parse->scan;
    struct named *all = calloc(scan->n_sections + 1, sizeof(*all));
    size_t n = 0;
    unsigned nth = 0;

    if (!all) {
        fcgi_check_report(parse->diags, FCGI_CHECK_MEMORY, parse->file, 0, 0, 0,
                          "out of memory");
        return;
    }
    for (size_t i = 0; i < scan->n_sections; i++) {
        const struct fcgi_scan_section *section = &scan->sections[i];
        cfg_t *branch = is_server(section)
                            ? cfg_getnsec(tree, section->schema->name, nth++)
                            : NULL;
        const struct fcgi_key *keys = section->schema->keys;

        for (size_t k = 0; branch && k < section->schema->n_keys; k++) {
            char *name = keys[k].type == FCGI_KEY_NAME && section->given[k]
                             ? cfg_getstr(branch, keys[k].name)
                             : NULL;

            if (name) {
                all[n].name = name;
                all[n++].pair = &scan->pairs[section->given[k] - 1];
            }
        }
    }
    qsort(all, n, sizeof(*all), compare_named);
    for (size_t i = 1; i < n; i++) {
        const struct fcgi_scan_pair *pair = all[i].pair;
        const struct fcgi_scan_pair *first = all[i - 1].pair;

        if (strcmp(all[i].name, all[i - 1].name) != 0)
            continue;
        fcgi_check_report(parse->diags, FCGI_CHECK_DUPLICATE_NAME, parse->file,
                          pair->line, pair->value_column, pair->value_length,
                          "the name '%s' is taken by the server of line %u; "
                          "give each server a name of its own",
                          all[i].name, first->line);
        fcgi_diag_add(parse->diags, FCGI_DIAG_NOTE, FCGI_CHECK_DUPLICATE_NAME,
                      parse->file, first->line, first->value_column,
                      first->value_length, "first given here");
    }
    free(all);
}

struct fcgi_config *fcgi_config_parse(const char *file, const char *text,
                                      size_t len, struct fcgi_diag_list *diags)
{
    struct fcgi_scan scan;
    struct parse parse = {file, &scan, diags};
    struct fcgi_config *config = NULL;
    size_t errors = diags->errors;
    size_t first = diags->count;
    struct fcgi_diag_list ours;
    cfg_t *tree = NULL;

    if (fcgi_scan_text(&scan, file, text, len, diags) == 0) {
        fcgi_config_check_keys(&scan, file, diags);
        tree = run_library(&parse);
    }
    if (tree)
        check_names(&parse, tree);
    if (tree && diags->errors == errors) {
        config = fcgi_config_build(file, &scan, tree);
        if (!config) {
            fcgi_check_report(diags, FCGI_CHECK_MEMORY, file, 0, 0, 0,
                              "out of memory");
        }
    }
    if (config)
        fcgi_config_check_cross(&scan, config, diags);
    if (tree)
        cfg_free(tree);
    fcgi_scan_free(&scan);
    /* The list may hold findings about other files, which stay in front. */
    ours = *diags;
    ours.items = diags->items ? diags->items + first : NULL;
    ours.count = diags->count - first;
    fcgi_diag_list_sort(&ours);
    return config;
}

struct fcgi_config *fcgi_config_load(const char *path,
                                     struct fcgi_diag_list *diags)
{
    struct fcgi_config *config;
    char *text;
    size_t len;

    if (fcgi_config_read_file(path, &text, &len, diags))
        return NULL;
    config = fcgi_config_parse(path, text, len, diags);
    free(text);
    return config;
}
