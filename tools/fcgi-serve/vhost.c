/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtual hosts: the files of sites/, their Match rules and error pages.
 *
 * A rule's regular expression is POSIX extended, not anchored, without regard
 * to case, and sees the decoded URI; the words behind the handler's name are
 * its parameters, split at blanks whatever quotes they carry (trap o).
 */
#include "vhost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf.h"
#include "log.h"
#include "mem.h"
#include "rule.h"
#include "serve.h"

/* A rule and where it was written, for messages. */
struct rule {
    struct mk_host_handler handler;
    char *file;
    unsigned line;
};

static int add_rule(struct mk_host *host, const char *value, const char *file,
                    unsigned line)
{
    struct mk_list *words = serve_conf_split(value);
    struct rule *rule = serve_mem_alloc_z(sizeof(*rule));
    struct mk_host_handler *handler = &rule->handler;
    char *why = NULL;
    int i = 0;
    int r;

    rule->file = serve_mem_dup(file);
    rule->line = line;
    serve_list_init(&handler->params);
    for (SERVE_EACH(const struct mk_string_line, word, head, words)) {
        struct mk_handler_param *param;

        if (i == 0) {
            why = serve_rule_compile(handler, word->val);
        } else if (i == 1) {
            handler->name = serve_mem_dup(word->val);
        } else {
            param = serve_mem_alloc_z(sizeof(*param));
            param->p.data = serve_mem_dup(word->val);
            param->p.len = (unsigned long)word->len;
            serve_list_add(&param->head, &handler->params);
            handler->n_params++;
        }
        i++;
    }
    r = why == NULL && i >= 2 ? 0 : -1;
    if (why != NULL) {
        serve_err("%s:%u: Match: the regular expression is wrong: %s", file,
                  line, why);
        serve_mem_free(why);
    } else if (i < 2) {
        serve_err(
            "%s:%u: Match needs a regular expression and a handler: "
            "'Match /.*\\.php$ fastcgi'",
            file, line);
    }
    serve_list_add(&handler->head, &host->handlers);
    serve_conf_split_free(words);
    return r;
}

