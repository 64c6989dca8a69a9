/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: a site, above all its Match rules. Monkey takes the first rule
 * of a site whose expression is found anywhere in the path, and hands the
 * request to the plugin that the rule names.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "backend/trail.h"
#include "check.h"
#include "config/guess.h"
#include "dialect.h"
#include "keys.h"
#include "user.h"

#define HANDLER "fastcgi"

struct rule {
    const struct fcgi_tree_entry *entry;
    char *regex;
    char *handler;
    struct check_place place; /* of the expression */
    /* Whose keys decide about scripts; NULL where that is not known. */
    const struct fcgi_server_config *first;
    bool guards;    /* it names authorizers, and nobody who answers */
    void *compiled; /* NULL: it does not compile */
};

struct site {
    struct check_run *run;
    struct check_rules *rules;
    const char *file; /* its name, which outlives the tree */
    struct fcgi_tree tree;
    bool is_default;
    bool *asks; /* the servers that its rules name */
    struct rule *items;
    size_t count;
};

static struct check_place word_place(const struct fcgi_tree_entry *entry,
                                     struct fcgi_monkeyconf_word word)
{
    struct check_place place = check_value_place(entry);

    place.column += (unsigned)(word.at - entry->value);
    place.length = (unsigned)word.length;
    return place;
}

static const struct fcgi_server_config *
find_server(const struct fcgi_config *config, struct fcgi_monkeyconf_word word)
{
    for (size_t i = 0; i < config->n_servers; i++) {
        const char *name = config->servers[i].name;

        if (strlen(name) == word.length &&
            memcmp(name, word.at, word.length) == 0)
            return &config->servers[i];
    }
    return NULL;
}

/* A name behind the handler's that is no server's. */
static void report_no_server(struct site *site,
                             const struct fcgi_tree_entry *entry,
                             struct fcgi_monkeyconf_word word)
{
    struct check_servers *servers = site->rules->servers;
    const struct fcgi_config *config = servers->config;
    struct check_place place = word_place(entry, word);
    const char **names = check_alloc((config->n_servers + 1) * sizeof(*names));
    const char *guess;

    for (size_t i = 0; i < config->n_servers; i++)
        names[i] = config->servers[i].name;
    site->rules->broken = site->rules->no_server = true;
    guess = fcgi_guess_name(word.at, word.length, names);
    if (word.at[0] == '=') {
        check_report(site->run, FCGI_CHECK_MATCH_SERVER, place,
                     "'%.*s' is no server, so that Monkey would not start; the "
                     "status page is asked for by " FCGI_RULE_STATUS
                     ", alone behind " HANDLER,
                     (int)word.length, word.at);
    } else if (word.at[0] == '#') {
        check_report(
            site->run, FCGI_CHECK_MATCH_SERVER, place,
            "the words behind '#' are taken for names of servers, so that "
            "Monkey would not start; put the comment on a line of its "
            "own");
    } else if (guess) {
        check_report(site->run, FCGI_CHECK_MATCH_SERVER, place,
                     "%s has no server '%.*s', so that Monkey would not start; "
                     "did you mean '%s'?",
                     servers->file, (int)word.length, word.at, guess);
    } else {
        check_report(site->run, FCGI_CHECK_MATCH_SERVER, place,
                     "%s has no server '%.*s', so that Monkey would not start; "
                     "add a [FASTCGI_SERVER] with this ServerName, or correct "
                     "the name",
                     servers->file, (int)word.length, word.at);
    }
}

/* Whether a rule asks for the status page, and not for servers. */
static bool is_status(const char *at)
{
    struct fcgi_monkeyconf_word word = fcgi_monkeyconf_word(&at);

    return word.length == strlen(FCGI_RULE_STATUS) &&
           memcmp(word.at, FCGI_RULE_STATUS, word.length) == 0 &&
           fcgi_monkeyconf_word(&at).length == 0;
}

