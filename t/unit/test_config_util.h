/* SPDX-License-Identifier: Apache-2.0
 *
 * For the tests of src/config/: texts with NUL bytes in them, and findings
 * compared with a table.
 */
#ifndef TEST_CONFIG_UTIL_H
#define TEST_CONFIG_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/file.h"
#include "config/parse.h"

/* A literal and its length: what is behind a NUL byte counts. */
#define TEXT(literal) (literal), sizeof(literal) - 1

#define HEADING "[FASTCGI_SERVER]\n"
#define NAME "    ServerName a\n"
#define PATH "    ServerPath /run/a.sock\n"

/* A text, and what is to be found in it. */
struct finding_case {
    const char *text;
    size_t len;

    /*
     * One line for each finding, all of them and in order:
     *     LINE:COLUMN+LENGTH SEVERITY ID PART-OF-THE-MESSAGE
     * An empty string: nothing at all, and the text gives a configuration.
     */
    const char *expected;
};

/* "3:5+9 error FC004 ", as the table has it. */
static inline int finding_head(const struct fcgi_diag *diag, char *buf,
                               size_t size)
{
    static const char *const severities[] = {"note", "warning", "error"};

    return snprintf(buf, size, "%u:%u+%u %s %s ", diag->line, diag->column,
                    diag->length, severities[diag->severity], diag->id);
}

static inline void print_findings(const struct fcgi_diag_list *diags)
{
    char head[64];

    for (size_t i = 0; i < diags->count; i++) {
        finding_head(&diags->items[i], head, sizeof(head));
        print_error("    %s%s\n", head, diags->items[i].message);
    }
}

/* Whether the findings are the expected ones. */
static inline int findings_match(const struct fcgi_diag_list *diags,
                                 const char *expected)
{
    for (size_t i = 0; i < diags->count; i++) {
        size_t len = strcspn(expected, "\n");
        char head[64], part[512];
        size_t n = (size_t)finding_head(&diags->items[i], head, sizeof(head));

        if (len < n || memcmp(expected, head, n) != 0)
            return 0;
        snprintf(part, sizeof(part), "%.*s", (int)(len - n), expected + n);
        if (!strstr(diags->items[i].message, part))
            return 0;
        expected += len + (expected[len] == '\n');
    }
    return *expected == '\0';
}

/* Runs a case. Returns whether the findings are as expected, else tells. */
static inline int check_case(const struct finding_case *c)
{
    struct fcgi_diag_list diags;
    struct fcgi_config *config;
    size_t errors = 0;
    int ok = 1;

    fcgi_diag_list_init(&diags);
    config = fcgi_config_parse("f.conf", c->text, c->len, &diags);
    for (size_t i = 0; i < diags.count; i++)
        errors += diags.items[i].severity == FCGI_DIAG_ERROR;
    if (!findings_match(&diags, c->expected) || errors != diags.errors ||
        (config == NULL) != (errors > 0)) {
        print_error("of this text:\n%s\nis found:\n", c->text);
        print_findings(&diags);
        print_error("expected:\n%s\n(%zu errors counted, config %s)\n",
                    c->expected, diags.errors, config ? "given" : "refused");
        ok = 0;
    }
    fcgi_config_free(config);
    fcgi_diag_list_free(&diags);
    return ok;
}

/* Runs all cases, and fails if one of them does. */
static inline void check_cases(const struct finding_case *cases, size_t n)
{
    size_t failed = 0;

    for (size_t i = 0; i < n; i++)
        failed += !check_case(&cases[i]);
    if (failed)
        fail_msg("%zu of %zu cases", failed, n);
}

#define CHECK_CASES(cases) \
    check_cases((cases), sizeof(cases) / sizeof((cases)[0]))

/* A configuration from a text that must be right; warnings are allowed. */
static inline struct fcgi_config *must_parse(const char *text, size_t len)
{
    struct fcgi_diag_list diags;
    struct fcgi_config *config;

    fcgi_diag_list_init(&diags);
    config = fcgi_config_parse("f.conf", text, len, &diags);
    if (!config || diags.errors) {
        print_findings(&diags);
        fail_msg("refused:\n%s", text);
    }
    fcgi_diag_list_free(&diags);
    return config;
}

#endif
