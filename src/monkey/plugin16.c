/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin as Monkey 1.6 loads it, by the symbol mk_plugin_fastcgi.
 *
 * A broken configuration makes init_plugin() fail: Monkey then refuses to
 * start as soon as a Match rule names the plugin, rather than serve scripts as
 * text.
 *
 * Monkey 1.8 takes this symbol, too, if it is told to load monkey-fastcgi.so
 * instead of monkey-fastcgi18.so, and reads another structure out of it. It can
 * be told that without a look at anything of its: where 1.6 has master_init,
 * 1.8 looks for init_plugin, and calls it with the address of what it has
 * loaded instead of that of a configuration. Before that it writes its API over
 * our exit_plugin, which is not called any more, and it writes behind the end
 * of what 1.6 knows, where there is room for it. Of what it takes for hooks,
 * those bits must not be set that it acts upon. On 64 bits that is half the
 * address of our init_plugin, hence the alignment; on 32 our capabilities,
 * which are none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "monkey/plugin.h"
#include "monkey/stages.h"

#define HOOKS (MK_HOOK_NETWORK_LAYER | MK_HOOK_STAGE)
/* A plugin's structure in 1.8: its size, and what it reads. */
#define IN_18(on_64, on_32) (sizeof(void *) == 8 ? (on_64) : (on_32))
#define SIZE_IN_18 IN_18(168, 88)
#define HOOKS_IN_18 IN_18(32, 16)
#define INIT_IN_18 IN_18(48, 28)

static int init_plugin(struct mk_api **api, char *confdir)
    __attribute__((aligned(2 * MK_HOOK_STAGE)));
_Static_assert((2 * MK_HOOK_STAGE & (2 * MK_HOOK_STAGE - 1)) == 0 &&
                   2 * MK_HOOK_STAGE > HOOKS,
               "the alignment must clear the bits of both hooks");
_Static_assert(offsetof(struct mk_plugin, master_init) == INIT_IN_18 &&
                   IN_18(offsetof(struct mk_plugin, init_plugin),
                         offsetof(struct mk_plugin, capabilities)) ==
                       HOOKS_IN_18,
               "where 1.8 has init_plugin and hooks");

static int init_plugin(struct mk_api **api, char *confdir)
{
    struct mk_config *config = (*api)->config;
    int result = fcgi_monkey_start(*api, config, confdir);

    if (result < 0)
        fcgi_monkey_stages_unhook(*api, config);
    errno = 0;
    return result;
}

static int exit_plugin(void)
{
    fcgi_monkey_stop();
    return 0;
}

static void worker_init(void)
{
    fcgi_monkey_stages_begin();
}

static int master_init(struct mk_config *config);

struct padded {
    struct mk_plugin plugin;
    char room[SIZE_IN_18 - sizeof(struct mk_plugin)];
};

MK_EXPORT struct padded mk_plugin_fastcgi = {
    .plugin =
        {
            .shortname = "fastcgi",
            .name = "FastCGI client",
            .version = PACKAGE_VERSION,
            .hooks = MK_HOOK_STAGE,
            .init_plugin = init_plugin,
            .exit_plugin = exit_plugin,
            .master_init = master_init,
            .worker_init = worker_init,
            .stage = &fcgi_monkey_stages,
        },
};

static int master_init(struct mk_config *config)
{
    if ((void *)config != (void *)&mk_plugin_fastcgi)
        return 0;
    fputs(
        "fastcgi: error: this Monkey is no 1.6, and takes another file: in "
        "plugins.load, say monkey-fastcgi18.so instead of "
        "monkey-fastcgi.so\n",
        stderr);
    /* It would go on with a handler for its Match rules that is none. */
    exit(EXIT_FAILURE);
}
