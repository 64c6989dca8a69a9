/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey 1.6 while it serves.
 */
#ifndef FCGI_MONKEY_HOST16_H
#define FCGI_MONKEY_HOST16_H

#include "backend/pool.h"
#include "gateway/host.h"
#include "monkey/abi16.h"

/* Says what Monkey offers and which servers there are; both must outlive the
 * plugin. Before there are threads. */
void mk16_set_up(const struct mk16_api *api, struct fcgi_pool *pool);

/* Writes a line to Monkey's log, which Monkey does in several pieces: a lock
 * keeps those of other threads out. Any thread. */
void mk16_log(enum fcgi_log_level level, const char *line);

/* Frees what the workers had. When they are gone. */
void mk16_workers_free(void);

/* The plugin's callbacks. */
void mk16_worker_init(void);
int mk16_stage20(struct mk16_session *cs, struct mk16_request *sr);
int mk16_stage30(struct mk16_plugin *plugin, struct mk16_session *cs,
                 struct mk16_request *sr, int n_params,
                 struct mk16_list *params);
int mk16_stage30_hangup(struct mk16_plugin *plugin, struct mk16_session *cs,
                        struct mk16_request *sr);

#endif
