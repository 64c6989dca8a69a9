/* SPDX-License-Identifier: Apache-2.0
 *
 * The status in each of its formats, from a snapshot that is made here; quoted
 * text; pictures; and what a snapshot has of a pool.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/chart.h"
#include "gateway/column.h"
#include "gateway/quote.h"
#include "gateway/status.h"
#include "gateway/status_page.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct fcgi_buffer out;

static int empty(void **state)
{
    (void)state;
    fcgi_buffer_free(&out);
    memset(&out, 0, sizeof(out));
    return 0;
}

static const char *text(void)
{
    fcgi_buffer_add(&out, "", 1);
    assert_false(out.failed);
    return (const char *)out.data;
}

static void has(const char *all, const char *part)
{
    if (strstr(all, part) == NULL)
        fail_msg("%s\nis not in\n%s", part, all);
}

/* --- quoting -------------------------------------------------------------- */

static const struct {
    const char *raw;
    const char *quoted[4]; /* HTML, JSON, LABEL, LOG */
} quotes[] = {
    {"/a?b=1", {"/a?b=1", "/a?b=1", "/a?b=1", "/a?b=1"}},
    {"<&>'", {"&lt;&amp;&gt;&#39;", "<&>'", "<&>'", "<&>'"}},
    {"\"", {"&quot;", "\\\"", "\\\"", "\\x22"}},
    {"\\", {"\\", "\\\\", "\\\\", "\\x5c"}},
    {"a\nb", {"a\\x0ab", "a\\u000ab", "a\\\\x0ab", "a\\x0ab"}},
    {"\x7f", {"\\x7f", "\\u007f", "\\\\x7f", "\\x7f"}},
    {"\xc3\xa9", {"\xc3\xa9", "\xc3\xa9", "\xc3\xa9", "\xc3\xa9"}},
    {"\xff", {"\\xff", "\\ufffd", "\\\\xff", "\\xff"}},
    /* A change of direction, and a tag, which nobody sees. */
    {"\xe2\x80\xae",
     {"\\xe2\\x80\\xae", "\\u202e", "\\\\xe2\\\\x80\\\\xae",
      "\\xe2\\x80\\xae"}},
    {"\xf3\xa0\x80\x81",
     {"\\xf3\\xa0\\x80\\x81", "\\udb40\\udc01", "\\\\xf3\\\\xa0\\\\x80\\\\x81",
      "\\xf3\\xa0\\x80\\x81"}},
};

static void quotes_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(quotes); i++) {
        for (int kind = 0; kind < 4; kind++) {
            const struct fcgi_text raw = {quotes[i].raw, strlen(quotes[i].raw)};

            empty(NULL);
            fcgi_quote(&out, (enum fcgi_quote_kind)kind, raw);
            assert_string_equal(text(), quotes[i].quoted[kind]);
        }
    }
}

/* --- pictures ------------------------------------------------------------- */

/* No number, whatever it is, is outside of the picture. */
static void is_inside(const char *svg, size_t n)
{
    const char *at = strstr(svg, " d=\"");

    for (at = strstr(at + 1, " d=\""); at != NULL;
         at = strstr(at + 1, " d=\"")) {
        for (const char *c = at + 4; *c != '"'; c++) {
            int x, y;

            if ((*c == 'M' || *c == 'L') && sscanf(c + 1, "%d %d", &x, &y) == 2)
                assert_true(x >= 0 && x < (int)n * 5 && y >= 0 && y <= 60);
            assert_non_null(strchr("MLhvVz-0123456789 ", *c));
        }
    }
}

static void draws(void **state)
{
    static const uint64_t values[][4] = {
        {0, 0, 0, 0},     {1, 1, 1, 1},
        {0, 5, 0, 0},     {1, UINT64_C(1) << 40, 3, 16},
        {20, 24, 28, 32},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        const uint64_t *lines[] = {values[i], values[0], values[4]};

        empty(NULL);
        fcgi_chart_bars(&out, "x", values[i], 4);
        is_inside(text(), 4);
        empty(NULL);
        fcgi_chart_lines(&out, "x", lines, i % 2 ? 3 : 1, 4);
        is_inside(text(), 4);
    }
    empty(NULL);
    fcgi_chart_bars(&out, "all of them", values[1], 2);
    assert_string_equal(
        text(),
        "<svg viewBox=\"0 0 10 60\" preserveAspectRatio=\"none\" "
        "role=\"img\" aria-label=\"all of them\">"
        "<path class=\"ground\" d=\"M0 60H10\"/>"
        "<path class=\"bars\" d=\"M0 60v-60h4V60zM5 60v-60h4V60z\"/>"
        "</svg>");
}

