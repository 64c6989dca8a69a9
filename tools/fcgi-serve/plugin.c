/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugins: loaded, initialized, taken away.
 *
 * The name of the symbol comes out of the file's name, as in Monkey: what lies
 * between the last '-' of the path and its last three characters. Without a
 * plugin that cannot be loaded it goes on, as Monkey does; but not with a rule
 * for it, of which 1.6 does not start, and 1.8 calls what is not there.
 */
#include "plugin.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "mem.h"
#include "serve.h"

#if MK_ABI == 18
/* Whoever calls the network layer says in whose name. */
static struct mk_plugin network_owner;
#define CHECK(plugin)                                                    \
    if ((plugin) != &network_owner)                                      \
    serve_trap_abort("m",                                                \
                     "the network layer was called with another plugin " \
                     "than its own")
#else
#define CHECK(plugin) (void)0
#endif

static int net_read(SERVE_PLUGIN(plugin) int fd, void *buf, int size)
{
    CHECK(plugin);
    return (int)read(fd, buf, (size_t)size);
}

static int net_write(SERVE_PLUGIN(plugin) int fd, const void *buf, size_t size)
{
    CHECK(plugin);
    return (int)write(fd, buf, size);
}

static int net_writev(SERVE_PLUGIN(plugin) int fd, struct mk_iov *iov)
{
    CHECK(plugin);
    return (int)writev(fd, iov->io, iov->iov_idx);
}

static int net_close(SERVE_PLUGIN(plugin) int fd)
{
    CHECK(plugin);
    return close(fd);
}

static int net_send_file(SERVE_PLUGIN(plugin) int out, int in, mk_off_t *offset,
                         size_t size)
{
    off_t at = *offset;
    ssize_t n = sendfile(out, in, &at, size);

    CHECK(plugin);
    *offset = (mk_off_t)at;
    return (int)n;
}

#if MK_ABI == 16
static int liana_init(struct mk_api **api, char *confdir)
{
    (void)api;
    (void)confdir;
    return 0;
}

static int liana_exit(void)
{
    return 0;
}
#else
static int net_event_interest(struct mk_plugin *plugin, int fd, int mask)
{
    CHECK(plugin);
    (void)fd;
    return mask;
}

static int liana_init(struct mk_plugin *plugin, char *confdir)
{
    (void)plugin;
    (void)confdir;
    return 0;
}

static int liana_exit(struct mk_plugin *plugin)
{
    (void)plugin;
    return 0;
}
#endif

/* Monkey's plain network layer, by whose version plugins know their host. */
static struct mk_plugin liana = {
    .shortname = "liana",
    .name = "Plain sockets",
    .hooks = MK_HOOK_NETWORK_LAYER,
    .capabilities = MK_CAP_SOCK_PLAIN,
    .init_plugin = liana_init,
    .exit_plugin = liana_exit,
    .network = &serve.network,
};

void serve_plugins_setup(void)
{
    serve.network.read = net_read;
    serve.network.write = net_write;
    serve.network.writev = net_writev;
    serve.network.close = net_close;
    serve.network.send_file = net_send_file;
    serve.network.buffer_size = 4096;
#if MK_ABI == 18
    serve.network.event_interest = net_event_interest;
    serve.network.plugin = &network_owner;
#endif
    liana.version = serve.layout->version;
    if (serve.layout->has_liana)
        serve_list_add(&liana.head, &serve.config.plugins);
}

/* Messages begin with 'where', which is a place in a file or an option. */
static char *short_name(const char *path, const char *where)
{
    struct fcgi_monkeyconf_word name = fcgi_monkeyconf_plugin_name(path);

    if (name.length == 0) {
        serve_err(
            "%s: the name of a plugin must be like monkey-NAME.so, not "
            "'%s'",
            where, path);
        return NULL;
    }
    return serve_mem_cut(name.at, name.length);
}

static bool is_complete(const struct mk_plugin *p)
{
    return p->shortname != NULL && p->name != NULL && p->version != NULL &&
           p->init_plugin != NULL && p->exit_plugin != NULL &&
           (!(p->hooks & MK_HOOK_STAGE) || p->stage != NULL);
}

