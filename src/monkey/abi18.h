/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin ABI of Monkey 1.8.9 on Linux with glibc, described anew as abi16.h
 * does it for 1.6; abi18_check.c checks it. To be included through abi.h.
 *
 * 1.7.0 to 1.8.8 look much the same, but their own server never sends what it
 * has queued: the plugin refuses to start in them, which it can tell by a
 * plugin `liana` in the list that 1.8.9 has not any more.
 *
 * Members that neither side uses are here for their size alone.
 */
#ifndef FCGI_MONKEY_ABI18_H
#define FCGI_MONKEY_ABI18_H

#include <pthread.h>

#include "monkey/abi18_values.h"

/* Must be zero when it is new: the core takes it out of a list by
 * `priority_head` whenever that is not NULL. */
struct mk_event {
    int fd;
    int type;
    uint32_t mask;
    uint8_t status;
    void *data;
    int (*handler)(void *event);
    struct mk_list head;
    struct mk_list priority_head;
    char priority;
};

struct mk_plugin;

struct mk_network {
    int (*read)(struct mk_plugin *plugin, int fd, void *buf, int size);
    int (*write)(struct mk_plugin *plugin, int fd, const void *buf,
                 size_t size);
    int (*writev)(struct mk_plugin *plugin, int fd, struct mk_iov *iov);
    int (*close)(struct mk_plugin *plugin, int fd);
    int (*send_file)(struct mk_plugin *plugin, int out, int in,
                     mk_off_t *offset, size_t size);
    int (*event_interest)(struct mk_plugin *plugin, int fd, int mask);
    int buffer_size;
    struct mk_plugin *plugin;
};

struct mk_channel {
    int type;
    int fd;
    int status;
    struct mk_event *event;
    struct mk_network *io;
    struct mk_list streams; /* struct mk_stream */
    void *thread;
};

struct mk_stream {
    int preserve;
    int encoding;
    int dynamic;
    size_t bytes_total;
    mk_off_t bytes_offset;
    struct mk_channel *channel;
    void *context;
    void (*cb_finished)(struct mk_stream *stream);
    void (*cb_bytes_consumed)(struct mk_stream *stream, long bytes);
    void (*cb_exception)(struct mk_stream *stream, int error);
    struct mk_list inputs; /* struct mk_stream_input */
    struct mk_list head;
};

struct mk_stream_input {
    int type;
    int fd;
    int dynamic;
    size_t bytes_total;
    mk_off_t bytes_offset;
    void *buffer;
    void *context;
    void (*cb_consumed)(struct mk_stream_input *input, long bytes);
    void (*cb_finished)(struct mk_stream_input *input);
    struct mk_stream *stream;
    struct mk_list head;
};

struct mk_conn {
    struct mk_event event;
    int status;
    uint32_t properties;
    char is_timeout_on;
    time_t arrive_time;
    struct mk_sched_handler *protocol;
    struct mk_server_listen *server_listen;
    struct mk_network *net;
    struct mk_channel channel;
    struct mk_list timeout_head;
    void *data;
};

struct mk_worker {
    struct mk_event_loop *loop;
    unsigned long long accepted_connections;
    unsigned long long closed_connections;
    unsigned long long over_capacity;
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
    struct mk_list requests_done;
    struct mk_list threads;
    struct mk_list threads_purge;
};

struct mk_config;

struct mk_sched_handler {
    const char *name;
    int (*cb_read)(void *conn, struct mk_worker *worker,
                   struct mk_config *config);
    int (*cb_close)(void *conn, struct mk_worker *worker, int why,
                    struct mk_config *config);
    int (*cb_done)(void *conn, struct mk_worker *worker,
                   struct mk_config *config);
    int (*cb_upgrade)(void *cs, void *sr, struct mk_config *config);
    int sched_extra_size;
    char capabilities;
};

