/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/status_page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/chart.h"
#include "gateway/column.h"
#include "gateway/quote.h"

#define RELOAD "5" /* seconds */

/* The colours of both themes, then one column of servers, or several. */
static const char style[] =
    ":root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--text:#1c2128;"
    "--dim:#596270;--edge:#d8dce2;--good:#11713a;--bad:#b3261e;--warn:#8a5300;"
    "--c0:#2860bd;--c1:#9a5c00;--c2:#a3238e}"
    "@media(prefers-color-scheme:dark){:root{--back:#14171c;--card:#1d2128;"
    "--text:#e4e7ec;--dim:#9aa4b2;--edge:#343b46;--good:#5fd08b;--bad:#ff8a80;"
    "--warn:#f0b45a;--c0:#79aef5;--c1:#f0b45a;--c2:#f08bd0}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:96rem;padding:1rem;background:var(--back);"
    "color:var(--text);font:15px/1.45 system-ui,sans-serif}"
    "h1{font-size:1.35rem;margin:0 0 .2rem}"
    "h2{font-size:1.1rem;margin:0;display:flex;gap:.6rem;align-items:center;"
    "justify-content:space-between;overflow-wrap:anywhere}"
    "h3{font-size:.8rem;margin:1rem 0 .3rem;color:var(--dim);font-weight:600}"
    "p{margin:0 0 .8rem;color:var(--dim)}a{color:var(--c0)}"
    "main{display:grid;gap:1rem;"
    "grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr))}"
    "article,section{background:var(--card);border:1px solid var(--edge);"
    "border-radius:10px;padding:1rem;min-width:0}section{margin-top:1rem}"
    ".where{font-size:.8rem;overflow-wrap:anywhere}"
    ".health{font-size:.8rem;font-weight:600;padding:.1rem .6rem;"
    "border-radius:1rem;border:1px solid;white-space:nowrap}"
    ".up{color:var(--good)}.out{color:var(--bad)}.trial{color:var(--warn)}"
    ".now{display:flex;flex-wrap:wrap;gap:.5rem;margin:0}"
    ".now div{flex:1 1 5.5rem;border:1px solid "
    "var(--edge);border-radius:8px;padding:.3rem "
    ".5rem;"
    "display:flex;flex-direction:column-reverse}"
    ".now dt{font-size:.75rem;color:var(--dim)}"
    "dd{margin:0;font-variant-numeric:tabular-nums}"
    ".now dd{font-size:1.15rem;font-weight:600}"
    "svg{display:block;width:100%;height:60px}"
    ".ground{stroke:var(--edge);fill:none;vector-effect:non-scaling-stroke}"
    ".bars{fill:var(--c0)}.line{fill:none;stroke-width:2;"
    "vector-effect:non-scaling-stroke}"
    ".line0{stroke:var(--c0)}.line1{stroke:var(--c1)}.line2{stroke:var(--c2)}"
    ".key0{color:var(--c0)}.key1{color:var(--c1)}.key2{color:var(--c2)}"
    ".axis{display:flex;justify-content:space-between;font-size:.7rem;"
    "color:var(--dim)}"
    "table{margin-top:.5rem;border-collapse:collapse;width:100%;font-size:."
    "85rem;"
    "font-variant-numeric:tabular-nums}"
    "th,td{text-align:right;padding:.15rem;"
    "border-bottom:1px solid var(--edge);font-weight:400}"
    "thead th{font-weight:600}th:first-child{text-align:left;color:var(--dim)}"
    ".fail td{color:var(--bad);font-weight:600}"
    "ol{margin:0;padding:0;list-style:none;font-size:.85rem}"
    "li{padding:.35rem 0;border-bottom:1px solid var(--edge);"
    "overflow-wrap:anywhere}li:last-child{border:0}"
    "time{color:var(--dim);margin-right:.6rem;white-space:nowrap}";

__attribute__((format(printf, 2, 3))) static void add(struct fcgi_buffer *out,
                                                      const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fcgi_buffer_add_text(out, text);
}

static void add_foreign(struct fcgi_buffer *out, const char *text)
{
    fcgi_quote(out, FCGI_QUOTE_HTML, (struct fcgi_text){text, strlen(text)});
}

static void add_time(struct fcgi_buffer *out, time_t when)
{
    char text[96];
    struct tm tm;

    if (gmtime_r(&when, &tm) == NULL ||
        strftime(text, sizeof(text),
                 "<time datetime=\"%Y-%m-%dT%H:%M:%SZ\">%Y-%m-%d "
                 "%H:%M:%S</time>",
                 &tm) == 0)
        return;
    fcgi_buffer_add_text(out, text);
}

