/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey while it serves.
 */
#ifndef FCGI_MONKEY_HOST_H
#define FCGI_MONKEY_HOST_H

#include "backend/pool.h"
#include "gateway/host.h"
#include "monkey/abi.h"

#define mk_log MK_NAME(log)
#define mk_set_up MK_NAME(set_up)
#define mk_workers_free MK_NAME(workers_free)
#define mk_worker_start MK_NAME(worker_start)
#define mk_stage20 MK_NAME(stage20)
#define mk_stage30 MK_NAME(stage30)
#define mk_stage30_hangup MK_NAME(stage30_hangup)

/* Says what Monkey offers, how it is configured, and which servers there are;
 * all must outlive the plugin. Before there are threads. */
void mk_set_up(const struct mk_api *api, struct mk_config *config,
               struct fcgi_pool *pool);

/* Writes a line to Monkey's log, which Monkey does in several pieces: a lock
 * keeps those of other threads out. Any thread. */
void mk_log(enum fcgi_log_level level, const char *line);

/* Frees what the workers had. When they are gone. */
void mk_workers_free(void);

/* The plugin's callbacks. */
void mk_worker_start(void);
int mk_stage20(struct mk_session *cs, struct mk_request *sr);
int mk_stage30(struct mk_plugin *plugin, struct mk_session *cs,
               struct mk_request *sr, int n_params, struct mk_list *params);
int mk_stage30_hangup(struct mk_plugin *plugin, struct mk_session *cs,
                      struct mk_request *sr);

#endif
