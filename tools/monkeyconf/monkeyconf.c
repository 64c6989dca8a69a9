/* SPDX-License-Identifier: Apache-2.0 */
#include "monkeyconf/monkeyconf.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "config/checks.h"

#define DEPTH_MAX 30 /* of includes; a real tree has one or two */
#define PATHS (2 * PATH_MAX)

const struct fcgi_monkeyconf_key fcgi_monkeyconf_server[] = {
    {"Listen", FCGI_MONKEYCONF_TEXT, FCGI_MONKEYCONF_NOTHING, NULL},
    {"Workers", FCGI_MONKEYCONF_NUMBER, FCGI_MONKEYCONF_NOTHING, NULL},
    {"Timeout", FCGI_MONKEYCONF_NUMBER, FCGI_MONKEYCONF_BELOW_1, "15"},
    {"KeepAlive", FCGI_MONKEYCONF_SWITCH, FCGI_MONKEYCONF_NO_SWITCH, NULL},
    {"MaxKeepAliveRequest", FCGI_MONKEYCONF_NUMBER, FCGI_MONKEYCONF_0, "50"},
    {"KeepAliveTimeout", FCGI_MONKEYCONF_NUMBER, FCGI_MONKEYCONF_0, "15"},
    {"PidFile", FCGI_MONKEYCONF_TEXT, FCGI_MONKEYCONF_MISSING_16,
     "/run/monkey.pid"},
    {"UserDir", FCGI_MONKEYCONF_TEXT, FCGI_MONKEYCONF_NOTHING, NULL},
    {"Indexfile", FCGI_MONKEYCONF_TEXT, FCGI_MONKEYCONF_NOTHING, NULL},
    {"HideVersion", FCGI_MONKEYCONF_SWITCH, FCGI_MONKEYCONF_NO_SWITCH, NULL},
    {"User", FCGI_MONKEYCONF_TEXT, FCGI_MONKEYCONF_NOTHING, NULL},
    {"Resume", FCGI_MONKEYCONF_SWITCH, FCGI_MONKEYCONF_NO_SWITCH, NULL},
    {"MaxRequestSize", FCGI_MONKEYCONF_NUMBER, FCGI_MONKEYCONF_BELOW_1, "1024"},
    {"SymLink", FCGI_MONKEYCONF_SWITCH, FCGI_MONKEYCONF_NO_SWITCH, NULL},
    {"TransportLayer", FCGI_MONKEYCONF_TEXT, FCGI_MONKEYCONF_NOTHING, NULL},
    {"DefaultMimeType", FCGI_MONKEYCONF_TEXT, FCGI_MONKEYCONF_NOTHING, NULL},
    {"FDT", FCGI_MONKEYCONF_SWITCH, FCGI_MONKEYCONF_NOTHING, NULL},
    {"FDLimit", FCGI_MONKEYCONF_NUMBER, FCGI_MONKEYCONF_NOTHING, NULL},
    {"OverCapacity", FCGI_MONKEYCONF_TEXT, FCGI_MONKEYCONF_NOTHING, NULL},
    {NULL, FCGI_MONKEYCONF_TEXT, FCGI_MONKEYCONF_NOTHING, NULL},
};

struct fcgi_monkeyconf_word fcgi_monkeyconf_word(const char **at)
{
    struct fcgi_monkeyconf_word word = {*at + strspn(*at, " "), 0};

    word.length = strcspn(word.at, " ");
    *at = word.at + word.length;
    return word;
}

struct includes {
    const char
        *root; /* the first file, whose directory relative paths are of */
    fcgi_monkeyconf_load_fn load;
    void *data;
    unsigned depth;
    bool stops;
};

/* A path of @INCLUDE: as it is if that exists, else beside the first file. */
static void resolve(const struct includes *in, const char *path, bool is_glob,
                    char out[PATHS])
{
    const char *slash = strrchr(in->root, '/');
    struct stat status;

    if (path[0] == '/' || (!is_glob && stat(path, &status) == 0) || !slash)
        snprintf(out, PATHS, "%s", path);
    else
        snprintf(out, PATHS, "%.*s/%s", (int)(slash - in->root), in->root,
                 path);
}

static int include_one(struct fcgi_tree *tree,
                       const struct fcgi_tree_reader *reader, const char *path)
{
    struct includes *in = reader->data;
    const char *text;
    struct stat status;
    size_t length;
    int failed;

    /* Monkey opens a directory, reads nothing of it, and goes on. */
    if (stat(path, &status) != 0)
        return -1;
    if (S_ISDIR(status.st_mode))
        return 0;
    text = in->load(in->data, path, &length);
    if (text == NULL || in->depth == DEPTH_MAX)
        return -1;
    in->depth++;
    failed = fcgi_tree_add(tree, reader, path, text, length);
    in->depth--;
    return failed;
}

