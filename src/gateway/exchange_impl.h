/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of an exchange, for exchange*.c, linger.c
 * and gateway.c alone.
 */
#ifndef FCGI_GATEWAY_EXCHANGE_IMPL_H
#define FCGI_GATEWAY_EXCHANGE_IMPL_H

#include "backend/worker.h"
#include "gateway/buffer.h"
#include "gateway/exchange.h"
#include "gateway/reply.h"
#include "proto/header.h"

enum fcgi_exchange_state {
    FCGI_EXCHANGE_WAITING,   /* for a connection, or the head of the answer */
    FCGI_EXCHANGE_STREAMING, /* its body */
    FCGI_EXCHANGE_FLUSHING,  /* nothing more comes from the application */
    FCGI_EXCHANGE_OVER,      /* the host will be told */
};

/* Longest line of STDERR that is logged in one piece. */
#define FCGI_EXCHANGE_LOG_LINE 1024

struct fcgi_exchange {
    struct fcgi_gateway *gateway;
    struct fcgi_exchange *prev, *next; /* those in use; or the unused ones */
    enum fcgi_exchange_state state;

    void *client;
    struct fcgi_loop_io io; /* the client's descriptor */
    struct fcgi_loop_timer timer;
    uint64_t deadline;
    bool blocked;        /* the client takes no more for now */
    bool half_closed;    /* it sends no more; it may be gone */
    size_t retry_length; /* a write that has to be tried again as it was */
    struct fcgi_buffer out;
    size_t out_sent;

    struct fcgi_checkout *checkout; /* waits for a connection */
    struct fcgi_conn *conn;         /* has one */
    struct fcgi_route route;
    struct fcgi_server *server;
    bool probe;      /* the server is not up: tell how it goes */
    bool idempotent; /* may be sent again though it may have been executed */
    bool again; /* may have been executed by a server that is tried again */
    struct fcgi_loop_timer pause; /* before it is tried again */
    unsigned pauses;
    uint64_t give_up; /* no pause from then on; 0: no server has refused */
    unsigned retries;
    const uint8_t *body; /* the host's */
    size_t body_length;
    struct fcgi_buffer params;  /* as any server may be told */
    struct fcgi_buffer adapted; /* to a server's keys, or empty */
    bool script_unknown;        /* it said so */
    struct fcgi_buffer block;   /* memory of `header` */
    struct fcgi_header header;
    struct fcgi_reply reply;
    bool cut; /* the answer is not whole */
    bool tls;

    struct fcgi_loop_task finish;

    char name[256];                    /* "GET /x.php", escaped, for the log */
    char line[FCGI_EXCHANGE_LOG_LINE]; /* STDERR, up to its newline */
    size_t line_length;
};

struct fcgi_gateway {
    struct fcgi_pool *pool;
    struct fcgi_worker *worker;
    const struct fcgi_host *host;
    struct fcgi_loop *loop;
    struct fcgi_exchange in_use; /* head of a ring */
    struct fcgi_exchange *unused;
    size_t n_unused;
    struct fcgi_linger *lingering;
    int64_t date_second;
    char date[32];
    size_t scratch_size;
    uint8_t scratch[]; /* what is read from applications */
};

/* An exchange out of the unused ones, or a new one; NULL where memory is
 * short. */
struct fcgi_exchange *fcgi_gateway_get(struct fcgi_gateway *gateway);
void fcgi_gateway_put(struct fcgi_exchange *exchange);

/*
 * To be called when a whole answer is written and before the host closes `fd`:
 * keeps the connection open, by a descriptor of its own, until the client has
 * received all, where it might lose some otherwise. Plain connections only:
 * TLS says that nothing follows when the host closes.
 */
void fcgi_linger_start(struct fcgi_gateway *gateway, int fd);
void fcgi_linger_end_all(struct fcgi_gateway *gateway);

/* The time for the Date field. The text stays where it is, and is brought up
 * to date by each call. */
const char *fcgi_gateway_date(struct fcgi_gateway *gateway);

/* What the server is told, the exchange's; NULL where memory is short. For
 * each server anew. */
const struct fcgi_buffer *fcgi_exchange_params(struct fcgi_exchange *exchange);

