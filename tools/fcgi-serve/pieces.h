/* SPDX-License-Identifier: Apache-2.0
 *
 * A network layer with the manners of TLS, for tests (trap (m)). See pieces.c.
 */
#ifndef FCGI_SERVE_PIECES_H
#define FCGI_SERVE_PIECES_H

/* Puts it between fcgi-serve and its own layer. After serve_plugins_setup(). */
void serve_pieces_setup(void);

#endif
