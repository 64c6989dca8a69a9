/* SPDX-License-Identifier: Apache-2.0
 *
 * For the tests of backend/conn.c: a connection with its loop, and the other
 * side in the same thread, as a socket that the test reads and writes when it
 * likes. What the connection tells is gathered as text.
 */
#ifndef T_UNIT_BACKEND_RIG_H
#define T_UNIT_BACKEND_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/conn.h"

/* ms that is waited for what must come. */
#define RIG_PATIENCE 8000

enum rig_kind {
    RIG_UNIX,
    RIG_TCP,
};

/* The handlers of a connection, as bits. */
enum rig_handler {
    RIG_STDOUT = 1,
    RIG_STDERR = 2,
    RIG_END = 4,
    RIG_BATCH = 8,
    RIG_FAILURE = 16,
    RIG_OPEN = 32,
    RIG_SENT = 64,
};

struct rig {
    struct fcgi_loop *loop;
    struct fcgi_conn conn;
    struct fcgi_server_config config; /* all timeouts are a minute at first */
    struct fcgi_server server;
    struct fcgi_address addresses[2];
    size_t n_addresses; /* of those, to be tried */
    char dir[32], path[64];
    int lowest_fd; /* that was free before */
    int listener;
    int peer;         /* the application's side of the connection */
    uint64_t started; /* when rig_start() was called */
    uint8_t params[64];
    size_t params_length;
    uint8_t scratch[1024];

    /* "out(TEXT)", "err(TEXT)", "end(APP PROTOCOL)", "fail(WHY)"; spans that
     * follow each other are one. */
    char told[2048];
    char last; /* kind of the last entry: o, e or 0 */
    unsigned batches;
    bool unbatched; /* a span was told after the last on_batch */
    bool over;      /* on_end or on_failure was told, or the test closed it */
    struct fcgi_conn_problem problem;

    bool partial;     /* more of the body is to come behind rig_start()'s */
    unsigned opened;  /* on_open was told */
    unsigned starved; /* on_sent was */

    unsigned close_in, pause_in; /* handlers that do it, once */
    /* on_failure starts anew, once; with this address, if it is one. */
    bool again;
    struct fcgi_address other;
    uint8_t flags; /* of the requests to come */
};

/* Bytes to send, built from records. */
struct rig_wire {
    uint8_t bytes[4096];
    size_t length;
};

/* Makes a rig with a listening socket. */
void rig_open(struct rig *rig, enum rig_kind kind, int backlog);

/* Closes all, and asserts that no descriptor is left over. */
void rig_close(struct rig *rig);

/* Starts a request with these bytes as its body. */
void rig_start(struct rig *rig, const uint8_t *body, size_t length);

/* Accepts the connection; the peer does not block. */
void rig_accept(struct rig *rig);

/* Runs the loop until the connection is over. */
void rig_run_until_over(struct rig *rig);

/* Runs the loop until so much time has passed. */
void rig_run_for(struct rig *rig, uint64_t ms);
/* The request counts as just begun for as long as the test takes: where the
 * machine stands still, the process is not taken for a busy one. */
void rig_stop_clock(struct rig *rig);

/* Runs the loop and reads the peer until it has that many bytes. */
void rig_receive(struct rig *rig, uint8_t *bytes, size_t length);

/* Receives the whole request and asserts that it is the right one. */
void rig_receive_request(struct rig *rig);

void rig_send(const struct rig *rig, const void *bytes, size_t length);

/* Asserts that the connection is closed and holds nothing; that its peer sees
 * the end, too. */
void rig_assert_closed(struct rig *rig);

/* Whether the loop has something to do. */
bool rig_is_due(const struct rig *rig);

/* An address where nobody listens: a port that is held in `*fd`. */
void rig_refusing_address(struct fcgi_address *address, int *fd);

/* Adds a record. */
void rig_wire_add(struct rig_wire *wire, enum fcgi_type type, const void *bytes,
                  size_t length, uint8_t padding);
void rig_wire_end(struct rig_wire *wire, uint32_t app, uint8_t protocol);

#endif
