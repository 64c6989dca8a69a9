/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of Prometheus' text format that is tested by itself.
 */
#ifndef FCGI_PING_PROMETHEUS_H
#define FCGI_PING_PROMETHEUS_H

#include <stdio.h>

/* Writes a text as the value of a label, without the quotes around it. */
void fcgi_prometheus_label(FILE *out, const char *text);

#endif
