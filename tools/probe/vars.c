/* SPDX-License-Identifier: Apache-2.0
 *
 * Variables as a plain list: a request has a few dozen, and even a large
 * environment some thousand, that are set once.
 */
#include "probe/vars.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/header.h"
#include "proto/record.h"

extern char **environ;

static struct fcgi_var *find(const struct fcgi_vars *vars, const char *name,
                             size_t length)
{
    for (size_t i = 0; i < vars->count; i++) {
        struct fcgi_var *var = &vars->items[i];

        if (var->name_length == length && memcmp(var->name, name, length) == 0)
            return var;
    }
    return NULL;
}

static struct fcgi_var *append(struct fcgi_vars *vars, const char *name,
                               size_t length)
{
    struct fcgi_var *var;

    if (vars->count == vars->capacity) {
        size_t capacity = vars->capacity == 0 ? 32 : vars->capacity * 2;
        struct fcgi_var *items =
            realloc(vars->items, capacity * sizeof(*items));

        if (items == NULL)
            return NULL;
        vars->items = items;
        vars->capacity = capacity;
    }
    var = &vars->items[vars->count];
    memset(var, 0, sizeof(*var));
    var->name = strndup(name, length);
    if (var->name == NULL)
        return NULL;
    var->name_length = length;
    vars->count++;
    return var;
}

static void set(struct fcgi_vars *vars, const char *name, size_t name_length,
                const char *value)
{
    size_t length = strlen(value);
    char *copy = strdup(value);
    struct fcgi_var *var = find(vars, name, name_length);

    if (copy == NULL || fcgi_pair_size(name_length, length) == 0)
        goto fail;
    if (var == NULL)
        var = append(vars, name, name_length);
    if (var == NULL)
        goto fail;
    free(var->value);
    var->value = copy;
    var->value_length = length;
    return;

fail:
    free(copy);
    vars->failed = true;
}

void fcgi_vars_set(struct fcgi_vars *vars, const char *name, const char *value)
{
    set(vars, name, strlen(name), value);
}

void fcgi_vars_unset(struct fcgi_vars *vars, const char *name)
{
    struct fcgi_var *var = find(vars, name, strlen(name));
    size_t at;

    if (var == NULL)
        return;
    at = (size_t)(var - vars->items);
    free(var->name);
    free(var->value);
    memmove(var, var + 1, (vars->count - at - 1) * sizeof(*var));
    vars->count--;
}

const char *fcgi_vars_get(const struct fcgi_vars *vars, const char *name)
{
    const struct fcgi_var *var = find(vars, name, strlen(name));

    return var != NULL ? var->value : NULL;
}

int fcgi_vars_option(struct fcgi_vars *vars, const char *text)
{
    const char *equals = strchr(text, '=');

    if (text[0] == '\0' || equals == text)
        return -1;
    if (equals != NULL) {
        set(vars, text, (size_t)(equals - text), equals + 1);
    } else {
        const char *value = getenv(text);

        if (value != NULL)
            fcgi_vars_set(vars, text, value);
        else
            fcgi_vars_unset(vars, text);
    }
    return 0;
}

int fcgi_vars_header(struct fcgi_vars *vars, const char *text)
{
    const char *colon = strchr(text, ':'), *value;
    char name[256] = "HTTP_";
    size_t length, at = 5;

    if (colon == NULL)
        return -1;
    length = (size_t)(colon - text);
    if (!fcgi_header_is_token(text, length) || length > sizeof(name) - 6)
        return -1;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        else if (c == '-')
            c = '_';
        name[at++] = c;
    }
    name[at] = '\0';
    value = colon + 1 + strspn(colon + 1, " \t");
    /* These two have variables of their own. */
    if (strcmp(name, "HTTP_CONTENT_TYPE") == 0 ||
        strcmp(name, "HTTP_CONTENT_LENGTH") == 0)
        fcgi_vars_set(vars, name + 5, value);
    else
        fcgi_vars_set(vars, name, value);
    return 0;
}

void fcgi_vars_environment(struct fcgi_vars *vars)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');

        if (equals != NULL && equals != *entry &&
            find(vars, *entry, (size_t)(equals - *entry)) == NULL)
            fcgi_vars_option(vars, *entry);
    }
}

static void set_default(struct fcgi_vars *vars, const char *name,
                        const char *value)
{
    if (fcgi_vars_get(vars, name) == NULL)
        fcgi_vars_set(vars, name, value);
}

/* Where PATH_INFO begins in a file's path: behind the first part below the root
 * that is named as PHP's scripts are, or that is a file, as far as this machine
 * sees it. NULL: there is none. */
