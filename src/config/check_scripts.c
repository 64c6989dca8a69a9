/* SPDX-License-Identifier: Apache-2.0
 *
 * What the keys about scripts and variables of a server say together, its own
 * and those of [FASTCGI]. Each is told where it is given.
 */
#include <stdio.h>
#include <string.h>

#include "config/checks.h"
#include "config/parse.h"

struct look {
    const struct fcgi_scan *scan;
    const struct fcgi_server_config *server;
    const char *file;
    struct fcgi_diag_list *diags;
};

static void report(const struct look *look, const char *key, const char *id,
                   const char *before, const char *about, const char *behind)
{
    char message[512];

    snprintf(message, sizeof(message), "%s'%s'%s", before, about, behind);
    fcgi_config_report_pair(
        look->diags, id, look->file,
        fcgi_config_find_pair(look->scan, look->server, key), message);
}

static bool must_exist(const struct fcgi_server_config *server)
{
    const char *text = server->check_script;

    return text && fcgi_keys_equal(text, strlen(text), "On", 2);
}

static void look_at_files(const struct look *look)
{
    const struct fcgi_server_config *server = look->server;
    const char *front = server->front_controller;

    if (must_exist(server) && server->document_root) {
        report(look, "DocumentRoot", FCGI_CHECK_FAR_SCRIPT,
               "'CheckScript On' looks for scripts below Monkey's document "
               "root, not below ",
               server->document_root,
               "; set it to Off where the application's files are not there");
    }
    if (must_exist(server) && front && !strchr(strrchr(front, '/'), '.')) {
        report(look, "FrontController", FCGI_CHECK_FRONT_FILE,
               "with 'CheckScript On', ", front,
               " must be a file below the document root; if the application "
               "has none, set CheckScript to Off");
    }
}

static bool is_set(const struct fcgi_server_config *server, const char *name)
{
    for (size_t i = 0; i < server->params.count; i++)
        if (strcmp(server->params.items[i].name, name) == 0)
            return true;
    return false;
}

static void look_at_variables(const struct look *look)
{
    static const char *const needed[] = {"SCRIPT_FILENAME", "SCRIPT_NAME",
                                         "REQUEST_METHOD", "CONTENT_LENGTH"};
    const struct fcgi_server_config *server = look->server;

    for (size_t i = 0; i < server->hidden_params.count; i++) {
        const char *name = server->hidden_params.items[i];

        if (is_set(server, name)) {
            report(look, "HideParam", FCGI_CHECK_HIDDEN_PARAM, "", name,
                   " is set by Param, and told all the same; remove it here "
                   "or there");
            continue;
        }
        for (size_t n = 0; n < sizeof(needed) / sizeof(needed[0]); n++) {
            if (strcmp(name, needed[n]) == 0) {
                report(look, "HideParam", FCGI_CHECK_HIDDEN_NEED, "without ",
                       name,
                       " the application cannot do its work; remove it here, "
                       "or set it by Param");
            }
        }
    }
}

void fcgi_config_check_scripts(const struct fcgi_scan *scan,
                               const struct fcgi_config *config,
                               struct fcgi_diag_list *diags)
{
    for (size_t i = 0; i < config->n_servers; i++) {
        const struct look look = {scan, &config->servers[i], config->file,
                                  diags};

        look_at_files(&look);
        look_at_variables(&look);
    }
}