struct mk_server_listen {
    struct mk_event event;
    int server_fd;
    struct mk_network *network;
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
    int upgrade;
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
    uint64_t stream_size;
    struct mk_stream stream;
    struct mk_stream_input in_headers;
    struct mk_stream_input in_headers_extra;
    struct mk_stream_input in_file;
    struct mk_stream_input page_stream;
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
    int file_fd;
    struct mk_file_info file_info;
    int vhost_fdt_id;
    unsigned int vhost_fdt_hash;
    int vhost_fdt_enabled;
    struct mk_host *host_conf;
    struct mk_host_alias *host_alias;
    void *handler_data;
    struct mk_session *session;
    void *thread;
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
    int header_upgrade;
    int header_transfer_encoding;
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
    size_t chunk_total_size_received;
    char *chunk_expected_start;
    size_t chunk_expected_size;
    char *chunk_processed_start;
    char *chunk_processed_end;
};

struct mk_session {
    int sched_init;
    int socket;
    int pipelined;
    int counter_connections;
    int status;
    int close_now;
    struct mk_channel *channel; /* inside the connection */
    struct mk_conn *conn;
    unsigned int body_size;
    unsigned int body_length;
    struct mk_list request_list;
    time_t init_time;
    char *body;
    char body_fixed[MK_REQUEST_CHUNK + 1];
    struct mk_request sr_fixed;
    struct mk_parser parser;
    struct mk_config *server;
};

struct mk_host {
    int id;
    char *file;
    struct mk_list server_names;
    struct mk_ptr documentroot;
    struct mk_ptr header_redirect;
    void *config;
    struct mk_list error_pages;
    struct mk_list handlers; /* struct mk_host_handler */
    struct mk_list head;
};

/* One element of a compiled expression; the last one is MK_REGEX_END. */
struct mk_regex {
    unsigned char kind;
    union {
        unsigned char ch;
        unsigned char *class;
    } u;
};

struct mk_host_handler {
    struct mk_regex *match;
    char *name;
    int n_params;
    void *cb;
    void *data;
    struct mk_list params; /* struct mk_handler_param */
    struct mk_plugin *handler;
    struct mk_list head;
};

/* What 1.6 calls its configuration is the server itself here, mk_server. */
struct mk_config {
    int server_fd;
    int kernel_version;
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
    char *pid_file_path;
    char *mimes_conf_file;
    char *server_conf_file;
    char *sites_conf_dir;
    char *plugin_load_conf_file;
    char *plugins_conf_dir;
    char *user_dir;
    struct mk_ptr server_software;
    struct mk_list listeners; /* struct mk_listener */
    char *one_shot;
    char *port_override;
    char *user;
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
    int tls_mode;
    char *tls_files[4];
    struct mk_list mimetype_list;
    void *mimetype_tree[4];
    void *mimetype_default;
    char *default_mimetype;
    char server_signature[16];
    char server_signature_header[32];
    int server_signature_header_len;
    int lib_mode;
    int lib_ch_manager[2];
    struct mk_event_loop *lib_evl;
    struct mk_event lib_ch_event;
    int lib_ch_start[2];
    struct mk_event_loop *lib_evl_start;
    struct mk_event lib_ch_start_event;
    void *sched_ctx;
    struct mk_list sched_worker_callbacks;
    void *config;
    struct mk_network *network;
    int pth_init;
    pthread_cond_t pth_cond;
    pthread_mutex_t pth_mutex;
    pthread_mutex_t vhost_fdt_mutex;
    int worker_id;
    struct mk_api *api;
    void *clock_context;
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
    void *stage30_thread; /* never called */
    int (*stage30_hangup)(struct mk_plugin *plugin, struct mk_session *cs,
                          struct mk_request *sr);
    int (*stage40)(struct mk_session *cs, struct mk_request *sr);
    int (*stage50)(int fd);
    struct mk_plugin *plugin;
    struct mk_list head;
    struct mk_list parent_head; /* in mk_plugin.stage_list */
};

struct mk_api;