/* A number that is easily read: 1234567 as 1 234 567. */
static void add_count(struct fcgi_buffer *out, uint64_t count)
{
    char digits[FCGI_BUFFER_DIGITS + 1];
    const char *at = fcgi_buffer_digits(digits, count);
    size_t left = strlen(at);

    for (; left > 0; left--, at++)
        add(out, "%c%s", *at, left > 1 && left % 3 == 1 ? "&#8239;" : "");
}

static void add_duration(struct fcgi_buffer *out, uint64_t us)
{
    if (us == 0)
        add(out, "&ndash;");
    else if (us < 1000)
        add(out, "%u&#8239;&micro;s", (unsigned)us);
    else if (us < 100000)
        add(out, "%u.%u&#8239;ms", (unsigned)(us / 1000),
            (unsigned)(us / 100 % 10));
    else if (us < 1000000)
        add(out, "%u&#8239;ms", (unsigned)(us / 1000));
    else
        add(out, "%" PRIu64 ".%u&#8239;s", us / 1000000,
            (unsigned)(us / 100000 % 10));
}

static void add_age(struct fcgi_buffer *out, uint64_t seconds)
{
    if (seconds < 120)
        add(out, "%" PRIu64 " seconds", seconds);
    else if (seconds < 7200)
        add(out, "%" PRIu64 " minutes", seconds / 60);
    else if (seconds < 2 * 86400)
        add(out, "%" PRIu64 " hours", seconds / 3600);
    else
        add(out, "%" PRIu64 " days", seconds / 86400);
}

/* --- a server ------------------------------------------------------------- */

const char *fcgi_status_page_health(const struct fcgi_snapshot_server *server)
{
    switch (server->health) {
    case FCGI_HEALTH_UP:
        break;
    case FCGI_HEALTH_DUE:
        return "trial";
    case FCGI_HEALTH_OUT:
        return "out";
    }
    return "up";
}

static void add_now(struct fcgi_buffer *out,
                    const struct fcgi_snapshot_server *server)
{
    size_t n;
    const struct fcgi_column *columns = fcgi_columns(&n);

    add(out, "<dl class=\"now\"><div><dt>requests/s</dt><dd>");
    add_count(out, server->rate / 10);
    add(out, ".%u</dd></div>", (unsigned)(server->rate % 10));
    for (size_t i = 0; i < n; i++) {
        uint64_t value = fcgi_column_value(&columns[i], server);

        if (columns[i].group != FCGI_COLUMN_STATE)
            continue;
        add(out, "<div title=\"%s\"><dt>%s</dt><dd>", columns[i].help,
            columns[i].title);
        if (columns[i].none && value == 0)
            add(out, "none");
        else
            add_count(out, value);
        add(out, "</dd></div>");
    }
    add(out, "</dl>");
}

static void add_axis(struct fcgi_buffer *out)
{
    add(out,
        "<div class=\"axis\"><span>15 minutes ago</span>"
        "<span>now</span></div>");
}

static void add_pictures(struct fcgi_buffer *out,
                         const struct fcgi_snapshot_server *server)
{
    uint64_t requests[FCGI_SNAPSHOT_SLICES];
    uint64_t times[FCGI_SNAPSHOT_QUANTILES][FCGI_SNAPSHOT_SLICES];
    const uint64_t *lines[FCGI_SNAPSHOT_QUANTILES];

    for (unsigned i = 0; i < FCGI_SNAPSHOT_SLICES; i++) {
        requests[i] = server->slices[i].n;
        for (unsigned q = 0; q < FCGI_SNAPSHOT_QUANTILES; q++)
            times[q][i] = server->slices[i].quantiles[q];
    }
    add(out, "<h3>Requests</h3>");
    fcgi_chart_bars(out, "Requests in 15 minutes", requests,
                    FCGI_SNAPSHOT_SLICES);
    add_axis(out);
    add(out, "<h3>Latency:");
    for (unsigned q = 0; q < FCGI_SNAPSHOT_QUANTILES; q++) {
        lines[q] = times[q];
        add(out, " <span class=\"key%u\">p%u</span>", q,
            fcgi_snapshot_percents[q]);
    }
    add(out, "</h3>");
    fcgi_chart_lines(out, "Latency in 15 minutes; the table has the numbers",
                     lines, FCGI_SNAPSHOT_QUANTILES, FCGI_SNAPSHOT_SLICES);
    add_axis(out);
}

