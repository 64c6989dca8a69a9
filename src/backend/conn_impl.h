/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a connection, for conn*.c alone.
 */
#ifndef FCGI_BACKEND_CONN_IMPL_H
#define FCGI_BACKEND_CONN_IMPL_H

#include "backend/conn.h"

/* Closes the connection and tells its owner. */
void fcgi_conn_fail(struct fcgi_conn *conn, enum fcgi_conn_failure failure,
                    int error);

/* Moves the deadline. The timer itself is only touched where it would fire
 * too late: that is seldom, and not in each read. */
void fcgi_conn_set_deadline(struct fcgi_conn *conn, uint64_t deadline);

void fcgi_conn_close_socket(struct fcgi_conn *conn);

/* Connects to conn->address; the outcome is told, or comes later. */
void fcgi_conn_connect(struct fcgi_conn *conn);

/* This attempt has failed: the next address, or the same later; or it is
 * told. */
void fcgi_conn_connect_failed(struct fcgi_conn *conn, int error);

/* It is connected: the request goes out. */
void fcgi_conn_opened(struct fcgi_conn *conn);

#endif
