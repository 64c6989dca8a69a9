/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey while it serves.
 */
#ifndef FCGI_MONKEY_HOST_H
#define FCGI_MONKEY_HOST_H

#include "backend/pool.h"
#include "gateway/host.h"
#include "monkey/abi.h"

#define fcgi_monkey_log FCGI_MONKEY_NAME(log)
#define fcgi_monkey_set_up FCGI_MONKEY_NAME(set_up)
#define fcgi_monkey_workers_free FCGI_MONKEY_NAME(workers_free)
#define fcgi_monkey_worker_start FCGI_MONKEY_NAME(worker_start)
#define fcgi_monkey_stage20 FCGI_MONKEY_NAME(stage20)
#define fcgi_monkey_stage40 FCGI_MONKEY_NAME(stage40)
#define fcgi_monkey_stage30 FCGI_MONKEY_NAME(stage30)
#define fcgi_monkey_stage30_hangup FCGI_MONKEY_NAME(stage30_hangup)

/* Says what Monkey offers, how it is configured, and which servers there are;
 * all must outlive the plugin. Before there are threads. */
void fcgi_monkey_set_up(const struct mk_api *api, struct mk_config *config,
                        struct fcgi_pool *pool);

/* Writes a line to Monkey's log, which Monkey does in several pieces: a lock
 * keeps those of other threads out. Any thread. */
void fcgi_monkey_log(enum fcgi_log_level level, const char *line);

/* Frees what the workers had. When they are gone. */
void fcgi_monkey_workers_free(void);

/* The plugin's callbacks. */
void fcgi_monkey_worker_start(void);
int fcgi_monkey_stage20(struct mk_session *cs, struct mk_request *sr);
int fcgi_monkey_stage30(struct mk_plugin *plugin, struct mk_session *cs,
                        struct mk_request *sr, int n_params,
                        struct mk_list *params);
int fcgi_monkey_stage30_hangup(struct mk_plugin *plugin, struct mk_session *cs,
                               struct mk_request *sr);
int fcgi_monkey_stage40(struct mk_session *cs, struct mk_request *sr);

#endif