/* Monkey knows files again by the path that they were named with. */
static bool is_known(const struct fcgi_tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->n_files; i++)
        if (strcmp(tree->files[i], path) == 0)
            return true;
    return false;
}

static int include(struct fcgi_tree *tree,
                   const struct fcgi_tree_reader *reader, const char *file,
                   const struct fcgi_token *token)
{
    struct includes *in = reader->data;
    char named[PATH_MAX], path[PATHS];
    bool is_glob;
    glob_t found = {0};
    int failed = 0;

    snprintf(named, sizeof(named), "%.*s", FCGI_SPAN_ARGS(token->text));
    is_glob = strchr(named, '*') != NULL;
    resolve(in, named, is_glob, path);
    if (!is_glob) {
        failed = strcmp(path, named) == 0 && is_known(tree, path)
                     ? -1
                     : include_one(tree, reader, path);
    } else if (glob(path, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && !failed; i++)
            failed = include_one(tree, reader, found.gl_pathv[i]);
        globfree(&found);
    } else {
        failed = -1;
    }
    if (failed && !in->stops) {
        in->stops = true;
        fcgi_check_report(reader->diags, FCGI_CHECK_INCLUDE, file, token->line,
                          1, (unsigned)token->text.len + 9,
                          "Monkey cannot include '%s', and does without the "
                          "whole file",
                          named);
    }
    return failed;
}

bool fcgi_monkeyconf_read(struct fcgi_tree *tree, bool is_18, const char *file,
                          const char *text, size_t length,
                          struct fcgi_diag_list *diags,
                          fcgi_monkeyconf_load_fn load, void *data)
{
    struct includes in = {.root = file, .load = load, .data = data};
    const struct fcgi_tree_reader reader = {
        .grammar = is_18 ? &fcgi_grammar_18 : &fcgi_grammar_16,
        .diags = diags,
        .include = include,
        .data = &in,
    };

    memset(tree, 0, sizeof(*tree));
    return fcgi_tree_add(tree, &reader, file, text, length) == 0 &&
           !tree->stops;
}

bool fcgi_monkeyconf_takes(const char *key, bool is_18, const char *value,
                           int *number)
{
    const struct fcgi_monkeyconf_key *row = fcgi_monkeyconf_server;
    bool on;

    while (strcasecmp(row->name, key) != 0)
        row++;
    *number = 0;
    switch (row->kind) {
    case FCGI_MONKEYCONF_TEXT:
        return value != NULL || is_18 ||
               row->refusal != FCGI_MONKEYCONF_MISSING_16;
    case FCGI_MONKEYCONF_SWITCH:
        on = value != NULL && strcasecmp(value, "on") == 0;
        *number = on;
        return on || value == NULL || strcasecmp(value, "off") == 0 ||
               row->refusal == FCGI_MONKEYCONF_NOTHING;
    case FCGI_MONKEYCONF_NUMBER:
        *number = value != NULL ? (int)strtol(value, NULL, 10) : 0;
        return row->refusal == FCGI_MONKEYCONF_NOTHING || *number > 0 ||
               (*number < 0 && row->refusal == FCGI_MONKEYCONF_0);
    }
    return true;
}

static bool is_word(struct fcgi_monkeyconf_word word, const char *text)
{
    return word.length == strlen(text) &&
           strncasecmp(word.at, text, word.length) == 0;
}

const char *fcgi_monkeyconf_listen_parse(const char *value, bool is_18,
                                         struct fcgi_monkeyconf_listen *listen)
{
    const char *at = value;
    struct fcgi_monkeyconf_word word = fcgi_monkeyconf_word(&at);
    const char *colon = memrchr(word.at, ':', word.length);
    const char *begin = word.at, *end = word.at + word.length;
    const char *stop = colon;

