/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: plugins.load. Monkey takes what it finds there as it is, and
 * learns the plugin's name from the file's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "check.h"
#include "dialect.h"
#include "keys.h"

/* The NAME in /path/monkey-NAME.so, as Monkey cuts it out; NULL if it would
 * find none. The caller's. */
static char *name_of(const char *path)
{
    const char *dash = strrchr(path, '-');
    size_t length = dash ? strlen(dash + 1) : 0;

    if (length <= 3)
        return NULL;
    return check_printf("%.*s", (int)(length - 3), dash + 1);
}

/* Whether it is to be our plugin, for any of Monkey's versions. */
static bool is_ours(const char *name)
{
    return strcmp(name, "fastcgi") == 0 || strcmp(name, "fastcgi18") == 0;
}

static void check_library(struct check_run *run, const char *path,
                          const char *name, struct check_place place)
{
    char *symbol = check_printf("mk_plugin_%s", name);
    char *file = check_path(run, path);
    const char *id, *why;
    struct stat status;

    if (stat(file, &status)) {
        check_report(run, FCGI_CHECK_PLUGIN_MISSING, place,
                     "'%s' cannot be loaded: %s; install the plugin there, or "
                     "correct the path",
                     path, strerror(errno));
        goto out;
    }
    if (check_elf(file, symbol, &id, &why))
        goto out;
    if (strcmp(id, FCGI_CHECK_PLUGIN_OTHER) == 0) {
        check_report(run, id, place,
                     "'%s' is not the plugin that fcgi-check belongs to, but "
                     "perhaps the one that Monkey ships; load that of "
                     "monkey-fastcgi",
                     path);
    } else {
        check_report(run, id, place,
                     strcmp(id, FCGI_CHECK_PLUGIN_ABI) == 0
                         ? "'%s' is no plugin '%s' for Monkey %s: %s (%s); "
                           "install the right one, under its own name"
                         : "'%s' is no plugin '%s' for Monkey %s: %s; install "
                           "the plugin there, or correct the path",
                     path, name, run->dialect->name, why, symbol);
    }
out:
    free(symbol);
    free(file);
}

static void check_load(struct check_run *run, struct check_plugins *plugins,
                       const char *path, struct check_place place)
{
    const char *wanted = run->dialect->plugin;
    struct check_loaded *loaded;
    char *name = name_of(path);

    plugins->items =
        check_grow(plugins->items, plugins->count, sizeof(*plugins->items));
    loaded = &plugins->items[plugins->count++];
    *loaded = (struct check_loaded){name, place};
    if (!name) {
        plugins->knows_all = false;
        check_report(run, FCGI_CHECK_PLUGIN_NAME, place,
                     "Monkey finds no plugin's name in '%s' and may crash; the "
                     "file must be called monkey-NAME.so",
                     path);
        return;
    }
    for (size_t i = 0; i + 1 < plugins->count; i++) {
        const char *other = plugins->items[i].name;

        if (other && strcmp(other, name) == 0) {
            check_report(
                run, FCGI_CHECK_LOADED_TWICE, place,
                "the plugin '%s' is loaded twice, which breaks Monkey's "
                "lists; remove one of the two lines",
                name);
            check_note(run, FCGI_CHECK_LOADED_TWICE, plugins->items[i].place,
                       "first loaded here");
            return;
        }
    }
    if (!is_ours(name) || run->options->syntax_only)
        return; /* whether Monkey's own are in order is not ours to say */
    if (strcmp(name, wanted) != 0) {
        check_report(run, FCGI_CHECK_PLUGIN_ABI, place,
                     "'%s' is for another Monkey than %s, which does not start "
                     "with it; load monkey-%s.so",
                     path, run->dialect->name, wanted);
    } else if (path[0] != '/') {
        check_report(run, FCGI_CHECK_LOAD_RELATIVE, place,
                     "the path '%s' is relative, and to what directory depends "
                     "on how Monkey is started; start it with '/'",
                     path);
    } else {
        check_library(run, path, name, place);
    }
}

/* Which Monkey loads these? */
static void look_for_signs(struct check_run *run,
                           const struct fcgi_tree_section *section)
{
    for (size_t i = 0; section && i < section->n_entries; i++) {
        char *name = strcasecmp(section->entries[i].key, "Load") == 0
                         ? name_of(section->entries[i].value)
                         : NULL;

        if (name)
            check_signs_plugin(run, name);
        free(name);
    }
}

void check_plugins_read(struct check_run *run, const char *path,
                        struct check_plugins *plugins)
{
    static const char *const keys[] = {"Load", NULL};
    const struct check_source *source;
    const struct fcgi_tree_section *section;
    struct fcgi_tree tree;
    struct stat status;

    memset(plugins, 0, sizeof(*plugins));
    plugins->knows_all = true;
    if (stat(path, &status) && errno == ENOENT)
        return; /* Monkey does without */
    source = check_source_read(run, path);
    plugins->file = source->name;
    plugins->there = true;
    if (!source->text) {
        plugins->knows_all = false;
        return;
    }
    check_tree_read(run, source, &tree);
    section = check_section(run, &tree, "PLUGINS");
    plugins->knows_all = section != NULL;
    check_unknown_keys(run, &tree, section, keys);
    look_for_signs(run, section);
    for (size_t i = 0; section && i < section->n_entries; i++) {
        const struct fcgi_tree_entry *entry = &section->entries[i];
        struct check_place place = check_value_place(&tree, entry);

        place.file = source->name; /* which outlives the tree */
        if (strcasecmp(entry->key, "Load") != 0 || !entry->value[0])
            continue;
        if (strstr(entry->value, " #"))
            plugins->knows_all = false; /* and it has been told why */
        else
            check_load(run, plugins, entry->value, place);
    }
    fcgi_tree_free(&tree);
}

void check_plugins_free(struct check_plugins *plugins)
{
    for (size_t i = 0; i < plugins->count; i++)
        free(plugins->items[i].name);
    free(plugins->items);
}
