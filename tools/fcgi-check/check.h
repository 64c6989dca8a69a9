/* SPDX-License-Identifier: Apache-2.0
 *
 * Structures that the parts of fcgi-check share: the options, the files that
 * were read, and the findings.
 */
#ifndef FCGI_CHECK_H
#define FCGI_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cli.h"
#include "config/checks.h"
#include "config/config.h"
#include "config/diag.h"
#include "config/keys.h"
#include "config/tree.h"
#include "monkeyconf/monkeyconf.h"

enum check_format { CHECK_TEXT, CHECK_GCC, CHECK_JSON, CHECK_SARIF };

/* Exit statuses. */
enum { CHECK_CLEAN = 0, CHECK_FINDINGS = 1, CHECK_TROUBLE = 2 };

/* Where our plugin is installed, for messages. */
#ifndef FCGI_PLUGIN_DIR
#define FCGI_PLUGIN_DIR "/usr/lib/monkey-fastcgi"
#endif

struct check_dialect;

/* How it is known which Monkey is meant; a greater one counts for more. */
enum check_sign {
    CHECK_SIGN_NONE,
    CHECK_SIGN_WORD,    /* what another Monkey passes over */
    CHECK_SIGN_OURS,    /* the name of our plugin, which may be the wrong one */
    CHECK_SIGN_MONKEY,  /* what another Monkey does not know */
    CHECK_SIGN_PROGRAM, /* the one that is installed */
    CHECK_SIGN_ASKED,
};

struct check_options {
    const struct check_dialect *dialect; /* Monkey's; NULL: look for signs */
    const char *user;                    /* NULL: as monkey.conf says */
    const char *root;    /* before all paths that files name; NULL: none */
    const char *explain; /* a check, a key, or NULL */
    uint64_t timeout;    /* of --live, in ns */
    char disabled[1024]; /* ids of checks */
    enum check_fix { CHECK_FIX_NOT, CHECK_FIX_SHOW, CHECK_FIX_WRITE } fix;
    enum check_format format;
    enum fcgi_cli_when color;
    bool no_tls; /* the program that --monkey names is built without it */
    bool syntax_only;
    bool live;
    bool print;
    bool list;
    bool list_keys;
    bool quiet;
    bool strict;
    bool verbose;
};

/* A file that was read, kept for quotations. */
struct check_source {
    char *name;
    char *text; /* NULL: it could not be read */
    size_t length;
    size_t *lines; /* where each begins; made when first needed */
    size_t n_lines;
};

/* How a server answered to --live. */
struct check_answer {
    char *file; /* in which it is described, and where */
    unsigned line;
    char *server;  /* its name */
    char *address; /* as a user writes it */
    char *failure; /* NULL: it has answered */
    uint64_t ns;
};

struct check_run {
    const struct check_options *options;
    const struct check_dialect *dialect; /* of the directory at work */
    enum check_sign sign;
    char why[200];               /* that one */
    struct fcgi_diag_list diags; /* notes behind theirs */
    struct check_source *sources;
    size_t n_sources;
    struct check_answer *answers;
    size_t n_answers;
    char **done; /* the arguments, for "FILE: OK" */
    size_t n_done;
    struct check_port {
        char *address; /* "": any */
        long port;
    } * ports; /* where Monkey listens */
    size_t n_ports;
    bool is_tree;   /* a directory was checked */
    bool stops;     /* and Monkey would not start with it */
    char **printed; /* the sources that --print is about */
    size_t n_printed;
};

/*
 * Memory of the run that is at work, zeroed. check_run_free() frees all of it;
 * where there is none left, the process ends with status 2.
 */
