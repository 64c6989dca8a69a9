/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of functions that a plugin gets.
 *
 * Slots that Monkey leaves empty are empty. Slots that fcgi-serve has nothing
 * for hold a function that says which one was called and ends the process:
 * nothing must seem to work here that was never looked at.
 */
#include "api.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "event.h"
#include "http.h"
#include "log.h"
#include "mem.h"
#include "mime.h"
#include "serve.h"
#include "worker.h"

static void missing(const char *name)
{
    serve_err("api->%s is not implemented in fcgi-serve", name);
    abort();
}

/* A stand-in for one slot. What it returns is never seen. */
#define STUB(id, name)           \
    static void *stub_##id(void) \
    {                            \
        missing(name);           \
        return NULL;             \
    }

#if MK_ABI == 16
#define OWN_STUBS(X)                            \
    X(17, stream_new, "stream_new")             \
    X(28, rb_tree[0], "rb_insert_color")        \
    X(29, rb_tree[1], "rb_erase")               \
    X(30, rb_tree[2], "rb_link_node")           \
    X(31, config_file[0], "config_create")      \
    X(32, config_file[1], "config_free")        \
    X(33, config_file[2], "config_section_get") \
    X(34, config_file[3], "config_section_get_key")
#else
#define OWN_STUBS(X)                            \
    X(17, net_conn_create, "net_conn_create")   \
    X(31, config_file[0], "config_open")        \
    X(32, config_file[1], "config_create")      \
    X(33, config_file[2], "config_free")        \
    X(34, config_file[3], "config_section_get") \
    X(35, config_file[4], "config_section_get_key")
#endif

#define STUBS(X)                                        \
    X(0, socket_options[0], "socket_cork_flag")         \
    X(1, socket_options[1], "socket_reset")             \
    X(2, socket_options[2], "socket_set_tcp_fastopen")  \
    X(3, socket_options[3], "socket_set_tcp_nodelay")   \
    X(4, socket_options[4], "socket_set_tcp_reuseport") \
    X(5, pointers[0], "pointer_set")                    \
    X(6, pointers[1], "pointer_print")                  \
    X(7, pointers[2], "pointer_to_buf")                 \
    X(8, strings[0], "str_itop")                        \
    X(9, strings[1], "str_search")                      \
    X(10, strings[2], "str_search_n")                   \
    X(11, strings[3], "str_char_search")                \
    X(12, strings[4], "str_build")                      \
    X(13, strings[5], "str_dup")                        \
    X(14, strings[6], "str_copy_substr")                \
    X(15, strings[7], "str_split_line")                 \
    X(16, strings[8], "str_split_free")                 \
    X(18, channel_new, "channel_new")                   \
    X(19, iov[0], "iov_create")                         \
    X(20, iov[1], "iov_realloc")                        \
    X(21, iov[2], "iov_free")                           \
    X(22, iov[3], "iov_free_marked")                    \
    X(23, iov[4], "iov_add")                            \
    X(24, iov[5], "iov_set_entry")                      \
    X(25, iov[6], "iov_send")                           \
    X(26, iov[7], "iov_print")                          \
    X(40, worker_spawn, "worker_spawn")                 \
    X(36, behind_trace[0], "stacktrace")                \
    X(37, behind_trace[1], "kernel_version")            \
    X(38, behind_trace[2], "kernel_features_print")     \
    X(39, behind_trace[3], "handler_param_get")         \
    OWN_STUBS(X)

#define DEFINE_STUB(id, slot, name) STUB(id, name)
STUBS(DEFINE_STUB)

static void fill_stubs(struct mk_api *api)
{
#define SET_STUB(id, slot, name) api->slot = (void *)stub_##id;
    STUBS(SET_STUB)
}

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL, 0);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return 0;
}

