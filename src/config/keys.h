/* SPDX-License-Identifier: Apache-2.0
 *
 * THE table of sections and keys. Parser, messages, linter, manual page and
 * shell completion are made from it: a new key is a row in keys.c and a field
 * in struct fcgi_server_config.
 */
#ifndef FCGI_CONFIG_KEYS_H
#define FCGI_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fcgi_key_type {
    FCGI_KEY_NAME,  /* a word; unique among the sections of its kind */
    FCGI_KEY_ADDR,  /* HOST:PORT */
    FCGI_KEY_PATH,  /* absolute path of a Unix socket */
    FCGI_KEY_TIME,  /* number and unit; kept in milliseconds, uint32_t */
    FCGI_KEY_SIZE,  /* number and unit; kept in bytes, uint32_t */
    FCGI_KEY_COUNT, /* number; uint32_t */
    FCGI_KEY_BOOL,  /* On or Off; bool */
    FCGI_KEY_TEXT,  /* char *, NULL where there is none */
    FCGI_KEY_WORDS, /* with blanks between them; struct fcgi_words */
    FCGI_KEY_PAIR,  /* a name, blanks, a value; struct fcgi_pairs */
    /* with blanks between them; struct fcgi_networks */
    FCGI_KEY_NETWORKS,
};

enum fcgi_key_need {
    FCGI_KEY_OPTIONAL,
    FCGI_KEY_REQUIRED,
    FCGI_KEY_ONE_OF, /* exactly one of the section's keys that say so */
};

typedef const char *fcgi_key_check(const char *value, size_t len, size_t *at);

struct fcgi_key {
    const char *name;
    enum fcgi_key_type type;
    enum fcgi_key_need need;
    const char *unit; /* of the numbers below; NULL where it is a text */
    uint32_t def;     /* value where the key is not given; BOOL: 0 or 1 */
    uint32_t min;
    uint32_t max;
    const char *def_text; /* the same for TEXT and WORDS; NULL: none */
    bool off;             /* TIME: "Off" is a value, too, and kept as 0 */
    bool repeat; /* WORDS, PAIR, NETWORKS: may be given again, and adds up */
    /*
     * Checks a TEXT, a word or the name of a PAIR further; may be NULL. Returns
     * NULL if it is right, else what is wrong and how to fix it, with the
     * offset of the mistake in `*at`.
     */
    fcgi_key_check *check;
    /* The same for the value of a PAIR, which it must have then. */
    fcgi_key_check *check_value;
    const char *syntax;  /* how the help writes the value: "HOST:PORT" */
    const char *example; /* a valid value */
    const char *help;    /* one line, no full stop */
    size_t offset;       /* of its field in struct fcgi_server_config */
};

struct fcgi_section {
    const char *name;
    const char *help;
    bool single; /* may be given once */
    const struct fcgi_key *keys;
    size_t n_keys;
};

/* No section has more keys than this. */
#define FCGI_KEYS_MAX 64

/*
 * All sections of fastcgi.conf: that of a server, then that of the defaults for
 * all servers, whose keys are a subset of the former's.
 */
#define FCGI_SECTION_SERVER 0
#define FCGI_SECTION_DEFAULTS 1
const struct fcgi_section *fcgi_keys_sections(size_t *count);

/* Whether a key's value is a number (bool included) in the configuration. */
bool fcgi_keys_is_number(const struct fcgi_key *key);

/* Enough for any default. */
#define FCGI_KEYS_DEFAULT_SIZE 64

/* The default as one would write it in the file, "none" where there is none;
 * written to `buf` or static. */
const char *fcgi_keys_default(const struct fcgi_key *key,
                              char buf[static FCGI_KEYS_DEFAULT_SIZE]);

/*
 * Look a name up, upper and lower case being the same; NULL if there is none.
 * The text need not be terminated.
 */
const struct fcgi_section *fcgi_keys_find_section(const char *name, size_t len);
const struct fcgi_key *fcgi_keys_find(const struct fcgi_section *section,
                                      const char *name, size_t len);

/*
 * What replaces a section of Monkey's own FastCGI plugin, worded to follow
 * "unknown section [X]; "; NULL if it never was one.
 */
const char *fcgi_keys_retired(const char *name, size_t len);

#endif
