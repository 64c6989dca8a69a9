/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/access.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "gateway/params.h"
#include "gateway/quote.h"

#define SYSLOG "/dev/log"
/* How often it is looked whether a file is still there. */
#define LOOK (1000 * FCGI_LOOP_MS)
/* What a client gets that has gone away before its answer, as nginx has it. */
#define CLIENT_GONE 499

/* Where lines go. */
struct target {
    const char *path; /* of a file; NULL: syslog */
    int fd;           /* -1: not open */
    dev_t device;
    ino_t inode;
    uint64_t looked; /* 0: never */
    bool torn;       /* the last line is not whole, and has no end */
    int error;       /* that was told; 0: none */
    uint64_t lost;   /* lines since then */
};

struct fcgi_access {
    const struct fcgi_host *host;
    const struct fcgi_server_config *servers; /* of the configuration */
    struct target **of_server;                /* NULL: Off */
    struct target *targets;
    size_t n_targets;
    struct fcgi_buffer line;
};

/* --- lines ---------------------------------------------------------------- */

static void add_text(struct fcgi_buffer *out, enum fcgi_quote_kind kind,
                     const struct fcgi_access_record *record, const char *name)
{
    struct fcgi_text text = fcgi_params_find(record->params, name);
    bool cut = text.length > FCGI_ACCESS_TEXT;

    if (cut)
        text.length = FCGI_ACCESS_TEXT;
    fcgi_quote(out, kind, text);
    if (cut)
        fcgi_buffer_add_text(out, "...");
}

static bool is_empty(const struct fcgi_access_record *record, const char *name)
{
    return fcgi_params_find(record->params, name).length == 0;
}

/* "-" stands for what there is not. */
static void add_word(struct fcgi_buffer *out,
                     const struct fcgi_access_record *record, const char *name)
{
    if (is_empty(record, name))
        fcgi_buffer_add_text(out, "-");
    else
        add_text(out, FCGI_QUOTE_LOG, record, name);
}

/* A time of day in a format, which is a literal for the compiler to check. */
#define add_time(out, format, when)                           \
    do {                                                      \
        char text_[64];                                       \
        struct tm tm_;                                        \
                                                              \
        if (localtime_r(&(when), &tm_) != NULL &&             \
            strftime(text_, sizeof(text_), format, &tm_) > 0) \
            fcgi_buffer_add_text(out, text_);                 \
    } while (0)

static int status_of(const struct fcgi_access_record *record)
{
    return record->status != 0 ? record->status : CLIENT_GONE;
}

/* A blank in a user's name would shift what follows. */
static void add_user(struct fcgi_buffer *out,
                     const struct fcgi_access_record *record)
{
    size_t begin = out->length;

    add_word(out, record, "REMOTE_USER");
    for (size_t i = begin; i < out->length; i++)
        if (out->data[i] == ' ')
            out->data[i] = '_';
}

static void add_us(struct fcgi_buffer *out, bool there, uint64_t time)
{
    fcgi_buffer_add_text(out, " ");
    if (there)
        fcgi_buffer_add_number(out, time / 1000);
    else
        fcgi_buffer_add_text(out, "-");
}

static void add_combined(struct fcgi_buffer *out,
                         const struct fcgi_access_record *record, time_t when)
{
    add_word(out, record, "REMOTE_ADDR");
    fcgi_buffer_add_text(out, " - ");
    add_user(out, record);
    add_time(out, " [%d/%b/%Y:%H:%M:%S %z] \"", when);
    add_word(out, record, "REQUEST_METHOD");
    fcgi_buffer_add_text(out, " ");
    add_word(out, record, "REQUEST_URI");
    fcgi_buffer_add_text(out, " ");
    add_word(out, record, "SERVER_PROTOCOL");
    fcgi_buffer_add_text(out, "\" ");
    fcgi_buffer_add_number(out, (uint64_t)status_of(record));
    fcgi_buffer_add_text(out, " ");
    fcgi_buffer_add_number(out, record->body_bytes);
    fcgi_buffer_add_text(out, " \"");
    add_word(out, record, "HTTP_REFERER");
    fcgi_buffer_add_text(out, "\" \"");
    add_word(out, record, "HTTP_USER_AGENT");
    fcgi_buffer_add_text(out, "\"");
    add_us(out, true, record->total);
    add_us(out, record->asked, record->waiting);
    add_us(out, record->asked, record->application);
}

static void add_number(struct fcgi_buffer *out, const char *key,
                       uint64_t number)
{
    char text[64];

    snprintf(text, sizeof(text), ",\"%s\":%" PRIu64, key, number);
    fcgi_buffer_add_text(out, text);
}

