/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of fcgi-ping: the command line (options.c), the targets and their
 * schedule (run.c), the judgement of an answer (judge.c), and the forms of
 * output (text.c, json.c, prometheus.c, nagios.c, watch.c), each of which is a
 * table of functions.
 */
#ifndef FCGI_PING_PING_H
#define FCGI_PING_PING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cli.h"
#include "fcgi-ping/exporter.h"
#include "fcgi-ping/fpm.h"
#include "fcgi-ping/range.h"
#include "fcgi-ping/times.h"
#include "gateway/buffer.h"
#include "loop/loop.h"
#include "probe/answer.h"
#include "probe/failure.h"
#include "probe/probe.h"
#include "probe/target.h"
#include "probe/vars.h"

/* Defaults and limits, as in --help and the manual. Times are in ns. */
#define FCGI_PING_INTERVAL UINT64_C(1000000000)
#define FCGI_PING_TIMEOUT UINT64_C(2000000000)
#define FCGI_PING_NAGIOS_TIMEOUT UINT64_C(10000000000)
#define FCGI_PING_LEAST_INTERVAL UINT64_C(2000000) /* for all but root */
#define FCGI_PING_AFTER_FAILURE UINT64_C(10000000) /* with -a and -f */
#define FCGI_PING_TARGETS_MOST 10000
#define FCGI_PING_JOBS_MOST 1000

enum fcgi_ping_exit {
    FCGI_PING_OK = 0,
    FCGI_PING_NO_ANSWER = 1,
    FCGI_PING_TROUBLE = 2,
    FCGI_PING_UNWELL = 3,
};

/* The same of a monitoring plugin, in place of TROUBLE. */
#define FCGI_PLUGIN_UNKNOWN 3

enum fcgi_ping_mode {
    FCGI_PING_VALUES,
    FCGI_PING_CONNECT,
    FCGI_PING_REQUEST,
    FCGI_PING_AUTO,
};

/* Their names, and NULL. */
extern const char *const fcgi_ping_modes[];

enum fcgi_ping_page {
    FCGI_PING_NO_PAGE,
    FCGI_PING_FPM_PING,
    FCGI_PING_FPM_STATUS,
};

/* What --nagios may have thresholds for. */
enum fcgi_ping_limited {
    FCGI_PING_TIME, /* the mean, in seconds */
    FCGI_PING_QUEUE,
    FCGI_PING_IDLE,
    FCGI_PING_MAX_CHILDREN, /* how often reached, from first to last probe */
    FCGI_PING_LIMITS,
};

struct fcgi_ping_limit {
    struct fcgi_range ranges[2]; /* of WARNING, of CRITICAL */
    const char *texts[2];        /* as they were given; NULL: not */
};

struct fcgi_ping_format;

struct fcgi_ping_options {
    enum fcgi_ping_mode mode;
    bool mode_given;
    enum fcgi_ping_page page;
    const char *config;
    uint64_t count;    /* 0: until it is stopped */
    uint64_t interval; /* ns */
    uint64_t deadline; /* ns, 0: none */
    uint64_t timeout;  /* ns, 0: none */
    bool interval_given, count_given;
    bool flood, adaptive, keep, numeric, quiet, stamps, phases, histogram;
    bool verbose, no_stderr, watch;
    uint64_t jobs;      /* connections to each target */
    const char *listen; /* NULL: no exporter */
    int family;
    struct fcgi_call call;
    const char *expect;
    bool statuses_given;
    struct fcgi_statuses statuses;
    bool nagios;
    struct fcgi_ping_limit limits[FCGI_PING_LIMITS];
    bool json, prometheus;
    const char *prometheus_file; /* NULL: standard output */
};

struct fcgi_ping;

