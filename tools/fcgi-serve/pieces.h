/* SPDX-License-Identifier: Apache-2.0
 *
 * A network layer with the manners of TLS, for tests (trap (m)). See pieces.c.
 */
#ifndef FCGI_SERVE_PIECES_H
#define FCGI_SERVE_PIECES_H

#include <stdint.h>

/* Puts it between fcgi-serve and its own layer. After serve_plugins_setup(). */
void serve_pieces_setup(void);

/* What the listeners of Monkey 1.8 are told to be: MK_CAP_SOCK_... */
uint32_t serve_pieces_capability(void);

#endif
