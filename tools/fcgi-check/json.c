/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: the findings for programs, in a form of our own and as SARIF
 * 2.1.0 (OASIS), which code hosts and editors take.
 */
#include <string.h>

#include "common/json.h"
#include "config/escape.h"
#include "output.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

#define FORMAT_VERSION 1
#define SARIF_SCHEMA                                                      \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/" \
    "sarif-schema-2.1.0.json"

/* A number that is null where it is not known. */
static void write_place(struct fcgi_json *json, const char *key, unsigned n)
{
    if (n)
        fcgi_json_uint(json, key, n);
    else
        fcgi_json_null(json, key);
}

/* The members of a finding or a note. */
static void write_members(struct fcgi_json *json, const struct fcgi_diag *diag)
{
    fcgi_json_string(json, "file", diag->file);
    write_place(json, "line", diag->line);
    write_place(json, "column", diag->column);
    write_place(json, "endColumn",
                diag->column && diag->length ? diag->column + diag->length : 0);
    fcgi_json_string(json, "severity", fcgi_diag_severity_name(diag->severity));
    fcgi_json_string(json, "id", diag->id);
    fcgi_json_string(json, "message", diag->message);
}

static void write_answers(struct fcgi_json *json, const struct check_run *run)
{
    fcgi_json_array(json, "live");
    for (size_t i = 0; i < run->n_answers; i++) {
        const struct check_answer *answer = &run->answers[i];

        fcgi_json_object(json, NULL);
        fcgi_json_string(json, "file", answer->file);
        fcgi_json_uint(json, "line", answer->line);
        fcgi_json_string(json, "server", answer->server);
        fcgi_json_string(json, "address", answer->address);
        fcgi_json_bool(json, "answered", !answer->failure);
        if (answer->failure) {
            fcgi_json_null(json, "ms");
            fcgi_json_string(json, "failure", answer->failure);
        } else {
            fcgi_json_real(json, "ms", (double)answer->ns / 1e6, 3);
        }
        fcgi_json_object_end(json);
    }
    fcgi_json_array_end(json);
}

void check_write_json(struct check_run *run, FILE *out, int status)
{
    struct check_counts counts = check_count(run);
    struct fcgi_json json;
    size_t group;

    fcgi_json_init(&json, out, 2);
    fcgi_json_object(&json, NULL);
    fcgi_json_uint(&json, "v", FORMAT_VERSION);
    fcgi_json_array(&json, "files");
    for (size_t i = 0; i < run->n_sources; i++)
        fcgi_json_string(&json, NULL, run->sources[i].name);
    fcgi_json_array_end(&json);
    fcgi_json_array(&json, "diagnostics");
    for (size_t i = 0; i < run->diags.count; i += group) {
        group = check_group(run, i);
        fcgi_json_object(&json, NULL);
        write_members(&json, &run->diags.items[i]);
        fcgi_json_array(&json, "related");
        for (size_t k = i + 1; k < i + group; k++) {
            fcgi_json_object(&json, NULL);
            write_members(&json, &run->diags.items[k]);
            fcgi_json_object_end(&json);
        }
        fcgi_json_array_end(&json);
        fcgi_json_object_end(&json);
    }
    fcgi_json_array_end(&json);
    if (run->options->live)
        write_answers(&json, run);
    fcgi_json_object(&json, "summary");
    fcgi_json_uint(&json, "errors", counts.errors);
    fcgi_json_uint(&json, "warnings", counts.warnings);
    fcgi_json_int(&json, "status", status);
    if (run->is_tree)
        fcgi_json_bool(&json, "starts", !run->stops);
    fcgi_json_object_end(&json);
    fcgi_json_object_end(&json);
}

/* A path as a URI: absolute ones with a scheme, others relative. */
static void write_uri(struct fcgi_json *json, const char *path)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        "-._~/";
    char *uri = check_alloc(strlen(path) * 3 + 16);
    char *at = uri;

    if (path[0] == '/')
        at += sprintf(at, "file://");
    for (; *path; path++)
        if (strchr(plain, *path))
            *at++ = *path;
        else
            at += sprintf(at, "%%%02X", (unsigned)(unsigned char)*path);
    *at = '\0';
    fcgi_json_string(json, "uri", uri);
}

/* A column in characters, from 1; each byte that is in none counts. */
static unsigned characters(const char *text, size_t length, unsigned column)
{
    unsigned n = 1;

    for (size_t i = 0; i + 1 < column && i < length; n++) {
        uint32_t c;
        size_t bytes = fcgi_utf8_decode(text + i, length - i, &c);

        i += bytes ? bytes : 1;
    }
    return n;
}

