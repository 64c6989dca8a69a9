/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbers that only the plugin ABI of Monkey 1.8.1 to 1.8.9 has.
 */
#ifndef FCGI_MONKEY_ABI18_VALUES_H
#define FCGI_MONKEY_ABI18_VALUES_H

#define MK_RELEASES "1.8.9"

/* MK_NOT_ME of stage 30 sends two heads. */
#define MK_MAY_DECLINE 0

/* See abi16_values.h. */
#define MK_ON_CONN \
    void *conn, struct mk_worker *worker, struct mk_config *config
#define MK_ON_CLOSE \
    void *conn, struct mk_worker *worker, int why, struct mk_config *config
#define MK_ON_FD __attribute__((unused)) struct mk_plugin *plugin, int fd
/* -1 would have the loop register the descriptor once more. */
#define MK_READ_NOTHING 1
#define MK_CONN_ARGS(conn, worker, config) (conn, worker, config)
#define MK_CLOSE_ARGS(conn, worker, why, config) (conn, worker, why, config)

#define MK_TIME_ARGUMENT(config) config
#define MK_MIMETYPE_ARGUMENT(config) config,

/* mk_response.status of a new request */
#define MK_STATUS_NONE (-1)

/* mk_event.type */
#define MK_EVENT_NOTIFICATION 0
#define MK_EVENT_LISTENER 1
#define MK_EVENT_CONNECTION 3
#define MK_EVENT_CUSTOM 4
#define MK_EVENT_UNMODIFIED (-1)

/* mk_stream_input.type */
#define MK_STREAM_RAW 0
#define MK_STREAM_IOV 1
#define MK_STREAM_FILE 2

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
#define MK_HEADER_HTTP2_SETTINGS 12
#define MK_HEADER_IF_MODIFIED_SINCE 13
#define MK_HEADER_LAST_MODIFIED 14
#define MK_HEADER_LAST_MODIFIED_SINCE 15
#define MK_HEADER_RANGE 16
#define MK_HEADER_REFERER 17
#define MK_HEADER_TRANSFER_ENCODING 18
#define MK_HEADER_UPGRADE 19
#define MK_HEADER_USER_AGENT 20
#define MK_HEADERS 21
#define MK_HEADER_OTHER 22
#define MK_HEADERS_EXTRA 50

/* mk_parser.header_connection, .header_transfer_encoding */
#define MK_CONNECTION_UPGRADE 4
#define MK_TRANSFER_CHUNKED 1

/* Kinds of mk_regex */
#define MK_REGEX_END 0
#define MK_REGEX_DOT 1
#define MK_REGEX_LINE_BEGIN 2
#define MK_REGEX_LINE_END 3
#define MK_REGEX_QUESTION 4
#define MK_REGEX_STAR 5
#define MK_REGEX_PLUS 6
#define MK_REGEX_CHAR 7
#define MK_REGEX_CLASS 8
#define MK_REGEX_NOT_CLASS 9
#define MK_REGEX_DIGIT 10
#define MK_REGEX_NOT_DIGIT 11
#define MK_REGEX_WORD 12
#define MK_REGEX_NOT_WORD 13
#define MK_REGEX_SPACE 14
#define MK_REGEX_NOT_SPACE 15
#define MK_REGEX_MOST 512      /* of them in one expression */
#define MK_REGEX_CLASS_MOST 40 /* bytes of all classes together */

#endif
