/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: what was named on the command line; for a directory, all of
 * Monkey's configuration, and whether its files fit together.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "dialect.h"
#include "keys.h"
#include "user.h"

/* What [SERVER] of monkey.conf says that others need to know. */
struct server_section {
    struct check_user user;
    char *user_name;
    char *indexes;
    struct check_place index_place;
    bool links; /* SymLink */
};

static void check_user_name(struct check_run *run,
                            const struct fcgi_tree_entry *entry)
{
    struct check_identity identity;

    if (check_identity_find(entry->value, &identity) != 0) {
        check_report(run, FCGI_CHECK_USER_UNKNOWN, check_value_place(entry),
                     "there is no user '%s', so that Monkey would go on as "
                     "root; create the user, or correct the name",
                     entry->value);
    } else if (strcmp(identity.name, entry->value) != 0) {
        check_report(run, FCGI_CHECK_USER_UNKNOWN, check_value_place(entry),
                     "Monkey takes names alone, and would go on as root; "
                     "write 'User %s'",
                     identity.name);
    }
}

static void read_monkey_conf(struct check_run *run,
                             const struct check_source *source,
                             const struct check_plugins *plugins,
                             struct server_section *out)
{
    const struct fcgi_tree_section *section;
    const struct fcgi_tree_entry *entry;
    struct fcgi_tree tree;

    run->stops = run->stops || !source->text;
    if (!source->text)
        return;
    if (!check_tree_read(run, source->name, &tree) ||
        !fcgi_tree_section(&tree, "SERVER"))
        run->stops = true;
    section = check_section(run, &tree, "SERVER");
    if (section)
        check_server_section(run, section, plugins);
    entry = fcgi_tree_entry(section, "User");
    if (entry && entry->value[0]) {
        check_user_name(run, entry);
        out->user_name = check_dup(entry->value);
        out->user.place = check_place_keep(run, check_value_place(entry));
        out->user.name = out->user_name;
    } else if (section && !entry && !run->options->user) {
        check_report(run, FCGI_CHECK_USER_MISSING, check_heading(section),
                     "[SERVER] has no User, so that Monkey stays root where "
                     "root starts it; add 'User www-data', or name by --user "
                     "who starts it");
    }
    entry = fcgi_tree_entry(section, "SymLink");
    out->links = entry && strcasecmp(entry->value, "On") == 0;
    entry = fcgi_tree_entry(section, "Indexfile");
    if (entry) {
        out->indexes = check_dup(entry->value);
        out->index_place = check_place_keep(run, check_value_place(entry));
    }
    fcgi_tree_free(&tree);
}

static int compare_names(const void *left, const void *right)
{
    const char *const *a = left;
    const char *const *b = right;

    return strcmp(*a, *b);
}

/* The copies that editors and packages leave beside a file. */
static bool check_backup(struct check_run *run, const char *path,
                         const char *name)
{
    static const char *const ends[] = {
        ".bak",       ".backup",   ".old",      ".orig",    ".save",
        ".swp",       ".swo",      ".tmp",      ".rej",     ".dpkg-old",
        ".dpkg-dist", ".dpkg-new", ".dpkg-tmp", ".ucf-old", ".ucf-dist",
        ".ucf-new",   ".rpmsave",  ".rpmorig",  ".rpmnew",  ".disabled",
        "#",
    };
    struct check_place place = {path, 0, 0, 0};
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t n = strlen(ends[i]);

        if (length >= n && strcasecmp(name + length - n, ends[i]) == 0) {
            check_report(
                run, FCGI_CHECK_SITE_BACKUP, place,
                "Monkey takes this file for a site like the others, "
                "whatever its name ends with; move it out of sites/, or "
                "remove it");
            return true;
        }
    }
    return false;
}

static void check_sites(struct check_run *run, const char *directory,
                        struct check_rules *rules)
{
    char *path = check_printf("%s/default", directory);
    char **names = fcgi_monkeyconf_sites(directory);
    size_t n = 0;

