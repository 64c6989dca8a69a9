/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: fastcgi.conf, and places in files.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "config/parse.h"

void check_servers_read(struct check_run *run, const char *path,
                        struct check_servers *servers)
{
    const struct check_source *source = check_source_read(run, path);

    memset(servers, 0, sizeof(*servers));
    servers->file = source->name;
    servers->run = run;
    if (!source->text)
        return;
    servers->config = fcgi_config_parse(source->name, source->text,
                                        source->length, &run->diags);
    if (!servers->config)
        return;
    run->printed =
        check_grow(run->printed, run->n_printed, sizeof(*run->printed));
    run->printed[run->n_printed++] = check_dup(source->name);
}

void check_servers_free(struct check_servers *servers)
{
    fcgi_config_free(servers->config);
    fcgi_tree_free(&servers->tree);
}

/* The section whose heading is on a line, or NULL. */
static const struct fcgi_tree_section *section_of(const struct fcgi_tree *tree,
                                                  unsigned line)
{
    size_t low = 0, high = tree->n_sections;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tree->sections[middle].line == line)
            return &tree->sections[middle];
        if (tree->sections[middle].line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void make_tree(struct check_servers *servers)
{
    const struct check_source *source =
        check_source_read(servers->run, servers->file);
    struct fcgi_diag_list told_already;

    fcgi_diag_list_init(&told_already);
    fcgi_tree_read(&servers->tree, source->name, source->text, source->length,
                   &told_already);
    fcgi_diag_list_free(&told_already);
}

const struct fcgi_tree_entry *
check_servers_entry(struct check_servers *servers,
                    const struct fcgi_server_config *server, const char *key)
{
    if (!servers->tree.file)
        make_tree(servers);
    return fcgi_tree_entry(server
                               ? section_of(&servers->tree, server->line)
                               : fcgi_tree_section(&servers->tree, "FASTCGI"),
                           key);
}

struct check_place check_servers_place(struct check_servers *servers,
                                       const struct fcgi_server_config *server,
                                       const char *key)
{
    struct check_place place = {servers->file, server->line, 1, 0};
    const struct fcgi_tree_entry *entry =
        check_servers_entry(servers, server, key);
    const struct fcgi_tree_section *section =
        section_of(&servers->tree, server->line);

    if (entry)
        return check_value_place(entry);
    if (section) {
        place.column = section->column;
        place.length = section->length;
    }
    return place;
}

struct check_place check_key_place(const struct fcgi_tree_entry *entry)
{
    return (struct check_place){entry->file, entry->line, entry->key_column,
                                (unsigned)strlen(entry->key)};
}

struct check_place check_value_place(const struct fcgi_tree_entry *entry)
{
    return (struct check_place){entry->file, entry->line, entry->value_column,
                                (unsigned)strlen(entry->value)};
}

struct check_place check_place_keep(struct check_run *run,
                                    struct check_place place)
{
    place.file = check_source_read(run, place.file)->name;
    return place;
}

/* All findings of --syntax-only come from the scanner and the parser. */
__attribute__((format(printf, 5, 0))) static void
add(struct check_run *run, enum fcgi_diag_severity severity, const char *id,
    struct check_place place, const char *format, va_list args)
{
    char message[8192]; /* paths may be in it */

    if (run->options->syntax_only)
        return;
    vsnprintf(message, sizeof(message), format, args);
    fcgi_diag_add(&run->diags, severity, id, place.file, place.line,
                  place.column, place.length, "%s", message);
}

void check_report(struct check_run *run, const char *id,
                  struct check_place place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(run, fcgi_check_severity(id), id, place, format, args);
    va_end(args);
}

void check_note(struct check_run *run, const char *id, struct check_place place,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(run, FCGI_DIAG_NOTE, id, place, format, args);
    va_end(args);
}