static void add_alias(struct mk_host *host, struct fcgi_monkeyconf_word name)
{
    struct mk_host_alias *alias = serve_mem_alloc_z(sizeof(*alias));

    alias->name = serve_mem_cut(name.at, name.length);
    alias->len = (unsigned int)name.length;
    /* In lower case, while the Host of a request is taken as it is. */
    for (char *c = alias->name; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    serve_list_add(&alias->head, &host->server_names);
}

static struct mk_host *add_host(const char *file)
{
    struct mk_host *host = serve_mem_alloc_z(sizeof(*host));

    host->file = serve_mem_dup(file);
    serve_list_init(&host->server_names);
    serve_list_init(&host->error_pages);
    serve_list_init(&host->handlers);
    serve_list_add(&host->head, &serve.config.hosts);
    serve.config.nhosts++;
    return host;
}

static void set_docroot(struct mk_host *host, const char *docroot)
{
    host->documentroot.data = serve_mem_dup(docroot);
    host->documentroot.len = strlen(docroot);
}

void serve_vhost_add(const char *docroot, const char *match)
{
    struct mk_host *host = add_host("(command line)");
    const char *name = "127.0.0.1";

    set_docroot(host, docroot);
    add_alias(host, fcgi_monkeyconf_word(&name));
    add_rule(host, match, host->file, 1);
}

static void read_names(struct mk_host *host,
                       const struct fcgi_tree_section *section)
{
    const char *at = fcgi_tree_entry(section, "ServerName")->value;
    struct fcgi_monkeyconf_word name;

    while (name = fcgi_monkeyconf_word(&at), name.length > 0)
        if (fcgi_monkeyconf_keeps_name(name))
            add_alias(host, name);
}

static void read_docroot(struct mk_host *host,
                         const struct fcgi_tree_section *section)
{
    const struct fcgi_tree_entry *entry =
        fcgi_tree_entry(section, "DocumentRoot");
    struct stat st;

    if (stat(entry->value, &st) != 0 || !S_ISDIR(st.st_mode))
        serve_err("%s:%u: DocumentRoot %s is not a directory", entry->file,
                  entry->line, entry->value);
    set_docroot(host, entry->value);
    entry = fcgi_tree_entry(section, "Redirect");
    if (entry != NULL) {
        host->header_redirect.data = serve_mem_dup(entry->value);
        host->header_redirect.len = strlen(entry->value);
    }
}

static void read_pages(struct mk_host *host,
                       const struct fcgi_tree_section *section)
{
    for (size_t i = 0; section != NULL && i < section->n_entries; i++) {
        const struct fcgi_tree_entry *entry = &section->entries[i];
        struct mk_error_page *page;
        int status = atoi(entry->key);

        if (status < 400 || status > 505)
            continue;
        page = serve_mem_alloc_z(sizeof(*page));
        page->status = (short)status;
        page->file = serve_mem_dup(entry->value);
        page->real_path =
            serve_mem_printf("%s/%s", host->documentroot.data, entry->value);
        serve_list_add(&page->head, &host->error_pages);
    }
}

static int read_host(const char *file, bool is_default)
{
    const struct fcgi_tree_section *section;
    struct fcgi_tree tree;
    struct mk_host *host;
    int r = serve_conf_read(&tree, file) ? 0 : -1;

    if (r < 0)
        goto out;
    if (fcgi_monkeyconf_host(&tree) != FCGI_MONKEYCONF_HOST) {
        serve_err("%s: there is no [HOST] with ServerName and DocumentRoot",
                  file);
        if (is_default || fcgi_monkeyconf_host(&tree) == FCGI_MONKEYCONF_STOPS)
            r = -1;
        goto out;
    }
    section = fcgi_tree_section(&tree, "HOST");
    host = add_host(file);
    read_names(host, section);
    read_docroot(host, section);
    read_pages(host, fcgi_tree_section(&tree, "ERROR_PAGES"));
    section = fcgi_tree_section(&tree, "HANDLERS");
    for (size_t i = 0; section != NULL && i < section->n_entries; i++) {
        const struct fcgi_tree_entry *entry = &section->entries[i];

        if (fcgi_monkeyconf_is_match(entry->key))
            r |= add_rule(host, entry->value, entry->file, entry->line);
    }
out:
    fcgi_tree_free(&tree);
    return r;
}

int serve_vhosts_read(const char *directory)
{
    char *file = serve_mem_printf("%s/default", directory);
    char **names = fcgi_monkeyconf_sites(directory);
    int r = read_host(file, true);

    serve_mem_free(file);
    if (names == NULL) {
        serve_err("%s: cannot be read: %s", directory, strerror(errno));
        return -1;
    }
    for (char **name = names; *name != NULL; name++) {
        file = serve_mem_printf("%s/%s", directory, *name);
        r |= read_host(file, false);
        serve_mem_free(file);
    }
    fcgi_monkeyconf_sites_free(names);
    return r;
}

static struct mk_plugin *find_plugin(const char *shortname)
{
    for (SERVE_EACH(struct mk_plugin, plugin, head, &serve.config.plugins))
        if (strcmp(plugin->shortname, shortname) == 0)
            return plugin;
    return NULL;
}

static int map_rule(struct rule *rule)
{
    struct mk_plugin *plugin = find_plugin(rule->handler.name);

    if (plugin == NULL) {
        serve_err(
            "%s:%u: Match: plugin '%s' is not loaded; add 'Load "
            "/path/to/monkey-%s.so' to plugins.load",
            rule->file, rule->line, rule->handler.name, rule->handler.name);
        return -1;
    }
    if (plugin->hooks != MK_HOOK_STAGE || plugin->stage->stage30 == NULL) {
        serve_err("%s:%u: Match: plugin '%s' is not a handler", rule->file,
                  rule->line, rule->handler.name);
        return -1;
    }
    rule->handler.handler = plugin;
    return 0;
}

int serve_vhosts_map(void)
{
    int r = 0;

    for (SERVE_EACH(struct mk_host, host, head, &serve.config.hosts))
        for (SERVE_EACH(struct rule, rule, handler.head, &host->handlers))
            r |= map_rule(rule);
    return r;
}

static void free_rule(struct rule *rule)
{
    for (SERVE_EACH(struct mk_handler_param, param, head,
                    &rule->handler.params)) {
        serve_mem_free(param->p.data);
        serve_mem_free(param);
    }
    serve_rule_free(&rule->handler);
    serve_mem_free(rule->handler.name);
    serve_mem_free(rule->file);
    serve_mem_free(rule);
}

static void free_host(struct mk_host *host)
{
    for (SERVE_EACH(struct rule, rule, handler.head, &host->handlers))
        free_rule(rule);
    for (SERVE_EACH(struct mk_host_alias, alias, head, &host->server_names)) {
        serve_mem_free(alias->name);
        serve_mem_free(alias);
    }
    for (SERVE_EACH(struct mk_error_page, page, head, &host->error_pages)) {
        serve_mem_free(page->file);
        serve_mem_free(page->real_path);
        serve_mem_free(page);
    }
    serve_mem_free(host->documentroot.data);
    serve_mem_free(host->header_redirect.data);
    serve_mem_free(host->file);
    serve_mem_free(host);
}

void serve_vhosts_free(void)
{
    for (SERVE_EACH(struct mk_host, host, head, &serve.config.hosts))
        free_host(host);
    serve_list_init(&serve.config.hosts);
}

void serve_vhost_find(const struct mk_ptr *name, struct mk_host **host,
                      struct mk_host_alias **alias)
{
    for (SERVE_EACH(struct mk_host, h, head, &serve.config.hosts)) {
        for (SERVE_EACH(struct mk_host_alias, a, head, &h->server_names)) {
            if (a->len == name->len &&
                strncmp(a->name, name->data, a->len) == 0) {
                *host = h;
                *alias = a;
                return;
            }
        }
    }
}

const struct mk_error_page *serve_vhost_error_page(struct mk_host *host,
                                                   int status)
{
    for (SERVE_EACH(const struct mk_error_page, page, head, &host->error_pages))
        if (page->status == status)
            return page;
    return NULL;
}