/* A server whose role is another than that in which the rule names it. */
static void report_role(struct site *site, struct check_place place,
                        const struct fcgi_server_config *server,
                        bool authorizer)
{
    struct check_servers *servers = site->rules->servers;

    site->rules->broken = site->rules->no_server = true;
    check_report(
        site->run, FCGI_CHECK_MATCH_ROLE, place,
        authorizer
            ? "the server '%s' of %s is no authorizer, so that Monkey would "
              "not start; set 'Role Authorizer' there, or leave the '!' out"
            : "the server '%s' of %s is an authorizer, which answers no "
              "request, so that Monkey would not start; write its name with "
              "'!' behind, and then who answers, if it is an application",
        server->name, servers->file);
    check_note(site->run, FCGI_CHECK_MATCH_ROLE,
               check_servers_place(servers, server,
                                   authorizer ? "ServerName" : "Role"),
               "the server is here");
}

/* The server that a word names, and whether as an authorizer; NULL where there
 * is none of that name and role. */
static const struct fcgi_server_config *
check_word(struct site *site, const struct fcgi_tree_entry *entry,
           struct fcgi_monkeyconf_word word, bool *authorizer)
{
    const struct fcgi_server_config *server;
    struct fcgi_monkeyconf_word name = word;

    *authorizer = name.at[name.length - 1] == FCGI_RULE_AUTHORIZER;
    name.length -= *authorizer;
    server = find_server(site->rules->servers->config, name);
    if (!server) {
        report_no_server(site, entry, name);
    } else if (fcgi_config_is_authorizer(server) != *authorizer) {
        report_role(site, word_place(entry, word), server, *authorizer);
        return NULL;
    }
    return server;
}

/* A rule without names: all servers answer, but authorizers. */
static void name_all(struct site *site, struct rule *rule, bool *named)
{
    const struct fcgi_config *config = site->rules->servers->config;

    site->rules->any_server = true;
    for (size_t i = 0; config && i < config->n_servers; i++) {
        named[i] = !fcgi_config_is_authorizer(&config->servers[i]);
        if (named[i] && !rule->first)
            rule->first = &config->servers[i];
    }
    if (config && !rule->first) {
        site->rules->broken = site->rules->no_server = true;
        check_report(site->run, FCGI_CHECK_MATCH_ROLE, rule->place,
                     "the rule names no server, and all of %s are authorizers, "
                     "which answer no request, so that Monkey would not start; "
                     "add a server, or write an authorizer's name with '!' "
                     "behind '" HANDLER "'",
                     site->rules->servers->file);
    }
}

/* The servers behind the handler's name. */
static void check_servers(struct site *site, struct rule *rule, const char *at)
{
    const struct fcgi_config *config = site->rules->servers->config;
    size_t n = config ? config->n_servers : 0;
    bool *named = check_alloc(n * sizeof(*named));
    const char *words = at;
    struct fcgi_monkeyconf_word word = fcgi_monkeyconf_word(&at);
    bool answers = false, authorizer;

    site->rules->n_ours++;
    if (is_status(words)) {
        site->rules->any_status = true;
        return;
    }
    if (word.length == 0)
        name_all(site, rule, named);
    rule->guards = word.length > 0;
    for (; config && word.length; word = fcgi_monkeyconf_word(&at)) {
        const struct fcgi_server_config *server =
            check_word(site, rule->entry, word, &authorizer);

        rule->guards = rule->guards && authorizer;
        if (!server && word.at[0] == '#')
            break; /* the rest is its text */
        if (!server)
            continue;
        site->rules->used[server - config->servers] = true;
        site->asks[server - config->servers] = true;
        if (authorizer)
            continue;
        named[server - config->servers] = true;
        rule->first = answers ? rule->first : server;
        answers = true;
    }
    for (size_t i = 0; i < n; i++)
        site->asks[i] = site->asks[i] || named[i];
    if (rule->first) {
        check_pool(site->run, site->rules->servers, rule->first, named,
                   rule->place);
    }
}

/* Is the handler loaded? (One of Monkey's own could be built in: then a comment
 * allows the rule.) */
static void check_handler(struct site *site,
                          const struct fcgi_tree_entry *entry,
                          struct fcgi_monkeyconf_word word)
{
    const struct check_plugins *plugins = site->rules->plugins;
    const char *const ours[] = {HANDLER, NULL};
    struct check_place place = word_place(entry, word);
    char *name = check_printf("%.*s", (int)word.length, word.at);
    bool is_ours = strcmp(name, HANDLER) == 0;
    bool loaded = false;

