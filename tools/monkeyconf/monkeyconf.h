/* SPDX-License-Identifier: Apache-2.0
 *
 * Monkey's own configuration: monkey.conf, plugins.load, monkey.mime and
 * sites/. What Monkey 1.6 and 1.8 make of it, whether they start with it, and
 * what they take where a value is wrong: found by starting 1.6.9 and 1.8.9 with
 * broken trees. t/check/starts.t repeats that.
 */
#ifndef FCGI_MONKEYCONF_H
#define FCGI_MONKEYCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "config/tree.h"

/* A word of a line; Monkey splits at spaces, and at nothing else. */
struct fcgi_monkeyconf_word {
    const char *at;
    size_t length;
};

/* The next word behind `*at`, which moves; its length is 0 at the end. */
struct fcgi_monkeyconf_word fcgi_monkeyconf_word(const char **at);

/* Gives an included file's text, or NULL. It must stay until the tree is read.
 */
typedef const char *(*fcgi_monkeyconf_load_fn)(void *data, const char *path,
                                               size_t *length);

/*
 * Reads a file's text into `tree`, with the files that it includes (1.8), which
 * `load` reads. Findings go to `diags`. Returns whether Monkey goes on with the
 * file. The tree must be freed whatever comes out.
 */
bool fcgi_monkeyconf_read(struct fcgi_tree *tree, bool is_18, const char *file,
                          const char *text, size_t length,
                          struct fcgi_diag_list *diags,
                          fcgi_monkeyconf_load_fn load, void *data);

enum fcgi_monkeyconf_kind {
    FCGI_MONKEYCONF_TEXT,
    FCGI_MONKEYCONF_NUMBER, /* strtol(3)'s, cut to an int; missing: 0 */
    FCGI_MONKEYCONF_SWITCH, /* On or Off; missing: Off */
};

/* With which numbers, or switches, Monkey does not start. */
enum fcgi_monkeyconf_refusal {
    FCGI_MONKEYCONF_NOTHING,
    FCGI_MONKEYCONF_BELOW_1,
    FCGI_MONKEYCONF_0, /* a negative number is taken */
    FCGI_MONKEYCONF_NO_SWITCH,
    FCGI_MONKEYCONF_MISSING_16, /* 1.6 does not start without the key */
};

/* A key of [SERVER], or of a site's [HOST]. */
struct fcgi_monkeyconf_key {
    const char *name;
    enum fcgi_monkeyconf_kind kind;
    enum fcgi_monkeyconf_refusal refusal;
    const char *example; /* NULL: Monkey does without the key */
};

/* All of [SERVER], behind the last one without a name. Listen, of which there
 * may be several, comes first. */
extern const struct fcgi_monkeyconf_key fcgi_monkeyconf_server[];

/*
 * Whether Monkey starts with a value of a key of [SERVER]; NULL: the key is
 * missing. `*number` is what it takes of a number, or a switch (0 or 1).
 */
bool fcgi_monkeyconf_takes(const char *key, bool is_18, const char *value,
                           int *number);

/* What a Listen says: parts of its value, not terminated. */
struct fcgi_monkeyconf_listen {
    struct fcgi_monkeyconf_word address; /* length 0: 0.0.0.0 */
    struct fcgi_monkeyconf_word port;    /* not empty, perhaps no number */
    bool tls;                            /* "ssl" or "tls" */
    bool nothing;  /* "!http", with which 1.6 does not start */
    bool not_http; /* the same of 1.8, which takes it for "tls" */

    /* The first word that Monkey passes over; length 0: there is none. */
    struct fcgi_monkeyconf_word lost;
};

/* NULL, or what is wrong with it: Monkey passes over this Listen and all that
 * follow, and does not start if no other is left. */
const char *fcgi_monkeyconf_listen_parse(const char *value, bool is_18,
                                         struct fcgi_monkeyconf_listen *listen);

/* Whether Monkey goes on with it: the rest is up to the system. */
bool fcgi_monkeyconf_listen_binds(const struct fcgi_monkeyconf_listen *listen);

/* 0, or why there can be no PidFile of that name: EISDIR, with which no Monkey
 * starts, or what is wrong with its folder, with which 1.6 does not. */
int fcgi_monkeyconf_pid_error(const char *path);

/* The NAME in /path/monkey-NAME.so as Monkey cuts it out; length 0: Monkey
 * crashes. */
struct fcgi_monkeyconf_word fcgi_monkeyconf_plugin_name(const char *path);

/* Whether a key of [HANDLERS] is a rule: any beginning of "Match" is. */
bool fcgi_monkeyconf_is_match(const char *key);

/* A name of [HOST]'s ServerName that Monkey keeps. */
#define FCGI_MONKEYCONF_NAME_MAX 63 /* bytes */
bool fcgi_monkeyconf_keeps_name(struct fcgi_monkeyconf_word name);

/*
 * The names of the sites beside `default`, in the order of the directory, as
 * Monkey reads them; behind the last NULL. NULL with errno where there is no
 * such directory. To be freed with fcgi_monkeyconf_sites_free().
 */
char **fcgi_monkeyconf_sites(const char *directory);
void fcgi_monkeyconf_sites_free(char **names);

/*
 * Whether Monkey has a host of a site's file: there is a [HOST] with a
 * DocumentRoot and a ServerName that it keeps. If not, it passes over the file,
 * but crashes if it is `default`. Without any ServerName it does not start.
 */
enum fcgi_monkeyconf_host {
    FCGI_MONKEYCONF_HOST,
    FCGI_MONKEYCONF_NO_HOST,
    FCGI_MONKEYCONF_STOPS,
};
enum fcgi_monkeyconf_host fcgi_monkeyconf_host(const struct fcgi_tree *tree);

#endif
