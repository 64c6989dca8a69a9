/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/column.h"
#include "gateway/quote.h"
#include "gateway/status_page.h"

/* Fields of all answers. */
#define FIELDS                            \
    "Cache-Control: no-store\r\n"         \
    "Vary: Accept\r\n"                    \
    "X-Content-Type-Options: nosniff\r\n" \
    "Referrer-Policy: no-referrer\r\n"    \
    "Cross-Origin-Resource-Policy: same-origin\r\n"

static void add_quoted(struct fcgi_buffer *out, enum fcgi_quote_kind kind,
                       const char *text)
{
    fcgi_buffer_add_text(out, "\"");
    fcgi_quote(out, kind, (struct fcgi_text){text, strlen(text)});
    fcgi_buffer_add_text(out, "\"");
}

/* --- JSON ---------------------------------------------------------------- */

static void add_key(struct fcgi_buffer *out, const char *key)
{
    uint8_t last = out->length > 0 ? out->data[out->length - 1] : '{';

    if (last != '{' && last != '[')
        fcgi_buffer_add_text(out, ",");
    add_quoted(out, FCGI_QUOTE_JSON, key);
    fcgi_buffer_add_text(out, ":");
}

static void add_number(struct fcgi_buffer *out, const char *key,
                       uint64_t number)
{
    add_key(out, key);
    fcgi_buffer_add_number(out, number);
}

static void add_string(struct fcgi_buffer *out, const char *key,
                       const char *text)
{
    add_key(out, key);
    add_quoted(out, FCGI_QUOTE_JSON, text);
}

static void add_columns(struct fcgi_buffer *out, bool failures,
                        const struct fcgi_snapshot_server *server)
{
    size_t n;
    const struct fcgi_column *columns = fcgi_columns(&n);

    for (size_t i = 0; i < n; i++)
        if ((columns[i].group == FCGI_COLUMN_FAILURE) == failures)
            add_number(out, columns[i].name,
                       fcgi_column_value(&columns[i], server));
}

static void add_latency(struct fcgi_buffer *out,
                        const struct fcgi_snapshot_server *server)
{
    char key[16];

    add_key(out, "latency");
    fcgi_buffer_add_text(out, "{");
    for (unsigned i = 0; i < FCGI_SNAPSHOT_WINDOWS; i++) {
        const struct fcgi_snapshot_times *times = &server->windows[i];

        snprintf(key, sizeof(key), "%um", fcgi_snapshot_minutes[i]);
        add_key(out, key);
        fcgi_buffer_add_text(out, "{");
        add_number(out, "requests", times->n);
        for (unsigned q = 0; q < FCGI_SNAPSHOT_QUANTILES; q++) {
            snprintf(key, sizeof(key), "p%u_us", fcgi_snapshot_percents[q]);
            add_number(out, key, times->quantiles[q]);
        }
        fcgi_buffer_add_text(out, "}");
    }
    fcgi_buffer_add_text(out, "}");
}

static void add_server(struct fcgi_buffer *out,
                       const struct fcgi_snapshot_server *server)
{
    char rate[32];

    snprintf(rate, sizeof(rate), "%" PRIu64 ".%u", server->rate / 10,
             (unsigned)(server->rate % 10));
    fcgi_buffer_add_text(out, "{");
    add_string(out, "name", server->config->name);
    add_string(out, "address", server->where);
    add_string(out, "health", fcgi_status_page_health(server));
    add_key(out, "requests_per_second");
    fcgi_buffer_add_text(out, rate);
    add_columns(out, false, server);
    add_key(out, "failures");
    fcgi_buffer_add_text(out, "{");
    add_columns(out, true, server);
    fcgi_buffer_add_text(out, "}");
    add_latency(out, server);
    fcgi_buffer_add_text(out, "}");
}

void fcgi_status_json(struct fcgi_buffer *out,
                      const struct fcgi_snapshot *snapshot)
{
    fcgi_buffer_add_text(out, "{");
    add_number(out, "time", (uint64_t)snapshot->now);
    add_number(out, "since", (uint64_t)snapshot->since);
    add_key(out, "servers");
    fcgi_buffer_add_text(out, "[");
    for (size_t i = 0; i < snapshot->n_servers; i++) {
        if (i > 0)
            fcgi_buffer_add_text(out, ",");
        add_server(out, &snapshot->servers[i]);
    }
    fcgi_buffer_add_text(out, "],\"errors\":[");
    for (unsigned i = 0; i < snapshot->n_errors; i++) {
        const struct fcgi_recent_error *error = &snapshot->errors[i];

        fcgi_buffer_add_text(out, i > 0 ? ",{" : "{");
        add_number(out, "time", (uint64_t)error->when);
        if (error->server != NULL)
            add_string(out, "server", error->server->config->name);
        add_string(out, "text", error->text);
        fcgi_buffer_add_text(out, "}");
    }
    fcgi_buffer_add_text(out, "]}\n");
}

/* --- Prometheus: the text format, version 0.0.4 --------------------------- */