void *check_alloc(size_t size);
_Noreturn void check_no_memory(void);
void *check_grow(void *array, size_t count, size_t size);
char *check_dup(const char *text);
char *check_printf(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * Reads a file, "-" being standard input. Findings say why it cannot be read;
 * then the source has no text. The pointer holds until the next call.
 */
struct check_source *check_source_read(struct check_run *run, const char *path);
struct check_source *check_source_find(const struct check_run *run,
                                       const char *name);

/* A line of it, from 1, without its end; false if there is none. */
bool check_source_line(struct check_source *source, unsigned line,
                       const char **text, size_t *length);

/* Frees all that a run holds, and all memory of check_alloc(). */
void check_run_free(struct check_run *run);

/* Checks one argument: a file, a directory of Monkey's, or "-". */
void check_argument(struct check_run *run, const char *argument);

/* Sets run->dialect to the Monkey that a directory is for: the one of --monkey,
 * or the one that monkey.conf and plugins.load are a sign of. */
void check_signs(struct check_run *run, const char *directory,
                 const char *main_file, const char *load_file);

/* fastcgi.conf, and where everything is in it. */
struct check_servers {
    const char *file;
    struct check_run *run;
    struct fcgi_config *config; /* NULL: it has errors */
    struct fcgi_tree tree;      /* made when a place is first asked for */
};

/* Reads fastcgi.conf into `servers`, which must be freed. */
void check_servers_read(struct check_run *run, const char *path,
                        struct check_servers *servers);
void check_servers_free(struct check_servers *servers);

/* A place in a file. */
struct check_place {
    const char *file;
    unsigned line;
    unsigned column;
    unsigned length;
};

/* Where the value of a server's key is; its heading if it has no such key. */
struct check_place check_servers_place(struct check_servers *servers,
                                       const struct fcgi_server_config *server,
                                       const char *key);

/* The first entry of a key in a server's section, or, where that is NULL, in
 * [FASTCGI]; NULL if it is not there. */
const struct fcgi_tree_entry *
check_servers_entry(struct check_servers *servers,
                    const struct fcgi_server_config *server, const char *key);

/* The places of a heading, a key and a value, which last as long as the tree.
 */
struct check_place check_heading(const struct fcgi_tree_section *section);
struct check_place check_key_place(const struct fcgi_tree_entry *entry);
struct check_place check_value_place(const struct fcgi_tree_entry *entry);

/* The same for as long as the run. */
struct check_place check_place_keep(struct check_run *run,
                                    struct check_place place);

/* fcgi_check_report() and a note behind it, at a place. */
void check_report(struct check_run *run, const char *id,
                  struct check_place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void check_note(struct check_run *run, const char *id, struct check_place place,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The user that Monkey runs as. */
struct check_user {
    const char *name;         /* NULL: nobody knows */
    struct check_place place; /* `file` NULL: given by --user */
};

/* The sockets of all servers: are they there, and may the user open them? */
void check_sockets(struct check_run *run, struct check_servers *servers,
                   const struct check_user *user);

/* Asks all servers, all at once. */
void check_live(struct check_run *run, struct check_servers *servers);

/* What plugins.load loads; all plugins of the file by name in `names`. */
struct check_plugins {
    const char *file;
    bool there;     /* the file exists */
    bool knows_all; /* nothing in it was too wrong to tell */
    bool fails;     /* ours is there, and Monkey cannot load it */
    struct check_loaded {
        char *name; /* "fastcgi"; NULL where it has none */
        struct check_place place;
    } * items;
    size_t count;
};
void check_plugins_read(struct check_run *run, const char *path,
                        struct check_plugins *plugins);

/* Whether the file at `path` (that of a plugin) has the data symbol; if not,
 * `*id` and `*why` say what is wrong. `path` is below --root already. */
bool check_elf(const char *path, const char *symbol, const char **id,
               const char **why);

/* The errors that a site has a page for, of those that may have one. */
#define CHECK_PAGES_FIRST 400
#define CHECK_PAGES_LAST 599
struct check_pages {
    bool any;
    bool of[CHECK_PAGES_LAST - CHECK_PAGES_FIRST + 1];
};

/* Adds a key of [ERROR_PAGES], if it is such an error. */
void check_pages_add(struct check_pages *pages, const char *status);

/* The sites' rules for the plugin. */
struct check_rules {
    size_t n_ours;             /* rules for the FastCGI plugin */
    bool any_server;           /* one of them names no servers */
    bool any_status;           /* one asks for the status page */
    bool links;                /* SymLink of monkey.conf */
    bool *used;                /* for each server of the configuration */
    struct check_pages *pages; /* likewise, of the sites that use it */
    bool broken;               /* some could not be read */
    bool no_server;            /* one names none, or one of another role */
    bool is_backup;            /* the site at work looks like an old copy */
    bool reported;             /* that the plugin is not loaded */
    const char *user;          /* that Monkey runs as; NULL: nobody knows */
    const char *indexes;       /* Indexfile, or NULL */
    struct check_place index_place;
    struct check_servers *servers;
    const struct check_plugins *plugins;
    struct check_bracket *brackets; /* see brackets.c */
    size_t n_brackets;
    struct check_name {
        char *name;
        struct check_place place;
    } * names; /* of all sites */
    size_t n_names;
};
void check_site(struct check_run *run, const char *path, bool is_default,
                struct check_rules *rules);

/* Whether the servers that a rule names, `first` among them, agree about which
 * script runs; `place` is the rule's. */
void check_pool(struct check_run *run, struct check_servers *servers,
                const struct fcgi_server_config *first, const bool *named,
                struct check_place place);

/* Reports keys of fastcgi.conf that have no effect beside Monkey's other files,
 * when all of these are read. */
void check_effects(struct check_run *run, const struct check_rules *rules);

/* Records a rule's brackets; and, when all sites are read, reports which of
 * them are lost. `place.file` must last until then. */
void check_brackets_add(struct check_run *run, struct check_rules *rules,
                        const char *regex, const void *compiled,
                        struct check_place place);
void check_brackets_report(struct check_run *run,
                           const struct check_rules *rules);

/* The path that a file names, below --root. */
char *check_path(const struct check_run *run, const char *path);

#endif
