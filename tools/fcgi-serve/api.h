/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of functions that a plugin gets, see api.c.
 */
#ifndef FCGI_SERVE_API_H
#define FCGI_SERVE_API_H

#include "monkey/abi.h"

/* Fills serve.api; serve.config and serve.workers must be there. */
void serve_api_create(void);
void serve_api_destroy(void);

int serve_socket_ip_str(int fd, char **buf, int size, unsigned long *len);
int serve_file_get_info(const char *path, struct mk_file_info *info, int mode);

/* "Mon, 01 Jan 2024 00:00:00 GMT" of 'when', which is 29 bytes and a NUL. */
void serve_gmt(char *buf, size_t size, time_t when);

#endif
