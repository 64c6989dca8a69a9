/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin ABI of Monkey 1.6.0 to 1.6.9 on x86-64 Linux, described anew.
 *
 * Monkey installs no headers that a plugin could be built with apart from
 * its tree, and its structures differ between releases in two places only.
 * So the layout is written down here, member by member, and every offset
 * that the plugin or fcgi-serve relies on is checked by the compiler in
 * abi16_check.c. Two families exist: A is 1.6.0 to 1.6.6, B is 1.6.7 to
 * 1.6.9; only mk16_channel and mk16_conn differ between them.
 *
 * Members that neither side uses are here for their size alone.
 */
#ifndef FCGI_MONKEY_ABI16_H
#define FCGI_MONKEY_ABI16_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include "monkey/abi16_values.h"

struct mk16_list {
    struct mk16_list *prev;
    struct mk16_list *next;
};

/* The structure that holds a list node. */
#define MK16_ENTRY(node, type, member) \
    ((type *)((uintptr_t)(node)-offsetof(type, member)))

/* Text by address and length; an absent one has data NULL, and its length
 * may then be anything, (unsigned long)-1 included. */
struct mk16_ptr {
    char *data;
    unsigned long len;
};

struct mk16_rb_node {
    unsigned long parent_color;
    struct mk16_rb_node *right;
    struct mk16_rb_node *left;
};

struct mk16_iov {
    int iov_idx;
    int buf_idx;
    int size;
    unsigned long total_len;
    struct iovec *io;
    void **buf_to_free;
};

struct mk16_event {
    int fd;
    int type;
    uint32_t mask;
    uint8_t status;
    void *data;
    int (*handler)(void *event);
    struct mk16_list head;
};

struct mk16_event_loop {
    int size;
    int n_events;
    struct mk16_event *events;
    void *data; /* struct mk16_event_ctx */
};

/* What mk16_event_loop.data is with epoll. */
struct mk16_event_ctx {
    int efd;
    int queue_size;
    void *events; /* struct epoll_event[] */
};

struct mk16_network {
    int (*read)(int fd, void *buf, int size);
    int (*write)(int fd, const void *buf, size_t size);
    int (*writev)(int fd, struct mk16_iov *iov);
    int (*close)(int fd);
    int (*send_file)(int out, int in, off_t *offset, size_t size);
    int buffer_size;
};

struct mk16_channel_a {
    int type;
    int fd;
    int status;
    struct mk16_event event;
    struct mk16_network *io;
    struct mk16_list streams;
};

struct mk16_channel_b {
    int type;
    int fd;
    int status;
    struct mk16_event *event;
    struct mk16_network *io;
    struct mk16_list streams;
};

struct mk16_stream {
    int type;
    int fd;
    int preserve;
    int encoding;
    int dynamic;
    size_t bytes_total;
    off_t bytes_offset;
    void *channel;
    void *buffer;
    void *data;
    void (*cb_finished)(struct mk16_stream *stream);
    void (*cb_bytes_consumed)(struct mk16_stream *stream, long bytes);
    void (*cb_exception)(struct mk16_stream *stream, int error);
    struct mk16_list head;
};

struct mk16_conn_a {
    struct mk16_event event;
    int status;
    char is_timeout_on;
    time_t arrive_time;
    struct mk16_sched_handler *protocol;
    struct mk16_network *net;
    struct mk16_channel_a channel;
    struct mk16_list timeout_head;
    struct mk16_rb_node rb_head;
};

struct mk16_conn_b {
    struct mk16_event event;
    int status;
    uint32_t properties;
    char is_timeout_on;
    time_t arrive_time;
    struct mk16_sched_handler *protocol;
    struct mk16_server_listen *server_listen;
    struct mk16_network *net;
    struct mk16_channel_b channel;
    struct mk16_list timeout_head;
    struct mk16_rb_node rb_head;
};

