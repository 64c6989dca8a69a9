/* SPDX-License-Identifier: Apache-2.0
 *
 * Failures of a probe in words: what, where, and where it is known why.
 */
#ifndef FCGI_PROBE_FAILURE_H
#define FCGI_PROBE_FAILURE_H

#include "probe/probe.h"

/* Enough for any text of fcgi_failure_text(); longer paths are cut. */
#define FCGI_FAILURE_TEXT 1024

/* The name of a class of failures, for summaries and programs: "refused",
 * "not-fastcgi". "ok" for FCGI_FAILURE_NONE. Static. */
const char *fcgi_failure_name(enum fcgi_failure failure);

/* "resolve", "connect", "send", "first byte", "rest". Static. */
const char *fcgi_phase_name(enum fcgi_phase phase);

/* The name that FCGI_GET_VALUES has for a value. Static. */
const char *fcgi_value_name(enum fcgi_value value);

/*
 * What went wrong with a finished probe, in one line without newline and full
 * stop; bytes of the peer's are escaped. Looks at the file system where a
 * socket could not be reached. FCGI_FAILURE_STATUS, _EXPECT, _HEADER and
 * _STDERR are judged by the caller, who knows more than this says. Returns
 * `buf`.
 */
const char *fcgi_failure_text(const struct fcgi_probe *probe, char *buf,
                              size_t size);

#endif
