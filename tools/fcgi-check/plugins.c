/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: plugins.load. Monkey takes what it finds there as it is, and
 * learns the plugin's name from the file's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "check.h"
#include "dialect.h"
#include "keys.h"

/* Whether it is to be our plugin, for any of Monkey's versions. */
static bool is_ours(const char *name)
{
    return strcmp(name, "fastcgi") == 0 || strcmp(name, "fastcgi18") == 0;
}

/* Whether there is a plugin of the name in the file. */
static bool loads(const struct check_run *run, const char *path,
                  const char *name)
{
    char *symbol = check_printf("mk_plugin_%s", name);
    const char *id, *why;

    return check_elf(check_path(run, path), symbol, &id, &why);
}

/* Returns whether Monkey can load it. */
static bool check_library(struct check_run *run, const char *path,
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
        return false;
    }
    if (check_elf(file, symbol, &id, &why))
        return true;
    if (strcmp(id, FCGI_CHECK_PLUGIN_OTHER) == 0) {
        check_report(run, id, place,
                     "'%s' is not the plugin that fcgi-check belongs to, but "
                     "perhaps the one that Monkey ships; load that of "
                     "monkey-fastcgi",
                     path);
        return true;
    }
    check_report(run, id, place,
                 strcmp(id, FCGI_CHECK_PLUGIN_ABI) == 0
                     ? "'%s' is no plugin '%s' for Monkey %s: %s (%s); install "
                       "the right one, under its own name"
                     : "'%s' is no plugin '%s' for Monkey %s: %s; install the "
                       "plugin there, or correct the path",
                 path, name, run->dialect->name, why, symbol);
    return false;
}

static void check_load(struct check_run *run, struct check_plugins *plugins,
                       const char *path, struct check_place place)
{
    const char *wanted = run->dialect->plugin;
    struct check_loaded *loaded;
    struct fcgi_monkeyconf_word word = fcgi_monkeyconf_plugin_name(path);
    char *name = word.length > 0
                     ? check_printf("%.*s", (int)word.length, word.at)
                     : NULL;

    plugins->items =
        check_grow(plugins->items, plugins->count, sizeof(*plugins->items));
    loaded = &plugins->items[plugins->count++];
    *loaded = (struct check_loaded){name, place};
    if (!name) {
        plugins->knows_all = false;
        run->stops = true;
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
            run->stops = run->stops || loads(run, path, name);
            check_note(run, FCGI_CHECK_LOADED_TWICE, plugins->items[i].place,
                       "first loaded here");
            return;
        }
    }
    if (!is_ours(name) || run->options->syntax_only)
        return; /* whether Monkey's own are in order is not ours to say */
    if (strcmp(name, wanted) != 0) {
        if (loads(run, path, name))
            run->stops = true; /* it sees to that */
        else
            plugins->fails = true;
        check_report(run, FCGI_CHECK_PLUGIN_ABI, place,
                     "'%s' is for another Monkey than %s, which does not start "
                     "with it; load monkey-%s.so",
                     path, run->dialect->name, wanted);
    } else if (path[0] != '/') {
        plugins->fails = true;
        check_report(run, FCGI_CHECK_LOAD_RELATIVE, place,
                     "the path '%s' is relative, and to what directory depends "
                     "on how Monkey is started; start it with '/'",
                     path);
    } else {
        plugins->fails =
            plugins->fails || !check_library(run, path, name, place);
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
    /* With one that it cannot read 1.8 loads none, and goes on. */
    plugins->fails = !check_tree_read(run, path, &tree);
    section = check_section(run, &tree, "PLUGINS");
    plugins->knows_all = section != NULL;
    if (plugins->fails ? !run->dialect->is_18
                       : !fcgi_tree_section(&tree, "PLUGINS"))
        run->stops = true;
    check_unknown_keys(run, section, keys);
    for (size_t i = 0; section && i < section->n_entries; i++) {
        const struct fcgi_tree_entry *entry = &section->entries[i];
        struct check_place place =
            check_place_keep(run, check_value_place(entry));

        if (strcasecmp(entry->key, "Load") != 0 || !entry->value[0])
            continue;
        if (strstr(entry->value, " #"))
            plugins->knows_all = false; /* the reason has been reported */
        else
            check_load(run, plugins, entry->value, place);
    }
    fcgi_tree_free(&tree);
}
