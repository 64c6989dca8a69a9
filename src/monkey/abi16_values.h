/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbers that only Monkey 1.6's plugin ABI has: the same from 1.6.0 to
 * 1.6.9 except for the types of streams, which 1.6.0 counts one higher from
 * FILE on.
 */
#ifndef FCGI_MONKEY_ABI16_VALUES_H
#define FCGI_MONKEY_ABI16_VALUES_H

#define MK_RELEASES "1.6.0 to 1.6.9"

/* Whether stage 30 may say MK_NOT_ME, and the core then goes on. */
#define MK_MAY_DECLINE 1

/* The parameters of mk_sched_handler's callbacks, and of mk_network's in front
 * of the descriptor; and the arguments for them. */
#define MK_ON_CONN void *conn, struct mk_worker *worker
#define MK_ON_CLOSE MK_ON_CONN, int why
#define MK_ON_FD int fd
/* What cb_read returns where nothing has come, with errno EAGAIN. */
#define MK_READ_NOTHING (-1)
#define MK_CONN_ARGS(conn, worker, config) (conn, worker)
#define MK_CLOSE_ARGS(conn, worker, why, config) (conn, worker, why)

/* What time_unix() is called with. */
#define MK_TIME_ARGUMENT(config)

/* What mimetype_lookup() is called with, in front of the extension. */
#define MK_MIMETYPE_ARGUMENT(config)

/* The mode of file_get_info() that looks whether a file may be read. */
#define MK_FILE_READ 2

/* mk_response.status of a new request */
#define MK_STATUS_NONE 0

/* mk_event.type */
#define MK_EVENT_NOTIFICATION 0
#define MK_EVENT_LISTENER 1
#define MK_EVENT_CONNECTION 2
#define MK_EVENT_CUSTOM 3

/* mk_stream.type (1.6.1 and later) */
#define MK_STREAM_IOV 1
#define MK_STREAM_FILE 2
#define MK_STREAM_SOCKET 3
#define MK_STREAM_COPYBUF 4
#define MK_STREAM_EOF 5

/* Indexes into mk_parser.headers */
#define MK_HEADER_ACCEPT 0
#define MK_HEADER_ACCEPT_CHARSET 1
#define MK_HEADER_ACCEPT_ENCODING 2
#define MK_HEADER_ACCEPT_LANGUAGE 3
#define MK_HEADER_AUTHORIZATION 4
#define MK_HEADER_CACHE_CONTROL 5
#define MK_HEADER_COOKIE 6
#define MK_HEADER_CONNECTION 7
#define MK_HEADER_CONTENT_LENGTH 8
#define MK_HEADER_CONTENT_RANGE 9
#define MK_HEADER_CONTENT_TYPE 10
#define MK_HEADER_HOST 11
#define MK_HEADER_IF_MODIFIED_SINCE 12
#define MK_HEADER_LAST_MODIFIED 13
#define MK_HEADER_LAST_MODIFIED_SINCE 14
#define MK_HEADER_RANGE 15
#define MK_HEADER_REFERER 16
#define MK_HEADER_UPGRADE 17
#define MK_HEADER_USER_AGENT 18
#define MK_HEADERS 19
#define MK_HEADER_OTHER 20
#define MK_HEADERS_EXTRA 8

/* mk_parser.header_connection */
#define MK_CONNECTION_UPGRADE 3

#endif
