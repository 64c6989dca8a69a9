/* SPDX-License-Identifier: Apache-2.0
 *
 * Targets of the command line. config/endpoint.c knows the syntax of addresses
 * in a file, where all is spelled out; here a scheme, a default port and a
 * relative path are added, as people are used to from other tools.
 */
#include "probe/target.h"

#include <arpa/inet.h>
#include <glob.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/escape.h"
#include "probe/resolve.h"

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int parse_path(const char *path, struct fcgi_endpoint *endpoint,
                      const char **why)
{
    char absolute[8192];
    size_t at, length;

    /* unix:///run/a.sock is written, too */
    while (path[0] == '/' && path[1] == '/')
        path++;
    if (path[0] == '/' || path[0] == '\0')
        return fcgi_endpoint_parse_path(path, strlen(path), endpoint, why, &at);
    if (starts_with(path, "./"))
        path += 2;
    if (getcwd(absolute, sizeof(absolute) / 2) == NULL) {
        *why =
            "the working directory is not to be found; give an absolute "
            "path";
        return -1;
    }
    length = strlen(absolute);
    if (strlen(path) > sizeof(absolute) / 2 - 2) {
        *why =
            "the path is longer than the 107 bytes that a socket address "
            "holds";
        return -1;
    }
    snprintf(absolute + length, sizeof(absolute) - length, "%s%s",
             length > 1 ? "/" : "", path);
    return fcgi_endpoint_parse_path(absolute, strlen(absolute), endpoint, why,
                                    &at);
}

/* HOST, HOST:PORT, [V6] or [V6]:PORT. */
static int parse_host(const char *text, struct fcgi_endpoint *endpoint,
                      const char **why)
{
    char buf[512];
    size_t length = strlen(text), at;
    const char *last = strrchr(text, ':');
    bool has_port = last != NULL && strchr(last, ']') == NULL;

    if (length == 0) {
        *why = "the address is empty; give HOST:PORT or the path of a socket";
        return -1;
    }
    /* Not a file's text: there are no quotes and no wrong key to guess at. */
    if (length < sizeof(buf) - 8 && !has_port &&
        !(text[0] == '_' && strstr(text, "._tcp.") != NULL)) {
        snprintf(buf, sizeof(buf), "%s:%d", text, FCGI_TARGET_PORT);
        text = buf;
        length = strlen(buf);
    }
    return fcgi_endpoint_parse_addr(text, length, endpoint, why, &at);
}

int fcgi_target_parse(const char *text, struct fcgi_endpoint *endpoint,
                      const char **why)
{
    const char *scheme = strstr(text, "://");

    if (starts_with(text, "unix:"))
        return parse_path(text + 5, endpoint, why);
    if (starts_with(text, "tcp://"))
        return parse_host(text + 6, endpoint, why);
    if (text[0] == '@') {
        *why = "this names a server of a configuration, and there is none here";
        return -1;
    }
    if (scheme != NULL && strcspn(text, "/") > (size_t)(scheme - text)) {
        *why =
            "a FastCGI application has no URL of this kind; give HOST:PORT, "
            "tcp://HOST:PORT or the path of a socket";
        return -1;
    }
    /* A colon in front of the first slash is that of HOST:PORT; a path with
     * one there is written ./a:b/c. */
    if (strchr(text, '/') != NULL && text[strcspn(text, ":/[")] == '/')
        return parse_path(text, endpoint, why);
    return parse_host(text, endpoint, why);
}

static bool is_name(const char *argument)
{
    return argument[0] == '@';
}

int fcgi_target_append(struct fcgi_target_list *list, const char *label,
                       const struct fcgi_endpoint *endpoint, size_t origin)
{
    struct fcgi_target *items =
        realloc(list->items, (list->count + 1) * sizeof(*items));

    if (items == NULL)
        return -1;
    list->items = items;
    items[list->count].label = strdup(label);
    if (items[list->count].label == NULL)
        return -1;
    items[list->count].is_member = false;
    items[list->count].origin = origin;
    items[list->count++].endpoint = *endpoint;
    return 0;
}

static int add_named(struct fcgi_target_list *list, const char *name,
                     const struct fcgi_config *config, char *message,
                     size_t size)
{
    bool all = strcmp(name, "all") == 0, found = false;
    char shown[256];

    for (size_t i = 0; i < config->n_servers; i++) {
        const struct fcgi_server_config *server = &config->servers[i];
        char label[300];

        if (!all && strcmp(server->name, name) != 0)
            continue;
        snprintf(label, sizeof(label), "@%s", server->name);
        if (fcgi_target_append(list, label, &server->endpoint, list->count) <
            0) {
            snprintf(message, size, "out of memory");
            return -1;
        }
        found = true;
    }
    if (!found) {
        fcgi_escape(shown, sizeof(shown), 0, name, strlen(name));
        snprintf(message, size,
                 "@%s: %s has no server of this name; @all means all that it "
                 "has",
                 shown, config->file);
        return -1;
    }
    return 0;
}