static void add_latency(struct fcgi_buffer *out,
                        const struct fcgi_snapshot_server *server)
{
    add(out, "<table><thead><tr><th scope=\"col\">last</th>");
    for (unsigned q = 0; q < FCGI_SNAPSHOT_QUANTILES; q++)
        add(out, "<th scope=\"col\" class=\"key%u\">p%u</th>", q,
            fcgi_snapshot_percents[q]);
    add(out, "<th scope=\"col\">requests</th></tr></thead><tbody>");
    for (unsigned i = 0; i < FCGI_SNAPSHOT_WINDOWS; i++) {
        const struct fcgi_snapshot_times *times = &server->windows[i];

        add(out, "<tr><th scope=\"row\">%u min</th>", fcgi_snapshot_minutes[i]);
        for (unsigned q = 0; q < FCGI_SNAPSHOT_QUANTILES; q++) {
            add(out, "<td>");
            add_duration(out, times->quantiles[q]);
            add(out, "</td>");
        }
        add(out, "<td>");
        add_count(out, times->n);
        add(out, "</td></tr>");
    }
    add(out, "</tbody></table>");
}

/* The numbers of a group; failures that have never been are left out. Returns
 * whether there was any. */
static bool add_group(struct fcgi_buffer *out,
                      const struct fcgi_snapshot_server *server,
                      enum fcgi_column_group group)
{
    size_t n;
    const struct fcgi_column *columns = fcgi_columns(&n);
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        uint64_t value = fcgi_column_value(&columns[i], server);

        if (columns[i].group != group ||
            (group == FCGI_COLUMN_FAILURE && value == 0))
            continue;
        any = true;
        add(out, "<tr title=\"%s\"><th scope=\"row\">%s</th><td>",
            columns[i].help, columns[i].title);
        add_count(out, value);
        add(out, "</td></tr>");
    }
    return any;
}

static void add_server(struct fcgi_buffer *out,
                       const struct fcgi_snapshot_server *server)
{
    const char *health = fcgi_status_page_health(server);

    add(out, "<article><h2><span>");
    add_foreign(out, server->config->name);
    add(out,
        "</span><span class=\"health %s\">%s</span></h2><p class=\"where\">",
        health, health);
    add_foreign(out, server->where);
    add(out, "</p>");
    add_now(out, server);
    add_pictures(out, server);
    add_latency(out, server);
    add(out, "<h3>Failures</h3><table class=\"fail\"><tbody>");
    if (!add_group(out, server, FCGI_COLUMN_FAILURE))
        add(out, "<tr><th>none</th></tr>");
    add(out, "</tbody></table><h3>Since the start</h3><table><tbody>");
    add_group(out, server, FCGI_COLUMN_COUNTER);
    add(out, "</tbody></table></article>\n");
}

/* --- the page ------------------------------------------------------------- */

static void add_errors(struct fcgi_buffer *out,
                       const struct fcgi_snapshot *snapshot)
{
    add(out, "<section><h2>Last errors</h2>");
    add(out, snapshot->n_errors > 0 ? "<ol>" : "<p>none</p>");
    for (unsigned i = 0; i < snapshot->n_errors; i++) {
        const struct fcgi_recent_error *error = &snapshot->errors[i];

        add(out, "<li>");
        add_time(out, error->when);
        if (error->server != NULL) {
            add(out, "<b>");
            add_foreign(out, error->server->config->name);
            add(out, "</b> ");
        }
        add_foreign(out, error->text);
        add(out, "</li>");
    }
    add(out, snapshot->n_errors > 0 ? "</ol></section>" : "</section>");
}

void fcgi_status_page_make(struct fcgi_buffer *out,
                           const struct fcgi_snapshot *snapshot, bool live)
{
    add(out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\">%s"
        "<title>FastCGI servers</title><style>",
        live ? "<meta http-equiv=\"refresh\" content=\"" RELOAD "\">" : "");
    fcgi_buffer_add_text(out, style);
    add(out, "</style></head>\n<body><header><h1>FastCGI servers</h1><p>");
    add_time(out, snapshot->now);
    add(out, "UTC, up for ");
    add_age(out, (uint64_t)(snapshot->now - snapshot->since));
    add(out,
        " &middot; <a href=\"?%s\">%s</a> &middot; <a href=\"?json\">JSON</a> "
        "&middot; <a href=\"?prometheus\">Prometheus</a></p></header>\n<main>",
        live ? "still" : "", live ? "hold still" : "live");
    for (size_t i = 0; i < snapshot->n_servers; i++)
        add_server(out, &snapshot->servers[i]);
    add(out, "</main>");
    add_errors(out, snapshot);
    add(out, "</body></html>\n");
}
