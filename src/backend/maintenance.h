/* SPDX-License-Identifier: Apache-2.0
 *
 * Work that no request causes: looking names up again (resolver.h) and health
 * checks (health.h). One worker does it for all. Each registers; the first one
 * does the work, and when that ends, or could not be set up, the next takes
 * over.
 */
#ifndef FCGI_BACKEND_MAINTENANCE_H
#define FCGI_BACKEND_MAINTENANCE_H

#include "backend/worker.h"

struct fcgi_maintenance;

/* Registers a worker, which must outlive it. Belongs to the worker's thread.
 * NULL where memory is short. */
struct fcgi_maintenance *fcgi_maintenance_new(struct fcgi_worker *worker);

/* Hands the work to another worker, if there is one. NULL is fine. The loop
 * must not run afterwards. */
void fcgi_maintenance_free(struct fcgi_maintenance *maintenance);

#endif
