/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens without a request: names are looked up again (resolver.h), and
 * servers are asked whether they are well (health.h). One worker does it for
 * all. Each registers; the first one does it, and when that ends, or could not
 * be set up, the next takes it over.
 */
#ifndef FCGI_BACKEND_MAINTENANCE_H
#define FCGI_BACKEND_MAINTENANCE_H

#include "backend/worker.h"

struct fcgi_maintenance;

/* Registers a worker, which must outlive it. Belongs to the worker's thread.
 * NULL where memory is short. */
struct fcgi_maintenance *fcgi_maintenance_new(struct fcgi_worker *worker);

/* Another worker, if there is one, takes it over. NULL is fine. The loop must
 * not run any more afterwards. */
void fcgi_maintenance_free(struct fcgi_maintenance *maintenance);

#endif