static void add_json(struct fcgi_buffer *out,
                     const struct fcgi_access_record *record, time_t when)
{
    static const struct {
        const char *key, *param;
    } texts[] = {
        {"client", "REMOTE_ADDR"},       {"user", "REMOTE_USER"},
        {"method", "REQUEST_METHOD"},    {"uri", "REQUEST_URI"},
        {"protocol", "SERVER_PROTOCOL"}, {"host", "HTTP_HOST"},
        {"referer", "HTTP_REFERER"},     {"agent", "HTTP_USER_AGENT"},
    };
    char begin[64];

    add_time(out, "{\"time\":\"%Y-%m-%dT%H:%M:%S%z\"", when);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (is_empty(record, texts[i].param))
            continue;
        snprintf(begin, sizeof(begin), ",\"%s\":\"", texts[i].key);
        fcgi_buffer_add_text(out, begin);
        add_text(out, FCGI_QUOTE_JSON, record, texts[i].param);
        fcgi_buffer_add_text(out, "\"");
    }
    add_number(out, "status", (uint64_t)status_of(record));
    add_number(out, "bytes", record->body_bytes);
    add_number(out, "total_us", record->total / 1000);
    if (record->asked) {
        const char *name = record->server->name;

        fcgi_buffer_add_text(out, ",\"server\":\"");
        fcgi_quote(out, FCGI_QUOTE_JSON,
                   (struct fcgi_text){name, strlen(name)});
        fcgi_buffer_add_text(out, "\"");
        add_number(out, "waiting_us", record->waiting / 1000);
        add_number(out, "application_us", record->application / 1000);
    }
    fcgi_buffer_add_text(out, "}");
}

void fcgi_access_format(struct fcgi_buffer *out,
                        const struct fcgi_access_record *record, time_t when)
{
    if (strcasecmp(record->server->access_log_format, "JSON") == 0)
        add_json(out, record, when);
    else
        add_combined(out, record, when);
    fcgi_buffer_add_text(out, "\n");
}

/* --- targets -------------------------------------------------------------- */

static void tell(const struct fcgi_access *access, const struct target *target,
                 bool bad, const char *what)
{
    char line[1024];

    snprintf(line, sizeof(line), "AccessLog %s: %s",
             target->path != NULL ? target->path : "syslog", what);
    access->host->log(bad ? FCGI_LOG_ERROR : FCGI_LOG_INFO, line);
}

/* A line is lost; that is told when it begins. */
static void lose(const struct fcgi_access *access, struct target *target,
                 int error)
{
    char what[256];

    target->lost++;
    if (target->error == error)
        return;
    target->error = error;
    snprintf(what, sizeof(what),
             "%s; lines are lost until this is mended (the user that the "
             "server runs as must be allowed to write there)",
             strerror(error));
    tell(access, target, true, what);
}

static void succeed(const struct fcgi_access *access, struct target *target)
{
    char what[128];

    if (target->error == 0)
        return;
    snprintf(what, sizeof(what), "is written again; %" PRIu64 " lines are lost",
             target->lost);
    tell(access, target, false, what);
    target->error = 0;
    target->lost = 0;
}

static int open_syslog(void)
{
    const struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = SYSLOG};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int saved;

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&un, sizeof(un)) < 0) {
        saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

/* A pipe that nobody reads must not hold a worker up. */
static int open_file(struct target *target)
{
    int fd =
        open(target->path,
             O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
             0640);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0) {
        target->device = st.st_dev;
        target->inode = st.st_ino;
    }
    target->torn = false;
    return fd;
}

static void shut(struct target *target)
{
    if (target->fd >= 0)
        close(target->fd);
    target->fd = -1;
}

/* Whether the file that is open is not the one of that name any more. */
static bool is_gone(const struct target *target)
{
    struct stat st;

    return target->path != NULL &&
           (stat(target->path, &st) < 0 || st.st_dev != target->device ||
            st.st_ino != target->inode);
}

/* Opens a target, or anew: that is tried, and looked for, once in a while.
 * Returns whether it is open; if not, errno says why. */
static bool attend(struct target *target, uint64_t now)
{
    errno = target->error;
    if (target->looked != 0 && now < target->looked + LOOK)
        return target->fd >= 0;
    target->looked = now;
    if (target->fd >= 0 && is_gone(target))
        shut(target);
    if (target->fd < 0)
        target->fd = target->path != NULL ? open_file(target) : open_syslog();
    return target->fd >= 0;
}

