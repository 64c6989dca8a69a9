/* SPDX-License-Identifier: Apache-2.0
 *
 * Why the path of a socket leads nowhere: the first directory of it that is
 * missing, or that this process may not pass.
 */
#ifndef FCGI_BACKEND_SOCKET_PATH_H
#define FCGI_BACKEND_SOCKET_PATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Both write one line without newline. The first is for ENOENT and ENOTDIR, the
 * second for EACCES; they look at the path anew, so that what they say may have
 * changed since. Control characters of the path are escaped. With `names` users
 * and groups are called by their names, which is for one thread alone and may
 * take a while, as the name service is asked; else by their numbers.
 */
void fcgi_socket_path_missing(const char *path, char *buf, size_t size);
void fcgi_socket_path_denied(const char *path, bool names, char *buf,
                             size_t size);

#endif
