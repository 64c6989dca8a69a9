/* SPDX-License-Identifier: Apache-2.0
 *
 * fastcgi.conf as sections and pairs with their places in the file, and the
 * same as text that libconfuse reads.
 */
#ifndef FCGI_CONFIG_SCAN_H
#define FCGI_CONFIG_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "config/diag.h"
#include "config/keys.h"

/* A key and its value in a known section. Columns are from 1, in bytes. */
struct fcgi_scan_pair {
    unsigned line;
    unsigned key_column;
    unsigned key_length;
    unsigned value_column;
    unsigned value_length;
    const struct fcgi_key *key;
    bool hash; /* the value has a '#', which has been reported */
};

/* A section whose heading is known, or could be guessed. */
struct fcgi_scan_section {
    const struct fcgi_section *schema;
    unsigned line;
    unsigned column;
    unsigned length;
    size_t n_keys; /* also those that are wrong */

    /* For each key of the schema: the number of its pair, from 1, or 0. */
    size_t given[FCGI_KEYS_MAX];

    /* Keys that are there in a misspelled form: not reported as missing. */
    bool meant[FCGI_KEYS_MAX];
};

struct fcgi_scan {
    struct fcgi_scan_section *sections;
    size_t n_sections;
    size_t sections_capacity;

    struct fcgi_scan_pair *pairs; /* in the order of the lines */
    size_t n_pairs;
    size_t pairs_capacity;

    /* For libconfuse. Line N of it comes from line N of the file. */
    char *text;
    size_t text_len;
    size_t text_capacity;

    bool heading_meant; /* a line that may have been a heading was reported */
};

/*
 * Reads a file's text into `scan`, which must be freed whatever is returned.
 * Returns 0, also if there are findings, or -1 if the text was not read to its
 * end for lack of memory or too many findings, which is a finding itself.
 */
int fcgi_scan_text(struct fcgi_scan *scan, const char *file, const char *text,
                   size_t len, struct fcgi_diag_list *diags);
void fcgi_scan_free(struct fcgi_scan *scan);

/* The pair of a line, or NULL. */
const struct fcgi_scan_pair *fcgi_scan_find(const struct fcgi_scan *scan,
                                            unsigned line);

#endif