/* What glibc's syslog(3) puts in front, on the socket that it uses. */
static void add_priority(struct fcgi_buffer *line, time_t when)
{
    char text[64];

    snprintf(text, sizeof(text), "<%d>", LOG_DAEMON | LOG_INFO);
    fcgi_buffer_add_text(line, text);
    add_time(line, "%b %e %H:%M:%S ", when);
    snprintf(text, sizeof(text), "fastcgi[%ld]: ", (long)getpid());
    fcgi_buffer_add_text(line, text);
}

static void write_line(struct fcgi_access *access, struct target *target)
{
    struct fcgi_buffer *line = &access->line;
    ssize_t n;

    if (target->path == NULL)
        n = send(target->fd, line->data, line->length - 1, MSG_NOSIGNAL);
    else
        n = write(target->fd, line->data, line->length);
    if (n < 0) {
        int error = errno;

        if (target->path == NULL && error != EAGAIN)
            shut(target);
        lose(access, target, error);
    } else if (target->path != NULL && (size_t)n < line->length) {
        target->torn = true;
        lose(access, target, ENOSPC);
    } else {
        target->torn = false;
        succeed(access, target);
    }
}

void fcgi_access_write(struct fcgi_access *access,
                       const struct fcgi_access_record *record, uint64_t now)
{
    struct target *target = access->of_server[record->server - access->servers];
    struct fcgi_buffer *line = &access->line;
    time_t when;

    if (target == NULL)
        return;
    if (!attend(target, now)) {
        lose(access, target, errno);
        return;
    }
    when = time(NULL);
    line->length = 0;
    line->failed = false;
    if (target->path == NULL)
        add_priority(line, when);
    else if (target->torn)
        fcgi_buffer_add_text(line, "\n");
    fcgi_access_format(line, record, when);
    if (line->failed)
        lose(access, target, ENOMEM);
    else
        write_line(access, target);
}

void fcgi_access_tell(struct fcgi_access *access,
                      const struct fcgi_buffer *params,
                      const struct fcgi_upstream *upstream,
                      const struct fcgi_reply *reply, uint64_t started)
{
    uint64_t now = fcgi_loop_now(upstream->worker->loop);
    uint64_t ended = upstream->ended != 0 ? upstream->ended : now;
    const struct fcgi_access_record record = {
        .params = params,
        .server = upstream->server != NULL ? upstream->server->config
                                           : upstream->request.body->config,
        .asked = upstream->sent != 0,
        .status = reply->status,
        .body_bytes = reply->body_bytes,
        .total = now - started,
        .waiting = upstream->sent - started,
        .application = ended - upstream->sent,
    };

    fcgi_access_write(access, &record, now);
}

/* --- all of them ---------------------------------------------------------- */

/* The target of a server's key: that of one before which has the same, or a new
 * one. */
static struct target *target_of(struct fcgi_access *access, const char *key)
{
    const char *path = key[0] == '/' ? key : NULL;
    struct target *target;

    if (strcasecmp(key, "Off") == 0)
        return NULL;
    for (size_t i = 0; i < access->n_targets; i++) {
        target = &access->targets[i];
        if (path != NULL && target->path != NULL
                ? strcmp(path, target->path) == 0
                : path == target->path)
            return target;
    }
    target = &access->targets[access->n_targets++];
    *target = (struct target){.path = path, .fd = -1};
    return target;
}

struct fcgi_access *fcgi_access_new(const struct fcgi_pool *pool,
                                    const struct fcgi_host *host)
{
    struct fcgi_access *access = calloc(1, sizeof(*access));

    if (access == NULL)
        return NULL;
    access->host = host;
    access->servers = pool->groups[0].config;
    access->of_server = calloc(pool->n_groups, sizeof(*access->of_server));
    access->targets = calloc(pool->n_groups, sizeof(*access->targets));
    if (access->of_server == NULL || access->targets == NULL) {
        fcgi_access_free(access);
        return NULL;
    }
    for (size_t i = 0; i < pool->n_groups; i++)
        if (pool->groups[i].config->access_log != NULL)
            access->of_server[i] =
                target_of(access, pool->groups[i].config->access_log);
    return access;
}

void fcgi_access_free(struct fcgi_access *access)
{
    if (access == NULL)
        return;
    for (size_t i = 0; i < access->n_targets; i++)
        shut(&access->targets[i]);
    fcgi_buffer_free(&access->line);
    free(access->targets);
    free(access->of_server);
    free(access);
}
