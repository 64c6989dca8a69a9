/* SPDX-License-Identifier: Apache-2.0
 *
 * The variables of a request that a tool makes up (RFC 3875, section 4.1):
 * those that applications cannot do without, from what the user said, and
 * whatever the user sets or takes away.
 */
#ifndef FCGI_PROBE_VARS_H
#define FCGI_PROBE_VARS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cli.h"
#include "gateway/buffer.h"

struct fcgi_var {
    char *name;
    char *value;
    size_t name_length, value_length;
};

/* Zeroed memory is an empty set. Names are unique; order is that of the first
 * setting. */
struct fcgi_vars {
    struct fcgi_var *items;
    size_t count, capacity;
    bool failed; /* memory was short, or a text is over FCGI_MAX_PAIR */
};

/* Sets a variable, in place of the one of that name. A failure sticks. */
void fcgi_vars_set(struct fcgi_vars *vars, const char *name, const char *value);
void fcgi_vars_unset(struct fcgi_vars *vars, const char *name);
const char *fcgi_vars_get(const struct fcgi_vars *vars, const char *name);

/*
 * Sets what an option says: NAME=VALUE; or NAME alone, which takes the value
 * of this process's environment and is no error where it has none. Returns 0,
 * or -1 where there is no name.
 */
int fcgi_vars_option(struct fcgi_vars *vars, const char *text);

/* Sets HTTP_NAME from `Name: value`. Returns 0, or -1 where that is no field
 * that a web server would pass on. */
int fcgi_vars_header(struct fcgi_vars *vars, const char *text);

/* All variables of this process's environment, but those that are set already.
 */
void fcgi_vars_environment(struct fcgi_vars *vars);

/* The command line's description of a request. */
struct fcgi_call {
    const char *method;  /* NULL: POST with a body, else GET */
    const char *uri;     /* "/index.php?a=1"; with no docroot, a file's path */
    const char *docroot; /* where the script lies, or NULL */
    const char *software;
    const void *body; /* NULL: none */
    size_t body_length;
    struct fcgi_vars vars;   /* what the user sets */
    struct fcgi_buffer data; /* `body` as --data has it */
};

/*
 * Sets the variables of a request, but those that are set already; the first
 * function only those that call->uri and call->docroot tell. With a docroot,
 * what a path has behind its script is PATH_INFO, as the plugin has it.
 */
void fcgi_vars_script(struct fcgi_vars *vars, const struct fcgi_call *call);
void fcgi_vars_call(struct fcgi_vars *vars, const struct fcgi_call *call);

/* Adds all as name-value pairs. Returns 0, or -1 where memory is short, now or
 * when a variable was set. */
int fcgi_vars_encode(const struct fcgi_vars *vars, struct fcgi_buffer *out);

void fcgi_vars_free(struct fcgi_vars *vars);

#define FCGI_CALL_DATA_BINARY (FCGI_CLI_LONG + 100)

/*
 * Takes an option that the tools have in common: 'X' (--method), 'H'
 * (--header), 'e' (--env), 'd' (--data: a text, @FILE, or @- for standard
 * input, without line ends) and --data-binary, which keeps them. What several
 * say is joined with '&'. Returns 0, or the exit status after a message.
 */
int fcgi_call_take(struct fcgi_call *call, const struct fcgi_cli *cli,
                   int option, const char *arg);

/* Takes as many bytes of standard input for the body as CONTENT_LENGTH says,
 * if that is set and there is no body. Returns 0, or the exit status after a
 * message. */
int fcgi_call_environment(struct fcgi_call *call, const struct fcgi_cli *cli);

/* Adds a file's content, or with "-" standard input. Returns 0, or the exit
 * status after a message. */
int fcgi_call_read_file(const struct fcgi_cli *cli, const char *name,
                        struct fcgi_buffer *out);

/* Frees the memory of fcgi_call_take(). */
void fcgi_call_free(struct fcgi_call *call);

#endif
