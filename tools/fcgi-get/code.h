/* SPDX-License-Identifier: Apache-2.0
 *
 * PHP code for a pool: --php-file and --eval. It is handed over in a file for
 * this one request, that the pool's user may read and nobody else may write,
 * in a folder of which nobody else can read the names.
 */
#ifndef FCGI_GET_CODE_H
#define FCGI_GET_CODE_H

#include <stddef.h>

/* Writes the file below `folder`, and has it removed also where a signal ends
 * the process. Returns its path, static, or NULL with errno. */
const char *fcgi_code_write(const char *folder, const void *code,
                            size_t length);

/* Removes the file, if there is one; also for a handler. */
void fcgi_code_remove(void);

#endif