#define PREFIX "fcgi_gateway_"

static void add_help(struct fcgi_buffer *out, const char *name,
                     const char *suffix, const char *type, const char *help)
{
    char line[256];

    snprintf(line, sizeof(line),
             "# HELP " PREFIX "%s%s %s.\n# TYPE " PREFIX "%s%s %s\n", name,
             suffix, help, name, suffix, type);
    fcgi_buffer_add_text(out, line);
}

/* A sample; `more` are labels behind the server's, or "". */
static void add_sample(struct fcgi_buffer *out, const char *name,
                       const char *suffix,
                       const struct fcgi_snapshot_server *server,
                       const char *more, const char *value)
{
    fcgi_buffer_add_text(out, PREFIX);
    fcgi_buffer_add_text(out, name);
    fcgi_buffer_add_text(out, suffix);
    fcgi_buffer_add_text(out, "{server=");
    add_quoted(out, FCGI_QUOTE_LABEL, server->config->name);
    fcgi_buffer_add_text(out, ",address=");
    add_quoted(out, FCGI_QUOTE_LABEL, server->where);
    fcgi_buffer_add_text(out, more);
    fcgi_buffer_add_text(out, "} ");
    fcgi_buffer_add_text(out, value);
    fcgi_buffer_add_text(out, "\n");
}

static void add_sample_number(struct fcgi_buffer *out, const char *name,
                              const char *suffix,
                              const struct fcgi_snapshot_server *server,
                              const char *more, uint64_t number)
{
    char digits[FCGI_BUFFER_DIGITS + 1];

    add_sample(out, name, suffix, server, more,
               fcgi_buffer_digits(digits, number));
}

static void add_metric(struct fcgi_buffer *out,
                       const struct fcgi_column *column,
                       const struct fcgi_snapshot *snapshot)
{
    bool counts = column->group == FCGI_COLUMN_COUNTER;
    const char *suffix = counts ? "_total" : "";

    add_help(out, column->name, suffix, counts ? "counter" : "gauge",
             column->help);
    for (size_t i = 0; i < snapshot->n_servers; i++)
        add_sample_number(out, column->name, suffix, &snapshot->servers[i], "",
                          fcgi_column_value(column, &snapshot->servers[i]));
}

static void add_failures(struct fcgi_buffer *out,
                         const struct fcgi_snapshot *snapshot)
{
    size_t n;
    const struct fcgi_column *columns = fcgi_columns(&n);
    char kind[64];

    add_help(out, "failures", "_total", "counter",
             "Failures of requests and of health checks");
    for (size_t i = 0; i < snapshot->n_servers; i++) {
        for (size_t c = 0; c < n; c++) {
            if (columns[c].group != FCGI_COLUMN_FAILURE)
                continue;
            snprintf(kind, sizeof(kind), ",kind=\"%s\"", columns[c].name);
            add_sample_number(
                out, "failures", "_total", &snapshot->servers[i], kind,
                fcgi_column_value(&columns[c], &snapshot->servers[i]));
        }
    }
}

static const char *seconds(char text[32], uint64_t us)
{
    snprintf(text, 32, "%" PRIu64 ".%06u", us / 1000000,
             (unsigned)(us % 1000000));
    return text;
}

/* A bucket of Prometheus has four of ours, up to a power of two. */
static void add_duration(struct fcgi_buffer *out,
                         const struct fcgi_snapshot_server *server)
{
    static const char name[] = "request_duration_seconds";
    char label[64], text[32];
    uint64_t n = 0;

    for (unsigned i = 0; i < FCGI_HISTOGRAM_BUCKETS; i++) {
        n += server->totals[i];
        if (i % 4 != 3 || i == FCGI_HISTOGRAM_BUCKETS - 1)
            continue;
        snprintf(label, sizeof(label), ",le=\"%s\"",
                 seconds(text, fcgi_histogram_bound(i)));
        add_sample_number(out, name, "_bucket", server, label, n);
    }
    add_sample_number(out, name, "_bucket", server, ",le=\"+Inf\"", n);
    add_sample(out, name, "_sum", server, "", seconds(text, server->total_us));
    add_sample_number(out, name, "_count", server, "", n);
}

void fcgi_status_prometheus(struct fcgi_buffer *out,
                            const struct fcgi_snapshot *snapshot)
{
    size_t n;
    const struct fcgi_column *columns = fcgi_columns(&n);

    add_help(out, "start_time_seconds", "", "gauge",
             "When the servers were set up, in seconds since 1970");
    fcgi_buffer_add_text(out, PREFIX "start_time_seconds ");
    fcgi_buffer_add_number(out, (uint64_t)snapshot->since);
    fcgi_buffer_add_text(out, "\n");
    add_help(out, "up", "", "gauge", "Whether the server is used");
    for (size_t i = 0; i < snapshot->n_servers; i++)
        add_sample_number(out, "up", "", &snapshot->servers[i], "",
                          snapshot->servers[i].health == FCGI_HEALTH_UP);
    for (size_t i = 0; i < n; i++)
        if (columns[i].group != FCGI_COLUMN_FAILURE)
            add_metric(out, &columns[i], snapshot);
    add_failures(out, snapshot);
    add_help(out, "request_duration_seconds", "", "histogram",
             "How long requests took, with their wait for a connection");
    for (size_t i = 0; i < snapshot->n_servers; i++)
        add_duration(out, &snapshot->servers[i]);
}