    for (size_t i = 0; i < plugins->count; i++) {
        const char *other = plugins->items[i].name;

        /* Ours for another Monkey has been reported already. */
        loaded =
            loaded ||
            (other &&
             (strcmp(other, name) == 0 ||
              (is_ours && strncmp(other, HANDLER, sizeof(HANDLER) - 1) == 0)));
    }
    if (is_ours && !loaded && plugins->knows_all && !site->rules->reported) {
        site->rules->reported = true;
        check_report(
            site->run, FCGI_CHECK_MATCH_NOT_LOADED, place,
            plugins->there
                ? "the rule names the plugin '" HANDLER
                  "', which "
                  "plugins.load does not load; add 'Load %s/"
                  "monkey-%s.so' to its [PLUGINS]%s"
                : "the rule names the plugin '" HANDLER
                  "', which is "
                  "not loaded; create plugins.load with [PLUGINS] and, "
                  "indented, 'Load %s/monkey-%s.so'%s",
            FCGI_PLUGIN_DIR, site->run->dialect->plugin,
            site->run->sign == CHECK_SIGN_NONE
                ? ", or monkey-fastcgi18.so for Monkey 1.8"
                : "");
    } else if (!is_ours && !loaded && plugins->knows_all) {
        const char *guess = fcgi_guess_name(name, word.length, ours);

        site->rules->broken = site->rules->broken || guess;
        site->run->stops =
            site->run->stops || (!site->run->dialect->is_18 && plugins->there);
        check_report(site->run, FCGI_CHECK_MATCH_NOT_LOADED, place,
                     "no plugin '%s' is loaded, so that Monkey %s; %s", name,
                     site->run->dialect->is_18 ? "would answer 500"
                     : plugins->there          ? "would not start"
                                               : "crashes of a request for it",
                     guess ? "did you mean '" HANDLER "'?"
                           : "load it in plugins.load, or remove the rule");
    }
}

/*
 * `.php` with nothing behind it, so that anything may follow, where nothing but
 * the rule says what may run. Whoever writes more than that knows what he does.
 */
static void check_end(struct site *site, const struct rule *rule)
{
    const struct fcgi_server_config *server = rule->first;
    size_t length = strlen(rule->regex);

    if (!server || server->extensions.count > 0 || server->front_controller)
        return;
    if (length >= 2 && strcmp(rule->regex + length - 2, ".*") == 0)
        length -= 2;
    if (length >= 4 && strncasecmp(rule->regex + length - 4, ".php", 4) == 0) {
        check_report(
            site->run, FCGI_CHECK_MATCH_NO_END, rule->place,
            "'%s' has no '$' behind '.php', so that '/x.php.jpg' is taken "
            "from Monkey, too, and answered with 403, as it is no script; "
            "write '%.*s$', or set Extensions in fastcgi.conf if scripts get "
            "a path behind their name",
            rule->regex, (int)length, rule->regex);
    }
}

static void check_regex(struct site *site, struct rule *rule)
{
    const struct check_dialect *dialect = site->run->dialect;
    char quote = rule->regex[0];
    const char *id;
    char why[200];

    rule->compiled = dialect->compile(rule->regex, why, sizeof(why));
    if (strncmp(rule->regex, "*.", 2) == 0) {
        snprintf(why, sizeof(why), "it is a pattern of names; write '/.*\\%s$'",
                 rule->regex + 1);
        if (rule->compiled) {
            check_report(site->run, FCGI_CHECK_MATCH_REGEX, rule->place,
                         "'%s' matches nothing: %s", rule->regex, why);
            return;
        }
    }
    if (!rule->compiled) {
        /* 1.8 passes over a site with one, and crashes without a default. */
        if (!dialect->is_18 || site->is_default)
            site->run->stops = true;
        check_report(
            site->run, FCGI_CHECK_MATCH_REGEX, rule->place,
            "'%s' is no regular expression (%s), for which Monkey would "
            "not start; correct it",
            rule->regex, why);
        return;
    }
    rule->place = check_place_keep(site->run, rule->place);
    check_brackets_add(site->run, site->rules, rule->regex, rule->compiled,
                       rule->place);
    if (quote == '"' || quote == '\'') {
        check_report(site->run, FCGI_CHECK_MATCH_REGEX, rule->place,
                     "quotes are part of the expression, so that it matches no "
                     "path; leave them out");
        site->rules->broken = true;
    } else if (dialect->misleads &&
               dialect->misleads(rule->regex, rule->compiled, &id, why,
                                 sizeof(why))) {
        check_report(site->run, id, rule->place, "'%s': %s", rule->regex, why);
    } else if (strcmp(rule->handler, HANDLER) == 0) {
        check_end(site, rule);
    }
}

