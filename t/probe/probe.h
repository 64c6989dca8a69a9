/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the probe: what the host calls (probe.c), what a request has
 * done for it (deeds.c), what it is shown (look.c).
 */
#ifndef FCGI_PROBE_H
#define FCGI_PROBE_H

#include <stdbool.h>

#include "monkey/abi.h"

typedef void probe_step(struct mk_session *cs, struct mk_request *sr);

/* What the request that waits wants, and what comes next for it. */
struct probe_job {
    probe_step *next;
    struct mk_session *cs;
    struct mk_request *sr;
    bool taken;
    long delay, close, cut, arm, fix, status, chunked, cl, connection, cgi;
    char text[8192]; /* of the answer */
    size_t length;
};

extern struct mk_api *probe_api;
extern struct probe_job probe_job;

/* Says something in the host's log. */
__attribute__((format(printf, 1, 2))) void probe_tell(const char *format, ...);

/* Adds to the text of the answer. */
__attribute__((format(printf, 1, 2))) void probe_put(const char *format, ...);
void probe_show(const char *name, const struct mk_ptr *value);

/* A number out of the query. */
long probe_arg(const struct mk_request *sr, const char *name, long otherwise);

/* Has something done when the timer fires. */
void probe_later(struct mk_session *cs, struct mk_request *sr, long ms,
                 probe_step *next);

/* Takes the connection away from the core: trap (j). */
void probe_take(struct mk_session *cs);

/* Sends the text past the channel, and ends the request. */
void probe_answer(struct mk_session *cs, struct mk_request *sr);

/* What stage 30 does: as the URI says, or a description of the request. */
int probe_deed(struct mk_session *cs, struct mk_request *sr);
int probe_look(struct mk_session *cs, struct mk_request *sr);

#endif
