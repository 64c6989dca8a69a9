/* SPDX-License-Identifier: Apache-2.0
 *
 * What an application still does for a request whose client has its answer.
 */
#include "gateway/tail.h"

#include <stdlib.h>

struct fcgi_tail {
    struct fcgi_list link; /* the list's */
    struct fcgi_tail_list *list;
    struct fcgi_conn *conn;
    struct fcgi_log log;
    bool bodiless;
};

/* The one place where it ends: the connection is given back. */
static void end(struct fcgi_tail *tail)
{
    fcgi_log_end_stderr(&tail->log, tail->conn->server);
    fcgi_list_remove(&tail->link);
    tail->list->count--;
    fcgi_worker_release(tail->conn);
    free(tail);
}

/* Ends it for a reason that the log is told. */
static void fail(struct fcgi_tail *tail, const struct fcgi_attempt *attempt)
{
    fcgi_worker_count(tail->list->worker, attempt->server,
                      fcgi_attempt_counter(attempt));
    fcgi_log_attempt(&tail->log, attempt, FCGI_LOG_ERROR,
                     "the answer was complete");
    end(tail);
}

static bool on_stdout(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length)
{
    struct fcgi_tail *tail = conn->owner;

    (void)bytes;
    (void)length;
    if (!tail->bodiless) {
        fcgi_log_write(&tail->log, conn->server, FCGI_LOG_WARNING,
                       "the application sent more behind the end of its "
                       "answer; that is cut off");
        end(tail);
    }
    return false;
}

static void on_stderr(struct fcgi_conn *conn, const uint8_t *bytes,
                      size_t length)
{
    struct fcgi_tail *tail = conn->owner;

    fcgi_log_stderr(&tail->log, conn->server, bytes, length);
}

static void on_batch(struct fcgi_conn *conn)
{
    (void)conn;
}

static void on_end(struct fcgi_conn *conn, const struct fcgi_end_request *last)
{
    struct fcgi_tail *tail = conn->owner;
    const struct fcgi_attempt attempt = {
        .kind = FCGI_ATTEMPT_REFUSED,
        .server = conn->server,
        .protocol_status = last->protocol_status,
        .begun = true,
    };

    if (last->protocol_status == FCGI_REQUEST_COMPLETE) {
        end(tail);
    } else {
        fcgi_conn_close(conn);
        fail(tail, &attempt);
    }
}

static void on_failure(struct fcgi_conn *conn,
                       const struct fcgi_conn_problem *problem)
{
    const struct fcgi_attempt attempt = {
        .kind = FCGI_ATTEMPT_CONNECTION,
        .server = conn->server,
        .problem = *problem,
    };

    fail(conn->owner, &attempt);
}

void fcgi_tail_init(struct fcgi_tail_list *list, struct fcgi_worker *worker)
{
    list->worker = worker;
    fcgi_list_init(&list->all);
    list->count = 0;
}

bool fcgi_tail_start(struct fcgi_tail_list *list,
                     struct fcgi_upstream *upstream, struct fcgi_log *log,
                     bool bodiless)
{
    static const struct fcgi_conn_handlers handlers = {
        .on_stdout = on_stdout,
        .on_stderr = on_stderr,
        .on_batch = on_batch,
        .on_end = on_end,
        .on_failure = on_failure,
    };
    struct fcgi_tail *tail =
        list->count < FCGI_TAIL_MOST ? malloc(sizeof(*tail)) : NULL;

    if (tail == NULL)
        return false;
    tail->list = list;
    tail->log = *log;
    log->length = 0;
    tail->bodiless = bodiless;
    tail->conn = fcgi_upstream_leave(upstream);
    fcgi_list_add(&list->all, &tail->link);
    list->count++;
    tail->conn->owner = tail;
    tail->conn->handlers = &handlers;
    tail->conn->read_most = tail->conn->scratch_size;
    fcgi_conn_resume(tail->conn); /* it may fail, and be over, by that */
    return true;
}

void fcgi_tail_end_all(struct fcgi_tail_list *list)
{
    while (!fcgi_list_is_empty(&list->all))
        end(FCGI_LOOP_OWNER(list->all.next, struct fcgi_tail, link));
}
