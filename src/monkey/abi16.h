/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin ABI of Monkey 1.6.0 to 1.6.9 on Linux with glibc, described anew.
 *
 * Monkey installs no headers that a plugin could be built with apart from
 * its tree, and its structures differ between releases in two places only.
 * So the layout is written down here, member by member, and every offset
 * that the plugin or fcgi-serve relies on is checked by the compiler in
 * abi16_check.c. Two families exist: A is 1.6.0 to 1.6.6, B is 1.6.7 to
 * 1.6.9; only mk_channel and mk_conn differ between them.
 *
 * Members that neither side uses are here for their size alone. To be included
 * through abi.h.
 */
#ifndef FCGI_MONKEY_ABI16_H
#define FCGI_MONKEY_ABI16_H

#include <regex.h>

#include "monkey/abi16_values.h"

struct mk_rb_node {
    unsigned long parent_color;
    struct mk_rb_node *right;
    struct mk_rb_node *left;
};

struct mk_event {
    int fd;
    int type;
    uint32_t mask;
    uint8_t status;
    void *data;
    int (*handler)(void *event);
    struct mk_list head;
};

struct mk_network {
    int (*read)(int fd, void *buf, int size);
    int (*write)(int fd, const void *buf, size_t size);
    int (*writev)(int fd, struct mk_iov *iov);
    int (*close)(int fd);
    int (*send_file)(int out, int in, mk_off_t *offset, size_t size);
    int buffer_size;
};

struct mk_channel_a {
    int type;
    int fd;
    int status;
    struct mk_event event;
    struct mk_network *io;
    struct mk_list streams;
};

struct mk_channel_b {
    int type;
    int fd;
    int status;
    struct mk_event *event;
    struct mk_network *io;
    struct mk_list streams;
};

struct mk_stream {
    int type;
    int fd;
    int preserve;
    int encoding;
    int dynamic;
    size_t bytes_total;
    mk_off_t bytes_offset;
    void *channel;
    void *buffer;
    void *data;
    void (*cb_finished)(struct mk_stream *stream);
    void (*cb_bytes_consumed)(struct mk_stream *stream, long bytes);
    void (*cb_exception)(struct mk_stream *stream, int error);
    struct mk_list head;
};

struct mk_conn_a {
    struct mk_event event;
    int status;
    char is_timeout_on;
    time_t arrive_time;
    struct mk_sched_handler *protocol;
    struct mk_network *net;
    struct mk_channel_a channel;
    struct mk_list timeout_head;
    struct mk_rb_node rb_head;
};

struct mk_conn_b {
    struct mk_event event;
    int status;
    uint32_t properties;
    char is_timeout_on;
    time_t arrive_time;
    struct mk_sched_handler *protocol;
    struct mk_server_listen *server_listen;
    struct mk_network *net;
    struct mk_channel_b channel;
    struct mk_list timeout_head;
    struct mk_rb_node rb_head;
};

struct mk_worker {
    struct mk_event_loop *loop;
    unsigned long long accepted_connections;
    unsigned long long closed_connections;
    unsigned long long over_capacity;
    void *rb_queue;
    struct mk_list timeout_queue;
    short int idx;
    unsigned char initialized;
    unsigned long tid;
    pid_t pid;
    unsigned int mem_pagesize;
    struct mk_session *request_handler;
    struct mk_list event_free_queue;
    int signal_channel_r;
    int signal_channel_w;
    struct mk_list *listeners;
};

struct mk_sched_handler {
    const char *name;
    int (*cb_read)(void *conn, struct mk_worker *worker);
    int (*cb_close)(void *conn, struct mk_worker *worker, int why);
    int (*cb_done)(void *conn, struct mk_worker *worker);
    int sched_extra_size;
    char capabilities;
};

struct mk_server_listen {
    struct mk_event event;
    int server_fd;
    struct mk_plugin *network;
    struct mk_sched_handler *protocol;
    struct mk_listener *listen;
    struct mk_list head;
};

struct mk_response {
    int status;
    int connection;
    struct mk_ptr custom_status;
    long content_length;
    long real_length;
    int cgi;
    int pconnections_left;
    int breakline;
    int transfer_encoding;
    int ranges[2];
    time_t last_modified;
    struct mk_ptr allow_methods;
    struct mk_ptr content_type;
    struct mk_ptr content_encoding;
    char *location;
    int etag_len;
    char etag_buf[32];
    struct mk_iov *extra_rows;
    int sent;
    struct mk_iov headers_iov;
    struct iovec iov_io[32];
    void *iov_buf[32];
};

