/* SPDX-License-Identifier: Apache-2.0
 *
 * Types of files by their extension, see mime.c.
 */
#ifndef FCGI_SERVE_MIME_H
#define FCGI_SERVE_MIME_H

#include "monkey/abi.h"

/* Reads monkey.mime: 0, or -1 after messages. Without one there is the
 * compiled-in table alone. */
int serve_mime_read(const char *file);
void serve_mime_free(void);

/* Sets *row to the whole row "Content-Type: ...\r\n", which lives as long as
 * the server; leaves it alone if the extension has no type. */
void serve_mime_find(const char *path, struct mk_ptr *row);

/* The type of an extension, of which `header` is filled in; NULL where there is
 * none. */
struct mk_mimetype *serve_mime_lookup(const char *extension);

#endif
