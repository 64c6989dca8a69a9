/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the badplugin: what the host calls (badplugin.c), what a request
 * has done for it (actions.c), what it is shown (look.c).
 */
#ifndef FCGI_BADPLUGIN_H
#define FCGI_BADPLUGIN_H

#include <stdbool.h>

#include "monkey/abi.h"

typedef void badplugin_step(struct mk_session *cs, struct mk_request *sr);

/* What the request that waits wants, and what comes next for it. */
struct badplugin_job {
    badplugin_step *next;
    struct mk_session *cs;
    struct mk_request *sr;
    bool taken;
    long delay, close, cut, arm, fix, status, chunked, cl, connection, cgi;
    char text[8192]; /* of the answer */
    size_t length;
};

extern struct mk_api *badplugin_api;
extern struct badplugin_job badplugin_job;

/* Says something in the host's log. */
__attribute__((format(printf, 1, 2))) void badplugin_tell(const char *format,
                                                          ...);

/* Adds to the text of the answer. */
__attribute__((format(printf, 1, 2))) void badplugin_put(const char *format,
                                                         ...);
void badplugin_show(const char *name, const struct mk_ptr *value);

/* A number out of the query. */
long badplugin_arg(const struct mk_request *sr, const char *name,
                   long otherwise);

/* Has something done when the timer fires. */
void badplugin_later(struct mk_session *cs, struct mk_request *sr, long ms,
                     badplugin_step *next);

/* Takes the connection away from the core: trap (j). */
void badplugin_take(struct mk_session *cs);

/* Sends the text past the channel, and ends the request. */
void badplugin_answer(struct mk_session *cs, struct mk_request *sr);

/* What stage 30 does: as the URI says, or a description of the request. */
int badplugin_action(struct mk_session *cs, struct mk_request *sr);
int badplugin_look(struct mk_session *cs, struct mk_request *sr);

#endif