static void write_location(struct fcgi_json *json, struct check_run *run,
                           const struct fcgi_diag *diag)
{
    struct check_source *source = check_source_find(run, diag->file);
    const char *text = "";
    size_t length = 0;

    fcgi_json_object(json, "physicalLocation");
    fcgi_json_object(json, "artifactLocation");
    write_uri(json, diag->file);
    fcgi_json_object_end(json);
    if (diag->line) {
        fcgi_json_object(json, "region");
        fcgi_json_uint(json, "startLine", diag->line);
        if (source && diag->column &&
            check_source_line(source, diag->line, &text, &length)) {
            fcgi_json_uint(json, "startColumn",
                           characters(text, length, diag->column));
            fcgi_json_uint(
                json, "endColumn",
                characters(text, length, diag->column + diag->length));
        }
        fcgi_json_object_end(json);
    }
    fcgi_json_object_end(json);
}

static void write_text(struct fcgi_json *json, const char *key,
                       const char *text)
{
    fcgi_json_object(json, key);
    fcgi_json_string(json, "text", text);
    fcgi_json_object_end(json);
}

static void write_rules(struct fcgi_json *json)
{
    size_t n;
    const struct fcgi_check *checks = fcgi_checks(&n);

    fcgi_json_array(json, "rules");
    for (size_t i = 0; i < n; i++) {
        fcgi_json_object(json, NULL);
        fcgi_json_string(json, "id", checks[i].id);
        write_text(json, "shortDescription", checks[i].title);
        write_text(json, "fullDescription", checks[i].explain);
        fcgi_json_object(json, "defaultConfiguration");
        fcgi_json_string(json, "level",
                         fcgi_diag_severity_name(checks[i].severity));
        fcgi_json_object_end(json);
        fcgi_json_object_end(json);
    }
    fcgi_json_array_end(json);
}

static void write_result(struct fcgi_json *json, struct check_run *run,
                         size_t first, size_t group)
{
    const struct fcgi_diag *diag = &run->diags.items[first];
    size_t n;
    const struct fcgi_check *checks = fcgi_checks(&n);

    fcgi_json_object(json, NULL);
    fcgi_json_string(json, "ruleId", diag->id);
    fcgi_json_uint(json, "ruleIndex",
                   (uint64_t)(fcgi_check_find(diag->id) - checks));
    fcgi_json_string(json, "level", fcgi_diag_severity_name(diag->severity));
    write_text(json, "message", diag->message);
    fcgi_json_array(json, "locations");
    fcgi_json_object(json, NULL);
    write_location(json, run, diag);
    fcgi_json_object_end(json);
    fcgi_json_array_end(json);
    if (group > 1) {
        fcgi_json_array(json, "relatedLocations");
        for (size_t i = 1; i < group; i++) {
            fcgi_json_object(json, NULL);
            fcgi_json_uint(json, "id", i);
            write_text(json, "message", diag[i].message);
            write_location(json, run, &diag[i]);
            fcgi_json_object_end(json);
        }
        fcgi_json_array_end(json);
    }
    fcgi_json_object_end(json);
}

void check_write_sarif(struct check_run *run, FILE *out, int status)
{
    struct fcgi_json json;
    size_t group;

    fcgi_json_init(&json, out, 2);
    fcgi_json_object(&json, NULL);
    fcgi_json_string(&json, "$schema", SARIF_SCHEMA);
    fcgi_json_string(&json, "version", "2.1.0");
    fcgi_json_array(&json, "runs");
    fcgi_json_object(&json, NULL);
    fcgi_json_object(&json, "tool");
    fcgi_json_object(&json, "driver");
    fcgi_json_string(&json, "name", "fcgi-check");
    fcgi_json_string(&json, "version", PACKAGE_VERSION);
    write_rules(&json);
    fcgi_json_object_end(&json);
    fcgi_json_object_end(&json);
    fcgi_json_string(&json, "columnKind", "unicodeCodePoints");
    fcgi_json_array(&json, "invocations");
    fcgi_json_object(&json, NULL);
    fcgi_json_bool(&json, "executionSuccessful", status != CHECK_TROUBLE);
    fcgi_json_int(&json, "exitCode", status);
    fcgi_json_object_end(&json);
    fcgi_json_array_end(&json);
    fcgi_json_array(&json, "results");
    for (size_t i = 0; i < run->diags.count; i += group) {
        group = check_group(run, i);
        write_result(&json, run, i, group);
    }
    fcgi_json_array_end(&json);
    fcgi_json_object_end(&json);
    fcgi_json_array_end(&json);
    fcgi_json_object_end(&json);
}
