/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: sections and keys of Monkey's own files. Of a section or key
 * Monkey takes the first and passes over the others; what it does not know it
 * passes over as well, without a word.
 */
#include "keys.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/guess.h"

void check_tree_read(struct check_run *run, const struct check_source *source,
                     struct fcgi_tree *tree)
{
    fcgi_tree_read(tree, source->name, source->text, source->length,
                   &run->diags);
}

static struct check_place heading(const struct fcgi_tree *tree,
                                  const struct fcgi_tree_section *section)
{
    return (struct check_place){tree->file, section->line, section->column,
                                section->length};
}

/* The name without blanks around it, as it may have been meant. */
static bool is_meant(const char *name, const char *wanted)
{
    size_t blanks = strspn(name, " \t");
    size_t length = strlen(wanted);

    return strncasecmp(name + blanks, wanted, length) == 0 &&
           name[blanks + length + strspn(name + blanks + length, " \t")] ==
               '\0';
}

const struct fcgi_tree_section *check_section_if(struct check_run *run,
                                                 const struct fcgi_tree *tree,
                                                 const char *name)
{
    const struct fcgi_tree_section *first = fcgi_tree_section(tree, name);
    const char *const names[] = {name, NULL};

    for (size_t i = 0; i < tree->n_sections; i++) {
        const struct fcgi_tree_section *section = &tree->sections[i];

        if (section == first)
            continue;
        if (strcasecmp(section->name, name) == 0) {
            check_report(
                run, FCGI_CHECK_SECTION_IGNORED, heading(tree, section),
                "a second [%s] has no effect, as Monkey takes the first "
                "alone; move its keys there",
                name);
            check_note(run, FCGI_CHECK_SECTION_IGNORED, heading(tree, first),
                       "the first is here");
        } else if (!first && (is_meant(section->name, name) ||
                              fcgi_guess_name(section->name,
                                              strlen(section->name), names))) {
            check_report(
                run, FCGI_CHECK_SECTION_MISSING, heading(tree, section),
                "Monkey looks for [%s] and finds [%s]; correct the name", name,
                section->name);
            return section;
        }
    }
    return first;
}

const struct fcgi_tree_section *check_section(struct check_run *run,
                                              const struct fcgi_tree *tree,
                                              const char *name)
{
    const struct fcgi_tree_section *section = check_section_if(run, tree, name);
    struct check_place place = {tree->file, 0, 0, 0};

    if (!section) {
        check_report(run, FCGI_CHECK_SECTION_MISSING, place,
                     "this file has no [%s], which Monkey needs; add it", name);
    }
    return section;
}

size_t check_unknown_keys(struct check_run *run, const struct fcgi_tree *tree,
                          const struct fcgi_tree_section *section,
                          const char *const *known)
{
    size_t n = 0;

    for (size_t i = 0; section && i < section->n_entries; i++) {
        const struct fcgi_tree_entry *entry = &section->entries[i];
        const char *guess =
            fcgi_guess_name(entry->key, strlen(entry->key), known);

        if (guess && strcasecmp(guess, entry->key) != 0) {
            check_report(run, FCGI_CHECK_KEY_UNKNOWN,
                         check_key_place(tree, entry),
                         "Monkey knows no key '%s' and passes over it; did you "
                         "mean '%s'?",
                         entry->key, guess);
            n++;
        }
    }
    return n;
}

const struct fcgi_tree_entry *check_key(struct check_run *run,
                                        const struct fcgi_tree *tree,
                                        const struct fcgi_tree_section *section,
                                        const char *key, const char *needed)
{
    const struct fcgi_tree_entry *first = fcgi_tree_entry(section, key);

    for (size_t i = 0; section && i < section->n_entries; i++) {
        const struct fcgi_tree_entry *entry = &section->entries[i];

        if (entry != first && strcasecmp(entry->key, key) == 0) {
            check_report(
                run, FCGI_CHECK_KEY_IGNORED, check_key_place(tree, entry),
                "a second '%s' has no effect, as Monkey takes the first "
                "alone; remove one of the two",
                key);
            check_note(run, FCGI_CHECK_KEY_IGNORED,
                       check_key_place(tree, first), "the first is here");
        }
    }
    if (section && !first && needed) {
        check_report(run, FCGI_CHECK_KEY_MISSING, heading(tree, section),
                     "[%s] has no '%s', which Monkey needs; add '%s %s'",
                     section->name, key, key, needed);
    }
    return first;
}

enum kind { TEXT, NUMBER, SWITCH };

/* What Monkey 1.6 reads of [SERVER]. */
static const struct {
    const char *name;
    enum kind kind;
    const char *needed; /* an example, if Monkey needs the key */
} server_keys[] = {
    {"Workers", NUMBER, NULL},
    {"Timeout", NUMBER, "15"},
    {"KeepAlive", SWITCH, NULL},
    {"MaxKeepAliveRequest", NUMBER, "50"},
    {"KeepAliveTimeout", NUMBER, "15"},
    {"PidFile", TEXT, NULL},
    {"UserDir", TEXT, NULL},
    {"Indexfile", TEXT, NULL},
    {"HideVersion", SWITCH, NULL},
    {"User", TEXT, NULL},
    {"Resume", SWITCH, NULL},
    {"MaxRequestSize", NUMBER, "1024"},
    {"SymLink", SWITCH, NULL},
    {"TransportLayer", TEXT, NULL},
    {"DefaultMimeType", TEXT, NULL},
    {"FDT", SWITCH, NULL},
    {"FDLimit", NUMBER, NULL},
};

#define N_SERVER_KEYS (sizeof(server_keys) / sizeof(server_keys[0]))

static void check_number(struct check_run *run, const struct fcgi_tree *tree,
                         const struct fcgi_tree_entry *entry, bool needed)
{
    char *end;
    long number = strtol(entry->value, &end, 10); /* as Monkey does */

    if (needed && number < 1) {
        check_report(run, FCGI_CHECK_VALUE_REFUSED,
                     check_value_place(tree, entry),
                     "Monkey refuses '%s %s'; write a number above 0",
                     entry->key, entry->value);
    } else if (end == entry->value || *end || number > INT_MAX || number < 0) {
        check_report(run, FCGI_CHECK_VALUE_REFUSED,
                     check_value_place(tree, entry),
                     "'%s' is no number that Monkey can use for '%s'; write "
                     "digits alone",
                     entry->value, entry->key);
    }
}

void check_server_section(struct check_run *run, const struct fcgi_tree *tree,
                          const struct fcgi_tree_section *section)
{
    const char *known[N_SERVER_KEYS + 3];
    size_t n = 0;

    for (size_t i = 0; i < N_SERVER_KEYS; i++) {
        const struct fcgi_tree_entry *entry = check_key(
            run, tree, section, server_keys[i].name, server_keys[i].needed);

        known[n++] = server_keys[i].name;
        if (!entry || !entry->value[0])
            continue;
        if (server_keys[i].kind == NUMBER) {
            check_number(run, tree, entry, server_keys[i].needed != NULL);
        } else if (server_keys[i].kind == SWITCH &&
                   strcasecmp(entry->value, "on") != 0 &&
                   strcasecmp(entry->value, "off") != 0) {
            check_report(run, FCGI_CHECK_VALUE_REFUSED,
                         check_value_place(tree, entry),
                         "Monkey refuses '%s %s'; write On or Off", entry->key,
                         entry->value);
        }
    }
    known[n++] = "Listen"; /* of which there may be several */
    known[n++] = "OverCapacity";
    known[n] = NULL;
    check_unknown_keys(run, tree, section, known);
}