/* All sockets that a pattern of paths means. */
static int add_matches(struct fcgi_target_list *list, const char *pattern,
                       char *message, size_t size)
{
    bool unix_scheme = starts_with(pattern, "unix:");
    size_t before = list->count;
    int result = 0;
    glob_t found = {0};

    glob(unix_scheme ? pattern + 5 : pattern, 0, NULL, &found);
    for (size_t i = 0; result == 0 && i < found.gl_pathc; i++) {
        struct stat status;

        if (stat(found.gl_pathv[i], &status) == 0 && S_ISSOCK(status.st_mode))
            result =
                fcgi_target_add(list, found.gl_pathv[i], NULL, message, size);
    }
    globfree(&found);
    if (result == 0 && list->count == before) {
        char shown[300];

        fcgi_escape(shown, sizeof(shown), 0, pattern, strlen(pattern));
        snprintf(message, size, "%s: no socket has such a name", shown);
        return -1;
    }
    return result;
}

/* A path with wildcards, which is no file by this very name. */
static bool is_pattern(const char *argument)
{
    const char *path = starts_with(argument, "unix:") ? argument + 5 : argument;
    const char *bracket = strchr(path, '[');

    return strchr(path, '/') != NULL && strchr(path, ':') == NULL &&
           (strpbrk(path, "*?") != NULL ||
            (bracket != NULL && strchr(bracket, ']') != NULL)) &&
           access(path, F_OK) < 0;
}

int fcgi_target_add(struct fcgi_target_list *list, const char *argument,
                    const struct fcgi_config *config, char *message,
                    size_t size)
{
    struct fcgi_endpoint endpoint;
    char label[FCGI_ENDPOINT_TEXT];
    const char *why;

    if (is_name(argument) && config != NULL)
        return add_named(list, argument + 1, config, message, size);
    if (is_pattern(argument))
        return add_matches(list, argument, message, size);
    if (fcgi_target_parse(argument, &endpoint, &why) < 0) {
        char shown[300];

        fcgi_escape(shown, sizeof(shown), 0, argument, strlen(argument));
        snprintf(message, size, "%s: %s", shown, why);
        return -1;
    }
    fcgi_endpoint_text(&endpoint, label, sizeof(label));
    if (fcgi_target_append(list, label, &endpoint, list->count) < 0) {
        snprintf(message, size, "out of memory");
        return -1;
    }
    return 0;
}

/* fastcgi.conf, or NULL after messages about what is wrong with it. */
static struct fcgi_config *load(const struct fcgi_cli *cli, const char *file)
{
    struct fcgi_diag_list diags = {0};
    struct fcgi_config *config = fcgi_config_load(file, &diags);
    char message[2048];

    for (size_t i = 0; config == NULL && i < diags.count; i++) {
        fcgi_diag_format(&diags.items[i], message, sizeof(message));
        fcgi_cli_error(cli, "%s", message);
    }
    fcgi_diag_list_free(&diags);
    return config;
}

int fcgi_target_read(struct fcgi_target_list *list, const struct fcgi_cli *cli,
                     const char *file, char **arguments, int n)
{
    struct fcgi_config *config = NULL;
    char message[2048];
    int status = 0;

    for (int i = 0; i < n && status == 0; i++) {
        if (is_name(arguments[i]) && config == NULL)
            config = load(cli, file);
        if (is_name(arguments[i]) && config == NULL)
            status = fcgi_cli_trouble(cli);
        else if (fcgi_target_add(list, arguments[i], config, message,
                                 sizeof(message)) < 0)
            status = fcgi_cli_usage(cli, "%s", message);
    }
    fcgi_config_free(config);
    return status;
}

int fcgi_target_family(const struct fcgi_cli *cli, int value, int *family)
{
    int wanted = value == '4' ? AF_INET : AF_INET6;

    if (*family != AF_UNSPEC && *family != wanted)
        return fcgi_cli_usage(cli, "--ipv4 and --ipv6 exclude each other");
    *family = wanted;
    return 0;
}

bool fcgi_target_peer(const struct fcgi_endpoint *endpoint,
                      const struct fcgi_address *peer, char *buf, size_t size)
{
    struct fcgi_endpoint found = *endpoint;

    if (peer->length > 0 && peer->addr.ss_family != AF_UNIX)
        fcgi_address_endpoint(peer, &found);
    else if (fcgi_endpoint_is_name(endpoint))
        return false;
    if (found.kind == FCGI_ENDPOINT_UNIX) {
        char path[4 * sizeof(found.path) + 1];

        fcgi_escape(path, sizeof(path), 0, found.path, strlen(found.path));
        snprintf(buf, size, "unix:%s", path);
    } else {
        fcgi_endpoint_text(&found, buf, size);
    }
    return true;
}

void fcgi_target_list_free(struct fcgi_target_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].label);
    free(list->items);
    list->items = NULL;
    list->count = 0;
}