static char *find_info(char *file, size_t root)
{
    char *at = file[root] != '\0' ? file + root : NULL;

    while (at != NULL && (at = strchr(at + 1, '/')) != NULL) {
        struct stat status;
        bool script;

        *at = '\0';
        script = (at - file > 4 && strcmp(at - 4, ".php") == 0) ||
                 (stat(file, &status) == 0 && S_ISREG(status.st_mode));
        *at = '/';
        if (script)
            break;
    }
    return at;
}

static void set_info(struct fcgi_vars *vars, const char *info, const char *root,
                     size_t root_length)
{
    char *path;

    set_default(vars, "PATH_INFO", info);
    if (asprintf(&path, "%.*s%s", (int)root_length, root, info) < 0) {
        vars->failed = true;
        return;
    }
    set_default(vars, "PATH_TRANSLATED", path);
    free(path);
}

void fcgi_vars_script(struct fcgi_vars *vars, const struct fcgi_call *call)
{
    const char *query = strchr(call->uri, '?');
    size_t length =
        query != NULL ? (size_t)(query - call->uri) : strlen(call->uri);
    size_t root = call->docroot != NULL ? strlen(call->docroot) : 0;
    char *name = strndup(call->uri, length);
    char *file = malloc(root + length + 2);
    char *info;

    if (name == NULL || file == NULL) {
        vars->failed = true;
        goto out;
    }
    while (root > 0 && call->docroot[root - 1] == '/')
        root--;
    snprintf(file, root + length + 2, "%.*s%s%s", (int)root,
             root > 0 ? call->docroot : "",
             root > 0 && name[0] != '/' ? "/" : "", name);
    info = call->docroot != NULL ? find_info(file, root) : NULL;
    if (info != NULL) {
        set_info(vars, info, call->docroot, root);
        name[length - strlen(info)] = '\0';
        *info = '\0';
    }
    set_default(vars, "SCRIPT_FILENAME", file);
    set_default(vars, "SCRIPT_NAME", name);
    set_default(vars, "DOCUMENT_URI", name);
    set_default(vars, "REQUEST_URI", call->uri);
    set_default(vars, "QUERY_STRING", query != NULL ? query + 1 : "");
    if (call->docroot != NULL)
        set_default(vars, "DOCUMENT_ROOT", call->docroot);
out:
    free(name);
    free(file);
}

void fcgi_vars_call(struct fcgi_vars *vars, const struct fcgi_call *call)
{
    bool body = call->body != NULL;
    char length[24];

    set_default(vars, "GATEWAY_INTERFACE", "CGI/1.1");
    set_default(vars, "SERVER_SOFTWARE", call->software);
    set_default(vars, "SERVER_PROTOCOL", "HTTP/1.1");
    set_default(vars, "SERVER_NAME", "localhost");
    set_default(vars, "SERVER_ADDR", "127.0.0.1");
    set_default(vars, "SERVER_PORT", "80");
    set_default(vars, "REMOTE_ADDR", "127.0.0.1");
    set_default(vars, "REMOTE_PORT", "0");
    set_default(vars, "REQUEST_METHOD",
                call->method != NULL ? call->method
                : body               ? "POST"
                                     : "GET");
    fcgi_vars_script(vars, call);
    /* php-cgi runs nothing without it. */
    set_default(vars, "REDIRECT_STATUS", "200");
    if (body) {
        snprintf(length, sizeof(length), "%zu", call->body_length);
        fcgi_vars_set(vars, "CONTENT_LENGTH", length);
        set_default(vars, "CONTENT_TYPE", "application/x-www-form-urlencoded");
    }
}

int fcgi_vars_encode(const struct fcgi_vars *vars, struct fcgi_buffer *out)
{
    for (size_t i = 0; i < vars->count; i++) {
        const struct fcgi_var *var = &vars->items[i];
        const struct fcgi_pair pair = {
            .name_length = (uint32_t)var->name_length,
            .value_length = (uint32_t)var->value_length};
        uint8_t lengths[8];

        fcgi_buffer_add(out, lengths,
                        fcgi_pair_encode(lengths, sizeof(lengths), &pair));
        fcgi_buffer_add(out, var->name, var->name_length);
        fcgi_buffer_add(out, var->value, var->value_length);
    }
    return vars->failed || out->failed ? -1 : 0;
}

void fcgi_vars_free(struct fcgi_vars *vars)
{
    for (size_t i = 0; i < vars->count; i++) {
        free(vars->items[i].name);
        free(vars->items[i].value);
    }
    free(vars->items);
    memset(vars, 0, sizeof(*vars));
}