/* Whether a rule keeps what comes behind it from requests. Rules of ours go on
 * behind one that names authorizers alone. */
static bool is_in_front(const struct rule *first, const struct rule *rule)
{
    bool is_first = strcmp(first->handler, HANDLER) == 0;
    bool is_ours = strcmp(rule->handler, HANDLER) == 0;

    return first->compiled && (is_first || is_ours) &&
           !(is_ours && first->guards);
}

/* The first rule of another's reach, for what comes before it. */
static void check_shadow(struct site *site, const struct rule *rule)
{
    const struct check_dialect *dialect = site->run->dialect;

    for (const struct rule *r = site->items; r < rule; r++) {
        if (is_in_front(r, rule) && dialect->includes(r->regex, rule->regex)) {
            check_report(
                site->run, FCGI_CHECK_MATCH_SHADOWED, rule->place,
                r->guards
                    ? "the rule is never reached: all that '%s' matches is "
                      "matched by '%s' of line %u, which names an authorizer, "
                      "and is answered 500, as no other plugin can be asked "
                      "behind that; move it above that line, or remove it"
                    : "the rule is never reached: all that '%s' matches is "
                      "matched by '%s' of line %u, which comes first; move it "
                      "above that line, or remove it",
                rule->regex, r->regex, r->entry->line);
            check_note(site->run, FCGI_CHECK_MATCH_SHADOWED, r->place,
                       "the rule that comes first");
            return;
        }
    }
}

static void read_rule(struct site *site, const struct fcgi_tree_entry *entry)
{
    const char *at = entry->value;
    struct fcgi_monkeyconf_word regex = fcgi_monkeyconf_word(&at);
    struct fcgi_monkeyconf_word handler = fcgi_monkeyconf_word(&at);
    struct rule *rule;

    if (regex.length == 0)
        return; /* the missing value has been reported */
    if (handler.length == 0) {
        const char *tab = strchr(entry->value, '\t');

        site->rules->broken = site->run->stops = true;
        check_report(site->run, FCGI_CHECK_MATCH_INCOMPLETE,
                     check_value_place(entry),
                     tab ? "the rule has no handler, for a tab parts no words "
                           "here; use spaces: 'Match /.*\\.php$ " HANDLER "'"
                         : "the rule has no handler, so that Monkey would not "
                           "start; write 'Match /.*\\.php$ " HANDLER "'");
        return;
    }
    site->items = check_grow(site->items, site->count, sizeof(*site->items));
    rule = &site->items[site->count++];
    *rule = (struct rule){
        .entry = entry,
        .regex = check_printf("%.*s", (int)regex.length, regex.at),
        .handler = check_printf("%.*s", (int)handler.length, handler.at),
        .place = word_place(entry, regex)};
    check_handler(site, entry, handler);
    if (strcmp(rule->handler, HANDLER) == 0)
        check_servers(site, rule, at);
    check_regex(site, rule);
    if (rule->compiled)
        check_shadow(site, rule);
}

static const char *docroot(const struct site *site)
{
    const struct fcgi_tree_entry *entry =
        fcgi_tree_entry(fcgi_tree_section(&site->tree, "HOST"), "DocumentRoot");

    return entry ? entry->value : NULL;
}