    if (!names) {
        fcgi_check_report(&run->diags, FCGI_CHECK_UNREADABLE, directory, 0, 0,
                          0, "cannot open the directory: %s; Monkey needs it",
                          strerror(errno));
        rules->broken = run->stops = true;
        return;
    }
    check_site(run, path, true, rules);
    while (names[n])
        n++;
    qsort(names, n, sizeof(*names), compare_names);
    for (size_t i = 0; i < n; i++) {
        path = check_printf("%s/%s", directory, names[i]);
        rules->is_backup = check_backup(run, path, names[i]);
        check_site(run, path, false, rules);
    }
    fcgi_monkeyconf_sites_free(names);
}

/* monkey.mime: nothing but whether Monkey can read it. 1.8 does without. */
static void check_types(struct check_run *run, const char *path)
{
    struct check_place place = {path, 0, 0, 0};
    struct fcgi_tree tree;
    bool good;

    if (access(path, F_OK) != 0 && !run->dialect->is_18) {
        run->stops = true;
        check_report(run, FCGI_CHECK_NO_TYPES, place,
                     "there is no monkey.mime, and Monkey crashes at the first "
                     "file that it sends; install that of Monkey");
    }
    if (access(path, F_OK) != 0)
        return;
    if (!check_source_read(run, path)->text) {
        run->stops = run->stops || !run->dialect->is_18;
        return;
    }
    good = check_tree_read(run, path, &tree);
    check_section(run, &tree, "MIMETYPES");
    good = good && fcgi_tree_section(&tree, "MIMETYPES");
    run->stops = run->stops || (!good && !run->dialect->is_18);
    fcgi_tree_free(&tree);
}

/* Does Monkey start, as far as it is up to the plugin? What 1.6 cannot load it
 * does not find for its rules; 1.8 lets such rules be. */
static void judge_start(struct check_run *run, const struct check_rules *rules,
                        const struct check_loaded *ours)
{
    bool loads = ours && !rules->plugins->fails;

    if (rules->n_ours == 0)
        return;
    if (loads && (!rules->servers->config || rules->no_server))
        run->stops = true; /* the plugin sees to that */
    if (!loads && !run->dialect->is_18 && rules->plugins->there)
        run->stops = true;
}

static const struct check_loaded *our_plugin(const struct check_run *run,
                                             const struct check_plugins *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].name &&
            strcmp(all->items[i].name, run->dialect->plugin) == 0)
            return &all->items[i];
    return NULL;
}

/* Does what plugins.load loads and what the rules say fit together? */
static void check_use(struct check_run *run, const char *directory,
                      const struct check_rules *rules)
{
    const struct check_loaded *ours = our_plugin(run, rules->plugins);
    struct check_servers *servers = rules->servers;

    judge_start(run, rules, ours);
    if (rules->n_ours == 0 && !rules->broken && ours) {
        check_report(
            run, FCGI_CHECK_NO_RULE, ours->place,
            "the plugin is loaded, but no site hands it anything; add "
            "'Match /.*\\.php$ fastcgi' to the [HANDLERS] of a site in "
            "%s/sites",
            directory);
    } else if (rules->n_ours == 0 && !rules->broken &&
               rules->plugins->knows_all) {
        struct check_place place = {servers->file, 0, 0, 0};

        check_report(run, FCGI_CHECK_NOT_ENABLED, place,
                     "FastCGI is not enabled in %s: plugins.load does not load "
                     "monkey-%s.so, and no site has a Match rule for it",
                     directory, run->dialect->plugin);
    }
    if (rules->n_ours == 0 || rules->broken)
        return;
    for (size_t i = 0; servers->config && i < servers->config->n_servers; i++) {
        const struct fcgi_server_config *server = &servers->config->servers[i];
        bool authorizer = fcgi_config_is_authorizer(server);

        if (!rules->used[i] && (authorizer || !rules->any_server)) {
            check_report(run, FCGI_CHECK_SERVER_UNUSED,
                         check_servers_place(servers, server, "ServerName"),
                         "no Match rule uses the server '%s'; name it behind "
                         "'fastcgi' in a rule%s, or remove it",
                         server->name,
                         authorizer ? ", with '!' behind the name" : "");
        }
    }
}

/* Whether who connects to `host` comes to who listens on `address`: they are
 * one, or one of them is several of this machine's. */