/* Reads to the end, but not more than `most` bytes. */
static int read_all(int fd, uint64_t most, struct fcgi_buffer *out)
{
    enum { ROOM = 65536 };
    ssize_t n = 1;

    while (most > 0 && (n > 0 || (n < 0 && errno == EINTR))) {
        if (!fcgi_buffer_reserve(out, ROOM)) {
            errno = ENOMEM;
            return -1;
        }
        n = read(fd, out->data + out->length,
                 most < ROOM ? (size_t)most : ROOM);
        if (n > 0) {
            out->length += (size_t)n;
            most -= (size_t)n;
        }
    }
    return n >= 0 ? 0 : -1;
}

/* A file, or "-" for standard input. Returns 0, or -1 with errno. */
static int read_file(const char *name, struct fcgi_buffer *out)
{
    int fd, result, saved;

    if (strcmp(name, "-") == 0)
        return read_all(STDIN_FILENO, UINT64_MAX, out);
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -1;
    result = read_all(fd, UINT64_MAX, out);
    saved = errno;
    close(fd);
    errno = saved;
    return result;
}

/*
 * What an option of data says: the text itself, @FILE its content, @- that of
 * standard input. Adds it to `out`. Returns 0, or -1 with errno, and `*name`
 * the file that it is about.
 */
static int add_data(const char *text, struct fcgi_buffer *out,
                    const char **name)
{
    *name = text;
    if (text[0] != '@') {
        fcgi_buffer_add_text(out, text);
        errno = ENOMEM;
        return out->failed ? -1 : 0;
    }
    *name = strcmp(text, "@-") == 0 ? "standard input" : text + 1;
    return read_file(text + 1, out);
}

static void drop_line_ends(struct fcgi_buffer *data, size_t from)
{
    size_t to = from;

    for (; from < data->length; from++)
        if (data->data[from] != '\r' && data->data[from] != '\n' &&
            data->data[from] != '\0')
            data->data[to++] = data->data[from];
    data->length = to;
}

/* The body is what call->data holds. */
static void set_body(struct fcgi_call *call)
{
    call->body_length = call->data.length;
    call->body = call->body_length > 0 ? (const void *)call->data.data : "";
}

static int cannot_read(const struct fcgi_cli *cli, const char *name)
{
    fcgi_cli_error(cli, "cannot read %s: %s", name, strerror(errno));
    return fcgi_cli_trouble(cli);
}

int fcgi_call_read_file(const struct fcgi_cli *cli, const char *name,
                        struct fcgi_buffer *out)
{
    return read_file(name, out) < 0 ? cannot_read(cli, name) : 0;
}

static int take_data(struct fcgi_call *call, const struct fcgi_cli *cli,
                     const char *arg, bool binary)
{
    const char *name;
    size_t from;

    if (call->body != NULL)
        fcgi_buffer_add_text(&call->data, "&");
    from = call->data.length;
    if (add_data(arg, &call->data, &name) < 0)
        return cannot_read(cli, name);
    if (arg[0] == '@' && !binary)
        drop_line_ends(&call->data, from);
    set_body(call);
    return 0;
}

int fcgi_call_environment(struct fcgi_call *call, const struct fcgi_cli *cli)
{
    const char *text = fcgi_vars_get(&call->vars, "CONTENT_LENGTH");
    uint64_t length;

    if (call->body != NULL || text == NULL || text[0] == '\0')
        return 0;
    if (fcgi_cli_number(text, 0, SIZE_MAX, &length) < 0)
        return fcgi_cli_usage(cli, "CONTENT_LENGTH '%s' is no number", text);
    if (read_all(STDIN_FILENO, length, &call->data) < 0)
        return cannot_read(cli, "standard input");
    set_body(call);
    return 0;
}

int fcgi_call_take(struct fcgi_call *call, const struct fcgi_cli *cli,
                   int option, const char *arg)
{
    switch (option) {
    case 'X':
        call->method = arg;
        return arg[0] != '\0'
                   ? 0
                   : fcgi_cli_refuse(cli, "method", arg, "the method is empty");
    case 'H':
        return fcgi_vars_header(&call->vars, arg) == 0
                   ? 0
                   : fcgi_cli_refuse(cli, "header", arg, "write 'Name: value'");
    case 'e':
        return fcgi_vars_option(&call->vars, arg) == 0
                   ? 0
                   : fcgi_cli_refuse(cli, "env", arg, "write NAME=VALUE");
    default:
        return take_data(call, cli, arg, option == FCGI_CALL_DATA_BINARY);
    }
}

void fcgi_call_free(struct fcgi_call *call)
{
    fcgi_vars_free(&call->vars);
    fcgi_buffer_free(&call->data);
}
