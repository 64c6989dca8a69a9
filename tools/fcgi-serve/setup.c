/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's configuration, from Monkey's tree.
 *
 * What Monkey needs is needed here, and what it assumes when a key is missing
 * is assumed here (KeepAlive Off, for one): a tree that serves with
 * fcgi-serve must serve with Monkey.
 */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "http.h"
#include "listen.h"
#include "log.h"
#include "mem.h"
#include "mime.h"
#include "serve.h"
#include "vhost.h"

#define WORKERS_MAX 1024

static char *plugins_file;

const char *serve_setup_plugins_file(void)
{
    return plugins_file;
}

void serve_setup_defaults(void)
{
    struct mk_config *c = &serve.config;

    serve_list_init(&c->listeners);
    serve_list_init(&c->hosts);
    serve_list_init(&c->plugins);
    serve_list_init(&c->stage10_handler);
    serve_list_init(&c->stage20_handler);
    serve_list_init(&c->stage30_handler);
    serve_list_init(&c->stage40_handler);
    serve_list_init(&c->stage50_handler);
    c->workers = 1;
    c->scheduler_mode = MK_SCHEDULER_REUSEPORT;
    c->timeout = 15;
    c->keep_alive_timeout = 15;
    c->max_keep_alive_request = 50;
    c->max_request_size = 32;
    c->standard_port = 80;
    c->open_flags = O_RDONLY | O_NONBLOCK;
    c->server_conf_file = serve_mem_dup("monkey.conf");
    c->mimes_conf_file = serve_mem_dup("monkey.mime");
    c->plugin_load_conf_file = serve_mem_dup("plugins.load");
    c->sites_conf_dir = serve_mem_dup("sites/");
    c->plugins_conf_dir = serve_mem_dup("plugins/");

    serve.protocol.name = "http";
    serve.protocol.cb_read = serve_session_read;
    serve.protocol.cb_close = serve_session_close;
    serve.protocol.cb_done = serve_session_done;
    serve.protocol.sched_extra_size = (int)sizeof(struct mk_session);
    serve.protocol.capabilities = MK_CAP_HTTP;
}

/* Monkey passes over a Listen that it cannot read, and over all behind it. */
static int read_listeners(const struct fcgi_tree_section *section)
{
    for (size_t i = 0; i < section->n_entries; i++) {
        const struct fcgi_tree_entry *entry = &section->entries[i];
        const char *why = NULL;

        if (strcasecmp(entry->key, "Listen") == 0)
            why = serve_listen_add(entry->value);
        if (why != NULL) {
            serve_err("%s:%u: Listen: %s", entry->file, entry->line, why);
            if (strcmp(why, SERVE_NO_TLS) == 0)
                return -1;
            break;
        }
    }
    if (!serve_list_empty(&serve.config.listeners))
        return 0;
    serve_err("%s:%u: [SERVER] needs a Listen", section->file, section->line);
    return -1;
}

/* The number, or the switch, that Monkey takes: 0, or -1 after a message. */
static int take(const struct fcgi_tree_section *section, const char *key,
                int *number)
{
    const struct fcgi_tree_entry *entry = fcgi_tree_entry(section, key);

    if (fcgi_monkeyconf_takes(key, MK_ABI == 18, entry ? entry->value : NULL,
                              number))
        return 0;
    if (entry == NULL)
        serve_err("%s:%u: [SERVER] needs %s", section->file, section->line,
                  key);
    else
        serve_err("%s:%u: Monkey refuses '%s %s'", entry->file, entry->line,
                  key, entry->value);
    return -1;
}

static int read_numbers(const struct fcgi_tree_section *section)
{
    struct mk_config *c = &serve.config;
    const struct {
        const char *name;
        int8_t *value;
    } switches[] = {{"KeepAlive", &c->keep_alive},
                    {"HideVersion", &c->hideversion},
                    {"Resume", &c->resume},
                    {"SymLink", &c->symlink}};
    int number, r = 0;

    r |= take(section, "Timeout", &c->timeout);
    r |= take(section, "KeepAliveTimeout", &c->keep_alive_timeout);
    r |= take(section, "MaxKeepAliveRequest", &c->max_keep_alive_request);
    r |= take(section, "MaxRequestSize", &c->max_request_size);
    r |= take(section, "PidFile", &number);
    r |= take(section, "Workers", &number);
    c->workers = (short)(number > WORKERS_MAX ? WORKERS_MAX : number);
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        r |= take(section, switches[i].name, &number);
        *switches[i].value = (int8_t)number;
    }
    return r;
}

static char *text_of(const struct fcgi_tree_section *section, const char *key)
{
    const struct fcgi_tree_entry *entry = fcgi_tree_entry(section, key);

    return entry != NULL ? serve_mem_dup(entry->value) : NULL;
}

/* fcgi-serve writes none, and starts where Monkey would. */
static int judge_pid_file(const char *path)
{
    int error = path != NULL ? fcgi_monkeyconf_pid_error(path) : 0;

    if (error == 0 || (error != EISDIR && MK_ABI == 18))
        return 0;
    serve_err("Monkey cannot write the PidFile '%s': %s", path,
              strerror(error));
    return -1;
}

