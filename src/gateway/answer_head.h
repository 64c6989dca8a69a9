/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of an answer: what the client is told once the application's header
 * block is there. That is what the block says, or the page of an error in place
 * of the application's (InterceptErrors), which the application may be asked
 * for (ErrorPage), or a file that the block names (sendfile.h).
 *
 * All functions belong to the worker's thread.
 */
#ifndef FCGI_GATEWAY_ANSWER_HEAD_H
#define FCGI_GATEWAY_ANSWER_HEAD_H

#include "gateway/authorizer.h"
#include "gateway/block.h"
#include "gateway/client.h"
#include "gateway/date.h"
#include "gateway/judge.h"
#include "gateway/log.h"
#include "gateway/page.h"
#include "gateway/page_request.h"
#include "gateway/reply.h"
#include "gateway/sendfile.h"

/* Longest text of what is bad, with its NUL. */
#define FCGI_ANSWER_HEAD_TEXT FCGI_SENDFILE_TEXT

enum fcgi_answer_head_result {
    FCGI_ANSWER_HEAD_MORE, /* all bytes are taken, and the head is not made */
    FCGI_ANSWER_HEAD_MADE, /* the other bytes are of the body */
    FCGI_ANSWER_HEAD_ALLOWED, /* it is an authorizer's: see authorizer.h */
    FCGI_ANSWER_HEAD_FILE,    /* the answer is made, with a file as its body */
    FCGI_ANSWER_HEAD_PAGE,    /* it is dropped: fcgi_answer_head_ask_page() */
    FCGI_ANSWER_HEAD_BAD,     /* the answer cannot be used */
    FCGI_ANSWER_HEAD_NO_MEMORY, /* likewise */
};

/* Zeroed memory is a head that was never begun. All that it points to is the
 * exchange's. */
struct fcgi_answer_head {
    struct fcgi_client *client;
    struct fcgi_upstream *upstream;
    struct fcgi_reply *reply;
    struct fcgi_log *log;
    struct fcgi_date *date; /* the reply's */
    struct fcgi_authorizer *authorizer;
    bool tls; /* the client's connection */
    struct fcgi_block block;
    struct fcgi_buffer own; /* the content of an answer of our own */
    struct fcgi_page_source pages;
    struct fcgi_page_request page;
};

/* Begins anew; memory of `block`, `own` and `page` stays. */
void fcgi_answer_head_init(struct fcgi_answer_head *head,
                           struct fcgi_client *client,
                           struct fcgi_upstream *upstream,
                           struct fcgi_reply *reply, struct fcgi_log *log,
                           struct fcgi_date *date,
                           struct fcgi_authorizer *authorizer,
                           const struct fcgi_http_request *request);

/* Gives back memory, all or but `keep` bytes of each buffer. */
void fcgi_answer_head_trim(struct fcgi_answer_head *head, size_t keep);

/* Takes bytes of the answer, `*used` of them, and puts the head, and interim
 * ones before it, into the client's output. BAD: `what` says what was sent. */
enum fcgi_answer_head_result
fcgi_answer_head_feed(struct fcgi_answer_head *head, const uint8_t *bytes,
                      size_t length, size_t *used,
                      char what[FCGI_ANSWER_HEAD_TEXT]);

/* Makes the whole answer to an error. */
void fcgi_answer_head_error(struct fcgi_answer_head *head, int status);

/* The same of what needs no application: a page of our own, which is in `own`,
 * or the site's file. Returns the status to refuse the request with, for what
 * is then in the judgement; 0 where the answer is made, or there is an
 * application. */
int fcgi_answer_head_self(struct fcgi_answer_head *head,
                          struct fcgi_judgement *judgement,
                          const struct fcgi_buffer *params);

/* Whether the application is to be asked for the page of an error, as it makes
 * one, and was not asked yet; and whether that is still to be done. */
bool fcgi_answer_head_wants_page(struct fcgi_answer_head *head, int status);
bool fcgi_answer_head_owes_page(const struct fcgi_answer_head *head);

/* Has the application asked for it: see fcgi_page_request_start(). */
bool fcgi_answer_head_ask_page(struct fcgi_answer_head *head,
                               struct fcgi_tail_list *tails);

#endif