static void add_stage(struct mk_plugin *plugin, struct mk_list *list)
{
    struct mk_stage *copy = serve_mem_alloc(sizeof(*copy));

    *copy = *plugin->stage;
    copy->plugin = plugin;
    serve_list_add(&copy->head, list);
#if MK_ABI == 18
    serve_list_add(&copy->parent_head, &plugin->stage_list);
#endif
}

static void add_stages(struct mk_plugin *plugin)
{
    const struct mk_stage *stage = plugin->stage;
    struct mk_config *config = &serve.config;

#if MK_ABI == 18
    serve_list_init(&plugin->stage_list);
#endif
    if (!(plugin->hooks & MK_HOOK_STAGE))
        return;
    if (stage->stage10 != NULL)
        add_stage(plugin, &config->stage10_handler);
    if (stage->stage20 != NULL)
        add_stage(plugin, &config->stage20_handler);
    if (stage->stage30 != NULL)
        add_stage(plugin, &config->stage30_handler);
    if (stage->stage40 != NULL)
        add_stage(plugin, &config->stage40_handler);
    if (stage->stage50 != NULL)
        add_stage(plugin, &config->stage50_handler);
}

static int call_init(struct mk_plugin *plugin, char *confdir)
{
#if MK_ABI == 16
    struct mk_api *api = serve.api;

    return plugin->init_plugin(&api, confdir);
#else
    plugin->api = serve.api;
    plugin->server_ctx = &serve.config;
    return plugin->init_plugin(plugin, confdir);
#endif
}

static int init(struct mk_plugin *plugin, const char *where)
{
    struct mk_config *config = &serve.config;
    char *dir =
        serve_mem_printf("%s/%s", config->serverconf, config->plugins_conf_dir);
    struct stat st;
    char *confdir;
    int r;

    /* The slashes that this doubles are doubled in Monkey too. */
    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
        confdir = serve_mem_printf("%s/%s/", dir, plugin->shortname);
    else
        confdir = serve_mem_printf("%s/%s/", config->plugins_conf_dir,
                                   plugin->shortname);
    r = call_init(plugin, confdir);
    if (r < 0)
        serve_err(
            "%s: plugin '%s' refuses to start (its init_plugin returned "
            "%d); correct what it complains of above, in %s",
            where, plugin->shortname, r, confdir);
    serve_mem_free(confdir);
    serve_mem_free(dir);
    return r < 0 ? -1 : 0;
}

/* The plugin of a library, or NULL after a message. */
static struct mk_plugin *open_plugin(const char *path, const char *where,
                                     void **handle)
{
    char *name = short_name(path, where);
    struct mk_plugin *plugin;
    char *symbol;

    if (name == NULL)
        return NULL;
    *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (*handle == NULL) {
        serve_err("%s: the plugin cannot be loaded: %s (-P FILE names another)",
                  where, dlerror());
        serve_mem_free(name);
        return NULL;
    }
    symbol = serve_mem_printf("mk_plugin_%s", name);
    plugin = dlsym(*handle, symbol);
    if (plugin == NULL)
        serve_err(
            "%s: %s has no symbol %s: it is no plugin for Monkey %s, or "
            "its file was renamed",
            where, path, symbol, MK_ABI == 16 ? "1.6" : "1.8");
    else if (!is_complete(plugin))
        serve_err(
            "%s: %s: the plugin does not fill in all that it must; perhaps it "
            "is for another Monkey than %s (--abi)",
            where, path, MK_ABI == 16 ? "1.6" : "1.8");
    if (plugin == NULL || !is_complete(plugin)) {
        dlclose(*handle);
        plugin = NULL;
    }
    serve_mem_free(symbol);
    serve_mem_free(name);
    return plugin;
}

static int load(const char *path, const char *where)
{
    void *handle = NULL;
    struct mk_plugin *plugin = open_plugin(path, where, &handle);

    if (plugin == NULL)
        return -1;
    plugin->load_type = 1;
    plugin->handler = handle;
    plugin->path = serve_mem_dup(path);
    add_stages(plugin);
    serve_list_add(&plugin->head, &serve.config.plugins);
    if (init(plugin, where) == 0)
        return 0;
    /* Its stages stay in the lists, as in Monkey; but no request follows. */
    serve_list_del(&plugin->head);
    serve_mem_free(plugin->path);
    dlclose(handle);
    return -1;
}