/* Waits for the name server, and ends the process if nobody listens. */
static int socket_connect(char *host, int port, int async)
{
    struct addrinfo hints = {0};
    struct addrinfo *found = NULL;
    char service[16];
    int fd;

    snprintf(service, sizeof(service), "%d", port);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return -1;
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && async == 1)
        set_nonblocking(fd);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0 &&
        errno != EINPROGRESS) {
        serve_err("socket_connect() to %s port %d: %s: Monkey exits here", host,
                  port, strerror(errno));
        exit(1);
    }
    freeaddrinfo(found);
    return fd;
}

static int socket_open(char *path, int async)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (async == 1)
        set_nonblocking(fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 &&
        errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

static int socket_create(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int serve_socket_ip_str(int fd, char **buf, int size, unsigned long *len)
{
    struct sockaddr_storage address;
    socklen_t address_len = sizeof(address);
    const void *ip = &((struct sockaddr_in *)&address)->sin_addr;

    if (getpeername(fd, (struct sockaddr *)&address, &address_len) != 0)
        return -1;
    if (address.ss_family == AF_INET6)
        ip = &((struct sockaddr_in6 *)&address)->sin6_addr;
    if (inet_ntop(address.ss_family, ip, *buf, (socklen_t)size) == NULL)
        return -1;
    *len = strlen(*buf);
    return 0;
}

static unsigned char may(const struct stat *st, mode_t user, mode_t group,
                         mode_t other)
{
    return ((st->st_mode & user) && st->st_uid == serve.euid) ||
           ((st->st_mode & group) && st->st_gid == serve.egid) ||
           (st->st_mode & other);
}

/* On failure all but 'exists' keep what they had: trap (p). */
int serve_file_get_info(const char *path, struct mk_file_info *info, int mode)
{
    struct stat st;

    info->exists = 0;
    if (lstat(path, &st) != 0) {
        info->exists = errno == EACCES;
        return -1;
    }
    info->exists = 1;
    info->is_file = 1;
    info->is_link = 0;
    info->is_directory = 0;
    info->exec_access = 0;
    info->read_access = 0;
    if (S_ISLNK(st.st_mode)) {
        info->is_link = 1;
        info->is_file = 0;
        if (stat(path, &st) != 0)
            return -1;
    }
    info->size = (size_t)st.st_size;
    info->last_modification = st.st_mtime;
    if (S_ISDIR(st.st_mode)) {
        info->is_directory = 1;
        info->is_file = 0;
    }
    if (mode & 1)
        info->read_access = may(&st, S_IRUSR, S_IRGRP, S_IROTH);
    if (mode & 4)
        info->exec_access = may(&st, S_IXUSR, S_IXGRP, S_IXOTH);
    info->flags_read_only = O_RDONLY | O_NONBLOCK;
    return 0;
}

static char *file_to_buffer(const char *path)
{
    struct mk_file_info info;
    char *text = NULL;
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && serve_file_get_info(path, &info, 1) == 0) {
        text = serve_mem_alloc_z(info.size + 1);
        n = read(fd, text, info.size);
    }
    if (n <= 0) {
        serve_mem_free(text);
        text = NULL;
    }
    if (fd >= 0)
        close(fd);
    return text;
}

static void *load_symbol(void *handle, const char *name)
{
    return dlsym(handle, name);
}

static int worker_rename(const char *name)
{
    return prctl(PR_SET_NAME, name);
}

static int time_unix(SERVE_ONLY_CONFIG)
{
    SERVE_CHECK_CONFIG;
    return (int)time(NULL);
}

void serve_gmt(char *buf, size_t size, time_t when)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed",
                                       "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;

    gmtime_r(&when, &tm);
    snprintf(buf, size, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
             tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
             tm.tm_min, tm.tm_sec);
}

static int time_to_gmt(char **buf, time_t when)
{
    serve_gmt(*buf, 32, when != 0 ? when : time(NULL));
    strcat(*buf, "\r\n");
    return (int)strlen(*buf);
}

