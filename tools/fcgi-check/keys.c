/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: sections and keys of Monkey's own files. Of a section or key
 * Monkey takes the first and passes over the others; what it does not know it
 * passes over as well, without a word.
 */
#include "keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/guess.h"
#include "dialect.h"

static const char *load(void *data, const char *path, size_t *length)
{
    const struct check_source *source = check_source_read(data, path);

    *length = source->length;
    return source->text;
}

bool check_tree_read(struct check_run *run, const char *path,
                     struct fcgi_tree *tree)
{
    const struct check_source *source = check_source_read(run, path);

    return fcgi_monkeyconf_read(tree, run->dialect->is_18, source->name,
                                source->text, source->length, &run->diags, load,
                                run);
}

struct check_place check_heading(const struct fcgi_tree_section *section)
{
    return (struct check_place){section->file, section->line, section->column,
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
                run, FCGI_CHECK_SECTION_IGNORED, check_heading(section),
                "a second [%s] has no effect, as Monkey takes the first "
                "alone; move its keys there",
                name);
            check_note(run, FCGI_CHECK_SECTION_IGNORED, check_heading(first),
                       "the first is here");
        } else if (!first && (is_meant(section->name, name) ||
                              fcgi_guess_name(section->name,
                                              strlen(section->name), names))) {
            check_report(
                run, FCGI_CHECK_SECTION_MISSING, check_heading(section),
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

size_t check_unknown_keys(struct check_run *run,
                          const struct fcgi_tree_section *section,
                          const char *const *known)
{
    size_t n = 0;

    for (size_t i = 0; section && i < section->n_entries; i++) {
        const struct fcgi_tree_entry *entry = &section->entries[i];
        const char *guess =
            fcgi_guess_name(entry->key, strlen(entry->key), known);

        /* LoadPlugin, MatchUrl */
        for (size_t k = 0; !guess && known[k]; k++)
            if (strncasecmp(entry->key, known[k], strlen(known[k])) == 0)
                guess = known[k];
        if (guess && strcasecmp(guess, entry->key) != 0) {
            check_report(run, FCGI_CHECK_KEY_UNKNOWN, check_key_place(entry),
                         "Monkey knows no key '%s' and passes over it; did you "
                         "mean '%s'?",
                         entry->key, guess);
            n++;
        }
    }
    return n;
}

const struct fcgi_tree_entry *check_key(struct check_run *run,
                                        const struct fcgi_tree_section *section,
                                        const char *key, const char *needed)
{
    const struct fcgi_tree_entry *first = fcgi_tree_entry(section, key);

    for (size_t i = 0; section && i < section->n_entries; i++) {
        const struct fcgi_tree_entry *entry = &section->entries[i];

        if (entry != first && strcasecmp(entry->key, key) == 0) {
            check_report(
                run, FCGI_CHECK_KEY_IGNORED, check_key_place(entry),
                "a second '%s' has no effect, as Monkey takes the first "
                "alone; remove one of the two",
                key);
            check_note(run, FCGI_CHECK_KEY_IGNORED, check_key_place(first),
                       "the first is here");
        }
    }
    if (section && !first && needed) {
        check_report(run, FCGI_CHECK_KEY_MISSING, check_heading(section),
                     "[%s] has no '%s', which Monkey needs; add '%s %s'",
                     section->name, key, key, needed);
    }
    return first;
}

static void check_value(struct check_run *run,
                        const struct fcgi_monkeyconf_key *row,
                        const struct fcgi_tree_entry *entry)
{
    const char *what =
        row->kind == FCGI_MONKEYCONF_SWITCH ? "On or Off" : "a number above 0";
    int number;
    char *end;

    if (!fcgi_monkeyconf_takes(row->name, run->dialect->is_18, entry->value,
                               &number)) {
        check_report(run, FCGI_CHECK_VALUE_REFUSED, check_value_place(entry),
                     "Monkey refuses '%s %s'; write %s", entry->key,
                     entry->value, what);
        run->stops = true;
    } else if (row->kind == FCGI_MONKEYCONF_NUMBER &&
               (strtol(entry->value, &end, 10) != number || *end ||
                end == entry->value || number < 0)) {
        check_report(run, FCGI_CHECK_VALUE_REFUSED, check_value_place(entry),
                     "'%s' is no number that Monkey can use for '%s', and it "
                     "takes %d; write digits alone",
                     entry->value, entry->key, number);
    } else if (row->kind == FCGI_MONKEYCONF_SWITCH && !number &&
               strcasecmp(entry->value, "off") != 0) {
        check_report(run, FCGI_CHECK_VALUE_REFUSED, check_value_place(entry),
                     "'%s' is neither On nor Off; write one of them",
                     entry->value);
    }
}

/* Whether plugins.load may load what 1.6 speaks TLS with. */
static bool has_tls(const struct check_plugins *plugins)
{
    for (size_t i = 0; i < plugins->count; i++)
        if (plugins->items[i].name && strstr(plugins->items[i].name, "tls"))
            return true;
    return !plugins->knows_all;
}

/* Why Monkey does not listen so, or elsewhere than it says; NULL: it does. */
static char *judge_listen(struct check_run *run,
                          const struct fcgi_monkeyconf_listen *listen,
                          const struct check_plugins *plugins)
{
    const struct fcgi_monkeyconf_word *port = &listen->port;
    char *end;
    long number = strtol(port->at, &end, 10);
    bool is_number = end == port->at + port->length;
    bool no_tls = listen->tls && (run->dialect->is_18 ? run->options->no_tls
                                                      : !has_tls(plugins));

    run->stops = run->stops || no_tls || !fcgi_monkeyconf_listen_binds(listen);
    if (no_tls && run->dialect->is_18)
        return check_printf(
            "this Monkey is built without TLS, and does not "
            "start; remove '%s', or install another build",
            listen->not_http ? "!http" : "tls");
    if (no_tls)
        return check_dup(
            "Monkey does not start, as plugins.load loads no "
            "plugin for TLS; load monkey-tls.so, or remove 'ssl'");
    if (!fcgi_monkeyconf_listen_binds(listen) && listen->lost.length > 0 &&
        strspn(listen->lost.at, "0123456789") == listen->lost.length)
        return check_printf("Monkey does not start with it; write '%.*s:%.*s'",
                            (int)port->length, port->at,
                            (int)listen->lost.length, listen->lost.at);
    if (!fcgi_monkeyconf_listen_binds(listen))
        return check_printf("Monkey does not start with it; %s",
                            listen->nothing ? "remove '!http'"
                                            : "write a port's number");
    if (is_number && (number < 1 || number > 65535))
        return check_printf(
            "ports are 1 to 65535, and Monkey takes %s for it; "
            "correct it",
            number == 0 ? "any" : "another");
    if (listen->not_http)
        return check_printf(
            "Monkey %s takes '!http' for 'tls'; write that, or "
            "remove it",
            run->dialect->name);
    return NULL;
}

static void add_port(struct check_run *run,
                     const struct fcgi_monkeyconf_listen *listen)
{
    run->ports = check_grow(run->ports, run->n_ports, sizeof(*run->ports));
    run->ports[run->n_ports++] = (struct check_port){
        .address = check_printf("%.*s", (int)listen->address.length,
                                listen->address.at),
        .port = strtol(listen->port.at, NULL, 10)};
}

static void check_listen_word(struct check_run *run,
                              const struct fcgi_tree_entry *entry,
                              struct fcgi_monkeyconf_word word)
{
    const char *tls = run->dialect->is_18 ? "tls" : "ssl";
    struct check_place place = check_value_place(entry);
    bool is_tls = word.length == 3 && (strncasecmp(word.at, "tls", 3) == 0 ||
                                       strncasecmp(word.at, "ssl", 3) == 0);

    place.column += (unsigned)(word.at - entry->value);
    place.length = (unsigned)word.length;
    if (is_tls) {
        check_report(run, FCGI_CHECK_LISTEN_WORD, place,
                     "Monkey %s passes over '%.*s', and speaks plain HTTP "
                     "there; write '%s'",
                     run->dialect->name, (int)word.length, word.at, tls);
    } else {
        check_report(run, FCGI_CHECK_LISTEN_WORD, place,
                     "Monkey %s passes over '%.*s' behind the port; remove it",
                     run->dialect->name, (int)word.length, word.at);
    }
}

static void check_listen(struct check_run *run,
                         const struct fcgi_tree_section *section,
                         const struct check_plugins *plugins)
{
    struct fcgi_monkeyconf_listen listen;
    bool any = false, broken = false;

    for (size_t i = 0; i < section->n_entries && !broken; i++) {
        const struct fcgi_tree_entry *entry = &section->entries[i];
        const char *why;

        if (strcasecmp(entry->key, "Listen") != 0)
            continue;
        why = fcgi_monkeyconf_listen_parse(entry->value, run->dialect->is_18,
                                           &listen);
        broken = why != NULL;
        if (!broken)
            why = judge_listen(run, &listen, plugins);
        if (!broken)
            add_port(run, &listen);
        any = any || !broken;
        if (why && entry->value[0])
            check_report(run, FCGI_CHECK_VALUE_REFUSED,
                         check_value_place(entry), "'Listen %s': %s",
                         entry->value, why);
        else if (listen.lost.length > 0)
            check_listen_word(run, entry, listen.lost);
    }
    run->stops = run->stops || !any;
    if (!any && !broken)
        check_report(run, FCGI_CHECK_KEY_MISSING, check_heading(section),
                     "[%s] has no 'Listen', which Monkey needs; add 'Listen "
                     "2001'",
                     section->name);
}

/* A folder below /run is often made when Monkey is started (RuntimeDirectory of
 * systemd), and gone when it has ended. */
static bool is_made_at_start(const char *path, int error)
{
    return error == ENOENT && (strncmp(path, "/run/", 5) == 0 ||
                               strncmp(path, "/var/run/", 9) == 0);
}

/* What a relative path belongs to depends on how Monkey is started. */
static void check_pid_file(struct check_run *run,
                           const struct fcgi_tree_entry *entry)
{
    int error;
    bool starts;

    if (!entry || entry->value[0] != '/' || run->options->syntax_only)
        return;
    error = fcgi_monkeyconf_pid_error(check_path(run, entry->value));
    if (is_made_at_start(entry->value, error))
        return;
    starts = error == 0 || (error != EISDIR && run->dialect->is_18);
    run->stops = run->stops || !starts;
    if (error) {
        check_report(run, FCGI_CHECK_VALUE_REFUSED, check_value_place(entry),
                     "Monkey cannot write '%s' (%s), and does %s; %s",
                     entry->value, strerror(error),
                     starts ? "without" : "not start",
                     error == EISDIR ? "name a file in it"
                                     : "create the folder, or let systemd do "
                                       "so (RuntimeDirectory)");
    }
}

void check_server_section(struct check_run *run,
                          const struct fcgi_tree_section *section,
                          const struct check_plugins *plugins)
{
    const struct fcgi_monkeyconf_key *row = fcgi_monkeyconf_server;
    const char *known[64];
    size_t n = 0;
    int number;

    for (; row->name; known[n++] = row++->name) {
        const struct fcgi_tree_entry *entry;
        bool needed = !fcgi_monkeyconf_takes(row->name, run->dialect->is_18,
                                             NULL, &number);

        if (row == fcgi_monkeyconf_server)
            continue; /* Listen, of which there may be several */
        entry =
            check_key(run, section, row->name, needed ? row->example : NULL);
        if (entry && entry->value[0])
            check_value(run, row, entry);
        else if (needed)
            run->stops = true;
    }
    known[n] = NULL;
    check_listen(run, section, plugins);
    check_pid_file(run, fcgi_tree_entry(section, "PidFile"));
    check_unknown_keys(run, section, known);
}
