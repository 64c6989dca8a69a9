/* SPDX-License-Identifier: Apache-2.0
 *
 * Two ends of a connection over TCP, for what a socketpair does not do. What
 * fails ends the test.
 */
#ifndef T_UNIT_TCP_PAIR_H
#define T_UNIT_TCP_PAIR_H

/* `pair[0]` is who accepted it. */
void tcp_pair(int pair[2]);

#endif