/* Can Monkey serve from there? */
static void check_docroot(struct site *site,
                          const struct fcgi_tree_entry *entry)
{
    const char *user = site->rules->user;
    const char *root = site->run->options->root;
    struct check_identity identity;
    bool known = user && check_identity_find(user, &identity) == 0;
    struct fcgi_trail *trail;
    const char *at, *why;
    int error;

    if (!entry || entry->value[0] != '/' || site->run->options->syntax_only)
        return;
    trail = check_alloc(sizeof(*trail));
    error = fcgi_trail_follow(trail, root ? root : "", entry->value,
                              check_identity_search, known ? &identity : NULL);
    at = trail->at[trail->root] ? trail->at + trail->root : "/";
    if (error == 0 && !S_ISDIR(trail->status.st_mode))
        error = ENOTDIR;
    else if (error == 0 && known &&
             !check_identity_search(&identity, trail->at, &trail->status))
        error = EACCES;
    why = error == EACCES && known
              ? check_printf(
                    "user '%s' may not search '%s'; give it search "
                    "permission: 'chmod o+x %s'",
                    user, at, at)
              : check_printf("'%s': %s; correct the path", at, strerror(error));
    if (error) {
        check_report(site->run, FCGI_CHECK_DOCUMENT_ROOT,
                     check_value_place(entry), "Monkey finds no file there: %s",
                     why);
    }
}

/* Whether a file lies in the site's DocumentRoot. */
static bool in_docroot(const struct site *site,
                       struct fcgi_monkeyconf_word name)
{
    char *file = check_printf("%s/%.*s", docroot(site) ? docroot(site) : "",
                              (int)name.length, name.at);

    return docroot(site) && access(check_path(site->run, file), F_OK) == 0;
}

static bool is_script(struct fcgi_monkeyconf_word name)
{
    return name.length > 4 &&
           strncasecmp(name.at + name.length - 4, ".php", 4) == 0;
}

/* Would Monkey send the source of an index file? */
static void check_indexes(struct site *site)
{
    const char *at = site->rules->indexes ? site->rules->indexes : "";
    struct fcgi_monkeyconf_word name;

    while (name = fcgi_monkeyconf_word(&at), name.length) {
        char *path = check_printf("/%.*s", (int)name.length, name.at);
        struct check_place place = site->rules->index_place;
        bool matched = false;
        bool ours = false;

        for (size_t i = 0; i < site->count; i++) {
            struct rule *rule = &site->items[i];

            ours = ours || strcmp(rule->handler, HANDLER) == 0;
            matched = matched || !rule->compiled || /* which may be the one */
                      (!rule->guards &&
                       site->run->dialect->matches(rule->compiled, path));
        }
        place.column += (unsigned)(name.at - site->rules->indexes);
        place.length = (unsigned)name.length;
        if (is_script(name) && !matched && (ours || in_docroot(site, name))) {
            check_report(
                site->run, FCGI_CHECK_INDEX_SOURCE, place,
                "Monkey would show the source of '%.*s' to whoever asks "
                "%s for '/', as no rule there matches '%s'; add 'Match "
                "/.*\\%s$ " HANDLER "', or remove it from Indexfile",
                (int)name.length, name.at, site->tree.file, path,
                strrchr(path, '.'));
        }
    }
}

/* Rules that stand where Monkey does not look for them. */
static void check_strays(struct site *site,
                         const struct fcgi_tree_section *handlers)
{
    for (size_t i = 0; i < site->tree.n_sections; i++) {
        const struct fcgi_tree_section *section = &site->tree.sections[i];
        const struct fcgi_tree_entry *entry = fcgi_tree_entry(section, "Match");

        if (!entry || section == handlers ||
            strcasecmp(section->name, "HANDLERS") == 0)
            continue;
        site->rules->broken = true;
        check_report(
            site->run, FCGI_CHECK_KEY_UNKNOWN, check_key_place(entry),
            "'Match' has no effect in [%s]; put the heading [HANDLERS] "
            "above it",
            section->name);
    }
}

/* The pages of a site are those of the servers that it asks. */
static void read_pages(struct site *site)
{
    const struct fcgi_tree_section *section =
        check_section_if(site->run, &site->tree, "ERROR_PAGES");
    const struct fcgi_config *config = site->rules->servers->config;

    for (size_t i = 0; section && i < section->n_entries; i++)
        for (size_t k = 0; config && k < config->n_servers; k++)
            if (site->asks[k])
                check_pages_add(&site->rules->pages[k],
                                section->entries[i].key);
}

