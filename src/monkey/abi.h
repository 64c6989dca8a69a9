/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin ABI of Monkey: what its releases have in common, and, below that,
 * one of the two that exist.
 *
 * Between 1.6 and 1.7 nearly every structure changed. What has the same purpose
 * has the same name here, so that code can be written once and compiled once
 * for each ABI, with MK_ABI being 16 or 18 (abi16.h, abi18.h). Functions that
 * come out of it bear the ABI in their names: FCGI_MONKEY_NAME(log) is
 * fcgi_monkey16_log or fcgi_monkey18_log.
 */
#ifndef FCGI_MONKEY_ABI_H
#define FCGI_MONKEY_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#define FCGI_MONKEY_NAME(name) FCGI_MONKEY_NAME_OF(MK_ABI, name)
#define FCGI_MONKEY_NAME_OF(abi, name) FCGI_MONKEY_PASTE(abi, name)
#define FCGI_MONKEY_PASTE(abi, name) fcgi_monkey##abi##_##name

/* Plugin hooks: a Match handler needs exactly this value. */
#define MK_HOOK_NETWORK_LAYER 128
#define MK_HOOK_STAGE 256

/* What a stage returns. */
#define MK_NOT_ME (-1)
#define MK_CONTINUE 100
#define MK_END 200
#define MK_CLOSE_CONX 300

/* mk_plugin.capabilities and mk_listener.flags */
#define MK_CAP_HTTP 1
#define MK_CAP_SOCK_PLAIN 4
#define MK_CAP_SOCK_TLS 8

/* mk_event.mask and .status */
#define MK_EVENT_EMPTY 0
#define MK_EVENT_READ 1
#define MK_EVENT_WRITE 4
#define MK_EVENT_SLEEP 8
#define MK_EVENT_CLOSE 8216
#define MK_EVENT_IDLE 24
#define MK_EVENT_NONE 1
#define MK_EVENT_REGISTERED 2

/* Results of channel_write */
#define MK_CHANNEL_DONE 1
#define MK_CHANNEL_ERROR 2
#define MK_CHANNEL_FLUSH 4
#define MK_CHANNEL_EMPTY 8
#define MK_CHANNEL_BUSY 16

/* mk_request.method and .protocol */
#define MK_METHOD_GET 0
#define MK_METHOD_POST 1
#define MK_METHOD_HEAD 2
#define MK_METHOD_PUT 3
#define MK_METHOD_DELETE 4
#define MK_METHOD_OPTIONS 5
#define MK_METHOD_UNKNOWN 7
#define MK_PROTOCOL_UNKNOWN (-1)
#define MK_PROTOCOL_10 10
#define MK_PROTOCOL_11 11

/* mk_parser.header_connection */
#define MK_CONNECTION_EMPTY 0
#define MK_CONNECTION_UNKNOWN (-1)
#define MK_CONNECTION_KEEP_ALIVE 1
#define MK_CONNECTION_CLOSE 2

/* mk_session.status, reasons of a close, levels of the log */
#define MK_SESSION_INCOMPLETE (-1)
#define MK_SESSION_COMPLETED 0
#define MK_CLOSED 0
#define MK_CLOSED_ERROR 1
#define MK_CLOSED_TIMEOUT 2
#define MK_CLOSED_DONE 3
#define MK_LOG_INFO 0x1000
#define MK_LOG_ERROR 0x1001
#define MK_LOG_WARNING 0x1002

/* The size of mk_session.body_fixed, which a receive buffer begins in. */
#define MK_REQUEST_CHUNK 4096

/* mk_config.scheduler_mode */
#define MK_SCHEDULER_FAIR 0
#define MK_SCHEDULER_REUSEPORT 1

/* Monkey's off_t. It asks for no large files, so that on 32 bits it is not
 * ours, unless the flags of the whole build ask for them: then Monkey's did as
 * well. The same flags decide on time_t. */
#if MK_OFF_BYTES == 4
typedef int32_t mk_off_t;
#else
typedef off_t mk_off_t;
#endif

struct mk_list {
    struct mk_list *prev;
    struct mk_list *next;
};

/* The structure that holds a list node. */
#define MK_ENTRY(node, type, member) \
    ((type *)((uintptr_t)(node)-offsetof(type, member)))

/* Text by address and length; an absent one has data NULL, and its length
 * may then be anything, (unsigned long)-1 included. */
struct mk_ptr {
    char *data;
    unsigned long len;
};

struct mk_iov {
    int iov_idx;
    int buf_idx;
    int size;
    unsigned long total_len;
    struct iovec *io;
    void **buf_to_free;
};

struct mk_event_loop {
    int size;
    int n_events;
    struct mk_event *events;
    void *data; /* struct mk_event_ctx */
};

/* What mk_event_loop.data is with epoll. */
struct mk_event_ctx {
    int efd;
    int queue_size;
    void *events; /* struct epoll_event[] */
};

struct mk_listener {
    char *address;
    char *port;
    uint32_t flags;
    struct mk_list head;
};

struct mk_file_info {
    size_t size;
    time_t last_modification;
    int flags_read_only;
    unsigned char exists;
    unsigned char is_file;
    unsigned char is_link;
    unsigned char is_directory;
    unsigned char exec_access;
    unsigned char read_access;
};

struct mk_header {
    int type;
    struct mk_ptr key;
    struct mk_ptr val;
    struct mk_list head;
};

struct mk_host_alias {
    char *name;
    unsigned int len;
    struct mk_list head;
};

struct mk_handler_param {
    struct mk_ptr p;
    struct mk_list head;
};

/* A page of [ERROR_PAGES]. */
struct mk_error_page {
    short int status;
    char *file;
    char *real_path; /* below DocumentRoot */
    struct mk_list head;
};

/* A type of files by their extension; more follows. `header` is a whole field,
 * ended by CRLF. */
struct mk_mimetype {
    char *name;
    struct mk_ptr type, header;
};

struct mk_string_line {
    char *val;
    int len;
    struct mk_list head;
};

#if MK_ABI == 16
#include "monkey/abi16.h"
#elif MK_ABI == 18
#include "monkey/abi18.h"
#else
#error "MK_ABI must be 16 or 18"
#endif

#endif
