/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the scanner share: scan.c (lines), scan_item.c (headings
 * and keys), scan_text.c (the result's growing parts). Nobody else's business.
 */
#ifndef FCGI_CONFIG_SCAN_INTERNAL_H
#define FCGI_CONFIG_SCAN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "config/scan.h"
#include "config/tree.h"

enum scan_where {
    IN_NOTHING, /* before the first heading */
    IN_UNKNOWN, /* in a section without a schema: its keys are skipped */
    IN_SECTION,
};

/* A part of a line. */
struct span {
    const char *at;
    size_t len;
};

struct scanner {
    struct fcgi_scan *scan;
    struct fcgi_tree *tree; /* NULL for fastcgi.conf */
    struct fcgi_diag_list *diags;
    const char *file;

    unsigned line;
    const char *line_start; /* columns are counted from here */
    bool doubtful;          /* the line's value is known to be wrong */

    struct span indent; /* at is NULL until a line has set it */
    unsigned indent_line;
    bool indent_blank; /* that line has nothing but blanks */

    enum scan_where where;
    bool open; /* a section is open in the text for libconfuse */
    bool told_orphan;
    bool told_crlf;
    bool told_nul;
    bool no_memory;
};

/* fcgi_check_report() about a part of the current line. */
#define REPORT(s, id, part, ...)                                              \
    fcgi_check_report((s)->diags, (id), (s)->file, (s)->line,                 \
                      fcgi_scan_column((s), (part).at), (unsigned)(part).len, \
                      __VA_ARGS__)

/* The arguments of "%.*s". */
#define SHOW(part) (int)(part).len, (part).at

bool fcgi_scan_blank(char c);
struct span fcgi_scan_trim(struct span s);
unsigned fcgi_scan_column(const struct scanner *s, const char *at);

/* Text for libconfuse. */
void fcgi_scan_put(struct scanner *s, const char *text);

/* A heading; `line` starts with its '['. */
void fcgi_scan_heading(struct scanner *s, struct span line);

/* A key and its value, without blanks around them. */
void fcgi_scan_key(struct scanner *s, struct span line);

/* All return 0, or -1 where memory is short. */
int fcgi_scan_emit(struct fcgi_scan *scan, const char *text, size_t len);
int fcgi_scan_emit_pair(struct fcgi_scan *scan, const struct fcgi_key *key,
                        const char *value, size_t len);
int fcgi_scan_add_section(struct fcgi_scan *scan,
                          const struct fcgi_scan_section *section);
int fcgi_scan_add_pair(struct fcgi_scan *scan,
                       const struct fcgi_scan_pair *pair);

/* Reads a whole text. Returns 0, or -1 after a finding that says why not. */
int fcgi_scan_run(struct scanner *s, const char *text, size_t len);

/* Parts of a tree; `where` has the places alone. Return 0 or -1, too. */
int fcgi_tree_add_section(struct fcgi_tree *tree, struct span name,
                          unsigned line, unsigned column, unsigned length);
int fcgi_tree_add_entry(struct fcgi_tree *tree, struct span key,
                        struct span value, struct fcgi_tree_entry where);

#endif