static void free_site(struct site *site)
{
    void (*release)(void *compiled) = site->run->dialect->release;

    for (size_t i = 0; release && i < site->count; i++)
        if (site->items[i].compiled)
            release(site->items[i].compiled);
    fcgi_tree_free(&site->tree);
}

/* A name that another site has as well; the first that is read has it. */
static void check_name(struct site *site, char *name, struct check_place place)
{
    struct check_rules *rules = site->rules;

    if (rules->is_backup)
        return; /* that says it all */
    for (size_t i = 0; i < rules->n_names; i++) {
        const struct check_name *first = &rules->names[i];

        if (strcasecmp(first->name, name) != 0 ||
            strcmp(first->place.file, place.file) == 0)
            continue;
        check_report(site->run, FCGI_CHECK_NAME_TWICE, place,
                     "another site has the name '%s', too, and one of them "
                     "gets no request; name them differently",
                     name);
        check_note(site->run, FCGI_CHECK_NAME_TWICE, first->place,
                   "it is here, too");
        return;
    }
    rules->names =
        check_grow(rules->names, rules->n_names, sizeof(*rules->names));
    rules->names[rules->n_names++] = (struct check_name){
        .name = name, .place = check_place_keep(site->run, place)};
}

static void check_names(struct site *site, const struct fcgi_tree_entry *entry)
{
    const char *at = entry ? entry->value : "";
    struct fcgi_monkeyconf_word name;

    while (name = fcgi_monkeyconf_word(&at), name.length)
        if (fcgi_monkeyconf_keeps_name(name))
            check_name(site, check_printf("%.*s", (int)name.length, name.at),
                       word_place(entry, name));
        else
            check_report(site->run, FCGI_CHECK_VALUE_REFUSED,
                         word_place(entry, name),
                         "Monkey passes over a name of more than %d bytes, and "
                         "over a site without another; shorten it",
                         FCGI_MONKEYCONF_NAME_MAX);
}

/* Whether Monkey starts with the site's file. */
static void judge_start(const struct site *site, bool is_default)
{
    enum fcgi_monkeyconf_host host = fcgi_monkeyconf_host(&site->tree);

    if (host == FCGI_MONKEYCONF_STOPS ||
        (host == FCGI_MONKEYCONF_NO_HOST && is_default))
        site->run->stops = true;
}

void check_site(struct check_run *run, const char *path, bool is_default,
                struct check_rules *rules)
{
    static const char *const handler_keys[] = {"Match", NULL};
    static const char *const host_keys[] = {"ServerName", "DocumentRoot",
                                            "Redirect", NULL};
    const struct check_source *source = check_source_read(run, path);
    struct site site = {.run = run, .rules = rules, .file = source->name};
    const struct fcgi_config *config = rules->servers->config;
    size_t n_servers = config ? config->n_servers : 0;
    const struct fcgi_tree_section *section;

    if (!source->text) {
        rules->broken = true;
        run->stops = run->stops || is_default || access(path, R_OK) != 0;
        return;
    }
    if (!check_tree_read(run, source->name, &site.tree))
        run->stops = true;
    site.is_default = is_default;
    site.asks = check_alloc(n_servers);
    judge_start(&site, is_default);
    section = check_section(run, &site.tree, "HOST");
    check_names(&site,
                check_key(run, section, "ServerName", "www.example.org"));
    check_docroot(&site, check_key(run, section, "DocumentRoot", "/var/www"));
    check_unknown_keys(run, section, host_keys);
    section = check_section_if(run, &site.tree, "HANDLERS");
    for (size_t i = 0; section && i < section->n_entries; i++)
        if (fcgi_monkeyconf_is_match(section->entries[i].key))
            read_rule(&site, &section->entries[i]);
    if (check_unknown_keys(run, section, handler_keys))
        rules->broken = true;
    read_pages(&site);
    check_strays(&site, section);
    check_indexes(&site);
    free_site(&site);
}
