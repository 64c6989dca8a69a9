/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages of the backend to the administrator, about a server.
 */
#ifndef FCGI_BACKEND_NOTICE_H
#define FCGI_BACKEND_NOTICE_H

#include <stdbool.h>

/* `bad`: a warning. `tell` may be NULL: nobody wants to know. */
struct fcgi_notice {
    void (*tell)(void *arg, bool bad, const char *line);
    void *arg;
};

#endif