/* --- the answer ----------------------------------------------------------- */

/* Who asks. */
struct asker {
    const struct sockaddr_storage *address;
    bool is_local; /* on this machine, and no other's proxy */
};

static bool is_allowed(const void *arg, const struct fcgi_server_config *config)
{
    const struct asker *asker = arg;

    return asker->is_local ||
           fcgi_networks_have(&config->status_allow, asker->address);
}

static struct asker asker_of(const struct fcgi_http_request *request)
{
    static const char *const passed_on[] = {"forwarded", "x-forwarded-for",
                                            "x-real-ip", "via"};
    struct asker asker = {&request->peer,
                          fcgi_network_is_local(&request->peer)};

    for (size_t i = 0; i < request->n_fields; i++)
        for (size_t j = 0; j < sizeof(passed_on) / sizeof(passed_on[0]); j++)
            if (fcgi_http_text_is(request->fields[i].name, passed_on[j]))
                asker.is_local = false;
    return asker;
}

enum format { PAGE, STILL, JSON, PROMETHEUS, UNKNOWN };

static const char *const fields_of[] = {
    [PAGE] =
        "Content-Type: text/html; charset=utf-8\r\n" FCGI_STATUS_PAGE_POLICY
            FIELDS,
    [STILL] =
        "Content-Type: text/html; charset=utf-8\r\n" FCGI_STATUS_PAGE_POLICY
            FIELDS,
    [JSON] = "Content-Type: application/json\r\n" FIELDS,
    [PROMETHEUS] =
        "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" FIELDS,
};

static bool begins(struct fcgi_text text, const char *with)
{
    return text.length >= strlen(with) &&
           fcgi_http_text_is((struct fcgi_text){text.data, strlen(with)}, with);
}

/* What the query asks for: its first name. */
static enum format format_of_query(struct fcgi_text query)
{
    static const char *const names[] = {
        [STILL] = "still", [JSON] = "json", [PROMETHEUS] = "prometheus"};
    size_t length = 0;

    while (length < query.length && query.data[length] != '=' &&
           query.data[length] != '&')
        length++;
    for (unsigned i = STILL; i < UNKNOWN; i++)
        if (fcgi_http_text_is((struct fcgi_text){query.data, length}, names[i]))
            return (enum format)i;
    return UNKNOWN;
}

static enum format format_of_type(struct fcgi_text type)
{
    if (begins(type, "text/html"))
        return PAGE;
    if (begins(type, "application/json"))
        return JSON;
    if (begins(type, "application/openmetrics-text") ||
        begins(type, "text/plain;version=0.0.4") ||
        begins(type, "text/plain; version=0.0.4"))
        return PROMETHEUS;
    return UNKNOWN;
}

static enum format choose(const struct fcgi_http_request *request)
{
    enum format format = format_of_query(request->query);

    for (size_t i = 0; i < request->n_fields; i++) {
        struct fcgi_text rest = request->fields[i].value, type;

        if (!fcgi_http_text_is(request->fields[i].name, "accept"))
            continue;
        while (format == UNKNOWN && fcgi_http_text_element(&rest, &type))
            format = format_of_type(type);
    }
    return format == UNKNOWN ? PAGE : format;
}

static bool is_method(const struct fcgi_http_request *request, const char *name)
{
    return request->method.length == strlen(name) &&
           memcmp(request->method.data, name, strlen(name)) == 0;
}

int fcgi_status_make(struct fcgi_pool *pool, uint64_t now,
                     const struct fcgi_http_request *request,
                     struct fcgi_buffer *out, const char **fields,
                     const char **why)
{
    const struct asker asker = asker_of(request);
    enum format format = choose(request);
    struct fcgi_snapshot *snapshot =
        fcgi_snapshot_take(pool, now, is_allowed, &asker);
    int status = 0;

    out->length = 0;
    out->failed = false;
    *fields = fields_of[format];
    *why = "out of memory";
    if (snapshot == NULL)
        return 500;
    if (snapshot->n_servers == 0) {
        *why = "the status is for this machine, and for StatusAllow";
        status = 403;
    } else if (!is_method(request, "GET") && !is_method(request, "HEAD")) {
        *why = "the status can be read alone";
        status = 405;
    } else if (format == JSON) {
        fcgi_status_json(out, snapshot);
    } else if (format == PROMETHEUS) {
        fcgi_status_prometheus(out, snapshot);
    } else {
        fcgi_status_page_make(out, snapshot, format == PAGE);
    }
    free(snapshot);
    return status == 0 && out->failed ? 500 : status;
}
