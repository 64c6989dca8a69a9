/* SPDX-License-Identifier: Apache-2.0
 *
 * The STDOUT of an application as CGI: its header, where the body begins, and
 * whether a text is in the body, found in pieces and without keeping them.
 */
#ifndef FCGI_PROBE_ANSWER_H
#define FCGI_PROBE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/header.h"

#define FCGI_ANSWER_HEADER 65536 /* longer header blocks are refused */
#define FCGI_ANSWER_STDERR 256   /* first bytes of STDERR that are kept */
#define FCGI_ANSWER_EXPECT 256   /* longest text to look for */

struct fcgi_answer {
    struct fcgi_header header;
    bool in_body;
    const char *error; /* what is wrong with the header; static */
    uint64_t body_bytes;
    const char *expect; /* NULL: nothing is looked for */
    size_t expect_length, matched;
    bool found;
    uint8_t fallback[FCGI_ANSWER_EXPECT]; /* of the search (KMP) */
    char errors[FCGI_ANSWER_STDERR];
    size_t n_errors;
    char block[FCGI_ANSWER_HEADER];
};

/* `expect` (NULL: nothing) must stay, and be FCGI_ANSWER_EXPECT - 1 bytes or
 * shorter. */
void fcgi_answer_init(struct fcgi_answer *answer, const char *expect);

/* Makes it ready for the next answer. */
void fcgi_answer_reset(struct fcgi_answer *answer);

/*
 * Takes a span of STDOUT. Returns how many of its first bytes belong to the
 * header; the rest is body. All is body once the header is broken.
 */
size_t fcgi_answer_stdout(struct fcgi_answer *answer, const uint8_t *bytes,
                          size_t length);
void fcgi_answer_stderr(struct fcgi_answer *answer, const uint8_t *bytes,
                        size_t length);

/* What is wrong with the answer's header once all is there, or NULL. */
const char *fcgi_answer_error(const struct fcgi_answer *answer);

/* The HTTP status that the header asks for; 200 where it says nothing. */
int fcgi_answer_status(const struct fcgi_answer *answer);

#endif