struct mk16_worker {
    struct mk16_event_loop *loop;
    unsigned long long accepted_connections;
    unsigned long long closed_connections;
    unsigned long long over_capacity;
    void *rb_queue;
    struct mk16_list timeout_queue;
    short int idx;
    unsigned char initialized;
    unsigned long tid;
    pid_t pid;
    unsigned int mem_pagesize;
    struct mk16_session *request_handler;
    struct mk16_list event_free_queue;
    int signal_channel_r;
    int signal_channel_w;
    struct mk16_list *listeners;
};

struct mk16_sched_handler {
    const char *name;
    int (*cb_read)(void *conn, struct mk16_worker *worker);
    int (*cb_close)(void *conn, struct mk16_worker *worker, int why);
    int (*cb_done)(void *conn, struct mk16_worker *worker);
    int sched_extra_size;
    char capabilities;
};

struct mk16_listener {
    char *address;
    char *port;
    uint32_t flags;
    struct mk16_list head;
};

struct mk16_server_listen {
    struct mk16_event event;
    int server_fd;
    struct mk16_plugin *network;
    struct mk16_sched_handler *protocol;
    struct mk16_listener *listen;
    struct mk16_list head;
};

struct mk16_file_info {
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

struct mk16_response {
    int status;
    int connection;
    struct mk16_ptr custom_status;
    long content_length;
    long real_length;
    int cgi;
    int pconnections_left;
    int breakline;
    int transfer_encoding;
    int ranges[2];
    time_t last_modified;
    struct mk16_ptr allow_methods;
    struct mk16_ptr content_type;
    struct mk16_ptr content_encoding;
    char *location;
    int etag_len;
    char etag_buf[32];
    struct mk16_iov *extra_rows;
    int sent;
    struct mk16_iov headers_iov;
    struct iovec iov_io[32];
    void *iov_buf[32];
};

struct mk16_request {
    int status;
    int protocol;
    int user_home;
    long port;
    struct mk16_stream headers_stream;
    struct mk16_stream headers_extra_stream;
    struct mk16_stream file_stream;
    struct mk16_stream page_stream;
    int headers_len;
    int method;
    struct mk16_ptr method_p;
    struct mk16_ptr uri;
    struct mk16_ptr uri_processed;
    struct mk16_ptr protocol_p;
    struct mk16_ptr body;
    int content_length;
    struct mk16_ptr content_length_p;
    struct mk16_ptr content_type;
    struct mk16_ptr connection;
    struct mk16_ptr host;
    struct mk16_ptr host_port;
    struct mk16_ptr if_modified_since;
    struct mk16_ptr last_modified_since;
    struct mk16_ptr range;
    struct mk16_ptr data;
    struct mk16_ptr real_path;
    char real_path_static[128];
    struct mk16_ptr query_string;
    int stage30_blocked;
    void *stage30_handler;
    struct mk16_file_info file_info;
    int vhost_fdt_id;
    unsigned int vhost_fdt_hash;
    int vhost_fdt_enabled;
    struct mk16_host *host_conf;
    struct mk16_host_alias *host_alias;
    void *handler_data;
    struct mk16_session *session;
    struct mk16_list head;
    struct mk16_response headers;
};

struct mk16_header {
    int type;
    struct mk16_ptr key;
    struct mk16_ptr val;
    struct mk16_list head;
};

struct mk16_parser {
    int i;
    int level;
    int status;
    int next;
    int length;
    int method;
    int start;
    int end;
    int chars;
    int header_host_port;
    long body_received;
    long header_content_length;
    int header_connection;
    int header_key;
    int header_sep;
    int header_val;
    int header_min;
    int header_max;
    int headers_extra_count;
    struct mk16_header headers[MK16_HEADERS];
    int header_count;
    struct mk16_list header_list;
    struct mk16_header headers_extra[MK16_HEADERS_EXTRA];
};

struct mk16_session {
    int sched_init;
    int socket;
    int pipelined;
    int counter_connections;
    int status;
    int close_now;
    void *channel; /* struct mk16_channel_a or _b, inside the connection */
    void *conn;    /* struct mk16_conn_a or _b */
    unsigned int body_size;
    unsigned int body_length;
    struct mk16_rb_node rb_head;
    struct mk16_list request_list;
    time_t init_time;
    char *body;
    char body_fixed[MK16_REQUEST_CHUNK];
    struct mk16_request sr_fixed;
    struct mk16_parser parser;
};

struct mk16_host_alias {
    char *name;
    unsigned int len;
    struct mk16_list head;
};

/* A file of configuration as Monkey has read it. */
struct mk16_rconf {
    int created;
    char *file;
    struct mk16_list sections; /* struct mk16_rconf_section */
};

struct mk16_rconf_section {
    char *name;
    struct mk16_list entries; /* struct mk16_rconf_entry */
    struct mk16_list head;
};

struct mk16_rconf_entry {
    char *key;
    char *val;
    struct mk16_list head;
};

struct mk16_host {
    char *file;
    struct mk16_list server_names; /* struct mk16_host_alias */
    struct mk16_ptr documentroot;
    struct mk16_ptr header_redirect;
    struct mk16_rconf *config; /* NULL in fcgi-serve */
    struct mk16_list error_pages;
    struct mk16_list handlers; /* struct mk16_host_handler */
    struct mk16_list head;
};

struct mk16_handler_param {
    struct mk16_ptr p;
    struct mk16_list head;
};

struct mk16_host_handler {
    uint64_t match[8]; /* glibc's regex_t */
    char *name;
    int n_params;
    struct mk16_list params; /* struct mk16_handler_param */
    struct mk16_plugin *handler;
    struct mk16_list head;
};

struct mk16_string_line {
    char *val;
    int len;
    struct mk16_list head;
};

struct mk16_config {
    int server_fd;
    int kernel_features;
    int fd_limit;
    unsigned int server_capacity;
    short int workers;
    short int manual_tcp_cork;
    int8_t fdt;
    int8_t is_daemon;
    int8_t is_seteuid;
    int8_t scheduler_mode;
    char *serverconf;
    struct mk16_ptr server_software;
    struct mk16_list listeners; /* struct mk16_listener */
    char *one_shot;
    char *port_override;
    char *user;
    char *user_dir;
    char *pid_file_path;
    char *path_config;
    char *server_conf_file;
    char *mimes_conf_file;
    char *plugin_load_conf_file;
    char *sites_conf_dir;
    char *plugins_conf_dir;
    char **request_headers_allowed;
    int timeout;
    int standard_port;
    int pid_status;
    int8_t hideversion;
    int8_t resume;
    int8_t symlink;
    int8_t keep_alive;
    int max_keep_alive_request;
    int keep_alive_timeout;
    int thread_counter;
    uid_t egid;
    gid_t euid;
    int max_request_size;
    struct mk16_list *index_files; /* struct mk16_string_line */
    int nhosts;
    struct mk16_list hosts; /* struct mk16_host */
    mode_t open_flags;
    struct mk16_list plugins; /* struct mk16_plugin */
    int safe_event_write;
    char *transport_layer;
    char *default_mimetype;
    char server_signature[16];
    char server_signature_header[32];
    int server_signature_header_len;
    void *config;
    struct mk16_network *network;
    struct mk16_list stage10_handler;
    struct mk16_list stage20_handler;
    struct mk16_list stage30_handler;
    struct mk16_list stage40_handler;
    struct mk16_list stage50_handler;
};

struct mk16_stage {
    int (*stage10)(int fd);
    int (*stage20)(struct mk16_session *cs, struct mk16_request *sr);
    int (*stage30)(struct mk16_plugin *plugin, struct mk16_session *cs,
                   struct mk16_request *sr, int n_params,
                   struct mk16_list *params);
    int (*stage30_hangup)(struct mk16_plugin *plugin, struct mk16_session *cs,
                          struct mk16_request *sr);
    int (*stage40)(struct mk16_session *cs, struct mk16_request *sr);
    int (*stage50)(int fd);
    struct mk16_plugin *plugin;
    struct mk16_list head;
};

struct mk16_api;

struct mk16_plugin {
    const char *shortname;
    const char *name;
    const char *version;
    unsigned int hooks;
    char capabilities;
    int (*init_plugin)(struct mk16_api **api, char *confdir);
    int (*exit_plugin)(void);
    int (*master_init)(struct mk16_config *config);
    void (*worker_init)(void);
    struct mk16_network *network;
    struct mk16_stage *stage;
    void *handler;
    char *path;
    void *thread_key; /* pthread_key_t */
    struct mk16_list head;
    int load_type;
};

/*
 * What Monkey offers to a plugin. A member whose name is missing here (an
 * array of void *) is one that neither the plugin nor fcgi-serve has a use
 * for; socket_close to socket_send_file, ev_get_fdt and event_* are NULL in
 * every Monkey 1.6. A Monkey configured with --trace moves what lies behind
 * time_human, so nothing there may be used.
 */
struct mk16_api {
    void *socket_options[5];
    int (*socket_connect)(char *host, int port, int async);
    int (*socket_open)(char *path, int async);
    int (*socket_set_nonblocking)(int fd);
    int (*socket_create)(void);
    void *never_filled_in_1[5];
    int (*socket_ip_str)(int fd, char **buf, int size, unsigned long *len);
    struct mk16_config *config;
    struct mk16_list *plugins;
    struct mk16_worker *sched_list;
    void (*log)(int level, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
    int (*http_request_end)(struct mk16_session *cs, int close);
    int (*http_request_error)(int status, struct mk16_session *cs,
                              struct mk16_request *sr);
    void *(*mem_alloc)(const size_t size);
    void *(*mem_alloc_z)(const size_t size);
    void *(*mem_realloc)(void *ptr, const size_t size);
    void (*mem_free)(void *ptr);
    void *pointers[3];
    void *strings[9];
    char *(*file_to_buffer)(const char *path);
    int (*file_get_info)(const char *path, struct mk16_file_info *info,
                         int mode);
    int (*header_prepare)(struct mk16_session *cs, struct mk16_request *sr);
    struct mk16_header *(*header_get)(int id, struct mk16_request *sr,
                                      const char *key, unsigned int len);
    int (*header_add)(struct mk16_request *sr, char *row, int len);
    void (*header_set_http_status)(struct mk16_request *sr, int status);
    void *stream_new;
    void *channel_new;
    int (*channel_flush)(void *channel);
    int (*channel_write)(void *channel, size_t *count);
    void (*channel_append_stream)(void *channel, struct mk16_stream *stream);
    void (*stream_set)(struct mk16_stream *stream, int type, void *channel,
                       void *buffer, size_t size, void *data,
                       void (*cb_finished)(struct mk16_stream *),
                       void (*cb_bytes_consumed)(struct mk16_stream *, long),
                       void (*cb_exception)(struct mk16_stream *, int));
    void *iov[8];
    void *(*plugin_load_symbol)(void *handle, const char *name);
    struct mk16_event_loop *(*ev_loop_create)(int size);
    void *never_filled_in_2;
    int (*ev_add)(struct mk16_event_loop *loop, int fd, int type, uint32_t mask,
                  void *event);
    int (*ev_del)(struct mk16_event_loop *loop, struct mk16_event *event);
    int (*ev_timeout_create)(struct mk16_event_loop *loop, int seconds,
                             void *event);
    int (*ev_channel_create)(struct mk16_event_loop *loop, int *r, int *w,
                             void *event);
    int (*ev_wait)(struct mk16_event_loop *loop);
    char *(*ev_backend)(void);
    void *mimetype_lookup;
    void *rb_tree[3];
    void *config_file[4];
    struct mk16_event_loop *(*sched_loop)(void);
    int (*sched_remove_client)(int fd);
    void *(*sched_get_connection)(struct mk16_worker *worker, int fd);
    void (*sched_event_free)(struct mk16_event *event);
    struct mk16_worker *(*sched_worker_info)(void);
    void *worker_spawn;
    int (*worker_rename)(const char *name);
    void *never_filled_in_3[4];
    int (*time_unix)(void);
    int (*time_to_gmt)(char **buf, time_t when);
    struct mk16_ptr *(*time_human)(void);
    void *behind_trace[4];
};

#endif
