/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin as Monkey 1.8.9 loads it, by the symbol mk_plugin_fastcgi18, which
 * it looks for in a file that is named monkey-fastcgi18.so.
 *
 * Where init_plugin() fails, this Monkey goes on, and calls a handler for its
 * Match rules that it has never filled in. So a broken configuration ends the
 * process here, if there is such a rule: Monkey 1.6 does it itself.
 *
 * Monkey 1.6 takes this symbol, too, if it is told to load monkey-fastcgi18.so.
 * It finds `flags` where it looks for a name; as long as they are 0, it refuses
 * what it has loaded. That it is the wrong file, and which is the right one, is
 * said by a constructor: only the executable of 1.6 exports mk_config_init().
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monkey/plugin.h"
#include "monkey/stages.h"

/* 1.7.0 to 1.8.8 have their network layer in a plugin. */
static bool has_liana(const struct mk_list *plugins)
{
    const struct mk_list *node;

    for (node = plugins->next; node != plugins; node = node->next) {
        const struct mk_plugin *plugin =
            MK_ENTRY(node, const struct mk_plugin, head);

        if (strcmp(plugin->shortname, "liana") == 0)
            return true;
    }
    return false;
}

/* Whether it is a Monkey that this was made for. */
static bool is_known(const struct mk_api *api, const struct mk_config *config)
{
    static const char name[] = "Monkey";
    const char *why = NULL;

    if (has_liana(api->plugins))
        why = "1.7.0 to 1.8.8 do not send what they have to send";
    else if (strncmp(config->server_signature, name, sizeof(name) - 1) != 0)
        why = "it is built in another way, or newer";
    if (why == NULL)
        return true;
    api->log(MK_LOG_ERROR,
             "fastcgi: error: this Monkey is not 1.8.9, and cannot be served: "
             "%s",
             why);
    return false;
}

static int init_plugin(struct mk_plugin *plugin, char *confdir)
{
    const struct mk_api *api = plugin->api;
    struct mk_config *config = plugin->server_ctx;

    if (!is_known(api, config)) {
        /* Nothing may be looked for in structures that are unknown. */
        fflush(stdout);
        exit(EXIT_FAILURE);
    }
    if (fcgi_monkey_start(api, config, confdir) < 0) {
        if (fcgi_monkey_is_wanted(config)) {
            api->log(MK_LOG_ERROR,
                     "fastcgi: Monkey does not start, because "
                     "Match rules need this plugin");
            exit(EXIT_FAILURE);
        }
        fcgi_monkey_stages_unhook(api, config);
        return -1;
    }
    errno = 0;
    return 0;
}

static int exit_plugin(struct mk_plugin *plugin)
{
    (void)plugin;
    fcgi_monkey_stop();
    return 0;
}

static void worker_init(struct mk_config *config)
{
    (void)config;
    fcgi_monkey_stages_begin();
}

MK_EXPORT struct mk_plugin mk_plugin_fastcgi18 = {
    .flags = 0, /* see above */
    .shortname = "fastcgi",
    .name = "FastCGI client",
    .version = PACKAGE_VERSION,
    .hooks = MK_HOOK_STAGE,
    .init_plugin = init_plugin,
    .exit_plugin = exit_plugin,
    .worker_init = worker_init,
    .stage = &fcgi_monkey_stages,
};

__attribute__((constructor)) static void look_around(void)
{
    static const char ending[] = "fastcgi18.so";
    Dl_info self;
    size_t length;

    if (dladdr(&mk_plugin_fastcgi18, &self) == 0 || self.dli_fname == NULL ||
        dlsym(RTLD_DEFAULT, "mk_config_init") == NULL)
        return;
    length = strlen(self.dli_fname);
    if (length < sizeof(ending) - 1 ||
        strcmp(self.dli_fname + length - (sizeof(ending) - 1), ending) != 0)
        return;
    fprintf(stderr,
            "fastcgi: error: this Monkey is 1.6, and takes another file: in "
            "plugins.load, say monkey-fastcgi.so instead of %s\n",
            self.dli_fname);
}
