/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin's stages: what Monkey calls while it serves. All run in a worker's
 * thread, and return with errno 0, which Monkey tests.
 */
#ifndef FCGI_MONKEY_STAGES_H
#define FCGI_MONKEY_STAGES_H

#include "monkey/abi.h"

#define fcgi_monkey_stages FCGI_MONKEY_NAME(stages)
#define fcgi_monkey_stages_unhook FCGI_MONKEY_NAME(stages_unhook)
#define fcgi_monkey_stages_begin FCGI_MONKEY_NAME(stages_begin)

extern struct mk_stage fcgi_monkey_stages;

/* In worker_init(): sets the worker up. */
void fcgi_monkey_stages_begin(void);

/* Takes our entries out of Monkey's lists of stages, which it forgets when a
 * plugin does not start: it would call into unloaded code. */
void fcgi_monkey_stages_unhook(const struct mk_api *api,
                               struct mk_config *server);

#endif