/* --- the formats ---------------------------------------------------------- */

static char name[] = "<b>\"php\\\n";
static const struct fcgi_server_config config = {.name = name};
static const struct fcgi_server server = {.config = &config};

static struct fcgi_snapshot *make_snapshot(void)
{
    struct fcgi_snapshot *snapshot =
        calloc(1, sizeof(*snapshot) + sizeof(snapshot->servers[0]));
    struct fcgi_snapshot_server *only = snapshot->servers;

    snapshot->now = 1000000000;
    snapshot->since = 999990000;
    snapshot->n_errors = 1;
    snapshot->errors[0].when = 999999999;
    snapshot->errors[0].server = &server;
    strcpy(snapshot->errors[0].text, "GET /<script>\"'\\x0a: bad");
    snapshot->n_servers = 1;
    only->config = &config;
    strcpy(only->where, "unix:/run/<x>");
    only->limit = 50;
    only->health = FCGI_HEALTH_OUT;
    only->rate = 123;
    only->stats.open = 7;
    only->stats.waiting = 3;
    for (unsigned i = 0; i < FCGI_COUNTS; i++)
        only->stats.counts[i] = 1000 + i;
    only->windows[1] =
        (struct fcgi_snapshot_times){1234, {640, 20480, 2621440}};
    only->totals[0] = 2;
    only->totals[70] = 5;
    only->total_us = 12345678;
    return snapshot;
}

static void json(void **state)
{
    struct fcgi_snapshot *snapshot = make_snapshot();
    const char *got;

    (void)state;
    fcgi_status_json(&out, snapshot);
    got = text();
    has(got,
        "{\"time\":1000000000,\"since\":999990000,\"servers\":[{\"name\":"
        "\"<b>\\\"php\\\\\\u000a\",\"address\":\"unix:/run/<x>\","
        "\"health\":\"out\",\"requests_per_second\":12.3,\"limit\":50,"
        "\"learned\":0,"
        "\"open\":7,\"busy\":0,\"idle\":0,\"waiting\":3,\"requests\":1000,"
        "\"retries\":1006,");
    has(got, "\"failures\":{\"connect_failed\":1009,");
    has(got,
        "\"5m\":{\"requests\":1234,\"p50_us\":640,\"p95_us\":20480,"
        "\"p99_us\":2621440}");
    has(got,
        "\"errors\":[{\"time\":999999999,\"server\":\"<b>\\\"php\\\\"
        "\\u000a\",\"text\":\"GET /<script>\\\"'\\\\x0a: bad\"}]}\n");
    free(snapshot);
}

static void prometheus(void **state)
{
    struct fcgi_snapshot *snapshot = make_snapshot();
    const char *got;

    (void)state;
    fcgi_status_prometheus(&out, snapshot);
    got = text();
    has(got,
        "# TYPE fcgi_gateway_open gauge\n"
        "fcgi_gateway_open{server=\"<b>\\\"php\\\\\\\\x0a\",address=\"unix:/"
        "run/<x>\"} 7\n");
    has(got, "# TYPE fcgi_gateway_requests_total counter\n");
    has(got, "\",kind=\"queue_timeout\"} 1017\n");
    has(got, "\",le=\"0.000032\"} 2\n");
    has(got, "\",le=\"4.194304\"} 7\n");
    has(got, "\",le=\"+Inf\"} 7\n");
    has(got,
        "_sum{server=\"<b>\\\"php\\\\\\\\x0a\",address=\"unix:/run/<x>\"} "
        "12.345678\n");
    has(got,
        "fcgi_gateway_up{server=\"<b>\\\"php\\\\\\\\x0a\",address=\"unix:/run/"
        "<x>\"} 0\n");
    free(snapshot);
}

static void page(void **state)
{
    struct fcgi_snapshot *snapshot = make_snapshot();
    const char *got;

    (void)state;
    fcgi_status_page_make(&out, snapshot, true);
    got = text();
    has(got,
        "<span>&lt;b&gt;&quot;php\\\\x0a</span>"
        "<span class=\"health out\">out</span>");
    has(got, "unix:/run/&lt;x&gt;");
    has(got,
        "<td>640&#8239;&micro;s</td><td>20.4&#8239;ms</td>"
        "<td>2.6&#8239;s</td><td>1&#8239;234</td>");
    has(got, "<dd>12.3</dd>");
    has(got, "<dt>limit set</dt><dd>50</dd>");
    has(got, "up for 2 hours");
    has(got, "2001-09-09 01:46:39</time><b>&lt;b&gt;");
    has(got, "GET /&lt;script&gt;&quot;&#39;\\x0a: bad</li>");
    assert_null(strstr(got, "<script"));
    free(snapshot);
}

