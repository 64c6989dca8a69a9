/* SPDX-License-Identifier: Apache-2.0
 *
 * THE table of sections and keys. Parser, messages, linter, documentation and
 * shell completion all come from it: a new key is a row in keys.c and a field
 * in struct fcgi_server_config.
 */
#ifndef FCGI_CONFIG_KEYS_H
#define FCGI_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fcgi_key_type {
    FCGI_KEY_NAME, /* a word; unique among the sections of its kind */
    FCGI_KEY_ADDR, /* HOST:PORT */
    FCGI_KEY_PATH, /* absolute path of a Unix socket */
    FCGI_KEY_TIME, /* number and unit; kept in milliseconds */
};

enum fcgi_key_need {
    FCGI_KEY_OPTIONAL,
    FCGI_KEY_REQUIRED,
    FCGI_KEY_ONE_OF, /* exactly one of the section's keys that say so */
};

struct fcgi_key {
    const char *name;
    enum fcgi_key_type type;
    enum fcgi_key_need need;
    const char *unit; /* of the numbers below; NULL where it is a text */
    uint32_t def;     /* value where the key is not given */
    uint32_t min;
    uint32_t max;
    const char *syntax;  /* how the help writes the value: "HOST:PORT" */
    const char *example; /* a value that is right */
    const char *help;    /* one line, no full stop */
    size_t offset;       /* of its field in struct fcgi_server_config */
};

struct fcgi_section {
    const char *name;
    const char *help;
    const struct fcgi_key *keys;
    size_t n_keys;
};

/* No section has more keys than this. */
#define FCGI_KEYS_MAX 16

/* All sections of fastcgi.conf. */
const struct fcgi_section *fcgi_keys_sections(size_t *count);

/*
 * Look a name up, upper and lower case being the same; NULL if there is none.
 * The text need not be terminated.
 */
const struct fcgi_section *fcgi_keys_find_section(const char *name, size_t len);
const struct fcgi_key *fcgi_keys_find(const struct fcgi_section *section,
                                      const char *name, size_t len);

/* The section or key that somebody meant who wrote `name`, or NULL. */
const struct fcgi_section *fcgi_keys_guess_section(const char *name,
                                                   size_t len);
const struct fcgi_key *fcgi_keys_guess(const struct fcgi_section *section,
                                       const char *name, size_t len);

/*
 * What became of a section (`section` NULL) or key of Monkey's own FastCGI
 * plugin, as words that follow "unknown key 'X'; "; NULL if it never was one.
 */
const char *fcgi_keys_retired(const struct fcgi_section *section,
                              const char *name, size_t len);

/* Whether two texts are the same but for the case of ASCII letters. */
bool fcgi_keys_equal(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