struct mk_request {
    int status;
    int protocol;
    int user_home;
    long port;
    struct mk_stream headers_stream;
    struct mk_stream headers_extra_stream;
    struct mk_stream file_stream;
    struct mk_stream page_stream;
    int headers_len;
    int method;
    struct mk_ptr method_p;
    struct mk_ptr uri;
    struct mk_ptr uri_processed;
    struct mk_ptr protocol_p;
    struct mk_ptr body;
    int content_length;
    struct mk_ptr content_length_p;
    struct mk_ptr content_type;
    struct mk_ptr connection;
    struct mk_ptr host;
    struct mk_ptr host_port;
    struct mk_ptr if_modified_since;
    struct mk_ptr last_modified_since;
    struct mk_ptr range;
    struct mk_ptr data;
    struct mk_ptr real_path;
    char real_path_static[128];
    struct mk_ptr query_string;
    int stage30_blocked;
    void *stage30_handler;
    struct mk_file_info file_info;
    int vhost_fdt_id;
    unsigned int vhost_fdt_hash;
    int vhost_fdt_enabled;
    struct mk_host *host_conf;
    struct mk_host_alias *host_alias;
    void *handler_data;
    struct mk_session *session;
    struct mk_list head;
    struct mk_response headers;
};

struct mk_parser {
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
    struct mk_header headers[MK_HEADERS];
    int header_count;
    struct mk_list header_list;
    struct mk_header headers_extra[MK_HEADERS_EXTRA];
};

struct mk_session {
    int sched_init;
    int socket;
    int pipelined;
    int counter_connections;
    int status;
    int close_now;
    void *channel; /* struct mk_channel_a or _b, inside the connection */
    void *conn;    /* struct mk_conn_a or _b */
    unsigned int body_size;
    unsigned int body_length;
    struct mk_rb_node rb_head;
    struct mk_list request_list;
    time_t init_time;
    char *body;
    char body_fixed[MK_REQUEST_CHUNK];
    struct mk_request sr_fixed;
    struct mk_parser parser;
};

/* A file of configuration as Monkey has read it. */
struct mk_rconf {
    int created;
    char *file;
    struct mk_list sections; /* struct mk_rconf_section */
};

struct mk_rconf_section {
    char *name;
    struct mk_list entries; /* struct mk_rconf_entry */
    struct mk_list head;
};

struct mk_rconf_entry {
    char *key;
    char *val;
    struct mk_list head;
};

struct mk_host {
    char *file;
    struct mk_list server_names; /* struct mk_host_alias */
    struct mk_ptr documentroot;
    struct mk_ptr header_redirect;
    struct mk_rconf *config; /* NULL in fcgi-serve */
    struct mk_list error_pages;
    struct mk_list handlers; /* struct mk_host_handler */
    struct mk_list head;
};

struct mk_host_handler {
    regex_t match;
    char *name;
    int n_params;
    struct mk_list params; /* struct mk_handler_param */
    struct mk_plugin *handler;
    struct mk_list head;
};

struct mk_config {
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
    struct mk_ptr server_software;
    struct mk_list listeners; /* struct mk_listener */
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
    struct mk_list *index_files; /* struct mk_string_line */
    int nhosts;
    struct mk_list hosts; /* struct mk_host */
    mode_t open_flags;
    struct mk_list plugins; /* struct mk_plugin */
    int safe_event_write;
    char *transport_layer;
    char *default_mimetype;
    char server_signature[16];
    char server_signature_header[32];
    int server_signature_header_len;
    void *config;
    struct mk_network *network;
    struct mk_list stage10_handler;
    struct mk_list stage20_handler;
    struct mk_list stage30_handler;
    struct mk_list stage40_handler;
    struct mk_list stage50_handler;
};

struct mk_stage {
    int (*stage10)(int fd);
    int (*stage20)(struct mk_session *cs, struct mk_request *sr);
    int (*stage30)(struct mk_plugin *plugin, struct mk_session *cs,
                   struct mk_request *sr, int n_params, struct mk_list *params);
    int (*stage30_hangup)(struct mk_plugin *plugin, struct mk_session *cs,
                          struct mk_request *sr);
    int (*stage40)(struct mk_session *cs, struct mk_request *sr);
    int (*stage50)(int fd);
    struct mk_plugin *plugin;
    struct mk_list head;
};

