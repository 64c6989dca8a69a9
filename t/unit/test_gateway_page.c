/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages for errors: whose, and for which errors of an application.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "gateway/page.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char dir[32], page_404[64], large[64];

static int set_up(void **state)
{
    FILE *file;

    (void)state;
    strcpy(dir, "/tmp/fcgi-page-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(page_404, sizeof(page_404), "%s/404.html", dir);
    snprintf(large, sizeof(large), "%s/large.html", dir);
    file = fopen(page_404, "w");
    if (file == NULL || fputs("not here", file) < 0 || fclose(file) != 0)
        return -1;
    file = fopen(large, "w");
    return file != NULL && fseek(file, 1 << 20, SEEK_SET) == 0 &&
                   fputc('x', file) == 'x' && fclose(file) == 0
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(page_404);
    unlink(large);
    return rmdir(dir);
}

/* The pages of a site. */
static const char *file_of(const void *arg, int status)
{
    assert_ptr_equal(arg, dir);
    switch (status) {
    case 404:
        return page_404;
    case 403:
        return "/nowhere/403.html";
    case 500:
        return dir;
    case 502:
        return large;
    default:
        return NULL;
    }
}

static void made(void **state)
{
    static const struct {
        int status;
        bool site, json;
        const char *type, *content, *why;
    } cases[] = {
        {404, true, false, "text/html", "not here", NULL},
        {404, false, false, "text/html", "<h1>404 Not Found</h1>", NULL},
        {410, true, false, "text/html", "<h1>410 Gone</h1>", NULL},
        {403, true, false, "text/html", "<h1>403 Forbidden</h1>",
         "cannot be opened"},
        {500, true, false, "text/html", "<h1>500 ", "is no file"},
        {502, true, false, "text/html", "<h1>502 ", "larger"},
        {404, true, true, "application/problem+json",
         "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}\n",
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct fcgi_page_source source = {.json = cases[i].json,
                                                .file = cases[i].site ? file_of
                                                                      : NULL,
                                                .arg = dir};
        struct fcgi_page page;
        const char *why = fcgi_page_make(&page, &source, cases[i].status);

        assert_string_equal(page.type, cases[i].type);
        if (memmem(page.content.data, page.content.length, cases[i].content,
                   strlen(cases[i].content)) == NULL)
            fail_msg("%d: %.*s", cases[i].status, (int)page.content.length,
                     (const char *)page.content.data);
        if ((why == NULL) != (cases[i].why == NULL) ||
            (why != NULL && strstr(why, cases[i].why) == NULL))
            fail_msg("%d: %s", cases[i].status, why ? why : "taken");
        fcgi_buffer_free(&page.content);
    }
}

static void intercepted(void **state)
{
    static char on[] = "on", off[] = "Off", s404[] = "404", s503[] = "503";
    static const struct {
        char *words[2];
        const char *yes, *no;
    } cases[] = {
        {{off, NULL}, "", "404 500 503"},
        {{on, NULL}, "403 404 500 502", "200 302 400 503"},
        {{s404, s503}, "404 503", "200 403 500 502"},
        {{on, s503}, "404 503", "400"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct fcgi_page_source source = {.file = file_of, .arg = dir};
        struct fcgi_server_config config = {
            .intercept_errors = {(char **)(uintptr_t)cases[i].words,
                                 cases[i].words[1] ? 2 : 1}};

        for (int status = 200; status < 600; status++) {
            char text[8];
            bool got = fcgi_page_intercepts(&source, &config, status);

            snprintf(text, sizeof(text), "%d", status);
            if (strstr(cases[i].yes, text))
                assert_true(got);
            else if (strstr(cases[i].no, text))
                assert_false(got);
        }
    }
}

/* Who prefers JSON says so in a field. */
static void source(void **state)
{
    static const struct fcgi_http_field fields[] = {
        {{"Host", 4}, {"application/json", 16}},
        {{"accept", 6}, {"*/*", 3}},
        {{"ACCEPT", 6}, {"application/json", 16}}};
    struct fcgi_http_request request = {.fields = fields,
                                        .n_fields = 2,
                                        .error_page = file_of,
                                        .error_page_arg = dir};
    struct fcgi_page_source source;

    (void)state;
    fcgi_page_source_init(&source, &request);
    assert_false(source.json);
    assert_ptr_equal(source.file, file_of);
    request.n_fields = 3;
    fcgi_page_source_init(&source, &request);
    assert_true(source.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(made),
                                       cmocka_unit_test(intercepted),
                                       cmocka_unit_test(source)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