struct mk_plugin {
    int flags;
    const char *shortname;
    const char *name;
    const char *version;
    unsigned int hooks;
    char capabilities;
    struct mk_api *api; /* filled in by the core, as is server_ctx */
    int (*init_plugin)(struct mk_plugin *plugin, char *confdir);
    int (*exit_plugin)(struct mk_plugin *plugin);
    int (*master_init)(struct mk_config *config);
    void (*worker_init)(struct mk_config *config);
    struct mk_network *network;
    struct mk_stage *stage;
    void *handler;
    char *path;
    void *thread_key; /* pthread_key_t */
    struct mk_list head;
    struct mk_list stage_list;
    int load_type;
    struct mk_config *server_ctx;
};

/*
 * What Monkey offers to a plugin; see mk_api of abi16.h. `config`,
 * socket_close to socket_send_file, stream_new, stream_set, ev_get_fdt and
 * event_* are NULL. time_unix() needs an argument that its own declaration in
 * Monkey does not show.
 */
struct mk_api {
    void *socket_options[5];
    int (*socket_connect)(char *host, int port, int async);
    int (*socket_open)(char *path, int async);
    int (*socket_set_nonblocking)(int fd);
    int (*socket_create)(void);
    void *never_filled_in_1[3];
    int (*socket_ip_str)(int fd, char **buf, int size, unsigned long *len);
    void *net_conn_create;
    void *config;
    struct mk_list *plugins;
    void (*log)(int level, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
    int (*http_request_end)(struct mk_plugin *plugin, struct mk_session *cs,
                            int close);
    int (*http_request_error)(int status, struct mk_session *cs,
                              struct mk_request *sr, struct mk_plugin *plugin);
    void *(*mem_alloc)(const size_t size);
    void *(*mem_alloc_z)(const size_t size);
    void *(*mem_realloc)(void *ptr, const size_t size);
    void (*mem_free)(void *ptr);
    void *pointers[3];
    void *strings[9];
    char *(*file_to_buffer)(const char *path);
    int (*file_get_info)(const char *path, struct mk_file_info *info, int mode);
    int (*header_prepare)(struct mk_plugin *plugin, struct mk_session *cs,
                          struct mk_request *sr);
    struct mk_header *(*header_get)(int id, struct mk_request *sr,
                                    const char *key, unsigned int len);
    int (*header_add)(struct mk_request *sr, char *row, int len);
    void (*header_set_http_status)(struct mk_request *sr, int status);
    void *stream_new; /* NULL */
    void *channel_new;
    int (*channel_flush)(void *channel);
    int (*channel_write)(void *channel, size_t *count);
    void (*channel_append_stream)(void *channel, struct mk_stream *stream);
    void *stream_set; /* NULL */
    void *iov[8];
    void *(*plugin_load_symbol)(void *handle, const char *name);
    struct mk_event_loop *(*ev_loop_create)(int size);
    void *never_filled_in_2;
    int (*ev_add)(struct mk_event_loop *loop, int fd, int type, uint32_t mask,
                  void *event);
    int (*ev_del)(struct mk_event_loop *loop, struct mk_event *event);
    int (*ev_timeout_create)(struct mk_event_loop *loop, time_t seconds,
                             long nanoseconds, void *event);
    int (*ev_channel_create)(struct mk_event_loop *loop, int *r, int *w,
                             void *event);
    int (*ev_wait)(struct mk_event_loop *loop);
    char *(*ev_backend)(void);
    struct mk_mimetype *(*mimetype_lookup)(struct mk_config *config,
                                           char *extension);
    void *config_file[5];
    struct mk_event_loop *(*sched_loop)(void);
    int (*sched_remove_client)(int fd, struct mk_config *config);
    void *(*sched_get_connection)(struct mk_worker *worker, int fd);
    void (*sched_event_free)(struct mk_event *event);
    struct mk_worker *(*sched_worker_info)(void);
    void *worker_spawn;
    int (*worker_rename)(const char *name);
    void *never_filled_in_3[4];
    int (*time_unix)(struct mk_config *config);
    int (*time_to_gmt)(char **buf, time_t when);
    struct mk_ptr *(*time_human)(void);
    void *behind_trace[4];
};

#endif