static struct mk_ptr *time_human(void)
{
    static _Thread_local char text[48];
    static _Thread_local struct mk_ptr ptr;
    time_t now = time(NULL);
    struct tm tm;

    localtime_r(&now, &tm);
    ptr.data = text;
    ptr.len = strftime(text, sizeof(text), "[%d/%b/%Y %T %z]", &tm);
    return &ptr;
}

#if MK_ABI == 16
static struct mk_mimetype *mimetype_lookup(char *extension)
{
    return serve_mime_lookup(extension);
}
#else
static struct mk_mimetype *mimetype_lookup(struct mk_config *config,
                                           char *extension)
{
    if (config != &serve.config)
        serve_trap_abort("u",
                         "mimetype_lookup() needs the server as its "
                         "argument");
    return serve_mime_lookup(extension);
}

static int request_error(int status, struct mk_session *cs,
                         struct mk_request *sr, struct mk_plugin *plugin)
{
    (void)plugin;
    return serve_http_error(status, cs, sr);
}

static int header_prepare(struct mk_plugin *plugin, struct mk_session *cs,
                          struct mk_request *sr)
{
    (void)plugin;
    return serve_header_prepare(cs, sr);
}
#endif

static void fill_http(struct mk_api *api)
{
    api->http_request_end = serve_api_request_end;
#if MK_ABI == 16
    api->http_request_error = serve_http_error;
    api->header_prepare = serve_header_prepare;
#else
    api->http_request_error = request_error;
    api->header_prepare = header_prepare;
#endif
    api->mimetype_lookup = mimetype_lookup;
    api->header_get = serve_header_get;
    api->header_add = serve_header_add;
    api->header_set_http_status = serve_header_set_status;
    api->channel_flush = serve_channel_flush;
    api->channel_write = serve_channel_write;
    api->channel_append_stream = serve_channel_append;
#if MK_ABI == 16
    api->stream_set = serve_stream_set;
#endif
}

static void fill_system(struct mk_api *api)
{
    api->socket_connect = socket_connect;
    api->socket_open = socket_open;
    api->socket_set_nonblocking = set_nonblocking;
    api->socket_create = socket_create;
    api->socket_ip_str = serve_socket_ip_str;
    api->log = serve_api_log;
    api->mem_alloc = serve_mem_alloc;
    api->mem_alloc_z = serve_mem_alloc_z;
    api->mem_realloc = serve_mem_realloc;
    api->mem_free = serve_mem_free;
    api->file_to_buffer = file_to_buffer;
    api->file_get_info = serve_file_get_info;
    api->plugin_load_symbol = load_symbol;
    api->worker_rename = worker_rename;
    api->time_unix = time_unix;
    api->time_to_gmt = time_to_gmt;
    api->time_human = time_human;
}

static void fill_events(struct mk_api *api)
{
    api->ev_loop_create = serve_loop_create;
    api->ev_add = serve_ev_add;
    api->ev_del = serve_ev_del;
    api->ev_timeout_create = serve_ev_timeout_create;
    api->ev_channel_create = serve_ev_channel_create;
    api->ev_wait = serve_ev_wait;
    api->ev_backend = serve_ev_backend;
    api->sched_loop = serve_worker_loop;
    api->sched_remove_client = serve_conn_remove_client;
    api->sched_get_connection = serve_conn_get;
    api->sched_event_free = serve_conn_event_free;
    api->sched_worker_info = serve_worker_self;
}

void serve_api_create(void)
{
    struct mk_api *api = serve_mem_alloc_z(sizeof(*api));

    api->plugins = &serve.config.plugins;
#if MK_ABI == 16
    api->config = &serve.config;
    api->sched_list = serve.workers;
#endif
    fill_stubs(api);
    fill_http(api);
    fill_system(api);
    fill_events(api);
    serve.api = api;
}

void serve_api_destroy(void)
{
    serve_mem_free(serve.api);
    serve.api = NULL;
}
