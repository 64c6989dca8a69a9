/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a request that failed may be sent again, and when.
 *
 * Its body is in memory, so it always can; the question is whether it may have
 * been executed. It cannot have been
 *
 *   - where no connection came about;
 *   - where the record that ends its PARAMS has not gone out: no application
 *     may run before;
 *   - where the application says that it did not take it (OVERLOADED,
 *     CANT_MPX_CONN).
 *
 * Then any request goes to another server. A kept connection is looked at
 * before it is used, so that one which the application has closed meanwhile is
 * found out then (fcgi_worker_start), and the request goes out on a new one.
 *
 * What is left is a connection that breaks after the request was sent, without
 * a byte of an answer. Whether the end is an orderly one or a reset says
 * nothing: PHP resets a connection, too, when a script dies that has not read
 * its body to the end. So only methods that are idempotent (RFC 9110, 9.2.2)
 * are sent again: on a kept connection, where it is the likely case that the
 * application closed just when we sent, freely; on a new one as Retries
 * allows, to other servers, and where there is none, once to the same.
 *
 * That is after a PAUSE: PHP-FPM, when it is reloaded, kills its processes one
 * by one, and each may first have taken the next connection from the backlog
 * that they share.
 *
 * When it is restarted it is not there for a moment. So a request that no
 * server took is tried again, with longer pauses, if one of them has only just
 * begun to refuse connections (FCGI_RESTART), and for no longer than that;
 * each time at the server whose turn it is then, or, where none is up, at one of
 * those.
 */
#include <errno.h>

#include "gateway/exchange_impl.h"

#define PAUSE (100 * FCGI_LOOP_MS)
#define PAUSES_LONGER 2 /* how often it is doubled */

bool fcgi_exchange_is_broken(const struct fcgi_conn_problem *problem)
{
    return problem->failure == FCGI_CONN_BROKEN ||
           problem->failure == FCGI_CONN_CLOSED;
}

static bool is_timeout(const struct fcgi_conn_problem *problem)
{
    return problem->failure == FCGI_CONN_SEND_TIMEOUT ||
           problem->failure == FCGI_CONN_READ_TIMEOUT;
}

bool fcgi_exchange_may_repeat(const struct fcgi_exchange *exchange,
                              const struct fcgi_conn_problem *problem)
{
    return problem->unexecuted ||
           (exchange->idempotent && !problem->heard &&
            (fcgi_exchange_is_broken(problem) || is_timeout(problem)));
}

/* EACCES: between bind() and chown() PHP-FPM's new socket is root's. */
static bool is_refusal(const struct fcgi_conn_problem *problem)
{
    return problem->failure == FCGI_CONN_CONNECT &&
           (problem->error == ECONNREFUSED || problem->error == ENOENT ||
            problem->error == EACCES);
}

void fcgi_exchange_note_refusal(struct fcgi_exchange *exchange,
                                const struct fcgi_conn_problem *problem)
{
    uint64_t now = fcgi_loop_now(exchange->gateway->loop);

    if (!is_refusal(problem))
        return;
    fcgi_server_refused(exchange->server, now);
    if (exchange->give_up == 0)
        exchange->give_up = now + FCGI_RESTART;
}

/* The server to try after a pause. */
static struct fcgi_server *choose(struct fcgi_exchange *exchange, bool *probe)
{
    uint64_t now = fcgi_loop_now(exchange->gateway->loop);
    struct fcgi_server *server = exchange->server;
    struct fcgi_server *restarting;

    /* What may have been executed goes to the same server, once. */
    if (!exchange->again) {
        server = fcgi_route_anew(&exchange->route, now, probe);
        restarting =
            fcgi_route_restarting(&exchange->route, now, exchange->pauses);
        if (!*probe || restarting == NULL || server == restarting)
            return server;
        fcgi_server_end_trial(server);
        server = restarting;
    }
    *probe = fcgi_server_health(server, now) != FCGI_HEALTH_UP;
    return server;
}

static void pause_over(struct fcgi_loop_timer *timer)
{
    struct fcgi_exchange *exchange =
        FCGI_LOOP_OWNER(timer, struct fcgi_exchange, pause);
    bool probe;
    struct fcgi_server *server = choose(exchange, &probe);

    if (server == exchange->server) {
        exchange->probe = probe;
        fcgi_exchange_transmit(exchange);
    } else {
        fcgi_exchange_let_go(exchange);
        fcgi_exchange_go(exchange, server, probe);
    }
}

/* Whether it is worth another try. */
static bool is_worth_it(const struct fcgi_exchange *exchange,
                        const struct fcgi_conn_problem *problem)
{
    uint64_t now = fcgi_loop_now(exchange->gateway->loop);

    if (fcgi_exchange_is_broken(problem))
        return exchange->retries > 0 && !exchange->again;
    return is_refusal(problem) && exchange->server->config->retries > 0 &&
           now < exchange->give_up &&
           fcgi_route_restarting(&exchange->route, now, 0) != NULL;
}

bool fcgi_exchange_pause(struct fcgi_exchange *exchange,
                         const struct fcgi_conn_problem *problem,
                         const char *why)
{
    struct fcgi_gateway *gateway = exchange->gateway;
    unsigned longer =
        exchange->pauses < PAUSES_LONGER ? exchange->pauses : PAUSES_LONGER;

    if (!is_worth_it(exchange, problem))
        return false;
    if (exchange->pauses == 0)
        fcgi_exchange_log(exchange, FCGI_LOG_WARNING, "%s; trying again", why);
    fcgi_worker_count(gateway->worker, exchange->server, FCGI_COUNT_RETRIES);
    fcgi_worker_request_over(exchange->conn);
    exchange->again = exchange->again || fcgi_exchange_is_broken(problem);
    exchange->pauses++;
    exchange->pause.fired = pause_over;
    fcgi_loop_set_timer(gateway->loop, &exchange->pause,
                        fcgi_loop_now(gateway->loop) + (PAUSE << longer));
    return true;
}