/* At the end: what to look at where the server did not find the script. */
void fcgi_exchange_log_unknown(const struct fcgi_exchange *exchange);

/* The application's side: goes to the first server. Sets what it needs of the
 * request and of the rule that handed it to us. */
void fcgi_exchange_send(struct fcgi_exchange *exchange,
                        const struct fcgi_http_request *request,
                        bool (*allows)(const void *arg,
                                       const struct fcgi_server *server),
                        const void *arg);

/* Sends the request on the exchange's connection, for the first time or anew. */
void fcgi_exchange_transmit(struct fcgi_exchange *exchange);

/* Goes to a server; where its queue is full, to the next one. */
void fcgi_exchange_go(struct fcgi_exchange *exchange,
                      struct fcgi_server *server, bool probe);

/* Of a request that failed: whether it may be sent again; whether its
 * connection broke. */
bool fcgi_exchange_may_repeat(const struct fcgi_exchange *exchange,
                              const struct fcgi_conn_problem *problem);
bool fcgi_exchange_is_broken(const struct fcgi_conn_problem *problem);

/* Remembers if a server refused it. */
void fcgi_exchange_note_refusal(struct fcgi_exchange *exchange,
                                const struct fcgi_conn_problem *problem);

/* Tries it again after a pause, its place among the server's connections being
 * kept meanwhile; false where that is not worth it. */
bool fcgi_exchange_pause(struct fcgi_exchange *exchange,
                         const struct fcgi_conn_problem *problem,
                         const char *why);

/* Goes to another server, with a line for the log that says why; false where
 * there is none left, or Retries forbids it. */
bool fcgi_exchange_move_on(struct fcgi_exchange *exchange, const char *why);

/* The server has answered, or has not. */
void fcgi_exchange_worked(struct fcgi_exchange *exchange);
void fcgi_exchange_failed(struct fcgi_exchange *exchange,
                          enum fcgi_count count);

/* Gives the connection back, or its checkout up. */
void fcgi_exchange_let_go(struct fcgi_exchange *exchange);

/* What comes of the application: in exchange.c. */
bool fcgi_exchange_on_stdout(struct fcgi_conn *conn, const uint8_t *bytes,
                             size_t length);
void fcgi_exchange_on_stderr(struct fcgi_conn *conn, const uint8_t *bytes,
                             size_t length);
void fcgi_exchange_on_end(struct fcgi_conn *conn,
                          const struct fcgi_end_request *end);
void fcgi_exchange_on_batch(struct fcgi_conn *conn);

/* No more comes from the application: what there is goes out, then the exchange
 * ends. */
void fcgi_exchange_complete(struct fcgi_exchange *exchange, bool cut);
void fcgi_exchange_answer_error(struct fcgi_exchange *exchange, int status);
void fcgi_exchange_refuse(struct fcgi_exchange *exchange, int status,
                          const char *why);

/* The client's side. */
void fcgi_exchange_init_client(struct fcgi_exchange *exchange, void *client,
                               int fd);

/* Writes what there is for the client; once all is written, in state FLUSHING,
 * the exchange ends. The application is read on as long as there is room
 * (BufferSize). */
void fcgi_exchange_flush(struct fcgi_exchange *exchange);

/* Lets everything go that the exchange owns; the host is told when all callers
 * have returned. */
void fcgi_exchange_over(struct fcgi_exchange *exchange);

/* The same for a client that cannot be served to the end. */
void fcgi_exchange_client_gone(struct fcgi_exchange *exchange);

/* Names the exchange for the log. */
void fcgi_exchange_set_name(struct fcgi_exchange *exchange,
                            const struct fcgi_http_request *request);

/* One line: `server "NAME": GET /x.php: ...`. */
void fcgi_exchange_log(const struct fcgi_exchange *exchange,
                       enum fcgi_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The reason of a failure with, where one applies, its cure. */
void fcgi_exchange_describe(const struct fcgi_exchange *exchange,
                            const struct fcgi_conn_problem *problem, char *text,
                            size_t size);

/* STDERR in lines, as they become complete; and the last one. */
void fcgi_exchange_log_stderr(struct fcgi_exchange *exchange,
                              const uint8_t *bytes, size_t length);
void fcgi_exchange_end_stderr(struct fcgi_exchange *exchange);

#endif