    *listen = (struct fcgi_monkeyconf_listen){0};
    if (word.length > 0 && *begin == '[') {
        stop = memchr(++begin, ']', word.length - 1);
        if (stop == NULL)
            return "']' is missing behind the IPv6 address";
        colon = stop + 1;
        if (colon == end || *colon != ':')
            return "a port is missing behind the IPv6 address";
    }
    listen->port = word;
    if (colon != NULL) {
        listen->address.at = begin;
        listen->address.length = (size_t)(stop - begin);
        listen->port.at = colon + 1;
        listen->port.length = (size_t)(end - colon) - 1;
    }
    if (listen->port.length == 0)
        return "a port is missing: 'PORT', 'ADDRESS:PORT' or '[V6]:PORT'";
    while (word = fcgi_monkeyconf_word(&at), word.length > 0)
        if (is_word(word, is_18 ? "tls" : "ssl"))
            listen->tls = true;
        else if (is_word(word, "!http"))
            *(is_18 ? &listen->not_http : &listen->nothing) = true;
        else if (listen->lost.length == 0 && !(is_18 && is_word(word, "h2")))
            listen->lost = word;
    listen->tls |= listen->not_http;
    return NULL;
}

bool fcgi_monkeyconf_listen_binds(const struct fcgi_monkeyconf_listen *listen)
{
    char port[32];

    if (listen->nothing || listen->port.length >= 19)
        return false;
    snprintf(port, sizeof(port), "%.*s", (int)listen->port.length,
             listen->port.at);
    return port[strspn(port, "0123456789")] == '\0' ||
           getservbyname(port, "tcp") != NULL;
}

int fcgi_monkeyconf_pid_error(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    struct stat status;

    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return EISDIR;
    snprintf(folder, sizeof(folder), "%.*s",
             slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    return stat(folder, &status) == 0 ? 0 : errno;
}

struct fcgi_monkeyconf_word fcgi_monkeyconf_plugin_name(const char *path)
{
    const char *dash = strrchr(path, '-');
    struct fcgi_monkeyconf_word name = {dash ? dash + 1 : path, 0};

    if (dash != NULL && strlen(name.at) > 3)
        name.length = strlen(name.at) - 3;
    return name;
}

bool fcgi_monkeyconf_is_match(const char *key)
{
    return strncasecmp(key, "Match", strlen(key)) == 0;
}

bool fcgi_monkeyconf_keeps_name(struct fcgi_monkeyconf_word name)
{
    return name.length <= FCGI_MONKEYCONF_NAME_MAX;
}

/* Monkey reads each file of the directory but these. */
static bool is_site(const char *directory, const char *name)
{
    char path[PATH_MAX];
    struct stat status;

    if (name[0] == '.' || name[strlen(name) - 1] == '~' ||
        strcasecmp(name, "default") == 0)
        return false;
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return stat(path, &status) != 0 || !S_ISDIR(status.st_mode);
}

char **fcgi_monkeyconf_sites(const char *directory)
{
    DIR *dir = opendir(directory);
    char **names = NULL, **bigger;
    struct dirent *entry;
    size_t n = 0;

    if (dir == NULL)
        return NULL;
    do {
        entry = readdir(dir);
        if (entry != NULL && !is_site(directory, entry->d_name))
            continue;
        bigger = reallocarray(names, n + 1, sizeof(*names));
        if (bigger == NULL)
            goto no_memory;
        names = bigger;
        names[n] = entry != NULL ? strdup(entry->d_name) : NULL;
        if (entry != NULL && names[n] == NULL)
            goto no_memory;
        n++;
    } while (entry != NULL);
    closedir(dir);
    return names;

no_memory:
    if (names != NULL)
        names[n] = NULL;
    fcgi_monkeyconf_sites_free(names);
    closedir(dir);
    errno = ENOMEM;
    return NULL;
}

void fcgi_monkeyconf_sites_free(char **names)
{
    for (char **name = names; name != NULL && *name != NULL; name++)
        free(*name);
    free(names);
}

enum fcgi_monkeyconf_host fcgi_monkeyconf_host(const struct fcgi_tree *tree)
{
    const struct fcgi_tree_section *section = fcgi_tree_section(tree, "HOST");
    const struct fcgi_tree_entry *names =
        fcgi_tree_entry(section, "ServerName");
    const char *at = names != NULL ? names->value : NULL;
    struct fcgi_monkeyconf_word name;

    if (section == NULL)
        return FCGI_MONKEYCONF_NO_HOST;
    if (names == NULL)
        return FCGI_MONKEYCONF_STOPS;
    if (fcgi_tree_entry(section, "DocumentRoot") == NULL)
        return FCGI_MONKEYCONF_NO_HOST;
    while (name = fcgi_monkeyconf_word(&at), name.length > 0)
        if (fcgi_monkeyconf_keeps_name(name))
            return FCGI_MONKEYCONF_HOST;
    return FCGI_MONKEYCONF_NO_HOST;
}