/* Monkey's own plugins need more of a server than there is here. */
static bool is_monkeys_own(const char *name)
{
    static const char *const own[] = {
        "auth", "cgi",     "cheetah", "dirlisting", "liana", "logger",
        "duda", "mandril", "mbedtls", "tls",        "palm",  "polarssl",
    };

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(name, own[i]) == 0)
            return true;
    return false;
}

static int load_line(const struct fcgi_tree_entry *entry, const char **extra,
                     const char *extra_name)
{
    char *where = serve_mem_printf("%s:%u", entry->file, entry->line);
    char *name = short_name(entry->value, where);
    int r = -1;

    if (name != NULL && is_monkeys_own(name)) {
        r = 0;
        if (!serve.options->quiet)
            serve_err(
                "%s: '%s' is passed over: it is Monkey's own, and "
                "fcgi-serve is for handlers",
                where, name);
    } else if (name != NULL && extra_name != NULL &&
               strcmp(name, extra_name) == 0) {
        r = load(*extra, "--plugin");
        *extra = NULL;
    } else if (name != NULL) {
        load(entry->value, where); /* or not */
        r = 0;
    }
    serve_mem_free(name);
    serve_mem_free(where);
    return r;
}

static int load_file(const char *file, const char **extra,
                     const char *extra_name)
{
    const struct fcgi_tree_section *section;
    struct fcgi_tree tree;
    bool good = serve_conf_read(&tree, file);
    int r = good || MK_ABI == 18 ? 0 : -1; /* 1.8 does without */

    section = good ? fcgi_tree_section(&tree, "PLUGINS") : NULL;
    if (good && section == NULL) {
        serve_err("%s: there is no [PLUGINS]", file);
        r = -1;
    }
    for (size_t i = 0; section != NULL && i < section->n_entries; i++)
        if (strcasecmp(section->entries[i].key, "Load") == 0)
            r |= load_line(&section->entries[i], extra, extra_name);
    fcgi_tree_free(&tree);
    return r;
}

static int create_keys(void)
{
    for (SERVE_EACH(struct mk_plugin, plugin, head, &serve.config.plugins)) {
        if (plugin->thread_key != NULL &&
            pthread_key_create(plugin->thread_key, NULL) != 0) {
            serve_err("plugin '%s': no thread key is left", plugin->shortname);
            return -1;
        }
    }
    return 0;
}

int serve_plugins_load(const char *file, const char *extra)
{
    char *extra_name = NULL;
    int r = 0;

    if (extra != NULL) {
        extra_name = short_name(extra, "--plugin");
        if (extra_name == NULL)
            return -1;
    }
    if (file != NULL)
        r = load_file(file, &extra, extra_name);
    if (extra != NULL && r == 0)
        r = load(extra, "--plugin");
    serve_mem_free(extra_name);
    return r == 0 ? create_keys() : -1;
}

void serve_plugins_master_init(void)
{
    for (SERVE_EACH(struct mk_plugin, plugin, head, &serve.config.plugins))
        if (plugin->master_init != NULL)
            plugin->master_init(&serve.config);
}

void serve_plugins_exit(void)
{
    for (SERVE_EACH(struct mk_plugin, plugin, head, &serve.config.plugins))
        SERVE_EXIT(plugin);
}

static void free_stages(struct mk_list *list)
{
    for (SERVE_EACH(struct mk_stage, stage, head, list))
        serve_mem_free(stage);
    serve_list_init(list);
}

void serve_plugins_unload(void)
{
    free_stages(&serve.config.stage10_handler);
    free_stages(&serve.config.stage20_handler);
    free_stages(&serve.config.stage30_handler);
    free_stages(&serve.config.stage40_handler);
    free_stages(&serve.config.stage50_handler);
    for (SERVE_EACH(struct mk_plugin, plugin, head, &serve.config.plugins)) {
        serve_list_del(&plugin->head);
        if (plugin->load_type != 1)
            continue;
        serve_mem_free(plugin->path);
        dlclose(plugin->handler);
    }
}