struct mk_api;

struct mk_plugin {
    const char *shortname;
    const char *name;
    const char *version;
    unsigned int hooks;
    char capabilities;
    int (*init_plugin)(struct mk_api **api, char *confdir);
    int (*exit_plugin)(void);
    int (*master_init)(struct mk_config *config);
    void (*worker_init)(void);
    struct mk_network *network;
    struct mk_stage *stage;
    void *handler;
    char *path;
    void *thread_key; /* pthread_key_t */
    struct mk_list head;
    int load_type;
};

/*
 * What Monkey offers to a plugin. A member whose name is missing here (an
 * array of void *) is one that neither the plugin nor fcgi-serve has a use
 * for; socket_close to socket_send_file, ev_get_fdt and event_* are NULL in
 * every Monkey 1.6. A Monkey configured with --trace moves what lies behind
 * time_human, so nothing there may be used.
 */
struct mk_api {
    void *socket_options[5];
    int (*socket_connect)(char *host, int port, int async);
    int (*socket_open)(char *path, int async);
    int (*socket_set_nonblocking)(int fd);
    int (*socket_create)(void);
    void *never_filled_in_1[5];
    int (*socket_ip_str)(int fd, char **buf, int size, unsigned long *len);
    struct mk_config *config;
    struct mk_list *plugins;
    struct mk_worker *sched_list;
    void (*log)(int level, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
    int (*http_request_end)(struct mk_session *cs, int close);
    int (*http_request_error)(int status, struct mk_session *cs,
                              struct mk_request *sr);
    void *(*mem_alloc)(const size_t size);
    void *(*mem_alloc_z)(const size_t size);
    void *(*mem_realloc)(void *ptr, const size_t size);
    void (*mem_free)(void *ptr);
    void *pointers[3];
    void *strings[9];
    char *(*file_to_buffer)(const char *path);
    int (*file_get_info)(const char *path, struct mk_file_info *info, int mode);
    int (*header_prepare)(struct mk_session *cs, struct mk_request *sr);
    struct mk_header *(*header_get)(int id, struct mk_request *sr,
                                    const char *key, unsigned int len);
    int (*header_add)(struct mk_request *sr, char *row, int len);
    void (*header_set_http_status)(struct mk_request *sr, int status);
    void *stream_new;
    void *channel_new;
    int (*channel_flush)(void *channel);
    int (*channel_write)(void *channel, size_t *count);
    void (*channel_append_stream)(void *channel, struct mk_stream *stream);
    void (*stream_set)(struct mk_stream *stream, int type, void *channel,
                       void *buffer, size_t size, void *data,
                       void (*cb_finished)(struct mk_stream *),
                       void (*cb_bytes_consumed)(struct mk_stream *, long),
                       void (*cb_exception)(struct mk_stream *, int));
    void *iov[8];
    void *(*plugin_load_symbol)(void *handle, const char *name);
    struct mk_event_loop *(*ev_loop_create)(int size);
    void *never_filled_in_2;
    int (*ev_add)(struct mk_event_loop *loop, int fd, int type, uint32_t mask,
                  void *event);
    int (*ev_del)(struct mk_event_loop *loop, struct mk_event *event);
    int (*ev_timeout_create)(struct mk_event_loop *loop, int seconds,
                             void *event);
    int (*ev_channel_create)(struct mk_event_loop *loop, int *r, int *w,
                             void *event);
    int (*ev_wait)(struct mk_event_loop *loop);
    char *(*ev_backend)(void);
    struct mk_mimetype *(*mimetype_lookup)(char *extension);
    void *rb_tree[3];
    void *config_file[4];
    struct mk_event_loop *(*sched_loop)(void);
    int (*sched_remove_client)(int fd);
    void *(*sched_get_connection)(struct mk_worker *worker, int fd);
    void (*sched_event_free)(struct mk_event *event);
    struct mk_worker *(*sched_worker_info)(void);
    void *worker_spawn;
    int (*worker_rename)(const char *name);
    void *never_filled_in_3[4];
    int (*time_unix)(void);
    int (*time_to_gmt)(char **buf, time_t when);
    struct mk_ptr *(*time_human)(void);
    void *behind_trace[4];
};

#endif
