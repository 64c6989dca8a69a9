/* SPDX-License-Identifier: Apache-2.0
 *
 * One client request married to one request to an application. An exchange
 * owns one client (what goes to it), one upstream (what comes from the
 * application) and one reply (how the one becomes the other), and is the only
 * thing that knows all three. It ends once, in one place, whatever ended it;
 * then everything it owned is given back and the host is told.
 *
 *   RECEIVING  the body of the request, before the application is asked
 *   WAITING    for an authorizer, a connection, or the head of the answer
 *   STREAMING  the body of the answer
 *   FLUSHING   nothing more comes from the application
 *   DRAINING   the client has its answer, and is sending its body still
 *   ENDED      the host is told when all callers have returned
 *
 * All functions belong to the worker's thread.
 */
#ifndef FCGI_GATEWAY_EXCHANGE_H
#define FCGI_GATEWAY_EXCHANGE_H

#include "gateway/access.h"
#include "gateway/answer_head.h"
#include "gateway/authorizer.h"
#include "gateway/body.h"
#include "gateway/client.h"
#include "gateway/date.h"
#include "gateway/judge.h"
#include "gateway/linger.h"
#include "gateway/log.h"
#include "gateway/path.h"
#include "gateway/patience.h"
#include "gateway/reply.h"
#include "gateway/tail.h"
#include "gateway/upstream.h"
#include "loop/list.h"

struct fcgi_exchange;

/* What the exchanges of one worker thread share. */
struct fcgi_exchange_common {
    const struct fcgi_host *host;
    struct fcgi_loop *loop;
    struct fcgi_worker *worker;
    struct fcgi_access *access;
    struct fcgi_date date;
    struct fcgi_linger_list lingering;
    struct fcgi_tail_list tails;
    /* The exchange has ended, and its memory is the caller's again: called
     * just before the host is told, and by fcgi_exchange_abandon(). */
    void (*on_ended)(struct fcgi_exchange *exchange);
};

enum fcgi_exchange_state {
    FCGI_EXCHANGE_RECEIVING,
    FCGI_EXCHANGE_WAITING,
    FCGI_EXCHANGE_STREAMING,
    FCGI_EXCHANGE_FLUSHING,
    FCGI_EXCHANGE_DRAINING,
    FCGI_EXCHANGE_ENDED,
};

/* Zeroed memory is an exchange that has never been started. */
struct fcgi_exchange {
    struct fcgi_exchange_common *common;
    struct fcgi_list link; /* for whoever owns the memory */
    enum fcgi_exchange_state state;
    uint64_t started; /* ns */
    struct fcgi_client client;
    struct fcgi_upstream upstream;
    struct fcgi_reply reply;
    struct fcgi_answer_head head;  /* its; or the block's memory is a page */
    struct fcgi_buffer params;     /* of the request */
    struct fcgi_body body;         /* its */
    struct fcgi_patience patience; /* with a client that owes a part of it */
    bool draining;                 /* what still comes of the body is dropped */
    bool expects;                  /* the client waits for 100 (Continue) */
    bool pumping;                  /* pump() is under way */
    struct fcgi_loop_timer turn;   /* set: it goes on then */
    struct fcgi_loop_timer lag;    /* set: the answer is whole */
    bool cut;                      /* the answer is not whole */
    struct fcgi_judgement judgement;
    struct fcgi_authorizer authorizer;
    struct fcgi_loop_task begin, report;
    struct fcgi_log log;
};

/*
 * Begins to serve a request whose client's descriptor is `fd`, from now on
 * written by this exchange alone. `handle` is the host's name for the client.
 * `script` is what fcgi_path_split() found. The servers that `allows` admits
 * are tried, NULL admits all (see fcgi_pool_route()). Returns false where
 * memory is short: the client is the host's still. Otherwise the host's `done`
 * is called in the end, never from inside this function. Of a provisional
 * request nothing is sent, to anybody, before the loop runs.
 */
bool fcgi_exchange_start(struct fcgi_exchange *exchange,
                         struct fcgi_exchange_common *common, void *handle,
                         int fd, const struct fcgi_http_request *request,
                         const struct fcgi_script *script,
                         bool (*allows)(const void *arg,
                                        const struct fcgi_server *server),
                         const void *arg);

/* The client is gone and its descriptor is no longer ours: ends the exchange
 * without telling the host. */
void fcgi_exchange_abandon(struct fcgi_exchange *exchange);

/* The host's loop has found that the client has sent something unasked for, or
 * its end: the exchange watches it from now on. */
void fcgi_exchange_disturbed(struct fcgi_exchange *exchange);

/* ENDED: gives back memory, all or but `keep` bytes of each buffer, with which
 * it can be started again. */
void fcgi_exchange_trim(struct fcgi_exchange *exchange, size_t keep);

#endif
