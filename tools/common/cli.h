/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of a tool. One table defines the options, the help and,
 * through the help, the lists of the manual page and the completions.
 *
 * -h, --help and -V, --version belong to every tool and are not in its table.
 */
#ifndef FCGI_TOOLS_CLI_H
#define FCGI_TOOLS_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FCGI_CLI_LONG 256  /* values of options without a letter start here */
#define FCGI_CLI_TROUBLE 2 /* exit status: wrong usage, output not written */

/* Where an option goes: to the tool's function, or into a member of the
 * structure that the function gets as its data. */
enum fcgi_cli_kind {
    FCGI_CLI_TAKE,
    FCGI_CLI_FLAG, /* bool: true where the option is given */
    FCGI_CLI_TEXT, /* const char *: the argument */
    FCGI_CLI_TIME, /* uint64_t: nanoseconds, as fcgi_cli_take_time() reads it */
};

struct fcgi_cli_option {
    int value;        /* the letter, or FCGI_CLI_LONG + N */
    const char *name; /* without "--" */
    const char *arg;  /* what the help calls the argument; NULL: has none;
                         "[=WHEN]" for one that may be left out */
    enum fcgi_cli_kind kind;
    size_t offset;    /* of the member; 0 with FCGI_CLI_TAKE */
    const char *help; /* may have several lines; NULL: hidden */
};

struct fcgi_cli {
    const char *name;  /* of the program, for all messages */
    const char *usage; /* behind "Usage: ", without the name; further forms
                          behind a newline */
    const char *about; /* what it does; may have several lines */
    const struct fcgi_cli_option *options;
    size_t n_options;
    const char *footer; /* behind the options, or NULL */
    int trouble;        /* exit status for wrong usage; 0: FCGI_CLI_TROUBLE */
};

/*
 * Takes one option of FCGI_CLI_TAKE; `arg` is NULL where it has none. Returns 0
 * to go on, else the process's exit status, after a message.
 */
typedef int (*fcgi_cli_take_fn)(void *data, int value, const char *arg);

/*
 * Reads the command line; options and operands may be mixed. Returns the index
 * in `argv` of the first operand (they are moved behind the options), or -1
 * with `*status` set to the exit status: help or version have been printed, or
 * a mistake has been reported.
 */
int fcgi_cli_parse(const struct fcgi_cli *cli, int argc, char **argv,
                   fcgi_cli_take_fn take, void *data, int *status);

/* Writes "NAME: MESSAGE" to standard error. */
void fcgi_cli_error(const struct fcgi_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, followed by a hint at --help. Returns the exit status. */
int fcgi_cli_usage(const struct fcgi_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The exit status of trouble. */
int fcgi_cli_trouble(const struct fcgi_cli *cli);

/* fcgi_cli_usage() about the argument of an option. */
int fcgi_cli_refuse(const struct fcgi_cli *cli, const char *option,
                    const char *arg, const char *what);

/* Takes an option's time, up to 30 days; 0, or the status after a message. */
int fcgi_cli_take_time(const struct fcgi_cli *cli, const char *option,
                       const char *arg, uint64_t *ns);

/*
 * Flushes standard output. Returns `status`, or fcgi_cli_trouble() after a
 * message if the output could not be written.
 */
int fcgi_cli_finish(const struct fcgi_cli *cli, int status);

/* Writes all bytes to a descriptor that blocks. Returns 0, or -1 with errno. */
int fcgi_cli_write(int fd, const void *bytes, size_t length);

/* Parses a text as a decimal number from `min` to `max`, without sign or
 * blanks. Returns 0 or -1. */
int fcgi_cli_number(const char *text, uint64_t min, uint64_t max,
                    uint64_t *number);

/*
 * Parses a text as seconds, "2" or "0.25", with a dot in every locale and up to
 * nine digits behind it, into up to `max` nanoseconds. Returns 0 or -1.
 */
int fcgi_cli_seconds(const char *text, uint64_t max, uint64_t *ns);

/* What a tool's footer says of TIME. */
#define FCGI_CLI_TIME_HELP                                                  \
    "TIME is in seconds, such as 0.2, or has a unit: 200ms, 5s, 2m, 1h. A " \
    "limit\n"                                                               \
    "of 0 is none.\n"

/* The same, perhaps with a unit behind the number: ms, s, m or h. */
int fcgi_cli_time(const char *text, uint64_t max, uint64_t *ns);

/* The index of a text in a list that ends with NULL, or -1. */
int fcgi_cli_choice(const char *text, const char *const *choices);

enum fcgi_cli_when { FCGI_CLI_AUTO, FCGI_CLI_ALWAYS, FCGI_CLI_NEVER };

/* The argument of --color; NULL means always. Returns 0 or -1. */
int fcgi_cli_when(const char *text, enum fcgi_cli_when *when);

/* Whether to write colours: with FCGI_CLI_AUTO on terminals that support them,
 * unless NO_COLOR is in the environment. */
bool fcgi_cli_color(enum fcgi_cli_when when, FILE *out);

#endif