static int read_server(const struct fcgi_tree *tree, const char *file)
{
    const struct fcgi_tree_section *section = fcgi_tree_section(tree, "SERVER");
    const struct fcgi_tree_entry *entry;
    struct mk_config *c = &serve.config;
    char *text;
    int r;

    if (section == NULL) {
        serve_err("%s: there is no [SERVER] section", file);
        return -1;
    }
    r = read_listeners(section) | read_numbers(section);
    text = text_of(section, "Indexfile");
    if (text != NULL)
        c->index_files = serve_conf_split(text);
    serve_mem_free(text);
    text = text_of(section, "DefaultMimeType");
    c->default_mimetype =
        serve_mem_printf("%s\r\n", text != NULL ? text : "text/plain");
    serve_mem_free(text);
    c->user = text_of(section, "User");
    c->pid_file_path = text_of(section, "PidFile");
    r |= judge_pid_file(c->pid_file_path);
    entry = fcgi_tree_entry(section, "UserDir");
    if (entry != NULL && serve.options->verbose)
        serve_err("%s:%u: UserDir is passed over: fcgi-serve has none",
                  entry->file, entry->line);
    return r;
}

/* The path of a file or directory of the tree. */
static char *in_tree(const char *name)
{
    return serve_mem_printf("%s/%s", serve.config.serverconf, name);
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int serve_setup_tree(void)
{
    struct mk_config *c = &serve.config;
    struct fcgi_tree tree;
    char *path;
    int r;

    c->serverconf = serve_mem_dup(serve.options->confdir);
#if MK_ABI == 16
    c->path_config = serve_mem_dup(serve.options->confdir);
#endif
    path = in_tree(c->server_conf_file);
    r = serve_conf_read(&tree, path) ? read_server(&tree, path) : -1;
    fcgi_tree_free(&tree);
    serve_mem_free(path);
    if (r < 0)
        return -1;
    path = in_tree(c->sites_conf_dir);
    r |= serve_vhosts_read(path);
    serve_mem_free(path);
    path = in_tree(c->mimes_conf_file);
    if (!is_file(path) && MK_ABI == 16) {
        serve_err(
            "%s: there is no such file, and Monkey would crash at the "
            "first one that it sends",
            path);
        r = -1;
    }
    r |= serve_mime_read(is_file(path) ? path : NULL);
    serve_mem_free(path);
    path = in_tree(c->plugin_load_conf_file);
    if (is_file(path))
        plugins_file = path;
    else
        serve_mem_free(path);
    return r;
}

static void set_signature(void)
{
    struct mk_config *c = &serve.config;
    const char *version = c->hideversion ? "" : serve.layout->version;
    const char *slash = c->hideversion ? "" : "/";
    int len;

    snprintf(c->server_signature, sizeof(c->server_signature), "Monkey%s%s",
             slash, version);
    len =
        snprintf(c->server_signature_header, sizeof(c->server_signature_header),
                 "Server: %s\r\n", c->server_signature);
    c->server_signature_header_len = len;
    c->server_software.data =
        c->hideversion
            ? serve_mem_dup("Monkey Server")
            : serve_mem_printf("Monkey/%s (Linux)", serve.layout->version);
    c->server_software.len = strlen(c->server_software.data);
}

/* -p changes the port of the first listener, and is the only one then. */
static void override_port(const char *port)
{
    struct mk_listener *first =
        MK_ENTRY(serve.config.listeners.next, struct mk_listener, head);
    char *address = serve_mem_dup(first->address);

    serve_listen_free();
    serve_listen_add_parts(address, port);
    serve_mem_free(address);
}

void serve_setup_finish(void)
{
    struct mk_config *c = &serve.config;
    struct rlimit files;

    set_signature();
    /* Monkey's int runs over from 2097152 on, and into what it takes it. */
    c->max_request_size = (int)((unsigned)c->max_request_size * 1024U);
    if (serve.options->port != NULL)
        override_port(serve.options->port);
    if (serve.options->workers >= 0)
        c->workers = (short)serve.options->workers;
    if (c->workers < 1) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);

        c->workers = (short)(processors < 1 ? 1 : processors);
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        c->server_capacity = (unsigned int)files.rlim_cur;
    serve.workers =
        serve_mem_alloc_z(sizeof(*serve.workers) * (size_t)c->workers);
    serve.euid = geteuid();
    serve.egid = getegid();
}

void serve_setup_free(void)
{
    struct mk_config *c = &serve.config;

    serve_short_free();
    serve_vhosts_free();
    serve_mime_free();
    serve_listen_free();
    serve_conf_split_free(c->index_files);
    serve_mem_free(serve.workers);
    serve_mem_free(plugins_file);
    serve_mem_free(c->default_mimetype);
    serve_mem_free(c->user);
    serve_mem_free(c->pid_file_path);
    serve_mem_free(c->serverconf);
#if MK_ABI == 16
    serve_mem_free(c->path_config);
#endif
    serve_mem_free(c->server_software.data);
    serve_mem_free(c->server_conf_file);
    serve_mem_free(c->mimes_conf_file);
    serve_mem_free(c->plugin_load_conf_file);
    serve_mem_free(c->sites_conf_dir);
    serve_mem_free(c->plugins_conf_dir);
}