/* Names are for programs, and are all different. */
static void columns_are_sound(void **state)
{
    size_t n;
    const struct fcgi_column *columns = fcgi_columns(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(strspn(columns[i].name, "abcdefghijklmnopqrstuvwxyz_"),
                         strlen(columns[i].name));
        assert_null(strpbrk(columns[i].title, "<&>\""));
        assert_null(strpbrk(columns[i].help, "<&>\"\\"));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(columns[i].name, columns[j].name);
            assert_true(columns[i].offset != columns[j].offset);
        }
    }
}

/* --- snapshots ------------------------------------------------------------ */

static bool shows_first(const void *arg, const struct fcgi_server_config *shown)
{
    return arg == NULL || arg == shown;
}

static void is_taken_of_a_pool(void **state)
{
    static char names[2][4] = {"a", "b"};
    struct fcgi_server_config configs[2] = {
        {.name = names[0],
         .weight = 1,
         .endpoint = {.kind = FCGI_ENDPOINT_UNIX, .path = "/a"}},
        {.name = names[1],
         .weight = 1,
         .endpoint = {.kind = FCGI_ENDPOINT_UNIX, .path = "/b"}}};
    const struct fcgi_config all = {.servers = configs, .n_servers = 2};
    struct fcgi_pool *pool = fcgi_pool_new(&all);
    struct fcgi_server_local local = {
        .times = calloc(1, sizeof(struct fcgi_histogram))};
    struct fcgi_snapshot *snapshot;
    const uint64_t minute = UINT64_C(60000000000), now = 100 * minute;
    char line[600], number[16];

    (void)state;
    if (pool == NULL || local.times == NULL)
        abort();
    fcgi_server_join(&pool->servers[1], &local);
    fcgi_histogram_add(local.times, now - 16 * minute, 1000);
    fcgi_histogram_add(local.times, now - 14 * minute, 1000);
    fcgi_histogram_add(local.times, now - 3 * minute, 1000);
    fcgi_histogram_add(local.times, now, 90);
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    for (unsigned i = 0; i < 12; i++) {
        snprintf(number, sizeof(number), "%u", i);
        fcgi_recent_add(&pool->recent, i % 3 ? &pool->servers[i % 3 - 1] : NULL,
                        i == 11 ? line : number);
    }

    snapshot = fcgi_snapshot_take(pool, now, shows_first, NULL);
    assert_int_equal(snapshot->n_servers, 2);
    assert_int_equal(snapshot->servers[0].windows[2].n, 0);
    assert_int_equal(snapshot->servers[1].windows[0].n, 1);
    assert_int_equal(snapshot->servers[1].windows[1].n, 2);
    assert_int_equal(snapshot->servers[1].windows[2].n, 3);
    assert_int_equal(snapshot->servers[1].windows[0].quantiles[0], 96);
    assert_int_equal(snapshot->servers[1].windows[2].quantiles[2], 1024);
    assert_int_equal(snapshot->servers[1].slices[FCGI_SNAPSHOT_SLICES - 12].n,
                     1);
    assert_int_equal(snapshot->servers[1].total_us, 3090);
    assert_int_equal(snapshot->n_errors, 10);
    assert_int_equal(strlen(snapshot->errors[0].text), FCGI_RECENT_TEXT - 1);
    assert_string_equal(snapshot->errors[1].text, "10");
    assert_string_equal(snapshot->errors[9].text, "2");
    free(snapshot);

    snapshot = fcgi_snapshot_take(pool, now, shows_first, &configs[1]);
    assert_int_equal(snapshot->n_servers, 1);
    assert_ptr_equal(snapshot->servers[0].config, &configs[1]);
    assert_string_equal(snapshot->servers[0].where, "unix:/b");
    assert_int_equal(snapshot->n_errors, 4);
    for (unsigned i = 0; i < snapshot->n_errors; i++)
        assert_ptr_equal(snapshot->errors[i].server, &pool->servers[1]);
    free(snapshot);

    /* A machine that has just started. */
    snapshot = fcgi_snapshot_take(pool, 1, shows_first, NULL);
    assert_int_equal(snapshot->servers[1].windows[2].n, 0);
    free(snapshot);
    fcgi_server_leave(&local);
    free(local.times);
    fcgi_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(quotes_text, empty, empty),
        cmocka_unit_test_setup_teardown(draws, empty, empty),
        cmocka_unit_test_setup_teardown(json, empty, empty),
        cmocka_unit_test_setup_teardown(prometheus, empty, empty),
        cmocka_unit_test_setup_teardown(page, empty, empty),
        cmocka_unit_test(columns_are_sound),
        cmocka_unit_test(is_taken_of_a_pool),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
