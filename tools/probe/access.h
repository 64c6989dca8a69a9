/* SPDX-License-Identifier: Apache-2.0
 *
 * Why the path of a socket leads nowhere: the first directory of it that is
 * missing, or that this process may not pass.
 */
#ifndef FCGI_PROBE_ACCESS_H
#define FCGI_PROBE_ACCESS_H

#include <stddef.h>

/*
 * Both write one line without newline. The first is for ENOENT and ENOTDIR, the
 * second for EACCES; they look at the path anew, so that what they say may have
 * changed since. Control characters of the path are escaped.
 */
void fcgi_access_missing(const char *path, char *buf, size_t size);
void fcgi_access_denied(const char *path, char *buf, size_t size);

#endif
