/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbers of Monkey 1.6's plugin ABI, the same from 1.6.0 to 1.6.9
 * except for the types of streams, which 1.6.0 counts one higher from FILE on.
 */
#ifndef FCGI_MONKEY_ABI16_VALUES_H
#define FCGI_MONKEY_ABI16_VALUES_H

/* Plugin hooks: a Match handler needs exactly this value. */
#define MK16_HOOK_NETWORK_LAYER 128
#define MK16_HOOK_STAGE 256

/* What a stage returns. */
#define MK16_NOT_ME (-1)
#define MK16_CONTINUE 100
#define MK16_END 200
#define MK16_CLOSE_CONX 300

/* mk16_plugin.capabilities and mk16_listener.flags */
#define MK16_CAP_HTTP 1
#define MK16_CAP_SOCK_PLAIN 4
#define MK16_CAP_SOCK_TLS 8

/* mk16_event.type, .mask and .status */
#define MK16_EVENT_NOTIFICATION 0
#define MK16_EVENT_LISTENER 1
#define MK16_EVENT_CONNECTION 2
#define MK16_EVENT_CUSTOM 3
#define MK16_EVENT_EMPTY 0
#define MK16_EVENT_READ 1
#define MK16_EVENT_WRITE 4
#define MK16_EVENT_SLEEP 8
#define MK16_EVENT_CLOSE 8216
#define MK16_EVENT_IDLE 24
#define MK16_EVENT_NONE 1
#define MK16_EVENT_REGISTERED 2

/* mk16_stream.type (1.6.1 and later), results of channel_write */
#define MK16_STREAM_IOV 1
#define MK16_STREAM_FILE 2
#define MK16_STREAM_SOCKET 3
#define MK16_STREAM_COPYBUF 4
#define MK16_STREAM_EOF 5
#define MK16_CHANNEL_DONE 1
#define MK16_CHANNEL_ERROR 2
#define MK16_CHANNEL_FLUSH 4
#define MK16_CHANNEL_EMPTY 8
#define MK16_CHANNEL_BUSY 16

/* mk16_request.method and .protocol */
#define MK16_METHOD_GET 0
#define MK16_METHOD_POST 1
#define MK16_METHOD_HEAD 2
#define MK16_METHOD_PUT 3
#define MK16_METHOD_DELETE 4
#define MK16_METHOD_OPTIONS 5
#define MK16_METHOD_UNKNOWN 7
#define MK16_PROTOCOL_UNKNOWN (-1)
#define MK16_PROTOCOL_10 10
#define MK16_PROTOCOL_11 11

/* Indexes into mk16_parser.headers */
#define MK16_HEADER_ACCEPT 0
#define MK16_HEADER_ACCEPT_CHARSET 1
#define MK16_HEADER_ACCEPT_ENCODING 2
#define MK16_HEADER_ACCEPT_LANGUAGE 3
#define MK16_HEADER_AUTHORIZATION 4
#define MK16_HEADER_CACHE_CONTROL 5
#define MK16_HEADER_COOKIE 6
#define MK16_HEADER_CONNECTION 7
#define MK16_HEADER_CONTENT_LENGTH 8
#define MK16_HEADER_CONTENT_RANGE 9
#define MK16_HEADER_CONTENT_TYPE 10
#define MK16_HEADER_HOST 11
#define MK16_HEADER_IF_MODIFIED_SINCE 12
#define MK16_HEADER_LAST_MODIFIED 13
#define MK16_HEADER_LAST_MODIFIED_SINCE 14
#define MK16_HEADER_RANGE 15
#define MK16_HEADER_REFERER 16
#define MK16_HEADER_UPGRADE 17
#define MK16_HEADER_USER_AGENT 18
#define MK16_HEADERS 19
#define MK16_HEADER_OTHER 20
#define MK16_HEADERS_EXTRA 8

/* mk16_parser.header_connection */
#define MK16_CONNECTION_EMPTY 0
#define MK16_CONNECTION_UNKNOWN (-1)
#define MK16_CONNECTION_KEEP_ALIVE 1
#define MK16_CONNECTION_CLOSE 2
#define MK16_CONNECTION_UPGRADE 3

/* mk16_session.status, reasons of a close, levels of the log */
#define MK16_SESSION_INCOMPLETE (-1)
#define MK16_SESSION_COMPLETED 0
#define MK16_CLOSED 0
#define MK16_CLOSED_ERROR 1
#define MK16_CLOSED_TIMEOUT 2
#define MK16_CLOSED_DONE 3
#define MK16_LOG_INFO 0x1000
#define MK16_LOG_ERROR 0x1001
#define MK16_LOG_WARNING 0x1002

/* The size of mk16_session.body_fixed, which a receive buffer begins in. */
#define MK16_REQUEST_CHUNK 4096

/* The mode of file_get_info() that looks whether a file may be read. */
#define MK16_FILE_READ 2

/* mk16_config.scheduler_mode */
#define MK16_SCHEDULER_FAIR 0
#define MK16_SCHEDULER_REUSEPORT 1

#endif