struct fcgi_ping_target {
    struct fcgi_ping *ping;
    const struct fcgi_target *target;
    char *shown; /* the label, and the address where that is another */
    struct fcgi_probe_options options;
    struct fcgi_probe probe;
    struct fcgi_loop_timer timer; /* the next probe */
    struct fcgi_answer *answer;   /* NULL: no requests are made */
    struct fcgi_ping_target
        *whole;              /* that counts: itself, or the first of -j */
    struct fcgi_times stats; /* of good answers */
    uint64_t first, last;    /* when probing began, and the last probe ended */
    uint64_t sent, finished, received, unwell;
    uint64_t errors[FCGI_FAILURES];
    bool over; /* no more probes */
    bool values_reported, fell_back;
    char values[FCGI_VALUES][FCGI_PROBE_VALUE]; /* last printed */
    /* Of the last probe, after judging. */
    enum fcgi_failure failure;
    char text[FCGI_FAILURE_TEXT]; /* what went wrong, or empty */
    int status;                   /* HTTP status of a request, else 0 */
    bool have_fpm;
    struct fcgi_fpm fpm;
    bool have_first;
    uint64_t first_max_children; /* of the first page */
    struct fcgi_buffer page;
};

struct fcgi_ping {
    struct fcgi_ping_options options;
    struct fcgi_target_list list;
    struct fcgi_buffer params;
    struct fcgi_loop *loop;
    struct fcgi_ping_target *targets; /* then the further ones of -j */
    size_t n_targets, n_probes, n_over;
    struct fcgi_exporter *exporter; /* NULL: no --listen */
    size_t asked;                   /* probes that the exporter waits for */
    const struct fcgi_ping_format *format;
    struct fcgi_loop_io signals;
    struct fcgi_loop_timer deadline, refresh;
    uint64_t started;
    bool stop;
    int write_error; /* errno of standard output, or 0 */
    int trouble;     /* exit status of a local failure, or 0 */
};

/* The functions of a form of output. Any may be NULL. */
struct fcgi_ping_format {
    /* All is set up. Returns 0, or -1 with errno. */
    int (*begin)(struct fcgi_ping *ping);
    /* A signal, in place of the usual; see fcgi_screen_signals(). */
    void (*signal)(struct fcgi_ping *ping, int signal);
    void (*start)(struct fcgi_ping_target *target);
    void (*sent)(struct fcgi_ping_target *target);
    void (*record)(struct fcgi_ping_target *target, bool sent, uint64_t offset,
                   const struct fcgi_record *record);
    /* A probe is over: `failure`, `text` and probe.result tell how. */
    void (*outcome)(struct fcgi_ping_target *target);
    void (*summary)(struct fcgi_ping_target *target);
    /* All is over; returns the exit status, of which `status` is the usual. */
    int (*finish)(struct fcgi_ping *ping, int status);
};

extern const struct fcgi_ping_format fcgi_ping_text, fcgi_ping_json,
    fcgi_ping_prometheus, fcgi_ping_nagios, fcgi_ping_watch;

extern const struct fcgi_cli fcgi_ping_cli;

/* Reads the command line. Returns 0, or -1 with `*status` to exit with. */
int fcgi_ping_read_options(struct fcgi_ping *ping, int argc, char **argv,
                           int *status);

/* Probes until all is over; returns the exit status. */
int fcgi_ping_run(struct fcgi_ping *ping);

/* Whether a monitoring system has called, however wrong the command line is. */
bool fcgi_ping_is_nagios(int argc, char **argv);

/* The line of a plugin that could not begin; `message` is what was said to
 * standard error. */
void fcgi_ping_nagios_unknown(const char *message);

/* Sets target->failure, text, status and fpm from a probe that is done. */
void fcgi_ping_judge(struct fcgi_ping_target *target);

/* A target's part of the exit status: 0, 1 or 3. */
int fcgi_ping_target_status(const struct fcgi_ping_target *target);

/* Share of the finished probes that got no answer, from 0 to 100; where none
 * got one, also of one that is under way. */
double fcgi_ping_loss(const struct fcgi_ping_target *target);

/* A target's name for messages, with its address where that is another. */
const char *fcgi_ping_shown(struct fcgi_ping_target *target);

/* Rewrites the file of --prometheus. Returns 0, or -1 after a message. */
int fcgi_ping_write_prometheus(struct fcgi_ping *ping);

/* The metrics of all targets; the caller frees them. NULL: no memory. */
char *fcgi_ping_metrics(struct fcgi_ping *ping, size_t *length);

/* Good and other answers a second, over all of a target's time. */
double fcgi_ping_rate(const struct fcgi_ping_target *target);

/* The line of SIGQUIT, on standard error. */
void fcgi_ping_snapshot(struct fcgi_ping *ping);

static inline double fcgi_ping_ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

#endif