static bool leads_to(const char *host, const char *address)
{
    static const char *const local[] = {
        "", "0.0.0.0", "::", "localhost", "127.0.0.1", "::1", NULL};
    int from = fcgi_cli_choice(host, local);
    int to = fcgi_cli_choice(address, local);

    return strcmp(host, address) == 0 ||
           (from >= 0 && to >= 0 && (from < 4 || to < 4));
}

/* Does a server's address lead back to Monkey? */
static void check_self(struct check_run *run, struct check_servers *servers)
{
    for (size_t i = 0; servers->config && i < servers->config->n_servers; i++) {
        const struct fcgi_server_config *server = &servers->config->servers[i];
        const struct fcgi_endpoint *e = &server->endpoint;

        for (size_t k = 0; k < run->n_ports; k++) {
            const struct check_port *port = &run->ports[k];

            if (e->kind == FCGI_ENDPOINT_TCP && e->port == port->port &&
                leads_to(e->host, port->address)) {
                check_report(
                    run, FCGI_CHECK_SELF,
                    check_servers_place(servers, server, "ServerAddr"),
                    "Monkey itself listens there; write where the application "
                    "listens");
            }
        }
    }
}

/* What all arguments have in common once fastcgi.conf is read. */
static void check_reach(struct check_run *run, struct check_servers *servers,
                        const struct check_user *user)
{
    struct check_user given = {.name = run->options->user};

    if (!servers->config || run->options->syntax_only)
        return;
    check_sockets(run, servers, given.name ? &given : user);
    if (run->options->live)
        check_live(run, servers);
}

/* A directory with all of Monkey's configuration. */
static void check_tree(struct check_run *run, const char *directory)
{
    char *main_file = check_printf("%s/monkey.conf", directory);
    char *load = check_printf("%s/plugins.load", directory);
    char *fastcgi = check_printf("%s/plugins/fastcgi/fastcgi.conf", directory);
    char *sites = check_printf("%s/sites", directory);
    char *mime = check_printf("%s/monkey.mime", directory);
    struct server_section server = {0};
    struct check_plugins plugins;
    struct check_servers servers;
    struct check_rules rules = {.plugins = &plugins, .servers = &servers};
    size_t n;

    run->is_tree = true;
    check_signs(run, directory, main_file, load);
    check_source_read(run, main_file); /* its findings come first */
    check_plugins_read(run, load, &plugins);
    read_monkey_conf(run, check_source_read(run, main_file), &plugins, &server);
    check_types(run, mime);
    check_servers_read(run, fastcgi, &servers);
    n = servers.config ? servers.config->n_servers : 0;
    rules.used = check_alloc(n * sizeof(*rules.used));
    rules.pages = check_alloc(n * sizeof(*rules.pages));
    rules.links = server.links;
    rules.user = run->options->user ? run->options->user : server.user.name;
    rules.indexes = server.indexes;
    rules.index_place = server.index_place;
    check_sites(run, sites, &rules);
    check_brackets_report(run, &rules);
    check_use(run, directory, &rules);
    check_effects(run, &rules);
    check_self(run, &servers);
    check_reach(run, &servers, &server.user);
    check_servers_free(&servers);
}

static void check_file(struct check_run *run, const char *path)
{
    const struct check_user nobody = {0};
    struct check_servers servers;

    check_servers_read(run, path, &servers);
    check_reach(run, &servers, &nobody);
    check_servers_free(&servers);
}

void check_argument(struct check_run *run, const char *argument)
{
    struct stat status;
    char *main_file;

    run->done = check_grow(run->done, run->n_done, sizeof(*run->done));
    run->done[run->n_done++] =
        check_dup(strcmp(argument, "-") == 0 ? "<stdin>" : argument);
    if (strcmp(argument, "-") == 0 || stat(argument, &status) ||
        !S_ISDIR(status.st_mode)) {
        check_file(run, argument);
        return;
    }
    main_file = check_printf("%s/monkey.conf", argument);
    if (stat(main_file, &status) && errno == ENOENT) {
        fcgi_check_report(&run->diags, FCGI_CHECK_NOT_A_FILE, argument, 0, 0, 0,
                          "this directory has no monkey.conf, so it is not "
                          "Monkey's configuration; give that directory, or a "
                          "file");
    } else {
        check_tree(run, argument);
    }
}
