/* SPDX-License-Identifier: Apache-2.0
 *
 * --write-out, as curl has it: a text with %{NAME} and \n in it, printed when
 * all is over.
 */
#ifndef FCGI_GET_WRITE_OUT_H
#define FCGI_GET_WRITE_OUT_H

#include "probe/answer.h"
#include "probe/probe.h"

struct fcgi_write_out {
    const struct fcgi_probe_result *result;
    const struct fcgi_answer *answer;
    size_t header_bytes;
    int exit_status;
};

/* The first %{NAME} of a format that there is not, from its '%' on, or NULL. */
const char *fcgi_write_out_unknown(const char *format);

/* Prints a format that has no unknown name to standard output. */
void fcgi_write_out(const char *format, const struct fcgi_write_out *facts);

#endif
